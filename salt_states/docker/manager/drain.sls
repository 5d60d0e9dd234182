{# SPDX-License-Identifier: Apache-2.0 #}
{# Ensure this manager takes no tasks. #}
include:
  - docker.extension

docker-drain:
  swarm.drained: []
