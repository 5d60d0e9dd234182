# SPDX-License-Identifier: Apache-2.0
"""
Upgrade or reboot this host
===========================

What ``docker.upgrade`` and ``docker.reboot`` do on a host, once it is empty: look, download,
install, restart, reboot. The state ``swarm.rolled`` on the master says when.

:maturity: new
:depends: the execution modules ``swarm``, ``swarm_engine`` and ``swarm_roll``
:platform: Linux

.. versionadded:: 0.1.0

**Pillar**: ``repositories:pkgs:docker-engine:version``, ``swarm:unlock``.
"""

import fnmatch
import os
import re
import time

from salt.exceptions import CommandExecutionError

# They come from the same source, and must fit the engine.
COMPANIONS = (
    "docker-cli",
    "docker-ce-cli",
    "docker-ce-rootless-extras",
    "docker-buildx-plugin",
    "containerd.io",
    "containerd",
    "runc",
)
# What newer packages of the engine bring under another name.
REPLACED = ("tini",)
BOOT_ID = "/proc/sys/kernel/random/boot_id"
MACHINE_ID = "/etc/machine-id"
REBOOT_REQUIRED = "/run/reboot-required"
# An engine with many containers takes its time; a manager waits for the others.
START_SECONDS = 120
# So many nodes are planned by one call.
PLANNED = 1000
# What a run that was killed on the master leaves running here.
OURS = (
    "swarm_upgrade.install",
    "swarm_upgrade.prefetch",
    "swarm_prefetch.pull",
    "swarm.evict",
    "swarm.evict_undo",
    "swarm_canary.check",
)

__virtualname__ = "swarm_upgrade"


def __virtual__():
    return __virtualname__


def _read(path):
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def look(refresh=False, packages=True, when="required", preflight=False):
    """
    Return what decides whether and how this host is upgraded or rebooted. Changes nothing but the
    package lists.

    refresh
        Read the package lists of the sources again.
    packages
        ``False``: nothing about packages.
    when
        An absolute path: this host needs a reboot where that file is newer than its boot.
    preflight
        ``True``: also ``reading``, what :py:func:`swarm_preflight.reading
        <salt.modules.swarm_preflight.reading>` says, and ``blocked``, why the target cannot be installed.

    Returns ``node_id``, ``role``, ``cluster``, ``state``, ``engine`` (the version that runs),
    ``package``, ``installed`` and ``target`` (package versions; the target is empty where no source
    has it), ``unlock`` (whether pillar says where the unlock key is), ``boot`` and ``machine``
    (ids), ``reboot`` (why a reboot is needed; empty if not).

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_upgrade.look
    """
    for job in __salt__["saltutil.running"]():
        if job.get("fun") in OURS:
            raise CommandExecutionError(
                f"busy, another run is on here ({job['fun']}, PID {job.get('pid')}): run again when it"
                " has ended"
            )
    info = __salt__["swarm.info"]()
    engine = __salt__["swarm_engine.look"]() if packages else {"package": "", "version": ""}
    given = __salt__["swarm_engine.wanted"]()
    pillar = __pillar__.get("swarm") or {}
    target = _target(engine, given["version"], refresh) if packages else ""
    more = {}
    if preflight:
        more["reading"] = __salt__["swarm_preflight.reading"]()
        more["blocked"] = _why_blocked(engine, target)
    return {
        **more,
        "node_id": info["node_id"],
        "role": info["role"],
        "cluster": info["cluster_id"],
        "state": info["state"],
        "engine": _engine(),
        "package": engine["package"],
        "installed": engine["version"],
        "target": target,
        "wanted": given["version"],
        "unlock": bool(pillar.get("unlock")),
        "boot": _read(BOOT_ID),
        "machine": _read(MACHINE_ID),
        "reboot": _why_reboot(when),
    }


def _number(version):
    return __salt__["swarm_roll.number"](version)


def _engine():
    return _number(__salt__["swarm_core.call"]("version")["Version"])


def _target(engine, wanted, refresh):
    """Return the package version to install: the newest that pillar allows."""
    if not engine["package"]:
        return ""
    if refresh:
        __salt__["pkg.refresh_db"]()
    offered = __salt__["pkg.list_repo_pkgs"](engine["package"]).get(engine["package"], [])
    wanted = "*" if wanted in ("", "latest") else wanted
    for version in offered:
        plain = version if ":" in wanted else version.partition(":")[2] or version
        if fnmatch.fnmatchcase(plain, wanted):
            return version
    return ""


def _why_blocked(engine, target):
    """Return why apt cannot install this version, or what else it would remove; no other one can say."""
    if target in ("", engine["version"]) or __grains__["os_family"] != "Debian":
        return ""
    command = ["apt-get", "-q", "-s", "-y", "--allow-downgrades", "install"]
    command += [f"{engine['package']}={target}", *_companions(engine["package"])]
    done = __salt__["cmd.run_all"](
        command, python_shell=False, ignore_retcode=True, env={"LC_ALL": "C"}
    )
    said = f"{done['stdout']}\n{done['stderr']}"
    if done["retcode"]:
        lines = [line for line in said.splitlines() if line.startswith("E:")]
        return f"apt cannot install {engine['package']} {target}: {' '.join(lines)[:300]}"
    removed = sorted({*re.findall(r"^Remv (\S+)", said, re.M)} - {*COMPANIONS, *REPLACED})
    return f"{engine['package']} {target} would remove {', '.join(removed)}" if removed else ""


def _companions(package):
    installed = __salt__["pkg.list_pkgs"]()
    return [name for name in COMPANIONS if name in installed and name != package]


def _why_reboot(when):
    if when.startswith("/"):
        return f"{when} is there" if _is_newer(when) else ""
    if os.path.exists(REBOOT_REQUIRED):
        return f"{REBOOT_REQUIRED} is there"
    running = os.uname().release
    newer = "kernelpkg.needs_reboot" in __salt__ and os.path.isdir("/boot")
    try:
        if newer and __salt__["kernelpkg.needs_reboot"]():
            return f"kernel {running} runs, and a newer one is installed"
    except Exception:  # pylint: disable=broad-except
        # It raises what it likes on a host without kernels of its own, such as a container.
        return ""
    return ""


def _is_newer(path):
    """Return whether a file was made or changed after the boot: until then its reboot is still to come."""
    try:
        changed = os.stat(path).st_ctime
    except OSError:
        return False
    machine = re.search(r"^btime (\d+)$", _read("/proc/stat"), re.M)
    # Of the first process: a container's is younger than its machine's.
    ticks = _read("/proc/1/stat").rpartition(")")[2].split()[19]
    return changed > int(machine[1]) + int(ticks) / os.sysconf("SC_CLK_TCK")


def proof(nodes=None, allow=None, blockers=None):
    """
    Return what may be in the way of emptying nodes and of another version, from a manager.

    nodes
        List of full ids.
    allow
        List of services whose tasks may be stopped.
    blockers
        Names of services.

    Returns ``autolock``, ``encrypted`` (the names of encrypted networks), ``unknown`` (blockers that are
    not services), ``sockets`` (services that mount docker's socket, with their images) and ``plans``:
    ``{id: {"refusal", "stays", "tasks"}}``: why a node is not emptied, as ``swarm.evict_plan`` has it, which
    services stay there, and how many tasks go which way.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_upgrade.proof '[l36kpsxj0i0gmu0yl3ti5a1ex]'
    """
    slips = _unknown(allow or [])
    if slips:
        raise CommandExecutionError(
            f"swarm_stop or pillar swarm:drain:allow names {', '.join(slips)}, which is not a service:"
            " correct it"
        )
    plans = {}
    nodes = list(nodes or ())
    for first in range(0, len(nodes), PLANNED):
        for plan in __salt__["swarm_core.core"](
            "evict_plans", nodes[first : first + PLANNED], allow=allow
        ):
            stays = [one["service"] for one in plan["services"] if one["way"] == "stay"]
            plans[plan["id"]] = {"refusal": plan["refusal"], "stays": stays}
            plans[plan["id"]]["tasks"] = _tasks(plan["services"])
    return {
        "autolock": __salt__["swarm.cluster"]()["autolock"],
        "encrypted": [
            one["Name"]
            for one in __salt__["swarm_core.call"]("network_list")
            if "encrypted" in (one.get("Options") or {})
        ],
        "unknown": _unknown(blockers or []),
        "sockets": [
            text
            for service in __salt__["swarm_core.call"]("service_list")
            for text in [_socket_client(service["Spec"])]
            if text
        ],
        "plans": plans,
    }


def _unknown(names):
    if not names:
        return []
    found = __salt__["swarm_core.call"]("service_list", query={"filters": {"name": list(names)}})
    known = {one["Spec"]["Name"] for one in found or []}
    return [name for name in names if name not in known]


def _socket_client(spec):
    """Return a service that mounts docker's socket, with its image; empty if this one does not."""
    container = (spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}
    mounts = [one.get("Source") for one in container.get("Mounts") or []]
    if not {*mounts} & {"/var/run/docker.sock", "/run/docker.sock"}:
        return ""
    return f"{spec['Name']} ({str(container.get('Image')).partition('@')[0]})"


def _tasks(services):
    words = {"move": "evict", "stop": "stop", "stay": "stay"}
    counts = {way: sum(one["tasks"] for one in services if one["way"] == way) for way in words}
    return ", ".join(f"{words[way]} {count}" for way, count in counts.items() if count) or "-"


def prefetch(target=None):
    """
    Download the packages of an upgrade; nothing is installed.

    target
        Package version of the engine.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_upgrade.prefetch 28.5.2+dfsg4-5
    """
    _install(target, downloadonly=True)
    return True


def _install(target, **more):
    engine = __salt__["swarm_engine.look"]()
    pkgs = [{engine["package"]: target}, *_companions(engine["package"])]
    done = __salt__["pkg.install"](pkgs=pkgs, refresh=False, **more)
    __salt__["swarm_engine.forget"]()
    return done


def install(target=None, seconds=START_SECONDS):
    """
    Install a version of the engine, restart docker, and wait until that version runs as the member
    that it was. A manager that locks itself is unlocked with the key of pillar ``swarm:unlock``.
    The host must be empty. What is there already is not done again.

    target
        Package version of the engine.
    seconds
        How long docker may take to come up.

    Returns ``{"installed", "engine"}``: each with ``old`` and ``new``.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_upgrade.install 28.5.2+dfsg4-5
    """
    before, ran = __salt__["swarm_engine.look"](), _engine()
    member = __salt__["swarm.info"]()["state"] not in ("inactive",)
    if before["version"] != target:
        _install(target)
        __salt__["swarm_engine.forget"]()
        now = __salt__["swarm_engine.look"]()["version"]
        if now != target:
            raise CommandExecutionError(
                f"{before['package']} is {now} after the installation of {target}: see the log of"
                " the package manager"
            )
    if ran != _number(target):
        _restart()
        _wait_for(_number(target), member, seconds)
    return {
        "installed": {"old": before["version"], "new": target},
        "engine": {"old": ran, "new": _number(target)},
    }


def _restart():
    """
    Restart docker and containerd in one transaction of systemd, which ends even if this minion is killed
    meanwhile. In the order of their units docker stops first, so that it can stop its containers.
    """
    units = ["docker"]
    if "docker.socket" in __salt__["service.get_all"]():
        # It would start docker again in the midst of it.
        units.insert(0, "docker.socket")
    if __salt__["service.status"]("containerd"):
        units.append("containerd")
    __salt__["swarm_engine.let_start"]()
    command = ["systemctl", "--no-block", "restart", *units]
    done = __salt__["cmd.run_all"](command, python_shell=False)
    if done["retcode"]:
        raise CommandExecutionError(f"docker was not restarted: {done['stderr']}")


def _wait_for(version, member, seconds):
    """Wait until an engine of this version is the member that it was; unlock it on the way."""
    end = time.monotonic() + seconds
    why = "docker does not answer"
    while True:
        try:
            info = __salt__["swarm.info"]()
            why = f"docker is {info['state']}"
            if info["state"] == "locked":
                unlock()
                continue
            if _engine() != version:
                why = f"docker {_engine()} runs, and not {version}"
            elif not member or (info["state"] == "active" and not info.get("error")):
                return
        except CommandExecutionError as exc:
            why = str(exc)
        if time.monotonic() > end:
            raise CommandExecutionError(
                f"docker {version} did not come up in {seconds} s: {why} (journalctl -u docker)"
            )
        time.sleep(0.5)


def unlock():
    """
    Unlock this manager with the key of pillar ``swarm:unlock``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_upgrade.unlock
    """
    place = (__pillar__.get("swarm") or {}).get("unlock") or {}
    if not place:
        raise CommandExecutionError(
            "this manager locked itself: run swarm.unlock, or say in pillar swarm:unlock where the"
            " key is"
        )
    __salt__["swarm.unlock"](**place)
    return True


def certificate_role():
    """
    Return the role in this host's certificate: ``worker``, ``manager``, or nothing. After a
    demotion it says worker later than the managers do, and until then a restart may lock the host.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_upgrade.certificate_role
    """
    return (__salt__["swarm_state_dir.certificate"]() or {}).get("role", "")


def reboot():
    """
    Reboot this host. It must be empty. That it came back shows in another ``boot`` of
    :py:func:`swarm_upgrade.look <look>`: this answer may be lost.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_upgrade.reboot
    """
    __salt__["system.reboot"]()
    return _read(BOOT_ID)
