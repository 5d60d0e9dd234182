# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: the content of secrets and configs
=====================================================

Reads the bytes of a secret or config from where they are declared, exactly as they are there. Bytes are
returned only to functions of the same process.

:maturity: new
:depends: the execution module ``swarm``

.. versionadded:: 0.1.0
"""

import os

import salt.utils.files
from salt.exceptions import CommandExecutionError, SaltInvocationError
from salt.utils.data import traverse_dict_and_list

__virtualname__ = "swarm_content"

# Over the limit of a config, so that the engine's own limit is what is reported.
MAX_BYTES = 1024 * 1024
SOURCES = ("contents_pillar", "contents_sdb", "contents_file", "source", "contents")
BEGINS = {"contents_sdb": "sdb://", "source": "salt://", "contents_file": "/"}


def __virtual__():
    return __virtualname__


def require(kind=None, name=None, more=None, sources=None, i_know_it_leaks=False, **options):
    """
    Raise all slips in the arguments of a state or function on secrets and configs. Nothing is read.

    kind, name
        ``secret`` or ``config``, and its name.
    more
        The arguments that the function does not know.
    sources
        ``{argument: value}`` of the places that a content may come from; ``None``: there is no content.
    i_know_it_leaks
        ``True``: a secret may be in ``contents``.

    Other arguments are the options.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_content.require secret db_password keep=2
    """
    lines = []
    if not isinstance(name, str) or not name:
        lines.append("the name must be a string: quote it in YAML")
    try:
        __salt__["swarm_schema.require"](more, **options)
    except SaltInvocationError as exc:
        lines.append(str(exc))
    driver = options.get("driver")
    if driver is not None and not (
        isinstance(driver, dict) and isinstance(driver.get("Name"), str)
    ):
        lines.append("driver must be a dictionary with a Name")
    if sources is not None:
        lines += _slips(kind, sources, i_know_it_leaks, driver is not None)
    if lines:
        raise SaltInvocationError("; ".join(lines))


def _slips(kind, sources, leaks, has_driver):
    lines = []
    given = {name: value for name, value in sources.items() if value is not None}
    if has_driver and given:
        lines.append(f"the driver has the content: remove {', '.join(given)}")
    elif not has_driver and len(given) != 1:
        names = f"{', '.join(SOURCES[:-1])} or {SOURCES[-1]}"
        lines.append(f"exactly one of {names} is required, not {len(given)}")
    for name, value in given.items():
        # No value in a text: it may be a secret that was put into the wrong argument.
        if name == "contents":
            if not isinstance(value, (str, bytes)):
                lines.append("contents must be a string: quote it in YAML")
        elif not isinstance(value, str) or not value.strip():
            lines.append(f"{name} must be a string")
        elif name in BEGINS and not value.startswith(BEGINS[name]):
            lines.append(f"{name} must begin with {BEGINS[name]}")
    if kind == "secret" and given.get("contents") is not None and leaks is not True:
        lines.append(
            "a secret in contents is in rendered SLS files and in the job cache: use contents_pillar,"
            " contents_sdb, contents_file or source, or accept it with i_know_it_leaks: True"
        )
    return lines


def put(kind=None, name=None, sources=None, saltenv=None, dry_run=False, **options):
    """
    Make a secret or config as it is declared; what states and functions share.

    kind, name, sources
        As for :py:func:`swarm_content.require <require>`.
    saltenv
        Environment of ``source``.
    dry_run
        ``True``: return what would be done.

    Other arguments are the options of ``swarm.secret``.

    Returns what ``_swarm.Client.secret_put`` does; no content.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_content.put config motd sources='{contents: hello}' dry_run=True
    """
    labels = options.get("labels")
    given = {
        "template_driver": options.get("template_driver"),
        "labels": labels
        and {key: None if value is None else str(value) for key, value in labels.items()},
        "keep": options.get("keep"),
        "fixed_name": not options.get("versioned", True),
        "adopt": options.get("adopt", False),
        "spare_stacks": not options.get("move_stacks", True),
        "retry": options.get("retry_refused", False),
        "wait": options.get("wait", True),
        "timeout": options.get("timeout"),
        "dry_run": dry_run,
    }
    if options.get("driver") is not None:
        given["driver"] = options["driver"]

    def send(content):
        return with_hash_key(
            lambda key: __salt__["swarm_core.core"](
                f"{kind}_put", name, content, hash_key=key, **given
            )
        )

    if "driver" in given:
        return send(None)
    return read(send, kind=kind, saltenv=saltenv, **(sources or {}))


def read(into=None, kind="secret", saltenv=None, **sources):
    """
    Hand a content, as bytes, to a function of the same process; what that returns is returned.

    into
        A Python function that takes the bytes.
    kind
        ``secret`` or ``config``. The cached copy of a secret's ``source`` is removed.
    saltenv
        Environment of ``source``.

    Other arguments as for :py:func:`swarm_content.require <require>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_content.read    # refused: a job has no function to give
    """
    if not callable(into):
        raise SaltInvocationError("into must be a callable (internal callers only)")
    ((name, value),) = (
        (name, value) for name, value in sources.items() if name in SOURCES and value is not None
    )
    if name == "source":
        return into(_from_master(value, kind, saltenv))
    readers = {
        "contents_pillar": _from_pillar,
        "contents_sdb": _from_sdb,
        "contents_file": _from_file,
        "contents": _as_bytes,
    }
    return into(readers[name](value))


def hash_key():
    """
    Return where the key of the hashes comes from: ``pillar``, ``sdb``, or ``cluster`` for the cluster's id.
    The key is not shown.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_content.hash_key
    """
    found = _setting("swarm:hash_key")
    if found is None:
        return "cluster"
    return "sdb" if isinstance(found, str) and found.startswith("sdb://") else "pillar"


def with_hash_key(into=None):
    """
    Hand the key of the hashes, bytes or ``None``, to a function of the same process.

    into
        A Python function that takes the key.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_content.with_hash_key    # refused: a job has no function to give
    """
    if not callable(into):
        raise SaltInvocationError("into must be a callable (internal callers only)")
    found = _setting("swarm:hash_key")
    if found is None:
        return into(None)
    if not isinstance(found, str) or not found.strip():
        raise SaltInvocationError("pillar swarm:hash_key must be a string: quote it in YAML")
    return into(_from_sdb(found) if found.startswith("sdb://") else _as_bytes(found))


def _setting(key):
    """Of the minion config, else of pillar."""
    for source in (__opts__, __pillar__):
        value = traverse_dict_and_list(source, key)
        if value is not None:
            return value
    return None


def _as_bytes(value):
    return value if isinstance(value, bytes) else value.encode()


def _from_pillar(key):
    found = traverse_dict_and_list(__pillar__, key)
    if found is None:
        raise CommandExecutionError(__salt__["swarm_core.no_pillar_key"](key))
    if not isinstance(found, (str, bytes)):
        # Masked pillar has classes of Salt's own.
        kinds = ((dict, "a dictionary"), (list, "a list"))
        shown = next((text for kind, text in kinds if isinstance(found, kind)), None)
        shown = shown or type(found).__name__
        raise CommandExecutionError(f"pillar {key} must be a string, not {shown}: quote it in YAML")
    return _as_bytes(found)


def _from_sdb(url):
    if not url.startswith("sdb://"):
        raise SaltInvocationError("an sdb URL must begin with sdb://")
    try:
        found = __salt__["sdb.get"](url)
    except Exception as exc:  # pylint: disable=broad-except
        # A driver may raise anything, with anything in its text.
        raise CommandExecutionError(f"sdb cannot read {url}: {type(exc).__name__}") from None
    if found is None or found == url or not isinstance(found, (str, bytes)):
        raise CommandExecutionError(f"sdb has no text at {url}")
    return _as_bytes(found)


def _from_file(path):
    try:
        with salt.utils.files.fopen(path, "rb") as handle:
            return handle.read(MAX_BYTES)
    except OSError as exc:
        raise CommandExecutionError(f"cannot read the file {path}: {exc.strerror}") from None


def _from_master(url, kind, saltenv):
    try:
        path = __salt__["cp.cache_file"](url, saltenv or __opts__.get("saltenv") or "base")
    except OSError as exc:
        raise CommandExecutionError(f"cannot get {url}: {exc.strerror}") from None
    if not path:
        raise CommandExecutionError(f"the file server has no {url}")
    try:
        return _from_file(path)
    finally:
        if kind == "secret":
            _remove_cached(path)


def _remove_cached(path):
    """Only a copy: with file_client: local the path is the original."""
    cache = os.path.realpath(__opts__["cachedir"])
    if os.path.realpath(path).startswith(os.path.join(cache, "")):
        try:
            os.remove(path)
        except OSError as exc:
            raise CommandExecutionError(
                f"cannot remove the cached copy {path} of a secret: {exc.strerror}"
            ) from None
