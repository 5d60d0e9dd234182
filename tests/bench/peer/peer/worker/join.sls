# SPDX-License-Identifier: Apache-2.0
{%- set token = salt['mine.get']('manager1', 'worker_token').values() | first %}
{%- set address = (salt['mine.get']('manager1', 'manager_ip').values() | first) | first %}
include:
  - peer.engine


join:
  cmd.run:
    - name: 'docker swarm join --token {{ token }} {{ address }}:2377'

