# SPDX-License-Identifier: Apache-2.0
{%- set token = salt['mine.get']('manager1', 'manager_token').values() | first %}
{%- set address = (salt['mine.get']('manager1', 'manager_ip').values() | first) | first %}
include:
  - peer.engine
  - peer.mine
  - peer.manager.drain

join:
  cmd.run:
    - name: 'docker swarm join --token {{ token }} {{ address }}:2377'
    - require_in:
      - cmd: drain
