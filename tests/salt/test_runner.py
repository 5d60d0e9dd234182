"""The runner: what an orchestration's test mode says, host by host, and how the swarm is."""

import json
import re
import traceback

import pytest
import rendered
import salt.client
import salt.loader
import salt.output
import salt.wheel
from fake_swarm import Cluster
from fleet import Job
from salt.exceptions import CommandExecutionError, SaltClientError, SaltInvocationError

PILLAR = {"swarm": {"managers": ["manager1", "manager2", "manager3"], "workers": ["worker*"]}}


@pytest.fixture
def runner(tmp_path):
    """Loads the runner; ``runner(**instead)`` gives its functions, with other ones it calls."""

    def load(**instead):
        opts = rendered.minion_opts(
            tmp_path, "master_master", runner_dirs=[str(rendered.STATES / "_runners")]
        )
        loader = salt.loader.runner(opts)
        loader["swarm.plan"].func.__globals__.update({"__context__": {}, **instead})
        return loader

    return load


def state(result, comment, changes=None, run=0, id_="docker-x"):
    return {
        "__id__": id_,
        "__run_num__": run,
        "name": id_,
        "result": result,
        "comment": comment,
        "changes": changes or {},
    }


def ran(*steps, **more):
    """What state.orchestrate returns: the one state of an orchestration, as swarm.orchestrated makes it."""
    own = {**state(True, "fine"), "steps": list(steps), "refused": {}, "notes": [], **more}
    return {
        "data": {"master_master": {"swarm_|-docker-x_|-docker-x_|-orchestrated": own}},
        "retcode": 0,
    }


def step(name, **hosts):
    return {"name": name, "hosts": hosts}


def call(loader, name, *args, **kwargs):
    """A function of the runner as salt-run calls it; what salt-run makes of its return."""
    globals_ = loader["swarm.plan"].func.__globals__
    found = globals_[name](*args, **kwargs)
    assert found["retcode"] == globals_["__context__"]["retcode"]
    assert "data" not in found, "salt-run would judge by that"
    assert "Traceback" not in str(found)
    return found


def planned(runner, answer, *args, drift=None, **kwargs):
    asked = []

    def orchestrate(mods, **given):
        asked.append((mods, given))
        return answer

    instead = {"state.orchestrate": orchestrate}
    loader = runner(__salt__=instead, _engines=lambda: drift or {})
    return call(loader, "plan", *args, **kwargs), asked


PREDICTED = ran(
    step(
        "release",
        manager1={
            "a": state(True, "fine"),
            "b": state(
                None,
                "would be drained",
                {"worker2 (n2)": {"availability": {"old": "active", "new": "drain"}}},
            ),
        },
        worker2=False,
    ),
    step("delete", manager1={"c": state(None, "would go", {"n2": {"old": "worker2", "new": ""}})}),
    result=None,
)
REASONS = {"manager1": ["the cluster has no leader"], "worker3": ["its minion did not answer"]}
REFUSED = ran(
    step("release", manager1={"a": state(False, "the cluster has no leader")}, worker3=False),
    result=False,
    refused=REASONS,
    notes=["an even number of managers"],
)


def test_drift_is_listed_after_the_changes(runner):
    """It is not a change, so no step returns it: the hosts are asked."""
    line = "docker-ce is 5:26.1.0, pillar says 5:28.5.2 (not changed: this host is a member of a swarm)"
    drift = {"manager1": [line], "worker1": [line]}
    told = [f"manager1: {line}", f"worker1: {line}"]
    changed = state(None, "would be made", {"swarm": {"old": "", "new": "manager"}})
    answer = ran(step("cluster", manager1={"a": changed}), result=None)
    found, _ = planned(runner, answer, drift=drift)
    assert found["lines"] == ["manager1: swarm: gone -> manager", *told]
    assert found["possible"] and found["drift"] == drift and found["retcode"] == 0
    found, _ = planned(runner, ran(), drift=drift)
    assert found["lines"] == ["docker.bootstrap would change nothing", *told]
    found, _ = planned(runner, REFUSED, drift=drift, data=True)
    assert found["drift"] == {}


def test_for_people(runner, capsys):
    found, asked = planned(runner, PREDICTED, "remove", swarm_hosts=["worker2"], __pub_jid=1)
    assert found["lines"] == [
        "manager1: worker2 (n2): availability active -> drain",
        "manager1: n2: worker2 -> gone",
    ]
    assert (found["retcode"], found["outputter"]) == (0, "swarm_report")
    assert asked == [("docker.remove", {"test": True, "pillar": {"swarm_hosts": ["worker2"]}})]
    out, err = capsys.readouterr()
    assert out == "", "stdout is for the result"
    assert err == "docker.remove in test mode: each step asks its hosts\n"


def test_as_data(runner):
    found, _ = planned(runner, PREDICTED, "remove", data=True)
    assert found["possible"] is True and found["refused"] == {}
    assert [(one["step"], one["comment"]) for one in found["hosts"]["manager1"]] == [
        ("release", "would be drained"),
        ("delete", "would go"),
    ]
    assert "lines" not in found and "outputter" not in found


def test_a_refusal(runner):
    found, asked = planned(runner, REFUSED)
    assert (found["possible"], found["retcode"]) == (False, 1)
    assert found["refused"] == REASONS and found["hosts"] == {}
    assert found["lines"] == [
        "docker.bootstrap would stop:",
        "an even number of managers",
        "manager1: the cluster has no leader",
        "worker3: its minion did not answer",
    ]
    assert asked[0][0] == "docker.bootstrap"


def test_a_refusal_without_reasons_says_its_comment(runner):
    found, _ = planned(runner, ran(result=False, comment="the state is not there"))
    assert found["lines"] == ["docker.bootstrap would stop:", "bootstrap: the state is not there"]


def test_notes_come_before_what_would_change(runner):
    found, _ = planned(runner, ran(notes=["an even number of managers"]))
    assert found["lines"] == ["an even number of managers", "docker.bootstrap would change nothing"]


def test_nothing_to_do(runner):
    found, _ = planned(runner, ran())
    assert (found["lines"], found["retcode"]) == (["docker.bootstrap would change nothing"], 0)


def test_an_sls_that_does_not_render(runner):
    answer = {"data": {"master_master": ["Rendering SLS failed"]}}
    found, _ = planned(runner, answer)
    assert (found["lines"][-1], found["retcode"]) == ("bootstrap: Rendering SLS failed", 1)


@pytest.mark.parametrize(
    "args, kwargs, text",
    [
        (["upgrade"], {}, "unknown orchestration 'upgrade' (valid: bootstrap, remove,"),
        ([["remove"]], {}, "unknown orchestration ['remove'] (valid: bootstrap"),
        (["remove"], {"hosts": "x"}, "docker.remove does not take hosts (valid: swarm_hosts)"),
        ([], {"swarm_hosts": "x"}, "docker.bootstrap does not take swarm_hosts (it takes none)"),
        (["remove"], {"swarm": {"managers": ["x"]}}, "docker.remove does not take swarm (valid:"),
        (["remove"], {"pillar": "x"}, "pillar must be a dictionary, not 'x'"),
        (["remove"], {"pillar": {1: "x"}}, "docker.remove does not take 1 (valid: swarm_hosts)"),
        (["remove", True, "base", "x"], {}, "too many positional arguments (arguments: "),
    ],
)
def test_a_wrong_argument_of_a_plan(runner, args, kwargs, text):
    """It is one line, and no orchestration runs."""
    found, asked = planned(runner, PREDICTED, *args, **kwargs)
    (problem,) = found["problems"]
    assert problem.startswith(text) and "\n" not in problem
    assert (found["retcode"], asked) == (2, [])


GIVEN = [
    ("bootstrap", {}),
    ("docker.remove", {"swarm_hosts": ["worker2"]}),
    ("replace", {"swarm_replace": {"worker2": "worker9"}}),
    (
        "rotate",
        {"swarm_rotate": ["ca"], "swarm_rotate_key": "1", "swarm_unlock_key": {"file": "/x"}},
    ),
    ("teardown", {"swarm_teardown": "c1"}),
    ("recover", {"swarm_recover": "manager2", "swarm_confirm": "n2"}),
]


@pytest.mark.parametrize("name, pillar", GIVEN)
def test_what_each_orchestration_takes_is_passed_on(runner, name, pillar):
    for given in (pillar, {"pillar": pillar}):
        found, asked = planned(runner, PREDICTED, name, saltenv="prod", **given)
        name = name.removeprefix("docker.")
        assert asked == [(f"docker.{name}", {"test": True, "saltenv": "prod", "pillar": pillar})], (
            found
        )


def test_an_orchestration_takes_what_its_sls_reads(runner):
    """The runner's table and the files agree."""
    table = runner()["swarm.plan"].func.__globals__["ORCHESTRATIONS"]
    folder = rendered.STATES / "docker"
    own = {"swarm_run", "swarm_facts"}
    for name, known in table.items():
        read = set(re.findall(r"\bswarm_[a-z_]+\b", (folder / f"{name}.sls").read_text()))
        assert read - own <= set(known), name
    files = [*folder.glob("*.*"), rendered.STATES / "_modules/swarm_schema.py"]
    anywhere = " ".join(path.read_text() for path in files).replace('"', "'")
    for known in table.values():
        assert all(f"pillar.get('{key}')" in anywhere for key in known), known


# --- status ---------------------------------------------------------------------------------------


def accept(monkeypatch, minions, keyless=()):
    """Let the master have accepted the keys of these minions, but not of those without a key."""

    class Wheel:
        functions = ()

        def __init__(self, opts):
            pass

        def cmd(self, function, arg, **_):
            assert function == "key.print" and isinstance(arg[0], list)
            return {"return": {"minions": dict.fromkeys(set(minions) - set(keyless), "key")}}

    monkeypatch.setattr(salt.wheel, "WheelClient", Wheel)


def status(runner, fleet, monkeypatch, pillar=None, function="status", args=(), **kwargs):
    """swarm.status on the minions of a fleet, whose own pillar is older than the master's."""
    if pillar is None:
        pillar = {"swarm": {**fleet.pillar, **PILLAR["swarm"], "tls": {"key": "/not sent"}}}
    now = {key: fleet.pillar.pop(key) for key in set(fleet.pillar) - set(PILLAR["swarm"])}

    class Local:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def cmd(self, hosts, functions, arguments, tgt_type, timeout=None, kwarg=None):
            assert tgt_type == "list" and "not sent" not in repr(arguments)
            # As Salt's client, of which nothing may come between the lines of JSON.
            print("what the client has to say")
            found = {}
            if isinstance(functions, str):
                return self._one(hosts, functions, arguments, kwarg)
            for host in hosts:
                if host in fleet.minions and host not in fleet.down:
                    job = fleet[host].job()
                    job.replace("swarm.certificate", lambda: dict(fleet.certificate))
                    found[host] = {
                        one: self._call(job, one, given)
                        for one, given in zip(functions, arguments, strict=True)
                    }
            return found

        def _one(self, hosts, function, arguments, kwarg):
            """A job of one function: what a minion says of an error is its text."""
            found = {}
            for host in hosts:
                if host in fleet.minions and host not in fleet.down:
                    try:
                        found[host] = fleet[host].job().salt[function](*arguments, **kwarg)
                    except SaltInvocationError as exc:
                        found[host] = f"ERROR executing '{function}': {exc}"
                    except CommandExecutionError as exc:
                        found[host] = f"ERROR: {exc}"
                    except TypeError as exc:
                        found[host] = f"Passed invalid arguments to {function}: {exc}\n\n    docs"
            return found

        def _call(self, job, function, given):
            try:
                # Salt adds its own to the arguments, where a function takes any.
                own = {"__pub_jid": "1"} if function == "swarm_drift.cluster_drift" else {}
                return job.salt[function](*given, **own)
            except Exception:
                # As a minion's job of several functions.
                return traceback.format_exc()

    monkeypatch.setattr(salt.client, "get_local_client", lambda **_: Local())
    accept(monkeypatch, fleet.minions, fleet.keyless)
    loader = runner(__salt__={"pillar.show_pillar": lambda minion: pillar})
    found = call(loader, function, *args, **kwargs)
    fleet.pillar.update(now)
    return found


@pytest.fixture
def formed(fleet):
    fleet.form()
    fleet.certificate = {"until": "2027-01-01T00:00:00Z", "days_left": 0, "overdue": False}
    fleet.keyless = set()
    return fleet


def test_all_is_well(runner, formed, monkeypatch):
    found = status(runner, formed, monkeypatch)
    assert found["problems"] == []
    assert found["cluster"] in formed.clusters()
    assert found["leader"] == "manager1"
    assert found["quorum"] == {"managers": 3, "reachable": 3, "needed": 2, "losses": 1}
    assert found["nodes"] == {"ready": 5}
    assert list(found["versions"]) == ["26.1.5"]
    assert set(found["certificates"].values()) == {"2027-01-01T00:00:00Z"}
    assert "SWMTKN" not in str(found)


def silent_minion(fleet):
    fleet.down.add("worker1")


def dead_manager(fleet):
    fleet["manager3"].machine.docker = "stopped"


def left(fleet):
    fleet["worker2"].machine.wipe()


def wrong_role(fleet):
    fleet["manager1"].machine.do_node_update(fleet["manager1"].core, "worker1", {"Role": "manager"})


def another_version(fleet):
    next(iter(fleet["manager1"].machine.cluster.nodes.values()))["engine_version"] = "20.10.24"


def certificate(fleet):
    fleet.certificate["overdue"] = True


def no_key(fleet):
    fleet.keyless = {"manager3"}


def stopped_worker(fleet):
    fleet["worker1"].machine.docker = "stopped"


def record_gone(fleet):
    del fleet["manager1"].machine.cluster.nodes[fleet["worker1"].machine.node_id]


def no_quorum(fleet):
    for name in ("manager2", "manager3"):
        fleet[name].machine.docker = "stopped"


def nothing(fleet):
    for minion in fleet.minions.values():
        minion.machine.wipe()


def two_swarms(fleet):
    fleet["manager3"].machine.wipe()
    Cluster(fleet.network).add(fleet["manager3"].machine, "manager", "drain")


def failed_join(fleet):
    """A join that failed left its record."""
    cluster = fleet["manager1"].machine.cluster
    node = cluster.nodes[fleet["worker1"].machine.node_id]
    cluster.nodes["failed"] = dict(node, id="failed", hostname="", addr="", engine_version="")


PROBLEMS = [
    (silent_minion, "worker1: its minion does not answer"),
    (dead_manager, "no manager may fail"),
    (dead_manager, "is a manager, but unreachable"),
    (no_key, "no accepted key on this master for manager3"),
    (stopped_worker, "docker does not answer on worker1: "),
    (stopped_worker, "worker1 (node"),
    (record_gone, "worker1 is not in the node list: the managers removed its node"),
    (left, "worker2 is in no swarm"),
    (left, "worker2 (node"),
    (wrong_role, "worker1 is a manager, pillar says worker"),
    (another_version, "engines differ: 20.10.24, 26.1.5"),
    (failed_join, "no name (failed) is down"),
    (certificate, "its certificate ends 2027-01-01T00:00:00Z and was not renewed in time"),
    (no_quorum, "the cluster of manager1 has no leader"),
    (nothing, "no manager of pillar is in a swarm"),
    (two_swarms, "managers are in different swarms"),
]


@pytest.mark.parametrize("case, text", PROBLEMS)
def test_problems(runner, formed, monkeypatch, case, text):
    case(formed)
    found = status(runner, formed, monkeypatch)
    assert text in "\n".join(found["problems"])
    assert "" not in found["versions"]
    assert found["retcode"] == 1 and next(iter(found)) == "problems"


@pytest.mark.parametrize("managers", [1, 2])
def test_a_swarm_of_one_or_two_managers_is_well(runner, make_fleet, monkeypatch, managers):
    fleet = make_fleet(managers=managers, workers=1).form()
    fleet.certificate, fleet.keyless = {}, set()
    pillar = {"swarm": {"managers": list(fleet.pillar["managers"]), "workers": ["worker*"]}}
    found = status(runner, fleet, monkeypatch, pillar=pillar)
    assert (found["quorum"]["losses"], found["problems"], found["retcode"]) == (0, [], 0)


def test_a_node_that_is_down_is_not_said_to_be_missing(runner, formed, monkeypatch):
    stopped_worker(formed)
    text = "\n".join(status(runner, formed, monkeypatch)["problems"])
    assert "not in the node list" not in text and "in no swarm" not in text
    assert text.count("worker1") == 2, text


def test_a_silent_host_is_named_once(runner, formed, monkeypatch):
    silent_minion(formed)
    (problem,) = status(runner, formed, monkeypatch)["problems"]
    assert problem.startswith("worker1: its minion does not answer")


def test_a_worker_without_a_key_is_named_if_pillar_names_it(runner, formed, monkeypatch):
    swarm = {**PILLAR["swarm"], "workers": ["worker1", "worker2", "worker9", "w?rker8", "x*"]}
    found = status(runner, formed, monkeypatch, pillar={"swarm": swarm})
    (problem,) = [one for one in found["problems"] if "worker9" in one]
    assert problem.startswith("no accepted key on this master for worker9")
    assert found["retcode"] == 1


def test_a_certificate_of_an_hour_is_no_problem_for_its_first_minutes(runner, formed, monkeypatch):
    """It has no day left, and is renewed in time."""
    assert formed.certificate["days_left"] == 0
    assert status(runner, formed, monkeypatch)["problems"] == []


@pytest.mark.parametrize(
    "kwargs, text",
    [
        ({"timout": 3}, "got an unexpected keyword argument 'timout' (arguments: timeout)"),
        ({"args": [1, 2]}, "too many positional arguments (arguments: timeout)"),
        ({"timeout": "5m"}, "timeout must be a number of seconds above 0, not '5m'"),
        ({"timeout": -1}, "timeout must be a number of seconds above 0, not -1"),
        ({"timeout": True}, "timeout must be a number of seconds above 0, not True"),
    ],
)
def test_a_wrong_argument_of_status(runner, formed, monkeypatch, kwargs, text):
    found = status(runner, formed, monkeypatch, **kwargs)
    assert (found["problems"], found["retcode"]) == ([text], 2)


def test_a_master_that_does_not_answer_is_one_line(runner, formed, monkeypatch):
    def refuse(**_):
        raise SaltClientError("Salt request timed out. The master\nis not responding.")

    ask = status(runner, formed, monkeypatch)
    assert ask["retcode"] == 0
    loader = runner(__salt__={"pillar.show_pillar": lambda minion: PILLAR}, _client=refuse)
    found = call(loader, "status")
    assert found["problems"] == [
        "Salt reports: Salt request timed out. The master is not responding."
    ]
    assert found["retcode"] == 2


def test_an_answer_that_is_no_data_is_no_answer(runner, formed, monkeypatch):
    """Such as of a minion that could not run the job at all."""

    class Local:
        def __enter__(self):
            return self

        def __exit__(*_):
            return None

        def cmd(self, hosts, *_, **__):
            return dict.fromkeys(hosts, "ERROR: busy")

    status(runner, formed, monkeypatch)
    loader = runner(__salt__={"pillar.show_pillar": lambda minion: PILLAR}, _client=Local)
    found = call(loader, "status")
    assert "worker1: its minion does not answer, or has no swarm module" in found["problems"]


# --- tables ---------------------------------------------------------------------------------------


def table(runner, fleet, monkeypatch, function, *args, **kwargs):
    return status(runner, fleet, monkeypatch, function=function, args=args, **kwargs)


def test_nodes_by_the_first_manager_that_answers(runner, formed, monkeypatch):
    found = table(runner, formed, monkeypatch, "node_ls", role="worker")
    assert [row["HOSTNAME"] for row in found["manager1"]] == ["worker1", "worker2"]
    assert (found["retcode"], found["outputter"]) == (0, "swarm_table")
    formed.down.add("manager1")
    formed["manager2"].machine.wipe()
    found = table(runner, formed, monkeypatch, "node_ls", __pub_jid="1")
    assert set(found) == {"manager3", "retcode", "outputter"}
    assert len(found["manager3"]) == 5


@pytest.mark.parametrize(
    "args, kwargs, text",
    [
        ([], {"role": "mangler"}, "no role is called mangler; there are worker, manager"),
        (list("1234567"), {}, "Passed invalid arguments to swarm.node_ls: "),
    ],
)
def test_a_wrong_argument_of_node_ls(runner, formed, monkeypatch, args, kwargs, text):
    """All managers say the same: it is one line."""
    found = table(runner, formed, monkeypatch, "node_ls", *args, **kwargs)
    (problem,) = found["problems"]
    assert problem.startswith(text) and "\n" not in problem and found["retcode"] == 2


def test_no_manager_with_a_node_list(runner, formed, monkeypatch):
    formed.down.update(["manager1", "manager2", "manager3"])
    found = table(runner, formed, monkeypatch, "node_ls")
    assert found["problems"] == ["no manager of pillar answers: manager1, manager2, manager3"]
    formed.down.clear()
    nothing(formed)
    found = table(runner, formed, monkeypatch, "node_ls")
    assert (found["problems"], found["retcode"]) == (["this host is not in a swarm"], 1)


def test_networks_by_a_manager(runner, formed, monkeypatch):
    network = {"Id": "n1", "Name": "backend", "Driver": "overlay", "Scope": "swarm"}
    for name in ("manager1", "manager2", "manager3"):
        machine = formed[name].machine
        machine.do_object_list = lambda core, kind, **_: [network]
        machine.do_object_inspect = lambda core, kind, ref, **_: network
        machine.do_network_usage = lambda core, **_: []
    found = table(runner, formed, monkeypatch, "network_ls", scope="swarm")
    assert [row["NAME"] for row in found["manager1"]] == ["backend"]
    assert (found["retcode"], found["outputter"]) == (0, "swarm_table")
    found = table(runner, formed, monkeypatch, "network_inspect", "backend")
    assert (found["manager1"], found["outputter"]) == (network, "nested")
    assert table(runner, formed, monkeypatch, "network_usage")["manager1"] == []


@pytest.mark.parametrize("kind", ["secret", "config"])
def test_secrets_and_configs_by_a_manager(runner, formed, monkeypatch, kind):
    found = {"ID": "x1", "Spec": {"Name": "db", "Labels": {}}}
    user = {"service": "web", "service_id": "s1", "id": "x1", "name": "db", "spec": "both"}
    for name in ("manager1", "manager2", "manager3"):
        machine = formed[name].machine
        machine.do_object_list = lambda core, kind, **_: [found]
        machine.do_versioned_users = lambda core, kind, ref, **_: [user]
    rows = table(runner, formed, monkeypatch, f"{kind}_ls")
    assert [row["NAME"] for row in rows["manager1"]] == ["db"]
    assert (rows["retcode"], rows["outputter"]) == (0, "swarm_table")
    one = table(runner, formed, monkeypatch, f"{kind}_inspect", "db")
    assert (one["manager1"], one["outputter"]) == (found, "nested")
    users = table(runner, formed, monkeypatch, f"{kind}_users", "db")["manager1"]
    assert users == [{"SERVICE": "web", "VERSION": "db", "SPEC": "both"}]


def test_tasks_by_a_manager(runner, formed, monkeypatch):
    for name in ("manager1", "manager2", "manager3"):
        formed[name].machine.do_call = lambda core, op, **_: []
    found = table(runner, formed, monkeypatch, "ps", "worker1", running=True)
    assert (found["manager1"], found["retcode"]) == ({"of": "node worker1", "rows": []}, 0)
    found = table(runner, formed, monkeypatch, "ps")
    assert found["problems"] == ["missing a required argument: 'ref' (arguments: ref, running)"]
    assert found["retcode"] == 2


# --- what salt-run prints ---------------------------------------------------------------------------


def printed(tmp_path, found, **opts):
    """As salt-run prints what a runner returned."""
    opts = rendered.minion_opts(tmp_path, **opts)
    out = found.get("outputter")
    return salt.output.string_format(found, out, opts)


def test_a_healthy_swarm_ends_with_the_line_that_says_so(runner, formed, monkeypatch, tmp_path):
    found = status(runner, formed, monkeypatch)
    lines = printed(tmp_path, found).split("\n")
    assert "problems" not in lines[0]
    assert lines[-1] == "healthy: 5 nodes, all of them ready and as pillar says"
    assert "managers:     3, 3 reachable, 2 needed, 1 may fail" in lines
    assert "certificates: the first one ends 2027-01-01T00:00:00Z (manager1)" in lines


def test_problems_come_first(runner, formed, monkeypatch, tmp_path):
    dead_manager(formed)
    found = status(runner, formed, monkeypatch)
    lines = printed(tmp_path, found).split("\n")
    count = len(found["problems"])
    assert lines[: count + 1] == ["problems:", *(f"    {one}" for one in found["problems"])]
    assert lines[-1] == f"{count} problems, named above"


def test_a_slip_is_all_that_is_printed(runner, formed, monkeypatch, tmp_path):
    found = status(runner, formed, monkeypatch, timeout="x")
    assert printed(tmp_path, found) == "timeout must be a number of seconds above 0, not 'x'"


def test_json_is_json(runner, formed, monkeypatch, tmp_path, capsys):
    found = status(runner, formed, monkeypatch)
    assert json.loads(printed(tmp_path, found, output="json")) == found
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 4, "two steps, and two lines of the client"


def test_a_plan_is_printed_as_its_lines(runner, tmp_path):
    found, _ = planned(runner, REFUSED)
    assert printed(tmp_path, found) == "\n".join(found["lines"])


def test_a_table_of_the_runner_is_that_of_its_manager(runner, formed, monkeypatch, tmp_path):
    found = table(runner, formed, monkeypatch, "node_ls", "worker1")
    lines = printed(tmp_path, found).split("\n")
    assert len(lines) == 3 and lines[0] == "manager1:" and "worker1" in lines[2]


# --- drift against pillar -------------------------------------------------------------------------


def test_drift_of_an_engine(runner, formed, monkeypatch, tmp_path):
    """What the host says of its own engine, whether or not there is a leader."""
    line = "docker-ce is 5:26.1.0, pillar says 5:28.5.2 (not changed: this host is a member of a swarm)"
    monkeypatch.setattr(Job, "drift", {"worker2": [line], "manager1": [line]}, raising=False)
    prepare = Job._prepare

    def with_drift(self, loader):
        prepare(self, loader)
        loader["swarm_engine.drift"] = lambda known=False, fresh=False: (
            self.drift.get(self.minion.id, []) if fresh and not known else []
        )

    monkeypatch.setattr(Job, "_prepare", with_drift)
    found = status(runner, formed, monkeypatch)
    assert found["drift"] == {"manager1": [line], "worker2": [line]}
    assert (found["problems"], found["retcode"]) == ([], 0), "nobody is to do anything"
    lines = printed(tmp_path, found).split("\n")
    assert lines[-4:] == [
        "engines that differ from pillar:",
        f"    manager1: {line}",
        f"    worker2: {line}",
        "healthy: 5 nodes, all of them ready; the engines of 2 hosts differ from pillar",
    ]
    no_quorum(formed)
    assert status(runner, formed, monkeypatch)["drift"]["worker2"] == [line]


def problems(runner, fleet, monkeypatch):
    return status(runner, fleet, monkeypatch)["problems"]


def node_of(fleet, name):
    return fleet["manager1"].machine.cluster.nodes[fleet[name].machine.node_id]


def test_drift_of_nodes(runner, formed, monkeypatch):
    formed.pillar["nodes"] = {
        "worker1": {"labels": {"disk": "nvme", "rack": 7, "old": None}},
        "worker2": {"availability": "pause"},
        "worker9": {"labels": {"a": "b"}},
    }
    node_of(formed, "worker1")["labels"] = {"disk": "ssd", "old": "1", "other": "x"}
    assert problems(runner, formed, monkeypatch) == [
        "pillar swarm:nodes 'worker9' matches no host (did you mean 'worker2'?)",
        "worker1: label disk is ssd, pillar says nvme",
        "worker1: label old is 1, pillar says not there",
        "worker1: label rack is not there, pillar says 7",
        "worker2: availability is active, pillar says pause",
    ]


def test_drift_is_what_the_state_would_change(runner, formed, monkeypatch):
    """Also of a host whose published facts are older than its node: its own word counts."""
    formed.pillar["nodes"] = {"worker*": {"labels": {"zone": "a"}}}
    for name in formed.minions:
        formed[name].job().state("published")
    formed["worker1"].machine.wipe()
    formed["manager1"].machine.cluster.add(formed["worker1"].machine, "worker", "drain")
    found = problems(runner, formed, monkeypatch)
    assert "worker1: label zone is not there, pillar says a" in found
    formed["worker1"].job().state("published")
    assert formed["manager1"].job().state("nodes_by_pillar")["result"] is True
    assert not [one for one in problems(runner, formed, monkeypatch) if "pillar says" in one]


def test_drift_of_settings(runner, formed, monkeypatch):
    formed.pillar.update(
        cluster={"node_cert_expiry": "30d", "heartbeat_period": "5s", "labels": {"site": "north"}},
        address_pool=["10.20.0.0/16"],
        subnet_size=24,
    )
    assert problems(runner, formed, monkeypatch) == [
        "cluster: node_cert_expiry is 90d, pillar says 30d",
        "cluster: label site is not there, pillar says north",
        "cluster: default_addr_pool is ['10.0.0.0/8'], pillar says ['10.20.0.0/16'], and only a new"
        " cluster can have that",
    ]
    formed["manager1"].job().state("settings_by_pillar")
    assert len(problems(runner, formed, monkeypatch)) == 1


@pytest.mark.parametrize(
    ("pillar", "line"),
    [
        (
            {"nodes": ["worker1"]},
            "pillar swarm:nodes must be a dictionary (minion id or pattern to settings of its node)",
        ),
        (
            {"nodes": {"worker1": {"labels": {"ssd": True}}}},
            "pillar swarm:nodes:worker1:labels: label 'ssd' must be a string or integer, not True",
        ),
        (
            {"cluster": {"node_cert_expry": "30d"}},
            "unknown key 'node_cert_expry' under swarm:cluster (did you mean 'node_cert_expiry'?)",
        ),
    ],
)
def test_a_slip_in_pillar_is_one_line(runner, formed, monkeypatch, pillar, line):
    formed.pillar.update(pillar)
    (found,) = problems(runner, formed, monkeypatch)
    assert found.startswith(line) and "\n" not in found


def test_without_pillar(runner, formed, monkeypatch):
    found = status(runner, formed, monkeypatch, pillar={})
    (line,) = found["problems"]
    assert "names no manager for master_master" in line


@pytest.mark.parametrize(
    "swarm, text",
    [
        ("manager1", "pillar swarm must be a dictionary"),
        ({"managers": "manager1"}, "pillar swarm:managers must be a list of minion ids"),
        ({"managers": ["manager1"], "workers": "worker*"}, "pillar swarm:workers must be a list"),
    ],
)
def test_status_with_pillar_of_another_form(runner, monkeypatch, swarm, text):
    """A string instead of a list would ask for its letters, and * for every minion."""
    accept(monkeypatch, ["manager1"])
    ask = {"pillar.show_pillar": lambda minion: {"swarm": swarm}}
    found = call(runner(__salt__=ask), "status")
    (problem,) = found["problems"]
    assert text in problem and found["retcode"] == 2
