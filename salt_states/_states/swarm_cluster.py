# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: the settings, tokens and keys of the cluster
===============================================================

What holds for the whole cluster. The states belong to the name ``swarm``, and run on a manager: on
one alone, since two that rotate at the same moment would both do it. No state returns, logs or
labels a token or key.

:maturity: new
:depends: the execution module ``swarm``

.. versionadded:: 0.1.0

What was rotated last is in labels of the cluster, which ``docker info`` does not show and
``swarm.cluster`` does: ``saltext.swarm.worker-token.key`` and ``.rotated``,
``saltext.swarm.manager-token.key`` and ``.rotated``, ``saltext.swarm.ca.key`` and ``.from``, and
``saltext.swarm.ca.cert``, the fingerprint of a root CA of one's own. A key is any text, such as
``2026-11``, and no secret.

A state that watches another one **rotates** when that one changed: a token, the CA, the unlock key.
So ``watch`` is the way to rotate after a host was removed. ``cluster`` and ``unlocked`` have nothing
to add to their own comparison then.
"""

import calendar
import contextlib
import os
import stat
import time

from salt.exceptions import CommandExecutionError, SaltInvocationError

LABEL = "saltext.swarm"
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S"

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


def _would(ret, changes, comment):
    ret.update(result=None, changes=changes, comment=comment)


# --- settings -------------------------------------------------------------------------------------


def cluster(
    name,
    labels=None,
    labels_exact=False,
    task_history_retention_limit=None,
    snapshot_interval=None,
    keep_old_snapshots=None,
    log_entries_for_slow_followers=None,
    heartbeat_tick=None,
    election_tick=None,
    heartbeat_period=None,
    node_cert_expiry=None,
    external_cas=None,
    default_addr_pool=None,
    subnet_size=None,
    data_path_port=None,
    timeout=None,
    **kwargs,
):
    """
    Ensure the cluster has these settings. Settings that are not given stay as they are.

    name
        Any text.
    labels
        ``{name: value}``, merged into the cluster's; a value of ``null`` removes the label.
    labels_exact
        ``True``: the cluster has no other labels than these, except for the states' own marks.
    task_history_retention_limit, snapshot_interval, keep_old_snapshots, heartbeat_tick, election_tick
        As for :py:func:`swarm.cluster_update <salt.modules.swarm_cluster.cluster_update>`.
    heartbeat_period, node_cert_expiry, log_entries_for_slow_followers, external_cas
        The same; the first two are durations such as ``5s`` and ``90d``.
    default_addr_pool, subnet_size, data_path_port
        Fixed for the life of a cluster: where they differ the state is still true, and warns.
    timeout
        Seconds for the change (60).

    Autolock is a setting with a secret, and has a state of its own, ``swarm.autolocked``.

    .. code-block:: yaml

        settings of the swarm:
          swarm.cluster:
            - node_cert_expiry: 30d
            - heartbeat_period: 5s
            - task_history_retention_limit: 3
            - labels:
                site: north
    """
    settings = dict(
        labels=labels,
        labels_exact=labels_exact or None,
        task_history_retention_limit=task_history_retention_limit,
        snapshot_interval=snapshot_interval,
        keep_old_snapshots=keep_old_snapshots,
        log_entries_for_slow_followers=log_entries_for_slow_followers,
        heartbeat_tick=heartbeat_tick,
        election_tick=election_tick,
        heartbeat_period=heartbeat_period,
        node_cert_expiry=node_cert_expiry,
        external_cas=external_cas,
        default_addr_pool=default_addr_pool,
        subnet_size=subnet_size,
        data_path_port=data_path_port,
    )
    return _has_settings(name, settings, timeout, kwargs)


def settings_by_pillar(name, timeout=None, **kwargs):
    """
    Ensure the cluster has the settings of pillar ``swarm:cluster``. The last step of
    ``docker.bootstrap`` does it on one manager. It warns if the cluster was created with another
    ``address_pool``, ``subnet_size`` or ``data_path_port`` than pillar's.

    name
        Any text.
    timeout
        Seconds for the change (60).

    .. code-block:: yaml

        settings as pillar has them:
          swarm.settings_by_pillar: []
    """
    return _has_settings(name, {}, timeout, kwargs)


def _has_settings(name, settings, timeout, more):
    """Return the state of these settings; of pillar's, if none are given."""
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](more, timeout=timeout, **settings)
        drift = __salt__["swarm_drift.cluster_drift"](**settings)
        changes = drift["changes"]
        if drift["fixed"]:
            ret["warnings"] = [
                f"{key} is {one['old']}, not {one['new']}: it is fixed for the life of a cluster,"
                " and only a new one can have another"
                for key, one in drift["fixed"].items()
            ]
        if drift["later"]:
            ret["comment"] = "this host manages no cluster yet; the settings would be compared then"
        elif not changes:
            ret["comment"] = "the settings of the cluster are as they should be"
        elif __opts__["test"]:
            _would(ret, changes, "settings of the cluster would be changed")
        else:
            __salt__["swarm.cluster_update"](timeout=timeout, **_new_settings(changes))
            ret.update(changes=changes, comment="changed settings of the cluster")
            left = __salt__["swarm_drift.cluster_drift"](**settings)["changes"]
            if left:
                raise CommandExecutionError(
                    "the settings were overwritten by a concurrent change:"
                    f" {', '.join(sorted(left))} differ again"
                )
    return ret


def _new_settings(changes):
    """Return changes as the arguments of ``swarm.cluster_update``."""
    labels = {name: one["new"] for name, one in changes.get("labels", {}).items()}
    settings = {name: one["new"] for name, one in changes.items() if name != "labels"}
    return {**settings, "labels": labels} if labels else settings


# --- join tokens ----------------------------------------------------------------------------------


def tokens_rotated(name, role, key=None, older_than=None, timeout=None, **kwargs):
    """
    Ensure the join token of a role was rotated for this key, or within this time. Existing members
    are unaffected.

    name
        Any text.
    role
        ``worker`` or ``manager``.
    key
        Any text; the token is rotated once for each new one.
    older_than
        Duration such as ``90d``: the token is rotated when this state last did so that long ago, or
        never and the cluster is older.
    timeout
        Seconds for the change (60).

    With neither it is rotated only when a watched state changed.

    .. code-block:: yaml

        worker token:
          swarm.tokens_rotated:
            - role: worker
            - older_than: 90d
            - watch:
              - swarm: hosts that are gone
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](
            kwargs, role=role or "", key=key, older_than=older_than, timeout=timeout
        )
        key = None if key is None else str(key)
        cluster_ = __salt__["swarm.cluster"]()
        mark = f"{LABEL}.{role}-token"
        last_key = cluster_["labels"].get(f"{mark}.key", "")
        last = cluster_["labels"].get(f"{mark}.rotated") or cluster_["created"]
        wanted = _watched(kwargs, "tokens_rotated") or key not in (None, last_key)
        if not wanted and not (older_than is not None and _age(last) > _seconds(older_than)):
            ret["comment"] = f"the {role} token is of {last}"
            return ret
        changes = {f"{role} token": {"old": f"of {last}", "new": "rotated"}}
        if key not in (None, last_key):
            changes["key"] = {"old": last_key, "new": key}
        if __opts__["test"]:
            _would(ret, changes, f"the {role} token would be rotated")
            return ret
        labels = {f"{mark}.rotated": time.strftime(f"{TIME_FORMAT}Z", time.gmtime())}
        if key is not None:
            labels[f"{mark}.key"] = key
        # Token and mark in one update: neither is there without the other.
        rotate = {f"rotate_{role}_token": True}
        __salt__["swarm_core.core"]("cluster_update", {"Labels": labels}, timeout=timeout, **rotate)
        ret.update(changes=changes, comment=f"rotated the {role} token")
    return ret


def _watched(kwargs, function):
    """Return whether mod_watch calls, because a watched state changed."""
    return kwargs.get("sfun") == function


def _seconds(duration):
    return __salt__["swarm_schema.nanoseconds"](duration) / 1e9


def _age(moment):
    """Return the seconds since an RFC 3339 time in UTC, as the engine and the labels write it."""
    try:
        return time.time() - calendar.timegm(time.strptime(moment[:19], TIME_FORMAT))
    except ValueError:
        raise CommandExecutionError(
            f"a label {LABEL}.… of the cluster is not a time: {moment!r}; remove it"
        ) from None


# --- autolock and the unlock key ------------------------------------------------------------------


def autolocked(name, enable=True, key_file=None, key_sdb=None, timeout=None, **kwargs):
    """
    Ensure autolock is on, and the unlock key of the cluster is kept in this one place and nowhere
    else.

    name
        Any text.
    enable
        ``False``: autolock is off; a key that was kept is void then, and stays where it is.
    key_file
        Absolute path on this minion; its owner alone may read the file.
    key_sdb
        An ``sdb://`` URL.
    timeout
        Seconds for the change (60).

    When a watched state changed, a new key is made and kept.

    .. code-block:: yaml

        managers lock themselves:
          swarm.autolocked:
            - key_sdb: sdb://vault/swarm_unlock
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](
            kwargs, enable=enable, key_file=key_file, key_sdb=key_sdb, timeout=timeout
        )
        place = __salt__["swarm_key.place"](key_file, key_sdb) if enable else {}
        on = __salt__["swarm.cluster"]()["autolock"]
        changes = {} if on == enable else {"autolock": {"old": on, "new": enable}}
        rotate = on and enable and _watched(kwargs, "autolocked")
        if rotate:
            changes["unlock key"] = {"old": "kept", "new": "rotated"}
        elif enable and not (on and _is_kept(place)):
            changes["unlock key"] = {"old": "", "new": f"kept in {key_file or key_sdb}"}
        if not changes:
            kept = f", its key is kept in {key_file or key_sdb}" if enable else ""
            ret["comment"] = f"autolock is {'on' if on else 'off'}{kept}"
        elif __opts__["test"]:
            _would(ret, changes, "autolock or its key would be changed")
        else:
            _keep(on, enable, rotate, place, timeout)
            ret.update(changes=changes, comment="changed autolock or its key")
            if enable and not _is_kept(place):
                raise CommandExecutionError(
                    f"the key was kept in {key_file or key_sdb}, but another one is read there"
                )
    return ret


def _is_kept(place):
    """Return whether the key of the cluster is there; a file must be readable only by its owner."""
    if not __salt__["swarm_key.is_kept"](**place):
        return False
    path = place.get("key_file")
    return not path or not os.stat(path).st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def _keep(on, enable, rotate, place, timeout):
    if not enable:
        __salt__["swarm.autolock"](False, timeout=timeout)
    elif rotate:
        __salt__["swarm.rotate_unlock_key"](timeout=timeout, **place)
    elif on:
        __salt__["swarm.unlock_key"](timeout=timeout, **place)
    else:
        __salt__["swarm.autolock"](True, timeout=timeout, **place)


def unlocked(name, key_file=None, key_sdb=None, key_pillar=None, timeout=None, **kwargs):
    """
    Ensure this host is not locked. With autolock a manager locks itself when docker starts.

    name
        Any text.
    key_file, key_sdb, key_pillar
        Where the unlock key is; give one: a path on this minion, an ``sdb://`` URL, or a pillar key,
        such as one that the gpg renderer opens.
    timeout
        Seconds for the whole call (120).

    .. code-block:: yaml

        this manager:
          swarm.unlocked:
            - key_pillar: swarm_keys:unlock
    """
    ret = _new(name)
    with _reported(ret):
        sources = {"key_file": key_file, "key_sdb": key_sdb, "key_pillar": key_pillar}
        __salt__["swarm_schema.require"](kwargs, timeout=timeout, **sources)
        state = __salt__["swarm.info"]()["state"]
        if state != "locked":
            ret["comment"] = f"the swarm on this host is {state}, not locked"
            return ret
        sources = {source: value for source, value in sources.items() if value}
        if len(sources) != 1:
            raise SaltInvocationError("give exactly one of key_file, key_sdb or key_pillar")
        changes = {"swarm": {"old": "locked", "new": "active"}}
        if __opts__["test"]:
            _would(ret, changes, "this host would be unlocked")
            return ret
        __salt__["swarm.unlock"](timeout=timeout, **sources)
        after = __salt__["swarm.info"]()["state"]
        if after != "active":
            raise CommandExecutionError(f"docker accepted the key, but this host is still {after}")
        ret.update(changes=changes, comment="this host is unlocked")
    return ret


# --- the CA ---------------------------------------------------------------------------------------


def ca_rotated(name, key=None, timeout=None, **kwargs):
    """
    Ensure the cluster's root CA was rotated for this key, and every node has a certificate of it.
    Both join tokens change with it. An interrupted rotation is waited for, not repeated.

    name
        Any text.
    key
        Any text; the CA is rotated once for each new one. Without it only when a watched state
        changed.
    timeout
        Seconds until every node has its certificate (300). Where they pass, the rotation goes on;
        run again to wait for it. A node that is down holds it up.

    .. code-block:: yaml

        the CA of the swarm:
          swarm.ca_rotated:
            - key: 2026-11
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](kwargs, key=key, timeout=timeout)
        key = None if key is None else str(key)
        cluster_ = __salt__["swarm.cluster"]()
        labels, digest = cluster_["labels"], cluster_["ca_digest"]
        begun = key is not None and labels.get(f"{LABEL}.ca.key") == key
        under_way = begun and cluster_["ca_rotating"]
        done = key is None or (begun and not under_way and labels.get(f"{LABEL}.ca.from") != digest)
        if done and not _watched(kwargs, "ca_rotated"):
            ret["comment"] = f"the CA has the digest {digest}"
            return ret
        changes = {"ca": {"old": digest, "new": "rotated"}}
        if key is not None and not begun:
            changes["key"] = {"old": labels.get(f"{LABEL}.ca.key", ""), "new": key}
        if __opts__["test"]:
            _would(ret, changes, "the CA would be rotated")
            return ret
        if under_way:
            _wait_for_ca(timeout)
        else:
            if key is not None:
                # Before the rotation, with the root that it replaces: what was cut off shows.
                mark = {f"{LABEL}.ca.key": key, f"{LABEL}.ca.from": digest}
                __salt__["swarm.cluster_update"](labels=mark, timeout=timeout)
            __salt__["swarm.rotate_ca"](timeout=timeout)
        after = __salt__["swarm.cluster"]()
        if after["ca_rotating"] or after["ca_digest"] == digest:
            raise CommandExecutionError("docker finished the rotation, but the CA is unchanged")
        ret.update(changes=changes, comment=f"the CA now has the digest {after['ca_digest']}")
    return ret


def _wait_for_ca(timeout):
    if not __salt__["swarm_ca.settled"](timeout):
        raise CommandExecutionError(
            "the rotation of the CA that an earlier run began goes on: see swarm.node_ls for nodes"
            " that are down, then run again"
        )


def ca(
    name,
    cert_file=None,
    key_file=None,
    cert_pillar=None,
    cert_sdb=None,
    key_pillar=None,
    key_sdb=None,
    timeout=None,
    **kwargs,
):
    """
    Ensure the cluster's root CA is this certificate, and every node has a certificate of it. Both
    join tokens change with it. A rotation that was interrupted is waited for, not done twice.

    name
        Any text.
    cert_file, cert_pillar, cert_sdb
        Where the PEM certificate of the root CA is; give one: a path on this minion, a pillar key, or
        an ``sdb://`` URL.
    key_file, key_pillar, key_sdb
        Where the private key of that certificate is. The key goes to the engine alone: it is in no
        return, label or log.
    timeout
        Seconds until every node has its certificate (300). After that the rotation goes on; run again
        to wait for it. A node that is down holds it up.

    .. code-block:: yaml

        our own CA:
          swarm.ca:
            - cert_file: /etc/swarm-ca/root.crt
            - key_pillar: swarm_ca:key
    """
    ret = _new(name)
    with _reported(ret):
        cert = {"cert_file": cert_file, "cert_pillar": cert_pillar, "cert_sdb": cert_sdb}
        key = {"key_file": key_file, "key_pillar": key_pillar, "key_sdb": key_sdb}
        __salt__["swarm_schema.require"](kwargs, timeout=timeout, **cert, **key)
        found = __salt__["swarm_ca.diff"](**cert, **key)
        if found["old"] == found["new"] and not found["rotating"]:
            ret["comment"] = f"the root CA is this certificate ({found['new']})"
            return ret
        changes = {"root ca": {"old": found["old"], "new": found["new"]}}
        if __opts__["test"]:
            _would(ret, changes, "the root CA would be replaced")
            return ret
        # The engine does not say which root a rotation leads to.
        begun = __salt__["swarm.cluster"]()["labels"].get(f"{LABEL}.ca.cert") == found["new"]
        if found["rotating"] and begun:
            _wait_for_ca(timeout)
        else:
            mark = {f"{LABEL}.ca.cert": found["new"]}
            __salt__["swarm.cluster_update"](labels=mark, timeout=timeout)
            __salt__["swarm.rotate_ca"](timeout=timeout, **cert, **key)
        after = __salt__["swarm_ca.diff"](**cert, **key)
        if after["rotating"] or after["old"] != found["new"]:
            raise CommandExecutionError(
                "docker finished the rotation, but the root CA is not this certificate"
            )
        ret.update(changes=changes, comment=f"the root CA is now this certificate ({after['old']})")
    return ret
