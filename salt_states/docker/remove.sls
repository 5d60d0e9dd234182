{# Hosts leave the cluster:
     salt-run state.orchestrate docker.remove pillar='{"swarm_hosts": ["worker2"]}'

   Also hosts that are dead: those whose minion does not answer and whose node is down. A host without a
   minion is named by its node id. Run it again after a failure.
     1 the managers that stay, and the hosts: facts
     2 one manager: drains the hosts, waits until no task runs there, demotes those that are managers
     3 the hosts: leave
     4 one manager: deletes their records #}
{% import 'docker/run.jinja' as run with context %}
{% set staying = run.managers | reject('in', run.hosts) | list %}
{% set more = {'leaving': run.hosts} %}
{% if run.refusal %}
{{ run.refuse('docker-remove', run.refusal) }}
{% elif not run.hosts %}
{{ run.refuse('docker-remove', 'which hosts? Name them: pillar=\'{"swarm_hosts": ["worker2"]}\'') }}
{% elif not staying %}
{{ run.refuse('docker-remove', 'no manager would stay: to end the swarm, use docker.teardown') }}
{% else %}

docker-remove-ready:
  salt.state:
{{ run.step(staying + run.reached, ['docker.mine'], more) }}
    - fail_minions: {{ run.reached | json }}

docker-remove-release:
  salt.state:
{{ run.later(staying, ['docker.manager.release'], more) }}
    - require:
      - salt: docker-remove-ready
{% if run.reached %}

docker-remove-leave:
  salt.state:
{{ run.later(run.reached, ['docker.leave'], more) }}
    - fail_minions: {{ run.reached | json }}
    - require:
      - salt: docker-remove-release
{% endif %}

docker-remove-delete:
  salt.state:
{{ run.later(staying, ['docker.manager.delete'], more) }}
    - require:
      - salt: docker-remove-release
{% endif %}
