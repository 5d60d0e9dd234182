# SPDX-License-Identifier: Apache-2.0
"""The states of single nodes: right already, changed as predicted, again, and refused."""

import pytest


@pytest.fixture
def formed(make_fleet):
    """Three managers and two workers."""
    return make_fleet(managers=3, workers=2).form()


def state(fleet, function, minion="manager1", test=False, **arguments):
    return fleet[minion].job(test=test).states[f"swarm.{function}"](**arguments)


def record(fleet, name):
    (found,) = (
        node
        for node in fleet["manager1"].machine.cluster.nodes.values()
        if node["hostname"] == name
    )
    return found


def predicted(fleet, function, **arguments):
    """Test mode, the real run with the same changes, and again without any; returns the changes."""
    calls = fleet["manager1"].machine.calls
    expected = state(fleet, function, test=True, **arguments)
    assert expected["result"] is None, expected
    assert not fleet["manager1"].machine.changed_by(), calls
    real = state(fleet, function, **arguments)
    assert real["result"] is True, real
    assert real["changes"] == expected["changes"]
    for test in (True, False):
        again = state(fleet, function, test=test, **arguments)
        assert (again["result"], again["changes"]) == (True, {}), again
    return real["changes"]


def refused(fleet, function, **arguments):
    """Test mode and the real run say the same, and nothing is changed; returns the comment."""
    returned = [state(fleet, function, test=test, **arguments) for test in (True, False)]
    assert [(ret["result"], ret["changes"]) for ret in returned] == [(False, {})] * 2, returned
    assert returned[0]["comment"] == returned[1]["comment"]
    assert not fleet["manager1"].machine.changed_by()
    return returned[0]["comment"]


# --- node -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "changes"),
    [
        ({"availability": "pause"}, {"availability": {"old": "active", "new": "pause"}}),
        ({"availability": "drain"}, {"availability": {"old": "active", "new": "drain"}}),
        ({"role": "manager"}, {"role": {"old": "worker", "new": "manager"}}),
        (
            {"labels": {"disk": "ssd", "rack": 17}},
            {"labels": {"disk": {"old": "hdd", "new": "ssd"}, "rack": {"old": None, "new": "17"}}},
        ),
        ({"labels": {"disk": None}}, {"labels": {"disk": {"old": "hdd", "new": None}}}),
        (
            {"labels": {"rack": "r1"}, "labels_exact": True},
            {
                "labels": {
                    "disk": {"old": "hdd", "new": None},
                    "rack": {"old": None, "new": "r1"},
                    "zone": {"old": "a", "new": None},
                }
            },
        ),
        (
            {"labels": {}, "labels_exact": True},
            {"labels": {"disk": {"old": "hdd", "new": None}, "zone": {"old": "a", "new": None}}},
        ),
        (
            {"role": "manager", "availability": "drain", "labels": {"zone": "b"}},
            {
                "role": {"old": "worker", "new": "manager"},
                "availability": {"old": "active", "new": "drain"},
                "labels": {"zone": {"old": "a", "new": "b"}},
            },
        ),
    ],
)
def test_node_is_changed_as_predicted(formed, wanted, changes):
    record(formed, "worker1")["labels"] = {"disk": "hdd", "zone": "a"}
    assert predicted(formed, "node", name="worker1", **wanted) == changes


def test_labels_and_availability_go_in_one_update(formed):
    """Between two of them a task could land before the labels."""
    record(formed, "worker1")["availability"] = "drain"
    state(formed, "node", name="worker1", availability="active", labels={"disk": "ssd"})
    (patch,) = [
        given["patch"] for name, given in formed["manager1"].machine.calls if name == "node_update"
    ]
    assert patch == {"Availability": "active", "Labels": {"disk": "ssd"}}


def test_node_is_drained_and_waited_for(formed):
    formed["manager1"].machine.fail["node_drain"] = ("Timeout", "2 tasks are still on worker1")
    ret = state(formed, "node", name="worker1", availability="drain", timeout=7)
    assert (ret["result"], ret["comment"]) == (False, "2 tasks are still on worker1")
    assert ret["changes"] == {"availability": {"old": "active", "new": "drain"}}, "it was done"
    assert ("node_drain", {"node": record(formed, "worker1")["id"], "timeout": 7}) in formed[
        "manager1"
    ].machine.calls


def test_promotion_is_waited_for(formed):
    formed["manager1"].machine.fail["node_promote"] = ("Timeout", "no reachable member")
    ret = state(formed, "node", name="worker1", role="manager")
    assert (ret["result"], ret["comment"]) == (False, "no reachable member")


def test_a_manager_that_steps_down_waits_for_its_own_engine(formed):
    wanted = {"role": "worker", "availability": "active", "labels": {"zone": "a"}}
    ret = state(formed, "node", "manager3", name="self", **wanted)
    assert ret["result"] is True, ret
    assert ret["changes"]["role"] == {"old": "manager", "new": "worker"}
    node = record(formed, "manager3")
    assert (node["role"], node["availability"]) == ("worker", "active")
    assert node["labels"] == {"zone": "a"}


def test_a_manager_that_keeps_its_role_is_reported(formed):
    """The update was taken, but the role manager cannot follow."""
    minion = formed["manager3"]
    minion.machine.cluster.set_role = lambda *_: None
    job = minion.job()
    ret = job.states["swarm.node"](name="self", role="worker", timeout=0.01)
    assert ret["result"] is False
    assert "runs as a manager still after 0.01 s" in ret["comment"]


def test_demotion_that_loses_the_quorum_changes_nothing(formed):
    formed["manager3"].machine.docker = "stopped"
    wanted = {"role": "worker", "labels": {"zone": "a"}}
    predicted_ = state(formed, "node", name="manager2", test=True, **wanted)
    ret = state(formed, "node", name="manager2", **wanted)
    assert (ret["result"], ret["changes"]) == (False, {})
    assert ret["comment"] == "without it 1 of 2 managers would be reachable"
    assert predicted_ == ret, "test mode says the same"
    node = record(formed, "manager2")
    assert (node["role"], node["labels"]) == ("manager", {})


def test_an_overwritten_change_of_a_node_is_reported(formed):
    job = formed["manager1"].job()
    job.replace("swarm.node_update", lambda *_: {})
    ret = job.states["swarm.node"](name="worker1", labels={"disk": "ssd"}, availability="pause")
    assert ret["result"] is False
    assert "availability, labels differ again" in ret["comment"]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"role": "boss"}, "role must be worker or manager, not 'boss'"),
        ({"availability": "idle"}, "availability must be active, pause or drain, not 'idle'"),
        ({"labels": ["disk"]}, "labels must be a dictionary of names and values"),
        (
            {"labels": {"ssd": True}},
            "label 'ssd' must be a string or integer, not True: quote it in",
        ),
        ({"labels": {"v": 1.1}}, "not 1.1: quote it in YAML"),
        ({"labels_exact": True}, "labels_exact requires labels"),
    ],
)
def test_wrong_settings_of_a_node_are_reported_in_one_line(formed, wanted, words):
    assert words in refused(formed, "node", name="worker1", **wanted)


def test_node_that_is_not_there(formed):
    assert "no node worker9" in refused(formed, "node", name="worker9", role="worker")


def test_on_a_worker_the_managers_are_named(formed):
    ret = state(formed, "node", "worker1", name="worker1", availability="pause")
    assert ret["result"] is False and "ask one of the managers: 10.0.0.1:2377" in ret["comment"]


# --- nodes_absent ---------------------------------------------------------------------------------


def test_absent_nodes_are_removed_as_predicted(formed):
    ids = []
    for name in ("worker1", "manager3"):
        ids.append(record(formed, name)["id"])
        formed[name].machine.wipe()
    changes = predicted(formed, "nodes_absent", name="gone", nodes=["worker1", ids[1], "worker9"])
    assert changes == {
        ids[0]: {"old": "worker1", "new": ""},
        ids[1]: {"old": "manager3", "new": ""},
    }


def test_absent_node_by_the_name_of_the_state(formed):
    formed["worker1"].machine.wipe()
    node_id = record(formed, "worker1")["id"]
    changes = predicted(formed, "nodes_absent", name=node_id)
    assert changes == {node_id: {"old": "worker1", "new": ""}}


def test_a_living_node_is_removed_only_by_force(formed):
    comment = refused(formed, "nodes_absent", name="x", nodes=["worker1"])
    assert comment.startswith("worker1 still runs as a node: let it leave first")
    assert predicted(formed, "nodes_absent", name="x", nodes=["worker1"], force=True)


def test_a_name_that_two_nodes_share_is_refused(formed):
    ids = sorted(record(formed, name)["id"] for name in ("worker1", "worker2"))
    record(formed, "worker2")["hostname"] = "worker1"
    comment = refused(formed, "nodes_absent", name="worker1")
    assert comment == f"2 nodes are named worker1: use an id, of {ids[0]}, {ids[1]}"


def test_a_removal_that_would_lose_the_quorum_removes_nothing(formed):
    for name in ("worker1", "manager3"):
        formed[name].machine.wipe()
    nodes = ["worker1", "manager2"]
    comment = refused(formed, "nodes_absent", name="x", nodes=nodes, force=True)
    assert comment == "without it 1 of 2 managers would be reachable"
    assert predicted(formed, "nodes_absent", name="x", nodes=["manager2", "manager3"], force=True)


def test_removal_that_ends_in_between_keeps_what_was_done(formed):
    for name in ("worker1", "worker2"):
        formed[name].machine.wipe()
    remove = formed["manager1"].machine.do_node_remove
    gone, stays = (record(formed, name)["id"] for name in ("worker1", "worker2"))

    def refuse_second(core, node, **given):
        if node == stays:
            raise core.HTTPError("not now")
        return remove(core, node, **given)

    formed["manager1"].machine.do_node_remove = refuse_second
    ret = state(formed, "nodes_absent", name="x", nodes=["worker1", "worker2"])
    assert (ret["result"], list(ret["changes"]), ret["comment"]) == (False, [gone], "not now")


@pytest.mark.parametrize("nodes", ["worker1", [1]])
def test_nodes_must_be_a_list(formed, nodes):
    assert "nodes" in refused(formed, "nodes_absent", name="x", nodes=nodes)


# --- watch ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ["node", "nodes_absent"])
def test_watch_adds_nothing(formed, function):
    ret = formed["manager1"].job().states["swarm.mod_watch"](name="worker9x", sfun=function)
    expected = state(formed, function, name="worker9x")
    assert ret == expected
    assert not formed["manager1"].machine.changed_by()


def test_a_node_without_a_name_is_shown_by_its_id(formed):
    cluster = formed["manager1"].machine.cluster
    node_id = formed["worker1"].machine.node_id
    cluster.nodes[node_id]["hostname"] = ""
    formed["worker1"].machine.wipe()
    ret = formed["manager1"].job().states["swarm.node"](name=node_id, availability="pause")
    assert (ret["result"], ret["comment"]) == (True, f"changed node {node_id}")
    ret = formed["manager1"].job().states["swarm.nodes_absent"](name=node_id)
    assert ret["comment"] == f"removed no name ({node_id})"
    assert ret["changes"] == {node_id: {"old": "no name", "new": ""}}
