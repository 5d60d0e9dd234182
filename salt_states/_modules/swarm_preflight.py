# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: what must be right on hosts before they are changed
======================================================================

Named checks of hosts, all faults in one answer, each with its fix. A host reads what it knows of itself
(:py:func:`reading`); the readings of all hosts together are judged in one place (:py:func:`judge`), because
some faults show only side by side: two hosts with one engine id, a clock that is behind. Nothing is changed.

:maturity: new
:depends: the execution modules ``swarm_core``, ``swarm_facts``, ``swarm_state_dir``

.. versionadded:: 0.1.0
"""

import contextlib
import json
import os
import platform
import socket
import time

import salt.utils.files
from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm_preflight"

# name: (level, when it holds, fix)
CHECKS = {
    "address-local": (
        "error",
        "pillar swarm:advertise and data_path name something of the host that others reach",
        "correct swarm:advertise or swarm:data_path",
    ),
    "address-twice": (
        "error",
        "no two hosts have one address",
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
        "stop what listens there",
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
    "daemon-json": ("error", "/etc/docker/daemon.json is JSON", "correct /etc/docker/daemon.json"),
    "modules": (
        "error",
        "the kernel has overlay, vxlan and br_netfilter",
        "install the kernel's modules",
    ),
    "virtual-ips": (
        "warning",
        "the kernel has ip_vs, which virtual IPs and the routing mesh need",
        "use endpoint_mode dnsrr, or a kernel with ip_vs",
    ),
    "clock": (
        "error",
        "no clock differs from the master's by over a minute",
        "set the clock (chrony)",
    ),
    "disk": ("error", "docker's folder has 1 GiB and 5 % free", "free some space"),
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
}
MODULES = ("overlay", "vxlan", "br_netfilter", "ip_vs")
GIB = 1024**3
MAX_TEXT = 65536
CLOCK_SECONDS = 60
CONNECT_SECONDS = 2
NAMED = 5
DAEMON_JSON = "/etc/docker/daemon.json"
MACHINE_ID = "/etc/machine-id"
MODULE_FOLDER = "/lib/modules"
LOADED = "/sys/module"


def __virtual__():
    return __virtualname__


# --- what a host knows of itself ------------------------------------------------------------------


def reading(managers=None):
    """
    Return what this host knows of itself for the checks, as plain data without secrets.

    managers
        ``ip:port`` of managers that run: is each of them reached from here?

    CLI Example:

    .. code-block:: bash

        salt '*' swarm_preflight.reading
    """
    swarm = __pillar__.get("swarm") or {}
    info = {}
    with contextlib.suppress(CommandExecutionError):
        info = __salt__["swarm_core.call"]("info")
    state = (info.get("Swarm") or {}).get("LocalNodeState", "")
    orphan = {}
    with contextlib.suppress(CommandExecutionError):
        orphan = __salt__["swarm_state_dir.orphan_data"]() if info else {}
    settings, wrong = _daemon_json()
    root = info.get("DockerRootDir") or "/var/lib"
    return {
        "time": time.time(),
        "state": state,
        "addresses": __salt__["swarm_facts.collect"]()["addresses"],
        "unreachable": [
            why
            for key in ("advertise", "data_path")
            for why in [__salt__["swarm_facts.why_no_address"](swarm.get(key), key)]
            if why
        ],
        "engine_id": info.get("ID") or "",
        "machine_id": _text(MACHINE_ID),
        "orphan": orphan.get("reason", ""),
        "live_restore": bool(info.get("LiveRestoreEnabled") or settings.get("live-restore")),
        "daemon_json": wrong,
        "lacks": _lacking(),
        "disk": _disk(root),
        "taken": _taken(swarm) if state in ("", "inactive") else [],
        "cut_off": _cut_off(managers),
    }


def _text(path):
    try:
        with salt.utils.files.fopen(path) as handle:
            return handle.read(MAX_TEXT).strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _daemon_json():
    """Return the engine's settings, and what is wrong with the file."""
    text = _text(DAEMON_JSON)
    if not text:
        return {}, ""
    try:
        found = json.loads(text)
    except ValueError as exc:
        return {}, f"{DAEMON_JSON} is not JSON: {exc}"
    return (found, "") if isinstance(found, dict) else ({}, f"{DAEMON_JSON} is not a JSON object")


def _lacking():
    """Return the modules that this kernel cannot load; None where it does not say."""
    folder = os.path.join(MODULE_FOLDER, platform.release())
    known = _lines(os.path.join(folder, "modules.dep")) + _lines(
        os.path.join(folder, "modules.builtin")
    )
    if not known:
        return None
    has = {os.path.basename(line.split(":")[0]).split(".")[0].replace("-", "_") for line in known}
    return [
        name
        for name in MODULES
        if name not in has and not os.path.isdir(os.path.join(LOADED, name))
    ]


def _lines(path):
    try:
        with salt.utils.files.fopen(path) as handle:
            return handle.read().splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _disk(root):
    """Return ``{"path", "free", "size"}`` in bytes of the nearest folder that is there; None if none is."""
    while root and not os.path.isdir(root):
        root = os.path.dirname(root) if root != "/" else ""
    if not root:
        return None
    found = os.statvfs(root)
    return {
        "path": root,
        "free": found.f_bavail * found.f_frsize,
        "size": found.f_blocks * found.f_frsize,
    }


def _taken(swarm):
    """Return the ports of swarm that something else has."""
    kinds = [
        (2377, "tcp"),
        (7946, "tcp"),
        (7946, "udp"),
        (swarm.get("data_path_port") or 4789, "udp"),
    ]
    return [f"{port}/{kind}" for port, kind in kinds if not _is_free(port, kind)]


def _is_free(port, kind):
    with socket.socket(
        socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
    ) as probe:
        # What an engine left a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == "tcp"))
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def _cut_off(managers):
    if not managers:
        return []
    reached = __salt__["swarm_core.reachable"](list(managers), timeout=CONNECT_SECONDS)
    return sorted(set(managers) - set(reached))


# --- what the readings mean -----------------------------------------------------------------------


def judge(readings=None, now=None, swarm=None, checks=None, ignore=None):
    """
    Return the rows of the checks, as those of ``swarm.health``: one for each fault, and one for each check
    that holds.

    readings
        ``{minion id: what reading() returned there}``; anything else is a host that did not answer.
    now
        ``{minion id: [the master's time before, and after the reading]}``; clocks are not compared without.
    swarm
        Pillar ``swarm``; this minion's own unless given.
    checks
        Names of checks; all unless given.
    ignore
        ``name`` or ``name:host``; their faults become warnings. An unknown name is an error.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_preflight.judge '{}'
    """
    _known(checks or (), "checks")
    _known([str(one).partition(":")[0] for one in ignore or ()], "ignore")
    swarm = __pillar__.get("swarm") or {} if swarm is None else swarm
    given = {host: one for host, one in (readings or {}).items() if isinstance(one, dict)}
    silent = sorted(set(readings or {}) - set(given))
    faults = {name: [] for name in CHECKS}
    for host, found in sorted(given.items()):
        for name, ok, text in _of_host(found):
            faults[name].append((host, ok, f"{host}: {text}"))
    _add_shared(faults, given)
    _add_clocks(faults, given, now or {})
    _add_managers(faults, swarm)
    ret = []
    for name in checks or CHECKS:
        ret += [_row(name, ok, on, text, ignore or ()) for on, ok, text in faults[name]]
        ret += [
            _row(name, None, host, f"{host}: it does not answer", ignore or ()) for host in silent
        ]
        if not faults[name] and not silent:
            ret.append(_row(name, True, "", CHECKS[name][1], ()))
    return ret


def _known(names, what):
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        raise SaltInvocationError(
            f"{what}: unknown check {', '.join(map(str, unknown))} (valid: {', '.join(CHECKS)})"
        )


def _row(name, ok, on, text, ignore):
    level, _, fix = CHECKS[name]
    ignored = name in ignore or f"{name}:{on}" in ignore
    return {
        "name": name,
        "ok": ok,
        "level": "warning" if ignored else level,
        "on": on,
        "text": text,
        "fix": fix if ok is False else "",
    }


def _of_host(found):
    """Yield ``(check, ok, text)`` of what one host's reading shows by itself."""
    for why in found["unreachable"]:
        yield "address-local", False, why
    if found["cut_off"]:
        yield "port-2377", False, f"cannot reach {', '.join(found['cut_off'])}"
    if found["taken"]:
        yield "ports-free", False, f"taken: {', '.join(found['taken'])}"
    if found["orphan"]:
        yield "orphan-data", False, found["orphan"]
    if found["live_restore"]:
        yield "live-restore", False, "live-restore is on: swarm refuses it"
    if found["daemon_json"]:
        yield "daemon-json", False, found["daemon_json"]
    lacks = found["lacks"]
    if lacks is None:
        yield "modules", None, "the kernel's list of modules cannot be read"
        yield "virtual-ips", None, "the kernel's list of modules cannot be read"
    else:
        needed = [name for name in lacks if name != "ip_vs"]
        if needed:
            yield "modules", False, f"the kernel has no {', '.join(needed)}"
        if "ip_vs" in lacks:
            yield "virtual-ips", False, "the kernel has no ip_vs"
    disk = found["disk"]
    if disk and (disk["free"] < GIB or disk["free"] * 20 < disk["size"]):
        free, size = (f"{disk[key] / GIB:.1f} GiB" for key in ("free", "size"))
        yield "disk", False, f"{disk['path']} has {free} of {size} free"


def _add_shared(faults, given):
    """Add what two hosts have that only one may have."""
    for name, key in (
        ("engine-id", "engine_id"),
        ("engine-id", "machine_id"),
        ("address-twice", "addresses"),
    ):
        owners = {}
        for host, found in sorted(given.items()):
            values = found[key] if isinstance(found[key], list) else [found[key]]
            for value in filter(None, values):
                owners.setdefault(value, []).append(host)
        for value, hosts in owners.items():
            if len(hosts) > 1:
                what = value if name == "address-twice" else f"one {key.replace('_', ' ')}"
                faults[name].append((hosts[0], False, f"{_names(hosts)} have {what}"))


def _names(hosts):
    if len(hosts) <= NAMED:
        return ", ".join(hosts)
    return f"{', '.join(hosts[:NAMED])} and {len(hosts) - NAMED} more"


def _add_clocks(faults, given, now):
    """A job takes its time: a clock is off by no less than the distance from the time that it took."""
    for host, found in sorted(given.items()):
        if host not in now:
            continue
        before, after = now[host]
        off = max(before - found["time"], found["time"] - after)
        if off > CLOCK_SECONDS:
            where = "behind" if found["time"] < before else "ahead of"
            faults["clock"].append((host, False, f"{host} is {off:.0f} s {where} the master"))


def _add_managers(faults, swarm):
    managers = list(swarm.get("managers") or [])
    if managers and len(managers) % 2 == 0:
        text = f"{len(managers)} managers survive no more failures than {len(managers) - 1} do"
        faults["managers-even"].append(("", False, text))
    zones = {}
    for host in managers:
        zone = __salt__["swarm_facts.named"](host, swarm)["labels"].get("zone")
        if zone:
            zones.setdefault(zone, []).append(host)
    for zone, hosts in sorted(zones.items()):
        if len(zones) > 1 and 2 * len(hosts) > len(managers):
            text = f"zone {zone} has {len(hosts)} of {len(managers)} managers: without it no quorum is left"
            faults["zones"].append((zone, False, text))
