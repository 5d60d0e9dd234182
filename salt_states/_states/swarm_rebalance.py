# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: services that are even
=========================================

It belongs to the name ``swarm``, and runs on a manager.

:maturity: new
:depends: the execution module ``swarm``

.. versionadded:: 0.1.0
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def rebalanced(name, services=None, timeout=None, **kwargs):
    """
    Ensure the tasks of services are even over the nodes, as far as the services allow it. Those that do
    not are named in the comment.

    name
        Anything.
    services, timeout
        As for :py:func:`swarm.rebalance <salt.modules.swarm_rebalance.rebalance>`.

    .. code-block:: yaml

        services are even:
          swarm.rebalanced:
            - services: [web, api]
    """
    ret = {"name": name, "result": True, "changes": {}, "comment": ""}
    try:
        __salt__["swarm_schema.require"](kwargs, timeout=timeout)
        plan = __salt__["swarm.rebalance_plan"](services)
        lines = __salt__["swarm.rebalance"](services, test=True)
        move = [row["service"] for row in plan if row["way"] != "stay"]
        stay = [f"{row['service']} {lines[row['service']]}" for row in plan if row["way"] == "stay"]
        if move and not __opts__["test"]:
            lines = __salt__["swarm.rebalance"](services, timeout=timeout)
    except (CommandExecutionError, SaltInvocationError) as exc:
        return {**ret, "result": False, "comment": str(exc)}
    ret["changes"] = {one: {"old": "", "new": lines[one]} for one in move if one in lines}
    said = "the services are even"
    if move:
        said = f"{'would be evened out' if __opts__['test'] else 'evened out'}: {', '.join(move)}"
        ret["result"] = None if __opts__["test"] else True
    ret["comment"] = "; ".join([said, *stay])
    return ret
