# SPDX-License-Identifier: Apache-2.0
# The orchestration reads pillar as the master's own minion id, "<master's host name>_master", so '*'
# (or that id) has to have it too.
base:
  '*':
    - docker
