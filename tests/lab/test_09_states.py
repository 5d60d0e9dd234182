# SPDX-License-Identifier: Apache-2.0
"""Each state on a real cluster: in test mode, for real, again without changes, after a fault."""

import json

import pytest
from conftest import HOSTS, assert_whole

KEY_FILE = "/root/unlock.key"
STATES = {
    "settings": {
        "swarm.cluster": [
            {"node_cert_expiry": "30d"},
            {"heartbeat_period": "7s"},
            {"task_history_retention_limit": 3},
            {"labels": {"site": "lab"}},
            {"subnet_size": 26},
        ]
    },
    "worker1": {"swarm.node": [{"labels": {"rack": 7}}, {"availability": "pause"}]},
    "worker token": {"swarm.tokens_rotated": [{"role": "worker"}, {"key": "lab"}]},
    "manager token": {"swarm.tokens_rotated": [{"role": "manager"}, {"key": "lab"}]},
    "lock": {"swarm.autolocked": [{"key_file": KEY_FILE}]},
    "gone": {"swarm.nodes_absent": [{"nodes": ["worker9"]}]},
}


def apply(lab, minion, states, *args):
    """``{state id: return}`` of states that are applied in one job."""
    high = {
        name: {function.split(".")[0]: [function.split(".")[1], *arguments]}
        for name, state in states.items()
        for function, arguments in state.items()
    }
    found = lab.salt(minion, "state.high", json.dumps(high), *args, check=False)[minion]
    assert isinstance(found, dict), found
    assert "Traceback" not in str(found)
    return {tag.split("_|-")[1]: ret for tag, ret in found.items()}


def changes(applied):
    return {name: ret["changes"] for name, ret in applied.items() if ret["changes"]}


def predicted(lab, states, minion="manager1"):
    """Test mode, the real run with the same changes, and again without any; returns the changes."""
    expected = apply(lab, minion, states, "test=True")
    made = apply(lab, minion, states)
    assert {ret["result"] for ret in made.values()} == {True}, made
    assert changes(made) == changes(expected)
    assert all(expected[name]["result"] is None for name in changes(made)), expected
    again = apply(lab, minion, states)
    assert changes(again) == {} and {ret["result"] for ret in again.values()} == {True}, again
    note_key(lab)
    return changes(made)


def note_key(lab):
    key = lab.on("manager1", "docker", "swarm", "unlock-key", "-q", check=False).out.strip()
    lab.note_secrets()
    if key.startswith("SWMKEY"):
        lab.secrets.add(key)
    return key


@pytest.fixture(scope="module", autouse=True)
def no_autolock_afterwards(swarm):
    yield
    apply(swarm, "manager1", {"off": {"swarm.autolocked": [{"enable": False}]}})
    swarm.shell("manager1", f"rm -f {KEY_FILE}")
    swarm.shell("manager3", f"rm -f {KEY_FILE}")


def test_states_change_what_they_predict(swarm):
    before = swarm.one("manager1", "swarm.cluster")
    found = predicted(swarm, STATES)
    assert found["settings"] == {
        "node_cert_expiry": {"old": before["node_cert_expiry"], "new": "30d"},
        "heartbeat_period": {"old": "5s", "new": "7s"},
        "task_history_retention_limit": {"old": 5, "new": 3},
        "labels": {"site": {"old": None, "new": "lab"}},
    }
    assert found["worker1"] == {
        "availability": {"old": "active", "new": "pause"},
        "labels": {"rack": {"old": None, "new": "7"}},
    }
    assert set(found) == {"settings", "worker1", "worker token", "manager token", "lock"}
    spec = swarm.on("manager1", "docker", "info", "-f", "{{json .Swarm.Cluster.Spec}}").json
    assert spec["CAConfig"]["NodeCertExpiry"] == 30 * 86400 * 10**9
    assert spec["Raft"]["SnapshotInterval"] == 10000, "what is not given stays"
    kept = swarm.shell("manager1", f"stat -c %a {KEY_FILE}; cat {KEY_FILE}").out.split()
    assert kept == ["600", note_key(swarm)]


def test_settings_that_are_fixed_for_life_are_reported(swarm):
    settings = apply(swarm, "manager1", {"settings": STATES["settings"]})["settings"]
    (warning,) = settings["warnings"]
    assert warning.startswith("subnet_size is 24, not 26: it is fixed for the life of a cluster")


def test_a_node_is_as_it_was(swarm):
    node = [{"labels": {"rack": None}}, {"availability": "active"}]
    predicted(swarm, {"worker1": {"swarm.node": node}})
    assert_whole(swarm)


def test_watch_rotates_and_prereq_knows_before(swarm):
    watch = {"watch": [{"test": "changed"}]}
    states = {
        "changed": {"test.succeed_with_changes": []},
        "worker token": {"swarm.tokens_rotated": [{"role": "worker"}, watch]},
        "lock": {"swarm.autolocked": [{"key_file": KEY_FILE}, watch]},
        "node": {"swarm.node": [{"name": "worker1"}, {"availability": "active"}, watch]},
    }
    key = note_key(swarm)
    expected = apply(swarm, "manager1", states, "test=True")
    assert note_key(swarm) == key
    made = apply(swarm, "manager1", states)
    assert changes(made) == changes(expected)
    assert set(changes(made)) == {"changed", "worker token", "lock"}
    assert note_key(swarm) != key
    assert swarm.shell("manager1", f"cat {KEY_FILE}").out.strip() == note_key(swarm)
    token = {"swarm.tokens_rotated": [{"role": "worker"}, {"key": "next"}]}
    before = {"test.succeed_with_changes": [{"prereq": [{"swarm": "worker token"}]}]}
    for ran in (True, False):
        made = apply(swarm, "manager1", {"before": before, "worker token": token})
        assert bool(changes(made)) is ran, made


def test_a_manager_that_locked_itself_is_unlocked(swarm):
    """The fault for all states: an engine that is there, and does nothing."""
    swarm.on("manager3", "systemctl", "restart", "docker")
    assert swarm.one("manager3", "swarm.info")["state"] == "locked"
    for ret in apply(swarm, "manager3", STATES).values():
        assert (ret["result"], ret["changes"]) == (False, {}), ret
        assert "locked" in ret["comment"] and "\n" not in ret["comment"]
    key = note_key(swarm)
    swarm.on("manager3", "sh", "-c", f"umask 077; cat > {KEY_FILE}", stdin=key + "\n")
    states = {"unlocked": {"swarm.unlocked": [{"key_file": KEY_FILE}]}}
    assert predicted(swarm, states, "manager3") == {
        "unlocked": {"swarm": {"old": "locked", "new": "active"}}
    }
    swarm.on("manager3", "sh", "-c", f"cat > {KEY_FILE}", stdin="SWMKEY-1-wrong\n")
    swarm.on("manager3", "systemctl", "restart", "docker")
    ret = apply(swarm, "manager3", states)["unlocked"]
    assert (ret["result"], ret["changes"]) == (False, {}) and "key" in ret["comment"]
    swarm.on("manager3", "sh", "-c", f"cat > {KEY_FILE}", stdin=key + "\n")
    assert apply(swarm, "manager3", states)["unlocked"]["result"] is True
    predicted(swarm, {"off": {"swarm.autolocked": [{"enable": False}]}})


def test_the_ca_is_rotated_and_waited_for(swarm):
    before = swarm.one("manager1", "swarm.cluster")["ca_digest"]
    found = predicted(swarm, {"ca": {"swarm.ca_rotated": [{"key": "lab"}]}})
    assert found["ca"]["ca"] == {"old": before, "new": "rotated"}
    after = swarm.one("manager1", "swarm.cluster")
    assert after["ca_digest"] != before and not after["ca_rotating"]


OWN_CA = """
set -e
mkdir -p /root/ca
cd /root/ca
umask 077
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \\
    -subj '/CN=a root of our own' -keyout root.key -out root.crt
"""
ROOT_OF_A_NODE = "/var/lib/docker/swarm/certificates/swarm-root-ca.crt"


def test_a_root_ca_of_our_own(swarm):
    """Each node trusts it afterwards; its key is in no return, and in no file but the one it came from."""
    swarm.shell("manager1", OWN_CA)
    secret = swarm.on("manager1", "cat", "/root/ca/root.key").out.splitlines()[1]
    given = [{"cert_file": "/root/ca/root.crt"}, {"key_file": "/root/ca/root.key"}]
    found = predicted(swarm, {"ca": {"swarm.ca": given}})
    assert set(found["ca"]) == {"root ca"}
    root = swarm.on("manager1", "cat", "/root/ca/root.crt").out
    assert swarm.on("manager1", "docker", "swarm", "ca").out.strip() == root.strip()
    for host in HOSTS:
        assert root.strip() in swarm.on(host, "cat", ROOT_OF_A_NODE).out
    swarm.on("manager1", "rm", "-r", "/root/ca")
    # The search for secrets at the end of the tests looks for it, too.
    swarm.secrets.add(secret)
    rotated = predicted(swarm, {"ca": {"swarm.ca_rotated": [{"key": "after our own"}]}})
    assert rotated["ca"]["ca"]["new"] == "rotated"


def test_absent_nodes_are_removed(swarm):
    node_id = swarm.nodes()["worker3"]["id"]
    alive = {"gone": {"swarm.nodes_absent": [{"nodes": ["worker3"]}]}}
    for args in (["test=True"], []):
        ret = apply(swarm, "manager1", alive, *args)["gone"]
        assert ret["result"] is False and "worker3 still runs as a node" in ret["comment"]
    swarm.on("worker3", "timeout", "60", "docker", "swarm", "leave", "--force")
    absent = {"swarm.nodes_absent": [{"nodes": [node_id]}, {"force": True}]}
    found = predicted(swarm, {"gone": absent})
    assert found == {"gone": {node_id: {"old": "worker3", "new": ""}}}
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    assert_whole(swarm)
