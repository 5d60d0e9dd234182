{# New secrets of the swarm, those that the caller names:
     salt-run state.orchestrate docker.rotate pillar='{"swarm_rotate": ["worker", "manager"], "swarm_rotate_key": "2026-11"}'

   worker, manager: join tokens. ca: the root CA, and with it both tokens and every node's certificate; waits
   for all nodes. unlock_key: wants swarm_unlock_key: {"key_file": "/root/key"} or {"key_sdb": "sdb://…"}, where the
   first manager of pillar keeps it. Each is rotated once for a key (any text), however often this runs. #}
{% import 'docker/run.jinja' as run with context %}
{% set asked = pillar.get('swarm_rotate') or [] %}
{% set asked = [asked] if asked is string else asked %}
{% set key = pillar.get('swarm_rotate_key') %}
{% set place = pillar.get('swarm_unlock_key') or {} %}
{% if run.refusal %}
{{ run.refuse('docker-rotate', run.refusal) }}
{% elif not asked %}
{{ run.refuse('docker-rotate', 'which secrets? Name some of ca, worker, manager, unlock_key: pillar=\'{"swarm_rotate": ["worker"], "swarm_rotate_key": "2026-11"}\'') }}
{% elif not key %}
{{ run.refuse('docker-rotate', 'for which key? Any text, such as the month: each secret is rotated once for it ("swarm_rotate_key": "2026-11")') }}
{% elif 'unlock_key' in asked and not place %}
{{ run.refuse('docker-rotate', 'where is the unlock key to be kept? "swarm_unlock_key": {"key_file": "/root/swarm-unlock.key"} or {"key_sdb": "sdb://…"}') }}
{% else %}

docker-rotate:
  salt.state:
{{ run.step([run.managers | list | first], ['docker.manager.rotate'], {'rotate': asked, 'key': key, 'place': place}) }}
{% endif %}
