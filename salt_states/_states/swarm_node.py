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

ROLES = ("worker", "manager")
AVAILABILITIES = ("active", "pause", "drain")
# swarmkit: the role manager tries again every 5 s, and a certificate may take 16 s.
ROLE_SECONDS = 120

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


@contextlib.contextmanager
def _reported(ret):
    """An error of the modules becomes the state's one-line reason; what was done before stays."""
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
    A node has this role, this availability and these labels. What is not given stays as it is.

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
        ``True``: the node has no other labels than these.
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
        _check(role, availability)
        before = _read(name)
        wanted = {
            "role": before["role"] if role is None else role,
            "availability": before["availability"] if availability is None else availability,
            "labels": _labels(before["labels"], labels, labels_exact),
        }
        changes = _difference(before, wanted)
        if not changes:
            ret["comment"] = f"{before['hostname']} is as it should be"
        elif __opts__["test"]:
            ret.update(result=None, changes=changes)
            ret["comment"] = f"{before['hostname']} would be changed"
        else:
            _change(ret, before, wanted, timeout)
            ret["comment"] = f"changed {before['hostname']}"
    return ret


def _check(role, availability):
    if role not in (None, *ROLES):
        raise SaltInvocationError(f"the role is worker or manager, not {role!r}")
    if availability not in (None, *AVAILABILITIES):
        raise SaltInvocationError(
            f"the availability is active, pause or drain, not {availability!r}"
        )


def _read(name):
    found = __salt__["swarm.node_inspect"](str(name))
    spec = found["Spec"]
    return {
        "id": found["ID"],
        "hostname": found["Description"]["Hostname"],
        "role": spec["Role"],
        "availability": spec["Availability"],
        "labels": dict(spec.get("Labels") or {}),
    }


def _labels(there, given, exact):
    """The labels that a node should have, of those that are there and those that are given."""
    if given is None:
        if exact:
            raise SaltInvocationError("labels_exact wants labels; {} takes all of them away")
        return there
    if not isinstance(given, dict):
        raise SaltInvocationError("labels wants a dictionary of names and values")
    wanted = {} if exact else dict(there)
    for name, value in given.items():
        if value is None:
            wanted.pop(str(name), None)
        elif isinstance(value, (str, int)) and not isinstance(value, bool):
            wanted[str(name)] = str(value)
        else:
            # YAML reads yes, 1.10 and 2026-01-01 as something else than was written.
            raise SaltInvocationError(
                f"the label {name} is a text or a whole number; put {value!r} in quotes"
            )
    return wanted


def _difference(before, wanted):
    """``{field: {"old", "new"}}`` of role and availability, and under ``labels`` of each label."""
    ret = {
        field: {"old": before[field], "new": wanted[field]}
        for field in ("role", "availability")
        if before[field] != wanted[field]
    }
    old, new = before["labels"], wanted["labels"]
    labels = {
        name: {"old": old.get(name), "new": new.get(name)}
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    }
    return {**ret, "labels": labels} if labels else ret


def _change(ret, before, wanted, timeout):
    """All of it in one update, so that nothing is changed where the engine refuses; then waits."""
    node_id, changes = before["id"], _difference(before, wanted)
    role, availability = (
        wanted[field] if field in changes else None for field in ("role", "availability")
    )
    labels = {name: one["new"] for name, one in changes.get("labels", {}).items()}
    steps_down = role == "worker" and __salt__["swarm.info"]()["node_id"] == node_id
    __salt__["swarm.node_update"](node_id, availability, role, labels or None)
    ret["changes"] = changes
    if steps_down:
        # It has lost its view of the nodes with its role; its own engine tells how it went.
        _wait_worker(timeout or ROLE_SECONDS)
        return
    if role:
        __salt__["swarm.promote" if role == "manager" else "swarm.demote"](node_id, timeout=timeout)
    if availability == "drain":
        __salt__["swarm.drain"](node_id, timeout=timeout)
    left = _difference(_read(node_id), wanted)
    if left:
        raise CommandExecutionError(
            f"docker took the change of {before['hostname']}, but another one came after it:"
            f" {', '.join(sorted(left))} differ again"
        )


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
    The nodes of pillar's hosts have what pillar ``swarm:nodes`` gives them: their labels, and in
    the same update their availability. The last step of ``docker.bootstrap`` does it on one manager.

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
        named = _by_pillar()
        failed = []
        for minion, (row, entry) in sorted(named.items()):
            done = _new(minion)
            with _reported(done):
                done = _as_named(row, entry)
            if done["changes"]:
                ret["changes"][minion] = done["changes"]
            if done["result"] is False:
                failed.append(f"{minion}: {done['comment']}")
        if failed:
            raise CommandExecutionError("; ".join(failed))
        changed = len(ret["changes"])
        ret["result"] = None if __opts__["test"] and changed else True
        verb = "would be" if __opts__["test"] else "were"
        ret["comment"] = (
            f"{changed} of {len(named)} nodes that pillar names {verb} changed"
            if changed
            else f"{len(named)} nodes are as pillar names them"
        )
    return ret


def _as_named(row, entry):
    """One of them, as :py:func:`node` returns; in test mode there may be no such node yet."""
    availability = _availability(row, entry)
    wanted = {
        "role": row["role"],
        "availability": availability or row["availability"],
        "labels": _labels(row["labels"], entry["labels"], False),
    }
    changes = _difference(row, wanted)
    if changes and not __opts__["test"]:
        return node(row["id"], availability=availability, labels=entry["labels"])
    return dict(_new(""), changes=changes)


def _by_pillar():
    """``{minion id: (row of the node list, what pillar says)}`` of the hosts that pillar names."""
    rows = _rows()
    run = __salt__["swarm_facts.run"]()
    # By hand nobody says which hosts fit the patterns of pillar; most are called as their minions.
    hosts = {*run["managers"], *run["workers"]} or {row["hostname"] for row in rows.values()}
    entries = {minion: __salt__["swarm_facts.named"](minion) for minion in hosts}
    entries = {minion: one for minion, one in entries.items() if any(one.values())}
    facts = __salt__["swarm_facts.fresh"](sorted(hosts)) if entries else {}
    # A host says itself which node it is: two that say the same are both left alone.
    said = [one["node_id"] for one in facts.values()]
    ret = {}
    for minion, one in facts.items():
        row = rows.get(one["node_id"]) if said.count(one["node_id"]) == 1 else None
        if __opts__["test"]:
            row = _row_to_come(minion, one, row, run)
        if row and minion in entries:
            ret[minion] = (row, entries[minion])
    return ret


def _rows():
    # In test mode this host may have no engine yet, or be a manager only after the steps before.
    if __opts__["test"] and __salt__["swarm_facts.collect"]()["role"] != "manager":
        return {}
    return {row["id"]: row for row in __salt__["swarm.nodes"]()}


def _row_to_come(minion, facts, row, run):
    """In test mode: the row as this step would find it, after the steps that would be before it."""
    if facts["state"] != "active":
        role = "manager" if minion in run["managers"] else "worker"
        entry = __salt__["swarm_facts.named"](minion)
        free = role == "worker" and not entry["labels"]
        availability = entry["availability"] or "active" if free else "drain"
        return {"role": role, "availability": availability, "labels": {}}
    # A manager that steps down sets its labels itself.
    return None if facts["role"] == "manager" and minion in run["workers"] else row


def _availability(row, entry):
    if entry["availability"]:
        return entry["availability"]
    first = entry["labels"] and not set(entry["labels"]) & set(row["labels"])
    return "active" if first and row["role"] == "worker" else None


# --- nodes that are not ---------------------------------------------------------------------------


def nodes_absent(name, nodes=None, force=False, **kwargs):
    """
    None of these nodes stands in the node list. The hosts themselves are not told: let one leave
    first (``swarm.left``). A manager is demoted before its record is deleted, unless that would
    lose the quorum.

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
        if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted):
            raise SaltInvocationError("nodes wants a list of node ids or host names")
        found = _named(wanted)
        if not force:
            _all_down(found)
        gone = {node_["id"]: {"old": node_["hostname"], "new": ""} for node_ in found}
        text = ", ".join(f"{node_['hostname']} ({node_['id']})" for node_ in found)
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
    """The rows of the node list that are meant, each once. A name that two of them have is none."""
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
    ready = [row["hostname"] for row in found if row["state"] == "ready"]
    if ready:
        raise CommandExecutionError(
            f"{', '.join(ready)} still runs as a node: let it leave first (swarm.left there), or"
            " give force: True"
        )
