"""``swarm.core``, the one way of the modules to the engine, and ``swarm.call``, the operator's."""

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
    core = manager.job().salt["swarm.core"]
    assert core("node_inspect", "worker1", __pub_jid="1")["Spec"]["Role"] == "worker"
    assert core("node_remove", "worker1", force=True) is None
    assert manager.machine.calls[-1] == ("node_remove", {"node": "worker1", "force": True})


@pytest.mark.parametrize("method", ["tokens", "unlock_key"])
def test_core_returns_no_secret(manager, method):
    core = manager.job().salt["swarm.core"]
    for into in (None, "print", True):
        with pytest.raises(SaltInvocationError, match="is a secret|wants a function"):
            core(method, into=into)
    assert manager.machine.calls == []


def test_core_hands_a_secret_to_a_function(manager):
    tokens = manager.machine.cluster.tokens
    core = manager.job().salt["swarm.core"]
    assert core("tokens", into=lambda found: found["worker"] == tokens["worker"]) is True


@pytest.mark.parametrize("method", ["no_such", "__init__", "_core", "url"])
def test_core_refuses_what_is_no_method(manager, method):
    with pytest.raises(SaltInvocationError, match="the core has no function"):
        manager.job().salt["swarm.core"](method)


def test_core_refuses_a_result_that_is_no_plain_data(manager):
    manager.machine.do_local = lambda core: iter(())
    with pytest.raises(SaltInvocationError, match="no plain data"):
        manager.job().salt["swarm.core"]("local")


def test_core_tells_wrong_arguments_in_one_line(manager):
    with pytest.raises(SaltInvocationError) as raised:
        manager.job().salt["swarm.core"]("node_inspect", no_such=1)
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


def test_call_of_no_operation_names_those_that_there_are(manager):
    with pytest.raises(SaltInvocationError, match="is called no_such; there are .*node_list"):
        manager.job().salt["swarm.call"]("no_such")


def test_call_on_a_worker_names_the_managers(formed):
    with pytest.raises(CommandExecutionError, match="ask one of the managers: 10.0.0.1:2377"):
        formed["worker1"].job().salt["swarm.call"]("node_list")
