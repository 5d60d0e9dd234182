# SPDX-License-Identifier: Apache-2.0
"""``salt-run swarm.status`` and its tables: how the swarm is, and what salt-run prints of it."""

import json

import pytest
import runners
from fake_swarm import Cluster
from runners import PILLAR, call, printed, status
from salt.exceptions import SaltClientError


@pytest.fixture
def formed(fleet):
    return runners.formed(fleet)


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
    (dead_manager, "2 of 3 managers are reachable, 2 are needed: 0 may fail, not 1"),
    (dead_manager, "is a manager, but unreachable"),
    (no_key, "no accepted key on this master for manager3"),
    (stopped_worker, "docker does not answer on worker1: "),
    (stopped_worker, "worker1 is down"),
    (record_gone, "worker1 is not in the node list: the managers removed its node"),
    (left, "worker2 is not in a swarm"),
    (left, "worker2 is down"),
    (wrong_role, "worker1 is a manager, pillar says worker"),
    (another_version, "engines differ: 20.10.24, 26.1.5"),
    (failed_join, "failed is down"),
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
    assert "not in the node list" not in text and "not in a swarm" not in text
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


def test_a_fresh_certificate_of_one_hour_is_not_a_problem(runner, formed, monkeypatch):
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


def test_an_answer_without_data_counts_as_none(runner, formed, monkeypatch):
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
        ([], {"role": "mangler"}, "unknown role 'mangler' (valid: worker, manager"),
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


def test_a_table_of_the_runner_is_that_of_its_manager(runner, formed, monkeypatch, tmp_path):
    found = table(runner, formed, monkeypatch, "node_ls", "worker1")
    lines = printed(tmp_path, found).split("\n")
    assert len(lines) == 3 and lines[0] == "manager1:" and "worker1" in lines[2]
