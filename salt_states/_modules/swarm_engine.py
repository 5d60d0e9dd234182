# SPDX-License-Identifier: Apache-2.0
"""
The Docker Engine of this host against pillar
=============================================

Which engine is installed here, whether it may be changed, and what differs from pillar. An engine
that is a member of a swarm is never upgraded, downgraded or restarted by ``docker.engine``: all
managers would restart side by side. What differs there is drift, and is reported.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_repository``
:platform: Linux

.. versionadded:: 0.1.0

**Pillar**: ``repositories:repos:docker``, ``repositories:pkgs:docker-engine`` (see
``pillar_example``).
"""

import fnmatch
import os

from salt.exceptions import CommandExecutionError

SERVICE = "docker"
DEFAULT_PACKAGE = "docker-ce"
# Packages that bring dockerd, by what distributions and Docker call or called them.
PACKAGES = ("docker-ce", "docker.io", "moby-engine", "docker-ee", "docker-engine", "docker-latest")
# Each of them is something else on Debian.
RPM_PACKAGES = ("docker",)
# Package managers remove it, or fail, when an engine is installed beside it.
CONFLICTING = "podman-docker"
MASK = "/etc/systemd/system/docker.service"

__virtualname__ = "swarm_engine"


def __virtual__():
    return __virtualname__


def wanted(pillar=None):
    """
    Return the engine that pillar asks for: ``package`` and ``version`` (empty where it does not
    say), ``installs`` (the package for a host that has none), and ``repository``: ``None``, or
    ``baseurl``, ``gpgkey``, ``dist``, ``comps`` (a list) and ``humanname`` with their defaults.

    pillar
        All of it; by default as this job has it.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_engine.wanted
    """
    pillar = __pillar__ if pillar is None else pillar
    package = _named(pillar, "pkgs", "docker-engine")
    repo = _named(pillar, "repos", "docker")
    for key, one in (("pkgs:docker-engine", package), ("repos:docker", repo)):
        if not isinstance(one, dict):
            raise CommandExecutionError(f"pillar repositories:{key} must be a dictionary")
    ret = {
        "package": str(package.get("name") or ""),
        "version": str(package.get("version") or ""),
        "installs": str(package.get("name") or DEFAULT_PACKAGE),
        "repository": None,
    }
    if repo:
        if not isinstance(repo.get("baseurl"), str):
            raise CommandExecutionError("pillar repositories:repos:docker:baseurl must be a URL")
        comps = repo.get("comps") or "stable"
        ret["repository"] = {
            "baseurl": repo["baseurl"],
            "gpgkey": repo.get("gpgkey"),
            "dist": str(repo.get("dist") or __grains__.get("oscodename", "")),
            "comps": comps.split() if isinstance(comps, str) else [str(one) for one in comps],
            "humanname": str(repo.get("humanname") or "Docker"),
        }
    return ret


def _named(pillar, kind, name):
    repositories = pillar.get("repositories") or {}
    if not isinstance(repositories, dict) or not isinstance(repositories.get(kind) or {}, dict):
        raise CommandExecutionError(
            f"pillar repositories and repositories:{kind} must be dictionaries"
        )
    return (repositories.get(kind) or {}).get(name) or {}


def look():
    """
    Return which engine this host has: ``package`` and ``version`` (empty where no known package is
    installed), ``runs`` (whether it answers), and ``kept``: the reason why it must stay as it is;
    empty where it may be changed or there is none. In a run the answer is that of the first call in
    the job, until :py:func:`swarm_engine.forget <forget>`.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_engine.look
    """
    return _once("look", lambda: _look(wanted()["package"]))


def _look(name):
    installed = __salt__["pkg.list_pkgs"]()
    names = PACKAGES if __grains__["os_family"] == "Debian" else PACKAGES + RPM_PACKAGES
    found = [one for one in (name, *names) if one and one in installed]
    package = found[0] if found else ""
    info = _info()
    ret = {
        "package": package,
        "version": installed.get(package, ""),
        "runs": bool(info),
        "kept": "",
    }
    if package or info:
        ret["kept"] = _why_kept(package, name, info)
    return ret


def _info():
    try:
        return __salt__["swarm.info"]()
    except CommandExecutionError:
        return None


def _why_kept(package, name, info):
    if not package:
        return "docker runs here, but not from a known package"
    if not info:
        return "docker does not answer, and may be a member of a swarm"
    if info["state"] != "inactive":
        return "this host is a member of a swarm"
    if _has_data():
        return "this host holds the data of a swarm"
    if name and name != package:
        return "an installed engine is never replaced by another package"
    if __grains__["os_family"] == "Debian":
        held = __salt__["pkg.get_selections"](pattern=package, state="hold")
        if package in held.get("hold", []):
            return f"{package} is on hold (apt-mark)"
    return ""


def _has_data():
    try:
        return bool(__salt__["swarm_state_dir.orphan_data"]())
    except CommandExecutionError:
        # The engine answered before: nothing is known of its data now.
        return True


def forget():
    """
    Let the next :py:func:`swarm_engine.look <look>` look again, after a change of the engine.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_engine.forget
    """
    __context__.pop("swarm_engine", None)
    return True


def _once(key, function):
    """Return the function's first result in this run and job; the run's id distinguishes jobs of one
    process."""
    run = __salt__["swarm_facts.run"]()["id"]
    if not run:
        return function()
    kept = __context__.get("swarm_engine")
    if not kept or kept[0] != run:
        __context__["swarm_engine"] = kept = (run, {})
    if key not in kept[1]:
        kept[1][key] = function()
    return kept[1][key]


def drift(known=False, fresh=False):
    """
    Return what differs from pillar on an engine that stays as it is, as lines; none where the
    engine may be changed, or pillar does not name it.

    known
        Only what an earlier state of the same run and job found; no lines if none did.
    fresh
        With the pillar that the master has now, not the one that this minion got last.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm_engine.drift
    """
    if known:
        run, kept = __context__.get("swarm_engine") or ("", {})
        return list(kept.get("drift", [])) if run == __salt__["swarm_facts.run"]()["id"] else []
    if fresh:
        # Salt 3008 masks all values unless told not to; 3006 ignores the argument.
        return _drift(__salt__["pillar.items"](unmask=True))
    return list(_once("drift", lambda: _drift(__pillar__)))


def _drift(pillar):
    try:
        given = wanted(pillar)
    except CommandExecutionError as exc:
        return [str(exc)]
    if not _names_one(given):
        return []
    engine = _once("look", lambda: _look(given["package"]))
    if not engine["kept"]:
        return []
    return _differences(engine, given, _once("service", lambda: _service(engine)))


def _names_one(given):
    return bool(given["package"] or given["version"] or given["repository"])


def _differences(engine, given, service):
    if not engine["kept"] or not _names_one(given):
        return []
    lines = [difference(engine, given), _repository_line(given["repository"]), service]
    return [f"{line} (not changed: {engine['kept']})" for line in lines if line]


def settled(pillar=None):
    """
    Return whether ``docker.engine`` has nothing to change on this host: ``None`` where it has, or may
    have, else ``{"drift": lines}``, as :py:func:`swarm_engine.drift <drift>` has them.

    pillar
        All of it; by default as this job has it.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_engine.settled
    """
    pillar = __pillar__ if pillar is None else pillar
    try:
        given = wanted(pillar)
        engine = _look(given["package"])
        if not engine["runs"] or not _repository_stays(given["repository"], engine["kept"]):
            return None
        if not engine["kept"] and (not engine["package"] or difference(engine, given)):
            return None
        line = _service(engine)
        if not (line and engine["kept"]) and not _service_runs():
            return None
        return {"drift": _differences(engine, given, line)}
    except CommandExecutionError:
        return None


def _repository_stays(repo, kept):
    if not repo:
        return True
    try:
        found = __salt__["swarm_repository.needed"](repo, key=not kept)
    except CommandExecutionError:
        # Of an engine that is kept this is drift; of another one a warning.
        return bool(kept)
    return not found["files"] or bool(kept and not found["repair"])


def _service_runs():
    return bool(__salt__["service.status"](SERVICE) and __salt__["service.enabled"](SERVICE))


def difference(engine, given):
    """
    Return how an engine that is installed differs from pillar, as one line; empty if it does not.

    engine, given
        As of :py:func:`swarm_engine.look <look>` and :py:func:`swarm_engine.wanted <wanted>`.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_engine.difference "$engine" "$given"
    """
    package, version = given["package"], given["version"]
    if package and package != engine["package"]:
        found = f"{engine['package']} {engine['version']} is installed".strip()
        found = found if engine["package"] else "docker is installed without a package"
        return f"{found}, pillar says {package} {version}".rstrip()
    if not version or version == "latest" or _fits(engine["version"], version):
        return ""
    return f"{engine['package']} is {engine['version']}, pillar says {version}"


def _fits(found, version):
    """
    Compare versions as pkg.installed does: an epoch that is not given is not compared; globs are
    allowed.
    """
    if ":" not in version:
        found = found.partition(":")[2] or found
    return fnmatch.fnmatchcase(found, version)


def _repository_line(repo):
    if not repo:
        return ""
    try:
        files = __salt__["swarm_repository.needed"](repo, key=False)["files"]
    except CommandExecutionError as exc:
        return str(exc)
    return "pillar names another package repository than this host has" if files else ""


def _masked():
    return os.path.realpath(MASK) == os.devnull


def _service(engine):
    if _masked():
        return f"{SERVICE}.service is masked: it will not start after a reboot"
    if engine["package"] and not __salt__["service.enabled"](SERVICE):
        return f"{SERVICE}.service is disabled: it will not start after a reboot"
    return ""


def service_kept():
    """
    Return whether the service of the engine stays as it is: it runs, and an operator masked it, or
    disabled it on a host whose engine must not be changed.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_engine.service_kept
    """
    try:
        engine = look()
    except CommandExecutionError:
        return False
    if not engine["runs"]:
        return False
    if engine["kept"]:
        return bool(_once("service", lambda: _service(engine)))
    return _masked()


def let_start():
    """
    Let systemd start the engine once more, however often it has been started just before. After
    three starts in a minute it refuses the next one (``StartLimitBurst`` of docker.service), also
    where an operator's restarts and those of packages were among them.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_engine.let_start
    """
    units = [f"{SERVICE}.service", f"{SERVICE}.socket", "containerd.service"]
    # It goes on to the next one where a unit is not there.
    __salt__["cmd.retcode"](
        ["systemctl", "reset-failed", *units], python_shell=False, ignore_retcode=True
    )
    return True


def refusal():
    """
    Return why ``docker.engine`` must stop, as one line; empty if it may go on.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_engine.refusal
    """
    engine = look()
    package = wanted()["installs"]
    if _masked() and not engine["runs"]:
        return (
            f"{SERVICE}.service is masked on this host: run systemctl unmask {SERVICE}.service"
            f" {SERVICE}.socket, then run again"
        )
    if not engine["package"] and not engine["runs"] and CONFLICTING in __salt__["pkg.list_pkgs"]():
        return (
            f"{CONFLICTING} is installed and conflicts with {package}: remove it (salt"
            f" {__opts__['id']} pkg.remove {CONFLICTING}), then run again"
        )
    return ""
