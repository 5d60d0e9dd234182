# SPDX-License-Identifier: Apache-2.0
"""What others do while docker.upgrade or docker.reboot runs: another run of another master, and people."""

import threading

import pytest
from test_rolling import MANAGERS, WORKERS, Fleet, hash_of, roll

__all__ = ["roll"]


def before(fleet, function, then, host=None):
    """Do something right before the first call of a function, on that host."""
    call, done = fleet.cmd, []

    def cmd(hosts, what, *args, **kwargs):
        if what == function and not done and host in (None, *hosts):
            done.append(what)
            then()
        return call(hosts, what, *args, **kwargs)

    fleet.cmd = cmd


# --- runs of another master -----------------------------------------------------------------------


def test_what_the_run_before_did_is_not_done_again(roll):
    """Two masters plan at the same second; the second one gets the lock when the first has ended."""
    fleet = Fleet()
    fleet.reboots.update(WORKERS)

    def another():
        fleet.when_locked = lambda: None
        assert roll(fleet, what="reboot", confirm=False)["result"] is True

    fleet.when_locked = another
    ret = roll(fleet, what="reboot", confirm=False)
    assert ret["result"] is True, ret["comment"]
    assert ret["comment"].endswith("0 of 5 hosts were rebooted") and ret["changes"] == {}
    assert {fleet.boots[host] for host in WORKERS} == {2} and fleet.lock == ""


def test_the_rest_of_a_run_that_the_first_master_has_begun(roll):
    fleet = Fleet()
    fleet.reboots.update(WORKERS)

    def another():
        fleet.when_locked = lambda: None
        fleet.fail["worker2", "swarm_upgrade.reboot"] = "no power"
        assert roll(fleet, what="reboot", confirm=False)["result"] is False
        fleet.fail.clear()

    fleet.when_locked = another
    ret = roll(fleet, what="reboot", confirm=False)
    assert ret["result"] is True, ret["comment"]
    assert set(ret["changes"]) == {"worker2"}
    assert {fleet.boots[host] for host in WORKERS} == {2}
    assert {fleet.node[host]["availability"] for host in WORKERS} == {"active"}


def test_another_plan_after_the_first_run_is_shown_first(roll):
    fleet = Fleet()
    arguments = {"what": "reboot", "force": ["reboot"]}
    plan = hash_of(roll(fleet, **arguments))

    def another():
        fleet.when_locked = lambda: None
        assert roll(fleet, plan=plan, **arguments)["result"] is True

    fleet.when_locked = another
    ret = roll(fleet, plan=plan, **arguments)
    assert ret["result"] is False and "another run changed the swarm meanwhile" in ret["comment"]
    assert set(fleet.boots.values()) == {2} and fleet.lock == ""


def test_nothing_to_do_leaves_the_canary_of_another_run_alone(roll):
    fleet = Fleet()
    fleet.lock, fleet.left = "another-run", ["saltext-swarm-canary"]
    assert roll(fleet, what="reboot")["comment"] == "5 hosts: nothing to do"
    assert (fleet.lock, fleet.left) == ("another-run", ["saltext-swarm-canary"])
    fleet.lock = ""
    roll(fleet, what="reboot")
    assert fleet.left == []
    assert ("manager1", "swarm_core.core", "lock_release") not in fleet.calls, "nobody has it"


def test_the_lock_is_renewed_while_a_host_takes_long(roll, monkeypatch):
    fleet = Fleet()
    renewed = threading.Event()
    evict = fleet.do_swarm_evict
    fleet.do_swarm_hold_renew = lambda host, run: renewed.set() or True
    fleet.do_swarm_evict = lambda *args, **kwargs: renewed.wait(60) and evict(*args, **kwargs)
    ret = roll(fleet, confirm=False, renew_seconds=0.01)
    assert ret["result"] is True and renewed.is_set()


def test_a_lost_lock_ends_it_before_a_host_is_changed(roll):
    fleet = Fleet()
    before(
        fleet, "swarm.evict", lambda: fleet.fail.update({("manager3", "swarm_hold.nodes"): "lost"})
    )
    ret = roll(fleet, confirm=False)
    assert ret["result"] is False and "manager3: lost" in ret["comment"]
    assert fleet.order("swarm_upgrade.install") == []


def test_a_leader_that_stays_a_worker_says_how_it_is_a_manager_again(roll):
    fleet = Fleet()
    fleet.fail["manager1", "swarm_upgrade.install"] = "no disk"
    ret = roll(fleet, confirm=False)
    assert "manager1 stays drained: no disk" in ret["comment"]
    assert ret["comment"].count("salt-run swarm.ask swarm.promote id-manager1") == 1
    fleet.fail = {("worker1", "swarm_upgrade.install"): "no disk"}
    assert "swarm.promote" not in roll(fleet, confirm=False)["comment"]


# --- people ---------------------------------------------------------------------------------------


def test_a_node_that_somebody_drains_meanwhile_stays_drained(roll):
    fleet = Fleet()
    by_hand = {"availability": "drain"}
    before(fleet, "swarm_upgrade.install", lambda: fleet.node["worker2"].update(by_hand))
    ret = roll(fleet, confirm=False)
    assert ret["result"] is True, ret["comment"]
    found = {host: fleet.node[host]["availability"] for host in WORKERS}
    assert found == {"worker1": "active", "worker2": "drain"}


def test_a_worker_that_somebody_promotes_meanwhile_stays_a_manager(roll):
    """From then on its engine counts for the quorum."""
    fleet = Fleet()
    by_hand = {"role": "manager", "reachability": "reachable"}
    before(
        fleet, "swarm.evict", lambda: fleet.node["worker2"].update(by_hand, availability="active")
    )
    ret = roll(fleet, confirm=False)
    assert ret["result"] is True, ret["comment"]
    assert fleet.node["worker2"]["role"] == "manager"
    assert "id-worker2" in str([one for one in fleet.asked if one[1] == "swarm.quorum"])


def test_a_manager_that_somebody_demotes_meanwhile_stays_a_worker(roll):
    """It is asked for nothing that a manager alone knows, and done as the worker that it is."""
    fleet = Fleet([*MANAGERS, "manager4", "manager5"])

    def demote():
        fleet.node["manager1"].update(role="worker", leader=False, reachability="")
        fleet.node["manager3"].update(leader=True)
        for one in ("swarm.nodes", "swarm_hold.nodes"):
            fleet.fail["manager1", one] = "this node is not a swarm manager"

    before(fleet, "swarm_upgrade.install", demote)
    ret = roll(fleet, confirm=False)
    assert ret["result"] is True, ret["comment"]
    assert fleet.node["manager1"]["role"] == "worker"
    assert set(fleet.engine.values()) == {"28.5.2"}


def test_a_host_that_somebody_activates_meanwhile_is_not_restarted(roll):
    """Tasks may be on it again."""
    fleet = Fleet()
    evict = fleet.do_swarm_evict

    def activate(host, node, **more):
        evict(host, node, **more)
        if node == "id-worker1":
            fleet.by_id(node).update(availability="active")

    fleet.do_swarm_evict = activate
    ret = roll(fleet, confirm=False)
    assert ret["result"] is False
    assert "worker1 was given back to use by somebody else meanwhile" in ret["comment"]
    assert fleet.order("swarm_upgrade.install") == ["manager2", "manager3", "manager1"]


@pytest.mark.parametrize("host", ["manager1", "worker2"])
def test_a_node_that_somebody_removes_meanwhile(roll, host):
    fleet = Fleet()
    before(
        fleet,
        "swarm_upgrade.install",
        lambda: fleet.node[host].update(id="another"),
    )
    ret = roll(fleet, confirm=False)
    assert ret["result"] is False
    assert f"{host}: its node id-{host} was removed meanwhile" in ret["comment"]
    assert fleet.lock == "" and MANAGERS[0] not in fleet.order("swarm_upgrade.install")[:1]


def test_the_jobs_between_two_hosts(roll):
    """Each of them costs the time of a job: one look for what is to be known, and no job twice."""
    fleet = Fleet()
    assert roll(fleet, confirm=False)["result"] is True
    calls = [one for _, one, _ in fleet.calls]
    first = [number for number, one in enumerate(calls) if one == "swarm.evict"][-2]
    last = len(calls) - 1 - calls[::-1].index("swarm.evict")
    assert calls[first:last] == [
        "swarm.evict",
        "swarm_hold.nodes",
        "swarm_upgrade.install",
        "swarm.nodes",
        "swarm_core.core",
        "swarm.evict_undo",
        "swarm.health",
        "swarm_hold.nodes",
    ]


def test_a_lock_that_another_run_has_by_now_ends_it(roll):
    fleet = Fleet()
    lost = "docker.reboot holds the cluster since 12:00 by second"
    for host in fleet.managers:
        fleet.fail[host, "swarm_hold.nodes"] = lost
    ret = roll(fleet, confirm=False)
    assert ret["result"] is False and lost in ret["comment"]
    assert fleet.order("swarm.evict") == []


def test_a_silent_host(roll):
    fleet = Fleet()
    fleet.silent.add("worker2")
    ret = roll(fleet, confirm=False)
    assert ret["result"] is False and "worker2: its minion did not answer" in ret["comment"]
    fleet.silent.update(["manager1", "worker1"])
    (line,) = roll(fleet, confirm=False)["comment"].splitlines()
    assert line.startswith(
        "manager1, worker1, worker2: its minion did not answer: bring back the host"
    )
