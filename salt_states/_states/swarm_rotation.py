# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: a new unlock key, once for each key of the operator's
========================================================================

The part of ``docker.rotate`` that is not a setting of the cluster. It belongs to the name ``swarm``.

:maturity: new
:depends: the execution module ``swarm``

.. versionadded:: 0.1.0
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError

# A label of the cluster, beside those of swarm.tokens_rotated and swarm.ca_rotated.
MARK = "saltext.swarm.unlock-key.key"
# From the rotation until the key is kept.
BEGUN = "saltext.swarm.unlock-key.begun"

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def unlock_key_rotated(name, key, key_file=None, key_sdb=None, timeout=None, **kwargs):
    """
    Ensure the unlock key was rotated for this key, and is kept where the operator says. Running
    managers fetch it from each other; one that was off may still need the old key. The next run
    completes an interrupted one, with the key that it made.

    name
        Any text.
    key
        Any text; the unlock key is rotated once for each new one, and when a watched state changed.
    key_file, key_sdb
        As for :py:func:`swarm.unlock_key <salt.modules.swarm_lock.unlock_key>`. The current key is
        stored there first, so that a place that accepts none is reported while that key is in force.
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
        __salt__["swarm_schema.require"](
            kwargs,
            key="" if key is None else key,
            key_file=key_file,
            key_sdb=key_sdb,
            timeout=timeout,
        )
        keep = {"timeout": timeout, **__salt__["swarm_key.place"](key_file, key_sdb)}
        cluster = __salt__["swarm.cluster"]()
        if not cluster["autolock"]:
            raise CommandExecutionError("autolock is off: there is no unlock key to rotate")
        last, key = cluster["labels"].get(MARK, ""), str(key)
        begun = cluster["labels"].get(BEGUN) == key
        watched = kwargs.get("sfun") == "unlock_key_rotated"
        if key == last and not begun and not watched:
            ret["comment"] = f"the unlock key was rotated for {key}"
            return ret
        changes = {"unlock key": {"old": last, "new": "rotated" if key == last else key}}
        if __opts__["test"]:
            ret.update(result=None, changes=changes, comment="the unlock key would be rotated")
            return ret
        if not begun:
            # A place that accepts no key is reported while the old one is in force.
            __salt__["swarm.unlock_key"](**keep)
            # In one update: where a run is cut off, the next one keeps the key that this one made.
            labels = {BEGUN: key}
            __salt__["swarm_core.core"](
                "cluster_update", {"Labels": labels}, rotate_unlock_key=True, timeout=timeout
            )
        ret["changes"] = changes
        __salt__["swarm.unlock_key"](**keep)
        __salt__["swarm.cluster_update"](labels={MARK: key, BEGUN: None}, timeout=timeout)
        ret["comment"] = f"rotated the unlock key; the new one is in {key_file or key_sdb}"
    except (CommandExecutionError, SaltInvocationError) as exc:
        ret.update(result=False, comment=str(exc))
    return ret
