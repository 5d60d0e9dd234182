# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: a host that is in a swarm
============================================

The states by which this host takes no tasks, or gets out of its swarm by itself. They belong to the
name ``swarm``. In test mode each predicts the changes of the real run.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_facts``

.. versionadded:: 0.1.0
"""

import contextlib

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


@contextlib.contextmanager
def _reported(ret):
    """Turn an error of the modules into the state's one-line reason."""
    try:
        yield
    except (CommandExecutionError, SaltInvocationError) as exc:
        ret["result"] = False
        ret["comment"] = str(exc)


def _new(name):
    return {"name": name, "result": True, "changes": {}, "comment": ""}


def _would(ret, changes, comment):
    ret.update(result=None, changes=changes, comment=comment)


def left(name, force=False, **kwargs):
    """
    Ensure this host is not in a swarm.

    name
        Any text.
    force
        Also as a manager, locked, or pending.

    .. code-block:: yaml

        no swarm on this host:
          swarm.left: []
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](kwargs, force=force)
        info = __salt__["swarm.info"]()
        before = info["state"]
        orphan = __salt__["swarm_state_dir.orphan_data"]() if before == "inactive" else {}
        if orphan:
            raise CommandExecutionError(orphan["reason"])
        if before == "inactive":
            ret["comment"] = "this host is not in a swarm"
            return ret
        if not force and (info["role"] == "manager" or before == "locked"):
            raise CommandExecutionError(
                "this host is a manager, which the others may need for their quorum: demote it on"
                " another manager first, or give force: True"
            )
        changes = {"swarm": {"old": before, "new": "inactive"}}
        if __opts__["test"]:
            _would(ret, changes, "this host would leave its swarm")
            return ret
        __salt__["swarm.leave"](force=force)
        after = __salt__["swarm.info"]()["state"]
        if after != "inactive":
            raise CommandExecutionError(f"docker accepted the leave, but the host is still {after}")
        ret.update(changes=changes, comment="this host left its swarm")
    return ret


def drained(name, **kwargs):
    """
    Ensure this manager takes no tasks, unless pillar ``swarm:nodes`` gives it another availability.
    Without a swarm there is nothing to drain, and the state succeeds.

    name
        Any text.

    .. code-block:: yaml

        no tasks here:
          swarm.drained: []
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](kwargs)
        facts = __salt__["swarm_facts.collect"]()
        if facts.get("data"):
            raise CommandExecutionError(facts["error"])
        if facts["state"] in ("inactive", "absent"):
            ret["comment"] = "this host is not in a swarm: there is nothing to drain"
            return ret
        wanted = __salt__["swarm_facts.named"](__opts__["id"])["availability"]
        if wanted not in (None, "drain"):
            ret["comment"] = f"pillar swarm:nodes sets this node to {wanted}"
            return ret
        if facts["state"] == "active" and facts["role"] == "worker":
            if (
                __salt__["swarm_facts.run"]()["id"]
                and __opts__["id"] in __salt__["swarm_facts.manager_ids"]()
            ):
                ret["comment"] = "this host becomes a manager in this run, and is drained with that"
                return ret
            raise CommandExecutionError(
                "this host is a worker, which cannot drain itself: on a manager run"
                f" swarm.drain {facts['node_id']}"
            )
        before = __salt__["swarm.node_inspect"]("self")["Spec"]["Availability"]
        if before == "drain":
            ret["comment"] = "this node is drained"
            return ret
        changes = {"availability": {"old": before, "new": "drain"}}
        keep = "to keep it active give it availability: active in pillar swarm:nodes"
        if __opts__["test"]:
            _would(ret, changes, f"this manager would be drained, its tasks moved; {keep}")
            return ret
        __salt__["swarm.drain"]("self")
        comment = f"drained this manager, no task is left on it; {keep}"
        ret.update(changes=changes, comment=comment)
    return ret
