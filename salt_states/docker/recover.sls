{# SPDX-License-Identifier: Apache-2.0 #}
{# Continue a cluster that lost its quorum for good with one of its managers:
     salt-run state.orchestrate docker.recover pillar='{"swarm_recover": "manager2"}'

   reports what it would do, and the id that confirms it: "swarm_confirm": "<node id>" beside the host. First
   try to bring the other managers back: with more than half of them nothing is lost. Every manager of pillar
   must report, or be named in swarm:init_without as dead for good.
     1 managers: facts
     2 the host: force-new-cluster; deletes the records of the other managers
     3 docker.bootstrap: the others leave by force and join again #}
{% import 'docker/run.jinja' as run with context %}
{% import 'docker/steps.jinja' as steps with context %}
{% set host = pillar.get('swarm_recover') %}
{% set more = {'host': host, 'confirm': pillar.get('swarm_confirm') or ''} %}
{% if run.refusal %}
{%   set refusal = run.refusal %}
{% elif host and host not in run.managers %}
{%   set refusal = host ~ ' is not one of the managers that may go on: name one of ' ~ run.managers | join(', ') %}
{% elif not host %}
{%   set refusal = 'which manager goes on? Name exactly one of pillar swarm:managers: pillar=\'{"swarm_recover": "manager2"}\'' %}
{% else %}
{%   set refusal = '' %}
{% endif %}
{% set wanted = [
    {
        'name': 'docker-recover-ready',
        'hosts': run.managers | list,
        'sls': ['docker.mine'],
        'run': more,
    },
    {
        'name': 'docker-recover-cluster',
        'hosts': run.managers | list,
        'sls': ['docker.manager.recover'],
        'run': more,
        'needs': ['docker-recover-ready'],
        'says': 'docker-swarm-recovered',
        'ends': 'nothing to recover',
    },
] %}
{# Not in test mode: bootstrap would find a cluster that was not recovered. #}
{% set later = [] if refusal or opts.get('test') else steps.bootstrap(run) | load_json %}
{% for step in later %}
{%   do step.update({'needs': step.get('needs', []) + ['docker-recover-cluster']}) %}
{% endfor %}
{{ run.orchestrate('docker-recover', refusal, wanted + later) }}
