# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode, seen from the master
=======================================

The state of the swarm, and where it differs from pillar. Other files have this name too:
``swarm_plan`` (what an orchestration would do), ``swarm_nodes`` (nodes and tasks), ``swarm_networks``,
``swarm_secrets`` (also configs) and ``swarm_services``. Sync all of them and their outputters to the
master once, with ``salt-run saltutil.sync_all``; the wheel includes them.

:maturity: new
:depends: the runner ``swarm_master``; the execution modules ``swarm`` and ``swarm_facts`` on the minions
:platform: Linux

.. versionadded:: 0.1.0

**Pillar**: that of the master's own minion id, as the orchestrations read it.

**Exit code** of ``salt-run``, and ``retcode`` in what is returned, with ``--out=json`` too:

====  =============================================================================================
0     all is well: no problem; an orchestration that nothing speaks against
1     a problem, which ``problems`` names; an orchestration that would stop, as ``refused`` says
2     nothing could be asked: a wrong argument, a mistake in pillar, a master that does not answer
====  =============================================================================================

Progress goes to stderr, one line for each step. Every function returns a dict. Its ``outputter`` is
how ``salt-run`` prints it unless ``--out`` says otherwise.
"""

# Each host compares its engine with the pillar that the master has now.
ENGINE_DRIFT = {"swarm_engine.drift": [False, True]}
ANSWER_SECONDS = 30
# What of pillar ``swarm`` a manager compares: no more than this goes into the job's arguments.
COMPARED = ("nodes", "cluster", "address_pool", "subnet_size", "data_path_port")

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def status(*args, **kwargs):
    """
    Return the state of the swarm, and where it differs from pillar.

    timeout
        Seconds that the hosts have to answer (30).

    Returns a dict: ``problems`` (lines; empty when all is well), ``cluster`` (its id), ``leader``
    (host name), ``quorum`` (``managers``, ``reachable``, ``needed``, and ``losses``: how many more
    may fail), ``nodes`` (how many in each state), ``versions`` (``{engine version: [host
    names]}``), ``certificates`` (``{minion id: end, in UTC}``), ``warnings`` (``{minion id: the
    engine's own}``), ``drift`` (``{minion id: [how its engine differs from pillar]}``; bootstrap
    changes no engine of a member, so this is not a problem). The exit code is 0 without problems, 1
    with some, 2 where nothing could be asked.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.status
        salt-run swarm.status timeout=60 --out=json
    """
    return __salt__["swarm_master.run"](_status, args, kwargs)


def _status(timeout=ANSWER_SECONDS):
    timeout = _seconds(timeout)
    known = __salt__["swarm_master.known"]()
    pillar = known["swarm"]
    managers, workers = list(pillar["managers"]), sorted(known["workers"])
    __salt__["swarm_master.progress"](f"asking {len(managers) + len(workers)} hosts")
    asked = {"swarm_facts.collect": [], "swarm.info": [], "swarm.certificate": [], **ENGINE_DRIFT}
    answers = __salt__["swarm_master.ask"](managers + workers, asked, timeout)
    facts = {
        host: answer["swarm_facts.collect"]
        for host, answer in answers.items()
        if isinstance(answer.get("swarm_facts.collect"), dict)
    }
    ret = {
        "problems": list(known["refusals"]),
        "cluster": "",
        "leader": "",
        "quorum": {},
        "nodes": {},
        "versions": {},
        "certificates": {},
        "warnings": {"pillar": known["warnings"]} if known["warnings"] else {},
        "drift": {},
    }
    # A host without an accepted key is named by the check of pillar.
    asked = {*known["managers"], *known["workers"], *known["without"]}
    ret["problems"] += [
        f"{host}: its minion does not answer, or has no swarm module"
        for host in managers + workers
        if host in asked and host not in facts
    ]
    _add_hosts(ret, answers)
    ret["drift"] = __salt__["swarm_master.engine_drift"](answers)
    leading = [name for name in managers if facts.get(name, {}).get("cluster")]
    if not leading:
        ret["problems"] += _why_leaderless(managers, facts)
        return __salt__["swarm_master.ended"](ret, problem=True)
    __salt__["swarm_master.progress"](f"asking {leading[0]} about all nodes")
    wanted = {host: ("manager" if host in managers else "worker") for host in managers + workers}
    _add_cluster(ret, leading[0], facts, wanted, pillar, timeout)
    clusters = {facts[name]["cluster"] for name in leading}
    if len(clusters) > 1:
        ret["problems"].insert(0, f"managers are in different swarms: {', '.join(clusters)}")
    return __salt__["swarm_master.ended"](ret, problem=bool(ret["problems"]))


def _seconds(timeout):
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not timeout > 0:
        __salt__["swarm_master.slip"](
            f"timeout must be a number of seconds above 0, not {timeout!r}"
        )
    return timeout


def _add_hosts(ret, answers):
    """Add what each host reports about itself."""
    for host, answer in sorted(answers.items()):
        info, certificate = answer.get("swarm.info"), answer.get("swarm.certificate")
        if isinstance(info, dict):
            if info["warnings"]:
                ret["warnings"][host] = info["warnings"]
            if info["state"] in ("locked", "error", "pending"):
                ret["problems"].append(f"{host} is {info['state']}: {info['error']}".rstrip(": "))
        if isinstance(certificate, dict) and certificate:
            ret["certificates"][host] = certificate["until"]
            if certificate["overdue"]:
                ret["problems"].append(
                    f"{host}: its certificate ends {certificate['until']} and was not renewed in time"
                )


def _why_leaderless(managers, facts):
    living = [name for name in managers if facts.get(name, {}).get("role") == "manager"]
    if living:
        return [
            f"the cluster of {', '.join(living)} has no leader: bring the other managers back, or"
            " see docker.recover"
        ]
    return ["no manager of pillar is in a swarm: see docker.bootstrap"]


def _add_cluster(ret, lead, facts, wanted, pillar, timeout):
    """
    Add what a manager knows of all nodes, compared with pillar and with the hosts' own reports.
    """
    hosts = {host: facts[host]["node_id"] for host in wanted if host in facts}
    # Not the manager's own pillar, which is as old as its last refresh.
    pillar = {key: pillar[key] for key in COMPARED if key in pillar}
    asked = {
        "swarm.nodes": [],
        "swarm.quorum": [],
        "swarm_drift.nodes_drift": [hosts, pillar],
        "swarm_drift.cluster_drift": [pillar],
    }
    answers = __salt__["swarm_master.ask"]([lead], asked, timeout)
    answer = dict.fromkeys(asked, "no answer") | answers.get(lead, {})
    nodes = answer["swarm.nodes"]
    if not isinstance(nodes, list):
        ret["problems"].append(
            f"{lead} gave no node list: {__salt__['swarm_master.reason'](nodes)}"
        )
        return
    ret["cluster"] = facts[lead]["cluster"]
    if isinstance(answer["swarm.quorum"], dict):
        ret["quorum"] = answer["swarm.quorum"]
    ret["leader"] = next((node["hostname"] for node in nodes if node["leader"]), "")
    for node in sorted(nodes, key=lambda node: node["hostname"]):
        ret["nodes"][node["state"]] = ret["nodes"].get(node["state"], 0) + 1
        if node["engine_version"]:
            ret["versions"].setdefault(node["engine_version"], []).append(node["hostname"])
    # One or two managers can lose none: that is a choice, and no fault of today.
    if ret["quorum"].get("losses") == 0 and ret["quorum"]["managers"] > 2:
        ret["problems"].append("no manager may fail: the quorum would be lost")
    if len(ret["versions"]) > 1:
        ret["problems"].append(f"engines differ: {', '.join(sorted(ret['versions']))}")
    ret["problems"] += _membership(nodes, facts, wanted)
    ret["problems"] += _node_drift(lead, answer["swarm_drift.nodes_drift"])
    ret["problems"] += _cluster_drift(lead, answer["swarm_drift.cluster_drift"])


def _membership(nodes, facts, wanted):
    """Compare members and their roles with pillar and with the hosts' own reports."""
    by_id = {node["id"]: node for node in nodes}
    lines = []
    for host, role in wanted.items():
        if host not in facts:
            continue
        node = by_id.get(facts[host]["node_id"])
        if node is None:
            lines += _why_no_member(host, facts[host])
        elif node["role"] != role:
            lines.append(f"{host} is a {node['role']}, pillar says {role}")
    own = {entry["node_id"] for entry in facts.values()}
    # These were named already: without the word of the host nobody knows which node it is.
    silent = {host for host in wanted if host not in facts}
    for node in nodes:
        title = f"{node['hostname'] or 'no name'} ({node['id']})"
        if node["state"] != "ready":
            lines.append(f"{title} is {node['state']}: {node['message']}".rstrip(": "))
        if node["member"] and node["reachability"] != "reachable":
            lines.append(f"{title} is a manager, but {node['reachability']}")
        if node["id"] not in own and node["state"] == "ready" and node["hostname"] not in silent:
            lines.append(f"{title} is not a host of pillar that answers")
    return lines


def _why_no_member(host, facts):
    """
    Return why a host has no node in the list. A node whose engine does not answer may still be in
    it.
    """
    if facts["state"] == "active":
        return [f"{host} is not in the node list: the managers removed its node"]
    return {
        "inactive": [f"{host} is not in a swarm"],
        "absent": [f"{host} has no engine"],
        "unreachable": [f"docker does not answer on {host}: {facts['error']}".rstrip(": ")],
    }.get(facts["state"], [])  # the others were named by what the engine says of itself


def _node_drift(lead, found):
    """Return where the nodes of pillar's hosts differ from pillar."""
    if not isinstance(found, dict):
        return [
            f"{lead} could not compare the nodes with pillar: {__salt__['swarm_master.reason'](found)}"
        ]
    lines = []
    for host, node in sorted(found.items()):
        lines += [f"{host}: {node['reason']}"] if node["reason"] else []
        lines += [f"{host}: {text}" for text in _differences(node["changes"])]
    return lines


def _cluster_drift(lead, found):
    """Return the settings of the cluster that differ from pillar."""
    if not isinstance(found, dict):
        return [
            f"{lead} could not compare the cluster's settings with pillar: {__salt__['swarm_master.reason'](found)}"
        ]
    lines = _differences(found["changes"])
    fixed = _differences(found["fixed"])
    lines += [f"{text}, and only a new cluster can have that" for text in fixed]
    return [f"cluster: {text}" for text in lines]


def _differences(changes):
    """Return ``{field: {"old", "new"}}``, and each label under ``labels``, as lines."""
    changes = dict(changes)
    labels = {f"label {name}": one for name, one in changes.pop("labels", {}).items()}
    return [
        f"{name} is {_value(one['old'])}, pillar says {_value(one['new'])}"
        for name, one in {**changes, **labels}.items()
    ]


def _value(value):
    return "not there" if value is None else str(value)
