# SPDX-License-Identifier: Apache-2.0
"""Services that are evened out: functions, the state, and the runner."""

import pytest
from fleet import predicted, state
from salt.exceptions import SaltInvocationError

WEB = {
    "id": "s1",
    "service": "web",
    "version": 7,
    "replicas": 5,
    "way": "move",
    "why": "",
    "moves": [
        {"from": "worker1", "to": "worker2", "tasks": 2},
        {"from": "worker1", "to": "worker3", "tasks": 1},
    ],
}
API = {
    **WEB,
    "id": "s2",
    "service": "api",
    "way": "finish",
    "why": "a run was stopped",
    "moves": [],
}
DB = {**WEB, "id": "s3", "service": "db", "way": "stay", "why": "it keeps its data", "moves": []}
LINES = {
    "web": "2 from worker1 to worker2, 1 from worker1 to worker3",
    "api": "a run was stopped",
    "db": "stays: it keeps its data",
}


@pytest.fixture
def uneven(make_fleet):
    fleet = make_fleet(managers=1, workers=2).form()
    fleet["manager1"].machine.cluster.uneven = [API, DB, WEB]
    return fleet


def test_functions(uneven):
    machine, salt = uneven["manager1"].machine, uneven["manager1"].job().salt
    before = list(machine.changed_by())
    assert salt["swarm.rebalance_plan"]() == [API, DB, WEB]
    assert salt["swarm.rebalance"](test=True) == LINES
    assert list(machine.changed_by()) == before
    assert salt["swarm.rebalance"]("web", timeout=30) == {"web": LINES["web"]}
    given = [given for name, given in machine.calls if name == "rebalance"][-1]
    assert (given["services"], given["timeout"]) == (["web"], 30)


@pytest.mark.parametrize(
    "given, text",
    [
        ({"services": 5}, "services must be a list of names, not 5"),
        ({"services": [""]}, "services must be a list of names, not ['']"),
        ({"test": "yes"}, "test must be True or False, not 'yes'"),
        ({"timeout": "soon"}, "timeout"),
    ],
)
def test_a_wrong_argument(uneven, given, text):
    with pytest.raises(SaltInvocationError) as caught:
        uneven["manager1"].job().salt["swarm.rebalance"](**given)
    assert text in str(caught.value) and "\n" not in str(caught.value)


def test_state(uneven):
    real = predicted(uneven, "manager1", "rebalanced")
    assert real["changes"] == {
        "api": {"old": "", "new": LINES["api"]},
        "web": {"old": "", "new": LINES["web"]},
    }
    assert real["comment"] == "evened out: api, web; db stays: it keeps its data"
    again = state(uneven, "manager1", "rebalanced")
    assert again["comment"] == "the services are even; db stays: it keeps its data"


def test_state_that_fails(uneven):
    uneven["manager1"].machine.fail["rebalance"] = ("Timeout", "web: its update is paused")
    ret = state(uneven, "manager1", "rebalanced")
    assert (ret["result"], ret["comment"], ret["changes"]) == (
        False,
        "web: its update is paused",
        {},
    )
