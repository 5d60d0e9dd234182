# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: the checks of a preflight
============================================

The named checks of hosts, each with its level and its fix, and what the readings of all hosts mean. The
functions are pure: ``swarm_preflight.reading`` reads a host. ``docker/run.jinja`` brings this file to the
master, whose states judge there.

:maturity: new
:depends: nothing beyond Salt

.. versionadded:: 0.1.0
"""

import difflib
import ipaddress
import json
import re

from salt.exceptions import SaltInvocationError

__virtualname__ = "swarm_preflight_rules"

# name: (level, when it holds, fix); swarm_schema lists the names for pillar.
CHECKS = {
    "address-local": (
        "error",
        "pillar swarm:advertise and data_path name something of the host that others reach",
        "correct swarm:advertise or swarm:data_path",
    ),
    "address-route": (
        "error",
        "each host speaks to the managers from the address that it advertises",
        "set swarm:advertise",
    ),
    "address-twice": (
        "error",
        "no two hosts advertise one address",
        "give each host an address of its own",
    ),
    "port-2377": (
        "error",
        "each host reaches every manager that runs",
        "open tcp 2377 between the hosts",
    ),
    "ports-free": (
        "error",
        "swarm's ports are free on hosts that are in no swarm",
        # moby: NetworkDB.Close() gives up after a second if no peer takes its leave broadcast, and the
        # listener of its memberlist stays.
        "stop what listens there; if it is dockerd itself, which left a swarm: systemctl restart docker",
    ),
    "engine-id": (
        "error",
        "no two hosts have one engine id or machine id",
        "stop docker, remove /var/lib/docker/engine-id, make a new /etc/machine-id",
    ),
    "orphan-data": (
        "error",
        "no data of a swarm is on a host that is in none",
        "systemctl restart docker",
    ),
    "live-restore": (
        "error",
        "live-restore is off",
        "remove live-restore from /etc/docker/daemon.json",
    ),
    "daemon-json": (
        "error",
        "the engine accepts /etc/docker/daemon.json",
        "correct /etc/docker/daemon.json",
    ),
    "modules": (
        "error",
        "the kernel has overlay, vxlan and br_netfilter; for encrypted networks esp4 and xfrm_user",
        "install the kernel's modules",
    ),
    "virtual-ips": (
        "warning",
        "the kernel has ip_vs, which virtual IPs and the routing mesh need",
        "use endpoint_mode dnsrr, or a kernel with ip_vs",
    ),
    "pools": (
        "error",
        "no host has a route into the first networks of a new swarm",
        "set swarm:address_pool",
    ),
    "mtu": (
        "warning",
        "the data path has the same MTU on all hosts, at least 1450",
        "set one MTU, or the option com.docker.network.driver.mtu of each overlay network",
    ),
    "clock": (
        "error",
        "no clock differs from the master's by over a minute; over 5 seconds, or a clock that"
        " is not synchronised, is a warning",
        "set the clock (chrony)",
    ),
    "disk": (
        "error",
        "docker's folder has 1 GiB and 5 % free, before an upgrade 2 GiB",
        "free some space",
    ),
    "versions": (
        "error",
        "each engine has API 1.41, and there are no more than two versions; a worker newer than all"
        " managers is a warning",
        "install one version on all hosts: docker.upgrade",
    ),
    "managers-even": (
        "warning",
        "pillar names an odd number of managers",
        "add or remove a manager",
    ),
    "zones": (
        "warning",
        "no zone has the majority of the managers",
        "spread the managers over the zones",
    ),
    "firewall": (
        "warning",
        "neither ufw nor firewalld is active on a host that is to join",
        "let these ports in from the other hosts",
    ),
    "package": (
        "error",
        "an upgrade can be installed, and removes only docker's own packages",
        "correct the package sources of the host",
    ),
    "socket-clients": (
        "warning",
        "no service mounts docker's socket when an upgrade raises the oldest API",
        "upgrade them first, or set min-api-version in /etc/docker/daemon.json",
    ),
}
# Their texts say what to do.
ADVISED = ("address-local", "orphan-data")
# What only an upgrade asks.
OF_UPGRADE = ("package", "socket-clients")
# What a reading must have; one that has not is of another version of the modules.
FIELDS = ("time", "state", "serving", "address", "sources", "lacks", "encrypted", "zone")
GIB = 1024**3
CLOCK_SECONDS = 60
CLOCK_WARNING = 5
LEAST_MTU = 1450
LEAST_API = (1, 41)
# The pool of an engine without a setting, and the networks that it takes of it first.
POOL, SUBNET_SIZE, FIRST_SUBNETS = "10.0.0.0/8", 24, 256
NAMED = 5
SILENT = "it does not answer"


def __virtual__():
    return __virtualname__


# --- what to ask ----------------------------------------------------------------------------------


def is_reading(found=None):
    """
    Return whether this is a reading of these modules' version.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_preflight_rules.is_reading '{}'
    """
    return isinstance(found, dict) and set(FIELDS) <= set(found)


def again(readings=None, managers=()):
    """
    Return whom to ask again, for which managers: ``{"hosts", "addresses"}``. A host that is in no swarm
    knows none, and gets the managers that run; where none does, those to be, if a host has
    several addresses to choose from.

    readings
        ``{minion id: what swarm_preflight.reading returned there}``.
    managers
        The minion ids of pillar.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_preflight_rules.again '{}'
    """
    given = {host: one for host, one in (readings or {}).items() if is_reading(one)}
    hosts = [host for host, one in given.items() if one["state"] != "active"]
    addresses = sorted(_serving(given))
    if not addresses and any(len(one["addresses"]) > 1 for one in given.values()):
        known = [given[host]["address"] for host in managers if host in given]
        addresses = [f"[{one}]:2377" if ":" in one else f"{one}:2377" for one in known if one]
    return {"hosts": hosts if addresses else [], "addresses": addresses}


def _serving(given):
    return {one["serving"] for one in given.values() if one["serving"]}


# --- what the readings mean -----------------------------------------------------------------------


def judge(readings=None, now=None, swarm=None, checks=None, ignore=None, upgrade=None):
    """
    Return the rows of the checks, as those of ``swarm.health``: one for each fault, and one for each check
    that holds.

    readings
        ``{minion id: what swarm_preflight.reading returned there}``; anything else is a host that did not answer.
    now
        ``{minion id: [the master's time before, and after the reading]}``; clocks are not compared without.
    swarm
        Pillar ``swarm``.
    checks
        Names of checks; all unless given.
    ignore
        ``name`` or ``name:host``; their errors become warnings, and their warnings are left out. An
        unknown name is an error.
    upgrade
        Of an upgrade ``{"targets": {minion id: version of the engine}, "packages": {minion id: what is
        wrong}, "sockets": [services that mount docker's socket]}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_preflight_rules.judge '{}'
    """
    refuse(checks, "checks")
    refuse(ignore, "ignore")
    given = {host: one for host, one in sorted((readings or {}).items()) if is_reading(one)}
    silent = sorted(set(readings or {}) - set(given))
    faults = {name: [] for name in CHECKS}
    _add_hosts(faults, given, upgrade)
    _add_shared(faults, given, swarm or {})
    _add_versions(faults, given, upgrade)
    _add_clocks(faults, given, now or {})
    _add_managers(faults, given, swarm or {})
    _add_upgrade(faults, given, upgrade or {})
    ret = []
    for name in checks or CHECKS:
        if name in OF_UPGRADE and upgrade is None:
            continue
        for on, ok, text, *level in faults[name]:
            ret += _row(name, ok, on, text, ignore or (), *level)
        for host in silent:
            ret += _row(name, None, host, f"{host}: {SILENT}", ignore or ())
        if not faults[name] and not silent:
            ret += _row(name, True, "", CHECKS[name][1], ())
    return ret


def refuse(names=None, what="ignore"):
    """
    Raise an error if one of these is not the name of a check, or ``name:host``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_preflight_rules.refuse '[clock]'
    """
    wrong = [str(one) for one in names or () if not is_known(one)]
    if wrong:
        raise SaltInvocationError(unknown(wrong, what=what))


def unknown(wrong=(), more=(), what="swarm_ignore"):
    """
    Return the error about unknown names of checks.

    wrong
        The names.
    more
        Names that the caller knows beside those of the checks.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_preflight_rules.unknown '[clok]'
    """
    known = list(dict.fromkeys([*CHECKS, *more]))
    near = difflib.get_close_matches(wrong[0].partition(":")[0], known, 1)
    hint = f"did you mean {near[0]}?" if near else f"valid: {', '.join(known)}"
    return f"{what}: unknown check {', '.join(wrong)} ({hint})"


def is_known(name=""):
    """
    Return whether this is the name of a check, or ``name:host``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_preflight_rules.is_known clock
    """
    return str(name).partition(":")[0] in CHECKS


def _row(name, ok, on, text, ignore, level=None):
    known, _, fix = CHECKS[name]
    level = level or known
    if name in ignore or f"{name}:{on}" in ignore:
        if level == "warning":
            return []
        level = "warning"
    fix = fix if ok is False and name not in ADVISED else ""
    return [{"name": name, "ok": ok, "level": level, "on": on, "text": text, "fix": fix}]


def _add_hosts(faults, given, upgrade):
    running = _serving(given)
    encrypted = sorted({name for one in given.values() for name in one["encrypted"]})
    for host, found in given.items():
        for name, ok, text, *level in _of_host(found, running, encrypted, upgrade is not None):
            faults[name].append((host, ok, f"{host}: {text}", *level))


def _of_host(found, running, encrypted, upgrade):
    """Yield ``(check, ok, text)`` of what one host's reading shows, and the level where it is another one."""
    is_member = found["state"] == "active"
    for why in found["unreachable"]:
        yield "address-local", False, why
    # An address that the host has not is translated on the way.
    for manager, source in (
        found["sources"].items() if found["address"] in found["addresses"] else ()
    ):
        if source not in ("", found["address"]) and not ipaddress.ip_address(source).is_loopback:
            text = f"would speak to {manager} from {source}, but advertises {found['address']}"
            # A member works all the same.
            yield "address-route", False, text, "warning" if is_member else "error"
    cut_off = [one for one in found["cut_off"] if one in running]
    if cut_off:
        yield "port-2377", False, f"cannot reach {_names(cut_off)}"
    for text in found["taken"]:
        yield "ports-free", False, text
    if found["orphan"]:
        yield "orphan-data", False, found["orphan"]
    if found["live_restore"]:
        yield "live-restore", False, "live-restore is on, which swarm refuses"
    if found["daemon_json"]:
        yield "daemon-json", False, found["daemon_json"]
    yield from _modules(found["lacks"], encrypted, is_member)
    if found["firewall"]:
        ports = "tcp 2377, " if found["manager"] else ""
        text = f"{found['firewall']} is active: {ports}tcp 7946, udp 7946 and udp {found['port']} are needed"
        yield "firewall", False, text
    disk, least = found["disk"], GIB * 2 if upgrade else GIB
    if disk and (disk["free"] < least or disk["free"] * 20 < disk["size"]):
        free, size = (f"{disk[key] / GIB:.1f} GiB" for key in ("free", "size"))
        yield "disk", False, f"{disk['path']} has {free} of {size} free"


def _modules(modules, encrypted, is_member):
    needed = ["overlay", "vxlan", "br_netfilter"] + ["esp4", "xfrm_user"] * bool(encrypted)
    lacks = [name for name in needed if name in modules["lacks"]]
    if lacks:
        why = f" (network {encrypted[0]} is encrypted)" if {*lacks} & {"esp4", "xfrm_user"} else ""
        yield "modules", False, f"the kernel has no {', '.join(lacks)}{why}"
    if "ip_vs" in modules["lacks"]:
        yield "virtual-ips", False, "the kernel has no ip_vs"
    unknown = [name for name in needed if name in modules["unknown"]]
    if unknown and not is_member:
        text = f"the kernel does not say whether it has {', '.join(unknown)}"
        yield "modules", None, text, "warning"


def _add_shared(faults, given, swarm):
    """Add what shows side by side."""
    for name, key, what in (
        ("engine-id", "engine_id", "one engine id"),
        ("engine-id", "machine_id", "one machine id"),
        ("address-twice", "address", "one address, {}"),
    ):
        for value, hosts in _by(given, key).items():
            if value and len(hosts) > 1:
                text = f"{_names(hosts)} have {what.format(value)}"
                faults[name].append((hosts[0], False, text))
    by_mtu = {mtu: hosts for mtu, hosts in sorted(_by(given, "mtu").items()) if mtu}
    if len(by_mtu) > 1:
        text = "; ".join(f"{mtu} on {_names(hosts)}" for mtu, hosts in by_mtu.items())
        faults["mtu"].append(("", False, f"the data path's MTU differs: {text}"))
    for mtu, hosts in by_mtu.items():
        if mtu < LEAST_MTU:
            faults["mtu"] += [
                (host, False, f"{host}: MTU {mtu} of the data path") for host in hosts
            ]
    # The pools of a swarm that is there are fixed for its life.
    if not any(one["state"] == "active" for one in given.values()):
        _add_pools(faults, given, swarm)


def _by(given, key):
    found = {}
    for host, one in given.items():
        found.setdefault(one[key], []).append(host)
    return found


def _add_pools(faults, given, swarm):
    """The networks that a swarm takes first are an error; the rest of a large pool is seldom used."""
    size = swarm.get("subnet_size") or SUBNET_SIZE
    pools = [ipaddress.ip_network(one) for one in swarm.get("address_pool") or [POOL]]
    for pool in pools[:1]:
        most = min(FIRST_SUBNETS << max(pool.max_prefixlen - size, 0), pool.num_addresses)
        last = pool[most - 1]
        for host, found in given.items():
            for route in found["routes"]:
                network, _, link = route.partition(" ")
                network = ipaddress.ip_network(network)
                if (
                    network.version == pool.version
                    and network.subnet_of(pool)
                    and network[0] <= last
                ):
                    text = f"{host}: the pool {pool} contains the route {network} of {link}"
                    faults["pools"].append((host, False, text))


def _names(hosts):
    if len(hosts) <= NAMED:
        return ", ".join(hosts)
    return f"{', '.join(hosts[:NAMED])} and {len(hosts) - NAMED} more"


def _number(version):
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3])


def _add_versions(faults, given, upgrade):
    versions = {}
    for host, found in given.items():
        if found["api"] and _number(found["api"])[:2] < LEAST_API:
            text = f"{host}: docker {found['version']} has API {found['api']}, older than 1.41"
            faults["versions"].append((host, False, text))
        if found["version"]:
            versions.setdefault(_number(found["version"])[:2], []).append(host)
    # An upgrade is the cure.
    if len(versions) > 2 and upgrade is None:
        text = "; ".join(
            f"{'.'.join(map(str, version))} on {_names(hosts)}"
            for version, hosts in sorted(versions.items())
        )
        faults["versions"].append(("", False, f"{len(versions)} versions of docker: {text}"))
    newest = max((_number(one["version"]) for one in given.values() if one["manager"]), default=())
    for host, found in given.items():
        if newest and not found["manager"] and _number(found["version"]) > newest:
            text = f"{host}: a worker with docker {found['version']}, newer than all managers"
            faults["versions"].append((host, False, text, "warning"))


def _add_clocks(faults, given, now):
    """A job takes its time: a clock is off by no less than the distance from the time that it took."""
    for host, found in given.items():
        off = 0
        if host in now:
            before, after = now[host]
            off = max(before - found["time"], found["time"] - after)
        if off > CLOCK_WARNING:
            where = "behind" if found["time"] < now[host][0] else "ahead of"
            level = "error" if off > CLOCK_SECONDS else "warning"
            text = f"{host}: {off:.0f} s {where} the master"
            faults["clock"].append((host, False, text, level))
        elif found["synchronised"] is False:
            text = f"{host}: the clock is not synchronised"
            faults["clock"].append((host, False, text, "warning"))


def _add_managers(faults, given, swarm):
    managers = list(swarm.get("managers") or [])
    if managers and len(managers) % 2 == 0:
        text = f"{len(managers)} managers survive no more failures than {len(managers) - 1} would"
        faults["managers-even"].append(("", False, text))
    zones = {}
    for host in managers:
        if host in given and given[host]["zone"]:
            zones.setdefault(given[host]["zone"], []).append(host)
    for zone, hosts in sorted(zones.items()):
        if len(zones) > 1 and 2 * len(hosts) > len(managers):
            text = f"zone {zone} has {len(hosts)} of {len(managers)} managers: without it no quorum is left"
            faults["zones"].append((zone, False, text))


def _add_upgrade(faults, given, upgrade):
    for host, why in sorted((upgrade.get("packages") or {}).items()):
        if why:
            faults["package"].append((host, False, f"{host}: {why}"))
    targets = upgrade.get("targets") or {}
    # From 29.0 on an engine refuses clients with an older API than 1.44, as long as nobody tells it not to.
    if any(_number(given[host]["version"]) < (29,) <= _number(to) for host, to in targets.items()):
        for service in upgrade.get("sockets") or ():
            text = f"{service} mounts docker's socket, and docker 29 may ask for API 1.44"
            faults["socket-clients"].append((service, False, text))


# --- for people -----------------------------------------------------------------------------------


def lines(rows=None):
    """
    Return ``{"errors", "warnings", "names"}``: a line for each check that does not hold, with at most five
    hosts and the fix; the names are those of the checks that block a change.

    rows
        What :py:func:`judge` returned.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_preflight_rules.lines '[]'
    """
    found = {"errors": [], "warnings": [], "names": []}
    told = [row for row in rows or () if row["text"] != f"{row['on']}: {SILENT}"]
    silent = sorted(
        {one["on"] for one in rows or () if one not in told and one["level"] == "error"}
    )
    if silent:
        found["errors"].append(f"not known: {_names(silent)}: {SILENT}")
    for name in CHECKS:
        for level in ("error", "warning"):
            texts, fix = {}, ""
            for row in told:
                if row["ok"] is not True and (row["name"], row["level"]) == (name, level):
                    said = row["text"].removeprefix(f"{row['on']}: ")
                    texts.setdefault(said, []).extend([row["on"]] * (said != row["text"]))
                    fix = row["fix"] or fix
            parts = [f"{_names(on)}: {said}" if on else said for said, on in texts.items()]
            if len(parts) > NAMED:
                parts = [*parts[:NAMED], f"and {len(parts) - NAMED} more"]
            if not parts:
                continue
            line = f"{name}: {'; '.join(parts)}" + (f" ({fix})" if fix else "")
            found["errors" if level == "error" else "warnings"].append(
                line if level == "error" else f"warning: {line}"
            )
            if level == "error":
                found["names"].append(name)
    return found


def advice(names=None):
    """
    Return the line that says what to do about the checks that block a change.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_preflight_rules.advice '[clock]'
    """
    given = json.dumps({"swarm_ignore": list(names or ())})
    return f"nothing was changed: correct this and run again, or accept it: pillar='{given}'"
