"""
Docker swarm mode: this host's part in a swarm
==============================================

Functions on the swarm that this minion's engine belongs to. They call the Engine API through the
compiled core ``_swarm``; neither the ``docker`` command nor Docker's Python SDK is needed. This
file holds what concerns the host itself, and is the only one that loads the core;
``swarm_join.py``, ``swarm_nodes.py`` and others beside it add to the same name, ``swarm``, and
reach the engine by :py:func:`swarm.core <core>`.

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
        ca: /etc/docker/ca.pem        # whose certificates are believed
        cert: /etc/docker/cert.pem    # this client's own
        key: /etc/docker/key.pem
        verify: true                  # false: believe anybody

The older ``docker.url`` and ``docker.version`` are read where ``swarm:url`` and
``swarm:api_version`` are not set.

**Errors**: each function raises ``CommandExecutionError`` with one line that says what to do; no
line holds a join token or a key. A node is named by its full id, by its exact host name, or by
``self``; a name that two nodes share is an error that lists both ids.
"""

import concurrent.futures
import contextlib
import glob
import importlib.machinery
import importlib.util
import os
import platform

import salt.utils.files
import salt.utils.yaml
from salt.exceptions import CommandExecutionError, SaltInvocationError
from salt.utils.args import clean_kwargs
from salt.utils.data import traverse_dict_and_list

VERSION = "0.1.0"

# The longest secret is a private key in PEM.
MAX_SECRET = 65536
# The largest body is a config's: 1000 KiB in base64.
MAX_BODY = 2 * 1024 * 1024
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
# How the engine is reached, of minion config and pillar.
SETTINGS = ("url", "timeout", "api_version", "tls")
# What these methods give is a secret.
SECRETS = ("tokens", "unlock_key")
# Functions of the core itself that swarm.core gives beside the methods of its Client.
FUNCTIONS = ("token_parse", "compose_check", "compose_convert")
# So many addresses are tried at a time.
PROBES = 32

__virtualname__ = "swarm"


def _load_core():
    """
    The compiled core: the sibling file of this version and machine, else the one in the wheel. In a
    file root that was written for it its name ends with a digest of it, since a sync would write over
    one of the same name in place, and so into what processes have mapped. Of two, while one is being
    replaced, the newer one counts.
    """
    folder = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(folder, f"_swarm-{VERSION}-{platform.machine()}")
    found = sorted(glob.glob(f"{glob.escape(path)}[-.]*abi3.so"), key=os.path.getmtime)
    if found:
        path = found[-1]
        loader = importlib.machinery.ExtensionFileLoader("_swarm", path)
        spec = importlib.util.spec_from_file_location("_swarm", path, loader=loader)
        core = importlib.util.module_from_spec(spec)
        loader.exec_module(core)
    else:
        try:
            from saltext.swarm import _swarm as core
        except ImportError as exc:
            raise ImportError(
                f"neither {path}.abi3.so nor the wheel saltext-swarm is here ({exc}): run"
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


def _setting(key):
    """A setting of the minion config, else of pillar; not by pillar.get, which masks since 3008."""
    for source in (__opts__, __pillar__):
        value = traverse_dict_and_list(source, key)
        if value is not None:
            return value
    return None


def _client_options():
    """The arguments of the core's ``Client`` that the configuration gives."""
    own = __opts__.get("swarm")
    given = dict(own) if isinstance(own, dict) else {}
    given.update({key: _setting(f"swarm:{key}") for key in SETTINGS})
    __salt__["swarm_schema.engine"](given)
    older = _setting("docker.version")
    if isinstance(older, float):
        # YAML takes 1.40 without quotes for a number.
        older = f"{older:.2f}"
    version = given["api_version"] or older
    options = {
        "url": given["url"] or _setting("docker.url"),
        "api_version": None if version == "auto" else version,
        "timeout": given["timeout"],
        **(given["tls"] or {}),
    }
    return {name: value for name, value in options.items() if value is not None}


@contextlib.contextmanager
def _engine():
    """A client of this minion's engine; its errors come out as one line for Salt's user."""
    loaded = _core()
    client = None
    try:
        client = loaded.Client(**_client_options())
        yield client
    except loaded.NotManager as exc:
        raise CommandExecutionError(_whom_to_ask(client, str(exc))) from None
    except (loaded.NoLeader, loaded.Unavailable) as exc:
        raise CommandExecutionError(str(exc) + _way_out(exc)) from None
    except loaded.Error as exc:
        raise CommandExecutionError(str(exc)) from None
    except (TypeError, ValueError, OverflowError) as exc:
        # Salt would print the whole docstring for a TypeError.
        raise SaltInvocationError(loaded.redact(str(exc))) from None
    finally:
        if client is not None:
            client.close()


def _way_out(exc):
    """What to do where the managers have no leader; a 500 is the engine's 20 s for one."""
    if isinstance(exc, _CORE.Unavailable) and exc.status != 500:
        return ""
    return (
        ". Bring the other managers back; if they are lost for good, the orchestration docker.recover"
        " makes a cluster of one manager"
    )


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


def core(method, *args, into=None, **kwargs):
    """
    The way of this extension's other modules to the engine: one method of the core's ``Client``,
    with its errors as one line. By hand use :py:func:`swarm.call <call>` and the functions by name.

    method
        Its name, as in ``_swarm.pyi``.
    into
        A Python function that takes the result, for a caller in the same process; what it returns
        is returned. Only so are the methods called whose result is a secret.

    Other arguments are the method's own. Returns its result as plain data, in which join tokens,
    unlock keys and private keys are blanked.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.core node_inspect self
    """
    kwargs = clean_kwargs(**kwargs)
    if method in ("init", "join"):
        _keep_orphan_data()
    if into is None and method in SECRETS:
        raise SaltInvocationError(f"the result of {method} is a secret, and is not returned")
    if into is not None and not callable(into):
        raise SaltInvocationError("into wants a function of the same process")
    with _engine() as engine:
        owner = _CORE if method in FUNCTIONS else engine
        function = None if str(method).startswith("_") else getattr(owner, method, None)
        if not callable(function):
            raise SaltInvocationError(f"the core has no function {method}")
        result = function(*args, **kwargs)
    return _blanked(result) if into is None else into(result)


def _keep_orphan_data():
    """An init or join deletes what is on this host's disk of a swarm, which the core cannot see."""
    found = __salt__["swarm.orphan_data"]()
    if found:
        raise CommandExecutionError(found["reason"])


def _blanked(value):
    """Plain data without secrets, which are known by their form."""
    if isinstance(value, str):
        return _CORE.redact(value)
    if isinstance(value, dict):
        return {key: _blanked(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_blanked(one) for one in value]
    if value is None or isinstance(value, (int, float)):
        return value
    raise SaltInvocationError(f"a result of the type {type(value).__name__} is no plain data")


def secret(into=None, **sources):
    """
    Hands a secret to a function of the same process, which is the only way to get at it here; what
    that function returns is returned.

    into
        A Python function that takes the secret.
    sources
        Where the secret is; exactly one is given. Its name says what it is: ``…_file`` a path on
        this minion, ``…_pillar`` a pillar key, ``…_sdb`` an ``sdb://`` URL, any other name the
        secret itself.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm.secret    # refused: a job has no function to give
    """
    if not callable(into):
        raise SaltInvocationError("into wants a function of the same process")
    given = {name: value for name, value in clean_kwargs(**sources).items() if value}
    if len(given) != 1:
        names = list(sources)
        raise SaltInvocationError(f"give exactly one of {', '.join(names[:-1])} or {names[-1]}")
    ((name, value),) = given.items()
    if not isinstance(value, str):
        raise SaltInvocationError(f"{name} wants a text")
    what, _, kind = name.rpartition("_")
    read = {"file": _from_file, "pillar": _from_pillar, "sdb": _from_sdb}.get(kind)
    return into(str(read(what, value) if read else value).strip())


def _from_file(what, path, limit=MAX_SECRET):
    try:
        with salt.utils.files.fopen(path) as handle:
            return handle.read(limit)
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or "it is no text"
        raise CommandExecutionError(f"cannot read the {what} file {path}: {reason}") from None


def _from_pillar(_, key):
    found = traverse_dict_and_list(__pillar__, key)
    if not found:
        raise CommandExecutionError(f"pillar has no key {key}")
    return found


def _from_sdb(_, url):
    try:
        found = __salt__["sdb.get"](url)
    except Exception as exc:  # pylint: disable=broad-except
        # A driver may raise anything, with anything in its text.
        raise CommandExecutionError(f"sdb cannot read {url}: {type(exc).__name__}") from None
    if not found or found == url:
        raise CommandExecutionError(f"sdb has nothing at {url}")
    return found


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
    One operation of the Engine API by its name, for what has no function of its own here.

    operation
        Name of the operation, such as ``service_list``; a wrong name is told.
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
    if operation not in _core().OPS:
        names = ", ".join(_CORE.OPS)
        raise SaltInvocationError(f"no operation is called {operation}; there are {names}")
    sources = {"body_file": body_file, "body_pillar": body_pillar, "body_sdb": body_sdb}
    given = {name: value for name, value in sources.items() if value}
    if len(given) + (body is not None) > 1:
        raise SaltInvocationError(f"give only one of body, {', '.join(sources)}")
    if body is not None and operation in MAY_HOLD_SECRETS:
        raise SaltInvocationError(
            f"the body of {operation} may hold a secret, and arguments are in the job cache: give"
            f" {', '.join(sources)} instead of body"
        )
    for name, value in given.items():
        body = _read_body(name, value)
    if operation in ("swarm_init", "swarm_join"):
        _keep_orphan_data()
    return core("call", operation, id, query=query, body=body, timeout=timeout)


def _read_body(name, value):
    """The dictionary at a source. No error quotes what is there."""
    if not isinstance(value, str):
        raise SaltInvocationError(f"{name} must be a string")
    if name == "body_file":
        found = _from_file("body", value, MAX_BODY)
    else:
        found = {"body_pillar": _from_pillar, "body_sdb": _from_sdb}[name]("body", value)
    if isinstance(found, str):
        try:
            found = salt.utils.yaml.safe_load(found)
        except salt.utils.yaml.YAMLError:
            found = None
    if not isinstance(found, dict):
        raise CommandExecutionError(f"{name} {value}: it is not a JSON or YAML dictionary")
    return found


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
    (the engine's words), ``cluster_id`` (on a manager of a cluster with a leader),
    ``engine_version``, ``managers`` (their ``ip:port``, as this host knows them), ``warnings``. It
    holds no secret. ``active`` does not prove membership; only the managers' node list does.

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
    force_despite_leader=False,
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
    _keep_orphan_data()
    if force_new_cluster and __salt__["swarm.key_locked"]():
        raise CommandExecutionError(
            "autolock is on: the engine cannot force a new cluster from locked data. Nothing was"
            " changed: bring the other managers back, or restart docker and unlock this one"
            " (swarm.unlock key_file=PATH)"
        )
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
            force_despite_leader=force_despite_leader,
        )
        return {"node_id": node_id, "cluster_id": engine.local()["cluster_id"]}


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
        core("unlock", found, timeout=timeout)
        return True

    return secret(unlock_with, key_file=key_file, key_pillar=key_pillar, key_sdb=key_sdb, key=key)


def reachable(addresses=None, timeout=3):
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
    loaded = _core()
    if addresses is None:
        raise SaltInvocationError("give addresses: one host[:port], or a list of them")
    addresses = [str(one) for one in (addresses if isinstance(addresses, list) else [addresses])]

    def listens(address):
        with contextlib.suppress(loaded.ConnectError, loaded.Timeout):
            loaded.probe(address, timeout=timeout)
            return True
        return False

    # A host that is gone takes the whole timeout.
    with concurrent.futures.ThreadPoolExecutor(PROBES) as pool:
        try:
            found = list(pool.map(listens, addresses))
        except loaded.Error as exc:
            raise CommandExecutionError(str(exc)) from None
    return [address for address, answered in zip(addresses, found, strict=False) if answered]
