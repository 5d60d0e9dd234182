# SPDX-License-Identifier: Apache-2.0
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


LABEL = "saltext.swarm.unlock-key"


@pytest.fixture
def locked(manager, tmp_path):
    """Autolock is on; the key is kept in ``path``."""
    manager.path = str(tmp_path / "key")
    manager.job().salt["swarm.autolock"](True, key_file=manager.path)
    return manager


def labels_of(manager):
    return manager.machine.cluster.spec["Labels"]


@pytest.mark.parametrize("operation", ["do_unlock_key", "do_cluster_update"])
def test_a_run_that_was_cut_off_is_ended_with_the_key_it_made(locked, operation, monkeypatch):
    """The second of these calls fails: to keep the new key, or to say that it is kept."""
    plain, calls = getattr(locked.machine, operation), []

    def cut_off(core, *args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise core.Timeout("cut off")
        return plain(core, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(locked.machine, operation, cut_off)
        ret = rotated(locked, key="a", key_file=locked.path)
    made = locked.machine.cluster.unlock_key
    assert ret["result"] is False and ret["changes"] == {"unlock key": {"old": "", "new": "a"}}
    assert rotated(locked, test=True, key="a", key_file=locked.path)["result"] is None
    assert rotated(locked, key="a", key_file=locked.path)["result"] is True
    assert locked.machine.cluster.unlock_key == made == open(locked.path).read().strip()
    assert labels_of(locked) == {f"{LABEL}.key": "a"}
    assert rotated(locked, key="a", key_file=locked.path)["changes"] == {}


def test_an_unwritable_place_for_the_key_is_reported_before_the_rotation(locked):
    before = locked.machine.cluster.unlock_key
    ret = rotated(locked, key="a", key_file="/nowhere/key")
    assert ret["result"] is False and "cannot write to /nowhere/key" in ret["comment"]
    assert locked.machine.cluster.unlock_key == before and labels_of(locked) == {}


def test_a_watched_state_that_changed_rotates_it_once_more(locked):
    rotated(locked, key="a", key_file=locked.path)
    before = locked.machine.cluster.unlock_key
    ret = locked.job().states["swarm.mod_watch"](
        name="x", sfun="unlock_key_rotated", key="a", key_file=locked.path
    )
    assert ret["result"] is True and ret["changes"] == {
        "unlock key": {"old": "a", "new": "rotated"}
    }
    assert locked.machine.cluster.unlock_key != before
