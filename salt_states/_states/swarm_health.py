# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: what must hold before a change
=================================================

States that look, and change nothing. They belong to the name ``swarm``, and run on a manager.

:maturity: new
:depends: the execution module ``swarm``

.. versionadded:: 0.1.0
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def preflight(name, checks=None, ignore=None, managers=None, **kwargs):
    """
    Ensure this host is fit to be in a swarm. Nothing is ever changed; all faults are in one comment.

    name
        Any text.
    checks, ignore, managers
        As for :py:func:`swarm.preflight <salt.modules.swarm_health.preflight>`.

    .. code-block:: yaml

        this host is fit for the change:
          swarm.preflight:
            - ignore: [virtual-ips]
    """
    ret = {"name": name, "result": True, "changes": {}, "comment": ""}
    try:
        __salt__["swarm_schema.require"](kwargs, checks=checks, ignore=ignore)
        rows = __salt__["swarm.preflight"](checks=checks, ignore=ignore, managers=managers)
    except (CommandExecutionError, SaltInvocationError) as exc:
        return {**ret, "result": False, "comment": str(exc)}
    told = __salt__["swarm_preflight_rules.lines"](rows)
    if told["errors"]:
        return {**ret, "result": False, "comment": "; ".join(told["errors"])}
    text = f"{len({row['name'] for row in rows})} checks, nothing blocks a change"
    return {**ret, "comment": "; ".join([text, *told["warnings"]])}


def healthy(name, checks=None, ignore=None, margin=None, timeout=300, stable=5, **kwargs):
    """
    Ensure the swarm is well; wait for that. Nothing is ever changed. Test mode looks once, and returns
    ``None`` where the real run would wait.

    name
        Any text.
    checks, ignore, margin
        As for :py:func:`swarm.health <salt.modules.swarm_health.health>`.
    timeout
        Seconds to wait until nothing blocks a change.
    stable
        For how many seconds it must hold without a break.

    .. code-block:: yaml

        before the change:
          swarm.healthy:
            - ignore: [services-running:legacy]
            - timeout: 60
    """
    ret = {"name": name, "result": True, "changes": {}, "comment": ""}
    given = {"checks": checks, "ignore": ignore, "margin": margin}
    try:
        __salt__["swarm_schema.require"](kwargs, timeout=timeout, stable=stable, **given)
        wait = 0 if __opts__["test"] else timeout
        rows = __salt__["swarm.health"](wait=wait, stable=stable, **given)
    except (CommandExecutionError, SaltInvocationError) as exc:
        return {**ret, "result": False, "comment": str(exc)}
    faults = __salt__["swarm_checks.blocking"](rows)
    if faults:
        # After a wait only what the host itself tells can be wrong, and that does not pass by waiting.
        ret["result"] = None if __opts__["test"] else False
        ret["comment"] = "; ".join(f"{row['name']}: {row['text']}" for row in faults)
        return ret
    warnings = [row["text"] for row in rows if row["ok"] is not True]
    ret["comment"] = f"{len({row['name'] for row in rows})} checks hold"
    if warnings:
        ret["comment"] = "nothing blocks a change: " + "; ".join(warnings)
    return ret
