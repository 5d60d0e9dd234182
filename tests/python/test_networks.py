# SPDX-License-Identifier: Apache-2.0
"""Networks, and new credentials for a registry, through the extension."""

import base64
import json

import pytest

SUBNET = {"Subnet": "10.7.0.0/24", "Gateway": "10.7.0.1"}
BACKEND = {
    "Name": "backend",
    "Id": "n1",
    "Scope": "swarm",
    "Driver": "overlay",
    "Attachable": True,
    "IPAM": {"Driver": "default", "Config": [SUBNET]},
}
DIGEST = {"Descriptor": {"digest": "sha256:" + "b" * 64}}
AUTH = {"username": "robot", "password": "hunter2hunter2", "serveraddress": "r:5000"}


@pytest.fixture
def manager(engine):
    engine.enter(manager=True)
    engine.answers["GET", "/networks"] = (200, [BACKEND])
    engine.answers["GET", "/services"] = (200, [])
    return engine


def written(engine):
    return [request for request in engine.requests if request.method != "GET"]


def test_network_apply(swarm, manager, client):
    words = {"attachable": True, "ipam": {"config": [{"subnet": "10.7.0.0/24"}]}}
    assert client.network_apply("backend", words) == {
        "id": "n1",
        "action": "none",
        "changes": {},
        "services": [],
    }
    with pytest.raises(swarm.Conflict, match="attachable is true, not false"):
        client.network_apply("backend", {"attachable": False})
    manager.answers["GET", "/networks/n1"] = (200, BACKEND)
    planned = client.network_apply("backend", {"attachable": False}, replace=True, dry_run=True)
    assert (planned["action"], planned["services"]) == ("replace", [])
    assert written(manager) == []
    with pytest.raises(swarm.InvalidArgument, match="did you mean attachable"):
        client.network_apply("backend", {"attachabel": False})
    with pytest.raises(TypeError):
        client.network_apply("backend", {}, replace="True")


def test_network_create(manager, client):
    created = []

    def create(request):
        created.append(request.body)
        return 201, {"Id": "n2"}

    manager.answers["POST", "/networks/create"] = create
    manager.answers["GET", "/networks/n2"] = (200, {**BACKEND, "Id": "n2", "Name": "new"})
    assert client.network_apply("new", {"labels": {"a": 1}})["id"] == "n2"
    assert created[0]["Labels"] == {"a": "1"} and created[0]["Driver"] == "overlay"


def test_network_remove(manager, client):
    manager.answers["GET", "/networks/n1"] = (200, BACKEND)
    manager.answers["DELETE", "/networks/n1"] = (204, b"")
    gone = {"id": "n1", "action": "remove"}
    assert client.network_remove("backend", dry_run=True) == gone and written(manager) == []
    assert client.network_remove("backend") == gone and len(written(manager)) == 1
    assert client.network_remove("other") == {"id": "", "action": "none"}


def test_network_usage(manager, client):
    manager.answers["GET", "/tasks"] = (200, [])
    (row,) = client.network_usage()
    assert row == {
        "id": "n1",
        "name": "backend",
        "subnets": ["10.7.0.0/24"],
        "size": 253,
        **dict.fromkeys(("used", "tasks", "services", "nodes"), 0),
    }


def test_registry_login(swarm, manager, client):
    spec = {
        "Name": "web",
        "TaskTemplate": {"ContainerSpec": {"Image": "r:5000/app:1"}},
        "Mode": {"Replicated": {}},
    }
    service = {"ID": "s1", "Version": {"Index": 5}, "Spec": spec}
    sent = []

    def update(request):
        sent.append(request.body)
        service["Version"] = {"Index": service["Version"]["Index"] + 1}
        return 200, {}

    manager.answers["GET", "/services"] = (200, [service])
    manager.answers["GET", "/services/s1"] = (200, service)
    manager.answers["GET", "/distribution/r%3A5000/app%3A1/json"] = (200, DIGEST)
    manager.answers["POST", "/services/s1/update"] = update
    planned = client.registry_login("r:5000", AUTH, "2", dry_run=True)
    assert planned == {"services": ["web"], "skipped": []} and sent == []
    assert client.registry_login("r:5000", AUTH, "2") == planned
    assert sent[0]["Labels"] == {"libswarm.registry_auth": "2"}
    assert json.loads(base64.urlsafe_b64decode(manager.headers["X-Registry-Auth"])) == AUTH
    other = {**AUTH, "serveraddress": "https://index.docker.io/v1/"}
    with pytest.raises(swarm.InvalidArgument, match="would send them there") as raised:
        client.registry_login("r:5000", other, "3")
    assert AUTH["password"] not in str(raised.value)
    with pytest.raises(swarm.InvalidArgument, match="must have username and password"):
        client.registry_login("r:5000", {"auth": "hunter2hunter2"}, "3")
    assert len(sent) == 1
