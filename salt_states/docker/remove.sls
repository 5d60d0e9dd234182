{# SPDX-License-Identifier: Apache-2.0 #}
{# Remove hosts from the cluster:
     salt-run state.orchestrate docker.remove pillar='{"swarm_hosts": ["worker2"]}'

   Also removes dead hosts, whose minion does not answer and whose node is down. Name a host without a
   minion by its node id. Run it again after a failure. #}
{% import 'docker/run.jinja' as run with context %}
{% import 'docker/steps.jinja' as steps with context %}
{% if run.refusal %}
{%   set refusal = run.refusal %}
{% elif not run.hosts %}
{%   set refusal = 'which hosts? Name them: pillar=\'{"swarm_hosts": ["worker2"]}\'' %}
{% elif not run.managers | reject('in', run.hosts) | list %}
{%   set refusal = 'no manager would stay: to end the swarm, use docker.teardown' %}
{% else %}
{%   set refusal = '' %}
{% endif %}
{% set wanted = [] if refusal else steps.remove(run) | load_json %}
{{ run.orchestrate('docker-remove', refusal, wanted) }}
