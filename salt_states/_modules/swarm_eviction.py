# SPDX-License-Identifier: Apache-2.0
"""
How the states empty a node
===========================

By pillar ``swarm:drain``: graceful where it is proven that all tasks fit elsewhere, else by a plain
drain, which stops tasks first.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_schema``

.. versionadded:: 0.1.0
"""

__virtualname__ = "swarm_eviction"

DEFAULTS = {"graceful": True, "deadline": 600, "fallback": "stop", "allow": None}


def __virtual__():
    return __virtualname__


def settings():
    """
    Return pillar ``swarm:drain`` with its defaults: ``graceful``, ``deadline``, ``fallback``,
    ``allow``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_eviction.settings
    """
    __salt__["swarm_schema.refuse"]()
    given = (__pillar__.get("swarm") or {}).get("drain") or {}
    return {**DEFAULTS, **{name: one for name, one in given.items() if one is not None}}


def drain(node=None, reason=None):
    """
    Drain a node for good, and wait until it is empty. Return a line on what could not be moved and
    was stopped; empty where all went well.

    node
        Full id.
    reason
        A line for people.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_eviction.drain l36kpsxj0i0gmu0yl3ti5a1ex
    """
    given = settings()
    if not given["graceful"]:
        __salt__["swarm.drain"](node)
        return ""
    # Of a list for all hosts, most names have nothing to do with this one.
    plan = __salt__["swarm.evict_plan"](node, allow=given["allow"], wait=True)
    if plan["refusal"]:
        __salt__["swarm.drain"](node)
        return f"{plan['hostname']} was drained with a gap: {_reasons(plan)}"
    return __salt__["swarm.evict"](node, reason=reason, allow=given["allow"])["warning"]


def _reasons(plan):
    lines = [f"{one['service']}: {one['why']}" for one in plan["services"] if one["way"] == "stay"]
    return "; ".join(lines) or plan["refusal"]


def changes(plan=None):
    """
    Return what a plan changes, as changes of a state: ``{service: {"old", "new"}}``, and the node's
    availability.

    plan
        As of ``swarm.evict_plan``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_eviction.changes "$plan"
    """
    words = {"move": "moved", "stop": "stopped", "stay": "stay"}
    host = plan["hostname"]
    found = {}
    for one in plan["services"]:
        tasks = f"{one['tasks']} task{'' if one['tasks'] == 1 else 's'} on {host}"
        found[one["service"]] = {"old": tasks, "new": words[one["way"]]}
    if plan["availability"] != "drain":
        found["availability"] = {"old": plan["availability"], "new": "drain"}
    return found
