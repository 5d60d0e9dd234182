{# SPDX-License-Identifier: Apache-2.0 #}
{# Ensure this host is a worker of the cluster. #}
{% set swarm = pillar.get('swarm') or {} %}
include:
  - docker.engine
  - docker.extension

docker-swarm-join:
  swarm.joined:
    - role: worker
    - advertise_addr: {{ swarm.get('advertise') | json }}
    - listen_addr: {{ swarm.get('listen') | json }}
    - data_path_addr: {{ swarm.get('data_path') | json }}
