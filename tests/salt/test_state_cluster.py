# SPDX-License-Identifier: Apache-2.0
"""The states of the cluster's settings, tokens, keys and CA."""

import os
import time

import ca
import pytest

WEEK = 7 * 86400


@pytest.fixture
def formed(make_fleet):
    """Two managers and a worker, of a swarm that was made a week ago."""
    fleet = make_fleet(managers=2, workers=1).form()
    made = time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", time.gmtime(time.time() - WEEK))
    cluster_of(fleet).created = made
    return fleet


def cluster_of(fleet):
    return fleet["manager1"].machine.cluster


def state(fleet, function, test=False, watch=False, minion="manager1", **arguments):
    states = fleet[minion].job(test=test).states
    if watch:
        return states["swarm.mod_watch"](name="x", sfun=function, **arguments)
    return states[f"swarm.{function}"](name="x", **arguments)


def predicted(fleet, function, **arguments):
    """Test mode, the real run with the same changes, and again without any; returns the changes."""
    expected = state(fleet, function, test=True, **arguments)
    assert expected["result"] is None, expected
    assert not fleet["manager1"].machine.changed_by()
    real = state(fleet, function, **arguments)
    assert real["result"] is True, real
    assert real["changes"] == expected["changes"]
    nothing(fleet, function, **arguments)
    no_secret(fleet, expected, real)
    return real["changes"]


def nothing(fleet, function, watch=False, **arguments):
    """Nothing to do, and nothing done."""
    fleet["manager1"].machine.calls.clear()
    for test in (True, False):
        ret = state(fleet, function, test=test, watch=watch, **arguments)
        assert (ret["result"], ret["changes"]) == (True, {}), ret
    assert not fleet["manager1"].machine.changed_by()
    return ret


def no_secret(fleet, *returned):
    text = repr(returned) + repr(cluster_of(fleet).spec)
    for secret in (*cluster_of(fleet).tokens.values(), cluster_of(fleet).unlock_key):
        assert not secret or secret not in text


def refused(fleet, function, **arguments):
    returned = [state(fleet, function, test=test, **arguments) for test in (True, False)]
    assert [(ret["result"], ret["changes"]) for ret in returned] == [(False, {})] * 2, returned
    assert not fleet["manager1"].machine.changed_by()
    return returned[1]["comment"]


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "changes"),
    [
        ({"node_cert_expiry": "30d"}, {"node_cert_expiry": {"old": "90d", "new": "30d"}}),
        ({"heartbeat_period": "10s"}, {"heartbeat_period": {"old": "5s", "new": "10s"}}),
        (
            {"task_history_retention_limit": 0, "snapshot_interval": 5000},
            {
                "task_history_retention_limit": {"old": 5, "new": 0},
                "snapshot_interval": {"old": 10000, "new": 5000},
            },
        ),
        (
            {"labels": {"site": "north", "old": None}},
            {"labels": {"old": {"old": "1", "new": None}, "site": {"old": None, "new": "north"}}},
        ),
    ],
)
def test_settings_are_changed_as_predicted(formed, wanted, changes):
    cluster_of(formed).spec["Labels"] = {"old": "1", "kept": "2"}
    assert predicted(formed, "cluster", **wanted) == changes
    assert cluster_of(formed).spec["Labels"]["kept"] == "2"
    assert cluster_of(formed).spec["Raft"]["ElectionTick"] == 10, "what is not given stays"


def test_settings_that_are_so_already(formed):
    nothing(formed, "cluster", node_cert_expiry="2160h", heartbeat_period="5000ms")
    nothing(formed, "cluster")


def test_settings_that_are_fixed_for_life_are_not_ignored(formed):
    wanted = {"default_addr_pool": ["10.20.0.0/16"], "subnet_size": 26, "data_path_port": 4789}
    ret = nothing(formed, "cluster", **wanted)
    assert ret["warnings"] == [
        "default_addr_pool is ['10.0.0.0/8'], not ['10.20.0.0/16']: it is fixed for the life of a"
        " cluster, and only a new one can have another",
        "subnet_size is 24, not 26: it is fixed for the life of a cluster, and only a new one can"
        " have another",
    ]
    assert "warnings" not in nothing(formed, "cluster", subnet_size=24)


def test_an_unknown_setting_is_not_ignored(formed):
    comment = refused(formed, "cluster", node_cert_expry="30d")
    assert comment == "unknown argument 'node_cert_expry' (did you mean 'node_cert_expiry'?)"
    nothing(formed, "cluster", no_log=True)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"node_cert_expiry": "soon"}, "node_cert_expiry must be a duration such as 90d"),
        ({"labels": "x"}, "labels must be a dictionary of names and values"),
        ({"snapshot_interval": "many"}, "snapshot_interval must be an integer of at least 1"),
    ],
)
def test_wrong_settings_are_one_line(formed, wanted, words):
    assert words in refused(formed, "cluster", **wanted)


def test_settings_come_from_pillar(formed):
    formed.pillar["cluster"] = {"node_cert_expiry": "30d", "labels": {"site": "north"}}
    assert predicted(formed, "settings_by_pillar") == {
        "node_cert_expiry": {"old": "90d", "new": "30d"},
        "labels": {"site": {"old": None, "new": "north"}},
    }
    formed.pillar.update(cluster={"keep_old_snapshots": None}, address_pool=["10.20.0.0/16"])
    assert len(nothing(formed, "settings_by_pillar")["warnings"]) == 1
    formed.pillar["cluster"] = ["30d"]
    assert "pillar swarm:cluster must be a dict" in refused(formed, "settings_by_pillar")
    formed.pillar["cluster"] = {"node_cert_expry": "30d"}
    assert "unknown key 'node_cert_expry' under swarm:cluster" in refused(
        formed, "settings_by_pillar"
    )


def test_settings_in_test_mode_before_there_is_a_cluster(make_fleet):
    fleet = make_fleet(managers=1, workers=0)
    ret = state(fleet, "cluster", test=True, node_cert_expiry="30d")
    assert (ret["result"], ret["changes"]) == (True, {})
    assert state(fleet, "cluster", node_cert_expiry="30d")["result"] is False


def test_settings_that_another_writer_reverts_are_reported(formed):
    job = formed["manager1"].job()
    job.replace("swarm.cluster_update", lambda **_: {})
    ret = job.states["swarm.cluster"](name="x", node_cert_expiry="30d")
    assert ret["result"] is False and "node_cert_expiry differ again" in ret["comment"]


# --- tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["worker", "manager"])
def test_token_is_rotated_once_for_each_key(formed, role):
    first = dict(cluster_of(formed).tokens)
    changes = predicted(formed, "tokens_rotated", role=role, key="2026-11")
    assert changes["key"] == {"old": "", "new": "2026-11"}
    second = dict(cluster_of(formed).tokens)
    assert {one for one in first if first[one] != second[one]} == {role}
    changes = predicted(formed, "tokens_rotated", role=role, key=2027)
    assert changes["key"] == {"old": "2026-11", "new": "2027"}
    assert cluster_of(formed).tokens[role] != second[role]


def test_token_and_mark_go_in_one_update(formed):
    state(formed, "tokens_rotated", role="worker", key="k")
    (given,) = [given for name, given in formed["manager1"].machine.calls if "update" in name]
    assert given["rotate_worker_token"] is True
    assert given["patch"]["Labels"]["saltext.swarm.worker-token.key"] == "k"


def test_token_is_rotated_by_age(formed):
    nothing(formed, "tokens_rotated", role="worker", older_than="8d")
    changes = predicted(formed, "tokens_rotated", role="worker", older_than="6d")
    assert list(changes) == ["worker token"]
    nothing(formed, "tokens_rotated", role="worker", older_than="1h")
    assert predicted(formed, "tokens_rotated", role="manager", older_than="6d"), "has its own age"


def test_an_invalid_age_is_reported(formed):
    cluster_of(formed).spec["Labels"]["saltext.swarm.worker-token.rotated"] = "long ago"
    comment = refused(formed, "tokens_rotated", role="worker", older_than="6d")
    assert "is not a time: 'long ago'" in comment


def test_token_is_rotated_when_a_watched_state_changed(formed):
    nothing(formed, "tokens_rotated", role="worker")
    before = cluster_of(formed).tokens["worker"]
    expected = state(formed, "tokens_rotated", test=True, watch=True, role="worker")
    assert (expected["result"], cluster_of(formed).tokens["worker"]) == (None, before)
    ret = state(formed, "tokens_rotated", watch=True, role="worker")
    assert (ret["result"], ret["changes"]) == (True, expected["changes"])
    assert cluster_of(formed).tokens["worker"] != before
    nothing(formed, "tokens_rotated", role="worker")


def test_token_of_no_role(formed):
    assert "role must be worker or manager" in refused(formed, "tokens_rotated", role="both")


# --- autolock -------------------------------------------------------------------------------------


@pytest.fixture
def key_file(tmp_path):
    return str(tmp_path / "unlock.key")


def kept(path):
    with open(path, encoding="utf-8") as handle:
        return handle.read().strip()


def test_autolock_is_switched_on_and_its_key_kept(formed, key_file):
    changes = predicted(formed, "autolocked", key_file=key_file)
    assert changes == {
        "autolock": {"old": False, "new": True},
        "unlock key": {"old": "", "new": f"kept in {key_file}"},
    }
    assert kept(key_file) == cluster_of(formed).unlock_key
    assert os.stat(key_file).st_mode & 0o777 == 0o600


@pytest.mark.parametrize("what", ["gone", "another", "readable"])
def test_key_that_is_not_kept_as_it_should_is_kept_again(formed, key_file, what):
    state(formed, "autolocked", key_file=key_file)
    formed["manager1"].machine.calls.clear()
    key = cluster_of(formed).unlock_key
    if what == "gone":
        os.unlink(key_file)
    elif what == "another":
        with open(key_file, "w", encoding="utf-8") as handle:
            handle.write("SWMKEY-1-old")
    else:
        os.chmod(key_file, 0o644)
    changes = predicted(formed, "autolocked", key_file=key_file)
    assert list(changes) == ["unlock key"]
    assert kept(key_file) == key == cluster_of(formed).unlock_key
    assert os.stat(key_file).st_mode & 0o777 == 0o600


def test_unlock_key_is_rotated_when_a_watched_state_changed(formed, key_file):
    state(formed, "autolocked", key_file=key_file)
    before = cluster_of(formed).unlock_key
    expected = state(formed, "autolocked", test=True, watch=True, key_file=key_file)
    assert (expected["result"], cluster_of(formed).unlock_key) == (None, before)
    ret = state(formed, "autolocked", watch=True, key_file=key_file)
    assert (ret["result"], ret["changes"]) == (True, expected["changes"])
    assert kept(key_file) == cluster_of(formed).unlock_key != before
    no_secret(formed, ret)


def test_autolock_is_switched_off(formed, key_file):
    state(formed, "autolocked", key_file=key_file)
    formed["manager1"].machine.calls.clear()
    changes = predicted(formed, "autolocked", enable=False)
    assert changes == {"autolock": {"old": True, "new": False}}


@pytest.mark.parametrize("place", [{}, {"key_file": "/a", "key_sdb": "sdb://b/c"}])
def test_autolock_requires_one_place_for_the_key(formed, place):
    assert "give key_file or key_sdb" in refused(formed, "autolocked", **place)


@pytest.fixture
def locked(formed, key_file):
    state(formed, "autolocked", key_file=key_file)
    formed["manager1"].machine.state = "locked"
    formed["manager1"].machine.calls.clear()
    return formed


def test_locked_host_is_unlocked_as_predicted(locked, key_file):
    changes = predicted(locked, "unlocked", key_file=key_file)
    assert changes == {"swarm": {"old": "locked", "new": "active"}}


def test_locked_host_and_a_wrong_key(locked, tmp_path):
    other = tmp_path / "other"
    other.write_text("SWMKEY-1-wrong")
    ret = state(locked, "unlocked", key_file=str(other))
    assert (ret["result"], ret["changes"]) == (False, {})
    assert "the unlock key is of another swarm" in ret["comment"]


def test_locked_host_without_a_key(locked):
    assert "give exactly one of key_file" in refused(locked, "unlocked")


@pytest.mark.parametrize("minion", ["manager2", "worker1"])
def test_host_that_is_not_locked(formed, minion):
    ret = state(formed, "unlocked", minion=minion, key_pillar="a:b")
    assert (ret["result"], ret["changes"]) == (True, {})


# --- the CA ---------------------------------------------------------------------------------------


def ca_labels(fleet):
    labels = cluster_of(fleet).spec["Labels"]
    return {key.rpartition(".")[2]: value for key, value in labels.items() if ".ca." in key}


def no_pause(job):
    for loader in (job.salt, job._inner()):
        loader["swarm_ca.settled"].func.__globals__["POLL_SECONDS"] = 0


def test_ca_is_rotated_once_for_each_key(formed):
    nothing(formed, "ca_rotated")
    for key, old in (("one", ""), ("two", "one")):
        before = cluster_of(formed).digest
        formed["manager1"].machine.calls.clear()
        changes = predicted(formed, "ca_rotated", key=key)
        assert changes == {
            "ca": {"old": before, "new": "rotated"},
            "key": {"old": old, "new": key},
        }
        assert cluster_of(formed).digest != before
        assert ca_labels(formed) == {"key": key, "from": before}


def test_rotation_that_was_cut_off_is_waited_for_and_not_done_twice(formed):
    before = cluster_of(formed).digest
    cluster_of(formed).spec["Labels"] = {
        "saltext.swarm.ca.key": "one",
        "saltext.swarm.ca.from": before,
    }
    cluster_of(formed).rotating = 5
    job = formed["manager1"].job()
    no_pause(job)
    ret = job.states["swarm.ca_rotated"](name="x", key="one")
    assert ret["result"] is True, ret
    assert "ca_rotate" not in formed["manager1"].machine.changed_by()
    assert ret["changes"] == {"ca": {"old": before, "new": "rotated"}}
    nothing(formed, "ca_rotated", key="one")


def test_rotation_that_was_never_begun_is_begun(formed):
    """Cut off between the mark and the rotation."""
    cluster_of(formed).spec["Labels"] = {
        "saltext.swarm.ca.key": "one",
        "saltext.swarm.ca.from": cluster_of(formed).digest,
    }
    assert list(predicted(formed, "ca_rotated", key="one")) == ["ca"]


def test_a_rotation_that_does_not_end_is_reported(formed):
    formed["manager1"].machine.fail["ca_rotate"] = ("Timeout", "the rotation of the CA goes on")
    ret = state(formed, "ca_rotated", key="one")
    assert (ret["result"], ret["comment"]) == (False, "the rotation of the CA goes on")
    cluster_of(formed).rotating = 1000
    ret = state(formed, "ca_rotated", key="one", timeout=0.01)
    assert ret["result"] is False and "that an earlier run began goes on" in ret["comment"]


def test_ca_is_rotated_when_a_watched_state_changed(formed):
    state(formed, "ca_rotated", key="one")
    before = cluster_of(formed).digest
    expected = state(formed, "ca_rotated", test=True, watch=True, key="one")
    assert (expected["result"], cluster_of(formed).digest) == (None, before)
    ret = state(formed, "ca_rotated", watch=True, key="one")
    assert (ret["result"], ret["changes"]) == (True, expected["changes"])
    assert cluster_of(formed).digest != before


OWN = {"cert_pillar": "own:cert", "key_pillar": "own:key"}


@pytest.fixture
def own(formed, monkeypatch):
    """The fleet with a root CA of one's own in pillar ``own``, and that certificate."""
    cert, key = ca.pair("own")
    job = type(formed["manager1"]).job

    def with_pillar(minion, pillar=None, **kwargs):
        return job(minion, pillar={**(pillar or {}), "own": {"cert": cert, "key": key}}, **kwargs)

    monkeypatch.setattr(type(formed["manager1"]), "job", with_pillar)
    return cert


def test_a_ca_of_ones_own(formed, own):
    """Test mode, for real, and again without changes; the key is nowhere."""
    before = ca.fingerprint(cluster_of(formed).root)
    changes = predicted(formed, "ca", **OWN)
    assert changes == {"root ca": {"old": before, "new": ca.fingerprint(own)}}
    assert cluster_of(formed).root == own.strip()
    assert ca_labels(formed) == {"cert": ca.fingerprint(own)}
    found = nothing(formed, "ca", watch=True, **OWN)
    assert "PRIVATE" not in repr(found) + repr(cluster_of(formed).spec)


def test_a_ca_that_another_one_replaced_comes_back(formed, own):
    state(formed, "ca", **OWN)
    state(formed, "ca_rotated", key="one")
    formed["manager1"].machine.calls.clear()
    assert list(predicted(formed, "ca", **OWN)) == ["root ca"]


def test_a_rotation_to_ones_own_ca_that_was_interrupted_is_waited_for(formed, own):
    cluster = cluster_of(formed)
    cluster.spec["Labels"] = {"saltext.swarm.ca.cert": ca.fingerprint(own)}
    cluster.rotating, cluster.coming = 6, own
    job = formed["manager1"].job()
    no_pause(job)
    ret = job.states["swarm.ca"](name="x", **OWN)
    assert ret["result"] is True, ret
    assert "ca_rotate" not in formed["manager1"].machine.changed_by()
    nothing(formed, "ca", **OWN)


def test_a_rotation_to_another_ca_is_not_waited_for(formed, own):
    cluster_of(formed).rotating = 1000
    ret = state(formed, "ca", **OWN)
    assert "ca_rotate" in formed["manager1"].machine.changed_by()
    assert "the root CA is not this certificate" in ret["comment"], "the fake one goes on"


def test_a_ca_that_the_engine_does_not_take_is_an_error(formed, own):
    formed["manager1"].machine.fail["ca_rotate"] = ("Timeout", "the rotation of the CA goes on")
    ret = state(formed, "ca", **OWN)
    assert (ret["result"], ret["changes"]) == (False, {})
    assert ret["comment"] == "the rotation of the CA goes on"


@pytest.mark.parametrize("test", [True, False])
@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "give exactly one of cert_file, cert_pillar or cert_sdb"),
        ({"cert_pillar": "own:cert"}, "give exactly one of key_file, key_pillar or key_sdb"),
        ({**OWN, "key_pillar": "own:cert"}, "the CA's key must be a PEM private key"),
        ({**OWN, "cert_pillar": "own:nothing"}, "cert_pillar: pillar own has no such key below it"),
    ],
)
def test_a_wrong_ca_is_refused_in_test_mode_too(formed, own, given, text, test):
    ret = state(formed, "ca", test=test, **given)
    assert (ret["result"], ret["changes"]) == (False, {}) and text in ret["comment"], ret
    assert not formed["manager1"].machine.changed_by()


# --- watch, where it adds nothing -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "arguments"),
    [("cluster", {"heartbeat_period": "5s"}), ("unlocked", {"key_pillar": "a"})],
)
def test_watch_adds_nothing(formed, function, arguments):
    ret = state(formed, function, watch=True, **arguments)
    assert ret == state(formed, function, **arguments)
    assert not formed["manager1"].machine.changed_by()
