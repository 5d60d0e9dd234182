{# SPDX-License-Identifier: Apache-2.0 #}
{# Publish the facts of this host in the mine; they hold no secret. #}
include:
  - docker.extension

docker-mine:
  swarm.published: []
