{# Ensure the cluster is what pillar says; the last step of docker.bootstrap, on one manager: members,
   labels and then availability of the nodes that pillar names, settings of the cluster. #}
{% set prune = (pillar.get('swarm_run') or {}).get('prune') %}
docker-swarm-verified:
  swarm.verified: []

docker-swarm-nodes:
  swarm.nodes_by_pillar: []

docker-swarm-settings:
  swarm.settings_by_pillar: []
{% if prune %}

docker-swarm-pruned:
  swarm.pruned:
    - limit: {{ prune | json }}
    - require:
      - swarm: docker-swarm-verified
{% endif %}
