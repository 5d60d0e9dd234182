# SPDX-License-Identifier: Apache-2.0
"""
Print lists such as ``swarm.node_ls`` as docker's own tables
============================================================

Salt's own ``table`` outputter sorts columns by name. Sync this one to the master once, with
``salt-run saltutil.sync_output``.

CLI Example:

.. code-block:: bash

    salt manager1 swarm.node_ls
"""

import salt.utils.yaml

NODES = ("ID", "HOSTNAME", "STATUS", "AVAILABILITY", "MANAGER STATUS", "ENGINE VERSION")
TASKS = ("ID", "NAME", "IMAGE", "NODE", "DESIRED STATE", "CURRENT STATE", "ERROR", "PORTS")
SERVICES = ("ID", "NAME", "MODE", "REPLICAS", "IMAGE", "PORTS")
SECRETS = ("ID", "NAME", "DRIVER", "CREATED", "UPDATED")
CONFIGS = ("ID", "NAME", "CREATED", "UPDATED")
USERS = ("SERVICE", "VERSION", "SPEC")
NETWORKS = ("NETWORK ID", "NAME", "DRIVER", "SCOPE")
USAGE = ("NAME", "SUBNETS", "USED", "SIZE", "TASKS", "SERVICES", "NODES")
MOVES = ("service", "tasks", "way", "why", "fits")
HEALTH = ("name", "ok", "level", "on", "text", "fix")
# The first one whose columns are all in a row.
TABLES = (TASKS, NODES, SERVICES, SECRETS, CONFIGS, USERS, NETWORKS, USAGE, MOVES, HEALTH)
# What the runner's functions return beside the minion's rows.
OF_THE_RUNNER = ("retcode", "outputter")


def output(data, **kwargs):
    """
    Format the rows of each minion under its id, and under the node or service for tasks; the
    services of a node that is emptied, and what else is said of it; print anything else, such as
    an error, unchanged.

    data
        ``{minion id: list of rows, or {"of": whose, "rows": list of rows}, or what swarm.evict and
        swarm.evict_plan return, or text}``
    """
    return "\n".join(
        _minion(minion, rows) for minion, rows in data.items() if minion not in OF_THE_RUNNER
    )


def _minion(minion, rows):
    if isinstance(rows, dict) and set(rows) == {"of", "rows"}:
        minion, rows = f"{minion}, tasks of {rows['of']}", rows["rows"]
    if isinstance(rows, dict) and {"hostname", "services"} <= set(rows):
        return _eviction(minion, rows)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return f"{minion}:\n{_indented(rows)}"
    if not rows:
        return f"{minion}:\n    none"
    columns = next((one for one in TABLES if set(one) <= set(rows[0])), tuple(rows[0]))
    lines = [columns] + [_cells(columns, row) for row in rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    return "\n".join(
        [f"{minion}:"]
        + ["    " + "   ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
    )


def _eviction(minion, found):
    now = found.get("availability")
    if "new" in found:
        now = found["new"] if found["old"] == found["new"] else f"{found['old']} -> {found['new']}"
    of = f"{minion}, services on node {found['hostname']} ({found.get('id')}, {now})"
    said = [f"    {key}: {found[key]}" for key in ("refusal", "warning") if found.get(key)]
    return "\n".join([_minion(of, found["services"]), *said])


def _indented(value):
    """What is not a table: a text line by line, anything else as YAML."""
    if isinstance(value, (dict, list)):
        value = salt.utils.yaml.safe_dump(value, default_flow_style=False)
    return "\n".join(f"    {line}" for line in str(value).splitlines())


def _cell(value):
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _cells(columns, row):
    cells = [_cell(row.get(column, "")) for column in columns]
    if row.get("SELF"):
        cells[0] += " *"
    return cells
