# SPDX-License-Identifier: Apache-2.0
"""
The way to the engine
=====================

The only file that loads the compiled core ``_swarm``. The other files of this extension reach the
engine by :py:func:`swarm_core.core <core>`, get at secrets by :py:func:`swarm_core.secret <secret>`,
and see every error of the core as one line. An operator types ``swarm.call`` and the other functions
of the name ``swarm``.

:maturity: new
:depends: the compiled core, delivered beside this file or in the wheel ``saltext-swarm``
:platform: Linux

.. versionadded:: 0.1.0
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
# Of a place that is none, after what is wrong with it.
HIDDEN = " (not shown, it may be a secret that was put in its place)"
# The largest body is a config's: 1000 KiB in base64.
MAX_BODY = 2 * 1024 * 1024
# How the engine is reached, of minion config and pillar.
SETTINGS = ("url", "timeout", "api_version", "tls")
# What these methods give is a secret.
SECRETS = ("tokens", "unlock_key")
# Functions of the core itself that core() gives beside the methods of its Client.
FUNCTIONS = (
    "token_parse",
    "compose_check",
    "compose_convert",
    "spec_check",
    "spec_words",
    "health_checks",
)
# Methods that change the cluster: a run takes the cluster's lock first.
CHANGES = (
    *("node_update", "node_drain", "node_remove", "node_promote", "node_demote", "node_prune"),
    *("cluster_update", "ca_rotate", "evict", "evict_undo", "registry_login"),
    *("object_create", "object_update", "object_remove", "secret_put", "config_put"),
    *("versioned_remove", "network_apply", "network_remove"),
    *("service_apply", "service_remove", "service_scale", "service_rollback"),
)
# So many addresses are tried at a time.
PROBES = 32

__virtualname__ = "swarm_core"


def _load_core():
    """
    Load the compiled core: the sibling file of this version and machine, else the one in the wheel.
    In a file root its name ends with a digest, because a sync overwrites a file of the same name in
    place, and so what processes have mapped. If there are two, while one is being replaced, the
    newer one is loaded.
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
    """
    Return a setting of the minion config, else of pillar; not by pillar.get, which masks since
    3008.
    """
    for source in (__opts__, __pillar__):
        value = traverse_dict_and_list(source, key)
        if value is not None:
            return value
    return None


def _client_options():
    """Return the arguments of the core's ``Client`` from the configuration."""
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
    """Open a client of this minion's engine, whose errors become one line for Salt's user."""
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
    """
    Return what to do if the managers have no leader; a 500 means that the engine waited 20 s for
    one, unless the text says that it is a matter of a moment.
    """
    if isinstance(exc, _CORE.Unavailable) and exc.status != 500:
        return ""
    if str(exc).endswith("try again in a moment"):
        return ""
    return (
        ". Bring the other managers back; if they are lost for good, the orchestration docker.recover"
        " makes a cluster of one manager"
    )


def _whom_to_ask(client, words):
    """
    Return one line for a manager's function on a host that is not a manager, with the managers to
    ask.
    """
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
    Call one method of the core's ``Client`` for this extension's other modules, with its errors as
    one line. By hand use :py:func:`swarm.call <salt.modules.swarm.call>` and the functions by name.

    method
        Its name, as in ``_swarm.pyi``.
    into
        A Python function that takes the result, for a caller in the same process; what it returns
        is returned. Only so are the methods called whose result is a secret.

    Other arguments are the method's own. Returns its result as plain data, in which join tokens,
    unlock keys and private keys are blanked.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_core.core node_inspect self
    """
    kwargs = clean_kwargs(**kwargs)
    if method in ("init", "join"):
        _keep_orphan_data()
    if method == "init" and kwargs.get("force_new_cluster"):
        _keep_locked_data()
    if method in CHANGES and not kwargs.get("dry_run") and not kwargs.get("test"):
        __salt__["swarm_hold.guard"]()
    if into is None and method in SECRETS:
        raise SaltInvocationError(f"the result of {method} is a secret, and is not returned")
    if into is not None and not callable(into):
        raise SaltInvocationError("'into' must be a callable (internal callers only)")
    with _engine() as engine:
        owner = _CORE if method in FUNCTIONS else engine
        function = None if str(method).startswith("_") else getattr(owner, method, None)
        if not callable(function):
            raise SaltInvocationError(f"the core has no function {method}")
        result = function(*args, **kwargs)
        # In here: a log is read over the connection.
        return _blanked(result) if into is None else into(result)


def _keep_orphan_data():
    """
    Refuse an init or join while data of a swarm is on this host's disk: it would delete that data,
    and the core cannot see it.
    """
    found = __salt__["swarm_state_dir.orphan_data"]()
    if found:
        raise CommandExecutionError(found["reason"])


def _keep_locked_data():
    """Refuse to force a new cluster with autolock: the engine fails, and leaves its swarm."""
    if __salt__["swarm_state_dir.key_locked"]():
        raise CommandExecutionError(
            "autolock is on: the engine cannot force a new cluster from locked data. Nothing was"
            " changed: bring the other managers back, or restart docker and unlock this one"
            " (swarm.unlock key_file=PATH)"
        )


def _blanked(value):
    """Return plain data with secrets blanked, which are recognized by their form."""
    if isinstance(value, str):
        return _CORE.redact(value)
    if isinstance(value, dict):
        return {key: _blanked(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_blanked(one) for one in value]
    if value is None or isinstance(value, (int, float)):
        return value
    raise SaltInvocationError(f"a result of the type {type(value).__name__} is not plain data")


def secret(into=None, **sources):
    """
    Pass a secret to a function of the same process, and return that function's result. There is no
    other way to read a secret here.

    into
        A Python function that takes the secret.
    sources
        Where the secret is; exactly one is given. Its name says what it is: ``…_file`` a path on
        this minion, ``…_pillar`` a pillar key, ``…_sdb`` an ``sdb://`` URL, any other name the
        secret itself.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_core.secret    # refused: a job has no function to give
    """
    if not callable(into):
        raise SaltInvocationError("'into' must be a callable (internal callers only)")
    given = {name: value for name, value in clean_kwargs(**sources).items() if value}
    if len(given) != 1:
        names = list(sources)
        raise SaltInvocationError(f"give exactly one of {', '.join(names[:-1])} or {names[-1]}")
    ((name, value),) = given.items()
    if not isinstance(value, str):
        raise SaltInvocationError(f"{name} must be a string")
    what, _, kind = name.rpartition("_")
    read = {"file": _from_file, "pillar": _from_pillar, "sdb": _from_sdb}.get(kind)
    return into(str(read(what, value) if read else value).strip())


def _from_file(what, path, limit=MAX_SECRET):
    if not path.startswith("/"):
        raise SaltInvocationError(f"{what}_file must begin with /{HIDDEN}")
    try:
        with salt.utils.files.fopen(path) as handle:
            return handle.read(limit)
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or "it is not text"
        raise CommandExecutionError(f"cannot read the {what} file {path}: {reason}") from None


def _from_pillar(what, key):
    found = traverse_dict_and_list(__pillar__, key)
    if not found:
        raise CommandExecutionError(f"{what}_pillar: {no_pillar_key(key)}")
    return found


def no_pillar_key(key):
    """
    Return the text that pillar has no such key. Of the key it has only what pillar has: the rest may be a
    secret that was put in its place.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_core.no_pillar_key db:password
    """
    known = key.rpartition(":")[0] if isinstance(key, str) else ""
    while known and traverse_dict_and_list(__pillar__, known) is None:
        known = known.rpartition(":")[0]
    where = f"pillar {known} has no such key below it" if known else "pillar has no such key"
    return f"{where}{HIDDEN}: give the path of a key, such as db:password"


def _from_sdb(what, url):
    if not url.startswith("sdb://"):
        raise SaltInvocationError(f"{what}_sdb must begin with sdb://{HIDDEN}")
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
    Call one operation of the Engine API by its name, for the other files of this extension; by hand
    use :py:func:`swarm.call <salt.modules.swarm.call>`, which has the same arguments and refuses a
    body that may hold a secret.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_core.call info
    """
    if operation not in _core().OPS:
        names = ", ".join(_CORE.OPS)
        raise SaltInvocationError(f"unknown operation {operation!r} (valid: {names})")
    sources = {"body_file": body_file, "body_pillar": body_pillar, "body_sdb": body_sdb}
    for name, value in sources.items():
        body = _read_body(name, value) if value else body
    if operation in ("swarm_init", "swarm_join"):
        _keep_orphan_data()
    return core("call", operation, id, query=query, body=body, timeout=timeout)


def _read_body(name, value):
    """Return the dictionary of a source. No error quotes its content."""
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


def loaded():
    """
    Return the versions of the module and of its compiled core, and the file that the core was
    loaded from.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm_core.loaded
    """
    return {"module": VERSION, "core": _core().VERSION, "path": getattr(_CORE, "__file__", "")}


def reachable(addresses=None, timeout=3):
    """
    Return which of these addresses accept TCP connections. Nothing is sent to them.

    addresses
        One ``host[:port]``, or a list; port 2377 unless given.
    timeout
        Seconds for each.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_core.reachable '[10.0.0.1, 10.0.0.2:2377]'
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
