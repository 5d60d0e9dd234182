{# SPDX-License-Identifier: Apache-2.0 #}
{# Ensure the stacks of pillar swarm:stacks are deployed; the step of docker.deploy, which names the stacks and
   sends it to one manager. Applied on several managers, such as by a schedule, the leader acts. #}
{% set asked = pillar.get('swarm_run', {}).get('stacks') %}
{% set stacks = (pillar.get('swarm') or {}).get('stacks') or {} %}
{% set names = (stacks | list) if asked is none else asked %}
include:
  - docker.extension
{% for name in names %}
{%   set after = ((stacks.get(name) or {}).get('after') or []) | select('in', names) | list %}

docker-stack-{{ name }}:
  swarm.stack:
    - name: {{ name | json }}
    - runs_on: {{ 'leader' if asked is none else 'any' }}
{%   if after %}
    - require:
{%     for other in after %}
      - swarm: docker-stack-{{ other }}
{%     endfor %}
{%   endif %}
{% endfor %}
