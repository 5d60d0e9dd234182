# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode, seen from the master: secrets and configs
============================================================

The execution functions that read secrets and configs, asked of the first manager of pillar that answers.
They belong to the name ``swarm``.

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
    The secrets in the columns of ``docker secret ls``, from the first manager of pillar that answers.

    name, label
        As for the execution function ``swarm.secret_ls``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.secret_ls
    """
    return _first("swarm.secret_ls", args, kwargs)


def config_ls(*args, **kwargs):
    """
    The configs in the columns of ``docker config ls``, from the first manager of pillar that answers.

    name, label
        As for the execution function ``swarm.config_ls``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.config_ls label=owner=web
    """
    return _first("swarm.config_ls", args, kwargs)


def secret_inspect(*args, **kwargs):
    """
    One secret as the engine has it, without its content, from the first manager of pillar that answers.

    name
        As for the execution function ``swarm.secret_inspect``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.secret_inspect db_password
    """
    return _first("swarm.secret_inspect", args, kwargs, "nested")


def config_inspect(*args, **kwargs):
    """
    One config as the engine has it, from the first manager of pillar that answers.

    name
        As for the execution function ``swarm.config_inspect``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.config_inspect nginx.conf
    """
    return _first("swarm.config_inspect", args, kwargs, "nested")


def secret_users(*args, **kwargs):
    """
    The services that use a secret, or could be rolled back to it, from the first manager of pillar that answers.

    name
        As for the execution function ``swarm.secret_users``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.secret_users db_password
    """
    return _first("swarm.secret_users", args, kwargs)


def config_users(*args, **kwargs):
    """
    The services that use a config, or could be rolled back to it, from the first manager of pillar that answers.

    name
        As for the execution function ``swarm.config_users``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.config_users nginx.conf
    """
    return _first("swarm.config_users", args, kwargs)


def _first(function, args, kwargs, outputter="swarm_table"):
    asked = (function, args, kwargs, outputter)
    return __salt__["swarm_master.run"](__salt__["swarm_master.first_answer"], asked, {})
