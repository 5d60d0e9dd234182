{# Publish the facts of this host in the mine; they hold no secret. #}
include:
  - docker.extension

docker-mine:
  swarm.published: []
