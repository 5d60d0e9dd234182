{# The end of the swarm, on the word that names it:
     salt-run state.orchestrate docker.teardown pillar='{"swarm_teardown": "<cluster id>"}'

   Services, secrets, configs and overlay networks end with it. Volumes, images and other networks stay on
   the hosts, and are listed at the end. A host that is dead has to be down in the node list.
     1 all hosts: facts
     2 the manager that leads: demotes the other managers, so that a run that is cut off can go on
     3 all others: leave
     4 the manager that leads: leaves, when nobody else is in
     5 all hosts: what is left there #}
{% import 'docker/run.jinja' as run with context %}
{% set cluster = pillar.get('swarm_teardown') or '' %}
{% set managers = run.managers | list %}
{% set workers = run.workers | list %}
{% set more = {'leaving': managers + run.without + workers, 'ends': cluster} %}
{% if run.refusal %}
{{ run.refuse('docker-teardown', run.refusal) }}
{% elif not cluster %}
{{ run.refuse('docker-teardown', 'which cluster? Confirm its end with its id (salt manager1 swarm.cluster): pillar=\'{"swarm_teardown": "<cluster id>"}\'') }}
{% else %}

docker-teardown-ready:
  salt.state:
{{ run.step(managers + workers, ['docker.mine'], more) }}
    - fail_minions: {{ workers | json }}

docker-teardown-release:
  salt.state:
{{ run.later(managers, ['docker.manager.release'], more) }}
    - require:
      - salt: docker-teardown-ready

docker-teardown-leave:
  salt.state:
{{ run.later(managers + workers, ['docker.leave'], more) }}
    - fail_minions: {{ workers | json }}
    - require:
      - salt: docker-teardown-release

docker-teardown-end:
  salt.state:
{{ run.later(managers, ['docker.manager.dissolve'], more) }}
    - require:
      - salt: docker-teardown-leave

docker-teardown-left:
  salt.function:
    - name: swarm.leftovers
    - tgt: {{ (managers + workers) | json }}
    - tgt_type: list
    - require:
      - salt: docker-teardown-end
{% endif %}
