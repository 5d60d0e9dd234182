# New secrets of the swarm, on one manager; the step of docker.rotate. The CA comes first, since it
# renews both tokens, too.
{%- set run = pillar['swarm_run'] %}
include:
  - docker.extension
{%- if 'ca' in run['rotate'] %}

docker-swarm-ca:
  swarm.ca_rotated:
    - key: {{ run['key'] | json }}
{%- endif %}
{%- for role in ['worker', 'manager'] if role in run['rotate'] %}

docker-swarm-{{ role }}-token:
  swarm.tokens_rotated:
    - role: {{ role }}
    - key: {{ run['key'] | json }}
{%- endfor %}
{%- if 'unlock_key' in run['rotate'] %}

docker-swarm-unlock-key:
  swarm.unlock_key_rotated:
    - key: {{ run['key'] | json }}
{%- for name, value in run['place'].items() %}
    - {{ name }}: {{ value | json }}
{%- endfor %}
{%- endif %}
