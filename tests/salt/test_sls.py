# SPDX-License-Identifier: Apache-2.0
"""The SLS files that run on minions, rendered and compiled by Salt."""

import re
import shutil
import subprocess
import sys

import pytest
import rendered
import salt.pillar
import salt.state
import yaml

ENGINE = "docker.engine"
# Orchestrations are for the master: test_sls_bootstrap.py.
MINION_SLS = sorted(
    str(path.relative_to(rendered.STATES).with_suffix("")).replace("/", ".")
    for path in (rendered.STATES / "docker").rglob("*.sls")
    if "docker/run.jinja" not in path.read_text()
)
# What a minion syncs of the file root.
KINDS = ("grains", "modules", "output", "states")
# Steps that no host takes before docker.mine, which brings the extension.
LATER = {"docker.verify", "docker.leave"} | {
    f"docker.manager.{name}" for name in ("delete", "dissolve", "recover", "release", "replace")
}


@pytest.fixture
def pillar(tmp_path):
    """The example, compiled by Salt."""
    opts = rendered.minion_opts(tmp_path)
    compiled = salt.pillar.get_pillar(opts, opts["grains"], "manager1", "base").compile_pillar()
    assert "_errors" not in compiled
    return compiled


def write_file_root(tmp_path):
    """Write a complete file root with the project's command; the core is not a real one."""
    version = (rendered.PROJECT / "VERSION").read_text().strip()
    core = tmp_path / f"_swarm-{version}-x86_64.abi3.so"
    core.touch()
    command = [sys.executable, rendered.PROJECT / "pymodule/fileroot.py", "write"]
    subprocess.run([*command, "--extension", core, tmp_path / "srv"], check=True)


@pytest.fixture
def undelivered(tmp_path):
    """Options of a minion without the extension, whose master has a complete file root."""
    write_file_root(tmp_path)
    roots = {"base": [str(tmp_path / "srv")]}
    return rendered.minion_opts(tmp_path, module_dirs=[], file_roots=roots)


@pytest.fixture
def delivered(tmp_path):
    """The folder of a minion's synced files, after a sync from a complete file root."""
    write_file_root(tmp_path)
    for kind in KINDS:
        shutil.copytree(tmp_path / f"srv/_{kind}", tmp_path / f"extmods/{kind}")
    return tmp_path / "extmods"


def grains_of(family):
    return {"id": "manager1", **(rendered.DEBIAN if family == "Debian" else rendered.REDHAT)}


def arguments(data, state_id, state):
    """(function, {argument: value}) of one state of high data."""
    found = {}
    function = None
    for item in data[state_id][state]:
        if isinstance(item, str):
            function = item
        else:
            found.update(item)
    found.pop("order", None)
    return function, found


@pytest.mark.parametrize("family", ["Debian", "RedHat"])
@pytest.mark.parametrize("sls", MINION_SLS)
def test_each_file_renders_and_compiles(undelivered, pillar, sls, family):
    undelivered["grains"] = grains_of(family)
    assert rendered.low(undelivered, pillar, sls)


@pytest.mark.parametrize("sls", MINION_SLS)
def test_each_file_renders_without_pillar(tmp_path, sls):
    pillar = {"other": 1}
    # Where the extension is there already, and no stack is declared, nothing is to be done.
    empty = ("docker.extension", "docker.manager.deploy")
    assert rendered.low(rendered.minion_opts(tmp_path), pillar, sls) or sls in empty


@pytest.mark.parametrize("empty", [None, {"repos": None, "pkgs": None}, [], "text"])
def test_pillar_of_any_form_renders(tmp_path, empty):
    """What is wrong in it, the states report in one line."""
    opts = rendered.minion_opts(tmp_path)
    found = rendered.high(opts, {"repositories": empty}, ENGINE)
    assert set(found) == {"docker", "docker-engine", "docker-service"}
    for sls in ("docker.manager.cluster", "docker.worker.join"):
        assert rendered.low(opts, {"swarm": None}, sls)


@pytest.mark.parametrize("family", ["Debian", "RedHat"])
def test_engine_has_repository_package_and_service(tmp_path, pillar, family):
    data = rendered.high(rendered.minion_opts(tmp_path, grains=grains_of(family)), pillar, ENGINE)
    assert arguments(data, "docker", "swarm_engine") == ("repository", {})
    required = {"require": [{"swarm_engine": "docker"}]}
    assert arguments(data, "docker-engine", "swarm_engine") == ("installed", required)
    required = {"require": [{"swarm_engine": "docker-engine"}]}
    assert arguments(data, "docker-service", "swarm_engine") == ("running", required)


@pytest.mark.parametrize("sls", MINION_SLS)
def test_no_state_lets_salt_search_all_of_its_modules(tmp_path, pillar, sls):
    """Each of these does, for a function mod_run_check: over a second, more than all the states need."""
    for chunk in rendered.low(rendered.minion_opts(tmp_path), pillar, sls):
        assert not {"unless", "onlyif", "creates"} & set(chunk), chunk["__id__"]


def order(chunks):
    return [f"{chunk['state']}.{chunk['fun']}" for chunk in chunks if chunk["state"] == "swarm"]


@pytest.mark.parametrize(
    ("sls", "expected"),
    [
        ("docker.mine", ["published"]),
        (
            "docker.manager.first",
            ["published", "initialized", "dead_removed", "sealed", "promoted"],
        ),
        ("docker.manager.join", ["joined", "drained"]),
        ("docker.manager.drain", ["drained"]),
        ("docker.worker.join", ["joined"]),
        ("docker.verify", ["converged", "nodes_by_pillar", "settings_by_pillar"]),
    ],
)
def test_order_of_the_swarm_states(tmp_path, pillar, sls, expected):
    chunks = rendered.low(rendered.minion_opts(tmp_path), pillar, sls)
    assert order(chunks) == [f"swarm.{name}" for name in expected]


@pytest.mark.parametrize(
    ("sls", "state_id", "needs"),
    [
        ("docker.manager.first", "docker-swarm-dead", "docker-swarm"),
        ("docker.manager.first", "docker-swarm-sealed", "docker-swarm-dead"),
        ("docker.manager.first", "docker-swarm-promoted", "docker-swarm-sealed"),
        ("docker.manager.join", "docker-drain", "docker-swarm-join"),
    ],
)
def test_requisites_of_the_swarm_states(tmp_path, pillar, sls, state_id, needs):
    (chunk,) = [
        chunk
        for chunk in rendered.low(rendered.minion_opts(tmp_path), pillar, sls)
        if chunk["__id__"] == state_id
    ]
    assert {"swarm": needs} in [dict(one) for one in chunk["require"]]


@pytest.mark.parametrize(
    ("sls", "role", "availability"),
    [("docker.manager.join", "manager", "drain"), ("docker.worker.join", "worker", None)],
)
def test_join_takes_its_addresses_from_pillar(tmp_path, pillar, sls, role, availability):
    pillar["swarm"].update(listen="0.0.0.0:2377", data_path="eth1")
    data = rendered.high(rendered.minion_opts(tmp_path), pillar, sls)
    function, found = arguments(data, "docker-swarm-join", "swarm")
    assert function == "joined"
    assert (found["role"], found.get("availability")) == (role, availability)
    assert (found["advertise_addr"], found["listen_addr"]) == ("eth0", "0.0.0.0:2377")
    assert found["data_path_addr"] == "eth1"


def extension(tmp_path, pillar, **more):
    return rendered.low(rendered.minion_opts(tmp_path, **more), pillar, "docker.extension")


def set_of_kinds(chunk, saltenv="base"):
    """Return what a state of docker.extension syncs; the minion reloads it once, after all of it."""
    assert (chunk["state"], chunk["fun"], chunk["reload_modules"]) == ("module", "run", True)
    calls = {key: value for key, value in chunk.items() if key.startswith("saltutil.")}
    assert list(calls.values()) == [[{"refresh": False}, {"saltenv": saltenv}]] * len(calls)
    return {key.removeprefix("saltutil.sync_") for key in calls}


def test_extension_is_synced_where_it_is_not(undelivered, pillar):
    (chunk,) = rendered.low(undelivered, pillar, "docker.extension")
    assert set_of_kinds(chunk) == set(KINDS)


def test_extension_comes_from_the_environment_of_the_tree(undelivered, pillar, tmp_path):
    """What the minion synced from others stays: a sync removes what its environments do not have."""
    roots = {"prod": undelivered["file_roots"]["base"]}
    for kind in KINDS:
        (tmp_path / f"cache/files/base/_{kind}").mkdir(parents=True)
    (tmp_path / "cache/files/dev").mkdir()
    opts = {**undelivered, "file_roots": roots, "saltenv": "prod", "pillar": pillar}
    with salt.state.HighState(opts, initial_pillar=pillar) as state:
        data = rendered.high_of(state, "docker.extension", saltenv="prod")
    calls = [item for item in data["swarm-extension"]["module"] if isinstance(item, dict)]
    found = [value for call in calls for key, value in call.items() if key.startswith("saltutil.")]
    assert found == [[{"refresh": False}, {"saltenv": "base,prod"}]] * len(KINDS)


def test_salt_ssh_has_brought_the_extension(undelivered, pillar):
    """It renders on the master, where each function of Salt is a call of its own to the host."""
    undelivered["thin_dir"] = "/var/tmp/.salt"
    assert rendered.low(undelivered, pillar, "docker.extension") == []


@pytest.mark.parametrize("sls", [sls for sls in MINION_SLS if sls not in LATER])
def test_extension_comes_before_the_first_swarm_state(undelivered, pillar, sls):
    states = [chunk["state"] for chunk in rendered.low(undelivered, pillar, sls)]
    for one in ("swarm", "swarm_engine"):
        if one in states:
            assert states.index("module") < states.index(one)


def break_nothing(folder):
    pass


def remove_core(folder):
    next(folder.glob("modules/_swarm-*")).unlink()


def rename_core(folder):
    """Another build of the same version."""
    next(folder.glob("modules/_swarm-*")).rename(folder / "modules/_swarm-0.1.0-x86_64-0.abi3.so")


def break_module(folder):
    with (folder / "modules/swarm_facts.py").open("a") as handle:
        handle.write("# another build of the same version\n")


def break_states(folder):
    (folder / "states/swarm.py").unlink()


def break_the_rest(folder):
    (folder / "grains/swarm.py").write_text("")
    (folder / "output/swarm_table.py").unlink()


DELIVERED = [
    (break_nothing, set()),
    (remove_core, {"modules"}),
    (rename_core, {"modules"}),
    (break_module, {"modules"}),
    (break_states, {"states"}),
    (break_the_rest, {"grains", "output"}),
]


@pytest.mark.parametrize(("change", "kinds"), DELIVERED)
def test_delivered_files_are_synced_again_where_one_differs(delivered, pillar, change, kinds):
    change(delivered)
    root = delivered.parent
    roots = {"base": [str(root / "srv")]}
    found = extension(root, pillar, module_dirs=[], file_roots=roots)
    assert [set_of_kinds(chunk) for chunk in found] == [kinds] * bool(kinds)


def test_the_wheel_needs_no_sync(tmp_path, pillar):
    """No core in the file root, and the functions are there."""
    assert extension(tmp_path, pillar) == []


def test_neither_core_nor_wheel_is_synced_too(tmp_path, pillar):
    """Then the call of a swarm function gives the reason; a state that is not there gives none."""
    (chunk,) = extension(tmp_path, pillar, module_dirs=[])
    assert set_of_kinds(chunk) == set(KINDS)


def test_no_command_line_in_any_sls():
    for path in rendered.STATES.rglob("*.sls"):
        code = re.sub(r"{#.*?#}", "", path.read_text(encoding="utf-8"), flags=re.S)
        assert not re.search(r"cmd\.|\bdocker (?:swarm|node|service|info)\b", code), path


def test_no_module_starts_a_program():
    files = list(rendered.STATES.rglob("*.py"))
    assert {path.stem for path in files} >= {"swarm", "swarm_facts", "swarm_mine"}
    # Without a shell: docker's credential helpers, with the secret on a pipe; dockerd, which checks its
    # own file; apt, which says what an upgrade would remove; systemctl, for what service.running cannot.
    for name in ("registry", "preflight", "upgrade", "engine"):
        files.remove(rendered.STATES / f"_modules/swarm_{name}.py")
    for path in files:
        text = path.read_text(encoding="utf-8")
        starts = r"subprocess|cmd\.|cmdmod|os\.(?:system|popen|exec|spawn|fork)"
        assert not re.search(starts, text), path


def top_file():
    text = (rendered.STATES / "top.sls").read_text()
    return yaml.safe_load(re.sub(r"{#.*?#}", "", text, flags=re.S))["base"]


def test_the_top_file_never_inits_or_joins():
    top = top_file()
    assert top == {
        "swarmmanager": [
            {"match": "nodegroup"},
            "docker.engine",
            "docker.mine",
            "docker.manager.drain",
        ],
        "swarmworker": [{"match": "nodegroup"}, "docker.engine"],
    }


def test_nodegroups_of_the_top_file_stand_in_the_example():
    top = top_file()
    example = yaml.safe_load((rendered.PROJECT / "examples/nodegroups.conf").read_text())
    assert set(example["nodegroups"]) == set(top)


def keys_of_the_example():
    """The keys under ``swarm``, those in comments too."""
    text = (rendered.PILLAR / "docker.sls").read_text().partition("\nswarm:\n")[2]
    return set(re.findall(r"^  (?:# )?([a-z_]+):(?: |$)", text, re.M))


def test_every_key_that_is_read_is_in_the_pillar_example():
    read = set()
    for path in rendered.STATES.rglob("*"):
        if path.suffix in (".sls", ".py", ".jinja"):
            text = path.read_text(encoding="utf-8")
            read |= set(re.findall(r"swarm(?:', {}\))?\.get\(['\"]([a-z_]+)['\"]", text))
            read |= set(re.findall(r'_pillar\("([a-z_]+)"\)', text))
            read |= set(re.findall(r'_setting\("swarm:([a-z_]+)"\)', text))
    assert len(read) > 8
    # The rest is read by the names of the schema: test_module_schema.py.
    assert read <= keys_of_the_example()


def test_every_key_of_the_pillar_example_is_explained():
    lines = (rendered.PILLAR / "docker.sls").read_text().partition("\nswarm:\n")[2].split("\n\n")
    for block in lines:
        assert block.lstrip().startswith("# "), block


@pytest.mark.parametrize("sls", sorted(LATER - {"docker.verify"}))
def test_a_step_applied_by_hand_has_no_hosts_of_its_own(tmp_path, sls):
    """What its state then says, tests of the states tell."""
    (chunk,) = rendered.low(rendered.minion_opts(tmp_path), {"other": 1}, sls)
    assert chunk["state"] == "swarm" and chunk.get("hosts") is None and chunk.get("host") is None
