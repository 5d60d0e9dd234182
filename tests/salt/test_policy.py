# SPDX-License-Identifier: Apache-2.0
"""``swarm:policy``: what stacks may use whose files others write."""

import re

import pytest
from salt.exceptions import SaltInvocationError

NAMED = {
    "nginx": "docker.io/library/nginx",
    "nginx:1.27": "docker.io/library/nginx",
    "docker.io/nginx": "docker.io/library/nginx",
    "shop/api:2": "docker.io/shop/api",
    "r.example:5000/shop/api:2": "r.example:5000/shop/api",
    "localhost/api@sha256:" + "0" * 64: "localhost/api",
}


@pytest.fixture
def formed(fleet):
    return fleet.form()


def deploy(fleet, policy, test=True, **service):
    """A stack of one service in test mode, under a policy."""
    fleet.pillar["policy"] = policy
    compose = {"services": {"web": {"image": "nginx:1", **service.pop("service", {})}}, **service}
    job = fleet["manager1"].job(test=test)
    return job.states["swarm.stack"](name="shop", compose=compose)


def said(fleet, policy, **service):
    ret = deploy(fleet, policy, **service)
    if ret["result"] is None:
        return []
    head, _, rest = ret["comment"].partition("swarm:policy does not allow it: ")
    assert (head, ret["result"], ret["changes"]) == ("stack shop: ", False, {})
    return [line.removeprefix("service shop_web: ") for line in rest.split("; ")]


def test_without_a_policy_all_is_allowed(formed):
    service = {"ports": ["80:80"], "cap_add": ["ALL"], "volumes": ["/:/host"]}
    for policy in (None, {}, {"images": None}):
        assert said(formed, policy, service=service) == []


@pytest.mark.parametrize("image, repository", NAMED.items())
def test_images_by_their_whole_name(formed, image, repository):
    service = {"service": {"image": image}}
    for allowed in (repository, repository.rpartition("/")[0], repository.partition("/")[0]):
        assert said(formed, {"images": [allowed]}, **service) == []
    for allowed in ([repository[:-1], "other.example"], []):
        (line,) = said(formed, {"images": allowed}, **service)
        assert re.fullmatch(r"image \S+", line) and image.rpartition("/")[2] in line


def test_digests_and_tags(formed):
    pinned = {"service": {"image": "a@sha256:" + "0" * 64}}
    assert said(formed, {"image_digest": True, "image_tag": True}, **pinned) == []
    (line,) = said(formed, {"image_digest": True})
    assert line == "image nginx:1 without a digest (@sha256:…)"
    assert said(formed, {"image_tag": True}) == []
    for image in ("a", "a:latest", "r.example:5000/a"):
        (line,) = said(formed, {"image_tag": True}, service={"image": image})
        # The conversion completes the name.
        name = image if image.endswith(":latest") else f"{image}:latest"
        assert line == f"image {name} without a tag other than latest"


@pytest.mark.parametrize(
    "allowed, path, fine",
    [
        (["/srv"], "/srv", True),
        (["/srv"], "/srv/a", True),
        (["/srv/"], "/srv/a", True),
        (["/srv"], "/srvx", False),
        (["/srv"], "/srv/../etc", False),
        ([], "/srv", False),
        (["/"], "/etc", True),
        (["/"], "/var/run/docker.sock", False),
        (["/run"], "/run/docker.sock", False),
        (["/var/run/docker.sock"], "/var/run/docker.sock", True),
    ],
)
def test_paths_of_nodes(formed, allowed, path, fine):
    found = said(formed, {"host_paths": allowed}, service={"volumes": [f"{path}:/t"]})
    assert bool(found) is not fine


def test_a_volume_may_be_a_path_too(formed):
    volumes = {"v": {"driver_opts": {"type": "none", "o": "bind", "device": "/etc"}}, "w": {}}
    service = {"volumes": ["v:/v", "w:/w"]}
    found = said(formed, {"host_paths": ["/srv"]}, service=service, volumes=volumes)
    assert found == ["path /etc of the node"]


def test_capabilities_network_and_ports(formed):
    service = {"cap_add": ["NET_ADMIN", "CAP_SYS_TIME"], "ports": ["80:80", "8001:81", "90"]}
    more = {"networks": {"host": {"external": True, "name": "host"}}}
    policy = {"capabilities": ["net_admin"], "host_network": False, "ports": ["80", "8000-8999"]}
    assert said(formed, policy, service=service) == ["capability CAP_SYS_TIME"]
    found = said(
        formed, {**policy, "ports": ["81-89"]}, service={**service, "networks": ["host"]}, **more
    )
    assert found == [
        "capability CAP_SYS_TIME",
        "the network of the host",
        "published port 80",
        "published port 8001",
    ]
    assert said(formed, {"host_network": True}, service={"networks": ["host"]}, **more) == []


def test_files_of_the_manager(formed):
    (formed.root / "c.txt").write_text("x")
    job_of = {"configs": {"c": {"file": str(formed.root / "c.txt")}}}
    assert deploy(formed, {"files": [str(formed.root)]}, **job_of)["result"] is None
    ret = deploy(formed, {"files": ["/srv"]}, **job_of)
    assert ret["result"] is False
    assert f"swarm:policy:files does not allow the file {formed.root}/c.txt" in ret["comment"]


@pytest.mark.parametrize(
    "policy, text",
    [
        ({"image": ["a"]}, "unknown key 'image' under swarm:policy"),
        ({"images": "a"}, "pillar swarm:policy:images must be a list"),
        ({"ports": [80]}, "pillar swarm:policy:ports: each entry must be a port or a range"),
        (
            {"host_paths": ["srv"]},
            "pillar swarm:policy:host_paths: each entry must be an absolute path",
        ),
    ],
)
def test_a_mistake_in_it_stops_a_deployment(formed, policy, text):
    ret = deploy(formed, policy)
    assert ret["result"] is False and text in ret["comment"]


def test_functions_obey_it_too(formed):
    formed.pillar["policy"] = {"images": []}
    for function in ("stack_diff", "stack_deploy", "stack_config"):
        with pytest.raises(SaltInvocationError, match="swarm:policy does not allow it"):
            formed["manager1"].job().salt[f"swarm.{function}"](
                "a", contents="services: {a: {image: b}}"
            )


def test_going_back_obeys_the_policy_of_now(formed):
    def call(function, **kwargs):
        return formed["manager1"].job().salt[f"swarm.{function}"]("a", **kwargs)

    for image in ("old/b:1", "new/b:1"):
        call("stack_deploy", contents=f"services: {{a: {{image: '{image}'}}}}")
    formed.pillar["policy"] = {"images": ["docker.io/new"]}
    written = [*formed["manager1"].machine.written]
    for test in (True, False):
        with pytest.raises(SaltInvocationError, match="service a_a: image old/b:1"):
            call("stack_rollback", test=test)
    assert formed["manager1"].machine.written == written
    formed.pillar["policy"] = {"images": ["docker.io/old"]}
    assert "service a_a" in call("stack_rollback")["changes"]
