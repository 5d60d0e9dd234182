"""
Docker swarm mode: the cluster and its nodes
============================================

Functions on the swarm that this minion's engine belongs to. They call the Engine API through the
compiled core ``_swarm``; neither the ``docker`` command nor Docker's Python SDK is needed.

:maturity: new
:depends: the compiled core, delivered beside this file or in the wheel ``saltext-swarm``
:platform: Linux

.. versionadded:: 0.1.0

**Configuration**, from minion config or pillar: ``swarm:url`` (``unix:///var/run/docker.sock`` or
``tcp://host:port``) and ``swarm:timeout`` (seconds for one request). The older ``docker.url`` is
read where ``swarm:url`` is not set.

**Errors**: each function raises ``CommandExecutionError`` with one line that says what to do; no
line holds a join token or a key. A node is named by its full id, by its exact host name, or by
``self``; a name that two nodes share is an error that lists both ids.
"""

import base64
import contextlib
import importlib.machinery
import importlib.util
import os
import platform
import re
import shlex

import salt.utils.files
from salt.exceptions import CommandExecutionError, SaltInvocationError
from salt.utils.data import traverse_dict_and_list

VERSION = "0.1.0"

__virtualname__ = "swarm"
__outputter__ = {"node_ls": "swarm_nodes"}


def _load_core():
    """
    The compiled core: the sibling file of this version and machine, else the one in the wheel.
    """
    path = os.path.join(
        os.path.dirname(os.path.abspath(__file__)),
        f"_swarm-{VERSION}-{platform.machine()}.abi3.so",
    )
    if os.path.exists(path):
        loader = importlib.machinery.ExtensionFileLoader("_swarm", path)
        spec = importlib.util.spec_from_file_location("_swarm", path, loader=loader)
        core = importlib.util.module_from_spec(spec)
        loader.exec_module(core)
    else:
        try:
            from saltext.swarm import _swarm as core
        except ImportError as exc:
            raise ImportError(
                f"neither {path} nor the wheel saltext-swarm is here ({exc}): run"
                " saltutil.sync_modules, or install the wheel for this machine"
            ) from exc
        path = core.__file__
    if core.VERSION != VERSION:
        raise ImportError(
            f"the core {path} is version {core.VERSION}, this module is {VERSION}: deliver both"
            " from the same release"
        )
    return core


# At the module's top: the folder is on the path only while this body runs. A core that does not
# load (noexec mount, older glibc, other architecture) must not take the module away or log
# anything on hosts that never call it, so its reason is kept and given per call.
try:
    _CORE, _CORE_ERROR = _load_core(), None
except Exception as exc:  # pylint: disable=broad-except
    _CORE, _CORE_ERROR = None, str(exc)


def __virtual__():
    return __virtualname__


def _core():
    if _CORE is None:
        raise CommandExecutionError(f"the core of the swarm module did not load: {_CORE_ERROR}")
    return _CORE


def _setting(key, default=None):
    """A setting of the minion config, else of pillar; not by pillar.get, which masks since 3008."""
    for source in (__opts__, __pillar__):
        value = traverse_dict_and_list(source, key)
        if value is not None:
            return value
    return default


@contextlib.contextmanager
def _engine():
    """A client of this minion's engine; its errors come out as one line for Salt's user."""
    core = _core()
    url = _setting("swarm:url") or __opts__.get("docker.url")
    client = None
    try:
        client = core.Client(url, timeout=_setting("swarm:timeout"))
        yield client
    except core.NotManager as exc:
        raise CommandExecutionError(_whom_to_ask(client, str(exc))) from None
    except core.Error as exc:
        raise CommandExecutionError(str(exc)) from None
    except (TypeError, ValueError, OverflowError) as exc:
        # Salt would print the whole docstring for a TypeError.
        raise SaltInvocationError(core.redact(str(exc))) from None
    finally:
        if client is not None:
            client.close()


def _whom_to_ask(client, words):
    """One line for a manager's function on a host that is none, with the managers to ask."""
    try:
        local = client.local()
    except _CORE.Error:
        return words
    if local["state"] == "inactive":
        return "this host is not in a swarm"
    if local["manager"]:
        return words
    hosts = ", ".join(sorted(local["managers"])) or "none known here"
    return f"this host is a worker; ask one of the managers: {hosts}"


def version():
    """
    Versions of this module and its compiled core, and where the core was loaded from.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm.version
    """
    return {"module": VERSION, "core": _core().VERSION, "path": getattr(_CORE, "__file__", "")}


def info():
    """
    What this host's engine says of itself and its swarm.

    Returns a dict: ``state`` (inactive, pending, active, error or locked), ``role`` (manager,
    worker, or empty outside a swarm), ``node_id``, ``node_addr``, ``name`` (host name), ``error``
    (the engine's words), ``cluster_id`` (on a manager of a cluster with a leader), ``engine_version``,
    ``managers`` (their ``ip:port``, as this host knows them), ``warnings``. It holds no secret.
    ``active`` does not prove membership; only the managers' node list does.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm.info
    """
    with _engine() as engine:
        local = engine.local()
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
):
    """
    Make a new swarm, with this host as its first manager, and wait until it leads.

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
        Only for a lost quorum, on one single host: it becomes the sole manager.
    timeout
        Seconds for the whole call (120).

    Returns ``{"node_id": …, "cluster_id": …}``; never a token.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.init advertise_addr=eth0 availability=drain
    """
    with _engine() as engine:
        node_id = engine.init(
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
        )
        return {"node_id": node_id, "cluster_id": engine.local()["cluster_id"]}


def join(
    remote_addrs,
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
        ``worker`` or ``manager``: what the token makes of this host. For ``manager`` the call also
        waits until the manager part is up.
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
    secret = _token_from(token, token_file, token_pillar, token_sdb, sealed, cluster_id, role)
    with _engine() as engine:
        engine.join(
            remote_addrs,
            secret,
            digest=digest,
            advertise_addr=advertise_addr,
            listen_addr=listen_addr,
            data_path_addr=data_path_addr,
            availability=availability,
            manager=role == "manager",
            replace_pending=replace_pending,
            timeout=timeout,
        )
        local = engine.local()
    return {"node_id": local["node_id"], "role": "manager" if local["manager"] else "worker"}


def leave(force=False, timeout=None):
    """
    Take this host out of its swarm, and wait until it is out.

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
    with _engine() as engine:
        engine.leave(force=bool(force), timeout=timeout)
    return True


def join_token(role, show=False):
    """
    What a manager's join token says, or the token itself.

    role
        ``worker`` or ``manager``.
    show
        ``True`` returns the token, in clear: it then stands in the job cache, on the event bus and
        in the minion's log. Without it no secret is returned.

    Returns ``{"role": …, "cluster_id": …, "digest": …}``, and ``token`` where asked for.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.join_token worker
    """
    _check_role(role)
    with _engine() as engine:
        tokens = engine.tokens()
    ret = {
        "role": role,
        "cluster_id": tokens["cluster_id"],
        "digest": _CORE.token_parse(tokens[role])["digest"],
    }
    if show is True:
        ret["token"] = tokens[role]
    return ret


def seal(hosts):
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

    for minion, host in hosts.items():
        _check_role(host.get("role"))
        if not host.get("key"):
            raise SaltInvocationError(f"no public key is given for {minion}")
    with _engine() as engine:
        tokens = engine.tokens()
    ret = {
        "cluster_id": tokens["cluster_id"],
        "digest": _CORE.token_parse(tokens["worker"])["digest"],
        "sealed": {},
    }
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
        .public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        .decode()
    )


def reachable(addresses, timeout=3):
    """
    Which of these addresses accept TCP connections. Nothing is sent to them.

    addresses
        One ``host[:port]``, or a list; port 2377 unless given.
    timeout
        Seconds for each.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm.reachable '[10.0.0.1, 10.0.0.2:2377]'
    """
    core = _core()
    if isinstance(addresses, str):
        addresses = [addresses]
    ret = []
    for address in addresses:
        try:
            core.probe(str(address), timeout=timeout)
        except (core.ConnectError, core.Timeout):
            continue
        except core.Error as exc:
            raise CommandExecutionError(str(exc)) from None
        ret.append(address)
    return ret


def nodes():
    """
    All nodes as data, from a manager.

    Returns a list of dicts: ``id``, ``hostname``, ``role``, ``availability``, ``state``,
    ``message``, ``addr``, ``engine_version``, ``member`` and ``leader`` (of the managers' raft
    group), ``reachability``, ``manager_addr``, ``labels``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.nodes
    """
    with _engine() as engine:
        return engine.node_list()


def node_ls(server=None):
    """
    The nodes in the columns of ``docker node ls``, from a manager.

    server
        Only nodes with exactly this host name.

    Returns a list of rows, sorted by host name: ``ID``, ``HOSTNAME``, ``STATUS``, ``AVAILABILITY``,
    ``MANAGER STATUS``, ``ENGINE VERSION``, and ``SELF`` (this host), printed as a table where the
    outputter ``swarm_nodes`` is synced to the master.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.node_ls
    """
    with _engine() as engine:
        found = engine.node_list()
        own = engine.local()["node_id"]
    if server is not None:
        found = [node for node in found if node["hostname"] == server]
    return [
        {
            "ID": node["id"],
            "HOSTNAME": node["hostname"],
            "STATUS": node["state"].capitalize(),
            "AVAILABILITY": node["availability"].capitalize(),
            "MANAGER STATUS": _manager_status(node),
            "ENGINE VERSION": node["engine_version"],
            "SELF": node["id"] == own,
        }
        for node in sorted(found, key=lambda node: (_natural(node["hostname"]), node["id"]))
    ]


def _manager_status(node):
    if not node["member"]:
        return ""
    return "Leader" if node["leader"] else node["reachability"].capitalize()


def _natural(name):
    """Sort key that puts worker2 before worker10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def node_inspect(node="self"):
    """
    One node as the engine has it, from a manager.

    node
        Full id, exact host name, or ``self``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.node_inspect worker1
    """
    with _engine() as engine:
        return engine.node_inspect(str(node))


def node_update(node="self", availability=None, role=None, labels=None, timeout=None):
    """
    Change a node; what is not given stays as it is. From a manager.

    node
        Full id, exact host name, or ``self``.
    availability
        ``active``, ``pause`` or ``drain``.
    role
        ``worker`` or ``manager``. A demotion that would lose the quorum is refused.
    labels
        ``{name: value}``, merged into the node's; a value of ``None`` removes the label.
    timeout
        Seconds for the whole call (60).

    Returns ``{"id": …, "old": {changed field: before}, "new": {changed field: after}}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.node_update worker1 availability=pause labels='{disk: ssd}'
    """
    patch = {}
    if availability is not None:
        patch["Availability"] = availability
    if role is not None:
        patch["Role"] = role
    if labels is not None:
        if not isinstance(labels, dict):
            raise SaltInvocationError("labels wants a dictionary of names and values")
        patch["Labels"] = {
            str(name): value if value is None else str(value) for name, value in labels.items()
        }
    if not patch:
        raise SaltInvocationError("nothing to change: give availability, role or labels")
    with _engine() as engine:
        return _changed(engine.node_update(str(node), patch, timeout=timeout))


def _changed(change):
    """The fields that differ, of a change as the core reports it."""
    old, new = change["old"], change["new"]
    fields = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return {
        "id": change.get("id", ""),
        "old": {key: old.get(key) for key in fields},
        "new": {key: new.get(key) for key in fields},
    }


def drain(node="self", timeout=None):
    """
    Drain a node and wait until no task runs on it. From a manager.

    node
        Full id, exact host name, or ``self``.
    timeout
        Seconds for the whole call (300).

    Returns as :py:func:`swarm.node_update <node_update>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.drain worker1
    """
    with _engine() as engine:
        return _changed(engine.node_drain(str(node), timeout=timeout))


def node_rm(node, force=False, demote=False, timeout=None):
    """
    Delete a node's record, from a manager. The host itself is not told; run ``swarm.leave`` there.

    node
        Full id or exact host name.
    force
        Also a node that is not down.
    demote
        Demote a manager first, and wait until it left the raft group; refused with the arithmetic
        where that would lose the quorum.
    timeout
        Seconds for the whole call (60).

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.node_rm worker3
    """
    with _engine() as engine:
        engine.node_remove(str(node), force=bool(force), demote=bool(demote), timeout=timeout)
    return True


# --- where a join token comes from -------------------------------------------------------------


def _check_role(role):
    if role not in ("worker", "manager"):
        raise SaltInvocationError(f"the role is worker or manager, not {role!r}")


def _token_from(token, token_file, token_pillar, token_sdb, sealed, cluster_id, role):
    """The join token itself, from the one source that is given. Never returned to Salt."""
    given = [value for value in (token, token_file, token_pillar, token_sdb, sealed) if value]
    if len(given) != 1:
        raise SaltInvocationError(
            "give exactly one of token_file, token_pillar, token_sdb, sealed or token"
        )
    if sealed:
        return _open(sealed, cluster_id, role)
    if token_file:
        try:
            with salt.utils.files.fopen(token_file) as handle:
                found = handle.read(1024)
        except OSError as exc:
            raise CommandExecutionError(
                f"cannot read the token file {token_file}: {exc.strerror}"
            ) from None
    elif token_pillar:
        found = traverse_dict_and_list(__pillar__, token_pillar)
        if not found:
            raise CommandExecutionError(f"pillar has no key {token_pillar}")
    elif token_sdb:
        found = __salt__["sdb.get"](token_sdb)
        if not found or found == token_sdb:
            raise CommandExecutionError(f"sdb has nothing at {token_sdb}")
    else:
        found = token
    return str(found).strip()


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
    try:
        blob = base64.b64decode(sealed, validate=True)
        return _private_key().decrypt(blob, _padding(cluster_id, role, __opts__["id"])).decode()
    except ValueError:
        raise CommandExecutionError(
            "the sealed join token does not open with this minion's key: it was sealed for"
            " another key, role or cluster; run the bootstrap again"
        ) from None


# --- the names of core Salt's swarm module (2018.3 to 3007), which this one shadows -----------------


def swarm_tokens(show=False):
    """
    As core Salt's function of this name, but tokens are returned only with ``show=True``, since
    they then stand in the job cache. See :py:func:`swarm.join_token <join_token>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.swarm_tokens
    """
    with _engine() as engine:
        tokens = engine.tokens()
    if show is True:
        return {"Worker": tokens["worker"], "Manager": tokens["manager"]}
    digest = _CORE.token_parse(tokens["worker"])["digest"]
    return {"Cluster": tokens["cluster_id"], "Digest": digest}


def swarm_init(advertise_addr=None, listen_addr=None, force_new_cluster=False):
    """
    As core Salt's function of this name; see :py:func:`swarm.init <init>`. No token is returned.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.swarm_init advertise_addr=192.168.50.10
    """
    made = init(advertise_addr, listen_addr, force_new_cluster=force_new_cluster)
    return {
        "Comment": f"Docker swarm has been initialized on {__opts__['id']}",
        "NodeID": made["node_id"],
    }


def joinswarm(remote_addr, listen_addr=None, token=None, token_file=None):
    """
    As core Salt's function of this name; see :py:func:`swarm.join <join>`. ``token`` leaks into the
    job cache, ``token_file`` does not.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm.joinswarm remote_addr=192.168.50.10 token_file=/run/swarm.token
    """
    join(remote_addr, token=token, token_file=token_file, listen_addr=listen_addr)
    return {"Comment": f"{__opts__['id']} has joined the swarm", "Manager_Addr": remote_addr}


def leave_swarm(force=False):
    """
    As core Salt's function of this name; see :py:func:`swarm.leave <leave>`.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm.leave_swarm
    """
    leave(force)
    return {"Comment": f"{__opts__['id']} has left the swarm"}


def service_create(
    image,
    name,
    command=None,
    hostname=None,
    replicas=1,
    target_port=None,
    published_port=None,
):
    """
    Create a replicated service, as core Salt's function of this name promised to.

    image, name
        Image of the containers, name of the service.
    command
        Command line, split at white space as a shell would, or a list.
    hostname
        Host name of the containers.
    replicas
        How many.
    target_port, published_port
        Port in the container, and the port of the swarm that leads to it.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.service_create image=httpd name=web replicas=6 target_port=80 published_port=8080
    """
    container = {"Image": image}
    if command:
        container["Args"] = _words(command) if isinstance(command, str) else list(command)
    if hostname:
        container["Hostname"] = hostname
    spec = {
        "Name": name,
        "TaskTemplate": {"ContainerSpec": container},
        "Mode": {"Replicated": {"Replicas": _number("replicas", replicas)}},
    }
    if published_port and not target_port:
        raise SaltInvocationError("published_port wants a target_port")
    if target_port:
        port = {"TargetPort": _number("target_port", target_port)}
        if published_port:
            port["PublishedPort"] = _number("published_port", published_port)
        spec["EndpointSpec"] = {"Ports": [port]}
    with _engine() as engine:
        made = engine.call("service_create", body=spec)
    return {
        "Info": f"{__opts__['id']} has a Docker Swarm service running named {name}",
        "Minion": __opts__["id"],
        "Name": name,
        "ID": made["ID"],
        "Image": image,
        "Command": command,
        "Hostname": hostname,
        "Replicas": replicas,
        "Target_Port": target_port,
        "Published_Port": published_port,
    }


def _words(command):
    try:
        return shlex.split(command)
    except ValueError as exc:
        raise SaltInvocationError(f"cannot split the command: {exc}") from None


def _number(name, value):
    try:
        return int(value)
    except (TypeError, ValueError):
        raise SaltInvocationError(f"{name} must be a number, not {value!r}") from None


def swarm_service_info(service_name):
    """
    A service in the keys of core Salt's function of this name; services without ports and global
    ones too. ``Ports`` has all ports as the engine gives them.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.swarm_service_info web
    """
    with _engine() as engine:
        service = engine.call("service_inspect", service_name)
    spec = service["Spec"]
    endpoint = service.get("Endpoint") or {}
    ports = endpoint.get("Ports") or []
    first = ports[0] if ports else {}
    return {
        "Service Name": spec["Name"],
        "Service ID": service["ID"],
        "Replicas": traverse_dict_and_list(spec, "Mode:Replicated:Replicas"),
        "Network": endpoint.get("VirtualIPs") or [],
        "Network Mode": traverse_dict_and_list(endpoint, "Spec:Mode"),
        "Creation Date": service["CreatedAt"],
        "Update Date": service["UpdatedAt"],
        "Ports": ports,
        "Published Port": first.get("PublishedPort"),
        "Target Port": first.get("TargetPort"),
        "Published Mode": first.get("PublishMode"),
        "Protocol": first.get("Protocol"),
        "Docker Image": traverse_dict_and_list(spec, "TaskTemplate:ContainerSpec:Image"),
        "Minion Id": __opts__["id"],
        "Version": service["Version"]["Index"],
    }


def remove_service(service):
    """
    As core Salt's function of this name: remove a service by name or id.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.remove_service web
    """
    with _engine() as engine:
        engine.call("service_delete", service)
    return {"Service Deleted": service, "Minion ID": __opts__["id"]}


def remove_node(node_id, force=False):
    """
    As core Salt's function of this name; see :py:func:`swarm.node_rm <node_rm>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.remove_node z4gjbe9rwmqahc2a91snvolm5
    """
    return node_rm(node_id, force=force)


def update_node(availability=None, node_name=None, role=None, node_id=None, version=None):
    """
    As core Salt's function of this name, but labels are kept and ``version`` is not needed (and not
    looked at); see :py:func:`swarm.node_update <node_update>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.update_node availability=drain node_name=worker2
    """
    change = node_update(node_id or node_name or "self", availability, role)
    return {"Node Information": change["new"]}
