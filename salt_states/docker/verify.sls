# The cluster is what pillar says; the last step of docker.bootstrap, on one manager.
docker-swarm-verified:
  swarm.verified: []
