# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: the stacks
=============================

Functions on the stacks of a swarm, run on one of its managers. They belong to the name ``swarm``. A stack is
what has its name in the label ``com.docker.stack.namespace``, whoever deployed it.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0

Where a function takes compose files, its arguments are those of the state ``swarm.stack``; without
``source``, ``contents`` and ``compose`` they come from pillar ``swarm:stacks``.
"""

import datetime

from salt.exceptions import CommandExecutionError
from salt.utils.args import clean_kwargs

__virtualname__ = "swarm"
__outputter__ = {
    "stack_ls": "swarm_table",
    "stack_services": "swarm_table",
    "stack_ps": "swarm_table",
    "stack_history": "swarm_table",
}

LABEL = "com.docker.stack.namespace"


def __virtual__():
    return __virtualname__


# --- what there is --------------------------------------------------------------------------------


def stack_ls(name=None):
    """
    Return the stacks in the columns of ``docker stack ls``, from a manager.

    name
        Only the stack with exactly this name, or those of a list.

    Returns a list of rows, sorted by name: ``NAME``, ``SERVICES``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.stack_ls
    """
    names = None if name is None else [str(one) for one in _as_list(name)]
    return [
        {"NAME": row["name"], "SERVICES": row["services"]}
        for row in sorted(__salt__["swarm_core.core"]("stack_list"), key=lambda row: row["name"])
        if names is None or row["name"] in names
    ]


def _as_list(value):
    return value if isinstance(value, list) else [value]


def stack_services(name=None):
    """
    Return the services of a stack in the columns of ``docker stack services``, from a manager.

    name
        Of the stack.

    Returns as :py:func:`swarm.service_ls <service_ls>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.stack_services shop
    """
    __salt__["swarm_stack.known"](name)
    return __salt__["swarm.service_ls"](label=f"{LABEL}={name}")


def stack_ps(name=None, all=True):
    """
    Return the tasks of a stack in the columns of ``docker stack ps``, from a manager.

    name
        Of the stack.
    all
        ``False``: only tasks that shall run.

    Returns as :py:func:`swarm.ps <ps>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.stack_ps shop all=False
    """
    found = [__salt__["swarm.ps"](row["ID"], running=not all) for row in stack_services(name)]
    return {"of": f"stack {name}", "rows": [row for one in found for row in one["rows"]]}


def stack_status(name=None, **kwargs):
    """
    Return whether a stack is as declared, and whether it works, from a manager.

    name
        Of the stack.

    Other arguments say what to compare with, as for the state ``swarm.stack``; without them, and without the
    stack in pillar ``swarm:stacks``, it is compared with its newest revision.

    Returns a dict: ``sync`` (``synced``, ``out of sync``: the files say something else than the newest
    revision, ``drifted``: somebody changed the swarm, or ``unknown``), ``health`` (``healthy``,
    ``progressing``, ``degraded``, ``missing`` or ``unknown``), ``revision``, ``result`` (of the last
    deployment), and ``services``, a list of dicts with the same for each service, ``running`` and ``desired``
    tasks, ``changes`` and a ``message``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.stack_status shop
    """
    given = _given(name, kwargs)
    if not __salt__["swarm_stack.has_files"](given):
        return __salt__["swarm_core.core"]("stack_status", name)

    def take(stack, warnings, contents, files):
        return __salt__["swarm_core.core"]("stack_status", name, stack=stack)

    return __salt__["swarm_stack.convert"](take, name, **given)


def stack_history(name=None):
    """
    Return the stored revisions of a stack, the newest first, from a manager.

    name
        Of the stack.

    Returns a list of rows: ``REVISION``, ``TIME`` (UTC), ``RESULT``, ``SOURCE``, ``WHO``, ``SERVICES`` and
    ``MISSING``: secrets and configs that are no longer there, so that one cannot go back to it.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.stack_history shop
    """
    __salt__["swarm_stack.known"](name)
    return [
        {
            "REVISION": one["revision"],
            "TIME": _time(one["time"]),
            "RESULT": one["result"],
            "SOURCE": one["source"],
            "WHO": one["who"],
            "SERVICES": len(one["services"]),
            "MISSING": ", ".join(one["missing"]),
        }
        for one in __salt__["swarm_core.core"]("stack_history", name)
    ]


def _time(seconds):
    found = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return found.strftime("%Y-%m-%dT%H:%M:%SZ")


# --- what files make ------------------------------------------------------------------------------


def stack_config(name=None, show_env=False, **kwargs):
    """
    Return the objects that compose files make, without a request to the engine.

    name
        Of the stack.
    show_env
        ``True``: show the values of environment variables.

    Other arguments are those of the state ``swarm.stack``.

    Returns a dict: ``services``, ``networks``, ``secrets``, ``configs`` (``{name: what the engine gets}``, no
    content of secrets), ``external``, ``depends_on`` and ``warnings``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.stack_config shop source=/srv/shop/compose.yml
    """
    given = _given(name, kwargs)

    def take(stack, warnings, contents, files):
        found = {key: value for key, value in stack.items() if key != "sources"}
        for spec in found["services"].values() if show_env is not True else ():
            _hide((spec.get("TaskTemplate") or {}).get("ContainerSpec") or {})
        return {**found, "warnings": warnings}

    return __salt__["swarm_stack.convert"](take, name, **given)


def _hide(container):
    if container.get("Env"):
        container["Env"] = [
            f"{one.partition('=')[0]}=***" if "=" in one else one for one in container["Env"]
        ]


def stack_diff(name=None, **kwargs):
    """
    Return what a deployment would change, from a manager.

    name
        Of the stack.

    Other arguments are those of the state ``swarm.stack``.

    Returns a dict: ``changes`` (as those of the state), ``held`` (services whose spec was rolled back before),
    ``warnings`` and ``revision``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.stack_diff shop source=salt://shop/compose.yml env='{TAG: "1.5"}'
    """
    found = __salt__["swarm_stack.run"](name, test=True, **_given(name, kwargs))
    return _short(found)


def _short(found):
    return {
        "changes": __salt__["swarm_stack.changes"](found),
        "held": found["held"],
        "warnings": __salt__["swarm_stack.warnings"](found),
        "revision": found["revision"],
    }


# --- what changes it ------------------------------------------------------------------------------


def stack_deploy(name=None, test=False, **kwargs):
    """
    Deploy a stack, from a manager. Unlike the state, this also sends a spec that was rolled back before.

    name
        Of the stack.
    test
        ``True``: as :py:func:`swarm.stack_diff <stack_diff>`.

    Other arguments are those of the state ``swarm.stack``. Returns as :py:func:`swarm.stack_diff <stack_diff>`.
    It is an error where a service fails; the stack then has gone back to what it was.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.stack_deploy shop source=salt://shop/compose.yml
        salt manager1 swarm.stack_deploy shop
    """
    __salt__["swarm_schema.require"](test=test)
    given = {"retry_rolled_back": True, **_given(name, kwargs)}
    return _ended(__salt__["swarm_stack.run"](name, test=test is True, **given), test)


def _ended(found, test):
    failed = "" if test is True else __salt__["swarm_stack.failure"](found)
    if failed:
        raise CommandExecutionError(f"stack {found['name']}: {failed}")
    return _short(found)


def stack_rollback(name=None, to=None, test=False, wait=True, timeout=None, **kwargs):
    """
    Go back to a stored revision of a stack, from a manager. It becomes the newest one. What ``swarm:policy``
    does not allow now is an error, before anything changes.

    name
        Of the stack.
    to
        The revision's number; the last good one before the current one unless given.
    test
        ``True``: change nothing, and return what would be done.
    wait
        ``False``: do not wait for tasks.
    timeout
        Seconds for each wave of services (300).
    registry_auth, prune, rollback, keep, history, show_env
        As for the state ``swarm.stack``.

    Returns as :py:func:`swarm.stack_diff <stack_diff>`. Secrets and configs that are no longer there are an
    error with their names.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.stack_rollback shop
        salt manager1 swarm.stack_rollback shop to=5 test=True
    """
    given = {key: value for key, value in clean_kwargs(**kwargs).items() if value is not None}
    names = ("registry_auth", "prune", "rollback", "keep", "history", "show_env")
    more = {key: value for key, value in given.items() if key not in names}
    __salt__["swarm_stack.require"](
        name, more, to=to, test=test, wait=wait, timeout=timeout, **given
    )
    found = __salt__["swarm_stack.go_back"](
        name, to, test is True, wait=wait, timeout=timeout, **given
    )
    return _ended(found, test)


def stack_rm(name=None, test=False, timeout=None):
    """
    Remove a stack, from a manager: its services and their tasks, then its networks, configs, secrets and its
    history. It is not an error if there is none. Volumes stay.

    name
        Of the stack.
    test
        ``True``: change nothing, and return what would be removed.
    timeout
        Seconds for the whole call (300).

    Returns ``{kind: [names]}`` of what was removed.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.stack_rm shop
    """
    __salt__["swarm_stack.require"](name, None, test=test, timeout=timeout)
    found = __salt__["swarm_core.core"]("stack_remove", name, dry_run=test is True, timeout=timeout)
    return found["removed"]


def _given(name, kwargs):
    """The arguments of the state swarm.stack in these, checked, with those of pillar."""
    return __salt__["swarm_stack.declared"](name, clean_kwargs(**kwargs))
