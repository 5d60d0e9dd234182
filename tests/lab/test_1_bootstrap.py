"""From bare hosts to a swarm: predicted, made, again, and a host more."""

from conftest import MANAGERS, assert_whole


def roles(changes):
    return {host: c["swarm"]["new"] for (host, _), c in changes.items() if "swarm" in c}


def test_bare_hosts_have_no_engine(lab):
    assert lab.on("worker1", "which", "dockerd", check=False).code == 1


def test_mode_predicts_and_then_bootstrap_makes_exactly_that(lab):
    lab.pillar(workers=["worker1", "worker2"])
    predicted = lab.bootstrap("test=True")
    assert predicted.code == 0, predicted.why()
    assert lab.on("worker1", "which", "dockerd", check=False).code == 1
    made = lab.bootstrap()
    assert made.code == 0, made.why()
    assert made.swarm_changes() == predicted.swarm_changes()
    expected = dict.fromkeys(MANAGERS, "manager") | {"worker1": "worker", "worker2": "worker"}
    assert roles(made.swarm_changes()) == expected
    assert_whole(lab, workers=["worker1", "worker2"])


def test_again_changes_nothing(lab):
    nodes, cluster = lab.nodes(), lab.cluster()
    again = lab.bootstrap()
    assert again.code == 0, again.why()
    assert again.changes() == {}
    assert all(step["result"] is True for step in again.steps.values())
    assert {n["id"] for n in lab.nodes().values()} == {n["id"] for n in nodes.values()}
    assert lab.cluster() == cluster


def test_a_worker_more_touches_nothing_else(lab):
    before = lab.nodes()
    lab.pillar()
    predicted = lab.bootstrap("test=True")
    assert set(before) == set(lab.nodes())
    made = lab.bootstrap()
    assert made.code == 0, made.why()
    assert roles(made.swarm_changes()) == {"worker3": "worker"}
    assert made.swarm_changes() == predicted.swarm_changes()
    assert {host for host, _, _ in made.changes()} == {"worker3"}
    after = assert_whole(lab)
    assert {name: after[name]["id"] for name in before} == {n: before[n]["id"] for n in before}


def test_finished_swarm_predicts_nothing(lab):
    predicted = lab.bootstrap("test=True")
    assert predicted.code == 0, predicted.why()
    assert predicted.changes() == {}


def test_highstate_keeps_a_member_as_it_is(lab):
    for host in ("manager1", "worker1"):
        states = lab.one(host, "state.apply")
        assert all(s["result"] is True and not s["changes"] for s in states.values()), states


def test_node_ls_prints_the_table_of_docker_node_ls(lab):
    out = lab.on("master", "salt", "manager1", "swarm.node_ls").out.splitlines()
    assert out[0] == "manager1:"
    heads = ["ID", "HOSTNAME", "STATUS", "AVAILABILITY", "MANAGER STATUS", "ENGINE VERSION"]
    places = [out[1].index(head) for head in heads]
    assert places == sorted(places)
    assert len(out) == 8
    mine = [line for line in out if " * " in line]
    assert len(mine) == 1 and " manager1 " in mine[0]
    assert sum("Leader" in line for line in out) == 1
    assert sum("Reachable" in line for line in out) == 2
