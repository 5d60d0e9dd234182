# SPDX-License-Identifier: Apache-2.0
"""Hosts that leave: ``docker.remove`` and ``docker.teardown`` over a fleet in memory, prune, and
the arithmetic of the quorum. The steps are those of the SLS files, which ``test_sls_orchestrations.py``
checks."""

import pytest


@pytest.fixture
def formed(fleet):
    return fleet.form()


def orchestrate(fleet, steps, leaving, test=False, dead=(), **arguments):
    """Run states, each on its hosts side by side. Returns ``{(state, host): return}``."""
    run = fleet.new_run()
    for host in fleet.minions:
        if host not in fleet.down:
            fleet[host].job(test=test, run=run).state("published")
    done = {}
    for state, hosts in steps:
        for host in hosts:
            if host not in fleet.down:
                job = fleet[host].job(test=test, run=run)
                given = {"drain": False} if state == "demoted_for_removal" and arguments else {}
                done[state, host] = job.state(state, hosts=leaving, **given, **arguments)
        if any(ret["result"] is False for (name, _), ret in done.items() if name == state):
            break
    return done


def remove(fleet, *hosts, test=False):
    staying = [name for name in fleet.pillar["managers"] if name not in hosts]
    leaving = [name for name in hosts if name in fleet.minions]
    steps = [
        ("demoted_for_removal", staying),
        ("left_for_good", leaving),
        ("records_absent", staying),
    ]
    return orchestrate(fleet, steps, list(hosts), test)


def teardown(fleet, cluster, test=False):
    managers = fleet.pillar["managers"]
    everybody = list(fleet.minions)
    steps = [
        ("demoted_for_removal", managers),
        ("left_for_good", everybody),
        ("last_left", managers),
    ]
    return orchestrate(fleet, steps, everybody, test, cluster=cluster)


def changed(done):
    return {key: ret["changes"] for key, ret in done.items() if ret["changes"]}


def failed(done):
    return {key: ret["comment"] for key, ret in done.items() if ret["result"] is False}


def names(fleet, manager="manager1"):
    return [row[0] for row in fleet.rows(manager)]


# --- remove ---------------------------------------------------------------------------------------


def test_a_worker(formed):
    id_ = formed["worker2"].machine.node_id
    done = remove(formed, "worker2")
    assert not failed(done)
    assert changed(done) == {
        ("demoted_for_removal", "manager1"): {
            f"worker2 ({id_})": {"availability": {"old": "active", "new": "drain"}}
        },
        ("left_for_good", "worker2"): {"swarm": {"old": "active", "new": "inactive"}},
        ("records_absent", "manager1"): {id_: {"old": "worker2", "new": ""}},
    }
    assert names(formed) == ["manager1", "manager2", "manager3", "worker1"]
    calls = [name for name, _ in formed["manager1"].machine.calls]
    assert calls.index("evict") < calls.index("node_remove")
    assert changed(remove(formed, "worker2")) == {}, "again nothing"


def test_mode_predicts_exactly_that(formed):
    predicted = remove(formed, "worker2", "manager1", test=True)
    assert names(formed)[0] == "manager1" and formed["worker2"].machine.state == "active"
    assert all(ret["result"] is None for ret in predicted.values() if ret["changes"])
    assert changed(remove(formed, "worker2", "manager1")) == changed(predicted)
    assert names(formed, "manager2") == ["manager2", "manager3", "worker1"]


def test_a_manager_is_demoted_by_one_that_stays(formed):
    done = remove(formed, "manager1")
    assert not failed(done)
    assert ("demoted_for_removal", "manager2") in changed(done)
    assert "node_demote" in [name for name, _ in formed["manager2"].machine.calls]
    assert dict(formed["manager1"].machine.calls)["leave"]["force"] is False
    assert names(formed, "manager2") == ["manager2", "manager3", "worker1", "worker2"]


def test_a_dead_host(formed):
    formed.down.add("worker2")
    formed["worker2"].machine.docker = "stopped"
    done = remove(formed, "worker2")
    assert not failed(done)
    assert "worker2" not in names(formed)
    assert changed(remove(formed, "worker2")) == {}


def test_a_dead_manager_goes_before_a_living_one(formed):
    """Three, of which one is dead: the living one may go only after it."""
    formed.down.add("manager3")
    formed["manager3"].machine.docker = "stopped"
    done = remove(formed, "manager2", "manager3")
    assert not failed(done)
    calls = formed["manager1"].machine.calls
    demoted = [given["node"] for name, given in calls if name == "node_demote"]
    rows = formed["manager1"].machine.cluster.nodes
    assert len(demoted) == 2 and not set(demoted) & set(rows)
    assert names(formed) == ["manager1", "worker1", "worker2"]


def test_a_host_without_a_minion_by_its_node_id_or_name(formed):
    machine = formed["worker1"].machine
    id_ = machine.node_id
    machine.docker = "stopped"
    del formed.minions["worker1"]
    assert not failed(remove(formed, id_))
    assert "worker1" not in names(formed)
    formed["worker2"].machine.docker = "stopped"
    del formed.minions["worker2"]
    assert not failed(remove(formed, "worker2"))
    assert "worker2" not in names(formed)


REFUSED = {
    "silent, but its node is ready": "its minion does not answer), but its node",
    "unknown": "worker9 is neither a minion nor a node id",
    "quorum": "without it 1 of 2 managers would be reachable",
    "no leader": "no manager that stays is in a swarm with a leader",
    "foreign": "worker2 is in another swarm",
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("test", [True, False])
def test_refused_before_anything_is_changed(make_fleet, case, test):
    fleet = make_fleet().form()
    hosts = ["worker2"]
    if case == "silent, but its node is ready":
        fleet.down.add("worker2")
    elif case == "unknown":
        hosts.append("worker9")
    elif case == "quorum":
        fleet["manager3"].machine.docker = "stopped"
        fleet.down.add("manager3")
        hosts.append("manager2")
    elif case == "no leader":
        for name in ("manager2", "manager3"):
            fleet[name].machine.docker = "stopped"
    else:
        fleet["worker2"].machine.wipe()
        fleet["worker2"].machine.do_init(fleet["worker2"].core)
        fleet["worker2"].machine.manager = False
    for minion in fleet.minions.values():
        minion.machine.calls.clear()
    done = remove(fleet, *hosts, test=test)
    assert REFUSED[case] in failed(done)["demoted_for_removal", "manager1"]
    assert not changed(done)
    assert not [m.id for m in fleet.minions.values() if m.machine.changed_by()]


def test_a_host_that_does_not_leave_keeps_its_record(formed):
    formed["worker2"].machine.fail["leave"] = ("Timeout", "the leave hangs")
    run = formed.new_run()
    for host in formed.minions:
        formed[host].job(run=run).state("published")
    hosts = ["worker1", "worker2"]
    assert formed["manager1"].job(run=run).state("demoted_for_removal", hosts=hosts)["result"]
    for host in hosts:
        formed[host].job(run=run).state("left_for_good", hosts=hosts)
    ret = formed["manager1"].job(run=run).state("records_absent", hosts=hosts)
    assert ret["result"] is False
    assert ret["comment"].startswith("worker2 has not left: the leave hangs")
    assert "removed from the node list: worker1" in ret["comment"]
    assert names(formed) == ["manager1", "manager2", "manager3", "worker2"]
    del formed["worker2"].machine.fail["leave"]
    assert not failed(remove(formed, *hosts))
    assert "worker2" not in names(formed)


def test_changes_before_a_failure_are_reported(formed):
    formed["manager1"].machine.fail["node_demote"] = ("Timeout", "the demotion hangs")
    ret = remove(formed, "worker2", "manager3")["demoted_for_removal", "manager1"]
    assert ret["result"] is False and ret["comment"] == "the demotion hangs"
    (change,) = ret["changes"].values()
    assert change == {"availability": {"old": "active", "new": "drain"}}


@pytest.mark.parametrize("steps", [1, 2])
def test_a_run_that_was_cut_off_is_finished_by_the_next(formed, steps):
    hosts = ["worker2", "manager3"]
    staying = ["manager1", "manager2"]
    orchestrate(formed, [("demoted_for_removal", staying), ("left_for_good", hosts)][:steps], hosts)
    assert not failed(remove(formed, *hosts))
    assert names(formed) == ["manager1", "manager2", "worker1"]


def test_a_host_that_stays_does_nothing(formed):
    ret = formed["worker1"].job(run=formed.new_run()).state("left_for_good", hosts=["worker2"])
    assert ret["result"] is True and ret["comment"] == "this host stays"


# --- replace --------------------------------------------------------------------------------------


def replaceable(fleet, replaced, test=False):
    """What the manager that leads says, once all have published."""
    run = {**fleet.new_run(), "replaced": replaced}
    for host in fleet.minions:
        fleet[host].job(test=test, run=run).state("published")
    others = fleet["manager2"].job(test=test, run=run).state("replaceable", replaced=replaced)
    assert others["comment"].endswith("leads this run")
    return fleet["manager1"].job(test=test, run=run).state("replaceable", replaced=replaced)


@pytest.mark.parametrize("test", [True, False])
def test_a_member_does_not_take_a_members_place(formed, test):
    id_ = formed["worker2"].machine.node_id
    ret = replaceable(formed, {"worker1": "worker2"}, test)
    assert ret["result"] is False
    assert ret["comment"] == (
        f"worker2 is a member of the cluster already (node {id_}), so it cannot take the place of"
        " worker1: name another host, or remove worker1 with docker.remove"
    )
    assert formed["manager1"].machine.changed_by() == []


def test_a_replacement_that_was_cut_off_goes_on(formed):
    """The new host joined, and the old one is still there."""
    formed["worker2"].machine.wipe()
    cluster = formed["manager1"].machine.cluster
    assert replaceable(formed, {"worker1": "worker2"})["result"] is True
    cluster.add(formed["worker2"].machine, "worker", "active")
    assert replaceable(formed, {"worker1": "worker2"})["result"] is True
    assert replaceable(formed, {"worker2": "worker1"})["result"] is False, "that is another one"


def test_a_host_that_came_back_empty_takes_its_own_place(formed):
    assert replaceable(formed, {"worker1": "worker1"})["result"] is True
    assert formed["manager1"].machine.changed_by() == []


# --- teardown -------------------------------------------------------------------------------------


def test_the_end_of_a_swarm(formed):
    cluster = formed.clusters().pop()
    predicted = teardown(formed, cluster, test=True)
    assert formed.clusters() == {cluster}
    done = teardown(formed, cluster)
    assert not failed(done)
    assert changed(done) == changed(predicted)
    assert not formed.clusters()
    forced = [
        name
        for name, minion in formed.minions.items()
        for call, given in minion.machine.calls
        if call == "leave" and given["force"]
    ]
    assert forced == ["manager1"], "only the last one goes by force"
    assert changed(teardown(formed, cluster)) == {}


def test_another_id_confirms_nothing(formed):
    cluster = formed.clusters().pop()
    for test in (True, False):
        done = teardown(formed, "cluster9", test)
        assert f"the cluster is {cluster}" in failed(done)["demoted_for_removal", "manager1"]
        assert not changed(done)


def test_a_node_that_pillar_does_not_name_stops_the_end(formed):
    cluster = formed.clusters().pop()
    stranger = formed.add("stranger")
    formed["manager1"].machine.cluster.add(stranger.machine, "worker", "active")
    del formed.minions["stranger"]
    done = teardown(formed, cluster)
    assert "not a host of pillar" in failed(done)["demoted_for_removal", "manager1"]
    assert not changed(done)


def test_a_manager_from_before_a_forced_new_cluster_is_not_demoted(formed):
    """It is in no raft group, and a new leader calls it unknown before it calls it down."""
    machine = formed["manager3"].machine
    record = machine.cluster.nodes[machine.node_id]
    machine.wipe()
    record.update(member=False, seen="unknown")
    done = remove(formed, "manager3")
    assert not failed(done)
    assert "manager3" not in names(formed)
    assert "node_demote" not in formed["manager1"].machine.changed_by()


def test_a_host_that_is_cut_off_before_it_leaves_keeps_its_record(formed):
    run = formed.new_run()
    for host in formed.minions:
        formed[host].job(run=run).state("published")
    assert formed["manager1"].job(run=run).state("demoted_for_removal", hosts=["worker2"])["result"]
    ret = formed["manager1"].job(run=run).state("records_absent", hosts=["worker2"])
    assert ret["result"] is False
    assert ret["comment"].startswith("worker2 has not left: its minion did not answer in this step")
    assert "worker2" in names(formed)


def test_the_last_manager_waits_for_the_others(formed):
    cluster = formed.clusters().pop()
    formed["worker1"].machine.fail["leave"] = ("Timeout", "it hangs")
    run = formed.new_run()
    everybody = list(formed.minions)
    for host in everybody:
        formed[host].job(run=run).state("published")
    formed["manager1"].job(run=run).state("demoted_for_removal", hosts=everybody, cluster=cluster)
    for host in everybody:
        formed[host].job(run=run).state("left_for_good", hosts=everybody, cluster=cluster)
    ret = formed["manager1"].job(run=run).state("last_left", hosts=everybody, cluster=cluster)
    assert ret["result"] is False and ret["comment"] == "worker1 has not left: it hangs"
    assert formed["manager1"].machine.state == "active"
    del formed["worker1"].machine.fail["leave"]
    assert not failed(teardown(formed, cluster))
    assert not formed.clusters()


def test_a_plan_counts_what_ends_with_the_cluster(formed):
    lists = {
        "service_list": [{}, {}, {}],
        "secret_list": [{}],
        "config_list": [],
        "network_list": [
            {"Scope": "swarm"},
            {"Scope": "swarm", "Ingress": True},
            {"Scope": "local"},
            {"Scope": "swarm"},
        ],
        "task_list": [{"Status": {"State": "running"}}, {"Status": {"State": "shutdown"}}, {}],
    }
    run = formed.new_run()
    everybody = list(formed.minions)
    for host in everybody:
        formed[host].job(run=run).state("published")
    cluster = formed.clusters().pop()
    job = formed["manager1"].job(test=True, run=run)
    job.replace("swarm_core.call", lambda operation: lists[operation])
    ret = job.state("last_left", hosts=everybody, cluster=cluster)
    assert ret["comment"] == (
        f"the cluster {cluster} would end, with 3 services, 1 running task, 1 secret, 0 configs, 2 networks"
    )


# --- prune ----------------------------------------------------------------------------------------


def unmanaged_absent(fleet, limit, test=False):
    run = fleet.new_run()
    for host in fleet.minions:
        if host not in fleet.down:
            fleet[host].job(test=test, run=run).state("published")
    return fleet["manager1"].job(test=test, run=run).state("unmanaged_absent", limit=limit)


@pytest.fixture
def strangers(formed):
    """Two nodes that pillar does not name: a living worker, and a dead one."""
    for minion in [formed.add("stranger1"), formed.add("stranger2")]:
        formed["manager1"].machine.cluster.add(minion.machine, "worker", "active")
        del formed.minions[minion.id]
    minion.machine.docker = "stopped"
    return formed


def test_no_more_than_the_limit(strangers):
    for test in (True, False):
        ret = unmanaged_absent(strangers, 1, test)
        assert ret["result"] is False and not ret["changes"]
        assert ret["comment"].startswith(
            "2 nodes are not in pillar, and swarm:prune lets 1 be removed: none was (stranger1"
        )
    assert len(names(strangers)) == 7


def test_the_unnamed_go_and_nobody_else(strangers):
    predicted = unmanaged_absent(strangers, 2, test=True)
    assert predicted["result"] is None and len(names(strangers)) == 7
    done = unmanaged_absent(strangers, 2)
    assert done["result"] is True and done["changes"] == predicted["changes"]
    assert names(strangers) == ["manager1", "manager2", "manager3", "worker1", "worker2"]
    assert [name for name, _ in strangers["manager1"].machine.calls].count("evict") == 1
    assert unmanaged_absent(strangers, 2)["changes"] == {}


def test_nothing_is_unnamed_while_a_host_is_silent(strangers):
    strangers.down.add("worker1")
    ret = unmanaged_absent(strangers, 5)
    assert ret["result"] is False and "no report from worker1" in ret["comment"]
    assert len(names(strangers)) == 7


def test_a_manager_that_the_operator_called_dead_is_named(formed):
    unmanaged_absent(formed, 1)
    formed.pillar["init_without"] = ["manager3"]
    formed["manager3"].machine.docker = "stopped"
    formed.down.add("manager3")
    assert unmanaged_absent(formed, 1)["comment"] == "removed from the node list: nothing to do"
    assert "manager3" in names(formed)


@pytest.mark.parametrize("limit", ["2", True, 0, -1])
def test_an_invalid_limit(formed, limit):
    ret = unmanaged_absent(formed, limit)
    assert ret["result"] is False and "limit must be an integer of at least 1" in ret["comment"]
