# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: what the managers do for the cluster in a bootstrap
======================================================================

The states of ``docker.bootstrap`` that concern more than the host itself. They belong to the name
``swarm``. Run again they change nothing. What they compare and decide comes from the engine, and
from the facts that the managers of pillar publish. In test mode each predicts the changes of the
real run; facts are published in test mode too, since the predictions of other hosts rest on them.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_facts``

.. versionadded:: 0.1.0

A state that watches another one needs nothing more than its own comparison, so ``watch`` is here
what ``require`` is.
"""

import contextlib
import time

from salt.exceptions import CommandExecutionError, SaltInvocationError

READY_SECONDS = 30

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


@contextlib.contextmanager
def _reported(ret, then=None):
    """
    Turn an error of the modules into the state's one-line reason; then ``then(ret)`` is called.
    Everything uses one connection to the mine.
    """
    __salt__["swarm_mine.hold"]()
    try:
        try:
            yield
        except (CommandExecutionError, SaltInvocationError) as exc:
            ret["result"] = False
            ret["comment"] = str(exc)
        if then:
            then(ret)
    finally:
        __salt__["swarm_mine.release"]()


def _new(name):
    return {"name": name, "result": True, "changes": {}, "comment": ""}


def _would(ret, changes, comment):
    ret.update(result=None, changes=changes, comment=comment)


def _plan(init=False, known=False):
    plan = __salt__["swarm_facts.plan"](init, known)
    if plan["action"] == "refuse":
        raise CommandExecutionError(plan["reason"])
    return plan


def published(name, **kwargs):
    """
    Ensure the facts of this host are in the mine, for the managers and for hosts that join.
    Publishing is not reported as a change, because facts only describe the host.

    name
        Any text.

    .. code-block:: yaml

        facts of this host:
          swarm.published: []
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](kwargs)
        __salt__["swarm_schema.refuse"]()
        facts = __salt__["swarm_facts.publish"]()
        # Without a master the mine is this host's own file.
        kept = (
            "kept here alone, without a master"
            if __opts__["file_client"] == "local"
            else "published"
        )
        ret["comment"] = f"{kept}: {facts['state']} {facts['role']}".strip()
        if facts["error"] and facts["state"] not in ("absent", "inactive"):
            ret["comment"] += f" ({facts['error']})"
    return ret


def _tell_of_failure(ret):
    """Publish why the leading manager failed: the others wait for it, and stop with that reason."""
    if ret["result"] is False and __salt__["swarm_facts.run"]()["id"] and not __opts__["test"]:
        with contextlib.suppress(CommandExecutionError, SaltInvocationError):
            __salt__["swarm_facts.publish"](error=ret["comment"], confirm=False)


def dead_removed(name, **kwargs):
    """
    Ensure the node list has no manager record that its host is known to have left: one with the
    name or address of a manager of pillar, but another node id than its facts. Each is demoted and
    deleted, unless that would lose the quorum. The leading manager does it.

    name
        Any text.

    .. code-block:: yaml

        no dead manager:
          swarm.dead_removed: []
    """
    ret = _new(name)
    with _reported(ret, _tell_of_failure):
        __salt__["swarm_schema.require"](kwargs)
        plan = _plan(known=True)
        if plan["lead"] != __opts__["id"]:
            ret["comment"] = f"{plan['lead']} leads this run"
        elif plan["action"] != "exists":
            ret["comment"] = "there is no cluster yet that this host manages"
        else:
            hosts = __salt__["swarm_facts.fresh"](__salt__["swarm_facts.manager_ids"](), known=True)
            # By their names once the workers have reported, too, in the last step.
            _remove(ret, _managers_behind(__salt__["swarm.nodes"](), hosts, names=False))
            ret["comment"] = ret["comment"] or "no dead manager in the node list"
    return ret


def _managers_behind(nodes, facts, names=True):
    """
    Return the manager records that pillar's managers left, in the order of demotion; refuse if the
    quorum would be lost.
    """
    left_behind = __salt__["swarm_facts.left_behind"](list(nodes), facts, names)
    dead = __salt__["swarm_facts.demotion_order"](
        [node for node in left_behind if _of_manager(node)]
    )
    if dead:
        # The same check in test mode, and before the first of them goes.
        __salt__["swarm.quorum"]([node["id"] for node in dead])
    return dead


def _workers_behind(nodes, facts):
    """
    Return the worker records that hosts left. A host's report alone never removes a ready node,
    because it may be forged: the managers must see another node of the run at its address. Test
    mode assumes that.
    """
    own = {entry["node_id"] for entry in facts.values()}
    seen = {node["addr"] for node in nodes.values() if node["id"] in own and node["addr"]}
    return [
        node
        for node in __salt__["swarm_facts.left_behind"](list(nodes.values()), facts)
        if not _of_manager(node)
        if __opts__["test"] or node["state"] != "ready" or node["addr"] in seen
    ]


def _of_manager(node):
    return node["member"] or node["role"] == "manager"


def _remove(ret, dead):
    if not dead:
        return
    gone = {node["id"]: {"old": node["hostname"] or "no name", "new": ""} for node in dead}
    text = ", ".join(_title(node) for node in dead)
    if __opts__["test"]:
        _would(ret, gone, f"records of hosts that left would be removed: {text}")
        return
    for node in dead:
        __salt__["swarm.node_rm"](node["id"], force=True, demote=True)
        ret["changes"][node["id"]] = gone[node["id"]]
    ret["comment"] = f"removed the records of hosts that left: {text}"


def _title(node):
    return f"{node['hostname'] or 'no name'} ({node['id']})"


def sealed(name, **kwargs):
    """
    Ensure the facts of the leading manager have a join token for each host that may join, sealed to
    the key that the master accepted for it. Nothing readable is published.

    name
        Any text.

    .. code-block:: yaml

        tokens for the hosts that join:
          swarm.sealed: []
    """
    ret = _new(name)
    with _reported(ret, _tell_of_failure):
        __salt__["swarm_schema.require"](kwargs)
        plan = _plan(known=True)
        if plan["lead"] != __opts__["id"]:
            ret["comment"] = f"{plan['lead']} leads this run"
            return ret
        if plan["action"] == "handover":
            ret["comment"] = "tokens are sealed in the next run, after the managers changed hands"
            return ret
        hosts = _joining()
        if __opts__["test"]:
            ret["comment"] = f"join tokens would be sealed for {_hosts(hosts)}"
            return ret
        blobs = __salt__["swarm_seal.seal"](hosts)["sealed"] if hosts else {}
        __salt__["swarm_facts.publish"](sealed=blobs, confirm=False)
        ret["comment"] = f"join tokens are sealed for {_hosts(blobs)}"
    return ret


def _hosts(found):
    return f"{len(found)} host{'' if len(found) == 1 else 's'}"


def _joining():
    """
    Return ``{minion id: {"role", "key"}}`` of the hosts that may have to join. Whether a host is a
    member shows only when it joins: its facts may be older than the loss of its engine.
    """
    run = __salt__["swarm_facts.run"]()
    if not run["id"]:
        ids = __salt__["swarm_facts.manager_ids"]()
        found = __salt__["swarm_facts.read"](ids)
        run["keys"] = {name: facts["key"] for name, facts in found.items() if facts.get("key")}
        run["managers"] = list(run["keys"])
    roles = dict.fromkeys(run["workers"], "worker") | dict.fromkeys(run["managers"], "manager")
    roles.pop(__opts__["id"], None)
    return {name: {"role": role, "key": run["keys"].get(name)} for name, role in roles.items()}


def promoted(name, **kwargs):
    """
    Ensure the managers of pillar that were workers of the cluster are managers, drained or as
    pillar ``swarm:nodes`` says. The leading manager promotes one after the other, and waits until
    each is a reachable member of the managers' group.

    name
        Any text.

    .. code-block:: yaml

        workers that pillar made managers:
          swarm.promoted: []
    """
    ret = _new(name)
    with _reported(ret, _tell_of_failure):
        __salt__["swarm_schema.require"](kwargs)
        plan = _plan(known=True)
        if plan["action"] == "handover":
            ret["comment"] = "hosts that are managers still promote those of pillar"
        elif plan["lead"] != __opts__["id"]:
            ret["comment"] = f"{plan['lead']} leads this run"
        elif not plan["promote"]:
            ret["comment"] = "no manager of pillar is a worker of the cluster"
        else:
            _promote(ret, plan["promote"])
    return ret


def _promote(ret, nodes):
    for minion, node_id in nodes.items():
        availability = __salt__["swarm_facts.named"](minion)["availability"] or "drain"
        done = __states__["swarm.node"](node_id, role="manager", availability=availability)
        if done["changes"]:
            ret["changes"][minion] = done["changes"]
        if done["result"] is False:
            raise CommandExecutionError(f"{minion}: {done['comment']}")
    if __opts__["test"] and ret["changes"]:
        _would(ret, ret["changes"], f"would be promoted: {', '.join(nodes)}")
    else:
        ret["comment"] = f"promoted {', '.join(nodes)}"


def settled(name, **kwargs):
    """
    Ensure nothing is left to do for the other steps of a bootstrap, by the managers' own node list: each
    host of the run is a ready member with its role, the managers are drained or as pillar has them, and
    no host left a record behind. Changes nothing; what is left to do is its failure.

    name
        Any text.

    .. code-block:: yaml

        all hosts are in:
          swarm.settled: []
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](kwargs)
        plan = _plan(known=True)
        run = __salt__["swarm_facts.run"]()
        roles = {minion: "worker" for minion in run["workers"]}
        roles.update(dict.fromkeys(run["managers"], "manager"))
        facts = __salt__["swarm_facts.fresh"](list(roles))
        left = _left_to_do(plan, roles, facts)
        if left:
            raise CommandExecutionError(f"not settled: {left}")
        ret["comment"] = f"{len(roles)} hosts are members of the cluster {plan['cluster']}"
    return ret


def _left_to_do(plan, roles, facts):
    """Return one thing that the other steps of a run would do, as one line; empty if there is none."""
    if plan["action"] != "exists" or plan["lead"] != __opts__["id"]:
        return f"{plan['lead'] or 'another manager'} leads this run"
    rows = __salt__["swarm.nodes"]()
    nodes = {row["id"]: row for row in rows}
    twins = __salt__["swarm_facts.twins"](facts, rows)
    for minion, role in roles.items():
        own = facts.get(minion)
        reason = twins.get(minion) or _why_missing(role, own, nodes)
        if not reason and (own["state"], own["role"], own["error"]) != ("active", role, ""):
            reason = f"it reports {own['state']} {own['role']} {own['error']}".rstrip()
        wanted = __salt__["swarm_facts.named"](minion)["availability"] or "drain"
        if not reason and role == "manager" and wanted == "drain":
            reason = "" if nodes[own["node_id"]]["availability"] == "drain" else "it takes tasks"
        if reason:
            return f"{minion}: {reason}"
    managers = {minion: facts[minion] for minion in roles if roles[minion] == "manager"}
    behind = [
        *_managers_behind(rows, managers),
        *_workers_behind(nodes, facts),
        *_nameless(nodes, facts),
    ]
    return f"records of hosts that left: {', '.join(map(_title, behind))}" if behind else ""


def converged(name, **kwargs):
    """
    Ensure the cluster is what pillar says: each host of the run is a ready member with its role.
    Worker records that its hosts left behind are removed; nodes that pillar does not name are
    reported but not touched. If no host is missing, records without a name after 30 s are removed,
    too: joins that failed after their certificate was issued leave them. The comment has the
    counts, the reason for each missing host, and how the engines differ from pillar.

    name
        Any text.

    .. code-block:: yaml

        the swarm as pillar has it:
          swarm.converged: []
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](kwargs)
        plan = _plan()
        run = __salt__["swarm_facts.run"]()
        roles = {minion: "worker" for minion in run["workers"]}
        # A run leaves out those of pillar swarm:init_without.
        managers = run["managers"] or __salt__["swarm_facts.manager_ids"]()
        roles.update({minion: "manager" for minion in managers})
        facts = __salt__["swarm_facts.fresh"](list(roles))
        if plan["action"] == "handover":
            _will_be_handed_over(ret, plan, facts)
            return ret
        if __opts__["test"] and facts.get(__opts__["id"], {}).get("role") != "manager":
            ret["comment"] = "the node list would be compared with pillar"
            return ret
        if __opts__["test"]:
            _check_quorum(roles, facts)
        nodes, missing = _settled(roles, facts)
        # A host that never got so far as to publish a reason: busy, silent, or without an engine.
        silent = {minion: run["failures"].get(minion) for minion in missing if minion not in facts}
        missing.update({minion: reason for minion, reason in silent.items() if reason})
        dead = _workers_behind(nodes, facts) + ([] if missing else _nameless(nodes, facts))
        of_managers = {minion: facts[minion] for minion in managers if minion in facts}
        gone = []
        if __opts__["test"]:
            # These would have gone before any manager joined, as dead_removed predicts.
            gone = _managers_behind(nodes.values(), of_managers, names=False)
        behind = _managers_behind(nodes.values(), of_managers)
        dead += [node for node in behind if node not in gone]
        _remove(ret, dead)
        if not __opts__["test"]:
            _summarize(ret, roles, facts, nodes, missing)
        ret["comment"] = ret["comment"] or "no record of a host that left is in the node list"
    return ret


def _check_quorum(roles, facts):
    """
    Check the quorum for all managers that step down; in the step before, each one checked only
    itself.
    """
    down = [one["node_id"] for one in map(facts.get, roles) if _steps_down(one, roles)]
    pillars = [facts[minion]["node_id"] for minion in facts if roles[minion] == "manager"]
    if down:
        __salt__["swarm_facts.quorum_to_come"](down, pillars)


def _steps_down(entry, roles):
    return entry and entry["role"] == "manager" and roles[entry["id"]] == "worker"


def _will_be_handed_over(ret, plan, facts):
    """
    Report a handover, where none of pillar's managers is one yet: predicted in test mode, an error
    in a real run.
    """
    old = [
        minion
        for minion, one in sorted(facts.items())
        if one["role"] == "manager" and set(one["managers"]) & set(plan["managers"])
    ]
    if not __opts__["test"] or not old:
        addresses = ", ".join(plan["managers"]) or "unknown addresses"
        raise CommandExecutionError(
            f"{', '.join(plan['promote'])} are workers of the cluster, and no manager of it promoted"
            f" them. Its managers are at {addresses}: name them under swarm:workers and run again,"
            " or promote by hand (swarm.promote)"
        )
    ret["comment"] = f"{', '.join(old)} would promote {', '.join(plan['promote'])}"


def _settled(roles, facts):
    """
    Return the nodes by id, and ``{minion id: reason}`` of the missing hosts; wait for a node that
    comes up, and for one that may still get its name.
    """
    end = time.monotonic() + (0 if __opts__["test"] else READY_SECONDS)
    while True:
        nodes = {node["id"]: node for node in __salt__["swarm.nodes"]()}
        missing = {}
        coming = False
        twins = __salt__["swarm_facts.twins"](facts, list(nodes.values()))
        for minion, role in roles.items():
            reason = twins.get(minion) or _why_missing(role, facts.get(minion), nodes)
            if reason:
                missing[minion] = reason
                coming = coming or facts.get(minion, {}).get("node_id") in nodes
        coming = coming or not missing and _nameless(nodes, facts)
        if not coming or time.monotonic() >= end:
            return nodes, missing
        time.sleep(0.5)


def _nameless(nodes, facts):
    """
    Return the records of joins that failed halfway: a node gets its name with its host's first
    report to a manager (swarmkit: the dispatcher's session), but its record earlier, from the CA
    that issued the certificate. If that join fails, the engine forgets it and joins again as
    another node.
    """
    known = {entry["node_id"] for entry in facts.values()}
    return [
        node
        for node in nodes.values()
        if not node["hostname"] and node["state"] != "ready" and not node["member"]
        if node["id"] not in known
    ]


def _why_missing(role, facts, nodes):
    if facts is None:
        return "no report in this run: its minion did not answer, or its job failed"
    if facts["state"] == "unreachable":
        return facts["error"]
    node = nodes.get(facts["node_id"])
    if node is None:
        return facts["error"] or f"{facts['state']}, but not in the node list"
    if node["role"] != role:
        return facts["error"] or f"it is a {node['role']}, pillar says {role}"
    if node["state"] != "ready":
        return f"its node is {node['state']}: {node['message'] or 'no reason given'}"
    if role == "manager" and node["reachability"] != "reachable":
        if __salt__["swarm_facts.local_only"](node["manager_addr"]):
            return (
                f"it advertises {node['manager_addr']}, which no other host can reach: let it leave"
                " (swarm.leave force=True), set pillar swarm:advertise, and run again"
            )
        return f"as a manager it is {node['reachability'] or 'not in the raft group yet'}"
    return ""


def _summarize(ret, roles, facts, nodes, missing):
    lines = []
    for role in ("manager", "worker"):
        hosts = [minion for minion in roles if roles[minion] == role]
        joined_ = [minion for minion in hosts if minion not in missing]
        if hosts:
            lines.append(f"{len(joined_)} of {len(hosts)} {role}s joined")
    lines = [", ".join(lines)]
    lines += [f"{minion}: {reason}" for minion, reason in sorted(missing.items())]
    known = {entry["node_id"] for entry in facts.values()} | set(ret["changes"])
    unnamed = sorted(_title(node) for node in nodes.values() if node["id"] not in known)
    if unnamed and not missing:
        lines.append(f"not in pillar, left alone: {', '.join(unnamed)}")
    if ret["comment"]:
        lines.append(ret["comment"])
    lines += _drift(facts)
    ret["comment"] = "; ".join(lines)
    if missing:
        ret["result"] = False


def _drift(facts):
    """Return how engines differ from pillar, each difference once with all of its hosts."""
    hosts = {}
    for minion, entry in sorted(facts.items()):
        for line in __salt__["swarm_facts.drift"](entry):
            hosts.setdefault(line, []).append(minion)
    return [f"{', '.join(minions)}: {line}" for line, minions in hosts.items()]
