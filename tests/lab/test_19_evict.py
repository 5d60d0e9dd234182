# SPDX-License-Identifier: Apache-2.0
"""A worker emptied without a gap, and given back: no task of another node restarts, no spec changes."""

import json

import pytest
from conftest import WORKERS, until

SERVE = "trap exit TERM; /bin/busybox sleep 100000 & wait"
# Each line says how many tasks of web run, of how many, five times a second.
PROBE = (
    "exec >/var/tmp/probe; while :; do docker service ls --filter name=web --format '{{.Replicas}}';"
    " sleep 0.2; done"
)


@pytest.fixture(scope="module")
def services(swarm):
    """A service that starts its new tasks first, one in host mode that fits nowhere else, a global one."""
    swarm.give_image(*WORKERS)
    common = "--detach --no-resolve-image --endpoint-mode dnsrr"
    first = "--update-order start-first --update-parallelism 2 --update-monitor 1s"
    run = f"lab:1 /bin/busybox sh -c '{SERVE}'"
    swarm.shell("manager1", f"docker service create {common} {first} --name web --replicas 4 {run}")
    swarm.shell("manager1", f"docker service create {common} --mode global --name glob {run}")
    until(lambda: set(states(swarm, "web")) == {"running"}, "web runs")
    yield swarm
    swarm.shell("manager1", "systemctl stop probe; docker service rm web glob pinned", check=False)


def tasks(lab, service):
    """``{id: (node id, state)}`` of the tasks that are to run."""
    found = lab.one("manager1", "swarm.call", "task_list")
    names = lab.on("manager1", "docker", "service", "inspect", service).json[0]["ID"]
    return {
        one["ID"]: (one.get("NodeID"), one["Status"]["State"])
        for one in found
        if one["ServiceID"] == names and one["DesiredState"] == "running"
    }


def states(lab, service):
    return [state for _, state in tasks(lab, service).values()]


def stored(lab, service):
    """As the engine has it: docker's CLI adds defaults, and only to the spec of now."""
    return lab.one("manager1", "swarm.call", "service_inspect", f"id={service}")


def test_there_and_back_without_a_gap(services):
    lab = services
    node = lab.nodes()["worker1"]["id"]
    lab.shell("manager1", f"systemd-run --unit=probe --collect sh -c {json.dumps(PROBE)}")
    before, spec = tasks(lab, "web"), stored(lab, "web")["Spec"]
    plan = lab.one("manager1", "swarm.evict_plan", "worker1")
    assert {row["service"]: row["way"] for row in plan["services"]}["glob"] == "stop"
    done = lab.one("manager1", "swarm.evict", "worker1", "reason=test")
    assert (done["old"], done["new"], done["warning"]) == ("active", "drain", "")
    after = tasks(lab, "web")
    assert not any(where == node for where, _ in after.values()) and len(after) == 4
    stayed = {id_ for id_, (where, _) in before.items() if where != node}
    assert stayed <= set(after) and stayed
    service = stored(lab, "web")
    assert service["Spec"] == spec == service.get("PreviousSpec", spec)
    back = lab.one("manager1", "swarm.evict_undo", "worker1")
    assert back["new"] == "active" and back["services"] == []
    until(lambda: len(states(lab, "glob")) == len(WORKERS), "the global task is back")
    assert set(tasks(lab, "web")) == set(after), "a task restarted"
    labels = lab.nodes()["worker1"]["labels"]
    assert not {"saltext.swarm.was", "saltext.swarm.moved", "saltext.swarm.reason"} & set(labels)
    lab.shell("manager1", "systemctl stop probe")
    seen = lab.shell("manager1", "sort /var/tmp/probe | uniq -c").out.split()
    assert int(seen[0]) > 10 and [one for one in seen if "/" in one and one < "4/4"] == [], seen


def test_what_fits_nowhere_else_is_refused_before_anything_changes(services):
    lab = services
    run = f"lab:1 /bin/busybox sh -c '{SERVE}'"
    node = lab.nodes()["worker1"]["id"]
    lab.shell(
        "manager1",
        "docker service create --detach --no-resolve-image --endpoint-mode dnsrr"
        f" --constraint node.id=={node} --name pinned {run}",
    )
    until(lambda: states(lab, "pinned") == ["running"], "pinned runs")
    text = lab.error("manager1", "swarm.evict", "worker1")
    assert "worker1 is not drained: pinned: its 1 task fits nowhere else" in text
    assert lab.nodes()["worker1"]["availability"] == "active"
    assert "saltext.swarm.was" not in lab.nodes()["worker1"]["labels"]
