# SPDX-License-Identifier: Apache-2.0
"""What bootstrap must not do, and says so; and hosts that are found in a wrong place."""

import contextlib
import json

from conftest import MANAGERS, WORKERS, assert_whole, stopped_minions

DAEMON_JSON = "/etc/docker/daemon.json"
PORT = "OUTPUT -p tcp --syn -d 10.213.0.11 --dport 2377 -j REJECT"


def leave(lab, host):
    lab.on(host, "timeout", "60", "docker", "swarm", "leave", "--force")


def test_no_second_swarm_while_a_known_manager_listens(swarm):
    cluster = swarm.cluster("manager2")
    leave(swarm, "manager1")
    with stopped_minions(swarm, "manager2", "manager3"):
        swarm.pillar(init_without=["manager2", "manager3"])
        run = swarm.bootstrap()
        assert run.code == 1
        assert "a manager still listens at" in run.comments()
        assert swarm.one("manager1", "swarm.info")["state"] == "inactive"
    swarm.pillar()
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    assert_whole(swarm)
    assert swarm.cluster() == cluster


def test_a_worker_that_forges_facts_takes_nobody_with_it(swarm):
    """worker3 makes a swarm of its own and offers its address and token as if it were a manager."""
    cluster = swarm.cluster()
    for worker in ("worker2", "worker3"):
        leave(swarm, worker)
    swarm.one("worker3", "swarm.init", "advertise_addr=eth0")
    forged = swarm.one("worker3", "swarm_facts.collect")
    forged.update(id="manager1", sealed={"worker2": "AAAA"})
    given = f"data={json.dumps(forged)}"
    assert swarm.one("worker3", "mine.send", "swarm", "mine_function=swarm_mine.given", given)
    run = swarm.bootstrap()
    assert run.code == 1
    assert "worker3" in run.failed() and "another swarm" in run.failed()["worker3"][0]
    assert "2 of 3 workers joined; worker3: " in run.comments()
    nodes = swarm.nodes()
    assert nodes["worker2"]["state"] == "ready" and swarm.cluster() == cluster
    leave(swarm, "worker3")
    assert swarm.bootstrap().code == 0
    assert_whole(swarm)


def test_managers_of_different_swarms_are_reported(swarm):
    leave(swarm, "manager3")
    swarm.one("manager3", "swarm.init", "advertise_addr=eth0", "availability=drain")
    before = swarm.nodes("manager1")
    run = swarm.bootstrap()
    assert run.code == 1
    assert "in different swarms" in run.comments()
    assert {n["id"] for n in before.values()} == {n["id"] for n in swarm.nodes().values()}
    leave(swarm, "manager3")
    assert swarm.bootstrap().code == 0
    assert_whole(swarm)


def test_an_orphan_comes_home(swarm):
    """A worker that is active, but whose record the managers deleted."""
    old = swarm.nodes()["worker2"]["id"]
    swarm.one("manager1", "swarm.node_rm", old, "force=True")
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    assert assert_whole(swarm)["worker2"]["id"] != old


@contextlib.contextmanager
def planted(lab):
    """Five faults at once. The fifth is the clock, which nothing in the lab synchronises."""
    first = WORKERS[0]
    machine = lab.on("manager2", "cat", "/etc/machine-id").out
    own = lab.on("manager3", "cat", "/etc/machine-id").out
    with contextlib.ExitStack() as after:
        after.callback(lab.pillar)
        lab.pillar(managers=MANAGERS[:2], workers=["manager3", *WORKERS])
        after.callback(lab.on, "manager3", "sh", "-c", "cat >/etc/machine-id", stdin=own)
        lab.on("manager3", "sh", "-c", "cat >/etc/machine-id", stdin=machine)
        after.callback(lab.shell, first, f"rm {DAEMON_JSON}")
        lab.on(first, "sh", "-c", f"cat >{DAEMON_JSON}", stdin='{"live-restore": true}')
        after.callback(lab.shell, first, f"iptables -D {PORT}")
        lab.shell(first, f"iptables -I {PORT}")
        yield first


def test_five_faults_are_one_answer(swarm):
    """The first step asks all hosts; nothing is changed, and each fault can be ignored by its name."""
    nodes = swarm.on("manager1", "docker", "node", "ls", "-q").out.split()
    before = swarm.on("manager1", "docker", "node", "inspect", *nodes).json
    with planted(swarm) as first:
        run = swarm.bootstrap()
        assert run.code == 1 and run.changes() == {}
        (state,) = run.steps.values()
        lines = state["refused"]["preflight"]
        told = {line.split(":")[0]: line for line in lines}
        assert f"port-2377: {first}: cannot reach 10.213.0.11:2377 (open" in told["port-2377"]
        assert "manager2, manager3 have one machine id (" in told["engine-id"]
        assert f"{first}: live-restore is on, which swarm refuses (" in told["live-restore"]
        assert "warning: managers-even: 2 managers survive" in state["comment"]
        assert "warning: clock: manager1, manager2, manager3, " in state["comment"]
        names = ["port-2377", "engine-id", "live-restore"]
        assert [line.split(":")[0] for line in lines] == [*names, "nothing was changed"]
        # What a plan shows is a bootstrap in test mode.
        plan = swarm.on("master", "salt-run", "swarm.plan", "swarm_ignore=[engine-id]", check=False)
        shown = plan.out
        assert plan.code == 1 and lines[0] in shown and lines[2] in shown, shown
        assert "warning: engine-id: manager2, manager3 " in shown
        run = swarm.orchestrate("docker.bootstrap", "test=True", swarm_ignore=names)
        assert "nothing was changed" not in run.out and run.comments().count("warning: ") >= 5
    assert swarm.on("manager1", "docker", "node", "inspect", *nodes).json == before


def test_an_interface_that_no_host_has(swarm):
    """A swarm that runs would not miss it before the next host joins."""
    swarm.pillar(advertise="eht0")
    run = swarm.bootstrap("test=True")
    swarm.pillar()
    assert run.code == 1 and "this host has no interface eht0, it has eth0" in run.comments()
    run = swarm.orchestrate("docker.bootstrap", swarm_ignore=["clok"])
    assert run.code == 1 and "unknown check clok (did you mean clock?)" in run.comments()


def test_all_workers_are_still_the_named_ones(swarm):
    assert set(WORKERS) < set(swarm.nodes())
