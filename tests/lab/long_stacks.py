# SPDX-License-Identifier: Apache-2.0
"""
Stacks under a schedule with a spec that swarm rolls back, and a deployment whose leader loses its power in
the middle.
"""

import pytest
from conftest import MANAGERS, restore, until, until_idle, until_in
from faults import beside
from test_17_stacks import highstate, service, shop, stacks, write

__all__ = ["stacks"]
RUNS = 12


def job_count(lab):
    """How many scheduled runs have returned."""
    done = lab.on(
        "master", "salt-run", "jobs.list_jobs", "search_function=state.apply", "--out=json"
    )
    return len(done.json)


@pytest.fixture
def scheduled(stacks):
    """Each manager applies the stacks of pillar every five seconds."""
    assert highstate(stacks)["result"] is True
    job = [
        "function=state.apply",
        "job_args=['docker.manager.deploy']",
        "seconds=5",
        "maxrunning=1",
    ]
    minions = ",".join(MANAGERS)
    stacks.salt(minions, "schedule.add", "deploy", *job)
    yield stacks
    stacks.salt(minions, "schedule.delete", "deploy")
    until_idle(stacks)


def versions(lab):
    found = lab.on("manager1", "docker", "service", "inspect", "shop_db", "shop_web").json
    return [one["Version"]["Index"] for one in found]


def test_a_spec_that_fails_is_sent_once_under_a_schedule(scheduled):
    write(scheduled, "compose.yml", shop(db=service(command=["/bin/busybox", "false"])))
    inspect = ("docker", "service", "inspect", "-f", "{{.UpdateStatus.State}}", "shop_db")
    until(
        lambda: "rollback_completed" in scheduled.on("manager1", *inspect, check=False).out,
        "swarm rolls it back",
    )
    before, jobs = versions(scheduled), job_count(scheduled)
    until(lambda: job_count(scheduled) >= jobs + RUNS, f"{RUNS} more runs")
    assert versions(scheduled) == before
    rows = scheduled.one("manager1", "swarm.stack_history", "shop")
    assert [row["RESULT"] for row in rows].count("rolled back") == 1
    write(scheduled, "compose.yml", shop(db=service(hostname="h")))
    until(lambda: versions(scheduled) != before, "the schedule deploys what is good")


def hostname(lab, manager, name):
    path = "{{.Spec.TaskTemplate.ContainerSpec.Hostname}}"
    return lab.on(
        manager, "docker", "service", "inspect", "-f", path, name, check=False
    ).out.strip()


def leader_of(lab, manager):
    return next((name for name, node in lab.nodes(manager).items() if node["leader"]), None)


def test_a_power_cut_of_the_leader_in_the_middle(stacks):
    web = service(3, hostname="cut", depends_on=["db"])
    write(stacks, "compose.yml", shop(web=web, db=service(hostname="cut")))
    leader = leader_of(stacks, "manager1")
    other = next(name for name in MANAGERS if name != leader)
    with beside(stacks, "docker.deploy") as run:
        run.until(lambda: hostname(stacks, other, "shop_db") == "cut", "the first service is sent")
        stacks("stop", "--now", leader)
    assert leader in run.ended().comments()
    until(lambda: leader_of(stacks, other) not in (None, leader), "another manager leads")
    again = stacks.orchestrate("docker.deploy")
    assert again.code == 0, again.why()
    assert hostname(stacks, other, "shop_web") == "cut"
    assert stacks.orchestrate("docker.deploy").swarm_changes() == {}
    restore(stacks, leader)
    until_in(stacks, leader)
    assert stacks.orchestrate("docker.deploy").swarm_changes() == {}
