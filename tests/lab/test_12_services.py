# SPDX-License-Identifier: Apache-2.0
"""Declared services in states of several managers at once, from the first run to one that swarm rolls back."""

import pytest
from conftest import WORKERS
from test_14_networks import IMAGE, apply

LISTED = ("docker", "service", "ls", "-q", "--filter")
SLEEPS = ["/bin/busybox", "sleep", "1000"]


def web(*more, command=SLEEPS, deploy=None, image=IMAGE):
    """The state, as SLS data has it."""
    deploy = deploy or {
        "replicas": 2,
        "endpoint_mode": "dnsrr",
        "update_config": {"monitor": "1s", "failure_action": "rollback", "parallelism": 2},
    }
    own = {"command": command, "image": image, "resolve_image": "never", "stop_grace_period": "0s"}
    arguments = [{key: value} for key, value in {**own, "deploy": deploy}.items()]
    return {"swarm.service": [*arguments, *more]}


@pytest.fixture(scope="module")
def workers(swarm):
    """The swarm, with an image on its workers."""
    swarm.give_image(*WORKERS)
    swarm.on("master", "salt-run", "saltutil.sync_runners")
    yield swarm
    swarm.shell("manager1", "docker service rm $(docker service ls -q)", check=False)


def of_the_leader(rets, name):
    """The return of the manager that acted; the others left it to that one."""
    acted = {
        minion: ret[name] for minion, ret in rets.items() if "left to" not in ret[name]["comment"]
    }
    ((leader, ret),) = acted.items()
    for minion, other in rets.items():
        if minion != leader:
            assert (other[name]["result"], other[name]["changes"]) == (True, {})
            assert other[name]["comment"] == f"left to {leader}"
    return ret


def stored(lab, name="web"):
    return lab.on("manager1", "docker", "service", "inspect", name).json[0]


def test_several_managers_make_one_change_and_then_none(workers):
    ret = of_the_leader(apply(workers, {"web": web()}), "web")
    assert ret["result"] is True and "2 of 2 tasks are running" in ret["comment"]
    ret = of_the_leader(apply(workers, {"web": web({"hostname": "h"})}), "web")
    assert ret["changes"] == {"hostname": {"old": None, "new": "h"}}
    before = stored(workers)
    ret = of_the_leader(apply(workers, {"web": web({"hostname": "h"})}), "web")
    assert (ret["result"], ret["changes"]) == (True, {})
    after = stored(workers)
    assert (after["Version"], after["PreviousSpec"]) == (before["Version"], before["PreviousSpec"])


def test_a_spec_that_swarm_rolled_back_is_sent_once(workers):
    bad = {"web": web({"hostname": "h"}, command=["/bin/busybox", "false"])}
    ret = of_the_leader(apply(workers, bad), "web")
    assert (ret["result"], ret["changes"]) == (False, {})
    assert "swarm rolled the update back" in ret["comment"] and "exit (1)" in ret["comment"]
    before = stored(workers)["Version"]
    ret = of_the_leader(apply(workers, bad), "web")
    assert ret["result"] is False and "it is not sent again" in ret["comment"]
    assert stored(workers)["Version"] == before
    ret = of_the_leader(apply(workers, {"web": web({"hostname": "h"})}), "web")
    assert (ret["result"], ret["changes"]) == (True, {})


def executions(lab, name):
    """The number of times that a job ran: that of its iterations."""
    return stored(lab, name)["JobStatus"]["JobIteration"].get("Index", 0) + 1


def test_a_job_on_each_node(workers):
    everywhere = {"mode": "global-job", "restart_policy": {"condition": "none"}}
    job = {"each": web(command=["/bin/busybox", "true"], deploy=everywhere)}
    ret = of_the_leader(apply(workers, job, test=True), "each")
    assert ret["result"] is None and not workers.on("manager1", *LISTED, "name=each").out
    ret = of_the_leader(apply(workers, job), "each")
    able = len(WORKERS)
    assert ret["result"] is True and f"{able} of {able} tasks are complete" in ret["comment"]
    assert of_the_leader(apply(workers, job), "each")["changes"] == {}
    assert executions(workers, "each") == 1


def test_an_image_that_cannot_be_pulled(workers):
    """The engine makes the service, and only the tasks say what is wrong."""
    nowhere = {"nowhere": web({"timeout": 30}, image="127.0.0.1:9/none:1")}
    ret = of_the_leader(apply(workers, nowhere), "nowhere")
    assert ret["result"] is False and "No such image: 127.0.0.1:9/none:1" in ret["comment"]
    assert ret["comment"].count("\n") == 0
    workers.on("manager1", "docker", "service", "rm", "nowhere")


def test_jobs(workers):
    once = {"mode": "replicated-job", "restart_policy": {"condition": "none"}}
    good = {"job": web({"job_trigger": "1"}, command=["/bin/busybox", "true"], deploy=once)}
    ret = of_the_leader(apply(workers, good), "job")
    assert ret["result"] is True and "1 of 1 tasks are complete" in ret["comment"]
    assert of_the_leader(apply(workers, good), "job")["changes"] == {}
    ran = executions(workers, "job")
    assert ran == 1
    again = {"job": web({"job_trigger": "2"}, command=["/bin/busybox", "true"], deploy=once)}
    ret = of_the_leader(apply(workers, again), "job")
    assert ret["changes"] == {"job_trigger": {"old": "1", "new": "2"}}
    assert of_the_leader(apply(workers, again), "job")["changes"] == {}
    assert executions(workers, "job") == 2
    bad = {"bad": web(command=["/bin/busybox", "sh", "-c", "exit 3"], deploy=once)}
    ret = of_the_leader(apply(workers, bad), "bad")
    assert ret["result"] is False and "exit code 3" in ret["comment"]


def test_from_the_master(workers):
    def run(*command, code=0):
        done = workers.on("master", "salt-run", *command, "--out=json", check=False)
        assert done.code == code, done.out + done.err
        return done.json

    (rows,) = [ret for ret in run("swarm.service_ls").values() if isinstance(ret, list)]
    assert [(row["NAME"], row["REPLICAS"]) for row in rows if row["NAME"] == "web"] == [
        ("web", "2/2")
    ]
    assert {"web": {"old": 2, "new": 3}} in run("swarm.service_scale", "web=3").values()
    assert run("swarm.service_update", "web", "tty=maybe", code=1)["problems"] == [
        "manager1: tty: must be true or false, not 'maybe'"
    ]
    assert True in run("swarm.service_rm", "web").values()
    assert False in run("swarm.service_rm", "web").values()


def test_absent(workers):
    gone = {"job": {"swarm.service_absent": []}}
    assert of_the_leader(apply(workers, gone), "job")["changes"]
    assert of_the_leader(apply(workers, gone), "job")["changes"] == {}
