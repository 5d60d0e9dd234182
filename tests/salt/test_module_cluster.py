# SPDX-License-Identifier: Apache-2.0
"""``swarm.cluster`` and its siblings: settings, durations, tokens."""

import ca
import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError


@pytest.fixture
def formed(make_fleet):
    return make_fleet(managers=1, workers=1).form()


@pytest.fixture
def manager(formed):
    return formed["manager1"]


def patches(manager):
    """What was sent to the engine as changes of the cluster."""
    return [given["patch"] for name, given in manager.machine.calls if name == "cluster_update"]


def test_cluster_returns_all_settings_and_no_secret(manager):
    cluster = manager.machine.cluster
    found = manager.job().salt["swarm.cluster"]()
    assert found == {
        "id": cluster.id,
        "created": "2026-01-01T00:00:00.5Z",
        "updated": "2026-01-02T00:00:00.5Z",
        "labels": {},
        "task_history_retention_limit": 5,
        "snapshot_interval": 10000,
        "keep_old_snapshots": 0,
        "log_entries_for_slow_followers": 500,
        "heartbeat_tick": 1,
        "election_tick": 10,
        "heartbeat_period": "5s",
        "node_cert_expiry": "90d",
        "external_cas": [],
        "autolock": False,
        "default_addr_pool": ["10.0.0.0/8"],
        "subnet_size": 24,
        "data_path_port": 4789,
        "ca_digest": cluster.digest,
        "ca_rotating": False,
    }


def test_only_given_settings_are_sent_and_differences_are_returned(manager):
    update = manager.job().salt["swarm.cluster_update"]
    assert update(node_cert_expiry="30d", heartbeat_tick=1, labels={"site": "north", "n": 7}) == {
        "old": {"labels": {}, "node_cert_expiry": "90d"},
        "new": {"labels": {"site": "north", "n": "7"}, "node_cert_expiry": "30d"},
    }
    assert patches(manager) == [
        {
            "Labels": {"site": "north", "n": "7"},
            "Raft": {"HeartbeatTick": 1},
            "CAConfig": {"NodeCertExpiry": 30 * 86400 * 10**9},
        }
    ]
    assert update(labels={"n": None, "site": "north"})["new"] == {"labels": {"site": "north"}}
    assert update(node_cert_expiry="720h") == {"old": {}, "new": {}}, "the same, said otherwise"


def test_zero_is_a_value(manager):
    manager.job().salt["swarm.cluster_update"](task_history_retention_limit=0)
    assert patches(manager) == [{"Orchestration": {"TaskHistoryRetentionLimit": 0}}]


def test_external_cas_in_our_names_and_the_engines(manager):
    update = manager.job().salt["swarm.cluster_update"]
    given = [{"protocol": "cfssl", "url": "https://ca", "options": {"a": "b"}, "ca_cert": "PEM"}]
    assert update(external_cas=given)["new"] == {"external_cas": given}
    (sent,) = patches(manager)[0]["CAConfig"]["ExternalCAs"]
    assert sent == {
        "Protocol": "cfssl",
        "URL": "https://ca",
        "Options": {"a": "b"},
        "CACert": "PEM",
    }
    assert manager.job().salt["swarm.cluster"]()["external_cas"] == given
    assert update(external_cas=[])["new"] == {"external_cas": []}


@pytest.mark.parametrize(
    "settings",
    [
        {"node_cert_expiry": "1d12h", "labels": {"a": "b"}},
        {"labels": {"old": None, "new": 1}},
        {"external_cas": [{"protocol": "cfssl", "url": "https://ca"}], "election_tick": 12},
        {"heartbeat_period": "5000ms"},
    ],
)
def test_the_difference_is_what_the_update_then_makes(manager, settings):
    manager.job().salt["swarm.cluster_update"](labels={"old": "1"})
    predicted = manager.job().salt["swarm_drift.cluster_diff"](**settings)
    assert len(patches(manager)) == 1, "nothing was sent"
    assert manager.job().salt["swarm.cluster_update"](**settings) == predicted


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "nothing to change: give one of labels,"),
        ({"node_cert_expiry": "soon"}, "node_cert_expiry must be a duration such as 90d or 1h30m"),
        ({"node_cert_expiry": "90 d"}, "node_cert_expiry must be a duration such as 90d or 1h30m"),
        ({"node_cert_expiry": "-1d"}, "node_cert_expiry must be a duration such as 90d or 1h30m"),
        ({"node_cert_expiry": True}, "node_cert_expiry must be a duration such as 90d or 1h30m"),
        ({"node_cert_expiry": 7776000}, "not 7776000: add a unit"),
        ({"node_cert_expiry": "59m"}, "node_cert_expiry must be at least 1h, not '59m'"),
        ({"heartbeat_period": "0s"}, "heartbeat_period must be at least 1s, not '0s'"),
        (
            {"heartbeat_tick": 3, "election_tick": 3},
            "election_tick must be more than heartbeat_tick",
        ),
        (
            {"snapshot_interval": "many"},
            "snapshot_interval must be an integer of at least 1, not 'many'",
        ),
        ({"snapshot_interval": True}, "snapshot_interval must be an integer of at least 1"),
        ({"snapshot_interval": -1}, "snapshot_interval must be an integer of at least 1"),
        ({"labels": "a=b"}, "labels must be a dictionary of names and values"),
        ({"external_cas": {"url": "x"}}, "external_cas must be a list of dictionaries"),
        ({"external_cas": [{"uri": "x"}]}, "unknown key 'uri' under external_cas"),
    ],
)
def test_wrong_settings_are_one_line_and_change_nothing(manager, given, words):
    for function in ("swarm.cluster_update", "swarm_drift.cluster_diff"):
        with pytest.raises(SaltInvocationError) as raised:
            manager.job().salt[function](**given)
        assert words in str(raised.value) and "\n" not in str(raised.value)
    assert patches(manager) == []


def test_the_difference_knows_no_other_settings(manager):
    with pytest.raises(SaltInvocationError, match="unknown argument 'color'"):
        manager.job().salt["swarm_drift.cluster_diff"](color="red")


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("90d", 7_776_000_000_000_000),
        ("1m30s", 90_000_000_000),
        ("36h", 129_600_000_000_000),
        ("5ms", 5_000_000),
        ("7us3ns", 7003),
        ("0s", 0),
        (5, 5),
        ("5000000000", 5_000_000_000),
    ],
)
def test_durations(manager, text, nanoseconds):
    assert manager.job().salt["swarm_schema.nanoseconds"](text) == nanoseconds


def test_rotated_token_is_a_new_one_and_returned_by_nobody(manager):
    cluster = manager.machine.cluster
    old = dict(cluster.tokens)
    assert manager.job().salt["swarm.rotate_token"]("worker") is True
    assert cluster.tokens["worker"] != old["worker"]
    assert cluster.tokens["manager"] == old["manager"]
    with pytest.raises(SaltInvocationError, match="role must be worker or manager"):
        manager.job().salt["swarm.rotate_token"]("boss")


def test_on_a_worker_each_names_the_managers(formed):
    functions = formed["worker1"].job().salt
    for name, given in (
        ("swarm.cluster", {}),
        ("swarm.cluster_update", {"election_tick": 3}),
        ("swarm_drift.cluster_diff", {"election_tick": 3}),
        ("swarm.rotate_token", {"role": "worker"}),
    ):
        with pytest.raises(CommandExecutionError, match="ask one of the managers: 10.0.0.1:2377"):
            functions[name](**given)


def test_a_rotated_ca_is_named_by_its_digest(manager):
    cluster = manager.machine.cluster
    before = cluster.digest
    ret = manager.job().salt["swarm.rotate_ca"](timeout=7)
    assert ret == {"old": before, "new": cluster.digest} and before != cluster.digest
    given = [given for name, given in manager.machine.calls if name == "ca_rotate"]
    assert given == [{"cert": None, "key": None, "timeout": 7}]


def test_a_ca_of_ones_own_comes_from_files_and_pillar(manager, tmp_path):
    cert, key = ca.pair("own")
    (tmp_path / "cert").write_text(cert)
    job = manager.job(pillar={"secrets": {"ca": key, "cert": cert}})
    for given in ({"cert_file": str(tmp_path / "cert")}, {"cert_pillar": "secrets:cert"}):
        manager.machine.calls.clear()
        ret = job.salt["swarm.rotate_ca"](key_pillar="secrets:ca", **given)
        assert set(ret) == {"old", "new"} and "PRIVATE" not in str(ret)
        name, given = [call for call in manager.machine.calls if call[0] == "ca_rotate"][0]
        assert (given["cert"], given["key"]) == (cert.strip(), key.strip())


def test_the_difference_of_a_ca(manager):
    cert, key = ca.pair("own")
    job = manager.job(pillar={"ca": {"cert": cert, "key": key}})
    given = {"cert_pillar": "ca:cert", "key_pillar": "ca:key"}
    root = ca.fingerprint(manager.machine.cluster.root)
    wanted = {"old": root, "new": ca.fingerprint(cert), "rotating": False}
    assert job.salt["swarm_ca.diff"](**given) == wanted
    manager.machine.cluster.rotating = 5
    assert job.salt["swarm_ca.diff"](**given)["rotating"] is True


def test_a_rotation_is_waited_for(manager):
    settled = manager.job().salt["swarm_ca.settled"]
    settled.func.__globals__["POLL_SECONDS"] = 0
    assert settled() is True
    manager.machine.cluster.rotating = 3
    assert settled(timeout=5) is True and manager.machine.cluster.rotating == 0
    manager.machine.cluster.rotating = 100000
    assert settled(timeout=0) is False


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cert_file": "/x"}, "a certificate .* and its key .* are given together"),
        ({"key_file": "/x"}, "a certificate .* and its key .* are given together"),
        ({"cert_file": "/none", "key_file": "/x"}, "cannot read the cert file /none: No such file"),
        ({"cert_pillar": "own", "key_file": "/none"}, "cannot read the key file /none"),
        ({"cert_pillar": "own", "key_file": "/x", "key_sdb": "y"}, "give exactly one of key_file"),
        ({"cert_pillar": "own", "cert_file": "/x", "key_file": "/x"}, "give exactly one of cert_"),
        ({"cert_file": __file__, "key_pillar": "key"}, "cert_file must be exactly one PEM"),
        ({"cert_pillar": "chain", "key_pillar": "key"}, "cert_pillar must be exactly one PEM"),
        ({"cert_pillar": "cut", "key_pillar": "key"}, "cert_pillar is not a PEM certificate"),
        ({"cert_pillar": "own", "key_pillar": "own"}, "the CA's key must be a PEM private key"),
        ({"cert_pillar": "own", "key_pillar": "other"}, "the CA's key is not the key of this"),
    ],
)
def test_half_a_ca_is_refused_and_changes_nothing(manager, given, words):
    cert, key = ca.pair("own")
    pillar = {"own": cert, "key": key, "other": ca.pair("other")[1], "chain": cert + cert}
    job = manager.job(pillar={**pillar, "cut": cert[:100]})
    for function in ("swarm.rotate_ca", "swarm_ca.diff")[: 2 if len(given) > 1 else 1]:
        with pytest.raises((SaltInvocationError, CommandExecutionError), match=words) as raised:
            job.salt[function](**given)
        assert "\n" not in str(raised.value) and "PRIVATE" not in str(raised.value)
    assert "ca_rotate" not in [name for name, _ in manager.machine.calls]
