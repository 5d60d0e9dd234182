{# SPDX-License-Identifier: Apache-2.0 #}
{# Ensure the last manager has left; a step of docker.teardown. #}
{% set run = pillar.get('swarm_run', {}) %}
docker-swarm-last-left:
  swarm.last_left:
    - hosts: {{ run.get('leaving') | json }}
    - cluster: {{ run.get('ends') | json }}
