# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: the steps that a run still needs
===================================================

What the readings of a preflight make unnecessary. The functions are pure. ``docker/run.jinja`` brings this
file to the master, whose state ``swarm.orchestrated`` calls them.

:maturity: new
:depends: nothing beyond Salt

.. versionadded:: 0.1.0
"""

__virtualname__ = "swarm_ready"


def __virtual__():
    return __virtualname__


def of(reading=None):
    """
    Return what a host says of itself where ``docker.engine`` has nothing to change and its facts of this
    run are published, see :py:func:`swarm_preflight.reading <salt.modules.swarm_preflight.reading>`; ``None``
    where it has, or where the reading does not have this form.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_ready.of '{}'
    """
    found = reading.get("ready") if isinstance(reading, dict) else None
    if not isinstance(found, dict):
        return None
    texts = all(isinstance(found.get(key), str) for key in ("role", "node_id", "cluster"))
    lines = found.get("drift")
    if not texts or not isinstance(lines, list) or not all(isinstance(one, str) for one in lines):
        return None
    return found


def steps(wanted=None, ready=None, run=None):
    """
    Return the steps that are left, as ``swarm.orchestrated`` takes them.

    wanted
        All of them. What is left of a step by what its hosts said: with ``skips`` the hosts that are not ready; with
        ``excludes`` it also excludes these if all of its hosts are ready. One that has ``settles`` is left if all
        hosts of the run are members in their roles, the managers of one cluster.
    ready
        ``{minion id: what :py:func:`of` returned}`` of the hosts that are ready.
    run
        ``managers`` and ``workers``, the minion ids of all.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_ready.steps '[]'
    """
    ready = ready or {}
    left = []
    for step in wanted or ():
        if step.get("settles") and not _in_place(ready, run or {}):
            continue
        if step.get("skips"):
            step = {**step, "hosts": [host for host in step["hosts"] if host not in ready]}
            if not step["hosts"]:
                continue
        if step.get("excludes") and set(step["hosts"]) <= set(ready):
            step = {**step, "exclude": [*step.get("exclude", ()), *step["excludes"]]}
        left.append(step)
    return left


def _in_place(ready, run):
    managers, workers = run.get("managers") or (), run.get("workers") or ()
    roles = {**dict.fromkeys(workers, "worker"), **dict.fromkeys(managers, "manager")}
    nodes = {ready[host]["node_id"] for host in roles if host in ready}
    return (
        bool(managers)
        and len(nodes) == len(roles)
        and all(
            ready[host]["role"] == role and ready[host]["node_id"] for host, role in roles.items()
        )
        and len({ready[host]["cluster"] for host in managers}) == 1
    )


def is_settled(step=None, hosts=None):
    """
    Return whether the step that ``settles`` showed that no other one is needed.

    step
        The step.
    hosts
        ``{minion id: states}`` of the hosts that changed something or failed.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_ready.is_settled '{}'
    """
    for states in (hosts or {}).values():
        found = [
            state
            for state in (states.values() if isinstance(states, dict) else ())
            if isinstance(state, dict) and state.get("__id__") == step["settles"]
        ]
        if not found or any(state.get("result") is not True for state in found):
            return False
    return True
