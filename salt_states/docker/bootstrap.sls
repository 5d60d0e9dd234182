{# SPDX-License-Identifier: Apache-2.0 #}
{# Turn bare hosts into a swarm: salt-run state.orchestrate docker.bootstrap

   Run it again at any time: after a failure, with new hosts, with reinstalled ones. It changes nothing
   that is already correct. #}
{% import 'docker/run.jinja' as run with context %}
{% import 'docker/steps.jinja' as steps with context %}
{% set wanted = [] if run.refusal else steps.bootstrap(run, looks=True) | load_json %}
{{ run.orchestrate('docker-bootstrap', run.refusal, wanted, preflight=True, looks=True) }}
