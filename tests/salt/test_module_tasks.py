# SPDX-License-Identifier: Apache-2.0
"""``swarm.tasks`` and ``swarm.ps``: the tasks of a node or a service."""

import datetime

import pytest
from salt.exceptions import CommandExecutionError

NOW = datetime.datetime(2026, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)
CELLS = ("ID", "NAME", "DESIRED STATE", "CURRENT STATE", "ERROR", "PORTS")


def ago(seconds):
    then = NOW - datetime.timedelta(seconds=seconds)
    return then.strftime("%Y-%m-%dT%H:%M:%S") + ".123456789Z"


def task(name, service, node_id, state, slot=1, created=0, **more):
    return {
        "ID": name,
        "ServiceID": service,
        "Slot": slot,
        "NodeID": node_id,
        "CreatedAt": ago(created),
        "DesiredState": "running" if state in ("running", "pending") else "shutdown",
        "Spec": {"ContainerSpec": {"Image": "httpd:2@sha256:00"}},
        "Status": {"State": state, "Timestamp": ago(created), **more},
    }


@pytest.fixture
def formed(make_fleet):
    """A service of two slots, one of which failed once, a global one, and tasks that wait."""
    fleet = make_fleet(managers=1, workers=1).form()
    worker, machine = fleet["worker1"].machine.node_id, fleet["manager1"].machine
    port = {"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080, "PublishMode": "host"}
    over = {"Err": "exit 1", "ContainerStatus": {"ExitCode": 1}}
    found = [
        task("t2", "s1", worker, "failed", created=900, **over),
        task("t3", "s1", worker, "running", created=300, PortStatus={"Ports": [port]}),
        task("t4", "s1", worker, "running", slot=2, created=301),
        task("t1", "s2", worker, "running", slot=0, created=86400 * 3),
        task("t5", "gone", "", "pending", slot=3, created=4, Err="no suitable node"),
    ]

    def call(core, op, id=None, query=None, **_):
        machine._managed(core, op)
        if op == "service_list":
            return [{"ID": "s1", "Spec": {"Name": "web"}}, {"ID": "s2", "Spec": {"Name": "agent"}}]
        assert op == "task_list"
        filters = query["filters"]
        return [
            one
            for one in found
            if one["ServiceID"] in filters.get("service", [one["ServiceID"]])
            and one["NodeID"] in filters.get("node", [one["NodeID"]])
            and one["DesiredState"] in filters.get("desired-state", [one["DesiredState"]])
        ]

    machine.do_call = call
    machine.tasks = found
    return fleet


def ps(fleet, *args):
    """The rows of ``swarm.ps`` on manager1, with the clock at NOW."""
    return ps_of(fleet, *args)["rows"]


def ps_of(fleet, *args):
    function = fleet["manager1"].job().salt["swarm.ps"]
    function.func.__globals__["_now"] = lambda: NOW
    return function(*args)


def test_ps_of_a_service_in_dockers_columns(formed):
    rows = ps(formed, "web")
    assert list(rows[0]) == [
        "ID",
        "NAME",
        "IMAGE",
        "NODE",
        "DESIRED STATE",
        "CURRENT STATE",
        "ERROR",
        "PORTS",
    ]
    assert {(row["IMAGE"], row["NODE"]) for row in rows} == {("httpd:2", "worker1")}
    assert [tuple(row[column] for column in CELLS) for row in rows] == [
        ("t3", "web.1", "Running", "Running 5 minutes ago", "", "*:8080->80/tcp"),
        ("t2", "\\_ web.1", "Shutdown", "Failed 15 minutes ago", "exit 1", ""),
        ("t4", "web.2", "Running", "Running 5 minutes ago", "", ""),
    ]


def test_ps_of_a_node_by_name_id_or_self(formed):
    node_id = formed["worker1"].machine.node_id
    for ref in ("worker1", node_id):
        names = [row["NAME"] for row in ps(formed, ref)]
        assert names == [f"agent.{node_id}", "web.1", "\\_ web.1", "web.2"]
    assert ps(formed) == [], "this host has none"


@pytest.mark.parametrize(
    ("args", "whose"),
    [
        ([], "node manager1"),
        (["self"], "node manager1"),
        (["worker1"], "node worker1"),
        (["web"], "service web"),
        (["s2"], "service agent"),
    ],
)
def test_ps_says_whose_tasks_it_shows(formed, args, whose):
    assert ps_of(formed, *args)["of"] == whose


def test_ps_of_a_node_without_a_name_says_its_id(formed):
    node = formed["manager1"].machine.cluster.nodes[formed["worker1"].machine.node_id]
    node["hostname"] = ""
    assert ps_of(formed, node["id"])["of"] == f"node {node['id']}"


def test_running_leaves_out_what_is_over(formed):
    rows = formed["manager1"].job().salt["swarm.tasks"]("web", running=True)
    assert [row["id"] for row in rows] == ["t3", "t4"]


def test_tasks_as_data(formed):
    row = formed["manager1"].job().salt["swarm.tasks"]("web")[1]
    assert row == {
        "id": "t2",
        "name": "web.1",
        "service": "web",
        "service_id": "s1",
        "slot": 1,
        "image": "httpd:2@sha256:00",
        "node": "worker1",
        "node_id": formed["worker1"].machine.node_id,
        "desired_state": "shutdown",
        "state": "failed",
        "since": ago(900),
        "message": "",
        "error": "exit 1",
        "exit_code": 1,
        "container_id": "",
        "ports": [],
    }


@pytest.mark.parametrize("ref", ["work", "we", "worker10", "s"])
def test_a_name_is_exact(formed, ref):
    with pytest.raises(CommandExecutionError, match=f"there is no node and no service {ref}"):
        ps(formed, ref)


def test_a_name_that_two_objects_share_is_reported(formed):
    node = formed["manager1"].machine.cluster.nodes[formed["worker1"].machine.node_id]
    node["hostname"] = "web"
    with pytest.raises(CommandExecutionError) as raised:
        formed["manager1"].job().salt["swarm.tasks"]("web")
    assert str(raised.value) == (f"'web' is ambiguous (node {node['id']}, service s1): use the id")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (7199, "119 minutes"),
        (7200, "2 hours"),
        (86400 * 5, "5 days"),
        (86400 * 20, "2 weeks"),
        (86400 * 100, "3 months"),
        (-60, "0 seconds"),
    ],
)
def test_ages(formed, seconds, text):
    formed["manager1"].machine.tasks[2]["Status"]["Timestamp"] = ago(seconds)
    assert ps(formed, "web")[2]["CURRENT STATE"] == f"Running {text} ago"


def test_why_returns_the_words_of_the_core(formed):
    machine = formed["manager1"].machine
    found = [
        {
            "task": {"id": "t5", "service": "web", "state": "pending", "message": "", "error": "x"},
            "count": 2,
            "nodes": [{"id": "n1", "hostname": "worker1", "rejected": "it is drained"}],
        }
    ]
    machine.do_task_why = lambda core, ref: found if ref == "web" else []
    assert formed["manager1"].job().salt["swarm.why"]("web") == found
    assert machine.calls[-1] == ("task_why", {"ref": "web"})


def test_a_time_that_is_not_known_is_left_out(formed):
    formed["manager1"].machine.tasks[2]["Status"]["Timestamp"] = ""
    assert ps(formed, "web")[2]["CURRENT STATE"] == "Running"
