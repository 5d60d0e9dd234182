{# The new hosts may take the places of the old ones; a step of docker.replace. #}
{% set run = pillar.get('swarm_run', {}) %}

docker-swarm-replaceable:
  swarm.replaceable:
    - replaced: {{ run.get('replaced', {}) | json }}
