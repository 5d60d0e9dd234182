# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: the checks of health that no engine can tell
===============================================================

Some checks need what a host knows of itself, or several managers' answers side by side. Their names, levels
and fixes are in the compiled core's table, with those that an engine tells.

:maturity: new
:depends: the execution module ``swarm_core``

.. versionadded:: 0.1.0
"""

from salt.exceptions import SaltInvocationError

__virtualname__ = "swarm_checks"


def __virtual__():
    return __virtualname__


def table():
    """
    Return the checks in the order of the rows: a list of ``{"name", "level", "source", "holds", "fix"}``,
    where ``source`` is ``engine``, or ``hosts`` for what no engine can tell.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_checks.table
    """
    return __salt__["swarm_core.core"]("health_checks")


def certificate(host=None, found=None):
    """
    Return what a host's certificate says for the check ``certificates``: a list for :py:func:`rows`.

    host
        The minion id; this host's unless given.
    found
        What ``swarm.certificate`` returned there; asked here unless given.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_checks.certificate
    """
    host = host or __grains__["id"]
    found = __salt__["swarm.certificate"]() if found is None else found
    row = {"name": "certificates", "on": host}
    if not isinstance(found, dict):
        return [{**row, "ok": None, "text": f"not known: {host} does not say"}]
    if not found:
        return []
    if found.get("overdue"):
        text = f"{host}: its certificate ends {found['until']} and was not renewed in time"
        return [{**row, "ok": False, "text": text}]
    return []


def rows(found=None, ignore=None, baseline=None):
    """
    Return rows of :py:func:`swarm.health <salt.modules.swarm_health.health>` in the order of the table,
    with the level and the fix that belong to them.

    found
        List of ``{"name", "ok", "on", "text"}``; one that has a ``level`` already stays as it is.
    ignore, baseline
        As for ``swarm.health``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_checks.rows '[{name: certificates, ok: true, on: "", text: fine}]'
    """
    checks = {check["name"]: check for check in table()}
    order = list(checks)
    made = [
        row if "level" in row else _complete(row, checks, ignore or (), baseline or ())
        for row in found or ()
    ]
    return sorted(made, key=lambda row: order.index(row["name"]))


def _complete(row, checks, ignore, baseline):
    """Add level and fix. The rules for ``ignore`` and ``baseline`` are those of the core."""
    check, on = checks[row["name"]], row["on"]
    known = row["name"] in ignore or f"{row['name']}:{on}" in ignore
    old = row["ok"] is False and any(
        (one["name"], one["on"], one["ok"]) == (row["name"], on, False) for one in baseline
    )
    fix = "" if row["ok"] is True else check["fix"]
    return {
        "name": row["name"],
        "ok": row["ok"],
        "level": "warning" if known or old else check["level"],
        "on": on,
        "text": row["text"],
        "fix": fix.replace("{}", on) if on or "{}" not in fix else "",
    }


def chosen(checks=None, source="engine"):
    """
    Return which of these checks are of a source, or None for all of them.

    checks
        Names; all unless given.
    source
        ``engine`` or ``hosts``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_checks.chosen '[leader, certificates]'
    """
    if checks is None:
        return None
    sources = {check["name"]: check["source"] for check in table()}
    unknown = [str(name) for name in checks if name not in sources]
    if unknown:
        valid = ", ".join(sources)
        raise SaltInvocationError(f"unknown check {', '.join(unknown)} (valid: {valid})")
    return [name for name in checks if sources[name] == source]


def blocking(rows=None):
    """
    Return the rows that block a change: not known to hold, and of the level ``error``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_checks.blocking '[]'
    """
    return [row for row in rows or () if row["ok"] is not True and row["level"] == "error"]
