# SPDX-License-Identifier: Apache-2.0
"""
Join tokens that travel sealed
==============================

A manager seals the join token of each host to the public key of the one minion that may open it. No
function returns a token.

:maturity: new
:depends: the execution module ``swarm_core``

.. versionadded:: 0.1.0
"""

import base64
import os

import salt.utils.files
from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm_seal"


def __virtual__():
    return __virtualname__


def seal(hosts=None):
    """
    Return join tokens, each sealed to the public key of the one minion that may open it.

    A blob is RSA-OAEP with SHA-256, labelled with the cluster, the role and the minion id, so it
    opens on no other minion and for no other purpose. It may travel through mine and job data.

    hosts
        ``{minion id: {"role": "worker" or "manager", "key": PEM public key}}``

    Returns ``{"cluster_id": …, "digest": …, "sealed": {minion id: base64}}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_seal.seal '{worker1: {role: worker, key: "-----BEGIN PUBLIC KEY-----…"}}'
    """
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if not isinstance(hosts, dict) or not all(isinstance(one, dict) for one in hosts.values()):
        raise SaltInvocationError("hosts must be a dictionary: minion id to role and key")
    for minion, host in hosts.items():
        if host.get("role") not in ("worker", "manager"):
            raise SaltInvocationError(f"role must be worker or manager, not {host.get('role')!r}")
        if not host.get("key"):
            raise SaltInvocationError(f"no public key is given for {minion}")
    found = tokens(into=dict)
    ret = {"cluster_id": found["cluster_id"], "digest": found["digest"], "sealed": {}}
    for minion, host in hosts.items():
        try:
            blob = load_pem_public_key(host["key"].encode()).encrypt(
                found[host["role"]].encode(),
                _padding(found["cluster_id"], host["role"], minion),
            )
        except (AttributeError, ValueError):
            raise CommandExecutionError(
                f"the public key of {minion} is not an RSA key in PEM of 2048 bits or more"
            ) from None
        ret["sealed"][minion] = base64.b64encode(blob).decode()
    return ret


def tokens(into=None):
    """
    Pass both join tokens, in clear, to a function of the same process, and return its result.

    into
        A Python function that takes ``{"worker", "manager", "cluster_id", "digest"}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_seal.tokens    # refused: a job has no function to give
    """
    if not callable(into):
        raise SaltInvocationError("'into' must be a callable (internal callers only)")
    found = __salt__["swarm_core.core"]("tokens", into=dict)
    # The digest is the CA's, so both tokens carry the same.
    found["digest"] = __salt__["swarm_core.core"]("token_parse", found["worker"])["digest"]
    return into(found)


def opened(sealed=None, cluster_id=None, role=None, into=None):
    """
    Pass the token of a blob that a manager sealed for this minion to a function of the same
    process, and return its result.

    sealed, cluster_id, role
        As :py:func:`swarm_seal.seal <seal>` made it.
    into
        A Python function that takes the token.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_seal.opened    # refused: a job has no function to give
    """
    if not callable(into):
        raise SaltInvocationError("'into' must be a callable (internal callers only)")
    if not isinstance(sealed, str):
        raise SaltInvocationError(f"sealed must be a string, not {type(sealed).__name__}")
    try:
        blob = base64.b64decode(sealed, validate=True)
        token = _private_key().decrypt(blob, _padding(cluster_id, role, __opts__["id"])).decode()
    except ValueError:
        raise CommandExecutionError(
            "the sealed join token does not open with this minion's key: it was sealed for"
            " another key, role or cluster; run the bootstrap again"
        ) from None
    return into(token)


def public_key():
    """
    Return this minion's own public key as PEM, the one that its master accepted.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_seal.public_key
    """
    from cryptography.hazmat.primitives import serialization

    return (
        _private_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def _padding(cluster_id, role, minion):
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    return padding.OAEP(
        mgf=padding.MGF1(algorithm=hashes.SHA256()),
        algorithm=hashes.SHA256(),
        label=f"swarm/1|{cluster_id}|{role}|{minion}".encode(),
    )


def _private_key():
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    path = os.path.join(__opts__["pki_dir"], "minion.pem")
    password = __opts__.get("key_pass")
    try:
        with salt.utils.files.fopen(path, "rb") as handle:
            # Its check takes a few hundredths of a second; Salt loads the same file at its start.
            return load_pem_private_key(
                handle.read(),
                password.encode() if password else None,
                unsafe_skip_rsa_key_validation=True,
            )
    except (OSError, TypeError, ValueError) as exc:
        raise CommandExecutionError(
            f"cannot read this minion's key {path}: {type(exc).__name__}"
        ) from None
