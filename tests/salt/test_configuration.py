"""What of config and pillar reaches the core's client."""

import pytest
from salt.exceptions import CommandExecutionError

try:
    from salt.utils.secret import MaskedDict
except ImportError:  # before Salt 3008 nothing is masked
    MaskedDict = dict

TLS = {"ca": "/ca.pem", "cert": "/cert.pem", "key": "/key.pem", "verify": False}


@pytest.fixture
def minion(make_fleet):
    return make_fleet(managers=1, workers=0)["manager1"]


def made(minion, opts, pillar):
    """The arguments of the one client that ``swarm.info`` makes."""
    calls = []
    client = minion.core.Client

    def make(**kwargs):
        calls.append(kwargs)
        # The names must be those of the core.
        return client(**kwargs)

    minion.core.Client = make
    plain = minion.opts
    minion.opts = lambda **more: plain(**opts, **more)
    minion.job(pillar=pillar).salt["swarm.info"]()
    (only,) = calls
    return only


@pytest.mark.parametrize(
    ("opts", "pillar", "arguments"),
    [
        ({}, {}, {}),
        (
            {"swarm": {"url": "tcp://a:1", "timeout": 5}},
            {"swarm": {"url": "tcp://b:1", "timeout": 6}},
            {"url": "tcp://a:1", "timeout": 5},
        ),
        (
            {"swarm": {"timeout": 5}},
            {"swarm": {"url": "tcp://b:1", "timeout": 6}},
            {"url": "tcp://b:1", "timeout": 5},
        ),
        ({"docker.url": "tcp://c:1"}, {}, {"url": "tcp://c:1"}),
        ({}, {"docker.url": "tcp://c:1"}, {"url": "tcp://c:1"}),
        ({"docker.url": "tcp://c:1"}, {"swarm": {"url": "tcp://b:1"}}, {"url": "tcp://b:1"}),
        ({"docker.version": "auto"}, {}, {}),
        ({"docker.version": "1.41"}, {}, {"api_version": "1.41"}),
        ({"docker.version": 1.40}, {}, {"api_version": "1.40"}),
        (
            {"docker.version": "1.41", "swarm": {"api_version": "1.44"}},
            {},
            {"api_version": "1.44"},
        ),
        ({"swarm": {"tls": TLS}}, {}, TLS),
        ({}, {"swarm": {"url": "tcp://a:2376", "tls": TLS}}, {"url": "tcp://a:2376", **TLS}),
    ],
)
def test_config_goes_before_pillar_and_ours_before_the_older(minion, opts, pillar, arguments):
    assert made(minion, opts, pillar) == arguments


def test_values_of_a_masked_pillar_are_real(minion):
    block = {"url": "tcp://a:2376", "tls": {"ca": "/ca.pem", "key": "/key.pem"}}
    pillar = MaskedDict({"swarm": block, "docker.version": "1.41"})
    arguments = made(minion, {}, pillar)
    assert arguments == {
        "url": "tcp://a:2376",
        "ca": "/ca.pem",
        "key": "/key.pem",
        "api_version": "1.41",
    }
    assert all(type(value) is str and "*" not in value for value in arguments.values())


@pytest.mark.parametrize("tls", [{"cacert": "/x"}, "/ca.pem", ["ca"]])
def test_a_wrong_tls_block_is_one_line(minion, tls):
    with pytest.raises(CommandExecutionError, match="wants some of ca, cert, key, verify"):
        minion.job(pillar={"swarm": {"tls": tls}}).salt["swarm.info"]()


def test_tokens_of_a_masked_pillar_are_real(make_fleet):
    fleet = make_fleet(managers=1, workers=0).form()
    fleet.add("worker1")
    token = fleet["manager1"].machine.cluster.tokens["worker"]
    job = fleet["worker1"].job(pillar=MaskedDict({"secrets": {"token": token}}))
    assert job.salt["swarm.join"]("10.0.0.1", token_pillar="secrets:token")["role"] == "worker"
