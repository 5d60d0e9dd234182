# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: the lock of a run
====================================

A run is an orchestration: its jobs have pillar ``swarm_run``. Before the first change that one of them makes to
the cluster it takes the cluster's lock, so a run that changes nothing writes nothing, and of two runs, also
of two masters, one goes on. The master renews the lock while the run lasts, and releases it at its end.

What people type is not held up: the lock binds runs alone.

:maturity: new
:depends: the execution module ``swarm_core``

.. versionadded:: 0.1.0
"""

import time

__virtualname__ = "swarm_hold"

# A lock that was taken or renewed so short a time ago is not looked at again.
FRESH_SECONDS = 20


def __virtual__():
    return __virtualname__


def _run():
    run = __pillar__.get("swarm_run") or {}
    return run if run.get("id") and run.get("what") else {}


def guard():
    """
    Take the cluster's lock for the run that this job belongs to, or renew it; nothing outside a run. Another
    run that has it is an error of one line. The core calls this before each change.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_hold.guard
    """
    run = _run()
    if not run:
        return
    kept = __context__.get("swarm_hold")
    if kept and kept[0] == run["id"] and time.monotonic() - kept[1] < FRESH_SECONDS:
        return
    holder = str(run.get("master") or __opts__.get("master") or __grains__["id"])
    __salt__["swarm_core.core"](
        "lock_take", run["id"], run["what"], "".join(holder.split()) or "salt"
    )
    __context__["swarm_hold"] = (run["id"], time.monotonic())


def renew(run=None):
    """
    Renew the lock of a run, on the manager that leads. Returns whether the run has it.

    run
        The id of the run.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_hold.renew x7k2
    """
    if not _leads_with(run):
        return False
    __salt__["swarm_core.core"]("lock_renew", str(run))
    return True


def nodes(run=None):
    """
    Renew the lock of a run, from any manager, and return the nodes as :py:func:`swarm.nodes
    <salt.modules.swarm_nodes.nodes>` does. That another run has the lock is an error.

    run
        The id of the run.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_hold.nodes x7k2
    """
    __salt__["swarm_core.core"]("lock_renew", str(run))
    return __salt__["swarm.nodes"]()


def release(run=None):
    """
    Release the lock of a run at its end, on the manager that leads. Returns whether the run had it.

    run
        The id of the run.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_hold.release x7k2
    """
    return _leads_with(run) and __salt__["swarm_core.core"]("lock_release", str(run))


def _leads_with(run):
    """Return whether this host leads the managers, and this run has the lock: one of them is enough."""
    local = __salt__["swarm_core.core"]("local")
    if not run or not local["manager"] or not local["cluster_id"]:
        return False
    held = __salt__["swarm_core.core"]("lock_get")
    if not held or held["run"] != str(run):
        return False
    node = __salt__["swarm_core.core"]("node_inspect", "self")
    return bool((node.get("ManagerStatus") or {}).get("Leader"))
