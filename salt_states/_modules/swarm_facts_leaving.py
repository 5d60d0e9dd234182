# SPDX-License-Identifier: Apache-2.0
"""
What it takes for hosts to leave the cluster
============================================

The decisions of ``docker.remove``, ``docker.replace`` and ``docker.teardown``: which records are a
host's, whether it may go, and what that does to the quorum. They rest on the facts that the hosts
publish in the same run, and on the node list. The functions belong to the name ``swarm_facts``.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_facts``

.. versionadded:: 0.1.0
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError

# In these a host's own word on its node can be relied on.
WELL = ("absent", "inactive", "pending", "active")
# In these a host knows which node it is, or that it is none.
SURE = ("absent", "inactive", "active")

__virtualname__ = "swarm_facts"


def __virtual__():
    return __virtualname__


def leaving(hosts, cluster=""):
    """
    Return what the facts of this run say about hosts that are to leave.

    hosts
        List of minion ids. Name a host without a minion by its full node id or its exact host name;
        it must be down.
    cluster
        The id of a cluster that ends with this, as the operator confirmed it. Then the manager that
        leads may be among the hosts, and is the last.

    Returns ``reason`` (one line why nothing may be done; empty if it may), ``lead`` (the first
    manager of pillar that stays and sees a leader; empty where a cluster has ended already),
    ``cluster`` (its id), and on that manager ``targets``: ``{host: {"alive": its node in the list
    or None, "records": [nodes that it left behind, or that are dead], "state": its own word, or
    "silent"}}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.leaving '[worker2]'
    """
    if not isinstance(hosts, list) or not all(isinstance(host, str) and host for host in hosts):
        raise SaltInvocationError(
            "which hosts? Give a list of minion ids; docker.remove and docker.teardown name theirs"
        )
    ids = __salt__["swarm_facts.manager_ids"]()
    facts = __salt__["swarm_facts.fresh"](sorted({*ids, *hosts}))
    stay = ids if cluster else [name for name in ids if name not in hosts]
    leading = [name for name in stay if facts.get(name, {}).get("cluster")]
    ret = {"reason": "", "lead": "", "cluster": "", "targets": {}}
    if cluster and all(entry["state"] in ("inactive", "absent") for entry in facts.values()):
        return ret
    ret["reason"] = _why_no_lead(stay, facts, leading)
    if not ret["reason"]:
        ret.update(lead=leading[0], cluster=facts[leading[0]]["cluster"])
    if cluster and ret["lead"] and cluster != ret["cluster"]:
        ret["reason"] = (
            f"the cluster is {ret['cluster']}, and ends only where that id is given to confirm it"
        )
    if not ret["reason"] and ret["lead"] == __opts__["id"]:
        _look(ret, [host for host in hosts if host != ret["lead"]], facts, bool(cluster))
    return ret


def _look(ret, hosts, facts, ends):
    """Add what only a manager knows, from the node list."""
    nodes = __salt__["swarm.nodes"]()
    older = __salt__["swarm_facts.read"]([host for host in hosts if host not in facts])
    reasons = []
    for host in hosts:
        known = facts.get(host) or older.get(host) or {}
        target, reason = _target(host, facts.get(host), known, nodes, facts[ret["lead"]])
        ret["targets"][host] = target
        reasons += [reason] if reason else []
    leaving_ = [node for target in ret["targets"].values() for node in records(target)]
    gone = [node["id"] for node in leaving_]
    if ends:
        own = facts[ret["lead"]]["node_id"]
        reasons += [
            f"{node['hostname']} ({node['id']}) is {node['state']}, but not a host of pillar: its host"
            " would still report itself as a member. Remove it first"
            for node in nodes
            if node["state"] != "down" and node["id"] not in (own, *gone)
        ]
    ret["reason"] = "; ".join(reasons) or _why_no_quorum(leaving_, _joining(facts))


def _joining(facts):
    """Return how many managers docker.replace would add before the old ones leave, in test mode."""
    new = set(__salt__["swarm_facts.run"]()["replaced"].values() if __opts__["test"] else ())
    ids = new & set(__salt__["swarm_facts.manager_ids"]())
    return len([name for name in ids if facts.get(name, {}).get("role") != "manager"])


def _why_no_quorum(nodes, joining):
    order = demotion_order(nodes)
    try:
        __salt__["swarm.quorum"]([node["id"] for node in order], joining=joining)
    except CommandExecutionError as exc:
        return str(exc)
    return ""


def demotion_order(nodes=None):
    """
    Return the nodes in the order in which their demotion costs the quorum least: dead ones first,
    the leader last.

    nodes
        As :py:func:`swarm.nodes <salt.modules.swarm_nodes.nodes>` returns them.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.demotion_order "$nodes"
    """
    if not isinstance(nodes, list) or not all(
        isinstance(node, dict) and {"reachability", "leader"} <= set(node) for node in nodes
    ):
        raise SaltInvocationError("nodes must be a list as swarm.nodes returns it")
    return sorted(nodes, key=lambda node: (node["reachability"] == "reachable", node["leader"]))


def quorum_to_come(leaving, managers):
    """
    Check in test mode whether managers may step down, as a bootstrap would find the cluster by
    then: after dead records were removed and pillar's managers joined. If not, it is an error with
    the numbers.

    leaving
        List of the node ids of those that step down.
    managers
        List of the node ids that the managers of pillar report; those that are not managers yet
        will be.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.quorum_to_come '[l36kpsxj0i0gmu0yl3ti5a1ex]' '[]'
    """
    members = [node for node in __salt__["swarm.nodes"]() if node["member"]]
    hosts = __salt__["swarm_facts.fresh"](__salt__["swarm_facts.manager_ids"](), known=True)
    going = demotion_order(left_behind(members, hosts, names=False)) + demotion_order(
        [n for n in members if n["id"] in leaving]
    )
    known = {node["id"] for node in members}
    joining = sum(node_id not in known for node_id in managers)
    __salt__["swarm.quorum"]([node["id"] for node in going], joining=joining)


def _why_no_lead(stay, facts, leading):
    if len({facts[name]["cluster"] for name in leading}) > 1:
        parts = ", ".join(f"{name} in {facts[name]['cluster']}" for name in leading)
        return f"the managers of pillar are in different swarms: {parts}"
    if leading:
        return ""
    if not stay:
        return "no manager of pillar would stay: to end the swarm, use docker.teardown"
    said = [
        f"{name}: {facts[name]['error'] or facts[name]['state'] if name in facts else 'silent'}"
        for name in stay
    ]
    return (
        f"no manager that stays is in a swarm with a leader ({', '.join(said)}). If the others are lost"
        " for good: salt-run state.orchestrate docker.recover"
    )


def _target(host, facts, known, nodes, lead):
    """Return (this host's part of the node list, why it may not leave)."""
    target = {"alive": None, "records": [], "state": facts["state"] if facts else "silent"}
    if facts and facts["state"] in WELL:
        if facts["state"] == "active":
            target["alive"] = next((n for n in nodes if n["id"] == facts["node_id"]), None)
        target["records"] = left_behind(nodes, {host: facts})
        if facts["state"] == "active" and not target["alive"]:
            return target, __salt__["swarm_facts.foreign"](facts, lead)
        return target, ""
    found = [node for node in nodes if node["id"] in (host, known.get("node_id"))]
    named = [node for node in nodes if node["hostname"] == host] if not found else []
    if named:
        # Another host may have the name of this one.
        others = __salt__["swarm_facts.read"]("*")
        claimed = {one["node_id"]: minion for minion, one in others.items() if minion != host}
        for node in named:
            if node["id"] in claimed:
                return target, (
                    f"the node {node['id']} has the host name {host}, but the minion"
                    f" {claimed[node['id']]} reported to be it: give the node id of the one to remove"
                )
    found = found or named
    if not found and not known:
        return target, f"{host} is neither a minion nor a node id or host name of the node list"
    if len(found) > 1:
        ids = ", ".join(node["id"] for node in found)
        return target, f"{host} has several nodes ({ids}): name the dead ones by their ids"
    for node in found:
        if node["state"] != "down":
            said = facts["error"] or facts["state"] if facts else "its minion does not answer"
            return target, (
                f"{host} cannot be asked to leave ({said}), but its node {node['id']} is"
                f" {node['state']}: fix that, or power the host off, and run again when it is down"
            )
    target["records"] = found
    return target, ""


def records(target):
    """
    Return all nodes of one target of :py:func:`swarm_facts.leaving <leaving>`, the living one
    first.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.records '{alive: null, records: []}'
    """
    return ([target["alive"]] if target["alive"] else []) + target["records"]


def left_behind(nodes, hosts, names=True):
    """
    Return the node records that one of these hosts is known to have left: it had that node id in
    earlier facts, or its own address is the manager's. A node that another host reports to be is
    never among them.

    A name alone proves nothing, since hosts made from one template share theirs, and an engine was
    seen to show a host's name in another's record. A record goes by its name, if it is down or at the
    host's address, only where all hosts of the run reported which node they are, and one host and one
    record have that name.

    nodes
        As :py:func:`swarm.nodes <salt.modules.swarm_nodes.nodes>` returns them.
    hosts
        ``{minion id: facts}``
    names
        ``False``: no record goes by its name.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_facts.left_behind "$nodes" "$facts"
    """
    # Which record is its own only such a host can say; with its engine stopped it may be a member.
    known = [facts for facts in hosts.values() if facts["state"] in SURE]
    alive = {facts["node_id"] for facts in hosts.values() if facts["node_id"]}
    free = [node for node in nodes if node["id"] not in alive]
    found = [node for node in free if any(_of_host(node, facts, hosts) for facts in known)]
    if names:
        found += [
            node for node in _by_name(nodes, known, hosts) if node in free and node not in found
        ]
    return found


def _of_host(node, facts, hosts):
    if node["id"] in facts.get("was", []):
        return True
    address = node["manager_addr"].rpartition(":")[0].strip("[]")
    owners = [one for one in hosts.values() if address in one["addresses"]]
    return owners == [facts]


def _by_name(nodes, known, hosts):
    """Return those of these records that belong to one host by its name."""
    named = [
        (node, facts)
        for node in nodes
        for facts in known
        if node["hostname"] == facts["name"] != ""
        and (node["state"] == "down" or node["addr"] in facts["addresses"])
    ]
    everyone = _all_of_run(hosts) if named else None
    if not everyone:
        return []
    names = [facts["name"] for facts in everyone]
    return [
        node
        for node, facts in named
        if names.count(facts["name"]) == 1 and _others_of_name(nodes, facts) == [node["id"]]
    ]


def _others_of_name(nodes, facts):
    """Return the records with the name of a host, except its own, present or past."""
    own = (facts["node_id"], *facts.get("was", []))
    return [
        node["id"] for node in nodes if node["hostname"] == facts["name"] and node["id"] not in own
    ]


def _all_of_run(hosts):
    """
    Return the facts of all hosts of the run; None while one of them does not know which node it is.
    """
    run = __salt__["swarm_facts.run"]()
    ids = {*run["managers"], *run["workers"]}
    missing = sorted(ids - set(hosts))
    found = {**hosts, **(__salt__["swarm_facts.fresh"](missing) if missing else {})}
    if not run["id"] or not ids or ids - set(found):
        return None
    return list(found.values()) if all(one["state"] in SURE for one in found.values()) else None
