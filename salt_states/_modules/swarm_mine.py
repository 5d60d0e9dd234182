# SPDX-License-Identifier: Apache-2.0
"""
The mine entry of this minion, and those of others, over one connection
=======================================================================

What ``mine.send`` and ``mine.get`` ask of the master, without their cost: ``mine.send`` hands its
entry to the minion's main process and sleeps for half a second in the hope that it arrives, and each
connection that ``mine.get`` opens loads the minion's private key again, which takes more processor
time than all that is then sent.

:maturity: new

.. versionadded:: 0.1.0
"""

import contextlib
import threading

import salt.channel.client
from salt.exceptions import CommandExecutionError, SaltException, SaltInvocationError

ALIAS = "swarm"

# A connection belongs to the thread that opened it: Salt runs its jobs in threads or processes.
_HELD = threading.local()

__virtualname__ = "swarm_mine"


def __virtual__():
    return __virtualname__


def hold():
    """
    Keep the connection to the master that the next calls open, until :py:func:`swarm_mine.release
    <release>`. For states; does not open one yet.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_mine.hold
    """
    release()
    _HELD.channels = []
    return True


def release():
    """
    Close the connection that :py:func:`swarm_mine.hold <hold>` kept, if any.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_mine.release
    """
    for channel in getattr(_HELD, "channels", None) or []:
        channel.close()
    _HELD.channels = None
    return True


def read(minions=None):
    """
    Return the mine entries ``swarm`` of these minions: ``{minion id: data}``, whatever the data is.

    minions
        List of exact minion ids; ``*`` for all whose key the master accepted.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_mine.read '[manager1, manager2]'
    """
    if minions != "*" and (
        not isinstance(minions, (list, tuple)) or not all(isinstance(one, str) for one in minions)
    ):
        raise SaltInvocationError("minions must be a list of minion ids, or '*'")
    target, kind = ("*", "glob") if minions == "*" else (list(minions), "list")
    if __opts__["file_client"] == "local":
        return __salt__["mine.get"](target, ALIAS, tgt_type=kind) or {}
    load = {"cmd": "_mine_get", "tgt": target, "fun": ALIAS, "tgt_type": kind}
    return _ask(load) or {}


def write(data):
    """
    Replace this minion's mine entry ``swarm``. The master's answer does not prove that it keeps a
    mine; read the entry back to know.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_mine.write '{}'
    """
    if __opts__["file_client"] == "local":
        __salt__["mine.send"](ALIAS, mine_function="swarm_mine.given", data=data)
    else:
        _ask({"cmd": "_mine", "data": {ALIAS: data}, "clear": False})
    return True


def given(data):
    """
    Return its argument: ``mine.send`` publishes what a function returns.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_mine.given '{}'
    """
    return data


def _ask(load):
    """
    Send one request to the master, over the connection that is held, else over one of its own.
    """
    load["id"] = __opts__["id"]
    held = getattr(_HELD, "channels", None)
    try:
        if held is None:
            with _connection() as channel:
                return _send(channel, load)
        if not held:
            held.append(_connection())
        return _send(held[0], load)
    except SaltException as exc:
        raise CommandExecutionError(f"the master does not answer about the mine: {exc}") from None


def _connection():
    return salt.channel.client.ReqChannel.factory(__opts__)


def _send(channel, load):
    with contextlib.suppress(AttributeError):
        # Salt 3006 wants it in the load; later versions put it there themselves.
        load["tok"] = channel.auth.gen_token(b"salt")
    return channel.send(load)
