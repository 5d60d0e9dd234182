"""
Docker swarm mode: nodes against what they should be
====================================================

What of a node is otherwise than wanted, by arguments or by pillar ``swarm:nodes``, asked on a
manager. The states that change nodes ask here what to change, and ``salt-run swarm.status`` what to
tell. The functions belong to the name ``swarm``, and change nothing.

In **test mode** :py:func:`swarm.nodes_drift <nodes_drift>` answers for the last step of a
bootstrap, as it would find the nodes once the steps before it were done.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_facts``

.. versionadded:: 0.1.0

**Pillar**: ``swarm:nodes`` (see ``pillar_example``).
"""

from salt.exceptions import SaltInvocationError

# Labels of this extension itself, which pillar and labels_exact do not touch.
OWN = "saltext.swarm."
# On a node that was activated with its first labels.
FIRST = OWN + "first-labels"

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def node_diff(node=None, role=None, availability=None, labels=None, labels_exact=False):
    """
    What a node would have to change to be as wanted. What is not given stays as it is.

    node
        It as it is: a dict with ``role``, ``availability``, ``labels``, such as a row of
        :py:func:`swarm.nodes <salt.modules.swarm_nodes.nodes>`.
    role, availability, labels, labels_exact
        As for the state ``swarm.node``.

    Returns ``{field: {"old", "new"}}`` of role and availability, and under ``labels`` of each
    label.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.node_diff '{role: worker, availability: drain, labels: {}}' role=manager
    """
    if not isinstance(node, dict) or not {"role", "availability", "labels"} <= set(node):
        raise SaltInvocationError("node must be a dictionary with role, availability and labels")
    __salt__["swarm_schema.require"](
        role=role, availability=availability, labels=labels, labels_exact=labels_exact
    )
    ret = {
        field: {"old": node[field], "new": new}
        for field, new in (("role", role), ("availability", availability))
        if new not in (None, node[field])
    }
    changed = _label_diff(node["labels"], labels, labels_exact)
    return {**ret, "labels": changed} if changed else ret


def _label_diff(old, given, exact):
    """``{label: {"old", "new"}}``; None stands for a label that is not there."""
    if given is None:
        return {}
    new = {**(dict.fromkeys(_others(old)) if exact else {}), **label_texts(given)}
    return {
        name: {"old": old.get(name), "new": new[name]}
        for name in sorted(new)
        if old.get(name) != new[name]
    }


def _others(labels):
    """Those that are not the states' own marks; an exact mode keeps these."""
    return [name for name in labels if not name.startswith(OWN)]


def label_texts(labels=None):
    """
    Return labels as the engine accepts them: ``{name: string, or None for a label to remove}``.

    labels
        ``{name: text, whole number or None}``; anything else is an error.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.label_texts '{rack: 17}'
    """
    if labels is None:
        raise SaltInvocationError("labels must be a dictionary of names and values")
    __salt__["swarm_schema.require"](labels=labels)
    return {str(name): value if value is None else str(value) for name, value in labels.items()}


def nodes_drift(hosts=None, swarm=None):
    """
    What pillar ``swarm:nodes`` says of its hosts' nodes, and is otherwise there.

    A host that pillar gives labels joins drained, says so in its facts, and is to be active with its
    first labels; the node label ``saltext.swarm.first-labels`` then notes that it was, so that it
    happens once. Beyond that an availability is compared only where pillar names one: a node that an
    operator drained or paused stays so.

    hosts
        ``{minion id: node id}``, as the hosts say; by itself those of the facts.
    swarm
        What pillar has under ``swarm``; by itself as this minion last got it.

    Returns ``{minion id: {"id": node id, "changes": as of swarm.node_diff, "reason": why pillar's
    words cannot be followed; empty if they can}}`` of the hosts that pillar names and that have a
    node.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.nodes_drift
    """
    rows = _rows()
    found = (
        _hosts(rows)
        if hosts is None
        else {host: (node_id, rows.get(node_id)) for host, node_id in hosts.items()}
    )
    # A host says itself which node it is: two that say the same are both left alone.
    said = [node_id for node_id, _ in found.values()]
    ret = {}
    for host, (node_id, row) in found.items():
        entry = __salt__["swarm_facts.named"](host, swarm)
        if row and any(entry.values()) and (not node_id or said.count(node_id) == 1):
            ret[host] = _against(row, entry)
    return ret


def _against(row, entry):
    ret = {"id": row["id"], "changes": {}, "reason": ""}
    availability, labels = entry["availability"], entry["labels"]
    if _waits_for_labels(row, entry):
        availability, labels = "active", {**labels, FIRST: "set"}
    try:
        ret["changes"] = node_diff(row, availability=availability, labels=labels)
    except SaltInvocationError as exc:
        ret["reason"] = str(exc)
    return ret


def _waits_for_labels(row, entry):
    """Whether this worker is drained only since bootstrap joined it so, until it has its labels."""
    return (
        row.get("joined_drained", False)
        and row["role"] == "worker"
        and row["availability"] == "drain"
        and FIRST not in row["labels"]
        and bool(entry["labels"])
        and not entry["availability"]
    )


def _rows():
    # In test mode this host may have no engine yet, or be a manager only after the steps before.
    if __opts__["test"] and __salt__["swarm_facts.collect"]()["role"] != "manager":
        return {}
    return {row["id"]: row for row in __salt__["swarm.nodes"]()}


def _hosts(rows):
    """``{minion id: (node id, its row or None)}`` of the hosts that have published facts."""
    run = __salt__["swarm_facts.run"]()
    # By hand nobody says which hosts fit the patterns of pillar; most are called as their minions.
    hosts = {*run["managers"], *run["workers"]} or {row["hostname"] for row in rows.values()}
    if not any(any(__salt__["swarm_facts.named"](host).values()) for host in hosts):
        return {}
    ret = {}
    for host, facts in __salt__["swarm_facts.fresh"](sorted(hosts)).items():
        row = rows.get(facts["node_id"])
        if row and facts.get("drained") == row["id"]:
            row = {**row, "joined_drained": True}
        if __opts__["test"]:
            row = _row_to_come(host, facts, row, run)
        ret[host] = (facts["node_id"], row)
    return ret


def _row_to_come(host, facts, row, run):
    """In test mode: the row as the last step would find it, after the steps before it."""
    if facts["state"] != "active":
        role = "manager" if host in run["managers"] else "worker"
        entry = __salt__["swarm_facts.named"](host)
        free = role == "worker" and not entry["labels"]
        availability = entry["availability"] or "active" if free else "drain"
        return {
            "id": "",
            "role": role,
            "availability": availability,
            "labels": {},
            "joined_drained": not free,
        }
    # A manager that steps down sets its labels itself.
    return None if facts["role"] == "manager" and host in run["workers"] else row
