# SPDX-License-Identifier: Apache-2.0
# As docker.engine, by including it: both flows keep the engine in the same way.
include:
  - docker.engine
