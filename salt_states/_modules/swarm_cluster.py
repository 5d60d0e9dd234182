# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: the settings of the cluster
==============================================

What holds for the whole cluster, read and changed on one of its managers: its settings, its join
tokens and its root CA. The functions belong to the name ``swarm``; autolock and the unlock key are in
``swarm_lock.py``.

A **duration** is a text such as ``90d``, ``36h`` or ``1m30s``, with the units ``d`` (24 hours),
``h``, ``m``, ``s``, ``ms``, ``us`` and ``ns``.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0
"""

from salt.exceptions import SaltInvocationError

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def cluster():
    """
    Return the settings and state of the whole cluster, without any secret.

    Returns a dict: ``id``, ``created``, ``updated`` (RFC 3339 texts), the settings in the names of
    :py:func:`swarm.cluster_update <cluster_update>` (durations as texts), ``autolock``, what is
    fixed for life (``default_addr_pool``: list of CIDRs, ``subnet_size``, ``data_path_port``),
    ``ca_digest`` (as in join tokens) and ``ca_rotating``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.cluster
    """
    found = __salt__["swarm_core.call"]("swarm_inspect")
    spec = found["Spec"]
    return {
        "id": found["ID"],
        "created": found["CreatedAt"],
        "updated": found["UpdatedAt"],
        **__salt__["swarm_settings.of_spec"](spec),
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
    Change settings of the cluster; settings that are not given stay as they are.

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
    patch = __salt__["swarm_settings.patch"](
        **{name: value for name, value in given.items() if name != "timeout"}
    )
    change = __salt__["swarm_core.core"]("cluster_update", patch, timeout=timeout)
    of_spec = __salt__["swarm_settings.of_spec"]
    return __salt__["swarm_settings.difference"](of_spec(change["old"]), of_spec(change["new"]))


def lock_show():
    """
    Return which run changes the cluster now: ``run``, ``what`` (the orchestration), ``holder`` (its
    master), ``since`` (UTC), ``ttl`` (seconds without a renewal after which another run may take it),
    ``count`` (renewals) and ``text`` (one line); an empty dict where none does.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.lock_show
    """
    return __salt__["swarm_core.core"]("lock_get") or {}


def lock_break(run=None):
    """
    Break the lock of a run that is dead. A run that lives stops at its next change.

    run
        The id of the run, as ``swarm.lock_show`` and the refusals name it: the lock of any other run stays.

    Returns whether the run had the lock.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.lock_break x7k2
    """
    if not run:
        raise SaltInvocationError(
            "run is required: swarm.lock_show names the one that has the lock"
        )
    return __salt__["swarm_core.core"]("lock_release", str(run))


def rotate_token(role=None, timeout=None):
    """
    Rotate a join token; the old one becomes invalid. Members are unaffected.

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
        raise SaltInvocationError(f"role must be worker or manager, not {role!r}")
    rotate = {f"rotate_{role}_token": True}
    __salt__["swarm_core.core"]("cluster_update", timeout=timeout, **rotate)
    return True


def rotate_ca(
    cert_file=None,
    key_file=None,
    key_pillar=None,
    key_sdb=None,
    timeout=None,
    cert_pillar=None,
    cert_sdb=None,
):
    """
    Rotate the root CA of the cluster, and wait until every node has a certificate of the new one.
    Both join tokens change with it; members stay members. A node that is down delays the rotation.

    cert_file, cert_pillar, cert_sdb
        Where the PEM certificate of a root of your own is; the engine makes one unless given.
    key_file, key_pillar, key_sdb
        Where the private key of that certificate is.
    timeout
        Seconds for the whole call (300). A rotation that takes longer goes on.

    Returns ``{"old": CA digest before, "new": CA digest after}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.rotate_ca
        salt manager1 swarm.rotate_ca cert_file=/root/ca.crt key_sdb=sdb://vault/swarm_ca
    """
    certs = {"cert_file": cert_file, "cert_pillar": cert_pillar, "cert_sdb": cert_sdb}
    keys = {"key_file": key_file, "key_pillar": key_pillar, "key_sdb": key_sdb}
    if any(certs.values()) != any(keys.values()):
        raise SaltInvocationError(
            f"a certificate ({', '.join(certs)}) and its key ({', '.join(keys)}) are given together"
        )
    before = _ca_digest()

    def rotate(key=None, cert=None):
        return __salt__["swarm_core.core"]("ca_rotate", cert=cert, key=key, timeout=timeout)

    if any(certs.values()):
        cert = __salt__["swarm_ca.given"](**certs, **keys)
        __salt__["swarm_core.secret"](lambda key: rotate(key, cert), **keys)
    else:
        rotate()
    return {"old": before, "new": _ca_digest()}


def _ca_digest():
    return __salt__["swarm.join_token"]("worker")["digest"]
