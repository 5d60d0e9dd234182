# SPDX-License-Identifier: Apache-2.0
"""
What hosts need before the first one is emptied
===============================================

Packages of an upgrade, and the images of tasks that will move: each host pulls for itself, so that no task
waits for that later. The states ``swarm.rolled`` and ``swarm.orchestrated`` on the master ask for all of it: in
the first one what cannot be had stops a run while nothing is changed, in the second one, whose hosts leave, it
is a warning.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_registry``, on the minions

.. versionadded:: 0.1.0

**Pillar**: ``swarm:registries``, for images of private registries, on all hosts that take tasks.
"""

import time

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm_prefetch"

# In swarm_ignore: what cannot be pulled is a warning.
FAULT = "images"


def __virtual__():
    return __virtualname__


def wanted(nodes=None):
    """
    Return which images other nodes need before these are emptied, from a manager.

    nodes
        List of full ids.

    Returns a list of ``{"images": [name], "nodes": [id]}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_prefetch.wanted '[l36kpsxj0i0gmu0yl3ti5a1ex]'
    """
    return __salt__["swarm_core.core"]("evict_images", list(nodes or ()))


def leaving(hosts=None, others=None):
    """
    Return which images other hosts need before these leave, from a manager.

    hosts
        List of minion ids of those that leave.
    others
        List of the minion ids among which are those that take their tasks.

    Returns ``jobs``, a list of ``[[image], [minion id]]``, and ``unknown``: how many nodes take tasks, and are
    none of these hosts.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_prefetch.leaving '[worker2]' '[worker1, worker3]'
    """
    hosts = list(hosts or ())
    facts = __salt__["swarm_facts.read"](sorted({*hosts, *(others or ())}))
    ids = {one["node_id"]: host for host, one in facts.items() if one["node_id"]}
    going = {id_ for id_, host in ids.items() if host in hosts}
    serving = [
        node["id"]
        for node in __salt__["swarm.nodes"]()
        if node["id"] in going and node["state"] == "ready" and node["availability"] != "drain"
    ]
    needed = wanted(serving) if serving else []
    takers = {node for one in needed for node in one["nodes"]} - going
    staying = {id_: host for id_, host in ids.items() if id_ in takers}
    return {"jobs": _jobs(staying, needed), "unknown": len(takers - set(staying))}


def pull(images=None, seconds=600):
    """
    Ensure that the engine of this host has images. One that is there is not pulled again.

    images
        List of names, as services have them.
    seconds
        For all of them.

    Returns ``pulled``, a list of names, ``failed``, ``{name: why}``, and ``private``, the same of images
    that need credentials for which ``swarm:registries`` has no source: a service may have its own.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_prefetch.pull '[nginx:1.27]'
    """
    if not isinstance(images, list) or not all(isinstance(one, str) for one in images):
        raise SaltInvocationError(f"images must be a list of names of images, not {images!r}")
    found = {"pulled": [], "failed": {}, "private": {}}
    end = time.monotonic() + seconds
    for image in images:
        _pull(image, max(end - time.monotonic(), 1), found)
    return found


def _pull(image, seconds, found):
    known = []

    def ask(auth):
        known.append(auth)
        return __salt__["swarm_core.core"]("image_pull", image, registry_auth=auth, timeout=seconds)

    try:
        if __salt__["swarm_registry.auth"](image, into=ask)["pulled"]:
            found["pulled"].append(image)
    except CommandExecutionError as exc:
        private = known == [None] and "credentials are missing" in str(exc)
        found["private" if private else "failed"][image] = str(exc)


def run(roll=None, acting="", ask=print):
    """
    Have all hosts of a run fetch what they need. Runs on the master, for the state ``swarm.rolled``.

    roll
        The run.
    acting
        A manager.
    ask
        ``ask(hosts, function, *args)`` returns ``{host: (result, None or why it failed)}``.

    Returns ``errors`` and ``warnings``, a list of ``[host, line]`` each.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_prefetch.run '{}'    # refused: a job has no function to give
    """
    if ask is print:
        raise SaltInvocationError("'ask' must be a callable (internal callers only)")
    work = [row for row in roll["rows"] if row["how"] in ("upgrade", "reboot")]
    errors = _packages([row for row in work if row["how"] == "upgrade"], ask)
    if errors or not work:
        return {"errors": errors, "warnings": []}
    answers, lines = {}, []
    needed, why = ask([acting], "swarm_prefetch.wanted", [row["id"] for row in work])[acting]
    if why:
        return {"errors": [[acting, f"{acting}: {why}"]], "warnings": []}
    hosts = {row["id"]: row["host"] for row in roll["rows"]}
    for images, group in _jobs(hosts, needed):
        answers.update(ask(group, "swarm_prefetch.pull", images, roll["deadline"]))
    others = {node for one in needed for node in one["nodes"]} - set(hosts)
    lines += [["plan", line] for line in _unknown(len(others))]
    return _judge(roll["ignore"], answers, lines)


def before_leaving(managers=None, hosts=None, others=None, seconds=600, ask=print):
    """
    Have the hosts that will take the tasks of others pull the images of these. Runs on the master, for the state
    ``swarm.orchestrated``.

    managers
        Minion ids of managers, of which one is asked.
    hosts, others
        As for :py:func:`swarm_prefetch.leaving <leaving>`.
    seconds
        How long a host may pull.
    ask
        As for :py:func:`swarm_prefetch.run <run>`.

    Returns a list of lines: what could not be pulled.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_prefetch.before_leaving '[]' '[]'    # refused: a job has no function to give
    """
    if ask is print:
        raise SaltInvocationError("'ask' must be a callable (internal callers only)")
    found, host = None, ""
    why = "no manager that stays was asked"
    for host in managers or ():
        found, why = ask([host], "swarm_prefetch.leaving", hosts, others)[host]
        if not why:
            break
    if why or not isinstance(found, dict) or "jobs" not in found:
        why = why or "its modules are of another version"
        return [f"warning: images are pulled when the tasks come: {host and host + ': '}{why}"]
    answers = {}
    if found["jobs"]:
        # A function, unlike a state, has the pillar of the minion's start.
        ask([host for _, group in found["jobs"] for host in group], "saltutil.refresh_pillar", True)
    for images, group in found["jobs"]:
        answers.update(ask(group, "swarm_prefetch.pull", images, seconds))
    told = _judge([FAULT], answers, [])["warnings"]
    return [line for _, line in told] + _unknown(found["unknown"])


def _unknown(count):
    if not count:
        return []
    one = count == 1
    nodes = f"{count} node that is not" if one else f"{count} nodes that are not"
    pull_ = "pulls" if one else "pull"
    return [f"warning: {nodes} in pillar {pull_} the images of tasks when these come"]


def _packages(work, ask):
    errors = []
    for target in sorted({row["target"] for row in work}):
        hosts = [row["host"] for row in work if row["target"] == target]
        for host, (_, why) in ask(hosts, "swarm_upgrade.prefetch", target).items():
            if why:
                errors.append([host, f"{host}: cannot download {target}: {why}"])
    return errors


def _jobs(hosts, needed):
    """Return ``[[images, hosts that need exactly these]]``."""
    by_host = {}
    for one in needed:
        for node in one["nodes"]:
            if node in hosts:
                by_host.setdefault(hosts[node], []).extend(one["images"])
    jobs = {}
    for host, images in by_host.items():
        jobs.setdefault(tuple(images), []).append(host)
    return [[list(images), group] for images, group in jobs.items()]


def _judge(ignored, answers, warnings):
    errors = []
    for host, (found, why) in sorted(answers.items()):
        failed = found["failed"] if found else {"images": why or "it did not say what it has"}
        errors += [[host, f"{host}: {text}"] for text in failed.values()]
        for text in found["private"].values() if found else ():
            warnings.append([host, f"warning: {host}: {text}: see pillar swarm:registries"])
    if FAULT in ignored:
        warnings += [[host, f"warning: {line}"] for host, line in errors]
        errors = []
    advice = f'; nothing was changed ("swarm_ignore": ["{FAULT}"] goes on without it)'
    return {"errors": [[host, line + advice] for host, line in errors], "warnings": warnings}
