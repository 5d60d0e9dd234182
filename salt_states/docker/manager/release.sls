{# SPDX-License-Identifier: Apache-2.0 #}
{# Drain and demote the hosts that leave; a step of docker.remove and docker.teardown. #}
{% set run = pillar.get('swarm_run', {}) %}
docker-swarm-demoted:
  swarm.demoted_for_removal:
    - hosts: {{ run.get('leaving') | json }}
    - drain: {{ not run.get('ends') }}
    - cluster: {{ run.get('ends', '') | json }}
