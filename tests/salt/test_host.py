"""What lies on a host: the node's certificate, an encrypted key, what stays after a swarm, and the
grain."""

import datetime
import platform
import shutil

import pytest
import salt.loader
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from salt.exceptions import CommandExecutionError

import fake_core
import rendered
from fleet import private_key

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
    job.replace("swarm.call", lambda operation: answers[operation])
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


def test_certificate(host):
    job, root = host
    assert job.salt["swarm.certificate"]() == {}, "in no swarm"
    start = datetime.datetime(2026, 1, 2, 3, 4, 5)
    write_certificate(root, start, 90)
    found = job.salt["swarm.certificate"]()
    left = found.pop("days_left")
    assert found == {
        "node_id": "node1",
        "role": "manager",
        "cluster_id": "cluster1",
        "from": "2026-01-02T03:04:05Z",
        "until": "2026-04-02T03:04:05Z",
    }
    end = start + datetime.timedelta(days=90)
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert abs((end - now).days - left) <= 1


def test_a_certificate_that_is_none(host):
    job, root = host
    (root / "swarm/certificates/swarm-node.crt").write_text("no PEM")
    with pytest.raises(CommandExecutionError, match="cannot read .*swarm-node.crt"):
        job.salt["swarm.certificate"]()


@pytest.mark.parametrize(
    "head, locked",
    [("-----BEGIN ENCRYPTED PRIVATE KEY-----\n", True), ("-----BEGIN PRIVATE KEY-----\n", False)],
)
def test_an_encrypted_key_is_seen(host, head, locked):
    job, root = host
    assert job.salt["swarm.key_locked"]() is False, "there is none"
    (root / "swarm/certificates/swarm-node.key").write_text(f"{head}kek-version: 1\nsecret\n")
    assert job.salt["swarm.key_locked"]() is locked


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


# --- the grain --------------------------------------------------------------------------------------


def grain(root, machine=None, **opts):
    """The grain of a minion whose core talks to a machine in memory; without one the real loader's."""
    opts = rendered.minion_opts(root, grains_dirs=[str(rendered.STATES / "_grains")], **opts)
    opts["grains"] = {}
    loader = salt.loader.grain_funcs(opts)
    function = loader["swarm.swarm"]
    if machine:
        function.func.__globals__["_core"] = lambda: fake_core.Core(machine)
    return function()


@pytest.fixture
def socket(tmp_path):
    path = tmp_path / "docker.sock"
    path.touch()
    return {"swarm": {"url": f"unix://{path}"}}


@pytest.mark.parametrize("name, role", [("manager1", "manager"), ("worker1", "worker")])
def test_a_member(fleet, tmp_path, socket, name, role):
    machine = fleet.form()[name].machine
    found = grain(tmp_path, machine, **socket)
    assert found == {"swarm": {"state": "active", "role": role, "node_id": machine.node_id}}
    assert [call for call, _ in machine.calls] == ["local"], "one look, and no token"
    assert machine.calls[0][1]["timeout"] <= 2


def test_outside_a_swarm(fleet, tmp_path, socket):
    found = grain(tmp_path, fleet["worker1"].machine, **socket)
    assert found == {"swarm": {"state": "inactive", "role": "", "node_id": ""}}


def test_an_engine_that_does_not_answer(fleet, tmp_path, socket):
    fleet["worker1"].machine.docker = "stopped"
    found = grain(tmp_path, fleet["worker1"].machine, **socket)
    assert found == {"swarm": {"state": "unreachable", "role": "", "node_id": ""}}


def test_without_a_socket_no_call_is_made(fleet, tmp_path):
    machine = fleet["worker1"].machine
    found = grain(tmp_path, machine, swarm={"url": f"unix://{tmp_path}/nothing"})
    assert found == {"swarm": {"state": "absent", "role": "", "node_id": ""}}
    assert machine.calls == []


def test_the_core_is_the_one_beside_the_execution_module(tmp_path, socket):
    """As on a minion: extmods/grains/swarm.py, and extmods/modules with the compiled core."""
    built = sorted((rendered.PROJECT / "build/dropin").glob("_swarm-*.abi3.so"))
    assert built, "make the extension first: make check-salt does"
    for kind in ("grains", "modules"):
        (tmp_path / "ext" / kind).mkdir(parents=True)
    shutil.copy(rendered.STATES / "_grains/swarm.py", tmp_path / "ext/grains")
    shutil.copy(built[0], tmp_path / "ext/modules")
    opts = rendered.minion_opts(tmp_path, grains_dirs=[str(tmp_path / "ext/grains")], **socket)
    opts["grains"] = {}
    found = salt.loader.grain_funcs(opts)["swarm.swarm"]()
    # The socket of the test is a plain file, which the core says in its own words.
    assert found == {"swarm": {"state": "unreachable", "role": "", "node_id": ""}}


def test_a_core_that_does_not_load_leaves_the_grain_away(tmp_path, socket, caplog):
    for kind in ("grains", "modules"):
        (tmp_path / "ext" / kind).mkdir(parents=True)
    shutil.copy(rendered.STATES / "_grains/swarm.py", tmp_path / "ext/grains")
    broken = tmp_path / f"ext/modules/_swarm-0.1.0-{platform.machine()}.abi3.so"
    broken.write_bytes(b"no library")
    opts = rendered.minion_opts(tmp_path, grains_dirs=[str(tmp_path / "ext/grains")], **socket)
    opts["grains"] = {}
    assert salt.loader.grain_funcs(opts)["swarm.swarm"]() == {}
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "WARNING")]
