# SPDX-License-Identifier: Apache-2.0
"""Join tokens, sealed on a manager and opened on one minion, with real RSA keys."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from fleet import Minion, private_key, public_pem
from salt.exceptions import CommandExecutionError, SaltInvocationError

DOES_NOT_OPEN = "the sealed join token does not open with this minion's key"


@pytest.fixture
def formed(make_fleet):
    """One manager that made its swarm, two workers outside."""
    fleet = make_fleet(managers=1, workers=2)
    fleet["manager1"].job().salt["swarm.init"]()
    return fleet


def seal(fleet, role="worker", minion="worker1", key=None):
    """(cluster id, digest, blob) of a token sealed for one minion."""
    key = key or public_pem(fleet[minion].key)
    ret = fleet["manager1"].job().salt["swarm_seal.seal"]({minion: {"role": role, "key": key}})
    assert list(ret["sealed"]) == [minion]
    return ret["cluster_id"], ret["digest"], ret["sealed"][minion]


def join(minion, cluster, blob, role="worker"):
    return minion.job().salt["swarm.join"]("10.0.0.1", sealed=blob, cluster_id=cluster, role=role)


def token_of(fleet, role="worker"):
    return fleet["manager1"].machine.cluster.tokens[role]


def test_sealed_token_opens_on_its_minion_and_joins(formed):
    cluster, digest, blob = seal(formed)
    assert cluster == formed["manager1"].machine.cluster.id
    assert digest == formed["manager1"].machine.cluster.digest
    assert join(formed["worker1"], cluster, blob)["role"] == "worker"
    assert dict(formed["worker1"].machine.calls)["join"]["token"] == token_of(formed)


def test_the_role_decides_which_token_is_sealed(formed):
    cluster, _, blob = seal(formed, role="manager")
    assert join(formed["worker1"], cluster, blob, "manager")["role"] == "manager"


def test_the_form_is_the_documented_one(formed):
    """RSA-OAEP, SHA-256, and the label of the design: another implementation can open it."""
    cluster, _, blob = seal(formed)
    label = f"swarm/1|{cluster}|worker|worker1".encode()
    opened = formed["worker1"].key.decrypt(
        base64.b64decode(blob),
        padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label),
    )
    assert opened.decode() == token_of(formed)


def fails(formed, minion, cluster, blob, role="worker", words=DOES_NOT_OPEN):
    """The error of a join that must not come about: one line, no token, nothing sent."""
    before = len(minion.machine.calls)
    with pytest.raises(CommandExecutionError) as raised:
        join(minion, cluster, blob, role)
    text = str(raised.value)
    assert words in text
    assert "\n" not in text
    assert token_of(formed) not in repr(raised.getrepr(style="long", showlocals=False))
    assert raised.value.__cause__ is None and raised.value.__suppress_context__
    assert "join" not in dict(minion.machine.calls[before:])


def test_another_minions_key_does_not_open_it(formed):
    cluster, _, blob = seal(formed)
    fails(formed, formed["worker2"], cluster, blob)


def test_another_role_does_not_open_it(formed):
    cluster, _, blob = seal(formed)
    fails(formed, formed["worker1"], cluster, blob, role="manager")


def test_another_cluster_does_not_open_it(formed):
    _, _, blob = seal(formed)
    fails(formed, formed["worker1"], "another", blob)


def test_another_minion_id_with_the_same_key_does_not_open_it(formed):
    cluster, _, blob = seal(formed)
    machine = formed["worker2"].machine
    twin = Minion(formed, "worker1-twin", machine, formed["worker1"].key)
    fails(formed, twin, cluster, blob)


@pytest.mark.parametrize("blob", ["no base64!", "AAAA", base64.b64encode(bytes(256)).decode()])
def test_garbage_does_not_open(formed, blob):
    fails(formed, formed["worker1"], "any", blob)


def test_a_cut_blob_does_not_open(formed):
    cluster, _, blob = seal(formed)
    cut = base64.b64encode(base64.b64decode(blob)[:-1]).decode()
    fails(formed, formed["worker1"], cluster, cut)


def test_missing_key_of_the_minion_is_named(formed):
    cluster, _, blob = seal(formed)
    minion = formed["worker1"]
    (minion.root / "pki/minion.pem").unlink()
    fails(formed, minion, cluster, blob, words=f"cannot read this minion's key {minion.root}")


def test_the_minions_key_may_have_a_password(formed):
    cluster, _, blob = seal(formed)
    minion = formed["worker1"]
    (minion.root / "pki/minion.pem").write_bytes(
        minion.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    fails(formed, minion, cluster, blob, words="cannot read this minion's key")
    opts = minion.opts
    minion.opts = lambda **more: opts(key_pass="secret", **more)
    assert join(minion, cluster, blob)["role"] == "worker"


def test_public_key_is_the_one_that_seals(formed):
    assert formed["worker1"].job().salt["swarm_seal.public_key"]() == public_pem(private_key(2))


@pytest.mark.parametrize(
    "make",
    [
        lambda: "no pem",
        lambda: public_pem(rsa.generate_private_key(65537, 1024)),
        lambda: public_pem(ec.generate_private_key(ec.SECP256R1())),
    ],
    ids=["text", "1024 bits", "elliptic"],
)
def test_key_that_cannot_seal_names_its_minion(formed, make):
    with pytest.raises(CommandExecutionError, match="^the public key of worker1 is not an RSA key"):
        seal(formed, key=make())


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ({"role": "leader", "key": "x"}, "role must be worker or manager, not 'leader'"),
        ({"key": "x"}, "role must be worker or manager, not None"),
        ({"role": "worker", "key": ""}, "no public key is given for worker1"),
    ],
)
def test_wrong_input_is_reported_in_one_line(formed, host, words):
    with pytest.raises(SaltInvocationError) as raised:
        formed["manager1"].job().salt["swarm_seal.seal"]({"worker1": host})
    assert str(raised.value) == words


def test_no_token_in_what_seal_returns(formed):
    text = repr(seal(formed))
    assert token_of(formed) not in text
    assert token_of(formed).rpartition("-")[2] not in text


def test_the_digest_is_checked_before_anything_is_sent(formed):
    cluster, _, blob = seal(formed)
    with pytest.raises(CommandExecutionError, match="of another swarm"):
        formed["worker1"].job().salt["swarm.join"](
            "10.0.0.1", sealed=blob, cluster_id=cluster, digest="another"
        )
    assert formed["worker1"].machine.state == "inactive"
