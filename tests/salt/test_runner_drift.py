# SPDX-License-Identifier: Apache-2.0
"""``salt-run swarm.status``: nodes, settings and engines that differ from pillar."""

import pytest
import runners
from fleet import Job
from runners import accept, call, printed, status


@pytest.fixture
def formed(fleet):
    return runners.formed(fleet)


def no_quorum(fleet):
    for name in ("manager2", "manager3"):
        fleet[name].machine.docker = "stopped"


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
        "pillar swarm:nodes 'worker9' matches no host (did you mean 'worker2'?): correct or remove it",
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
def test_an_unknown_key_in_pillar_is_reported_in_one_line(
    runner, formed, monkeypatch, pillar, line
):
    formed.pillar.update(pillar)
    (found,) = problems(runner, formed, monkeypatch)
    assert found.startswith(line) and "\n" not in found


def test_without_pillar(runner, formed, monkeypatch):
    found = status(runner, formed, monkeypatch, pillar={})
    (line,) = found["problems"]
    assert "names no manager for master_master" in line


def test_pillar_that_does_not_render_is_not_a_missing_pillar(runner, formed, monkeypatch):
    reason = "Rendering SLS 'docker' failed. Please see master log for details."
    found = status(runner, formed, monkeypatch, pillar={"_errors": [reason]})
    assert found["problems"] == [f"pillar of master_master: {reason}"]


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
