# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode, seen from the master: what an orchestration would do
=======================================================================

Belongs to the name ``swarm``; the file ``swarm.py`` says which pillar it reads and what the exit
codes mean.

:maturity: new
:depends: the runner ``swarm_master``; the execution module ``swarm`` on the minions
:platform: Linux

.. versionadded:: 0.1.0
"""

# The orchestrations, and what each of them takes as pillar.
ORCHESTRATIONS = {
    "bootstrap": ("swarm_ignore",),
    "remove": ("swarm_hosts",),
    "replace": ("swarm_replace", "swarm_ignore"),
    "rotate": ("swarm_rotate", "swarm_rotate_key", "swarm_unlock_key"),
    "teardown": ("swarm_teardown",),
    "recover": ("swarm_recover", "swarm_confirm"),
    "deploy": ("swarm_stacks",),
    "upgrade": ("swarm_plan", "swarm_ignore", "swarm_stop", "swarm_force"),
    "reboot": ("swarm_plan", "swarm_ignore", "swarm_stop", "swarm_force"),
}

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def plan(*args, **kwargs):
    """
    Return what an orchestration would do, host by host, or why it would refuse. It runs the
    orchestration itself in test mode, so the decisions are those of the real run.

    orchestration
        ``bootstrap`` (unless given), ``remove``, ``replace``, ``rotate``, ``teardown``,
        ``recover``, ``deploy``, ``upgrade`` or ``reboot``.
    data
        ``True``: print the data instead of lines for people.
    saltenv
        The environment of the file root that has the orchestration; ``base`` unless given.

    Other arguments are the pillar that the orchestration takes, such as ``swarm_hosts``, each by
    itself or all in one ``pillar``; one that it does not take is an error.

    Returns ``possible`` (whether no step refuses), ``refused`` (``{host or orchestration:
    [reasons]}``), ``notes`` (lines about what is odd), ``hosts`` (``{host: [{"step", "state", "comment",
    "changes"}]}``), ``drift`` (``{host: [how its engine differs from pillar]}``, which is not changed) and
    ``lines`` (the same for people). The exit code is 0 if it is possible, 1 if it is refused, 2 for a
    wrong argument.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.plan
        salt-run swarm.plan remove swarm_hosts='[worker2]'
        salt-run swarm.plan replace swarm_replace='{worker2: worker9}' --out=json
    """
    return __salt__["swarm_master.run"](_plan, args, kwargs)


def _plan(orchestration="bootstrap", data=False, saltenv=None, **pillar):
    name = str(orchestration).removeprefix("docker.")
    if name not in ORCHESTRATIONS:
        known = ", ".join(ORCHESTRATIONS)
        __salt__["swarm_master.slip"](f"unknown orchestration {orchestration!r} (valid: {known})")
    more = pillar.pop("pillar", None) or {}
    if not isinstance(more, dict):
        __salt__["swarm_master.slip"](f"pillar must be a dictionary, not {more!r}")
    pillar.update(more)
    known = ORCHESTRATIONS[name]
    unknown = sorted(map(str, set(pillar) - set(known)))
    if unknown:
        valid = ", ".join(known)
        __salt__["swarm_master.slip"](
            f"docker.{name} does not take {', '.join(unknown)} (valid: {valid})"
        )
    __salt__["swarm_master.progress"](f"docker.{name} in test mode: each step asks its hosts")
    given = {"test": True, "pillar": pillar}
    if saltenv is not None:
        given["saltenv"] = str(saltenv)
    ran = __salt__["state.orchestrate"](f"docker.{name}", **given)
    found = {"possible": True, "refused": {}, "notes": [], "hosts": {}, "drift": {}}
    for states in ran["data"].values():
        if not isinstance(states, dict):
            found["refused"][name] = [str(line) for line in states]
            continue
        for state in states.values():
            found["refused"].update(state.get("refused") or {})
            found["notes"] += state.get("notes") or []
            found["drift"].update(state.get("drift") or {})
            for step in state.get("steps") or []:
                _add_step(found, step)
            if state["result"] is False and not found["refused"]:
                found["refused"][name] = str(state["comment"]).splitlines()
    found["possible"] = not found["refused"]
    found["drift"] = found["drift"] if found["possible"] else {}
    found = __salt__["swarm_master.ended"](found, problem=not found["possible"])
    if data is True:
        del found["outputter"]
        return found
    return {**found, "lines": _lines(name, found)}


def _add_step(found, step):
    """Add what the hosts of one step of an orchestration would change."""
    for host, states in step["hosts"].items():
        states = states.values() if isinstance(states, dict) else []
        for state in sorted(states, key=lambda state: state.get("__run_num__", 0)):
            if state["result"] is not False and state.get("changes"):
                found["hosts"].setdefault(host, []).append(
                    {
                        "step": step["name"],
                        "state": state.get("__id__", ""),
                        "comment": state["comment"],
                        "changes": state["changes"],
                    }
                )


def _lines(orchestration, found):
    lines = [f"{who}: {reason}" for who, reasons in found["refused"].items() for reason in reasons]
    if lines:
        return [f"docker.{orchestration} would stop:", *found["notes"], *lines]
    for host, states in sorted(found["hosts"].items()):
        for state in states:
            for what, change in state["changes"].items():
                lines.append(f"{host}: {what}: {_change(change)}")
    lines = [*found["notes"], *(lines or [f"docker.{orchestration} would change nothing"])]
    for host, differences in sorted(found["drift"].items()):
        lines += [f"{host}: {line}" for line in differences]
    return lines


def _change(change):
    """Return ``{"old", "new"}`` as an arrow; a dict of such, one after the other."""
    if not isinstance(change, dict):
        return str(change)
    if set(change) == {"old", "new"}:
        return f"{_short(change['old'])} -> {_short(change['new'])}"
    return ", ".join(f"{name} {_change(value)}" for name, value in change.items())


def _short(value):
    return "gone" if value in ("", None) else str(value)
