# SPDX-License-Identifier: Apache-2.0
"""Autolock and the unlock key: where it goes, where it comes from, and that nothing returns it."""

import os

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError


@pytest.fixture
def manager(make_fleet):
    return make_fleet(managers=1, workers=0).form()["manager1"]


@pytest.fixture
def locked(manager):
    """A cluster with autolock on."""
    manager.job().salt["swarm.autolock"](True, show=True)
    return manager


def key(manager):
    return manager.machine.cluster.unlock_key


class Sdb:
    """An sdb of one profile, ``vault``."""

    def __init__(self, job):
        self.kept = {}
        job.replace("sdb.get", lambda uri: self.kept.get(uri, uri))
        job.replace("sdb.set", self.set)

    def set(self, uri, value):
        if not uri.startswith("sdb://vault/"):
            raise KeyError(f"no profile for {value}")
        if uri.endswith("/closed"):
            return False
        self.kept[uri] = value
        return True


def test_autolock_keeps_its_key_in_a_file_of_the_owner_alone(manager, tmp_path):
    path = tmp_path / "key"
    path.write_text("old")
    path.chmod(0o644)
    ret = manager.job().salt["swarm.autolock"](True, key_file=str(path))
    assert ret == {"old": False, "new": True, "key": str(path)}
    assert path.read_text() == key(manager) + "\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["key"] or set(os.listdir(tmp_path)) == {"key", "manager1"}


def test_autolock_again_keeps_the_key_that_is_there(locked, tmp_path):
    before = key(locked)
    ret = locked.job().salt["swarm.autolock"](True, key_file=str(tmp_path / "key"))
    assert (ret["old"], ret["new"]) == (True, True)
    assert key(locked) == before and (tmp_path / "key").read_text() == before + "\n"


def test_autolock_off_needs_no_place(locked):
    ret = locked.job().salt["swarm.autolock"](False)
    assert ret == {"old": True, "new": False, "key": ""}
    assert not key(locked)


@pytest.mark.parametrize("function", ["autolock", "unlock_key", "rotate_unlock_key"])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "give exactly one of key_file, key_sdb or show=True"),
        ({"key_file": "/x", "show": True}, "give exactly one of"),
        ({"show": "yes"}, "give exactly one of"),
        ({"key_file": "key"}, "key_file must be an absolute path (not shown"),
        ({"key_file": "/nonexistent/key"}, "cannot write to /nonexistent/key: No such file"),
        ({"key_sdb": "vault/key"}, "key_sdb must be a URL that begins with sdb://"),
    ],
)
def test_a_key_without_a_place_is_not_made(manager, function, given, words):
    with pytest.raises((SaltInvocationError, CommandExecutionError)) as raised:
        manager.job().salt[f"swarm.{function}"](**given)
    assert words in str(raised.value) and "\n" not in str(raised.value)
    assert manager.machine.calls == []


def test_autolock_must_be_a_boolean(manager):
    with pytest.raises(SaltInvocationError, match="enable must be True or False, not 'on'"):
        manager.job().salt["swarm.autolock"]("on", show=True)


def test_unlock_key_to_sdb_and_shown(locked):
    job = locked.job()
    sdb = Sdb(job)
    assert job.salt["swarm.unlock_key"](key_sdb="sdb://vault/a") == {"key": "sdb://vault/a"}
    assert sdb.kept == {"sdb://vault/a": key(locked)}
    assert job.salt["swarm.unlock_key"](show=True) == {"key": key(locked)}


def test_rotation_makes_a_new_key_and_keeps_it(locked, tmp_path):
    before = key(locked)
    path = tmp_path / "key"
    ret = locked.job().salt["swarm.rotate_unlock_key"](key_file=str(path))
    assert ret == {"key": str(path)} and key(locked) != before
    assert path.read_text() == key(locked) + "\n"


@pytest.mark.parametrize("url", ["sdb://vault/closed", "sdb://other/key"])
def test_a_place_that_fails_says_how_to_get_at_the_key_and_not_the_key(locked, url):
    job = locked.job()
    Sdb(job)
    with pytest.raises(CommandExecutionError) as raised:
        job.salt["swarm.rotate_unlock_key"](key_sdb=url)
    text = str(raised.value)
    assert text.startswith(f"{url} takes no key") and "swarm.unlock_key" in text
    assert key(locked) not in text and "SWMKEY" not in text


def test_a_failed_rotation_leaves_the_file_as_it_was(manager, tmp_path):
    path = tmp_path / "kept" / "key"
    path.parent.mkdir()
    path.write_text("old")
    with pytest.raises(CommandExecutionError, match="autolock is off"):
        manager.job().salt["swarm.rotate_unlock_key"](key_file=str(path))
    assert path.read_text() == "old" and os.listdir(path.parent) == ["key"]


def test_whether_the_kept_key_is_the_one(locked, tmp_path):
    path = tmp_path / "key"
    job = locked.job(pillar={"secrets": {"key": key(locked)}})
    kept = job.salt["swarm_key.is_kept"]
    assert kept(key_file=str(path)) is False, "nothing is there"
    path.write_text(key(locked) + "\n")
    assert kept(key_file=str(path)) is True
    assert kept(key_pillar="secrets:key") is True
    job.salt["swarm.rotate_unlock_key"](show=True)
    assert kept(key_file=str(path)) is False
    assert kept(key_pillar="secrets:key") is False
    with pytest.raises(SaltInvocationError, match="give exactly one of"):
        kept()


def test_unlock_from_each_place(locked, tmp_path):
    path = tmp_path / "key"
    path.write_text(key(locked) + "\n")
    job = locked.job(pillar={"secrets": {"key": key(locked)}})
    Sdb(job).kept["sdb://vault/key"] = key(locked)
    for given in (
        {"key_file": str(path)},
        {"key_pillar": "secrets:key"},
        {"key_sdb": "sdb://vault/key"},
        {"key": key(locked)},
    ):
        locked.machine.state = "locked"
        assert job.salt["swarm.unlock"](**given) is True
        assert locked.machine.state == "active"


def test_unlock_with_a_wrong_key_or_none_is_refused_in_one_line(locked):
    job = locked.job()
    with pytest.raises(CommandExecutionError, match="not locked"):
        job.salt["swarm.unlock"](key=key(locked))
    locked.machine.state = "locked"
    with pytest.raises(CommandExecutionError, match="the unlock key is of another swarm"):
        job.salt["swarm.unlock"](key="SWMKEY-1-" + "x" * 43)
    words = "give exactly one of key_file, key_pillar, key_sdb or key"
    with pytest.raises(SaltInvocationError, match=words):
        job.salt["swarm.unlock"]()
    assert locked.machine.state == "locked"


def test_a_real_sdb_keeps_the_key_and_gives_it_back(locked, monkeypatch):
    """By the one driver of Salt's own that keeps what it is given, though only once."""
    monkeypatch.setenv("SWARM_UNLOCK", "old")
    monkeypatch.delenv("SWARM_UNLOCK")
    plain = locked.opts
    locked.opts = lambda **more: plain(vault={"driver": "env"}, broken={"driver": "no"}, **more)
    functions = locked.job().salt
    url = "sdb://vault/SWARM_UNLOCK"
    assert functions["swarm.unlock_key"](key_sdb=url) == {"key": url}
    assert functions["swarm_key.is_kept"](key_sdb=url) is True
    with pytest.raises(CommandExecutionError, match="does not return what was stored"):
        functions["swarm.rotate_unlock_key"](key_sdb=url)
    monkeypatch.setenv("SWARM_UNLOCK", key(locked))
    locked.machine.state = "locked"
    assert functions["swarm.unlock"](key_sdb=url) is True
    for wrong, words in (
        ("sdb://vault/none", "sdb has nothing at sdb://vault/none"),
        ("sdb://nowhere/key", "sdb has nothing at sdb://nowhere/key"),
        ("sdb://broken/key", "sdb cannot read sdb://broken/key: KeyError"),
    ):
        with pytest.raises(CommandExecutionError) as raised:
            functions["swarm.unlock"](key_sdb=wrong)
        assert str(raised.value) == words


def test_a_secret_goes_to_functions_alone(locked):
    for into in (None, "print", {}):
        with pytest.raises(SaltInvocationError, match="must be a callable"):
            locked.job().salt["swarm_core.secret"](into, key="SWMKEY-1-x")
