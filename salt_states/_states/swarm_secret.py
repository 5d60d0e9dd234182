# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: secrets and configs
======================================

Secrets and configs whose content may change. The engine cannot change the content of one, so each content
is an object of its own, a version, under a name with a hash. The services that name an older version are
moved to the new one, one after the other. They belong to the name ``swarm``, and run on a manager.

:maturity: new
:depends: the execution module ``swarm``

.. versionadded:: 0.1.0

Content comes from pillar, sdb, a file on the minion or the file server, and is in no return, no change and no
log. A state that watches another one needs nothing more than its own comparison, so ``watch`` is here
what ``require`` is.
"""

import contextlib

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm"

# What the comment says of an action; the second word in test mode.
DONE = {
    "create": ("was created", "would be created"),
    "replace": ("was replaced", "would be replaced"),
    "adopt": ("was adopted", "would be adopted"),
    "return": ("went back to an older version", "would go back to an older version"),
    "update": ("was updated", "would be updated"),
}


def __virtual__():
    return __virtualname__


@contextlib.contextmanager
def _reported(ret, kind):
    """Turn an error of the modules into the state's one-line reason; what was done before stays."""
    try:
        yield
    except (CommandExecutionError, SaltInvocationError) as exc:
        ret["result"] = False
        what, text = f"{kind} {ret['name']}", str(exc)
        # Some errors of the core name it themselves.
        named = text.startswith((f"{what} ", f"{what}:"))
        ret["comment"] = text if named else f"{what}: {text}"


def _new(name):
    return {"name": name, "result": True, "changes": {}, "comment": ""}


def secret(
    name,
    contents_pillar=None,
    contents_sdb=None,
    contents_file=None,
    source=None,
    contents=None,
    i_know_it_leaks=False,
    driver=None,
    template_driver=None,
    labels=None,
    keep=1,
    versioned=True,
    adopt=False,
    move_stacks=True,
    retry_refused=False,
    wait=True,
    timeout=None,
    runs_on="leader",
    **kwargs,
):
    """
    Ensure a secret has this content, and that every service which names it uses it.

    A new content becomes a new version, ``NAME-HASH``. Each service that names an older version is moved to
    it and waited for, one after the other; the first that does not run with it is rolled back, and the
    state fails. Then older versions are removed that no service names, neither in its spec nor in the one
    it could be rolled back to. In services, name the secret by ``NAME`` alone.

    name
        The name, up to 51 characters.
    contents_pillar
        Pillar key of the content, such as ``db:password``.
    contents_sdb
        ``sdb://`` URL of the content.
    contents_file
        Path on the minion; its bytes as they are.
    source
        ``salt://`` URL; its bytes as they are. The cached copy is removed afterwards.
    contents
        The content itself, which then is in rendered SLS files, the job cache and debug logs. Refused
        unless ``i_know_it_leaks: True``.
    driver
        ``{Name: …, Options: {…}}`` of a secret driver, which has the content; in place of the others.
    template_driver
        ``golang``: the engine fills in a template for each task. Part of the hash.
    labels
        ``{label: text}``, merged into those that are there; ``null`` removes a label.
    keep
        How many older versions stay although no service names them.
    versioned
        ``False``: one object of exactly this name. Its content cannot be changed while services name it.
    adopt
        ``True``: take over a secret of exactly this name that was made by hand. Its content cannot be read,
        so it is assumed to be this one.
    move_stacks
        ``False``: leave services that belong to a stack to their stack.
    retry_refused
        ``True``: move a service again that was rolled back from this version, although neither it nor the
        content has changed since.
    wait
        ``False``: move all services at once, and do not wait for their tasks.
    timeout
        Seconds for the rollout of each service (300).
    runs_on
        ``leader``: in a highstate on several managers only the leader acts. ``any``: each of them does.

    .. code-block:: yaml

        db_password:
          swarm.secret:
            - contents_pillar: db:password
    """
    sources = {
        "contents_pillar": contents_pillar,
        "contents_sdb": contents_sdb,
        "contents_file": contents_file,
        "source": source,
        "contents": contents,
    }
    options = {
        "driver": driver,
        "template_driver": template_driver,
        "labels": labels,
        "keep": keep,
        "versioned": versioned,
        "adopt": adopt,
        "move_stacks": move_stacks,
        "retry_refused": retry_refused,
        "wait": wait,
        "timeout": timeout,
        "runs_on": runs_on,
    }
    return _put("secret", name, sources, options, i_know_it_leaks, kwargs)


def config(
    name,
    contents_pillar=None,
    contents_sdb=None,
    contents_file=None,
    source=None,
    contents=None,
    template_driver=None,
    labels=None,
    keep=1,
    versioned=True,
    adopt=False,
    move_stacks=True,
    retry_refused=False,
    wait=True,
    timeout=None,
    runs_on="leader",
    **kwargs,
):
    """
    Ensure a config has this content, and that every service which names it uses it.

    Arguments as for ``swarm.secret``, without ``driver``. The engine shows the content of a config, so it is
    compared itself: one that was made by hand and has this content is adopted. With ``adopt: True`` one with
    another content is taken over as an older version.

    name
        The name, up to 51 characters.
    contents
        The content itself.

    .. code-block:: yaml

        nginx.conf:
          swarm.config:
            - source: salt://nginx/nginx.conf
            - labels:
                owner: web
    """
    sources = {
        "contents_pillar": contents_pillar,
        "contents_sdb": contents_sdb,
        "contents_file": contents_file,
        "source": source,
        "contents": contents,
    }
    options = {
        "template_driver": template_driver,
        "labels": labels,
        "keep": keep,
        "versioned": versioned,
        "adopt": adopt,
        "move_stacks": move_stacks,
        "retry_refused": retry_refused,
        "wait": wait,
        "timeout": timeout,
        "runs_on": runs_on,
    }
    return _put("config", name, sources, options, False, kwargs)


def secret_absent(name, runs_on="leader", timeout=None, **kwargs):
    """
    Ensure there is no version of this secret, and no secret of exactly this name. Refused, with the names of
    the services, while one uses it.

    name
        The name, as for ``swarm.secret``.
    runs_on
        As for ``swarm.secret``.
    timeout
        Seconds for the whole call (60).

    .. code-block:: yaml

        db_password:
          swarm.secret_absent: []
    """
    return _absent("secret", name, runs_on, timeout, kwargs)


def config_absent(name, runs_on="leader", timeout=None, **kwargs):
    """
    Ensure there is no version of this config, and no config of exactly this name. Refused, with the names of
    the services, while one uses it.

    name
        The name, as for ``swarm.config``.
    runs_on
        As for ``swarm.secret``.
    timeout
        Seconds for the whole call (60).

    .. code-block:: yaml

        nginx.conf:
          swarm.config_absent: []
    """
    return _absent("config", name, runs_on, timeout, kwargs)


# --- the work ---------------------------------------------------------------------------------------


def _put(kind, name, sources, options, leaks, kwargs):
    ret = _new(name)
    with _reported(ret, kind):
        saltenv = kwargs.pop("__env__", None) or kwargs.get("saltenv")
        kwargs.pop("saltenv", None)
        __salt__["swarm_content.require"](kind, name, kwargs, sources, leaks, **options)
        other = __salt__["swarm_leading.left_to"](options["runs_on"])
        if other:
            ret["comment"] = f"left to {other}"
            return ret
        found = __salt__["swarm_content.put"](
            kind, name, sources, saltenv=saltenv, dry_run=bool(__opts__["test"]), **options
        )
        _report(ret, kind, found)
    return ret


def _report(ret, kind, found):
    ret["changes"] = found["changes"]
    if found["warnings"]:
        ret["warnings"] = found["warnings"]
    failed = found["failed"]
    if failed:
        back = ", and has its previous spec back" if failed["rolled_back"] else ""
        raise CommandExecutionError(
            f"service {failed['service']} does not run with {found['name']}{back}: {failed['reason']}"
        )
    if found["action"] == "none":
        ret["comment"] = f"{kind} {ret['name']} is as it should be ({found['name']})"
        return
    words = DONE[found["action"]][1 if __opts__["test"] else 0]
    ret["comment"] = f"{kind} {ret['name']} {words} ({found['name']})"
    if __opts__["test"]:
        ret["result"] = None


def _absent(kind, name, runs_on, timeout, kwargs):
    ret = _new(name)
    with _reported(ret, kind):
        __salt__["swarm_content.require"](
            kind, name, kwargs, None, runs_on=runs_on, timeout=timeout
        )
        other = __salt__["swarm_leading.left_to"](runs_on)
        if other:
            ret["comment"] = f"left to {other}"
            return ret
        found = __salt__["swarm_core.core"](
            "versioned_remove", kind, name, dry_run=bool(__opts__["test"]), timeout=timeout
        )
        if found["warnings"]:
            ret["warnings"] = found["warnings"]
        if not found["removed"]:
            ret["comment"] = f"{kind} {name} is absent"
            return ret
        ret["changes"] = {"removed": found["removed"]}
        text = ", ".join(found["removed"])
        ret["comment"] = f"{'would remove' if __opts__['test'] else 'removed'} {text}"
        if __opts__["test"]:
            ret["result"] = None
    return ret
