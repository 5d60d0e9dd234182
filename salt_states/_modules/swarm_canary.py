# SPDX-License-Identifier: Apache-2.0
"""
A task that tries a node before it is used again
================================================

After an upgrade or a reboot a node must start tasks, and they must reach those of other nodes: names
(UDP and TCP 7946) and data (UDP 4789) of an overlay network. Nothing but a task proves that. Run on a
manager by the state ``swarm.rolled``.

A drained or paused node takes no task, a job's neither. So all is made first, and the node is activated
last: its task starts at once, within about a second.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_words``

.. versionadded:: 0.1.0

**Pillar**: ``swarm:registries``, for an image of a private registry.
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError

# The network's name, and what those of the services begin with.
NAME = "saltext-swarm-canary"
# What has it is removed, and nothing else.
LABEL = "saltext.swarm.canary"
PORT = 8080
# No virtual IP: its name is the task's own address.
LISTENER = {"mode": "replicated", "endpoint_mode": "dnsrr"}
# Seconds for each task to start, the download of the image included, and to end.
START_SECONDS = 120
# Each nc of busybox serves one caller; it may begin as process 1, which a SIGTERM does not end.
LISTEN = f"while :; do nc -l -p {PORT} </dev/null; done"
NOT_REACHED = 1
# A name of the network is known some seconds after its task runs.
TRY = (
    '[ -n "$PEER" ] || exit 0; n=0; until nc -w 2 "$PEER" "$PORT" </dev/null; do'
    " n=$((n+1)); [ $n -lt 5 ] || exit 1; sleep 1; done"
)

__virtualname__ = "swarm_canary"


def __virtual__():
    return __virtualname__


def check(nodes=None, image=None, command=None, peer=None, seconds=START_SECONDS):
    """
    Activate nodes, and try each of them by a task: it must start, and reach another one on the node
    ``peer``. The services that are made for that are removed again, and :py:func:`clear
    <swarm_canary.clear>` removes their network. From a manager.

    nodes
        List of full ids. They are active afterwards, also those that failed.
    image
        An image with ``sh`` and ``nc``, such as busybox.
    command
        What the task runs on each node instead of a connection to ``$PEER``, port ``$PORT``. It must
        end with exit code 0.
    peer
        Full id of another node. ``None``: the tasks only have to start.
    seconds
        How long each may take.

    Returns ``{id: why it failed, or an empty text}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_canary.check '[l36kpsxj0i0gmu0yl3ti5a1ex]' image=busybox:1.37
    """
    if not isinstance(nodes, list) or not nodes or not image:
        raise SaltInvocationError("give nodes, a list of full ids, and the name of an image")
    _remove()
    try:
        return _try(nodes, str(image), command, peer, seconds)
    finally:
        _remove()


def _try(nodes, image, command, peer, seconds):
    __salt__["swarm_core.core"]("network_apply", NAME, {"labels": {LABEL: "yes"}})
    if peer:
        _make(f"{NAME}-peer", peer, image, {"entrypoint": ["sh", "-c", LISTEN]}, LISTENER)
        ended = _wait(f"{NAME}-peer", seconds)
        if ended["outcome"] != "converged":
            raise CommandExecutionError(f"the other task does not run: {_why(ended)}")
    for node in nodes:
        what = {"command": command} if command else {"entrypoint": ["sh", "-c", TRY]}
        what["environment"] = {"PEER": f"{NAME}-peer" if peer else "", "PORT": str(PORT)}
        _make(f"{NAME}-{node}", node, image, what, {"mode": "replicated-job"})
    for node in nodes:
        __salt__["swarm_core.core"]("node_update", node, {"Availability": "active"})
    found = {}
    for node in nodes:
        ended = _wait(f"{NAME}-{node}", seconds)
        found[node] = "" if ended["outcome"] == "converged" else _why(ended)
        if peer and not command and ended["exit_code"] == NOT_REACHED:
            found[node] = f"no connection (open UDP 4789, TCP and UDP 7946): {found[node]}"
    return found


def _make(name, node, image, what, deploy):
    words = {
        **what,
        "image": image,
        "networks": [NAME],
        "stop_grace_period": "1s",
        "deploy": {
            **deploy,
            "replicas": 1,
            "labels": {LABEL: "yes"},
            "placement": {"constraints": [f"node.id=={node}"]},
            # A node that has just left the network may refuse the next task on it for a moment.
            "restart_policy": {"condition": "on-failure", "max_attempts": 2, "delay": "1s"},
        },
    }
    __salt__["swarm_words.apply"](name, words)


def _wait(name, seconds):
    return __salt__["swarm_core.core"]("service_settle", name, unchanged=True, timeout=seconds)


def _why(ended):
    return "; ".join([ended["text"], *ended["nodes"]])


def _ours():
    return {"filters": {"label": [LABEL]}}


def _remove():
    """Remove the services; the network stays for the next check: made again it could clash on a node."""
    found = __salt__["swarm_core.call"]("service_list", query=_ours()) or []
    for service in found:
        __salt__["swarm_core.core"]("object_remove", "service", service["ID"])
    return [service["Spec"]["Name"] for service in found]


def clear():
    """
    Remove all that checks have made, also those of a run that was killed. From a manager.

    Returns the names of what was there.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_canary.clear
    """
    names = _remove()
    for network in __salt__["swarm_core.call"]("network_list", query=_ours()) or []:
        # It waits for the tasks.
        __salt__["swarm_core.core"]("network_remove", network["Name"])
        names.append(network["Name"])
    return names
