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

    Returns a dict: ``problems`` (lines; empty when all is well), ``health`` (the rows of
    ``salt-run swarm.health``, whose texts are among the problems), ``cluster`` (its id), ``leader``
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
    __salt__["swarm_master.asking"](len(managers) + len(workers))
    asked = {**__salt__["swarm_master.of_hosts"](), "swarm.info": [], **ENGINE_DRIFT}
    answers = __salt__["swarm_master.ask"](managers + workers, asked, timeout)
    hosts = __salt__["swarm_master.said"](known, answers)
    facts = {host: one["facts"] for host, one in hosts.items() if one["facts"]}
    ret = {
        "problems": list(known["refusals"]),
        "health": [],
        "cluster": "",
        "leader": "",
        "quorum": {},
        "nodes": {},
        "versions": {},
        "certificates": {},
        "warnings": {"pillar": known["warnings"]} if known["warnings"] else {},
        "drift": {},
    }
    _add_hosts(ret, answers)
    ret["drift"] = __salt__["swarm_master.engine_drift"](answers)
    leading = [name for name in managers if facts.get(name, {}).get("cluster")]
    if not leading:
        ret["problems"] += __salt__["swarm_master.silent"](hosts)
        ret["problems"] += _why_leaderless(managers, facts)
        return __salt__["swarm_master.ended"](ret, problem=True)
    __salt__["swarm_master.progress"](f"asking {leading[0]} about all nodes")
    _add_cluster(ret, leading[0], hosts, pillar, timeout)
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
        if isinstance(info, dict) and info["warnings"]:
            ret["warnings"][host] = info["warnings"]
        if isinstance(certificate, dict) and certificate:
            ret["certificates"][host] = certificate["until"]


def _why_leaderless(managers, facts):
    living = [name for name in managers if facts.get(name, {}).get("role") == "manager"]
    if living:
        return [
            f"the cluster of {', '.join(living)} has no leader: bring the other managers back, or"
            " see docker.recover"
        ]
    return ["no manager of pillar is in a swarm: see docker.bootstrap"]


def _add_cluster(ret, lead, hosts, pillar, timeout):
    """
    Add what a manager knows of all nodes, compared with pillar and with the hosts' own reports.
    """
    facts = {host: one["facts"] for host, one in hosts.items() if one["facts"]}
    ids = {host: one["node_id"] for host, one in facts.items()}
    # Not the manager's own pillar, which is as old as its last refresh.
    pillar = {key: pillar[key] for key in COMPARED if key in pillar}
    asked = {
        "swarm.nodes": [],
        "swarm.quorum": [],
        "swarm_checks.of_swarm": [hosts, None, None, None, None, pillar],
        "swarm_drift.nodes_drift": [ids, pillar],
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
    ret["health"] = answer["swarm_checks.of_swarm"]
    if isinstance(ret["health"], list):
        ret["problems"] += [row["text"] for row in ret["health"] if row["ok"] is not True]
    else:
        why = __salt__["swarm_master.reason"](ret["health"])
        ret["problems"].append(f"{lead} could not check the swarm's health: {why}")
        ret["health"] = []
    ret["problems"] += _strangers(nodes, facts, hosts)
    ret["problems"] += _node_drift(lead, answer["swarm_drift.nodes_drift"])
    ret["problems"] += _cluster_drift(lead, answer["swarm_drift.cluster_drift"])


def _strangers(nodes, facts, hosts):
    """Return the members that pillar does not have."""
    own = {entry["node_id"] for entry in facts.values()}
    # A host that is silent was named already: without its word nobody knows which node it is.
    silent = {host for host in hosts if host not in facts}
    return [
        f"{node['hostname'] or 'no name'} ({node['id']}) is not a host of pillar that answers"
        for node in nodes
        if node["id"] not in own and node["state"] == "ready" and node["hostname"] not in silent
    ]


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
