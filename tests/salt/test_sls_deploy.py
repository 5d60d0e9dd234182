# SPDX-License-Identifier: Apache-2.0
"""``docker.deploy``: which manager gets the step, what it does there, and what is refused."""

import pytest
import rendered
from test_sls_bootstrap import PILLAR, known, refusal, render, step
from test_state_orchestrated import BUSY, Master, last_line, state, states

STACKS = {
    "db": {"contents": "x"},
    "shop": {"contents": "x", "after": ["db"]},
    "log": {"contents": "x"},
}
CREATED = {"service shop_web": "created"}


def pillar(stacks=STACKS, **more):
    return {"swarm": {**PILLAR["swarm"], "stacks": stacks}, **more}


def standing(leader="manager1", silent=(), clusters=None, old=()):
    """Managers that say whether they lead; a step that is fine."""

    def answer(host, sls, kwarg):
        if host in silent:
            return None
        if sls == "swarm_leading.standing":
            if host in old:
                return {"ret": "'swarm_leading.standing' is not available.", "retcode": 254}
            cluster = (clusters or {}).get(host, "c1")
            return {"ret": {"cluster": cluster, "leads": host == leader}, "retcode": 0}
        return states(
            *(state(f"docker-stack-{name}", comment=f"{name} is fine") for name in STACKS)
        )

    return answer


@pytest.fixture
def run(tmp_path):
    def run_(answer, given=None, **kwargs):
        made = Master(tmp_path, answer)
        return (*made.run("docker.deploy", given or pillar(), **kwargs), made.asked)

    return run_


def targets(asked):
    return [hosts for hosts, what, _ in asked if what == "docker.manager.deploy"]


@pytest.mark.parametrize(
    "given, text",
    [
        ({"swarm": PILLAR["swarm"]}, "pillar swarm:stacks names no stack for master_master"),
        (
            pillar(swarm_stacks=["web", "shop"]),
            "pillar swarm:stacks has no web (there are: db, shop, log)",
        ),
        (pillar(swarm_stacks={"a": 1}), "pillar swarm_stacks must be a list of names of stacks"),
        (
            pillar({"a b": {"contents": "x"}}),
            "each name must be a name of letters, digits, - and _",
        ),
        (
            pillar({"a": {}}),
            "pillar swarm:stacks:a has no compose file: give source, contents or compose",
        ),
        (
            pillar({"a": {"contents": "x", "afters": []}}),
            "unknown key 'afters' under swarm:stacks:a",
        ),
        (
            pillar({"a": {"contents": "x", "after": ["b"]}}),
            "pillar swarm:stacks:a:after names b, which is not in swarm:stacks",
        ),
        (
            pillar({n: {"contents": "x", "after": [o]} for n, o in (("a", "b"), ("b", "a"))}),
            "pillar swarm:stacks: after makes a circle of a, b",
        ),
    ],
)
def test_refused_before_anything_is_asked(tmp_path, given, text):
    data = render(tmp_path, given, sls="docker.deploy")
    assert text in refusal(data, "docker-deploy")


def test_all_stacks_or_those_that_are_named(tmp_path):
    data = render(tmp_path, pillar(), sls="docker.deploy")
    assert known(data, "docker-deploy")["stacks"] == ["db", "shop", "log"]
    data = render(tmp_path, pillar(swarm_stacks="log"), sls="docker.deploy")
    assert known(data, "docker-deploy")["stacks"] == ["log"]
    assert step(data, "docker-deploy")["says"] == ["docker-stack-log"]


def chunks(tmp_path, run=None, stacks=STACKS):
    given = {"swarm": {**PILLAR["swarm"], "stacks": stacks}, **({"swarm_run": run} if run else {})}
    opts = rendered.minion_opts(tmp_path)
    found = rendered.low(opts, given, "docker.manager.deploy")
    return [one for one in found if one["fun"] == "stack"]


def test_the_step_has_the_stacks_in_their_order(tmp_path):
    found = chunks(tmp_path, {"stacks": ["db", "shop", "log"]})
    assert [(one["name"], one["runs_on"]) for one in found] == [
        ("db", "any"),
        ("shop", "any"),
        ("log", "any"),
    ]
    checked = {"swarm": "docker-stacks-checked"}
    assert [one["require"] for one in found] == [
        [checked],
        [checked, {"swarm": "docker-stack-db"}],
        [checked],
    ]
    (alone,) = chunks(tmp_path, {"stacks": ["shop"]})
    assert "require" not in alone
    turned = {"shop": STACKS["shop"], "db": STACKS["db"]}
    assert [one["name"] for one in chunks(tmp_path, stacks=turned)] == ["db", "shop"]


def test_by_itself_on_several_managers_the_leader_acts(tmp_path):
    assert {one["runs_on"] for one in chunks(tmp_path)} == {"leader"}
    assert chunks(tmp_path, stacks={}) == []


# --- which manager ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer, host",
    [
        (standing("manager2"), "manager2"),
        # The leader's minion is off: any manager can do it.
        (standing("manager3", silent=["manager1", "manager3"]), "manager2"),
        # The modules come with the step.
        (standing("none", old=["manager1", "manager2", "manager3"]), "manager1"),
        (standing("manager3", old=["manager1"]), "manager3"),
    ],
)
def test_one_manager_deploys(run, answer, host):
    done, failed, printed, asked = run(answer)
    assert not failed and targets(asked) == [[host]]
    assert "db is fine; shop is fine; log is fine" in printed


def test_a_manager_that_is_silent_is_noted(run):
    done, failed, printed, _ = run(standing(silent=["manager3"]))
    assert not failed and "manager3: its minion did not answer" in printed


def test_managers_of_two_clusters(run):
    _, failed, printed, asked = run(standing(clusters={"manager3": "c2"}))
    text = "the managers are in different clusters: c1 of manager1, manager2; c2 of manager3"
    assert failed and text in printed and targets(asked) == []


def test_no_manager_answers_as_one(run):
    def answer(host, sls, kwarg):
        return {"ret": "ERROR: this host is not in a swarm", "retcode": 1}

    done, failed, printed, asked = run(answer)
    assert failed and targets(asked) == [] and "this host is not in a swarm" in printed
    assert set(done["refused"]) == {"manager1", "manager2", "manager3"}


# --- what it says -----------------------------------------------------------------------------------


def deploying(result, comment, changes=None, requisite=False):
    def answer(host, sls, kwarg):
        if sls == "swarm_leading.standing":
            return standing()(host, sls, kwarg)
        found = [state("docker-stack-db", result, comment, changes)]
        if requisite:
            found.append(state("docker-stack-shop", False, "One or more requisite failed: x"))
        else:
            found.append(state("docker-stack-shop", comment="stack shop is as declared"))
        return states(*found)

    return answer


def test_a_change_is_one_line_per_object(run):
    text = "stack db: created 1 service"
    done, failed, printed, _ = run(deploying(True, text, CREATED))
    assert not failed and done["changes"] == {"manager1": "service shop_web: created"}
    assert f"{text}; stack shop is as declared" in printed
    done, failed, printed, _ = run(deploying(None, text, CREATED), test=True)
    assert done["result"] is None and not failed
    assert f"test mode, nothing was done: manager1 would change; {text}" in printed


def test_a_failure_is_its_line(run):
    text = "stack db: service db_db is not sent: swarm rolled this spec back"
    done, failed, printed, _ = run(deploying(False, text, requisite=True))
    assert failed and last_line(printed) == f"manager1: {text}"
    assert "requisite" not in printed
    assert "docker-stack-shop stays as it is: what it comes after failed" in printed


def test_a_busy_manager(run):
    def answer(host, sls, kwarg):
        found = standing()(host, sls, kwarg)
        return found if sls == "swarm_leading.standing" else {"ret": [BUSY]}

    _, failed, printed, _ = run(answer)
    assert failed and last_line(printed).startswith("manager1: busy, another run is on there")
