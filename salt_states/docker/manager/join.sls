{# SPDX-License-Identifier: Apache-2.0 #}
{# Ensure this host is a manager of the cluster, drained from its first moment. #}
{% set swarm = pillar.get('swarm') or {} %}
include:
  - docker.engine
  - docker.extension
  - docker.manager.drain

docker-swarm-join:
  swarm.joined:
    - role: manager
    - advertise_addr: {{ swarm.get('advertise') | json }}
    - listen_addr: {{ swarm.get('listen') | json }}
    - data_path_addr: {{ swarm.get('data_path') | json }}
    - availability: drain
    - require_in:
      - swarm: docker-drain
