# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode, seen from the master: stacks
===============================================

The execution functions on stacks, each run on one manager of pillar that answers as one. Arguments are those
of the execution function of the same name. They belong to the name ``swarm``.

:maturity: new
:depends: the runner ``swarm``; the execution module ``swarm`` on the minions
:platform: Linux

.. versionadded:: 0.1.0

What is returned and the exit code are those of ``swarm.ask``.
"""

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def stack_ls(*args, **kwargs):
    """
    Return the stacks in the columns of ``docker stack ls``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.stack_ls
    """
    return __salt__["swarm.ask"]("swarm.stack_ls", *args, **kwargs)


def stack_services(*args, **kwargs):
    """
    Return the services of a stack in the columns of ``docker stack services``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.stack_services shop
    """
    return __salt__["swarm.ask"]("swarm.stack_services", *args, **kwargs)


def stack_ps(*args, **kwargs):
    """
    Return the tasks of a stack in the columns of ``docker stack ps``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.stack_ps shop
    """
    return __salt__["swarm.ask"]("swarm.stack_ps", *args, **kwargs)


def stack_status(*args, **kwargs):
    """
    Return whether a stack is as declared, and whether it works.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.stack_status shop
    """
    return __salt__["swarm.ask"]("swarm.stack_status", *args, **kwargs)


def stack_history(*args, **kwargs):
    """
    Return the stored revisions of a stack.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.stack_history shop
    """
    return __salt__["swarm.ask"]("swarm.stack_history", *args, **kwargs)


def stack_config(*args, **kwargs):
    """
    Return the objects that compose files make.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.stack_config shop
    """
    return __salt__["swarm.ask"]("swarm.stack_config", *args, **kwargs)


def stack_diff(*args, **kwargs):
    """
    Return what a deployment would change.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.stack_diff shop
    """
    return __salt__["swarm.ask"]("swarm.stack_diff", *args, **kwargs)


def stack_deploy(*args, **kwargs):
    """
    Deploy a stack.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.stack_deploy shop
    """
    return __salt__["swarm.ask"]("swarm.stack_deploy", *args, **kwargs)


def stack_rollback(*args, **kwargs):
    """
    Go back to a stored revision of a stack.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.stack_rollback shop to=5
    """
    return __salt__["swarm.ask"]("swarm.stack_rollback", *args, **kwargs)


def stack_rm(*args, **kwargs):
    """
    Remove a stack.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.stack_rm shop
    """
    return __salt__["swarm.ask"]("swarm.stack_rm", *args, **kwargs)
