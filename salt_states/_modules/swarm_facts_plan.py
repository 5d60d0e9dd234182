# SPDX-License-Identifier: Apache-2.0
"""
What the facts of the managers say must be done
===============================================

From the same facts every host draws the same conclusion: which manager leads, whether a swarm may be
made, or why nothing may be done. The functions belong to the name ``swarm_facts``, and change nothing.

:maturity: new
:depends: the execution module ``swarm_facts``

.. versionadded:: 0.1.0

**Pillar**: ``swarm:managers``, ``swarm:init_without`` and ``swarm:init`` (see ``pillar_example``).
"""

import time

# How swarm_core.core begins where the compiled core does not load.
NO_CORE = "the core of the swarm module did not load"

__virtualname__ = "swarm_facts"


def __virtual__():
    return __virtualname__


def plan(init=False, known=False):
    """
    Decide what must be done from the facts of the managers; the same on every host that reads them.

    init
        The operator's word, without a run, that no swarm lives and one may be made; ``beside``, also
        in a run: even though managers of another swarm answer.
    known
        As for :py:func:`swarm_facts.fresh <salt.modules.swarm_facts.fresh>`.

    Returns ``action`` (``exists``, ``handover``, ``init`` or ``refuse``), ``reason`` (one line, for
    ``refuse``), ``lead`` (the manager that inits, seals and clears up), ``trouble`` (what it could
    not do), and of an existing cluster ``cluster``, ``digest``, ``members``, ``managers``
    (``ip:port``), ``promote`` (``{minion id: node id}`` of pillar's managers that are workers of
    it), ``sealing`` (whether the tokens of this run are sealed yet) and ``sealed`` (that of this
    host; empty where there is none). ``handover``: all of pillar's managers that are in the cluster
    are its workers, so that only hosts that are managers still can promote them; ``lead`` then is
    the first that will be one.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.plan
    """
    ids = __salt__["swarm_facts.manager_ids"]()
    if init in (True, "beside") and not __salt__["swarm_facts.run"]()["id"]:
        # Old facts of others never veto; whether they live shows at their addresses.
        entries = {own: __salt__["swarm_facts.collect"]() for own in ids if own == __opts__["id"]}
    else:
        entries = __salt__["swarm_facts.fresh"](ids, known)
    ret = dict.fromkeys(("action", "reason", "lead", "trouble", "cluster", "digest", "sealed"), "")
    ret.update(members=[], managers=[], promote={}, sealing=True)
    reason = _unfit(entries) or next(iter(twins(entries).values()), "")
    if reason:
        ret.update(action="refuse", reason=reason)
        return ret
    living = [name for name in ids if _is_manager(entries.get(name))]
    moved = [name for name in ids if _is_worker(entries.get(name))]
    if living:
        _plan_existing(ret, entries, living)
        _plan_promotions(ret, entries, moved)
    elif moved and __salt__["swarm_facts.run"]()["id"]:
        _plan_handover(ret, entries, moved)
    else:
        _plan_init(ret, ids, entries, init)
    ret["trouble"] = entries.get(ret["lead"], {}).get("error", "")
    return ret


def twins(hosts, nodes=()):
    """
    Return which hosts are one node, as after a disk was cloned: ``{minion id: one line}``. The host
    at the node's address, as the managers see it, is the node, and not among them.

    hosts
        ``{minion id: facts}``
    nodes
        As :py:func:`swarm.nodes <salt.modules.swarm_nodes.nodes>` returns them.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.twins "$facts" "$nodes"
    """
    seen = {node["id"]: node["addr"] for node in nodes}
    by_id = {}
    for name, facts in sorted(hosts.items()):
        if facts["node_id"]:
            by_id.setdefault(facts["node_id"], []).append(name)
    ret = {}
    for node_id, names in by_id.items():
        if len(names) == 1:
            continue
        there = [name for name in names if seen.get(node_id) in hosts[name]["addresses"]]
        clones = [name for name in names if name not in there] if len(there) == 1 else names
        which = ", ".join(clones) if len(there) == 1 else "the one that is the clone"
        reason = (
            f"{' and '.join(names)} are one node ({node_id}), as after a disk was cloned: reset {which}"
            f" (salt {clones[-1]} swarm.leave force=True), then run again"
        )
        ret.update(dict.fromkeys(clones, reason))
    return ret


def _is_manager(facts):
    return bool(facts) and facts["state"] == "active" and facts["role"] == "manager"


def _leaderless(facts):
    return _is_manager(facts) and not facts.get("cluster")


def _is_worker(facts):
    return bool(facts) and facts["state"] == "active" and facts["role"] == "worker"


def _unfit(entries):
    """Return why nothing may be done while a manager is in its reported state; empty if it may."""
    members = {node for facts in entries.values() for node in facts.get("members") or []}
    for name, facts in sorted(entries.items()):
        if facts["state"] == "locked":
            return (
                f"{name} is locked: unlock it (salt {name} swarm.unlock key_file=PATH, or key_sdb,"
                f" key_pillar), then run again{_age(facts)}"
            )
        if facts["state"] == "unreachable" or (facts["state"] == "absent" and not _test()):
            if facts["error"].startswith(NO_CORE):
                return f"{name}: {facts['error']}{_age(facts)}"
            return f"docker does not answer on {name}: {facts['error']}{_age(facts)}"
        # One that is no longer a member joins again.
        if facts["state"] == "error" and not (members and lost(facts, members)):
            if facts.get("data"):
                return f"{name}: {facts['error']}{_age(facts)}"
            return f"the swarm part of docker on {name} reports: {facts['error']}{_age(facts)}"
    return ""


def _age(facts):
    """Return when a host reported this, unless it did so in this very run or call."""
    ours = __salt__["swarm_facts.run"]()["id"]
    if facts["id"] == __opts__["id"] or (ours and facts["run"] == ours):
        return ""
    if not isinstance(facts.get("time"), int):
        return " (reported earlier)"
    return time.strftime(" (reported %Y-%m-%d %H:%M:%S UTC)", time.gmtime(facts["time"]))


def lost(facts, members):
    """
    Return whether a host that reports to be a member has a node that no manager lists. Data of a
    swarm that its engine does not know may be a cluster's last copy, and is never treated as lost.

    members
        The node ids of the list.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.lost "$facts" '[zi0h8y6n4ha6jm2hk0qvyhr5w]'
    """
    return bool(facts["node_id"]) and facts["node_id"] not in members and not facts.get("data")


def _test():
    return bool(__opts__.get("test"))


def _plan_existing(ret, entries, living):
    leaderless = [name for name in living if _leaderless(entries[name])]
    leading = [name for name in living if entries[name].get("cluster")]
    if len({entries[name]["cluster"] for name in leading}) > 1:
        parts = ", ".join(f"{name} in {entries[name]['cluster']}" for name in leading)
        ret["reason"] = (
            f"the managers of pillar are in different swarms: {parts}. Decide which one stays, and"
            " let the other hosts leave theirs (swarm.leave force=True)"
        )
    elif not leading:
        first = entries[living[0]]
        ret["reason"] = (
            f"{', '.join(leaderless)}: the cluster has no leader ({first['error']}{_age(first)})."
            " Bring the other managers back so that more than half of them run, then run again. If"
            " they are lost for good: salt-run state.orchestrate docker.recover"
        )
    else:
        ret["reason"] = __salt__["swarm_facts.why_alone"](entries[leading[0]], _has_others())
    if ret["reason"]:
        ret["action"] = "refuse"
        return
    lead = entries[leading[0]]
    ret.update(lead=leading[0], cluster=lead["cluster"], digest=lead["digest"])
    ret.update(members=list(lead["members"]), managers=list(lead["managers"]))
    ret["action"] = "exists"
    # Another one may lead by now: the first of pillar does so again once it has joined.
    sealed = [entry["sealed"] for entry in entries.values() if _seals(entry, ret["cluster"])]
    ret["sealing"] = not sealed
    ret["sealed"] = next((s[__opts__["id"]] for s in sealed if __opts__["id"] in s), "")


def _has_others():
    """
    Return whether the swarm of pillar should have more than one host, as far as this job knows.
    """
    ours = __salt__["swarm_facts.run"]()
    hosts = {
        *__salt__["swarm_facts.manager_ids"](),
        *ours["managers"],
        *ours["workers"],
        __opts__["id"],
    }
    return len(hosts) > 1


def _seals(facts, cluster):
    return facts.get("cluster") == cluster and isinstance(facts.get("sealed"), dict)


def _plan_promotions(ret, entries, moved):
    """
    Add pillar's managers that are active as workers: of this cluster, or of none that is ours.
    """
    for name in moved if ret["action"] == "exists" else []:
        facts = entries[name]
        reason = ""
        if facts["node_id"] not in ret["members"]:
            reason = _elsewhere(name, facts, ret)
        elif __salt__["swarm_facts.run"]()["id"]:
            ret["promote"][name] = facts["node_id"]
        else:
            reason = (
                f"pillar says that {name} is a manager, but it is a worker: run the bootstrap, or"
                f" promote it with salt {ret['lead']} swarm.promote {facts['node_id']}"
            )
        if reason:
            ret.update(action="refuse", reason=reason, promote={})
            return


def _plan_handover(ret, entries, moved):
    first = entries[moved[0]]
    strangers = [
        name for name in moved if not set(entries[name]["managers"]) & set(first["managers"])
    ]
    if strangers:
        parts = "; ".join(
            f"{name}: {', '.join(entries[name]['managers']) or 'unknown'}"
            for name in dict.fromkeys([moved[0], *strangers])
        )
        ret["reason"] = (
            f"the managers of pillar are workers of different swarms, by their managers ({parts})."
            " Decide which one stays, and let the other hosts leave theirs (swarm.leave)"
        )
        ret["action"] = "refuse"
        return
    ret.update(action="handover", lead=moved[0], managers=list(first["managers"]))
    ret["promote"] = {name: entries[name]["node_id"] for name in moved}


def _elsewhere(name, facts, plan_):
    """
    Return why an active host that is not in the members' list belongs elsewhere; "" if it is ours.
    """
    if set(facts["managers"]) & set(plan_["managers"]):
        return ""
    return (
        f"{name} is in another swarm (its managers: {', '.join(facts['managers']) or 'unknown'});"
        f" to move it, run salt {name} swarm.leave force=True first"
    )


def foreign(facts, plan_):
    """
    Return why a host that is active but not a member may not join: it is in another swarm. Empty if
    it is an orphan of the cluster of ``plan`` that left its list.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_facts.foreign "$facts" "$plan"
    """
    return _elsewhere(facts["id"], facts, plan_)


def _plan_init(ret, ids, entries, init):
    ret["lead"] = ids[0]
    ret["action"] = "init"
    ret["reason"] = __salt__["swarm_facts.why_no_init"](ids, entries, init)
    if ret["reason"]:
        ret["action"] = "refuse"
