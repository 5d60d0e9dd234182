# SPDX-License-Identifier: Apache-2.0
"""``swarm_facts.plan``: what the facts of the managers allow. Tables of cases, and properties."""

import pytest
from plans import ALL, IDS, RUN, bare, facts, formed, member, worker
from salt.exceptions import CommandExecutionError, SaltInvocationError

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
        "outside a bootstrap run a new swarm is created only if you confirm it",
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
        "only if you confirm it",
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


def test_dead_hosts_must_be_a_list(fleet):
    fleet.pillar["init_without"] = "manager3"
    with pytest.raises(SaltInvocationError, match="pillar swarm:init_without must be a list"):
        fleet["manager1"].job().salt["swarm_facts.plan"]()
