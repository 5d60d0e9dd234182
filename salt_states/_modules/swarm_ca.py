# SPDX-License-Identifier: Apache-2.0
"""
The root CA of the cluster against a root of one's own
======================================================

Each node has a certificate of the cluster's root CA, which the engine makes unless it gets one. The
functions run on a manager, and change nothing: ``swarm.rotate_ca`` does. No function returns or logs
a private key.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0

Where the certificate and the private key of a root of one's own are; one place is given for each:

cert_file, key_file
    Path on this minion.
cert_pillar, key_pillar
    A pillar key, such as one that the gpg renderer opens.
cert_sdb, key_sdb
    An ``sdb://`` URL.
"""

import time

from salt.exceptions import CommandExecutionError, SaltInvocationError

SECONDS = 300
POLL_SECONDS = 1

__virtualname__ = "swarm_ca"


def __virtual__():
    return __virtualname__


def given(
    cert_file=None,
    key_file=None,
    cert_pillar=None,
    cert_sdb=None,
    key_pillar=None,
    key_sdb=None,
):
    """
    Return the certificate of your own root CA as text, after checking that the given key belongs to
    it. Changes nothing.

    cert_file, cert_pillar, cert_sdb, key_file, key_pillar, key_sdb
        As for :py:func:`swarm.rotate_ca <salt.modules.swarm.rotate_ca>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_ca.given cert_file=/root/ca.crt key_sdb=sdb://vault/swarm_ca
    """
    cert, _ = _certificate(
        {"cert_file": cert_file, "cert_pillar": cert_pillar, "cert_sdb": cert_sdb}
    )
    _check_key(cert, {"key_file": key_file, "key_pillar": key_pillar, "key_sdb": key_sdb})
    return cert


def diff(
    cert_file=None,
    key_file=None,
    cert_pillar=None,
    cert_sdb=None,
    key_pillar=None,
    key_sdb=None,
):
    """
    Return whether the cluster's root CA is this certificate, after checking that the key belongs to
    it. Changes nothing.

    cert_file, cert_pillar, cert_sdb, key_file, key_pillar, key_sdb
        As for :py:func:`swarm.rotate_ca <salt.modules.swarm.rotate_ca>`.

    Returns ``{"old": fingerprint of the cluster's root CA, "new": that of the given one, "rotating":
    whether a rotation is under way}``; a fingerprint is the SHA-256 of a certificate, in hex digits.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_ca.diff cert_file=/root/ca.crt key_sdb=sdb://vault/swarm_ca
    """
    cert, new = _certificate(
        {"cert_file": cert_file, "cert_pillar": cert_pillar, "cert_sdb": cert_sdb}
    )
    _check_key(cert, {"key_file": key_file, "key_pillar": key_pillar, "key_sdb": key_sdb})
    found = __salt__["swarm_core.call"]("swarm_inspect")
    root = (found.get("TLSInfo") or {}).get("TrustRoot") or ""
    return {
        "old": _fingerprint(_parsed(root, "the root CA of the cluster")) if root else "",
        "new": new,
        "rotating": bool(found.get("RootRotationInProgress")),
    }


def settled(timeout=None):
    """
    Wait until no rotation of the root CA is in progress.

    timeout
        Seconds to wait (300).

    Returns ``True``, or ``False`` where a rotation goes on after that time.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_ca.settled timeout=60
    """
    seconds = SECONDS if timeout is None else timeout
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise SaltInvocationError(f"timeout must be a number of seconds, not {seconds!r}")
    end = time.monotonic() + seconds
    while __salt__["swarm_core.call"]("swarm_inspect").get("RootRotationInProgress"):
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True


# --- a root of one's own --------------------------------------------------------------------------


def _certificate(sources):
    """Return the certificate of the source as text, and its fingerprint."""
    text = __salt__["swarm_core.secret"](str, **sources)
    ((where, _),) = [(name, value) for name, value in sources.items() if value]
    return text, _fingerprint(_parsed(text, where))


def _parsed(text, where):
    from cryptography import x509

    if text.count("-----BEGIN CERTIFICATE-----") != 1:
        raise CommandExecutionError(
            f"{where} must be exactly one PEM certificate: that of the root CA, without a chain"
        )
    try:
        return x509.load_pem_x509_certificate(text.encode())
    except ValueError:
        raise CommandExecutionError(f"{where} is not a PEM certificate") from None


def _fingerprint(certificate):
    from cryptography.hazmat.primitives import hashes

    return certificate.fingerprint(hashes.SHA256()).hex()


def _check_key(cert, sources):
    """
    Check that the key belongs to the certificate, because the engine's own error does not say so.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    def public(key):
        return key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def fits(text):
        try:
            key = serialization.load_pem_private_key(text.encode(), password=None)
        except (TypeError, ValueError, UnsupportedAlgorithm):
            # Nothing of what was read, and so nothing of their texts, may be in the error.
            raise CommandExecutionError(
                "the CA's key must be a PEM private key without a passphrase"
            ) from None
        return public(key.public_key()) == public(_parsed(cert, "cert").public_key())

    if not __salt__["swarm_core.secret"](fits, **sources):
        raise CommandExecutionError("the CA's key is not the key of this certificate")
