{# SPDX-License-Identifier: Apache-2.0 #}
{# Ensure the node list has no record of the hosts that left; a step of docker.remove. #}
docker-swarm-records-absent:
  swarm.records_absent:
    - hosts: {{ pillar.get('swarm_run', {}).get('leaving') | json }}
