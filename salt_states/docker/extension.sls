# The swarm modules and their compiled core on this minion. A state.apply does not sync modules by
# itself; synced here, the later states of the same run find them.
{%- import_text 'docker/VERSION' as version %}
{%- set core = opts['extension_modules'] ~ '/modules/_swarm-' ~ version.strip() ~ '-' ~ grains['cpuarch'] ~ '.abi3.so' %}
{#- Without a core in the file root the wheel must be here. Asking the loader for a function that is
    missing costs seconds, so that comes last. -#}
{%- if not salt['file.file_exists'](core)
       and (salt['cp.list_master'](prefix='_modules/_swarm-') or 'swarm.version' not in salt) %}

swarm-extension:
  module.run:
    - saltutil.sync_modules: []
    - saltutil.sync_states: []
    - reload_modules: True
{%- endif %}
