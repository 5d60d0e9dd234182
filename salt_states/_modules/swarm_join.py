"""
Docker swarm mode: how a host gets in
=====================================

Joining, the join tokens, and how a manager seals one to the key of the minion that may open it. All
of it belongs to the name ``swarm``.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0
"""

import base64
import contextlib
import hashlib
import os

import salt.utils.files
from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def join(
    remote_addrs=None,
    token=None,
    token_file=None,
    token_pillar=None,
    token_sdb=None,
    sealed=None,
    cluster_id=None,
    role="worker",
    digest=None,
    advertise_addr=None,
    listen_addr=None,
    data_path_addr=None,
    availability=None,
    replace_pending=False,
    timeout=None,
):
    """
    Join this host to a swarm, and wait until it is active.

    remote_addrs
        Manager ``address[:port]``, or a list of them; those that listen are tried in turn.
    token_file, token_pillar, token_sdb, sealed, token
        Where the join token is; give one. A path on this minion; a pillar key; an ``sdb://`` URL; a
        blob made by ``swarm.seal`` for this minion (with ``cluster_id`` and ``role``); the token
        itself, which then **leaks** into job cache, event bus and debug logs.
    role
        ``worker`` or ``manager``: what the token makes of this host. A token of the other role is an
        error before anything is sent, where a manager of pillar published the fingerprints of its
        tokens. For ``manager`` the call also waits until the manager part is up; where a manager's
        token made a manager of a worker all the same, the error names the node to demote.
    digest
        The CA digest that the token must carry (as from ``swarm.join_token``), checked before
        anything is sent.
    advertise_addr, listen_addr, data_path_addr, availability
        As for :py:func:`swarm.init <init>`.
    replace_pending
        A join that was found pending and does not become active is left by force and done anew.
    timeout
        Seconds for the whole call (120).

    Returns ``{"node_id": …, "role": …}``.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm.join 10.0.0.1 token_file=/run/swarm.token
    """
    if isinstance(remote_addrs, str):
        remote_addrs = [remote_addrs]
    _check_role(role)
    sources = {
        "token_file": token_file,
        "token_pillar": token_pillar,
        "token_sdb": token_sdb,
        "sealed": sealed,
        "token": token,
    }
    if sealed and len([source for source in sources.values() if source]) == 1:
        sources["sealed"] = _open(sealed, cluster_id, role)
    options = {
        "digest": digest,
        "advertise_addr": advertise_addr,
        "listen_addr": listen_addr,
        "data_path_addr": data_path_addr,
        "availability": availability,
        "manager": role == "manager",
        "worker": role == "worker",
        "replace_pending": replace_pending,
        "timeout": timeout,
    }

    if not remote_addrs:
        raise SaltInvocationError("give remote_addrs: the address of a manager, or a list of them")

    def join_with(secret):
        if not sealed:
            _check_role_of(secret, role)
        __salt__["swarm.core"]("join", remote_addrs, secret, **options)

    __salt__["swarm.secret"](join_with, **sources)
    local = __salt__["swarm.info"]()
    return {"node_id": local["node_id"], "role": local["role"]}


def join_token(role=None, show=False):
    """
    What a manager's join token says, or the token itself.

    role
        ``worker`` or ``manager``.
    show
        ``True`` returns the token, in clear: it then stands in the job cache, on the event bus and
        in the minion's log. Without it no secret is returned.

    Returns ``{"role": …, "cluster_id": …, "digest": …, "fingerprints": {role: SHA-256 of its token}}``,
    and ``token`` where asked for. A fingerprint is not a secret: a token has 128 random bits.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.join_token worker
    """
    _check_role(role)
    tokens = _tokens()
    ret = {"role": role, "cluster_id": tokens["cluster_id"], "digest": tokens["digest"]}
    ret["fingerprints"] = {one: _fingerprint(tokens[one]) for one in ("worker", "manager")}
    if show is True:
        ret["token"] = tokens[role]
    return ret


def _tokens():
    """Both join tokens, in clear: ``{"worker", "manager", "cluster_id", "digest"}``."""
    tokens = __salt__["swarm.core"]("tokens", into=dict)
    # The digest is the CA's, so both tokens carry the same.
    tokens["digest"] = __salt__["swarm.core"]("token_parse", tokens["worker"])["digest"]
    return tokens


def seal(hosts=None):
    """
    Join tokens, each sealed to the public key of the one minion that may open it.

    A blob is RSA-OAEP with SHA-256, labelled with the cluster, the role and the minion id, so it
    opens on no other minion and for no other purpose. It may travel through mine and job data.

    hosts
        ``{minion id: {"role": "worker" or "manager", "key": PEM public key}}``

    Returns ``{"cluster_id": …, "digest": …, "sealed": {minion id: base64}}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.seal '{worker1: {role: worker, key: "-----BEGIN PUBLIC KEY-----…"}}'
    """
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if not isinstance(hosts, dict) or not all(isinstance(one, dict) for one in hosts.values()):
        raise SaltInvocationError("hosts wants a dictionary: minion id, and for each role and key")
    for minion, host in hosts.items():
        _check_role(host.get("role"))
        if not host.get("key"):
            raise SaltInvocationError(f"no public key is given for {minion}")
    tokens = _tokens()
    ret = {"cluster_id": tokens["cluster_id"], "digest": tokens["digest"], "sealed": {}}
    for minion, host in hosts.items():
        try:
            blob = load_pem_public_key(host["key"].encode()).encrypt(
                tokens[host["role"]].encode(),
                _padding(tokens["cluster_id"], host["role"], minion),
            )
        except (AttributeError, ValueError):
            raise CommandExecutionError(
                f"the public key of {minion} is no RSA key in PEM of 2048 bits or more"
            ) from None
        ret["sealed"][minion] = base64.b64encode(blob).decode()
    return ret


def public_key():
    """
    This minion's own public key as PEM, the one that its master accepted.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm.public_key
    """
    from cryptography.hazmat.primitives import serialization

    return (
        _private_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def _fingerprint(token):
    return hashlib.sha256(token.encode()).hexdigest()


def _check_role_of(token, role):
    """A token does not show its role; the managers of pillar published fingerprints of theirs."""
    entries = {}
    # Without a master or without managers in pillar there is nobody to ask.
    with contextlib.suppress(CommandExecutionError):
        entries = __salt__["swarm_facts.read"](__salt__["swarm_facts.manager_ids"]())
    other = "manager" if role == "worker" else "worker"
    for name, facts in entries.items():
        known = facts.get("fingerprints")
        if isinstance(known, dict) and known.get(other) == _fingerprint(token):
            raise CommandExecutionError(
                f"the join token is the {other} token of the swarm of {name}, and this host is to"
                f" become a {role}: give the {role} token, or role={other}"
            )


def _check_role(role):
    if role not in ("worker", "manager"):
        raise SaltInvocationError(f"the role is worker or manager, not {role!r}")


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


def _open(sealed, cluster_id, role):
    """The token of a blob that a manager sealed for this minion."""
    if not isinstance(sealed, str):
        raise SaltInvocationError(f"sealed must be a text, not {type(sealed).__name__}")
    try:
        blob = base64.b64decode(sealed, validate=True)
        return _private_key().decrypt(blob, _padding(cluster_id, role, __opts__["id"])).decode()
    except ValueError:
        raise CommandExecutionError(
            "the sealed join token does not open with this minion's key: it was sealed for"
            " another key, role or cluster; run the bootstrap again"
        ) from None
