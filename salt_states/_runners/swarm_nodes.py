# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode, seen from the master: nodes and tasks
========================================================

The nodes, the tasks, and any execution function on one manager. They belong to the name ``swarm``.

:maturity: new
:depends: the runner ``swarm_master``; the execution module ``swarm`` on the minions
:platform: Linux

.. versionadded:: 0.1.0
"""

ANSWER_SECONDS = 30

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def node_ls(*args, **kwargs):
    """
    Return the nodes in the columns of ``docker node ls``, from the first manager of pillar that
    answers.

    Arguments are those of the execution function ``swarm.node_ls``: ``server``, ``role``, ``state``,
    ``availability``, ``label``, ``engine_version``.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.node_ls
        salt-run swarm.node_ls role=worker state=down
    """
    return _first("swarm.node_ls", args, kwargs)


def ps(*args, **kwargs):
    """
    Return the tasks of a node or a service in the columns of ``docker node ps`` and ``docker
    service ps``, from the first manager of pillar that answers.

    ref
        A node (full id or exact host name) or a service (full id or exact name).
    running
        ``True``: only tasks that shall run.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.ps web
    """
    return __salt__["swarm_master.run"](_ps, args, kwargs)


def _ps(ref, running=False):
    return __salt__["swarm_master.first_answer"]("swarm.ps", [ref], {"running": running})


def ask(*args, **kwargs):
    """
    Run an execution function on one manager: the first of pillar that answers as one. Unlike a target of
    several minions, what changes something runs once.

    function
        Its name, such as ``swarm.service_scale``; its arguments follow.

    Returns ``{minion id: what the function returned}``. The exit code is 0; 1 where it failed or no manager
    answered, and then ``problems`` says why.

    CLI Example:

    .. code-block:: bash

        salt-run swarm.ask swarm.service_scale web=3
    """
    return __salt__["swarm_master.run"](_ask, args, kwargs)


def _ask(function, *args, **kwargs):
    managers = list(__salt__["swarm_master.known"]()["swarm"]["managers"])
    answers = __salt__["swarm_master.ask"](managers, {"swarm.info": []}, ANSWER_SECONDS)
    found = {name: answers.get(name, {}).get("swarm.info") for name in managers}
    serving = [
        name for name, info in found.items() if isinstance(info, dict) and info["cluster_id"]
    ]
    if not serving:
        return __salt__["swarm_master.failed"](
            f"no manager of pillar answers in a swarm with a leader: {', '.join(managers)}"
        )
    answer, why = __salt__["swarm_master.ask_one"](serving[0], function, args, kwargs)
    if why:
        return __salt__["swarm_master.failed"](f"{serving[0]}: {why}")
    report = {serving[0]: answer}
    return __salt__["swarm_master.ended"](report, why is not None, outputter="swarm_table")


def _first(function, args, kwargs, outputter="swarm_table"):
    asked = (function, args, kwargs, outputter)
    return __salt__["swarm_master.run"](__salt__["swarm_master.first_answer"], asked, {})
