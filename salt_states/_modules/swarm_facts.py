# SPDX-License-Identifier: Apache-2.0
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

import contextlib
import fnmatch
import time
import uuid

from salt.exceptions import CommandExecutionError

# swarmkit: followers miss their leader for 10 to 20 s before they elect another one. moby: an engine
# restarts its swarm part after at most 30 s.
LEADER_SECONDS = 30
# What each entry has, as swarm_facts.collect makes it.
TEXTS = ("id", "run", "stamp", "state", "role", "node_id", "name", "error")
LISTS = ("addresses", "managers")
# How many of its former node ids a host remembers.
FORMER = 8

__virtualname__ = "swarm_facts"


def __virtual__():
    return __virtualname__


def run():
    """
    Return this bootstrap run from pillar ``swarm_run``: ``id``, ``managers`` and ``workers`` (lists
    of minion ids), ``keys`` (``{minion id: public key}``), ``replaced`` (``{old host: new host}``,
    of docker.replace) and ``failures`` (``{minion id: why it failed in an earlier step}``); empty
    if there is no run; in a job of workers everything but the id is empty.

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
        "failures": dict(given.get("failures") or {}),
    }


def manager_ids():
    """
    Return the exact minion ids of pillar ``swarm:managers``, in their order.

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
    """Return whether other hosts read and write the mine."""
    return __opts__["file_client"] != "local"


def _pillar(key=None):
    """Return pillar ``swarm``, or one key of it."""
    swarm = __pillar__.get("swarm") or {}
    return swarm if key is None else swarm.get(key)


def named(minion, swarm=None):
    """
    Return what pillar ``swarm:nodes`` sets for the node of a minion: ``{"labels": {name: value},
    "availability": text or None}``. All matching globs are merged in their order; the id itself
    comes last.

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


def collect(error="", sealed=None, run_id=""):
    """
    Return the facts of this host: ``id``, ``run``, ``stamp`` (new for each entry), ``time``
    (seconds since 1970), ``state`` (as ``swarm.info``, or ``absent`` without an engine,
    ``unreachable`` if it does not answer), ``role``, ``node_id``, ``name``, ``addresses`` (of this
    host), ``managers`` (``ip:port``), ``error``, ``drift`` (lines, as an earlier state of the job
    found them by ``swarm_engine.drift``); on a manager ``cluster``, ``digest`` (of the CA, as in
    join tokens) and ``members`` (node ids); on a host outside a swarm ``key`` (its public key, for
    a run by hand); ``data`` if data of a swarm is on the disk of a host that is not in a swarm (the
    cluster's id, or ``unknown``; the state then is ``error``). It holds no secret.

    error
        One line on what went wrong on this host.
    sealed
        ``{minion id: sealed join token}`` to add.
    run_id
        The run, where pillar of this job does not have it.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm_facts.collect
    """
    facts = {
        "id": __opts__["id"],
        "run": str(run_id or run()["id"]),
        "stamp": uuid.uuid4().hex,
        "role": "",
        "node_id": "",
        "name": __grains__.get("nodename", ""),
        "addresses": addresses(),
        "managers": [],
        "error": error,
        # A later step of the run has it from the entry of this host: see publish.
        "drift": __salt__["swarm_engine.drift"](known=True),
        "time": int(time.time()),
    }
    try:
        info = _settled_info()
    except CommandExecutionError as exc:
        _add_silence(facts, error or str(exc))
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
        facts["key"] = __salt__["swarm_seal.public_key"]()
    if sealed is not None:
        facts["sealed"] = sealed
    return facts


def _add_silence(facts, reason):
    """
    Add why there is no answer: the host has no engine, or the engine is stopped or hangs, or the
    core does not load. With a certificate it may still be a member.
    """
    facts["error"] = reason
    with contextlib.suppress(CommandExecutionError):
        __salt__["swarm.version"]()
        if not __salt__["swarm_state_dir.engine_trace"]():
            facts["state"] = "absent"
            return
    facts["state"] = "unreachable"
    with contextlib.suppress(CommandExecutionError):
        facts["node_id"] = __salt__["swarm.certificate"]().get("node_id", "")


def _settled_info():
    """
    Return ``swarm.info`` once it has settled. If a host neither runs nor is out, and the engine
    reports no node id, the id comes from the certificate. Wait for a member whose engine restarts
    its swarm part, because one that was just promoted may fail at its first attempt; and for an
    engine that still deletes the data of a swarm that it left. A host that did not come up in that
    time is not waited for again.
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
    """
    Return ``swarm.info``, in error if the engine reports no swarm although data of one is on its
    disk.
    """
    info = __salt__["swarm.info"]()
    orphan = __salt__["swarm_state_dir.orphan_data"]() if info["state"] == "inactive" else {}
    if orphan:
        info.update(state="error", node_id=orphan["node_id"], error=orphan["reason"])
        info["data"] = orphan["cluster_id"] or "unknown"
    return info


def _add_standstill(facts):
    """
    Set the state of a host that neither runs nor is out. Without a certificate its join is pending,
    whatever the engine reports: it can leave and join again. With one it is a member that does not
    come up, and keeps its data. (moby's own JoinInProgress does not show this: each restart of an
    engine that joined sets it again.)
    """
    facts["state"] = "error" if facts["node_id"] else "pending"
    if facts["state"] == "error":
        facts["error"] = facts["error"] or (
            "this host is a member that has not come up: see that it reaches the managers, and they"
            " this host, at TCP port 2377"
        )


def addresses():
    """
    Return this host's own addresses, except those that do not identify it: loopback, link-local,
    and those of docker's bridges, which are the same on every host.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm_facts.addresses
    """
    ret = []
    for grain in ("ip4_interfaces", "ip6_interfaces"):
        for name, found in (__grains__.get(grain) or {}).items():
            if name != "lo" and not name.startswith(("docker", "br-")):
                ret.extend(one for one in found if not one.lower().startswith("fe80:"))
    return sorted(ret)


def _add_cluster(facts):
    """Add what only a manager of a cluster with a leader knows; without a leader, the reason."""
    try:
        token = __salt__["swarm.join_token"]("worker")
        facts["cluster"] = token["cluster_id"]
        facts["digest"] = token["digest"]
        facts["fingerprints"] = token["fingerprints"]
        # A record gets its name with its host's first report: before that it is not a member to keep.
        nodes = __salt__["swarm.nodes"]()
        facts["members"] = [node["id"] for node in nodes if node["hostname"]]
    except CommandExecutionError as exc:
        facts["error"] = facts["error"] or str(exc)


def publish(error="", sealed=None, confirm=True, drained=False):
    """
    Publish the facts of this host in the mine. Arguments and return value as
    :py:func:`swarm_facts.collect <collect>`; without ``sealed`` those that this host published
    earlier in the same run stay. A manager without a leader waits for one, unless it has an error
    to report, because another manager may just have left.

    Two more fields keep what earlier entries of this host said: ``was``, the node ids that it had
    before, and ``drained``, see below.

    drained
        This host joined drained, only to get its labels before any task: its node id is kept under
        ``drained`` for as long as it is that node, for :py:func:`swarm_drift.nodes_drift
        <salt.modules.swarm_drift.nodes_drift>`.

    confirm
        Read the entry back, because a master without a mine reports no error.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm_facts.publish
    """
    own = __opts__["id"]
    before = read([own]).get(own, {})
    earlier = _of_this_run({own: before}).get(own, {}) if run()["id"] else {}
    if earlier and own in __salt__["swarm_schema.ids"](_pillar(), "managers"):
        # An entry is replaced as a whole, and the hosts that join later still need theirs.
        sealed = earlier.get("sealed") if sealed is None else sealed
    facts = collect(error, sealed)
    end = time.monotonic() + LEADER_SECONDS
    while not error and _leaderless(facts) and time.monotonic() < end:
        time.sleep(1)
        facts = collect(error, sealed)
    facts["drift"] = facts["drift"] or drift(earlier)
    if drained:
        before = {**before, "drained": facts["node_id"] or "next"}
    facts = _with_memory(facts, before)
    __salt__["swarm_mine.write"](facts)
    if confirm and read([own]).get(own, {}).get("stamp") != facts["stamp"]:
        raise CommandExecutionError(
            "the master did not give this minion's facts back from the mine: in the master's"
            " configuration minion_data_cache must be on, and mine_get must let minions read"
            " 'swarm'"
        )
    return facts


def announce(run_id="", lines=()):
    """
    Publish the facts of this host for a run that has only just begun, if it is a member or in no swarm,
    and nothing has to be waited for. Return them, or ``None``: then a step of the run publishes them.

    run_id
        The run.
    lines
        How the engine differs from pillar, as lines.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm_facts.announce run_id=x
    """
    own, state = __opts__["id"], ""
    with contextlib.suppress(CommandExecutionError):
        state = _info_and_data()["state"]
    # Others are waited for.
    if not run_id or state not in ("active", "inactive"):
        return None
    facts = collect(run_id=run_id)
    facts["drift"] = drift({"drift": lines})
    if facts["error"] or facts["state"] not in ("active", "inactive") or _leaderless(facts):
        return None
    facts = _with_memory(facts, read([own]).get(own, {}))
    __salt__["swarm_mine.write"](facts)
    return facts if read([own]).get(own, {}).get("stamp") == facts["stamp"] else None


def _leaderless(facts):
    is_manager = facts["state"] == "active" and facts["role"] == "manager"
    return is_manager and not facts.get("cluster")


def _with_memory(facts, before):
    """
    Return the facts with what this host remembers of its earlier ones. A join that was cut off
    belongs to the node that the host is next.
    """
    ids = [*_texts(before.get("was")), before.get("node_id", "")]
    former = [one for one in dict.fromkeys(ids) if one and one != facts["node_id"]][-FORMER:]
    drained = before.get("drained")
    drained = facts["node_id"] or drained if drained == "next" else drained
    memory = {"was": former} if former else {}
    if drained and drained in (facts["node_id"], "next"):
        memory["drained"] = drained
    return {**facts, **memory}


def _texts(value):
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def current():
    """
    Return whether this host's facts of this run are already published, without an error and
    unchanged.

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
    Return the published facts of these minions, of any age: ``{minion id: facts}``. Without a
    master only this host's facts are available, and asking for others is an error.

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
    """
    Return whether an entry has the form of facts: any minion may publish anything under its own id,
    and malformed entries are ignored.
    """
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
    Return the entries of this run, as :py:func:`swarm_facts.read <read>`; without a run, all of
    them. The entry of this host itself, if there is one, is collected again, as
    :py:func:`swarm_facts.collect <collect>`.

    known
        In a run: reuse what an earlier state of the same job read.

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
        found[own] = _with_memory(found[own], entry)
    return found


def drift(facts):
    """
    Return how the engine of a host differs from pillar, as lines; none if the entry has none.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.drift "$facts"
    """
    lines = facts.get("drift")
    return [str(line) for line in lines] if isinstance(lines, list) else []


def _known(minions):
    """
    Return the entries as this job last read them; the run's id distinguishes the jobs of one
    process.
    """
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
