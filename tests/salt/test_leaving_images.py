# SPDX-License-Identifier: Apache-2.0
"""The images of tasks that will move are there before docker.remove and docker.replace empty a host."""

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError
from test_sls_orchestrations import pillar
from test_state_orchestrated import MANAGERS, Master, all_well

WEB = "web:1@sha256:1"
REMOVE = {"swarm_hosts": ["worker1"]}
REPLACE = {"swarm_replace": {"worker1": "worker2"}}
PULLED = {"pulled": [], "failed": {}, "private": {}}


@pytest.fixture
def run(tmp_path):
    """``run(sls, given, answer, …)``: the state, its lines, and what was asked of whom."""

    def run_(sls="docker.remove", given=REMOVE, answer=None, found=None, pulled=PULLED, **more):
        found = found or {"jobs": [[[WEB, "db:1"], ["worker2"]]], "unknown": 0}

        def say(host, what, kwarg):
            said = answer(host, what) if answer else None
            if said is not None:
                return said
            known = {"swarm_prefetch.leaving": found, "swarm_prefetch.pull": pulled}
            if what in known:
                return {"ret": known[what], "retcode": 0}
            return all_well(host, what, kwarg)

        made = Master(tmp_path, say)
        done, failed, _ = made.run(sls, pillar(given), **more)
        return done, failed, [(hosts, what) for hosts, what, _ in made.asked]

    return run_


@pytest.mark.parametrize(("sls", "given"), [("docker.remove", REMOVE), ("docker.replace", REPLACE)])
def test_who_takes_the_tasks_pulls_before_the_first_change(run, sls, given):
    done, failed, asked = run(sls, given)
    assert not failed and "warning" not in done["comment"]
    steps = [what for _, what in asked]
    order = ["docker.mine", "swarm_prefetch.leaving", "saltutil.refresh_pillar"]
    order.append("swarm_prefetch.pull")
    where = [steps.index(what) for what in [*order, "docker.manager.release", "docker.leave"]]
    assert where == sorted(where)
    if sls == "docker.replace":
        assert steps.index("docker.worker.join") < where[1], "the new host is one of those"
    assert [asked[one][0] for one in where[1:4]] == [MANAGERS[:1], ["worker2"], ["worker2"]]


def test_test_mode_pulls_nothing(run):
    done, failed, asked = run(test=True)
    assert not failed and not [what for _, what in asked if "prefetch" in what]


def test_what_cannot_be_pulled_is_a_warning(run):
    pulled = {
        "pulled": [],
        "failed": {WEB: "image web:1 could not be pulled: no route"},
        "private": {"db:1": "the registry refuses it: credentials are missing or wrong"},
    }
    found = {"jobs": [[[WEB, "db:1"], ["worker2"]]], "unknown": 2}
    done, failed, asked = run(pulled=pulled, found=found)
    assert not failed and "docker.leave" in [what for _, what in asked]
    lines = done["comment"].splitlines()
    assert "warning: worker2: image web:1 could not be pulled: no route" in lines
    text = "the registry refuses it: credentials are missing or wrong: see pillar swarm:registries"
    assert f"warning: worker2: {text}" in lines
    text = "2 nodes that are not in pillar pull the images of tasks when these come"
    assert f"warning: {text}" in lines


def test_a_host_that_does_not_answer_stops_nothing(run):
    done, failed, asked = run(
        answer=lambda host, what: {"failed": True} if what == "swarm_prefetch.pull" else None
    )
    assert not failed and "docker.leave" in [what for _, what in asked]
    assert "warning: worker2: its minion did not answer" in done["comment"]


def test_another_manager_is_asked_if_the_first_cannot_say(run):
    def answer(host, what):
        if what == "swarm_prefetch.leaving" and host in wrong:
            return {"ret": "ERROR: this node does not manage", "retcode": 1}
        return None

    wrong = MANAGERS[:1]
    done, failed, asked = run(answer=answer)
    assert not failed and "warning" not in done["comment"]
    assert [hosts for hosts, what in asked if what.endswith("leaving")] == [
        ["manager1"],
        ["manager2"],
    ]
    wrong = MANAGERS
    done, failed, asked = run(answer=answer)
    text = "images are pulled when the tasks come: manager3: this node does not manage"
    assert not failed and f"warning: {text}" in done["comment"].splitlines()


def test_a_host_without_the_modules_gets_them(run):
    bare = {"worker2"}

    def answer(host, what):
        if what == "docker.extension":
            bare.discard(host)
        if what == "swarm_prefetch.pull" and host in bare:
            return {"ret": "'swarm_prefetch.pull' is not available.", "retcode": 254}
        return None

    done, failed, asked = run(answer=answer)
    assert not failed and "warning" not in done["comment"]
    steps = [what for hosts, what in asked if hosts == ["worker2"]]
    pull = "swarm_prefetch.pull"
    assert steps == ["saltutil.refresh_pillar", pull, "docker.extension", pull]


# --- on a manager ---------------------------------------------------------------------------------


@pytest.fixture
def formed(make_fleet):
    """All hosts have published which node they are."""
    fleet = make_fleet(managers=1, workers=3).form()
    run = fleet.new_run()
    for host in fleet.minions:
        fleet[host].job(run=run).state("published")
    return fleet


def ids(fleet):
    return {name: fleet[name].machine.node_id for name in ("worker1", "worker2", "worker3")}


def leaving(fleet, hosts, others=("manager1", "worker1", "worker2", "worker3")):
    return fleet["manager1"].job().salt["swarm_prefetch.leaving"](list(hosts), list(others))


def test_which_hosts_need_what(formed):
    node, asked = ids(formed), []

    def images(core, nodes, **_):
        asked.append(nodes)
        return [
            {"images": [WEB], "nodes": [node["worker1"], node["worker2"], node["worker3"]]},
            {"images": ["db:1"], "nodes": [node["worker3"], "no-host-of-pillar"]},
            {"images": ["own:1"], "nodes": [node["worker1"]]},
        ]

    formed["manager1"].machine.do_evict_images = images
    assert leaving(formed, ["worker1"]) == {
        "jobs": [[[WEB], ["worker2"]], [[WEB, "db:1"], ["worker3"]]],
        "unknown": 1,
    }
    assert asked == [[node["worker1"]]]
    # One that is drained or down has no tasks to move, nor has one without a node.
    formed["manager1"].machine.cluster.nodes[node["worker1"]]["availability"] = "drain"
    formed["worker2"].machine.docker = "stopped"
    assert leaving(formed, ["worker1", "worker2", "gone"]) == {"jobs": [], "unknown": 0}
    assert len(asked) == 1


def test_slips(formed):
    salt = formed["worker1"].job().salt
    with pytest.raises(SaltInvocationError, match="'ask' must be a callable"):
        salt["swarm_prefetch.before_leaving"]([], [])
    with pytest.raises(CommandExecutionError):
        salt["swarm_prefetch.leaving"](["worker1"])
