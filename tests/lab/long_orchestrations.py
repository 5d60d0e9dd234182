# SPDX-License-Identifier: Apache-2.0
"""
The orchestrations where it takes long: a master with another environment, a host whose engine died, a
lost quorum. `make check-lab-long` names this file.
"""

import json

import pytest
from conftest import HOSTS, WORKERS, assert_whole, engine_says, until, until_answers, until_node
from test_11_orchestrations import ids, whole_again


@pytest.fixture
def production(swarm):
    """A master whose files are in the environment prod alone."""
    roots = json.dumps({"file_roots": {"base": ["/srv/nothing"], "prod": ["/srv/salt"]}})
    place = "/etc/salt/master.d/zz_prod.conf"

    def restart():
        swarm.on("master", "systemctl", "restart", "salt-master")
        # They listen to the one that is gone.
        swarm.clients.clear()
        for host in HOSTS:
            until_answers(swarm, host)

    swarm.on("master", "sh", "-c", f"cat >{place}", stdin=roots)
    restart()
    yield swarm
    swarm.on("master", "rm", place)
    restart()


def test_the_tree_in_another_environment_than_base(production):
    """Each step asks for the files of the environment that the orchestration is in."""
    for args in (["test=True"], []):
        run = production.orchestrate("docker.bootstrap", "saltenv=prod", *args)
        assert (run.code, run.swarm_changes()) == (0, {}), run.why()


def test_remove_of_a_host_whose_engine_died(swarm):
    """Refused while its node is ready; when the managers see that it is down, its record goes."""
    swarm.on("worker2", "systemctl", "mask", "--now", "docker.socket", "docker.service")
    early = swarm.orchestrate("docker.remove", swarm_hosts=["worker2"])
    if early.code:
        assert "worker2 cannot be asked to leave (docker is not running" in early.comments()
        assert not early.swarm_changes()
        until_node(swarm, "worker2", state="down")
        done = swarm.orchestrate("docker.remove", swarm_hosts=["worker2"])
        assert done.code == 0, done.why()
    assert "worker2" not in swarm.nodes()
    swarm.on("worker2", "systemctl", "unmask", "docker.socket", "docker.service")
    whole_again(swarm)


def test_recover(swarm):
    """Two of three managers are lost. Nothing is done until the word is given, and never on two."""
    cluster, before = swarm.cluster(), ids(swarm, "manager1")
    for manager in ("manager1", "manager3"):
        swarm.on(manager, "timeout", "60", "docker", "swarm", "leave", "--force")
    until(lambda: engine_says(swarm, "manager2", "node", "ls") is None, "no quorum")
    id_ = before["manager2"]
    asked = swarm.orchestrate("docker.recover", swarm_recover="manager2")
    assert asked.code == 1 and f"run again with swarm_confirm: {id_}" in asked.comments()
    assert swarm.one("manager1", "swarm.info")["state"] == "inactive"
    done = swarm.orchestrate("docker.recover", swarm_recover="manager2", swarm_confirm=id_)
    assert done.code == 0, done.why()
    after = assert_whole(swarm)
    assert swarm.cluster() == cluster
    kept = ["manager2", *WORKERS]
    assert {name: after[name]["id"] for name in kept} == {name: before[name] for name in kept}
    again = swarm.orchestrate("docker.recover", swarm_recover="manager1", swarm_confirm=id_)
    assert again.code == 0 and again.swarm_changes() == {}
