# SPDX-License-Identifier: Apache-2.0
"""Where the engine is: TLS arguments, and docker's environment and contexts."""

import hashlib
import json

import pytest


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """Docker's variables unset, its configuration in an empty folder; returns monkeypatch."""
    for name in ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_API_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return monkeypatch


def make_context(folder, name, **endpoint):
    """Write a context as ``docker context create`` does."""
    meta = folder / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": endpoint}}))


PEM = {"cert": "/no/cert.pem", "key": "/no/key.pem"}


@pytest.mark.parametrize(
    "asked", ({"ca": "/no/ca.pem"}, PEM, {"verify": True}, {"verify": False}), ids=str
)
def test_the_drop_in_has_no_tls(swarm, asked):
    """One line that says so, before anything is sent."""
    with pytest.raises(swarm.InvalidArgument) as caught:
        swarm.Client("tcp://127.0.0.1:2376", **asked)
    assert str(caught.value).startswith("this build has no TLS")


def test_wrong_tls_arguments(swarm, engine):
    with pytest.raises(swarm.InvalidArgument, match="go together"):
        swarm.Client("tcp://127.0.0.1:2376", cert="/no/cert.pem")
    for name in ("ca", "cert", "key", "context"):
        with pytest.raises(TypeError, match=name):
            swarm.Client(**{name: b"x"})
    with pytest.raises(TypeError, match="verify"):
        swarm.Client(verify="False")


def test_from_the_environment(swarm, engine, environment):
    environment.setenv("DOCKER_HOST", engine.url)
    environment.setenv("DOCKER_API_VERSION", "1.41")
    client = swarm.Client(context="default", timeout=30)
    assert (client.url, client.api_version()) == (engine.url, "1.41")
    assert client.local()["state"] == "inactive"
    assert swarm.Client(context="default", api_version="1.40").api_version() == "1.40"
    environment.setenv("DOCKER_HOST", "tcp://127.0.0.1:2376")
    environment.setenv("DOCKER_TLS_VERIFY", "1")
    with pytest.raises(swarm.InvalidArgument, match="this build has no TLS"):
        swarm.Client(context="default")
    # Nobody who does not ask for it gets it.
    assert swarm.Client(engine.url).local()["state"] == "inactive"


def test_from_a_context(swarm, engine, environment, tmp_path):
    make_context(tmp_path, "here", Host=engine.url)
    client = swarm.Client(context="here", timeout=30)
    assert client.url == engine.url and client.local()["state"] == "inactive"
    with pytest.raises(swarm.NotFound):
        swarm.Client(context="nowhere")
    with pytest.raises(swarm.InvalidArgument):
        swarm.Client(context="../here")
    for more in ({"url": engine.url}, {"ca": "x"}, PEM, {"verify": True}):
        with pytest.raises(swarm.InvalidArgument, match="give no url, ca, cert, key or verify"):
            swarm.Client(context="here", **more)
