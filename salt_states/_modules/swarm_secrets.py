# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: secrets and configs
======================================

Functions on the secrets and configs of a swarm, run on one of its managers. They belong to the name ``swarm``.
No function returns the content of a secret, which the engine never shows.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0
"""

import base64

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm"
__outputter__ = {
    "secret_ls": "swarm_table",
    "config_ls": "swarm_table",
    "secret_users": "swarm_table",
    "config_users": "swarm_table",
}


def __virtual__():
    return __virtualname__


# --- lists ------------------------------------------------------------------------------------------


def secret_ls(name=None, label=None):
    """
    Return the secrets in the columns of ``docker secret ls``, from a manager.

    name
        Only this exact name, or the versions of this name.
    label
        Only those with this label, ``KEY`` or ``KEY=VALUE``.

    Returns a list of dicts: ``ID``, ``NAME``, ``DRIVER``, ``CREATED``, ``UPDATED``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.secret_ls
        salt manager1 swarm.secret_ls db_password
    """
    return [
        {
            "ID": one["ID"],
            "NAME": one["Spec"]["Name"],
            "DRIVER": (one["Spec"].get("Driver") or {}).get("Name") or "",
            "CREATED": __salt__["swarm_age.ago"](one.get("CreatedAt")),
            "UPDATED": __salt__["swarm_age.ago"](one.get("UpdatedAt")),
        }
        for one in _listed("secret", name, label)
    ]


def config_ls(name=None, label=None):
    """
    Return the configs in the columns of ``docker config ls``, from a manager.

    name, label
        As for :py:func:`swarm.secret_ls <secret_ls>`.

    Returns a list of dicts: ``ID``, ``NAME``, ``CREATED``, ``UPDATED``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.config_ls
    """
    return [
        {
            "ID": one["ID"],
            "NAME": one["Spec"]["Name"],
            "CREATED": __salt__["swarm_age.ago"](one.get("CreatedAt")),
            "UPDATED": __salt__["swarm_age.ago"](one.get("UpdatedAt")),
        }
        for one in _listed("config", name, label)
    ]


def _listed(kind, name, label):
    filters = {"label": str(label)} if label is not None else None
    found = __salt__["swarm_core.core"]("object_list", kind, filters=filters)
    if name is None:
        return found
    return [
        one
        for one in found
        if str(name)
        in (one["Spec"]["Name"], (one["Spec"].get("Labels") or {}).get("libswarm.name"))
    ]


# --- one --------------------------------------------------------------------------------------------


def secret_inspect(name=None):
    """
    Return the engine's description of a secret, from a manager. Its content is in no answer of an engine.

    name
        Full id or exact name of an object, or the name that its versions share: then the newest one.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.secret_inspect db_password
    """
    return _inspect("secret", name)


def config_inspect(name=None):
    """
    Return the engine's description of a config, from a manager, with its content in base64.

    name
        As for :py:func:`swarm.secret_inspect <secret_inspect>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.config_inspect nginx.conf
    """
    return _inspect("config", name)


def config_show(name=None):
    """
    Return the content of a config as text, from a manager.

    name
        As for :py:func:`swarm.secret_inspect <secret_inspect>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.config_show nginx.conf
    """
    content = base64.b64decode(_inspect("config", name)["Spec"].get("Data") or "")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise CommandExecutionError(
            f"config {name} is not text ({len(content)} bytes): swarm.config_inspect has it in base64"
        ) from None


def _inspect(kind, name):
    name = _given(kind, name)
    found = __salt__["swarm_core.core"](
        "object_list", kind, filters={"label": f"libswarm.name={name}"}
    )
    for one in __salt__["swarm_core.core"]("object_list", kind, filters={"name": name}):
        if (one["Spec"].get("Labels") or {}).get("libswarm.name") != name:
            return one
    if found:
        return max(found, key=_version)
    return __salt__["swarm_core.core"]("object_inspect", kind, name)


def _version(one):
    text = one["Spec"]["Labels"].get("libswarm.version", "")
    return (int(text) if text.isdigit() else 0, one.get("CreatedAt") or "")


def _given(kind, name):
    if isinstance(name, bool) or not isinstance(name, (str, int)) or name == "":
        raise SaltInvocationError(f"name must be the name or id of a {kind}, not {name!r}")
    return str(name)


# --- users ------------------------------------------------------------------------------------------


def secret_users(name=None):
    """
    Return the services that use a secret, or one of its versions, from a manager.

    name
        The name that its versions share, or full id or exact name of one object.

    Returns a list of dicts: ``SERVICE``, ``VERSION`` (name of the object), ``SPEC``: ``current`` (the service
    runs with it), ``previous`` (a rollback would use it again) or ``both``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.secret_users db_password
    """
    return _users("secret", name)


def config_users(name=None):
    """
    Return the services that use a config, or one of its versions, from a manager.

    name
        As for :py:func:`swarm.secret_users <secret_users>`, which also says what is returned.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.config_users nginx.conf
    """
    return _users("config", name)


def _users(kind, name):
    found = __salt__["swarm_core.core"]("versioned_users", kind, _given(kind, name))
    return [
        {"SERVICE": one["service"], "VERSION": one["name"], "SPEC": one["spec"]} for one in found
    ]


# --- made and removed -------------------------------------------------------------------------------


def secret_create(
    name=None,
    contents_file=None,
    contents_pillar=None,
    contents_sdb=None,
    source=None,
    contents=None,
    i_know_it_leaks=False,
    saltenv=None,
    **options,
):
    """
    Create a secret, or a new version of one, and move the services that name an older version, as the state
    ``swarm.secret`` does.

    name
        The name.
    contents_file, contents_pillar, contents_sdb, source
        Where the content is; exactly one. A path on this minion; a pillar key; an ``sdb://`` URL; a
        ``salt://`` URL. The bytes are taken as they are.
    contents
        The content itself, which then **leaks** into job cache, event bus and debug logs: refused unless
        ``i_know_it_leaks=True``.

    Other arguments are the options of the state, such as ``labels``, ``versioned`` and ``keep``.

    Returns a dict: ``id``, ``name`` (of the version), ``action``, ``changes``, ``failed``, ``warnings``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.secret_create db_password contents_pillar=db:password
    """
    sources = {
        "contents_pillar": contents_pillar,
        "contents_sdb": contents_sdb,
        "contents_file": contents_file,
        "source": source,
        "contents": contents,
    }
    return _create("secret", name, sources, i_know_it_leaks, saltenv, options)


def config_create(
    name=None,
    contents_file=None,
    contents_pillar=None,
    contents_sdb=None,
    source=None,
    contents=None,
    saltenv=None,
    **options,
):
    """
    Create a config, or a new version of one, and move the services that name an older version, as the state
    ``swarm.config`` does.

    name, contents_file, contents_pillar, contents_sdb, source
        As for :py:func:`swarm.secret_create <secret_create>`, which also says what is returned.
    contents
        The content itself.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.config_create nginx.conf source=salt://nginx/nginx.conf
    """
    sources = {
        "contents_pillar": contents_pillar,
        "contents_sdb": contents_sdb,
        "contents_file": contents_file,
        "source": source,
        "contents": contents,
    }
    return _create("config", name, sources, False, saltenv, options)


def _create(kind, name, sources, leaks, saltenv, options):
    options = {key: value for key, value in options.items() if not key.startswith("__")}
    known = dict.fromkeys(OPTIONS)
    if kind == "config":
        del known["driver"]
    more = {key: value for key, value in options.items() if key not in known}
    options = {key: value for key, value in options.items() if key in known}
    __salt__["swarm_content.require"](kind, name, more, sources, leaks, **{**known, **options})
    return __salt__["swarm_content.put"](kind, name, sources, saltenv=saltenv, **options)


OPTIONS = (
    "driver",
    "template_driver",
    "labels",
    "keep",
    "versioned",
    "adopt",
    "move_stacks",
    "retry_refused",
    "wait",
    "timeout",
)


def secret_rm(name=None, timeout=None):
    """
    Remove all versions of a secret, and the secret of exactly this name. Refused, with the names of the
    services, while one uses it.

    name
        The name.
    timeout
        Seconds for the whole call (60).

    Returns ``{"removed": [name, …], "warnings": […]}``; a secret that is absent is not an error.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.secret_rm db_password
    """
    return __salt__["swarm_core.core"](
        "versioned_remove", "secret", _given("secret", name), timeout=timeout
    )


def config_rm(name=None, timeout=None):
    """
    Remove all versions of a config, and the config of exactly this name. Refused, with the names of the
    services, while one uses it.

    name, timeout
        As for :py:func:`swarm.secret_rm <secret_rm>`, which also says what is returned.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.config_rm nginx.conf
    """
    return __salt__["swarm_core.core"](
        "versioned_remove", "config", _given("config", name), timeout=timeout
    )
