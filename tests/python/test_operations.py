# SPDX-License-Identifier: Apache-2.0
"""Client.call reaches every operation of the table that does not answer a stream."""

import base64
import json
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests/api"))

import tables  # noqa: E402

ROWS = tables.operations()
STREAMS = [row for row in ROWS if row.result in ("LINES", "FRAMES")]
OTHERS = [row for row in ROWS if row not in STREAMS]
SAMPLES = {"s": "x", "b": True, "i": 7, "o": {}, "a": [], "f": {"name": ["x"]}}
AUTH = {"username": "me", "password": "hunter2hunter2", "serveraddress": "registry.example"}


def needed(fields):
    """Return a sample of each required field."""
    return {name: SAMPLES[field.type] for name, field in fields.items() if field.required}


def arguments(row):
    """Return the least that the operation takes, as keyword arguments of call()."""
    found = {"id": "x"} if "{" in row.path else {}
    if query := needed(row.query):
        found["query"] = query
    if row.body:
        found["body"] = needed(row.body)
    return found


def path_of(row):
    """Return the path with its hole filled."""
    return row.path.replace("{id}", "x").replace("{name}", "x")


def test_the_table_is_the_module_s(swarm):
    assert [row.name for row in ROWS] == list(swarm.OPS)


@pytest.mark.parametrize("row", OTHERS, ids=lambda row: row.name)
def test_every_operation(client, engine, row):
    answers = {"JSON": ({"a": 1}, {"a": 1}), "TEXT": (b"OK", "OK"), "NONE": (b"", None)}
    body, value = answers[row.result]
    # The ping that finds out the version comes first.
    client.api_version()
    for status in row.status.split():
        if status == "204":
            body, value = b"", None
        engine.answers[row.method, path_of(row)] = (int(status), body)
        assert client.call(row.name, **arguments(row)) == value
        request = engine.requests[-1]
        assert (request.method, request.path) == (row.method, path_of(row))
        assert request.body == arguments(row).get("body")


@pytest.mark.parametrize("row", STREAMS, ids=lambda row: row.name)
def test_streams_are_refused(swarm, client, engine, row):
    with pytest.raises(swarm.InvalidArgument, match="answers a stream"):
        client.call(row.name, **arguments(row))
    assert engine.requests == []


@pytest.mark.parametrize(
    "name",
    [row.name for row in ROWS if "X-Registry-Auth" in row.query and row not in STREAMS],
)
def test_registry_auth(client, engine, name):
    (row,) = [row for row in ROWS if row.name == name]
    engine.answers[row.method, path_of(row)] = (int(row.status), {})
    client.call(name, registry_auth=AUTH, **arguments(row))
    assert json.loads(base64.urlsafe_b64decode(engine.headers["X-Registry-Auth"])) == AUTH
    client.call(name, **arguments(row))
    assert "X-Registry-Auth" not in engine.headers


def test_registry_auth_is_checked_and_never_shown(swarm, client, engine):
    with pytest.raises(swarm.InvalidArgument, match="node_list takes no registry_auth"):
        client.call("node_list", registry_auth=AUTH)
    with pytest.raises(swarm.InvalidArgument) as caught:
        client.call("distribution_inspect", "x", registry_auth={"hunter2hunter2": "x"})
    assert "hunter2" not in str(caught.value)
    with pytest.raises(TypeError):
        client.call("distribution_inspect", "x", registry_auth="hunter2hunter2")
    engine.answers["GET", "/distribution/x/json"] = (
        500,
        {"message": "wrong password hunter2hunter2"},
    )
    with pytest.raises(swarm.HTTPError) as caught:
        client.call("distribution_inspect", "x", registry_auth=AUTH)
    assert str(caught.value) == "wrong password [redacted]"


def test_a_name_with_slashes(client, engine):
    engine.answers["GET", "/distribution/registry.example%3A5000/team/app%3A1/json"] = (
        200,
        {"a": 1},
    )
    assert client.call("distribution_inspect", "registry.example:5000/team/app:1") == {"a": 1}


def test_a_deep_field_too_new_for_the_engine(swarm, engine):
    pinned = swarm.Client(engine.url, api_version="1.39")
    task = {"ContainerSpec": {"Image": "x", "Sysctls": {"net.core.somaxconn": "1024"}}}
    with pytest.raises(swarm.VersionError) as caught:
        pinned.call("service_create", body={"Name": "x", "TaskTemplate": task, "Mode": {}})
    assert str(caught.value) == (
        "TaskTemplate.ContainerSpec.Sysctls needs API 1.40, but this client is set to 1.39: choose another version"
    )
    assert engine.requests == []
