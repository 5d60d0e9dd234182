# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: how a host gets in
=====================================

Joining, and the join tokens. The functions belong to the name ``swarm``; ``swarm_seal.py`` seals a
token to the key of the minion that may open it.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0
"""

import contextlib
import hashlib

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
        blob made by ``swarm_seal.seal`` for this minion (with ``cluster_id`` and ``role``); the token
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
        If a join was found pending and does not become active, leave by force and join again.
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
        __salt__["swarm_core.core"]("join", remote_addrs, secret, **options)

    if sealed and len([source for source in sources.values() if source]) == 1:
        __salt__["swarm_seal.opened"](sealed, cluster_id, role, into=join_with)
    else:
        __salt__["swarm_core.secret"](join_with, **sources)
    local = __salt__["swarm.info"]()
    return {"node_id": local["node_id"], "role": local["role"]}


def join_token(role=None, show=False):
    """
    Return what a manager's join token says, or the token itself.

    role
        ``worker`` or ``manager``.
    show
        ``True`` returns the token, in clear: it is then in the job cache, on the event bus and
        in the minion's log. Without it no secret is returned.

    Returns ``{"role": …, "cluster_id": …, "digest": …, "fingerprints": {role: SHA-256 of its token}}``,
    and ``token`` where asked for. A fingerprint is not a secret: a token has 128 random bits.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.join_token worker
    """
    _check_role(role)
    tokens = __salt__["swarm_seal.tokens"](into=dict)
    ret = {"role": role, "cluster_id": tokens["cluster_id"], "digest": tokens["digest"]}
    ret["fingerprints"] = {one: _fingerprint(tokens[one]) for one in ("worker", "manager")}
    if show is True:
        ret["token"] = tokens[role]
    return ret


def _fingerprint(token):
    return hashlib.sha256(token.encode()).hexdigest()


def _check_role_of(token, role):
    """
    Check the role of a token, which does not show it, by the fingerprints that the managers of
    pillar published.
    """
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
        raise SaltInvocationError(f"role must be worker or manager, not {role!r}")
