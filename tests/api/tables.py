# SPDX-License-Identifier: Apache-2.0
"""The library's own tables, as the C compiler reads them."""

import re
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

Row = namedtuple("Row", "symbol name method path query body since result status timeout")
Field = namedtuple("Field", "type required since")
FieldVersion = namedtuple("FieldVersion", "kind path since")

STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def calls(path, macro):
    """Return the arguments of each MACRO(...) in a .def file, adjacent strings joined."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    found = []
    for body in re.findall(rf"^{macro}\(((?:\"[^\"]*\"|[^\")])*)\)", text, re.MULTILINE):
        strings = STRING.findall(body)
        numbers = iter(range(len(strings)))
        body = STRING.sub(lambda _, numbers=numbers: f"\0{next(numbers)}\0", body)
        arguments = []
        for argument in body.split(","):
            parts = re.findall(r"\0(\d+)\0", argument)
            arguments.append("".join(strings[int(n)] for n in parts) if parts else argument.strip())
        found.append(arguments)
    return found


def fields(text):
    """Return {name: Field} of a list of fields."""
    found = {}
    for entry in text.split():
        name, kind, required, since = re.fullmatch(r"([\w-]+):(\w)(!?)(?:@(\d+))?", entry).groups()
        assert name not in found, name
        found[name] = Field(kind, bool(required), int(since or 0))
    return found


def operations():
    """Return the rows of ops.def."""
    rows = [Row(*row) for row in calls(ROOT / "libswarm/include/swarm/ops.def", "OP")]
    return [
        r._replace(query=fields(r.query), body=fields(r.body), since=int(r.since)) for r in rows
    ]


def field_versions():
    """Return the rows of field_versions.def."""
    return [
        FieldVersion(k, p, int(s))
        for k, p, s in calls(ROOT / "libswarm/call/field_versions.def", "FIELD_VERSION")
    ]


def service_fields():
    """Return {path: {name: the sign of its type, "" for none}} of service_fields.def."""
    return {
        path: dict(re.fullmatch(r"(\w+)(\W?)", name).groups() for name in names.split())
        for path, names in calls(ROOT / "libswarm/spec/service_fields.def", "MEMBERS")
    }


def errors():
    """Return (name, number, exception, meaning) of each row of errors.def."""
    return calls(ROOT / "libswarm/include/swarm/errors.def", "E")
