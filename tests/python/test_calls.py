# SPDX-License-Identifier: Apache-2.0
"""What each method sends and gives back."""

import gc
import inspect
import json
import socket

import pytest
from conftest import VERSION
from fake_engine import DIGEST, MANAGER_TOKEN, TOKEN, node


def sent(engine, method, path):
    """The requests of one kind that arrived."""
    return [r for r in engine.requests if (r.method, r.path) == (method, path)]


def test_constants(swarm):
    assert swarm.VERSION == VERSION
    assert swarm.OPS[:3] == ("ping", "ping_head", "info")
    assert "node_list" in swarm.OPS and len(set(swarm.OPS)) == len(swarm.OPS)


def test_url(swarm):
    assert swarm.Client().url == "unix:///var/run/docker.sock"
    assert swarm.Client("tcp://127.0.0.1:2375").url == "tcp://127.0.0.1:2375"


def test_api_version_is_negotiated_or_pinned(swarm, engine, client):
    version = client.api_version()
    assert version.startswith("1.") and float(version[2:]) <= 45
    pinned = swarm.Client(engine.url, api_version="1.41")
    before = len(engine.requests)
    assert pinned.api_version() == "1.41"
    assert len(engine.requests) == before


def test_call_kinds_of_answer(client, engine):
    assert client.call("ping") == "OK"
    assert client.call("info")["Name"] == "host1"
    assert client.call("node_inspect", "n1")["ID"] == "n1"
    assert client.call("node_delete", "n1") is None


def test_call_keeps_integers_of_any_size(client):
    assert client.call("version")["Big"] == 2**64 - 1


def test_call_query_and_body(client, engine):
    engine.answers["POST", "/swarm/update"] = (200, b"")
    client.call("swarm_update", query={"version": 7, "rotateWorkerToken": True}, body={"Name": "x"})
    client.call("node_list", query={"filters": {"role": ["manager"]}})
    client.call("node_delete", id="n1", query={"force": False})
    update = sent(engine, "POST", "/swarm/update")[0]
    assert update.query == {"version": "7", "rotateWorkerToken": "true"}
    assert update.body == {"Name": "x"}
    assert json.loads(sent(engine, "GET", "/nodes")[0].query["filters"]) == {"role": ["manager"]}
    assert sent(engine, "DELETE", "/nodes/n1")[0].query == {"force": "false"}


def test_call_encodes_the_id(client, engine):
    engine.answers["GET", "/nodes/a%3F%C3%BC"] = (200, {"ID": "a?ü"})
    assert client.call("node_inspect", "a?ü") == {"ID": "a?ü"}


def test_local(client, engine):
    assert client.local() == {
        "state": "inactive",
        "manager": False,
        "node_id": "",
        "node_addr": "",
        "name": "host1",
        "error": "",
        "cluster_id": "",
        "engine_version": "26.1.5",
        "managers": [],
        "manager_ids": [],
        "warnings": [],
    }
    engine.enter(manager=True)
    assert client.local() == {
        "state": "active",
        "manager": True,
        "node_id": "n1",
        "node_addr": "10.0.0.1",
        "name": "host1",
        "error": "",
        "cluster_id": "c1",
        "engine_version": "26.1.5",
        "managers": ["10.0.0.1:2377"],
        "manager_ids": ["n1"],
        "warnings": ["only one manager"],
    }


def test_init(client, engine):
    assert client.init() == "n1"
    client.leave(force=True)
    node_id = client.init(
        listen_addr="0.0.0.0:2378",
        advertise_addr="127.0.0.1",
        data_path_addr="lo",
        data_path_port=7777,
        availability="drain",
        default_addr_pool=["10.9.0.0/16", "10.8.0.0/16"],
        subnet_size=25,
        autolock=True,
        force_new_cluster=True,
        spec={"Labels": {"a": "b"}},
    )
    assert node_id == "n1"
    body = sent(engine, "POST", "/swarm/init")[1].body
    assert body["ListenAddr"] == "0.0.0.0:2378"
    assert body["AdvertiseAddr"].startswith("127.0.0.1")
    assert body["DataPathAddr"] == "lo"
    assert body["DataPathPort"] == 7777
    assert body["Availability"] == "drain"
    assert body["DefaultAddrPool"] == ["10.9.0.0/16", "10.8.0.0/16"]
    assert body["SubnetSize"] == 25
    assert body["AutoLockManagers"] is True
    assert body["ForceNewCluster"] is True
    assert body["Spec"]["Labels"] == {"a": "b"}


def test_join(client, engine):
    client.join(
        [engine.manager_addr],
        TOKEN,
        digest=DIGEST,
        listen_addr="0.0.0.0:2378",
        advertise_addr="127.0.0.1",
        data_path_addr="lo",
        availability="drain",
    )
    body = sent(engine, "POST", "/swarm/join")[0].body
    assert body["RemoteAddrs"] == [engine.manager_addr]
    assert body["JoinToken"] == TOKEN
    assert body["ListenAddr"] == "0.0.0.0:2378"
    assert body["AdvertiseAddr"].startswith("127.0.0.1")
    assert body["DataPathAddr"] == "lo"
    assert body["Availability"] == "drain"


def test_join_as_manager_waits_for_the_manager_part(client, engine):
    def join(request):
        engine.enter(manager=False)
        return 200, b""

    def info(request):
        if len(sent(engine, "GET", "/info")) > 3:
            engine.enter(manager=True)
        return engine.act(request)

    engine.answers["POST", "/swarm/join"] = join
    engine.answers["GET", "/info"] = info
    client.join((engine.manager_addr,), MANAGER_TOKEN, manager=True)
    assert len(sent(engine, "GET", "/info")) > 3


def test_join_replaces_a_pending_join(client, engine):
    engine.swarm = {**engine.swarm, "LocalNodeState": "pending"}
    client.join([engine.manager_addr], TOKEN, replace_pending=True, pending_timeout=0.1)
    assert len(sent(engine, "POST", "/swarm/leave")) == 1
    assert sent(engine, "POST", "/swarm/leave")[0].query == {"force": "true"}


def test_leave(manager, engine):
    manager.leave()
    assert sent(engine, "POST", "/swarm/leave")[0].query == {}
    assert manager.local()["state"] == "inactive"


def test_tokens(manager):
    assert manager.tokens() == {"worker": TOKEN, "manager": MANAGER_TOKEN, "cluster_id": "c1"}


def test_cluster_update(manager, engine):
    change = manager.cluster_update({"Labels": {"a": "b"}})
    assert change["old"] == {"Name": "default", "Raft": {"Kept": 1}}
    assert change["new"] == {"Name": "default", "Raft": {"Kept": 1}, "Labels": {"a": "b"}}
    request = sent(engine, "POST", "/swarm/update")[0]
    assert request.body == change["new"] and request.query == {"version": "3"}


def test_cluster_update_rotates(manager, engine):
    engine.cluster["Spec"]["EncryptionConfig"] = {"AutoLockManagers": True}
    manager.cluster_update(rotate_worker_token=True)
    manager.cluster_update(rotate_manager_token=True, rotate_unlock_key=True)
    first, second = sent(engine, "POST", "/swarm/update")
    assert first.query == {"version": "3", "rotateWorkerToken": "true"}
    both = {"rotateManagerToken": "true", "rotateManagerUnlockKey": "true"}
    assert second.query == {"version": "4", **both}


def test_a_rotation_that_rotates_nothing_is_an_error(manager, engine, swarm):
    engine.answers["POST", "/swarm/update"] = (200, b"")
    with pytest.raises(swarm.StateError, match="the same as before: worker token") as caught:
        manager.cluster_update(rotate_worker_token=True)
    assert TOKEN not in str(caught.value)


def test_node_list(manager, engine):
    engine.nodes.append(node("n2", "host-ü", "worker"))
    engine.nodes[1]["Spec"]["Labels"] = None
    first, second = manager.node_list()
    assert first == {
        "id": "n1",
        "hostname": "host1",
        "role": "manager",
        "availability": "active",
        "state": "ready",
        "message": "",
        "addr": "10.0.0.1",
        "engine_version": "26.1.5",
        "member": True,
        "leader": True,
        "reachability": "reachable",
        "manager_addr": "10.0.0.1:2377",
        "labels": {"zone": "a"},
    }
    assert second["hostname"] == "host-ü" and second["labels"] == {}
    assert second["member"] is False and second["leader"] is False
    assert second["reachability"] == second["manager_addr"] == ""


def test_node_list_rows_keep_their_own_values(manager, engine):
    for number, (name, role) in enumerate([("a", "worker"), ("a", "manager"), ("b", "worker")], 2):
        engine.nodes.append(node(f"n{number}", name, role))
        engine.nodes[-1]["Spec"]["Labels"] = {"number": str(number), "é\n": ""}
    engine.nodes[2]["ManagerStatus"] = {"Reachability": "unreachable"}
    rows = manager.node_list()
    assert [row["id"] for row in rows] == ["n1", "n2", "n3", "n4"]
    assert [row["hostname"] for row in rows] == ["host1", "a", "a", "b"]
    assert [row["role"] for row in rows] == ["manager", "worker", "manager", "worker"]
    assert [row["member"] for row in rows] == [True, False, True, False]
    assert [row["labels"].get("number") for row in rows] == [None, "2", "3", "4"]
    assert rows[1]["labels"]["é\n"] == "" and rows[1] is not rows[2]


def test_node_list_rows_share_nothing_that_changes(manager, engine):
    engine.nodes.append(node("n2", "host2", "manager"))
    first, second = manager.node_list()
    first["labels"]["new"] = "1"
    first["role"] = "worker"
    assert second["labels"] == {"zone": "a"} and second["role"] == "manager"


@pytest.mark.parametrize("enabled", [True, False])
def test_node_list_leaves_the_collector_as_it_was(manager, enabled):
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        manager.node_list()
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()


def test_node_list_without_nodes(manager, engine):
    engine.nodes.clear()
    assert manager.node_list() == []


def test_node_inspect(manager):
    assert manager.node_inspect("n1")["Version"] == {"Index": 7}
    assert manager.node_inspect("host1")["ID"] == "n1"
    assert manager.node_inspect("self")["ID"] == "n1"


def test_node_update_changes_the_tree_that_was_read(manager, engine):
    engine.nodes[0]["Spec"]["FromANewerEngine"] = {"big": 2**62}
    change = manager.node_update("host1", {"Labels": {"new": "1", "zone": None}})
    assert change["id"] == "n1"
    assert change["old"]["Labels"] == {"zone": "a"}
    assert change["new"] == {**change["old"], "Labels": {"new": "1"}}
    request = sent(engine, "POST", "/nodes/n1/update")[0]
    assert request.body == change["new"] and request.query == {"version": "7"}
    assert request.body["FromANewerEngine"] == {"big": 2**62}


def test_node_drain(manager, engine):
    change = manager.node_drain("n1")
    assert (change["old"]["Availability"], change["new"]["Availability"]) == ("active", "drain")
    assert len(sent(engine, "GET", "/tasks")) >= 1


def test_node_remove(manager, engine):
    engine.nodes.append(node("n2", "host2"))
    manager.node_remove("n2", force=True)
    assert sent(engine, "DELETE", "/nodes/n2")[0].query == {"force": "true"}


def test_node_remove_demotes_first(manager, engine):
    engine.nodes.append(node("n2", "host2", "manager", Reachability="reachable"))
    engine.nodes.append(node("n3", "host3", "manager", Reachability="reachable"))

    def update(request):
        del engine.nodes[1]["ManagerStatus"]
        return engine.act(request)

    engine.answers["POST", "/nodes/n2/update"] = update
    manager.node_remove("host2", demote=True)
    assert sent(engine, "POST", "/nodes/n2/update")[0].body["Role"] == "worker"
    assert len(sent(engine, "DELETE", "/nodes/n2")) == 1


def test_token_parse(swarm):
    assert swarm.token_parse(TOKEN) == {"digest": DIGEST, "fips": False}
    fips = TOKEN.replace("SWMTKN-1-", "SWMTKN-2-1-")
    assert swarm.token_parse(fips) == {"digest": DIGEST, "fips": True}


def test_probe(swarm, engine):
    assert swarm.probe(engine.manager_addr, timeout=10) is None
    engine.manager.shutdown(socket.SHUT_RDWR)
    engine.manager.close()
    with pytest.raises(swarm.ConnectError):
        swarm.probe(engine.manager_addr, timeout=10)


def test_redact(swarm):
    text = swarm.redact(f"before {TOKEN} after, and ü")
    assert "s" * 25 not in text
    assert text.startswith("before SWMTKN-") and text.endswith(" after, and ü")


def test_one_connection_is_kept(client, engine):
    for _ in range(5):
        client.local()
    assert {r.connection for r in engine.requests} == {1}


def test_every_callable_has_a_signature_and_a_docstring(swarm):
    for owner in (swarm, swarm.Client):
        for name, member in vars(owner).items():
            if callable(member) and not name.startswith("_") and not inspect.isclass(member):
                inspect.signature(member)
                assert len(member.__doc__) > 20, name
    assert "advertise_addr" in inspect.signature(swarm.Client.join).parameters
