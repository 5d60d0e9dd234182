# SPDX-License-Identifier: Apache-2.0
"""Where a stack comes from: files, variables, data of SLS, and the files that compose files name."""

import datetime
import os

import pytest
import rendered
import salt.loader
from salt.exceptions import CommandExecutionError, SaltInvocationError

NOT_SHOWN = (
    " (not shown, it may be a secret that was put in its place): give the path of a key, such as"
    " db:password"
)
WEB = "services: {web: {image: 'a:1'}}\n"
PILLAR = {"shop": {"env": {"TAG": "1.4", "PORT": 80}, "key": "hunter2hunter2", "n": 5}}


@pytest.fixture
def gathered(tmp_path):
    """Gathers, and returns the sources and the options; the content function still works inside ``into``."""
    roots = tmp_path / "srv"
    (roots / "shop").mkdir(parents=True)
    (roots / "shop/compose.yml").write_text(WEB)
    (roots / "shop/over.yml").write_text("services: {web: {hostname: h}}\n")
    (roots / "shop/tls.key").write_bytes(b"\x00key\n")
    (roots / "shop/app.env").write_text(
        '# first\nexport A=1\nB=\'x # y\' # why\n\nC="a\\nb\\""\nD = 5 # five\nE=\n'.replace(
            " = ", "="
        )
    )
    opts = rendered.minion_opts(tmp_path, pillar=PILLAR, file_roots={"base": [str(roots)]})
    modules = salt.loader.minion_mods(opts)

    def gather(files=(), **given):
        def into(sources, options):
            return sources, options, [options["content"](one) for one in files]

        given.setdefault("source", "salt://shop/compose.yml")
        return modules["swarm_stack_source.gather"](into=into, **given)

    gather.modules, gather.root = modules, tmp_path
    return gather


def test_files_come_in_order_and_data_last(gathered):
    sources, _, _ = gathered(
        source=["salt://shop/compose.yml", str(gathered.root / "srv/shop/over.yml")],
        contents="services: {}",
        compose={"services": {}},
    )
    assert [name.rpartition("/")[2] for name, _ in sources] == [
        "compose.yml",
        "over.yml",
        "contents",
        "compose",
    ]
    assert sources[0][1] == WEB.encode() and sources[3][1] == {"services": {}}


def test_variables_by_rank(gathered, monkeypatch):
    monkeypatch.setenv("FROM_OS", "1")
    _, options, _ = gathered(
        env={"TAG": "2", "N": 5, "GONE": None},
        env_files="salt://shop/app.env",
        pillar_env=["shop:env"],
    )
    assert options["env"] == {
        **{"A": "1", "B": "x # y", "C": 'a\nb"', "D": "5", "E": ""},
        **{"TAG": "2", "PORT": "80", "N": "5"},
    }
    _, options, _ = gathered(pillar_env={"KEY": "shop:key", "COUNT": "shop:n"}, os_env=True)
    assert options["env"] == {**os.environ, "KEY": "hunter2hunter2", "COUNT": "5"}


@pytest.mark.parametrize("line", ["A", "A B=1", "1A=1", "A='x", 'A="x', "A='x'y"])
def test_an_invalid_line_of_variables(gathered, line):
    (gathered.root / "srv/bad.env").write_text(f"GOOD=1\n{line}\n")
    with pytest.raises(
        SaltInvocationError, match=r"\Asalt://bad\.env:2: must be a line NAME=value"
    ):
        gathered(env_files=["salt://bad.env"])


def test_files_beside_the_first_source_and_elsewhere(gathered):
    key = b"\x00key\n"
    assert gathered(files=["./tls.key", "tls.key", "../shop/tls.key"])[2] == [key] * 3
    path = str(gathered.root / "srv/shop/compose.yml")
    assert gathered(files=["./tls.key"], source=path)[2] == [key]
    assert gathered(files=[str(gathered.root / "srv/shop/tls.key")])[2] == [key]
    assert gathered(files=["~/tls.key"], home=str(gathered.root / "srv/shop"))[2] == [key]


def test_files_by_their_mapping(gathered):
    places = {"./a": "salt://shop/tls.key", "b": {"pillar": "shop:key"}}

    def into(sources, options):
        return [options["content"](one) for one in ("./a", "a", "./b")]

    found = gathered.modules["swarm_stack_source.gather"](into=into, contents=WEB, files=places)
    assert found == [b"\x00key\n", b"\x00key\n", b"hunter2hunter2"]


@pytest.mark.parametrize(
    "file, given, text",
    [
        ("../../x", {}, "it is outside of the file root, from salt://shop/compose.yml"),
        ("./none", {}, "the file server has no salt://shop/none"),
        ("~/x", {}, "~ is the home of nobody here: give home, or name it in files"),
        ("./x", {"source": None, "contents": WEB}, "no source is there that it is beside"),
    ],
)
def test_a_file_that_is_not_there(gathered, file, given, text):
    with pytest.raises(CommandExecutionError) as caught:
        gathered(files=[file], **given)
    assert text in str(caught.value)


def test_all_slips_are_in_one_line(gathered):
    with pytest.raises(SaltInvocationError) as caught:
        gathered(
            source=["salt://shop/compose.yml", "salt://none.yml", "salt://shop/compose.yml"],
            env={"A B": "1", "T": True, "F": 1.10},
            env_files=["/none.env"],
            pillar_env={"X": "none:there", "Y": "shop:none"},
        )
    assert str(caught.value).split("; ") == [
        "source names salt://shop/compose.yml twice",
        "the file server has no salt://none.yml",
        "cannot read the file /none.env: No such file or directory",
        f"pillar_env: X: pillar has no such key{NOT_SHOWN}",
        f"pillar_env: Y: pillar shop has no such key below it{NOT_SHOWN}",
        "env: 'A B' is not the name of a variable",
        "env: variable T must be a string: quote it in YAML",
        "env: variable F must be a string: quote it in YAML",
    ]
    with pytest.raises(SaltInvocationError, match="one of source, contents or compose is required"):
        gathered(source=None)
    with pytest.raises(SaltInvocationError, match="must be a dictionary of variables"):
        gathered(pillar_env="shop:key")
    with pytest.raises(SaltInvocationError, match="^pillar_env: pillar has no such key ") as caught:
        gathered(pillar_env="hunter22")
    assert "hunter22" not in str(caught.value)


def test_no_error_has_a_value_of_pillar(gathered):
    def into(sources, options):
        raise SaltInvocationError(f"a.yml:1: services.web.image: not {options['env']['KEY']}")

    with pytest.raises(SaltInvocationError) as caught:
        gathered.modules["swarm_stack_source.gather"](
            into=into, contents=WEB, pillar_env={"KEY": "shop:key"}
        )
    assert str(caught.value) == "a.yml:1: services.web.image: not ***"


def test_no_cached_copy_of_a_file_stays(gathered):
    gathered(files=["./tls.key"])
    cached = [str(path) for path in (gathered.root / "cache").rglob("*tls.key")]
    assert cached == []


def test_a_job_gets_nothing(gathered):
    with pytest.raises(SaltInvocationError, match="internal callers only"):
        gathered.modules["swarm_stack_source.gather"](contents=WEB)


# --- data of SLS ------------------------------------------------------------------------------------


def data(gathered, **service):
    return gathered(source=None, compose={"services": {"web": service}})[0][0][1]["services"]["web"]


def test_a_mode_is_octal_as_in_salts_own_states(gathered):
    found = data(gathered, secrets=[{"source": "s", "mode": 440}], cpus=0.5)
    assert found == {"secrets": [{"source": "s", "mode": "0440"}], "cpus": 0.5}


@pytest.mark.parametrize(
    "service, place, text",
    [
        ({"image": 1.1}, "image", "YAML has read the number 1.1: put it in quotes"),
        ({"environment": {"A": True}}, "environment.A", "YAML has read True: put it in quotes"),
        ({"labels": {"a": False}}, "labels.a", "YAML has read False: put it in quotes"),
        (
            {"environment": {"D": datetime.date(2026, 1, 2)}},
            "environment.D",
            "YAML has read the date 2026-01-02: put it in quotes",
        ),
        ({"ports": [300053]}, "ports[0]", "YAML has read the number 300053: put it in quotes"),
        ({"environment": {True: "1"}}, "environment", "key True is not a string: put it in quotes"),
        ({"configs": [{"mode": 490}]}, "configs[0].mode", "490 is not an octal mode"),
        ({"command": [b"x"]}, "command[0]", "a bytes is not a value of a compose file"),
    ],
)
def test_what_yaml_has_read_as_something_else(gathered, service, place, text):
    with pytest.raises(SaltInvocationError) as caught:
        data(gathered, **service)
    assert str(caught.value).startswith(f"compose: services.web.{place}: {text}")
