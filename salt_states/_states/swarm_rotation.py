"""
Docker swarm mode: a new unlock key, once for each key of the operator's
========================================================================

The part of ``docker.rotate`` that is no setting of the cluster. It belongs to the name ``swarm``.

:maturity: new
:depends: the execution module ``swarm``

.. versionadded:: 0.1.0
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError

# A label of the cluster, beside those of swarm.tokens_rotated and swarm.ca_rotated.
MARK = "saltext.swarm.unlock-key.key"

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def unlock_key_rotated(name, key, key_file=None, key_sdb=None, timeout=None, **kwargs):
    """
    The unlock key was made anew for this key, and is kept where the operator says. Managers that
    run fetch it from each other; one that was off then may want the old key.

    name
        Any text.
    key
        Any text; the unlock key is rotated once for each new one.
    key_file, key_sdb
        As for :py:func:`swarm.rotate_unlock_key <salt.modules.swarm_lock.rotate_unlock_key>`.
    timeout
        Seconds for the change (60).

    .. code-block:: yaml

        a new unlock key:
          swarm.unlock_key_rotated:
            - key: 2026-11
            - key_file: /root/swarm-unlock.key
    """
    ret = {"name": name, "result": True, "changes": {}, "comment": ""}
    try:
        if bool(key_file) == bool(key_sdb):
            raise SaltInvocationError("give key_file or key_sdb, where the unlock key is kept")
        cluster = __salt__["swarm.cluster"]()
        if not cluster["autolock"]:
            raise CommandExecutionError("autolock is off: there is no unlock key to rotate")
        last, key = cluster["labels"].get(MARK, ""), str(key)
        if key == last:
            ret["comment"] = f"the unlock key was rotated for {key}"
            return ret
        ret["changes"] = {"unlock key": {"old": last, "new": key}}
        if __opts__["test"]:
            ret.update(result=None, comment="the unlock key would be rotated")
            return ret
        __salt__["swarm.rotate_unlock_key"](key_file=key_file, key_sdb=key_sdb, timeout=timeout)
        __salt__["swarm.cluster_update"](labels={MARK: key})
        ret["comment"] = f"rotated the unlock key; the new one is in {key_file or key_sdb}"
    except (CommandExecutionError, SaltInvocationError) as exc:
        ret.update(result=False, changes={}, comment=str(exc))
    return ret
