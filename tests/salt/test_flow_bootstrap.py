# SPDX-License-Identifier: Apache-2.0
"""The bootstrap over a fleet in memory: first run, run again, hosts replaced, things gone wrong.

The states and their arguments come from the project's SLS files; ``fleet.Fleet.bootstrap`` is the
order of ``docker/bootstrap.sls``, which ``test_sls_bootstrap.py`` checks.
"""

import pytest
from fleet import changes, failures

FORMED = [
    ("manager1", "manager", "ready", "drain"),
    ("manager2", "manager", "ready", "drain"),
    ("manager3", "manager", "ready", "drain"),
    ("worker1", "worker", "ready", "active"),
    ("worker2", "worker", "ready", "active"),
]


@pytest.fixture
def formed(fleet):
    """A fleet whose swarm is there."""
    return fleet.form()


def forget_calls(fleet):
    for minion in fleet.minions.values():
        minion.machine.calls.clear()


def written(fleet):
    """{minion: operations that change a swarm}, of the hosts that were asked for one."""
    asked = {name: minion.machine.changed_by() for name, minion in fleet.minions.items()}
    return {name: operations for name, operations in asked.items() if operations}


def test_bare_hosts_become_a_swarm(fleet):
    steps = fleet.bootstrap()
    assert steps["ok"], failures(steps)
    assert fleet.rows() == FORMED
    assert len(fleet.clusters()) == 1
    assert written(fleet) == {
        "manager1": ["init"],
        "manager2": ["join"],
        "manager3": ["join"],
        "worker1": ["join"],
        "worker2": ["join"],
    }
    converged = steps["converged"]["manager1"]["docker-swarm-converged"]
    assert converged["comment"] == "3 of 3 managers joined, 2 of 2 workers joined"


def test_managers_drain_from_their_first_moment(fleet):
    fleet.bootstrap()
    for name, operation in (("manager1", "init"), ("manager2", "join"), ("manager3", "join")):
        calls = dict(fleet[name].machine.calls)
        assert calls[operation]["availability"] == "drain"
        assert "node_drain" not in calls


def test_pillars_address_reaches_the_engine(fleet):
    fleet.pillar.update(listen="0.0.0.0:2378", data_path="eth1", data_path_port=4800)
    fleet.pillar.update(address_pool=["10.20.0.0/16"], subnet_size=24)
    for number, name in enumerate(fleet.minions):
        fleet[name].interfaces["eth1"] = [f"10.1.0.{number + 1}"]
    fleet.bootstrap()
    made = dict(fleet["manager1"].machine.calls)["init"]
    assert made["advertise_addr"] == "eth0"
    assert made["listen_addr"] == "0.0.0.0:2378"
    assert made["data_path_addr"] == "eth1"
    assert made["data_path_port"] == 4800
    assert made["default_addr_pool"] == ["10.20.0.0/16"]
    assert made["subnet_size"] == 24
    joined = dict(fleet["worker1"].machine.calls)["join"]
    assert joined["advertise_addr"] == "eth0"
    assert joined["data_path_addr"] == "eth1"


def test_a_second_run_changes_nothing(fleet):
    assert fleet.bootstrap()["ok"]
    nodes = [row["id"] for row in fleet["manager1"].job().salt["swarm.nodes"]()]
    forget_calls(fleet)
    steps = fleet.bootstrap()
    assert steps["ok"], failures(steps)
    assert changes(steps) == {}
    assert written(fleet) == {}
    assert [row["id"] for row in fleet["manager1"].job().salt["swarm.nodes"]()] == nodes


def test_a_new_worker_joins_and_nothing_else_is_touched(formed):
    formed.add("worker3")
    forget_calls(formed)
    steps = formed.bootstrap()
    assert steps["ok"], failures(steps)
    assert list(changes(steps)) == [("worker3", "docker-swarm-join")]
    assert written(formed) == {"worker3": ["join"]}


@pytest.mark.parametrize("rounds", [3])
def test_each_manager_replaced_in_turn(formed, rounds):
    cluster = formed.clusters()
    for _ in range(rounds):
        for name in ("manager1", "manager2", "manager3"):
            formed[name].machine.wipe()
            steps = formed.bootstrap()
            assert steps["ok"], (name, failures(steps))
            assert formed.clusters() == cluster
            assert formed.rows(name) == FORMED


def test_first_manager_and_a_worker_replaced_together(formed):
    """manager1 leads again as soon as it has joined; the tokens are still those of manager2."""
    cluster = formed.clusters()
    formed["manager1"].machine.wipe()
    formed["worker2"].machine.wipe()
    steps = formed.bootstrap()
    assert steps["ok"], failures(steps)
    assert formed.clusters() == cluster
    assert formed.rows() == FORMED


def test_two_of_five_managers_replaced_together(make_fleet):
    fleet = make_fleet(managers=5, workers=0).form()
    cluster = fleet.clusters()
    fleet["manager1"].machine.wipe()
    fleet["manager4"].machine.wipe()
    steps = fleet.bootstrap()
    assert steps["ok"], failures(steps)
    assert fleet.clusters() == cluster
    assert len(fleet.rows()) == 5


def test_two_of_three_managers_gone_is_refused_and_nothing_is_changed(formed):
    formed["manager1"].machine.wipe()
    formed["manager2"].machine.wipe()
    forget_calls(formed)
    steps = formed.bootstrap()
    assert not steps["ok"]
    assert written(formed) == {}
    for name in ("manager1", "manager2", "manager3"):
        comment = steps["cluster"][name]["docker-swarm"]["comment"]
        assert "manager3: the cluster has no leader" in comment
        assert "Bring the other managers back" in comment


def test_fresh_first_manager_beside_silent_ones_makes_no_swarm(formed):
    formed["manager1"].machine.wipe()
    formed.down = {"manager2", "manager3"}
    formed.mine.clear()
    forget_calls(formed)
    steps = formed.bootstrap()
    assert not steps["ok"]
    comment = steps["cluster"]["manager1"]["docker-swarm"]["comment"]
    assert "manager2, manager3" in comment
    assert "swarm:init_without" in comment
    assert written(formed) == {}
    assert [name for name, *_ in formed.rows("manager2")] == [row[0] for row in FORMED]


def test_dead_manager_named_in_init_without(formed):
    """A fleet that is bare again, its third manager gone for good, whose facts are still there."""
    assert formed.bootstrap()["ok"]
    for minion in formed.minions.values():
        minion.machine.wipe()
    formed["manager3"].machine.docker = "stopped"
    formed.down = {"manager3"}
    formed.pillar["init_without"] = ["manager3"]
    steps = formed.bootstrap()
    assert failures({k: v for k, v in steps.items() if k != "converged"}) == {}
    assert [name for name, *_ in formed.rows()] == ["manager1", "manager2", "worker1", "worker2"]


def test_host_of_init_without_whose_swarm_still_listens_vetoes(formed):
    """The operator was wrong: manager3 lives, only its minion does not answer."""
    assert formed.bootstrap()["ok"]
    for name in ("manager1", "manager2", "worker1", "worker2"):
        formed[name].machine.wipe()
    formed.down = {"manager3"}
    formed.pillar["init_without"] = ["manager3"]
    forget_calls(formed)
    steps = formed.bootstrap()
    assert (
        "still listens at 10.0.0.3:2377" in failures(steps)["cluster", "manager1", "docker-swarm"]
    )
    assert written(formed) == {}


@pytest.mark.parametrize("test", [True, False])
def test_new_bare_managers_make_no_second_swarm_beside_the_living_one(formed, test):
    assert formed.bootstrap()["ok"]
    for name in ("new1", "new2", "new3"):
        formed.add(name)
    formed.pillar["managers"] = ["new1", "new2", "new3"]
    forget_calls(formed)
    steps = formed.bootstrap(test=test)
    assert not steps["ok"]
    for name in ("new1", "new2", "new3"):
        assert formed[name].machine.state == "inactive"
    comment = steps["cluster"]["new1"]["docker-swarm"]["comment"]
    for number in (1, 2, 3):
        assert f"manager{number} (10.0.0.{number}:2377)" in comment
    assert written(formed) == {} and len(formed.clusters()) == 1


def test_one_dead_worker_does_not_stop_the_others(fleet):
    fleet.add("worker3")
    fleet.down = {"worker2"}
    steps = fleet.bootstrap()
    assert not steps["ok"]
    assert [name for name, *_ in fleet.rows()][3:] == ["worker1", "worker3"]
    converged = steps["converged"]["manager1"]["docker-swarm-converged"]
    assert converged["result"] is False
    counted, _, reason = converged["comment"].partition("; worker2: ")
    assert counted == "3 of 3 managers joined, 2 of 3 workers joined"
    assert "its minion did not answer" in reason


def test_the_reason_of_a_failed_worker_is_reported_at_the_end(fleet):
    fleet["worker2"].machine.fail["join"] = ("StillPending", "the join is still pending")
    steps = fleet.bootstrap()
    comment = steps["converged"]["manager1"]["docker-swarm-converged"]["comment"]
    assert "1 of 2 workers joined; worker2: the join is still pending" in comment


def test_worker_with_stopped_engine_keeps_its_place(formed):
    formed["worker2"].machine.docker = "stopped"
    steps = formed.bootstrap()
    assert not steps["ok"]
    assert ("worker2", "worker", "down", "active") in formed.rows()
    comment = steps["converged"]["manager1"]["docker-swarm-converged"]["comment"]
    assert "worker2: docker does not answer" in comment
    formed["worker2"].machine.docker = "running"
    forget_calls(formed)
    steps = formed.bootstrap()
    assert steps["ok"], failures(steps)
    assert changes(steps) == {}


def test_replaced_worker_leaves_no_record(formed):
    formed["worker1"].machine.wipe()
    steps = formed.bootstrap()
    assert steps["ok"], failures(steps)
    assert formed.rows() == FORMED


def test_a_pending_worker_joins_again(formed):
    machine = formed["worker1"].machine
    machine.wipe()
    machine.state = "pending"
    steps = formed.bootstrap()
    assert steps["ok"], failures(steps)
    assert dict(machine.calls[-20:])["join"]["replace_pending"] is True
    assert steps["workers"]["worker1"]["docker-swarm-join"]["changes"] == {
        "swarm": {"old": "pending", "new": "worker"}
    }


@pytest.mark.parametrize("name", ["worker1", "manager2"])
@pytest.mark.parametrize("engine_says", ["pending", "error"])
def test_member_that_does_not_come_up_keeps_what_it_has(formed, name, engine_says):
    """Between two starts of its swarm part an engine knows neither node id nor, at times, a reason."""
    machine = formed[name].machine
    machine.state, machine.error = engine_says, "listen tcp 0.0.0.0:2377: address already in use"
    steps = formed.bootstrap()
    assert not steps["ok"] and name in str(failures(steps))
    assert "address already in use" in str(failures(steps))
    assert machine.state == engine_says and "leave" not in machine.changed_by()
    assert "join" not in dict(machine.calls)
    machine.state, machine.error = "active", ""
    steps = formed.bootstrap()
    assert steps["ok"], failures(steps)
    assert formed.rows() == FORMED


def test_join_that_was_cut_off_after_its_certificate_is_done_again(formed):
    """Its record never got a name, so it is not a member to keep."""
    machine = formed["worker1"].machine
    node = machine.cluster.nodes[machine.node_id]
    node.update(hostname="", addr="")
    machine.state = "pending"
    steps = formed.bootstrap()
    assert steps["ok"], failures(steps)
    assert formed.rows() == FORMED and node["id"] not in machine.cluster.nodes


@pytest.mark.parametrize("name", ["worker1", "manager2"])
def test_a_member_that_cannot_come_up_without_its_record_joins_again(formed, name):
    machine = formed[name].machine
    del machine.cluster.nodes[machine.node_id]
    machine.state = "pending"
    steps = formed.bootstrap()
    assert steps["ok"], failures(steps)
    assert formed.rows() == FORMED


@pytest.mark.parametrize("name", ["worker1", "manager2"])
def test_orphan_leaves_its_remains_and_joins(formed, name):
    """Active, and in nobody's list."""
    machine = formed[name].machine
    del machine.cluster.nodes[machine.node_id]
    forget_calls(formed)
    steps = formed.bootstrap()
    assert steps["ok"], failures(steps)
    assert written(formed) == {name: ["leave", "join"]}
    assert formed.rows("manager3") == FORMED


def test_worker_in_another_swarm_fails_alone(formed):
    stranger = formed.add("worker3")
    stranger.job().salt["swarm.init"]()
    stranger.machine.manager = False
    forget_calls(formed)
    steps = formed.bootstrap()
    assert not steps["ok"]
    comment = steps["workers"]["worker3"]["docker-swarm-join"]["comment"]
    assert "worker3 is in another swarm" in comment and "swarm.leave" in comment
    assert written(formed) == {}
    assert len(formed.clusters()) == 2


def test_managers_of_two_swarms_stop_the_run(formed):
    machine = formed["manager3"].machine
    machine.wipe()
    formed["manager3"].job().salt["swarm.init"]()
    forget_calls(formed)
    steps = formed.bootstrap()
    for name in ("manager1", "manager2", "manager3"):
        assert "different swarms" in steps["cluster"][name]["docker-swarm"]["comment"]
    assert written(formed) == {}


def test_forged_facts_and_tokens_of_a_worker_take_nobody(formed):
    assert formed.bootstrap()["ok"]
    thief = formed.add("worker9")
    thief.job().salt["swarm.init"]()
    forged = dict(formed.mine["manager1"]["swarm"])
    forged.update(thief.job().salt["swarm_facts.collect"](), id="worker9", run="run1")
    keys = {"worker3": {"role": "worker", "key": "x"}}
    formed.add("worker3")
    keys["worker3"]["key"] = formed.new_run()["keys"]["worker3"]
    forged["sealed"] = thief.job().salt["swarm_seal.seal"](keys)["sealed"]
    formed.mine["worker9"] = {"swarm": forged}
    formed.down = {"worker9"}
    formed.bootstrap()
    assert formed["worker3"].machine.cluster is formed["manager1"].machine.cluster


def test_facts_under_a_managers_name_inside_a_workers_entry_are_ignored(formed):
    """What counts is the minion that the master got the entry from."""
    assert formed.bootstrap()["ok"]
    lies = dict(formed.mine["worker1"]["swarm"], id="manager1", state="inactive")
    formed.mine["worker1"]["swarm"] = lies
    read = formed["manager2"].job().salt["swarm_facts.read"]
    assert set(read(["worker1", "manager1"])) == {"manager1"}


def test_locked_manager_stops_the_run_with_a_text(formed):
    machine = formed["manager2"].machine
    machine.state = "locked"
    forget_calls(formed)
    steps = formed.bootstrap()
    comment = steps["cluster"]["manager1"]["docker-swarm"]["comment"]
    assert comment.startswith("manager2 is locked: unlock it")
    assert written(formed) == {}


def test_nodes_that_pillar_does_not_name_are_reported_but_not_touched(formed):
    stranger = formed.add("extra")
    token = formed["manager1"].machine.cluster.tokens["worker"]
    stranger.job().salt["swarm.join"]("10.0.0.1", token=token)
    steps = formed.bootstrap()
    assert steps["ok"], failures(steps)
    comment = steps["converged"]["manager1"]["docker-swarm-converged"]["comment"]
    assert f"not in pillar, left alone: extra ({stranger.machine.node_id})" in comment
    assert stranger.machine.node_id in stranger.machine.cluster.nodes


def test_engine_that_stopped_between_two_runs_is_named(formed):
    formed["manager2"].machine.docker = "stopped"
    steps = formed.bootstrap()
    assert "docker does not answer on manager2" in str(failures(steps))
    formed["manager2"].machine.docker = "running"
    steps = formed.bootstrap()
    assert steps["ok"], failures(steps)
    assert changes(steps) == {}


def wipe_one_of_each(fleet):
    fleet["manager2"].machine.wipe()
    fleet["worker2"].machine.wipe()
    fleet.add("worker3")


def leave_as_it_is(fleet):
    pass


@pytest.mark.parametrize("prepare", [leave_as_it_is, wipe_one_of_each])
def test_test_mode_predicts_the_changes_of_the_real_run(formed, prepare):
    prepare(formed)
    forget_calls(formed)
    predicted = formed.bootstrap(test=True)
    assert failures(predicted) == {}
    assert written(formed) == {}
    real = formed.bootstrap()
    assert real["ok"], failures(real)
    assert changes(real) == changes(predicted)


def test_test_mode_predicts_the_first_run(fleet):
    predicted = fleet.bootstrap(test=True)
    assert failures(predicted) == {}
    assert written(fleet) == {}
    assert changes(predicted) == changes(fleet.bootstrap())


def test_test_mode_on_hosts_without_an_engine(fleet):
    fleet.pillar.update(nodes={"worker1": {"labels": {"disk": "ssd"}}}, subnet_size=24)
    for minion in fleet.minions.values():
        minion.machine.docker = "absent"
    predicted = fleet.bootstrap(test=True)
    assert failures(predicted) == {}
    for minion in fleet.minions.values():
        minion.machine.docker = "running"
    assert changes(predicted) == changes(fleet.bootstrap())


def test_no_token_in_any_return_or_mine_entry(formed):
    """Looked for by value, after a run with changes, failures and test mode."""
    formed["manager1"].machine.wipe()
    formed["worker2"].machine.fail["join"] = ("BadToken", "the swarm does not know the join token")
    formed["worker2"].machine.wipe()
    formed.bootstrap(test=True)
    formed.bootstrap()
    formed["worker2"].machine.fail.clear()
    formed.bootstrap()
    tokens = formed["manager2"].machine.cluster.tokens
    everything = repr(formed.seen) + repr(formed.mine)
    assert len(formed.seen) > 50 and "sealed" in everything
    for token in tokens.values():
        assert token not in everything
        assert token.rpartition("-")[2] not in everything
