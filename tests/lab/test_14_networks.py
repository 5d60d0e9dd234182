# SPDX-License-Identifier: Apache-2.0
"""
Networks in highstates of several managers at once, one of them replaced under two services; and services
of a registry with a password, whose credentials are renewed and are in no log.
"""

import json

import pytest
from conftest import HOSTS, MANAGERS, WORKERS, until

IMAGE = "lab:1"
SERVE = ["/bin/busybox", "sh", "-c", "trap exit TERM; sleep 100000 & wait"]
REGISTRY = "127.0.0.1:5000"
PRIVATE = f"{REGISTRY}/lab:1"
CONFIG = "/root/registry.json"
PASSWORD, RENEWED = "planted-7f3a9c-first", "planted-7f3a9c-renewed"
HASHES = {
    PASSWORD: "$2b$04$fJe/nMZTEl889rgRd1Pfj.1pMKpSrlB1ZDc9yUSmZU5seYIr5P5Wa",
    RENEWED: "$2b$04$fJe/nMZTEl889rgRd1Pfj.KW24tFMzXbG3PSlW2VRomiaB5i79qyC",
}
# The registry is on the master; each engine reaches it where it needs no TLS.
FORWARD = (
    "systemd-run --unit=lab-registry --collect systemd-socket-activate -l 127.0.0.1:5000"
    " /lib/systemd/systemd-socket-proxyd 10.213.0.2:5000"
)
SERVED = """
version: 0.1
storage: {filesystem: {rootdirectory: /opt/registry/data}}
http: {addr: ":5000"}
auth: {htpasswd: {realm: lab, path: /opt/registry/htpasswd}}
"""


@pytest.fixture(scope="module")
def workers(swarm):
    """The swarm, with an image on its workers; services and networks go afterwards."""
    swarm.give_image(*WORKERS)
    yield swarm
    swarm.shell("manager1", "docker service rm $(docker service ls -q)", check=False)
    for name in ("backend", "shared"):
        until(
            lambda name=name: swarm.on("manager1", "docker", "network", "rm", name, check=False),
            f"{name} is removed",
        )


def high(states):
    """The states as the argument of state.high."""
    data = {
        name: {function.split(".")[0]: [function.split(".")[1], *arguments]}
        for name, state in states.items()
        for function, arguments in state.items()
    }
    return json.dumps(data)


def apply(lab, states, minions=MANAGERS, test=False):
    """``{minion: {state id: return}}`` of one job on several minions at once."""
    job = ("state.high", high(states), f"test={test}")
    found = lab.salt(",".join(minions), *job, check=False, seconds=240)
    assert set(found) == set(minions), found
    assert "Traceback" not in str(found)
    return {
        minion: {tag.split("_|-")[1]: ret for tag, ret in states.items()}
        for minion, states in found.items()
    }


def changed(applied, name):
    """The minions that changed a state; all of them are right."""
    assert {states[name]["result"] for states in applied.values()} == {True}, applied
    return [minion for minion, states in applied.items() if states[name]["changes"]]


def service(lab, name, alias):
    attach = f"name=backend,alias={alias}"
    create = ["docker", "service", "create", "-q", "--name", name, "--network", attach]
    create += ["--replicas", "2", "--endpoint-mode", "dnsrr", "--no-resolve-image", IMAGE]
    lab.on("manager1", *create, *SERVE)


def spec(lab, name):
    return json.loads(lab.on("manager1", "docker", "service", "inspect", name).out)[0]["Spec"]


def test_one_of_three_managers_makes_it(workers):
    states = {
        "backend": {"swarm.network": [{"attachable": True}, {"driver_opts": {"encrypted": ""}}]},
        "shared": {"swarm.network": [{"labels": {"a": "1"}}, {"runs_on": "any"}]},
    }
    first = apply(workers, states)
    leader = [minion for minion in MANAGERS if first[minion]["backend"]["changes"]]
    assert len(leader) == 1 and len(changed(first, "shared")) == 1
    for minion in set(MANAGERS) - set(leader):
        assert first[minion]["backend"]["comment"] == f"left to {leader[0]}"
    again = apply(workers, states)
    assert changed(again, "backend") == changed(again, "shared") == []


def test_replaced_under_two_services(workers):
    service(workers, "web", "www")
    service(workers, "db", "pg")
    states = {"backend": {"swarm.network": [{"attachable": False}, {"replace": True}]}}
    refused = {"backend": {"swarm.network": [{"attachable": False}]}}
    results = {states["backend"]["result"] for states in apply(workers, refused).values()}
    assert results == {True, False}
    done = apply(workers, states)
    assert len(changed(done, "backend")) == 1
    network = json.loads(workers.on("manager1", "docker", "network", "inspect", "backend").out)[0]
    assert not network["Attachable"] and network["Options"]["encrypted"] == ""
    for name, alias in (("web", "www"), ("db", "pg")):
        wanted = [{"Target": network["Id"], "Aliases": [alias]}]
        assert spec(workers, name)["TaskTemplate"]["Networks"] == wanted
        assert spec(workers, name)["Labels"] == {}
    assert changed(apply(workers, states), "backend") == []


def test_removed_after_its_services(workers):
    absent = {"backend": {"swarm.network_absent": []}}
    used = [states["backend"] for states in apply(workers, absent).values()]
    assert any("is used by services: db, web" in one["comment"] for one in used), used
    workers.on("manager1", "docker", "service", "rm", "web", "db")
    assert len(changed(apply(workers, absent), "backend")) == 1
    assert changed(apply(workers, absent), "backend") == []
    (row,) = [row for row in workers.one("manager1", "swarm.network_ls", "shared")]
    assert (row["NAME"], row["DRIVER"], row["SCOPE"]) == ("shared", "overlay", "swarm")


# --- a registry with a password ---------------------------------------------------------------------


def set_password(lab, hashed):
    lab.on("master", "sh", "-c", "cat > /opt/registry/htpasswd", stdin=f"lab:{hashed}\n")


def give(lab, password):
    """The credentials, in a docker configuration on the managers."""
    auths = {REGISTRY: {"username": "lab", "password": password}}
    for host in MANAGERS:
        write = f"umask 077; cat > {CONFIG}"
        lab.on(host, "sh", "-c", write, stdin=json.dumps({"auths": auths}))


@pytest.fixture(scope="module")
def registry(workers):
    """A registry with a password that has the image, reached by all hosts."""
    unpack = (
        "mkdir -p /opt/registry; cd /opt/registry; dpkg -x /srv/repo/pool/docker-registry_*.deb ."
    )
    workers.shell("master", unpack)
    workers.on("master", "sh", "-c", "cat > /opt/registry/config.yml", stdin=SERVED)
    set_password(workers, HASHES[PASSWORD])
    serve = "/opt/registry/usr/bin/docker-registry serve /opt/registry/config.yml"
    workers.shell("master", f"systemd-run --unit=lab-registry --collect {serve}")
    for host in HOSTS:
        workers.shell(host, FORWARD)
    login = f"docker login -u lab --password-stdin {REGISTRY}"
    until(
        lambda: workers.on("worker1", "sh", "-c", login, check=False, stdin=PASSWORD).code == 0,
        "the registry answers",
    )
    push = f"docker tag {IMAGE} {PRIVATE}; docker push -q {PRIVATE}; docker rmi -f {PRIVATE}"
    workers.shell("worker1", f"{push}; docker logout {REGISTRY}")
    # The containers of services that were just removed may still be there: the name must go anyway.
    for host in WORKERS:
        workers.on(host, "docker", "rmi", "-f", IMAGE)
    yield workers
    for host in ["master", *HOSTS]:
        workers.shell(host, "systemctl stop lab-registry", check=False)
    for host in MANAGERS:
        workers.on(host, "rm", "-f", CONFIG)


def login(lab, version):
    source = {"docker_config": CONFIG}
    states = {REGISTRY: {"swarm.registry_login": [{"version": version}, {"registry_auth": source}]}}
    return apply(lab, states)


def tasks(lab):
    """``{id: (state, image)}`` of the tasks of the private service."""
    found = lab.one("manager1", "swarm.tasks", "private")
    return {task["id"]: task["state"] for task in found}


def running(lab):
    return sum(state == "running" for state in tasks(lab).values())


def test_credentials_reach_the_nodes(registry):
    create = ["docker", "service", "create", "-q", "-d", "--name", "private", "--replicas", "3"]
    create += ["--endpoint-mode", "dnsrr", "--no-resolve-image", PRIVATE]
    registry.on("manager1", *create, *SERVE)
    until(lambda: "rejected" in tasks(registry).values(), "no node may pull")
    give(registry, PASSWORD)
    assert len(changed(login(registry, "1"), REGISTRY)) == 1
    until(lambda: running(registry) == 3, "the nodes pull")
    assert changed(login(registry, "1"), REGISTRY) == []


def test_new_credentials_restart_nothing(registry):
    set_password(registry, HASHES[RENEWED])
    before = tasks(registry)
    stale = [states[REGISTRY] for states in login(registry, "2").values()]
    assert any("credentials are missing or wrong" in one["comment"] for one in stale), stale
    give(registry, RENEWED)
    assert len(changed(login(registry, "2"), REGISTRY)) == 1
    assert tasks(registry) == before
    assert spec(registry, "private")["Labels"]["libswarm.registry_auth"] == "2"
    # A node without the image can pull it once more.
    clean = "docker rm -f $(docker ps -q --filter name=private); docker rmi -f $(docker images -q)"
    registry.shell("worker2", clean, check=False)
    until(lambda: tasks(registry).keys() != before.keys() and running(registry) == 3, "it pulls")


def declared(lab, name, resolve, **more):
    """The return of a state on one manager: a service of the private image."""
    own = {"image": PRIVATE, "registry_auth": {"docker_config": CONFIG}, "runs_on": "any"}
    own.update(resolve_image=resolve, command=SERVE, stop_grace_period="0s", wait=False, **more)
    own["deploy"] = {"endpoint_mode": "dnsrr"}
    state = {"swarm.service": [{key: value} for key, value in own.items()]}
    return apply(lab, {name: state}, MANAGERS[:1])[MANAGERS[0]][name]


def image_of(lab, name):
    return spec(lab, name)["TaskTemplate"]["ContainerSpec"]["Image"]


def move_the_tag(lab, password):
    """Another image under the same tag in the registry."""
    login = f"docker login -u lab --password-stdin {REGISTRY}"
    make = f"docker pull -q {PRIVATE}; docker create --name moved {PRIVATE} true"
    push = f"docker commit -c 'LABEL moved=1' moved {PRIVATE}; docker push -q {PRIVATE}"
    script = f"{login}; {make}; {push}; docker rm moved; docker logout {REGISTRY}"
    lab.on("worker1", "sh", "-ec", script, stdin=password)


def test_a_digest_is_looked_up_where_it_should_be(registry):
    set_password(registry, HASHES[RENEWED])
    give(registry, RENEWED)
    ret = declared(registry, "pinned", "changed")
    first = image_of(registry, "pinned")
    assert ret["changes"]["image"]["new"] == first and first.startswith(f"{PRIVATE}@sha256:")
    assert "warnings" not in ret
    move_the_tag(registry, RENEWED)
    for resolve in ("changed", "never"):
        assert declared(registry, "pinned", resolve)["changes"] == {}
    ret = declared(registry, "pinned", "always")
    second = image_of(registry, "pinned")
    assert ret["changes"] == {"image": {"old": first, "new": second}} and second != first
    assert declared(registry, "pinned", "always")["changes"] == {}
    registry.on("manager1", "docker", "service", "rm", "pinned")


@pytest.mark.parametrize("resolve", ["changed", "always", "never"])
def test_wrong_credentials_create_nothing(registry, resolve):
    give(registry, PASSWORD)
    ret = declared(registry, "wrong", resolve)
    assert (ret["result"], ret["changes"]) == (False, {})
    assert "credentials are missing or wrong" in ret["comment"]
    assert registry.on("manager1", "docker", "service", "inspect", "wrong", check=False).code
    give(registry, RENEWED)


def test_the_passwords_are_in_no_log(registry):
    """The search of the last test goes through all of them, once the file of the managers is gone."""
    for host in MANAGERS:
        registry.on(host, "rm", CONFIG)
    registry.secrets.update((PASSWORD, RENEWED))
    events = registry.on("master", "cat", "/var/tmp/events").out
    assert "registry_login" in events
    assert not any(secret in events for secret in (PASSWORD, RENEWED))
