# SPDX-License-Identifier: Apache-2.0
"""Whether a new swarm may be made: what vetoes, and that nothing else does."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plans import ADDRESSES, ALL, IDS, RUN, bare, facts, member, worker


def test_address_that_listens_vetoes_on_the_host_that_would_init(plan):
    entries = bare(manager3=member("manager3", run="older"))
    found = plan(entries, host="manager1", without=["manager3"], listening=[ALL[2]])
    assert found["action"] == "refuse"
    assert f"a manager still listens at {ALL[2]}" in found["reason"]


def test_an_address_that_does_not_listen_does_not_prevent_init(plan):
    entries = bare(manager3=member("manager3", run="older"))
    found = plan(entries, host="manager1", without=["manager3"])
    assert found["action"] == "init"
    assert plan.asked == ALL


def test_only_the_host_that_would_init_asks_addresses(plan):
    """On another host the first one may listen already, since it makes the swarm."""
    entries = bare(manager3=member("manager3", run="older"))
    found = plan(entries, host="manager2", without=["manager3"], listening=[ALL[0]])
    assert found["action"] == "init"
    assert plan.asked == []


OLD = "10.0.0.11:2377"
STRANGERS = {
    "a former manager": (
        {"old1": member("old1", run="older", addresses=["10.0.0.11"], managers=[OLD])},
        "still listens at old1 (10.0.0.11:2377), which pillar swarm:managers does not name",
    ),
    "a former manager that was locked when it last reported": (
        {"old1": facts("old1", "locked", run="older", addresses=["10.0.0.11"])},
        "still listens at old1 (10.0.0.11:2377)",
    ),
    "what a worker published": (
        {"worker1": worker("worker1", run="older", managers=[OLD])},
        "still listens at 10.0.0.11:2377 (as worker1 reported)",
    ),
}


@pytest.mark.parametrize("test", [True, False])
@pytest.mark.parametrize("case", STRANGERS)
def test_a_living_swarm_that_pillar_does_not_name_vetoes(plan, case, test):
    entries, words = STRANGERS[case]
    found = plan(bare(**entries), host="manager1", listening=[OLD], test=test)
    assert found["action"] == "refuse"
    assert words in found["reason"]
    for way in ("name one of its managers there", "docker.teardown", "swarm:init to beside"):
        assert way in found["reason"]
    assert plan(bare(**entries), host="manager1", test=test)["action"] == "init", "it is dead"


def test_a_second_swarm_is_made_only_when_the_operator_confirms(plan):
    entries, _ = STRANGERS["a former manager"]
    for init, action in (("beside", "init"), (True, "refuse")):
        found = plan(bare(**entries), host="manager1", listening=[OLD], init=init)
        assert found["action"] == action
    own = bare(manager3=member("manager3", run="older"))
    found = plan(own, host="manager1", without=["manager3"], listening=[ALL[2]], init="beside")
    assert found["action"] == "refuse", "one of pillar's managers is in no other swarm"


def test_a_host_that_reported_in_this_run_to_be_in_a_swarm_vetoes(plan):
    found = plan(bare(worker1=worker("worker1")), host="manager1")
    assert found["action"] == "refuse"
    assert "worker1 reported in this run to be in one already" in found["reason"]


@st.composite
def entry(draw, name):
    """None, or any entry that a host of this name could have published."""
    if draw(st.booleans()) and draw(st.booleans()):
        return None
    state = draw(
        st.sampled_from(
            ["inactive"] * 6 + ["absent", "pending", "active", "error", "locked", "unreachable"]
        )
    )
    found = facts(name, state, run=draw(st.sampled_from([RUN, RUN, RUN, "older", ""])))
    found["managers"] = draw(st.lists(st.sampled_from(ALL), unique=True, max_size=3))
    if state == "active":
        found["role"] = draw(st.sampled_from(["manager", "worker"]))
        found["node_id"] = f"node-{name}"
        if found["role"] == "manager" and draw(st.booleans()):
            cluster = draw(st.sampled_from(["c1", "c2"]))
            found.update(cluster=cluster, digest="d", members=[f"node-{name}"])
    return found


@st.composite
def situation(draw):
    entries = {name: draw(entry(name)) for name in [*IDS, "worker1"]}
    return (
        {name: found for name, found in entries.items() if found},
        draw(st.lists(st.sampled_from(IDS), unique=True, max_size=2)),
        draw(st.lists(st.sampled_from(ALL), unique=True, max_size=2)),
    )


def may_init(entries, without, listening):
    """Rule 4 of the design, written again and otherwise."""
    if "manager1" in without:
        return False
    for name in IDS:
        found = entries.get(name)
        reported = found is not None and found["run"] == RUN
        if not reported and name not in without:
            return False
        if reported and found["state"] != "inactive":
            return False
    known = {address for found in entries.values() for address in found["managers"]}
    known |= {
        ADDRESSES[name]
        for name, found in entries.items()
        if name in ADDRESSES and found["state"] in ("pending", "error", "locked", "unreachable")
        if not found["managers"]
    }
    other = entries.get("worker1", {})
    joined = other.get("run") == RUN and other.get("state") == "active"
    return not joined and not known & set(listening)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(situation())
def test_init_is_planned_exactly_where_nothing_can_live_elsewhere(plan, drawn):
    entries, without, listening = drawn
    found = plan(entries, host="manager1", without=without, listening=listening)
    assert (found["action"] == "init") == may_init(entries, without, listening), found
    assert bool(found["reason"]) == (found["action"] == "refuse")


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(situation())
def test_each_host_draws_the_same_conclusion(plan, drawn):
    entries, without, _ = drawn
    first = plan(entries, host="manager1", without=without)
    for host in ("manager2", "worker1"):
        assert plan(entries, host=host, without=without) == first
