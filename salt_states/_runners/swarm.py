# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode, seen from the master
=======================================

What an orchestration would do, how the swarm is, and its nodes and tasks, asked of whichever manager
answers. All of it reads alone: nothing is changed on any host. Sync this file and its outputters to
the master once, with ``salt-run saltutil.sync_all``; the wheel brings them along.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_facts`` on the minions
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

import contextlib
import inspect
import re
import sys

import salt.client
import salt.loader
from salt.exceptions import SaltException

# Each host compares its engine with the pillar that the master has now.
ENGINE_DRIFT = {"swarm_engine.drift": [False, True]}
ANSWER_SECONDS = 30
# The orchestrations, and what each of them takes as pillar.
ORCHESTRATIONS = {
    "bootstrap": (),
    "remove": ("swarm_hosts",),
    "replace": ("swarm_replace",),
    "rotate": ("swarm_rotate", "swarm_rotate_key", "swarm_unlock_key"),
    "teardown": ("swarm_teardown",),
    "recover": ("swarm_recover", "swarm_confirm"),
}
# What of pillar ``swarm`` a manager compares: no more than this goes into the job's arguments.
COMPARED = ("nodes", "cluster", "address_pool", "subnet_size", "data_path_port")
FINE, PROBLEM, NOT_ASKED = 0, 1, 2

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


class _Slip(Exception):
    """Raised when nothing can be asked; ``args`` are the lines that say why."""


def _run(function, args, kwargs):
    """
    Return a function's result for these arguments. Salt prints a docstring for wrong arguments, and
    a traceback for an exception, so both become a report of one line here.
    """
    kwargs = {key: value for key, value in kwargs.items() if not key.startswith("__")}
    try:
        try:
            inspect.signature(function).bind(*args, **kwargs)
        except TypeError as exc:
            known = inspect.signature(function).parameters.values()
            names = ", ".join(one.name for one in known if one.kind is not one.VAR_KEYWORD)
            raise _Slip(f"{exc} (arguments: {names})") from None
        return function(*args, **kwargs)
    except _Slip as slip:
        return _failed(NOT_ASKED, *slip.args)
    except SaltException as exc:
        return _failed(NOT_ASKED, f"Salt reports: {' '.join(str(exc).split())}")


def _failed(code, *problems):
    return _ended({"problems": list(problems)}, code)


def _ended(report, code, outputter="swarm_report"):
    # salt-run exits with ``retcode``; the context decides on ``success`` in the job's event.
    __context__["retcode"] = code
    return {**report, "retcode": code, "outputter": outputter}


def _progress(text):
    """Print a line to stderr; stdout is only for the result, such as JSON."""
    if not __opts__.get("quiet"):
        print(text, file=sys.stderr, flush=True)


# --- what would be done ---------------------------------------------------------------------------


def plan(*args, **kwargs):
    """
    Return what an orchestration would do, host by host, or why it would refuse. It runs the
    orchestration itself in test mode, so the decisions are those of the real run.

    orchestration
        ``bootstrap`` (unless given), ``remove``, ``replace``, ``rotate``, ``teardown`` or
        ``recover``.
    data
        ``True``: print the data instead of lines for people.
    saltenv
        The environment of the file root that has the orchestration; ``base`` unless given.

    Other arguments are the pillar that the orchestration takes, such as ``swarm_hosts``, each by
    itself or all in one ``pillar``; one that it does not take is an error.

    Returns ``possible`` (whether no step refuses), ``refused`` (``{host or orchestration:
    [reasons]}``), ``notes`` (lines about what is odd), ``hosts`` (``{host: [{"step", "state", "comment",
    "changes"}]}``), ``drift`` (``{host: [how its engine differs from pillar]}``, which is not changed) and
    ``lines`` (the same for people). The exit code is 0 if it is possible, 1 if it is refused, 2 for a
    wrong argument.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.plan
        salt-run swarm.plan remove swarm_hosts='[worker2]'
        salt-run swarm.plan replace swarm_replace='{worker2: worker9}' --out=json
    """
    return _run(_plan, args, kwargs)


def _plan(orchestration="bootstrap", data=False, saltenv=None, **pillar):
    name = str(orchestration).removeprefix("docker.")
    if name not in ORCHESTRATIONS:
        known = ", ".join(ORCHESTRATIONS)
        raise _Slip(f"unknown orchestration {orchestration!r} (valid: {known})")
    more = pillar.pop("pillar", None) or {}
    if not isinstance(more, dict):
        raise _Slip(f"pillar must be a dictionary, not {more!r}")
    pillar.update(more)
    known = ORCHESTRATIONS[name]
    unknown = sorted(map(str, set(pillar) - set(known)))
    if unknown:
        valid = f"valid: {', '.join(known)}" if known else "it takes none"
        raise _Slip(f"docker.{name} does not take {', '.join(unknown)} ({valid})")
    _progress(f"docker.{name} in test mode: each step asks its hosts")
    given = {"test": True, "pillar": pillar}
    if saltenv is not None:
        given["saltenv"] = str(saltenv)
    ran = __salt__["state.orchestrate"](f"docker.{name}", **given)
    found = {"possible": True, "refused": {}, "notes": [], "hosts": {}, "drift": {}}
    for states in ran["data"].values():
        if not isinstance(states, dict):
            found["refused"][name] = [str(line) for line in states]
            continue
        for state in states.values():
            found["refused"].update(state.get("refused") or {})
            found["notes"] += state.get("notes") or []
            for step in state.get("steps") or []:
                _add_step(found, step)
            if state["result"] is False and not found["refused"]:
                found["refused"][name] = str(state["comment"]).splitlines()
    found["possible"] = not found["refused"]
    if name == "bootstrap" and found["possible"]:
        # A step returns what its hosts would change, and drift is not a change.
        found["drift"] = _engines()
    found = _ended(found, FINE if found["possible"] else PROBLEM)
    if data is True:
        del found["outputter"]
        return found
    return {**found, "lines": _lines(name, found)}


def _engines():
    """
    Return Return Return Return ``{host: [how its engine differs from pillar]}`` of the hosts that
    pillar names.
    """
    known = _checked(__salt__["pillar.show_pillar"](minion=__opts__["id"]))
    if known["malformed"]:
        return {}
    hosts = [*(known["swarm"].get("managers") or []), *known["workers"]]
    return _engine_drift(_ask(hosts, ENGINE_DRIFT, ANSWER_SECONDS))


def _engine_drift(answers):
    found = {host: answer.get("swarm_engine.drift") for host, answer in sorted(answers.items())}
    return {host: lines for host, lines in found.items() if lines and isinstance(lines, list)}


def _add_step(found, step):
    """Add what the hosts of one step of an orchestration would change."""
    for host, states in step["hosts"].items():
        states = states.values() if isinstance(states, dict) else []
        for state in sorted(states, key=lambda state: state.get("__run_num__", 0)):
            if state["result"] is not False and state.get("changes"):
                found["hosts"].setdefault(host, []).append(
                    {
                        "step": step["name"],
                        "state": state.get("__id__", ""),
                        "comment": state["comment"],
                        "changes": state["changes"],
                    }
                )


def _lines(orchestration, found):
    lines = [f"{who}: {reason}" for who, reasons in found["refused"].items() for reason in reasons]
    if lines:
        return [f"docker.{orchestration} would stop:", *found["notes"], *lines]
    for host, states in sorted(found["hosts"].items()):
        for state in states:
            for what, change in state["changes"].items():
                lines.append(f"{host}: {what}: {_change(change)}")
    lines = [*found["notes"], *(lines or [f"docker.{orchestration} would change nothing"])]
    for host, differences in sorted(found["drift"].items()):
        lines += [f"{host}: {line}" for line in differences]
    return lines


def _change(change):
    """
    Return Return Return Return Return ``{"old", "new"}`` as an arrow; a dict of such, one after the
    other.
    """
    if not isinstance(change, dict):
        return str(change)
    if set(change) == {"old", "new"}:
        return f"{_short(change['old'])} -> {_short(change['new'])}"
    return ", ".join(f"{name} {_change(value)}" for name, value in change.items())


def _short(value):
    return "gone" if value in ("", None) else str(value)


# --- how it is ------------------------------------------------------------------------------------


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
    changes no engine of a member, so this is not a problem). The exit code is 0 without problems, 1 with some, 2 where nothing could be
    asked.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.status
        salt-run swarm.status timeout=60 --out=json
    """
    return _run(_status, args, kwargs)


def _status(timeout=ANSWER_SECONDS):
    timeout = _seconds(timeout)
    known = _known()
    pillar = known["swarm"]
    managers, workers = list(pillar["managers"]), sorted(known["workers"])
    _progress(f"asking {len(managers) + len(workers)} hosts")
    asked = {"swarm_facts.collect": [], "swarm.info": [], "swarm.certificate": [], **ENGINE_DRIFT}
    answers = _ask(managers + workers, asked, timeout)
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
    ret["drift"] = _engine_drift(answers)
    leading = [name for name in managers if facts.get(name, {}).get("cluster")]
    if not leading:
        ret["problems"] += _why_leaderless(managers, facts)
        return _ended(ret, PROBLEM)
    _progress(f"asking {leading[0]} about all nodes")
    wanted = {host: ("manager" if host in managers else "worker") for host in managers + workers}
    _add_cluster(ret, leading[0], facts, wanted, pillar, timeout)
    clusters = {facts[name]["cluster"] for name in leading}
    if len(clusters) > 1:
        ret["problems"].insert(0, f"managers are in different swarms: {', '.join(clusters)}")
    return _ended(ret, PROBLEM if ret["problems"] else FINE)


def _seconds(timeout):
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not timeout > 0:
        raise _Slip(f"timeout must be a number of seconds above 0, not {timeout!r}")
    return timeout


def _known():
    """Return pillar of the master's own id, checked, and its hosts that have an accepted key."""
    known = _checked(__salt__["pillar.show_pillar"](minion=__opts__["id"]))
    if known["malformed"]:
        raise _Slip(*known["refusals"])
    if not known["swarm"].get("managers"):
        raise _Slip(
            f"pillar swarm:managers names no manager for {__opts__['id']}: assign the swarm pillar"
            " to the master's own id too (pillar top file, '*')"
        )
    return known


def _checked(pillar):
    """
    Return what docker/run.jinja gets from pillar: its mistakes, and the hosts that have an accepted
    key.
    """
    opts = {**__opts__, "grains": __opts__.get("grains") or {}, "pillar": {}}
    functions = salt.loader.minion_mods(opts, utils=salt.loader.utils(opts))
    return functions["slsutil.renderer"](
        "salt://_modules/swarm_schema.py", default_renderer="py", given=pillar
    )


def _ask(hosts, functions, timeout):
    """
    Run ``{function: [arguments]}`` on hosts, and return ``{host: {function: result}}`` of those
    that answered.
    """
    # What the client prints, such as that no minion matches, is not part of the result.
    with contextlib.redirect_stdout(sys.stderr), _client() as client:
        found = client.cmd(
            list(hosts), list(functions), list(functions.values()), tgt_type="list", timeout=timeout
        )
    return {host: answer for host, answer in found.items() if isinstance(answer, dict)}


def _client():
    return salt.client.get_local_client(mopts=__opts__)


def _reason(answer):
    """
    Return one line of a failed function's text. A job of several functions returns a traceback; a
    job of one function returns the text, and its docstring if the arguments were wrong.
    """
    lines = str(answer).strip().splitlines() or ["no answer"]
    if lines[0].startswith("Traceback"):
        return lines[-1].partition("Error: ")[2] or lines[-1]
    return re.sub(r"^ERROR(: | executing '[^']*': )", "", lines[0])


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
        return [f"{lead} could not compare the nodes with pillar: {_reason(found)}"]
    lines = []
    for host, node in sorted(found.items()):
        lines += [f"{host}: {node['reason']}"] if node["reason"] else []
        lines += [f"{host}: {text}" for text in _differences(node["changes"])]
    return lines


def _cluster_drift(lead, found):
    """Return the settings of the cluster that differ from pillar."""
    if not isinstance(found, dict):
        return [f"{lead} could not compare the cluster's settings with pillar: {_reason(found)}"]
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


# --- nodes and tasks ------------------------------------------------------------------------------


def node_ls(*args, **kwargs):
    """
    Return the nodes in the columns of ``docker node ls``, from the first manager of pillar that
    answers.

    Arguments are those of the execution function ``swarm.node_ls``: ``server``, ``role``, ``state``,
    ``availability``, ``label``, ``engine_version``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.node_ls
        salt-run swarm.node_ls role=worker state=down
    """
    return _run(_of_a_manager, ("swarm.node_ls", args, kwargs), {})


def ps(*args, **kwargs):
    """
    Return the tasks of a node or a service in the columns of ``docker node ps`` and ``docker
    service ps``, from the first manager of pillar that answers.

    ref
        A node (full id or exact host name) or a service (full id or exact name).
    running
        ``True``: only tasks that shall run.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.ps web
    """
    return _run(_ps, args, kwargs)


def _ps(ref, running=False):
    return _of_a_manager("swarm.ps", [ref], {"running": running})


def ask(*args, **kwargs):
    """
    Run an execution function on one manager: the first of pillar that answers as one. Unlike a target of
    several minions, what changes something runs once.

    function
        Its name, such as ``swarm.service_scale``; its arguments follow.

    Returns ``{minion id: what the function returned}``. The exit code is 0; 1 where it failed or no manager
    answered, and then ``problems`` says why.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.ask swarm.service_scale web=3
    """
    return _run(_ask_one, args, kwargs)


def _ask_one(function, *args, **kwargs):
    managers = list(_known()["swarm"]["managers"])
    answers = _ask(managers, {"swarm.info": []}, ANSWER_SECONDS)
    found = {name: answers.get(name, {}).get("swarm.info") for name in managers}
    serving = [
        name for name, info in found.items() if isinstance(info, dict) and info["cluster_id"]
    ]
    if not serving:
        return _failed(
            PROBLEM, f"no manager of pillar answers in a swarm with a leader: {', '.join(managers)}"
        )
    with contextlib.redirect_stdout(sys.stderr), _client() as client:
        answer = client.cmd(
            serving[:1], function, list(args), tgt_type="list", kwarg=kwargs, full_return=True
        ).get(serving[0])
    if not isinstance(answer, dict) or answer.get("retcode"):
        reason = _reason(answer.get("ret") if isinstance(answer, dict) else answer)
        return _failed(PROBLEM, f"{serving[0]}: {reason}")
    return _ended({serving[0]: answer["ret"]}, FINE, "swarm_table")


def network_ls(*args, **kwargs):
    """
    The networks in the columns of ``docker network ls``, from the first manager of pillar that answers.

    name, scope, driver
        As for the execution function ``swarm.network_ls``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.network_ls scope=swarm
    """
    return _run(_of_a_manager, ("swarm.network_ls", args, kwargs), {})


def network_inspect(*args, **kwargs):
    """
    One network as the engine has it, from the first manager of pillar that answers.

    network
        Full id or exact name.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.network_inspect backend
    """
    return _run(_of_a_manager, ("swarm.network_inspect", args, kwargs, "nested"), {})


def network_usage(*args, **kwargs):
    """
    How many addresses of each network are in use, from the first manager of pillar that answers.

    name
        Only the network with exactly this name or id.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.network_usage
    """
    return _run(_of_a_manager, ("swarm.network_usage", args, kwargs), {})


def secret_ls(*args, **kwargs):
    """
    The secrets in the columns of ``docker secret ls``, from the first manager of pillar that answers.

    name, label
        As for the execution function ``swarm.secret_ls``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.secret_ls
    """
    return _run(_of_a_manager, ("swarm.secret_ls", args, kwargs), {})


def config_ls(*args, **kwargs):
    """
    The configs in the columns of ``docker config ls``, from the first manager of pillar that answers.

    name, label
        As for the execution function ``swarm.config_ls``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.config_ls label=owner=web
    """
    return _run(_of_a_manager, ("swarm.config_ls", args, kwargs), {})


def secret_inspect(*args, **kwargs):
    """
    One secret as the engine has it, without its content, from the first manager of pillar that answers.

    name
        As for the execution function ``swarm.secret_inspect``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.secret_inspect db_password
    """
    return _run(_of_a_manager, ("swarm.secret_inspect", args, kwargs, "nested"), {})


def config_inspect(*args, **kwargs):
    """
    One config as the engine has it, from the first manager of pillar that answers.

    name
        As for the execution function ``swarm.config_inspect``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.config_inspect nginx.conf
    """
    return _run(_of_a_manager, ("swarm.config_inspect", args, kwargs, "nested"), {})


def secret_users(*args, **kwargs):
    """
    The services that use a secret, or could be rolled back to it, from the first manager of pillar that answers.

    name
        As for the execution function ``swarm.secret_users``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.secret_users db_password
    """
    return _run(_of_a_manager, ("swarm.secret_users", args, kwargs), {})


def config_users(*args, **kwargs):
    """
    The services that use a config, or could be rolled back to it, from the first manager of pillar that answers.

    name
        As for the execution function ``swarm.config_users``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.config_users nginx.conf
    """
    return _run(_of_a_manager, ("swarm.config_users", args, kwargs), {})


def _of_a_manager(function, args, kwargs, outputter="swarm_table"):
    """Return the table of the first manager in the order of pillar that has one."""
    managers = list(_known()["swarm"]["managers"])
    kwargs = {key: value for key, value in kwargs.items() if not key.startswith("__")}
    with contextlib.redirect_stdout(sys.stderr), _client() as client:
        answers = client.cmd(managers, function, list(args), tgt_type="list", kwarg=kwargs)
    for name in managers:
        if isinstance(answers.get(name), (list, dict)):
            return _ended({name: answers[name]}, FINE, outputter)
    said = {name: _reason(answers[name]) for name in managers if name in answers}
    slips = [str(one).startswith(("ERROR executing", "Passed invalid")) for one in answers.values()]
    if slips and all(slips):
        raise _Slip(next(iter(said.values())))
    if not said:
        return _failed(PROBLEM, f"no manager of pillar answers: {', '.join(managers)}")
    if len(set(said.values())) == 1:
        return _failed(PROBLEM, *set(said.values()))
    return _failed(PROBLEM, *(f"{name}: {reason}" for name, reason in said.items()))
