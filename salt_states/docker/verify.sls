# The cluster is what pillar says; the last step of docker.bootstrap, on one manager.
{%- set prune = (pillar.get('swarm_run') or {}).get('prune') %}
docker-swarm-verified:
  swarm.verified: []
{%- if prune %}

docker-swarm-pruned:
  swarm.pruned:
    - limit: {{ prune | json }}
    - require:
      - swarm: docker-swarm-verified
{%- endif %}
