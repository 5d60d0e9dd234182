# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: hosts that leave
===================================

The states of ``docker.remove``, ``docker.replace`` and ``docker.teardown``, each run on all the
hosts of a step: the manager that leads does what is to be done on a manager. They belong to the
name ``swarm``. A run that was cut off goes on where it was, when it is run again.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_facts``

.. versionadded:: 0.1.0
"""

import contextlib
import time

from salt.exceptions import CommandExecutionError, SaltInvocationError

# swarmkit: the role manager tries again every 5 s, and a worker's certificate may take 16 s.
DEMOTED_SECONDS = 60
# The label by which docker.replace knows its own half-done work.
REPLACED_BY = "saltext.swarm.replaced-by"
# In these a host without a node id is not a node.
SURE = ("absent", "inactive")

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


@contextlib.contextmanager
def _reported(ret):
    """Turn an error of the modules into the state's one-line reason."""
    try:
        yield
    except (CommandExecutionError, SaltInvocationError) as exc:
        ret["result"] = False
        ret["comment"] = str(exc)


def _new(name):
    return {"name": name, "result": True, "changes": {}, "comment": ""}


def _needed(value):
    """An argument that has to be given: null is as wrong as a value of another kind."""
    return "" if value is None else value


def _plan(hosts, cluster=""):
    plan = __salt__["swarm_facts.leaving"](hosts, cluster)
    if plan["reason"]:
        raise CommandExecutionError(plan["reason"])
    return plan


def _who_leads(plan):
    return f"{plan['lead']} leads this run" if plan["lead"] else "no host is in a swarm"


def demoted_for_removal(name, hosts, drain=True, cluster="", **kwargs):
    """
    Ensure these hosts can leave without harm: no task runs on them, and none of them is a manager.
    The quorum is computed for all of them before the first one is touched. The leading manager does
    it; on the others the comment says which one that is.

    name
        Any text.
    hosts
        List of minion ids; see :py:func:`swarm_facts.leaving
        <salt.modules.swarm_facts_leaving.leaving>` for hosts without a minion.
    drain
        Move their tasks to other nodes first.
    cluster
        Confirms that the cluster of this id ends: then the manager that leads may be one of them,
        and is left as it is.

    .. code-block:: yaml

        worker2 may leave:
          swarm.demoted_for_removal:
            - hosts: [worker2]
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](
            kwargs, hosts=_needed(hosts), drain=drain, cluster=cluster or None
        )
        plan = _plan(hosts, cluster)
        if plan["lead"] != __opts__["id"]:
            ret["comment"] = _who_leads(plan)
            return ret
        living = [target["alive"] for target in plan["targets"].values() if target["alive"]]
        draining = [node for node in living if drain and node["availability"] != "drain"]
        demoting = [
            node
            for target in plan["targets"].values()
            for node in __salt__["swarm_facts.records"](target)
            if node["member"] or (node["role"] == "manager" and node["state"] == "ready")
        ]
        for node in draining:
            if not __opts__["test"]:
                _empty(ret, node)
            change = {"old": node["availability"], "new": "drain"}
            ret["changes"].setdefault(_title(node), {})["availability"] = change
        for node in __salt__["swarm_facts.demotion_order"](demoting):
            if not __opts__["test"]:
                __salt__["swarm.demote"](node["id"])
            change = {"old": "manager", "new": "worker"}
            ret["changes"].setdefault(_title(node), {})["role"] = change
        _tell(ret, "drained or demoted", ", ".join(ret["changes"]))
    return ret


def _empty(ret, node):
    warning = __salt__["swarm_eviction.drain"](node["id"], reason="it leaves the swarm")
    if warning:
        ret.setdefault("warnings", []).append(warning)


def _tell(ret, done, what):
    """Set the comment on the changes: that they were made, or would be."""
    if __opts__["test"] and what:
        ret.update(result=None, comment=f"would be {done}: {what}")
    else:
        ret["comment"] = f"{done}: {what or 'nothing to do'}"


def _title(node):
    return f"{_name(node)} ({node['id']})"


def _name(node):
    return node["hostname"] or "no name"


def left_for_good(name, hosts, cluster="", **kwargs):
    """
    Ensure this host has left the swarm, if it is one of those that leave; wait for a manager that
    was demoted. A host in another swarm than the managers of pillar is not touched, and fails.

    name
        Any text.
    hosts
        List of minion ids that leave.
    cluster
        As for :py:func:`swarm.demoted_for_removal <demoted_for_removal>`; the manager that leads stays.

    .. code-block:: yaml

        this host leaves:
          swarm.left_for_good:
            - hosts: [worker2]
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](kwargs, hosts=_needed(hosts), cluster=cluster or None)
        if __opts__["id"] not in hosts:
            ret["comment"] = "this host stays"
            return ret
        facts = __salt__["swarm_facts.collect"]()
        if facts["state"] in ("inactive", "absent"):
            ret["comment"] = "this host is not in a swarm"
            return ret
        if facts["state"] == "unreachable" or facts.get("data"):
            raise CommandExecutionError(facts["error"])
        plan = _plan(hosts, cluster)
        if plan["lead"] == __opts__["id"]:
            ret["comment"] = "this host leads this run, and leaves last"
            return ret
        _check_ours(facts, plan)
        ret["changes"] = {"swarm": {"old": facts["state"], "new": "inactive"}}
        if __opts__["test"]:
            ret.update(result=None, comment="this host would leave its swarm")
            return ret
        # Force only a host that is not active: an active one may be a member.
        force = facts["state"] != "active"
        try:
            if not force:
                _wait_until_worker()
            __salt__["swarm.leave"](force=force)
        except CommandExecutionError as exc:
            ret["changes"] = {}
            __salt__["swarm_facts.publish"](error=str(exc))
            raise
        __salt__["swarm_facts.publish"]()
        ret["comment"] = "this host left its swarm"
    return ret


def _check_ours(facts, plan):
    """Check that a host whose node the managers do not list at least knows them."""
    lead = __salt__["swarm_facts.read"]([plan["lead"]])[plan["lead"]]
    if facts["state"] != "active" or facts["node_id"] in lead["members"]:
        return
    reason = __salt__["swarm_facts.foreign"](facts, lead)
    if reason:
        raise CommandExecutionError(reason)


def _wait_until_worker():
    """
    Wait until the manager part of this node has ended, which takes a moment after its demotion.
    """
    end = time.monotonic() + DEMOTED_SECONDS
    while __salt__["swarm.info"]()["role"] == "manager":
        if time.monotonic() > end:
            raise CommandExecutionError(
                f"this host is still a manager after {DEMOTED_SECONDS} s: was it demoted?"
            )
        time.sleep(0.5)


def _has_not_left(host, facts):
    """
    Return why a host has not left: its facts have the reason of a failed leave; a leave that never
    ran has none.
    """
    silent = (
        "its minion did not answer in this step, or its job was cut off; run again when it is back"
    )
    return f"{host} has not left: {facts[host]['error'] or silent}"


def last_left(name, hosts, cluster, **kwargs):
    """
    Ensure the cluster has ended: its last manager, the leading one, has left it. It leaves only
    when no other host is in any more.

    name
        Any text.
    hosts
        List of minion ids: all hosts of the cluster.
    cluster
        Confirms that the cluster of this id ends.

    .. code-block:: yaml

        no swarm any more:
          swarm.last_left:
            - hosts: [manager1, worker1]
            - cluster: er2qmud9b44y9mdzegneiv2pq
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](kwargs, hosts=_needed(hosts), cluster=_needed(cluster))
        plan = _plan(hosts, cluster)
        if plan["lead"] != __opts__["id"]:
            ret["comment"] = _who_leads(plan)
            return ret
        if __opts__["test"]:
            ret["changes"] = {"swarm": {"old": "active", "new": "inactive"}}
            ret.update(result=None, comment=f"the cluster {cluster} would end, with {_content()}")
            return ret
        facts = __salt__["swarm_facts.fresh"](hosts)
        staying = [
            _has_not_left(host, facts)
            for host, target in plan["targets"].items()
            if target["alive"]
        ]
        if staying:
            raise CommandExecutionError("; ".join(staying))
        __salt__["swarm.leave"](force=True)
        __salt__["swarm_facts.publish"]()
        ret["changes"] = {"swarm": {"old": "active", "new": "inactive"}}
        ret["comment"] = f"the cluster {cluster} has ended"
    return ret


def _content():
    """Return the counts of what ends with the cluster; volumes and images stay on the hosts."""
    call = __salt__["swarm_core.call"]
    networks = [
        one for one in call("network_list") if one["Scope"] == "swarm" and not one.get("Ingress")
    ]
    running = [
        one for one in call("task_list") if (one.get("Status") or {}).get("State") == "running"
    ]
    found = {
        "service": call("service_list"),
        "running task": running,
        "secret": call("secret_list"),
        "config": call("config_list"),
        "network": networks,
    }
    counts = [f"{len(ones)} {what}{'' if len(ones) == 1 else 's'}" for what, ones in found.items()]
    return ", ".join(counts)


def records_absent(name, hosts, **kwargs):
    """
    Ensure the node list has no record of these hosts. The record of a host that did not leave
    stays, and the comment says why. The leading manager does it.

    name
        Any text.
    hosts
        As for :py:func:`swarm.demoted_for_removal <demoted_for_removal>`.

    .. code-block:: yaml

        no record of worker2:
          swarm.records_absent:
            - hosts: [worker2]
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](kwargs, hosts=_needed(hosts))
        plan = _plan(hosts)
        if plan["lead"] != __opts__["id"]:
            ret["comment"] = _who_leads(plan)
            return ret
        facts = __salt__["swarm_facts.fresh"](hosts)
        staying, gone = [], []
        for host, target in plan["targets"].items():
            if target["alive"] and not __opts__["test"]:
                staying.append(_has_not_left(host, facts))
                gone += target["records"]
            else:
                gone += __salt__["swarm_facts.records"](target)
        _delete(ret, gone)
        if staying:
            ret["result"] = False
            ret["comment"] = "; ".join(staying + [ret["comment"]])
    return ret


def _delete(ret, nodes):
    for node in nodes:
        if not __opts__["test"]:
            # By force: that a node is down shows only after 15 s (swarmkit: three heartbeats).
            __salt__["swarm.node_rm"](node["id"], force=True, demote=True)
        ret["changes"][node["id"]] = {"old": _name(node), "new": ""}
    _tell(ret, "removed from the node list", ", ".join(_title(node) for node in nodes))


def replaceable(name, replaced, **kwargs):
    """
    Ensure each new host of ``docker.replace`` may take the place of its old one: a member of the
    cluster may not, unless it joined for that in an interrupted run. The leading manager does it,
    and notes the new host in a label of the old node, ``saltext.swarm.replaced-by``.

    name
        Any text.
    replaced
        Dict: minion id of each old host to that of the new one.

    .. code-block:: yaml

        worker9 may replace worker2:
          swarm.replaceable:
            - replaced: {worker2: worker9}
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](kwargs, replaced=_needed(replaced))
        plan = __salt__["swarm_facts.plan"]()
        if plan["action"] == "refuse":
            raise CommandExecutionError(plan["reason"])
        if plan["lead"] != __opts__["id"] or plan["action"] != "exists":
            ret["comment"] = _who_leads(plan)
            return ret
        pairs = {old: new for old, new in replaced.items() if old != new}
        nodes = __salt__["swarm.nodes"]()
        fresh = __salt__["swarm_facts.fresh"](list(pairs.values()))
        known = __salt__["swarm_facts.read"](list(pairs))
        marked = []
        for old, new in pairs.items():
            own = fresh.get(new, {}).get("node_id")
            member = [node["id"] for node in nodes if own and node["id"] == own]
            leaving = [
                node for node in nodes if _is_of(node, old, known.get(old)) and node["id"] != own
            ]
            unmarked = [node for node in leaving if node["labels"].get(REPLACED_BY) != new]
            if member and unmarked:
                raise CommandExecutionError(
                    f"{new} is a member of the cluster already (node {own}), so it cannot take the place"
                    f" of {old}: name another host, or remove {old} with docker.remove"
                )
            marked += [(node, new) for node in unmarked]
        for node, new in marked if not __opts__["test"] else []:
            __salt__["swarm.node_update"](node["id"], labels={REPLACED_BY: new})
        ret["comment"] = f"the new hosts are not members: {', '.join(pairs.values()) or 'none'}"
    return ret


def _is_of(node, host, facts):
    """Return whether the host published this node id, or has the node's name."""
    return node["id"] == (facts or {}).get("node_id") or node["hostname"] == host


def unmanaged_absent(name, limit, **kwargs):
    """
    Ensure the node list has no node that pillar does not name: such nodes are drained, demoted and
    deleted, if there are at most ``limit``; otherwise none of them is touched. Their hosts are not
    notified: their engines still report that they are members. Requires a run in which every host
    of pillar reported.

    name
        Any text.
    limit
        The most that may be removed at once.

    .. code-block:: yaml

        nobody else:
          swarm.unmanaged_absent:
            - limit: 2
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](kwargs, limit=_needed(limit))
        if __salt__["swarm_facts.plan"]()["action"] == "init":
            ret["comment"] = "there is no cluster yet"
            return ret
        if __opts__["test"] and __salt__["swarm_facts.collect"]()["role"] != "manager":
            ret["comment"] = "this host manages no cluster yet; it would look for them then"
            return ret
        unnamed = __salt__["swarm_facts.demotion_order"](_unnamed())
        names = ", ".join(_title(node) for node in unnamed)
        if len(unnamed) > limit:
            raise CommandExecutionError(
                f"{len(unnamed)} node{' is' if len(unnamed) == 1 else 's are'} not in pillar, and swarm:prune lets {limit} be removed:"
                f" none was ({names})"
            )
        __salt__["swarm.quorum"]([node["id"] for node in unnamed])
        for node in unnamed:
            if node["state"] == "ready" and not __opts__["test"]:
                _empty(ret, node)
        _delete(ret, unnamed)
    return ret


def _unnamed():
    """
    Return the nodes that belong to no host of this run; it is an error if a host has not reported.
    """
    run = __salt__["swarm_facts.run"]()
    # One of pillar swarm:init_without takes no part in a run, but is named.
    older = __salt__["swarm_facts.read"](__salt__["swarm_facts.manager_ids"]())
    hosts = [*run["managers"], *run["workers"]]
    facts = __salt__["swarm_facts.fresh"](hosts)
    # One that cannot say which node it is may be any of them.
    unsure = [
        name for name, one in facts.items() if not one["node_id"] and one["state"] not in SURE
    ]
    silent = sorted({*hosts} - {*facts} | {*unsure})
    if silent or not hosts:
        raise CommandExecutionError(
            f"no report from {', '.join(silent) or 'any host'}: nothing is removed"
        )
    nodes = __salt__["swarm.nodes"]()
    own = {entry["node_id"] for entry in [*facts.values(), *older.values()]}
    behind = {node["id"] for node in __salt__["swarm_facts.left_behind"](nodes, facts)}
    return [node for node in nodes if node["id"] not in own | behind]
