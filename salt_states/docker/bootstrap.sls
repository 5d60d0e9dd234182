# Bare hosts to a swarm: salt-run state.orchestrate docker.bootstrap
#
# Run it again at any time: after a failure, with new hosts, with replaced ones. What is right stays.
#   1 managers: engine, extension, facts
#   2 managers: one of them makes the cluster, or not, and seals the tokens; the others join
#   3 workers: engine, extension, join
#   4 one manager: the node list against pillar
{%- set swarm = pillar.get('swarm', {}) %}
{%- set without = swarm.get('init_without') or [] %}
{%- set without = [without] if without is string else without %}
{%- set managers = swarm.get('managers') or [] %}
{%- set keys = {'managers': {}, 'workers': {}} %}
{%- set missing = [] %}
{#- The keys that this master accepted, for sealing; a key in the mine could be anybody's. One call
    for all of them, since each one loads Salt's wheel modules anew. -#}
{%- set hosts = managers + (swarm.get('workers') or []) %}
{%- set found = salt['saltutil.wheel']('key.print', hosts)['return'] if hosts else {} %}
{%- set accepted = found.get('minions', {}) %}
{%- for id in managers if id not in without %}
{%-   if accepted.get(id) %}{% do keys.managers.update({id: accepted[id]}) %}
{%-   else %}{% do missing.append(id) %}
{%-   endif %}
{%- endfor %}
{%- for id, key in accepted.items() if id not in managers %}
{%-   do keys.workers.update({id: key}) %}
{%- endfor %}
{%- set run = {'id': salt['random.get_str'](16, punctuation=False), 'managers': keys.managers, 'workers': keys.workers} %}

{%- macro step(hosts, sls) %}
    - tgt: {{ hosts | json }}
    - tgt_type: list
{%- if opts.get('test') %}
    - top: docker/test_top.sls
{%- else %}
    - sls: {{ sls | json }}
{%- endif %}
    - pillar: {{ {'swarm_run': dict(run, sls=sls)} | json }}
{%- endmacro %}

{%- if not keys.managers or missing %}

docker-bootstrap:
  test.fail_without_changes:
    - name: >-
{%- if missing %}
        no accepted key on this master for {{ missing | join(', ') }}: accept it (salt-key -a), or mend pillar swarm:managers
{%- else %}
        pillar swarm:managers names no manager for {{ opts['id'] }}: assign the swarm pillar to the master's own id too (pillar top file, '*')
{%- endif %}
{%- else %}

docker-managers-ready:
  salt.state:
    {{- step(keys.managers | list, ['docker.engine', 'docker.mine']) }}

docker-managers-cluster:
  salt.state:
    {{- step(keys.managers | list, ['docker.manager.cluster']) }}
    - exclude: [{sls: docker.engine}, {sls: docker.mine}]
{%- if keys.workers %}

docker-workers-join:
  salt.state:
    {{- step(keys.workers | list, ['docker.worker.join']) }}
    - require:
      - salt: docker-managers-cluster
{%- endif %}

docker-verified:
  salt.state:
    {{- step([(keys.managers | list) | first], ['docker.verify']) }}
    - require:
      - salt: docker-managers-cluster
{%- endif %}
