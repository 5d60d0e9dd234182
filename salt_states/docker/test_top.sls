{# A top file, for the test mode of docker.bootstrap alone: a run by top file syncs modules first, also
   in test mode, where the state that delivers them only predicts. #}
base:
  '*':
{% for sls in pillar['swarm_run']['sls'] %}
    - {{ sls }}
{% endfor %}
