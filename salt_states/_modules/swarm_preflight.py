# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: what must be right on hosts before they are changed
======================================================================

What a host reads of itself for the checks of a preflight. ``swarm_preflight_rules`` has the checks, and
judges the readings of all hosts together, because some faults show only side by side. Nothing is changed.

:maturity: new
:depends: the execution modules ``swarm_core``, ``swarm_facts``, ``swarm_state_dir``
:platform: Linux

.. versionadded:: 0.1.0

**Pillar**: ``swarm:advertise``, ``swarm:data_path``, ``swarm:data_path_port``, ``swarm:managers``,
``swarm:nodes``.
"""

import contextlib
import ctypes
import fcntl
import glob
import json
import os
import platform
import re
import socket
import struct
import time

import salt.utils.files
import salt.utils.hashutils
import salt.utils.minion
from salt.exceptions import CommandExecutionError

__virtualname__ = "swarm_preflight"

MODULES = ("overlay", "vxlan", "br_netfilter", "ip_vs", "esp4", "xfrm_user")
MAX_TEXT = 65536
# A host that is a router may have a million.
MAX_ROUTES = 500
CONNECT_SECONDS = 2
LEAVING_SECONDS = 10
# What adjtimex(2) returns for a clock that nothing keeps right.
TIME_ERROR = 5
DAEMON_JSON = "/etc/docker/daemon.json"
MACHINE_ID = "/etc/machine-id"
MODULE_FOLDER = "/lib/modules"
LOADED = "/sys/module"
BRIDGE_FILTER = "/proc/sys/net/bridge"
# ioctl(2) for the MTU of an interface; /sys may be that of another network namespace.
SIOCGIFMTU = 0x8921
ROUTES = "/proc/net/route"
UFW = "/etc/ufw/ufw.conf"
FIREWALLD = "/usr/sbin/firewalld"
# Interfaces of docker itself, and of the host alone.
INTERNAL = ("lo", "docker", "br-", "veth")


def __virtual__():
    return __virtualname__


def reading(managers=None, fresh=False, saltenv=None, pillarenv=None, run=None, digests=""):
    """
    Return what this host knows of itself for the checks, as plain data without secrets.

    managers
        ``ip:port`` of managers: is each of them reached from here, and from which address? On a member also
        those that its engine knows.
    fresh
        With the pillar that the master has now, not the one that this minion got last.
    saltenv, pillarenv
        Where that pillar is from.
    run, digests
        The id of a run of docker.bootstrap that begins, and ``docker/DIGESTS``. If ``docker.extension`` and
        ``docker.engine`` have nothing to change here, the facts of this host are published for that run, and
        ``ready`` is ``{"role", "node_id", "cluster", "drift"}``, else ``None``.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm_preflight.reading
    """
    pillar = _pillar(fresh, saltenv, pillarenv)
    swarm = pillar.get("swarm") or {}
    info, api = {}, ""
    with contextlib.suppress(CommandExecutionError):
        info = __salt__["swarm_core.call"]("info")
        api = __salt__["swarm_core.call"]("version").get("ApiVersion") or ""
    own = info.get("Swarm") or {}
    state = own.get("LocalNodeState", "")
    manages = state == "active" and bool(own.get("ControlAvailable"))
    orphan = _orphan_data() if state == "inactive" else {}
    settings, wrong = _daemon_json()
    if not wrong and settings and state != "active":
        wrong = _validated()
    listed = {one.get("NodeID"): one.get("Addr") for one in own.get("RemoteManagers") or []}
    asked = sorted({*filter(None, listed.values()), *(managers or ())})
    addresses = __salt__["swarm_facts.addresses"]()
    address = own.get("NodeAddr") or _address(swarm.get("advertise"), addresses)
    is_manager = __opts__["id"] in (swarm.get("managers") or [])
    out = state in ("", "inactive")
    return {
        "time": time.time(),
        "synchronised": _synchronised(),
        "state": state,
        "serving": listed.get(own.get("NodeID"), "") if manages else "",
        "manager": manages or is_manager,
        "version": info.get("ServerVersion") or "",
        "api": api,
        "address": address,
        "addresses": addresses,
        "unreachable": [
            why
            for key in ("advertise", "data_path")
            for why in [__salt__["swarm_facts.why_no_address"](swarm.get(key), key)]
            if why
        ],
        "sources": {one: _source(one) for one in asked},
        "cut_off": _cut_off(asked),
        "taken": _taken(swarm, is_manager) if out else [],
        "firewall": "" if state == "active" else _firewall(),
        "port": swarm.get("data_path_port") or 4789,
        "routes": _routes() if out else [],
        "mtu": _mtu(_address(swarm.get("data_path"), addresses) or address),
        "engine_id": info.get("ID") or "",
        "machine_id": _text(MACHINE_ID),
        "orphan": orphan.get("reason", ""),
        "live_restore": bool(info.get("LiveRestoreEnabled") or settings.get("live-restore")),
        "daemon_json": wrong,
        "lacks": _lacking(),
        "encrypted": _encrypted() if manages else [],
        "disk": _disk(info.get("DockerRootDir") or "/var/lib"),
        "zone": str(_zone(swarm) or ""),
        **({"ready": _ready(run, digests, pillar)} if run else {}),
    }


def _ready(run, digests, pillar):
    if any(str(job.get("fun")).startswith("state.") for job in salt.utils.minion.running(__opts__)):
        # What an earlier run left publishes facts of its own at its end.
        return None
    engine = __salt__["swarm_engine.settled"](pillar) if _is_delivered(digests) else None
    if engine is None:
        return None
    __salt__["swarm_mine.hold"]()
    try:
        facts = __salt__["swarm_facts.announce"](run, engine["drift"])
    except CommandExecutionError:
        # The step that publishes them says why it cannot.
        facts = None
    finally:
        __salt__["swarm_mine.release"]()
    return facts and {
        "role": facts["role"],
        "node_id": facts["node_id"],
        "cluster": facts.get("cluster", ""),
        "drift": facts["drift"],
    }


def _is_delivered(digests):
    """Return whether the files of the extension are here as the file root has them; see docker/extension.sls."""
    for line in str(digests or "").splitlines():
        digest, _, below = line.strip().partition(" ")
        path = os.path.join(__opts__["extension_modules"], below.strip())
        if not digest:
            continue
        if not os.path.isfile(path) or salt.utils.hashutils.get_hash(path) != digest:
            return False
    return True


def _orphan_data():
    """An engine that has just left a swarm is still deleting its data."""
    end = time.monotonic() + LEAVING_SECONDS
    while True:
        try:
            found = __salt__["swarm_state_dir.orphan_data"]()
        except CommandExecutionError:
            return {}
        if not found or time.monotonic() > end:
            return found
        time.sleep(1)


def _pillar(fresh, saltenv, pillarenv):
    if not fresh:
        return __pillar__
    given = {"saltenv": saltenv, "pillarenv": pillarenv}
    # Salt 3008 masks all values unless told not to; 3006 ignores the argument.
    return __salt__["pillar.items"](unmask=True, **{k: v for k, v in given.items() if v})


def _zone(swarm):
    return __salt__["swarm_facts.named"](__opts__["id"], swarm)["labels"].get("zone")


def _text(path):
    try:
        with salt.utils.files.fopen(path) as handle:
            return handle.read(MAX_TEXT).strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _lines(path):
    try:
        with salt.utils.files.fopen(path) as handle:
            return handle.read().splitlines()
    except (OSError, UnicodeDecodeError):
        return []


# --- the engine's settings ------------------------------------------------------------------------


def _daemon_json():
    """Return the engine's settings, and what is wrong with the file."""
    text = _text(DAEMON_JSON)
    if not text:
        return {}, ""
    try:
        found = json.loads(text)
    except ValueError as exc:
        return {}, f"{DAEMON_JSON} is not JSON: {exc}"
    if not isinstance(found, dict):
        return {}, f"{DAEMON_JSON} is not a JSON object"
    if found.get("firewall-backend") == "nftables":
        return found, f"{DAEMON_JSON} has firewall-backend nftables, which swarm does not work with"
    return found, ""


def _validated():
    """Return what the installed engine says of the file; an engine before 23.0 cannot check it."""
    if not __salt__["cmd.has_exec"]("dockerd"):
        return ""
    command = ["dockerd", "--validate", "--config-file", DAEMON_JSON]
    done = __salt__["cmd.run_all"](command, python_shell=False, ignore_retcode=True, timeout=20)
    said = f"{done['stderr']}\n{done['stdout']}".strip()
    if not done["retcode"] or "unknown flag" in said:
        return ""
    return f"{DAEMON_JSON}: {said.splitlines()[0][:300] if said else 'dockerd refuses it'}"


def _encrypted():
    """Return the names of the swarm's encrypted networks."""
    with contextlib.suppress(CommandExecutionError):
        return [
            one["Name"]
            for one in __salt__["swarm_core.call"]("network_list")
            if "encrypted" in (one.get("Options") or {})
        ]
    return []


# --- the kernel, the clock, the disk --------------------------------------------------------------


def _lacking():
    """
    Return ``{"lacks": modules that this kernel has not, "unknown": those of which it does not say}``.
    """
    folder = os.path.join(MODULE_FOLDER, platform.release())
    known = _lines(os.path.join(folder, "modules.dep"))
    known += _lines(os.path.join(folder, "modules.builtin"))
    has = {os.path.basename(line.split(":")[0]).split(".")[0].replace("-", "_") for line in known}
    absent = [
        name
        for name in MODULES
        if name not in has
        and not os.path.isdir(os.path.join(LOADED, name))
        and not (name == "br_netfilter" and os.path.isdir(BRIDGE_FILTER))
    ]
    return {"lacks": absent, "unknown": []} if known else {"lacks": [], "unknown": absent}


def _synchronised():
    """Return whether something keeps the clock right; None where the kernel does not say."""
    try:
        # struct timex has 208 bytes; with no modes set it is only read.
        return ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)) != TIME_ERROR
    except (OSError, AttributeError):
        return None


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


# --- addresses and ports --------------------------------------------------------------------------


def _address(given, addresses):
    """Return the address that pillar means, or the only one that there is; empty if the engine chooses."""
    if not given:
        return addresses[0] if len(addresses) == 1 else ""
    name = __salt__["swarm_facts.without_port"](given)
    found = [
        one for grain in ("ip4_interfaces", "ip6_interfaces") for one in _of_interface(grain, name)
    ]
    return found[0] if found else name


def _of_interface(grain, name):
    return (__grains__.get(grain) or {}).get(name) or []


def _mtu(address):
    """Return the MTU of the interface with this address; 0 if there is none."""
    for grain in ("ip4_interfaces", "ip6_interfaces"):
        for name, addresses in (__grains__.get(grain) or {}).items():
            if address and address in addresses:
                return _mtu_of(name)
    return 0


def _mtu_of(name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            asked = struct.pack("16sI12x", name.encode(), 0)
            return struct.unpack("16sI12x", fcntl.ioctl(probe, SIOCGIFMTU, asked))[1]
        except (OSError, struct.error):
            return 0


def _routes():
    """Return ``["network interface"]`` of the IPv4 routes that are neither the default nor docker's."""
    found = []
    for line in _lines(ROUTES)[1 : MAX_ROUTES + 1]:
        words = line.split()
        if len(words) > 7 and not words[0].startswith(INTERNAL) and int(words[7], 16):
            network = socket.inet_ntoa(bytes.fromhex(words[1])[::-1])
            found.append(f"{network}/{bin(int(words[7], 16)).count('1')} {words[0]}")
    return found


def _source(address):
    """Return the address from which the kernel would speak to another one. No packet is sent."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((host, int(port)))
            return probe.getsockname()[0]
    except (OSError, ValueError):
        return ""


def _cut_off(managers):
    if not managers:
        return []
    reached = __salt__["swarm_core.reachable"](list(managers), timeout=CONNECT_SECONDS)
    return sorted(set(managers) - set(reached))


def _taken(swarm, is_manager):
    """Return the ports of swarm that something else has, and what."""
    kinds = [(2377, "tcp")] * is_manager
    kinds += [(7946, "tcp"), (7946, "udp"), (swarm.get("data_path_port") or 4789, "udp")]
    return [
        f"{port}/{kind} is taken by {_owner(port, kind)}"
        for port, kind in kinds
        if not _is_free(port, kind)
    ]


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


def _owner(port, kind):
    """Return the program that has a port; a socket without one is the kernel's, such as that of VXLAN."""
    inodes = set()
    for path in (f"/proc/net/{kind}", f"/proc/net/{kind}6"):
        for line in _lines(path)[1:]:
            words = line.split()
            if words[1].endswith(f":{port:04X}") and (kind == "udp" or words[3] == "0A"):
                inodes.add(f"socket:[{words[9]}]")
    for path in glob.iglob("/proc/[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(path) in inodes:
                pid = path.split("/")[2]
                return f"{_text(f'/proc/{pid}/comm')} (PID {pid})"
    return "the kernel"


def _firewall():
    """Return the firewall that is active here, of those that are known."""
    if re.search(r"^ENABLED=[\"']?yes", _text(UFW), re.M | re.I):
        return "ufw"
    if os.path.exists(FIREWALLD) and __salt__["service.status"]("firewalld"):
        return "firewalld"
    return ""
