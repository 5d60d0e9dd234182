"""
What the hosts of a bootstrap know of each other
================================================

Each host publishes one mine entry, ``swarm``: its local state, its place in the cluster, and on the
manager that leads the run the join tokens, sealed. From the entries of the exact minion ids in
pillar ``swarm:managers`` every host draws the same conclusion: which manager leads, whether a swarm
may be made, or why not. An entry of any other minion is never read for that.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_mine``

.. versionadded:: 0.1.0

**Pillar**: ``swarm:managers``, ``swarm:workers``, ``swarm:nodes``, ``swarm:init_without`` (see
``pillar_example``), and ``swarm_run``, which ``docker.bootstrap`` hands to its jobs: ``id`` of the
run; where managers alone take part ``managers`` and ``workers``, the minion ids of all; and for the
manager that seals the tokens ``keys``: ``{minion id: public key that the master accepted}``.
"""

import fnmatch
import os
import time
import uuid

from salt.exceptions import CommandExecutionError

# swarmkit: followers miss their leader for 10 to 20 s before they elect another one. moby: an engine
# starts its swarm part anew after at most 30 s.
LEADER_SECONDS = 30
# What each entry has, as swarm_facts.collect makes it.
TEXTS = ("id", "run", "stamp", "state", "role", "node_id", "name", "error")
LISTS = ("addresses", "managers")
# The engine makes it at its first start: where it is missing, no engine ever ran on this host.
ENGINE_FOLDER = "/var/lib/docker/swarm"

__virtualname__ = "swarm_facts"


def __virtual__():
    return __virtualname__


def run():
    """
    This bootstrap run as pillar ``swarm_run`` has it: ``id``, ``managers`` and ``workers`` (lists of
    minion ids), ``keys`` (``{minion id: public key}``) and ``replaced`` (``{old host: new host}``, of
    docker.replace); empty where there is no run, and all but the id also in a job of workers.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.run
    """
    given = __pillar__.get("swarm_run") or {}
    return {
        "id": given.get("id", ""),
        "managers": list(given.get("managers") or []),
        "workers": list(given.get("workers") or []),
        "keys": dict(given.get("keys") or {}),
        "replaced": dict(given.get("replaced") or {}),
    }


def manager_ids():
    """
    The exact minion ids of pillar ``swarm:managers``, in their order.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.manager_ids
    """
    __salt__["swarm_schema.refuse"]()
    ids = _pillar("managers")
    if not ids:
        raise CommandExecutionError("pillar swarm:managers must be a list of exact minion ids")
    return list(ids)


def _has_master():
    """Whether the mine is one that others read and write."""
    return __opts__["file_client"] != "local"


def _pillar(key=None):
    """Pillar ``swarm``, or one key of it."""
    swarm = __pillar__.get("swarm") or {}
    return swarm if key is None else swarm.get(key)


def named(minion, swarm=None):
    """
    What pillar ``swarm:nodes`` says of the node of a minion: ``{"labels": {name: value},
    "availability": text or None}``. All globs that fit add up in their order; the id itself comes
    last.

    minion
        Its id.
    swarm
        Pillar ``swarm``; this minion's own unless given.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.named worker1
    """
    if not isinstance(minion, str):
        raise CommandExecutionError(f"minion must be a minion id, not {minion!r}")
    __salt__["swarm_schema.refuse"](swarm)
    nodes = (_pillar("nodes") if swarm is None else swarm.get("nodes")) or {}
    ret = {"labels": {}, "availability": None}
    globs = [nodes[glob] for glob in nodes if fnmatch.fnmatchcase(minion, glob)]
    for entry in [*globs, nodes.get(minion)]:
        entry = entry or {}
        ret["labels"].update(entry.get("labels") or {})
        ret["availability"] = entry.get("availability") or ret["availability"]
    return ret


def collect(error="", sealed=None):
    """
    The facts of this host: ``id``, ``run``, ``stamp`` (new for each entry), ``state`` (as
    ``swarm.info``, or ``absent`` where no engine ever ran, ``unreachable`` where it does not answer),
    ``role``, ``node_id``, ``name``, ``addresses`` (of this host), ``managers`` (``ip:port``),
    ``error``, ``drift`` (lines, as an earlier state of the job found them by
    ``swarm_engine.drift``); on a manager ``cluster``, ``digest`` (of the CA, as in join tokens) and
    ``members`` (node ids); on a host outside a swarm ``key`` (its public key, for a run by hand);
    where data of a swarm is on the disk of a host in no swarm ``data`` (the cluster's id, or
    ``unknown``; the state then is ``error``). It holds no secret.

    error
        One line on what went wrong on this host.
    sealed
        ``{minion id: sealed join token}`` to add.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm_facts.collect
    """
    facts = {
        "id": __opts__["id"],
        "run": run()["id"],
        "stamp": uuid.uuid4().hex,
        "role": "",
        "node_id": "",
        "name": __grains__.get("nodename", ""),
        "addresses": _addresses(),
        "managers": [],
        "error": error,
        # A later step of the run has it from the entry of this host: see publish.
        "drift": __salt__["swarm_engine.drift"](known=True),
    }
    try:
        info = _settled_info()
    except CommandExecutionError as exc:
        facts["state"] = "unreachable" if os.path.isdir(ENGINE_FOLDER) else "absent"
        facts["error"] = error or str(exc)
        return facts
    for key in ("state", "role", "node_id", "name", "managers"):
        facts[key] = info[key]
    facts["error"] = error or info["error"]
    if info.get("data"):
        facts["data"] = info["data"]
    elif info["state"] in ("pending", "error"):
        _add_standstill(facts)
    if info["state"] == "active" and info["role"] == "manager":
        _add_cluster(facts)
    if info["state"] != "active" and not facts["run"] and _has_master():
        # A minion without a master has no key.
        facts["key"] = __salt__["swarm.public_key"]()
    if sealed is not None:
        facts["sealed"] = sealed
    return facts


def _settled_info():
    """
    As ``swarm.info``; the node id of what stands still is that of its certificate, where the engine
    gives none. A member whose engine restarts its swarm part is waited for, as one that was just
    promoted may fail at its first try; so is an engine that still deletes the data of a swarm that
    it left. What did not come up in that time is not waited for again.
    """
    kept = f"swarm_facts.up_by {run()['id']}"
    while True:
        info = _info_and_data()
        stands_still = info["state"] in ("pending", "error")
        if stands_still and not info["node_id"]:
            info["node_id"] = __salt__["swarm.certificate"]().get("node_id", "")
        if not stands_still or not info["node_id"]:
            __context__.pop(kept, None)
            return info
        if time.monotonic() >= __context__.setdefault(kept, time.monotonic() + LEADER_SECONDS):
            return info
        time.sleep(1)


def _info_and_data():
    """As ``swarm.info``; an engine in no swarm is not believed where data of one is on its disk."""
    info = __salt__["swarm.info"]()
    orphan = __salt__["swarm.orphan_data"]() if info["state"] == "inactive" else {}
    if orphan:
        info.update(state="error", node_id=orphan["node_id"], error=orphan["reason"])
        info["data"] = orphan["cluster_id"] or "unknown"
    return info


def _add_standstill(facts):
    """
    A join that got no certificate is pending, whatever the engine makes of it: it can be left and
    done anew. With one this host is a member that does not come up, and keeps what it has. (moby's
    own JoinInProgress does not tell: each new start of an engine that joined sets it again.)
    """
    facts["state"] = "error" if facts["node_id"] else "pending"
    if facts["state"] == "error":
        facts["error"] = facts["error"] or (
            "this host is a member that has not come up: see that it reaches the managers, and they"
            " this host, at TCP port 2377"
        )


def _addresses():
    """
    This host's own addresses, without those that say nothing of it: loopback, link-local, and those
    of docker's bridges, which are the same on every host.
    """
    ret = []
    for grain in ("ip4_interfaces", "ip6_interfaces"):
        for name, addresses in (__grains__.get(grain) or {}).items():
            if name != "lo" and not name.startswith(("docker", "br-")):
                ret.extend(one for one in addresses if not one.lower().startswith("fe80:"))
    return sorted(ret)


def _add_cluster(facts):
    """What only a manager of a cluster with a leader knows; without one the reason is kept."""
    try:
        token = __salt__["swarm.join_token"]("worker")
        facts["cluster"] = token["cluster_id"]
        facts["digest"] = token["digest"]
        # A record gets its name with its host's first report: before that it is no member to keep.
        nodes = __salt__["swarm.nodes"]()
        facts["members"] = [node["id"] for node in nodes if node["hostname"]]
    except CommandExecutionError as exc:
        facts["error"] = facts["error"] or str(exc)


def publish(error="", sealed=None, confirm=True):
    """
    Put the facts of this host into the mine. Arguments and return value as
    :py:func:`swarm_facts.collect <collect>`; without ``sealed`` those that this host published
    earlier in the same run stay. A manager without leader waits for one, unless it has an error to
    tell: another manager may just have gone.

    confirm
        Read the entry back, since a master that keeps no mine says nothing of it.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm_facts.publish
    """
    own = __opts__["id"]
    earlier = {}
    if run()["id"] and own in __salt__["swarm_schema.ids"](_pillar(), "managers"):
        # An entry is replaced as a whole, and the hosts that join later still need theirs.
        earlier = _of_this_run(read([own])).get(own, {})
        sealed = earlier.get("sealed") if sealed is None else sealed
    facts = collect(error, sealed)
    end = time.monotonic() + LEADER_SECONDS
    while not error and _leaderless(facts) and time.monotonic() < end:
        time.sleep(1)
        facts = collect(error, sealed)
    facts["drift"] = facts["drift"] or drift(earlier)
    __salt__["swarm_mine.write"](facts)
    if confirm and read([own]).get(own, {}).get("stamp") != facts["stamp"]:
        raise CommandExecutionError(
            "the master did not give this minion's facts back from the mine: in the master's"
            " configuration minion_data_cache must be on, and mine_get must let minions read"
            " 'swarm'"
        )
    return facts


def current():
    """
    Whether this host's facts of this run are published already, without an error and as they are.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm_facts.current
    """
    entry = read([__opts__["id"]]).get(__opts__["id"], {})
    if not run()["id"] or entry.get("run") != run()["id"] or entry.get("error"):
        return False
    facts = collect()
    return all(entry.get(key) == facts.get(key) for key in ("state", "role", "node_id"))


def read(minions):
    """
    The published facts of these minions, of any age: ``{minion id: facts}``. Without a master those
    of this host alone can be had, and to ask for others is an error.

    minions
        List of exact minion ids; ``*`` for all whose key the master accepted, and without a master
        for this host.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.read '[manager1, manager2]'
    """
    everyone = minions == "*"
    if not everyone and (
        not isinstance(minions, list) or not all(isinstance(one, str) for one in minions)
    ):
        raise CommandExecutionError("minions must be a list of minion ids, or '*'")
    if everyone and not _has_master():
        minions, everyone = [__opts__["id"]], False
    others = [] if everyone else [minion for minion in minions if minion != __opts__["id"]]
    if others and not _has_master():
        raise CommandExecutionError(
            "without a master (--local, salt-ssh) nothing is known of other hosts, and this draws on"
            f" what {', '.join(others)} would publish"
        )
    found = __salt__["swarm_mine.read"](minions)
    return {
        minion: facts
        for minion, facts in found.items()
        if (everyone or minion in minions) and _is_whole(facts) and facts["id"] == minion
    }


def _is_whole(facts):
    """Any minion may publish anything under its own id; what has another form is no report."""
    return (
        isinstance(facts, dict)
        and all(isinstance(facts.get(key), str) for key in TEXTS)
        and all(
            isinstance(facts.get(key), list) and all(isinstance(one, str) for one in facts[key])
            for key in LISTS
        )
    )


def fresh(minions, known=False):
    """
    As :py:func:`swarm_facts.read <read>`, but only entries of this run; all where there is no run.
    Of this host itself, where it has such an entry: as :py:func:`swarm_facts.collect <collect>`.

    known
        Of a run: as an earlier state of the same job read them, where one did.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.fresh '[manager1, manager2]'
    """
    found = _of_this_run(_known(minions) if known else read(minions))
    own = __opts__["id"]
    if own in found:
        # Its entry may be older than its own init or join.
        entry, found[own] = found[own], collect()
        found[own]["drift"] = drift(found[own]) or drift(entry)
    return found


def drift(facts):
    """
    How the engine of a host differs from pillar, as lines; none where the entry does not tell.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.drift "$facts"
    """
    lines = facts.get("drift")
    return [str(line) for line in lines] if isinstance(lines, list) else []


def _known(minions):
    """The entries as this job last read them; the run's id tells the jobs of one process apart."""
    ours, kept = run()["id"], __context__.get("swarm_facts.read")
    if not ours or not kept or kept[0] != ours or not set(minions) <= set(kept[1]):
        entries = read(minions)
        __context__["swarm_facts.read"] = kept = (ours, list(minions), entries)
    return {minion: facts for minion, facts in kept[2].items() if minion in minions}


def _of_this_run(entries):
    ours = run()["id"]
    return {
        minion: facts for minion, facts in entries.items() if not ours or facts.get("run") == ours
    }


def plan(init=False, known=False):
    """
    What the facts of the managers say must be done; the same on every host that reads them.

    init
        The operator's word, without a run, that no swarm lives and one may be made; ``beside``, also
        in a run: even though managers of another swarm answer.
    known
        As for :py:func:`swarm_facts.fresh <fresh>`.

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
    ids = manager_ids()
    if init in (True, "beside") and not run()["id"]:
        # Old facts of others never veto; whether they live shows at their addresses.
        entries = {own: collect() for own in ids if own == __opts__["id"]}
    else:
        entries = fresh(ids, known)
    ret = dict.fromkeys(("action", "reason", "lead", "trouble", "cluster", "digest", "sealed"), "")
    ret.update(members=[], managers=[], promote={}, sealing=True)
    reason = _unfit(entries)
    if reason:
        ret.update(action="refuse", reason=reason)
        return ret
    living = [name for name in ids if _is_manager(entries.get(name))]
    moved = [name for name in ids if _is_worker(entries.get(name))]
    if living:
        _plan_existing(ret, entries, living)
        _plan_promotions(ret, entries, moved)
    elif moved and run()["id"]:
        _plan_handover(ret, entries, moved)
    else:
        _plan_init(ret, ids, entries, init)
    ret["trouble"] = entries.get(ret["lead"], {}).get("error", "")
    return ret


def _is_manager(facts):
    return bool(facts) and facts["state"] == "active" and facts["role"] == "manager"


def _leaderless(facts):
    return _is_manager(facts) and not facts.get("cluster")


def _is_worker(facts):
    return bool(facts) and facts["state"] == "active" and facts["role"] == "worker"


def _unfit(entries):
    """Why nothing may be done while a manager is as it says it is; empty if nothing speaks against."""
    members = {node for facts in entries.values() for node in facts.get("members") or []}
    for name, facts in sorted(entries.items()):
        if facts["state"] == "locked":
            return (
                f"{name} is locked: unlock it (salt {name} swarm.unlock), then run again"
            )
        if facts["state"] == "unreachable" or (facts["state"] == "absent" and not _test()):
            return f"docker does not answer on {name}: {facts['error']}"
        # One that is no member any more joins anew.
        if facts["state"] == "error" and not (members and lost(facts, members)):
            if facts.get("data"):
                return f"{name}: {facts['error']}"
            return f"the swarm part of docker on {name} reports: {facts['error']}"
    return ""


def lost(facts, members):
    """
    Whether a host that believes in its membership has a node that is in no list. Data of a swarm that
    its engine does not know of may be a cluster's last copy, and is never lost.

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
        ret["reason"] = (
            f"{', '.join(leaderless)}: the cluster has no leader ({entries[living[0]]['error']})."
            " Bring the other managers back so that more than half of them run, then run again"
        )
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


def _seals(facts, cluster):
    return facts.get("cluster") == cluster and isinstance(facts.get("sealed"), dict)


def _plan_promotions(ret, entries, moved):
    """Pillar's managers that are active as workers: of this cluster, or of none that is ours."""
    for name in moved if ret["action"] == "exists" else []:
        facts = entries[name]
        reason = ""
        if facts["node_id"] not in ret["members"]:
            reason = _elsewhere(name, facts, ret)
        elif run()["id"]:
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
    """Why an active host that is not in the members' list is no business of ours; "" if it is."""
    if set(facts["managers"]) & set(plan_["managers"]):
        return ""
    return (
        f"{name} is in another swarm (its managers: {', '.join(facts['managers']) or 'unknown'});"
        f" to move it, run salt {name} swarm.leave force=True first"
    )


def foreign(facts, plan_):
    """
    Why a host that is active, but no member, may not be taken: it is in another swarm. Empty where
    it is an orphan of the cluster of ``plan``, that left its list.

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
