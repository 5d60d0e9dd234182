# SPDX-License-Identifier: Apache-2.0
"""Stacks through the extension: arguments, contents of secrets, and what comes back."""

import base64
import json

import pytest

DOCUMENT = {
    "services": {"web": {"image": "web:1", "secrets": ["key"], "networks": ["out"]}},
    "networks": {"out": {"external": True}},
    "secrets": {"key": {"file": "key"}},
}
OUT = {"Name": "out", "Id": "n1", "Scope": "swarm", "Driver": "overlay"}
SECRET = b"hunter2\0hunter2"
LABELS = {"com.docker.stack.namespace": "shop"}


@pytest.fixture
def stack(swarm):
    return swarm.compose_convert([DOCUMENT], "shop", content=lambda file: SECRET)["stack"]


@pytest.fixture
def manager(engine):
    engine.enter(manager=True)
    for kind in ["services", "secrets", "configs", "tasks"]:
        engine.answers["GET", f"/{kind}"] = (200, [])
    engine.answers["GET", "/networks"] = (200, [OUT])
    return engine


def written(engine):
    return [
        (request.method, request.path) for request in engine.requests if request.method != "GET"
    ]


def plan(client, stack, **more):
    given = {"contents": {"shop_key": SECRET}, "hash_key": b"key", "resolve_image": "never"}
    return client.stack_plan(stack, **{**given, **more})


def test_plan(manager, client, stack):
    planned = plan(client, stack)
    name = planned["changes"]["secrets"]["shop_key"]["changes"]["name"]
    assert name["old"] is None and name["new"].startswith("shop_key-")
    assert planned == {
        "name": "shop",
        "changes": {
            "secrets": {
                "shop_key": {"action": "create", "changes": {"name": name}, "restarts": False}
            },
            "services": {"shop_web": {"action": "create", "changes": {}, "restarts": False}},
        },
        "unchanged": {"networks": 0, "secrets": 0, "configs": 0, "services": 0},
        "held": [],
        "unmanaged": {},
        "warnings": [],
        "revision": 1,
        "failed": None,
    }
    assert written(manager) == []
    # The hash is that of the bytes, under the key.
    other = plan(client, stack, contents={"shop_key": SECRET + b"\n"})
    assert other["changes"]["secrets"] != planned["changes"]["secrets"]
    assert (
        plan(client, stack, hash_key=b"another")["changes"]["secrets"]
        != planned["changes"]["secrets"]
    )
    assert "hunter2" not in json.dumps([planned, stack])


def test_plain_names(manager, client, stack):
    planned = plan(client, stack, hash_names=False)
    assert planned["changes"]["secrets"]["shop_key"]["changes"]["name"]["new"] == "shop_key"


def test_a_secret_that_the_engine_refuses_is_in_no_error(swarm, manager, client, stack):
    text = base64.b64encode(SECRET).decode()
    manager.answers["POST", "/secrets/create"] = (500, {"message": f"rpc: bad data {text}"})
    manager.answers["POST", "/configs/create"] = (201, {"ID": "c1"})
    with pytest.raises(swarm.Error) as caught:
        client.stack_apply(
            stack, contents={"shop_key": SECRET}, hash_key=b"key", resolve_image="never", timeout=2
        )
    assert "secret shop_key" in str(caught.value) and text not in str(caught.value)
    assert ("POST", "/services/create") not in written(manager)


def test_all_slips_at_once(swarm, manager, client, stack):
    manager.answers["GET", "/networks"] = (200, [])
    with pytest.raises(swarm.NotFound) as caught:
        plan(client, stack, contents={"shop_kay": SECRET})
    assert "external network out does not exist" in str(caught.value)
    assert "secret shop_key: its content is not given" in str(caught.value)


@pytest.mark.parametrize(
    "more, error",
    [
        ({"contents": ["shop_key"]}, TypeError),
        ({"contents": {"shop_key": "text"}}, TypeError),
        ({"contents": {"shop_key": None}}, TypeError),
        ({"contents": {1: b""}}, TypeError),
        ({"hash_key": "key"}, TypeError),
        ({"hash_key": b""}, "InvalidArgument"),
        ({"prune": 1}, TypeError),
        ({"wait": "yes"}, TypeError),
        ({"resolve_image": "sometimes"}, "InvalidArgument"),
        ({"registry_auth": "user"}, TypeError),
        ({"keep": 0}, "InvalidArgument"),
        ({"history": 101}, "InvalidArgument"),
        ({"source": 5}, TypeError),
        ({"timeout": "5"}, TypeError),
        ({"colour": True}, TypeError),
    ],
)
def test_arguments(swarm, manager, client, stack, more, error):
    with pytest.raises(getattr(swarm, error) if isinstance(error, str) else error):
        plan(client, stack, **more)
    assert written(manager) == []


def test_an_invalid_stack(swarm, client):
    with pytest.raises(swarm.InvalidArgument, match="it has no services"):
        client.stack_plan({"name": "shop"})
    with pytest.raises(TypeError):
        client.stack_plan("shop")
    for call in [client.stack_remove, client.stack_history, client.stack_status]:
        with pytest.raises(swarm.InvalidArgument, match="the name of a stack must be letters"):
            call("a b")
    with pytest.raises(swarm.InvalidArgument):
        client.stack_rollback("shop", to=0)


def revision(number, document, **labels):
    labels = {f"libswarm.revision.{key}": value for key, value in labels.items()}
    return {
        "ID": f"c{number}",
        "Version": {"Index": 1},
        "Spec": {
            "Name": f"shop.revision.{number}",
            "Labels": {**LABELS, "libswarm.revision": str(number), **labels},
            "Data": base64.b64encode(json.dumps(document).encode()).decode(),
        },
    }


def test_history_list_and_status(swarm, manager, client, stack):
    document = {
        "stack": stack,
        "contents": {"secrets": {"shop_key": "shop_key-1"}, "configs": {}},
        "images": {},
        "owned": {},
    }
    rows = [
        revision(9, document, time="1764470000", result="ok", who="ops"),
        revision(
            10, document, time="1764480000", result="rolled back", failed='{"shop_web": "why"}'
        ),
        {"ID": "x", "Spec": {"Name": "shop_page", "Labels": LABELS, "Data": "eA=="}},
    ]
    manager.answers["GET", "/configs"] = (200, rows)
    history = client.stack_history("shop")
    assert [row["revision"] for row in history] == [10, 9]
    assert history[0]["failed"] == {"shop_web": "why"} and history[0]["time"] == 1764480000
    assert history[1]["who"] == "ops" and history[1]["missing"] == ["secret shop_key-1"]
    (listed,) = client.stack_list()
    assert (listed["revision"], listed["result"], listed["configs"]) == (10, "rolled back", 1)
    with pytest.raises(swarm.Conflict, match="secret shop_key-1"):
        client.stack_rollback("shop", to=9)
    with pytest.raises(swarm.NotFound, match="choose one of"):
        client.stack_rollback("shop", to=3)
    status = client.stack_status("shop")
    (row,) = status["services"]
    assert (status["revision"], row["health"], row["running"]) == (10, "missing", 0)
    assert written(manager) == []


def test_remove(manager, client):
    assert client.stack_remove("shop") == {
        "name": "shop",
        "removed": {"services": [], "networks": [], "configs": [], "secrets": []},
        "revisions": 0,
        "warnings": [],
    }
