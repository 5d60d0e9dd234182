# SPDX-License-Identifier: Apache-2.0
"""
What hosts need before the first one is emptied
===============================================

Packages of an upgrade, and the images of tasks that will move: each host pulls for itself, so that no task
waits for that later, and what cannot be had stops a run while nothing is changed. The state
``swarm.rolled`` on the master asks for all of it.

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
    if others:
        text = (
            f"{len(others)} nodes that are not in pillar pull the images of tasks when these come"
        )
        lines.append(["plan", f"warning: {text}"])
    return _judge(roll["ignore"], answers, lines)


def _packages(work, ask):
    errors = []
    for target in sorted({row["target"] for row in work}):
        hosts = [row["host"] for row in work if row["target"] == target]
        for host, (_, why) in ask(hosts, "swarm_upgrade.prefetch", target).items():
            if why:
                errors.append([host, f"{host}: cannot download {target}: {why}"])
    return errors


def _jobs(hosts, needed):
    """Return ``[(images, hosts that need exactly these)]``."""
    by_host = {}
    for one in needed:
        for node in one["nodes"]:
            if node in hosts:
                by_host.setdefault(hosts[node], []).extend(one["images"])
    jobs = {}
    for host, images in by_host.items():
        jobs.setdefault(tuple(images), []).append(host)
    return [(list(images), group) for images, group in jobs.items()]


def _judge(ignored, answers, warnings):
    errors = []
    for host, (found, why) in sorted(answers.items()):
        failed = found["failed"] if found else {"images": why}
        errors += [[host, f"{host}: {text}"] for text in failed.values()]
        for text in found["private"].values() if found else ():
            warnings.append([host, f"warning: {host}: {text}: see pillar swarm:registries"])
    if FAULT in ignored:
        warnings += [[host, f"warning: {line}"] for host, line in errors]
        errors = []
    advice = f'; nothing was changed ("swarm_ignore": ["{FAULT}"] goes on without it)'
    return {"errors": [[host, line + advice] for host, line in errors], "warnings": warnings}
