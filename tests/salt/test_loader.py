# SPDX-License-Identifier: Apache-2.0
"""What Salt's loader makes of the modules: names, documentation, and a core that does not load."""

import inspect
import logging
import os
import re
import shutil
import sys
import time
import types

import pytest
import rendered
import salt.loader
import yaml
from salt.exceptions import CommandExecutionError


def functions(folder, virtualname):
    """The public functions of the files that are loaded under one name, as the files have them."""
    texts = [path.read_text() for path in sorted((rendered.STATES / folder).glob("*.py"))]
    text = "".join(one for one in texts if f'__virtualname__ = "{virtualname}"\n' in one)
    return re.findall(r"(?m)^def ([a-z]\w*)", text)


MODULES = sorted(
    set(
        re.findall(
            r'__virtualname__ = "(\w+)"',
            "".join(path.read_text() for path in (rendered.STATES / "_modules").glob("*.py")),
        )
    )
)
# The names of core Salt's module.
OLD = {
    "joinswarm",
    "leave_swarm",
    "node_ls",
    "remove_node",
    "remove_service",
    "service_create",
    "swarm_init",
    "swarm_service_info",
    "swarm_tokens",
    "update_node",
}
STATES = {"swarm": set(functions("_states", "swarm")) - {"mod_watch"}}
STATES["swarm_engine"] = set(functions("_states", "swarm_engine")) - {"mod_init"}
STATE_NAMES = sorted(f"{module}.{name}" for module in STATES for name in STATES[module])
# The words of a service, which the state takes beside its own arguments.
SPEC = (rendered.PROJECT / "libswarm/spec/spec.def").read_text(encoding="utf-8")
# Words that Salt takes out of a state's arguments for itself.
RESERVED = {"state", "fun", "order", "parallel", "retry", "use", "creates", "no_log", "umask"}


def load(root, **more):
    opts = rendered.minion_opts(root, **more)
    return salt.loader.minion_mods(opts)


def load_states(root):
    opts = rendered.minion_opts(root)
    modules = salt.loader.minion_mods(opts)
    return salt.loader.states(opts, modules, utils={}, serializers={})


def public(loader, module):
    """The functions of a module that is loaded; to list a loader would load all modules."""
    return {name.split(".")[1] for name in loader._dict if name.startswith(f"{module}.")}


@pytest.mark.parametrize("module", MODULES)
def test_the_modules_have_exactly_the_functions_of_their_files(tmp_path, module):
    modules = load(tmp_path)
    names = functions("_modules", module)
    for name in names:
        assert modules[f"{module}.{name}"]
    assert public(modules, module) == set(names)


def test_the_name_swarm_has_what_the_page_lists():
    """What the files have for each other has names of its own."""
    page = (rendered.PROJECT / "docs/functions.md").read_text()
    listed = re.findall(r"`swarm\.(\w+)`", page)
    assert sorted(listed) == sorted(functions("_modules", "swarm"))


@pytest.mark.parametrize(
    "module",
    [
        "swarm_schema",
        "swarm_settings",
        "swarm_policy",
        "swarm_roll",
        "swarm_roll_report",
        "swarm_preflight_rules",
    ],
)
def test_a_pure_module_calls_only_pure_ones(module):
    """docs/architecture.md: they take the place of _utils. saltutil is the master's, in run()."""
    text = (rendered.STATES / f"_modules/{module}.py").read_text()
    assert set(re.findall(r'__salt__\["(\w+)\.', text)) <= {
        *("swarm_schema", "swarm_preflight_rules", "saltutil")
    }


def test_the_names_of_core_salt_are_there():
    assert set(functions("_modules", "swarm")) > OLD


@pytest.mark.parametrize("name", ["swarm.node_ls", "swarm.join", "swarm.remove_node", "swarm.info"])
def test_a_function_of_each_file_of_the_name_is_found_first(tmp_path, name):
    modules = load(tmp_path)
    assert name in modules and name.split(".")[1] in public(modules, "swarm")


@pytest.mark.parametrize("folder", ["_modules", "_states"])
def test_the_files_of_the_name_have_no_function_twice(folder):
    """Of two, Salt would take the one of the file that it happens to load first."""
    names = functions(folder, "swarm")
    assert len(names) > 15 and len(names) == len(set(names))


def test_the_module_of_core_salt_is_shadowed_wholly(tmp_path):
    """Salts to 3007 bring a swarm.py in the last of the folders."""
    core = tmp_path / "core"
    core.mkdir()
    (core / "swarm.py").write_text("def node_ls():\n    pass\n\ndef of_core_salt():\n    pass\n")
    modules = load(tmp_path, module_dirs=[str(rendered.STATES / "_modules"), str(core)])
    assert "swarm.of_core_salt" not in modules, "now all are loaded"
    assert public(modules, "swarm") == set(functions("_modules", "swarm"))
    assert modules["swarm.node_ls"].func.__code__.co_filename.endswith("_modules/swarm_nodes.py")


def test_the_state_module_has_exactly_the_functions_of_its_files(tmp_path):
    states = load_states(tmp_path)
    for name in STATE_NAMES:
        assert states[name]
    # Salt calls it itself, for a state that watches another one.
    assert public(states, "swarm") == STATES["swarm"] | {"mod_watch"}
    assert public(states, "swarm_engine") == STATES["swarm_engine"] | {"mod_init"}


@pytest.mark.parametrize("module", MODULES)
def test_execution_functions_have_a_cli_example_of_themselves(tmp_path, module):
    modules = load(tmp_path)
    for function in functions("_modules", module):
        name = f"{module}.{function}"
        if name == "swarm_schema.run":
            continue  # for Salt's renderer alone
        doc = modules[name].__doc__
        example = doc.partition("CLI Example:\n\n    .. code-block:: bash\n\n")[2]
        assert re.match(rf" +salt (?:'\*'|\w+) {re.escape(name)}\b", example), doc


@pytest.mark.parametrize("name", STATE_NAMES)
def test_state_function_has_a_yaml_example_that_fits_it(tmp_path, name):
    function = load_states(tmp_path)[name]
    example = inspect.cleandoc(function.__doc__).partition(".. code-block:: yaml\n")[2]
    (declared,) = yaml.safe_load(example).values()
    assert list(declared) == [name]
    given = {key for argument in declared[name] for key in argument}
    known = set(inspect.signature(function.func).parameters)
    if name == "swarm.service":
        known |= {word.split(".")[0] for word in re.findall(r'SERVICE, "([\w.]+)"', SPEC)}
    assert given - {"watch"} <= known


@pytest.mark.parametrize("name", STATE_NAMES)
def test_state_function_takes_keywords_of_newer_salts(tmp_path, name):
    parameters = inspect.signature(load_states(tmp_path)[name].func).parameters
    kinds = [parameter.kind for parameter in parameters.values()]
    assert inspect.Parameter.VAR_KEYWORD in kinds
    assert not RESERVED & set(parameters)


def test_states_run_with_no_log(fleet):
    ret = fleet["manager1"].job().state("left", no_log=True)
    assert ret["result"] is True


def test_one_version_everywhere(tmp_path):
    wanted = (rendered.PROJECT / "VERSION").read_text().strip()
    assert (rendered.STATES / "docker/VERSION").read_text().strip() == wanted
    assert load(tmp_path)["swarm_core.core"].func.__globals__["VERSION"] == wanted


@pytest.fixture
def folder(tmp_path):
    """A copy of the modules, beside which a core can be put."""
    copied = tmp_path / "files"
    shutil.copytree(
        rendered.STATES / "_modules",
        copied / "_modules",
        ignore=shutil.ignore_patterns("*.so", "__pycache__"),
    )
    return copied


def core_path(folder, digest="-0123456789ab"):
    """By the name that the file root has it under, or without a digest, as it was built."""
    version = (rendered.PROJECT / "VERSION").read_text().strip()
    return folder / f"_modules/_swarm-{version}-{rendered.DEBIAN['cpuarch']}{digest}.abi3.so"


@pytest.fixture
def machine(monkeypatch):
    """The machine's name is that of the tests' grains."""
    monkeypatch.setattr("platform.machine", lambda: rendered.DEBIAN["cpuarch"])


def call(folder, root, caplog, name="swarm.info"):
    """Load, see that nothing is logged, call; the error's text."""
    with caplog.at_level(logging.WARNING):
        modules = load(root, modules=folder)
        assert name in modules
    assert not [record.getMessage() for record in caplog.records]
    with pytest.raises(CommandExecutionError) as raised:
        modules[name]()
    text = str(raised.value)
    assert "\n" not in text
    return text


def test_the_call_reports_a_missing_core(folder, tmp_path, caplog, monkeypatch, machine):
    monkeypatch.setitem(sys.modules, "saltext.swarm", None)
    text = call(folder, tmp_path, caplog)
    assert text.startswith("the core of the swarm module did not load: neither ")
    assert str(core_path(folder, "")) in text
    assert "saltutil.sync_modules" in text


@pytest.mark.parametrize("name", ["swarm.version", "swarm.node_ls", "swarm.leave"])
def test_each_function_reports_a_missing_core(folder, tmp_path, caplog, monkeypatch, name):
    monkeypatch.setitem(sys.modules, "saltext.swarm", None)
    assert "did not load" in call(folder, tmp_path, caplog, name)


def wheel(monkeypatch, version):
    """An installed wheel whose core says this version."""
    package = types.ModuleType("saltext.swarm")
    package._swarm = types.SimpleNamespace(VERSION=version, __file__="/wheel/_swarm.abi3.so")
    monkeypatch.setitem(sys.modules, "saltext", types.ModuleType("saltext"))
    monkeypatch.setitem(sys.modules, "saltext.swarm", package)


def test_core_of_another_version_is_refused(folder, tmp_path, caplog, monkeypatch):
    wheel(monkeypatch, "9.9.9")
    text = call(folder, tmp_path, caplog)
    assert "/wheel/_swarm.abi3.so is version 9.9.9, this module is 0.1.0" in text


def test_core_of_the_wheel_serves(folder, tmp_path, monkeypatch):
    wheel(monkeypatch, "0.1.0")
    assert load(tmp_path, modules=folder)["swarm.version"]() == {
        "module": "0.1.0",
        "core": "0.1.0",
        "path": "/wheel/_swarm.abi3.so",
    }


@pytest.mark.parametrize("digest", ["-0123456789ab", ""])
def test_unloadable_core_keeps_its_reason(folder, tmp_path, caplog, monkeypatch, machine, digest):
    """The file beside the module comes first, also where a wheel is there."""
    wheel(monkeypatch, "0.1.0")
    core_path(folder, digest).write_bytes(b"not a shared object")
    text = call(folder, tmp_path, caplog)
    assert core_path(folder, digest).name in text
    assert "invalid ELF header" in text or "file too short" in text


def test_of_two_builds_the_newer_one_is_loaded(folder, tmp_path, caplog, monkeypatch, machine):
    """A sync writes the new one, and then takes the old one away."""
    for age, name in [(60, "-" + "f" * 12), (0, "-" + "0" * 12)]:
        core_path(folder, name).write_bytes(b"not a shared object")
        then = time.time() - age
        os.utime(core_path(folder, name), (then, then))
    assert core_path(folder, "-" + "0" * 12).name in call(folder, tmp_path, caplog)


def test_the_outputter_is_named_by_the_module(tmp_path):
    opts = rendered.minion_opts(tmp_path)
    named = load(tmp_path)["swarm.node_ls"].__outputter__
    assert named in salt.loader.outputters(opts)
