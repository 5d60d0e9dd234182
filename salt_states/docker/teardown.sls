{# SPDX-License-Identifier: Apache-2.0 #}
{# End the swarm whose id confirms it:
     salt-run state.orchestrate docker.teardown pillar='{"swarm_teardown": "<cluster id>"}'

   Services, secrets, configs and overlay networks end with it. Volumes, images and other networks stay on
   the hosts, and are listed at the end. A dead host must be down in the node list.
     1 all hosts: facts
     2 the leading manager: demotes the other managers, so that an interrupted run can continue
     3 all others: leave
     4 the leading manager: leaves, once nobody else is in
     5 all hosts: what is left there #}
{% import 'docker/run.jinja' as run with context %}
{% set cluster = pillar.get('swarm_teardown') or '' %}
{% set managers = run.managers | list %}
{% set workers = run.workers | list %}
{% set more = {'leaving': managers + run.without + workers, 'ends': cluster} %}
{% if run.refusal %}
{%   set refusal = run.refusal %}
{% elif not cluster %}
{%   set refusal = 'which cluster? Confirm its end with its id (salt manager1 swarm.cluster): pillar=\'{"swarm_teardown": "<cluster id>"}\'' %}
{% else %}
{%   set refusal = '' %}
{% endif %}
{% set wanted = [
    {
        'name': 'docker-teardown-ready',
        'hosts': managers + workers,
        'sls': ['docker.mine'],
        'run': more,
        'may_fail': workers,
    },
    {
        'name': 'docker-teardown-release',
        'hosts': managers,
        'sls': ['docker.manager.release'],
        'run': more,
        'needs': ['docker-teardown-ready'],
    },
    {
        'name': 'docker-teardown-leave',
        'hosts': managers + workers,
        'sls': ['docker.leave'],
        'run': more,
        'may_fail': workers,
        'needs': ['docker-teardown-release'],
    },
    {
        'name': 'docker-teardown-end',
        'hosts': managers,
        'sls': ['docker.manager.dissolve'],
        'run': more,
        'needs': ['docker-teardown-leave'],
        'says': 'docker-swarm-last-left',
    },
    {
        'name': 'docker-teardown-left',
        'hosts': managers + workers,
        'function': 'swarm.leftovers',
        'needs': ['docker-teardown-end'],
    },
] %}
{{ run.orchestrate('docker-teardown', refusal, wanted) }}
