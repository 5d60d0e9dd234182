# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: nodes that are empty
=======================================

They belong to the name ``swarm``, and run on a manager.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_eviction``

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


def evicted(name, deadline=None, reason=None, fallback=None, allow=None, force=False, **kwargs):
    """
    Ensure a node is drained and empty. Its tasks are moved without a gap first; where some of them
    would not fit elsewhere, nothing is done.

    name
        Full id, exact host name, or ``self``.
    deadline, reason, fallback, allow, force
        As for :py:func:`swarm.evict <salt.modules.swarm_evict.evict>`.

    .. code-block:: yaml

        worker1:
          swarm.evicted:
            - reason: new disk
            - allow: [db]
    """
    ret = _new(name)
    with _reported(ret):
        given = {"deadline": deadline, "reason": reason, "fallback": fallback}
        given.update(allow=allow, force=force)
        __salt__["swarm_schema.require"](kwargs, **given)
        wait = not __opts__["test"]
        plan = __salt__["swarm.evict_plan"](name, allow=allow, force=force, wait=wait)
        if plan["refusal"]:
            raise CommandExecutionError(plan["refusal"])
        host, changes = plan["hostname"], __salt__["swarm_eviction.changes"](plan)
        if not changes:
            ret["comment"] = f"{host} is drained and empty"
        elif __opts__["test"]:
            ret.update(result=None, changes=changes, comment=f"{host} would be emptied")
        else:
            done = __salt__["swarm.evict"](name, **given)
            ret.update(changes=changes, comment=f"{host} was emptied")
            if done["warning"]:
                ret["warnings"] = [f"tasks were stopped: {done['warning']}"]
    return ret


def returned(name, timeout=None, **kwargs):
    """
    Ensure a node that :py:func:`swarm.evicted <evicted>` emptied has its availability from before.
    A node that somebody else drained stays so.

    name
        Full id, exact host name, or ``self``.
    timeout
        Seconds for the whole state (120).

    .. code-block:: yaml

        worker1:
          swarm.returned: []
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_schema.require"](kwargs, timeout=timeout)
        spec = __salt__["swarm.node_inspect"](name)["Spec"]
        was = (spec.get("Labels") or {}).get("saltext.swarm.was")
        if not was:
            ret["comment"] = f"{name} was not emptied by swarm.evicted"
            return ret
        changes = {}
        if spec["Availability"] not in ("active", was):
            changes = {"availability": {"old": spec["Availability"], "new": was}}
        if __opts__["test"]:
            ret.update(result=None, changes=changes or {"labels": {"old": was, "new": ""}})
            ret["comment"] = f"{name} would be returned to use"
            return ret
        done = __salt__["swarm.evict_undo"](name, timeout=timeout)
        if done["services"]:
            changes["services"] = {"old": "moved away", "new": ", ".join(done["services"])}
        ret.update(changes=changes or {"labels": {"old": was, "new": ""}})
        ret["comment"] = f"{done['hostname']} was returned to use: {done['new']}"
    return ret
