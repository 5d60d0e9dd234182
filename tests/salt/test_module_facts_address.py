# SPDX-License-Identifier: Apache-2.0
"""An address that no other host can reach is refused before a swarm is made or joined, and a swarm that
was made with one names the host that must leave."""

import socket

import pytest
import rendered
import salt.loader
from fleet import failures, state

LOCAL = [
    "127.0.0.1",
    "127.0.0.1:2377",
    "::1",
    "[::1]:2377",
    "169.254.3.4",
    "[fe80::1%eth0]:2377",
    "0.0.0.0",
]


@pytest.fixture
def one_host(tmp_path):
    """Functions on a host with loopback, one interface with two addresses, and one with one."""
    grains = {
        "id": "h",
        "nodename": "h",
        "ip4_interfaces": {
            "lo": ["127.0.0.1"],
            "eth0": ["10.0.0.1", "10.0.0.9"],
            "eth1": ["10.1.0.1"],
        },
        "ip6_interfaces": {"lo": ["::1"], "eth1": ["fe80::1"], "eth2": ["fe80::2"]},
    }
    return salt.loader.minion_mods(rendered.minion_opts(tmp_path, "h", grains=grains))


@pytest.mark.parametrize("address", LOCAL)
def test_addresses_that_nobody_else_reaches(one_host, address):
    reason = one_host["swarm_facts.why_no_address"](address)
    assert reason.startswith(f"no other host can reach {address}: ")
    assert "pillar swarm:advertise" in reason


@pytest.mark.parametrize(
    "address",
    [None, "10.0.0.1", "10.0.0.1:2377", "fd00::1", "[fd00::1]:2377", "eth1", "eth1:2377"],
)
def test_addresses_that_speak_for_themselves(one_host, address):
    assert one_host["swarm_facts.why_no_address"](address) == ""


def test_an_interface_that_is_not_there(one_host, monkeypatch):
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo"), (2, "new0"), (3, "veth1")])
    assert one_host["swarm_facts.why_no_address"]("eht0:2377") == (
        "this host has no interface eht0, it has eth0, eth1, new0: correct pillar swarm:advertise"
    )
    # The grains are those of the minion's start.
    assert one_host["swarm_facts.why_no_address"]("new0") == ""


def test_interfaces(one_host):
    reason = one_host["swarm_facts.why_no_address"]
    assert reason("eth0") == (
        "eth0 has 2 addresses (10.0.0.1, 10.0.0.9): give one of them in pillar swarm:advertise"
    )
    assert reason("eth2", "data_path").startswith("no other host can reach eth2 (fe80::2): give")
    assert reason("lo").startswith("no other host can reach lo (127.0.0.1, ::1)")


@pytest.mark.parametrize("key", ["advertise", "data_path"])
@pytest.mark.parametrize("test", [True, False])
def test_no_swarm_is_made_with_one(fleet, key, test):
    fleet.pillar[key] = "127.0.0.1"
    steps = fleet.bootstrap(test=test)
    comment = failures(steps)["cluster", "manager1", "docker-swarm"]
    assert comment.startswith("no other host can reach 127.0.0.1") and f"swarm:{key}" in comment
    assert fleet.clusters() == set()


def test_a_host_alone_may_have_one(make_fleet):
    fleet = make_fleet(managers=1, workers=0)
    fleet.pillar["advertise"] = "127.0.0.1"
    assert fleet.bootstrap()["ok"]


@pytest.mark.parametrize("role", ["manager", "worker"])
def test_no_host_joins_with_one(make_fleet, role):
    fleet = make_fleet(managers=3, workers=1)
    assert fleet.bootstrap()["ok"]
    name = f"{role}{3 if role == 'manager' else 1}"
    fleet[name].machine.wipe()
    run = fleet.new_run()
    for manager in fleet.pillar["managers"]:
        state(fleet, manager, "published", run=run)
    state(fleet, "manager1", "sealed", run=run)
    for test in (True, False):
        ret = state(fleet, name, "joined", role=role, advertise_addr="lo", run=run, test=test)
        assert ret["result"] is False and "no other host can reach lo" in ret["comment"]
    assert fleet[name].machine.state == "inactive"


def test_a_swarm_that_was_made_with_one_names_the_host_that_must_leave(make_fleet):
    fleet = make_fleet(managers=1, workers=0)
    assert fleet.bootstrap()["ok"]
    (node,) = fleet["manager1"].machine.cluster.nodes.values()
    node["manager_addr"] = "127.0.0.1:2377"
    assert fleet.bootstrap()["ok"], "a host alone"
    fleet.add("worker1")
    steps = fleet.bootstrap()
    comment = failures(steps)["cluster", "manager1", "docker-swarm"]
    assert comment.startswith("manager1 advertises 127.0.0.1:2377, which no other host can reach")
    assert "salt manager1 swarm.leave force=True" in comment and "swarm:advertise" in comment


def test_a_manager_that_joined_with_one_is_distinguished_from_a_firewall(fleet):
    fleet.form()
    cluster = fleet["manager1"].machine.cluster
    cluster.nodes[fleet["manager3"].machine.node_id]["manager_addr"] = "127.0.0.1:2377"
    rows = cluster.rows

    def seen():
        found = rows()
        for row in found:
            if row["manager_addr"].startswith("127."):
                row["reachability"] = "unreachable"
        return found

    cluster.rows = seen
    steps = fleet.bootstrap()
    comment = steps["converged"]["manager1"]["docker-swarm-converged"]["comment"]
    assert "manager3: it advertises 127.0.0.1:2377, which no other host can reach" in comment
