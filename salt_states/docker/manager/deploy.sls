{# SPDX-License-Identifier: Apache-2.0 #}
{# Ensure the stacks of pillar swarm:stacks are deployed; the step of docker.deploy, which names the stacks and
   sends it to one manager. Applied on several managers, such as by a schedule, the leader acts. #}
{% set asked = pillar.get('swarm_run', {}).get('stacks') %}
{% set stacks = (pillar.get('swarm') or {}).get('stacks') or {} %}
{% set names = (stacks | list) if asked is none else asked %}
{% set runs_on = 'leader' if asked is none else 'any' %}
include:
  - docker.extension
{# A single one checks itself before its first write. #}
{% if names | length > 1 %}

docker-stacks-checked:
  swarm.stacks_checked:
    - stacks: {{ names | json }}
    - runs_on: {{ runs_on }}
{% endif %}
{% for name in names %}
{%   set after = [] %}
{%   if names | length > 1 %}{% do after.append('docker-stacks-checked') %}{% endif %}
{%   for other in ((stacks.get(name) or {}).get('after') or []) | select('in', names) %}
{%     do after.append('docker-stack-' ~ other) %}
{%   endfor %}

docker-stack-{{ name }}:
  swarm.stack:
    - name: {{ name | json }}
    - runs_on: {{ runs_on }}
{%   if after %}
    - require:
{%     for other in after %}
      - swarm: {{ other }}
{%     endfor %}
{%   endif %}
{% endfor %}
