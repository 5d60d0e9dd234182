# SPDX-License-Identifier: Apache-2.0
"""
What the tests of the extension against real engines share: the hosts of the lab that tests/live/run
made, a Client for each of their engines, one swarm of all of them, and a registry that requires a name
and a password.

The extension is the built drop-in. It reaches the engine of a host from outside, over the socket in
the host's own root.
"""

import contextlib
import importlib.util
import os
import pathlib
import platform
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lab"))
# Behind, since it has a conftest of its own.
sys.path.append(str(ROOT / "tests/salt"))

import rendered
import salt.loader
from hosts import Host
from steps import Lab

VERSION = (ROOT / "VERSION").read_text().strip()
DROPIN = ROOT / f"build/dropin/_swarm-{VERSION}-{platform.machine()}.abi3.so"
LAB = Lab(os.environ.get("LAB_DIR", "/var/lib/libswarm-live"))
# Those that there are: one manager is enough for some of the tests.
HOSTS = sorted(path.name for path in LAB.hosts.glob("*[0-9]"))
MANAGERS = [name for name in HOSTS if name.startswith("manager")]
# Longest that a command on a host, and a call of an engine, may take.
COMMAND_SECONDS = 120
CALL_SECONDS = 90

SLEEP = "exec /bin/busybox sleep 1000"
REGISTRY = "127.0.0.1:5000"
AUTH = {"username": "live", "password": "hunter2hunter2", "serveraddress": REGISTRY}
# Of the password; bcrypt is all that the registry takes.
HTPASSWD = "live:$2b$04$fJe/nMZTEl889rgRd1Pfj.C1qSmJBF7QBKM/uzFfxLr.uxc1zLVAS"
REGISTRY_CONFIG = f"""
version: 0.1
storage: {{filesystem: {{rootdirectory: /var/lib/live-registry}}}}
http: {{addr: "{REGISTRY}"}}
auth: {{htpasswd: {{realm: live, path: /root/htpasswd}}}}
"""


def until(condition, seconds, what):
    """Wait until a condition holds and return what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"after {seconds} s: {what}"
        time.sleep(0.2)
    return found


class Machine:
    """A host of the lab."""

    def __init__(self, swarm, name):
        self.swarm, self.name, self.host = swarm, name, Host(LAB, name)

    def client(self):
        """A new Client of the host's engine; each of its calls has a bound."""
        socket = f"/proc/{self.host.leader()}/root/run/docker.sock"
        return self.swarm.Client(f"unix://{socket}", timeout=CALL_SECONDS)

    def run(self, command, data="", check=True):
        """Run a shell command on the host and return how it ended."""
        return subprocess.run(
            self.host.inside(["sh", "-ec", command]),
            input=data,
            check=check,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )

    def restart_docker(self):
        """Restart the engine and wait until it answers."""
        self.run("systemctl restart docker")
        until(self.answers, 60, f"{self.name}: no answer after a restart")

    def answers(self):
        try:
            return self.client().call("ping")
        except self.swarm.Error:
            return False


@pytest.fixture(scope="session")
def swarm():
    """The module ``_swarm``."""
    spec = importlib.util.spec_from_file_location("_swarm", DROPIN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def machines(swarm):
    """The hosts by name, each with an engine that answers and in no swarm."""
    machines = {name: Machine(swarm, name) for name in HOSTS}
    for machine in machines.values():
        machine.run("systemctl reset-failed docker; systemctl start docker")
        until(machine.answers, 60, f"{machine.name}: its engine does not answer")
        if machine.client().local()["state"] != "inactive":
            machine.client().leave(force=True)
    return machines


@pytest.fixture(scope="session")
def clients(machines):
    """A Client of each engine by the host's name: three managers of one swarm, and a worker."""
    clients = {name: machine.client() for name, machine in machines.items()}
    # An address of the engine's host would be looked for on this machine: it has one, and finds it.
    clients["manager1"].init()
    tokens = clients["manager1"].tokens()
    for name in HOSTS[1:]:
        manager = name in MANAGERS
        token = tokens["manager" if manager else "worker"]
        clients[name].join([machines["manager1"].host.address], token, manager=manager)
    return clients


@pytest.fixture
def client(clients):
    """The Client of the first manager."""
    return clients["manager1"]


class Job:
    """The functions and states of one job of Salt, loaded by its own loader, at one engine."""

    def __init__(self, core, folder, url, test, pillar):
        self.opts = rendered.minion_opts(
            folder, "manager1", test=test, pillar=pillar, swarm={"url": url}
        )
        self.salt = salt.loader.minion_mods(self.opts)
        self.states = salt.loader.states(self.opts, self.salt, utils={}, serializers={})
        for loader in (self.salt, getattr(self.salt, "_dunder_salt", self.salt)):
            loader["swarm_core.core"].func.__globals__.update(_CORE=core, _CORE_ERROR=None)

    def state(self, function, name, **arguments):
        """What a state function of the extension returns."""
        return self.states[f"swarm.{function}"](name=name, **arguments)


@pytest.fixture
def job(swarm, clients, tmp_path):
    """A maker of jobs: ``job(test=False, host="manager1", **pillar)``."""

    def make(test=False, host="manager1", **pillar):
        return Job(swarm, tmp_path, clients[host].url, test, pillar)

    return make


@pytest.fixture
def services(swarm, client):
    """A function that makes a service and returns its id; they are removed after the test."""
    made = []

    def make(name, image, script=SLEEP, count=1, auth=None, mounts=(), **more):
        container = {
            "Image": image,
            "Command": ["/bin/busybox", "sh", "-c", script],
            "StopGracePeriod": 1000000,
            "Mounts": list(mounts),
        }
        spec = {
            "Name": name,
            "TaskTemplate": {"ContainerSpec": container, **more.pop("task", {})},
            "Mode": {"Replicated": {"Replicas": count}},
            # Without IPVS in the kernel there is no virtual IP.
            "EndpointSpec": {"Mode": "dnsrr", **more.pop("endpoint", {})},
            **more,
        }
        created = client.object_create("service", spec, registry_auth=auth)
        made.append(name)
        return created["ID"]

    yield make
    for name in made:
        with contextlib.suppress(swarm.NotFound):
            client.object_remove("service", name)


@pytest.fixture(scope="session")
def private_image(machines):
    """The name of an image that manager1 gets only from its registry, with a password."""
    machine, image = machines["manager1"], f"{REGISTRY}/live:1"
    machine.run("cat >/root/htpasswd", HTPASSWD + "\n")
    machine.run("cat >/root/registry.yml", REGISTRY_CONFIG)
    # Of another file of tests it may still run.
    machine.run("systemctl stop live-registry", check=False)
    machine.run("systemd-run --unit=live-registry /root/docker-registry serve /root/registry.yml")
    login = f"docker login -u {AUTH['username']} --password-stdin {REGISTRY}"
    until(
        lambda: machine.run(login, AUTH["password"], check=False).returncode == 0,
        30,
        "the registry does not answer",
    )
    machine.run(f"docker tag live:1 {image}; docker push -q {image}; docker rmi {image}")
    machine.run(f"docker logout {REGISTRY}")
    return image
