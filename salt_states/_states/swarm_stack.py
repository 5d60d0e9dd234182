# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: stacks
=========================

Compose files as declared state: the objects that ``docker stack deploy`` makes of them, with a plan, a
rollback of all of it when a service fails, and without a write where nothing differs. They belong to the
name ``swarm``, and run on a manager.

:maturity: new
:depends: the execution module ``swarm``

.. versionadded:: 0.1.0

A state that watches another one needs nothing more than its own comparison, so ``watch`` is here
what ``require`` is.
"""

import contextlib

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


@contextlib.contextmanager
def _reported(ret):
    """Turn an error of the modules into the state's one-line reason; what was done before stays."""
    try:
        yield
    except (CommandExecutionError, SaltInvocationError) as exc:
        ret["result"] = False
        ret["comment"] = __salt__["swarm_stack.reason"](ret["name"], str(exc))


def _new(name):
    return {"name": name, "result": True, "changes": {}, "comment": ""}


def stack(
    name,
    source=None,
    contents=None,
    compose=None,
    env=None,
    env_files=None,
    pillar_env=None,
    os_env=None,
    files=None,
    base_dir=None,
    home=None,
    prune=None,
    rollback=None,
    correct=None,
    retry_rolled_back=None,
    replace=None,
    hash_names=None,
    resolve_image=None,
    registry_auth=None,
    show_env=None,
    keep=None,
    history=None,
    wait=None,
    timeout=None,
    runs_on="leader",
    **kwargs,
):
    """
    Ensure a stack is as its compose files say, and its tasks run.

    All is checked before the first write. Then networks, secrets and configs come first, services after
    those that they depend on, and at the end what an earlier revision declared and this one does not is
    removed. Where a service fails, the whole stack goes back to what it was. A spec that swarm or this state
    rolled back is not sent again until it is another one; the other services of the stack still are. A secret
    or config whose content has changed is a new object, and its services move to it in the same run.

    Without ``source``, ``contents`` and ``compose``, all arguments that are not given come from pillar
    ``swarm:stacks:NAME``.

    name
        The stack's name.
    source
        One compose file or a list of them, in order: ``salt://`` URLs (also of git) and absolute paths.
    contents
        A compose file as text; merged over those of ``source``.
    compose
        A compose file as data; merged over the others. Put in quotes what Salt's YAML reads as something
        else: ``"22:22"``, ``"0440"``, ``"1.10"``, ``"yes"``, dates.
    env
        A dict of the variables that the files use.
    env_files
        One file of variables or a list of them.
    pillar_env
        Keys of pillar that have dictionaries of variables; or a dict of variables and pillar keys. Before
        ``env_files``, behind ``env``.
    os_env
        ``True``: the variables of the minion's process, too; they come last.
    files
        ``{file: place}`` of files that the compose files name; the place is a ``salt://`` URL, an absolute
        path, an ``sdb://`` URL or ``{pillar: key}``. Other files are beside the first ``source``.
    base_dir
        Absolute folder on the nodes for relative sources of bind mounts, which are refused without it.
    home
        What ``~`` stands for in them; refused without it.
    prune
        ``False``: keep what an earlier revision declared and this one does not.
    rollback
        ``False``: keep what was done when a service fails.
    correct
        ``False``: report what somebody changed in the swarm by hand, and leave it.
    retry_rolled_back
        ``True``: send also a spec that was rolled back.
    replace
        ``True``: make networks again that differ, and services whose mode changes.
    hash_names
        ``False``: secrets and configs have no hash in their names, as with ``docker stack deploy``. Then
        their content cannot change while services use them.
    resolve_image
        When an image's digest is looked up: ``changed`` (where another image is written), ``always`` (a
        tag that moved is a change) or ``never``.
    registry_auth
        Where the credentials of registries are; see the page on private registries.
    show_env
        ``True``: show the values of environment variables in the changes; else they are ``***``.
    keep
        Secrets and configs that the last so many revisions name are not pruned (3).
    history
        How many revisions are kept (10).
    wait
        ``False``: do not wait for tasks.
    timeout
        Seconds for each wave of services (300).
    runs_on
        ``leader``: of several managers with this state, the leader acts. ``any``: each does.

    .. code-block:: yaml

        shop:
          swarm.stack:
            - source:
              - salt://shop/compose.yml
              - salt://shop/compose.production.yml
            - env:
                TAG: '1.4'
            - files:
                ./db_password.txt:
                  pillar: shop:db_password
    """
    ret = _new(name)
    options = {
        "source": source,
        "contents": contents,
        "compose": compose,
        "env": env,
        "env_files": env_files,
        "pillar_env": pillar_env,
        "os_env": os_env,
        "files": files,
        "base_dir": base_dir,
        "home": home,
        "prune": prune,
        "rollback": rollback,
        "correct": correct,
        "retry_rolled_back": retry_rolled_back,
        "replace": replace,
        "hash_names": hash_names,
        "resolve_image": resolve_image,
        "registry_auth": registry_auth,
        "show_env": show_env,
        "keep": keep,
        "history": history,
        "wait": wait,
        "timeout": timeout,
    }
    with _reported(ret):
        saltenv = kwargs.pop("__env__", None) or kwargs.get("saltenv")
        kwargs.pop("saltenv", None)
        __salt__["swarm_stack.require"](name, kwargs, **options, runs_on=runs_on)
        options = __salt__["swarm_stack.declared"](name, options)
        manager = __salt__["swarm_leading.left_to"](runs_on)
        if manager:
            ret["comment"] = f"left to {manager}"
            return ret
        found = __salt__["swarm_stack.run"](
            name, test=bool(__opts__["test"]), saltenv=saltenv, **options
        )
        _report(ret, found, options.get("wait") is not False)
    return ret


def _report(ret, found, wait):
    """Report what the core did, or would do in test mode."""
    name, test = ret["name"], bool(__opts__["test"])
    warnings = [*__salt__["swarm_stack.warnings"](found), *found.get("drift", [])]
    if warnings:
        ret["warnings"] = warnings
    failed = __salt__["swarm_stack.failure"](found)
    changes = __salt__["swarm_stack.changes"](found)
    if failed:
        ret["result"] = False
        back = found["failed"] and found["failed"]["rolled_back"]
        # What runs is what ran before.
        ret["changes"] = {} if back else changes
        tried = f" (not changed: {', '.join(changes)})" if back and changes else ""
        ret["comment"] = f"stack {name}: {failed}{tried}"
        return
    ret["changes"] = changes
    if found.get("drift"):
        ret["comment"] = f"stack {name} is left as somebody changed it: {'; '.join(found['drift'])}"
    elif not changes:
        ret["comment"] = f"stack {name} is as declared"
        bad = __salt__["swarm_stack.health"](name) if wait and not test else ""
        if bad:
            ret.update(result=False, comment=f"{ret['comment']}, but {bad}")
    else:
        ret["comment"] = f"stack {name}: {__salt__['swarm_stack.summary'](found, test)}"
        if test:
            ret["result"] = None


def stacks_checked(name, stacks, runs_on="leader", **kwargs):
    """
    Ensure that stacks of pillar ``swarm:stacks`` can be read, before the first one is changed: their arguments,
    files and secrets, and ``swarm:policy``. It changes nothing.

    name
        Any text.
    stacks
        List of their names.
    runs_on
        As for :py:func:`swarm.stack <stack>`.

    .. code-block:: yaml

        all stacks:
          swarm.stacks_checked:
            - stacks: [shop, log]
    """
    ret = _new(name)
    saltenv = kwargs.get("__env__") or kwargs.get("saltenv")
    try:
        manager = __salt__["swarm_leading.left_to"](runs_on)
        lines = [] if manager else __salt__["swarm_stack.slips"](stacks, saltenv)
    except (CommandExecutionError, SaltInvocationError) as exc:
        manager, lines = "", [" ".join(str(exc).split())]
    if manager:
        ret["comment"] = f"left to {manager}"
    elif lines:
        ret.update(result=False, comment=f"{'; '.join(lines)}; no stack was changed")
    else:
        ret["comment"] = f"the files of {', '.join(stacks)} can be read"
    return ret


def stack_absent(name, timeout=None, runs_on="leader", **kwargs):
    """
    Ensure there is nothing of this stack: its services and their tasks, then its networks, configs and
    secrets, and its history. Volumes stay. It does not matter who deployed it.

    name
        The stack's name.
    timeout
        Seconds for the whole call (300).
    runs_on
        ``leader``: of several managers with this state, the leader acts. ``any``: each does.

    .. code-block:: yaml

        old-shop:
          swarm.stack_absent: []
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_stack.require"](name, kwargs, timeout=timeout, runs_on=runs_on)
        manager = __salt__["swarm_leading.left_to"](runs_on)
        if manager:
            ret["comment"] = f"left to {manager}"
            return ret
        found = __salt__["swarm_core.core"](
            "stack_remove", name, dry_run=bool(__opts__["test"]), timeout=timeout
        )
        if found["warnings"]:
            ret["warnings"] = list(found["warnings"])
        ret["changes"] = {
            f"{kind[:-1]} {one}": "removed"
            for kind in ("services", "networks", "configs", "secrets")
            for one in found["removed"].get(kind, [])
        }
        if found["revisions"]:
            ret["changes"]["revisions"] = f"{found['revisions']} removed"
        if not ret["changes"]:
            ret["comment"] = f"there is no stack {name}"
        elif __opts__["test"]:
            ret.update(result=None, comment=f"stack {name} would be removed")
        else:
            ret["comment"] = f"stack {name} was removed"
    return ret
