{# SPDX-License-Identifier: Apache-2.0 #}
{# Rotate secrets of the swarm, on one manager; the step of docker.rotate. The CA comes first, because
   its rotation renews both tokens, too. #}
{% set run = pillar.get('swarm_run', {}) %}
include:
  - docker.extension
{% if not run.get('rotate') %}

docker-swarm-rotate:
  test.fail_without_changes:
    - name: which secrets? This is a step of salt-run state.orchestrate docker.rotate
{% endif %}
{% if 'ca' in run.get('rotate', []) %}

docker-swarm-ca:
  swarm.ca_rotated:
    - key: {{ run['key'] | json }}
{% endif %}
{% for role in ['worker', 'manager'] if role in run.get('rotate', []) %}

docker-swarm-{{ role }}-token:
  swarm.tokens_rotated:
    - role: {{ role }}
    - key: {{ run['key'] | json }}
{% endfor %}
{% if 'unlock_key' in run.get('rotate', []) %}

docker-swarm-unlock-key:
  swarm.unlock_key_rotated:
    - key: {{ run['key'] | json }}
{% for name, value in run['place'].items() %}
    - {{ name }}: {{ value | json }}
{% endfor %}
{% endif %}
