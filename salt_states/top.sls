{# SPDX-License-Identifier: Apache-2.0 #}
{# States that a highstate keeps between runs of docker.bootstrap. Never init or join: those belong to the
   orchestration. Nodegroups: see examples/nodegroups.conf. #}
base:
  swarmmanager:
    - match: nodegroup
    - docker.engine
    - docker.mine
    - docker.manager.drain
  swarmworker:
    - match: nodegroup
    - docker.engine
