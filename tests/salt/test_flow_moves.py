# SPDX-License-Identifier: Apache-2.0
"""Hosts that pillar moves between managers and workers: who promotes, who steps down, who not."""

import time
import types

import pytest
from fleet import changes, failures

UP = {
    "role": {"old": "worker", "new": "manager"},
    "availability": {"old": "active", "new": "drain"},
}
DOWN = {
    "swarm": {"old": "manager", "new": "worker"},
    "availability": {"old": "drain", "new": "active"},
}
STEP_DOWN = "docker-swarm-join"


@pytest.fixture
def formed(make_fleet):
    return make_fleet(managers=3, workers=3).form()


def move(fleet, *managers):
    """Pillar with these managers; all other hosts are workers."""
    fleet.pillar.update(managers=list(managers), workers=["*"])


def roles(fleet):
    """{host name: (role, availability)}, by the first living manager."""
    (cluster,) = {m.machine.cluster for m in fleet.minions.values() if m.machine.cluster}
    return {
        node["hostname"]: (node["role"], node["availability"]) for node in cluster.nodes.values()
    }


def as_pillar_says(fleet):
    managers = fleet.pillar["managers"]
    wanted = {
        name: ("manager", "drain") if name in managers else ("worker", "active")
        for name in fleet.minions
    }
    return roles(fleet) == wanted


def bootstrap(fleet):
    """Predicted, done with the same changes, and again without any. Returns the changes."""
    cluster = fleet.clusters()
    expected = fleet.bootstrap(test=True)
    assert expected["ok"], failures(expected)
    made = fleet.bootstrap()
    assert made["ok"], failures(made)
    assert changes(made) == changes(expected)
    assert as_pillar_says(fleet), roles(fleet)
    assert fleet.clusters() == cluster
    again = fleet.bootstrap()
    assert again["ok"] and changes(again) == {}, failures(again)
    return changes(made)


def test_a_worker_becomes_a_manager(formed):
    move(formed, "manager1", "manager2", "manager3", "worker2")
    done = bootstrap(formed)
    assert done == {("manager1", "docker-swarm-promoted"): {"worker2": UP}}


def test_a_manager_becomes_a_worker(formed):
    move(formed, "manager1", "manager2")
    assert bootstrap(formed) == {("manager3", STEP_DOWN): DOWN}


def test_the_one_that_led_becomes_a_worker(formed):
    """The new first of pillar leads the run, and the raft group's leader steps down after it."""
    assert formed["manager1"].machine.leads()
    move(formed, "manager2", "manager3", "worker1")
    assert bootstrap(formed) == {
        ("manager2", "docker-swarm-promoted"): {"worker1": UP},
        ("manager1", STEP_DOWN): DOWN,
    }


def test_two_change_places(formed):
    move(formed, "worker3", "manager2", "manager1")
    assert bootstrap(formed) == {
        ("manager2", "docker-swarm-promoted"): {"worker3": UP},
        ("manager3", STEP_DOWN): DOWN,
    }


def test_all_but_one_are_moved(formed):
    move(formed, "worker1", "worker2", "manager3")
    assert bootstrap(formed) == {
        ("manager3", "docker-swarm-promoted"): {"worker1": UP, "worker2": UP},
        ("manager1", STEP_DOWN): DOWN,
        ("manager2", STEP_DOWN): DOWN,
    }


def test_all_are_moved_at_once(formed):
    """Nobody of pillar is a manager: those that still are promote pillar's, and then step down."""
    move(formed, "worker1", "worker2", "worker3")
    done = bootstrap(formed)
    assert done == {
        ("manager1", STEP_DOWN): {**DOWN, "worker1": UP, "worker2": UP, "worker3": UP},
        ("manager2", STEP_DOWN): DOWN,
        ("manager3", STEP_DOWN): DOWN,
    }


def test_settings_and_labels_do_not_mind_a_first_manager_to_come(formed):
    nodes = {"worker2": {"labels": {"a": "b"}}}
    formed.pillar.update(cluster={"node_cert_expiry": "30d"}, nodes=nodes)
    move(formed, "worker1", "manager2", "manager3")
    expected = formed.bootstrap(test=True)
    assert expected["ok"], failures(expected)
    made = formed.bootstrap()
    assert made["ok"], failures(made)
    late = {("worker1", "docker-swarm-settings"), ("worker1", "docker-swarm-nodes")}
    assert set(changes(made)) - late == set(changes(expected))
    assert set(changes(made)) >= late, "only a manager could have predicted them"


def test_promotions_come_before_demotions(formed):
    orders = []
    cluster = formed["manager1"].machine.cluster
    plain = cluster.set_role

    def set_role(core, node, role):
        orders.append((node["hostname"], role))
        plain(core, node, role)

    cluster.set_role = set_role
    move(formed, "worker1", "worker2", "worker3")
    assert formed.bootstrap()["ok"]
    assert [role for _, role in orders] == ["manager"] * 3 + ["worker"] * 3


def test_promoted_managers_join_no_second_time(formed):
    move(formed, "manager1", "manager2", "worker1")
    formed.bootstrap()
    for minion in formed.minions.values():
        assert "join" not in minion.machine.changed_by()
        assert "leave" not in minion.machine.changed_by()


def test_a_new_manager_joins_beside_a_promoted_one(formed):
    formed.add("new1")
    move(formed, "manager1", "worker1", "new1")
    done = bootstrap(formed)
    assert done[("new1", STEP_DOWN)] == {"swarm": {"old": "inactive", "new": "manager"}}
    assert done[("manager1", "docker-swarm-promoted")] == {"worker1": UP}


def test_all_are_moved_and_one_of_them_is_new(formed):
    """The new host must wait for the next run, which makes it a manager."""
    formed.add("new1")
    move(formed, "worker1", "worker2", "new1")
    steps = formed.bootstrap()
    assert not steps["ok"]
    assert "new1: inactive, but not in the node list" in repr(failures(steps))
    assert roles(formed)["worker1"] == ("manager", "drain")
    steps = formed.bootstrap()
    assert steps["ok"], failures(steps)
    assert as_pillar_says(formed)


def test_a_new_worker_waits_while_the_managers_change_hands(formed):
    formed.add("new1")
    move(formed, "worker1", "worker2", "worker3")
    for test in (True, False):
        steps = formed.bootstrap(test=test)
        assert "run it again, and this host joins" in repr(failures(steps))
    assert formed.bootstrap()["ok"] and as_pillar_says(formed)


# --- when it must not -----------------------------------------------------------------------------


def stop(fleet, *names):
    for name in names:
        fleet[name].machine.docker = "stopped"


def test_demotion_that_loses_the_quorum_is_refused_with_the_arithmetic(make_fleet):
    """Five managers, two of them dead and out of pillar: of the rest none may go."""
    fleet = make_fleet(managers=5, workers=0).form()
    stop(fleet, "manager4", "manager5")
    fleet.pillar.update(managers=["manager1", "manager2"], workers=["manager3"])
    predicted_ = fleet.bootstrap(test=True)
    steps = fleet.bootstrap()
    refused = ("workers", "manager3", STEP_DOWN)
    assert failures(predicted_)[refused] == failures(steps)[refused]
    comment = failures(steps)[("workers", "manager3", STEP_DOWN)]
    assert comment == "this host: without it 2 of 4 managers would be reachable"
    assert roles(fleet)["manager3"] == ("manager", "drain")
    assert "manager3: this host: without it 2 of 4" in repr(
        failures(steps)[("converged", "manager1", "docker-swarm-converged")]
    )


@pytest.mark.parametrize("empty", [True, False])
def test_the_quorum_of_a_demotion_counts_the_steps_before_it(make_fleet, empty):
    """One manager came back empty or stays dead; another one goes, and a worker comes for it."""
    fleet = make_fleet(managers=3, workers=1).form()
    if empty:
        fleet["manager3"].machine.wipe()
    else:
        stop(fleet, "manager3")
        fleet.down.add("manager3")
    fleet.pillar.update(managers=["manager1", "worker1", "manager3"], workers=["manager2"])
    if not empty:
        fleet.pillar["init_without"] = ["manager3"]
    expected = fleet.bootstrap(test=True)
    assert expected["ok"], failures(expected)
    steps = fleet.bootstrap()
    assert ("workers", "manager2", STEP_DOWN) not in failures(steps), failures(steps)
    step = steps["workers"]["manager2"][STEP_DOWN]
    assert step["changes"] == expected["workers"]["manager2"][STEP_DOWN]["changes"]


def test_mode_adds_up_those_that_step_down_in_one_run(make_fleet):
    """Seven managers, two of them dead: of the rest each one may go, and three together may not."""
    fleet = make_fleet(managers=7, workers=0).form()
    stop(fleet, "manager6", "manager7")
    fleet.down.update(("manager6", "manager7"))
    for count, managers in ((2, "123"), (3, "12")):
        left = [f"manager{number}" for number in managers]
        others = [f"manager{number}" for number in (3, 4, 5) if str(number) not in managers]
        fleet.pillar.update(managers=left, workers=others)
        expected = fleet.bootstrap(test=True)
        assert [step[STEP_DOWN]["result"] for step in expected["workers"].values()] == [
            None
        ] * count
        refused = {("converged", "manager1", "docker-swarm-converged")} if count == 3 else set()
        assert set(failures(expected)) == refused
    assert "2 of 4 managers would be reachable" in repr(failures(expected))
    real = fleet.bootstrap()
    assert len(failures(real)) == 2 and "2 of 4 managers would be reachable" in repr(failures(real))


def test_a_promotion_under_way_is_not_predicted_as_a_change(formed):
    move(formed, "manager1", "manager2", "manager3", "worker1")
    machine = formed["worker1"].machine
    machine.cluster.nodes[machine.node_id].update(role="manager", availability="drain")
    for test in (True, False):
        ret = formed.bootstrap(test=test)["cluster"]["manager1"]["docker-swarm-promoted"]
        assert (ret["result"], ret["changes"]) == (True, {})


@pytest.mark.parametrize("pillars", [("worker1", "worker2", "worker3"), ("new1", "manager1")])
def test_prune_in_test_mode_where_the_first_is_not_a_manager_yet(formed, pillars):
    formed.add("new1")
    move(formed, *pillars)
    run = formed.new_run()
    for name in formed.minions:
        formed[name].job(run=run).state("published")
    ret = formed[pillars[0]].job(run=run, test=True).state("unmanaged_absent", limit=1)
    assert (ret["result"], ret["changes"]) == (True, {}), ret


def test_old_managers_that_pillar_does_not_name_are_left_alone(formed):
    formed.pillar.update(managers=["manager1", "manager2"], workers=["worker*"])
    del formed.minions["manager3"].fleet.minions["manager3"]
    steps = formed.bootstrap()
    assert steps["ok"], failures(steps)
    comment = steps["converged"]["manager1"]["docker-swarm-converged"]["comment"]
    assert "not in pillar, left alone: manager3" in comment
    assert roles(formed)["manager3"] == ("manager", "drain")


@pytest.mark.parametrize("test", [True, False])
def test_all_are_moved_and_pillar_names_none_of_the_old_ones(formed, test):
    formed.pillar.update(managers=["worker1", "worker2"], workers=["worker3"])
    steps = formed.bootstrap(test=test)
    comment = failures(steps)[("converged", "worker1", "docker-swarm-converged")]
    assert "no manager of it promoted them" in comment
    assert "10.0.0.1:2377" in comment and "name them under swarm:workers" in comment
    assert changes(steps) == {}


def test_moved_worker_that_the_cluster_does_not_know(formed):
    """Its record was deleted: nobody may be promoted on its word."""
    cluster = formed["manager1"].machine.cluster
    move(formed, "worker1", "worker2")
    del cluster.nodes[formed["worker2"].machine.node_id]
    for test in (True, False):
        steps = formed.bootstrap(test=test)
        comment = failures(steps)[("workers", "manager1", STEP_DOWN)]
        assert "pillar has worker2 as managers, but the cluster of this manager does not" in comment
    assert roles(formed)["worker1"] == ("worker", "active")


def test_a_manager_that_is_the_last_reached_one_stays(formed):
    """Pillar's managers are in the list, but none of them is in contact."""
    move(formed, "manager1", "manager2")
    job = formed["manager3"].job(run=formed.new_run())
    for name in ("manager1", "manager2"):
        formed[name].job(run=job.salt["swarm_facts.run"]()).state("published")
    cluster = formed["manager1"].machine.cluster
    rows = cluster.rows
    cluster.rows = lambda: [
        {**row, "reachability": "unreachable"} if row["hostname"] != "manager3" else row
        for row in rows()
    ]
    ret = job.state("joined", role="worker")
    assert (ret["result"], ret["changes"]) == (False, {})
    assert "reaches none of pillar's managers, so this host stays one" in ret["comment"]


def stepping_down(fleet):
    """manager3, which pillar has as worker, in a run in which the others reported."""
    move(fleet, "manager1", "manager2")
    run = fleet.new_run()
    for name in ("manager1", "manager2"):
        fleet[name].job(run=run).state("published")
    return fleet["manager3"].job(run=run)


def test_a_demotion_that_the_engine_delays_is_reported(formed):
    """The record says worker, but the role manager could not take the member out."""
    job = stepping_down(formed)
    machine = formed["manager3"].machine
    machine.cluster.nodes[machine.node_id]["role"] = "worker"
    ret = job.state("joined", role="worker")
    assert ret["result"] is False
    assert "this host was demoted earlier, but still runs as a manager" in ret["comment"]


def test_a_manager_without_a_record_is_reported(formed):
    job = stepping_down(formed)
    machine = formed["manager3"].machine
    del machine.cluster.nodes[machine.node_id]
    ret = job.state("joined", role="worker")
    assert (ret["result"], ret["changes"]) == (False, {})
    assert "is in no node list any more" in ret["comment"]


def test_facts_of_a_worker_demote_nobody(formed):
    """A worker says that it is the node of a manager that pillar does not name."""
    node_id = formed["manager3"].machine.node_id
    formed.pillar.update(managers=["manager1", "manager2"])
    forged = formed["worker1"].job()
    run = formed.new_run()
    for name in ("manager1", "manager2", "worker1", "worker2", "worker3"):
        formed[name].job(run=run).state("published")
    entry = formed.mine["worker1"]["swarm"]
    entry.update(node_id=node_id, role="manager", name="manager3", addresses=["10.0.0.3"])
    for name in ("converged", "nodes_by_pillar"):
        formed["manager1"].job(run=run).state(name)
    assert roles(formed)["manager3"] == ("manager", "drain")
    assert forged.minion.machine.changed_by() == []


def test_the_other_managers_wait_for_the_one_that_leads(formed):
    """And say whom pillar does not name, where that one does not come."""
    formed.pillar.update(managers=["worker1", "worker2"], workers=["manager2", "manager3"])
    steps = formed.bootstrap()
    comment = failures(steps)[("workers", "manager2", STEP_DOWN)]
    assert "worker1, worker2 were not promoted in 0 s by manager1, which leads" in comment
    assert changes(steps) == {}


def waiting(fleet, minion, run, looks_until, then):
    """A job in which something happens at the n-th look of a wait; no other job may run in it."""
    job = fleet[minion].job(run=run)
    looks = []

    def sleep(_):
        looks.append(1)
        if len(looks) == looks_until:
            then()
        assert len(looks) < 50

    clock = types.SimpleNamespace(sleep=sleep, monotonic=time.monotonic)
    job.states["swarm.joined"].func.__globals__.update(SEALED_SECONDS=60, time=clock)
    return job, looks


@pytest.fixture
def to_promote(formed):
    """worker1 is to be a manager; the facts of all managers are published."""
    move(formed, "manager1", "manager2", "worker1")
    formed.run = formed.new_run()
    for name in ("manager1", "manager2", "worker1"):
        formed[name].job(run=formed.run).state("published")
    return formed


def test_a_host_waits_until_it_is_promoted(to_promote):
    cluster = to_promote["manager1"].machine.cluster
    node = cluster.nodes[to_promote["worker1"].machine.node_id]
    job, looks = waiting(
        to_promote, "worker1", to_promote.run, 3, lambda: cluster.set_role(None, node, "manager")
    )
    ret = job.state("joined", role="manager")
    assert (ret["result"], ret["changes"], len(looks)) == (True, {}, 3), ret
    assert ret["comment"].startswith("manager1 promotes this host")
    assert to_promote.mine["worker1"]["swarm"]["role"] == "manager", "the others learn of it"


def test_a_host_stops_waiting_when_the_promotion_fails(to_promote):
    before = dict(to_promote.mine["manager1"])
    to_promote["manager1"].machine.fail["node_update"] = ("Timeout", "no reachable member")
    ret = to_promote["manager1"].job(run=to_promote.run).state("promoted")
    assert (ret["result"], ret["comment"]) == (False, "worker1: no reachable member")
    after, to_promote.mine["manager1"] = to_promote.mine["manager1"], before
    job, looks = waiting(
        to_promote,
        "worker1",
        to_promote.run,
        2,
        lambda: to_promote.mine.update(manager1=after),
    )
    ret = job.state("joined", role="manager")
    assert (ret["result"], len(looks)) == (False, 2)
    assert ret["comment"] == "manager1, which leads, says: worker1: no reachable member"


def test_the_reason_of_a_failed_promotion_stays_where_the_host_looks(formed):
    """The host may look at it after all states of the one that leads have run."""
    move(formed, "manager1", "manager2", "worker1")
    formed["manager1"].machine.fail["node_update"] = ("Timeout", "no reachable member")
    steps = formed.bootstrap()
    comment = failures(steps)[("cluster", "worker1", "docker-swarm-join")]
    assert comment == "manager1, which leads, says: worker1: no reachable member"


def test_a_host_that_nobody_promotes_does_not_wait_for_ever(to_promote):
    ret = to_promote["worker1"].job(run=to_promote.run).state("joined", role="manager")
    assert ret["result"] is False
    assert "manager1 has not promoted this host in 0 s" in ret["comment"]


def test_promoted_on_the_others_does_nothing(to_promote):
    ret = to_promote["manager2"].job(run=to_promote.run).state("promoted")
    assert (ret["result"], ret["comment"]) == (True, "manager1 leads this run")
