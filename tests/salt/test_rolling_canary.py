# SPDX-License-Identifier: Apache-2.0
"""The canary of docker.upgrade and docker.reboot: which hosts are tried, and what its failure does."""

from test_rolling import CANARY, MANAGERS, Fleet, hash_of, roll

__all__ = ["roll"]


def test_each_host_that_takes_tasks_is_tried_by_one(roll):
    fleet = Fleet()
    ret = roll(fleet, confirm=False, canary=CANARY)
    assert ret["result"] is True, ret["comment"]
    # Before anything changes; then each, with one that is done if there is one; no drained manager.
    assert fleet.tried == [
        (["worker1"], "id-worker2"), (["worker1"], "id-worker2"), (["worker2"], "id-worker1"),
    ]  # fmt: skip
    assert fleet.left == []
    note = "pillar swarm:upgrade:canary can name an image"
    assert note in roll(Fleet())["comment"] and note in roll(Fleet(), test=True)["notes"][0]
    assert note not in roll(Fleet(), canary=CANARY)["comment"]


def test_a_host_whose_canary_fails_stays_drained(roll):
    fleet = Fleet()
    fleet.node["manager2"]["availability"] = "active"
    plan = hash_of(roll(fleet, canary=CANARY))
    check = fleet.do_swarm_canary_check
    fails = {"id-worker1": "0 of 1 tasks are complete"}
    fleet.do_swarm_canary_check = lambda host, nodes, **how: {
        **check(host, nodes, **how), **(fails if len(fleet.tried) > 2 else {})
    }  # fmt: skip
    ret = roll(fleet, plan=plan, canary=CANARY)
    text = "its canary with a task on manager2 failed: 0 of 1 tasks are complete"
    assert ret["result"] is False
    assert f"worker1 stays drained: {text}; correct it and run docker.upgrade" in ret["comment"]
    assert fleet.node["worker1"]["availability"] == "drain" and fleet.left == []
    assert "worker2" not in fleet.order("swarm_upgrade.install")
    again = roll(fleet, plan=plan, canary=CANARY)
    assert again["result"] is False
    fails.clear()
    ret = roll(fleet, plan=plan, canary=CANARY)
    assert ret["result"] is True, ret["comment"]
    assert fleet.node["worker1"]["availability"] == "active"
    assert set(fleet.engine.values()) == {"28.5.2"} and fleet.left == []


def test_a_host_whose_canary_fails_and_that_cannot_be_emptied_again(roll):
    fleet = Fleet()
    evict = fleet.do_swarm_evict

    def refuse(host, node, **how):
        assert fleet.by_id(node)["availability"] != "active" or not fleet.tried[1:]
        return evict(host, node, **how)

    fleet.canary = {"worker1": ""}
    fleet.do_swarm_evict = refuse
    check = fleet.do_swarm_canary_check

    def fail(host, nodes, **how):
        if fleet.tried:
            fleet.fail[host, "swarm.evict"] = "worker1 is not drained: db: it keeps its data"
            fleet.canary = {"worker1": "exit code 1"}
        return check(host, nodes, **how)

    fleet.do_swarm_canary_check = fail
    ret = roll(fleet, confirm=False, canary=CANARY)
    assert (
        "worker1 takes tasks, but its canary with a task on worker2 failed: exit code 1"
        in (ret["comment"])
    )
    assert "it was not emptied: manager2: worker1 is not drained: db" in ret["comment"]


def test_a_canary_that_fails_before_anything_is_changed(roll):
    fleet = Fleet()
    fleet.canary = {"worker1": "No such image: busybox"}
    ret = roll(fleet, confirm=False, canary=CANARY)
    assert ret["result"] is False and "nothing was changed" in ret["comment"], ret["comment"]
    assert fleet.left == [] and fleet.order("swarm.evict") == []


def test_a_batch_of_which_one_canary_fails(roll):
    fleet = Fleet(MANAGERS, [f"worker{n}" for n in range(1, 4)])
    check = fleet.do_swarm_canary_check

    def fail(host, nodes, **how):
        fleet.canary = {"worker3": "exit code 1"} if len(nodes) > 1 else {}
        return check(host, nodes, **how)

    fleet.do_swarm_canary_check = fail
    ret = roll(fleet, confirm=False, canary=CANARY, batch=2)
    assert ret["result"] is False and "worker3 stays drained" in ret["comment"], ret["comment"]
    assert fleet.node["worker2"]["availability"] == "active"
    assert "saltext.swarm.was" not in fleet.node["worker2"]["labels"]


def test_what_the_canary_made_and_cannot_be_removed_is_said(roll):
    fleet = Fleet()
    for host in MANAGERS:
        fleet.fail[host, "swarm_canary.clear"] = "network saltext-swarm-canary: it is in use"
    ret = roll(fleet, confirm=False, canary=CANARY)
    assert ret["result"] is True
    assert "still there: network saltext-swarm-canary: it is in use" in ret["comment"]
