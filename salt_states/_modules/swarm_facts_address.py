# SPDX-License-Identifier: Apache-2.0
"""
The address by which the others reach a host
============================================

Whether an advertise address can be reached from another host, as far as it shows from the address
itself. The functions belong to the name ``swarm_facts``.

:maturity: new
:depends: the execution module ``swarm_facts``

.. versionadded:: 0.1.0

**Pillar**: ``swarm:advertise`` and ``swarm:data_path`` (see ``pillar_example``).
"""

import ipaddress
import socket

__virtualname__ = "swarm_facts"


def __virtual__():
    return __virtualname__


def local_only(address):
    """
    Return whether no other host can reach this address: loopback, link-local, multicast, or
    unspecified.

    address
        An IP address, or ``ip:port``; the result is false for a host or interface name.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.local_only 127.0.0.1:2377
    """
    try:
        found = ipaddress.ip_address(without_port(address))
    except ValueError:
        return False
    return found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast


def without_port(address=""):
    """
    Return the address or interface, without its port.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.without_port eth0:2377
    """
    text = str(address).strip()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text if text.count(":") > 1 else text.partition(":")[0]


def why_no_address(given, key="advertise"):
    """
    Return why other hosts cannot reach this one by an address or interface, as one line; empty if
    they can. An address that this host does not have may be translated on the way.

    given
        ``address[:port]`` or ``interface[:port]``, as for ``swarm.init``; ``None``: the engine chooses.
    key
        The key of pillar ``swarm`` that the text names.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.why_no_address eth0
    """
    if not given:
        return ""
    advice = f"give an address of this host that the others reach in pillar swarm:{key}"
    if local_only(given):
        return f"no other host can reach {given}: {advice}"
    name = without_port(given)
    ip4 = (__grains__.get("ip4_interfaces") or {}).get(name) or []
    ip6 = (__grains__.get("ip6_interfaces") or {}).get(name) or []
    if not [*ip4, *ip6] and not _is_address(name) and name not in _interfaces():
        return (
            f"this host has no interface {name}, it has {', '.join(_interfaces())}: correct pillar"
            f" swarm:{key}"
        )
    if len(ip4) > 1:
        return f"{name} has {len(ip4)} addresses ({', '.join(sorted(ip4))}): give one of them in pillar swarm:{key}"
    if [*ip4, *ip6] and all(local_only(one) for one in [*ip4, *ip6]):
        return f"no other host can reach {name} ({', '.join([*ip4, *ip6])}): {advice}"
    return ""


def _is_address(text):
    try:
        return bool(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return False


def _interfaces():
    """Return the interfaces of this host, as the grains and the kernel have them, but for docker's."""
    known = {
        *(__grains__.get("ip4_interfaces") or {}),
        *(name for _, name in socket.if_nameindex()),
    }
    return sorted(one for one in known if not one.startswith(("lo", "docker", "br-", "veth")))


def why_alone(lead, others):
    """
    Return why no other host can join the swarm of a manager that advertises an address only its own
    host reaches, as one line; empty if they can.

    lead
        The facts of that manager.
    others
        Whether the swarm should have any other host.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.why_alone "$facts" True
    """
    managers = lead["managers"]
    if not others or not managers or not all(local_only(one) for one in managers):
        return ""
    return (
        f"{lead['id']} advertises {', '.join(managers)}, which no other host can reach, so nobody can"
        f" join its swarm: let it leave (salt {lead['id']} swarm.leave force=True; what runs in that"
        " swarm ends), set pillar swarm:advertise, and run again"
    )
