# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: the services
===============================

Functions on the services of a swarm, run on one of its managers. They belong to the name ``swarm``. A service
is named by its full id or its exact name. ``swarm.service_create`` is in ``swarm_compat.py``, because core
Salt had it.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0
"""

import datetime
import re

from salt.exceptions import CommandExecutionError, SaltInvocationError
from salt.utils.args import clean_kwargs

__virtualname__ = "swarm"
__outputter__ = {"service_ls": "swarm_table", "service_ps": "swarm_table"}

# Most that is returned of a log, in bytes.
MAX_LOG = 1024 * 1024
# What the engine puts before each line of a log with its details.
TASK_DETAIL = re.compile(rb"com\.docker\.swarm\.task\.id=(\w+)")
# Seconds until a removed service's tasks are gone.
GONE_SECONDS = 300


def __virtual__():
    return __virtualname__


# --- what there is --------------------------------------------------------------------------------


def service_ls(name=None, mode=None, label=None):
    """
    Return the services in the columns of ``docker service ls``, from a manager.

    name
        Only services with exactly this name or id, or one of a list.
    mode
        ``replicated``, ``global``, ``replicated-job`` or ``global-job``.
    label
        Of the service: ``name`` or ``name=value``.

    Returns a list of rows, sorted by name: ``ID``, ``NAME``, ``MODE``, ``REPLICAS`` (``2/3``, ``1/1 (max 1
    per node)``, ``0/1 (3/5 completed)``), ``IMAGE``, ``PORTS``; printed as a table where the outputter
    ``swarm_table`` is synced to the master.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.service_ls
        salt manager1 swarm.service_ls mode=global
    """
    filters = {}
    if mode is not None:
        filters["mode"] = str(mode)
    if label is not None:
        filters["label"] = str(label)
    names = None if name is None else [str(one) for one in _as_list(name)]
    return [
        _row(service)
        for service in __salt__["swarm_core.core"]("service_list", filters=filters or None)
        if names is None or service["id"] in names or service["name"] in names
    ]


def _as_list(value):
    return value if isinstance(value, list) else [value]


def _row(service):
    modes = ("replicated", "global", "replicated_job", "global_job")
    return {
        "ID": service["id"],
        "NAME": service["name"],
        "MODE": next((mode for mode in modes if service[mode]), "").replace("_", " "),
        "REPLICAS": _replicas(service),
        "IMAGE": service["image"].partition("@")[0],
        "PORTS": _ports(service),
    }


def _replicas(service):
    text = f"{service['running_tasks']}/{service['desired_tasks']}"
    if service["replicated_job"] or service["global_job"]:
        total = service["total_completions" if service["replicated_job"] else "desired_tasks"]
        return f"{text} ({service['completed_tasks']}/{total} completed)"
    most = service["max_replicas"]
    return f"{text} (max {most} per node)" if most and service["replicated"] else text


def _ports(service):
    """As docker's own list: only ports of the routing mesh."""
    return ", ".join(
        f"*:{port['published']}->{port['target']}/{port['protocol'] or 'tcp'}"
        for port in service["ports"]
        if port["mode"] in ("", "ingress")
    )


def service_ps(name=None, all=True):
    """
    Return the tasks of a service in the columns of ``docker service ps``, from a manager.

    name
        Full id or exact name.
    all
        ``False``: only tasks that shall run.

    Returns as :py:func:`swarm.ps <ps>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.service_ps web
    """
    return __salt__["swarm.ps"](_found(name)["ID"], running=not all)


def service_why(name=None):
    """
    Return why tasks of a service do not run, from a manager: their errors, and which rule rejects which node.

    name
        Full id or exact name.

    Returns as :py:func:`swarm.why <why>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.service_why web
    """
    return __salt__["swarm.why"](_found(name)["ID"])


def service_inspect(name=None, words=False):
    """
    Return one service as the engine has it, from a manager.

    name
        Full id or exact name.
    words
        ``True``: in the words of a compose file, as ``swarm.service`` takes them. Values of environment
        variables are ``***``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.service_inspect web
        salt manager1 swarm.service_inspect web words=True
    """
    found = _found(name)
    if not words:
        return found
    ids = {
        kind: {
            (one["Name"] if kind == "networks" else one["Spec"]["Name"]): (
                one["Id"] if kind == "networks" else one["ID"]
            )
            for one in __salt__["swarm_core.core"]("object_list", kind[:-1])
        }
        for kind in ("networks", "secrets", "configs")
    }
    return __salt__["swarm_core.core"]("spec_words", found["Spec"], ids=ids)


def _found(name):
    """The service of this name; an error where there is none."""
    found = __salt__["swarm_words.find"](name)
    if not found:
        raise CommandExecutionError(f"there is no service {name}")
    return found


# --- what changes it ------------------------------------------------------------------------------


def service_update(
    name=None,
    strict=False,
    show_env=False,
    resolve_image="changed",
    registry_auth=None,
    force_update=None,
    job_trigger=None,
    spec_patch=None,
    stack=None,
    replace=False,
    test=False,
    **kwargs,
):
    """
    Change a service; what is not given stays as it is. From a manager. Does not wait for tasks.

    name
        Its exact name. A service that is not there is an error.
    test
        ``True``: change nothing, and return what would be done.

    The other arguments are the words of a service in a compose file, and the options of the state
    ``swarm.service``. Nothing is sent where nothing differs.

    Returns a dict: ``action`` (``update``, ``replace`` or ``none``), ``changes`` (``{field: {old, new}}``),
    ``restarts`` (what happens to tasks: ``no``, ``placement`` or ``tasks``), ``warnings``, ``id``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.service_update web image=nginx:1.28
        salt manager1 swarm.service_update web environment='{MODE: null}' test=True
    """
    _found(name)
    words, more = __salt__["swarm_words.split"](kwargs)
    options = {
        "strict": strict,
        "show_env": show_env,
        "resolve_image": resolve_image,
        "force_update": force_update,
        "job_trigger": job_trigger,
        "spec_patch": spec_patch,
        "stack": stack,
        "replace": replace,
    }
    __salt__["swarm_words.require"](words, more, **options, test=test, registry_auth=registry_auth)
    # A person has decided, so what swarm rolled back before is sent as well.
    return __salt__["swarm_words.apply"](
        name, words, registry_auth, test=test is True, retry=True, **options
    )


def service_rm(name=None, wait=True, timeout=None):
    """
    Remove a service, from a manager, and wait until its tasks are gone. It is not an error if there is none.

    name
        Full id or exact name.
    wait
        ``False``: do not wait.
    timeout
        Seconds for the wait (300).

    Returns whether there was one.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.service_rm web
    """
    found = __salt__["swarm_words.find"](name)
    if not found:
        return False
    if wait:
        seconds = timeout or GONE_SECONDS
        __salt__["swarm_core.core"]("service_remove", found["ID"], timeout=seconds)
    else:
        __salt__["swarm_core.core"]("object_remove", "service", found["ID"])
    return True


def service_scale(*args, **counts):
    """
    Set how many tasks services have, from a manager. Does not wait for them.

    Each argument is a service and its number of tasks; of a job, the number of completions, which runs the
    job again.

    Returns ``{service: {"old": number, "new": number}}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.service_scale web=3 worker=5
    """
    counts = clean_kwargs(**counts)
    if args or not counts:
        found = f", not {' '.join(map(str, args))}" if args else ""
        raise SaltInvocationError(f"give each service with its number, such as web=3{found}")
    wrong = [
        f"{name} must have a number of tasks from 0, not {count!r}"
        for name, count in counts.items()
        if isinstance(count, bool) or not isinstance(count, int) or count < 0
    ]
    if wrong:
        raise SaltInvocationError("; ".join(wrong))
    # All of them are looked for before the first one changes.
    before = {name: _number(_found(name)["Spec"]) for name in counts}
    for name, count in counts.items():
        if before[name] != count:
            __salt__["swarm_core.core"]("service_scale", name, count)
    return {name: {"old": before[name], "new": count} for name, count in counts.items()}


def _number(spec):
    mode = spec.get("Mode") or {}
    if "Replicated" in mode:
        return mode["Replicated"].get("Replicas", 1)
    if "ReplicatedJob" in mode:
        return mode["ReplicatedJob"].get("TotalCompletions", 1)
    raise CommandExecutionError(f"service {spec['Name']} has no number of tasks")


def service_rollback(name=None, wait=True, timeout=None):
    """
    Go back to the spec before the last change, from a manager.

    name
        Full id or exact name.
    wait
        ``False``: do not wait for tasks.
    timeout
        Seconds for the wait (300).

    Returns how it went, such as ``3 of 3 tasks are running``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.service_rollback web
    """
    found = _found(name)
    __salt__["swarm_core.core"]("service_rollback", found["ID"])
    return _settled(found["ID"], wait, timeout)


def service_force_update(name=None, text=None, wait=True, timeout=None):
    """
    Restart all tasks of a service as its update settings say, from a manager.

    name
        Exact name.
    text
        As ``force_update`` of the state ``swarm.service``: the last text restarts nothing. The time of now
        unless given.
    wait
        ``False``: do not wait for tasks.
    timeout
        Seconds for the wait (300).

    Returns how it went, such as ``3 of 3 tasks are running``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.service_force_update web
    """
    found = _found(name)
    text = text or datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    done = service_update(found["Spec"]["Name"], force_update=str(text), stack=_stack(found))
    if done["action"] == "none":
        return "nothing was restarted: this text was the last one"
    return _settled(found["ID"], wait, timeout)


def _stack(found):
    """Return the stack of a service: a person may restart a service of a stack, too."""
    return (found["Spec"].get("Labels") or {}).get("com.docker.stack.namespace")


def _settled(service, wait, timeout):
    if not wait:
        return "tasks are not waited for"
    found = __salt__["swarm_core.core"]("service_settle", service, timeout=timeout)
    # A rollback by hand ends as one of swarm's own.
    if found["outcome"] in ("converged", "rolled_back"):
        return f"{found['done']} of {found['total']} tasks are as they should be"
    raise CommandExecutionError("; ".join([found["text"], *found["nodes"]]))


# --- its log --------------------------------------------------------------------------------------


def service_logs(name=None, tail=100, since=None, timestamps=False):
    """
    Return the log of a service, from a manager: a text with a line ``web.1@worker1 | …`` for each line. At
    most 1 MiB, the newest; never follows.

    name
        Full id or exact name.
    tail
        So many lines of each task; ``all`` for all that there are.
    since
        A time as RFC 3339 text or seconds since 1970, or an age such as ``10m``.
    timestamps
        ``True``: each line begins with its time.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.service_logs web tail=20 since=10m
    """
    found = _found(name)
    query = {"details": True, "timestamps": bool(timestamps), "tail": _tail(tail)}
    if since is not None:
        query["since"] = _since(since)
    names = {task["id"]: task for task in __salt__["swarm.tasks"](found["ID"])}
    title = found["Spec"]["Name"]

    def collect(log):
        lines, size, cut = [], 0, False
        for _, piece in log:
            line = _line(piece, names, title)
            lines.append(line)
            size += len(line) + 1
            while size > MAX_LOG:
                size -= len(lines.pop(0)) + 1
                cut = True
        first = [f"(cut: only the newest {MAX_LOG} bytes are shown)"] if cut else []
        return "\n".join(first + lines)

    return __salt__["swarm_core.core"]("logs", "service", found["ID"], query=query, into=collect)


def _tail(tail):
    if tail == "all" or (isinstance(tail, int) and not isinstance(tail, bool) and tail >= 0):
        return str(tail)
    raise SaltInvocationError(f"tail must be a number of lines from 0 or all, not {tail!r}")


def _since(since):
    """Seconds since 1970, as the engine takes them."""
    if isinstance(since, (int, float)) and not isinstance(since, bool):
        return str(since)
    text = str(since)
    age = re.fullmatch(r"(\d{1,9})([smhd])", text)
    now = datetime.datetime.now(datetime.timezone.utc)
    if age:
        seconds = int(age[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[age[2]]
        return str(int(now.timestamp()) - seconds)
    try:
        then = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise SaltInvocationError(
            f"since must be a time such as 2026-01-31T12:00:00Z or an age such as 10m, not {since!r}"
        ) from None
    then = then if then.tzinfo else then.replace(tzinfo=datetime.timezone.utc)
    return str(int(then.timestamp()))


def _line(piece, names, title):
    """One line of a log, with the task that wrote it."""
    text = piece.rstrip(b"\n")
    head, _, rest = text.partition(b" ")
    stamp = b""
    if TASK_DETAIL.search(head) is None and TASK_DETAIL.search(rest.partition(b" ")[0]):
        # With timestamps they come first.
        stamp, (head, _, rest) = head + b" ", rest.partition(b" ")
    match = TASK_DETAIL.search(head)
    if match is None:
        return f"{title} | {text.decode(errors='replace')}"
    task = names.get(match[1].decode())
    who = f"{task['name']}@{task['node']}" if task else f"{title}.{match[1].decode()}"
    return f"{who} | {(stamp + rest).decode(errors='replace')}"
