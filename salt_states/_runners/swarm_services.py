# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode, seen from the master: services
=================================================

The execution functions on services, each run on one manager of pillar that answers as one. Arguments are
those of the execution function of the same name. They belong to the name ``swarm``.

:maturity: new
:depends: the runner ``swarm``; the execution module ``swarm`` on the minions
:platform: Linux

.. versionadded:: 0.1.0

What is returned and the exit code are those of ``swarm.ask``.
"""

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def service_ls(*args, **kwargs):
    """
    Return the services in the columns of ``docker service ls``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.service_ls
    """
    return __salt__["swarm.ask"]("swarm.service_ls", *args, **kwargs)


def rebalance(*args, **kwargs):
    """
    Even out the tasks of services over the nodes; ``test=True`` shows every move, and changes nothing.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.rebalance test=True
        salt-run swarm.rebalance services='[web]'
    """
    return __salt__["swarm.ask"]("swarm.rebalance", *args, **kwargs)


def service_ps(*args, **kwargs):
    """
    Return the tasks of a service in the columns of ``docker service ps``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.service_ps web
    """
    return __salt__["swarm.ask"]("swarm.service_ps", *args, **kwargs)


def service_why(*args, **kwargs):
    """
    Return why tasks of a service do not run.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.service_why web
    """
    return __salt__["swarm.ask"]("swarm.service_why", *args, **kwargs)


def service_inspect(*args, **kwargs):
    """
    Return one service as the engine has it, or with ``words=True`` in compose's words.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.service_inspect web words=True
    """
    return __salt__["swarm.ask"]("swarm.service_inspect", *args, **kwargs)


def service_logs(*args, **kwargs):
    """
    Return the newest lines of a service's log.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.service_logs web tail=20
    """
    return __salt__["swarm.ask"]("swarm.service_logs", *args, **kwargs)


def service_create(*args, **kwargs):
    """
    Create a service.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.service_create image=nginx name=web
    """
    return __salt__["swarm.ask"]("swarm.service_create", *args, **kwargs)


def service_update(*args, **kwargs):
    """
    Change a service; what is not given stays as it is.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.service_update web image=nginx:1.28
    """
    return __salt__["swarm.ask"]("swarm.service_update", *args, **kwargs)


def service_rm(*args, **kwargs):
    """
    Remove a service.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.service_rm web
    """
    return __salt__["swarm.ask"]("swarm.service_rm", *args, **kwargs)


def service_scale(*args, **kwargs):
    """
    Set how many tasks services have.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.service_scale web=3
    """
    return __salt__["swarm.ask"]("swarm.service_scale", *args, **kwargs)


def service_rollback(*args, **kwargs):
    """
    Go back to the spec before the last change of a service.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.service_rollback web
    """
    return __salt__["swarm.ask"]("swarm.service_rollback", *args, **kwargs)


def service_force_update(*args, **kwargs):
    """
    Restart all tasks of a service as its update settings say.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.service_force_update web
    """
    return __salt__["swarm.ask"]("swarm.service_force_update", *args, **kwargs)
