# SPDX-License-Identifier: Apache-2.0
"""The functions of the runner that change something: asked of one manager, once, and without secrets."""

import contextlib
import types

import pytest
import salt.client
from runners import call, printed

SECRET = "hunter2hunter2"
MANAGERS = ["manager1", "manager2", "manager3"]


@pytest.fixture
def asked(runner):
    """``asked(function, …)``: what the runner returned, and the jobs that it sent."""

    def run(function, *args, serving=("manager2", "manager3"), **kwargs):
        jobs = []

        def ask(hosts, functions, timeout):
            return {name: {"swarm.info": {"cluster_id": "c1"}} for name in serving}

        def ask_one(host, function, args, kwargs):
            jobs.append((host, function, list(args), kwargs))
            return {"action": "create"}, None

        instead = {
            "swarm_master.known": lambda: {"swarm": {"managers": MANAGERS}},
            "swarm_master.ask": ask,
            "swarm_master.ask_one": ask_one,
        }
        return call(runner(__salt__=instead), function, *args, **kwargs), jobs

    return run


@pytest.mark.parametrize(
    "ret, retcode, expected",
    [
        ({"a": "found"}, 0, ({"manager1": {"a": "found"}}, 0)),
        ({"a": "no"}, 1, ({"manager1": {"a": "no"}}, 1)),
        ("ERROR: no such service", 1, ({"problems": ["manager1: no such service"]}, 1)),
        (None, None, ({"problems": ["manager1: no answer"]}, 1)),
    ],
)
def test_what_a_manager_returns(runner, monkeypatch, ret, retcode, expected):
    """Data of a function that failed are shown as data, and the exit code says so."""
    answer = None if retcode is None else {"manager1": {"ret": ret, "retcode": retcode}}
    client = contextlib.nullcontext(types.SimpleNamespace(cmd=lambda *_, **__: answer or {}))
    monkeypatch.setattr(salt.client, "get_local_client", lambda **_: client)
    instead = {
        "swarm_master.known": lambda: {"swarm": {"managers": MANAGERS}},
        "swarm_master.ask": lambda *_: {"manager1": {"swarm.info": {"cluster_id": "c1"}}},
    }
    found = call(runner(__salt__=instead), "ask", "swarm.registry_check")
    assert found["retcode"] == expected[1] and expected[0].items() <= found.items()


CHANGES = [
    ("network_create", ["backend"], {"attachable": True}),
    ("network_rm", ["backend"], {}),
    ("secret_create", ["db"], {"contents_pillar": "db:password", "keep": 2}),
    ("secret_rm", ["db"], {}),
    ("config_create", ["nginx.conf"], {"source": "salt://nginx.conf"}),
    ("config_rm", ["nginx.conf"], {}),
    ("config_show", ["nginx.conf"], {}),
]


@pytest.mark.parametrize("function, args, kwargs", CHANGES)
def test_one_manager_is_asked_once(asked, function, args, kwargs):
    found, jobs = asked(function, *args, **kwargs, __pub_jid="1")
    assert found["manager2"] == {"action": "create"} and found["retcode"] == 0
    assert jobs == [("manager2", f"swarm.{function}", args, kwargs)]


@pytest.mark.parametrize("function, args, kwargs", CHANGES)
def test_without_a_manager_nothing_is_asked(asked, function, args, kwargs):
    found, jobs = asked(function, *args, serving=(), **kwargs)
    assert found["retcode"] == 1 and jobs == []
    assert found["problems"][0].startswith("no manager of pillar answers in a swarm with a leader")


@pytest.mark.parametrize(
    "args, kwargs, text",
    [
        ([], {"contents": SECRET}, "the arguments of salt-run are in the master's job cache"),
        ([], {"contents": SECRET, "i_know_it_leaks": True}, "give contents_pillar, contents_sdb"),
        ([None, None, None, None, SECRET], {}, "too many positional arguments"),
    ],
)
def test_a_secret_as_an_argument_is_refused(asked, args, kwargs, text):
    """It reaches no manager, and no line of the refusal has it."""
    found, jobs = asked("secret_create", "db", *args, **kwargs)
    (problem,) = found["problems"]
    assert text in problem and SECRET not in str(found)
    assert (found["retcode"], jobs) == (2, [])


@pytest.mark.parametrize(
    "function, args, answer, line",
    [
        ("lock_show", (), {}, "no run has the lock"),
        ("lock_show", (), {"run": "x7k2", "text": "run x7k2 holds it"}, "run x7k2 holds it"),
        ("lock_break", ("x7k2",), True, "the lock of run x7k2 is broken"),
        ("lock_break", ("x7k2",), False, "no run has the lock"),
    ],
)
def test_the_lock_is_one_line(runner, monkeypatch, tmp_path, function, args, answer, line):
    client = contextlib.nullcontext(
        types.SimpleNamespace(cmd=lambda *_, **__: {"manager1": answer})
    )
    monkeypatch.setattr(salt.client, "get_local_client", lambda **_: client)
    known = {"swarm": {"managers": MANAGERS}}
    instead = {
        "swarm_master.known": lambda: known,
        "swarm_master.ask": lambda *_: {"manager1": {"swarm.info": {"cluster_id": "c1"}}},
        "swarm_master.ask_one": lambda *_: (answer, None),
    }
    loader = runner(__salt__=instead)
    first = loader["swarm_master.first_answer"].func.__globals__
    monkeypatch.setitem(first, "known", lambda: known)
    found = call(loader, function, *args)
    assert printed(tmp_path, found) == line
    assert (found["manager1"], found["retcode"]) == (answer, 0)
