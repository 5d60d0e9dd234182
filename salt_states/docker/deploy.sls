{# SPDX-License-Identifier: Apache-2.0 #}
{# Deploy the stacks of pillar swarm:stacks, all of them or those that the caller names:
     salt-run state.orchestrate docker.deploy
     salt-run state.orchestrate docker.deploy pillar='{"swarm_stacks": ["shop"]}'

   The manager that leads deploys them, in the order of pillar; one that comes after others waits until their
   tasks run, and stays as it is if one of them fails. With test=True it shows each object that would change. #}
{% import 'docker/run.jinja' as run with context %}
{% set stacks = (run.swarm.get('stacks') or {}) if run.swarm is mapping else {} %}
{% set asked = pillar.get('swarm_stacks') or [] %}
{% set asked = [asked] if asked is string else asked %}
{% if run.refusal %}
{%   set refusal = run.refusal %}
{% elif not stacks %}
{%   set refusal = 'pillar swarm:stacks names no stack for ' ~ opts['id'] ~ ": assign it to the master's own id too (pillar top file, '*')" %}
{% elif asked | reject('in', stacks) | list %}
{%   set refusal = 'pillar swarm:stacks has no ' ~ asked | reject('in', stacks) | join(', ') ~ ' (there are: ' ~ stacks | join(', ') ~ ')' %}
{% else %}
{%   set refusal = '' %}
{% endif %}
{% set names = [] if refusal else asked or stacks | list %}
{% set says = [] %}
{% for name in names %}
{%   do says.append('docker-stack-' ~ name) %}
{% endfor %}
{% set wanted = [{
    'name': 'docker-deploy',
    'hosts': run.managers | list,
    'leads': 'swarm_leading.standing',
    'sls': ['docker.manager.deploy'],
    'run': {'stacks': names},
    'says': says,
}] %}
{{ run.orchestrate('docker-deploy', refusal, wanted) }}
