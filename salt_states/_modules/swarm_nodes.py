"""
Docker swarm mode: the nodes
============================

Functions on the nodes of a swarm, run on one of its managers. They belong to the name ``swarm``. A
node is named by its full id, by its exact host name, or by ``self``; a name that two nodes share is
an error that lists both ids.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0
"""

import re

from salt.exceptions import SaltInvocationError

__virtualname__ = "swarm"
__outputter__ = {"node_ls": "swarm_nodes"}


def __virtual__():
    return __virtualname__


def nodes():
    """
    All nodes as data, from a manager.

    Returns a list of dicts: ``id``, ``hostname``, ``role``, ``availability``, ``state``,
    ``message``, ``addr``, ``engine_version``, ``member`` and ``leader`` (of the managers' raft
    group), ``reachability``, ``manager_addr``, ``labels``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.nodes
    """
    return __salt__["swarm.core"]("node_list")


def node_ls(server=None):
    """
    The nodes in the columns of ``docker node ls``, from a manager.

    server
        Only nodes with exactly this host name.

    Returns a list of rows, sorted by host name: ``ID``, ``HOSTNAME``, ``STATUS``, ``AVAILABILITY``,
    ``MANAGER STATUS``, ``ENGINE VERSION``, and ``SELF`` (this host), printed as a table where the
    outputter ``swarm_nodes`` is synced to the master.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.node_ls
    """
    found = nodes()
    own = __salt__["swarm.info"]()["node_id"]
    if server is not None:
        found = [node for node in found if node["hostname"] == server]
    return [
        {
            "ID": node["id"],
            "HOSTNAME": node["hostname"],
            "STATUS": node["state"].capitalize(),
            "AVAILABILITY": node["availability"].capitalize(),
            "MANAGER STATUS": _manager_status(node),
            "ENGINE VERSION": node["engine_version"],
            "SELF": node["id"] == own,
        }
        for node in sorted(found, key=lambda node: (_natural(node["hostname"]), node["id"]))
    ]


def _manager_status(node):
    if not node["member"]:
        return ""
    return "Leader" if node["leader"] else node["reachability"].capitalize()


def _natural(name):
    """Sort key that puts worker2 before worker10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def node_inspect(node="self"):
    """
    One node as the engine has it, from a manager.

    node
        Full id, exact host name, or ``self``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.node_inspect worker1
    """
    return __salt__["swarm.core"]("node_inspect", str(node))


def node_update(node="self", availability=None, role=None, labels=None, timeout=None):
    """
    Change a node; what is not given stays as it is. From a manager.

    node
        Full id, exact host name, or ``self``.
    availability
        ``active``, ``pause`` or ``drain``.
    role
        ``worker`` or ``manager``. A demotion that would lose the quorum is refused.
    labels
        ``{name: value}``, merged into the node's; a value of ``None`` removes the label.
    timeout
        Seconds for the whole call (60).

    Returns ``{"id": …, "old": {changed field: before}, "new": {changed field: after}}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.node_update worker1 availability=pause labels='{disk: ssd}'
    """
    patch = {}
    if availability is not None:
        patch["Availability"] = availability
    if role is not None:
        patch["Role"] = role
    if labels is not None:
        if not isinstance(labels, dict):
            raise SaltInvocationError("labels wants a dictionary of names and values")
        patch["Labels"] = {
            str(name): value if value is None else str(value) for name, value in labels.items()
        }
    if not patch:
        raise SaltInvocationError("nothing to change: give availability, role or labels")
    return _changed(__salt__["swarm.core"]("node_update", str(node), patch, timeout=timeout))


def _changed(change):
    """The fields that differ, of a change as the core reports it."""
    old, new = change["old"], change["new"]
    fields = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return {
        "id": change.get("id", ""),
        "old": {key: old.get(key) for key in fields},
        "new": {key: new.get(key) for key in fields},
    }


def drain(node="self", timeout=None):
    """
    Drain a node and wait until no task runs on it. From a manager.

    node
        Full id, exact host name, or ``self``.
    timeout
        Seconds for the whole call (300).

    Returns as :py:func:`swarm.node_update <node_update>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.drain worker1
    """
    return _changed(__salt__["swarm.core"]("node_drain", str(node), timeout=timeout))


def node_rm(node, force=False, demote=False, timeout=None):
    """
    Delete a node's record, from a manager. The host itself is not told; run ``swarm.leave`` there.

    node
        Full id or exact host name.
    force
        Also a node that is not down.
    demote
        Demote a manager first, and wait until it left the raft group; refused with the arithmetic
        where that would lose the quorum.
    timeout
        Seconds for the whole call (60).

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.node_rm worker3
    """
    __salt__["swarm.core"](
        "node_remove", str(node), force=bool(force), demote=bool(demote), timeout=timeout
    )
    return True
