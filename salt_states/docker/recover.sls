{# A cluster that lost its quorum for good goes on with one of its managers:
     salt-run state.orchestrate docker.recover pillar='{"swarm_recover": "manager2"}'

   says what it would do, and the id that confirms it: "swarm_confirm": "<node id>" beside the host. First try
   to bring the other managers back: with half of them and one more nothing is lost. Every manager of pillar
   reports, or stands in swarm:init_without as dead for good.
     1 managers: facts
     2 the host: force-new-cluster; deletes the records of the other managers
     3 docker.bootstrap: the others leave by force and join anew #}
{% import 'docker/run.jinja' as run with context %}
{% set host = pillar.get('swarm_recover') %}
{% set more = {'host': host, 'confirm': pillar.get('swarm_confirm') or ''} %}
{% if run.refusal %}
{{ run.refuse('docker-recover', run.refusal) }}
{% elif host not in run.managers %}
{{ run.refuse('docker-recover', 'which manager goes on? Name exactly one of pillar swarm:managers: pillar=\'{"swarm_recover": "manager2"}\'') }}
{% else %}
{% if not opts.get('test') %}

include:
  - docker.bootstrap

extend:
{% for first in ['docker-managers-ready', 'docker-managers-cluster'] %}
  {{ first }}:
    salt:
      - require:
        - salt: docker-recover-cluster
{% endfor %}
{% endif %}

docker-recover-ready:
  salt.state:
{{ run.step(run.managers | list, ['docker.mine'], more) }}

docker-recover-cluster:
  salt.state:
{{ run.later(run.managers | list, ['docker.manager.recover'], more) }}
    - require:
      - salt: docker-recover-ready
{% endif %}
