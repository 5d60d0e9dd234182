# SPDX-License-Identifier: Apache-2.0
docker-mine:
  file.managed:
    - name: /etc/salt/minion.d/swarm.conf
    - contents: |
        mine_functions:
          manager_token:
            - mine_function: cmd.run
            - 'docker swarm join-token manager -q'
          worker_token:
            - mine_function: cmd.run
            - 'docker swarm join-token worker -q'
          manager_ip:
            - mine_function: network.ip_addrs
            - interface: eth0
