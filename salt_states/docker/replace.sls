{# SPDX-License-Identifier: Apache-2.0 #}
{# Replace a host by another one, or by itself after it came back empty:
     salt-run state.orchestrate docker.replace pillar='{"swarm_replace": {"worker2": "worker9"}}'
     salt-run state.orchestrate docker.replace pillar='{"swarm_replace": {"worker2": "worker2"}}'

   Pillar must already name the new host, among the managers or the workers, and no longer the old
   manager. The new host joins (docker.bootstrap without the old one), then the old one leaves
   (docker.remove). The old record of a manager that came back empty is removed first, because it counts
   for the quorum. #}
{% import 'docker/run.jinja' as run with context %}
{% import 'docker/steps.jinja' as steps with context %}
{% set unnamed = run.replaced.values() | reject('in', run.managers) | reject('in', run.workers) | list %}
{% set still = run.hosts | select('in', run.managers) | list %}
{% if run.refusal %}
{%   set refusal = run.refusal %}
{% elif not run.replaced %}
{%   set refusal = 'which host by which? Name them: pillar=\'{"swarm_replace": {"old": "new"}}\'' %}
{% elif unnamed %}
{%   set refusal = 'no accepted key that pillar swarm:managers or swarm:workers names: ' ~ unnamed | join(', ') %}
{% elif still %}
{%   set refusal = 'pillar swarm:managers still names ' ~ still | join(', ') ~ ': put the new host in its place' %}
{% else %}
{%   set refusal = '' %}
{% endif %}
{% set managers = run.managers | list %}
{% set new = run.replaced.values() | list %}
{% set first = [
    {
        'name': 'docker-replace-ready',
        'hosts': managers + new | reject('in', managers) | list,
        'sls': ['docker.mine'],
        'may_fail': new,
    },
    {
        'name': 'docker-replace-checked',
        'hosts': managers,
        'sls': ['docker.manager.replace'],
    },
] if run.hosts else [] %}
{% set later = [] if refusal else steps.bootstrap(run) | load_json %}
{% for step in later if first %}
{%   do step.update({'needs': step.get('needs', []) + ['docker-replace-checked']}) %}
{% endfor %}
{% set removal = steps.remove(run) | load_json if run.hosts and not refusal else [] %}
{% if removal %}
{%   do removal[0].update({'needs': later | map(attribute='name') | list}) %}
{% endif %}
{{ run.orchestrate('docker-replace', refusal, first + later + removal, preflight=True) }}
