# The cluster is what pillar says; the last step of docker.bootstrap, on one manager: who is a member,
# the labels and then the availability of the nodes that pillar names, the settings of the cluster.
{%- set swarm = pillar.get('swarm', {}) %}
{%- set settings = swarm.get('cluster') or {} %}
{%- set prune = (pillar.get('swarm_run') or {}).get('prune') %}
docker-swarm-verified:
  swarm.verified: []

docker-swarm-nodes:
  swarm.nodes_by_pillar: []
{%- if settings %}

docker-swarm-settings:
  swarm.cluster:
{%- for key, value in settings.items() %}
    - {{ key }}: {{ value | json }}
{%- endfor %}
{%- endif %}
{%- if prune %}

docker-swarm-pruned:
  swarm.pruned:
    - limit: {{ prune | json }}
    - require:
      - swarm: docker-swarm-verified
{%- endif %}
