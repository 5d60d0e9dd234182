/* SPDX-License-Identifier: Apache-2.0 */
/* The texts for help() of the methods that empty a node. */
#ifndef SWARMPY_EVICT_H
#define SWARMPY_EVICT_H

#include "_swarm.h"

PyDoc_STRVAR(
	evict_plan_doc,
	"evict_plan($self, /, node, *, allow=None, force=False, wait=False, timeout=None)\n--\n\n"
	"What evict() would do, service by service, and \"refusal\": why it would refuse, or \"\".\n\n"
	"wait: first for services that are short of a task for a moment, 30 seconds at most.");

PyDoc_STRVAR(
	evict_images_doc,
	"evict_images($self, /, nodes, *, timeout=None)\n--\n\n"
	"Which images other nodes need before these are emptied. nodes: a list of full ids.\n\n"
	"Returns a list of dicts: images (list of names), nodes (ids of all that take a task with one).");

PyDoc_STRVAR(
	evict_plans_doc,
	"evict_plans($self, /, nodes, *, allow=None, force=False, timeout=None)\n--\n\n"
	"evict_plan() of several nodes, given by id, each by itself, from one look at the swarm.\n\n"
	"\"fits\" may be empty: only what does not fit needs it.");

PyDoc_STRVAR(
	evict_doc,
	"evict($self, /, node, *, allow=None, force=False, drain=False, reason=None, timeout=None)\n"
	"--\n\n"
	"Empty a node without a gap in its services, 600 seconds unless given, and leave it drained.\n\n"
	"allow: names of services whose tasks may be stopped; force: all of them. drain: stop what\n"
	"is left when the time is over, instead of going back.");

PyDoc_STRVAR(evict_undo_doc, "evict_undo($self, /, node, *, timeout=None)\n--\n\n"
			     "Give a node and the services back what evict() took.");

#endif
