# SPDX-License-Identifier: Apache-2.0
"""``docker/bootstrap.sls`` as the master renders it: steps, targets, requisites, refusals."""

import contextlib
import copy
import fnmatch
import os
import sys

import pytest
import rendered
import salt.config
import salt.minion
import salt.state
from fleet import private_key, public_pem

PILLAR = {"swarm": {"managers": ["manager1", "manager2", "manager3"], "workers": ["worker*"]}}
HOSTS = ["manager1", "manager2", "manager3", "worker1", "worker2"]
KEYS = {name: f"key of {name}" for name in HOSTS}


def accepted(keys):
    """As ``saltutil.wheel('key.print', [patterns])`` answers on a master with these keys."""

    def wheel(function, patterns):
        assert function == "key.print"
        found = {
            minion: key
            for minion, key in keys.items()
            if any(fnmatch.fnmatch(minion, pattern) for pattern in patterns)
        }
        answer = {"minions": found} if found else {}
        return {"fun": "wheel.key.print", "success": True, "return": answer}

    return wheel


@contextlib.contextmanager
def master(root, pillar=PILLAR, keys=None, test=False, instead=None, override=None, **options):
    """Yields what renders an orchestration to its high data, as on a master.

    instead
        ``{function: another one}`` for what it calls on the master.
    override
        Pillar from the command line, over what the files have.
    options
        More of the master's options.
    """
    opts = rendered.minion_opts(root, "master_master", test=test, pillar=pillar, **options)
    opts["pillar_roots"] = {"base": [rendered.pillar_files(root, pillar)]}
    alone = {"ps.pgrep": lambda *args, **kwargs: None}
    keys = accepted(KEYS if keys is None else keys)
    instead = {"saltutil.wheel": keys, **alone, **(instead or {})}
    pillar = {**copy.deepcopy(pillar), **(override or {})}
    with salt.state.HighState(opts, initial_pillar=pillar) as state:
        functions = state.state.functions
        for loader in (functions, getattr(functions, "_dunder_salt", functions)):
            for name, function in instead.items():
                loader[name] = function

        def high(sls, saltenv="base"):
            data = rendered.high_of(state, sls, saltenv=saltenv)
            errors = state.state.verify_high(data)
            assert not errors, errors
            data, errors = state.state.reconcile_extend(data)
            assert not errors, errors
            return data

        high.state = state
        yield high


def render(root, *args, sls="docker.bootstrap", **kwargs):
    """High data of one orchestration; the other arguments are those of ``master``."""
    with master(root, *args, **kwargs) as high:
        return high(sls)


def arguments(data):
    """The arguments of the one state of an orchestration."""
    (state,) = [one for name, one in data.items() if not name.startswith("__")]
    assert "orchestrated" in state["swarm"]
    found = {}
    for item in state["swarm"]:
        found.update(item if isinstance(item, dict) else {})
    return found


def steps(data):
    return [one["name"] for one in arguments(data)["steps"]]


def step(data, name):
    (found,) = [one for one in arguments(data)["steps"] if one["name"] == name]
    return found


def known(data, name):
    """Pillar swarm_run, as the hosts of a step get it."""
    run, found = arguments(data)["run"], step(data, name)
    mine = run if set(found["hosts"]) <= set(run["managers"]) else {}
    return {**mine, "id": run["id"], **found.get("run", {})}


STEPS = [
    "docker-managers-ready",
    "docker-managers-cluster",
    "docker-workers-join",
    "docker-converged",
]
# The short way comes before them.
NAMES = ["docker-settled", *STEPS]


def test_the_steps_in_their_order(tmp_path):
    assert steps(render(tmp_path)) == NAMES


def test_the_same_steps_however_many_hosts(tmp_path):
    keys = {**KEYS, **{f"worker{number}": "k" for number in range(1, 101)}}
    data = render(tmp_path, keys=keys)
    assert steps(data) == NAMES
    assert len(step(data, "docker-workers-join")["hosts"]) == 100


def test_targets_are_exact_ids(tmp_path):
    data = render(tmp_path)
    managers = ["manager1", "manager2", "manager3"]
    for name in STEPS[:2]:
        assert step(data, name)["hosts"] == managers
    assert step(data, "docker-workers-join")["hosts"] == ["worker1", "worker2"]
    for name in (NAMES[0], "docker-converged"):
        assert step(data, name)["hosts"] == ["manager1"]


def test_files_of_the_steps(tmp_path):
    data = render(tmp_path)
    assert [step(data, name)["sls"] for name in NAMES] == [
        ["docker.verify"],
        ["docker.engine", "docker.mine"],
        ["docker.manager.cluster"],
        ["docker.worker.join"],
        ["docker.verify"],
    ]
    assert step(data, "docker-managers-cluster")["exclude"] == [
        {"sls": "docker.engine"},
        {"sls": "docker.mine"},
    ]
    workers = step(data, "docker-workers-join")
    assert "exclude" not in workers, "the only job of a worker"
    assert workers["excludes"] == [{"sls": "docker.engine"}]
    assert [name for name in NAMES if step(data, name).get("skips")] == STEPS[:1]
    assert step(data, NAMES[0])["settles"] == "docker-swarm-settled"


def test_the_short_way_is_what_the_last_step_does_after_a_proof(tmp_path):
    opts = rendered.minion_opts(tmp_path, module_dirs=[])
    plain = rendered.low(opts, PILLAR, "docker.verify")
    run = {"swarm_run": {"settles": True, "prune": 2}}
    proven = rendered.low(opts, {**PILLAR, **run}, "docker.verify")
    ids = [one["__id__"] for one in proven]
    assert ids[:2] == ["docker-swarm-settled", "docker-swarm-sealed"]
    assert ids[2:-1] == [one["__id__"] for one in plain]
    for before, one in zip(proven, proven[1:], strict=False):
        needs = [need["swarm"] for need in one["require"]]
        assert before["__id__"] in needs or set(needs) & set(ids[1:3])


def test_only_docker_bootstrap_has_a_short_way(tmp_path):
    """The facts of a preflight would be older than what the other steps change."""
    given = {**PILLAR, "swarm_replace": {"worker1": "worker1"}}
    found = arguments(render(tmp_path, given, sls="docker.replace"))
    assert "digests" not in found["preflight"]
    assert not any({"skips", "excludes", "settles"} & set(one) for one in found["steps"])
    assert "digests" in arguments(render(tmp_path))["preflight"]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_step_excludes_is_nobodys_requisite(tmp_path, name):
    found = step(render(tmp_path), name)
    opts = rendered.minion_opts(tmp_path, module_dirs=[])
    assert rendered.low(opts, PILLAR, *found["sls"], exclude=found.get("exclude", ()))


def test_what_each_step_needs(tmp_path):
    data = render(tmp_path)
    needed = [[], [], [], ["docker-managers-cluster"], ["docker-managers-cluster"]]
    assert [step(data, name).get("needs", []) for name in NAMES] == needed


def test_each_step_gets_the_run_and_one_the_accepted_keys(tmp_path):
    """What thousands of workers get does not grow with their number."""
    data = render(tmp_path)
    for name in NAMES:
        run = known(data, name)
        assert len(run["id"]) == 16
        seals = name in ("docker-settled", "docker-managers-cluster")
        assert run.get("keys") == (KEYS if seals else None)
        if name == "docker-workers-join":
            assert set(run) == {"id"}
        else:
            assert run["managers"] == [name for name in KEYS if name.startswith("manager")]
            assert run["workers"] == [name for name in KEYS if name.startswith("worker")]


def test_the_check_of_pillar_leaves_no_module_behind(tmp_path):
    """It would keep the master's functions until the interpreter ends, where Salt prints a traceback."""
    render(tmp_path)
    assert "swarm_schema" not in sys.modules


def test_each_run_has_its_own_id(tmp_path):
    runs = [arguments(render(tmp_path))["run"]["id"] for _ in range(2)]
    assert runs[0] != runs[1]


def test_worker_patterns_take_no_manager(tmp_path):
    pillar = {"swarm": {"managers": ["manager1"], "workers": ["*"]}}
    run = arguments(render(tmp_path, pillar))["run"]
    assert list(run["managers"]) == ["manager1"]
    assert "manager1" not in run["workers"] and "manager2" in run["workers"]


def test_hosts_of_init_without_are_not_asked(tmp_path):
    pillar = copy.deepcopy(PILLAR)
    pillar["swarm"]["init_without"] = ["manager3"]
    keys = {name: key for name, key in KEYS.items() if name != "manager3"}
    for known in (KEYS, keys):
        data = render(tmp_path, pillar, known)
        assert step(data, STEPS[0])["hosts"] == ["manager1", "manager2"]
        assert "manager3" not in arguments(data)["run"]["workers"]


def test_without_workers_there_is_no_worker_step(tmp_path):
    keys = {name: key for name, key in KEYS.items() if name.startswith("manager")}
    data = render(tmp_path, keys=keys)
    assert steps(data) == [name for name in NAMES if name != "docker-workers-join"]


def refusal(data, expected="docker-bootstrap"):
    """The text of an orchestration that is refused."""
    assert list(data) == [expected]
    found = arguments(data)
    assert found["refusal"] and found["steps"] == []
    return found["refusal"]


def test_manager_without_an_accepted_key_is_named(tmp_path):
    keys = {name: key for name, key in KEYS.items() if name not in ("manager1", "manager3")}
    text = refusal(render(tmp_path, keys=keys))
    assert "no accepted key on this master for manager1, manager3" in text
    assert "salt-key -a" in text


def test_a_pattern_among_the_managers_is_refused(tmp_path):
    pillar = {"swarm": {"managers": ["manager*"], "workers": []}}
    assert "must be exact minion ids, not the pattern 'manager*'" in refusal(
        render(tmp_path, pillar)
    )


def test_a_worker_without_an_accepted_key_is_named(tmp_path):
    pillar = {"swarm": {"managers": ["manager1"], "workers": ["worker1", "worker7"]}}
    assert "no accepted key on this master for worker7" in refusal(render(tmp_path, pillar))


def test_all_slips_are_refused_at_once(tmp_path):
    pillar = {"swarm": {"manger": 1, "managers": ["manager1"], "nodes": {"db": {"label": 1}}}}
    assert refusal(render(tmp_path, pillar)).split("\n") == [
        "unknown key 'manger' under swarm (did you mean 'managers'?)",
        "unknown key 'label' under swarm:nodes:db (did you mean 'labels'?)",
        "pillar swarm:nodes 'db' matches no host: correct or remove it",
    ]


def test_a_warning_does_not_stop_the_run(tmp_path):
    data = render(
        tmp_path, {"swarm": {"managers": ["manager1", "manager2"], "workers": ["worker*"]}}
    )
    assert steps(data) == NAMES
    warnings = arguments(data)["notes"]
    assert len(warnings) == 1 and "an even number" in warnings[0]


ON_THE_COMMAND_LINE = (
    "on the command line would reach only part of the run: put it into the pillar files"
)


@pytest.mark.parametrize(
    "override, text",
    [
        (
            {"swarm": {**PILLAR["swarm"], "nodes": {"worker1": None}}},
            f"pillar swarm {ON_THE_COMMAND_LINE}",
        ),
        ({"repositories": {"repos": {}}}, f"pillar repositories {ON_THE_COMMAND_LINE}"),
    ],
)
def test_pillar_of_the_hosts_on_the_command_line_is_refused(tmp_path, override, text):
    assert refusal(render(tmp_path, override=override)) == text


def test_pillar_of_the_orchestrations_on_the_command_line_is_taken(tmp_path):
    data = render(tmp_path, override={"swarm_hosts": ["worker1"]}, sls="docker.remove")
    assert "docker-remove-ready" in steps(data)


@pytest.mark.parametrize(
    "sls, override, text",
    [
        (
            "docker.bootstrap",
            {"swarm_hosts": ["worker1"]},
            "docker.bootstrap does not take swarm_hosts (valid: swarm_ignore): it is for docker.remove",
        ),
        (
            "docker.remove",
            {"swarm_hosts": ["worker1"], "swarm_ignore": "clock"},
            "docker.remove does not take swarm_ignore (valid: swarm_hosts): it is for"
            " docker.bootstrap, docker.replace, docker.upgrade, docker.reboot",
        ),
        (
            "docker.upgrade",
            {"swarm_confirm": "n1"},
            "docker.upgrade does not take swarm_confirm (valid: swarm_plan, swarm_ignore, swarm_stop,"
            " swarm_force): it is for docker.recover",
        ),
    ],
)
def test_what_is_for_another_orchestration_is_refused(tmp_path, sls, override, text):
    """It would end well, and what the operator asked for would not have been done."""
    assert refusal(render(tmp_path, override=override, sls=sls), sls.replace(".", "-")) == text


def test_what_the_pillar_files_have_for_another_orchestration_is_not_asked(tmp_path):
    data = render(tmp_path, {**PILLAR, "swarm_rotate_key": "2026-11"})
    assert steps(data) == NAMES


def test_the_check_comes_from_the_file_root_of_the_environment(tmp_path):
    """Nothing was synced to the master, and the tree may be in another environment than base."""
    opts = rendered.minion_opts(tmp_path, "master_master", pillar=PILLAR, module_dirs=[])
    opts["pillar_roots"] = {"base": [rendered.pillar_files(tmp_path, PILLAR)]}
    opts.update(file_roots={"base": [], "prod": [str(rendered.STATES)]}, saltenv="prod")
    with salt.state.HighState(opts, initial_pillar=PILLAR) as state:
        functions = state.state.functions
        for loader in (functions, getattr(functions, "_dunder_salt", functions)):
            loader["saltutil.wheel"] = accepted(KEYS)
            loader["ps.pgrep"] = lambda *args, **kwargs: None
        data, errors = state.render_highstate({"prod": ["docker.bootstrap"]})
    assert not errors and "docker-managers-ready" in steps(data)


@pytest.mark.parametrize("pillar", [{"other": 1}, {"swarm": {}}])
def test_without_pillar_the_text_says_whose(tmp_path, pillar):
    text = refusal(render(tmp_path, pillar))
    assert "pillar swarm:managers names no manager for master_master" in text


@pytest.mark.parametrize(
    "swarm, advice",
    [
        ({"managers": []}, "list at least one minion id there"),
        ({"managers": None, "workers": ["worker*"]}, "list at least one minion id there"),
        (
            {"managers": ["manager1"], "init_without": ["manager1"]},
            "name a living one in swarm:managers",
        ),
    ],
)
def test_pillar_without_a_manager_says_what_to_write(tmp_path, swarm, advice):
    text = refusal(render(tmp_path, {"swarm": swarm}))
    assert advice in text and "top file" not in text


def test_in_test_mode_the_steps_are_the_same(tmp_path):
    """Each of its steps costs what the real one costs: no job is there to sync."""
    assert arguments(render(tmp_path, test=True))["steps"] == arguments(render(tmp_path))["steps"]


def test_the_steps_go_to_the_environment_of_the_orchestration(tmp_path):
    found = arguments(render(tmp_path))
    assert (found["saltenv"], found["pillarenv"]) == ("base", None)
    roots = {"prod": [str(rendered.STATES)]}
    with master(tmp_path, file_roots=roots, pillarenv="stage", saltenv="prod") as high:
        found = arguments(high("docker.bootstrap", "prod"))
    assert (found["saltenv"], found["pillarenv"]) == ("prod", "stage")


@pytest.mark.parametrize(
    "file",
    [
        "states/swarm_orchestration.py",
        "states/swarm_rolling.py",
        "modules/swarm_roll.py",
        "modules/swarm_roll_report.py",
        "modules/swarm_renewal.py",
        "modules/swarm_prefetch.py",
        "modules/swarm_preflight_rules.py",
        "modules/swarm_ready.py",
    ],
)
def test_the_master_gets_the_files_of_its_states(tmp_path, file):
    """Whether or not it ever synced; what it synced from elsewhere stays."""
    target = tmp_path / "extmods" / file
    target.parent.mkdir(parents=True)
    (target.parent / "others.py").write_text("# of another environment\n")
    for before in ("", "# of an older version\n"):
        target.write_text(before)
        render(tmp_path)
        assert target.read_text() == (rendered.STATES / f"_{file}").read_text()
    assert (target.parent / "others.py").exists()


def test_on_a_master_with_real_keys(tmp_path):
    """Through the master's own modules: the form of what its key store answers."""
    opts = salt.config.master_config(None)
    for folder in ("pki/minions", "pki/minions_pre", "cache/proc", "run"):
        os.makedirs(tmp_path / folder)
    names = ["manager1", "manager2", "manager3", "worker1"]
    pems = {name: public_pem(private_key(number)) for number, name in enumerate(names, 1)}
    for name, pem in pems.items():
        (tmp_path / "pki/minions" / name).write_text(pem)
    (tmp_path / "pki/minions_pre/worker2").write_text(public_pem(private_key(5)))
    opts.update(
        id="master",
        root_dir=str(tmp_path),
        pki_dir=str(tmp_path / "pki"),
        cachedir=str(tmp_path / "cache"),
        sock_dir=str(tmp_path / "run"),
        extension_modules=str(tmp_path / "extmods"),
        conf_file=str(tmp_path / "master"),
        file_client="local",
        file_roots={"base": [str(rendered.STATES)]},
        pillar_roots={"base": [str(rendered.PILLAR)]},
    )
    master = salt.minion.MasterMinion(opts)
    data = master.functions["state.show_sls"]("docker.bootstrap")
    assert isinstance(data, dict) and steps(data) == NAMES, data
    # What the renderer leaves there prints a traceback when salt-run ends.
    assert "swarm_schema" not in sys.modules
    run = arguments(data)["run"]
    keys = step(data, STEPS[1])["run"]["keys"]
    assert set(keys) == set(names), "a key that is not accepted takes no part"
    assert {name: key.strip() for name, key in keys.items()} == {
        name: pem.strip() for name, pem in pems.items()
    }
    assert set(run["managers"]) == set(names[:3])
