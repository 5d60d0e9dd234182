# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: health
=========================

Whether the swarm is well, as named checks, asked on one of its managers. It belongs to the name ``swarm``.
``docs/health.md`` lists the checks.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0
"""

from salt.exceptions import SaltInvocationError

__virtualname__ = "swarm"
__outputter__ = {"health": "swarm_table", "preflight": "swarm_table"}


def __virtual__():
    return __virtualname__


def health(checks=None, ignore=None, baseline=None, margin=None, wait=0, stable=5):
    """
    Return how the swarm is, as this manager sees it, and this host's certificate. Nothing is changed.

    checks
        List of names of checks; all that one host can tell unless given.
    ignore
        List of ``name``, or ``name:object`` with the row's ``on``; their faults become warnings. An unknown
        name is an error.
    baseline
        What this function returned before: faults that it has become warnings, so that only new ones count.
    margin
        How many managers may fail without loss of the quorum (1; not asked of one or two managers).
    wait
        Seconds to wait until nothing blocks a change; 0 looks once. When they are over, the checks that
        do not hold are the error.
    stable
        Of a wait: for how many seconds it must hold without a break.

    Returns a list of rows: ``name``, ``ok`` (``None`` where it is not known), ``level`` (``error`` blocks
    a change, ``warning`` does not), ``on`` (host or service; empty where it holds),
    ``text``, ``fix``. There is one row for each fault, and one for each check that holds. The return code
    is 1 if a row blocks.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.health
        salt manager1 swarm.health checks='[leader, nodes-ready]' ignore='[nodes-ready:worker9]' wait=60
    """
    __salt__["swarm_schema.require"](checks=checks, ignore=ignore, stable=stable, margin=margin)
    if isinstance(wait, bool) or not isinstance(wait, (int, float)) or wait < 0:
        raise SaltInvocationError(f"wait must be a number of seconds from 0, not {wait!r}")
    if baseline is not None and not _are_rows(baseline):
        raise SaltInvocationError("baseline must be what swarm.health returned before")
    of_hosts = __salt__["swarm_checks.chosen"](checks, "hosts")
    if of_hosts and "members-agree" in of_hosts:
        raise SaltInvocationError("one host cannot tell members-agree: ask salt-run swarm.health")
    of_engine = __salt__["swarm_checks.chosen"](checks, "engine")
    given = {"ignore": ignore, "baseline": baseline, "margin": margin}
    given = {name: value for name, value in given.items() if value is not None}
    found = []
    if of_engine is None or of_engine:
        given["checks"] = of_engine
        if wait:
            found = __salt__["swarm_core.core"](
                "health_wait", timeout=wait, stable=stable or None, **given
            )
        else:
            found = __salt__["swarm_core.core"]("health", **given)
    if of_hosts is None or of_hosts:
        found = found + (__salt__["swarm_checks.certificate"]() or [_renewed()])
    found = __salt__["swarm_checks.by_pillar"](found)
    found = __salt__["swarm_checks.rows"](found, ignore, baseline)
    if __salt__["swarm_checks.blocking"](found):
        __context__["retcode"] = 1
    return found


def preflight(checks=None, ignore=None, managers=None):
    """
    Return whether this host is fit to be in a swarm, or to be changed: its addresses, ports, kernel, disk,
    the engine's settings and what an earlier swarm left. Nothing is changed. What shows only side by side,
    such as two hosts with one engine id, or a wrong clock, is known to ``salt-run swarm.preflight``.

    checks
        Names of checks; all unless given.
    ignore
        List of ``name`` or ``name:host``, whose faults become warnings. An unknown name is an error.
    managers
        ``ip:port`` of managers that this host must reach.

    Returns rows as :py:func:`swarm.health <health>`. The return code is 1 if one blocks a change.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm.preflight
        salt worker1 swarm.preflight ignore='[virtual-ips]'
    """
    __salt__["swarm_schema.require"](checks=checks, ignore=ignore)
    if managers is not None and not _are_texts(managers):
        raise SaltInvocationError(
            f"managers must be a list of ip:port, such as ['10.0.0.1:2377'], not {managers!r}"
        )
    host = __grains__["id"]
    found = __salt__["swarm_preflight.reading"](managers)
    swarm = __pillar__.get("swarm") or {}
    given = {"swarm": swarm, "checks": checks, "ignore": ignore}
    rows = __salt__["swarm_preflight_rules.judge"]({host: found}, **given)
    if __salt__["swarm_checks.blocking"](rows):
        __context__["retcode"] = 1
    return rows


def what_if(down=None, drain=None, each=False):
    """
    Return what becomes of the services if nodes fail or are drained: which tasks they lose, and whether
    these fit on the other nodes, by the rules of the managers' scheduler. Nothing is changed.

    down
        Nodes that fail at the same time: an id, a host name, ``label=value``, or a list of them.
    drain
        The same of nodes that are drained; only one of the two is given.
    each
        ``True``: each node by itself; of all that are ready, if none is named.

    Returns a list of cases: ``nodes`` (host names), ``tasks``, ``homeless`` (how many of them fit nowhere),
    ``quorum`` (whether the managers keep it), ``text`` (one line), ``services``: list of ``service``,
    ``mode``, ``tasks``, ``placed``, ``homeless``, ``fits`` (host names; with ``each`` empty where none is
    homeless), ``why``. More may fit than are said to: tasks are put on the first node that takes them.
    Whether a volume's data is elsewhere is not known.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.what_if down=worker2
        salt manager1 swarm.what_if down='zone=a'
        salt manager1 swarm.what_if each=True
    """
    __salt__["swarm_schema.require"](each=each)
    if down is not None and drain is not None:
        raise SaltInvocationError("give nodes that are down, or nodes to drain, not both")
    nodes = drain if down is None else down
    if isinstance(nodes, str):
        nodes = [nodes]
    if nodes is not None and not (
        isinstance(nodes, list) and all(isinstance(one, str) for one in nodes)
    ):
        raise SaltInvocationError(f"nodes must be host names, ids or label=value, not {nodes!r}")
    given = {"nodes": nodes} if nodes else {}
    return __salt__["swarm_core.core"]("what_if", drain=drain is not None, each=each, **given)


def _are_rows(baseline):
    return isinstance(baseline, list) and all(
        isinstance(row, dict) and {"name", "on", "ok"} <= set(row) for row in baseline
    )


def _renewed():
    text = f"the certificate of {__grains__['id']} is renewed in time"
    return {"name": "certificates", "ok": True, "on": "", "text": text}


def _are_texts(value):
    return isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)
