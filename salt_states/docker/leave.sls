# This host leaves its swarm; a step of docker.remove and docker.teardown.
{%- set run = pillar['swarm_run'] %}
docker-swarm-departed:
  swarm.departed:
    - hosts: {{ run['leaving'] | json }}
    - cluster: {{ run.get('ends', '') | json }}
