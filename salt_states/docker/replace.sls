{# Another host takes a host's place, or one that came back empty takes its own again:
     salt-run state.orchestrate docker.replace pillar='{"swarm_replace": {"worker2": "worker9"}}'
     salt-run state.orchestrate docker.replace pillar='{"swarm_replace": {"worker2": "worker2"}}'

   Pillar names the new host already, among the managers or the workers; an old manager no longer. The
   new one joins (docker.bootstrap, which leaves the old one out), then the old one goes (docker.remove).
   Of a manager that came back empty the old record has to go first, since it counts for the quorum. #}
{% import 'docker/run.jinja' as run with context %}
{% import 'docker/steps.jinja' as steps with context %}
{% set unnamed = run.replaced.values() | reject('in', run.managers) | reject('in', run.workers) | list %}
{% set still = run.hosts | select('in', run.managers) | list %}
{% if run.refusal %}
{%   set refusal = run.refusal %}
{% elif not run.replaced %}
{%   set refusal = 'which host by which? Name them: pillar=\'{"swarm_replace": {"old": "new"}}\'' %}
{% elif unnamed %}
{%   set refusal = 'no accepted key that pillar swarm:managers or swarm:workers names: ' ~ unnamed | join(', ') %}
{% elif still %}
{%   set refusal = 'pillar swarm:managers still names ' ~ still | join(', ') ~ ': put the new host in its place' %}
{% else %}
{%   set refusal = '' %}
{% endif %}
{% set managers = run.managers | list %}
{% set new = run.replaced.values() | list %}
{% set first = [
    {
        'name': 'docker-replace-ready',
        'hosts': managers + new | reject('in', managers) | list,
        'sls': ['docker.mine'],
        'may_fail': new,
    },
    {
        'name': 'docker-replace-checked',
        'hosts': managers,
        'sls': ['docker.manager.replace'],
    },
] if run.hosts else [] %}
{% set later = [] if refusal else steps.bootstrap(run) | load_json %}
{% for step in later if first %}
{%   do step.update({'needs': step.get('needs', []) + ['docker-replace-checked']}) %}
{% endfor %}
{% set removal = steps.remove(run) | load_json if run.hosts and not refusal else [] %}
{% if removal %}
{%   do removal[0].update({'needs': later | map(attribute='name') | list}) %}
{% endif %}
{{ run.orchestrate('docker-replace', refusal, first + later + removal) }}
