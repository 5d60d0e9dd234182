{# Ensure this manager takes no tasks. #}
include:
  - docker.extension

docker-drain:
  swarm.drained: []
