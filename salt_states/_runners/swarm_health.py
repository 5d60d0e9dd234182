# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode, seen from the master: health and the lock
============================================================

Whether the swarm is well, as all its hosts see it, and which run changes it. They belong to the name
``swarm``.

:maturity: new
:depends: the runner ``swarm_master``; the execution modules ``swarm`` and ``swarm_checks`` on the minions
:platform: Linux

.. versionadded:: 0.1.0
"""

import time

ANSWER_SECONDS = 30

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def health(*args, **kwargs):
    """
    Return the checks of a swarm's health, as its hosts and its leading manager report them. Nothing is changed.

    checks
        Names of checks; all unless given.
    ignore
        ``name`` or ``name:object``, whose faults become warnings.
    margin
        How many managers may fail without loss of the quorum (1; not asked of one or two managers).
    timeout
        Seconds that the hosts have to answer (30).

    Returns a dict: ``problems`` (a line for each row that blocks a change) and ``health``, the rows of
    ``swarm.health`` on a minion, with those that only several hosts can tell. The exit code is 0 if nothing
    blocks a change.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.health
        salt-run swarm.health ignore='[versions, "services-running:legacy"]' --out=json
    """
    return __salt__["swarm_master.run"](_health, args, kwargs)


def _health(checks=None, ignore=None, margin=None, timeout=ANSWER_SECONDS):
    checks, ignore = _names("checks", checks), _names("ignore", ignore)
    known = __salt__["swarm_master.known"]()
    asked = [*known["swarm"]["managers"], *sorted(known["workers"])]
    __salt__["swarm_master.asking"](len(asked))
    answers = __salt__["swarm_master.ask"](asked, __salt__["swarm_master.of_hosts"](), timeout)
    hosts = __salt__["swarm_master.said"](known, answers)
    facts = {host: one["facts"] for host, one in hosts.items() if one["facts"]}
    leading = [host for host, one in facts.items() if one.get("cluster")]
    managing = [host for host, one in facts.items() if one.get("role") == "manager"]
    lead = next(iter([*leading, *managing, *facts]), None)
    if lead is None:
        return __salt__["swarm_master.failed"](*__salt__["swarm_master.silent"](hosts))
    pillar = {key: value for key, value in known["swarm"].items() if key in ("nodes", "managers")}
    given = {"swarm_checks.of_swarm": [hosts, checks, ignore, None, margin, pillar]}
    answer = __salt__["swarm_master.ask"]([lead], given, timeout).get(lead, {})
    rows = answer.get("swarm_checks.of_swarm", "no answer")
    if not isinstance(rows, list):
        __salt__["swarm_master.slip"](f"{lead}: {__salt__['swarm_master.reason'](rows)}")
    faults = [row for row in rows if row["ok"] is not True and row["level"] == "error"]
    return __salt__["swarm_master.ended"](
        {
            "problems": [row["text"] for row in faults],
            "health": rows,
            "lines": [_line(row) for row in rows],
        },
        problem=bool(faults),
    )


def _line(row):
    word = "ok" if row["ok"] is True else "not known" if row["ok"] is None else "no"
    word = word if row["ok"] is True or row["level"] == "error" else "warning"
    fix = f" ({row['fix']})" if row["fix"] else ""
    return f"{row['name'] + ':':20}{word + ',':11}{row['text']}{fix}"


def _names(what, given):
    given = [given] if isinstance(given, str) else given
    if given is not None and not (
        isinstance(given, list) and all(isinstance(one, str) for one in given)
    ):
        __salt__["swarm_master.slip"](f"{what} must be a list of names of checks, not {given!r}")
    return given


def preflight(*args, **kwargs):
    """
    Return whether the hosts of pillar are fit to be in a swarm, or to be changed. All of them answer at once,
    and all faults are in one answer. Nothing is changed.

    checks
        Names of checks; all unless given.
    ignore
        ``name`` or ``name:host``, whose faults become warnings. An unknown name is an error.
    timeout
        Seconds that the hosts have to answer (30).

    Returns a dict: ``problems`` (a line for each row that blocks a change), ``preflight`` (the rows) and
    ``lines`` for people. The exit code is 0 if nothing blocks a change.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.preflight
        salt-run swarm.preflight ignore='[clock, "disk:worker1"]' --out=json
    """
    return __salt__["swarm_master.run"](_preflight, args, kwargs)


def _preflight(checks=None, ignore=None, timeout=ANSWER_SECONDS):
    checks, ignore = _names("checks", checks), _names("ignore", ignore)
    known = __salt__["swarm_master.known"]()
    asked = list(dict.fromkeys([*known["swarm"]["managers"], *sorted(known["workers"])]))
    __salt__["swarm_master.asking"](len(asked))
    readings, times = {}, {}
    _read(asked, [None, True], readings, times, timeout)
    judges = [host for host, found in readings.items() if isinstance(found, dict)]
    if not judges:
        return __salt__["swarm_master.failed"](
            f"no host answers, or none has the swarm modules: {', '.join(asked)}"
        )
    managers = known["swarm"]["managers"]
    more = _judged(judges[0], "again", [readings, managers], timeout)
    if more["hosts"]:
        _read(more["hosts"], [more["addresses"], True], readings, times, timeout)
    ignore = [*known["preflight"], *(ignore or ())]
    rows = _judged(judges[0], "judge", [readings, times, known["planned"], checks, ignore], timeout)
    told = _judged(judges[0], "lines", [rows], timeout)
    well = [_line(row) for row in rows if row["ok"] is True]
    return __salt__["swarm_master.ended"](
        {
            "problems": told["errors"],
            "preflight": rows,
            "lines": [*told["errors"], *told["warnings"], *well],
        },
        problem=bool(told["errors"]),
    )


def _read(hosts, given, readings, times, timeout):
    """Add what hosts read of themselves, and the time before and after."""
    before = time.time()
    answers = __salt__["swarm_master.ask"](hosts, {"swarm_preflight.reading": given}, timeout)
    for host in hosts:
        readings[host] = answers.get(host, {}).get("swarm_preflight.reading")
        times[host] = [before, time.time()]


def _judged(host, function, given, timeout):
    """Return what a rule says, which a minion has, and this master only after an orchestration."""
    name = f"swarm_preflight_rules.{function}"
    found = __salt__["swarm_master.ask"]([host], {name: given}, timeout).get(host, {}).get(name)
    if not isinstance(found, (list, dict)):
        __salt__["swarm_master.slip"](__salt__["swarm_master.reason"](found))
    return found


def what_if(*args, **kwargs):
    """
    Return what becomes of the services if nodes fail or are drained, from the first manager of pillar that
    answers. Nothing is changed.

    down, drain, each
        As for the execution function ``swarm.what_if``.

    Returns ``{minion id: the cases}``, and ``lines`` for people. The exit code is 0.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.what_if down=worker2
        salt-run swarm.what_if down='zone=a'
        salt-run swarm.what_if drain='[worker1, worker2]'
        salt-run swarm.what_if each=True
    """
    return __salt__["swarm_master.run"](_what_if, args, kwargs)


def _what_if(down=None, drain=None, each=False):
    given = {"down": down, "drain": drain, "each": each}
    found = __salt__["swarm_master.first_answer"]("swarm.what_if", [], given)
    cases = next((one for one in found.values() if isinstance(one, list)), [])
    if found["retcode"]:
        return found
    lines = []
    for case in cases:
        lines.append(case["text"])
        lines += [
            f"    {row['service']}: {row['homeless']} of {row['tasks']} fit nowhere ({row['why']})"
            for row in case["services"]
            if row["homeless"]
        ]
    return {**found, "lines": lines, "outputter": "swarm_report"}


def lock_show(*args, **kwargs):
    """
    Return which run changes the cluster now, from the first manager of pillar that answers.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.lock_show
    """
    return __salt__["swarm_master.run"](_lock_show, args, kwargs)


def _lock_show(*args, **kwargs):
    found = __salt__["swarm_master.first_answer"]("swarm.lock_show", args, kwargs, "swarm_report")
    locks = [lock for lock in found.values() if isinstance(lock, dict)]
    lines = [lock.get("text") or "no run has the lock" for lock in locks]
    return {**found, "lines": lines} if locks else found


def lock_break(*args, **kwargs):
    """
    Break the lock of a run that is dead.

    run
        The id of the run, as ``swarm.lock_show`` and the refusals name it.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.lock_break x7k2
    """
    return __salt__["swarm_master.run"](_lock_break, args, kwargs)


def _lock_break(run):
    found = __salt__["swarm.ask"]("swarm.lock_break", str(run))
    if found.get("problems"):
        return found
    broken = True in (answer for answer in found.values() if isinstance(answer, bool))
    line = f"the lock of run {run} is broken" if broken else "no run has the lock"
    return {**found, "lines": [line], "outputter": "swarm_report"}
