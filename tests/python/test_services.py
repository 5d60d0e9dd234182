# SPDX-License-Identifier: Apache-2.0
"""The methods on the lock of the managers, on roles, and on services and other objects."""

import base64
import json

import pytest
from fake_engine import SERVICE, UNLOCK_KEY, node


@pytest.fixture
def web(engine):
    """A service that an update changes."""
    service = {**SERVICE}

    def update(request):
        service["PreviousSpec"], service["Spec"] = service["Spec"], request.body
        service["Version"] = {"Index": service["Version"]["Index"] + 1}
        return 200, {"Warnings": None}

    engine.enter(manager=True)
    for ref in ("web", "s1"):
        engine.answers["GET", f"/services/{ref}"] = lambda _: (200, service)
    engine.answers["POST", "/services/s1/update"] = update
    return service


def test_unlock(engine, client):
    engine.enter(manager=True)
    active = dict(engine.swarm)

    def unlock(request):
        assert request.body == {"UnlockKey": UNLOCK_KEY}
        engine.swarm = active
        return 200, b""

    engine.swarm = {**active, "LocalNodeState": "locked"}
    engine.answers["POST", "/swarm/unlock"] = unlock
    assert client.unlock(UNLOCK_KEY) is None
    assert client.local()["state"] == "active"


def test_unlock_refuses_an_invalid_key(swarm, client):
    with pytest.raises(swarm.BadKey):
        client.unlock("SWMKEY-1-short")
    with pytest.raises(TypeError):
        client.unlock(None)


def test_unlock_key(swarm, engine, client):
    engine.enter(manager=True)
    engine.answers["GET", "/swarm/unlockkey"] = (200, {"UnlockKey": UNLOCK_KEY})
    assert client.unlock_key() == UNLOCK_KEY
    engine.cluster["Spec"] = {"EncryptionConfig": {"AutoLockManagers": True}}
    with pytest.raises(swarm.StateError, match="the same as before: unlock key"):
        client.unlock_key(rotate=True)
    del engine.answers["GET", "/swarm/unlockkey"]
    assert client.unlock_key(rotate=True) == engine.unlock_key != UNLOCK_KEY
    assert ("rotateManagerUnlockKey", "true") in [
        item for r in engine.requests if r.path == "/swarm/update" for item in r.query.items()
    ]
    engine.answers["GET", "/swarm/unlockkey"] = (200, {"UnlockKey": ""})
    with pytest.raises(swarm.NotFound):
        client.unlock_key()


def test_promote_and_demote(engine, client):
    engine.enter(manager=True)
    engine.nodes.append(node("n2", "host2"))
    reachable = {"ManagerStatus": {"Reachability": "reachable"}}

    def update(request):
        role = request.body["Role"]
        engine.nodes[1]["Spec"] = request.body
        engine.nodes[1].pop("ManagerStatus", None)
        engine.nodes[1].update(reachable if role == "manager" else {})
        return 200, b""

    engine.answers["POST", "/nodes/n2/update"] = update
    engine.nodes[0].update(reachable)
    assert client.node_promote("host2")["new"]["Role"] == "manager"
    assert client.node_demote("host2")["new"]["Role"] == "worker"


def test_quorum(swarm, engine, client):
    engine.enter(manager=True)
    assert client.quorum() == {"managers": 1, "reachable": 1, "needed": 1, "losses": 0}
    for number, reachability in ((2, "reachable"), (3, "unreachable")):
        name = f"host{number}"
        engine.nodes.append(node(f"n{number}", name, "manager", Reachability=reachability))
    assert client.quorum(("host3",)) == {"managers": 2, "reachable": 2, "needed": 2, "losses": 0}
    assert client.quorum(["host3", "n2"], timeout=5)["managers"] == 1
    with pytest.raises(swarm.QuorumError, match="demoting host2 would leave 1 of 2 managers"):
        client.quorum(["host2"])
    assert client.quorum(["host2"], joining=1)["losses"] == 0
    with pytest.raises(swarm.NotFound, match="host9"):
        client.quorum(["host9"])
    with pytest.raises(swarm.InvalidArgument, match="joining"):
        client.quorum(joining=-1)
    with pytest.raises(TypeError, match="leaving must be a list of str"):
        client.quorum("host2")


def test_prune(engine, client):
    engine.enter(manager=True)
    engine.nodes.append({**node("n2", "host2"), "Status": {"State": "down"}})
    engine.answers["DELETE", "/nodes/n2"] = (200, b"")
    assert client.node_prune() == ["n2"]


def test_object_update(swarm, client, web):
    change = client.object_update("service", "web", {"Labels": {"a": None, "b": "2"}})
    assert change["id"] == "s1" and web["Spec"]["Labels"] == {"b": "2"}
    assert web["Spec"]["TaskTemplate"] == SERVICE["Spec"]["TaskTemplate"]
    with pytest.raises(swarm.InvalidArgument, match="kind is service, task"):
        client.object_update("stack", "web", {})
    with pytest.raises(swarm.InvalidArgument, match="only the Labels"):
        client.object_update("secret", "x", {"Data": "eA=="})
    with pytest.raises(swarm.InvalidArgument, match="the change must be an object"):
        client.object_update("service", "web", None)


def test_scale(swarm, client, web):
    assert client.service_scale("web", 3)["new"]["Mode"] == {"Replicated": {"Replicas": 3}}
    assert web["Spec"]["Mode"] == {"Replicated": {"Replicas": 3}}
    for count in (-1, None):
        with pytest.raises(swarm.InvalidArgument):
            client.service_scale("web", count)
    with pytest.raises(TypeError):
        client.service_scale("web", "3")


def test_rollback(swarm, engine, client, web):
    with pytest.raises(swarm.Conflict):
        client.service_rollback("web")
    client.service_scale("web", 3)
    assert client.service_rollback("web") is None
    assert engine.requests[-2].query["rollback"] == "previous"


def test_wait(swarm, engine, client, web):
    web["Spec"] = {**web["Spec"], "Mode": {"Replicated": {"Replicas": 1}}}
    task = {"ID": "t1", "Slot": 1, "DesiredState": "running", "Status": {"State": "running"}}
    engine.answers["GET", "/tasks"] = lambda _: (200, [task])
    assert client.service_wait("web") == {"done": 1, "total": 1, "rolled_back": False}
    task["Status"] = {"State": "rejected", "Err": "No such image"}
    with pytest.raises(swarm.Timeout, match=r"web.1 \(rejected\): No such image"):
        client.service_wait("web", timeout=1)


AUTH = {"username": "me", "password": "hunter2hunter2", "serveraddress": "registry.example"}


def sent_auth(engine):
    """Return the credentials that came with the last request that may have them."""
    header = engine.headers.get("X-Registry-Auth")
    return header and json.loads(base64.urlsafe_b64decode(header))


def test_objects(swarm, engine, client):
    secrets = [{"ID": "x1", "Spec": {"Name": "x"}}, {"ID": "x2", "Spec": {"Name": "x-old"}}]
    engine.answers["GET", "/secrets"] = (200, secrets)
    engine.answers["GET", "/secrets/x"] = (200, secrets[0])
    engine.answers["DELETE", "/secrets/x1"] = (204, b"")
    engine.answers["POST", "/secrets/create"] = (201, {"ID": "x3"})
    assert client.object_list("secret") == secrets
    # The engine takes a name as the start of one.
    assert client.object_list("secret", filters={"name": ["x", "y"]}) == secrets[:1]
    assert json.loads(engine.requests[-1].query["filters"]) == {"name": ["x", "y"]}
    assert client.object_inspect("secret", "x") == secrets[0]
    assert client.object_create("secret", {"Name": "y", "Data": "eA=="}) == {
        "ID": "x3",
        "Warnings": [],
    }
    assert client.object_remove("secret", "x") is None
    assert engine.requests[-1].method == "DELETE"
    engine.answers["GET", "/configs/x"] = (404, {"message": "config x not found"})
    with pytest.raises(swarm.NotFound):
        client.object_inspect("config", "x")
    with pytest.raises(swarm.InvalidArgument, match="docker cannot remove a task"):
        client.object_remove("task", "t1")
    for use in (
        client.object_list,
        client.object_inspect,
        client.object_remove,
        client.object_create,
    ):
        with pytest.raises(swarm.InvalidArgument, match="kind is service, task"):
            use("stack", *({}, "x", "x", {})[: use != client.object_list])


def test_filters_are_checked(swarm, engine, client):
    with pytest.raises(TypeError, match="filters must be a dict"):
        client.node_list(filters=["role"])
    for wrong in (1, None, {"a": "b"}):
        with pytest.raises(TypeError, match="a filter must be a str or a list of str"):
            client.node_list(filters={"role": wrong})
    with pytest.raises(TypeError, match="a filter must be a str"):
        client.node_list(filters={"role": ["manager", 1]})
    with pytest.raises(swarm.InvalidArgument, match="a filter has no values"):
        client.task_list(filters={"node": []})
    with pytest.raises(swarm.InvalidArgument, match="over 1024"):
        client.task_list(filters={"node": ["x"] * 1025})
    assert engine.requests == []


def test_registry_auth_of_a_service(swarm, engine, client, web):
    spec = {
        "Name": "web",
        "TaskTemplate": {"ContainerSpec": {"Image": "web:1"}},
        "Mode": {"Global": {}},
    }
    engine.answers["POST", "/services/create"] = (201, {"ID": "s1", "Warnings": ["no digest"]})
    created = {"ID": "s1", "Warnings": ["no digest"]}
    assert client.object_create("service", spec, registry_auth=AUTH) == created
    assert sent_auth(engine) == AUTH
    assert client.object_create("service", spec) == created
    assert sent_auth(engine) is None
    client.object_update("service", "web", {"Labels": {"b": "2"}}, registry_auth=AUTH)
    assert sent_auth(engine) == AUTH
    for kind in ("secret", "config"):
        with pytest.raises(swarm.InvalidArgument, match="takes no registry_auth"):
            client.object_update(kind, "x", {"Labels": {}}, registry_auth=AUTH)
        with pytest.raises(swarm.InvalidArgument, match="takes no registry_auth"):
            client.object_create(kind, {"Name": "x"}, registry_auth=AUTH)


def test_service_list(engine, client):
    service = {
        "ID": "s1",
        "Version": {"Index": 4},
        "UpdatedAt": "2026-01-01T00:00:00Z",
        "Spec": {
            "Name": "web",
            "Labels": {"a": "b"},
            "Mode": {"Replicated": {"Replicas": 3}},
            "TaskTemplate": {
                "ContainerSpec": {"Image": "nginx:1"},
                "Placement": {"MaxReplicas": 2},
            },
        },
        "Endpoint": {
            "Ports": [{"TargetPort": 80, "PublishedPort": 8080, "PublishMode": "host"}],
        },
        "UpdateStatus": {"State": "updating", "Message": "update in progress"},
        "ServiceStatus": {"RunningTasks": 1, "DesiredTasks": 3, "CompletedTasks": 0},
    }
    job = {"ID": "s2", "Spec": {"Name": "job", "Mode": {"ReplicatedJob": {"TotalCompletions": 5}}}}
    # The name of the second is but the start of it for the engine.
    other = {"ID": "s3", "Spec": {"Name": "web2", "Mode": {"Global": {}}}}
    engine.answers["GET", "/services"] = (200, [service, other])
    (row,) = client.service_list(filters={"name": "web"})
    assert engine.requests[-1].query == {"filters": '{"name":["web"]}', "status": "true"}
    assert row == {
        "id": "s1",
        "version": 4,
        "name": "web",
        "labels": {"a": "b"},
        "image": "nginx:1",
        "replicated": True,
        "replicas": 3,
        "global": False,
        "replicated_job": False,
        "total_completions": 0,
        "global_job": False,
        "max_replicas": 2,
        "ports": [{"target": 80, "published": 8080, "protocol": "", "mode": "host"}],
        "update_state": "updating",
        "update_message": "update in progress",
        "running_tasks": 1,
        "desired_tasks": 3,
        "completed_tasks": 0,
        "updated_at": "2026-01-01T00:00:00Z",
    }
    engine.answers["GET", "/services"] = (200, [other, job])
    assert [(row["name"], row["total_completions"]) for row in client.service_list()] == [
        ("job", 5),
        ("web2", 0),
    ]


def test_task_list(engine, client):
    status = {"State": "failed", "Err": "no such image", "Timestamp": "2026-01-01T00:00:00Z"}
    status["ContainerStatus"] = {"ContainerID": "c1", "ExitCode": 137}
    task = {
        "ID": "t1",
        "ServiceID": "s1",
        "NodeID": "n1",
        "Slot": 2,
        "DesiredState": "shutdown",
        "Status": status,
    }
    engine.answers["GET", "/tasks"] = (200, [task])
    (row,) = client.task_list(filters={"service": "web", "desired-state": ["running", "shutdown"]})
    assert json.loads(engine.requests[-1].query["filters"]) == {
        "service": ["web"],
        "desired-state": ["running", "shutdown"],
    }
    assert row == {
        "id": "t1",
        "service_id": "s1",
        "slot": 2,
        "node_id": "n1",
        "desired_state": "shutdown",
        "state": "failed",
        "message": "",
        "error": "no such image",
        "timestamp": "2026-01-01T00:00:00Z",
        "container_id": "c1",
        "exit_code": 137,
        "image": "",
        "job_iteration": 0,
        "created_at": "",
        "labels": {},
    }


def test_node_list_with_filters(engine, client):
    engine.enter(manager=True)
    engine.nodes += [node("n2", "host"), node("n3", "host1-old")]
    rows = client.node_list(filters={"name": "host1", "role": ["manager", "worker"]})
    assert [row["id"] for row in rows] == ["n1"]
    assert json.loads(engine.requests[-1].query["filters"]) == {
        "name": ["host1"],
        "role": ["manager", "worker"],
    }


def test_ca_rotate(swarm, engine, client):
    engine.enter(manager=True)
    assert client.ca_rotate() is None
    sent = [request.body for request in engine.requests if request.path == "/swarm/update"]
    assert sent[0]["CAConfig"] == {"ForceRotate": 1}
    assert client.ca_rotate(cert="CERT", key="KEY") is None
    with pytest.raises(swarm.InvalidArgument, match="given together"):
        client.ca_rotate(cert="CERT")
    engine.cluster["RootRotationInProgress"] = True
    with pytest.raises(swarm.Timeout, match="the rotation of the CA goes on"):
        client.ca_rotate(timeout=0.5)


def test_leave_cleanly(swarm, engine, other_engine, client):
    manager = swarm.Client(other_engine.url, timeout=30)
    other_engine.enter(manager=True)
    other_engine.nodes.append(node("n2", "host2"))
    engine.enter(manager=False)
    engine.swarm["NodeID"] = "n2"
    assert client.leave_cleanly(manager) is None
    assert client.local()["state"] == "inactive"
    assert other_engine.requests[-1][:2] == ("DELETE", "/nodes/n2")
    with pytest.raises(swarm.NotMember):
        client.leave_cleanly(manager)
    engine.enter(manager=True)
    with pytest.raises(swarm.InvalidArgument, match="give another one"):
        client.leave_cleanly(client)
    with pytest.raises(TypeError):
        client.leave_cleanly("manager1")
    manager.close()
    with pytest.raises(swarm.InvalidArgument, match="closed"):
        client.leave_cleanly(manager)
    assert client.local()["state"] == "active"


def test_task_why(swarm, engine, client, web):
    task = {"ID": "t1", "ServiceID": "s1", "DesiredState": "running"}
    task["Status"] = {
        "State": "pending",
        "Message": "pending task scheduling",
        "Err": "no suitable node",
    }
    task["Spec"] = {"Placement": {"Constraints": ["node.labels.zone==b"]}}
    engine.answers["GET", "/tasks"] = (200, [task, {**task, "ID": "t2"}])
    told = {"id": "t1", "service": "web", "state": "pending"}
    told |= {"message": "pending task scheduling", "error": "no suitable node"}
    reason = "constraint node.labels.zone==b (the node has 'a')"
    nodes = [{"id": "n1", "hostname": "host1", "rejected": reason}]
    assert client.task_why("web") == [{"task": told, "count": 2, "nodes": nodes}]
    engine.nodes[0]["Spec"]["Labels"]["zone"] = "b"
    assert client.task_why("s1")[0]["nodes"][0]["rejected"] == ""
    for path in ("/services/x", "/tasks/x"):
        engine.answers["GET", path] = (404, {"message": "not found"})
    with pytest.raises(
        swarm.NotFound, match="no service has the id or name 'x', and no task the id"
    ):
        client.task_why("x")
    with pytest.raises(TypeError):
        client.task_why(None)


def test_without_leader_the_plain_list_fails_at_once(swarm, engine, client):
    engine.answers["GET", "/nodes"] = (
        500,
        {"message": "rpc error: The swarm does not have a leader."},
    )
    with pytest.raises(swarm.NoLeader):
        client.node_list(timeout=600)
    assert [request.path for request in engine.requests].count("/nodes") == 1
    with pytest.raises(swarm.NoLeader):
        client.node_list(filters={"role": "manager"}, timeout=1)
    assert [request.path for request in engine.requests].count("/nodes") > 2
