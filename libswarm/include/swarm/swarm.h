/* Everything that libswarm offers. */
#ifndef SWARM_SWARM_H
#define SWARM_SWARM_H

#include <swarm/client.h>
#include <swarm/cluster.h>
#include <swarm/error.h>
#include <swarm/node.h>
#include <swarm/ops.h>
#include <swarm/token.h>

#endif
