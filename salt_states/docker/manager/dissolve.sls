# The last manager leaves; a step of docker.teardown.
{%- set run = pillar['swarm_run'] %}
docker-swarm-dissolved:
  swarm.dissolved:
    - hosts: {{ run['leaving'] | json }}
    - cluster: {{ run['ends'] | json }}
