# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: services in compose's words
==============================================

What states and functions on services share: which of their arguments are words of a compose file, what is
wrong in them, and which service a name means.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0
"""

import datetime

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm_words"

STACK_LABEL = "com.docker.stack.namespace"
# What people look for beside image.
DEPLOY = (
    *("endpoint_mode", "mode", "placement", "replicas", "resources", "restart_policy"),
    *("rollback_config", "update_config"),
)


def __virtual__():
    return __virtualname__


def split(given=None):
    """
    Return the words of a compose file in these arguments, and what Salt itself added to them.

    given
        Arguments that the caller does not know.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_words.split '{image: nginx}'
    """
    words, more = {}, {}
    of_salt = __salt__["swarm_schema.of_salt"]
    for name, value in (given or {}).items():
        (more if of_salt(name) else words)[name] = value
    return words, more


def require(words=None, more=None, name=None, network=False, **options):
    """
    Raise all slips in a declared service or network as one error.

    words
        The service in compose's words.
    more
        Arguments that are none: what Salt itself adds is not a slip.
    name
        Its name; ``None``: there is none to check.
    network
        ``True``: the words are those of a network.

    Other arguments are the options of ``swarm.service`` or ``swarm.network``; ``None`` stands for one that
    is not given.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_words.require '{image: nginx}'
    """
    lines = [f"unknown argument {name}" for name in split(more)[0]]
    below = {
        f"{word}: no such key": f"{word}: no such key: it goes below deploy" for word in DEPLOY
    }
    try:
        __salt__["swarm_schema.require"](**options)
    except SaltInvocationError as exc:
        lines.append(str(exc))
    image = (words or {}).get("image", "")
    if isinstance(image, (bool, int, float)):
        lines.append(f"image: must be a string, not {image!r}: quote it in YAML")
    words = _plain(words or {}, "", lines)
    if words or name:
        lines += [
            below.get(line, line)
            for line in __salt__["swarm_core.core"](
                "spec_check", words, name=name and str(name), network=network
            )
            # Of a service that is there already the image may stay as it is.
            if line != "image: is required"
        ]
    if lines:
        raise SaltInvocationError("; ".join(lines))


def _plain(value, place, lines):
    """The value as the core takes it; a line for each value that YAML read as something else."""
    if isinstance(value, dict):
        return {
            _key(name, place, lines): _plain(one, f"{place}.{name}".lstrip("."), lines)
            for name, one in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_plain(one, f"{place}[{at}]", lines) for at, one in enumerate(value)]
    if isinstance(value, str) and "\0" in value:
        lines.append(f"{place}: holds a NUL character")
        return value.replace("\0", "")
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (datetime.date, datetime.datetime)):
        lines.append(f"{place}: {value.isoformat()} is a date to YAML: put it in quotes")
        return value.isoformat()
    lines.append(f"{place}: a {type(value).__name__} is not a value of a service")
    return ""


def _key(name, place, lines):
    where = f"in {place}" if place else "of the service"
    if isinstance(name, str):
        if "\0" in name:
            lines.append(f"key {name!r} {where} holds a NUL character")
        return name.replace("\0", "")
    lines.append(f"key {name!r} {where} is not a string: put it in quotes")
    return str(name)


def apply(name=None, words=None, registry_auth=None, test=False, **options):
    """
    Create or change a service, with the credentials of its image's registry.

    name
        The service's name.
    words
        The service in compose's words.
    registry_auth
        Where the credentials are, as for ``swarm.service``.
    test
        ``True``: only say what would be done.

    Other arguments and the result are those of ``Client.service_apply``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_words.apply web '{image: nginx}' test=True
    """
    options = {key: value for key, value in options.items() if not key.startswith("__")}

    def run(credentials=None):
        return __salt__["swarm_core.core"](
            "service_diff" if test else "service_apply",
            str(name),
            words,
            registry_auth=credentials,
            **options,
        )

    image = (words or {}).get("image")
    if not isinstance(image, str):
        return run()
    return __salt__["swarm_registry.auth"](image, registry_auth, into=run)


def find(name=None):
    """
    Return a service by its exact name or full id, as the engine has it; ``None`` where there is none.

    name
        Exact name or full id.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_words.find web
    """
    if isinstance(name, bool) or not isinstance(name, (str, int)) or name == "":
        raise SaltInvocationError(f"name must be a service's id or exact name, not {name!r}")
    found = [
        one
        for one in __salt__["swarm_core.core"]("object_list", "service")
        if str(name) in (one["ID"], one["Spec"]["Name"])
    ]
    return found[0] if found else None


def check_stack(service=None, stack=None):
    """
    Raise an error for a service of a stack that the caller does not name.

    service
        As the engine has it.
    stack
        The stack that the caller names, or ``None``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_words.check_stack '{Spec: {Labels: {}}}'
    """
    owner = (service["Spec"].get("Labels") or {}).get(STACK_LABEL)
    if owner and owner != stack:
        raise CommandExecutionError(f"it belongs to stack {owner}: give stack: {owner}")
