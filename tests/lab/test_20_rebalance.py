# SPDX-License-Identifier: Apache-2.0
"""A worker that came back empty gets its share: no request fails, and the tasks that stay do not restart."""

import pytest
from conftest import WORKERS, until, until_node

# It serves for a second after its end was announced, as a service without a gap has to.
SERVE = (
    'mkdir -p /w; echo ok >/w/index.html; trap "sleep 1; exit" TERM;'
    " /bin/busybox httpd -f -p 80 -h /w & wait"
)
PROBE = (
    "while :; do /bin/busybox wget -q -T 2 -O /dev/null http://even/ && echo ok || echo failed;"
    " /bin/busybox usleep 100000; done"
)
FIRST, LAST = WORKERS[0], WORKERS[-1]


@pytest.fixture
def uneven(swarm):
    """A service of which the last worker has no task, because it was off for a while."""
    swarm.give_image(*WORKERS)
    common = "--detach --no-resolve-image --endpoint-mode dnsrr --network probed"
    swarm.shell("manager1", "docker network create --driver overlay --attachable probed")
    swarm.shell(
        "manager1",
        f"docker service create {common} --update-order start-first --stop-grace-period 5s --name even"
        f" --replicas {2 * len(WORKERS)} lab:1 /bin/busybox sh -c '{SERVE}'",
    )
    until(lambda: len(places(swarm)) == 2 * len(WORKERS), "all tasks run")
    swarm.shell("manager1", f"docker node update --availability drain {LAST}")
    until(lambda: LAST not in where(swarm) and len(places(swarm)) == 2 * len(WORKERS), "it moved")
    swarm.shell("manager1", f"docker node update --availability active {LAST}")
    until_node(swarm, LAST, availability="active")
    yield swarm
    swarm.shell(FIRST, "docker rm -f probe", check=False)
    swarm.shell("manager1", "docker service rm even", check=False)
    until(lambda: not places(swarm), "its tasks ended")
    swarm.shell("manager1", "docker network rm probed", check=False)


def places(lab):
    """``{task id: node's name}`` of the tasks that run."""
    said = lab.shell(
        "manager1",
        "docker service ps even --no-trunc --filter desired-state=running"
        " --format '{{.ID}} {{.Node}} {{.CurrentState}}'",
        check=False,
    ).out
    return {line.split()[0]: line.split()[1] for line in said.splitlines() if " Running " in line}


def where(lab):
    return sorted(places(lab).values())


def stored(lab):
    return lab.one("manager1", "swarm.call", "service_inspect", "id=even")


def test_the_empty_node_gets_its_share_without_a_gap(uneven):
    lab = uneven
    before, spec = places(lab), stored(lab)["Spec"]
    lab.on(
        FIRST, "docker", "run", "-d", "--network", "probed", "--name", "probe", "lab:1", *shell()
    )
    until(lambda: "ok" in lab.shell(FIRST, "docker logs probe").out, "the probe is answered")
    foreseen = lab.one("manager1", "swarm.rebalance", "test=True")
    assert set(foreseen) == {"even"} and f"to {LAST}" in foreseen["even"]
    assert places(lab) == before, "test mode moved something"
    done = lab.salt("manager1", "swarm.rebalance", "services=[even]", seconds=200)
    assert done["manager1"] == foreseen
    after = places(lab)
    assert sorted(after.values()) == sorted(WORKERS * 2)
    assert len(set(before) & set(after)) == 2 * len(WORKERS) - 2
    service = stored(lab)
    assert service["Spec"] == spec == service["PreviousSpec"]
    seen = lab.shell(FIRST, "docker logs probe").out.split()
    assert "failed" not in seen and len(seen) > 10, seen
    version = service["Version"]
    assert lab.one("manager1", "swarm.rebalance") == {}
    assert stored(lab)["Version"] == version and places(lab) == after


def shell():
    return ["/bin/busybox", "sh", "-c", PROBE]
