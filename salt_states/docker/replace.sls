{# Another host takes a host's place, or one that came back empty takes its own again:
     salt-run state.orchestrate docker.replace pillar='{"swarm_replace": {"worker2": "worker9"}}'
     salt-run state.orchestrate docker.replace pillar='{"swarm_replace": {"worker2": "worker2"}}'

   Pillar names the new host already, among the managers or the workers; an old manager no longer. The
   new one joins (docker.bootstrap, which leaves the old one out), then the old one goes (docker.remove).
   Of a manager that came back empty the old record has to go first, since it counts for the quorum. #}
{% import 'docker/run.jinja' as run with context %}
{% set unnamed = run.replaced.values() | reject('in', run.managers) | reject('in', run.workers) | list %}
{% set still = run.hosts | select('in', run.managers) | list %}
{% if run.refusal %}
{{ run.refuse('docker-replace', run.refusal) }}
{% elif not run.replaced %}
{{ run.refuse('docker-replace', 'which host by which? Name them: pillar=\'{"swarm_replace": {"old": "new"}}\'') }}
{% elif unnamed %}
{{ run.refuse('docker-replace', 'no accepted key that pillar swarm:managers or swarm:workers names: ' ~ unnamed | join(', ')) }}
{% elif still %}
{{ run.refuse('docker-replace', 'pillar swarm:managers still names ' ~ still | join(', ') ~ ': put the new host in its place') }}
{% else %}

include:
  - docker.bootstrap
{% if run.hosts %}
  - docker.remove

extend:
  docker-remove-ready:
    salt:
      - require:
        - sls: docker.bootstrap
{% endif %}
{% endif %}
