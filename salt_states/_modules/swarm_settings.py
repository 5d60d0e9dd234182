# SPDX-License-Identifier: Apache-2.0
"""
Settings in our names, and as the engine has them
=================================================

The cluster's settings and the labels of nodes and clusters, from the words of pillar and arguments to
the engine's spec and back. The functions are pure: they ask neither engine nor mine.

:maturity: new
:depends: the execution module ``swarm_schema``

.. versionadded:: 0.1.0
"""

from salt.exceptions import SaltInvocationError
from salt.utils.args import clean_kwargs

__virtualname__ = "swarm_settings"

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
AUTHORITY = {"protocol": "Protocol", "url": "URL", "options": "Options", "ca_cert": "CACert"}


def __virtual__():
    return __virtualname__


def label_texts(labels=None):
    """
    Return labels as the engine accepts them: ``{name: string, or None for a label to remove}``.

    labels
        ``{name: text, whole number or None}``; anything else is an error.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_settings.label_texts '{rack: 17}'
    """
    if labels is None:
        raise SaltInvocationError("labels must be a dictionary of names and values")
    __salt__["swarm_schema.require"](labels=labels)
    return {str(name): value if value is None else str(value) for name, value in labels.items()}


def given(settings=None, also=()):
    """
    Return those of these cluster settings that have a value; all mistakes in them are one error.

    settings
        ``{name: value}`` in the names of the state ``swarm.cluster``; ``None`` is not given.
    also
        Names beside those of the settings.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_settings.given '{node_cert_expiry: 30d}'
    """
    settings = settings or {}
    names = [*SETTINGS, *also, "labels_exact"]
    unknown = [name for name in settings if name not in names]
    __salt__["swarm_schema.require"](unknown, **{name: settings.get(name) for name in names})
    return {name: value for name, value in settings.items() if value is not None}


def of_spec(spec=None):
    """
    Return the settings of a cluster's spec, in our names; the engine leaves out what is zero or
    empty.

    spec
        The engine's ``Spec`` of the cluster, as a dictionary.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_settings.of_spec '{}'
    """
    if not isinstance(spec, dict):
        raise SaltInvocationError("spec must be a dictionary: the Spec of a cluster")
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


def patch(**settings):
    """
    Return a merge patch of the engine's spec for these settings, in our names; ``None`` is not
    given.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_settings.patch node_cert_expiry=30d
    """
    settings = given(clean_kwargs(**settings))
    ret = {}
    for name, (path, field, kind) in SETTINGS.items():
        if name not in settings:
            continue
        parent = ret
        for key in path:
            parent = parent.setdefault(key, {})
        parent[field] = _written(kind, settings[name])
    if not ret:
        raise SaltInvocationError(f"nothing to change: give one of {', '.join(SETTINGS)}")
    return ret


def _written(kind, value):
    """Return a value as the engine accepts it."""
    if kind == "duration":
        return __salt__["swarm_schema.nanoseconds"](value)
    if kind == "labels":
        return label_texts(value)
    if kind == "authorities":
        return [{AUTHORITY[key]: one[key] for key in one} for one in value]
    return value


def difference(old=None, new=None):
    """
    Return what differs between two sets of settings: ``{"old": {name: value}, "new": {name:
    value}}``.

    old, new
        As :py:func:`swarm_settings.of_spec <of_spec>` returns them.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_settings.difference '{subnet_size: 24}' '{subnet_size: 25}'
    """
    names = [name for name in old if old[name] != new[name]]
    return {"old": {name: old[name] for name in names}, "new": {name: new[name] for name in names}}
