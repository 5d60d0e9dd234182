# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: where a stack comes from
===========================================

Collects what a stack is made of: compose files of the file server or of this host, data in SLS, the variables
that they use, and the files that they name. The bytes of those files are passed only to functions of the same
process.

:maturity: new
:depends: the execution module ``swarm``

.. versionadded:: 0.1.0
"""

import datetime
import os
import posixpath
import re

from salt.exceptions import CommandExecutionError, SaltInvocationError
from salt.utils.data import traverse_dict_and_list

__virtualname__ = "swarm_stack_source"

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
MODE = re.compile(r"services\.[^.]+\.(secrets|configs)\[\d+\]\.mode\Z|.*\.tmpfs\.mode\Z")
# Where a float keeps its meaning: elsewhere 1.10 would be 1.1.
FLOATS = re.compile(r".*\.(cpus|max_failure_ratio)\Z")
# Where docker wants text: YAML has read yes, on and true alike.
TEXTS = re.compile(r".*\.(environment|labels|sysctls|driver_opts|options|args)\.[^.]+\Z")
PORTS = re.compile(r".*\.ports\[\d+\](\.published|\.target)?\Z")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}
MAX_DEPTH = 40
# Shorter texts are in any line.
SHORTEST_HIDDEN = 3


def __virtual__():
    return __virtualname__


def gather(
    into=None,
    source=None,
    contents=None,
    compose=None,
    env=None,
    env_files=None,
    pillar_env=None,
    os_env=False,
    files=None,
    base_dir=None,
    home=None,
    saltenv=None,
):
    """
    Hand what a stack is made of to a function of the same process; what that returns is returned.

    into
        A Python function that takes ``sources``, a list of ``[name, text or data]`` in the order in which
        they are merged, and a dict of ``env``, ``base_dir``, ``home`` and ``content``, as
        ``swarm_compose.convert`` takes them.
    source
        One compose file or a list of them: ``salt://`` URLs and absolute paths on this host.
    contents
        A compose file as text; merged over those of ``source``.
    compose
        A compose file as data; merged over the others.
    env
        A dict of variables; goes before the others.
    env_files
        One file of variables or a list of them, as for ``source``; a later one wins.
    pillar_env
        A pillar key, or a list of them, whose value is a dict of variables; or a dict of variables and
        pillar keys. Goes before ``env_files``.
    os_env
        ``True``: the variables of the minion's own process, too; they come last.
    files
        ``{file: place}`` of files that the compose files name: a ``salt://`` URL, an absolute path, an
        ``sdb://`` URL, or ``{pillar: key}``. A file that is not in it is beside the first ``source``.
    base_dir
        Absolute folder for relative sources of bind mounts.
    home
        What ``~`` stands for in them.
    saltenv
        Environment of ``salt://`` URLs.

    Everything that is wrong is in one error.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_stack_source.gather    # refused: a job has no function to give
    """
    if not callable(into):
        raise SaltInvocationError("'into' must be a callable (internal callers only)")
    slips = []
    first = _as_list(source)
    twice = sorted({one for one in first if first.count(one) > 1})
    slips += [f"source names {one} twice" for one in twice]
    if not first and contents is None and compose is None:
        slips.append("one of source, contents or compose is required")
    sources = []
    for one in dict.fromkeys(first):
        text = _noted(slips, _read, one, saltenv, "config")
        if text is not None:
            sources.append([one, text])
    if contents is not None:
        sources.append(["contents", contents])
    if compose is not None:
        sources.append(["compose", _noted(slips, _plain, compose)])
    variables, hidden = _variables(slips, env, env_files, pillar_env, os_env, saltenv)
    if slips:
        raise SaltInvocationError("; ".join(slips))
    known = {}

    def content(file):
        if file not in known:
            known[file] = _content(file, files or {}, first, home, saltenv)
        return known[file]

    options = {"env": variables, "base_dir": base_dir, "home": home, "content": content}
    try:
        return into(sources, options)
    except (CommandExecutionError, SaltInvocationError) as exc:
        raise type(exc)(_without(str(exc), hidden)) from None
    finally:
        known.clear()


def _as_list(value):
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _noted(slips, function, *arguments):
    """What a function returns; None where it fails, and then its reason is one of the slips."""
    try:
        return function(*arguments)
    except (CommandExecutionError, SaltInvocationError) as exc:
        slips.append(str(exc))
    return None


def _without(text, hidden):
    """No error has a value that came from pillar."""
    for value in sorted(hidden, key=len, reverse=True):
        if len(value) >= SHORTEST_HIDDEN:
            text = text.replace(value, "***")
    return text


# --- files ----------------------------------------------------------------------------------------


def _read(place, saltenv, kind):
    """The bytes of a salt:// URL, an absolute path, an sdb:// URL or {pillar: key}."""
    if isinstance(place, dict):
        given = {"contents_pillar": place["pillar"]}
    elif place.startswith("salt://"):
        given = {"source": place}
    elif place.startswith("sdb://"):
        given = {"contents_sdb": place}
    else:
        given = {"contents_file": place}
    return __salt__["swarm_content.read"](lambda found: found, kind=kind, saltenv=saltenv, **given)


def _content(file, files, sources, home, saltenv):
    """The bytes of a file that a document names. It may be a secret: no cached copy of it stays."""
    for written in (file, file.removeprefix("./"), f"./{file}"):
        if written in files:
            return _read(files[written], saltenv, "secret")
    if file.startswith("~"):
        if not home:
            raise CommandExecutionError(
                "~ is the home of nobody here: give home, or name it in files"
            )
        file = home.rstrip("/") + file[1:]
    if not file.startswith("/"):
        file = _beside(sources, file)
    if file.startswith("/") and not __salt__["swarm_policy.may_read"](file):
        raise CommandExecutionError(
            f"swarm:policy:files does not allow the file {file} of this host"
        )
    return _read(file, saltenv, "secret")


def _beside(sources, file):
    if not sources:
        raise CommandExecutionError("no source is there that it is beside: name it in files")
    source = sources[0]
    scheme, place, query = "", source, ""
    if source.startswith("salt://"):
        scheme = "salt://"
        place, mark, more = source[len(scheme) :].partition("?")
        query = mark + more
    found = posixpath.normpath(posixpath.join(posixpath.dirname(place), file))
    if found.startswith(".."):
        raise CommandExecutionError(f"it is outside of the file root, from {source}")
    return f"{scheme}{found}{query}"


# --- variables ------------------------------------------------------------------------------------


def _variables(slips, env, env_files, pillar_env, os_env, saltenv):
    """The variables, and the values that came from pillar."""
    found = dict(os.environ) if os_env else {}
    for place in _as_list(env_files):
        text = _noted(slips, _read, place, saltenv, "secret")
        if text is not None:
            found.update(_env_file(place, text, slips))
    hidden = {}
    for name, key in _of_pillar(slips, pillar_env):
        hidden.update(
            _texts(f"pillar {key}", {name: traverse_dict_and_list(__pillar__, key)}, slips)
        )
    for key in [] if isinstance(pillar_env, dict) else _as_list(pillar_env):
        group = traverse_dict_and_list(__pillar__, key)
        if group is None:
            slips.append(f"pillar_env: {__salt__['swarm_core.no_pillar_key'](key)}")
        elif isinstance(group, dict):
            hidden.update(_texts(f"pillar {key}", group, slips))
        else:
            slips.append(f"pillar {key} must be a dictionary of variables")
    found.update(hidden)
    found.update(_texts("env", env or {}, slips))
    return found, list(hidden.values())


def _of_pillar(slips, pillar_env):
    if not isinstance(pillar_env, dict):
        return
    for name, key in pillar_env.items():
        if traverse_dict_and_list(__pillar__, key) is None:
            slips.append(f"pillar_env: {name}: {__salt__['swarm_core.no_pillar_key'](key)}")
        else:
            yield name, key


def _texts(where, given, slips):
    """Variables as text. No value is quoted: it may be a secret."""
    found = {}
    for name, value in given.items():
        if not isinstance(name, str) or not VARIABLE.match(name):
            slips.append(f"{where}: {name!r} is not the name of a variable")
        elif isinstance(value, str):
            found[name] = value
        elif isinstance(value, int) and not isinstance(value, bool):
            found[name] = str(value)
        elif value is not None:
            slips.append(f"{where}: variable {name} must be a string: quote it in YAML")
    return found


def _env_file(place, text, slips):
    """Lines NAME=value, as a shell and docker compose read them: quotes end where they begin."""
    found = {}
    try:
        lines = text.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as exc:
        line = text[: exc.start].count(b"\n") + 1
        slips.append(f"{place}:{line}: not UTF-8 text")
        return {}
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.removeprefix("export ").lstrip().partition("=")
        value = _unquoted(value.strip())
        if not equals or not VARIABLE.match(name) or value is None:
            slips.append(f"{place}:{number}: must be a line NAME=value, with quotes that end")
        else:
            found[name] = value
    return found


def _unquoted(value):
    """A value without its quotes and comment; None where a quote does not end."""
    if value[:1] == "'":
        inner, end, rest = value[1:].partition("'")
    elif value[:1] == '"':
        quoted = re.match(r'"((?:[^"\\]|\\.)*)(")(.*)\Z', value)
        inner, end, rest = quoted.groups() if quoted else ("", "", "")
        inner = re.sub(r"\\(.)", lambda one: ESCAPES.get(one[1], one[0]), inner)
    else:
        return re.split(r"(?:\A|\s)#", value, maxsplit=1)[0].rstrip()
    rest = rest.strip()
    return inner if end and (not rest or rest.startswith("#")) else None


# --- data of SLS ----------------------------------------------------------------------------------


def _plain(value):
    """A compose file that YAML of Salt has read, or all that it cannot have meant."""
    slips = []
    found = _walk(value, "", slips, 0)
    if not isinstance(value, dict):
        slips.append("compose: must be a mapping with services")
    if slips:
        raise SaltInvocationError("; ".join(slips))
    return found


def _walk(value, place, slips, depth):
    if depth > MAX_DEPTH:
        slips.append(f"compose: over {MAX_DEPTH} levels")
        return None
    if isinstance(value, dict):
        found = {}
        for name, one in value.items():
            if not isinstance(name, str):
                slips.append(_slip(place, f"key {name!r} is not a string"))
                continue
            found[name] = _walk(one, f"{place}.{name}" if place else name, slips, depth + 1)
        return found
    if isinstance(value, (list, tuple)):
        return [_walk(one, f"{place}[{at}]", slips, depth + 1) for at, one in enumerate(value)]
    return _scalar(value, place, slips)


def _scalar(value, place, slips):
    if isinstance(value, bool) and TEXTS.match(place):
        slips.append(_slip(place, f"YAML has read {value}"))
    elif isinstance(value, int) and not isinstance(value, bool) and MODE.match(place):
        # Salt's YAML reads 0440 as 440, so the digits are octal, as in Salt's own states of files.
        if not re.fullmatch(r"[0-7]{1,4}", str(value)):
            slips.append(f"compose: {place}: {value} is not an octal mode such as '0440'")
        return f"0{value}"
    elif isinstance(value, int) and not isinstance(value, bool):
        if PORTS.match(place) and not 0 <= value <= 65535:
            slips.append(_slip(place, f"YAML has read the number {value}"))
    elif isinstance(value, float) and not FLOATS.match(place):
        slips.append(_slip(place, f"YAML has read the number {value}"))
    elif isinstance(value, datetime.date):
        slips.append(_slip(place, f"YAML has read the date {value.isoformat()}"))
        return None
    elif value is not None and not isinstance(value, (str, int, float)):
        slips.append(f"compose: {place}: a {type(value).__name__} is not a value of a compose file")
        return None
    return value


def _slip(place, text):
    return f"compose: {place}: {text}: put it in quotes"
