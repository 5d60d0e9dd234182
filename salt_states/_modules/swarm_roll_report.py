# SPDX-License-Identifier: Apache-2.0
"""
What a run of docker.upgrade or docker.reboot says
==================================================

The plan as a table, how a run ended, and what the answers of its hosts mean. All functions but ``once``
are pure. ``roll`` is a run as the state ``swarm.rolled`` on the master has it.

:maturity: new
:depends: nothing beyond Salt

.. versionadded:: 0.1.0
"""

import json
import logging

__virtualname__ = "swarm_roll_report"

SILENT = (
    "its minion did not answer: bring back the host or its network, or start the minion there (systemctl start"
    " salt-minion), then run again"
)
NO_CANARY = "no task will try the network of a changed host: pillar swarm:{}:canary can name an image for that"


def __virtual__():
    return __virtualname__


def table(rows=None):
    """
    Return the rows of a plan as lines of columns.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll_report.table '[]'
    """
    lines = [("HOST", "ROLE", "ENGINE", "TARGET", "HOW", "TASKS")]
    for row in rows or ():
        role = "manager" if row["manager"] else "worker"
        role += ", leader" if row["leader"] else ""
        lines.append(
            (row["host"], role, row["engine"], row["goal"], row["how"], row["tasks"] or "-")
        )
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    return [
        "  ".join(line[place].ljust(width) for place, width in enumerate(widths)).rstrip()
        for line in lines
    ]


def shown(roll=None):
    """
    Return a plan as lines; the last one has the command that carries it out.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll_report.shown '{what: reboot, rows: [], plan: 5f0c1d2e3a4b, canary: {}}'
    """
    command = f"salt-run state.orchestrate docker.{roll['what']}"
    given = json.dumps({"swarm_plan": roll["plan"], **(roll.get("asked") or {})})
    lines = [*table(roll["rows"]), f"plan {roll['plan']}: {command} pillar='{given}'"]
    return lines if roll["canary"] else [NO_CANARY.format(roll["what"]), *lines]


def changes(rows=None):
    """
    Return what is changed on hosts, as changes of a state: ``{host: {name: {old, new}}}``.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll_report.changes '[]'
    """
    return {row["host"]: _change(row) for row in rows or ()}


def _change(row):
    if row["how"] == "reboot":
        return {"boot": {"old": row["boot"][:8], "new": "another"}}
    if row["how"] == "return":
        return {"availability": {"old": "drain", "new": row["was"] or "drain"}}
    return {"engine": {"old": row["engine"], "new": row["goal"]}}


def step(rows=None, result=None):
    """
    Return hosts as a step of an orchestration, which salt-run swarm.plan shows.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll_report.step '[]'
    """
    hosts = {}
    for place, row in enumerate(rows or ()):
        state = {"result": result, "comment": row["how"], "changes": _change(row)}
        state.update(name=row["host"], __id__=row["host"], __run_num__=place)
        hosts[row["host"]] = {f"swarm_|-{row['host']}_|-{row['host']}_|-rolled": state}
    return {"name": "docker-roll", "hosts": hosts}


def ended(roll=None, wanted=None):
    """
    Return what the state returns after a run that ended well: ``changes``, ``steps`` and ``comment``.

    roll
        The run.
    wanted
        The rows of its plan with something to do.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll_report.ended '{what: reboot, rows: [], done: {}, notes: [], odd: []}' '[]'
    """
    rows = [row for row in wanted or () if row["host"] in roll["done"]]
    verb = "upgraded" if roll["what"] == "upgrade" else "rebooted"
    hosts = "host" if len(roll["rows"]) == 1 else "hosts"
    was = "was" if len(rows) == 1 else "were"
    line = f"{len(rows)} of {len(roll['rows'])} {hosts} {was} {verb}"
    if len(rows) < len(wanted or ()):
        line = f"{len(rows)} of {len(wanted)} done, {roll['waits']}"
    warned = [note for note in roll["notes"] if note.startswith("warning: ")]
    return {
        "changes": changes(rows),
        "steps": [step(rows, True)] if rows else [],
        "comment": "\n".join([*warned, line, *roll["odd"]]),
    }


def answer(given=None):
    """
    Return what a minion's answer, as ``saltutil.cmd`` has it, says: ``[result, None or why it failed]``.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll_report.answer '{ret: active, retcode: 0}'
    """
    given = given or {}
    said = given.get("ret", given.get("return"))
    # Of a minion that did not answer Salt has {"failed": True}.
    failed = not {"ret", "return"} & set(given) or said is False
    # Health has rows whatever they say; their return code is for people.
    failed = failed or (given.get("retcode") and not _are_rows(said))
    wrong = isinstance(said, str) and (said.startswith("'") or "Traceback" in said)
    return (None, _line(said)) if failed or wrong else (said, None)


def _are_rows(said):
    return isinstance(said, list) and all(isinstance(row, dict) for row in said)


def _line(said):
    if isinstance(said, dict):
        bad = [one for one in said.values() if isinstance(one, dict) and one.get("result") is False]
        said = bad[0].get("comment") if bad else said
    if said in (None, False, "", {}, []):
        return SILENT
    lines = [line for line in str(said).strip().splitlines() if line.strip()]
    line = " ".join((lines[-1] if "Traceback" in str(said) else lines[0]).split())
    return line.removeprefix("ERROR: ")


def stopped(roll=None, who="", lines=None, more=None):
    """
    Return what the state returns after a run that stopped.

    who
        The host that it stopped at, or ``plan``.
    lines
        Why.
    more
        Lines that help, such as the plan.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll_report.stopped '{notes: [], odd: [], done: {}}' worker1 '[it is off]'
    """
    told = [*roll["notes"], *lines, *(more or []), *roll["odd"]]
    if roll["done"]:
        told.append(f"done before: {', '.join(roll['done'])}")
    refused = {who: lines or more}
    return {"result": False, "changes": {}, "refused": refused, "comment": once("\n".join(told))}


def once(text=""):
    """
    Return the comment of a state that failed, after lowering Salt's log record of it from error to
    information: a terminal would show the same text twice. The log file keeps the record.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll_report.once 'it is off'
    """
    logging.getLogger("salt.state").addFilter(_Once(text))
    return text


class _Once(logging.Filter):
    def filter(self, record):
        if record.getMessage() == self.name:
            record.levelno, record.levelname = logging.INFO, "INFO"
            logging.getLogger(record.name).removeFilter(self)
        return True


def drained(what="upgrade", row=None, why=""):
    """
    Return the error about a host that stays drained.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll_report.drained reboot '{host: worker1, id: 5ax}' 'it is off'
    """
    back = f"salt-run swarm.ask swarm.evict_undo {row['id']}"
    if row.get("manager") and row["role"] == "worker":
        back += f"; salt-run swarm.ask swarm.promote {row['id']}"
    return (
        f"{row['host']} stays drained: {why}; correct it and run docker.{what} again with the same plan,"
        f" or return it to use: {back}"
    )


def unusable(answers=None):
    """
    Return why hosts did not answer a look as they should, a line for each reason.

    answers
        ``{host: [what swarm_upgrade.look returned, why it failed]}``.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll_report.unusable '{worker1: [null, it is off]}'
    """
    other = "its modules are of another version: salt '{}' saltutil.sync_all"
    hosts = {}
    for host, (found, why) in (answers or {}).items():
        if why or not isinstance(found, dict) or "reading" not in found:
            hosts.setdefault(why or other.format(host), []).append(host)
    return [f"{', '.join(names)}: {why}" for why, names in hosts.items()]


def left(hosts=None):
    """
    Return a line for each host where something of a swarm is left.

    hosts
        ``{minion id: what swarm.leftovers returned there}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_roll_report.left '{}'
    """
    ret = []
    for host, found in sorted((hosts or {}).items()):
        if isinstance(found, dict):
            words = [
                f"{kind} {', '.join(found[kind])}"
                for kind in ("volumes", "networks")
                if found[kind]
            ]
            words += [f"{found[kind]} {kind}" for kind in ("images", "containers") if found[kind]]
            if words:
                ret.append(f"left on {host}: {', '.join(words)}")
    return ret
