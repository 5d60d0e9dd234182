# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: which manager acts
=====================================

A highstate may run the same states of services, secrets and networks on all managers at once. One of them
makes the change: the leader, as the engine names it at that moment.

:maturity: new
:depends: the execution module ``swarm``

.. versionadded:: 0.1.0
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm_leading"


def __virtual__():
    return __virtualname__


def left_to(runs_on="leader"):
    """
    Return the host name of the manager that acts, or ``None`` where this one does.

    runs_on
        ``leader``: only the leader of the managers acts. ``any``: each manager does.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_leading.left_to
    """
    if runs_on not in ("leader", "any"):
        raise SaltInvocationError(f"runs_on must be leader or any, not {runs_on!r}")
    own = __salt__["swarm.info"]()["node_id"]
    # Also for any: a host that is not a manager gets the line that names the managers.
    nodes = __salt__["swarm.nodes"]()
    if runs_on == "any":
        return None
    leader = next((node for node in nodes if node["leader"]), None)
    if leader is None:
        raise CommandExecutionError(
            "the managers have no leader at the moment, so no manager can change anything: run again"
        )
    return None if leader["id"] == own else leader["hostname"] or leader["id"]


def standing():
    """
    Return the cluster that this manager is in, and whether it leads.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_leading.standing
    """
    other = left_to()
    return {"cluster": __salt__["swarm.info"]()["cluster_id"], "leads": other is None}
