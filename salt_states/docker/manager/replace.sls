{# SPDX-License-Identifier: Apache-2.0 #}
{# Check that the new hosts may replace the old ones; a step of docker.replace. #}
{% set run = pillar.get('swarm_run', {}) %}

docker-swarm-replaceable:
  swarm.replaceable:
    - replaced: {{ run.get('replaced', {}) | json }}
