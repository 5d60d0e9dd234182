{# Both in one job, on all managers side by side: one of them leads, the others join as soon as it has
   sealed their tokens. #}
include:
  - docker.manager.first
  - docker.manager.join

{# Where the one that leads could not promote a host, its own join would publish that all is well. #}
extend:
  docker-swarm-join:
    swarm:
      - require:
        - swarm: docker-swarm-promoted
