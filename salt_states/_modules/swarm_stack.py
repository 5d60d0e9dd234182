# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: a stack from its files to the core
=====================================================

What states and functions on stacks share: their arguments, the objects that compose files make, what goes to
the core with them, and the words for what changed. Contents of secrets and credentials go from where they
are to the core, in the same process.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError
from salt.utils.data import traverse_dict_and_list

__virtualname__ = "swarm_stack"

LABEL = "com.docker.stack.namespace"
KINDS = ("networks", "secrets", "configs", "services")
# Arguments that say where a stack comes from.
SOURCES = (
    *("source", "contents", "compose", "env", "env_files", "pillar_env", "os_env", "files"),
    *("base_dir", "home"),
)
# Options of the core, with its names; those that are None are not given.
OPTIONS = {
    "prune": "prune",
    "rollback": "rollback",
    "wait": "wait",
    "hash_names": "hash_names",
    "resolve_image": "resolve_image",
    "retry_rolled_back": "retry",
    "replace": "replace",
    "show_env": "show_env",
    "keep": "keep",
    "history": "history",
    "timeout": "timeout",
}
DONE = {
    "create": ("created", "would create"),
    "update": ("updated", "would update"),
    "replace": ("replaced", "would replace"),
    "adopt": ("adopted", "would adopt"),
    "restore": ("put services back on", "would put services back on"),
    "return": ("went back to an older version of", "would go back to an older version of"),
    "remove": ("removed", "would remove"),
}


def __virtual__():
    return __virtualname__


def require(name=None, more=None, **given):
    """
    Raise all slips in the arguments of a state or function on stacks as one error. Nothing is read.

    name
        Of the stack.
    more
        Arguments that the function does not know.

    Other arguments are those that are given; ``None`` means one that is not.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_stack.require shop prune=True
    """
    lines = []
    if not isinstance(name, str) or not name:
        lines.append("the name of the stack must be a string: quote it in YAML")
    try:
        __salt__["swarm_schema.require"](more, **given)
    except SaltInvocationError as exc:
        lines.append(str(exc))
    if lines:
        raise SaltInvocationError("; ".join(lines))


def declared(name=None, given=None):
    """
    Return the arguments of a stack, checked: what is given, over pillar ``swarm:stacks`` where no compose
    file is given.

    name
        Of the stack.
    given
        Arguments of the state ``swarm.stack``; ``None`` means one that is not given.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_stack.declared shop '{env: {TAG: "1.5"}}'
    """
    known = [*SOURCES, *OPTIONS, "correct", "registry_auth", "saltenv"]
    given = {key: value for key, value in (given or {}).items() if value is not None}
    unknown = {key: value for key, value in given.items() if key not in known}
    # Their names are those that an error proposes.
    require(name, unknown, **{key: given.get(key) for key in known})
    if has_files(given):
        return given
    __salt__["swarm_schema.refuse"]()
    stacks = traverse_dict_and_list(__pillar__, "swarm:stacks") or {}
    kept = {key: value for key, value in (stacks.get(name) or {}).items() if value is not None}
    kept.pop("after", None)
    return {**kept, **given}


def slips(names=None, saltenv=None):
    """
    Return what is wrong with stacks of pillar ``swarm:stacks`` and their files, in lines. No manager is asked.

    names
        List of stacks.
    saltenv
        Where ``salt://`` files are.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_stack.slips '[shop, log]'
    """
    lines = []
    for name in names or ():
        try:
            convert(_read_all, name, **{"saltenv": saltenv, **_files_of(declared(name))})
        except (CommandExecutionError, SaltInvocationError) as exc:
            lines.append(reason(name, str(exc)))
    return list(dict.fromkeys(lines))


def reason(name=None, text=""):
    """
    Return an error of a stack as one line that names the stack once.

    name
        Of the stack.
    text
        The error; some errors of the core name the stack themselves.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_stack.reason shop 'no such file'
    """
    what, line = f"stack {name}", " ".join(str(text).split())
    return line if line.startswith((f"{what} ", f"{what}:")) else f"{what}: {line}"


def _files_of(given):
    return {key: value for key, value in given.items() if key in SOURCES}


def _read_all(stack, warnings, contents, files):
    contents()


def has_files(given=None):
    """
    Return whether these arguments have a compose file.

    given
        Arguments of the state ``swarm.stack``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_stack.has_files '{source: salt://shop/compose.yml}'
    """
    return any((given or {}).get(key) is not None for key in ("source", "contents", "compose"))


def convert(into=None, name=None, saltenv=None, **sources):
    """
    Hand the objects that compose files make to a function of the same process; what that returns is
    returned.

    into
        A Python function that takes the stack, the warnings about its files, a function that gives the
        contents of its secrets, and the names of its files.
    name
        Of the stack.

    Other arguments are those of ``swarm_stack_source.gather``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_stack.convert    # refused: a job has no function to give
    """
    if not callable(into):
        raise SaltInvocationError("'into' must be a callable (internal callers only)")

    def take(files, options):
        found = __salt__["swarm_compose.convert"](files, str(name), **options)
        __salt__["swarm_policy.require"](found["stack"])

        def contents():
            return {
                secret: _content(found_in, options)
                for secret, found_in in found["stack"]["sources"]["secrets"].items()
                if found_in["from"] != "driver"
            }

        return into(found["stack"], found["warnings"], contents, [file for file, _ in files])

    given = {key: value for key, value in sources.items() if key in SOURCES}
    if not has_files(given):
        raise SaltInvocationError(
            f"give source, contents or compose, or put {name} into pillar swarm:stacks; after a"
            " change of pillar run saltutil.refresh_pillar first"
        )
    return __salt__["swarm_stack_source.gather"](into=take, saltenv=saltenv, **given)


def _content(secret, options):
    """The bytes of a secret. The check of the files has found that they are there."""
    if secret["from"] == "file":
        return options["content"](secret["value"])
    return options["env"].get(secret["value"], "").encode()


def run(name=None, test=False, correct=None, saltenv=None, registry_auth=None, **given):
    """
    Plan or deploy a stack: from its files to what the core did.

    name
        Of the stack.
    test
        ``True``: change nothing, and return what would be done.
    correct
        ``False``: where nothing but the swarm has changed since the last revision, return that as
        ``drift``, and change nothing.

    Other arguments are those of the state ``swarm.stack``. Returns what ``_swarm.Client.stack_apply`` does.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_stack.run shop test=True source=salt://shop/compose.yml
    """
    options = {core: given[ours] for ours, core in OPTIONS.items() if given.get(ours) is not None}

    def take(stack, warnings, contents, files):
        def send(key):
            return __salt__["swarm_core.core"](
                "stack_plan" if test else "stack_apply",
                stack,
                contents=contents(),
                hash_key=key,
                registry_auth=_credentials(stack, registry_auth),
                source=", ".join(files),
                who=str(__opts__["id"]),
                **options,
            )

        drift = _drift(str(name), stack) if correct is False else []
        found = _nothing(name, drift) if drift else __salt__["swarm_content.with_hash_key"](send)
        found["warnings"] = [*warnings, *(found.get("warnings") or [])]
        found["goes_back"] = given.get("rollback") is not False
        return found

    return convert(take, name, saltenv, **given)


def _credentials(stack, registry_auth):
    """The credentials for each registry that an image of the stack comes from."""
    images = [
        ((spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}).get("Image")
        for spec in stack["services"].values()
    ]
    hosts = {__salt__["swarm_registry.host"](image) for image in images if image}
    found = {
        host: __salt__["swarm_registry.auth_for"](host, registry_auth, into=lambda one: one)
        for host in sorted(hosts)
    }
    return {host: auth for host, auth in found.items() if auth} or None


def go_back(name=None, to=None, test=False, registry_auth=None, **options):
    """
    Go back to a stored revision that ``swarm:policy`` allows, or plan it.

    name
        Of the stack.
    to
        The revision's number.
    test
        ``True``: change nothing.
    registry_auth
        Where the credentials of registries are.

    Other arguments are those of ``_swarm.Client.stack_rollback``, whose result is returned.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_stack.go_back shop to=5 test=True
    """
    given = {key: value for key, value in options.items() if value is not None}

    def send(plan, to, auth):
        return __salt__["swarm_core.core"](
            "stack_rollback",
            name,
            plan=plan,
            registry_auth=auth,
            who=str(__opts__["id"]),
            **({} if to is None else {"to": to}),
            **given,
        )

    # What was allowed when it was stored may be no more, and its images may be of another registry.
    found = send(True, to, None)
    __salt__["swarm_policy.require"](found["stack"])
    return send(test, found["to"], _credentials(found["stack"], registry_auth))


def _nothing(name, drift):
    return {
        "name": str(name),
        "changes": {},
        "held": [],
        "unmanaged": {},
        "unchanged": {},
        "revision": None,
        "failed": None,
        "drift": drift,
    }


def _drift(name, stack):
    """Lines on what somebody changed by hand; none where the files differ from the last revision, too."""
    rows = __salt__["swarm_core.core"]("stack_list")
    if not any(row["name"] == name and row["revision"] is not None for row in rows):
        return []
    found = __salt__["swarm_core.core"]("stack_status", name, stack=stack)
    if any(one["sync"] not in ("synced", "drifted") for one in found["services"]):
        return []
    return [
        f"service {one['service']} was changed by hand: {_fields(one['changes'])}"
        for one in found["services"]
        if one["sync"] == "drifted"
    ]


def _fields(changes):
    return (
        ", ".join(
            f"{field} is {one['old']!r}, declared is {one['new']!r}"
            for field, one in sorted(changes.items())
        )
        or "it is not there"
    )


# --- words ----------------------------------------------------------------------------------------


def changes(found=None):
    """
    Return what the core changed as the changes of a state, an entry for each object.

    found
        What :py:func:`swarm_stack.run <run>` returns.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_stack.changes '{changes: {networks: {shop_default: {action: create}}}}'
    """
    ret = {}
    for kind in KINDS:
        for name, one in sorted(((found or {}).get("changes") or {}).get(kind, {}).items()):
            fields = dict(one.get("changes") or {})
            if one.get("restarts") and one["action"] not in ("create", "remove"):
                fields["tasks"] = "restart"
            words = f"{one['action']}d" if one["action"].endswith("e") else f"{one['action']}ed"
            words = "returned" if one["action"] == "return" else words
            ret[f"{kind[:-1]} {name}"] = fields or words
    return ret


def summary(found=None, test=False):
    """
    Return in one line what the core did, or would do.

    found
        What :py:func:`swarm_stack.run <run>` returns.
    test
        ``True``: in the words of test mode.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_stack.summary '{changes: {networks: {shop_default: {action: create}}}}'
    """
    counts = {}
    for kind in KINDS:
        for one in ((found or {}).get("changes") or {}).get(kind, {}).values():
            by_kind = counts.setdefault(one["action"], {})
            by_kind[kind] = by_kind.get(kind, 0) + 1
    parts = []
    for action, words in DONE.items():
        if action in counts:
            objects = [
                f"{count} {kind if count > 1 else kind[:-1]}"
                for kind, count in counts[action].items()
            ]
            parts.append(f"{words[1 if test else 0]} {', '.join(objects)}")
    return "; ".join(parts)


def warnings(found=None):
    """
    Return the warnings of the core, with a line for each object that belongs to nobody.

    found
        What :py:func:`swarm_stack.run <run>` returns.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_stack.warnings '{unmanaged: {services: [shop_old]}}'
    """
    found = found or {}
    return [
        *(found.get("warnings") or []),
        *(
            f"{kind[:-1]} {name} has the label of this stack, but no revision declared it: it is left alone"
            for kind in KINDS
            for name in (found.get("unmanaged") or {}).get(kind, [])
        ),
    ]


def failure(found=None):
    """
    Return in one line what went wrong; nothing where all went well.

    found
        What :py:func:`swarm_stack.run <run>` returns.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_stack.failure '{held: [], failed: {service: shop_web, reason: why}}'
    """
    found = found or {}
    lines = []
    failed = found.get("failed")
    if failed:
        back = ", so the stack went back to what it was" if failed["rolled_back"] else ""
        if found.get("goes_back") and not back:
            back = ", and not all of the stack could go back (see the warnings)"
        lines.append(f"service {failed['service']} failed{back}: {failed['reason']}")
    if found.get("held"):
        lines += [f"service {one['service']} is not sent: {one['reason']}" for one in found["held"]]
        lines.append("change it, or give retry_rolled_back: True")
    return " ".join("; ".join(lines).split())


def health(name=None):
    """
    Return what does not work in a stack, in one line; nothing where all works or is on its way.

    name
        Of the stack.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_stack.health shop
    """
    if not name:
        raise SaltInvocationError("name the stack")
    found = __salt__["swarm_core.core"]("stack_status", str(name))
    bad = [
        f"service {one['service']} is {one['health']}, {one['running']} of {one['desired']} tasks run"
        + (f": {one['message']}" if one.get("message") else "")
        for one in found["services"]
        if one["health"] in ("degraded", "missing")
    ]
    return " ".join("; ".join(bad).split())


def known(name=None):
    """
    Return the row of a stack in the core's list; an error where there is none.

    name
        Of the stack.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_stack.known shop
    """
    if not isinstance(name, str) or not name:
        raise SaltInvocationError(f"name must be the name of a stack, not {name!r}")
    for row in __salt__["swarm_core.core"]("stack_list"):
        if row["name"] == name:
            return row
    raise CommandExecutionError(f"there is no stack {name}")
