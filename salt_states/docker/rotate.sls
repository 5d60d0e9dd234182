{# SPDX-License-Identifier: Apache-2.0 #}
{# Rotate the secrets of the swarm that the caller names:
     salt-run state.orchestrate docker.rotate pillar='{"swarm_rotate": ["worker", "manager"], "swarm_rotate_key": "2026-11"}'

   worker, manager: join tokens. ca: the root CA, and with it both tokens and every node's certificate; waits
   for all nodes. unlock_key: requires swarm_unlock_key: {"key_file": "/root/key"} or {"key_sdb": "sdb://…"}, where the
   first manager of pillar keeps it. Each is rotated once for a key (any text), however often this runs. #}
{% import 'docker/run.jinja' as run with context %}
{% set asked = pillar.get('swarm_rotate') or [] %}
{% set asked = [asked] if asked is string else asked %}
{% set key = pillar.get('swarm_rotate_key') %}
{% set place = pillar.get('swarm_unlock_key') or {} %}
{% if run.refusal %}
{%   set refusal = run.refusal %}
{% elif not asked %}
{%   set refusal = 'which secrets? Name some of ca, worker, manager, unlock_key: pillar=\'{"swarm_rotate": ["worker"], "swarm_rotate_key": "2026-11"}\'' %}
{% elif not key %}
{%   set refusal = 'for which key? Any text, such as the month: each secret is rotated once for it ("swarm_rotate_key": "2026-11")' %}
{% elif 'unlock_key' in asked and not place %}
{%   set refusal = 'where is the unlock key to be kept? "swarm_unlock_key": {"key_file": "/root/swarm-unlock.key"} or {"key_sdb": "sdb://…"}' %}
{% else %}
{%   set refusal = '' %}
{% endif %}
{% set wanted = [{
    'name': 'docker-rotate',
    'hosts': (run.managers | list)[:1],
    'sls': ['docker.manager.rotate'],
    'run': {'rotate': asked, 'key': key, 'place': place},
}] %}
{{ run.orchestrate('docker-rotate', refusal, wanted) }}
