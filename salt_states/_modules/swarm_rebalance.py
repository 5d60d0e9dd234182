# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: services evened out over the nodes
=====================================================

After a node came back, swarm leaves it empty: only new tasks go there. These functions move the fewest
tasks that make services even again. They run on a manager, and belong to the name ``swarm``.
``docs/rebalance.md`` explains them.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0
"""

from salt.exceptions import SaltInvocationError

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def rebalance_plan(services=None):
    """
    Return what :py:func:`swarm.rebalance <rebalance>` would do, from a manager. Changes nothing.

    services
        List of names of services; all unless given.

    Returns a list by name of the services that are not even, or where a run was stopped: ``service``,
    ``id``, ``version``, ``replicas``, ``way``, ``why`` and ``moves`` (a list of ``from``, ``to`` and
    ``tasks``). The way is ``move``; ``finish``: a run that was stopped would be finished; ``stay``:
    nothing is done, because of ``why``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.rebalance_plan
    """
    return __salt__["swarm_core.core"]("rebalance_plan", _names(services))


def rebalance(services=None, timeout=None, test=False):
    """
    Even out the tasks of services over the nodes, from a manager, one service after the other, without
    a gap: new tasks run before as many others stop. The fewest tasks move, and the others do not
    restart. Only services with ``update_config: {order: start-first}`` are touched. A run that was
    killed is finished when it is run again.

    services
        List of names of services; all unless given.
    timeout
        Seconds for all of it (600).
    test
        ``True``: changes nothing.

    Returns ``{service: a line}`` of the services that were not even: the tasks that moved, or why they
    stay.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.rebalance test=True
        salt manager1 swarm.rebalance services='[web]'
    """
    __salt__["swarm_schema.require"](timeout=timeout)
    if not isinstance(test, bool):
        raise SaltInvocationError(f"test must be True or False, not {test!r}")
    if test:
        rows = rebalance_plan(services)
    else:
        rows = __salt__["swarm_core.core"]("rebalance", _names(services), timeout=timeout)
    return {row["service"]: _line(row) for row in rows}


def _names(services):
    services = [services] if isinstance(services, str) else services
    if services is not None and not (
        isinstance(services, list) and all(isinstance(one, str) and one for one in services)
    ):
        raise SaltInvocationError(f"services must be a list of names, not {services!r}")
    return services


def _line(row):
    """Return what is done with a service, in one line."""
    if row["way"] == "move":
        return ", ".join(
            f"{one['tasks']} from {one['from']} to {one['to']}" for one in row["moves"]
        )
    return row["why"] if row["way"] == "finish" else f"stays: {row['why']}"
