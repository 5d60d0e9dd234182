# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: a cluster that lost its quorum
=================================================

The state of ``docker.recover``. It belongs to the name ``swarm``.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_facts``

.. versionadded:: 0.1.0
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError

# A worker looks for its managers for up to half a minute, and then renews its certificate.
CA_SECONDS = 120

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def recovered(
    name,
    host,
    confirm="",
    advertise_addr=None,
    listen_addr=None,
    data_path_addr=None,
    **kwargs,
):
    """
    Ensure the cluster that lost its quorum has a leader again: ``host``, which continues alone with
    the services, secrets and workers that it knows. The records of the other managers are deleted;
    those hosts must leave by force and join again, which ``docker.bootstrap`` does.

    It is refused where any manager of pillar still sees a leader, is silent, or listens though its
    minion is silent; with autolock, because the engine cannot do both; and without the
    confirmation.

    name
        Any text.
    host
        Minion id of the one manager that goes on. On the others this only says so.
    confirm
        The node id of that host, as the refusal without it names it.
    advertise_addr, listen_addr, data_path_addr
        As for :py:func:`swarm.init <salt.modules.swarm.init>`.

    .. code-block:: yaml

        a leader again:
          swarm.recovered:
            - host: manager2
            - confirm: kc1f8bbi3tdo3zs8phht8lxor
            - advertise_addr: eth0
    """
    ret = {"name": name, "result": True, "changes": {}, "comment": ""}
    addresses = {
        "advertise_addr": advertise_addr,
        "listen_addr": listen_addr,
        "data_path_addr": data_path_addr,
    }
    try:
        __salt__["swarm_schema.require"](
            kwargs, host="" if host is None else host, confirm=confirm or None, **addresses
        )
        facts = _facts(host)
        if __opts__["id"] != host:
            ret["comment"] = f"{host} is the one that goes on"
        elif facts[host].get("cluster"):
            _recovered(ret, facts)
        else:
            _check(host, facts)
            _recover(ret, facts, confirm, addresses)
    except (CommandExecutionError, SaltInvocationError) as exc:
        ret["result"] = False
        ret["comment"] = str(exc)
    return ret


def _facts(host):
    """Return the facts of all managers of the run; refuse if any of them forbids a recovery."""
    run = __salt__["swarm_facts.run"]()
    facts = __salt__["swarm_facts.fresh"](run["managers"])
    silent = [name for name in run["managers"] if name not in facts]
    if silent or not run["id"]:
        raise CommandExecutionError(
            f"no report came from {', '.join(silent) or 'this run'}: it may still be in the"
            " cluster. Start its minion, or name a dead host in pillar swarm:init_without"
        )
    if host not in facts:
        raise CommandExecutionError(
            f"{host} is not a manager of this run: name one of pillar swarm:managers"
        )
    if facts[host]["state"] != "active" or facts[host]["role"] != "manager":
        raise CommandExecutionError(
            f"{host} is {facts[host]['state']} {facts[host]['role']}".rstrip()
            + ", and not a manager that knows the cluster: name one that is"
        )
    leading = [name for name, entry in facts.items() if name != host and entry.get("cluster")]
    if leading and not facts[host].get("cluster"):
        raise CommandExecutionError(
            f"{leading[0]} sees a leader: nothing is lost, and a second cluster must not be made."
            f" Fix the connection of {host}, or run docker.bootstrap"
        )
    return facts


def _check(host, facts):
    """Refuse what else would split the cluster in two, or end it."""
    unwell = [
        f"{name} ({entry['error'] or entry['state']})"
        for name, entry in sorted(facts.items())
        if entry["state"] in ("unreachable", "locked", "error")
    ]
    if unwell:
        raise CommandExecutionError(
            f"{', '.join(unwell)} may bring the quorum back: start docker there, or unlock it. If"
            " the host is lost for good, name it in pillar swarm:init_without"
        )
    heard = {address for entry in facts.values() for address in entry["addresses"]}
    others = [
        address
        for address in facts[host]["managers"]
        if address.rpartition(":")[0].strip("[]") not in heard
    ]
    alive = __salt__["swarm_core.reachable"](sorted(others)) if others else []
    if alive:
        raise CommandExecutionError(
            f"a manager still listens at {', '.join(alive)}, though it sent no report: start its"
            " minion, or stop docker there for good"
        )
    if __salt__["swarm_state_dir.key_locked"]():
        # moby issue 36852: the init fails, and takes the node out of its swarm.
        raise CommandExecutionError(
            "autolock is on, with which the engine cannot force a new cluster: bring the other"
            " managers back, or make a new swarm"
        )


def _recover(ret, facts, confirm, addresses):
    own = facts[__opts__["id"]]
    others = [name for name in facts if name != __opts__["id"]]
    words = (
        f"{__opts__['id']} (node {own['node_id']}) goes on as the only manager of its cluster"
        " (force-new-cluster); what it has not seen of the last changes is lost;"
        f" {', '.join(others) or 'nobody'} will leave by force and join again"
    )
    changes = {"swarm": {"old": "no leader", "new": "leader"}}
    if __opts__["test"]:
        ret.update(result=None, changes=changes)
        ret["comment"] = f"{words}; to confirm: swarm_confirm: {own['node_id']}"
        return
    if confirm != own["node_id"]:
        raise CommandExecutionError(
            f"not confirmed: {words}; run again with swarm_confirm: {own['node_id']}"
        )
    made = __salt__["swarm.init"](force_new_cluster=True, **addresses)
    ret["changes"] = changes
    _delete_others(made["node_id"])
    _wait_for_ca(ret)
    __salt__["swarm_facts.publish"]()
    ret["comment"] = f"this host leads the cluster {made['cluster_id']} again, alone"


def _recovered(ret, facts):
    """
    Report that there is a leader; after an interrupted run delete the other managers' remaining
    records. "nothing to recover" ends the orchestration.
    """
    own = facts[__opts__["id"]]
    # Not this host itself, which sees the leader. A host that left by force knows no id any more.
    lost = {entry["node_id"] for entry in facts.values() if not entry.get("cluster")}
    nodes = __salt__["swarm.nodes"]()
    leader = next((node["hostname"] or node["id"] for node in nodes if node["leader"]), "one")
    ret["comment"] = f"{__opts__['id']} sees leader {leader}"
    # docker.bootstrap joins those that left, or that the new cluster does not have as members.
    if lost <= {node["id"] for node in nodes if node["member"]}:
        ret["comment"] = f"nothing to recover: {ret['comment']}"
    lost.update(node["id"] for node in __salt__["swarm_facts.left_behind"](nodes, facts))
    stale = [
        node
        for node in nodes
        if node["role"] == "manager" and not node["member"] and node["id"] in lost
    ]
    changes = {node["id"]: {"old": node["hostname"] or "no name", "new": ""} for node in stale}
    if stale and __opts__["test"]:
        ret.update(result=None, changes=changes)
        ret["comment"] = "records of managers that lost the cluster would be removed"
    elif stale:
        _delete_others(own["node_id"])
        ret["changes"] = changes
        ret["comment"] = "removed the records of managers that lost the cluster"
    if not __opts__["test"]:
        _wait_for_ca(ret)


def _delete_others(own):
    """
    Delete the records of the former managers: swarmkit keeps them when a new cluster is forced.
    They are not in the raft group any more, so there is nothing to demote.
    """
    for node in __salt__["swarm.nodes"]():
        if node["id"] != own and node["role"] == "manager" and not node["member"]:
            __salt__["swarm.node_rm"](node["id"], force=True)


def _wait_for_ca(ret):
    """
    Wait for a rotation of the CA: if the CA was ever rotated, a forced new cluster rotates it once
    more (moby: initClusterSpec sends no ForceRotate, and swarmkit's validateCAConfig takes a number
    other than the last one as a request). When it ends, tokens sealed before are invalid. A node
    that is down delays it; the tokens then stay valid for now.
    """
    if not __salt__["swarm_ca.settled"](CA_SECONDS):
        ret.setdefault("warnings", []).append(
            "the rotation of the CA goes on: a node that is down holds it up, see swarm.node_ls"
        )
