# SPDX-License-Identifier: Apache-2.0
"""A cluster's last copy, on the disk of a manager whose engine says that it is in no swarm."""

from conftest import all_leave, assert_whole, engine_says, until

KEY = "key_file=/root/unlock"
SERVICE = ("docker", "service", "create", "--detach", "--replicas", "0", "--name", "kept", "none:1")
FORCE = ("timeout", "120", "docker", "swarm", "init", "--force-new-cluster", "--autolock")


def files(lab):
    found = lab.on("manager1", "find", "/var/lib/docker/swarm", "-type", "f").out.split()
    return {path for path in found if "/raft/" in path or "/certificates/" in path}


def says(lab):
    return engine_says(lab, "manager1", "info", "-f", "{{.Swarm.LocalNodeState}}")


def test_bootstrap_keeps_what_a_failed_force_new_cluster_left(swarm):
    all_leave(swarm)
    swarm.pillar(managers=["manager1"], workers=["worker1"])
    made = swarm.bootstrap()
    assert made.code == 0, made.why()
    cluster = swarm.cluster()
    swarm.shell("manager1", "printf data | docker secret create kept -")
    swarm.on("manager1", *SERVICE)
    swarm.one("manager1", "swarm.autolock", "True", KEY)
    swarm.secrets.add(swarm.on("manager1", "cat", "/root/unlock").out.strip())
    try:
        assert swarm.on("manager1", *FORCE, check=False).code != 0
        assert says(swarm) == "inactive"
        before = files(swarm)
        assert before, "the engine keeps the data and does not say so"

        told = f"holds data of cluster {cluster} though docker says"
        refused = swarm.bootstrap()
        assert refused.code == 1 and told in refused.comments()
        assert told in swarm.bootstrap("test=True").comments()
        assert told in swarm.error("manager1", "swarm.init")
        assert told in swarm.error("manager1", "swarm.swarm_init")
        assert told in swarm.error("manager1", "swarm.joinswarm", "10.0.0.9", "token=SWMTKN-1-x-y")
        assert files(swarm) == before

        swarm.on("manager1", "systemctl", "restart", "docker")
        until(lambda: says(swarm) == "locked", "manager1 locked")
        assert swarm.one("manager1", "swarm.unlock", KEY) is True
        assert swarm.cluster() == cluster
        assert engine_says(swarm, "manager1", "secret", "ls", "--format", "{{.Name}}") == "kept"
        assert engine_says(swarm, "manager1", "service", "ls", "--format", "{{.Name}}") == "kept"
        again = swarm.bootstrap()
        assert again.code == 0, again.why()
        assert_whole(swarm, managers=("manager1",), workers=("worker1",))
    finally:
        swarm.on("manager1", "rm", "-f", "/root/unlock")
        all_leave(swarm)
        swarm.pillar()
    whole = swarm.bootstrap()
    assert whole.code == 0, whole.why()
    assert_whole(swarm)
