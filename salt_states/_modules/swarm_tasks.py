# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: the tasks
============================

Functions on the tasks of a swarm's services, run on one of its managers. They belong to the name
``swarm``.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0
"""

import datetime

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm"
__outputter__ = {"ps": "swarm_table"}


def __virtual__():
    return __virtualname__


def tasks(ref="self", running=False):
    """
    Return the tasks of a node or a service as data, from a manager.

    ref
        A node (full id, exact host name, or ``self``), or a service (full id or exact name).
    running
        ``True``: only tasks that shall run. Else those that are over are there, too.

    Returns a list of dicts, the newest first within a slot: ``id``, ``name`` (``service.slot``, or
    ``service.node id`` of a global one), ``service``, ``service_id``, ``slot`` (0 of a global one),
    ``image``, ``node`` (host name), ``node_id``, ``desired_state``, ``state``, ``since`` (RFC 3339
    text), ``message``, ``error``, ``exit_code``, ``container_id``, ``ports``: list of
    ``{protocol, target_port, published_port}`` of host mode.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.tasks web running=True
    """
    return _tasks(ref, running)[1]


def _tasks(ref, running):
    """Return ``("node NAME" or "service NAME", its tasks)``."""
    ref = _given(ref)
    nodes = {node["id"]: node["hostname"] for node in __salt__["swarm.nodes"]()}
    services = {
        service["ID"]: service["Spec"]["Name"]
        for service in __salt__["swarm_core.call"]("service_list")
    }
    kind, key = _which(ref, nodes, services)
    filters = {kind: [key]}
    if running:
        filters["desired-state"] = ["running"]
    found = __salt__["swarm_core.call"]("task_list", query={"filters": filters})
    found.sort(key=lambda task: task["CreatedAt"], reverse=True)
    rows = [_task(task, nodes, services) for task in found]
    name = (nodes if kind == "node" else services).get(key) or key
    return f"{kind} {name}", sorted(
        rows, key=lambda row: (row["service"], row["slot"], row["name"])
    )


def _given(ref):
    if isinstance(ref, bool) or not isinstance(ref, (str, int)) or ref == "":
        raise SaltInvocationError(f"ref must be an id or an exact name, not {ref!r}")
    return str(ref)


def _which(ref, nodes, services):
    """Return what a name means: ``("node" or "service", id)``."""
    if ref == "self":
        return "node", __salt__["swarm.info"]()["node_id"]
    found = [("node", key) for key, name in nodes.items() if ref in (key, name)]
    found += [("service", key) for key, name in services.items() if ref in (key, name)]
    if not found:
        raise CommandExecutionError(f"there is no node and no service {ref}")
    if len(found) > 1:
        ids = ", ".join(f"{kind} {key}" for kind, key in found)
        raise CommandExecutionError(f"{ref!r} is ambiguous ({ids}): use the id")
    return found[0]


def _task(task, nodes, services):
    """Return a task of the engine as :py:func:`swarm.tasks <tasks>` does."""
    status = task.get("Status") or {}
    container = status.get("ContainerStatus") or {}
    node_id, service_id = task.get("NodeID") or "", task.get("ServiceID") or ""
    service = services.get(service_id, service_id)
    return {
        "id": task["ID"],
        "name": f"{service}.{task.get('Slot') or node_id}",
        "service": service,
        "service_id": service_id,
        "slot": task.get("Slot") or 0,
        "image": ((task.get("Spec") or {}).get("ContainerSpec") or {}).get("Image") or "",
        "node": nodes.get(node_id, node_id),
        "node_id": node_id,
        "desired_state": task.get("DesiredState") or "",
        "state": status.get("State") or "",
        "since": status.get("Timestamp") or "",
        "message": status.get("Message") or "",
        "error": status.get("Err") or "",
        "exit_code": container.get("ExitCode") or 0,
        "container_id": container.get("ContainerID") or "",
        "ports": [
            {
                "protocol": port.get("Protocol") or "tcp",
                "target_port": port.get("TargetPort") or 0,
                "published_port": port.get("PublishedPort") or 0,
            }
            for port in (status.get("PortStatus") or {}).get("Ports") or []
        ],
    }


def ps(ref="self", running=False):
    """
    Return the tasks of a node or a service in the columns of ``docker node ps`` and ``docker
    service ps``, from a manager.

    ref, running
        As for :py:func:`swarm.tasks <tasks>`.

    Returns ``of``, whose tasks these are (``node worker1``, ``service web``), and ``rows``, a list of
    dicts: ``ID``, ``NAME`` (behind ``\\_`` where a newer task has the slot), ``IMAGE``, ``NODE``,
    ``DESIRED STATE``, ``CURRENT STATE``, ``ERROR``, ``PORTS``; printed as a table where the outputter
    ``swarm_table`` is synced to the master.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.ps web
    """
    ago, now = __salt__["swarm_age.ago"], _now()
    rows, before = [], None
    title, found = _tasks(ref, running)
    for task in found:
        rows.append(
            {
                "ID": task["id"],
                "NAME": ("\\_ " if task["name"] == before else "") + task["name"],
                "IMAGE": task["image"].partition("@")[0],
                "NODE": task["node"],
                "DESIRED STATE": task["desired_state"].capitalize(),
                "CURRENT STATE": f"{task['state'].capitalize()} {ago(task['since'], now)}".rstrip(),
                "ERROR": task["error"],
                "PORTS": ", ".join(
                    f"*:{port['published_port']}->{port['target_port']}/{port['protocol']}"
                    for port in task["ports"]
                ),
            }
        )
        before = task["name"]
    return {"of": title, "rows": rows}


def _now():
    return datetime.datetime.now(datetime.timezone.utc)


def why(ref=None):
    """
    Return why a task stays pending: its error, and which rule of the managers' scheduler rejects
    which node. From a manager. Changes nothing.

    ref
        A service (full id or exact name), or the full id of a task.

    Returns a list of dicts: of the tasks that wait, else of those that a node rejected or that failed,
    with their last errors; empty for a service with neither: ``task`` (``id``,
    ``service``, ``state``, ``message``, ``error``), ``count`` (tasks of the service that wait for
    the same), and ``nodes``: list of ``{id, hostname, rejected}``, where ``rejected`` names all
    rules that reject the node, and is empty for one that the task would get at the next look.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.why web
    """
    return __salt__["swarm_core.core"]("task_why", _given(ref))
