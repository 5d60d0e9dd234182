# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: this host's place in a swarm, as grains
==========================================================

One grain, ``swarm``, with ``state`` (inactive, pending, active, error or locked, as the engine
says; ``absent`` where there is no engine's socket, ``unreachable`` where the engine does not
answer), ``role`` (manager, worker, or empty) and ``node_id``. It is what the host's own engine reports:
a host whose record the managers deleted is still ``active``. It neither reads nor contains a token.

Grains are made when the minion starts, and by ``saltutil.refresh_grains``. Without a socket no call
is made; an engine that hangs costs two seconds. Only a unix socket is asked, the one that the
minion's configuration names (``swarm:url``, ``docker.url``) or the engine's own.

:maturity: new
:platform: Linux

.. versionadded:: 0.1.0
"""

import http.client
import json
import os
import socket

from salt.utils.data import traverse_dict_and_list

TIMEOUT = 2
MOST_BYTES = 1 << 20
SOCKET = "/var/run/docker.sock"


def swarm():
    """
    Return the grain ``swarm``; none if the engine is reached over TCP.

    CLI Example:

    .. code-block:: bash

        salt '*' grains.get swarm
    """
    url = traverse_dict_and_list(__opts__, "swarm:url") or __opts__.get("docker.url")
    scheme, _, path = (url or f"unix://{SOCKET}").partition("://")
    if scheme != "unix":
        return {}
    if not os.path.exists(path):
        return _grain("absent")
    try:
        told = _info(path)["Swarm"]
        role = "manager" if told["ControlAvailable"] else "worker"
        state = told["LocalNodeState"]
        if state == "error" and told["NodeID"] and not told.get("Error"):
            # As libswarm's local.c has it: a swarm part that was restarted is up.
            state = "active"
        return _grain(state, role if told["NodeID"] else "", told["NodeID"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return _grain("unreachable")


def _grain(state, role="", node_id=""):
    return {"swarm": {"state": state, "role": role, "node_id": node_id}}


def _info(path):
    """
    Return the answer of ``GET /info``. Not through the compiled core: grains run in the minion's
    own process, which keeps running and must not hold a library that the next sync replaces.
    """
    connection = http.client.HTTPConnection("docker", timeout=TIMEOUT)
    with socket.socket(socket.AF_UNIX) as connection.sock:
        connection.sock.settimeout(TIMEOUT)
        connection.sock.connect(path)
        connection.request("GET", "/info")
        return json.loads(connection.getresponse().read(MOST_BYTES))
