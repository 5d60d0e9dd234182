# SPDX-License-Identifier: Apache-2.0
"""The functions on stacks, on hosts in memory, with the real conversion."""

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError

SECRET = "planted-9f2c-secret"
FILE = """
services:
  web:
    image: web:${TAG:-1}
    environment: [MODE=planted-mode, INHERITED]
    secrets: [key]
secrets:
  key: {environment: KEY}
"""
SHOP = {"source": "/nowhere.yml", "contents": None, "env": {"TAG": "1", "KEY": SECRET}}


@pytest.fixture
def formed(fleet):
    path = fleet.root / "compose.yml"
    path.write_text(FILE)
    fleet.pillar["stacks"] = {"shop": {**SHOP, "source": [str(path)]}, "db": {"contents": "x"}}
    return fleet.form()


def call(fleet, function, *args, minion="manager1", **kwargs):
    return fleet[minion].job().salt[f"swarm.{function}"](*args, **kwargs)


def test_from_pillar_or_by_arguments(formed):
    found = call(formed, "stack_diff", "shop")
    assert list(found["changes"]) == [
        "network shop_default",
        "secret shop_key",
        "service shop_web",
    ]
    assert (found["held"], found["revision"]) == ([], 1)
    assert formed["manager1"].machine.written == []
    assert call(formed, "stack_deploy", "shop", test=True) == found
    assert call(formed, "stack_deploy", "shop") == found
    assert call(formed, "stack_deploy", "shop")["changes"] == {}
    other = call(formed, "stack_diff", "shop", env={"TAG": "2", "KEY": SECRET})
    assert other["changes"] == {
        "service shop_web": {"image": {"old": "web:1", "new": "web:2"}, "tasks": "restart"}
    }
    gone = call(formed, "stack_diff", "shop", contents="services: {web: {image: 'a:1'}}")
    assert "secret shop_key" in gone["changes"], "with files of its own nothing comes from pillar"
    for one in (found, other, gone):
        assert SECRET not in str(one)


def test_what_the_core_gets_for_each_secret(formed):
    call(formed, "stack_deploy", "shop")
    name, given = formed["manager1"].machine.calls[-1]
    assert name == "stack_apply"
    assert given["contents"] == {"shop_key": SECRET.encode()}
    assert given["retry"] is True, "by hand somebody has decided"


@pytest.mark.parametrize(
    "args, kwargs, text",
    [
        (["none"], {}, "give source, contents or compose, or put none into pillar swarm:stacks"),
        ([5], {"contents": "x"}, "the name of the stack must be a string: quote it in YAML"),
        (["shop"], {"sources": "/a"}, "unknown argument 'sources' (did you mean 'source'?)"),
        (["shop"], {"wait": "no"}, "wait must be True or False"),
        (["shop"], {"contents": "a: [1"}, "contents:1: not YAML"),
    ],
)
@pytest.mark.parametrize("function", ["stack_diff", "stack_deploy", "stack_config"])
def test_wrong_arguments(formed, function, args, kwargs, text):
    with pytest.raises(SaltInvocationError) as caught:
        call(formed, function, *args, **kwargs)
    assert text in str(caught.value) and "\n" not in str(caught.value)


def test_a_mistake_in_pillar_is_reported_in_one_line(formed):
    formed.pillar["stacks"] = {"shop": {"sources": ["/a"]}}
    with pytest.raises(SaltInvocationError, match="unknown key 'sources' under swarm:stacks:shop"):
        call(formed, "stack_diff", "shop")


def test_config_has_no_secret(formed):
    found = call(formed, "stack_config", "shop")
    spec = found["services"]["shop_web"]["TaskTemplate"]["ContainerSpec"]
    assert spec["Image"] == "web:1" and spec["Env"] == ["INHERITED", "MODE=***"]
    assert SECRET not in str(found) and "sources" not in found
    shown = call(formed, "stack_config", "shop", show_env=True)
    env = shown["services"]["shop_web"]["TaskTemplate"]["ContainerSpec"]["Env"]
    assert env == ["INHERITED", "MODE=planted-mode"] and SECRET not in str(shown)
    assert formed["manager1"].machine.calls == [], "it asks nothing"


def test_lists(formed):
    assert call(formed, "stack_ls") == []
    call(formed, "stack_deploy", "shop")
    assert call(formed, "stack_ls") == [{"NAME": "shop", "SERVICES": 1}]
    assert call(formed, "stack_ls", name=["db"]) == []
    (row,) = call(formed, "stack_history", "shop")
    path = str(formed.root / "compose.yml")
    assert row == {
        **{"REVISION": 1, "TIME": "2025-11-30T02:33:20Z", "RESULT": "ok", "SOURCE": path},
        **{"WHO": "manager1", "SERVICES": 1, "MISSING": ""},
    }
    for function in ("stack_history", "stack_services", "stack_ps"):
        with pytest.raises(CommandExecutionError, match="there is no stack none"):
            call(formed, function, "none")
        with pytest.raises(SaltInvocationError, match="must be the name of a stack"):
            call(formed, function)


def test_services_and_tasks_are_those_with_the_label(formed):
    call(formed, "stack_deploy", "shop")
    job = formed["manager1"].job()
    job.replace("swarm.service_ls", lambda label: [{"ID": "s1", "label": label}])
    row = {"ID": "t1", "NAME": "shop_web.1"}
    job.replace(
        "swarm.ps",
        lambda ref, running: {"of": "x", "rows": [{**row, "of": ref, "all": not running}]},
    )
    label = "com.docker.stack.namespace=shop"
    assert job.salt["swarm.stack_services"]("shop") == [{"ID": "s1", "label": label}]
    for all in (True, False):
        rows = [{**row, "of": "s1", "all": all}]
        assert job.salt["swarm.stack_ps"]("shop", all=all) == {"of": "stack shop", "rows": rows}


def test_status_compares_with_what_is_declared(formed):
    call(formed, "stack_deploy", "shop")
    found = call(formed, "stack_status", "shop")
    assert (found["sync"], found["health"]) == ("synced", "healthy")
    found = call(formed, "stack_status", "shop", env={"TAG": "2", "KEY": "x"})
    assert found["sync"] == "out of sync"
    formed.pillar["stacks"] = {}
    assert call(formed, "stack_status", "shop")["sync"] == "synced"


def test_a_failure_is_an_error(formed):
    call(formed, "stack_deploy", "shop")
    formed["manager1"].machine.cluster.failing["shop_web"] = "exit 3"
    with pytest.raises(CommandExecutionError) as caught:
        call(formed, "stack_deploy", "shop", env={"TAG": "2", "KEY": SECRET})
    assert str(caught.value) == (
        "stack shop: service shop_web failed, so the stack went back to what it was: exit 3"
    )


def test_rollback(formed):
    call(formed, "stack_deploy", "shop")
    call(formed, "stack_deploy", "shop", env={"TAG": "2", "KEY": SECRET})
    expected = call(formed, "stack_rollback", "shop", to=1, test=True)
    assert expected["changes"]["service shop_web"]["image"] == {"old": "web:2", "new": "web:1"}
    assert call(formed, "stack_rollback", "shop", to=1) == expected
    assert formed["manager1"].machine.calls[-1][1]["who"] == "manager1"
    with pytest.raises(CommandExecutionError, match="no revision 9: there are 3, 2, 1"):
        call(formed, "stack_rollback", "shop", to=9)
    with pytest.raises(SaltInvocationError, match="to must be an integer of at least 1, not 'a'"):
        call(formed, "stack_rollback", "shop", to="a")
    with pytest.raises(SaltInvocationError, match="unknown argument 'source'"):
        call(formed, "stack_rollback", "shop", source="/a")


def test_rm(formed):
    call(formed, "stack_deploy", "shop")
    planned = call(formed, "stack_rm", "shop", test=True)
    assert call(formed, "stack_ls") != []
    assert call(formed, "stack_rm", "shop") == planned
    assert planned["services"] == ["shop_web"] and planned["secrets"] == ["shop_key"]
    assert call(formed, "stack_ls") == []
    assert call(formed, "stack_rm", "shop")["services"] == []


def test_credentials_go_by_the_registries_of_the_images(formed):
    text = "services: {a: {image: 'r.example:5000/a:1'}, b: {image: 'b:1'}, c: {image: 'other.example/c'}}"
    formed.pillar["registries"] = {"r.example:5000": {"pillar": "robot"}}
    job = formed["manager1"].job(pillar={"robot": {"username": "u", "password": SECRET}})
    job.salt["swarm.stack_deploy"]("shop", contents=text)
    (given,) = [one for name, one in formed["manager1"].machine.calls if name == "stack_apply"]
    auth = {"username": "u", "password": SECRET, "serveraddress": "r.example:5000"}
    assert given["registry_auth"] == {"r.example:5000": auth}


def test_going_back_takes_the_credentials_of_then(formed):
    formed.pillar["registries"] = {"r.example:5000": {"pillar": "robot"}}
    job = formed["manager1"].job(pillar={"robot": {"username": "u", "password": SECRET}})
    for image in ("r.example:5000/a:1", "b:1"):
        job.salt["swarm.stack_deploy"]("shop", contents=f"services: {{a: {{image: '{image}'}}}}")
    job.salt["swarm.stack_rollback"]("shop")
    name, given = formed["manager1"].machine.calls[-1]
    assert (name, given["plan"], given["to"]) == ("stack_rollback", False, 1)
    assert list(given["registry_auth"]) == ["r.example:5000"]


@pytest.mark.parametrize(
    "text, line",
    [
        ("# nothing\n", "contents: is empty"),
        (
            "services: {a: {image: 'x:${T'}}",
            "contents:1: services.a.image: '${T' has no closing brace within 4096 bytes: write $$"
            " for a plain $",
        ),
        (
            "services: {a: {image: b, volumes: ['./d:/d']}}",
            "contents:1: services.a.volumes[0]: './d' is relative: a service runs on any node, so a"
            " bind mount needs an absolute path",
        ),
        (
            "services: {a: {image: b, depends_on: {c: {condition: x}}}, c: {image: b}}",
            "contents:1: services.a.depends_on: condition must be service_started,"
            " service_healthy or service_completed_successfully, not 'x'",
        ),
    ],
)
def test_one_line_for_one_mistake(formed, text, line):
    with pytest.raises((CommandExecutionError, SaltInvocationError)) as caught:
        call(formed, "stack_deploy", "shop", contents=text)
    assert str(caught.value) == line
