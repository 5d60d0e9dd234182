"""``swarm_facts.plan``: what the facts of the managers allow. Tables of cases, and properties."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from salt.exceptions import CommandExecutionError, SaltInvocationError

RUN = "this-run"
IDS = ["manager1", "manager2", "manager3"]
ADDRESSES = {name: f"10.0.0.{n}:2377" for n, name in enumerate(IDS, 1)}
ALL = list(ADDRESSES.values())


def facts(name, state="inactive", run=RUN, **more):
    """An entry as ``swarm_facts.collect`` makes it."""
    return {
        "id": name,
        "run": run,
        "stamp": "stamp",
        "state": state,
        "role": "",
        "node_id": "",
        "name": name,
        "addresses": [ADDRESSES[name].partition(":")[0]] if name in ADDRESSES else [],
        "managers": [],
        "error": "",
        **more,
    }


def member(name, cluster="c1", **more):
    members = [f"node-{each}" for each in IDS]
    entry = facts(name, "active", role="manager", node_id=f"node-{name}", managers=ALL)
    if cluster:
        entry.update(cluster=cluster, digest=f"digest-{cluster}", members=members)
    return {**entry, **more}


def worker(name, **more):
    """Active, but as a worker of the cluster."""
    return member(name, cluster="", **{"role": "worker", **more})


def bare(**more):
    return {**{name: facts(name) for name in IDS}, **more}


def formed(**more):
    return {**{name: member(name) for name in IDS}, **more}


@pytest.fixture
def plan(make_fleet):
    """``plan(entries, …)`` as ``host`` sees it; ``listening`` are the addresses that answer."""
    fleet = make_fleet(managers=3, workers=1)
    jobs = {}

    def ask(entries, host="worker1", run=RUN, test=False, without=None, listening=(), init=False):
        fleet.mine.clear()
        fleet.mine.update({name: {"swarm": entry} for name, entry in entries.items()})
        fleet.pillar.pop("init_without", None)
        if without:
            fleet.pillar["init_without"] = without
        kind = (host, run, test, tuple(without or ()))
        if kind not in jobs:
            given_run = {"id": run} if run else None
            jobs[kind] = fleet[host].job(test=test, run=given_run)
        job = jobs[kind]
        asked = []

        def reachable(addresses, timeout=3):
            asked.extend(addresses)
            return [address for address in addresses if address in listening]

        job.replace("swarm_core.reachable", reachable)
        for loader in (job.salt, job._inner()):
            # What this host is now is what its entry says, unless a test says otherwise.
            loader["swarm_facts.fresh"].func.__globals__["collect"] = lambda: dict(entries[host])
            loader["swarm_facts.collect"] = lambda: dict(entries[host])
        ask.asked = asked
        return job.salt["swarm_facts.plan"](init)

    return ask


CASES = {
    "bare": (bare(), {}, "init", "manager1", ""),
    "bare, engine not installed, test": (
        bare(manager2=facts("manager2", "absent", error="x")),
        {"test": True},
        "init",
        "manager1",
        "",
    ),
    "bare, engine not installed": (
        bare(manager2=facts("manager2", "absent", error="cannot connect")),
        {},
        "refuse",
        "",
        "docker does not answer on manager2: cannot connect",
    ),
    "formed": (formed(), {}, "exists", "manager1", ""),
    "first manager wiped": (
        formed(manager1=facts("manager1")),
        {},
        "exists",
        "manager2",
        "",
    ),
    "first manager silent": (
        {name: member(name) for name in IDS[1:]},
        {},
        "exists",
        "manager2",
        "",
    ),
    "silent managers": (
        {"manager1": facts("manager1")},
        {},
        "refuse",
        "manager1",
        "manager2, manager3 may be in one: no report",
    ),
    "first manager itself silent": (
        {name: facts(name) for name in IDS[1:]},
        {},
        "refuse",
        "manager1",
        "manager1 may be in one",
    ),
    "facts of an older run permit no init": (
        bare(manager3=facts("manager3", run="older")),
        {},
        "refuse",
        "manager1",
        "manager3 may be in one",
    ),
    "facts of an older run veto no init": (
        bare(manager3=member("manager3", run="older")),
        {"without": ["manager3"]},
        "init",
        "manager1",
        "",
    ),
    "a cluster of an older run is none": (
        {"manager1": facts("manager1"), "manager2": member("manager2", run="older")},
        {},
        "refuse",
        "manager1",
        "manager2, manager3 may be in one",
    ),
    "dead manager named": (
        {name: facts(name) for name in IDS[:2]},
        {"without": ["manager3"]},
        "init",
        "manager1",
        "",
    ),
    "the first manager cannot be named dead": (
        {name: facts(name) for name in IDS[1:]},
        {"without": ["manager1"]},
        "refuse",
        "manager1",
        "manager1 makes the swarm, so it cannot be in",
    ),
    "forged entry of a worker": (
        bare(worker1=member("worker1", "evil")),
        {},
        "init",
        "manager1",
        "",
    ),
    "two clusters": (
        formed(manager3=member("manager3", "c2")),
        {},
        "refuse",
        "",
        "different swarms: manager1 in c1, manager2 in c1, manager3 in c2",
    ),
    "leaderless": (
        {name: member(name, cluster="", error="no leader") for name in IDS},
        {},
        "refuse",
        "",
        "manager1, manager2, manager3: the cluster has no leader (no leader)",
    ),
    "one manager without contact to the leader": (
        formed(manager1=member("manager1", cluster="")),
        {},
        "exists",
        "manager2",
        "",
    ),
    "locked": (
        formed(manager2=facts("manager2", "locked")),
        {},
        "refuse",
        "",
        "manager2 is locked: unlock it",
    ),
    "unreachable": (
        formed(manager2=facts("manager2", "unreachable", error="no socket")),
        {},
        "refuse",
        "",
        "docker does not answer on manager2: no socket",
    ),
    "unreachable in test mode": (
        bare(manager2=facts("manager2", "unreachable", error="no socket")),
        {"test": True},
        "refuse",
        "",
        "docker does not answer on manager2: no socket",
    ),
    "error": (
        formed(manager2=facts("manager2", "error", error="certificate expired")),
        {},
        "refuse",
        "",
        "docker on manager2 reports: certificate expired",
    ),
    "worker where pillar says manager": (
        formed(manager3=worker("manager3")),
        {},
        "exists",
        "manager1",
        "",
    ),
    "worker where pillar says manager, by hand": (
        formed(manager3=worker("manager3")),
        {"run": ""},
        "refuse",
        "manager1",
        "promote it with salt manager1 swarm.promote node-manager3",
    ),
    "worker where pillar says manager, in facts of an older run": (
        formed(manager3=worker("manager3", run="older")),
        {},
        "exists",
        "manager1",
        "",
    ),
    "the first of pillar is a worker": (
        formed(manager1=worker("manager1")),
        {},
        "exists",
        "manager2",
        "",
    ),
    "all but the last of pillar are workers": (
        formed(manager1=worker("manager1"), manager2=worker("manager2")),
        {},
        "exists",
        "manager3",
        "",
    ),
    "all of pillar are workers": (
        {name: worker(name) for name in IDS},
        {},
        "handover",
        "manager1",
        "",
    ),
    "all of pillar are workers, by hand": (
        {name: worker(name) for name in IDS},
        {"run": ""},
        "refuse",
        "manager1",
        "outside a bootstrap run",
    ),
    "workers and a bare host": (
        {name: worker(name) for name in IDS[1:]} | {"manager1": facts("manager1")},
        {},
        "handover",
        "manager2",
        "",
    ),
    "workers and a silent host": (
        {name: worker(name) for name in IDS[1:]},
        {},
        "handover",
        "manager2",
        "",
    ),
    "workers of an older run, and bare hosts": (
        bare(manager2=worker("manager2", run="older")),
        {},
        "refuse",
        "manager1",
        "manager2 may be in one",
    ),
    "all of pillar are workers, of two swarms": (
        {name: worker(name) for name in IDS[:2]}
        | {"manager3": worker("manager3", managers=["10.9.9.9:2377"])},
        {},
        "refuse",
        "",
        "workers of different swarms, by their managers (manager1: 10.0.0.1:2377",
    ),
    "orphan that was a worker": (
        formed(manager3=worker("manager3", node_id="gone")),
        {},
        "exists",
        "manager1",
        "",
    ),
    "worker of a foreign swarm": (
        formed(manager3=worker("manager3", node_id="gone", managers=["10.9.9.9:2377"])),
        {},
        "refuse",
        "manager1",
        "manager3 is in another swarm (its managers: 10.9.9.9:2377)",
    ),
    "a worker to promote, and one of a foreign swarm": (
        formed(
            manager2=worker("manager2"),
            manager3=worker("manager3", node_id="gone", managers=["10.9.9.9:2377"]),
        ),
        {},
        "refuse",
        "manager1",
        "manager3 is in another swarm",
    ),
    "pending, and no cluster": (
        bare(manager2=facts("manager2", "pending")),
        {},
        "refuse",
        "manager1",
        "manager2 is pending: wait, or run swarm.leave",
    ),
    "pending beside a cluster": (
        formed(manager2=facts("manager2", "pending")),
        {},
        "exists",
        "manager1",
        "",
    ),
    "by hand without a word": (
        bare(),
        {"run": ""},
        "refuse",
        "manager1",
        "outside a bootstrap run a new swarm is made only on your word",
    ),
    "by hand on the operator's word": (
        {"manager1": facts("manager1", run="")},
        {"run": "", "init": True},
        "init",
        "manager1",
        "",
    ),
    "by hand on the operator's word, old facts of a dead swarm": (
        {"manager1": facts("manager1", run=""), "manager2": member("manager2", run="")},
        {"run": "", "init": True, "host": "manager1"},
        "init",
        "manager1",
        "",
    ),
    "by hand on the operator's word, and the old swarm lives": (
        {"manager1": facts("manager1", run=""), "manager2": member("manager2", run="")},
        {"run": "", "init": True, "host": "manager1", "listening": ALL},
        "refuse",
        "manager1",
        "a manager still listens at",
    ),
    "by hand, and a string does not confirm it": (
        bare(),
        {"run": "", "init": "False"},
        "refuse",
        "manager1",
        "only on your word",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_plan(plan, case):
    entries, arguments, action, lead, reason = CASES[case]
    found = plan(entries, **arguments)
    assert (found["action"], found["lead"]) == (action, lead), found
    assert reason in found["reason"]
    assert bool(found["reason"]) == (action == "refuse")
    assert "\n" not in found["reason"]


def test_plan_of_a_cluster_is_what_its_lead_says(plan):
    found = plan(formed(manager1=facts("manager1")))
    assert found["cluster"] == "c1"
    assert found["digest"] == "digest-c1"
    assert found["members"] == [f"node-{name}" for name in IDS]
    assert found["managers"] == ALL


@pytest.mark.parametrize(
    ("case", "promoted"),
    [
        ("worker where pillar says manager", ["manager3"]),
        ("worker where pillar says manager, in facts of an older run", []),
        ("the first of pillar is a worker", ["manager1"]),
        ("all but the last of pillar are workers", ["manager1", "manager2"]),
        ("all of pillar are workers", IDS),
        ("workers and a bare host", ["manager2", "manager3"]),
        ("orphan that was a worker", []),
        ("a worker to promote, and one of a foreign swarm", []),
        ("formed", []),
        ("bare", []),
    ],
)
def test_who_is_to_be_promoted(plan, case, promoted):
    entries, arguments, *_ = CASES[case]
    found = plan(entries, **arguments)["promote"]
    assert list(found.items()) == [(name, f"node-{name}") for name in promoted]


def test_address_that_listens_vetoes_on_the_host_that_would_init(plan):
    entries = bare(manager3=member("manager3", run="older"))
    found = plan(entries, host="manager1", without=["manager3"], listening=[ALL[2]])
    assert found["action"] == "refuse"
    assert f"a manager still listens at {ALL[2]}" in found["reason"]


def test_address_that_does_not_listen_is_no_veto(plan):
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


TROUBLE = {
    "docker does not answer on manager2: no socket": {"state": "unreachable", "error": "no socket"},
    "the swarm part of docker on manager2 reports: port in use": {
        "state": "error",
        "error": "port in use",
    },
    "manager2 is locked: unlock it (salt manager2 swarm.unlock key_file=PATH": {"state": "locked"},
}


@pytest.mark.parametrize("words", TROUBLE)
def test_what_was_reported_earlier_has_its_time(plan, words):
    """By hand facts of any age count; the reader must see that they are old."""
    trouble = facts("manager2", **TROUBLE[words])
    aged = {**trouble, "run": "older", "time": 1764419696}
    found = plan(formed(manager2=aged), run=None)
    assert found["action"] == "refuse"
    assert found["reason"].startswith(words)
    assert found["reason"].endswith("(reported 2025-11-29 12:34:56 UTC)")
    found = plan(formed(manager2={**aged, "run": RUN}))
    assert found["reason"].startswith(words) and "reported 2025" not in found["reason"]
    del aged["time"]
    assert plan(formed(manager2=aged), run=None)["reason"].endswith("(reported earlier)")


def test_the_loss_of_the_quorum_names_the_way_out(plan):
    lost = {name: member(name, cluster="", error="no leader") for name in IDS}
    assert plan(lost)["reason"].endswith("salt-run state.orchestrate docker.recover")


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


def test_a_second_swarm_is_made_on_the_operators_word_alone(plan):
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


def test_own_init_is_seen_before_the_mine_knows(fleet):
    """By hand too: what follows the init in the same job finds the new cluster."""
    fleet.apply("manager1", "docker.mine", None, False)
    fleet.pillar["init"] = True
    done = fleet.apply("manager1", "docker.manager.first", None, False)
    assert [ret["result"] for ret in done.values()] == [True] * 5, done
    found = fleet["manager1"].job().salt["swarm_facts.plan"]()
    assert found["cluster"] == fleet["manager1"].machine.cluster.id


@pytest.mark.parametrize(
    ("managers", "words"),
    [
        (None, "must be a list of exact minion ids"),
        ([], "must be a list of exact minion ids"),
        ("manager*", "must be a list of minion ids, not 'manager[*]'"),
        ([1, 2], "each entry must be a minion id, not 1"),
        (["manager1", "manager1"], "names 'manager1' twice"),
    ],
)
def test_wrong_pillar_gets_one_line(fleet, managers, words):
    fleet.pillar["managers"] = managers
    with pytest.raises((CommandExecutionError, SaltInvocationError), match=words):
        fleet["worker1"].job().salt["swarm_facts.plan"]()


def test_dead_hosts_that_are_no_list_are_one_line(fleet):
    fleet.pillar["init_without"] = "manager3"
    with pytest.raises(SaltInvocationError, match="pillar swarm:init_without must be a list"):
        fleet["manager1"].job().salt["swarm_facts.plan"]()


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
