# SPDX-License-Identifier: Apache-2.0
"""The extension under test, and an engine for it.

The module under test is the built drop-in (``pymodule/build-dropin``), loaded as a minion loads it.
"""

import contextlib
import importlib.util
import os
import platform
import tempfile
import threading
from importlib.machinery import ExtensionFileLoader
from pathlib import Path

import pytest
from fake_engine import FakeEngine

ROOT = Path(__file__).resolve().parents[2]
VERSION = (ROOT / "VERSION").read_text().strip()
DROPIN = ROOT / f"build/dropin/_swarm-{VERSION}-{platform.machine()}.abi3.so"


def load_extension(path=DROPIN):
    """Load the extension from a file and return a new module."""
    loader = ExtensionFileLoader("_swarm", str(path))
    spec = importlib.util.spec_from_file_location("_swarm", str(path), loader=loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def pytest_configure(config):
    """Fail with one line where nothing was built."""
    if not DROPIN.exists():
        raise pytest.UsageError(f"{DROPIN} is missing: run pymodule/build-dropin")


@pytest.fixture(scope="session")
def swarm():
    """The module ``_swarm``."""
    return load_extension()


@pytest.fixture
def socket_path():
    """A path short enough for a unix socket."""
    with tempfile.TemporaryDirectory(prefix="swarm-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder, "engine.sock")


@contextlib.contextmanager
def serving(path):
    """A FakeEngine that serves in a thread of this process."""
    engine = FakeEngine(path)
    thread = threading.Thread(target=engine.serve, daemon=True)
    thread.start()
    yield engine
    engine.close()
    thread.join()


@pytest.fixture
def engine(socket_path):
    """An engine."""
    with serving(socket_path) as engine:
        yield engine


@pytest.fixture
def other_engine(socket_path):
    """Another host's."""
    with serving(socket_path.with_name("other.sock")) as engine:
        yield engine


@pytest.fixture
def client(swarm, engine):
    """A Client of the engine, with a bound on every call."""
    client = swarm.Client(engine.url, timeout=30)
    yield client
    client.close()


@pytest.fixture
def manager(engine, client):
    """The same where the host is a manager."""
    engine.enter(manager=True)
    return client
