# SPDX-License-Identifier: Apache-2.0
"""A node's life by pillar ``swarm:nodes``: drained until it has its labels, then as wanted."""

import pytest
from fleet import changes, failures

LABELS = {"worker1": {"labels": {"disk": "ssd"}}, "worker*": {"labels": {"zone": "a"}}}
JOINED = {"swarm": {"old": "inactive", "new": "worker"}}
# The mark that a node was activated with its first labels.
MARK = {"saltext.swarm.first-labels": "set"}
NODES = ("manager1", "docker-swarm-nodes")


@pytest.fixture
def bare(make_fleet):
    return make_fleet(managers=1, workers=2)


def nodes(fleet):
    """{host name: (availability, labels)}"""
    cluster = fleet["manager1"].machine.cluster
    return {
        node["hostname"]: (node["availability"], node["labels"]) for node in cluster.nodes.values()
    }


def node(fleet, name):
    return fleet["manager1"].machine.cluster.nodes[fleet[name].machine.node_id]


def bootstrap(fleet):
    """What a bootstrap changes; once more changes nothing."""
    steps = fleet.bootstrap()
    assert steps["ok"], failures(steps)
    again = fleet.bootstrap()
    assert again["ok"] and changes(again) == {}, (failures(again), changes(again))
    return changes(steps)


def predicted(fleet):
    """As ``bootstrap``, with a test mode before it that predicts the same."""
    expected = fleet.bootstrap(test=True)
    assert expected["ok"], failures(expected)
    made = bootstrap(fleet)
    assert made == changes(expected)
    return made


def test_labels_come_before_the_first_task(bare):
    bare.pillar["nodes"] = LABELS
    made = predicted(bare)
    for name in ("worker1", "worker2"):
        assert dict(bare[name].machine.calls)["join"]["availability"] == "drain"
        patches = [
            given["patch"]
            for call, given in bare["manager1"].machine.calls
            if call == "node_update" and given["node"] == bare[name].machine.node_id
        ]
        assert len(patches) == 1 and set(patches[0]) == {"Labels", "Availability"}
    assert made[NODES]["worker2"] == {
        "availability": {"old": "drain", "new": "active"},
        "labels": {
            "saltext.swarm.first-labels": {"old": None, "new": "set"},
            "zone": {"old": None, "new": "a"},
        },
    }
    assert nodes(bare) == {
        "manager1": ("drain", {}),
        "worker1": ("active", {"zone": "a", "disk": "ssd", **MARK}),
        "worker2": ("active", {"zone": "a", **MARK}),
    }


def test_the_host_says_that_it_waits_for_its_labels(bare):
    bare.pillar["nodes"] = LABELS
    steps = bare.bootstrap()
    comment = steps["workers"]["worker1"]["docker-swarm-join"]["comment"]
    assert comment.endswith(", drained until a manager has set its labels")


def test_without_labels_a_host_joins_with_the_availability_of_pillar(bare):
    bare.pillar["nodes"] = {"worker1": {"availability": "pause"}}
    assert NODES not in predicted(bare)
    assert dict(bare["worker1"].machine.calls)["join"]["availability"] == "pause"
    assert dict(bare["worker2"].machine.calls)["join"]["availability"] is None


def test_a_run_that_was_cut_off_is_finished(bare):
    """The host joined, and the last step never came."""
    bare.pillar["nodes"] = LABELS
    bare["manager1"].machine.fail["node_update"] = ("Timeout", "no answer in 60 s")
    steps = bare.bootstrap()
    assert not steps["ok"] and nodes(bare)["worker1"] == ("drain", {})
    comment = failures(steps)[("converged", *NODES)]
    assert comment == "worker1: no answer in 60 s; worker2: no answer in 60 s"
    bare["manager1"].machine.fail.clear()
    assert set(predicted(bare)) == {NODES}
    assert nodes(bare)["worker1"] == ("active", {"zone": "a", "disk": "ssd", **MARK})


@pytest.fixture
def formed(bare):
    bare.pillar["nodes"] = LABELS
    assert bare.bootstrap()["ok"]
    return bare


def test_a_change_in_pillar_is_applied(formed):
    formed.pillar["nodes"] = {
        "worker1": {"labels": {"disk": "hdd", "rack": 7}, "availability": "pause"},
        "manager*": {"labels": {"zone": "b"}},
    }
    assert predicted(formed) == {
        NODES: {
            "manager1": {"labels": {"zone": {"old": None, "new": "b"}}},
            "worker1": {
                "availability": {"old": "active", "new": "pause"},
                "labels": {
                    "disk": {"old": "ssd", "new": "hdd"},
                    "rack": {"old": None, "new": "7"},
                },
            },
        }
    }
    assert nodes(formed)["worker1"][1]["zone"] == "a", "what pillar does not name stays"


def test_a_node_that_an_operator_drained_stays_drained(formed):
    node(formed, "worker1")["availability"] = "drain"
    assert predicted(formed) == {}
    formed.pillar["nodes"] = {"worker1": {"labels": {"disk": "hdd"}}}
    labels = {"disk": {"old": "ssd", "new": "hdd"}}
    assert predicted(formed)[NODES] == {"worker1": {"labels": labels}}
    assert node(formed, "worker1")["availability"] == "drain"
    formed.pillar["nodes"]["worker1"]["availability"] = "active"
    assert list(predicted(formed)[NODES]) == ["worker1"]


@pytest.mark.parametrize("by_hand", ["drain", "pause"])
@pytest.mark.parametrize("joined", ["by bootstrap", "otherwise"])
def test_first_labels_activate_no_node_that_somebody_drained(bare, by_hand, joined):
    if joined == "otherwise":
        bare.form()
    assert bare.bootstrap()["ok"]
    node(bare, "worker1")["availability"] = by_hand
    bare.pillar["nodes"] = LABELS
    made = predicted(bare)[NODES]
    assert all(set(change) == {"labels"} for change in made.values())
    assert nodes(bare)["worker1"] == (by_hand, {"zone": "a", "disk": "ssd"})


@pytest.mark.parametrize("exact", [True, False])
def test_a_node_is_activated_once(formed, exact):
    """Its labels went and an operator drained it: pillar's next labels are not its first."""
    if exact:
        job = formed["manager1"].job()
        job.states["swarm.node"](name="worker1", labels={}, labels_exact=True)
    else:
        formed.pillar["nodes"] = {"worker1": {"labels": {"disk": None, "zone": None}}}
        assert formed.bootstrap()["ok"]
    assert nodes(formed)["worker1"] == ("active", MARK)
    node(formed, "worker1")["availability"] = "drain"
    formed.pillar["nodes"] = {"worker1": {"labels": {"rack": 3}}}
    predicted(formed)
    assert nodes(formed)["worker1"] == ("drain", {"rack": "3", **MARK})


def test_a_join_that_was_cut_off_is_activated_all_the_same(bare):
    """Its engine went on with the join after the call had failed."""
    bare.pillar["nodes"] = {"worker1": LABELS["worker1"]}
    machine = bare["worker1"].machine
    join = machine.do_join

    def cut_off(core, *args, **kwargs):
        join(core, *args, **kwargs)
        raise core.Timeout("no answer in 120 s")

    machine.do_join = cut_off
    assert not bare.bootstrap()["ok"]
    machine.do_join = join
    assert bare.bootstrap()["ok"]
    assert nodes(bare)["worker1"] == ("active", {"disk": "ssd", **MARK})


def test_a_replaced_host_gets_its_labels_before_its_tasks_again(formed):
    formed["worker1"].machine.wipe()
    made = predicted(formed)
    assert made[("worker1", "docker-swarm-join")] == JOINED
    assert nodes(formed)["worker1"] == ("active", {"zone": "a", "disk": "ssd", **MARK})


def test_a_moved_host_has_its_labels_when_it_takes_tasks(make_fleet):
    fleet = make_fleet(managers=3, workers=1).form()
    fleet.pillar["nodes"] = {"manager3": {"labels": {"zone": "c"}}}
    fleet.pillar.update(managers=["manager1", "manager2", "worker1"], workers=["*"])
    made = predicted(fleet)
    assert made[("manager3", "docker-swarm-join")] == {
        "swarm": {"old": "manager", "new": "worker"},
        "availability": {"old": "drain", "new": "active"},
        "labels": {"zone": {"old": None, "new": "c"}},
    }
    assert fleet["manager3"].machine.changed_by() == ["node_update"], "all of it at once"


def test_a_manager_that_is_active_in_pillar_is_not_drained_again(make_fleet):
    fleet = make_fleet(managers=1, workers=0)
    fleet.pillar["nodes"] = {"manager1": {"availability": "active"}}
    assert predicted(fleet)[NODES] == {
        "manager1": {"availability": {"old": "drain", "new": "active"}}
    }
    ret = fleet["manager1"].job().state("drained")
    assert (ret["result"], ret["comment"]) == (
        True,
        "pillar swarm:nodes sets this node to active",
    )


def test_two_hosts_that_say_they_are_one_node_are_left_alone(formed):
    run = formed.new_run()
    for name in formed.minions:
        formed[name].job(run=run).state("published")
    formed.mine["worker2"]["swarm"]["node_id"] = formed["worker1"].machine.node_id
    formed.pillar["nodes"] = {"worker*": {"labels": {"secret": "yes"}}}
    ret = formed["manager1"].job(run=run).state("nodes_by_pillar")
    assert (ret["result"], ret["changes"]) == (True, {})


def test_by_hand_hosts_are_known_by_their_names(formed):
    node(formed, "worker1")["labels"] = {}
    for name in formed.minions:
        formed[name].job().state("published")
    ret = formed["manager1"].job().state("nodes_by_pillar")
    assert list(ret["changes"]) == ["worker1"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (["worker1"], "pillar swarm:nodes must be a dictionary"),
        ({"worker1": "ssd"}, "pillar swarm:nodes:worker1 must be a dictionary"),
        ({"worker1": {"labels": "ssd"}}, "pillar swarm:nodes:worker1:labels must be a dictionary"),
        ({"worker1": {"label": {"a": "b"}}}, "unknown key 'label' under swarm:nodes:worker1"),
        (
            {"worker1": {"labels": {"ssd": True}}},
            "label 'ssd' must be a string or integer, not True",
        ),
    ],
)
def test_wrong_pillar_is_reported_in_one_line_and_nothing_is_made(bare, wrong, words):
    run = bare.new_run()
    bare["manager1"].job(run=run).state("published")
    bare.pillar["nodes"] = wrong
    ret = bare["manager1"].job(run=run).state("initialized")
    assert ret["result"] is False and words in ret["comment"]
    assert bare.clusters() == set()


@pytest.mark.parametrize(
    ("pillar", "found"),
    [
        (None, {"labels": {}, "availability": None}),
        ({"worker1": None, "*": {"labels": None}}, {"labels": {}, "availability": None}),
        (
            {
                "worker1": {"labels": {"a": "own"}},
                "w*": {"labels": {"a": "glob", "b": "glob"}, "availability": "pause"},
                "*1": {"labels": {"b": "later"}},
                "worker2": {"labels": {"c": "other"}},
            },
            {"labels": {"a": "own", "b": "later"}, "availability": "pause"},
        ),
    ],
)
def test_globs_add_up_and_the_id_comes_last(bare, pillar, found):
    bare.pillar["nodes"] = pillar
    assert bare["manager1"].job().salt["swarm_facts.named"]("worker1") == found


def test_settings_of_the_cluster_are_applied_in_the_last_step(bare):
    bare.pillar["cluster"] = {"node_cert_expiry": "30d", "labels": {"site": "north"}}
    expected = bare.bootstrap(test=True)
    assert expected["ok"], failures(expected)
    made = bootstrap(bare)
    assert made[("manager1", "docker-swarm-settings")] == {
        "node_cert_expiry": {"old": "90d", "new": "30d"},
        "labels": {"site": {"old": None, "new": "north"}},
    }
    bare.pillar["cluster"]["node_cert_expiry"] = "60d"
    assert list(predicted(bare)) == [("manager1", "docker-swarm-settings")]


# --- docker.replace -------------------------------------------------------------------------------


def reported(fleet, replaced):
    """A run of docker.replace in which all hosts have reported."""
    run = {**fleet.new_run(), "replaced": replaced}
    for host in fleet.minions:
        if host not in fleet.down:
            fleet[host].job(run=run).state("published")
    return run


@pytest.mark.parametrize("test", [True, False])
def test_replace_makes_no_second_swarm(make_fleet, test):
    """Pillar names none of the managers that are in the swarm."""
    fleet = make_fleet(managers=1, workers=1).form()
    fleet.add("manager9")
    fleet.pillar["managers"] = ["manager9"]
    run = reported(fleet, {"manager1": "manager9"})
    ret = fleet["manager9"].job(run=run, test=test).state("initialized")
    assert (ret["result"], ret["changes"]) == (False, {})
    assert "docker.replace makes no new swarm" in ret["comment"] and len(fleet.clusters()) == 1


def test_replace_in_test_mode_counts_the_new_manager(make_fleet):
    """One of three is down: the new one has to be in before another goes, and will be."""
    fleet = make_fleet(managers=3, workers=0).form()
    fleet.add("manager9")
    fleet["manager2"].machine.docker = "stopped"
    fleet.down.add("manager2")
    fleet.pillar["managers"] = ["manager1", "manager2", "manager9"]
    run = reported(fleet, {"manager3": "manager9"})
    ret = fleet["manager1"].job(run=run, test=True).state("demoted_for_removal", hosts=["manager3"])
    assert ret["result"] is None and "role" in repr(ret["changes"]), ret
    for test, known in ((False, run), (True, {**run, "replaced": {}})):
        ret = (
            fleet["manager1"]
            .job(run=known, test=test)
            .state("demoted_for_removal", hosts=["manager3"])
        )
        assert ret["comment"] == "without it 1 of 2 managers would be reachable"
