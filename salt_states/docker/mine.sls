{# The facts of this host, published to the mine: they hold no secret. #}
include:
  - docker.extension

docker-mine:
  swarm.published: []
