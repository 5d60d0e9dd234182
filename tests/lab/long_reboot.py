# SPDX-License-Identifier: Apache-2.0
"""A worker that needs a reboot is rebooted, empty, and no other; the power of a lab's host is turned on by hand."""

import concurrent.futures
import datetime
import re
import time
import zoneinfo

from conftest import until


def plan_of(lab, **given):
    run = lab.orchestrate("docker.reboot", **given)
    return run, re.search(r"swarm_plan[\\\": ]+([0-9a-f]{12})", run.out)


def boot(lab, host):
    return lab.on(host, "cat", "/proc/sys/kernel/random/boot_id").out.strip()


def test_only_where_it_is_needed(swarm):
    lab = swarm
    run, plan = plan_of(lab)
    assert run.code == 0 and "nothing to do" in run.out and plan is None, run.out
    lab.on("worker1", "touch", "/run/reboot-required")
    boots = {host: boot(lab, host) for host in ("manager1", "worker1", "worker2")}
    lab.on("master", "salt-run", "saltutil.sync_runners")
    shown = lab.on("master", "salt-run", "swarm.plan", "reboot", check=False)
    assert "worker1: boot: " in shown.out and "worker2: boot" not in shown.out, shown.out
    assert "swarm_plan" in shown.out, shown.out
    run, plan = plan_of(lab)
    assert run.code != 0 and plan, run.out
    assert boot(lab, "worker1") == boots["worker1"]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = pool.submit(lab.orchestrate, "docker.reboot", swarm_plan=plan[1])
        off = "lab: worker1 is not running"
        until(lambda: lab.on("worker1", "true", check=False).code != 0, off, seconds=240)
        until(lambda: lab("start", "worker1", check=False).code == 0, "worker1 boots")
        run = running.result()
    assert run.code == 0 and "1 of " in run.out, run.out
    after = {host: boot(lab, host) for host in boots}
    assert [host for host in boots if after[host] != boots[host]] == ["worker1"]
    assert lab.nodes()["worker1"]["availability"] == "active"
    run, plan = plan_of(lab)
    assert run.code == 0 and "nothing to do" in run.out, run.out


def test_a_window_closes_in_the_midst_of_a_run(swarm):
    """Of two hosts the first comes back when it is too late to begin with the second."""
    lab = swarm
    zone = zoneinfo.ZoneInfo("Europe/Rome")
    now = datetime.datetime.now(zone)
    closes = now + datetime.timedelta(minutes=5)
    window = {"from": f"{now - datetime.timedelta(hours=2):%H:%M}", "to": f"{closes:%H:%M}"}
    pillar = {
        "reboot": {"when": "/var/tmp/patched"},
        "drain": {"deadline": 120},
        "window": {**window, "tz": "Europe/Rome"},
    }
    lab.pillar(**pillar)
    hosts = ("manager1", "worker1", "worker2")
    boots = {host: boot(lab, host) for host in hosts}
    for host in hosts[1:]:
        lab.on(host, "touch", "/var/tmp/patched")
    run, plan = plan_of(lab)
    assert run.code != 0 and plan, run.out
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = pool.submit(lab.orchestrate, "docker.reboot", swarm_plan=plan[1])
        off = "worker1 is off"
        until(lambda: lab.on("worker1", "true", check=False).code != 0, off, seconds=240)
        last = closes.replace(second=0, microsecond=0) - datetime.timedelta(seconds=120)
        time.sleep(max(0, (last - datetime.datetime.now(zone)).total_seconds()))
        until(lambda: lab("start", "worker1", check=False).code == 0, "worker1 boots")
        run = running.result()
    assert run.code == 0, run.out
    assert f"1 of 2 done, window closed at {window['to']}; it opens " in run.comments(), run.out
    after = {host: boot(lab, host) for host in hosts}
    assert [host for host in hosts if after[host] != boots[host]] == ["worker1"]
    assert {node["availability"] for node in lab.nodes().values()} <= {"active", "drain"}
    assert lab.nodes()["worker2"]["availability"] == "active"
    # The window has ended: nothing begins.
    run, _ = plan_of(lab, swarm_plan=plan[1])
    assert run.code == 0 and "0 of 1 done, the window is closed; it opens " in run.comments(), (
        run.out
    )
    # In the next one the same plan goes on with the second host alone.
    lab.pillar(**{**pillar, "window": {"from": "00:00", "to": "00:00"}})
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = pool.submit(lab.orchestrate, "docker.reboot", swarm_plan=plan[1])
        off = "worker2 is off"
        until(lambda: lab.on("worker2", "true", check=False).code != 0, off, seconds=240)
        until(lambda: lab("start", "worker2", check=False).code == 0, "worker2 boots")
        run = running.result()
    assert run.code == 0 and "1 of " in run.comments(), run.out
    assert boot(lab, "worker1") == after["worker1"] and boot(lab, "worker2") != boots["worker2"]
    run, plan = plan_of(lab)
    assert run.code == 0 and "nothing to do" in run.out and plan is None, run.out
    lab.pillar()


def test_a_host_that_leaves_is_emptied_first(swarm):
    lab = swarm
    run = lab.orchestrate("docker.remove", swarm_hosts=["worker2"])
    assert run.code == 0, run.why()
    assert "worker2" not in lab.nodes()
