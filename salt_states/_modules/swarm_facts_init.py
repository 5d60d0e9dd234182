# SPDX-License-Identifier: Apache-2.0
"""
Whether a new swarm may be made
===============================

An init is right only where no swarm can live elsewhere: each manager of pillar reported in this run
that it is in none, and no manager that any minion ever named answers. The functions belong to the
name ``swarm_facts``.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_facts``

.. versionadded:: 0.1.0

**Pillar**: ``swarm:managers``, ``swarm:init_without`` and ``swarm:init`` (see ``pillar_example``).
"""

__virtualname__ = "swarm_facts"


def __virtual__():
    return __virtualname__


def why_no_init(managers, entries, init=False):
    """
    Return why the first of these managers must not create a swarm, as one line; empty if it may.
    The addresses of other managers are tried only on that host itself, because it may be the one
    that listens by now.

    managers
        The minion ids of pillar ``swarm:managers``.
    entries
        ``{minion id: facts}`` of them, as far as they reported in this run.
    init
        As for :py:func:`swarm_facts.plan <salt.modules.swarm_facts_plan.plan>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.why_no_init '[manager1]' "$facts"
    """
    run = __salt__["swarm_facts.run"]()
    without = (__pillar__.get("swarm") or {}).get("init_without") or []
    if managers[0] in without:
        return f"{managers[0]} makes the swarm, so it cannot be in pillar swarm:init_without"
    if not run["id"] and init not in (True, "beside"):
        return (
            "outside a bootstrap run a new swarm is created only if you confirm it: set pillar swarm:init"
            " to True, or run salt-run state.orchestrate docker.bootstrap"
        )
    if any(old != new for old, new in run["replaced"].items()):
        return (
            "docker.replace makes no new swarm, and no manager of pillar is in one: let one of the old"
            " managers stay in swarm:managers until the new ones are in"
        )
    silent = [name for name in managers if name not in entries and name not in without]
    if silent and run["id"]:
        return (
            f"no new swarm is made while {', '.join(silent)} may be in one: no report came from"
            " there in this run. Start the minion and docker there, or name a dead host in pillar"
            " swarm:init_without"
        )
    busy = [name for name, facts in entries.items() if facts["state"] not in ("inactive", "absent")]
    if busy:
        parts = ", ".join(f"{name} is {entries[name]['state']}" for name in sorted(busy))
        return f"no new swarm is made while {parts}: wait, or run swarm.leave force=True there"
    if managers[0] != __opts__["id"]:
        return ""
    return _why_elsewhere(managers, run["id"], init == "beside")


def _why_elsewhere(managers, run_id, beside):
    """
    Return which swarms are alive by the facts of all minions, of any age: these can only veto.
    """
    published = __salt__["swarm_facts.read"]("*")
    members = sorted(
        name
        for name, facts in published.items()
        if run_id and facts["run"] == run_id and name not in managers and facts["state"] == "active"
    )
    known = {}
    for name, facts in published.items():
        for address in _manager_addresses(facts):
            known.setdefault(address, []).append(name)
    alive = __salt__["swarm_core.reachable"](sorted(known)) if known else []
    pillars = [address for address in alive if _owners(address, managers, published)]
    if pillars:
        return (
            f"no new swarm is made: a manager still listens at {', '.join(pillars)}. Start the minion"
            " there, or stop that swarm"
        )
    if alive and not beside:
        parts = ", ".join(_titled(address, known[address], published) for address in alive)
        return (
            f"no new swarm is made: a manager still listens at {parts}, which pillar swarm:managers"
            " does not name. To go on with that swarm, name one of its managers there beside the new"
            " ones; to end it, use docker.teardown; for a second swarm on purpose set pillar"
            " swarm:init to beside"
        )
    if members and not beside:
        return (
            f"no new swarm is made: {', '.join(members)} reported in this run to be in one already."
            " Start docker on its managers, or let that host leave (swarm.leave force=True)"
        )
    return ""


def _manager_addresses(facts):
    """
    Return where the managers of a host's swarm listen, as it published; none for a host outside a
    swarm.
    """
    if facts["managers"] or facts["state"] in ("inactive", "absent", "active"):
        return facts["managers"]
    # It did not tell, and may have been a manager: locked, or its engine did not answer.
    return [f"[{one}]:2377" if ":" in one else f"{one}:2377" for one in facts["addresses"]]


def _owners(address, minions, published):
    """Return those of these minions that have this address."""
    host = address.rpartition(":")[0].strip("[]")
    return [name for name in minions if host in published.get(name, {}).get("addresses", [])]


def _titled(address, told, published):
    names = sorted(_owners(address, published, published))
    if names:
        return f"{', '.join(names)} ({address})"
    return f"{address} (as {sorted(told)[0]} reported)"
