"""A new unlock key, once for each key of the operator's."""

import os

import pytest


@pytest.fixture
def manager(make_fleet):
    fleet = make_fleet(managers=1, workers=0).form()
    return fleet["manager1"]


def rotated(manager, test=False, **arguments):
    return manager.job(test=test).state("unlock_key_rotated", **arguments)


def test_once_for_each_key(manager, tmp_path):
    path = str(tmp_path / "key")
    salt = manager.job().salt
    salt["swarm.autolock"](True, key_file=path)
    first = open(path).read()
    predicted = rotated(manager, test=True, key="a", key_file=path)
    assert predicted["result"] is None and open(path).read() == first
    done = rotated(manager, key="a", key_file=path)
    assert done["result"] is True and done["changes"] == predicted["changes"]
    assert done["changes"] == {"unlock key": {"old": "", "new": "a"}}
    second = open(path).read()
    assert second != first and os.stat(path).st_mode & 0o77 == 0
    assert second.strip() == manager.machine.cluster.unlock_key
    again = rotated(manager, key="a", key_file=path)
    assert again["result"] is True and not again["changes"] and open(path).read() == second
    assert rotated(manager, key=2, key_file=path)["changes"] == {
        "unlock key": {"old": "a", "new": "2"}
    }
    assert "SWMKEY" not in str([predicted, done, again])


@pytest.mark.parametrize(
    "arguments, text",
    [
        ({}, "give key_file or key_sdb"),
        ({"key_file": "/k", "key_sdb": "sdb://x/y"}, "give key_file or key_sdb"),
        ({"key_file": "/k"}, "autolock is off"),
    ],
)
def test_refused(manager, arguments, text):
    ret = rotated(manager, key="a", **arguments)
    assert ret["result"] is False and text in ret["comment"] and not ret["changes"]
    assert manager.machine.cluster.unlock_key == ""
