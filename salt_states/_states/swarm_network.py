# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: networks and registries
==========================================

The networks of a swarm's services, and the credentials that services have for a private registry. They
belong to the name ``swarm``, and run on a manager.

:maturity: new
:depends: the execution module ``swarm``

.. versionadded:: 0.1.0

A state that watches another one needs nothing more than its own comparison, so ``watch`` is here
what ``require`` is.
"""

import contextlib

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm"

# What the comment says of an action; the second word in test mode.
DONE = {
    "create": ("was created", "would be created"),
    "replace": ("was replaced", "would be replaced"),
    "restore": ("got its services back", "would get its services back"),
}


def __virtual__():
    return __virtualname__


@contextlib.contextmanager
def _reported(ret, what):
    """Turn an error of the modules into the state's one-line reason; what was done before stays."""
    try:
        yield
    except (CommandExecutionError, SaltInvocationError) as exc:
        ret["result"] = False
        what, text = f"{what} {ret['name']}", str(exc)
        # Some errors of the core name it themselves.
        named = text.startswith((f"{what} ", f"{what}:"))
        ret["comment"] = text if named else f"{what}: {text}"


def _new(name):
    return {"name": name, "result": True, "changes": {}, "comment": ""}


def network(
    name,
    driver=None,
    driver_opts=None,
    attachable=None,
    internal=None,
    ingress=None,
    enable_ipv6=None,
    ipam=None,
    labels=None,
    replace=False,
    wait=True,
    timeout=None,
    runs_on="leader",
    **kwargs,
):
    """
    Ensure a network of services exists and has these settings. What is not given is not compared; what the
    engine chose (a subnet, a gateway, VXLAN ids) is not a difference.

    The engine cannot change a network. Where one differs the state fails and names the fields, unless
    ``replace`` is given: then each service that uses it is taken off, the network is removed and created
    again, and the services are put on again with their aliases and their place in the list. Their tasks are
    replaced twice, and the services do not reach each other meanwhile. If the network cannot be removed or
    created, the services get it back as it was. A run that was killed is finished by the next one.

    name
        The network's name.
    driver
        ``overlay`` unless given.
    driver_opts
        ``{name: text}``, merged into those that are there; ``encrypted: ''`` encrypts the traffic.
    attachable
        ``True``: containers may be attached by hand.
    internal
        ``True``: no way out of the network.
    ingress
        ``True``: the network that services publish their ports on; there is one. To replace it, published
        ports are taken off and put on again.
    enable_ipv6
        ``True``: IPv6 too; needs an IPv6 subnet in ``ipam``.
    ipam
        ``{driver: …, options: {…}, config: [{subnet: …, ip_range: …, gateway: …}]}``.
        The list of subnets is compared as a whole; without one the engine chooses.
    labels
        ``{name: text}``, merged into those that are there; ``null`` removes a label.
    replace
        ``True``: replace a network that differs.
    wait
        ``False``: do not wait until the tasks of services that were put on again run.
    timeout
        Seconds for a replacement (300), and for the tasks of each service afterwards (300).
    runs_on
        ``leader``: in a highstate on several managers only the leader acts. ``any``: each of them does.

    .. code-block:: yaml

        backend:
          swarm.network:
            - attachable: true
            - driver_opts: {encrypted: ''}
            - ipam:
                config:
                  - subnet: 10.70.0.0/24
    """
    ret = _new(name)
    with _reported(ret, "network"):
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
        words = {key: value for key, value in words.items() if value is not None}
        # An argument that is none is reported with the key that it may mean.
        unknown, more = __salt__["swarm_words.split"](kwargs)
        __salt__["swarm_words.require"](
            {**words, **unknown},
            more,
            name=name,
            network=True,
            replace=replace,
            wait=wait,
            timeout=timeout,
            runs_on=runs_on,
        )
        if _is_left(ret, runs_on):
            return ret
        done = _apply(name, words, replace, timeout, dry_run=True)
        if done["action"] != "none" and not __opts__["test"]:
            done = _apply(name, words, replace, timeout)
        if done["action"] == "none":
            ret["comment"] = f"network {name} is as declared"
            return ret
        ret["changes"] = _changes(name, done)
        ret["result"] = None if __opts__["test"] else True
        ret["comment"] = f"network {name} {DONE[done['action']][__opts__['test'] is True]}"
        if wait and not __opts__["test"]:
            _wait(done["services"], timeout)
    return ret


def _is_left(ret, runs_on):
    """Whether another manager acts, which the comment names."""
    other = __salt__["swarm_leading.left_to"](runs_on)
    if other:
        ret["comment"] = f"left to {other}"
    return bool(other)


def _apply(name, words, replace, timeout, dry_run=False):
    return __salt__["swarm_core.core"](
        "network_apply", name, words, replace=replace, dry_run=dry_run, timeout=timeout
    )


def _changes(name, done):
    changes = dict(done["changes"])
    if done["action"] == "create":
        changes["network"] = {"old": None, "new": name}
    if done["services"]:
        changes["services put on again"] = done["services"]
    return changes


def _wait(services, timeout):
    """All are waited for, so that the error names each that does not run."""
    failed = []
    for service in services:
        try:
            __salt__["swarm_core.core"]("service_wait", service, timeout=timeout)
        except CommandExecutionError as exc:
            failed.append(f"service {service} was put on again, and does not run: {exc}")
    if failed:
        raise CommandExecutionError("; ".join(failed))


def network_absent(name, timeout=None, runs_on="leader", **kwargs):
    """
    Ensure a network of services does not exist. Services that use it are named, and not touched; tasks of
    services that are gone are waited for.

    name
        The network's name.
    timeout
        Seconds for the whole call (60).
    runs_on
        ``leader``: in a highstate on several managers only the leader acts. ``any``: each of them does.

    .. code-block:: yaml

        backend:
          swarm.network_absent: []
    """
    ret = _new(name)
    with _reported(ret, "network"):
        __salt__["swarm_schema.require"](kwargs, timeout=timeout, runs_on=runs_on)
        if _is_left(ret, runs_on):
            return ret
        done = __salt__["swarm_core.core"](
            "network_remove", name, dry_run=__opts__["test"], timeout=timeout
        )
        if done["action"] == "none":
            ret["comment"] = f"network {name} is absent"
            return ret
        ret["changes"] = {"network": {"old": name, "new": None}}
        ret["result"] = None if __opts__["test"] else True
        ret["comment"] = f"network {name} {'would be' if __opts__['test'] else 'was'} removed"
    return ret


def registry_login(
    name, version=None, registry_auth=None, timeout=None, runs_on="leader", **kwargs
):
    """
    Ensure all services with an image of a registry have these credentials, for the nodes to pull with. No
    task restarts. Wrong credentials are found before anything is sent. Jobs are left alone, since they
    would run again.

    The engine shows no credentials, so ``version`` says which ones a service has; it is kept in the label
    ``libswarm.registry_auth``. A rollback brings the old credentials back, and the old label with them: the
    next run sends the new ones again.

    name
        Host of the registry, such as ``registry.example.com:5000`` or ``docker.io``.
    version
        A text that is another one for each credentials, such as a date; never the secret itself.
    registry_auth
        Where the credentials are: a dictionary of one of ``pillar``, ``sdb``, ``docker_config`` and
        ``helper``; pillar ``swarm:registries`` unless given.
    timeout
        Seconds for the whole call (60).
    runs_on
        ``leader``: in a highstate on several managers only the leader acts. ``any``: each of them does.

    .. code-block:: yaml

        registry.example.com:5000:
          swarm.registry_login:
            - version: '2026-11'
            - registry_auth: {pillar: 'registry:robot'}
    """
    ret = _new(name)
    with _reported(ret, "registry"):
        __salt__["swarm_schema.require"](
            kwargs, timeout=timeout, registry_auth=registry_auth, runs_on=runs_on
        )
        if version is None:
            raise SaltInvocationError("version is required: a text such as '2026-11'")
        if _is_left(ret, runs_on):
            return ret
        done = __salt__["swarm.registry_login"](
            name, version, registry_auth, timeout, dry_run=__opts__["test"]
        )
        left = f"; jobs are left alone: {', '.join(done['skipped'])}" if done["skipped"] else ""
        if not done["services"]:
            ret["comment"] = f"all services of {name} have credentials {version}{left}"
            return ret
        ret["changes"] = {service: {"new": str(version)} for service in done["services"]}
        ret["result"] = None if __opts__["test"] else True
        verb = "would be" if __opts__["test"] else "were"
        count = len(done["services"])
        services = f"{count} service{'' if count == 1 else 's'}"
        ret["comment"] = f"credentials {version} {verb} sent to {services}{left}"
    return ret
