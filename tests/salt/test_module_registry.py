# SPDX-License-Identifier: Apache-2.0
"""``swarm_registry``: where the credentials of registries come from, and that they are nowhere else."""

import base64
import json
import logging
import stat

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError

HOST = "registry.example.com:5000"
IMAGE = f"{HOST}/team/app:2"
SECRET = "hunter2hunter2"
ROBOT = {"username": "robot", "password": SECRET}
AUTH = {**ROBOT, "serveraddress": HOST}
HUB = "https://index.docker.io/v1/"


@pytest.fixture
def job(make_fleet):
    """A maker of jobs on one minion, by its pillar beside ``swarm``."""
    fleet = make_fleet(managers=1, workers=0)

    def make(registries=None, **pillar):
        if registries is not None:
            fleet.pillar["registries"] = registries
        return fleet["manager1"].job(pillar=pillar)

    return make


def auth(job, image=IMAGE, source=None):
    return job.salt["swarm_registry.auth"](image, source, into=lambda found: found)


def refused(job, *args):
    with pytest.raises((CommandExecutionError, SaltInvocationError)) as raised:
        auth(job, *args)
    assert SECRET not in str(raised.value) and "\n" not in str(raised.value)
    return str(raised.value)


def encoded(user, password):
    return base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("image", "host"),
    [
        ("nginx", "docker.io"),
        ("nginx:1.27@sha256:00", "docker.io"),
        ("team/app", "docker.io"),
        ("index.docker.io/team/app", "docker.io"),
        ("registry.example.com/app", "registry.example.com"),
        ("registry:5000/app", "registry:5000"),
        ("localhost/app", "localhost"),
        ("[::1]:5000/app", "[::1]:5000"),
    ],
)
def test_host_of_an_image(job, image, host):
    assert job().salt["swarm_registry.host"](image) == host


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (ROBOT, AUTH),
        ({**ROBOT, "email": "x@example.com"}, AUTH),
        ({"identitytoken": SECRET}, {"identitytoken": SECRET, "serveraddress": HOST}),
        ({"registrytoken": SECRET}, {"registrytoken": SECRET, "serveraddress": HOST}),
        ({HOST: ROBOT, "docker.io": {"username": "x", "password": "y"}}, AUTH),
        ({f"https://{HOST}/v1/": ROBOT}, AUTH),
        ({"other.example.com": ROBOT}, None),
        ({"auths": {HOST: {"auth": encoded("robot", SECRET)}}}, AUTH),
    ],
)
@pytest.mark.parametrize("kind", ["pillar", "sdb", "sdb text"])
def test_data_of_pillar_and_sdb(job, kind, found, expected):
    here = job(registry={"robot": found})
    here.replace("sdb.get", lambda url: json.dumps(found) if kind == "sdb text" else found)
    source = {"pillar": "registry:robot"} if kind == "pillar" else {"sdb": "sdb://vault/robot"}
    assert auth(here, IMAGE, source) == expected


@pytest.mark.parametrize(
    ("config", "image", "expected"),
    [
        ({"auths": {HOST: {"auth": encoded("robot", SECRET)}}}, IMAGE, AUTH),
        ({"auths": {HOST: {"auth": encoded("robot", f"{SECRET}\0\0")}}}, IMAGE, AUTH),
        ({"auths": {HOST: {"auth": encoded("robot", f"a:{SECRET}")}}}, IMAGE, "a:" + SECRET),
        ({"auths": {HOST: {"identitytoken": SECRET}}}, IMAGE, {"identitytoken": SECRET}),
        ({"auths": {HUB: {"auth": encoded("robot", SECRET)}}}, "team/app", HUB),
        ({"auths": {HUB: {"auth": encoded("robot", SECRET)}}}, IMAGE, None),
        ({"auths": {HOST: {}}}, IMAGE, None),
        ({}, IMAGE, None),
    ],
)
def test_docker_config(job, tmp_path, config, image, expected):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    found = auth(job(), image, {"docker_config": str(path)})
    if isinstance(expected, dict):
        assert {**expected, "serveraddress": HOST} == found
    elif expected is None:
        assert found is None
    else:
        assert expected in found.values()


# --- helpers --------------------------------------------------------------------------------------


@pytest.fixture
def helper(tmp_path, monkeypatch):
    """A maker of a credential helper: a program that keeps its arguments and its input, and prints."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def make(name, printed, code=0):
        path = tmp_path / f"docker-credential-{name}"
        (tmp_path / f"{name}.out").write_text(printed)
        path.write_text(
            f'#!/bin/sh\necho "$@" >{tmp_path}/{name}.args\ncat >{tmp_path}/{name}.in\n'
            f"echo {SECRET} >&2\ncat {tmp_path}/{name}.out\nexit {code}\n"
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return lambda: [(tmp_path / f"{name}.{end}").read_text() for end in ("args", "in")]

    return make


def printed(user="robot"):
    return json.dumps({"ServerURL": HOST, "Username": user, "Secret": SECRET})


def test_helper(job, helper):
    asked = helper("pass", printed())
    assert auth(job(), IMAGE, {"helper": "pass"}) == AUTH
    assert asked() == ["get\n", HOST]
    assert auth(job(), "nginx", {"helper": "pass"})["serveraddress"] == HUB
    assert asked() == ["get\n", HUB]


def test_helper_with_an_identity_token(job, helper):
    helper("pass", printed("<token>"))
    found = auth(job(), IMAGE, {"helper": "pass"})
    assert found == {"identitytoken": SECRET, "serveraddress": HOST}


def test_helper_without_credentials_for_this_registry(job, helper):
    helper("pass", "credentials not found in native keychain\n", code=1)
    assert auth(job(), IMAGE, {"helper": "pass"}) is None


@pytest.mark.parametrize(
    ("text", "code", "reason"),
    [
        (SECRET, 2, f"docker-credential-pass failed for {HOST} (exit 2)"),
        (SECRET, 0, f"docker-credential-pass did not print a JSON dictionary for {HOST}"),
        (
            json.dumps({"Username": "", "Secret": SECRET}),
            0,
            f"docker-credential-pass: the credentials for {HOST} must be username and password,"
            " identitytoken or registrytoken",
        ),
    ],
)
def test_helper_that_fails(job, helper, text, code, reason):
    helper("pass", text, code)
    assert refused(job(), IMAGE, {"helper": "pass"}) == reason


def test_helper_that_is_missing(job):
    text = "no program docker-credential-none is in the path of this minion"
    assert refused(job(), IMAGE, {"helper": "none"}) == text


def test_helpers_of_a_docker_config(job, helper, tmp_path):
    path = tmp_path / "config.json"
    here, source = job(), {"docker_config": str(path)}
    helper("own", printed())
    helper("all", printed("everybody"))
    auths = {"auths": {HOST: {"auth": encoded("file", SECRET)}}}
    path.write_text(json.dumps({"credHelpers": {HOST: "own"}, "credsStore": "all", **auths}))
    assert auth(here, IMAGE, source)["username"] == "robot"
    path.write_text(json.dumps({"credHelpers": {"other": "own"}, "credsStore": "all", **auths}))
    assert auth(here, IMAGE, source)["username"] == "everybody"
    helper("all", "credentials not found in native keychain\n", code=1)
    assert auth(here, IMAGE, source)["username"] == "file"
    path.write_text(json.dumps({"credHelpers": {HOST: "../../bin/sh"}}))
    assert "helper must be the NAME of a program" in refused(here, IMAGE, source)


# --- pillar ---------------------------------------------------------------------------------------


def test_registries_of_pillar(job):
    here = job({HOST: {"pillar": "robot"}, "docker.io": {"pillar": "hub"}}, robot=ROBOT, hub=ROBOT)
    assert auth(here) == AUTH
    assert auth(here, "nginx")["serveraddress"] == HUB
    assert auth(here, "other.example.com/app") is None
    assert auth(here, IMAGE, False) is None
    own = job(robot={"username": "own", "password": SECRET})
    assert auth(own, IMAGE, {"pillar": "robot"})["username"] == "own"


def test_no_source(job):
    assert auth(job()) is None


# --- refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("registry:robot", "registry_auth must be a dictionary of one of"),
        (True, "registry_auth must be a dictionary of one of"),
        ({}, "registry_auth must be a dictionary of one of"),
        (ROBOT, "registry_auth has credentials in clear, which would be in the job cache"),
        ({"piller": "x"}, "not of piller"),
        ({"pillar": "x", "sdb": "sdb://x"}, "not of pillar, sdb"),
        ({"pillar": "hunter22"}, "registry_auth: pillar has no such key (not shown, it may be"),
        ({"pillar": 7}, "registry_auth: pillar must be a pillar key"),
        ({"sdb": "vault/x"}, "registry_auth: sdb must be a URL that begins with sdb://"),
        ({"docker_config": "config.json"}, "docker_config must be an absolute path"),
        ({"docker_config": "/none"}, "cannot read docker_config /none: No such file or directory"),
        ({"helper": "a/b"}, "helper must be the NAME of a program docker-credential-NAME"),
    ],
)
def test_a_source_that_does_not_fit(job, source, reason):
    assert reason in refused(job(), IMAGE, source)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (SECRET, "must have username and password, identitytoken or registrytoken"),
        ({"username": "robot"}, "must be username and password, identitytoken or registrytoken"),
        ({"username": "robot", "password": ""}, "must be username and password, identitytoken"),
        ({"password": SECRET}, "must be username and password, identitytoken or registrytoken"),
        ({"username": "robot", "password": 12345678}, "must be strings: quote them in YAML"),
        ({HOST: SECRET}, "must be username and password, identitytoken or registrytoken"),
        ({"auths": {HOST: {"auth": "-"}}}, f"auth of {HOST} is not base64 of USER:PASSWORD"),
        ({"auths": {HOST: {"email": "x"}}}, "must be username and password, identitytoken"),
    ],
)
def test_credentials_that_the_engine_would_ignore(job, found, reason):
    assert reason in refused(job(robot=found), IMAGE, {"pillar": "robot"})


def test_an_sdb_driver_that_quotes_the_secret(job):
    here = job()

    def fail(url):
        raise ValueError(SECRET)

    here.replace("sdb.get", fail)
    text = "registry_auth: sdb cannot read sdb://vault/x: ValueError"
    assert refused(here, IMAGE, {"sdb": "sdb://vault/x"}) == text


def test_pillar_that_does_not_fit_names_its_place(job):
    text = refused(job({HOST: ROBOT}))
    assert text.startswith(f"pillar swarm:registries:{HOST} has credentials in clear")


def test_a_job_gets_no_credentials(job):
    here = job(robot=ROBOT)
    for into in ({}, {"into": "print"}):
        with pytest.raises(SaltInvocationError, match="must be a callable"):
            here.salt["swarm_registry.auth"](IMAGE, {"pillar": "robot"}, **into)


def test_nothing_is_logged(job, helper, caplog):
    helper("pass", printed())
    caplog.set_level(logging.DEBUG)
    assert auth(job(), IMAGE, {"helper": "pass"}) == AUTH
    auth(job(robot=ROBOT), IMAGE, {"pillar": "robot"})
    helper("pass", SECRET, code=1)
    refused(job(), IMAGE, {"helper": "pass"})
    assert SECRET not in caplog.text


# --- registry_check: before nodes are drained -----------------------------------------------------


@pytest.fixture
def images(make_fleet):
    """A manager whose engine knows services, and a registry that has one image for those who may."""
    fleet = make_fleet(managers=1, workers=1).form()
    fleet.pillar["registries"] = {HOST: {"pillar": "robot"}}
    asked = []

    def resolve(core, image, registry_auth=None, timeout=None):
        asked.append((image, registry_auth))
        if "gone" in image:
            raise core.NotFound(f"the registry has no image {image}")
        return {"image": image}

    def services(core, kind, **_):
        names = [IMAGE, IMAGE, f"{HOST}/gone:1"]
        specs = [{"TaskTemplate": {"ContainerSpec": {"Image": name}}} for name in names]
        # A plugin has no container.
        return [{"Spec": spec} for spec in [*specs, {"TaskTemplate": {"Runtime": "plugin"}}]]

    for name in ("manager1", "worker1"):
        fleet[name].machine.do_image_resolve = resolve
    fleet["manager1"].machine.do_object_list = services
    return fleet, asked


def test_images_of_all_services_before_a_drain(images):
    """Rule 16 of registries: a task that moves to a node without the image needs both."""
    fleet, asked = images
    job = fleet["manager1"].job(pillar={"robot": ROBOT})
    found = job.salt["swarm.registry_check"]()
    gone = f"{HOST}/gone:1"
    assert found == {IMAGE: "found", gone: f"the registry has no image {gone}"}
    assert asked == [(gone, AUTH), (IMAGE, AUTH)] and SECRET not in str(found)


def test_given_images_on_a_worker(images):
    fleet, asked = images
    job = fleet["worker1"].job(pillar={"robot": ROBOT})
    assert job.salt["swarm.registry_check"]([IMAGE]) == {IMAGE: "found"}
    assert job.salt["swarm.registry_check"](IMAGE, registry_auth=False) == {IMAGE: "found"}
    assert asked == [(IMAGE, AUTH), (IMAGE, None)]
    with pytest.raises(SaltInvocationError, match="images must be a list of names"):
        job.salt["swarm.registry_check"]([5])
