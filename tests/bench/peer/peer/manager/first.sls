# SPDX-License-Identifier: Apache-2.0
include:
  - peer.engine
  - peer.mine
  - peer.manager.drain

init:
  cmd.run:
    - name: 'docker swarm init --advertise-addr eth0'
    - require_in:
      - cmd: drain
