# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: services
===========================

Services as they are declared, in the words of a compose file. They belong to the name ``swarm``, and run on
a manager.

:maturity: new
:depends: the execution module ``swarm``

.. versionadded:: 0.1.0

A state that watches another one needs nothing more than its own comparison, so ``watch`` is here
what ``require`` is.
"""

import contextlib

from salt.exceptions import CommandExecutionError, SaltInvocationError

# How long a rollout may take.
SETTLE_SECONDS = 300

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
        what, text = f"service {ret['name']}", str(exc)
        # Some errors of the core name it themselves.
        named = text.startswith((f"{what} ", f"{what}:"))
        ret["comment"] = text if named else f"{what}: {text}"


def _new(name):
    return {"name": name, "result": True, "changes": {}, "comment": ""}


def service(
    name,
    strict=False,
    show_env=False,
    resolve_image="changed",
    registry_auth=None,
    force_update=None,
    job_trigger=None,
    spec_patch=None,
    stack=None,
    replace=False,
    retry_rolled_back=False,
    wait=True,
    timeout=None,
    runs_on="leader",
    **kwargs,
):
    """
    Ensure a service is as declared, and its tasks run.

    What is not given stays as it is, ``null`` removes a value, mappings are merged by key and lists replace
    the old ones. Nothing is sent where nothing differs, so the spec to roll back to stays, and no job runs
    again. After a change the state waits until the update is over. It fails, with the engine's reasons,
    where swarm paused the update or rolled it back, where a job fails, and where the tasks do not run in
    time. A spec that swarm rolled back is not sent again until it is another one.

    name
        The service's name.
    image, command, entrypoint, environment, labels, ports, volumes, networks, secrets, configs, healthcheck, deploy, …
        The words of a service in a compose file; all of them are in the table of service fields.
    strict
        ``True``: what is not given is removed, except for labels of stacks and of this extension.
    show_env
        ``True``: show the values of environment variables in the changes; else they are ``***``.
    resolve_image
        When the image's digest is looked up: ``changed`` (where another image is written), ``always`` (a
        tag that moved is a change) or ``never``.
    registry_auth
        Where the credentials of the image's registry are; see the page on private registries.
    force_update
        A text; another text than the last one restarts all tasks once.
    job_trigger
        A text; another text than the last one runs the job again.
    spec_patch
        A merge patch in the engine's own words, for what compose has none.
    stack
        The stack that the service belongs to; a service of another one is refused.
    replace
        ``True``: where the mode changes, remove the service and make a new one.
    retry_rolled_back
        ``True``: send also a spec that swarm rolled back.
    wait
        ``False``: do not wait for tasks.
    timeout
        Seconds for the wait (300).
    runs_on
        ``leader``: of several managers with this state, the leader acts. ``any``: each does.

    .. code-block:: yaml

        web:
          swarm.service:
            - image: nginx:1.27
            - environment:
                MODE: production
            - ports:
              - 8080:80
            - deploy:
                replicas: 2
                update_config:
                  order: start-first
                  failure_action: rollback
    """
    ret = _new(name)
    with _reported(ret):
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
        __salt__["swarm_words.require"](
            words,
            more,
            name=name,
            **options,
            registry_auth=registry_auth,
            retry_rolled_back=retry_rolled_back,
            wait=wait,
            timeout=timeout,
            runs_on=runs_on,
        )
        manager = __salt__["swarm_leading.left_to"](runs_on)
        if manager:
            ret["comment"] = f"left to {manager}"
            return ret
        words, ahead = _without_new(words)
        done = __salt__["swarm_words.apply"](
            name,
            words,
            registry_auth,
            test=__opts__["test"],
            retry=retry_rolled_back,
            **options,
        )
        _report(ret, done)
        if ahead and ret["result"] is not False:
            _report_new(ret, ahead)
        if wait and not __opts__["test"] and ret["result"] is not False:
            _settle(ret, done, timeout)
    return ret


def _new_in_this_run():
    """In test mode: ``{"secrets": names, …}`` that states before this one would create."""
    marks = {"network": "network", "secret": "current", "config": "current"}
    found = {}
    for tag, ret in (globals().get("__running__") or {}).items() if __opts__["test"] else ():
        kind, result = tag.rpartition("_|-")[2], ret.get("result")
        made = (ret.get("changes") or {}).get(marks.get(kind)) or {}
        if tag.startswith("swarm_|-") and result is None and made and made["old"] is None:
            found.setdefault(f"{kind}s", set()).add(ret["name"])
    return found


def _without_new(words):
    """The words without what is only made by the real run, and ``{field: entry}`` of that."""
    new, ahead = _new_in_this_run(), {}
    words = dict(words)
    for kind, names in new.items():
        given = words.get(kind) or []
        keep = []
        for entry in given:
            named = entry if isinstance(entry, str) else entry.get("source") or entry.get("name")
            if named in names:
                ahead[f"{kind}.{named}"] = given[entry] if isinstance(given, dict) else entry
            else:
                keep.append(entry)
        if len(keep) < len(given):
            words[kind] = {key: given[key] for key in keep} if isinstance(given, dict) else keep
    config = (words.get("credential_spec") or {}).get("config")
    if config in new.get("configs", ()):
        ahead["credential_spec.config"] = config
        del words["credential_spec"]
    return words, ahead


def _report_new(ret, ahead):
    """Add what names an object that this run would make first."""
    if not ret["changes"]:
        ret["comment"] = f"service {ret['name']} would be changed"
    changes = {field: {"old": None, "new": entry} for field, entry in ahead.items()}
    ret.update(result=None, changes={**ret["changes"], **changes})
    ret["comment"] += f", once this run has made what it names: {', '.join(ahead)}"


# What was done, and what would be.
WORDS = {
    "create": ("created", "would be created"),
    "update": ("changed", "would be changed"),
    "replace": ("replaced", "would be replaced: its tasks end before the new ones run"),
}


def _report(ret, done):
    """Report what the core did, or would do in test mode."""
    name, action = ret["name"], done["action"]
    if done["warnings"]:
        ret["warnings"] = list(done["warnings"])
    if action == "rolled_back":
        ret["result"] = False
        ret["comment"] = (
            f"service {name}: swarm rolled this spec back, so it is not sent again:"
            f" {done['rolled_back']}. Change it, or give retry_rolled_back: True"
            f" ({', '.join(done['changes'])} differ)"
        )
    elif action == "none":
        ret["comment"] = f"service {name} is as declared"
    elif __opts__["test"]:
        ret.update(result=None, changes=done["changes"])
        ret["comment"] = f"service {name} {WORDS[action][1]}"
    else:
        ret["changes"] = done["changes"]
        ret["comment"] = f"service {name} was {WORDS[action][0]}"


def _settle(ret, done, timeout):
    """Wait until the service has settled; what it came to decides."""
    # A change that no task sees is over when it is stored.
    unchanged = done["action"] == "none" or (
        done["restarts"] == "no" and done["action"] == "update" and not _scales(done["changes"])
    )
    found = __salt__["swarm_core.core"](
        "service_settle", done["id"], unchanged=unchanged, timeout=timeout or SETTLE_SECONDS
    )
    if found["outcome"] == "converged":
        ret["comment"] += f", {found['text']}"
        return
    ret["result"] = False
    reasons = [found["text"], *found["nodes"]]
    if found["outcome"] == "rolled_back":
        # What runs is what ran before.
        fields = ", ".join(ret["changes"])
        ret["changes"] = {}
        ret["comment"] = f"service {ret['name']}: {'; '.join(reasons)} (not changed: {fields})"
    else:
        ret["comment"] = f"{ret['comment']}, but {'; '.join(reasons)}"


def _scales(changes):
    return bool({"deploy.replicas", "job_trigger"} & set(changes))


def service_absent(name, stack=None, wait=True, timeout=None, runs_on="leader", **kwargs):
    """
    Ensure there is no service of this name.

    name
        The service's name.
    stack
        The stack that the service belongs to; a service of another one is refused.
    wait
        ``False``: do not wait until its tasks are gone.
    timeout
        Seconds for the wait (300).
    runs_on
        ``leader``: of several managers with this state, the leader acts. ``any``: each does.

    .. code-block:: yaml

        old-web:
          swarm.service_absent: []
    """
    ret = _new(name)
    with _reported(ret):
        __salt__["swarm_words.require"](
            {}, kwargs, stack=stack, wait=wait, timeout=timeout, runs_on=runs_on
        )
        manager = __salt__["swarm_leading.left_to"](runs_on)
        if manager:
            ret["comment"] = f"left to {manager}"
            return ret
        found = __salt__["swarm_words.find"](name)
        if not found:
            ret["comment"] = f"there is no service {name}"
            return ret
        __salt__["swarm_words.check_stack"](found, stack)
        ret["changes"] = {"service": {"old": str(name), "new": None}}
        if __opts__["test"]:
            ret.update(result=None, comment=f"service {name} would be removed")
            return ret
        __salt__["swarm.service_rm"](name, wait=wait, timeout=timeout)
        ret["comment"] = f"service {name} was removed"
    return ret
