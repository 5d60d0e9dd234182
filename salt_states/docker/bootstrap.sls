{# Bare hosts to a swarm: salt-run state.orchestrate docker.bootstrap

   Run it again at any time: after a failure, with new hosts, with replaced ones. What is right stays.
     1 managers: engine, extension, facts
     2 managers: one of them makes the cluster, or not, and seals the tokens; the others join
     3 workers: engine, extension, join
     4 one manager: the node list against pillar #}
{% import 'docker/run.jinja' as run with context %}
{# A host that docker.replace takes out is not named, and leaves in order. #}
{% set prune = 0 if run.hosts else run.swarm.get('prune') or 0 %}
{% if run.refusal %}
{{ run.refuse('docker-bootstrap', run.refusal) }}
{% else %}

docker-managers-ready:
  salt.state:
{{ run.step(run.managers | list, ['docker.engine', 'docker.mine']) }}

docker-managers-cluster:
  salt.state:
{{ run.later(run.managers | list, ['docker.manager.cluster'], {'keys': run.keys}) }}
    - exclude: [{sls: docker.engine}, {sls: docker.mine}]
{% if run.workers %}

docker-workers-join:
  salt.state:
{{ run.step(run.workers | list, ['docker.worker.join']) }}
    - require:
      - salt: docker-managers-cluster
{% endif %}

docker-verified:
  salt.state:
{{ run.later([run.managers | list | first], ['docker.verify'], {'prune': prune}) }}
    - require:
      - salt: docker-managers-cluster
{{ run.warn('docker-pillar') }}
{% endif %}
