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

from salt.exceptions import CommandExecutionError, SaltInvocationError

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


def view():
    """
    Return whom this host lists as managers: ``{"members": [node ids], "leader": node id}``; empty on a host
    that cannot say.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_checks.view
    """
    try:
        nodes = __salt__["swarm.nodes"]()
    except CommandExecutionError:
        return {}
    return {
        "members": sorted(node["id"] for node in nodes if node["member"]),
        "leader": next((node["id"] for node in nodes if node["leader"]), ""),
    }


def of_swarm(hosts=None, checks=None, ignore=None, baseline=None, margin=None, swarm=None):
    """
    Return the rows of the whole swarm: those of this manager's engine, and what other hosts said.

    hosts
        ``{minion id: {"role": that of pillar, "facts", "certificate", "view"}}`` of the hosts of pillar, with
        what ``swarm_facts.collect``, ``swarm.certificate`` and :py:func:`view` returned there; without
        facts a host did not answer.
    checks, ignore, baseline, margin
        As for ``swarm.health``.
    swarm
        What pillar has under ``swarm``; by itself as this minion last got it.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_checks.of_swarm '{}'
    """
    chosen(checks)
    given = {"ignore": ignore, "baseline": baseline, "margin": margin}
    given = {name: value for name, value in given.items() if value is not None}
    found = __salt__["swarm_core.core"]("health", **given)
    nodes, own = _nodes(), view()
    for host, said in (hosts or {}).items():
        found += _of_host(host, said, nodes, own)
    found = rows(by_pillar(found, swarm), ignore, baseline)
    faults = {row["name"] for row in found if row["ok"] is not True}
    found = [row for row in found if row["ok"] is not True or row["name"] not in faults]
    if not own:
        text = "not known: this host lists no managers"
        found.append({"name": "members-agree", "ok": None, "on": "", "text": text})
        faults.add("members-agree")
    for name, text in _well(hosts or {}, own).items():
        if name not in faults:
            found.append({"name": name, "ok": True, "on": "", "text": text})
    return [row for row in rows(found) if checks is None or row["name"] in checks]


def _nodes():
    """Return ``{node id: node}``; empty where this host cannot tell, as its own rows say then."""
    try:
        return {node["id"]: node for node in __salt__["swarm_core.core"]("node_list")}
    except CommandExecutionError:
        return {}


def _of_host(host, said, nodes, own):
    """Return the faults that one host's word shows."""
    facts = said.get("facts")
    if not isinstance(facts, dict):
        text = f"{host}: its minion does not answer, or has no swarm module"
        return [{"name": "engine", "ok": None, "on": host, "text": text}]
    fault = _engine_fault(host, facts)
    if fault:
        return [{"name": "engine", "ok": False, "on": host, "text": fault}]
    node = nodes.get(facts["node_id"])
    if not nodes:
        return certificate(host, said.get("certificate"))
    if node is None:
        text = f"{host} is not in the node list: the managers removed its node"
        return [{"name": "host-listed", "ok": False, "on": host, "text": text}]
    found = certificate(host, said.get("certificate"))
    if said.get("role") and node["role"] != said["role"]:
        text = f"{host} is a {node['role']}, pillar says {said['role']}"
        found.append({"name": "members-agree", "ok": False, "on": host, "text": text})
    other = said.get("view") if node["member"] else None
    if isinstance(other, dict) and other and own:
        names = {one: nodes[one]["hostname"] or one for one in nodes}
        differ = sorted(names.get(one, one) for one in set(other["members"]) ^ set(own["members"]))
        if differ:
            text = f"{host} does not list the same managers as the others: {', '.join(differ)}"
            found.append({"name": "members-agree", "ok": False, "on": host, "text": text})
        if other["leader"] != own["leader"]:
            text = f"{host} sees another leader: {names.get(other['leader'], 'none')}"
            found.append({"name": "leader", "ok": False, "on": host, "text": text})
    return found


def _engine_fault(host, facts):
    error = f": {facts['error']}" if facts.get("error") else ""
    return {
        "active": "",
        "inactive": f"{host} is not in a swarm",
        "absent": f"{host} has no engine",
        "unreachable": f"docker does not answer on {host}{error}",
    }.get(facts["state"], f"{host} is {facts['state']}{error}")


def _well(hosts, own):
    """Return ``{check: text}`` of what hosts tell where all is well."""
    told = [one for one in hosts.values() if one.get("certificate")]
    members, one = len(own.get("members", ())), len(told) == 1
    return {
        "members-agree": f"the managers list the same {members} manager{'' if members == 1 else 's'}",
        "certificates": f"{len(told)} certificate{' is' if one else 's are'} renewed in time",
    }


def by_pillar(found=None, swarm=None):
    """
    Return rows without the nodes that pillar itself drains or pauses. Most nodes have the names of their
    minions.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_checks.by_pillar '[]'
    """
    named = __salt__["swarm_facts.named"]
    kept = [
        row
        for row in found or ()
        if row["name"] != "availability"
        or row["ok"] is True
        or named(row["on"], swarm)["availability"] not in ("drain", "pause")
    ]
    if len(kept) < len(found or ()) and not any(row["name"] == "availability" for row in kept):
        text = "no node is paused or drained except by pillar"
        kept.append({"name": "availability", "ok": True, "on": "", "text": text})
    return kept


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
    # Of what is not known there is nothing to fix yet.
    fix = check["fix"] if row["ok"] is False else ""
    return {
        "name": row["name"],
        "ok": row["ok"],
        "level": "warning" if known or old else check["level"],
        "on": on,
        "text": row["text"],
        "fix": fix.replace("{}", on),
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
