# SPDX-License-Identifier: Apache-2.0
drain:
  cmd.run:
    - name: 'docker node update --availability drain {{ grains['id'] }}'
