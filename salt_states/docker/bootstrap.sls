{# Bare hosts to a swarm: salt-run state.orchestrate docker.bootstrap

   Run it again at any time: after a failure, with new hosts, with replaced ones. What is right stays. #}
{% import 'docker/run.jinja' as run with context %}
{% import 'docker/steps.jinja' as steps with context %}
{% set wanted = [] if run.refusal else steps.bootstrap(run) | load_json %}
{{ run.orchestrate('docker-bootstrap', run.refusal, wanted) }}
