# SPDX-License-Identifier: Apache-2.0
"""``swarm_core.core``, the one way of the modules to the engine, and ``swarm.call``, the operator's."""

import json
import re
from pathlib import Path

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError

KEY = "SWMKEY-1-" + "c" * 43


@pytest.fixture
def formed(make_fleet):
    """A swarm of one manager and one worker."""
    return make_fleet(managers=1, workers=1).form()


@pytest.fixture
def manager(formed):
    return formed["manager1"]


def test_core_calls_a_method_with_its_arguments(manager):
    core = manager.job().salt["swarm_core.core"]
    assert core("node_inspect", "worker1", __pub_jid="1")["Spec"]["Role"] == "worker"
    assert core("node_remove", "worker1", force=True) is None
    assert manager.machine.calls[-1] == ("node_remove", {"node": "worker1", "force": True})


@pytest.mark.parametrize("method", ["tokens", "unlock_key"])
def test_core_returns_no_secret(manager, method):
    core = manager.job().salt["swarm_core.core"]
    for into in (None, "print", True):
        with pytest.raises(SaltInvocationError, match="is a secret|must be a callable"):
            core(method, into=into)
    assert manager.machine.calls == []


def test_core_hands_a_secret_to_a_function(manager):
    tokens = manager.machine.cluster.tokens
    core = manager.job().salt["swarm_core.core"]
    assert core("tokens", into=lambda found: found["worker"] == tokens["worker"]) is True


@pytest.mark.parametrize("method", ["no_such", "__init__", "_core", "url"])
def test_core_refuses_an_unknown_method(manager, method):
    with pytest.raises(SaltInvocationError, match="the core has no function"):
        manager.job().salt["swarm_core.core"](method)


def test_core_refuses_a_result_that_is_not_plain_data(manager):
    manager.machine.do_local = lambda core: iter(())
    with pytest.raises(SaltInvocationError, match="not plain data"):
        manager.job().salt["swarm_core.core"]("local")


def test_core_reports_wrong_arguments_in_one_line(manager):
    with pytest.raises(SaltInvocationError) as raised:
        manager.job().salt["swarm_core.core"]("node_inspect", no_such=1)
    assert "\n" not in str(raised.value)


def test_call_is_one_operation(manager):
    answer = {"ID": "s1", "Tags": ("a", 1, 1.5, None, True)}
    manager.machine.do_call = lambda core, op, id, **given: dict(answer, op=op, id=id, **given)
    assert manager.job().salt["swarm.call"]("service_inspect", "web", query={"a": 1}) == {
        "ID": "s1",
        "Tags": ["a", 1, 1.5, None, True],
        "op": "service_inspect",
        "id": "web",
        "query": {"a": 1},
        "body": None,
        "timeout": None,
    }


def test_call_blanks_secrets_wherever_they_stand(manager):
    token = manager.machine.cluster.tokens["manager"]
    answer = {"JoinTokens": {"Manager": token}, "deep": [{"text": f"key {KEY}, {token}"}]}
    manager.machine.do_call = lambda core, op, **_: answer
    text = str(manager.job().salt["swarm.call"]("swarm_inspect"))
    assert token not in text and KEY not in text and "redacted" in text


def test_call_of_an_unknown_operation_lists_the_valid_ones(manager):
    with pytest.raises(
        SaltInvocationError, match=r"unknown operation 'no_such' \(valid: .*node_list"
    ):
        manager.job().salt["swarm.call"]("no_such")


def test_call_on_a_worker_names_the_managers(formed):
    with pytest.raises(CommandExecutionError, match="ask one of the managers: 10.0.0.1:2377"):
        formed["worker1"].job().salt["swarm.call"]("node_list")


# Those whose body has no field for a secret; a new operation must be put into one of the two lists.
OPEN_BODIES = {
    "node_update",
    "service_create",
    "service_update",
    "network_create",
    "volume_create",
    "volume_update",
}
OPS = Path(__file__).parents[2] / "libswarm/include/swarm/ops.def"


def secret_operations(formed):
    return formed["manager1"].job().salt["swarm.call"].func.__globals__["MAY_HOLD_SECRETS"]


def test_each_operation_with_a_body_may_hold_a_secret_or_not(formed):
    text = re.sub(r"/\*.*?\*/", "", OPS.read_text(encoding="utf-8"), flags=re.S)
    rows = re.findall(r'OP\(\w+, "(\w+)", "\w+", "[^"]*",((?:\s*"[^"]*"\s*,?)+)', text)
    assert len(rows) > 40
    with_body = set()
    for name, rest in rows:
        # Adjacent literals are one; the first is the query, the second the body.
        literals = re.findall(r'"([^"]*)"\s*(,?)', rest)
        fields, current = [], ""
        for literal, comma in literals:
            current += literal
            if comma:
                fields.append(current)
                current = ""
        if fields[1]:
            with_body.add(name)
    assert with_body == set(secret_operations(formed)) | OPEN_BODIES


@pytest.mark.parametrize("source", ["body_file", "body_pillar", "body_sdb"])
def test_a_body_that_may_hold_a_secret_comes_from_elsewhere(formed, tmp_path, source):
    body = {"Name": "db", "Data": "aHVudGVyMjI="}
    path = tmp_path / "body.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    given = {"body_file": str(path), "body_pillar": "db:body", "body_sdb": "sdb://vault/db"}[source]
    job = formed["manager1"].job(pillar={"db": {"body": body}})
    job.replace("sdb.get", lambda url: json.dumps(body) if url == "sdb://vault/db" else None)
    asked = []
    machine = formed["manager1"].machine
    machine.do_call = lambda core, op, id=None, **options: asked.append(options["body"])
    job.salt["swarm.call"]("secret_create", **{source: given})
    assert asked == [body]


def test_a_plain_body_that_may_hold_a_secret_is_refused_in_one_line(formed):
    call = formed["manager1"].job().salt["swarm.call"]
    for operation in secret_operations(formed):
        with pytest.raises(SaltInvocationError) as raised:
            call(operation, body={"Data": "aHVudGVyMjI="})
        text = str(raised.value)
        assert "\n" not in text and "aHVudGVyMjI" not in text
        assert operation in text and "body_file, body_pillar, body_sdb" in text
    assert not [name for name, _ in formed["manager1"].machine.calls if name == "call"]


def test_bad_sources_of_a_body_are_one_line_without_what_is_there(formed, tmp_path):
    path = tmp_path / "body"
    path.write_text("hunter22 is: no: yaml", encoding="utf-8")
    call = formed["manager1"].job(pillar={"text": "hunter22"}).salt["swarm.call"]
    for given, words in (
        ({"body_file": str(path)}, "is not a JSON or YAML dictionary"),
        ({"body_file": str(tmp_path / "none")}, "cannot read the body file"),
        ({"body_pillar": "text"}, "is not a JSON or YAML dictionary"),
        ({"body_pillar": "hunter22"}, "body_pillar: pillar has no such key"),
        ({"body_file": "hunter22"}, "body_file must begin with /"),
        ({"body_sdb": "hunter22"}, "body_sdb must begin with sdb://"),
        ({"body_pillar": "text", "body_file": str(path)}, "give only one of"),
        ({"body": {}, "body_file": str(path)}, "give only one of"),
        ({"body_file": 5}, "body_file must be a string"),
    ):
        with pytest.raises((CommandExecutionError, SaltInvocationError)) as raised:
            call("secret_create", **given)
        text = str(raised.value)
        assert words in text and "\n" not in text and "hunter22" not in text


@pytest.mark.parametrize("name, status", [("NoLeader", 500), ("Unavailable", 500)])
def test_a_lost_quorum_names_the_way_out(formed, name, status):
    machine = formed["manager1"].machine
    machine.fail["node_list"] = (name, "no leader answered", status)
    with pytest.raises(CommandExecutionError) as raised:
        formed["manager1"].job().salt["swarm.nodes"]()
    assert str(raised.value).startswith("no leader answered. ")
    assert "docker.recover" in str(raised.value)
    machine.fail["node_list"] = ("Unavailable", "this host is starting", 503)
    with pytest.raises(CommandExecutionError) as raised:
        formed["manager1"].job().salt["swarm.nodes"]()
    assert str(raised.value) == "this host is starting"


@pytest.mark.parametrize("name", ["NoLeader", "Unavailable"])
def test_a_change_of_leaders_is_no_reason_to_recover(formed, name):
    text = "the leader changes just now: try again in a moment"
    formed["manager1"].machine.fail["node_list"] = (name, text, 500)
    with pytest.raises(CommandExecutionError) as raised:
        formed["manager1"].job().salt["swarm.nodes"]()
    assert str(raised.value) == text
