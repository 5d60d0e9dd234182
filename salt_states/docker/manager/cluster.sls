{# SPDX-License-Identifier: Apache-2.0 #}
{# Run both in one job, on all managers in parallel: one of them leads, the others join as soon as it
   has sealed their tokens. #}
include:
  - docker.manager.first
  - docker.manager.join

{# If the leading manager could not promote a host, its own join must not publish success. #}
extend:
  docker-swarm-join:
    swarm:
      - require:
        - swarm: docker-swarm-promoted
