"""
Docker swarm mode: this host's place in a swarm, as grains
==========================================================

One grain, ``swarm``, with ``state`` (inactive, pending, active, error or locked, as the engine says;
``absent`` where there is no engine's socket, ``unreachable`` where the engine does not answer),
``role`` (manager, worker, or empty) and ``node_id``. It is what this host believes: a host whose
record the managers deleted goes on to be ``active``. No token is read, and none is in it.

Grains are made when the minion starts, and by ``saltutil.refresh_grains``. Without a socket no call
is made; an engine that hangs costs two seconds.

:maturity: new
:depends: the compiled core, delivered with the execution module ``swarm`` or in the wheel
:platform: Linux

.. versionadded:: 0.1.0
"""

import glob
import importlib.machinery
import importlib.util
import os
import platform

from salt.utils.data import traverse_dict_and_list

TIMEOUT = 2
SOCKET = "unix:///var/run/docker.sock"


def _core():
    """
    The compiled core that the execution module delivers: beside the folder of this file, else in the
    wheel. Grains have no ``__salt__`` to ask for it; None where there is none that loads.
    """
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    pattern = f"_swarm-*-{platform.machine()}.abi3.so"
    found = [
        path for kind in ("modules", "_modules") for path in glob.glob(f"{folder}/{kind}/{pattern}")
    ]
    try:
        if not found:
            from saltext.swarm import _swarm as core

            return core
        path = max(found, key=os.path.getmtime)
        loader = importlib.machinery.ExtensionFileLoader("_swarm", path)
        spec = importlib.util.spec_from_file_location("_swarm", path, loader=loader)
        core = importlib.util.module_from_spec(spec)
        loader.exec_module(core)
        return core
    except Exception:  # pylint: disable=broad-except
        # The execution module gives the reason to whoever calls it; a minion starts without a word.
        return None


def swarm():
    """
    The grain ``swarm``; no grain where the core does not load.

    CLI Example:

    .. code-block:: bash

        salt '*' grains.get swarm
    """
    url = traverse_dict_and_list(__opts__, "swarm:url") or __opts__.get("docker.url") or SOCKET
    if url.startswith("unix://") and not os.path.exists(url[len("unix://") :]):
        return {"swarm": {"state": "absent", "role": "", "node_id": ""}}
    core = _core()
    if core is None:
        return {}
    client = None
    try:
        client = core.Client(url, timeout=TIMEOUT)
        local = client.local(timeout=TIMEOUT)
    except (core.Error, TypeError, ValueError):
        return {"swarm": {"state": "unreachable", "role": "", "node_id": ""}}
    finally:
        if client is not None:
            client.close()
    role = ("manager" if local["manager"] else "worker") if local["node_id"] else ""
    return {"swarm": {"state": local["state"], "role": role, "node_id": local["node_id"]}}
