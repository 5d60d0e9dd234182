# SPDX-License-Identifier: Apache-2.0
"""
The Docker Engine of this host
==============================

Ensure the engine of pillar is installed. An engine that is a member of a swarm stays as it is:
what differs from pillar there is reported as a warning of the state.

In **test mode** the states return the changes that the real run would make. Of an installation that
is the engine's own package; which packages come with it, only the repository knows.

:maturity: new
:depends: the execution modules ``swarm_engine`` and ``swarm_repository``
:platform: Linux

.. versionadded:: 0.1.0

**Pillar**: as for the execution module ``swarm_engine``.
"""

import contextlib

import salt.utils.pkg
from salt.exceptions import CommandExecutionError

__virtualname__ = "swarm_engine"


def __virtual__():
    return __virtualname__


def mod_init(low):
    """
    Refresh the package lists with the first installation, as Salt's own package states do, unless a
    new repository did so. Salt calls this before the first of these states in a run.
    """
    salt.utils.pkg.write_rtag(__opts__)
    return True


@contextlib.contextmanager
def _reported(ret):
    """Turn an error of the modules into the state's one-line reason."""
    try:
        yield
    except CommandExecutionError as exc:
        ret.update(result=False, comment=str(exc))


def _new(name):
    return {"name": name, "result": True, "changes": {}, "comment": ""}


def repository(name, **kwargs):
    """
    Ensure the package repository of pillar is configured, once. What is configured already, in any
    form and file, stays; a source that apt would refuse is never written. After a change apt must
    be able to read all of its sources, or the change is undone.

    On an engine that must stay as it is, the repository stays too. Only a line that an earlier
    version of this state added beside another one for the same repository, so that apt reads no
    source at all, is removed. No failure of the repository is a failure where an engine runs.

    name
        Any text.

    .. code-block:: yaml

        the repository of the engine:
          swarm_engine.repository: []
    """
    ret = _new(name)
    with _reported(ret):
        refusal = __salt__["swarm_engine.refusal"]()
        if refusal:
            raise CommandExecutionError(refusal)
        repo = __salt__["swarm_engine.wanted"]()["repository"]
        if not repo:
            ret["comment"] = "pillar names no package repository"
            return ret
        engine = __salt__["swarm_engine.look"]()
        try:
            _configure(ret, repo, engine["kept"])
        except CommandExecutionError as exc:
            if not engine["runs"]:
                raise
            # The state swarm_engine.installed reports this where the engine is kept.
            ret["comment"] = f"not needed, an engine is installed: {exc}"
            if not engine["kept"]:
                ret["warnings"] = [str(exc)]
    return ret


def _configure(ret, repo, kept):
    found = __salt__["swarm_repository.needed"](repo, key=not kept)
    files = found["files"]
    if not files:
        ret["comment"] = (
            f"configured in {found['where']}" if found["where"] else "nothing to configure"
        )
    elif kept and not found["repair"]:
        ret["comment"] = f"not changed: {kept}"
    elif __grains__["os_family"] == "RedHat":
        _managed_by_yum(ret, repo)
    else:
        changes = {path: {"old": "", "new": "written"} for path in files}
        if found["repair"]:
            changes = {
                path: {"old": f"also in {found['where']}", "new": "removed"} for path in files
            }
        if __opts__["test"]:
            ret.update(result=None, changes=changes, comment=f"would change {', '.join(files)}")
            return
        __salt__["swarm_repository.change"](files)
        ret.update(changes=changes, comment=f"changed {', '.join(files)}")


def _managed_by_yum(ret, repo):
    done = __states__["pkgrepo.managed"](
        "docker",
        humanname=repo["humanname"],
        baseurl=repo["baseurl"],
        gpgkey=repo["gpgkey"],
        gpgcheck=1,
        enabled=True,
    )
    if done["result"] is False:
        raise CommandExecutionError(_line(done["comment"]))
    ret.update({key: done[key] for key in ("result", "changes")}, comment=_line(done["comment"]))


def installed(name, **kwargs):
    """
    Ensure the package of the engine is installed, in the version of pillar where it names one. An
    engine that is a member of a swarm, or may be one, is never changed, and neither is one that
    another package brought or that is on hold: the difference becomes a warning.

    name
        Any text.

    .. code-block:: yaml

        the engine:
          swarm_engine.installed: []
    """
    ret = _new(name)
    with _reported(ret):
        engine = __salt__["swarm_engine.look"]()
        given = __salt__["swarm_engine.wanted"]()
        if not engine["package"] and not engine["runs"]:
            _install(ret, given["installs"], given["version"], engine)
            return ret
        if not engine["kept"] and __salt__["swarm_engine.difference"](engine, given):
            try:
                _install(ret, engine["package"], given["version"], engine)
                return ret
            except CommandExecutionError as exc:
                __salt__["swarm_engine.forget"]()
                engine = __salt__["swarm_engine.look"]()
                if not engine["runs"]:
                    raise
                lines = [str(exc)]
        else:
            lines = __salt__["swarm_engine.drift"]()
        title = f"{engine['package'] or 'docker'} {engine['version']}".strip()
        ret["comment"] = "; ".join([f"{title} is installed", *lines])
        if lines:
            ret["warnings"] = lines
    return ret


def _install(ret, package, version, engine):
    if __opts__["test"]:
        new = {"old": engine["version"], "new": version or "installed"}
        ret.update(result=None, changes={package: new}, comment=f"{package} would be installed")
        return
    done = __states__["pkg.installed"](package, version=version or None)
    __salt__["swarm_engine.forget"]()
    if done["result"] is False:
        ret["changes"] = done["changes"]
        raise CommandExecutionError(
            f"cannot install {package} {version}".rstrip() + f": {_line(done['comment'])}"
        )
    ret.update(changes=done["changes"], comment=f"{package} was installed")


def running(name, **kwargs):
    """
    Ensure the service of the engine runs, and starts with the host. What an operator masked stays
    where the engine runs, and so does what is disabled where the engine must not be changed.

    A state of our own, because ``unless`` on ``service.running`` lets Salt search all of its state
    modules for ``service.mod_run_check``, which takes longer than all other states of a run.

    name
        Any text.

    .. code-block:: yaml

        the service of the engine:
          swarm_engine.running: []
    """
    ret = _new(name)
    with _reported(ret):
        if __salt__["swarm_engine.service_kept"]():
            ret["comment"] = "docker runs; its service stays as it is"
            return ret
        if not __opts__["test"] and not __salt__["swarm_engine.look"]()["runs"]:
            __salt__["swarm_engine.let_start"]()
        done = __states__["service.running"]("docker", enable=True)
        ret.update(
            {key: done[key] for key in ("result", "changes")}, comment=_line(done["comment"])
        )
    return ret


def _line(text):
    """Return one line of what Salt's own states say; from apt only what it calls an error."""
    lines = [line.strip() for line in str(text).splitlines() if line.strip()]
    return next((line for line in lines if line.startswith("E:")), " ".join(lines))
