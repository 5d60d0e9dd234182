{# SPDX-License-Identifier: Apache-2.0 #}
{# Ensure the cluster is what pillar says; the last step of docker.bootstrap, on one manager: members,
   labels and then availability of the nodes that pillar names, settings of the cluster. #}
{% set prune = (pillar.get('swarm_run') or {}).get('prune') %}
docker-swarm-converged:
  swarm.converged: []

docker-swarm-nodes:
  swarm.nodes_by_pillar: []

docker-swarm-settings:
  swarm.settings_by_pillar: []
{% if prune %}

docker-swarm-unmanaged-absent:
  swarm.unmanaged_absent:
    - limit: {{ prune | json }}
    - require:
      - swarm: docker-swarm-converged
{% endif %}
