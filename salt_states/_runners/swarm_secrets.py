# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode, seen from the master: secrets and configs
============================================================

The execution functions on secrets and configs. What only reads is asked of the first manager of pillar that
answers; what changes something runs once, as by ``swarm.ask``. They belong to the name ``swarm``.

**Content** of a secret is named, never given: the arguments of ``salt-run`` are in the event bus and the
master's job cache. So is what a manager is asked, which gets no more than the name of the place.

:maturity: new
:depends: the runner ``swarm_master``; the execution module ``swarm`` on the minions
:platform: Linux

.. versionadded:: 0.1.0
"""

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def secret_ls(*args, **kwargs):
    """
    Return the secrets in the columns of ``docker secret ls``, from the first manager of pillar that answers.

    name, label
        As for the execution function ``swarm.secret_ls``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.secret_ls
    """
    return _first("swarm.secret_ls", args, kwargs)


def config_ls(*args, **kwargs):
    """
    Return the configs in the columns of ``docker config ls``, from the first manager of pillar that answers.

    name, label
        As for the execution function ``swarm.config_ls``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.config_ls label=owner=web
    """
    return _first("swarm.config_ls", args, kwargs)


def secret_inspect(*args, **kwargs):
    """
    Return one secret as the engine has it, without its content, from the first manager of pillar that answers.

    name
        As for the execution function ``swarm.secret_inspect``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.secret_inspect db_password
    """
    return _first("swarm.secret_inspect", args, kwargs, "nested")


def config_inspect(*args, **kwargs):
    """
    Return one config as the engine has it, from the first manager of pillar that answers.

    name
        As for the execution function ``swarm.config_inspect``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.config_inspect nginx.conf
    """
    return _first("swarm.config_inspect", args, kwargs, "nested")


def secret_users(*args, **kwargs):
    """
    Return the services that use a secret, or could be rolled back to it, from the first manager of pillar that answers.

    name
        As for the execution function ``swarm.secret_users``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.secret_users db_password
    """
    return _first("swarm.secret_users", args, kwargs)


def config_users(*args, **kwargs):
    """
    Return the services that use a config, or could be rolled back to it, from the first manager of pillar that answers.

    name
        As for the execution function ``swarm.config_users``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.config_users nginx.conf
    """
    return _first("swarm.config_users", args, kwargs)


def secret_create(*args, **kwargs):
    """
    Create a secret, or a new version of one, and move the services that name an older version.

    name, contents_file, contents_pillar, contents_sdb, source
        As for the execution function ``swarm.secret_create``: a file on the manager, a pillar key of the
        manager, an ``sdb://`` URL or a ``salt://`` URL. ``contents`` is refused.

    Other arguments are the options of the state ``swarm.secret``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.secret_create db_password contents_pillar=db:password
    """
    return __salt__["swarm_master.run"](_secret_create, args, kwargs)


def _secret_create(
    name, contents_file=None, contents_pillar=None, contents_sdb=None, source=None, **options
):
    if "contents" in options or "i_know_it_leaks" in options:
        __salt__["swarm_master.slip"](
            "contents of a secret: the arguments of salt-run are in the master's job cache and events: give"
            " contents_pillar, contents_sdb, contents_file or source, and replace a secret that was given"
        )
    places = {
        "contents_file": contents_file,
        "contents_pillar": contents_pillar,
        "contents_sdb": contents_sdb,
        "source": source,
    }
    given = {key: value for key, value in places.items() if value is not None}
    return __salt__["swarm.ask"]("swarm.secret_create", name, **given, **options)


def secret_rm(*args, **kwargs):
    """
    Remove all versions of a secret that no service names.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.secret_rm db_password
    """
    return __salt__["swarm.ask"]("swarm.secret_rm", *args, **kwargs)


def config_show(*args, **kwargs):
    """
    Return the content of a config, from the first manager of pillar that answers as one.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.config_show nginx.conf
    """
    return __salt__["swarm.ask"]("swarm.config_show", *args, **kwargs)


def config_create(*args, **kwargs):
    """
    Create a config, or a new version of one, and move the services that name an older version. Arguments
    are those of the execution function ``swarm.config_create``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.config_create nginx.conf source=salt://nginx/nginx.conf
    """
    return __salt__["swarm.ask"]("swarm.config_create", *args, **kwargs)


def config_rm(*args, **kwargs):
    """
    Remove all versions of a config that no service names.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.config_rm nginx.conf
    """
    return __salt__["swarm.ask"]("swarm.config_rm", *args, **kwargs)


def _first(function, args, kwargs, outputter="swarm_table"):
    asked = (function, args, kwargs, outputter)
    return __salt__["swarm_master.run"](__salt__["swarm_master.first_answer"], asked, {})
