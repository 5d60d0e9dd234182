# SPDX-License-Identifier: Apache-2.0
"""
Networks and registries against real engines: what is compared and what is not, a network replaced under
its services, and new credentials that restart nothing. The states are the real ones, loaded by Salt's own
loader, at the first manager.
"""

import concurrent.futures
import json
import signal
import subprocess
import sys

import pytest
from conftest import AUTH, DROPIN, HTPASSWD, REGISTRY, until

IMAGE = "live:1"
# Ends at once when it is asked to: a shell that is the first process ignores the signal otherwise.
SERVE = "trap exit TERM; sleep 1000 & wait"
SUBNET = "10.70.0.0/24"
BACKEND = {
    "driver_opts": {"encrypted": ""},
    "attachable": True,
    "ipam": {"config": [{"subnet": SUBNET}]},
    "labels": {"tier": "front"},
}
RENEWED = {**AUTH, "password": "renewed2renewed2"}
RENEWED_HTPASSWD = "live:$2b$04$fJe/nMZTEl889rgRd1Pfj.aAC/deZEdudh2z6Vgv6tJDpIzQ7wBsu"


def found(client, name="backend"):
    """The networks of the swarm with a name."""
    networks = client.object_list("network", filters={"name": name})
    # What its host alone has was deleted, and goes with its last container.
    return [one for one in networks if one["Scope"] == "swarm" and one["Containers"] is None]


@pytest.fixture
def backend(client):
    """The network that is declared; it goes after the test, as do containers on it."""
    client.network_apply("backend", BACKEND)
    yield
    client.network_remove("backend")


@pytest.fixture
def on_it(services, client):
    """A maker of services on the network, with aliases."""

    def make(name, *aliases, count=1):
        attachment = {"Target": "backend", "Aliases": list(aliases)}
        services(name, IMAGE, SERVE, count, task={"Networks": [attachment]})
        client.service_wait(name)

    return make


def attachments(client, name):
    spec = client.object_inspect("service", name)["Spec"]
    return spec["TaskTemplate"].get("Networks") or [], spec["Labels"]


# --- compared ---------------------------------------------------------------------------------------


def test_made_once_on_all_managers(swarm, clients, client, backend):
    (network,) = found(client)
    assert network["Options"]["encrypted"] == "" and network["Attachable"]
    assert network["IPAM"]["Config"] == [{"Subnet": SUBNET, "Gateway": "10.70.0.1"}]
    for name in ("manager1", "manager2", "manager3"):
        assert clients[name].network_apply("backend", BACKEND)["action"] == "none"
    assert client.network_apply("backend", {})["action"] == "none"
    with pytest.raises(swarm.Conflict, match=r"attachable is true, not false.*tier is"):
        client.network_apply("backend", {"attachable": False, "labels": {"tier": "back"}})
    assert found(client) == [network]


def test_equal_while_tasks_run_on_it(clients, client, backend, on_it):
    on_it("live-net", count=3)
    for name in ("manager1", "manager2"):
        assert clients[name].network_apply("backend", BACKEND)["action"] == "none"


def test_three_managers_create_it_at_once(clients, client):
    managers = [clients[name] for name in ("manager1", "manager2", "manager3")]
    for _ in range(3):
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            done = list(pool.map(lambda one: one.network_apply("backend", BACKEND), managers))
        assert sum(one["action"] == "create" for one in done) >= 1
        assert {one["id"] for one in done} == {network["Id"] for network in found(client)}
        assert len(found(client)) == 1
        client.network_remove("backend")


def test_a_subnet_that_another_network_has(swarm, client, backend):
    other = {"ipam": {"config": [{"subnet": "10.70.0.0/16"}]}}
    with pytest.raises(swarm.Conflict, match="overlaps 10.70.0.0/24 of network backend"):
        client.network_apply("other", other)
    # Without the check the engine takes it, and it never gets addresses.
    body = {"Name": "other", "Driver": "overlay", "IPAM": {"Config": [{"Subnet": SUBNET}]}}
    client.object_create("network", body)
    with pytest.raises(swarm.StateError, match="the managers have no addresses for network other"):
        client.network_apply("other", {})
    assert client.network_remove("other")["action"] == "remove"


# --- replaced ---------------------------------------------------------------------------------------


def test_replaced_under_two_services(clients, client, backend, on_it):
    on_it("live-web", "www", "web", count=2)
    on_it("live-db", "db")
    wanted = {**BACKEND, "attachable": False}
    planned = client.network_apply("backend", wanted, replace=True, dry_run=True)
    done = client.network_apply("backend", wanted, replace=True)
    assert (done["changes"], done["services"]) == (planned["changes"], planned["services"])
    assert done["services"] == ["live-db", "live-web"]
    for name, aliases in (("live-web", ["www", "web"]), ("live-db", ["db"])):
        assert client.service_wait(name)["done"]
        networks, labels = attachments(client, name)
        assert networks == [{"Target": done["id"], "Aliases": aliases}] and labels == {}
    again = clients["manager2"].network_apply("backend", wanted, replace=True)
    assert again["action"] == "none"
    (row,) = [row for row in client.network_usage() if row["name"] == "backend"]
    assert (row["tasks"], row["subnets"]) == (3, [SUBNET])


REPLACE = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("_swarm", sys.argv[1])
core = importlib.util.module_from_spec(spec)
spec.loader.exec_module(core)
core.Client(sys.argv[2]).network_apply("backend", json.loads(sys.argv[3]), replace=True)
"""


def test_killed_in_the_middle_and_run_again(client, backend, on_it):
    on_it("live-web", "www", count=2)
    on_it("live-db", "db")
    wanted = {**BACKEND, "attachable": False}
    command = [sys.executable, "-c", REPLACE, DROPIN, client.url, json.dumps(wanted)]
    with subprocess.Popen(command) as process:
        label = "libswarm.detached.backend"
        until(lambda: label in attachments(client, "live-db")[1], 30, "no service is taken off")
        process.send_signal(signal.SIGKILL)
    client.network_apply("backend", wanted, replace=True)
    for name, alias in (("live-web", "www"), ("live-db", "db")):
        assert client.service_wait(name)["done"]
        networks, labels = attachments(client, name)
        assert [one["Aliases"] for one in networks] == [[alias]] and labels == {}
    assert found(client)[0]["Attachable"] is False
    assert client.network_apply("backend", wanted, replace=True)["action"] == "none"


def test_a_container_is_named_and_the_services_stay(swarm, machines, client, backend, on_it):
    on_it("live-web", "www")
    run = f"docker run -d --name plain --network backend {IMAGE} /bin/busybox sleep 1000"
    machines["worker1"].run(run)
    before = attachments(client, "live-web")
    try:
        for replace in (client.network_apply, lambda *args, **_: client.network_remove("backend")):
            with pytest.raises(swarm.Conflict, match=r"used by (container|services)"):
                replace("backend", {**BACKEND, "attachable": False}, replace=True)
        assert attachments(client, "live-web") == before
        client.object_remove("service", "live-web")
        # A manager without a task on the network sees no container, but the engine's refusal.
        with pytest.raises(swarm.Conflict, match="used by container"):
            client.network_remove("backend")
    finally:
        machines["worker1"].run("docker rm -f plain")


def test_the_engine_refuses_the_new_one(swarm, client, backend, on_it):
    on_it("live-web", "www")
    (before,) = found(client)
    with pytest.raises(swarm.InvalidArgument, match="has no network plugin 'nosuch'"):
        client.network_apply("backend", {"driver": "nosuch"}, replace=True)
    assert found(client) == [before]
    with pytest.raises(swarm.Error, match="its services have the old one again: .*nosuch"):
        client.network_apply("backend", {"ipam": {"driver": "nosuch"}}, replace=True)
    client.service_wait("live-web")
    (now,) = found(client)
    networks, labels = attachments(client, "live-web")
    assert networks == [{"Target": now["Id"], "Aliases": ["www"]}] and labels == {}
    assert (now["IPAM"], now["Attachable"]) == (before["IPAM"], before["Attachable"])


def test_the_ingress_network(swarm, client, services):
    port = {"TargetPort": 80, "PublishedPort": 8080, "PublishMode": "ingress", "Protocol": "tcp"}
    host = {"TargetPort": 81, "PublishedPort": 8081, "PublishMode": "host", "Protocol": "tcp"}
    services("live-pub", IMAGE, SERVE, endpoint={"Mode": "vip", "Ports": [host, port]})
    options = {"com.docker.network.driver.mtu": "1400"}
    wanted = {"ingress": True, "driver_opts": options}
    with pytest.raises(swarm.Conflict, match="driver_opts.com.docker.network.driver.mtu is null"):
        client.network_apply("ingress", wanted)
    done = client.network_apply("ingress", wanted, replace=True)
    assert (done["action"], done["services"]) == ("replace", ["live-pub"])
    spec = client.object_inspect("service", "live-pub")["Spec"]
    assert spec["EndpointSpec"]["Ports"] == [host, port] and spec["Labels"] == {}
    assert client.network_apply("ingress", wanted, replace=True)["action"] == "none"


# --- removed ----------------------------------------------------------------------------------------


def test_removed_once_the_tasks_are_gone(swarm, client, backend, on_it, services):
    on_it("live-web")
    with pytest.raises(swarm.Conflict, match="used by services: live-web"):
        client.network_remove("backend")
    client.object_remove("service", "live-web")
    # Its tasks still end.
    assert client.network_remove("backend")["action"] == "remove"
    assert found(client) == []
    assert client.network_remove("backend") == {"id": "", "action": "none"}


# --- the states -------------------------------------------------------------------------------------


def test_the_states_of_networks(job, clients, client, on_it):
    wanted = {"driver_opts": {"encrypted": ""}, "attachable": True}
    expected = job(test=True).state("network", "backend", **wanted)
    assert expected["result"] is None and found(client) == [], expected
    real = job().state("network", "backend", **wanted)
    assert real["result"] is True and real["changes"] == expected["changes"], real
    for test in (True, False):
        again = job(test=test).state("network", "backend", **wanted)
        assert (again["result"], again["changes"]) == (True, {}), again
    other = job(host="manager2").state("network", "backend", attachable=False)
    assert (other["result"], other["comment"]) == (True, "left to manager1")
    drift = job().state("network", "backend", attachable=False)
    assert drift["result"] is False and "attachable is true, not false" in drift["comment"]
    on_it("live-web", "www")
    replaced = job().state("network", "backend", attachable=False, replace=True)
    assert replaced["result"] is True, replaced
    assert replaced["changes"]["services put on again"] == ["live-web"]
    used = job().state("network_absent", "backend")
    assert used["result"] is False and "live-web" in used["comment"]
    client.object_remove("service", "live-web")
    for test, result in ((True, None), (False, True)):
        gone = job(test=test).state("network_absent", "backend")
        assert gone["result"] is result and gone["changes"], gone
    again = job().state("network_absent", "backend")
    assert (again["result"], again["changes"]) == (True, {})


def test_slips_come_all_at_once_and_change_nothing(job, client):
    config = [{"subnet": "10.70.0.7/24", "gatway": "10.70.0.1"}]
    wrong = job().state(
        "network",
        "backend",
        attachable="maybe",
        driver_opts={"encrypted": True},
        ipam={"config": config},
    )
    assert wrong["result"] is False and found(client) == []
    for part in ("attachable: must be", "encrypted: must be a string", "10.70.0.0/24", "gateway?"):
        assert part in wrong["comment"], wrong["comment"]


# --- registries -------------------------------------------------------------------------------------


@pytest.fixture
def private(machines, client, private_image):
    """A service of the image with a password, on the host of the registry; the password as it was."""
    machine = machines["manager1"]
    machine.run(f"docker rmi -f {private_image}")
    words = {
        "image": private_image,
        "entrypoint": ["/bin/busybox", "sh", "-c", SERVE],
        "deploy": {
            "endpoint_mode": "dnsrr",
            "placement": {"constraints": ["node.hostname==manager1"]},
        },
    }
    client.service_apply("live-private", words, registry_auth=AUTH)
    client.service_wait("live-private")
    yield words
    client.object_remove("service", "live-private")
    machine.run("cat >/root/htpasswd", HTPASSWD + "\n")


def tasks(client):
    return [task["id"] for task in client.task_list(filters={"service": "live-private"})]


def version(client):
    return client.object_inspect("service", "live-private")["Version"]["Index"]


def test_an_image_with_a_password(swarm, client, private, private_image):
    """Pinned with credentials; without them what is pinned stays, and nothing is created."""
    spec = client.object_inspect("service", "live-private")["Spec"]
    pinned = spec["TaskTemplate"]["ContainerSpec"]["Image"]
    assert pinned.startswith(f"{private_image}@sha256:")
    before = version(client)
    for how in ("changed", "never"):
        again = client.service_apply("live-private", private, resolve_image=how)
        assert again["action"] == "none", again
    always = client.service_apply(
        "live-private", private, resolve_image="always", registry_auth=AUTH
    )
    assert always["action"] == "none" and version(client) == before
    wrong = {**AUTH, "password": "wrongwrongwrong"}
    for auth in (None, wrong):
        with pytest.raises(swarm.HTTPError, match="credentials are missing or wrong") as raised:
            client.service_apply("live-new", {"image": private_image}, registry_auth=auth)
        assert "wrongwrong" not in str(raised.value)
    with pytest.raises(swarm.NotFound, match="has no image"):
        client.service_apply("live-new", {"image": f"{REGISTRY}/nosuch:1"}, registry_auth=AUTH)
    with pytest.raises(swarm.NotFound):
        client.object_inspect("service", "live-new")


def test_new_credentials_restart_nothing(
    swarm, machines, job, client, private, private_image, caplog
):
    caplog.set_level("DEBUG")
    machine, before = machines["manager1"], tasks(client)
    machine.run("cat >/root/htpasswd", RENEWED_HTPASSWD + "\n")
    pillar = {"registry": {"robot": {key: RENEWED[key] for key in ("username", "password")}}}
    login = {"version": "2", "registry_auth": {"pillar": "registry:robot"}}
    wrong = {"registry": {"robot": {"username": "live", "password": AUTH["password"]}}}
    refused = job(**wrong).state("registry_login", REGISTRY, **login)
    assert refused["result"] is False and "credentials are missing or wrong" in refused["comment"]
    expected = job(test=True, **pillar).state("registry_login", REGISTRY, **login)
    assert expected["result"] is None, expected
    real = job(**pillar).state("registry_login", REGISTRY, **login)
    assert real["result"] is True and real["changes"] == expected["changes"], real
    at = version(client)
    again = job(**pillar).state("registry_login", REGISTRY, **login)
    assert (again["result"], again["changes"], version(client)) == (True, {}, at), again
    assert tasks(client) == before
    # A new task without the image at hand: only the stored credentials can get it.
    machine.run(
        f"docker rm -f $(docker ps -q --filter name=live-private); docker rmi -f {private_image}"
    )
    until(lambda: tasks(client) != before, 60, "no new task")
    assert client.service_wait("live-private")["done"] == 1
    # A rollback brings the old ones back, and the label with them.
    client.service_rollback("live-private")
    sent = job(**pillar).state("registry_login", REGISTRY, **login)
    assert list(sent["changes"]) == ["live-private"]
    shown = json.dumps([real, refused, sent, client.object_inspect("service", "live-private")])
    for secret in (AUTH["password"], RENEWED["password"]):
        assert secret not in caplog.text and secret not in shown
