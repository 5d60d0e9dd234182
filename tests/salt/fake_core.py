# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the compiled core, with the names and signatures of ``pymodule/_swarm.pyi``.

A method that the stub file does not have, or arguments that it does not allow, fail here as they
would with the real core, so a test cannot pass on a call that the core would refuse.
"""

import ast
import functools
import importlib.util
import inspect
import re
from pathlib import Path

STUBS = ast.parse((Path(__file__).parents[2] / "pymodule/_swarm.pyi").read_text(encoding="utf-8"))
TOKEN = re.compile(r"SWM(?:TKN|KEY)-[0-9A-Za-z-]+")

# The names of the operations, as the library has them.
OPS = tuple(
    re.findall(
        r'(?m)^OP\(\w+, "(\w+)"',
        (Path(__file__).parents[2] / "libswarm/include/swarm/ops.def").read_text(encoding="utf-8"),
    )
)


@functools.cache
def real():
    """The built core, for what asks no engine: services in compose's words."""
    (path,) = Path(__file__).parents[2].glob("build/dropin/_swarm-*.abi3.so")
    spec = importlib.util.spec_from_file_location("_swarm", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _classes():
    return {node.name: node for node in STUBS.body if isinstance(node, ast.ClassDef)}


def _exceptions():
    """{name: class} of the stub file's exceptions, with its inheritance."""
    made = {}
    for name, node in _classes().items():
        base = ast.unparse(node.bases[0]) if node.bases else ""
        if base in ("Exception", *made):
            base = made.get(base, Exception)
            made[name] = type(name, (base,), {"code": "", "status": 0, "errno": 0})
    return made


def _signature(node):
    """The signature of a function of the stub file, without annotations."""
    arguments = node.args
    kinds = inspect.Parameter
    parameters = []
    plain = arguments.posonlyargs + arguments.args
    without = len(plain) - len(arguments.defaults)
    for place, argument in enumerate(plain):
        default = kinds.empty if place < without else None
        parameters.append(kinds(argument.arg, kinds.POSITIONAL_OR_KEYWORD, default=default))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=False):
        default = kinds.empty if default is None else None
        parameters.append(kinds(argument.arg, kinds.KEYWORD_ONLY, default=default))
    return inspect.Signature(parameters)


SIGNATURES = {
    node.name: _signature(node)
    for node in _classes()["Client"].body
    if isinstance(node, ast.FunctionDef)
}


class Core:
    """The module object: ``Client`` talks to ``machine``, ``probe`` asks its network.

    machine
        The host that the core runs on (``fake_swarm.Machine``).
    version
        What ``VERSION`` says.
    """

    def __init__(self, machine, version="0.1.0"):
        vars(self).update(_exceptions())
        self.VERSION = version
        self.OPS = OPS
        self.__file__ = "/fake/_swarm.abi3.so"
        self._machine = machine

    def Client(self, *args, **kwargs):  # named as in the core
        SIGNATURES["__init__"].bind(None, *args, **kwargs)
        return Client(self, self._machine)

    def redact(self, text):
        return TOKEN.sub("<redacted>", text)

    def token_parse(self, token):
        head, _, secret = token.rpartition("-")
        if not token.startswith("SWMTKN-1-") or len(secret) != 25:
            raise self.BadToken("the join token is malformed")
        return {"digest": head.rpartition("-")[2], "fips": False}

    def health_checks(self):
        return real().health_checks()

    def spec_check(self, service, **more):
        return real().spec_check(service, **more)

    def compose_check(self, documents, *args, **more):
        return real().compose_check(documents, *args, **more)

    def compose_convert(self, documents, *args, **more):
        return real().compose_convert(documents, *args, **more)

    def spec_words(self, spec, **more):
        return real().spec_words(spec, **more)

    def probe(self, address, *, timeout=None):
        if not isinstance(address, str):
            raise TypeError(f"address must be a str, not {type(address).__name__}")
        if ":" not in address:
            address += ":2377"
        if address in self._machine.network.silent:
            raise self.Timeout(f"{address} does not answer (waited 3 s)")
        if not self._machine.network.listens(address):
            raise self.ConnectError(f"nothing listens at {address}: Connection refused")


class Client:
    """A client of one machine's engine. Each call is noted in ``machine.calls``."""

    def __init__(self, core, machine):
        self._core = core
        self._machine = machine
        self._open = True

    def __getattr__(self, name):
        if name not in SIGNATURES:
            raise AttributeError(f"the core's Client has no {name}")
        operation = getattr(self._machine, f"do_{name}")

        def call(*args, **kwargs):
            assert self._open, "the client is closed"
            bound = SIGNATURES[name].bind(self, *args, **kwargs)
            given = dict(list(bound.arguments.items())[1:])
            self._machine.calls.append((name, given))
            return operation(self._core, **given)

        return call

    def close(self):
        self._open = False
