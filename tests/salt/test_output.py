# SPDX-License-Identifier: Apache-2.0
"""The tables of ``swarm.node_ls`` and ``swarm.ps``, through Salt's own outputter loader."""

import pytest
import rendered
import salt.loader

ROW = {
    "SELF": False,
    "ENGINE VERSION": "26.1.5",
    "MANAGER STATUS": "",
    "AVAILABILITY": "Active",
    "STATUS": "Ready",
    "HOSTNAME": "worker1",
    "ID": "id1",
}


@pytest.fixture
def output(tmp_path):
    return salt.loader.outputters(rendered.minion_opts(tmp_path))["swarm_table"]


def test_columns_stand_in_the_order_of_docker(output):
    rows = [
        dict(ROW, ID="id2", HOSTNAME="manager1", SELF=True, **{"MANAGER STATUS": "Leader"}),
        ROW,
    ]
    assert output({"manager1": rows}).split("\n") == [
        "manager1:",
        "    ID      HOSTNAME   STATUS   AVAILABILITY   MANAGER STATUS   ENGINE VERSION",
        "    id2 *   manager1   Ready    Active         Leader           26.1.5",
        "    id1     worker1    Ready    Active                          26.1.5",
    ]


def test_an_error_beside_tables_is_printed_unchanged(output):
    lines = output({"manager1": [ROW], "worker1": "ERROR: this host is a worker"}).split("\n")
    assert lines[0] == "manager1:" and "HOSTNAME" in lines[1]
    assert lines[-2:] == ["worker1:", "    ERROR: this host is a worker"]


def test_secrets_configs_and_their_users_have_columns_of_their_own(output):
    config = {"UPDATED": "1 hour ago", "CREATED": "2 days ago", "NAME": "motd", "ID": "c1"}
    user = {"SPEC": "current", "SERVICE": "web", "VERSION": "motd-1"}
    for row, head in [
        (config, "ID NAME CREATED UPDATED"),
        ({**config, "DRIVER": ""}, "ID NAME DRIVER CREATED UPDATED"),
        (user, "SERVICE VERSION SPEC"),
    ]:
        assert output({"manager1": [row]}).split("\n")[1].split() == head.split()


def test_an_empty_table_says_so(output):
    assert output({"manager1": []}) == "manager1:\n    none"


def test_tasks_have_columns_of_their_own(output):
    row = {
        "ID": "t1",
        "NAME": "web.1",
        "IMAGE": "httpd",
        "NODE": "worker1",
        "DESIRED STATE": "Running",
        "CURRENT STATE": "Running 5 hours ago",
        "ERROR": "",
        "PORTS": "*:80->80/tcp",
    }
    lines = output({"manager1": {"of": "service web", "rows": [row]}}).split("\n")
    assert lines == [
        "manager1, tasks of service web:",
        "    ID   NAME    IMAGE   NODE      DESIRED STATE   CURRENT STATE         ERROR   PORTS",
        "    t1   web.1   httpd   worker1   Running         Running 5 hours ago           *:80->80/tcp",
    ]


def test_no_tasks_are_said_to_be_of_whom(output):
    found = {"manager1": {"of": "node manager1", "rows": []}}
    assert output(found) == "manager1, tasks of node manager1:\n    none"


def test_what_the_runner_adds_is_not_printed(output):
    found = {"manager1": [], "retcode": 0, "outputter": "swarm_table"}
    assert output(found) == "manager1:\n    none"


def test_rows_of_node_ls_fit_the_table(make_fleet, output):
    """What the function gives is what the outputter reads: no cell stays empty by a wrong name."""
    fleet = make_fleet(managers=1, workers=0).form()
    rows = fleet["manager1"].job().salt["swarm.node_ls"]()
    words = output({"manager1": rows}).split("\n")[-1].split()
    node_id = fleet["manager1"].machine.node_id
    assert words == [node_id, "*", "manager1", "Ready", "Drain", "Leader", "26.1.5"]


def test_a_node_that_is_emptied(output):
    row = {"service": "web", "tasks": 2, "way": "move", "why": "", "fits": ["worker2", "worker3"]}
    stays = {
        "service": "db",
        "tasks": 1,
        "way": "stay",
        "why": "a volume",
        "fits": [],
        "job": False,
    }
    found = {"id": "n1", "hostname": "worker1", "services": [row, stays]}
    plan = {**found, "availability": "active", "refusal": "worker1 is not drained: db: a volume"}
    assert output({"manager1": plan}).split("\n") == [
        "manager1, services on node worker1 (n1, active):",
        "    service   tasks   way    why        fits",
        "    web       2       move              worker2, worker3",
        "    db        1       stay   a volume",
        "    refusal: worker1 is not drained: db: a volume",
    ]
    done = {**found, "services": [], "old": "active", "new": "drain", "warning": "web: 1 stopped"}
    assert output({"manager1": done}).split("\n") == [
        "manager1, services on node worker1 (n1, active -> drain):",
        "    none",
        "    warning: web: 1 stopped",
    ]


@pytest.mark.parametrize("function", ["swarm.evict_plan", "swarm.evict"])
def test_what_evict_returns_fits_the_table(make_fleet, output, function):
    fleet = make_fleet(managers=1, workers=1).form()
    found = fleet["manager1"].job().salt[function]("worker1")
    first = output({"manager1": found}).split("\n")[0]
    assert first.startswith("manager1, services on node worker1 (")
