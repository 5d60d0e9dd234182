# SPDX-License-Identifier: Apache-2.0
"""
Where the unlock key is kept
============================

Whether a place can hold the unlock key of the cluster, and whether the key there is the one in force.
Nothing is written; ``swarm_lock.py`` puts keys there.

:maturity: new
:depends: the execution modules ``swarm_core`` and ``swarm_schema``

.. versionadded:: 0.1.0
"""

import hmac

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm_key"


def __virtual__():
    return __virtualname__


def is_kept(key_file=None, key_sdb=None, key_pillar=None, timeout=None):
    """
    Return whether the key that is kept there is the cluster's current unlock key. Neither key is
    returned.

    key_file, key_sdb, key_pillar
        Where it is kept: a path on this minion, an ``sdb://`` URL, or a pillar key. What is not
        there is no key.
    timeout
        Seconds for the call (60).

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_key.is_kept key_file=/root/swarm.key
    """
    sources = {"key_file": key_file, "key_sdb": key_sdb, "key_pillar": key_pillar}
    if len([value for value in sources.values() if value]) != 1:
        raise SaltInvocationError(f"give exactly one of {', '.join(sources)}")
    kept = []
    try:
        __salt__["swarm_core.secret"](kept.append, **sources)
    except CommandExecutionError:
        return False

    def same(key):
        return hmac.compare_digest(kept[0].encode(), key.encode())

    return __salt__["swarm_core.core"]("unlock_key", into=same, timeout=timeout)


def place(key_file=None, key_sdb=None):
    """
    Return where to keep an unlock key, as an argument of the functions of ``swarm_lock.py``:
    ``{"key_file": path}`` or ``{"key_sdb": URL}``. The place is not read; an impossible one is an
    error.

    key_file, key_sdb
        One of them.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_key.place key_file=/root/swarm.key
    """
    if bool(key_file) == bool(key_sdb):
        raise SaltInvocationError("give key_file or key_sdb, where the unlock key is to be kept")
    __salt__["swarm_schema.require"](key_file=key_file, key_sdb=key_sdb)
    return {"key_sdb": key_sdb} if key_sdb else {"key_file": key_file}
