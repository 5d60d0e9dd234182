{# SPDX-License-Identifier: Apache-2.0 #}
{# Ensure the Docker Engine is installed from the repository of pillar, and runs.
   Pillar: repositories:repos:docker, repositories:pkgs:docker-engine

   An engine that is a member of a swarm is never upgraded, downgraded or restarted here: what differs
   from pillar is reported instead. #}
include:
  - docker.extension

docker:
  swarm_engine.repository: []

docker-engine:
  swarm_engine.installed:
    - require:
      - swarm_engine: docker

docker-service:
  swarm_engine.running:
    - require:
      - swarm_engine: docker-engine
