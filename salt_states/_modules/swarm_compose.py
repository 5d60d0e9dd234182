# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: compose files
================================

Compose files as docker reads them, without an engine: YAML to data, and data to the objects of a stack.

Salt's own YAML loader makes another file of it: ``22:22`` becomes 1342, ``0440`` becomes 440, a key
that is there twice is lost. The loader here keeps ``22:22`` and dates as text, reads ``0440`` as octal
and numbers with a point or an exponent as they are written, and refuses what would be lost, with the
line.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core

.. versionadded:: 0.1.0
"""

import re

import yaml
from salt.exceptions import SaltInvocationError

__virtualname__ = "swarm_compose"

# More than any compose file has; aliases may make much of a few lines.
MAX_BYTES = 2 * 1024 * 1024
MAX_VALUES = 200000
MAX_DEPTH = 40

_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_TRUE = re.compile(r"(?:true|True|TRUE)\Z")
_FALSE = re.compile(r"(?:false|False|FALSE)\Z")
# The form in which a number is the same as its text.
_DECIMAL = re.compile(r"(?:0|-?[1-9][0-9]{0,17})\Z")
_OCTAL = re.compile(r"0o?[0-7]+\Z")
_MODE = re.compile(r"services\..*\.(?:secrets|configs)\[\d+\]\.mode\Z", re.DOTALL)
_TMPFS_MODE = re.compile(r"services\..*\.volumes\[\d+\]\.tmpfs\.mode\Z", re.DOTALL)
_TEXT_TAG = "tag:yaml.org,2002:str"


def __virtual__():
    return __virtualname__


class _Loader(yaml.SafeLoader):
    """Finds no type of a plain scalar but that of the merge key; the types are given in _Document."""

    def compose_scalar_node(self, anchor):
        tag = self.peek_event().tag
        node = super().compose_scalar_node(anchor)
        # A node does not say that its tag was written.
        node.is_text = tag in ("!", _TEXT_TAG)
        return node


_Loader.yaml_implicit_resolvers = {"<": [("tag:yaml.org,2002:merge", re.compile(r"<<\Z"))]}


def _line(node):
    return node.start_mark.line + 1


class _Document:
    """One file on its way from nodes of YAML to data: slips, warnings, and the line of each place."""

    def __init__(self, name):
        self.name = name
        self.slips = []
        self.warnings = []
        self.lines = {}
        self.values = 0

    def slip(self, node, place, text):
        where = f"{place}: " if place else ""
        self.slips.append(f"{self.name}:{_line(node)}: {where}{text}")

    def value(self, node, place, depth=0):
        self.values += 1
        if self.values > MAX_VALUES or depth > MAX_DEPTH:
            raise SaltInvocationError(
                f"{self.name}:{_line(node)}: over {MAX_VALUES} values, or over {MAX_DEPTH} levels, "
                "with all aliases"
            )
        self.lines[place] = _line(node)
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, place)
        if node.tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            self.slip(node, place, f"the tag {node.tag} is not supported")
        if isinstance(node, yaml.SequenceNode):
            return [
                self.value(item, f"{place}[{number}]", depth + 1)
                for number, item in enumerate(node.value)
            ]
        return self.mapping(node, place, depth)

    def mapping(self, node, place, depth):
        found = {}
        for key, key_node, item, where in self.members(node, place, depth):
            found[key] = self.value(item, where, depth + 1)
            self.lines[where] = _line(key_node)
        return found

    def members(self, node, place, depth):
        """(key, its node, node, place) of a mapping; its own keys go before those that it merges in."""
        own, merged = {}, {}
        for key_node, item in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge" and key_node.style is None:
                for key, other in self.merged(item, place, depth):
                    merged.setdefault(key, other)
                continue
            key = self.key(key_node, place)
            if key in own:
                self.slip(
                    key_node,
                    f"{place}.{key}" if place else key,
                    f"the key is there twice, first in line {_line(own[key][0])}",
                )
            elif key is not None:
                own[key] = (key_node, item)
        for key, other in merged.items():
            own.setdefault(key, other)
        return [
            (key, key_node, item, f"{place}.{key}" if place else key)
            for key, (key_node, item) in own.items()
        ]

    def merged(self, node, place, depth):
        """(key, (its node, its value)) of what << names; of several mappings the first one wins."""
        if depth > MAX_DEPTH:
            raise SaltInvocationError(f"{self.name}:{_line(node)}: << over {MAX_DEPTH} levels")
        if isinstance(node, yaml.SequenceNode):
            return [pair for item in node.value for pair in self.merged(item, place, depth + 1)]
        if not isinstance(node, yaml.MappingNode):
            self.slip(node, place, "<< needs a mapping or a list of mappings")
            return []
        self.values += len(node.value)
        if self.values > MAX_VALUES:
            raise SaltInvocationError(f"{self.name}:{_line(node)}: over {MAX_VALUES} values in <<")
        return [
            (key, (key_node, item))
            for key, key_node, item, _where in self.members(node, place, depth + 1)
        ]

    def key(self, node, place):
        if not isinstance(node, yaml.ScalarNode) or (
            node.style is None and _NULL.match(node.value)
        ):
            self.slip(node, place, "a key must be a string")
            return None
        return node.value

    def scalar(self, node, place):
        text = node.value
        if node.tag == "tag:yaml.org,2002:merge":
            return text
        if node.tag != _TEXT_TAG:
            return self.tagged(node, place)
        if node.style is not None or node.is_text:
            return text
        if _NULL.match(text):
            return None
        if _TRUE.match(text) or _FALSE.match(text):
            return bool(_TRUE.match(text))
        if _MODE.match(place) or _TMPFS_MODE.match(place):
            return self.mode(node, place, text)
        if _DECIMAL.match(text):
            return int(text)
        if _OCTAL.match(text):
            return self.octal(node, place, text)
        return text

    def tagged(self, node, place):
        if node.tag == "tag:yaml.org,2002:int" and _DECIMAL.match(node.value):
            return int(node.value)
        if node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float"):
            return node.value
        self.slip(node, place, f"the tag {node.tag} is not supported")
        return None

    def octal(self, node, place, text):
        number = int(text.replace("o", ""), 8)
        self.warnings.append(
            f"{self.name}:{_line(node)}: {place}: {text} is octal, the number {number}, as docker "
            "reads it: put it in quotes if it is text"
        )
        return number

    def mode(self, node, place, text):
        """The mode of a file, as octal digits in text."""
        if re.fullmatch(r"0o?[0-7]*", text) or not text.isdecimal() or len(text) > 5:
            return text
        if re.fullmatch(r"[0-7]+", text) and len(text) >= 3:
            self.slip(node, place, f'{text} is a decimal number: write 0{text} or "0{text}"')
            return None
        return f"0{int(text):o}"


def _compose(text, name):
    """The root node of a YAML text, or None; one line says what is wrong with it."""
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError as exc:
            line = text[: exc.start].count(b"\n") + 1
            raise SaltInvocationError(f"{name}:{line}: not UTF-8 text") from None
    if not isinstance(text, str):
        raise SaltInvocationError(f"{name}: contents must be a string")
    if len(text) > MAX_BYTES:
        raise SaltInvocationError(f"{name}: over {MAX_BYTES} bytes")
    try:
        loader = _Loader(text.removeprefix("\ufeff"))
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as exc:
        line = text[: exc.position].count("\n") + 1
        raise SaltInvocationError(
            f"{name}:{line}: the character U+{exc.character:04X} is not allowed in YAML"
        ) from None
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        words = " ".join(f"{exc.context or ''} {exc.problem or ''}".replace("\n", " ").split())
        line = mark.line + 1 if mark else 1
        raise SaltInvocationError(f"{name}:{line}: not YAML: {words}") from None
    except RecursionError:
        raise SaltInvocationError(f"{name}: over {MAX_DEPTH} levels") from None
    return root


def load(text, name="compose.yml"):
    """
    Return a compose file as data, as docker reads it, with the line of each value.

    text
        The YAML, as text or bytes.
    name
        What errors call the file.

    Returns ``document`` (a dict), ``lines`` (place to line number) and ``warnings``. What cannot be
    meant, such as a key that is there twice, is an error that names file, line and place; all of them
    in one text.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_compose.load 'services: {web: {image: "nginx:1.27"}}'
    """
    root = _compose(text, name)
    document = _Document(name)
    found = None if root is None else document.value(root, "")
    if root is None:
        # A file that is cut off by mistake must not remove all that is there.
        document.slips.append(f"{name}: is empty")
    elif not isinstance(found, dict):
        document.slip(root, "", "a compose file must be a mapping with services")
    if document.slips:
        raise SaltInvocationError("; ".join(document.slips))
    return {"document": found, "lines": document.lines, "warnings": document.warnings}


def with_line(text, lines):
    """
    Return a line of the core about a document with the number of the line in its file.

    text
        ``file: place: what is wrong``.
    lines
        A dict of file names, each with the ``lines`` of :py:func:`load`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_compose.with_line 'a.yml: services.web: ...' '{a.yml: {services: 1}}'
    """
    for name, places in lines.items():
        if not text.startswith(f"{name}: "):
            continue
        rest = text[len(name) + 2 :]
        place = rest.partition(": ")[0]
        while place and place not in places:
            place = re.sub(r"(?:\A|[.\[])[^.\[]*\Z", "", place)
        number = places.get(place, 1)
        return f"{name}:{number}: {rest}"
    return text


def convert(sources, name=None, env=None, base_dir=None, home=None, content=None):
    """
    Return the objects of a stack that compose files describe, without a request to an engine.

    sources
        A list of ``[file name, text]``, in order: each file is merged over those before it. In place of a
        text, the file as data.
    name
        Of the stack.
    env
        A dict of the variables that the files use.
    base_dir
        Absolute folder for relative sources of bind mounts.
    home
        What ``~`` stands for in them.
    content
        A Python function that gives the bytes of a file that a document names (``env_file``, and
        ``file`` of configs and secrets). Without one, files are refused.

    Returns a dict of ``stack`` (its objects, see the C reference of ``swarm_compose_convert``) and
    ``warnings``. All mistakes are in one error, each with file, line and place.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_compose.convert '[[a.yml, "services: {web: {image: \\"a:1\\"}}"]]' web
    """
    loaded, slips = {}, []
    for source, text in sources:
        try:
            if isinstance(text, dict):
                loaded[source] = {"document": text, "lines": None, "warnings": []}
            else:
                loaded[source] = load(text, source)
        except SaltInvocationError as exc:
            slips.append(str(exc))
    if slips:
        raise SaltInvocationError("; ".join(slips))
    # Data has no lines.
    lines = {source: found["lines"] for source, found in loaded.items() if found["lines"]}
    options = {
        "names": list(loaded),
        "env": env or {},
        "base_dir": base_dir,
        "home": home,
        "content": content,
    }
    documents = [found["document"] for found in loaded.values()]
    slips = __salt__["swarm_core.core"]("compose_check", documents, name, **options)
    if slips:
        raise SaltInvocationError("; ".join(with_line(slip, lines) for slip in slips))
    found = __salt__["swarm_core.core"]("compose_convert", documents, name, **options)
    warnings = [line for source in loaded.values() for line in source["warnings"]]
    warnings += [with_line(line, lines) for line in found["warnings"]]
    return {"stack": found["stack"], "warnings": warnings}
