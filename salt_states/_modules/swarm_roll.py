# SPDX-License-Identifier: Apache-2.0
"""
The plan of docker.upgrade and docker.reboot
============================================

Which hosts are worked on, how, and in which order; what is in the way; which workers go together.
The functions are pure: the state ``swarm.rolled`` on the master asks the hosts, and carries the plan
out. ``roll`` is a run as that state has it.

:maturity: new
:depends: nothing beyond Salt

.. versionadded:: 0.1.0
"""

import datetime
import hashlib
import json
import re
import zoneinfo

__virtualname__ = "swarm_roll"

# The plan by which the host was worked on last; of a reboot also, after a dot, what it had booted before.
PLAN_LABEL = "saltext.swarm.plan"
WAS_LABEL = "saltext.swarm.was"
# Of a manager that is a worker for as long as it is worked on.
DEMOTED_LABEL = "saltext.swarm.demoted"
# Of a boot id.
SHORT = 8
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def __virtual__():
    return __virtualname__


def number(version=""):
    """
    Return the engine's own number in a package's version or an engine's: ``5:28.5.2-1~debian.12``
    and ``28.5.2+dfsg4`` are both ``28.5.2``; empty if there is none.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll.number 28.5.2+dfsg4-5
    """
    found = re.match(r"(?:\d+:)?v?(\d+(?:\.\d+)+)", str(version))
    return found[1] if found else ""


def plan(roll=None, looks=None, nodes=None):
    """
    Return the plan of a run: ``rows`` of its hosts in their order, its hash ``plan``, and ``faults``,
    without which there is one.

    roll
        The run.
    looks
        ``{host: what swarm_upgrade.look returned}``.
    nodes
        ``{node id: node}``, as a manager lists them.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll.plan '{what: upgrade, managers: [], workers: []}' '{}' '{}'
    """
    rows, lines = [], []
    for host in [*roll["managers"], *roll["workers"]]:
        found, node = looks[host], nodes.get(looks[host]["node_id"])
        if node is None:
            lines.append(f"{host}: the managers do not list its node {found['node_id']}")
            continue
        rows.append(_row(roll, host, found, node, lines))
    if lines:
        return {"rows": [], "plan": "", "faults": lines}
    # What an earlier run has left empty comes first: the others may have nowhere else to move to.
    order = sorted(rows, key=lambda row: (not row["manager"], row["leader"], not _is_left(row)))
    name, done = _name(roll, order)
    for row in order:
        row["how"] = _how(roll, done, row)
    return {"rows": order, "plan": name, "faults": []}


def _row(roll, host, found, node, faults):
    goal = number(found["target"]) if roll["what"] == "upgrade" else found["engine"]
    if roll["what"] == "upgrade" and not goal:
        wanted = found["wanted"] or "any"
        faults.append(
            f"{host}: no source has {found['package'] or 'the engine'} {wanted}: correct pillar"
            " repositories"
        )
    return {
        "host": host,
        "id": node["id"],
        "manager": node["role"] == "manager" or DEMOTED_LABEL in node["labels"],
        "role": node["role"],
        "leader": node["leader"],
        "engine": found["engine"],
        "installed": found["installed"],
        "target": found["target"],
        "goal": goal,
        "labels": node["labels"],
        "was": node["labels"].get(WAS_LABEL, ""),
        "boot": found["boot"],
        "reboot": found["reboot"],
        "how": "",
        "tasks": "",
    }


def _parts(version):
    return [int(part) for part in version.split(".") if part.isdigit()]


def _name(roll, rows):
    """
    Return the hash of the plan, and the hosts that are done with it. It does not change while the run
    goes on, so that a run that was cut off can be resumed. What all hosts had booted before makes one
    reboot of all of them another plan than the next.
    """
    if not _are_all(roll):
        return _hash(roll, rows, {}), set()
    now = {row["host"]: row["boot"][:SHORT] for row in rows}
    before = {row["host"]: row["labels"].get(PLAN_LABEL, "").partition(".") for row in rows}
    for name in sorted({name for name, _, boot in before.values() if boot}):
        old = {host: boot for host, (one, _, boot) in before.items() if boot and one == name}
        done = {host for host, boot in old.items() if boot != now[host]}
        if len(done) < len(rows) and _hash(roll, rows, {**now, **old}) == name:
            return name, done
    return _hash(roll, rows, now), set()


def _are_all(roll):
    """Return whether also hosts that need no reboot get one."""
    always = roll["when"] == "always" or "reboot" in roll["force"]
    return roll["what"] == "reboot" and always


def _hash(roll, rows, boots):
    given = {
        "what": roll["what"],
        "hosts": sorted(
            (row["host"], row["id"], row["target"], boots.get(row["host"], "")) for row in rows
        ),
        "options": [sorted(roll[key]) for key in ("ignore", "stop", "force")],
        "batch": str(roll["batch"]),
    }
    text = json.dumps(given, sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest()[:12]


def _how(roll, done, row):
    right = row["engine"] == row["goal"] and row["installed"] == row["target"]
    if roll["what"] == "upgrade" and not right:
        return "upgrade"
    due = row["reboot"] or _are_all(roll)
    if roll["what"] == "reboot" and due and row["host"] not in done:
        return "reboot"
    return "return" if _is_left(row) else "nothing"


def _is_left(row):
    """Return whether an earlier run has not given this host back."""
    return bool(row["was"]) or DEMOTED_LABEL in row["labels"]


def labels(roll=None, row=None, stage="done"):
    """
    Return the node labels of a host that is ``done``, or is about to be ``rebooted`` or ``demoted``.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll.labels '{what: upgrade, plan: 5f0c1d2e3a4b}' '{}'
    """
    if stage == "demoted":
        return {DEMOTED_LABEL: roll["plan"]}
    if stage == "rebooted":
        return {PLAN_LABEL: f"{roll['plan']}.{row['boot'][:SHORT]}"}
    more = {PLAN_LABEL: roll["plan"]} if roll["what"] == "upgrade" else {}
    return {**more, DEMOTED_LABEL: None}


def window(settings=None, now=0, margin=0):
    """
    Return whether a host may begin, by pillar ``swarm:window``.

    settings
        That pillar; always without it.
    now
        Seconds since 1970.
    margin
        Seconds at the end of the window in which no host begins.

    Returns ``open``, ``opens`` (when it opens next, as text) and ``fault`` (why that is not known).

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll.window '{from: "02:00", to: "05:00"}'
    """
    if not settings:
        return {"open": True, "opens": "", "fault": ""}
    name = settings.get("tz")
    try:
        zone = zoneinfo.ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        fault = (
            f"this master knows no time zone {name}: correct pillar swarm:window:tz, or install the"
            " package tzdata here"
        )
        return {"open": False, "opens": "", "fault": fault}
    today = datetime.datetime.fromtimestamp(now, zone).date()
    # That of yesterday may reach into today.
    for number in range(-1, 8):
        date = today + datetime.timedelta(number)
        if DAYS[date.weekday()] not in (settings.get("days") or DAYS):
            continue
        begin = _at(date, settings["from"], zone)
        later = datetime.timedelta(settings["to"] <= settings["from"])
        if begin <= now < _at(date + later, settings["to"], zone) - margin:
            return {"open": True, "opens": "", "fault": ""}
        if begin > now:
            break
    opens = f"{DAYS[date.weekday()]} {date} {settings['from']}"
    return {"open": False, "opens": f"{opens} {name}" if name else opens, "fault": ""}


def _at(date, text, zone):
    """Return a time of day in seconds since 1970, whatever the clocks do in that night."""
    time = datetime.time.fromisoformat(text)
    return datetime.datetime.combine(date, time, tzinfo=zone).timestamp()


def faults(roll=None, looks=None, proof=None, machine=""):
    """
    Return all that is in the way of a plan, a line each.

    roll
        The run, with its ``rows``.
    looks
        ``{host: what swarm_upgrade.look returned}``.
    proof
        What ``swarm_upgrade.proof`` returned of the hosts that are worked on; fills their tasks in.
    machine
        The machine id of the master, for a reboot.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll.faults '{rows: []}' '{}'
    """
    work = [row for row in roll["rows"] if row["how"] in ("upgrade", "reboot")]
    lines = []
    for row in work:
        down = _parts(row["goal"]) < _parts(row["engine"])
        if down and "downgrade" not in roll["force"]:
            lines.append(
                f"{row['host']}: {row['goal']} is older than {row['engine']}, which runs: engines are"
                ' not made for that; "swarm_force": ["downgrade"] does it'
            )
    managers = [row for row in roll["rows"] if row["manager"]]
    few = any(row["manager"] for row in work) and len(managers) < 3
    if few and "quorum-margin" not in roll["ignore"]:
        lines.append(
            f"{len(managers)} manager{'s' if len(managers) > 1 else ''}: while one is worked on, the"
            ' swarm cannot be changed; "swarm_ignore": ["quorum-margin"] accepts that'
        )
    if not work:
        return lines
    if proof["autolock"]:
        lines += [
            f"{row['host']}: autolock is on: say in pillar swarm:unlock where the key is"
            for row in work
            if row["manager"] and not looks[row["host"]]["unlock"]
        ]
    mixed = any(_parts(row["engine"])[0] < 29 <= _parts(row["goal"])[0] for row in work)
    if mixed and proof["encrypted"] and "encrypted-mix" not in roll["ignore"]:
        # moby#51798
        lines.append(
            f"networks {', '.join(proof['encrypted'])} are encrypted, and do not work between docker 28"
            ' and 29: "swarm_ignore": ["encrypted-mix"] accepts that'
        )
    lines += [
        f"{row['host']}: it is this master: reboot it by hand"
        for row in work
        if machine and looks[row["host"]]["machine"] == machine
    ]
    for row in work:
        row["tasks"] = proof["plans"][row["id"]]["tasks"]
        # With those back it may fit; each host is proven again before it is emptied.
        back = any(_is_left(one) for one in roll["rows"] if one is not row)
        if proof["plans"][row["id"]]["refusal"] and not back:
            lines.append(_unmoved(proof["plans"][row["id"]]))
    return lines


def _unmoved(plan):
    """Return why a host cannot be emptied, with what a run takes in place of what swarm.evict takes."""
    way = f'"swarm_stop": {json.dumps(plan.get("stays") or ["names"])} lets their tasks be stopped'
    return plan["refusal"].replace("allow them by name, or use force", way)


def ignored(roll=None, health=(), own=()):
    """
    Return which names in ``ignore`` are for whom: ``unasked`` (checks of ``swarm.health``), ``unchecked``
    (of a preflight; some are both), and ``wrong``, the error about unknown ones; empty if there are none.

    roll
        The run.
    health, own
        The names of the checks of ``swarm.health``, and of the run's own faults.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll.ignored '{ignore: [clock]}'
    """
    left = [one for one in roll["ignore"] if one not in own]
    unasked = [one for one in left if one.partition(":")[0] in health]
    unchecked = [one for one in left if __salt__["swarm_preflight_rules.is_known"](one)]
    wrong = [one for one in left if one not in unasked + unchecked]
    text = __salt__["swarm_preflight_rules.unknown"](wrong, [*own, *health]) if wrong else ""
    return {"unasked": unasked, "unchecked": unchecked, "wrong": text}


def unfit(roll=None, looks=None, proof=None):
    """
    Return the faults of a preflight as lines: ``{"errors", "warnings"}``. Arguments as for :py:func:`faults`;
    each look has ``asked``, the master's time before and after it.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll.unfit '{what: reboot, rows: [], managers: [], unchecked: []}' '{}' '{}'
    """
    readings, now = (
        {host: one[key] for host, one in looks.items()} for key in ("reading", "asked")
    )
    more = None
    if roll["what"] == "upgrade":
        work = [row for row in roll["rows"] if row["how"] == "upgrade"]
        more = {
            "targets": {row["host"]: row["goal"] for row in work},
            "packages": {row["host"]: looks[row["host"]]["blocked"] for row in work},
            "sockets": proof["sockets"],
        }
    swarm = {"managers": roll["managers"]}
    rules = "swarm_preflight_rules."
    rows = __salt__[rules + "judge"](readings, now, swarm, None, roll["unchecked"], more)
    found = __salt__[rules + "lines"](rows)
    if found["errors"]:
        found["errors"].append(__salt__[rules + "advice"](found["names"]))
    return found


def batches(roll=None, rows=None):
    """
    Return rows of workers as lists of those that are worked on together. The first is one host alone;
    hosts of one zone are never in the same batch.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll.batches '{batch: 1, zone: zone}' '[]'
    """
    size = str(roll["batch"])
    most = int(size.rstrip("%"))
    if size.endswith("%"):
        most = max(1, len(rows) * most // 100)
    found, left = [], list(rows)
    while left:
        batch, zones = [], set()
        for row in list(left):
            zone = row["labels"].get(roll["zone"])
            if len(batch) == (most if found else 1):
                break
            if zone is None or zone not in zones:
                batch.append(row)
                zones.add(zone)
                left.remove(row)
        found.append(batch)
    return found


def trial(roll=None, rows=None, nodes=None):
    """
    Return which of these hosts a task can try, and with which other host: ``{"rows": [row], "peer": row
    or None}``. Those are the ones that took tasks before; the other one takes tasks, and is done if there
    is one that is.

    nodes
        ``{node id: node}``, as a manager lists them.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll.trial '{rows: [], done: {}}' '[]' '{}'
    """
    tried = [row for row in rows if _waits(nodes[row["id"]])]
    ids = [row["id"] for row in rows]
    free = [row for row in roll["rows"] if row["id"] not in ids and _takes_tasks(nodes, row)]
    best = max(free, key=lambda row: row["host"] in roll["done"], default=None)
    return {"rows": tried, "peer": best}


def rehearsal(roll=None, nodes=None):
    """
    Return the same before the first host is changed: one host that takes tasks, and another one.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll.rehearsal '{rows: []}' '{}'
    """
    free = [row for row in roll["rows"] if _takes_tasks(nodes, row)]
    return {"rows": free[:1], "peer": free[1] if len(free) > 1 else None}


def _waits(node):
    return node["state"] == "ready" and node["labels"].get(WAS_LABEL) == "active"


def _takes_tasks(nodes, row):
    node = nodes.get(row["id"]) or {}
    return node.get("state") == "ready" and node.get("availability") == "active"


def is_ready(node=None, row=None):
    """
    Return whether a node is ready with the version of its row, and a manager reachable.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll.is_ready '{state: down}' '{}'
    """
    if not node or node["state"] != "ready" or number(node["engine_version"]) != row["goal"]:
        return False
    return node["role"] != "manager" or node["reachability"] == "reachable"


def are_as_planned(rows=None, nodes=None):
    """
    Return whether no run has changed nodes since rows were made of them.

    nodes
        ``{node id: node}``, as a manager lists them.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll.are_as_planned '[]' '{}'
    """
    return all(
        row["id"] in nodes
        and nodes[row["id"]]["labels"] == row["labels"]
        and number(nodes[row["id"]]["engine_version"]) == row["engine"]
        for row in rows or ()
    )


def renew(rows=None, nodes=None):
    """
    Write the roles of nodes into their rows. One that was removed has none.

    nodes
        ``{node id: node}``, as a manager lists them.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll.renew '[]' '{}'
    """
    for row in rows or ():
        node = nodes.get(row["id"]) or {"role": "", "leader": False, "labels": {}}
        row.update(role=node["role"], leader=node["leader"])
        row["manager"] = node["role"] == "manager" or DEMOTED_LABEL in node["labels"]
