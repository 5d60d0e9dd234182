# SPDX-License-Identifier: Apache-2.0
"""The wheel of ``make wheel``: needs libc alone, and speaks TLS whatever else the process has loaded."""

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT, VERSION, load_extension

WHEELS = ROOT / "build/dist"


@pytest.fixture(scope="session")
def wheel():
    """The wheel."""
    found = list(WHEELS.glob("*.whl"))
    assert len(found) == 1, "run make wheel"
    return found[0]


@pytest.fixture(scope="session")
def extension(wheel, tmp_path_factory):
    """The path of its extension."""
    with zipfile.ZipFile(wheel) as archive:
        return Path(
            archive.extract("saltext/swarm/_swarm.abi3.so", tmp_path_factory.mktemp("wheel"))
        )


@pytest.fixture
def tls(engine, tmp_path):
    """TLS in front of the engine: (URL, folder of PEM files). Clients must show a certificate."""
    front = subprocess.Popen(
        [
            sys.executable,
            ROOT / "tests/c/tls_front.py",
            tmp_path,
            engine.url.removeprefix("unix://"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    port = front.stdout.readline().strip()
    yield f"tcp://127.0.0.1:{port}", tmp_path
    front.communicate()


def pem(folder, **names):
    """Return TLS arguments of Client; names replace ca, client and client-key."""
    files = {"ca": "ca", "cert": "client", "key": "client-key", **names}
    return {name: f"{folder}/{file}.pem" for name, file in files.items() if file}


def test_metadata(wheel):
    """Of pyproject.toml and setup.py: where both have the same, setuptools drops that of setup.py."""
    with zipfile.ZipFile(wheel) as archive:
        folder = f"saltext_swarm-{VERSION}.dist-info"
        fields = archive.read(f"{folder}/METADATA").decode().split("\n\n")[0].splitlines()
        entries = archive.read(f"{folder}/entry_points.txt").decode()
    wanted = {
        f"Version: {VERSION}",
        "Name: saltext-swarm",
        "Author: the libswarm authors",
        "License: Apache-2.0",
        "Requires-Python: >=3.10",
        "Classifier: Operating System :: POSIX :: Linux",
    }
    assert wanted <= set(fields)
    assert "saltext.swarm = saltext.swarm:loader_dirs" in entries
    assert "saltext-swarm-fileroot = saltext.swarm.fileroot:main" in entries


def test_it_needs_libc_alone(wheel, extension):
    done = subprocess.run(
        [ROOT / "pymodule/check-needs", extension], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    major, minor = re.search(r"glibc (\d+)\.(\d+) or later", done.stdout).groups()
    tag = f"manylinux_{major}_{minor}_{platform.machine()}"
    assert wheel.name == f"saltext_swarm-{VERSION}-cp310-abi3-{tag}.whl"
    with zipfile.ZipFile(wheel) as archive:
        assert (
            f"Tag: cp310-abi3-{tag}"
            in archive.read(f"saltext_swarm-{VERSION}.dist-info/WHEEL").decode()
        )
    assert str(ROOT).encode() not in extension.read_bytes()


def test_tls(engine, extension, tls):
    swarm, (url, folder) = load_extension(extension), tls
    assert swarm.Client(url, timeout=30, **pem(folder)).local()["state"] == "inactive"
    https = url.replace("tcp:", "https:")
    assert swarm.Client(https, timeout=30, **pem(folder)).local()["state"] == "inactive"
    unverified = swarm.Client(url, timeout=30, verify=False, **pem(folder, ca=None))
    assert unverified.local()["state"] == "inactive"
    assert engine.requests[-1].path == "/info"


@pytest.mark.parametrize(
    ("names", "more"),
    (
        ({"ca": "other"}, {}),
        ({"cert": "other", "key": "other-key"}, {}),
        ({"cert": None, "key": None}, {}),
        ({"ca": "none"}, {}),
        ({"ca": None}, {"verify": True}),
    ),
    ids=str,
)
def test_tls_that_does_not_fit(engine, extension, tls, names, more):
    swarm, (url, folder) = load_extension(extension), tls
    # The text is OpenSSL's; that a client's certificate is refused comes at any moment.
    with pytest.raises(swarm.TransportError):
        swarm.Client(url, timeout=30, **pem(folder, **names), **more).local()
    assert engine.requests == []


def test_tls_of_a_context_and_the_environment(extension, tls, tmp_path, monkeypatch):
    swarm, (url, folder) = load_extension(extension), tls
    name = hashlib.sha256(b"there").hexdigest()
    meta, material = tmp_path / "contexts/meta" / name, tmp_path / "contexts/tls" / name / "docker"
    for made in (meta, material):
        made.mkdir(parents=True)
    (meta / "meta.json").write_text(
        json.dumps({"Name": "there", "Endpoints": {"docker": {"Host": url}}})
    )
    for ours, docker in (("ca", "ca"), ("client", "cert"), ("client-key", "key")):
        (material / f"{docker}.pem").write_bytes((folder / f"{ours}.pem").read_bytes())
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert swarm.Client(context="there", timeout=30).local()["state"] == "inactive"
    monkeypatch.setenv("DOCKER_HOST", url)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(material))
    assert swarm.Client(context="default", timeout=30).local()["state"] == "inactive"


@pytest.fixture
def strange_openssl(extension, tmp_path):
    """Libraries with OpenSSL's sonames and functions, each of which ends the process."""
    symbols = subprocess.run(
        ["openssl", "version"], capture_output=True, text=True, check=True
    ).stdout
    assert symbols.startswith("OpenSSL 3")
    functions = ["SSL_CTX_new", "SSL_new", "SSL_connect", "OPENSSL_init_ssl", "TLS_client_method"]
    functions += [
        "OPENSSL_init_crypto",
        "CRYPTO_malloc",
        "ERR_clear_error",
        "EVP_MD_fetch",
        "RAND_bytes",
    ]
    source = tmp_path / "strange.c"
    source.write_text(
        "void abort(void);\n" + "".join(f"void {name}(void) {{ abort(); }}\n" for name in functions)
    )
    made = []
    for name in ("libssl.so.3", "libcrypto.so.3"):
        made.append(tmp_path / name)
        subprocess.run(
            ["gcc", "-shared", "-fPIC", "-w", f"-Wl,-soname,{name}", "-o", made[-1], source],
            check=True,
        )
    return made


USE = """
import ctypes, os, sys
for path in {libraries}:
    ctypes.CDLL(path, mode=os.RTLD_GLOBAL | os.RTLD_NOW)
sys.path.insert(0, {tests!r})
from conftest import load_extension
swarm = load_extension({extension!r})
client = swarm.Client({url!r}, timeout=30, **{pem!r})
print(client.local()["state"])
pid = os.fork()
if pid == 0:
    print(client.local()["state"], flush=True)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
print(client.local()["state"])
"""


def use(extension, tls, libraries):
    """Return what a process says that loads libraries, then the extension, and speaks TLS."""
    values = {"libraries": [str(path) for path in libraries], "tests": str(ROOT / "tests/python")}
    values |= {"extension": str(extension), "url": tls[0], "pem": pem(tls[1])}
    done = subprocess.run(
        [sys.executable, "-u", "-c", USE.format(**values)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout.split(), done.returncode, done.stderr


def test_beside_another_openssl(extension, tls, strange_openssl):
    """As in Salt's onedir, which brings its own under the system's sonames (saltstack/salt#65234)."""
    assert use(extension, tls, strange_openssl) == (["inactive"] * 3, 0, "")


def test_beside_the_system_s_openssl(extension, tls):
    names = ["libssl.so.3", "libcrypto.so.3"]
    assert use(extension, tls, names) == (["inactive"] * 3, 0, "")


def test_the_strange_openssl_is_one(strange_openssl, tmp_path):
    """A program that is linked with the system's would not live with it."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
    done = subprocess.run(["openssl", "version"], capture_output=True, env=environment, timeout=60)
    assert done.returncode != 0
