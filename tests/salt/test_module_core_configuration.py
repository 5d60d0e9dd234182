# SPDX-License-Identifier: Apache-2.0
"""What of config and pillar reaches the core's client."""

import pytest
from salt.exceptions import SaltInvocationError

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


SLIPS = [
    ({"tls": {"cacert": "/x"}}, "unknown key 'cacert' under swarm:tls (did you mean 'cert'?)"),
    ({"tls": "/ca.pem"}, "swarm:tls must be a dictionary (ca, cert, key, verify), not '/ca.pem'"),
    ({"tls": ["ca"]}, "swarm:tls must be a dictionary (ca, cert, key, verify), not a list"),
    (
        {"api_version": 1.41},
        "swarm:api_version must be a string such as '1.41', not 1.41: quote it in YAML",
    ),
    ({"timeout": "30s"}, "swarm:timeout must be a number of seconds above 0, not '30s': write 30"),
]


@pytest.mark.parametrize("given, line", SLIPS)
def test_a_mistake_in_the_address_of_the_engine_is_reported_in_one_line(minion, given, line):
    with pytest.raises(SaltInvocationError) as caught:
        minion.job(pillar={"swarm": given}).salt["swarm.info"]()
    assert str(caught.value) == line


def test_a_mistake_in_the_configuration_of_the_minion_is_reported_in_one_line(minion):
    plain = minion.opts
    minion.opts = lambda **more: plain(**more, swarm={"ur": "tcp://a:1"})
    with pytest.raises(SaltInvocationError) as caught:
        minion.job().salt["swarm.info"]()
    assert str(caught.value) == "unknown key 'ur' under swarm (did you mean 'url'?)"


def test_tokens_of_a_masked_pillar_are_real(make_fleet):
    fleet = make_fleet(managers=1, workers=0).form()
    fleet.add("worker1")
    token = fleet["manager1"].machine.cluster.tokens["worker"]
    job = fleet["worker1"].job(pillar=MaskedDict({"secrets": {"token": token}}))
    assert job.salt["swarm.join"]("10.0.0.1", token_pillar="secrets:token")["role"] == "worker"
