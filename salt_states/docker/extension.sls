{# SPDX-License-Identifier: Apache-2.0 #}
{# Ensure this minion has the swarm modules and their compiled core. A state.apply does not sync modules
   by itself; after this sync the later states of the same run find them. #}
{# docker/DIGESTS is written into a complete file root (make fileroot). It shows which synced files are
    missing or changed without asking the master for each, and only their folders are synced. A file
    root without it has no core either, and needs the wheel. Asking the loader for a missing function
    costs seconds.
    salt-ssh (recognized by thin_dir) has brought the files with this very call, and each check below
    would be a call of its own.
    The minion reloads its grains and modules once, after all syncs (reload_modules). #}
{% set digests %}{% include 'docker/DIGESTS' ignore missing %}{% endset %}
{% set by_ssh = 'thin_dir' in opts %}
{% set stale = [] %}
{% for line in digests.splitlines() if not by_ssh %}
{%   set digest, below = line.split() %}
{%   set kind = below.split('/') | first %}
{%   set path = opts['extension_modules'] ~ '/' ~ below %}
{%   if kind not in stale and not (salt['file.file_exists'](path) and salt['file.get_hash'](path) == digest) %}
{%     do stale.append(kind) %}
{%   endif %}
{% endfor %}
{% if not by_ssh and not digests and 'swarm.version' not in salt %}
{%   do stale.extend(['grains', 'modules', 'output', 'states']) %}
{% endif %}
{# The files come from the environment of this file. A sync removes files that it does not find, so it
   includes all environments that this minion synced from before. Of two files with one name the last
   one wins. #}
{% set synced = opts['cachedir'] ~ '/files' %}
{% set others = salt['file.readdir'](synced) if stale and salt['file.directory_exists'](synced) else [] %}
{% if stale %}

swarm-extension:
  module.run:
{% for kind in stale %}
{%   set envs = [] %}
{%   for env in others if env not in ('.', '..', saltenv) and salt['file.directory_exists'](synced ~ '/' ~ env ~ '/_' ~ kind) %}
{%     do envs.append(env) %}
{%   endfor %}
    - saltutil.sync_{{ kind }}:
      - refresh: False
      - saltenv: {{ (envs + [saltenv]) | join(',') | json }}
{% endfor %}
    - reload_modules: True
{% endif %}
