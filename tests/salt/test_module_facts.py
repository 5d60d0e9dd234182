# SPDX-License-Identifier: Apache-2.0
"""What a host publishes of itself, and how it makes sure that the master has it."""

import time
import types

import pytest
import rendered
import salt.loader
from salt.exceptions import CommandExecutionError

ALWAYS = {
    "id",
    "run",
    "stamp",
    "state",
    "role",
    "node_id",
    "name",
    "addresses",
    "managers",
    "drift",
    "error",
    "time",
}


def clock(monotonic, sleep):
    return types.SimpleNamespace(monotonic=monotonic, sleep=sleep, time=time.time)


def test_facts_of_a_bare_host(fleet):
    run = fleet.new_run()
    found = fleet["manager1"].job(run=run).salt["swarm_facts.collect"]()
    assert set(found) == ALWAYS
    assert found["id"] == "manager1"
    assert found["run"] == run["id"]
    assert found["state"] == "inactive"
    assert found["addresses"] == ["10.0.0.1"], "neither loopback nor docker's bridges"


BRIDGES = {"docker0": ["172.17.0.1", "fd01::1"], "br-0a1b": ["172.18.0.1"]}


@pytest.mark.parametrize(
    ("ip4", "ip6", "addresses"),
    [
        ({"eth0": ["10.0.0.1", "10.0.0.9"]}, {}, ["10.0.0.1", "10.0.0.9"]),
        ({}, {"lo": ["::1"], "eth0": ["fd00::1", "fe80::1"]}, ["fd00::1"]),
        ({"eth0": ["10.0.0.1"]}, {"eth0": ["2001:db8::1"]}, ["10.0.0.1", "2001:db8::1"]),
        ({"lo": ["127.0.0.1"], **BRIDGES}, BRIDGES, []),
        (None, None, []),
    ],
)
def test_addresses_that_distinguish_a_host(tmp_path, ip4, ip6, addresses):
    grains = {"id": "h", "nodename": "h", "ip4_interfaces": ip4, "ip6_interfaces": ip6}
    modules = salt.loader.minion_mods(rendered.minion_opts(tmp_path, "h", grains=grains))
    assert modules["swarm_facts.collect"]()["addresses"] == addresses


def test_without_a_run_a_bare_host_adds_its_own_public_key(fleet):
    found = fleet["worker1"].job().salt["swarm_facts.collect"]()
    assert set(found) == ALWAYS | {"key"}
    assert found["key"] == fleet.new_run()["keys"]["worker1"]


def test_facts_of_a_manager_name_its_cluster(fleet):
    fleet.form()
    cluster = fleet["manager1"].machine.cluster
    found = fleet["manager1"].job(run=fleet.new_run()).salt["swarm_facts.collect"]()
    assert set(found) == ALWAYS | {"cluster", "digest", "fingerprints", "members"}
    assert not any(token in str(found) for token in cluster.tokens.values())
    assert found["cluster"] == cluster.id
    assert found["digest"] == cluster.digest
    assert sorted(found["members"]) == sorted(cluster.nodes)
    assert found["managers"] == ["10.0.0.1:2377", "10.0.0.2:2377", "10.0.0.3:2377"]


def test_facts_of_a_worker_hold_nothing_of_managers_alone(fleet):
    fleet.form()
    found = fleet["worker1"].job(run=fleet.new_run()).salt["swarm_facts.collect"]()
    assert set(found) == ALWAYS
    assert (found["state"], found["role"]) == ("active", "worker")


def test_manager_without_leader_keeps_the_reason(fleet):
    fleet.form()
    for name in ("manager2", "manager3"):
        fleet[name].machine.docker = "stopped"
    found = fleet["manager1"].job().salt["swarm_facts.collect"]()
    assert "cluster" not in found
    assert found["error"].startswith("the swarm does not have a leader. Bring")


@pytest.mark.parametrize(("docker", "state"), [("absent", "absent"), ("stopped", "unreachable")])
def test_engine_that_does_not_answer(fleet, docker, state):
    fleet["worker1"].machine.docker = docker
    found = fleet["worker1"].job().salt["swarm_facts.collect"]()
    assert found["state"] == state
    assert found["error"].startswith("docker does not answer")


def test_no_secret_in_facts(fleet):
    fleet.form()
    tokens = fleet["manager1"].machine.cluster.tokens
    for minion in fleet.minions.values():
        text = repr(minion.job().salt["swarm_facts.collect"]("an error", {"worker1": "blob"}))
        for token in tokens.values():
            assert token not in text and token.rpartition("-")[2] not in text


def test_publish_puts_the_entry_under_the_alias_and_returns_it(fleet):
    published = fleet["manager1"].job().salt["swarm_facts.publish"]("went wrong")
    assert fleet.mine["manager1"] == {"swarm": published}
    assert published["error"] == "went wrong"


def test_each_entry_has_its_own_stamp(fleet):
    publish = fleet["manager1"].job().salt["swarm_facts.publish"]
    assert publish()["stamp"] != publish()["stamp"]


def test_publish_names_the_masters_settings_when_nothing_comes_back(fleet):
    fleet.mine_off = True
    with pytest.raises(CommandExecutionError) as raised:
        fleet["manager1"].job().salt["swarm_facts.publish"]()
    assert "minion_data_cache" in str(raised.value) and "mine_get" in str(raised.value)


def test_publish_does_not_take_an_older_entry_for_its_own(fleet):
    fleet["manager1"].job().salt["swarm_facts.publish"]()
    fleet.mine_off = True
    with pytest.raises(CommandExecutionError, match="minion_data_cache"):
        fleet["manager1"].job().salt["swarm_facts.publish"]()


def test_sealed_tokens_travel_along(fleet):
    published = fleet["manager1"].job().salt["swarm_facts.publish"](sealed={"worker1": "blob"})
    assert published["sealed"] == {"worker1": "blob"}


def test_sealed_tokens_of_this_run_stay_when_facts_are_published_again(fleet):
    run = fleet.new_run()
    publish = fleet["manager1"].job(run=run).salt["swarm_facts.publish"]
    publish(sealed={"worker1": "blob"})
    assert publish()["sealed"] == {"worker1": "blob"}
    assert publish(sealed={})["sealed"] == {}, "nothing is left to seal"


@pytest.mark.parametrize("next_run", ["another run", "no run"])
def test_sealed_tokens_go_with_their_run(fleet, next_run):
    fleet["manager1"].job(run=fleet.new_run()).salt["swarm_facts.publish"](sealed={"w": "blob"})
    run = fleet.new_run() if next_run == "another run" else None
    assert "sealed" not in fleet["manager1"].job(run=run).salt["swarm_facts.publish"]()


@pytest.mark.parametrize("error", ["", "went wrong"])
def test_a_manager_waits_for_an_election_unless_it_has_an_error_to_tell(fleet, error):
    fleet.form()
    hosts = [fleet[name].machine for name in ("manager2", "manager3")]
    for host in hosts:
        host.docker = "stopped"
    job = fleet["manager1"].job()
    looks = []

    def sleep(seconds):
        looks.append(seconds)
        if looks == [1, 1, 1]:
            hosts[0].docker = "running"

    job.salt["swarm_facts.publish"].func.__globals__.update(
        LEADER_SECONDS=60, time=clock(time.monotonic, sleep)
    )
    published = job.salt["swarm_facts.publish"](error)
    assert ("cluster" in published) is not bool(error)


@pytest.mark.parametrize("comes_up", [True, False])
def test_a_member_whose_engine_restarts_is_waited_for(fleet, comes_up):
    """One that does not come up is waited for once in a job."""
    fleet.form()
    machine = fleet["worker1"].machine
    machine.state, machine.error = "error", "connection refused"
    job = fleet["worker1"].job()
    collect, now = job.salt["swarm_facts.collect"], [100.0]

    def sleep(seconds):
        now[0] += seconds
        if comes_up and now[0] > 103:
            machine.state, machine.error = "active", ""

    collect.func.__globals__.update(LEADER_SECONDS=30, time=clock(lambda: now[0], sleep))
    for _ in range(2):
        facts = collect()
        assert facts["state"] == ("active" if comes_up else "error")
        assert now[0] == (104 if comes_up else 130)
    assert facts["error"] == ("" if comes_up else "connection refused")


def test_current_is_false_when_the_published_facts_are_outdated(fleet):
    fleet.form()
    job = fleet["worker1"].job(run=fleet.new_run())
    current, publish = job.salt["swarm_facts.current"], job.salt["swarm_facts.publish"]
    assert current() is False, "nothing of this run is published"
    publish("went wrong")
    assert current() is False, "the error may be over"
    publish()
    assert current() is True
    fleet["worker1"].machine.wipe()
    assert current() is False
    assert fleet["worker1"].job(run=fleet.new_run()).salt["swarm_facts.current"]() is False


def test_fresh_facts_are_those_of_this_run(fleet):
    old, run = fleet.new_run(), fleet.new_run()
    fleet["manager1"].job(run=old).salt["swarm_facts.publish"]()
    fleet["manager2"].job(run=run).salt["swarm_facts.publish"]()
    names = ["manager1", "manager2", "manager3"]
    job = fleet["worker1"].job(run=run)
    assert set(job.salt["swarm_facts.fresh"](names)) == {"manager2"}
    assert set(job.salt["swarm_facts.read"](names)) == {"manager1", "manager2"}
    assert set(fleet["worker1"].job().salt["swarm_facts.fresh"](names)) == {"manager1", "manager2"}


def test_malformed_entries_are_ignored(fleet):
    fleet.mine.update(
        manager1={"swarm": "text"},
        manager2={"swarm": {"id": "manager3", "state": "active"}},
        manager3={"swarm": False},
    )
    read = fleet["worker1"].job().salt["swarm_facts.read"]
    assert read(["manager1", "manager2", "manager3"]) == {}


def test_run_without_pillar_is_empty(fleet):
    assert fleet["worker1"].job().salt["swarm_facts.run"]() == {
        "id": "",
        "managers": [],
        "workers": [],
        "keys": {},
        "replaced": {},
        "failures": {},
    }


NOT_FACTS = [{"addresses": None}, {"node_id": 5}, {"managers": [["a"]]}, {"name": None}]


@pytest.mark.parametrize("forged", NOT_FACTS)
def test_malformed_facts_are_ignored(fleet, forged):
    """Any minion can publish anything under its own id, and shall stop nobody with it."""
    fleet.form()
    run = fleet.new_run()
    for name in fleet.minions:
        fleet[name].job(run=run).state("published")
    fleet.mine["worker2"]["swarm"].update(forged)
    ret = fleet["manager1"].job(run=run).state("converged")
    assert ret["comment"].startswith(
        "3 of 3 managers joined, 1 of 2 workers joined; worker2: no report"
    )
