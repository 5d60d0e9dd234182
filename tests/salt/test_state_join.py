# SPDX-License-Identifier: Apache-2.0
"""The states by which a host gets in and out, each alone: right already, to be changed, in test mode,
and refused.
"""

import time
import types

import pytest
from fleet import predicted, state

JOINED = {"swarm": {"old": "inactive", "new": "worker"}}


@pytest.fixture
def formed(make_fleet):
    """A swarm of one manager and one worker, with worker2 outside."""
    fleet = make_fleet(managers=1, workers=1).form()
    fleet.add("worker2")
    return fleet


# --- initialized ----------------------------------------------------------------------------------


@pytest.fixture
def bare(make_fleet):
    """Two managers whose facts of this run are published; ``bare.run``."""
    fleet = make_fleet(managers=2, workers=0)
    fleet.run = fleet.new_run()
    for name in ("manager1", "manager2"):
        assert state(fleet, name, "published", run=fleet.run)["result"]
    return fleet


def test_initialized_makes_a_swarm_once(bare):
    ret = predicted(bare, "manager1", "initialized", run=bare.run, advertise_addr="eth0")
    assert ret["changes"] == {"swarm": {"old": "inactive", "new": "manager"}}
    machine = bare["manager1"].machine
    assert machine.cluster.id in ret["comment"] and machine.node_id in ret["comment"]


def test_initialized_on_another_manager_does_nothing(bare):
    for test in (True, False):
        ret = state(bare, "manager2", "initialized", run=bare.run, test=test)
        assert (ret["result"], ret["comment"]) == (True, "manager1 leads this run")
    assert bare["manager2"].machine.state == "inactive"


def test_initialized_that_does_not_come_up_is_false(bare):
    job = bare["manager1"].job(run=bare.run)
    job.replace("swarm.init", lambda **_: {"node_id": "n1", "cluster_id": "c1"})
    ret = job.state("initialized")
    assert (ret["result"], ret["changes"]) == (False, {})
    assert "docker reported that this host is in, but it is inactive" in ret["comment"]


def test_initialized_by_hand_requires_confirmation(bare):
    ret = state(bare, "manager1", "initialized")
    assert ret["result"] is False and "only if you confirm it" in ret["comment"]
    assert state(bare, "manager1", "initialized", init=True)["result"] is True


@pytest.mark.parametrize("test", [False, True])
def test_error_of_the_engine_is_the_reason(bare, test):
    bare["manager1"].machine.fail["init"] = ("Timeout", "init took over 120 s: restart docker")
    ret = state(bare, "manager1", "initialized", run=bare.run, test=test)
    if not test:
        assert (ret["result"], ret["changes"]) == (False, {})
        assert ret["comment"] == "init took over 120 s: restart docker"


def test_wrong_option_is_the_reason(bare):
    def refuse(core, **_):
        raise TypeError("subnet_size must be an integer from 1 to 29, not 'x'")

    bare["manager1"].machine.do_init = refuse
    ret = state(bare, "manager1", "initialized", run=bare.run, subnet_size="x")
    assert (ret["result"], ret["comment"]) == (
        False,
        "subnet_size must be an integer from 1 to 29, not 'x'",
    )


def test_adopting_a_swarm_says_first_which_managers_it_drains(make_fleet):
    fleet = make_fleet(managers=3, workers=0).form()
    for number, availability in ((1, "active"), (2, "pause"), (3, "active")):
        machine = fleet[f"manager{number}"].machine
        machine.cluster.nodes[machine.node_id]["availability"] = availability
    fleet.pillar["nodes"] = {"manager3": {"availability": "active"}}
    run = fleet.new_run()
    for name in fleet.minions:
        state(fleet, name, "published", run=run)
    for test in (True, False):
        comment = state(fleet, "manager1", "initialized", run=run, test=test)["comment"]
        assert "are drained in this run: manager1, manager2 (" in comment
    assert "would be drained" in state(fleet, "manager1", "drained", run=run, test=True)["comment"]
    for name in fleet.minions:
        state(fleet, name, "drained", run=run)
    assert "drained" not in state(fleet, "manager1", "initialized", run=run)["comment"]


# --- joined ---------------------------------------------------------------------------------------


@pytest.fixture
def joining(formed):
    """``formed`` with the token of worker2 sealed in ``formed.run``."""
    formed.run = formed.new_run()
    assert state(formed, "manager1", "published", run=formed.run)["result"]
    assert state(formed, "manager1", "sealed", run=formed.run)["result"]
    return formed


def publish_again(fleet):
    """The next look at the members, as step 1 of the next run takes it."""
    assert state(fleet, "manager1", "published", run=fleet.run)["result"]


def test_joined_joins_as_predicted(joining):
    expected = state(joining, "worker2", "joined", run=joining.run, test=True)
    assert (expected["result"], expected["changes"]) == (None, JOINED)
    assert joining["worker2"].machine.changed_by() == []
    real = state(joining, "worker2", "joined", run=joining.run)
    assert (real["result"], real["changes"]) == (True, JOINED)
    publish_again(joining)
    for test in (True, False):
        again = state(joining, "worker2", "joined", run=joining.run, test=test)
        assert (again["result"], again["changes"]) == (True, {})
    assert joining["worker2"].machine.changed_by() == ["join"]


@pytest.mark.parametrize("test", [False, True])
def test_joined_by_hand_again_does_not_leave_on_an_old_list(joining, test):
    """The lead's facts are older than the join; without a run nothing renews them."""
    state(joining, "worker2", "joined", run=joining.run)
    ret = state(joining, "worker2", "joined", test=test)
    assert (ret["result"], ret["changes"]) == (False, {})
    assert "salt manager1 state.apply docker.mine" in ret["comment"]
    assert joining["worker2"].machine.changed_by() == ["join"]
    assert state(joining, "manager1", "published")["result"]
    assert state(joining, "worker2", "joined", test=test)["result"] is True


def test_joined_publishes_how_it_went(joining):
    joining["worker2"].machine.fail["join"] = ("ConnectError", "no manager listens")
    ret = state(joining, "worker2", "joined", run=joining.run)
    assert (ret["result"], ret["comment"], ret["changes"]) == (False, "no manager listens", {})
    assert joining.mine["worker2"]["swarm"]["error"] == "no manager listens"
    joining["worker2"].machine.fail.clear()
    assert state(joining, "worker2", "joined", run=joining.run)["result"] is True
    assert joining.mine["worker2"]["swarm"]["error"] == ""
    assert joining.mine["worker2"]["swarm"]["node_id"] == joining["worker2"].machine.node_id


def test_joined_does_not_publish_again_without_a_change(formed):
    run = formed.new_run()
    state(formed, "manager1", "published", run=run)
    before = formed.mine["manager1"]["swarm"]["stamp"]
    assert state(formed, "manager1", "joined", role="manager", run=run)["result"] is True
    assert formed.mine["manager1"]["swarm"]["stamp"] == before


def test_joined_that_cannot_publish_is_false(joining):
    joining.refuse_writes = True
    ret = state(joining, "worker2", "joined", run=joining.run)
    assert ret["result"] is False
    assert "joined as worker" in ret["comment"] and "master does not answer" in ret["comment"]


def test_joined_checks_the_digest_that_the_managers_publish(joining):
    state(joining, "worker2", "joined", run=joining.run)
    given = dict(joining["worker2"].machine.calls)["join"]
    assert given["digest"] == joining["manager1"].machine.cluster.digest
    assert given["replace_pending"] is True


def test_joined_without_a_sealed_token_says_what_to_look_at(joining):
    joining.add("worker3")
    ret = state(joining, "worker3", "joined", run=joining.run)
    assert ret["result"] is False
    assert "manager1 has sealed no join token for worker3: is its key accepted" in ret["comment"]


def test_joined_before_there_is_a_swarm(bare):
    ret = state(bare, "manager2", "joined", run=bare.run, role="worker")
    assert ret["result"] is False
    assert ret["comment"].startswith("there is no swarm to join: manager1 has not made one")


def leads_and_seals_later(bare, minion, after):
    """manager1 makes the swarm and seals while the minion waits: at its n-th look."""
    run = bare.new_run()
    for name in run["managers"]:
        state(bare, name, "published", run=run)
    at_first = dict(bare.mine["manager1"])
    for step in ("initialized", "dead_removed", "sealed"):
        if state(bare, "manager1", step, run=run)["result"] is False:
            break
    later, bare.mine["manager1"] = bare.mine["manager1"], at_first
    job = bare[minion].job(run=run)
    looks = []

    def sleep(_):
        looks.append(1)
        if len(looks) == after:
            bare.mine["manager1"] = later
        assert len(looks) < 50

    clock = types.SimpleNamespace(sleep=sleep, monotonic=time.monotonic)
    job.states["swarm.joined"].func.__globals__.update(SEALED_SECONDS=60, time=clock)
    return job, looks


def test_joining_manager_waits_for_the_one_that_leads(make_fleet):
    job, looks = leads_and_seals_later(make_fleet(managers=3, workers=0), "manager2", 3)
    ret = job.state("joined", role="manager")
    assert (ret["result"], len(looks)) == (True, 3), ret
    assert ret["changes"] == {"swarm": {"old": "inactive", "new": "manager"}}


def test_joining_manager_stops_when_the_one_that_leads_fails(make_fleet):
    bare = make_fleet(managers=3, workers=0)
    bare["manager1"].machine.fail["init"] = ("InvalidArgument", "no such address")
    job, looks = leads_and_seals_later(bare, "manager2", 3)
    ret = job.state("joined", role="manager")
    assert (ret["result"], ret["changes"], len(looks)) == (False, {}, 3)
    assert ret["comment"] == "manager1, which leads, says: no such address"


def test_joining_manager_does_not_wait_for_ever(bare):
    ret = state(bare, "manager2", "joined", role="manager", run=bare.run)
    assert (ret["result"], ret["changes"]) == (False, {})
    assert ret["comment"] == "manager1 has sealed no join tokens in 0 s; see its states"


def test_token_that_was_rotated_meanwhile_is_a_plain_reason(joining):
    joining["manager1"].machine.cluster.rotate("worker")
    ret = state(joining, "worker2", "joined", run=joining.run)
    assert (ret["result"], ret["comment"]) == (False, "the swarm does not know the join token")


@pytest.mark.parametrize("where", ["locked", "error"])
@pytest.mark.parametrize("test", [False, True])
def test_joined_on_a_host_that_needs_the_operator(joining, where, test):
    """``error`` of a member, such as an expired certificate: a join does not fix it."""
    machine = joining["worker2"].machine
    machine.state, machine.error, machine.node_id = where, "the engine's words", "its-node"
    ret = state(joining, "worker2", "joined", run=joining.run, test=test)
    assert (ret["result"], ret["comment"]) == (False, "the engine's words")


def test_joined_after_a_join_that_failed_before_it_was_a_member(joining):
    """The engine says ``error``, knows no node id, and goes on trying."""
    machine = joining["worker2"].machine
    machine.state, machine.error = "error", "rpc error: invalid join token"
    expected = state(joining, "worker2", "joined", run=joining.run, test=True)
    real = state(joining, "worker2", "joined", run=joining.run)
    assert (real["result"], machine.state) == (True, "active")
    assert real["changes"] == expected["changes"] == {"swarm": {"old": "pending", "new": "worker"}}


def test_joined_without_an_engine(joining):
    joining["worker2"].machine.docker = "absent"
    expected = state(joining, "worker2", "joined", run=joining.run, test=True)
    assert (expected["result"], expected["changes"]) == (None, JOINED)
    ret = state(joining, "worker2", "joined", run=joining.run)
    assert ret["result"] is False and ret["comment"].startswith("docker does not answer")


@pytest.mark.parametrize(
    ("minion", "role", "verb"),
    [("worker1", "manager", "promote"), ("manager1", "worker", "demote")],
)
@pytest.mark.parametrize("test", [False, True])
def test_joined_by_hand_with_another_role_says_what_fixes_it(joining, minion, role, verb, test):
    publish_again(joining)
    machine = joining[minion].machine
    ret = state(joining, minion, "joined", role=role, test=test)
    assert (ret["result"], ret["changes"]) == (False, {})
    assert f"run the bootstrap, or {verb} it with swarm.{verb} {machine.node_id}" in ret["comment"]
    assert machine.changed_by() == []


def test_a_bad_setting_is_reported_by_joined_too(joining):
    """An error that Salt would show with a docstring, raised wherever the engine is asked."""
    minion = joining["worker2"]

    def refuse(*_, **__):
        raise TypeError("timeout must be a number of seconds, not str")

    minion.core.Client = refuse
    ret = minion.job(run=joining.run).state("joined")
    assert ret["result"] is False and "timeout must be a number" in ret["comment"]


def token_file(fleet, tmp_path):
    path = tmp_path / "token"
    path.write_text(fleet["manager1"].machine.cluster.tokens["worker"])
    return str(path)


def test_joined_without_a_master_uses_token_and_address_alone(formed, tmp_path):
    formed.mine.clear()
    arguments = {"token_file": token_file(formed, tmp_path), "remote_addrs": ["10.0.0.1"]}
    assert predicted(formed, "worker2", "joined", **arguments)["changes"] == JOINED
    assert formed.mine == {}, "nothing was published"


def test_joined_with_an_own_token_finds_the_managers_in_the_facts(formed, tmp_path):
    state(formed, "manager1", "published")
    ret = state(formed, "worker2", "joined", token_file=token_file(formed, tmp_path))
    assert (ret["result"], ret["changes"]) == (True, JOINED)
    assert dict(formed["worker2"].machine.calls)["join"]["remote_addrs"] == ["10.0.0.1:2377"]


def test_joined_as_worker_with_a_managers_token_says_what_it_became(formed, tmp_path):
    path = tmp_path / "manager-token"
    path.write_text(formed["manager1"].machine.cluster.tokens["manager"])
    arguments = {"token_file": str(path), "remote_addrs": ["10.0.0.1"]}
    ret = state(formed, "worker2", "joined", **arguments)
    assert ret["result"] is False and "the join token is a manager's" in ret["comment"]
    assert formed["worker2"].machine.node_id in ret["comment"]


def test_joined_with_an_own_address_takes_the_sealed_token(joining):
    ret = state(joining, "worker2", "joined", run=joining.run, remote_addrs="10.0.0.1")
    assert (ret["result"], ret["changes"]) == (True, JOINED)
    assert dict(joining["worker2"].machine.calls)["join"]["remote_addrs"] == ["10.0.0.1"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"token_pillar": "a:b"}, "give remote_addrs, too"),
        ({"remote_addrs": ["10.0.0.1"]}, "give one of token_file, token_pillar, token_sdb, too"),
    ],
)
def test_joined_by_hand_blames_no_pillar_that_is_not_there(formed, given, words):
    formed.pillar.clear()
    ret = state(formed, "worker2", "joined", **given)
    assert ret["result"] is False and words in ret["comment"]


def test_joined_outside_a_run_does_not_send_the_operator_to_keys_and_pillar(formed):
    state(formed, "manager1", "published")
    ret = state(formed, "worker2", "joined")
    assert ret["result"] is False
    assert "give token_file, token_pillar or token_sdb, or run the bootstrap" in ret["comment"]
    assert "key accepted" not in ret["comment"]


@pytest.mark.parametrize("engine", ["running", "absent"])
@pytest.mark.parametrize("test", [True, False])
def test_joined_where_the_core_does_not_load(joining, engine, test):
    """A noexec mount: also test mode says so, and not that this host would join."""
    joining["worker2"].machine.docker = engine
    job = joining["worker2"].job(run=joining.run, test=test)
    reason = "failed to map segment from shared object"
    for loader in (job.salt, job._inner()):
        loader["swarm_core.core"].func.__globals__.update(_CORE=None, _CORE_ERROR=reason)
    ret = job.state("joined")
    assert (ret["result"], ret["changes"]) == (False, {})
    assert reason in ret["comment"]


@pytest.mark.parametrize("sealed_for", ["manager", "worker"])
def test_a_token_sealed_for_another_role_does_not_open(joining, sealed_for):
    """The role is in the label of the sealed blob, whatever the state asks for."""
    blobs = (
        joining["manager1"]
        .job()
        .salt["swarm_seal.seal"](
            {"worker2": {"role": sealed_for, "key": joining.run["keys"]["worker2"]}}
        )
    )
    joining.mine["manager1"]["swarm"]["sealed"] = blobs["sealed"]
    ret = state(joining, "worker2", "joined", run=joining.run)
    assert ret["result"] is (sealed_for == "worker")
    if sealed_for == "manager":
        assert "it was sealed for another key, role or cluster" in ret["comment"]
        assert joining["worker2"].machine.changed_by() == []


def test_joined_with_two_tokens_is_refused(formed, tmp_path):
    arguments = {"token_file": token_file(formed, tmp_path), "token_pillar": "a:b"}
    ret = state(formed, "worker2", "joined", remote_addrs=["10.0.0.1"], **arguments)
    assert ret["result"] is False and "give exactly one of" in ret["comment"]


# --- left -----------------------------------------------------------------------------------------


def test_left_leaves_as_predicted(formed):
    ret = predicted(formed, "worker1", "left")
    assert ret["changes"] == {"swarm": {"old": "active", "new": "inactive"}}


@pytest.mark.parametrize("test", [False, True])
def test_left_on_a_manager_requires_force(formed, test):
    ret = state(formed, "manager1", "left", test=test)
    assert (ret["result"], ret["changes"]) == (False, {})
    assert "force" in ret["comment"]
    assert formed["manager1"].machine.state == "active"


def test_left_by_force(formed):
    assert predicted(formed, "manager1", "left", force=True)["changes"]


def test_left_that_leaves_something_is_false(formed):
    formed["worker1"].machine.do_leave = lambda core, **_: None
    ret = state(formed, "worker1", "left")
    assert (ret["result"], ret["changes"]) == (False, {})
    assert ret["comment"] == "docker accepted the leave, but the host is still active"


def test_left_does_not_take_a_failed_call_for_no_swarm(formed):
    formed["worker1"].machine.docker = "stopped"
    ret = state(formed, "worker1", "left")
    assert ret["result"] is False and ret["comment"].startswith("docker does not answer")


# --- drained --------------------------------------------------------------------------------------


def test_drained_drains_as_predicted(formed):
    machine = formed["manager1"].machine
    machine.cluster.nodes[machine.node_id]["availability"] = "active"
    ret = predicted(formed, "manager1", "drained")
    assert ret["changes"] == {"availability": {"old": "active", "new": "drain"}}
    assert machine.cluster.nodes[machine.node_id]["availability"] == "drain"


@pytest.mark.parametrize("docker", ["running", "absent"])
@pytest.mark.parametrize("test", [False, True])
def test_drained_without_a_swarm_says_so_and_is_true(formed, docker, test):
    formed["worker2"].machine.docker = docker
    ret = state(formed, "worker2", "drained", test=test)
    assert ret["result"] is True
    assert ret["comment"] == "this host is not in a swarm: there is nothing to drain"


def test_drained_on_a_worker_names_the_command(formed):
    ret = state(formed, "worker1", "drained")
    assert ret["result"] is False
    assert f"swarm.drain {formed['worker1'].machine.node_id}" in ret["comment"]


def test_drained_that_runs_out_of_time_is_false(formed):
    machine = formed["manager1"].machine
    machine.cluster.nodes[machine.node_id]["availability"] = "active"
    machine.fail["node_drain"] = ("Timeout", "2 tasks are left after 300 s")
    ret = state(formed, "manager1", "drained")
    assert (ret["result"], ret["comment"]) == (False, "2 tasks are left after 300 s")
