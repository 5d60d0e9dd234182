# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: empty a node
===============================

A node is emptied without a gap in its services, and returned to use. The functions run on a manager, and
belong to the name ``swarm``. ``docs/empty-a-host.md`` explains them.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0

**Pillar**: ``swarm:drain`` has the defaults of ``deadline``, ``fallback`` and ``allow``.
"""

from salt.exceptions import SaltInvocationError

__virtualname__ = "swarm"
__outputter__ = {"evict": "swarm_table", "evict_plan": "swarm_table"}


def __virtual__():
    return __virtualname__


def evict_plan(node="self", allow=None, force=False, wait=False):
    """
    Return what :py:func:`swarm.evict <evict>` would do, from a manager. Changes nothing.

    node
        Full id, exact host name, or ``self``.
    allow, force
        As for :py:func:`swarm.evict <evict>`.
    wait
        ``True``: first for services that are in the middle of an update, or short of a task, 30 seconds at
        most, as :py:func:`swarm.evict <evict>` does.

    Returns ``id``, ``hostname``, ``availability``, ``refusal`` (why nothing would be done; empty if
    it would), and ``services``, a list by name of ``service``, ``tasks`` (how many are there),
    ``way``, ``why`` and ``fits`` (the nodes that take one). The way is ``move``: by an update of the
    service; ``stop``: the drain ends them; ``stay``: they cannot be moved.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.evict_plan worker1
    """
    given = _given(node=node, allow=allow, force=force)
    if not isinstance(wait, bool):
        raise SaltInvocationError(f"wait must be True or False, not {wait!r}")
    return __salt__["swarm_core.core"](
        "evict_plan", given["node"], allow=given["allow"], force=given["force"], wait=wait
    )


def evict(
    node="self", deadline=None, reason=None, fallback=None, allow=None, force=False, plan=False
):
    """
    Empty a node without a gap in its services, and leave it drained. From a manager. Each
    replicated service is moved by its own update settings, one after the other, so with the order
    start-first a new task runs before the old one stops. Nothing is done where some tasks would not
    fit elsewhere. A service in the middle of an update, or short of a task, is waited for: 30 seconds
    before the first change, then 120, and never past the deadline. A run that was killed goes on when it is run again; :py:func:`swarm.evict_undo
    <evict_undo>` goes back.

    node
        Full id, exact host name, or ``self``.
    deadline
        Seconds for all of it (600).
    reason
        A line for people, kept in the node's label ``saltext.swarm.reason``.
    fallback
        When the deadline passes: ``stop`` goes back to what was before, ``drain`` stops the tasks
        that are left (``stop``).
    allow
        List of services whose tasks may be stopped.
    force
        ``True``: the tasks of all services may be stopped.
    plan
        ``True``: the same as :py:func:`swarm.evict_plan <evict_plan>`.

    Returns ``id``, ``hostname``, ``old`` and ``new`` availability, the ``services`` as in the plan,
    and ``warning``: what had to be stopped.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.evict worker1 reason='new disk' allow='[db]'
    """
    given = _given(
        node=node,
        deadline=deadline,
        reason=reason,
        fallback=fallback,
        allow=allow,
        force=force,
        plan=plan,
    )
    if plan is True:
        return evict_plan(node, allow, force)
    return __salt__["swarm_core.core"](
        "evict",
        given["node"],
        allow=given["allow"],
        force=given["force"],
        drain=given["fallback"] == "drain",
        reason=given["reason"],
        timeout=given["deadline"],
    )


def evict_undo(node="self", timeout=None):
    """
    Undo :py:func:`swarm.evict <evict>`, from a manager: the node gets its availability from before, the
    services get their specs, and the labels of the eviction are removed. No task restarts. Nothing is
    done for a node that was not emptied by it.

    node
        Full id, exact host name, or ``self``.
    timeout
        Seconds for the whole call (120).

    Returns ``id``, ``hostname``, ``old`` and ``new`` availability, and ``services``: those that got
    their spec back.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.evict_undo worker1
    """
    return __salt__["swarm_core.core"](
        "evict_undo", _given(node=node)["node"], timeout=timeout or None
    )


def _given(node, **more):
    """Return the arguments, checked, with what pillar says where they are not given."""
    if isinstance(node, bool) or not isinstance(node, (str, int)) or node == "":
        raise SaltInvocationError(f"node must be a full id or an exact host name, not {node!r}")
    __salt__["swarm_schema.require"](**more)
    settings = __salt__["swarm_eviction.settings"]()
    given = {"node": str(node)}
    for name in ("deadline", "fallback", "allow"):
        value = more.get(name)
        given[name] = settings[name] if value is None else value
    return {**given, "force": bool(more.get("force")), "reason": more.get("reason")}
