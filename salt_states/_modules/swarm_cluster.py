"""
Docker swarm mode: the settings of the cluster
==============================================

What holds for the whole cluster, read and changed on one of its managers: its settings and its join
tokens. The functions belong to the name ``swarm``; autolock and the unlock key are in
``swarm_lock.py``, the CA is in ``swarm_ca.py``.

A **duration** is a text such as ``90d``, ``36h`` or ``1m30s``, with the units ``d`` (24 hours),
``h``, ``m``, ``s``, ``ms``, ``us`` and ``ns``.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0
"""

from salt.exceptions import SaltInvocationError
from salt.utils.args import clean_kwargs

__virtualname__ = "swarm"

# The states' own marks among the labels.
OWN = "saltext.swarm."

# Our name of a setting: its place in the engine's spec, and what it is. Name and TaskDefaults are
# not here: the engine takes no name but "default" (swarmkit: validateClusterSpec), and no task
# defaults at all (moby: daemon/cluster/convert/swarm.go).
SETTINGS = {
    "labels": ((), "Labels", "labels"),
    "task_history_retention_limit": (("Orchestration",), "TaskHistoryRetentionLimit", "number"),
    "snapshot_interval": (("Raft",), "SnapshotInterval", "number"),
    "keep_old_snapshots": (("Raft",), "KeepOldSnapshots", "number"),
    "log_entries_for_slow_followers": (("Raft",), "LogEntriesForSlowFollowers", "number"),
    "heartbeat_tick": (("Raft",), "HeartbeatTick", "number"),
    "election_tick": (("Raft",), "ElectionTick", "number"),
    "heartbeat_period": (("Dispatcher",), "HeartbeatPeriod", "duration"),
    "node_cert_expiry": (("CAConfig",), "NodeCertExpiry", "duration"),
    "external_cas": (("CAConfig",), "ExternalCAs", "authorities"),
}
# What a new swarm alone can have otherwise, and the key of pillar swarm that gives it to one.
FIXED = {
    "default_addr_pool": "address_pool",
    "subnet_size": "subnet_size",
    "data_path_port": "data_path_port",
}
AUTHORITY = {"protocol": "Protocol", "url": "URL", "options": "Options", "ca_cert": "CACert"}


def __virtual__():
    return __virtualname__


def cluster():
    """
    What holds for the whole cluster, without any secret.

    Returns a dict: ``id``, ``created``, ``updated`` (RFC 3339 texts), the settings in the names of
    :py:func:`swarm.cluster_update <cluster_update>` (durations as texts), ``autolock``, what is
    fixed for life (``default_addr_pool``: list of CIDRs, ``subnet_size``, ``data_path_port``),
    ``ca_digest`` (as in join tokens) and ``ca_rotating``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.cluster
    """
    found = __salt__["swarm.call"]("swarm_inspect")
    spec = found["Spec"]
    return {
        "id": found["ID"],
        "created": found["CreatedAt"],
        "updated": found["UpdatedAt"],
        **_settings(spec),
        "autolock": bool((spec.get("EncryptionConfig") or {}).get("AutoLockManagers")),
        "default_addr_pool": list(found.get("DefaultAddrPool") or []),
        "subnet_size": found.get("SubnetSize") or 0,
        "data_path_port": found.get("DataPathPort") or 0,
        "ca_digest": _ca_digest(),
        "ca_rotating": bool(found.get("RootRotationInProgress")),
    }


def cluster_update(
    labels=None,
    task_history_retention_limit=None,
    snapshot_interval=None,
    keep_old_snapshots=None,
    log_entries_for_slow_followers=None,
    heartbeat_tick=None,
    election_tick=None,
    heartbeat_period=None,
    node_cert_expiry=None,
    external_cas=None,
    timeout=None,
):
    """
    Change settings of the cluster; what is not given stays as it is.

    labels
        ``{name: value}``, merged into the cluster's; a value of ``None`` removes the label.
    task_history_retention_limit
        How many finished tasks of a slot are kept.
    snapshot_interval, keep_old_snapshots, log_entries_for_slow_followers
        Of the raft log: entries between snapshots, snapshots kept beside the newest, entries kept
        for managers that lag.
    heartbeat_tick, election_tick
        Of the raft group: seconds between the leader's heartbeats, and without one until an
        election; the second is several times the first (1 and 10 in a fresh cluster).
    heartbeat_period
        Duration: how often a node reports to the managers.
    node_cert_expiry
        Duration: for how long a node's certificate holds; one hour or longer.
    external_cas
        List of ``{protocol, url, options, ca_cert}`` (``ca_cert`` is a PEM certificate) that sign
        in the cluster's place; it replaces the list that is there.
    timeout
        Seconds for the whole call (60).

    Returns ``{"old": {changed setting: before}, "new": {changed setting: after}}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.cluster_update node_cert_expiry=30d labels='{site: north}'
    """
    given = locals()
    patch = _patch({name: given[name] for name in SETTINGS})
    change = __salt__["swarm.core"]("cluster_update", patch, timeout=timeout)
    return _difference(_settings(change["old"]), _settings(change["new"]))


def cluster_diff(**settings):
    """
    What :py:func:`swarm.cluster_update <cluster_update>` with these settings would change, in the
    same form. Nothing is changed.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.cluster_diff node_cert_expiry=30d
    """
    given = _known(clean_kwargs(**settings), [*SETTINGS, "labels_exact"])
    exact = given.pop("labels_exact", False)
    wanted = _settings(_patch(given))
    old = _settings(__salt__["swarm.call"]("swarm_inspect")["Spec"])
    new = {**old, **{name: wanted[name] for name in given}}
    gone = [name for name in old["labels"] if exact and not name.startswith(OWN)]
    merged = {**old["labels"], **dict.fromkeys(gone), **wanted["labels"]}
    new["labels"] = {name: value for name, value in merged.items() if value is not None}
    return _difference(old, new)


def _known(settings, names):
    """Of a function's ``**settings`` those that are given and right."""
    unknown = [name for name in settings if name not in names]
    known = {name: settings.get(name) for name in names}
    __salt__["swarm_schema.require"](unknown, **known)
    return {name: value for name, value in settings.items() if value is not None}


def cluster_drift(swarm=None, **settings):
    """
    Which of these settings the cluster has otherwise.

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

        salt manager1 swarm.cluster_drift
        salt manager1 swarm.cluster_drift node_cert_expiry=30d
    """
    # Salt adds its own arguments to those of a job.
    settings = clean_kwargs(**settings) or _of_pillar(swarm)
    given = _known(settings, [*SETTINGS, *FIXED, "labels_exact"])
    fixed = {name: given.pop(name) for name in FIXED if name in given}
    ret = {"changes": {}, "fixed": {}, "later": bool(__opts__["test"] and _will_manage())}
    if given and not ret["later"]:
        diff = cluster_diff(**given)
        ret["changes"] = _each(diff["old"], diff["new"])
        if "labels" in diff["new"]:
            ret["changes"]["labels"] = _each(diff["old"]["labels"], diff["new"]["labels"])
    if fixed and not ret["later"]:
        there = cluster()
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
    """In test mode: a host outside a swarm, or one that this bootstrap would make a manager."""
    facts = __salt__["swarm_facts.collect"]()
    return facts["state"] in ("inactive", "absent") or (
        facts["role"] != "manager" and bool(facts["run"])
    )


def _each(old, new):
    """``{name: {"old", "new"}}`` of what differs; None stands for what is not there."""
    return {
        name: {"old": old.get(name), "new": new.get(name)}
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    }


def rotate_token(role=None, timeout=None):
    """
    Make a new join token; the old one does not join any more. Nodes that are in stay in.

    role
        ``worker`` or ``manager``.
    timeout
        Seconds for the whole call (60).

    Returns ``True``, never the token; :py:func:`swarm.join_token <join_token>` may show it.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.rotate_token worker
    """
    if role not in ("worker", "manager"):
        raise SaltInvocationError(f"the role is worker or manager, not {role!r}")
    rotate = {f"rotate_{role}_token": True}
    __salt__["swarm.core"]("cluster_update", timeout=timeout, **rotate)
    return True


def _ca_digest():
    return __salt__["swarm.join_token"]("worker")["digest"]


def nanoseconds(duration=None):
    """
    A duration in nanoseconds, as the engine has it; what is a number already, as a number.

    duration
        Such as ``90d`` or ``1m30s``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.nanoseconds 90d
    """
    return __salt__["swarm_schema.nanoseconds"](duration)


# --- the spec in our names, and back -------------------------------------------------------------


def _settings(spec):
    """A cluster's spec in our names; the engine leaves out what is zero or empty."""
    read = {
        "labels": lambda value: dict(value or {}),
        "number": lambda value: value or 0,
        "duration": lambda value: __salt__["swarm_schema.duration"](value or 0),
        "authorities": lambda value: [_authority(one) for one in value or []],
    }
    return {
        name: read[kind](_parent(spec, path).get(field))
        for name, (path, field, kind) in SETTINGS.items()
    }


def _parent(spec, path):
    for key in path:
        spec = spec.get(key) or {}
    return spec


def _authority(one):
    return {name: one[field] for name, field in AUTHORITY.items() if one.get(field)}


def _patch(given):
    """Settings in our names as a merge patch of the engine's spec."""
    __salt__["swarm_schema.require"](**given)
    patch = {}
    for name, value in given.items():
        if value is None:
            continue
        path, field, kind = SETTINGS[name]
        parent = patch
        for key in path:
            parent = parent.setdefault(key, {})
        parent[field] = _written(kind, value)
    if not patch:
        raise SaltInvocationError(f"nothing to change: give one of {', '.join(SETTINGS)}")
    return patch


def _written(kind, value):
    """A value as the engine takes it."""
    if kind == "duration":
        return nanoseconds(value)
    if kind == "labels":
        return __salt__["swarm.label_texts"](value)
    if kind == "authorities":
        return [{AUTHORITY[key]: one[key] for key in one} for one in value]
    return value


def _difference(old, new):
    names = [name for name in old if old[name] != new[name]]
    return {"old": {name: old[name] for name in names}, "new": {name: new[name] for name in names}}
