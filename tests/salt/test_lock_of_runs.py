# SPDX-License-Identifier: Apache-2.0
"""The cluster's lock in runs: who takes it, who is refused, and that nothing is written without a change."""

import threading

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError
from test_state_orchestrated import Master, all_well, state, states

RUN = {"id": "r1", "what": "docker.rotate", "master": "salt1"}
OTHER = {"id": "r2", "what": "docker.upgrade", "master": "salt2"}
LABEL = "saltext.swarm.lock"


@pytest.fixture
def formed(make_fleet):
    return make_fleet(managers=3, workers=1).form()


def cluster(fleet):
    return fleet["manager1"].machine.cluster


def change(fleet, run=None, test=False):
    job = fleet["manager1"].job(run=run, test=test)
    return job, job.salt["swarm.pause"]("worker1")


def test_the_first_change_of_a_run_takes_it(formed):
    job, _ = change(formed, RUN)
    assert cluster(formed).locks == [("r1", "docker.rotate", "salt1")]
    job.salt["swarm.activate"]("worker1")
    assert len(cluster(formed).locks) == 1, "a moment ago is good enough"
    hold = job.salt["swarm_hold.guard"].func.__globals__
    hold["FRESH_SECONDS"] = 0
    job.salt["swarm.pause"]("worker1")
    assert cluster(formed).locks == 2 * [("r1", "docker.rotate", "salt1")]


def test_changes_by_hand_take_no_lock(formed):
    change(formed)
    change(formed, {"id": "r1"})
    assert cluster(formed).locks == []


def test_looking_takes_no_lock(formed):
    job = formed["manager1"].job(run=RUN)
    job.salt["swarm.nodes"]()
    job.salt["swarm.health"]()
    job.salt["swarm_core.core"]("service_apply", "web", {"image": "a:1"}, dry_run=True)
    assert cluster(formed).locks == []


def test_another_run_is_refused_before_it_changes_anything(formed):
    change(formed, OTHER)
    formed["manager1"].machine.calls.clear()
    with pytest.raises(CommandExecutionError, match=r"docker.upgrade \(run r2, by salt2\) holds"):
        change(formed, RUN)
    assert formed["manager1"].machine.changed_by() == []


def test_pillar_does_not_differ_by_it(formed):
    change(formed, RUN)
    assert LABEL in cluster(formed).spec["Labels"]
    job = formed["manager1"].job()
    drift = job.salt["swarm_drift.cluster_drift"](labels={}, labels_exact=True)
    assert drift["changes"] == {}


def test_shown_and_broken_by_its_name(formed):
    job = formed["manager1"].job()
    assert job.salt["swarm.lock_show"]() == {}
    change(formed, RUN)
    assert job.salt["swarm.lock_show"]()["run"] == "r1"
    with pytest.raises(SaltInvocationError, match="run is required"):
        job.salt["swarm.lock_break"]()
    with pytest.raises(CommandExecutionError, match="run r1"):
        job.salt["swarm.lock_break"]("r2")
    assert job.salt["swarm.lock_break"]("r1") is True
    assert job.salt["swarm.lock_break"]("r1") is False
    assert job.salt["swarm.lock_show"]() == {}


@pytest.mark.parametrize("function, left", [("renew", True), ("release", False)])
def test_only_the_leader_renews_and_releases(formed, function, left):
    change(formed, RUN)
    done = {}
    for name in ("manager2", "worker1", "manager1"):
        machine = formed[name].machine
        leads = {"ManagerStatus": {"Leader": machine.leads()}}
        machine.do_node_inspect = lambda core, node, leads=leads: leads
        salt = formed[name].job().salt
        assert salt[f"swarm_hold.{function}"]("r2") is False
        done[name] = salt[f"swarm_hold.{function}"]("r1")
    assert done == {"manager2": False, "worker1": False, "manager1": True}
    assert (LABEL in cluster(formed).spec["Labels"]) is left
    assert len(cluster(formed).locks) == 1 + left


# --- the master -----------------------------------------------------------------------------------


def changing(host, sls, kwarg):
    if sls == "docker.worker.join":
        return states(state("docker-swarm-join", changes={"swarm": {"old": "", "new": "worker"}}))
    return all_well(host, sls, kwarg)


def test_released_at_the_end_of_a_run_that_changed_something(tmp_path):
    run = Master(tmp_path, changing)
    run.run()
    ((hosts, what, arg),) = run.held
    assert (hosts, what) == (["manager1", "manager2", "manager3"], "swarm_hold.release")
    given = [kwarg["pillar"]["swarm_run"] for _, _, kwarg in run.asked]
    assert arg == [given[0]["id"]]
    assert {(one["what"], one["master"]) for one in given} == {("docker.bootstrap", "master")}


@pytest.mark.parametrize("test", [False, True])
def test_a_run_that_changes_nothing_asks_nothing(tmp_path, test):
    run = Master(tmp_path, changing if test else all_well)
    run.run(test=test)
    assert run.held == []


def test_renewed_while_a_step_takes_long(tmp_path, monkeypatch):
    renewed = threading.Event()

    def slow(host, sls, kwarg):
        if sls == "docker.verify":
            assert renewed.wait(60)
        return all_well(host, sls, kwarg)

    class Held(list):
        def append(self, one):
            super().append(one)
            renewed.set()

    run = Master(tmp_path, slow)
    run.held = Held()
    run.run(renew_seconds=0.01)
    assert {what for _, what, _ in run.held} == {"swarm_hold.renew"}


def test_a_look_at_the_nodes_that_renews_it(formed):
    """From any manager, also one that does not lead."""
    change(formed, RUN)
    salt = formed["manager2"].job().salt
    assert [one["hostname"] for one in salt["swarm_hold.nodes"]("r1")] == [
        one["hostname"] for one in salt["swarm.nodes"]()
    ]
    assert len(cluster(formed).locks) == 2
    with pytest.raises(CommandExecutionError, match="run r2 has lost the cluster's lock"):
        salt["swarm_hold.nodes"]("r2")
