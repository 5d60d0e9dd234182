# SPDX-License-Identifier: Apache-2.0
{#- No require on a mine.update: it "fails" on every host where `docker swarm join-token` does. -#}
{%- set managers = pillar['swarm']['managers'] %}
{%- for manager in managers %}
{{ manager }}:
  salt.state:
    - tgt: {{ manager }}
    - sls: peer.manager.{{ 'first' if loop.first else 'join' }}

{{ manager }}-mine:
  salt.function:
    - name: mine.update
    - tgt: '*'
{%- endfor %}
{%- for worker in pillar['peer_workers'] %}

{{ worker }}:
  salt.state:
    - tgt: {{ worker }}
    - sls: peer.worker.join
{%- endfor %}
