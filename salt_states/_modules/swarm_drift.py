# SPDX-License-Identifier: Apache-2.0
"""
Nodes and cluster against what they should be
=============================================

What of a node or of the cluster is otherwise than wanted, by arguments or by pillar ``swarm:nodes``
and ``swarm:cluster``, asked on a manager. The states that change them ask here what to change, and
``salt-run swarm.status`` what to report. The functions change nothing.

In **test mode** :py:func:`swarm_drift.nodes_drift <nodes_drift>` answers for the last step of a
bootstrap, as it would find the nodes once the steps before it were done.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_facts``

.. versionadded:: 0.1.0

**Pillar**: ``swarm:nodes`` (see ``pillar_example``).
"""

from salt.exceptions import SaltInvocationError
from salt.utils.args import clean_kwargs

# Labels of this extension itself, which pillar and labels_exact do not touch.
OWN = "saltext.swarm."
# On a node that was activated with its first labels.
FIRST = OWN + "first-labels"

# What a new swarm alone can have otherwise, and the key of pillar swarm that gives it to one.
FIXED = {
    "default_addr_pool": "address_pool",
    "subnet_size": "subnet_size",
    "data_path_port": "data_path_port",
}

__virtualname__ = "swarm_drift"


def __virtual__():
    return __virtualname__


def node_diff(node=None, role=None, availability=None, labels=None, labels_exact=False):
    """
    Return what of a node differs from these settings. Settings that are not given stay as they are.

    node
        It as it is: a dict with ``role``, ``availability``, ``labels``, such as a row of
        :py:func:`swarm.nodes <salt.modules.swarm_nodes.nodes>`.
    role, availability, labels, labels_exact
        As for the state ``swarm.node``.

    Returns ``{field: {"old", "new"}}`` of role and availability, and under ``labels`` of each
    label.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_drift.node_diff '{role: worker, availability: drain, labels: {}}' role=manager
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
    """Return ``{label: {"old", "new"}}``; None means that the label is not there."""
    if given is None:
        return {}
    new = {
        **(dict.fromkeys(_others(old)) if exact else {}),
        **__salt__["swarm_settings.label_texts"](given),
    }
    return {
        name: {"old": old.get(name), "new": new[name]}
        for name in sorted(new)
        if old.get(name) != new[name]
    }


def _others(labels):
    """Return the labels that are not the states' own marks; an exact mode keeps those."""
    return [name for name in labels if not name.startswith(OWN)]


def nodes_drift(hosts=None, swarm=None):
    """
    Return where the nodes of pillar ``swarm:nodes`` differ from it.

    A host that pillar gives labels joins drained, says so in its facts, and is to be active with its
    first labels; the node label ``saltext.swarm.first-labels`` then notes that it was, so that it
    happens once. Beyond that an availability is compared only where pillar names one: a node that an
    operator drained or paused stays so.

    hosts
        ``{minion id: node id}``, as the hosts say; by itself those of the facts.
    swarm
        What pillar has under ``swarm``; by itself as this minion last got it.

    Returns ``{minion id: {"id": node id, "changes": as of swarm_drift.node_diff, "reason": why pillar's
    words cannot be followed; empty if they can}}`` of the hosts that pillar names and that have a
    node.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_drift.nodes_drift
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
    """Return whether bootstrap joined this worker drained, only until it has its labels."""
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
    """
    Return ``{minion id: (node id, its row or None)}`` of the hosts that have
    published facts.
    """
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
    """Return the row as the last step would find it after the earlier steps, in test mode."""
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


# --- the cluster ----------------------------------------------------------------------------------


def cluster_diff(**settings):
    """
    Return what :py:func:`swarm.cluster_update <salt.modules.swarm.cluster_update>` would change
    with these settings, in the same form. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_drift.cluster_diff node_cert_expiry=30d
    """
    given = __salt__["swarm_settings.given"](clean_kwargs(**settings))
    exact = given.pop("labels_exact", False)
    of_spec = __salt__["swarm_settings.of_spec"]
    wanted = of_spec(__salt__["swarm_settings.patch"](**given))
    old = of_spec(__salt__["swarm_core.call"]("swarm_inspect")["Spec"])
    new = {**old, **{name: wanted[name] for name in given}}
    gone = [name for name in old["labels"] if exact and not name.startswith(OWN)]
    merged = {**old["labels"], **dict.fromkeys(gone), **wanted["labels"]}
    new["labels"] = {name: value for name, value in merged.items() if value is not None}
    return __salt__["swarm_settings.difference"](old, new)


def cluster_drift(swarm=None, **settings):
    """
    Return which of these settings differ on the cluster.

    swarm
        What pillar has under ``swarm``; by itself as this minion last got it.
    settings
        As for the state ``swarm.cluster``; without any, those of pillar: ``swarm:cluster``, and
        what a new swarm is made with (``address_pool``, ``subnet_size``, ``data_path_port``).

    Returns ``changes`` (``{setting: {"old", "new"}}``, and under ``labels`` of each label),
    ``fixed`` (the same, of what no update can change) and ``later`` (``True`` in test mode on a
    host that would manage a cluster by then; it can be asked only then).

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_drift.cluster_drift
        salt manager1 swarm_drift.cluster_drift node_cert_expiry=30d
    """
    # Salt adds its own arguments to those of a job.
    settings = clean_kwargs(**settings) or _of_pillar(swarm)
    given = __salt__["swarm_settings.given"](settings, also=list(FIXED))
    fixed = {name: given.pop(name) for name in FIXED if name in given}
    ret = {"changes": {}, "fixed": {}, "later": bool(__opts__["test"] and _will_manage())}
    if given and not ret["later"]:
        diff = cluster_diff(**given)
        ret["changes"] = _each(diff["old"], diff["new"])
        if "labels" in diff["new"]:
            ret["changes"]["labels"] = _each(diff["old"]["labels"], diff["new"]["labels"])
    if fixed and not ret["later"]:
        there = __salt__["swarm.cluster"]()
        ret["fixed"] = _each({name: there[name] for name in fixed}, fixed)
    return ret


def _of_pillar(swarm):
    __salt__["swarm_schema.refuse"](swarm)
    swarm = __pillar__.get("swarm") or {} if swarm is None else swarm
    if not isinstance(swarm, dict):
        raise SaltInvocationError(f"swarm must be a dictionary, as pillar has it, not {swarm!r}")
    settings = swarm.get("cluster") or {}
    return {**{name: swarm.get(key) for name, key in FIXED.items()}, **settings}


def _will_manage():
    """
    Return whether this host is outside a swarm, or this bootstrap would make it a manager, in test
    mode.
    """
    facts = __salt__["swarm_facts.collect"]()
    return facts["state"] in ("inactive", "absent") or (
        facts["role"] != "manager" and bool(facts["run"])
    )


def _each(old, new):
    """Return ``{name: {"old", "new"}}`` of what differs; None means not there."""
    return {
        name: {"old": old.get(name), "new": new.get(name)}
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    }
