# The swarm modules and their compiled core on this minion. A state.apply does not sync modules by
# itself; synced here, the later states of the same run find them.
{#- docker/DIGESTS is written into a complete file root (make fileroot): with it a synced file that is
    missing or changed shows here, without a question to the master for each. A file root without it
    has no core either, and the wheel must be here. Asking the loader for a function that is missing
    costs seconds.
    salt-ssh, whose mark is thin_dir, has brought the files with this very call, and each question below
    would be a call of its own. #}
{%- set digests %}{% include 'docker/DIGESTS' ignore missing %}{% endset %}
{%- set by_ssh = 'thin_dir' in opts %}
{%- set stale = [] %}
{%- for line in digests.splitlines() if not by_ssh %}
{%-   set digest, below = line.split() %}
{%-   set path = opts['extension_modules'] ~ '/' ~ below %}
{%-   if not salt['file.file_exists'](path) %}
{%-     do stale.append(below) %}
{%-   elif salt['file.get_hash'](path) != digest %}
{%-     do stale.append(below) %}
{%-     if below.endswith('.so') %}

# Processes that have the core mapped keep the one that they have: a sync would write into it.
swarm-{{ below }}:
  file.absent:
    - name: {{ path }}
    - require_in:
      - module: swarm-extension
{%-     endif %}
{%-   endif %}
{%- endfor %}
{%- if stale or not by_ssh and not digests and 'swarm.version' not in salt %}

swarm-extension:
  module.run:
    - saltutil.sync_modules: []
    - saltutil.sync_states: []
    - reload_modules: True
{%- endif %}
