"""The runner: what an orchestration's test mode says, host by host, and how the swarm is."""

import traceback

import pytest
import salt.client
import salt.loader
import salt.wheel

import rendered
from fake_swarm import Cluster
from fleet import Job

PILLAR = {"swarm": {"managers": ["manager1", "manager2", "manager3"], "workers": ["worker*"]}}


@pytest.fixture
def runner(tmp_path):
    """Loads the runner; ``runner(**instead)`` gives its functions, with other ones it calls."""

    def load(**instead):
        opts = rendered.minion_opts(
            tmp_path, "master_master", runner_dirs=[str(rendered.STATES / "_runners")]
        )
        loader = salt.loader.runner(opts)
        events = []

        class Events:
            def fire_event(self, data, suffix):
                assert suffix == "progress" and data["message"]
                events.append(data["message"])

        loader["swarm.plan"].func.__globals__.update(__jid_event__=Events(), **instead)
        loader.events = events
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


def ran(*steps):
    """What state.orchestrate returns."""
    states = {f"salt_|-{n}_|-x_|-state": dict(one, __run_num__=n) for n, one in enumerate(steps)}
    return {"data": {"master_master": states}, "retcode": 0}


def on_hosts(**hosts):
    return {"out": "highstate", "ret": hosts}


def planned(runner, answer, *args, drift=None, **kwargs):
    asked = []

    def orchestrate(mods, **given):
        asked.append((mods, given))
        return answer

    loader = runner()
    globals_ = loader["swarm.plan"].func.__globals__
    globals_["__salt__"] = {"state.orchestrate": orchestrate}
    globals_["_engines"] = lambda: drift or {}
    found = globals_["plan"](*args, **kwargs)
    assert loader.events, "it says what it is about"
    return found, asked


PREDICTED = ran(
    state(True, "States ran successfully.", id_="ready"),
    state(
        None,
        "Updating manager1.",
        on_hosts(
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
        id_="release",
    ),
    state(
        None,
        "Updating manager1.",
        on_hosts(manager1={"c": state(None, "would go", {"n2": {"old": "worker2", "new": ""}})}),
        id_="delete",
    ),
)
REFUSED = ran(
    state(
        False,
        "Run failed on minions: manager1, worker1",
        on_hosts(
            manager1={
                "a": state(False, "the cluster has no leader"),
                "b": state(False, "One or more requisite failed: a"),
            },
            worker1=['The function "state.sls" is running as PID 1'],
            worker3=False,
        ),
    ),
    state(False, "One or more requisite failed: docker.remove.ready", id_="later"),
)


def test_drift_is_listed_after_the_changes(runner):
    """It is not a change, so no step returns it: the hosts are asked."""
    line = "docker-ce is 5:26.1.0, pillar says 5:28.5.2 (not changed: this host is a member of a swarm)"
    drift = {"manager1": [line], "worker1": [line]}
    changed = state(None, "would be made", {"swarm": {"old": "", "new": "manager"}})
    answer = ran(state(True, "done", on_hosts(manager1={"a": changed})))
    lines, _ = planned(runner, answer, drift=drift)
    assert lines == ["manager1: swarm: gone -> manager", f"manager1: {line}", f"worker1: {line}"]
    found, _ = planned(runner, answer, drift=drift, data=True)
    assert found["possible"] and found["drift"] == drift
    lines, _ = planned(runner, ran(state(True, "fine")), drift=drift)
    assert lines == ["docker.bootstrap would change nothing", f"manager1: {line}", f"worker1: {line}"]
    found, _ = planned(runner, REFUSED, drift=drift, data=True)
    assert found["drift"] == {}


def test_for_people(runner):
    lines, asked = planned(runner, PREDICTED, "remove", swarm_hosts=["worker2"], __pub_jid=1)
    assert lines == [
        "manager1: worker2 (n2): availability active -> drain",
        "manager1: n2: worker2 -> gone",
    ]
    assert asked == [("docker.remove", {"test": True, "pillar": {"swarm_hosts": ["worker2"]}})]


def test_as_data(runner):
    found, _ = planned(runner, PREDICTED, "remove", data=True)
    assert found["possible"] is True and found["refused"] == {}
    assert [(one["step"], one["comment"]) for one in found["hosts"]["manager1"]] == [
        ("release", "would be drained"),
        ("delete", "would go"),
    ]


def test_a_refusal(runner):
    found, _ = planned(runner, REFUSED, data=True)
    assert found["possible"] is False
    assert found["refused"] == {
        "manager1": ["the cluster has no leader"],
        "worker1": ['The function "state.sls" is running as PID 1'],
        "worker3": ["its minion did not answer"],
    }
    lines, asked = planned(runner, REFUSED)
    assert lines[0] == "docker.bootstrap would stop:"
    assert "manager1: the cluster has no leader" in lines
    assert asked[0][0] == "docker.bootstrap"


def test_a_refusal_of_the_orchestration_itself(runner):
    refusal = dict(state(False, "If we weren't testing"), name="pillar names no manager")
    lines, _ = planned(runner, ran(refusal))
    assert lines == ["docker.bootstrap would stop:", "docker-x: pillar names no manager"]


def test_nothing_to_do(runner):
    lines, _ = planned(runner, ran(state(True, "fine")))
    assert lines == ["docker.bootstrap would change nothing"]


def test_an_sls_that_does_not_render(runner):
    answer = {"data": {"master_master": ["Rendering SLS failed"]}}
    lines, _ = planned(runner, answer)
    assert lines[-1] == "bootstrap: Rendering SLS failed"


def test_an_unknown_orchestration(runner):
    found = runner()["swarm.plan"]("upgrade")
    assert len(found) == 1 and "there are bootstrap, remove" in found[0]


# --- status ---------------------------------------------------------------------------------------


def accept(monkeypatch, minions):
    """Let the master have accepted the keys of these."""

    class Wheel:
        functions = ()

        def __init__(self, opts):
            pass

        def cmd(self, function, arg, **_):
            assert function == "key.print" and isinstance(arg[0], list)
            return {"return": {"minions": dict.fromkeys(minions, "key")}}

    monkeypatch.setattr(salt.wheel, "WheelClient", Wheel)


def status(runner, fleet, monkeypatch, pillar=None):
    """swarm.status on the minions of a fleet, whose own pillar is older than the master's."""
    if pillar is None:
        pillar = {"swarm": {**fleet.pillar, **PILLAR["swarm"], "tls": {"key": "/not sent"}}}
    now = {key: fleet.pillar.pop(key) for key in set(fleet.pillar) - set(PILLAR["swarm"])}

    class Local:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def cmd(self, hosts, functions, arguments, tgt_type, timeout):
            assert tgt_type == "list" and "not sent" not in repr(arguments)
            found = {}
            for host in hosts:
                if host in fleet.minions and host not in fleet.down:
                    job = fleet[host].job()
                    job.replace("swarm.certificate", lambda: dict(fleet.certificate))
                    found[host] = {
                        one: self._call(job, one, given)
                        for one, given in zip(functions, arguments, strict=True)
                    }
            return found

        def _call(self, job, function, given):
            try:
                # Salt adds its own to the arguments, where a function takes any.
                own = {"__pub_jid": "1"} if function == "swarm.cluster_drift" else {}
                return job.salt[function](*given, **own)
            except Exception:
                # As a minion's job of several functions.
                return traceback.format_exc()

    monkeypatch.setattr(salt.client, "get_local_client", lambda **_: Local())
    accept(monkeypatch, fleet.minions)
    loader = runner(__salt__={"pillar.show_pillar": lambda minion: pillar})
    found = loader["swarm.plan"].func.__globals__["status"]()
    fleet.pillar.update(now)
    return found


@pytest.fixture
def formed(fleet):
    fleet.form()
    fleet.certificate = {"until": "2027-01-01T00:00:00Z", "days_left": 60}
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
    fleet["manager1"].machine.do_node_update(
        fleet["manager1"].core, "worker1", {"Role": "manager"}
    )


def another_version(fleet):
    next(iter(fleet["manager1"].machine.cluster.nodes.values()))["engine_version"] = "20.10.24"


def certificate(fleet):
    fleet.certificate["days_left"] = 3


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
    (left, "worker2 is not in the node list (inactive)"),
    (left, "worker2 (node"),
    (wrong_role, "worker1 is a manager, pillar says worker"),
    (another_version, "engines differ: 20.10.24, 26.1.5"),
    (failed_join, "no name (failed) is down"),
    (certificate, "its certificate ends 2027-01-01T00:00:00Z, and was not renewed"),
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


# --- drift against pillar -------------------------------------------------------------------------


def test_drift_of_an_engine(runner, formed, monkeypatch):
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
    assert problems(runner, formed, monkeypatch) == [f"manager1: {line}", f"worker2: {line}"]
    no_quorum(formed)
    assert f"worker2: {line}" in problems(runner, formed, monkeypatch)


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
    assert "worker1: availability is drain, pillar says active" in found
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
    """A text in the place of a list would ask for its letters, and * for every minion."""
    accept(monkeypatch, ["manager1"])
    ask = {"pillar.show_pillar": lambda minion: {"swarm": swarm}}
    loader = runner(__salt__=ask)
    (problem,) = loader["swarm.status"]()["problems"]
    assert text in problem
