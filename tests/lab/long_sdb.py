# SPDX-License-Identifier: Apache-2.0
"""
Where tokens and keys lie that Salt itself keeps: pillar and sdb, on a real minion. `make
check-lab-long` names this file.
"""

import json

import pytest
from conftest import assert_whole, until_manages


@pytest.fixture(autouse=True)
def whole(swarm):
    yield
    assert_whole(swarm)


# A driver of a fleet's own: those that come with every Salt keep nothing.
KEEPS = """
import json
import os

__func_alias__ = {"set_": "set"}


def get(key, profile=None):
    if not os.path.exists(profile["path"]):
        return None
    with open(profile["path"]) as handle:
        return json.load(handle).get(key)


def set_(key, value, profile=None):
    with open(profile["path"], "w") as handle:
        json.dump({key: value}, handle)
    return True
"""


@pytest.fixture
def sdb(swarm):
    """On manager1 and worker3 a driver that reads and one that keeps; a token, void afterwards."""
    swarm.shell("master", "mkdir -p /srv/salt/_sdb")
    swarm.on("master", "sh", "-c", "cat >/srv/salt/_sdb/keeps.py", stdin=KEEPS)
    profiles = {
        "reads": {"driver": "yaml", "files": ["/root/sdb.yaml"]},
        "keeps": {"driver": "keeps", "path": "/root/sdb.json"},
    }
    swarm.one("manager1", "swarm.rotate_token", "worker")
    token = swarm.on("manager1", "docker", "swarm", "join-token", "-q", "worker").out.strip()
    secrets = {**profiles, "token": token}
    swarm.on("master", "sh", "-c", "cat >/srv/local.yaml", stdin=json.dumps(secrets))
    swarm.on("worker3", "sh", "-c", "umask 077; cat >/root/sdb.yaml", stdin=f"token: {token}\n")
    swarm.salt("manager1,worker3", "saltutil.sync_sdb")
    swarm.salt("manager1,worker3", "saltutil.refresh_pillar", "wait=True")
    yield token
    swarm.pillar()
    swarm.shell("master", "rm -r /srv/salt/_sdb")
    swarm.salt("manager1,worker3", "saltutil.sync_sdb")
    swarm.salt("manager1,worker3", "saltutil.refresh_pillar", "wait=True")
    swarm.salt("manager1,worker3", "file.remove", "/root/sdb.yaml")
    swarm.one("manager1", "swarm.rotate_token", "worker")


@pytest.mark.parametrize("source", ["token_pillar=token", "token_sdb=sdb://reads/token"])
def test_joined_with_a_token_of_pillar_or_sdb(swarm, sdb, source):
    def state():
        given = ("swarm.joined", "in", "remote_addrs=[10.213.0.11]", source)
        (ret,) = swarm.one("worker3", "state.single", *given).values()
        assert sdb not in str(ret)
        return ret["changes"]

    old = swarm.nodes()["worker3"]["id"]
    swarm.one("worker3", "swarm.leave")
    assert state() == {"swarm": {"old": "inactive", "new": "worker"}}
    assert state() == {}
    swarm.one("manager1", "swarm.node_rm", old, "force=True")


def test_autolock_with_its_key_in_sdb(swarm, sdb):
    place = "key_sdb=sdb://keeps/unlock"
    ret = swarm.one("manager1", "swarm.autolock", "True", place)
    assert ret == {"old": False, "new": True, "key": "sdb://keeps/unlock"}
    first = swarm.on("manager1", "cat", "/root/sdb.json").json["unlock"]
    swarm.one("manager1", "swarm.rotate_unlock_key", place)
    second = swarm.on("manager1", "cat", "/root/sdb.json").json["unlock"]
    assert first != second
    swarm.secrets.update((first, second))
    assert swarm.one("manager1", "swarm_key.is_kept", place) is True
    assert swarm.one("manager1", "swarm_key.is_kept", "key_sdb=sdb://reads/unlock") is False
    error = swarm.error("manager1", "swarm.unlock_key", "key_sdb=sdb://reads/unlock")
    assert "sdb://reads/unlock takes no key" in error and "The key is in force" in error
    swarm.on("manager1", "systemctl", "restart", "docker")
    assert swarm.one("manager1", "swarm.info")["state"] == "locked"
    assert swarm.one("manager1", "swarm.unlock", place) is True
    until_manages(swarm, "manager1")
    swarm.one("manager1", "swarm.autolock", "False")
    swarm.on("manager1", "rm", "/root/sdb.json")
