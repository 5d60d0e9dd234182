# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: this host's part in a swarm
==============================================

Functions on the swarm that this minion's engine belongs to. They call the Engine API through the
compiled core ``_swarm``; neither the ``docker`` command nor Docker's Python SDK is needed. This
file holds what concerns the host itself; ``swarm_join.py``, ``swarm_nodes.py`` and others beside it
add to the same name, ``swarm``, which has what an operator types and nothing else. All of them reach
the engine by ``swarm_core.py``, which loads the core.

:maturity: new
:depends: the compiled core, delivered beside this file or in the wheel ``saltext-swarm``
:platform: Linux

.. versionadded:: 0.1.0

**Configuration**, each key from minion config, else from pillar; none is needed for an engine at
its usual socket:

.. code-block:: yaml

    swarm:
      url: tcp://10.0.0.1:2376        # unix:///var/run/docker.sock unless given
      timeout: 30                     # seconds for one request
      api_version: '1.45'             # the highest that both know, unless given
      tls:
        ca: /etc/docker/ca.pem        # CA bundle to trust
        cert: /etc/docker/cert.pem    # this client's own
        key: /etc/docker/key.pem
        verify: true                  # false disables verification

The older ``docker.url`` and ``docker.version`` are read where ``swarm:url`` and
``swarm:api_version`` are not set.

**Errors**: each function raises ``CommandExecutionError`` with one line that says what to do; no
line holds a join token or a key. A node is named by its full id, by its exact host name, or by
``self``; a name that two nodes share is an error that lists both ids.
"""

import datetime
import os

from salt.exceptions import SaltInvocationError

# Operations whose body has a field for a token, key, password or data.
MAY_HOLD_SECRETS = (
    "auth",
    "swarm_init",
    "swarm_join",
    "swarm_update",
    "swarm_unlock",
    "secret_create",
    "secret_update",
    "config_create",
    "config_update",
)

# swarmkit renews a certificate between half and four fifths of its life, counted from the start that
# the certificate names, which lies an hour before its issue (ca: CertUpperRotationRange).
RENEWED_BY = 0.8
# Networks that every engine has.
BUILT_IN = ("bridge", "host", "none")
# What docker.engine and the engine's package leave in /etc.
CONFIGURATION = (
    "/etc/docker",
    "/etc/apt/keyrings/docker.asc",
    "/etc/apt/sources.list.d/docker.list",
    "/etc/yum.repos.d/docker.repo",
)

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def call(
    operation=None,
    id=None,
    query=None,
    body=None,
    timeout=None,
    body_file=None,
    body_pillar=None,
    body_sdb=None,
):
    """
    Call one operation of the Engine API by its name, for operations without a function of their
    own.

    operation
        Name of the operation, such as ``service_list``; an error lists the valid names.
    id
        Id or name of the object in the operation's path.
    query, body
        Dictionaries in the engine's own names; unknown and missing fields are reported, and those
        that the engine's API version does not have. Both are in the job cache.
    body_file, body_pillar, body_sdb
        Where the body is instead: a file on this minion (JSON or YAML), a pillar key, an
        ``sdb://`` URL. The only way for a body that may hold a secret: ``auth``, ``swarm_init``,
        ``swarm_join``, ``swarm_unlock``, ``swarm_update``, and the create and update of secrets and
        configs.
    timeout
        Seconds for the call; each operation has a default.

    Returns the engine's answer, in which join tokens, unlock keys and private keys are blanked.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.call task_list query='{filters: {node: [self]}}'
    """
    sources = {"body_file": body_file, "body_pillar": body_pillar, "body_sdb": body_sdb}
    if len([value for value in sources.values() if value]) + (body is not None) > 1:
        raise SaltInvocationError(f"give only one of body, {', '.join(sources)}")
    if body is not None and operation in MAY_HOLD_SECRETS:
        raise SaltInvocationError(
            f"the body of {operation} may hold a secret, and arguments are in the job cache: give"
            f" {', '.join(sources)} instead of body"
        )
    return __salt__["swarm_core.call"](operation, id, query, body, timeout, **sources)


def version():
    """
    Return the versions of this module and its compiled core, and the file that the core was loaded
    from.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm.version
    """
    return __salt__["swarm_core.loaded"]()


def info():
    """
    Return what this host's engine reports about itself and its swarm.

    Returns a dict: ``state`` (inactive, pending, active, error or locked), ``role`` (manager,
    worker, or empty outside a swarm), ``node_id``, ``node_addr``, ``name`` (host name), ``error``
    (the engine's words), ``cluster_id`` (on a manager of a cluster with a leader),
    ``engine_version``, ``managers`` (their ``ip:port``, as this host knows them), ``warnings``. It
    holds no secret. ``active`` does not prove membership; only the managers' node list does.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm.info
    """
    local = __salt__["swarm_core.core"]("local")
    ret = {key: value for key, value in local.items() if key not in ("manager", "manager_ids")}
    ret["role"] = ""
    if local["node_id"]:
        ret["role"] = "manager" if local["manager"] else "worker"
    return ret


def init(
    advertise_addr=None,
    listen_addr=None,
    data_path_addr=None,
    data_path_port=None,
    default_addr_pool=None,
    subnet_size=None,
    availability=None,
    autolock=False,
    force_new_cluster=False,
    timeout=None,
    force_despite_leader=False,
):
    """
    Create a new swarm with this host as its first manager, and wait until it leads.

    advertise_addr
        Address or interface of this host that the others reach it by, optionally ``:port``. Needed
        on hosts with more than one address.
    listen_addr
        ``address[:port]`` or ``interface[:port]``; ``0.0.0.0:2377`` unless given.
    data_path_addr, data_path_port
        Address or interface, and UDP port, for the traffic of overlay networks. Fixed for life.
    default_addr_pool, subnet_size
        List of CIDRs for overlay networks, and mask length of each network. Fixed for life.
    availability
        ``active``, ``pause`` or ``drain``, from the first moment.
    autolock
        Managers lock themselves at a restart of docker.
    force_new_cluster
        Only for a lost quorum, on one single host: it becomes the sole manager. Refused where this
        host sees a leader, and with autolock.
    timeout
        Seconds for the whole call (120).
    force_despite_leader
        With ``force_new_cluster``, also where this host sees a leader: all other managers are
        removed from the swarm.

    Returns ``{"node_id": …, "cluster_id": …}``; never a token.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.init advertise_addr=eth0 availability=drain
    """
    node_id = __salt__["swarm_core.core"](
        "init",
        advertise_addr=advertise_addr,
        listen_addr=listen_addr,
        data_path_addr=data_path_addr,
        data_path_port=data_path_port,
        default_addr_pool=default_addr_pool,
        subnet_size=subnet_size,
        availability=availability,
        autolock=autolock,
        force_new_cluster=force_new_cluster,
        timeout=timeout,
        force_despite_leader=force_despite_leader,
    )
    return {"node_id": node_id, "cluster_id": __salt__["swarm_core.core"]("local")["cluster_id"]}


def leave(force=False, timeout=None):
    """
    Leave the swarm with this host, and wait until it is out.

    The managers are not told: the node's record stays there, goes down, and wants
    :py:func:`swarm.node_rm <node_rm>`.

    force
        Also as a manager (which may cost the others their quorum), locked, or pending.
    timeout
        Seconds for the whole call (120).

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm.leave
    """
    __salt__["swarm_core.core"]("leave", force=bool(force), timeout=timeout)
    return True


def unlock(key_file=None, key_pillar=None, key_sdb=None, key=None, timeout=None):
    """
    Unlock this host, a manager that locked itself when its docker started, and wait until it is
    active.

    key_file, key_pillar, key_sdb, key
        Where the unlock key is; give one. A path on this minion; a pillar key; an ``sdb://`` URL;
        the key itself, which then **leaks** into job cache, event bus and debug logs.
    timeout
        Seconds for the whole call (120).

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.unlock key_sdb=sdb://vault/swarm_unlock
    """

    def unlock_with(found):
        __salt__["swarm_core.core"]("unlock", found, timeout=timeout)
        return True

    sources = {"key_file": key_file, "key_pillar": key_pillar, "key_sdb": key_sdb, "key": key}
    return __salt__["swarm_core.secret"](unlock_with, **sources)


def certificate():
    """
    Return this node's swarm certificate, by which the managers know it. The engine renews it by
    itself between 50 and 80 % of its life; an expired one keeps the node out of the swarm.

    Returns ``{"node_id", "role", "cluster_id", "from", "until", "days_left", "overdue"}``, the times in
    UTC as ``2026-11-23T12:00:00Z``, and whether the engine should have renewed it by now; an empty
    dict where this host is not in a swarm.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm.certificate
    """
    found = __salt__["swarm_state_dir.certificate"]()
    if not found:
        return {}
    utc = datetime.timezone.utc
    since, until = (
        datetime.datetime.fromtimestamp(found.pop(key), utc) for key in ("since", "until")
    )
    now = datetime.datetime.now(utc)
    return {
        **found,
        "from": f"{since:%Y-%m-%dT%H:%M:%SZ}",
        "until": f"{until:%Y-%m-%dT%H:%M:%SZ}",
        "days_left": (until - now).days,
        "overdue": now - since > RENEWED_BY * (until - since),
    }


def leftovers():
    """
    Return what docker keeps on this host, in a swarm or not. When a swarm ends, or this host leaves
    it, its services, secrets and overlay networks go; everything listed here stays.

    Returns ``{"swarm": local state, "volumes": [names], "networks": [names], "images": how many,
    "containers": how many, "files": [paths]}``; of the networks those that not every engine has.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm.leftovers
    """
    call = __salt__["swarm_core.call"]
    info = call("info")
    root = info.get("DockerRootDir") or "/var/lib/docker"
    paths = [root, os.path.join(root, "swarm"), *CONFIGURATION]
    return {
        "swarm": info["Swarm"]["LocalNodeState"],
        "volumes": sorted(one["Name"] for one in call("volume_list").get("Volumes") or []),
        "networks": sorted(
            one["Name"] for one in call("network_list") if one["Name"] not in BUILT_IN
        ),
        "images": info["Images"],
        "containers": info["Containers"],
        "files": [path for path in paths if os.path.exists(path)],
    }
