# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: what a stack may use
=======================================

Pillar ``swarm:policy`` says what stacks may use whose compose files others write: images, paths of the nodes,
capabilities, the host's network, published ports. All violations are in one error, before anything changes.
What pillar does not name is not restricted.

The functions are pure: they ask neither engine nor mine.

:maturity: new
:depends: nothing beyond Salt

.. versionadded:: 0.1.0
"""

import posixpath

from salt.exceptions import SaltInvocationError

__virtualname__ = "swarm_policy"

# Whoever reaches it is root on the node: a folder that has it is not enough.
SOCKETS = ("/var/run/docker.sock", "/run/docker.sock")


def __virtual__():
    return __virtualname__


def require(stack=None, policy=None):
    """
    Raise all violations of a stack as one error.

    stack
        Its objects, as the core makes them of compose files.
    policy
        Pillar ``swarm:policy``; this minion's own unless given.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_policy.require '{services: {}}' '{host_network: False}'
    """
    policy = _given() if policy is None else policy
    lines = [
        f"service {name}: {line}"
        for name, spec in sorted(((stack or {}).get("services") or {}).items())
        for line in _violations(spec, policy)
    ]
    if lines:
        raise SaltInvocationError(f"swarm:policy does not allow it: {'; '.join(lines)}")


def _given():
    """Return pillar swarm:policy; a mistake in it is an error, so that it never restricts less."""
    swarm = __pillar__.get("swarm") or {}
    if not swarm:
        return {}
    __salt__["swarm_schema.refuse"]()
    return {key: value for key, value in (swarm.get("policy") or {}).items() if value is not None}


def may_read(path=None):
    """
    Return whether compose files may name a file of this host.

    path
        Absolute; ``files`` of a state or of pillar names other ones, whatever the policy says.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_policy.may_read /etc/hostname
    """
    allowed = _given().get("files")
    path = posixpath.normpath(str(path))
    return allowed is None or any(_below(path, posixpath.normpath(one)) for one in allowed)


def _violations(spec, policy):
    task = spec.get("TaskTemplate") or {}
    container = task.get("ContainerSpec") or {}
    networks = [one.get("Target") for one in task.get("Networks") or []]
    ports = (spec.get("EndpointSpec") or {}).get("Ports") or []
    yield from _image(container.get("Image") or "", policy)
    yield from _paths(container.get("Mounts") or [], policy)
    for name in container.get("CapabilityAdd") or []:
        if not _has(policy, "capabilities", [_capability(name)], _capability):
            yield f"capability {name}"
    if policy.get("host_network") is False and "host" in networks:
        yield "the network of the host"
    for port in sorted({one["PublishedPort"] for one in ports if one.get("PublishedPort")}):
        if "ports" in policy and not any(_in_range(port, one) for one in policy["ports"]):
            yield f"published port {port}"


def _has(policy, key, values, form=str):
    return key not in policy or set(values) <= {form(one) for one in policy[key]}


def _capability(name):
    return str(name).upper().removeprefix("CAP_")


def _in_range(port, text):
    first, _, last = str(text).partition("-")
    return int(first) <= port <= int(last or first)


def _image(image, policy):
    name, _, digest = image.partition("@")
    repository, tag = _repository(name)
    allowed = policy.get("images")
    if allowed is not None and not any(_below(repository, one) for one in allowed):
        yield f"image {image}"
    if policy.get("image_digest") and not digest:
        yield f"image {image} without a digest (@sha256:…)"
    elif policy.get("image_tag") and not digest and tag in ("", "latest"):
        yield f"image {image} without a tag other than latest"


def _repository(name):
    """The name as docker completes it, and its tag."""
    first, slash, rest = name.partition("/")
    if not slash:
        first, rest = "docker.io", f"library/{name}"
    elif not ("." in first or ":" in first or first == "localhost"):
        first, rest = "docker.io", name
    elif first == "docker.io" and "/" not in rest:
        rest = f"library/{rest}"
    head, slash, last = rest.rpartition("/")
    last, _, tag = last.partition(":")
    return f"{first}/{head}{slash}{last}", tag


def _below(name, prefix):
    """Whether a name is this one or below it, by whole parts."""
    return name == prefix or name.startswith(prefix.rstrip("/") + "/")


def _paths(mounts, policy):
    allowed = policy.get("host_paths")
    for one in mounts if allowed is not None else ():
        options = ((one.get("VolumeOptions") or {}).get("DriverConfig") or {}).get("Options") or {}
        # A volume of the local driver may be a folder of the node as well.
        path = one.get("Source") if one.get("Type") in ("bind", "npipe") else options.get("device")
        if path and path.startswith("/"):
            path = posixpath.normpath(path)
            sure = path in allowed if path in SOCKETS else any(_below(path, p) for p in allowed)
            if not sure:
                yield f"path {path} of the node"
