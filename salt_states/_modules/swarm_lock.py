# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: autolock and the unlock key
==============================================

With autolock on, a manager whose docker restarts stays locked until the unlock key is given to it.
The key is a secret: no function returns it, unless asked for it by ``show=True``; the others put it
where the operator says. The functions run on a manager, and belong to the name ``swarm``;
``swarm.unlock`` is in ``swarm.py``.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0

Where a key may be kept; exactly one is given:

key_file
    Absolute path on this minion. The file is replaced as a whole, and its owner alone may read it.
    On the disk of a manager it opens what it locks: take it elsewhere.
key_sdb
    An ``sdb://`` URL. What its driver takes is read back at once; that it lasts longer than this job
    cannot be checked, and with Salt's driver ``env`` it does not.
show
    ``True``: it is returned, in clear. It is then in the job cache, on the event bus and in the
    minion's log.
"""

import contextlib
import os
import tempfile

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def autolock(enable=True, key_file=None, key_sdb=None, show=False, timeout=None):
    """
    Switch autolock on or off. On a cluster that has it already, the key stays as it is.

    enable
        ``True`` or ``False``. Switched off, the key is void.
    key_file, key_sdb, show
        Where the key goes; one of them is needed to switch it on.
    timeout
        Seconds for the whole call (60).

    Returns ``{"old": …, "new": …, "key": where it is kept, or the key itself}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.autolock True key_sdb=sdb://vault/swarm_unlock
    """
    if not isinstance(enable, bool):
        raise SaltInvocationError(f"enable must be True or False, not {enable!r}")
    if not enable:
        return dict(_switch(False, timeout), key="")
    with _sink(key_file, key_sdb, show) as keep:
        change = _switch(True, timeout)
        key = __salt__["swarm_core.core"]("unlock_key", into=keep, timeout=timeout)
        return dict(change, key=key)


def _switch(enable, timeout):
    patch = {"EncryptionConfig": {"AutoLockManagers": enable}}
    change = __salt__["swarm_core.core"]("cluster_update", patch, timeout=timeout)
    return {
        side: bool((change[side].get("EncryptionConfig") or {}).get("AutoLockManagers"))
        for side in ("old", "new")
    }


def unlock_key(key_file=None, key_sdb=None, show=False, timeout=None):
    """
    Store the unlock key of the cluster, or show it.

    key_file, key_sdb, show
        Where the key goes.
    timeout
        Seconds for the whole call (60).

    Returns ``{"key": where it is kept, or the key itself}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.unlock_key key_file=/root/swarm.key
    """
    with _sink(key_file, key_sdb, show) as keep:
        return {"key": __salt__["swarm_core.core"]("unlock_key", into=keep, timeout=timeout)}


def rotate_unlock_key(key_file=None, key_sdb=None, show=False, timeout=None):
    """
    Rotate the unlock key, and store or show the new one. The other managers fetch it by themselves;
    until then the old one unlocks them.

    key_file, key_sdb, show
        Where the key goes. What can be checked of that is, before the key is made.
    timeout
        Seconds for the whole call (60).

    Returns as :py:func:`swarm.unlock_key <unlock_key>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.rotate_unlock_key key_sdb=sdb://vault/swarm_unlock
    """
    with _sink(key_file, key_sdb, show) as keep:
        key = __salt__["swarm_core.core"]("unlock_key", rotate=True, into=keep, timeout=timeout)
        return {"key": key}


# --- where a key goes ----------------------------------------------------------------------------


@contextlib.contextmanager
def _sink(key_file, key_sdb, show):
    """
    Return a function that stores a key and returns where. What it needs is checked before the key
    is made.
    """
    given = [value for value in (key_file, key_sdb, show is True) if value]
    if len(given) != 1:
        raise SaltInvocationError("give exactly one of key_file, key_sdb or show=True")
    if show is True:
        yield lambda key: key
        return
    __salt__["swarm_key.place"](key_file, key_sdb)
    if key_file:
        with _file(key_file) as keep:
            yield keep
    else:
        yield lambda key: _to_sdb(key_sdb, key)


@contextlib.contextmanager
def _file(path):
    try:
        handle, temporary = tempfile.mkstemp(prefix=".swarm-", dir=os.path.dirname(path))
    except OSError as exc:
        raise CommandExecutionError(f"cannot write to {path}: {exc.strerror}") from None

    def keep(key):
        try:
            os.write(handle, f"{key}\n".encode())
            os.fsync(handle)
            os.replace(temporary, path)
        except OSError as exc:
            raise CommandExecutionError(_in_force(f"cannot write {path}: {exc.strerror}")) from None
        return path

    try:
        yield keep
    finally:
        os.close(handle)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _to_sdb(url, key):
    """
    Store a key in sdb, and read it back, because not every driver that accepts a value keeps it.
    """
    try:
        taken = __salt__["sdb.set"](url, key)
        kept = taken is not False and __salt__["sdb.get"](url) == key
    except Exception as exc:  # pylint: disable=broad-except
        # Its text may hold the key.
        reason = f"takes no key: {type(exc).__name__}"
    else:
        reason = "takes no key" if taken is False else "does not return what was stored"
        if kept:
            return url
    raise CommandExecutionError(_in_force(f"{url} {reason}"))


def _in_force(words):
    return f"{words}. The key is in force: keep it elsewhere with swarm.unlock_key"
