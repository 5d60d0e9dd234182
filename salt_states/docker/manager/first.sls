{# SPDX-License-Identifier: Apache-2.0 #}
{# Ensure the cluster exists: the first of pillar swarm:managers creates it if no swarm can be alive
   elsewhere. The leading manager then removes dead manager records, seals join tokens for the missing
   hosts, and promotes workers that pillar made managers. #}
{% set swarm = pillar.get('swarm') or {} %}
include:
  - docker.engine
  - docker.extension
  - docker.mine

docker-swarm:
  swarm.initialized:
    - advertise_addr: {{ swarm.get('advertise') | json }}
    - listen_addr: {{ swarm.get('listen') | json }}
    - data_path_addr: {{ swarm.get('data_path') | json }}
    - data_path_port: {{ swarm.get('data_path_port') | json }}
    - default_addr_pool: {{ swarm.get('address_pool') | json }}
    - subnet_size: {{ swarm.get('subnet_size') | json }}
    - init: {{ swarm.get('init', False) | json }}

docker-swarm-dead:
  swarm.dead_removed:
    - require:
      - swarm: docker-swarm

docker-swarm-sealed:
  swarm.sealed:
    - require:
      - swarm: docker-swarm-dead

docker-swarm-promoted:
  swarm.promoted:
    - require:
      - swarm: docker-swarm-sealed
