{# SPDX-License-Identifier: Apache-2.0 #}
{# Ensure this host has left its swarm; a step of docker.remove and docker.teardown. #}
{% set run = pillar.get('swarm_run', {}) %}
docker-swarm-left:
  swarm.left_for_good:
    - hosts: {{ run.get('leaving') | json }}
    - cluster: {{ run.get('ends', '') | json }}
