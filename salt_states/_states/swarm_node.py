# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: the nodes
============================

What a node is, and which nodes are not. They belong to the name ``swarm``, and run on a manager; on
one alone, or on several: what is right already is left alone.

:maturity: new
:depends: the execution module ``swarm``

.. versionadded:: 0.1.0

A state that watches another one needs nothing more than its own comparison, so ``watch`` is here
what ``require`` is.
"""

import contextlib
import time

from salt.exceptions import CommandExecutionError, SaltInvocationError

# swarmkit: the role manager tries again every 5 s, and a certificate may take 16 s.
ROLE_SECONDS = 120

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


@contextlib.contextmanager
def _reported(ret):
    """Turn an error of the modules into the state's one-line reason; what was done before stays."""
    try:
        yield
    except (CommandExecutionError, SaltInvocationError) as exc:
        ret["result"] = False
        ret["comment"] = str(exc)


def _new(name):
    return {"name": name, "result": True, "changes": {}, "comment": ""}


# --- one node -------------------------------------------------------------------------------------


def node(
    name,
    role=None,
    availability=None,
    labels=None,
    labels_exact=False,
    timeout=None,
    **kwargs,
):
    """
    Ensure a node has this role, this availability and these labels. Settings that are not given
    stay as they are.

    All of it goes in one update, so a node that becomes active has its labels already, and nothing
    is changed where a demotion is refused since it would lose the quorum. A node that gets another
    role is waited for until the managers' group has followed, one that is to be drained until no
    task runs there.

    name
        Full id, exact host name, or ``self``.
    role
        ``worker`` or ``manager``.
    availability
        ``active``, ``pause`` or ``drain``.
    labels
        ``{name: value}``, merged into the node's; a value of ``null`` removes the label.
    labels_exact
        ``True``: the node has no other labels than these, except for the states' own marks.
    timeout
        Seconds for each of the waits (for a role 120, for a drain 300).

    .. code-block:: yaml

        worker1:
          swarm.node:
            - availability: active
            - labels:
                disk: ssd
                rack: 17
    """
    ret = _new(name)
    with _reported(ret):
        wanted = {
            "role": role,
            "availability": availability,
            "labels": labels,
            "labels_exact": labels_exact,
        }
        __salt__["swarm_schema.require"](kwargs, timeout=timeout, **wanted)
        before = _read(name)
        changes = __salt__["swarm_drift.node_diff"](before, **wanted)
        if not changes:
            ret["comment"] = f"{before['hostname']} is as it should be"
        elif __opts__["test"]:
            if changes.get("role", {}).get("new") == "worker":
                __salt__["swarm.quorum"]([before["id"]])
            ret.update(result=None, changes=changes)
            ret["comment"] = f"{before['hostname']} would be changed"
        else:
            _change(ret, before, wanted, timeout)
            ret["comment"] = f"changed {before['hostname']}"
    return ret


def _read(name):
    found = __salt__["swarm.node_inspect"](str(name))
    spec = found["Spec"]
    return {
        "id": found["ID"],
        # The engine leaves out what is empty: a node has its name from its first report.
        "hostname": found["Description"].get("Hostname") or f"node {found['ID']}",
        "role": spec["Role"],
        "availability": spec["Availability"],
        "labels": dict(spec.get("Labels") or {}),
    }


def _change(ret, before, wanted, timeout):
    """
    Change everything in one update, so that nothing is changed if the engine refuses; then wait.
    """
    node_id, changes = before["id"], __salt__["swarm_drift.node_diff"](before, **wanted)
    role, availability = (changes.get(field, {}).get("new") for field in ("role", "availability"))
    steps_down = role == "worker" and __salt__["swarm.info"]()["node_id"] == node_id
    __salt__["swarm.node_update"](node_id, availability, role, _new_labels(changes), timeout)
    ret["changes"] = changes
    if steps_down:
        # It has lost its view of the nodes with its role; its own engine tells how it went.
        _wait_worker(timeout or ROLE_SECONDS)
        return
    if role:
        __salt__["swarm.promote" if role == "manager" else "swarm.demote"](node_id, timeout=timeout)
    if availability == "drain":
        __salt__["swarm.drain"](node_id, timeout=timeout)
    left = __salt__["swarm_drift.node_diff"](_read(node_id), **wanted)
    if left:
        raise CommandExecutionError(
            f"the update of {before['hostname']} was overwritten by a concurrent change:"
            f" {', '.join(sorted(left))} differ again"
        )


def _new_labels(changes):
    return {name: one["new"] for name, one in changes.get("labels", {}).items()} or None


def _wait_worker(seconds):
    end = time.monotonic() + seconds
    while __salt__["swarm.info"]()["role"] != "worker":
        if time.monotonic() >= end:
            raise CommandExecutionError(
                f"this host was demoted, but runs as a manager still after {seconds} s: the other"
                " managers tell why (swarm.nodes)"
            )
        time.sleep(0.5)


# --- all nodes that pillar names ------------------------------------------------------------------


def nodes_by_pillar(name, **kwargs):
    """
    Ensure the nodes of pillar's hosts have the labels and availability of pillar ``swarm:nodes``,
    both in one update. The last step of ``docker.bootstrap`` does it on one manager.

    A host that pillar gives labels joins drained. With its first labels it becomes active, so no
    task comes before them. Beyond that an availability is changed only where pillar names one: a
    node that an operator drained stays so.

    name
        Any text.

    .. code-block:: yaml

        nodes as pillar has them:
          swarm.nodes_by_pillar: []
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](kwargs)
        named = __salt__["swarm_drift.nodes_drift"]()
        failed = []
        for minion, node_ in sorted(named.items()):
            changes, reason = node_["changes"], node_["reason"]
            if changes and not __opts__["test"]:
                changes, reason = _as_named(node_["id"], changes)
            if changes:
                ret["changes"][minion] = changes
            if reason:
                failed.append(f"{minion}: {reason}")
        if failed:
            raise CommandExecutionError("; ".join(failed))
        changed = len(ret["changes"])
        ret["result"] = None if __opts__["test"] and changed else True
        verb = "would be" if __opts__["test"] else "was" if changed == 1 else "were"
        nodes = "1 node is as pillar names it"
        if len(named) != 1:
            nodes = f"{len(named)} nodes are as pillar names them"
        ret["comment"] = (
            f"{changed} of {len(named)} nodes that pillar names {verb} changed"
            if changed
            else nodes
        )
    return ret


def _as_named(node_id, changes):
    """Change one node, and return (what was changed, why not all of it was)."""
    availability = changes.get("availability", {}).get("new")
    done = node(node_id, availability=availability, labels=_new_labels(changes))
    return done["changes"], "" if done["result"] else done["comment"]


# --- nodes that are not ---------------------------------------------------------------------------


def nodes_absent(name, nodes=None, force=False, **kwargs):
    """
    Ensure none of these nodes is in the node list. The hosts themselves are not notified: let them
    leave first (``swarm.left``). A manager is demoted before its record is deleted; if that would
    lose the quorum, none of them is removed.

    name
        One node, where ``nodes`` is not given; else any text.
    nodes
        List of full ids or exact host names.
    force
        Also a node that is ready: its host then is in a swarm that does not know it.

    .. code-block:: yaml

        hosts that are gone:
          swarm.nodes_absent:
            - nodes:
              - worker7
              - l36kpsxj0i0gmu0yl3ti5a1ex
    """
    ret = _new(name)
    with _reported(ret):
        wanted = [name] if nodes is None else nodes
        __salt__["swarm_schema.require"](kwargs, nodes=wanted, force=force)
        found = __salt__["swarm_facts.demotion_order"](_named(wanted))
        if not force:
            _all_down(found)
        if found:
            __salt__["swarm.quorum"]([node_["id"] for node_ in found])
        gone = {node_["id"]: {"old": node_["hostname"] or "no name", "new": ""} for node_ in found}
        text = ", ".join(f"{one['old']} ({node_id})" for node_id, one in gone.items())
        if not found:
            ret["comment"] = "none of them is in the node list"
        elif __opts__["test"]:
            ret.update(result=None, changes=gone, comment=f"would be removed: {text}")
        else:
            for node_id in gone:
                __salt__["swarm.node_rm"](node_id, force=force, demote=True)
                ret["changes"][node_id] = gone[node_id]
            ret["comment"] = f"removed {text}"
    return ret


def _named(wanted):
    """
    Return the rows of the node list that these names mean, each once. A name that two of them have
    is an error.
    """
    rows = __salt__["swarm.nodes"]()
    found = {}
    for one in wanted:
        meant = [row for row in rows if one in (row["id"], row["hostname"])]
        if len(meant) > 1:
            ids = ", ".join(sorted(row["id"] for row in meant))
            raise CommandExecutionError(f"{len(meant)} nodes are named {one}: use an id, of {ids}")
        found.update({row["id"]: row for row in meant})
    return list(found.values())


def _all_down(found):
    # moby: a node that is ready is deleted by force alone.
    ready = [row["hostname"] or row["id"] for row in found if row["state"] == "ready"]
    if ready:
        raise CommandExecutionError(
            f"{', '.join(ready)} still runs as a node: let it leave first (swarm.left there), or"
            " give force: True"
        )
