"""
Docker swarm mode, seen from the master
=======================================

What an orchestration would do, and how the swarm is. Both read alone: they change nothing on any
host. Sync this file to the master once, with ``salt-run saltutil.sync_runners``; the wheel brings
it along.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_facts`` on the minions
:platform: Linux

.. versionadded:: 0.1.0

**Pillar**: that of the master's own minion id, as the orchestrations read it.
"""

import salt.client
import salt.loader

ORCHESTRATIONS = ("bootstrap", "remove", "replace", "rotate", "teardown", "recover")
# Each host compares its engine with the pillar that the master has now.
ENGINE_DRIFT = {"swarm_engine.drift": [False, True]}
ANSWER_SECONDS = 30
# What of pillar ``swarm`` a manager compares: no more than this goes into the job's arguments.
COMPARED = ("nodes", "cluster", "address_pool", "subnet_size", "data_path_port")
# swarmkit renews a certificate at four fifths of its life (90 days) at the latest.
FEW_DAYS = 10

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def _progress(text):
    __jid_event__.fire_event({"message": text}, "progress")


# --- what would be done ---------------------------------------------------------------------------


def plan(orchestration="bootstrap", data=False, **pillar):
    """
    What an orchestration would do, host by host, or why it would refuse. It is the orchestration
    itself, in test mode: the decisions are those of the real run.

    orchestration
        ``bootstrap``, ``remove``, ``replace``, ``rotate``, ``teardown`` or ``recover``.
    data
        ``True``: return it as data, and not as lines for people.

    Other arguments are the pillar that the orchestration takes, such as ``swarm_hosts``.

    Returns a list of lines, or as data ``{"possible": whether no step refuses, "refused": {host or
    step: [reasons]}, "hosts": {host: [{"step", "state", "comment", "changes"}]}}``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.plan
        salt-run swarm.plan remove swarm_hosts='[worker2]'
        salt-run swarm.plan replace swarm_replace='{worker2: worker9}' data=True
    """
    if orchestration not in ORCHESTRATIONS:
        known = ", ".join(ORCHESTRATIONS)
        return [f"no orchestration is called {orchestration}; there are {known}"]
    pillar = {key: value for key, value in pillar.items() if not key.startswith("__")}
    _progress(f"docker.{orchestration} in test mode: each of its steps asks its hosts")
    ran = __salt__["state.orchestrate"](f"docker.{orchestration}", test=True, pillar=pillar)
    found = {"possible": True, "refused": {}, "hosts": {}, "drift": {}}
    for states in ran["data"].values():
        if not isinstance(states, dict):
            found["refused"][orchestration] = [str(line) for line in states]
            continue
        for step in sorted(states.values(), key=lambda step: step.get("__run_num__", 0)):
            _add_step(found, step)
    found["possible"] = not found["refused"]
    if orchestration == "bootstrap" and found["possible"]:
        # A step returns what its hosts would change, and drift is not a change.
        found["drift"] = _engines()
    _progress("done")
    return found if data is True else _lines(orchestration, found)


def _engines():
    """``{host: [how its engine differs from pillar]}`` of the hosts that pillar names."""
    known = _checked(__salt__["pillar.show_pillar"](minion=__opts__["id"]))
    if known["malformed"]:
        return {}
    hosts = [*(known["swarm"].get("managers") or []), *known["workers"]]
    return _engine_drift(_ask(hosts, ENGINE_DRIFT, ANSWER_SECONDS))


def _engine_drift(answers):
    found = {host: answer.get("swarm_engine.drift") for host, answer in sorted(answers.items())}
    return {host: lines for host, lines in found.items() if lines and isinstance(lines, list)}


def _add_step(found, step):
    """One step of an orchestration: what it says of its hosts, or itself."""
    name = step.get("__id__", "")
    hosts = (step.get("changes") or {}).get("ret") or {}
    before = len(found["refused"])
    for host, states in hosts.items():
        if not isinstance(states, dict):
            if step["result"] is False:
                _refuse(found, host, _line(states) or "its minion did not answer")
            continue
        for state in sorted(states.values(), key=lambda state: state.get("__run_num__", 0)):
            if state["result"] is False and not _is_requisite(state["comment"]):
                _refuse(found, host, state["comment"])
            elif state.get("changes"):
                found["hosts"].setdefault(host, []).append(
                    {
                        "step": name,
                        "state": state.get("__id__", ""),
                        "comment": state["comment"],
                        "changes": state["changes"],
                    }
                )
    if step["result"] is False and len(found["refused"]) == before:
        if not _is_requisite(step["comment"]):
            _refuse(found, name, step["name"] if step["name"] != name else step["comment"])


def _refuse(found, who, why):
    reasons = found["refused"].setdefault(who, [])
    if why not in reasons:
        reasons.append(why)


def _line(states):
    """What a minion says instead of states: a busy one, or one that could not render them."""
    return " ".join(str(line) for line in states) if isinstance(states, list) else ""


def _is_requisite(comment):
    return str(comment).startswith("One or more requisite failed")


def _lines(orchestration, found):
    lines = [
        f"{who}: {reason}" for who, reasons in found["refused"].items() for reason in reasons
    ]
    if lines:
        return [f"docker.{orchestration} would stop:", *lines]
    for host, states in sorted(found["hosts"].items()):
        for state in states:
            for what, change in state["changes"].items():
                lines.append(f"{host}: {what}: {_change(change)}")
    lines = lines or [f"docker.{orchestration} would change nothing"]
    for host, differences in sorted(found["drift"].items()):
        lines += [f"{host}: {line}" for line in differences]
    return lines


def _change(change):
    """``{"old", "new"}`` as an arrow; a dict of such, one after the other."""
    if not isinstance(change, dict):
        return str(change)
    if set(change) == {"old", "new"}:
        return f"{_short(change['old'])} -> {_short(change['new'])}"
    return ", ".join(f"{name} {_change(value)}" for name, value in change.items())


def _short(value):
    return "gone" if value in ("", None) else str(value)


# --- how it is ------------------------------------------------------------------------------------


def status(timeout=ANSWER_SECONDS):
    """
    How the swarm is, and where it differs from pillar.

    timeout
        Seconds that the hosts have to answer.

    Returns a dict: ``problems`` (lines; empty when all is well), ``cluster`` (its id), ``leader``
    (host name), ``quorum`` (``managers``, ``reachable``, ``needed``, and ``losses``: how many more
    may fail), ``nodes`` (how many in each state), ``versions`` (``{engine version: [host
    names]}``), ``certificates`` (``{minion id: end, in UTC}``), ``warnings`` (``{minion id: the
    engine's own}``).

    CLI Example:

    .. code-block:: bash

        salt-run swarm.status
    """
    known = _checked(__salt__["pillar.show_pillar"](minion=__opts__["id"]))
    if known["malformed"]:
        return {"problems": known["refusals"]}
    pillar = known["swarm"]
    managers, workers = list(pillar.get("managers") or []), sorted(known["workers"])
    if not managers:
        return {
            "problems": [
                f"pillar swarm:managers names no manager for {__opts__['id']}: assign the swarm"
                " pillar to the master's own id too (pillar top file, '*')"
            ]
        }
    _progress(f"asking {len(managers) + len(workers)} hosts")
    asked = {"swarm_facts.collect": [], "swarm.info": [], "swarm.certificate": [], **ENGINE_DRIFT}
    answers = _ask(managers + workers, asked, timeout)
    facts = {
        host: answer["swarm_facts.collect"]
        for host, answer in answers.items()
        if isinstance(answer.get("swarm_facts.collect"), dict)
    }
    ret = {
        "problems": known["refusals"]
        + [
            f"{host}: its minion does not answer, or has no swarm module"
            for host in managers + workers
            if host not in facts
        ],
        "cluster": "",
        "leader": "",
        "quorum": {},
        "nodes": {},
        "versions": {},
        "certificates": {},
        "warnings": {},
    }
    _add_hosts(ret, answers)
    for host, lines in _engine_drift(answers).items():
        ret["problems"] += [f"{host}: {line}" for line in lines]
    leading = [name for name in managers if facts.get(name, {}).get("cluster")]
    if not leading:
        ret["problems"] += _why_leaderless(managers, facts)
        return ret
    _progress(f"asking {leading[0]} for the node list")
    wanted = {host: ("manager" if host in managers else "worker") for host in managers + workers}
    _add_cluster(ret, leading[0], facts, wanted, pillar, timeout)
    clusters = {facts[name]["cluster"] for name in leading}
    if len(clusters) > 1:
        ret["problems"].insert(0, f"managers are in different swarms: {', '.join(clusters)}")
    return ret


def _checked(pillar):
    """What docker/run.jinja gets of pillar: its slips, and the hosts that have an accepted key."""
    opts = {**__opts__, "grains": __opts__.get("grains") or {}, "pillar": {}}
    functions = salt.loader.minion_mods(opts, utils=salt.loader.utils(opts))
    return functions["slsutil.renderer"](
        "salt://_modules/swarm_schema.py", default_renderer="py", given=pillar
    )


def _ask(hosts, functions, timeout):
    """Of ``{function: [arguments]}`` ``{host: {function: return}}``, where a host answered."""
    with salt.client.get_local_client(mopts=__opts__) as client:
        return client.cmd(
            list(hosts), list(functions), list(functions.values()), tgt_type="list", timeout=timeout
        )


def _reason(answer):
    """What a function says that failed; a job of several functions returns a traceback of it."""
    return str(answer).strip().splitlines()[-1].partition("Error: ")[2] or str(answer)


def _add_hosts(ret, answers):
    """What each host says of itself alone."""
    for host, answer in sorted(answers.items()):
        info, certificate = answer.get("swarm.info"), answer.get("swarm.certificate")
        if isinstance(info, dict):
            if info["warnings"]:
                ret["warnings"][host] = info["warnings"]
            if info["state"] in ("locked", "error", "pending"):
                ret["problems"].append(f"{host} is {info['state']}: {info['error']}".rstrip(": "))
        if isinstance(certificate, dict) and certificate:
            ret["certificates"][host] = certificate["until"]
            if certificate["days_left"] < FEW_DAYS:
                ret["problems"].append(
                    f"{host}: its certificate ends {certificate['until']}, and was not renewed"
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
    """What a manager knows of all nodes, against pillar and against the hosts' own word."""
    hosts = {host: facts[host]["node_id"] for host in wanted if host in facts}
    # Not the manager's own pillar, which is as old as its last refresh.
    pillar = {key: pillar[key] for key in COMPARED if key in pillar}
    asked = {
        "swarm.nodes": [],
        "swarm.quorum": [],
        "swarm.nodes_drift": [hosts, pillar],
        "swarm.cluster_drift": [pillar],
    }
    answer = dict.fromkeys(asked, "no answer") | _ask([lead], asked, timeout).get(lead, {})
    nodes = answer["swarm.nodes"]
    if not isinstance(nodes, list):
        ret["problems"].append(f"{lead} gave no node list: {_reason(nodes)}")
        return
    ret["cluster"] = facts[lead]["cluster"]
    if isinstance(answer["swarm.quorum"], dict):
        ret["quorum"] = answer["swarm.quorum"]
    ret["leader"] = next((node["hostname"] for node in nodes if node["leader"]), "")
    for node in sorted(nodes, key=lambda node: node["hostname"]):
        ret["nodes"][node["state"]] = ret["nodes"].get(node["state"], 0) + 1
        if node["engine_version"]:
            ret["versions"].setdefault(node["engine_version"], []).append(node["hostname"])
    if ret["quorum"].get("losses") == 0:
        ret["problems"].append("no manager may fail: the quorum would be lost")
    if len(ret["versions"]) > 1:
        ret["problems"].append(f"engines differ: {', '.join(sorted(ret['versions']))}")
    ret["problems"] += _membership(nodes, facts, wanted)
    ret["problems"] += _node_drift(lead, answer["swarm.nodes_drift"])
    ret["problems"] += _cluster_drift(lead, answer["swarm.cluster_drift"])


def _membership(nodes, facts, wanted):
    """Who is in, in which role, against pillar and the hosts' own word."""
    by_id = {node["id"]: node for node in nodes}
    lines = []
    for host, role in wanted.items():
        node = by_id.get(facts.get(host, {}).get("node_id"))
        if node is None:
            if host in facts:
                lines.append(f"{host} is not in the node list ({facts[host]['state']})")
        elif node["role"] != role:
            lines.append(f"{host} is a {node['role']}, pillar says {role}")
    own = {entry["node_id"] for entry in facts.values()}
    for node in nodes:
        title = f"{node['hostname'] or 'no name'} ({node['id']})"
        if node["state"] != "ready":
            lines.append(f"{title} is {node['state']}: {node['message']}".rstrip(": "))
        if node["member"] and node["reachability"] != "reachable":
            lines.append(f"{title} is a manager, but {node['reachability']}")
        if node["id"] not in own and node["state"] == "ready":
            lines.append(f"{title} is no host of pillar that answers")
    return lines


def _node_drift(lead, found):
    """What pillar says of the nodes of its hosts, and is otherwise."""
    if not isinstance(found, dict):
        return [f"{lead} could not compare the nodes with pillar: {_reason(found)}"]
    lines = []
    for host, node in sorted(found.items()):
        lines += [f"{host}: {node['reason']}"] if node["reason"] else []
        lines += [f"{host}: {text}" for text in _differences(node["changes"])]
    return lines


def _cluster_drift(lead, found):
    """The settings of the cluster that pillar has otherwise."""
    if not isinstance(found, dict):
        return [f"{lead} could not compare the cluster's settings with pillar: {_reason(found)}"]
    lines = _differences(found["changes"])
    fixed = _differences(found["fixed"])
    lines += [f"{text}, and only a new cluster can have that" for text in fixed]
    return [f"cluster: {text}" for text in lines]


def _differences(changes):
    """``{field: {"old", "new"}}``, and under ``labels`` of each label, as lines."""
    changes = dict(changes)
    labels = {f"label {name}": one for name, one in changes.pop("labels", {}).items()}
    return [
        f"{name} is {_value(one['old'])}, pillar says {_value(one['new'])}"
        for name, one in {**changes, **labels}.items()
    ]


def _value(value):
    return "not there" if value is None else str(value)
