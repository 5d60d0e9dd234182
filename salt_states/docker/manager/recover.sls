{# SPDX-License-Identifier: Apache-2.0 #}
{# Ensure one manager continues the cluster alone; a step of docker.recover. #}
{% set run = pillar.get('swarm_run', {}) %}
{% set swarm = pillar.get('swarm') or {} %}
docker-swarm-recovered:
  swarm.recovered:
    - host: {{ run.get('host') | json }}
    - confirm: {{ run.get('confirm') | json }}
    - advertise_addr: {{ swarm.get('advertise') | json }}
    - listen_addr: {{ swarm.get('listen') | json }}
    - data_path_addr: {{ swarm.get('data_path') | json }}
