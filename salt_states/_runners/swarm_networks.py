# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode, seen from the master: networks
=================================================

The execution functions on networks. What only reads is asked of the first manager of pillar that answers;
what changes something runs once, as by ``swarm.ask``. They belong to the name ``swarm``.

:maturity: new
:depends: the runner ``swarm_master``; the execution module ``swarm`` on the minions
:platform: Linux

.. versionadded:: 0.1.0
"""

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def network_ls(*args, **kwargs):
    """
    Return the networks in the columns of ``docker network ls``, from the first manager of pillar that answers.

    name, scope, driver
        As for the execution function ``swarm.network_ls``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.network_ls scope=swarm
    """
    return _first("swarm.network_ls", args, kwargs)


def network_inspect(*args, **kwargs):
    """
    Return one network as the engine has it, from the first manager of pillar that answers.

    network
        Full id or exact name.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.network_inspect backend
    """
    return _first("swarm.network_inspect", args, kwargs, "nested")


def network_usage(*args, **kwargs):
    """
    Return how many addresses of each network are in use, from the first manager of pillar that answers.

    name
        Only the network with exactly this name or id.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.network_usage
    """
    return _first("swarm.network_usage", args, kwargs)


def network_create(*args, **kwargs):
    """
    Create a network. Arguments are those of the execution function ``swarm.network_create``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.network_create backend attachable=True
    """
    return __salt__["swarm.ask"]("swarm.network_create", *args, **kwargs)


def network_rm(*args, **kwargs):
    """
    Remove a network that no service uses.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.network_rm backend
    """
    return __salt__["swarm.ask"]("swarm.network_rm", *args, **kwargs)


def _first(function, args, kwargs, outputter="swarm_table"):
    asked = (function, args, kwargs, outputter)
    return __salt__["swarm_master.run"](__salt__["swarm_master.first_answer"], asked, {})
