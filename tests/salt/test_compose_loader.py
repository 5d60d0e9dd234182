# SPDX-License-Identifier: Apache-2.0
"""The YAML of compose files: read as docker reads it, or refused with the line."""

import importlib.util
import json
import platform
import sys
from importlib.machinery import ExtensionFileLoader
from pathlib import Path

import pytest
import rendered
import salt.loader
import yaml
from salt.exceptions import SaltInvocationError

sys.path.insert(0, str(Path(__file__).parents[1] / "compose"))
import cases

compose = cases.loader()


def load(text):
    return compose.load(text, "c.yml")["document"]


def refused(text):
    with pytest.raises(SaltInvocationError) as caught:
        compose.load(text, "c.yml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("case, files", cases.cases().items())
def test_the_documents_of_the_c_tests_are_those_of_the_files(case, files):
    """tests/compose/cases.py writes them again."""
    text = (cases.CASES / f"{case}.json").read_text()
    assert json.loads(text) == json.loads(cases.text_of(case, files, compose))


@pytest.mark.parametrize(
    "written, value",
    [
        ("22:22", "22:22"),
        ("12:30", "12:30"),
        ("1:30:00", "1:30:00"),
        ("190:20", "190:20"),
        ("5000:53", "5000:53"),
        ("2026-11-29", "2026-11-29"),
        ("2026-11-29 10:00:00", "2026-11-29 10:00:00"),
        # Numbers with a point or an exponent keep their text.
        ("1.10", "1.10"),
        ("3.8", "3.8"),
        ("1.0", "1.0"),
        ("1e3", "1e3"),
        ("1e-7", "1e-7"),
        ("1.5e+3", "1.5e+3"),
        (".inf", ".inf"),
        (".5", ".5"),
        ("-.nan", "-.nan"),
        # Words that were booleans once.
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("N", "N"),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("=", "="),
        ("~", None),
        ("null", None),
        ("", None),
        ("0", 0),
        ("12", 12),
        ("-3", -3),
        ("+3", "+3"),
        ("089", "089"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        # Octal, as docker's loader and YAML 1.2 have it.
        ("0644", 420),
        ("0440", 288),
        ("0o400", 256),
        ("18446744073709551616", "18446744073709551616"),
        ("9223372036854775807", "9223372036854775807"),
        ("'12'", "12"),
        ('"yes"', "yes"),
        ("!!str 12", "12"),
        ("! true", "true"),
        ("!!str", ""),
        ("!!int 5", 5),
        ("!!float 1.50", "1.50"),
    ],
)
def test_a_plain_scalar(written, value):
    found = load(f"a: {written}\n")["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("key", ["y", "n", "on", "off", "1", "1.0", "true", "22:22", "2026-11-29"])
def test_a_key_is_text(key):
    assert load(f"services:\n  {key}: 1\n") == {"services": {key: 1}}


def test_octal_numbers_are_reported():
    found = compose.load("services:\n  a:\n    environment: {O: 0644}\n", "c.yml")
    assert found["warnings"] == [
        "c.yml:3: services.a.environment.O: 0644 is octal, the number 420, as docker reads it: "
        "put it in quotes if it is text"
    ]


MODE = "services:\n  a:\n    secrets:\n      - source: s\n        mode: {}\n"


@pytest.mark.parametrize(
    "written, value",
    [
        ("0440", "0440"),
        ("0o440", "0o440"),
        ('"0440"', "0440"),
        ('"440"', "440"),
        # Not octal: the decimal number that docker takes it for.
        ("288", "0440"),
        ("'${M}'", "${M}"),
    ],
)
def test_a_mode_is_octal_text(written, value):
    assert load(MODE.format(written))["services"]["a"]["secrets"][0]["mode"] == value


def test_a_mode_that_looks_octal_and_is_not():
    assert refused(MODE.format(400)) == (
        'c.yml:5: services.a.secrets[0].mode: 400 is a decimal number: write 0400 or "0400"'
    )
    tmpfs = "services: {a: {volumes: [{type: tmpfs, target: /t, tmpfs: {mode: 1777}}]}}"
    assert "1777 is a decimal number" in refused(tmpfs)


def test_other_keys_called_mode():
    text = "services: {a: {environment: {mode: 400}, deploy: {mode: global}}}"
    assert load(text)["services"]["a"] == {
        "environment": {"mode": 400},
        "deploy": {"mode": "global"},
    }


def test_a_key_of_many_dots_takes_no_time():
    """With a search that tries every dot in turn it would not end."""
    key = ".".join(["traefik"] * 60)
    text = f"services: {{a.b.c: {{labels: {{{key}: 80}}}}}}"
    assert load(text)["services"]["a.b.c"]["labels"] == {key: 80}


def test_a_key_twice_names_both_lines():
    text = "services:\n  a:\n    image: x\n    tty: true\n    image: y\n  a: {}\n"
    assert refused(text) == (
        "c.yml:6: services.a: the key is there twice, first in line 2; "
        "c.yml:5: services.a.image: the key is there twice, first in line 3"
    )


def test_anchors_and_merge_keys():
    text = """
x-a: &a {driver: json-file, options: {max-size: 5m}}
x-b: &b {driver: other, tag: b}
one: *a
two: {<<: *a, driver: local}
three: {<<: [*b, *a]}
four:
  <<: *a
  <<: *b
five: {driver: own, <<: *b}
"""
    found = load(text)
    options = {"max-size": "5m"}
    assert found["one"] == {"driver": "json-file", "options": options}
    assert found["two"] == {"driver": "local", "options": options}
    assert found["three"] == {"driver": "other", "tag": "b", "options": options}
    assert found["four"] == {"driver": "json-file", "options": options, "tag": "b"}
    assert found["five"] == {"driver": "own", "tag": "b"}


def test_a_value_that_looks_like_a_merge_key():
    assert load('a: <<\n"<<": 1\n') == {"a": "<<", "<<": 1}


@pytest.mark.parametrize(
    "text, message",
    [
        ("a: [1\nb: 2\n", "c.yml:2: not YAML: "),
        ("a: 1\n--- \nb: 2\n", "c.yml:2: not YAML: expected a single document"),
        ("a: *b\n", "c.yml:1: not YAML: found undefined alias 'b'"),
        ("a:\n\t- 1\n", "c.yml:2: not YAML: "),
        ("- 1\n", "c.yml:1: a compose file must be a mapping"),
        ("text\n", "c.yml:1: a compose file must be a mapping"),
        ("a: !reset 1\n", "c.yml:1: a: the tag !reset is not supported"),
        ("a: !override [1]\n", "c.yml:1: a: the tag !override is not supported"),
        ("a: !!python/name:os.system x\n", "c.yml:1: a: the tag tag:yaml.org,2002:python/name"),
        ("a: !!binary aGk=\n", "c.yml:1: a: the tag tag:yaml.org,2002:binary is not supported"),
        ("a: {<<: 5}\n", "c.yml:1: a: << needs a mapping or a list of mappings"),
        ("a: {? [1] : 2}\n", "c.yml:1: a: a key must be a string"),
        ("a: {~: 2}\n", "c.yml:1: a: a key must be a string"),
        ("a: 1\nb: \x01\n", "c.yml:2: the character U+0001 is not allowed in YAML"),
        (b"a: 1\nb: \xe9\n", "c.yml:2: not UTF-8 text"),
        ("[" * 5000, "c.yml: over 40 levels"),
        ("a: " + "[" * 60 + "]" * 60, "c.yml:1: over 200000 values, or over 40 levels"),
        (5, "c.yml: contents must be a string"),
    ],
)
def test_what_is_refused(text, message):
    assert refused(text).startswith(message)


def test_aliases_do_not_explode():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "over 200000 values" in refused("\n".join(lines))


def test_merge_keys_do_not_explode():
    lines = ["a0: &a0 {k: 1}"]
    lines += [
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}], k{n}: 1}}" for n in range(1, 9)
    ]
    assert "over 200000 values" in refused("\n".join(lines))


def test_an_alias_inside_itself():
    assert "levels" in refused("a: &a\n  b: *a\n")
    assert "levels" in refused("a: &a\n  <<: *a\n")


def test_empty_files():
    for text in ("", "# nothing\n"):
        assert refused(text).endswith(": is empty"), "all that is there would be removed"
    assert load("\ufeffa: 1\n") == {"a": 1}
    assert load(b"\xef\xbb\xbfa: 1\n") == {"a": 1}


def test_lines_of_places():
    text = "services:\n  web.x:\n    ports:\n      - 80:80\n      - {target: 5}\n"
    lines = compose.load(text, "c.yml")["lines"]
    assert lines["services.web.x.ports[1].target"] == 5
    named = {"c.yml": lines, "d.yml": {}}
    for place, line in (
        ("services.web.x.ports[1].target", 5),
        ("services.web.x.ports[0]", 4),
        ("services.web.x.ports[7].mode", 3),
        ("services.web.x.image", 2),
        ("networks.n", 1),
    ):
        text = compose.with_line(f"c.yml: {place}: wrong: very", named)
        assert text == f"c.yml:{line}: {place}: wrong: very"
    assert compose.with_line("d.yml: services.a: wrong", named) == "d.yml:1: services.a: wrong"
    assert compose.with_line("other: x", named) == "other: x"


# --- with the compiled core -----------------------------------------------------------------------


def core_of(name):
    version = (rendered.PROJECT / "VERSION").read_text().strip()
    path = rendered.PROJECT / f"build/dropin/_swarm-{version}-{platform.machine()}.abi3.so"
    loader = ExtensionFileLoader("_swarm", str(path))
    spec = importlib.util.spec_from_file_location("_swarm", str(path), loader=loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return getattr(module, name)


@pytest.fixture
def convert(monkeypatch):
    def core(method, *args, **kwargs):
        return core_of(method)(*args, **kwargs)

    monkeypatch.setattr(compose, "__salt__", {"swarm_core.core": core}, raising=False)
    return compose.convert


def test_swarm_core_gives_the_functions(modules):
    assert {"compose_check", "compose_convert"} <= set(
        modules["swarm_core.core"].__globals__["FUNCTIONS"]
    )


def test_files_to_a_stack(convert):
    first = "services:\n  web:\n    image: a:${TAG}\n    ports: [22:22]\n    container_name: x\n"
    second = (
        "services:\n  web:\n    environment:\n      D: 2026-11-29\n      V: 1.10\n      O: 0644\n"
    )
    found = convert([["a.yml", first], ["b.yml", second]], "s", env={"TAG": "1"})
    spec = found["stack"]["services"]["s_web"]
    assert spec["TaskTemplate"]["ContainerSpec"]["Image"] == "a:1"
    assert spec["TaskTemplate"]["ContainerSpec"]["Env"] == ["D=2026-11-29", "O=420", "V=1.10"]
    assert spec["EndpointSpec"]["Ports"][0]["PublishedPort"] == 22
    assert [line.partition(": ")[0] for line in found["warnings"]] == ["b.yml:6", "a.yml:2"]


def test_mistakes_have_file_and_line(convert):
    first = "services:\n  web:\n    image: a:1\n    ports:\n      - x\n    tty: maybe\n"
    second = "services:\n  web:\n    imag: 1\n    volumes: [gone:/v]\n"
    with pytest.raises(SaltInvocationError) as caught:
        convert([["a.yml", first], ["b.yml", second]], "s")
    lines = str(caught.value).split("; ")
    assert [line.split(": ")[:2] for line in lines] == [
        ["a.yml:5", "services.web.ports[0]"],
        ["b.yml:3", "services.web.imag"],
        ["b.yml:4", "services.web.volumes[0]"],
        ["a.yml:6", "services.web.tty"],
    ]


def test_mistakes_of_yaml_come_from_all_files(convert):
    with pytest.raises(SaltInvocationError) as caught:
        convert([["a.yml", "a: [1"], ["b.yml", "b: 1\nb: 2\n"]], "s")
    assert "a.yml:1: not YAML" in str(caught.value)
    assert "b.yml:2: b: the key is there twice" in str(caught.value)


def test_content_of_files(convert):
    files = {"./c": b"\0x", "k": b"a secret of its own"}
    text = "configs: {c: {file: ./c}}\nsecrets:\n  k: {file: k}\n  g: {file: gone}\n"
    with pytest.raises(SaltInvocationError) as caught:
        convert([["a.yml", text]], "s", content=files.__getitem__)
    assert str(caught.value).startswith("a.yml:4: secrets.g: file 'gone': ")
    files["gone"] = b"1"
    found = convert([["a.yml", text]], "s", content=files.__getitem__)["stack"]
    assert found["configs"]["s_c"]["Data"] == "AHg="
    assert "a secret" not in str(found)


# --- with Salt's loader ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    return salt.loader.minion_mods(rendered.minion_opts(tmp_path_factory.mktemp("minion")))


def test_salt_loads_it(modules):
    assert modules["swarm_compose.load"]("a: 22:22")["document"] == {"a": "22:22"}


def test_salts_own_loader_reads_another_file():
    """The reason for all of this: if Salt's loader learns it, this module may go."""
    text = "p: 22:22\nm: 0440\nd: 2026-11-29\n"
    assert load(text) == {"p": "22:22", "m": 288, "d": "2026-11-29"}
    assert yaml.safe_load(text)["p"] == 1342
