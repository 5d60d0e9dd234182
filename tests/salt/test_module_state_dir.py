# SPDX-License-Identifier: Apache-2.0
"""What lies on a host: the node's certificate, an encrypted key, what stays after a swarm, and the
grain."""

import contextlib
import datetime
import json
import socket
import tempfile
import threading

import pytest
import rendered
import salt.loader
import salt.loader.context
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from fleet import private_key
from salt.exceptions import CommandExecutionError

INFO = {"Swarm": {"LocalNodeState": "inactive"}, "Images": 2, "Containers": 1}
VOLUMES = {"Volumes": [{"Name": "data"}, {"Name": "cache"}], "Warnings": None}
NETWORKS = [{"Name": name} for name in ("bridge", "host", "none", "docker_gwbridge", "own")]


@pytest.fixture
def host(fleet, tmp_path):
    """A host whose engine's root folder is a folder of the test; (job, that folder)."""
    root = tmp_path / "docker"
    (root / "swarm/certificates").mkdir(parents=True)
    answers = {
        "info": {**INFO, "DockerRootDir": str(root)},
        "volume_list": VOLUMES,
        "network_list": NETWORKS,
    }
    job = fleet["worker1"].job()
    job.replace("swarm_core.call", lambda operation: answers[operation])
    return job, root


def write_certificate(root, start, days):
    key = private_key(1)
    names = {
        NameOID.COMMON_NAME: "node1",
        NameOID.ORGANIZATIONAL_UNIT_NAME: "swarm-manager",
        NameOID.ORGANIZATION_NAME: "cluster1",
    }
    subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in names.items()])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    path = root / "swarm/certificates/swarm-node.crt"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def certificate(job):
    with salt.loader.context.loader_context(job.salt):
        return job.certificate()


def test_certificate(host):
    job, root = host
    assert certificate(job) == {}, "in no swarm"
    start = datetime.datetime(2026, 1, 2, 3, 4, 5)
    write_certificate(root, start, 90)
    found = certificate(job)
    left = found.pop("days_left")
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert found == {
        "node_id": "node1",
        "role": "manager",
        "cluster_id": "cluster1",
        "from": "2026-01-02T03:04:05Z",
        "until": "2026-04-02T03:04:05Z",
        "overdue": now - start > datetime.timedelta(days=72),
    }
    end = start + datetime.timedelta(days=90)
    assert abs((end - now).days - left) <= 1


@pytest.mark.parametrize(
    "days, age, overdue",
    [
        # An hour of life, issued a minute ago: the engine dates it back by an hour.
        (2 / 24, 61 / 1440, False),
        (2 / 24, 95 / 1440, False),
        (2 / 24, 97 / 1440, True),
        (90, 71.9, False),
        (90, 72.1, True),
        (90, 91, True),
    ],
)
def test_a_certificate_is_judged_by_the_share_of_its_life(host, days, age, overdue):
    job, root = host
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)
    write_certificate(root, now - datetime.timedelta(days=age), days)
    assert certificate(job)["overdue"] is overdue


def test_an_invalid_certificate(host):
    job, root = host
    (root / "swarm/certificates/swarm-node.crt").write_text("no PEM")
    with pytest.raises(CommandExecutionError, match="cannot read .*swarm-node.crt"):
        certificate(job)


@pytest.mark.parametrize(
    "head, locked",
    [("-----BEGIN ENCRYPTED PRIVATE KEY-----\n", True), ("-----BEGIN PRIVATE KEY-----\n", False)],
)
def test_an_encrypted_key_is_seen(host, head, locked):
    job, root = host
    assert job.salt["swarm_state_dir.key_locked"]() is False, "there is none"
    (root / "swarm/certificates/swarm-node.key").write_text(f"{head}kek-version: 1\nsecret\n")
    assert job.salt["swarm_state_dir.key_locked"]() is locked


# Files below the host's root folder, and whether they show an engine.
TRACES = {
    "nothing": ({}, False),
    "a program": ({"usr/local/bin/dockerd": ""}, True),
    "a unit": ({"lib/systemd/system/docker.service": "[Service]"}, True),
    "a snap": ({"etc/systemd/system/snap.docker.dockerd.service": "[Service]"}, True),
    "data": ({"var/lib/docker/swarm/docker-state.json": "{}"}, True),
    "settings of an engine to come": ({"etc/docker/daemon.json": '{"data-root": "/srv/d"}'}, False),
    "settings beside another engine's data": (
        {"etc/docker/daemon.json": '{"data-root": "/srv/d"}', "srv/d/swarm/state.json": "[]"},
        True,
    ),
    "settings that do not parse": (
        {"etc/docker/daemon.json": '{"data-root": "/srv/d",, }', "srv/d/swarm/state.json": "[]"},
        True,
    ),
    "an option in a drop-in": (
        {
            "etc/systemd/system/docker.service.d/root.conf": "ExecStart=dockerd --data-root=/srv/d -H fd://",
            "srv/d/swarm/state.json": "[]",
        },
        True,
    ),
    "an option in the defaults": (
        {"etc/default/docker": 'DOCKER_OPTS="--data-root /srv/d"', "srv/d/swarm/state.json": "[]"},
        True,
    ),
}


@pytest.mark.parametrize("case", TRACES)
def test_what_shows_that_a_host_has_an_engine(fleet, case):
    files, expected = TRACES[case]
    machine = fleet["worker1"].machine
    machine.docker = "absent"
    root = fleet["worker1"].host()
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    job = fleet["worker1"].job()
    found = job.salt["swarm_state_dir.engine_trace"]()
    assert (found != "") is expected, found
    state = job.salt["swarm_facts.collect"]()["state"]
    assert state == ("unreachable" if expected else "absent")


def test_a_masked_unit_is_not_an_engine(fleet):
    fleet["worker1"].machine.docker = "absent"
    unit = fleet["worker1"].host() / "etc/systemd/system/docker.service"
    unit.parent.mkdir(parents=True)
    unit.symlink_to("/dev/null")
    assert fleet["worker1"].job().salt["swarm_state_dir.engine_trace"]() == ""


def test_the_certificate_is_found_where_the_engine_does_not_answer(fleet):
    machine = fleet["worker1"].machine
    machine.docker = "stopped"
    root = fleet["worker1"].host()
    (root / "etc/docker").mkdir(parents=True)
    (root / "etc/docker/daemon.json").write_text('{"data-root": "/srv/d", broken')
    (root / "srv/d/swarm/certificates").mkdir(parents=True)
    write_certificate(root / "srv/d", datetime.datetime(2026, 1, 2), 90)
    job = fleet["worker1"].job()
    assert certificate(job)["node_id"] == "node1"


def test_leftovers(host):
    job, root = host
    found = job.salt["swarm.leftovers"]()
    assert found.pop("files")[:2] == [str(root), str(root / "swarm")]
    assert found == {
        "swarm": "inactive",
        "volumes": ["cache", "data"],
        "networks": ["docker_gwbridge", "own"],
        "images": 2,
        "containers": 1,
    }


# --- the grain ------------------------------------------------------------------------------------


def grain(root, **opts):
    opts = rendered.minion_opts(root, grains_dirs=[str(rendered.STATES / "_grains")], **opts)
    opts["grains"] = {}
    return salt.loader.grain_funcs(opts)["swarm.swarm"]()


class Engine:
    """A unix socket that answers each request with these bytes; None: not at all."""

    def __init__(self, answer):
        self.asked = b""
        # A path below the folder of the test may be longer than a socket's may be.
        self.folder = tempfile.TemporaryDirectory()
        self.opts = {"swarm": {"url": f"unix://{self.folder.name}/s"}}
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(f"{self.folder.name}/s")
        self.listening.listen()
        self.thread = threading.Thread(target=self._answer, args=(answer,))

    def _answer(self, answer):
        connection, _ = self.listening.accept()
        with connection:
            self.asked = connection.recv(65536)
            if answer is None:
                connection.recv(1)
            else:
                with contextlib.suppress(OSError):
                    connection.sendall(answer)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.thread.join()
        self.listening.close()
        self.folder.cleanup()


def answered(**swarm):
    body = json.dumps({"ID": "engine1", "Swarm": swarm}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


TOLD = [
    (("active", True, "n1"), ("active", "manager", "n1")),
    (("active", False, "n1"), ("active", "worker", "n1")),
    (("inactive", False, ""), ("inactive", "", "")),
    (("locked", False, ""), ("locked", "", "")),
    (("pending", False, "n1"), ("pending", "worker", "n1")),
    (("error", False, "n1"), ("active", "worker", "n1")),
    (("error", False, ""), ("error", "", "")),
]


@pytest.mark.parametrize("told, expected", TOLD)
def test_grain(tmp_path, told, expected):
    state, manager, node_id = told
    with Engine(answered(LocalNodeState=state, ControlAvailable=manager, NodeID=node_id)) as engine:
        found = grain(tmp_path, **engine.opts)
    assert found == {"swarm": dict(zip(("state", "role", "node_id"), expected, strict=False))}
    assert engine.asked.startswith(b"GET /info HTTP/1.1"), "one look, and no token"


@pytest.mark.parametrize(
    "answer", [None, b"", b"no HTTP", b"HTTP/1.1 500 no\r\nContent-Length: 2\r\n\r\n{}", answered()]
)
def test_an_engine_that_does_not_answer(tmp_path, answer):
    with Engine(answer) as engine:
        found = grain(tmp_path, **engine.opts)
    assert found == {"swarm": {"state": "unreachable", "role": "", "node_id": ""}}


def test_an_engine_that_is_stopped(tmp_path):
    with Engine(b"") as engine:
        socket.socket(socket.AF_UNIX).connect(engine.opts["swarm"]["url"][len("unix://") :])
        engine.thread.join()
        engine.listening.close()
        found = grain(tmp_path, **engine.opts)
    assert found["swarm"]["state"] == "unreachable"


def test_without_a_socket_no_call_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr("socket.socket", None)
    found = grain(tmp_path, swarm={"url": f"unix://{tmp_path}/nothing"})
    assert found == {"swarm": {"state": "absent", "role": "", "node_id": ""}}


def test_an_engine_by_tcp_is_not_asked(tmp_path):
    assert grain(tmp_path, **{"docker.url": "tcp://10.0.0.1:2375"}) == {}
