# SPDX-License-Identifier: Apache-2.0
"""Every text of the library, the extension and the Salt modules passes the redactor as it is."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LITERAL = r'"(?:[^"\\\n]|\\.)*"'


def c_texts():
    """{text: where}: adjacent literals as one, with the macros of the same file that are literals."""
    found = {}
    for path in sorted(
        [
            *ROOT.glob("libswarm/**/*.[ch]"),
            *ROOT.glob("libswarm/**/*.def"),
            *ROOT.glob("pymodule/*.[ch]"),
        ]
    ):
        text = path.read_text(encoding="utf-8")
        macros = dict(re.findall(rf"(?m)^#define (\w+) ({LITERAL})$", text))
        text = re.sub(rf"(?m)^#define \w+ {LITERAL}$", "", text)
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
        found.update(dict.fromkeys([value[1:-1] for value in macros.values()], path.name))
        names = "|".join(map(re.escape, macros)) or "NO_SUCH_NAME"
        for run in re.findall(
            rf"(?:{LITERAL}|\b(?:{names})\b)(?:\s*(?:{LITERAL}|\b(?:{names})\b))*", text
        ):
            parts = re.findall(rf"{LITERAL}|\w+", run)
            whole = "".join(macros.get(part, part)[1:-1] for part in parts)
            found[whole.replace('\\"', '"').replace("\\n", "\n")] = path.name
    return found


def python_texts():
    """{text: where} of the literals of all Salt modules, docstrings among them."""
    found = {}
    for path in sorted(ROOT.glob("salt_states/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            # A NUL character is looked for, and never shown.
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found[node.value.replace("\0", "")] = path.name
    return found


def other_texts():
    paths = [
        *ROOT.glob("salt_states/**/*.sls"),
        *ROOT.glob("salt_states/**/*.jinja"),
        *ROOT.glob("pillar_example/*.sls"),
    ]
    return {path.read_text(encoding="utf-8"): path.name for path in sorted(paths)}


def test_each_own_text_survives_the_redactor(swarm):
    texts = {**c_texts(), **python_texts(), **other_texts()}
    assert len(texts) > 2000
    # They are there at all: those that once did not survive.
    assert any("it does not start with SWMKEY-1-" in text for text in texts)
    assert any("SWMTKN-" in text for text in texts)
    changed = {where: text for text, where in texts.items() if swarm.redact(text) != text}
    assert not changed
