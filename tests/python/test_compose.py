# SPDX-License-Identifier: Apache-2.0
"""Compose documents to the objects of a stack, through the extension."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

COMPOSE = Path(__file__).parents[1] / "compose"
CASES = sorted((COMPOSE / "cases").glob("*.json"))
WEB = {"services": {"web": {"image": "nginx:1.27"}}}


def content(file):
    return (COMPOSE / "cases" / file).read_bytes()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_cases_convert(swarm, path):
    case = json.loads(path.read_text())
    given = {key: case[key] for key in ("env", "names", "base_dir")}
    given["content"] = content
    assert swarm.compose_check(case["documents"], case["name"], **given) == []
    found = swarm.compose_convert(case["documents"], case["name"], **given)
    golden = json.loads((COMPOSE / f"goldens/{path.stem}.golden.json").read_text())
    for kind in ("services", "networks", "secrets", "configs"):
        assert set(found["stack"][kind]) == set(golden[kind])


def warnings_of(swarm, case):
    found = json.loads((COMPOSE / f"cases/{case}.json").read_text())
    return swarm.compose_convert(
        found["documents"], found["name"], env=found["env"], content=content
    )["warnings"]


def test_what_docker_warns_of(swarm):
    """Each key that docker's CLI named as unsupported or deprecated, except restart."""
    isolated = "".join(warnings_of(swarm, "15-isolation"))
    assert all(key in isolated for key in ("pid", "ipc", "shm_size", "devices"))
    assert warnings_of(swarm, "16-restart") == []
    assert "listens on all addresses" in str(warnings_of(swarm, "12-ports"))
    assert "services.runner.tmpfs: is ignored" in str(warnings_of(swarm, "07-gitlab-runner"))
    assert "container_name, expose" in str(warnings_of(swarm, "06-wordpress"))


def test_slips(swarm):
    documents = [{"services": {"web": {"image": "a:1", "tty": "maybe", "imag": 1}}}]
    slips = swarm.compose_check(documents, "s", names=["c.yml"])
    assert slips == [
        "c.yml: services.web.imag: no such key, did you mean image?",
        "c.yml: services.web.tty: must be true or false, not 'maybe'",
    ]
    with pytest.raises(swarm.InvalidArgument) as caught:
        swarm.compose_convert(documents, "s", names=["c.yml"])
    assert all(slip in str(caught.value) for slip in slips)


def test_files(swarm):
    documents = [{"secrets": {"k": {"file": "k"}}, "configs": {"c": {"file": "c"}}}]
    asked = []

    def give(file):
        asked.append(file)
        return b"s3cret-s3cret" if file == "k" else b"\0\xff"

    found = swarm.compose_convert(documents, "s", content=give)["stack"]
    assert sorted(asked) == ["c", "k"]
    assert found["configs"]["s_c"]["Data"] == "AP8="
    assert "s3cret" not in str(found)


@pytest.mark.parametrize("error", [OSError("not there"), ValueError(), RuntimeError("a\nb\udc80")])
def test_a_file_that_cannot_be_had_is_a_slip(swarm, error):
    def give(file):
        raise error

    documents = [{"secrets": {"k": {"file": "f"}}, "configs": {"c": {"file": "g"}}}]
    slips = swarm.compose_check(documents, "s", content=give)
    assert len(slips) == 2 and all("\n" not in slip for slip in slips)
    assert slips[0].startswith("secrets.k: file 'f': ")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_other_exceptions_pass_through(swarm, error):
    asked = []

    def give(file):
        asked.append(file)
        raise error

    documents = [{"secrets": {"k": {"file": "f"}, "l": {"file": "g"}}}]
    with pytest.raises(error):
        swarm.compose_convert(documents, "s", content=give)
    with pytest.raises(error):
        swarm.compose_check(documents, "s", content=give)
    assert len(asked) == 2


@pytest.mark.parametrize(
    "arguments, options, error",
    [
        ((WEB,), {}, TypeError),
        (([],), {}, ValueError),
        ((["x"],), {}, ValueError),
        (([WEB], 5), {}, TypeError),
        (([WEB],), {"env": {"A": 1}}, ValueError),
        (([WEB],), {"env": []}, TypeError),
        (([WEB],), {"names": "c.yml"}, TypeError),
        (([WEB],), {"content": b"x"}, TypeError),
        (([WEB],), {"base_dir": "here"}, ValueError),
        (([{1: 2}],), {}, TypeError),
        (([WEB],), {"other": 1}, TypeError),
    ],
)
def test_arguments(swarm, arguments, options, error):
    wanted = swarm.InvalidArgument if error is ValueError else TypeError
    for function in (swarm.compose_check, swarm.compose_convert):
        with pytest.raises(wanted):
            function(*arguments, **{"name": "s", **options} if len(arguments) < 2 else options)


def test_content_must_give_bytes(swarm):
    with pytest.raises(TypeError, match="content must give bytes"):
        swarm.compose_convert([{"secrets": {"k": {"file": "f"}}}], "s", content=lambda _: "text")


keys = st.sampled_from(
    [
        "services",
        "web",
        "image",
        "ports",
        "volumes",
        "networks",
        "environment",
        "deploy",
        "replicas",
    ]
    + ["secrets", "configs", "labels", "external", "name", "x-a", "healthcheck", "test", "driver"]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 70000)
    | st.sampled_from(
        ["", "a:1", "80:80", "${A}", "${A:-b}", "$", "/a:/b:ro", "no", "5s", "1-3:4-6/udp"]
    )
)
trees = st.recursive(
    scalars, lambda t: st.lists(t, max_size=3) | st.dictionaries(keys, t, max_size=4), max_leaves=25
)
documents = st.lists(st.dictionaries(keys, trees, max_size=4), min_size=1, max_size=3)


@settings(max_examples=200, deadline=None)
@given(documents)
def test_either_a_stack_or_slips(swarm, given):
    slips = swarm.compose_check(given, "s", env={"A": "1"})
    if slips:
        with pytest.raises(swarm.InvalidArgument):
            swarm.compose_convert(given, "s", env={"A": "1"})
    else:
        first = swarm.compose_convert(given, "s", env={"A": "1"})
        assert first == swarm.compose_convert(given, "s", env={"A": "1"})


def label(text):
    return [{"services": {"web": {"image": "a:1", "labels": {"k": text}}}}]


def test_a_default_is_bounded(swarm):
    """Or a text of many braces would take time by the square of its length."""
    given = swarm.compose_convert(label("${X:-%s}" % ("d" * 4000)), "s")["stack"]["services"]
    assert given["s_web"]["TaskTemplate"]["ContainerSpec"]["Labels"]["k"] == "d" * 4000
    for text in ("${X:-%s}" % ("d" * 4096), "${" + "\u00e9" * 5000):
        (slip,) = swarm.compose_check(label(text), "s")
        assert "has no closing brace within 4096 bytes" in slip
