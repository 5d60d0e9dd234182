{# SPDX-License-Identifier: Apache-2.0 #}
{# Ensure the cluster is what pillar says; the last step of docker.bootstrap, on one manager: members,
   labels and then availability of the nodes that pillar names, settings of the cluster. #}
{% set run = pillar.get('swarm_run') or {} %}
{% set prune = run.get('prune') %}
{# The only step of a run whose hosts said that they are members: nothing before this is proven yet. #}
{% set settles = run.get('settles') %}
{% if settles %}
docker-swarm-settled:
  swarm.settled: []

docker-swarm-sealed:
  swarm.sealed:
    - require:
      - swarm: docker-swarm-settled
{% endif %}

{% for id, function in [('converged', 'converged'), ('nodes', 'nodes_by_pillar'), ('settings', 'settings_by_pillar')] %}
docker-swarm-{{ id }}:
{%   if settles %}
  swarm.{{ function }}:
    - require:
      - swarm: docker-swarm-sealed
{%   else %}
  swarm.{{ function }}: []
{%   endif %}

{% endfor %}
{% if prune %}

docker-swarm-unmanaged-absent:
  swarm.unmanaged_absent:
    - limit: {{ prune | json }}
    - require:
      - swarm: docker-swarm-converged
{% endif %}
