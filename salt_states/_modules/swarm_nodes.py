# SPDX-License-Identifier: Apache-2.0
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
__outputter__ = {"node_ls": "swarm_table"}


def __virtual__():
    return __virtualname__


def nodes(name=None, role=None, state=None, availability=None, label=None, engine_version=None):
    """
    Return the nodes as data, from a manager: all, or those that match each given filter. A filter
    is one value or a list of alternatives, and matches the whole value, not its start.

    name
        Host name or full id.
    role
        ``worker`` or ``manager``.
    state
        ``ready``, ``down``, ``unknown`` or ``disconnected``.
    availability
        ``active``, ``pause`` or ``drain``.
    label
        Of the node (not its engine): a name, ``name=value``, or ``{name: value}``. Of a list or a
        dictionary all must fit.
    engine_version
        Such as ``26.1.5``.

    Returns a list of dicts: ``id``, ``hostname``, ``role``, ``availability``, ``state``,
    ``message``, ``addr``, ``engine_version``, ``member`` and ``leader`` (of the managers' raft
    group), ``reachability``, ``manager_addr``, ``labels``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.nodes role=worker state='[down, unknown]' label=disk=ssd
    """
    wanted = {
        "role": _one_of("role", role, ("worker", "manager")),
        "state": _one_of("state", state, ("ready", "down", "unknown", "disconnected")),
        "availability": _one_of("availability", availability, ("active", "pause", "drain")),
        "engine_version": _alternatives(engine_version),
    }
    names, labels = _alternatives(name), _labels(label)
    return [
        node
        for node in __salt__["swarm_core.core"]("node_list")
        if (names is None or node["hostname"] in names or node["id"] in names)
        and all(values is None or node[field] in values for field, values in wanted.items())
        and all(_has_label(node["labels"], *one) for one in labels)
    ]


def _alternatives(value):
    """Return a filter as a list of strings; None if it is not given."""
    if value is None:
        return None
    return [str(one) for one in (value if isinstance(value, list) else [value])]


def _one_of(what, value, known):
    values = _alternatives(value)
    unknown = [one for one in values or [] if one not in known]
    if unknown:
        raise SaltInvocationError(f"unknown {what} {unknown[0]!r} (valid: {', '.join(known)})")
    return values


def _labels(given):
    """Return a filter by labels as (name, value) pairs; the value None matches any."""
    if isinstance(given, dict):
        return [(str(name), str(value)) for name, value in given.items()]
    pairs = [text.partition("=") for text in _alternatives(given) or []]
    return [(name, value if equals else None) for name, equals, value in pairs]


def _has_label(labels, name, value):
    return name in labels and value in (None, labels[name])


def node_ls(server=None, role=None, state=None, availability=None, label=None, engine_version=None):
    """
    Return the nodes in the columns of ``docker node ls``, from a manager.

    server
        Only nodes with exactly this host name or id.
    role, state, availability, label, engine_version
        As for :py:func:`swarm.nodes <nodes>`.

    Returns a list of rows, sorted by host name: ``ID``, ``HOSTNAME``, ``STATUS``, ``AVAILABILITY``,
    ``MANAGER STATUS``, ``ENGINE VERSION``, and ``SELF`` (this host), printed as a table where the
    outputter ``swarm_table`` is synced to the master.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.node_ls
    """
    found = nodes(server, role, state, availability, label, engine_version)
    own = __salt__["swarm.info"]()["node_id"]
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
    """Return a sort key that puts worker2 before worker10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def node_inspect(node="self"):
    """
    Return one node as the engine reports it, from a manager.

    node
        Full id, exact host name, or ``self``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.node_inspect worker1
    """
    return __salt__["swarm_core.core"]("node_inspect", _given(node))


def node_update(node="self", availability=None, role=None, labels=None, timeout=None):
    """
    Change a node, from a manager. Settings that are not given stay as they are.

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
        patch["Labels"] = __salt__["swarm_settings.label_texts"](labels)
    if not patch:
        raise SaltInvocationError("nothing to change: give availability, role or labels")
    return _changed(
        __salt__["swarm_core.core"]("node_update", _given(node), patch, timeout=timeout)
    )


def _given(node):
    """Return a node's name as the core accepts it."""
    if isinstance(node, bool) or not isinstance(node, (str, int)) or node == "":
        raise SaltInvocationError(f"node must be a full id or an exact host name, not {node!r}")
    return str(node)


def _changed(change):
    """Return the fields that differ in a change that the core reports."""
    old, new = change["old"], change["new"]
    fields = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return {
        "id": change.get("id", ""),
        "old": {key: old.get(key) for key in fields},
        "new": {key: new.get(key) for key in fields},
    }


def activate(node="self", timeout=None):
    """
    Let a node take tasks again. From a manager.

    node
        Full id, exact host name, or ``self``.
    timeout
        Seconds for the whole call (60).

    Returns as :py:func:`swarm.node_update <node_update>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.activate worker1
    """
    return node_update(node, availability="active", timeout=timeout)


def pause(node="self", timeout=None):
    """
    Let a node take no new tasks, and keep those it has. From a manager.

    node
        Full id, exact host name, or ``self``.
    timeout
        Seconds for the whole call (60).

    Returns as :py:func:`swarm.node_update <node_update>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.pause worker1
    """
    return node_update(node, availability="pause", timeout=timeout)


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
    return _changed(__salt__["swarm_core.core"]("node_drain", _given(node), timeout=timeout))


def promote(node=None, timeout=None):
    """
    Make a node a manager, and wait until it is a reachable member of the managers' raft group. From
    a manager.

    node
        Full id or exact host name.
    timeout
        Seconds for the whole call (120); a promotion that takes longer goes on.

    Returns as :py:func:`swarm.node_update <node_update>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.promote worker1
    """
    return _changed(__salt__["swarm_core.core"]("node_promote", _given(node), timeout=timeout))


def demote(node=None, timeout=None):
    """
    Make a node a worker, and wait until it is out of the managers' raft group. From a manager.
    Refused, with the numbers, if that would lose the quorum.

    node
        Full id, exact host name, or ``self``.
    timeout
        Seconds for the whole call (120); a demotion that takes longer goes on.

    Returns as :py:func:`swarm.node_update <node_update>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.demote manager3
    """
    return _changed(__salt__["swarm_core.core"]("node_demote", _given(node), timeout=timeout))


def quorum(leaving=None, joining=0):
    """
    Return how many managers there are, and how many of them may fail, from a manager; or the same
    after some have joined and then some nodes have left, one after the other. Each demotion makes
    the same check; an error has the numbers for the first that may not leave.

    leaving
        One full id or exact host name, or a list of them, in the order in which they would go, as
        :py:func:`swarm_facts.demotion_order <salt.modules.swarm_facts.demotion_order>` has it; a node that is not a manager changes
        nothing.
    joining
        So many reachable managers would come before.

    Returns ``managers``, ``reachable``, ``needed`` and ``losses`` (how many of those that are
    reachable may fail) of those that are there then.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.quorum
        salt manager1 swarm.quorum '[manager3]'
    """
    leaving = [leaving] if isinstance(leaving, str) else leaving
    return __salt__["swarm_core.core"]("quorum", leaving or [], joining=joining)


def prune(timeout=None):
    """
    Delete the records of all workers that are down, from a manager. Never a manager's, and never
    that of a node that came back meanwhile.

    timeout
        Seconds for the whole call (60).

    Returns the list of the ids that were deleted.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.prune
    """
    return __salt__["swarm_core.core"]("node_prune", timeout=timeout)


def node_rm(node=None, force=False, demote=False, timeout=None):
    """
    Delete a node's record, from a manager. The host itself is not notified; run ``swarm.leave``
    there.

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
    __salt__["swarm_core.core"](
        "node_remove", _given(node), force=bool(force), demote=bool(demote), timeout=timeout
    )
    return True
