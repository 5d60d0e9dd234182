# SPDX-License-Identifier: Apache-2.0
"""
Hosts that break in the middle of a cluster's life: while roles change, while hosts leave, are replaced, while
the CA is rotated, a quorum recovered, the swarm torn down. Each run ends, and takes it or names the
host; run again it converges, on the same cluster. Among them a manager that is replaced while all is
well. `make check-lab-long` names this file.
"""

import contextlib

import pytest
from conftest import (
    HOSTS,
    MANAGERS,
    WORKERS,
    assert_whole,
    engine_says,
    in_swarm,
    restore,
    until,
    until_idle,
)
from faults import (
    assert_told,
    beside,
    converge,
    cut_power,
    full_disk,
    kill_engine,
    kill_minion,
    pull_cable,
)


@pytest.fixture(autouse=True)
def pillar_as_it_was(swarm):
    yield
    swarm.pillar()


def ids(lab, manager="manager1"):
    return {name: node["id"] for name, node in lab.nodes(manager).items()}


def role(lab, host, manager):
    """Return the host's desired role, by that manager's own engine; None if it does not answer."""
    return engine_says(lab, manager, "node", "inspect", host, "-f", "{{.Spec.Role}}")


def raft_leader(lab):
    return next(name for name, node in lab.nodes().items() if node["leader"])


def again(lab, name, **pillar):
    """It converges now; the hosts are all well."""
    until_idle(lab)
    run = lab.orchestrate(name, **pillar)
    assert run.code == 0, run.why()
    return run


# --- hosts that pillar moves ----------------------------------------------------------------------

MOVED = {
    "managers": ["manager1", "manager2", "worker1"],
    "workers": ["manager3", "worker2", "worker3"],
}


def assert_moved(lab, cluster, before):
    """worker1 and manager3 changed places, as the same nodes of the same cluster; and back again."""
    after = converge(lab, **MOVED)
    assert {name: node["id"] for name, node in after.items()} == before
    assert lab.cluster() == cluster
    lab.pillar()
    converge(lab)


@pytest.mark.parametrize(
    ("fault", "host"),
    [
        (kill_engine, "worker1"),
        (pull_cable, "worker1"),
        (kill_minion, "manager3"),
        (cut_power, "the leader"),
    ],
)
def test_roles_change(swarm, fault, host):
    """As soon as worker1 is named manager: its own part, and manager3's demotion, are to come."""
    cluster, before = swarm.cluster(), ids(swarm)
    host = raft_leader(swarm) if host == "the leader" else host
    witness = next(name for name in MANAGERS if name != host)
    swarm.pillar(**MOVED)
    with beside(swarm, "docker.bootstrap") as run:
        run.until(lambda: role(swarm, "worker1", witness) == "manager", "worker1 a manager")
        fault(swarm, host)
    assert_told(run, host)
    restore(swarm, host)
    assert_moved(swarm, cluster, before)


def test_full_disk_of_a_worker_that_becomes_a_manager(swarm):
    cluster, before = swarm.cluster(), ids(swarm)
    swarm.pillar(**MOVED)
    with full_disk(swarm, "worker1"):
        run = swarm.bootstrap()
        assert run.code == 1 and "worker1" in run.comments(), run.why()
    assert_moved(swarm, cluster, before)


def test_port_taken_on_a_worker_that_becomes_a_manager(swarm):
    """
    Its engine starts the swarm part again and again, and when that is up goes on to call it an
    error. It stays the node that it is.
    """
    cluster, before = swarm.cluster(), ids(swarm)
    swarm.pillar(**MOVED)
    swarm.on("worker1", "systemd-run", "--unit=squat", "python3", "-m", "http.server", "2377")
    run = swarm.bootstrap()
    assert run.code == 1 and "worker1" in run.comments(), run.why()
    until_idle(swarm)
    run = swarm.bootstrap()
    assert run.code == 1 and "address already in use" in run.comments(), run.why()
    swarm.on("worker1", "systemctl", "stop", "squat")
    assert_moved(swarm, cluster, before)


# --- docker.remove --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "host"),
    [
        (kill_engine, "worker2"),
        (pull_cable, "worker2"),
        (kill_minion, "a manager that goes"),
        (cut_power, "the leader"),
    ],
)
def test_remove(swarm, fault, host):
    """A worker and a manager, as soon as that one is demoted: their leave is to come."""
    cluster, before, leader = swarm.cluster(), ids(swarm), raft_leader(swarm)
    goes, stays = (name for name in MANAGERS if name != leader)
    host = {"the leader": leader, "a manager that goes": goes}.get(host, host)
    given = {"swarm_hosts": ["worker2", goes]}
    with beside(swarm, "docker.remove", **given) as run:
        run.until(lambda: role(swarm, goes, stays) == "worker", f"{goes} a worker")
        fault(swarm, host)
    assert_told(run, host)
    restore(swarm, host)
    again(swarm, "docker.remove", **given)
    left = {name: before[name] for name in before if name not in given["swarm_hosts"]}
    until(lambda: ids(swarm, stays) == left, "nobody else in the list")
    assert swarm.cluster(stays) == cluster
    states = swarm.salt(",".join(given["swarm_hosts"]), "swarm.info")
    assert {info["state"] for info in states.values()} == {"inactive"}
    converge(swarm)


def test_full_disk_of_a_host_that_leaves(swarm):
    """What it takes to leave needs no room."""
    with full_disk(swarm, "worker2"):
        run = swarm.orchestrate("docker.remove", swarm_hosts=["worker2"])
        assert run.code == 0, run.why()
    assert "worker2" not in swarm.nodes()
    converge(swarm)


# --- docker.replace -------------------------------------------------------------------------------


@pytest.fixture
def spare(swarm):
    """worker3 is in no swarm, for another host's place."""
    again(swarm, "docker.remove", swarm_hosts=["worker3"])
    return "worker3"


def others(nodes, host):
    """The nodes' ids without that of one host."""
    return {name: id_ for name, id_ in nodes.items() if name != host}


def test_replace_of_a_worker_whose_minion_is_killed_at_it(swarm, spare):
    """As soon as the new worker is in, so that the old one is to leave."""
    cluster, before = swarm.cluster(), ids(swarm)
    given = {"swarm_replace": {"worker2": spare}}
    with beside(swarm, "docker.replace", **given) as run:
        run.until(lambda: in_swarm(swarm, spare), f"{spare} in the swarm")
        kill_minion(swarm, "worker2")
    assert_told(run, "worker2")
    restore(swarm, "worker2")
    again(swarm, "docker.replace", **given)
    assert_whole(swarm, workers=["worker1", spare])
    assert others(ids(swarm), spare) == others(before, "worker2")
    assert swarm.cluster() == cluster
    converge(swarm)


def taken_over(old, spare):
    """Return pillar with the spare host instead of a manager."""
    stay = [name for name in MANAGERS if name != old]
    return {"managers": [*stay, spare], "workers": ["worker1", "worker2"]}


def assert_taken_over(lab, cluster, before, old, hosts):
    new = hosts["managers"][-1]
    witness = hosts["managers"][0]
    assert_whole(lab, witness, **hosts)
    assert others(ids(lab, witness), new) == others(before, old)
    assert lab.cluster(witness) == cluster


def test_replace_of_a_manager(swarm, spare):
    """First said, then done, then nothing is left to do."""
    cluster, before = swarm.cluster(), ids(swarm)
    hosts = taken_over("manager3", spare)
    swarm.pillar(**hosts)
    given = {"swarm_replace": {"manager3": spare}}
    predicted = swarm.orchestrate("docker.replace", "test=True", **given)
    assert predicted.code == 0, predicted.why()
    assert ids(swarm) == before
    done = swarm.orchestrate("docker.replace", **given)
    assert done.code == 0, done.why()
    assert done.swarm_changes() == predicted.swarm_changes()
    assert_taken_over(swarm, cluster, before, "manager3", hosts)
    assert swarm.one("manager3", "swarm.info")["state"] == "inactive"
    assert again(swarm, "docker.replace", **given).swarm_changes() == {}
    swarm.pillar()
    converge(swarm)


@pytest.mark.parametrize(
    ("fault", "host"),
    [(kill_engine, "worker3"), (pull_cable, "worker3"), (kill_minion, "the leader")],
)
def test_replace_of_the_leader(swarm, spare, fault, host):
    """As soon as the new manager is in, so that the old one is to be demoted, and to leave."""
    cluster, before, old = swarm.cluster(), ids(swarm), raft_leader(swarm)
    host = old if host == "the leader" else host
    hosts = taken_over(old, spare)
    swarm.pillar(**hosts)
    given = {"swarm_replace": {old: spare}}
    with beside(swarm, "docker.replace", **given) as run:
        run.until(lambda: in_swarm(swarm, spare), f"{spare} in the swarm")
        fault(swarm, host)
    assert_told(run, host)
    restore(swarm, host)
    again(swarm, "docker.replace", **given)
    assert_taken_over(swarm, cluster, before, old, hosts)
    swarm.pillar()
    converge(swarm)


def test_replace_of_a_leader_that_loses_its_power_at_it(swarm, spare):
    """
    It goes as a dead host, as soon as the others see that it is down. When it comes back with all
    that it had, the bootstrap takes it in again.
    """
    cluster, before, old = swarm.cluster(), ids(swarm), raft_leader(swarm)
    hosts = taken_over(old, spare)
    witness = hosts["managers"][0]
    swarm.pillar(**hosts)
    given = {"swarm_replace": {old: spare}}
    with beside(swarm, "docker.replace", **given) as run:
        run.until(lambda: in_swarm(swarm, spare), f"{spare} in the swarm")
        cut_power(swarm, old)
    assert_told(run, old)
    there = {"state": "down"}
    until(lambda: swarm.nodes(witness).get(old, there)["state"] == "down", f"{old} down")
    again(swarm, "docker.replace", **given)
    assert_taken_over(swarm, cluster, before, old, hosts)
    restore(swarm, old)
    swarm.pillar()
    converge(swarm, witness)
    assert swarm.cluster(witness) == cluster


def test_full_disk_of_a_new_manager(swarm, spare):
    """It cannot join, so the old one stays."""
    cluster, before = swarm.cluster(), ids(swarm)
    hosts = taken_over("manager3", spare)
    swarm.pillar(**hosts)
    given = {"swarm_replace": {"manager3": spare}}
    with full_disk(swarm, spare):
        run = swarm.orchestrate("docker.replace", **given)
        assert run.code == 1 and spare in run.comments(), run.why()
        assert others(ids(swarm), spare) == before
    again(swarm, "docker.replace", **given)
    assert_taken_over(swarm, cluster, before, "manager3", hosts)
    swarm.pillar()
    converge(swarm)


# --- docker.rotate --------------------------------------------------------------------------------


def rotating(lab, manager):
    asked = ("info", "-f", "{{.Swarm.Cluster.RootRotationInProgress}}")
    return engine_says(lab, manager, *asked) == "true"


def test_leader_loses_its_power_while_the_ca_is_rotated(swarm):
    """A node whose engine is stopped holds the rotation up until the leader is gone."""
    cluster, before, leader = swarm.cluster(), ids(swarm), raft_leader(swarm)
    given = {"swarm_rotate": ["ca"], "swarm_rotate_key": "power"}
    swarm.on("worker3", "systemctl", "stop", "docker.socket", "docker")
    with beside(swarm, "docker.rotate", **given) as run:
        run.until(lambda: rotating(swarm, leader), "the CA rotates")
        cut_power(swarm, leader)
        restore(swarm, "worker3")
        restore(swarm, leader)
    assert_told(run, leader)
    again(swarm, "docker.rotate", **given)
    assert again(swarm, "docker.rotate", **given).changes() == {}
    assert (swarm.cluster(), ids(swarm)) == (cluster, before)
    converge(swarm)


def test_full_disk_while_the_ca_is_rotated(swarm):
    """The node cannot keep its new certificate, and holds the rotation up until there is room."""
    cluster, before = swarm.cluster(), ids(swarm)
    given = {"swarm_rotate": ["ca"], "swarm_rotate_key": "disk"}
    with contextlib.ExitStack() as full:
        full.enter_context(full_disk(swarm, "worker2"))
        with beside(swarm, "docker.rotate", **given) as run:
            run.until(lambda: rotating(swarm, "manager1"), "the CA rotates")
            full.close()
    assert_told(run, "worker2")
    again(swarm, "docker.rotate", **given)
    assert (swarm.cluster(), ids(swarm)) == (cluster, before)
    converge(swarm)


# --- docker.recover and docker.teardown -----------------------------------------------------------


@pytest.mark.parametrize("fault", [kill_engine, kill_minion])
def test_recover(swarm, fault):
    """As soon as the one that goes on leads; the others are to come back."""
    cluster, before = swarm.cluster(), ids(swarm)
    for manager in ("manager1", "manager3"):
        swarm.on(manager, "timeout", "60", "docker", "swarm", "leave", "--force")
    until(lambda: engine_says(swarm, "manager2", "node", "ls") is None, "no quorum")
    given = {"swarm_recover": "manager2", "swarm_confirm": before["manager2"]}
    with beside(swarm, "docker.recover", **given) as run:
        leads = ("node", "ls", "-q")
        run.until(lambda: engine_says(swarm, "manager2", *leads) is not None, "manager2 leads")
        fault(swarm, "manager2")
    assert_told(run, "manager2")
    restore(swarm, "manager2")
    again(swarm, "docker.recover", **given)
    after = converge(swarm)
    kept = ["manager2", *WORKERS]
    assert {name: after[name]["id"] for name in kept} == {name: before[name] for name in kept}
    assert swarm.cluster() == cluster


@pytest.mark.parametrize(
    ("fault", "host"), [(kill_minion, "worker2"), (pull_cable, "worker2"), (cut_power, "manager1")]
)
def test_teardown(swarm, fault, host):
    """As soon as manager1, which leads the run, is the only manager; all are to leave."""
    given = {"swarm_teardown": swarm.cluster()}
    with beside(swarm, "docker.teardown", **given) as run:
        run.until(lambda: alone(swarm, "manager1"), "manager1 the only manager")
        fault(swarm, host)
    assert_told(run, host)
    restore(swarm, host)
    again(swarm, "docker.teardown", **given)
    states = swarm.salt(",".join(HOSTS), "swarm.info")
    assert {info["state"] for info in states.values()} == {"inactive"}
    converge(swarm)


def alone(lab, manager):
    asked = ("node", "ls", "-q", "--filter", "role=manager")
    return len((engine_says(lab, manager, *asked) or "two or none").split()) == 1
