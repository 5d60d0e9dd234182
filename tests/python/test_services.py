"""The methods on the lock of the managers, on roles, and on services and other objects."""

import pytest
from fake_engine import SERVICE, UNLOCK_KEY, node


@pytest.fixture
def web(engine):
    """A service that an update changes."""
    service = {**SERVICE}

    def update(request):
        service["PreviousSpec"], service["Spec"] = service["Spec"], request.body
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


def test_unlock_refuses_what_is_no_key(swarm, client):
    with pytest.raises(swarm.BadKey):
        client.unlock("SWMKEY-1-short")
    with pytest.raises(TypeError):
        client.unlock(None)


def test_unlock_key(swarm, engine, client):
    engine.enter(manager=True)
    engine.answers["GET", "/swarm/unlockkey"] = (200, {"UnlockKey": UNLOCK_KEY})
    assert client.unlock_key() == UNLOCK_KEY
    engine.cluster["Spec"] = {"EncryptionConfig": {"AutoLockManagers": True}}
    assert client.unlock_key(rotate=True) == UNLOCK_KEY
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
    with pytest.raises(swarm.InvalidArgument, match="the change is an object"):
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
    assert engine.requests[-1].query["rollback"] == "previous"


def test_wait(swarm, engine, client, web):
    web["Spec"] = {**web["Spec"], "Mode": {"Replicated": {"Replicas": 1}}}
    task = {"ID": "t1", "Slot": 1, "DesiredState": "running", "Status": {"State": "running"}}
    engine.answers["GET", "/tasks"] = lambda _: (200, [task])
    assert client.service_wait("web") == {"done": 1, "total": 1, "rolled_back": False}
    task["Status"] = {"State": "rejected", "Err": "No such image"}
    with pytest.raises(swarm.Timeout, match=r"web.1 \(rejected\): No such image"):
        client.service_wait("web", timeout=1)


def test_task_why(swarm, engine, client, web):
    task = {"ID": "t1", "ServiceID": "s1", "DesiredState": "running"}
    task["Status"] = {"State": "pending", "Message": "pending task scheduling", "Err": "no suitable node"}
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
    with pytest.raises(swarm.NotFound, match="no service has the id or name 'x', and no task the id"):
        client.task_why("x")
    with pytest.raises(TypeError):
        client.task_why(None)
