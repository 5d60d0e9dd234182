# SPDX-License-Identifier: Apache-2.0
"""
A stack whose images are in a registry with a password that is in pillar: digests are looked up and pinned,
each service gets the credentials, wrong ones make nothing, and they are in no job and on no minion's disk.
"""

import json

import pytest
from conftest import HOSTS, WORKERS
from test_14_networks import (
    PRIVATE,
    move_the_tag,
    registry,
    set_password,
    spec,
    workers,
)
from test_17_stacks import service
from test_99_no_secret_seen import find

__all__ = ["registry", "workers"]
# Others than test_14 has: the lab's master logs the pillar that tests write, and the last test finds those.
PASSWORD, RENEWED = "planted-d41b7e-first", "planted-d41b7e-renewed"
HASH = "$2b$04$fJe/nMZTEl889rgRd1Pfj.htKHzPrSwtjsw9JAwiVrf9q8UolJ8AS"
FOLDER = "/srv/salt/private"
NAMES = ("private_api", "private_web")
OBJECTS = ("service", "network", "config", "secret")


def compose(**more):
    """Two services of the private image, of which one waits for the other."""
    one = {**service(1, image=PRIVATE), "configs": ["page"], **more}
    return {
        "services": {"api": one, "web": {**one, "depends_on": ["api"]}},
        "configs": {"page": {"content": "x"}},
    }


def write(lab, content):
    text = json.dumps(content)
    lab.on("master", "sh", "-c", f"mkdir -p {FOLDER}; cat > {FOLDER}/compose.yml", stdin=text)


def give(lab, password):
    """The stack and the credentials in pillar; the stack `other` is the same under another name."""
    one = {"source": ["salt://private/compose.yml"], "resolve_image": "always", "timeout": 60}
    one["registry_auth"] = {"pillar": "robots:lab"}
    robot = {"username": "lab", "password": password}
    given = {"swarm": {"stacks": {"private": one, "other": one}}, "robots": {"lab": robot}}
    lab.on("master", "sh", "-c", "cat > /srv/local.yaml", stdin=json.dumps(given))


def deploy(lab, *arguments, stack="private"):
    return lab.orchestrate("docker.deploy", *arguments, swarm_stacks=[stack])


@pytest.fixture(scope="module")
def private(registry):
    set_password(registry, HASH)
    write(registry, compose())
    yield registry
    registry.one("manager1", "swarm.stack_rm", "private")
    registry.pillar()
    registry.on("master", "rm", "-rf", FOLDER)


def image_of(lab, name):
    return spec(lab, name)["TaskTemplate"]["ContainerSpec"]["Image"]


def versions(lab):
    found = lab.on("manager1", "docker", "service", "inspect", *NAMES).json
    return [one["Version"]["Index"] for one in found]


def objects(lab):
    """Names of all that the engine has."""
    lists = "; ".join(f"docker {kind} ls --format '{{{{.Name}}}}'" for kind in OBJECTS)
    return lab.shell("manager1", lists).out.split()


def test_wrong_credentials_make_nothing(private):
    give(private, PASSWORD)
    before = objects(private)
    for arguments in (["test=True"], []):
        run = deploy(private, *arguments)
        assert run.code == 1 and run.swarm_changes() == {}
        assert "credentials are missing or wrong" in run.comments(), run.why()
    assert objects(private) == before


def test_the_digest_is_pinned_and_each_service_may_pull(private):
    """No worker has the image, so that its tasks run with the credentials alone."""
    for host in WORKERS:
        assert PRIVATE not in private.shell(host, "docker images --digests").out
    give(private, RENEWED)
    run = deploy(private)
    assert run.code == 0, run.why()
    images = {image_of(private, name) for name in NAMES}
    assert len(images) == 1 and images.pop().startswith(f"{PRIVATE}@sha256:")
    for name in NAMES:
        assert spec(private, name)["Labels"]["com.docker.stack.image"] == PRIVATE
    before = versions(private)
    again = deploy(private)
    assert (again.code, again.swarm_changes(), versions(private)) == (0, {}, before)


def test_a_tag_that_moved_is_a_change(private):
    first = image_of(private, NAMES[0])
    move_the_tag(private, RENEWED)
    expected = deploy(private, "test=True")
    run = deploy(private)
    assert run.code == 0 and run.swarm_changes() == expected.swarm_changes() != {}, run.why()
    second = {image_of(private, name) for name in NAMES}
    assert len(second) == 1 and second != {first}
    before = versions(private)
    assert deploy(private).swarm_changes() == {} and versions(private) == before


def test_wrong_credentials_change_nothing(private):
    """Neither another stack nor this one, whose file has changed."""
    give(private, PASSWORD)
    write(private, compose(hostname="h"))
    before, there = versions(private), objects(private)
    for stack in ("private", "other"):
        run = deploy(private, stack=stack)
        assert run.code == 1 and run.swarm_changes() == {}
        assert "credentials are missing or wrong" in run.comments(), run.why()
    assert (versions(private), objects(private)) == (before, there)
    give(private, RENEWED)
    run = deploy(private)
    assert run.code == 0 and spec(private, NAMES[0])["TaskTemplate"]["ContainerSpec"]["Hostname"]


def test_the_password_is_in_no_job(private):
    """The master has pillar itself, and the lab's way to pillar is in its log."""
    private.pillar()
    for host in HOSTS:
        assert find(private, host, [PASSWORD, RENEWED]) == []
    jobs = "grep -rlaF planted-d41b7e /var/cache/salt/master/jobs"
    assert private.shell("master", jobs, check=False).out == ""
    events = private.on("master", "cat", "/var/tmp/events").out
    assert "docker.manager.deploy" in events and "planted-d41b7e" not in events
