# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: the names of core Salt's module
==================================================

The functions of the module ``swarm`` that core Salt had from 2018.3 to 3007, under the same names
and with the same arguments; here each one does what it promised. ``swarm.node_ls`` is in
``swarm_nodes.py``.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0
"""

import shlex

from salt.exceptions import CommandExecutionError, SaltInvocationError
from salt.utils.data import traverse_dict_and_list

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def swarm_tokens(show=False):
    """
    Do the same as core Salt's function of this name, but return tokens only with ``show=True``,
    because they are then in the job cache. See :py:func:`swarm.join_token <join_token>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.swarm_tokens
    """
    worker = __salt__["swarm.join_token"]("worker", show=show)
    if show is True:
        manager = __salt__["swarm.join_token"]("manager", show=True)
        return {"Worker": worker["token"], "Manager": manager["token"]}
    return {"Cluster": worker["cluster_id"], "Digest": worker["digest"]}


def swarm_init(
    advertise_addr=None, listen_addr=None, force_new_cluster=False, force_despite_leader=False
):
    """
    Do the same as core Salt's function of this name; see :py:func:`swarm.init <init>`, which also
    says when ``force_new_cluster`` is refused. No token is returned.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.swarm_init advertise_addr=192.168.50.10
    """
    made = __salt__["swarm.init"](
        advertise_addr,
        listen_addr,
        force_new_cluster=force_new_cluster,
        force_despite_leader=force_despite_leader,
    )
    return {
        "Comment": f"Docker swarm has been initialized on {__opts__['id']}",
        "NodeID": made["node_id"],
    }


def joinswarm(remote_addr=None, listen_addr=None, token=None, token_file=None):
    """
    Do the same as core Salt's function of this name; see :py:func:`swarm.join <join>`. ``token``
    leaks into the job cache, ``token_file`` does not.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm.joinswarm remote_addr=192.168.50.10 token_file=/run/swarm.token
    """
    __salt__["swarm.join"](remote_addr, token=token, token_file=token_file, listen_addr=listen_addr)
    return {"Comment": f"{__opts__['id']} has joined the swarm", "Manager_Addr": remote_addr}


def leave_swarm(force=False):
    """
    Do the same as core Salt's function of this name; see :py:func:`swarm.leave <leave>`.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm.leave_swarm
    """
    __salt__["swarm.leave"](force)
    return {"Comment": f"{__opts__['id']} has left the swarm"}


def service_create(
    image=None,
    name=None,
    command=None,
    hostname=None,
    replicas=1,
    target_port=None,
    published_port=None,
    **kwargs,
):
    """
    Create a service, as core Salt's function of this name promised to. One that is there is an error.

    image, name
        Image of the containers, name of the service.
    command
        Command line, split at white space as a shell would, or a list.
    hostname
        Host name of the containers.
    replicas
        How many.
    target_port, published_port
        Port in the container, and the port of the swarm that leads to it.

    Other arguments are the words of a service in a compose file, as ``swarm.service`` takes them.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.service_create image=httpd name=web replicas=6 target_port=80
    """
    container = {"Image": _text("image", image)}
    if command:
        container["Args"] = _words(command)
    if hostname:
        container["Hostname"] = hostname
    spec = {
        "Name": _text("name", name),
        "TaskTemplate": {"ContainerSpec": container},
        "Mode": {"Replicated": {"Replicas": _number("replicas", replicas)}},
    }
    if published_port and not target_port:
        raise SaltInvocationError("published_port requires target_port")
    if target_port:
        port = {"TargetPort": _number("target_port", target_port)}
        if published_port:
            port["PublishedPort"] = _number("published_port", published_port)
        spec["EndpointSpec"] = {"Ports": [port]}
    words, more = __salt__["swarm_words.split"](kwargs)
    if words:
        made = {"ID": _declared(spec, words, more)}
    else:
        made = __salt__["swarm_core.call"]("service_create", body=spec)
    return {
        "Info": f"{__opts__['id']} has a Docker Swarm service running named {name}",
        "Minion": __opts__["id"],
        "Name": name,
        "ID": made["ID"],
        "Image": image,
        "Command": command,
        "Hostname": hostname,
        "Replicas": replicas,
        "Target_Port": target_port,
        "Published_Port": published_port,
    }


def _declared(spec, words, more):
    """Create a service that has more than the old arguments can say; its id."""
    name, container = spec["Name"], spec["TaskTemplate"]["ContainerSpec"]
    older = {
        "image": container["Image"],
        "command": container.get("Args"),
        "hostname": container.get("Hostname"),
        "ports": [
            {"target": port["TargetPort"], "published": port.get("PublishedPort")}
            for port in spec.get("EndpointSpec", {}).get("Ports", [])
        ],
    }
    words = {**{key: value for key, value in older.items() if value}, **words}
    deploy = words.get("deploy", {})
    if isinstance(deploy, dict) and "global" not in str(deploy.get("mode")):
        words["deploy"] = {"replicas": spec["Mode"]["Replicated"]["Replicas"], **deploy}
    __salt__["swarm_words.require"](words, more)
    if __salt__["swarm_words.find"](name):
        raise CommandExecutionError(f"service {name} exists: use swarm.service_update")
    return __salt__["swarm_words.apply"](name, words)["id"]


def _text(what, value):
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise SaltInvocationError(f"{what} must be a name or an id, not {value!r}")
    return str(value)


def _words(command):
    if isinstance(command, list):
        return [str(word) for word in command]
    if not isinstance(command, str):
        raise SaltInvocationError(f"command must be a string or a list, not {command!r}")
    try:
        return shlex.split(command)
    except ValueError as exc:
        raise SaltInvocationError(f"cannot split the command: {exc}") from None


def _number(name, value):
    try:
        return int(value)
    except (TypeError, ValueError):
        raise SaltInvocationError(f"{name} must be a number, not {value!r}") from None


def swarm_service_info(service_name=None):
    """
    Return a service under the keys of core Salt's function of this name, also without ports or in
    global mode. ``Ports`` has all ports as the engine returns them.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.swarm_service_info web
    """
    service = __salt__["swarm_core.call"]("service_inspect", _text("service_name", service_name))
    spec = service["Spec"]
    endpoint = service.get("Endpoint") or {}
    ports = endpoint.get("Ports") or []
    first = ports[0] if ports else {}
    return {
        "Service Name": spec["Name"],
        "Service ID": service["ID"],
        "Replicas": traverse_dict_and_list(spec, "Mode:Replicated:Replicas"),
        "Network": endpoint.get("VirtualIPs") or [],
        "Network Mode": traverse_dict_and_list(endpoint, "Spec:Mode"),
        "Creation Date": service["CreatedAt"],
        "Update Date": service["UpdatedAt"],
        "Ports": ports,
        "Published Port": first.get("PublishedPort"),
        "Target Port": first.get("TargetPort"),
        "Published Mode": first.get("PublishMode"),
        "Protocol": first.get("Protocol"),
        "Docker Image": traverse_dict_and_list(spec, "TaskTemplate:ContainerSpec:Image"),
        "Minion Id": __opts__["id"],
        "Version": service["Version"]["Index"],
    }


def remove_service(service=None):
    """
    Remove a service by name or id, as core Salt's function of this name.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.remove_service web
    """
    __salt__["swarm_core.call"]("service_delete", _text("service", service))
    return {"Service Deleted": service, "Minion ID": __opts__["id"]}


def remove_node(node_id=None, force=False):
    """
    Do the same as core Salt's function of this name; see :py:func:`swarm.node_rm <node_rm>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.remove_node z4gjbe9rwmqahc2a91snvolm5
    """
    return __salt__["swarm.node_rm"](node_id, force=force)


def update_node(availability=None, node_name=None, role=None, node_id=None, version=None):
    """
    Do the same as core Salt's function of this name, but keep labels, and ignore ``version``; see
    :py:func:`swarm.node_update <node_update>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.update_node availability=drain node_name=worker2
    """
    change = __salt__["swarm.node_update"](node_id or node_name or "self", availability, role)
    return {"Node Information": change["new"]}
