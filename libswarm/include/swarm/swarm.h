/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that libswarm offers. */
#ifndef SWARM_SWARM_H
#define SWARM_SWARM_H

#include <swarm/client.h>
#include <swarm/cluster.h>
#include <swarm/compose.h>
#include <swarm/env.h>
#include <swarm/error.h>
#include <swarm/events.h>
#include <swarm/evict.h>
#include <swarm/health.h>
#include <swarm/lock.h>
#include <swarm/loop.h>
#include <swarm/network.h>
#include <swarm/node.h>
#include <swarm/object.h>
#include <swarm/ops.h>
#include <swarm/placement.h>
#include <swarm/progress.h>
#include <swarm/rebalance.h>
#include <swarm/service.h>
#include <swarm/spec.h>
#include <swarm/stack.h>
#include <swarm/stack_deploy.h>
#include <swarm/stream.h>
#include <swarm/token.h>
#include <swarm/view.h>

#endif
