# SPDX-License-Identifier: Apache-2.0
"""
A host that takes tasks has their image before they move: of a registry with a password, which only that host
itself can ask. The engines' own events say what came first. `make check-lab-long` names this file.
"""

import concurrent.futures
import json

import pytest
from conftest import WORKERS, until
from test_14_networks import HASHES, PASSWORD, PRIVATE, REGISTRY, registry, set_password, workers

__all__ = ["registry", "workers"]
GOING, TAKING = WORKERS[0], WORKERS[1:]
SERVE = "trap exit TERM; /bin/busybox sleep 1000 & wait"


@pytest.fixture(scope="module")
def private(registry):
    """The credentials in pillar, for all hosts."""
    lab = registry
    set_password(lab, HASHES[PASSWORD])
    robot = {"username": "lab", "password": PASSWORD}
    given = {"registries": {REGISTRY: {"pillar": "robots:lab"}}, "reboot": {"confirm": False}}
    text = json.dumps({"swarm": given, "robots": {"lab": robot}})
    lab.on("master", "sh", "-c", "cat > /srv/local.yaml", stdin=text)
    yield lab
    lab.pillar()


@pytest.fixture
def web(private):
    """A service with its task on one worker, which alone has the image."""
    lab = private
    for host in TAKING:
        lab.on("manager1", "docker", "node", "update", "--availability", "pause", host)
    create = "docker service create --detach --with-registry-auth --no-resolve-image --name web"
    create += " --endpoint-mode dnsrr --update-order start-first --update-monitor 1s"
    login = f"docker login -u lab --password-stdin {REGISTRY}"
    script = f"{login}; {create} {PRIVATE} /bin/busybox sh -c '{SERVE}'; docker logout {REGISTRY}"
    lab.on("manager1", "sh", "-c", script, stdin=PASSWORD)
    until(lambda: "1/1" in lab.shell("manager1", "docker service ls").out, "web runs")
    for host in TAKING:
        lab.on("manager1", "docker", "node", "update", "--availability", "active", host)
        assert not has_image(lab, host)
    assert has_image(lab, GOING)
    yield lab
    lab.on("manager1", "docker", "service", "rm", "web")
    for host in WORKERS:
        clean = f"docker rm -f $(docker ps -aq); docker rmi -f {PRIVATE}"
        until(
            lambda host=host, clean=clean: (
                lab.shell(host, clean, check=False) and not has_image(lab, host)
            ),
            f"{host} without the image",
        )


def has_image(lab, host):
    return bool(lab.on(host, "docker", "images", "-q", PRIVATE).out.strip())


def now(lab):
    return lab.on("manager1", "date", "+%s.%N").out.strip()


def events(lab, host, since, what, action):
    """When these events were, in nanoseconds. All hosts have one clock."""
    shown = ["--since", since, "--until", now(lab), "--format", "{{.TimeNano}}"]
    chosen = ["--filter", f"type={what}", "--filter", f"event={action}"]
    return [int(line) for line in lab.on(host, "docker", "events", *shown, *chosen).out.split()]


def assert_pulled_before_the_move(lab, since):
    moved = min(events(lab, "manager1", since, "service", "update"))
    for host in TAKING:
        pulled = events(lab, host, since, "image", "pull")
        assert pulled and min(pulled) < moved, (host, pulled, moved)


def test_docker_remove(web):
    lab = web
    since = now(lab)
    run = lab.orchestrate("docker.remove", swarm_hosts=[GOING])
    assert run.code == 0 and "could not be pulled" not in run.out, run.why()
    assert GOING not in lab.nodes()
    assert_pulled_before_the_move(lab, since)
    run = lab.bootstrap()
    assert run.code == 0, run.why()


def test_docker_reboot(web):
    lab = web
    lab.on(GOING, "touch", "/run/reboot-required")
    since = now(lab)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = pool.submit(lab.orchestrate, "docker.reboot")
        off = f"{GOING} is off"
        until(lambda: lab.on(GOING, "true", check=False).code != 0, off, seconds=240)
        until(lambda: lab("start", GOING, check=False).code == 0, f"{GOING} boots")
        run = running.result()
    assert run.code == 0 and "1 of " in run.out, run.out
    assert_pulled_before_the_move(lab, since)
