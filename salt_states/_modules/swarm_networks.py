# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: the networks
===============================

Functions on the networks of a swarm's services, run on one of its managers. They belong to the name
``swarm``. A network is named by its full id or its exact name.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0
"""

from salt.exceptions import SaltInvocationError

__virtualname__ = "swarm"
__outputter__ = {"network_ls": "swarm_table", "network_usage": "swarm_table"}


def __virtual__():
    return __virtualname__


def _given(network):
    if isinstance(network, bool) or not isinstance(network, (str, int)) or network == "":
        raise SaltInvocationError(f"network must be a full id or an exact name, not {network!r}")
    return str(network)


def network_ls(name=None, scope=None, driver=None):
    """
    Return the networks in the columns of ``docker network ls``, from a manager.

    name, scope, driver
        Only networks with exactly this name or id, this scope (``swarm``, ``local``), this driver.

    Returns a list of rows: ``NETWORK ID``, ``NAME``, ``DRIVER``, ``SCOPE``, printed as a table where the
    outputter ``swarm_table`` is synced to the master.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.network_ls scope=swarm
    """
    return [
        {
            "NETWORK ID": network["Id"],
            "NAME": network["Name"],
            "DRIVER": network["Driver"],
            "SCOPE": network["Scope"],
        }
        for network in __salt__["swarm_core.core"]("object_list", "network")
        if (name is None or name in (network["Name"], network["Id"]))
        and scope in (None, network["Scope"])
        and driver in (None, network["Driver"])
    ]


def network_inspect(network=None):
    """
    Return one network as the engine has it, from a manager.

    network
        Full id or exact name.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.network_inspect backend
    """
    return __salt__["swarm_core.core"]("object_inspect", "network", _given(network))


def network_create(
    name=None,
    driver=None,
    driver_opts=None,
    attachable=None,
    internal=None,
    ingress=None,
    enable_ipv6=None,
    ipam=None,
    labels=None,
    timeout=None,
):
    """
    Create a network, from a manager. One that is there already and has what is given is left alone; one
    that differs is an error that says in what.

    name
        The network's name.
    driver, driver_opts, attachable, internal, ingress, enable_ipv6, ipam, labels
        As for the state ``swarm.network``.
    timeout
        Seconds for the whole call (60).

    Returns ``{"id": …, "action": "create" or "none", "changes": {field: {"old", "new"}}}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.network_create backend attachable=True driver_opts='{encrypted: ""}'
    """
    words = {
        "driver": driver,
        "driver_opts": driver_opts,
        "attachable": attachable,
        "internal": internal,
        "ingress": ingress,
        "enable_ipv6": enable_ipv6,
        "ipam": ipam,
        "labels": labels,
    }
    given = {key: value for key, value in words.items() if value is not None}
    done = __salt__["swarm_core.core"]("network_apply", _given(name), given, timeout=timeout)
    return {key: done[key] for key in ("id", "action", "changes")}


def network_rm(network=None, timeout=None):
    """
    Remove a network, from a manager, once the tasks of services that are gone have ended. One that is
    absent is not an error; one that services or containers use is.

    network
        Exact name.
    timeout
        Seconds for the whole call (60).

    Returns whether the network was there.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.network_rm backend
    """
    done = __salt__["swarm_core.core"]("network_remove", _given(network), timeout=timeout)
    return done["action"] == "remove"


def network_usage(name=None):
    """
    Return how many of the IPv4 addresses of each network are in use, from a manager: those of tasks,
    virtual IPs of services, and one of each node that runs a task on the network. Containers that are
    attached by hand are not counted, and of the ingress network not the nodes without such a task.

    name
        Only the network with exactly this name or id.

    Returns a list of rows: ``NAME``, ``SUBNETS``, ``USED``, ``SIZE``, ``TASKS``, ``SERVICES``, ``NODES``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.network_usage
    """
    return [
        {
            "NAME": row["name"],
            "SUBNETS": ", ".join(row["subnets"]),
            "USED": row["used"],
            "SIZE": row["size"],
            "TASKS": row["tasks"],
            "SERVICES": row["services"],
            "NODES": row["nodes"],
        }
        for row in __salt__["swarm_core.core"]("network_usage")
        if name in (None, row["name"], row["id"])
    ]
