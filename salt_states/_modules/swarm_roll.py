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

import hashlib
import json
import re

__virtualname__ = "swarm_roll"

PLAN_LABEL = "saltext.swarm.plan"
WAS_LABEL = "saltext.swarm.was"
# Of a manager that is a worker for as long as it is worked on.
DEMOTED_LABEL = "saltext.swarm.demoted"


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
    managers = [row for row in rows if row["manager"]]
    order = [row for row in managers if not row["leader"]]
    order += [row for row in managers if row["leader"]]
    order += [row for row in rows if not row["manager"]]
    name = _hash(roll, order)
    for row in order:
        row["how"] = _how(roll, name, row)
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


def _hash(roll, rows):
    """The hash does not change while the run goes on, so that a run that was cut off can be resumed."""
    given = {
        "what": roll["what"],
        "hosts": sorted((row["host"], row["id"], row["target"]) for row in rows),
        "options": [sorted(roll[key]) for key in ("ignore", "stop", "force")],
        "batch": str(roll["batch"]),
    }
    text = json.dumps(given, sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest()[:12]


def _how(roll, name, row):
    right = row["engine"] == row["goal"] and row["installed"] == row["target"]
    if roll["what"] == "upgrade" and not right:
        return "upgrade"
    due = row["reboot"] or "reboot" in roll["force"]
    if roll["what"] == "reboot" and due and row["labels"].get(PLAN_LABEL) != name:
        return "reboot"
    return "return" if row["was"] or DEMOTED_LABEL in row["labels"] else "nothing"


def labels(plan="", done=True):
    """
    Return the node labels of a host that is done with this plan, or is to be demoted by it.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll.labels 5f0c1d2e3a4b
    """
    return {PLAN_LABEL: plan, DEMOTED_LABEL: None} if done else {DEMOTED_LABEL: plan}


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
        if proof["plans"][row["id"]]["refusal"]:
            lines.append(f'{proof["plans"][row["id"]]["refusal"]} ("swarm_stop": [names])')
    return lines


def table(rows=None):
    """
    Return the rows of a plan as lines of columns.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_roll.table '[]'
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
