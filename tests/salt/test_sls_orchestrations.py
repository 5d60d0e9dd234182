# SPDX-License-Identifier: Apache-2.0
"""The orchestrations beside bootstrap as the master renders them: steps, targets, refusals, and two
of them at a time."""

import contextlib
import re

import pytest
import rendered
from salt.exceptions import CommandExecutionError
from test_sls_bootstrap import (
    HOSTS,
    KEYS,
    PILLAR,
    arguments,
    known,
    refusal,
    render,
    step,
    steps,
)

MANAGERS = ["manager1", "manager2", "manager3"]
ALL = {
    "docker.bootstrap": {},
    "docker.remove": {"swarm_hosts": ["worker2"]},
    "docker.replace": {"swarm_replace": {"worker1": "worker2"}},
    "docker.rotate": {"swarm_rotate": ["worker"], "swarm_rotate_key": "1"},
    "docker.teardown": {"swarm_teardown": "cluster1"},
    "docker.recover": {"swarm_recover": "manager2"},
    "docker.deploy": {},
    "docker.upgrade": {"swarm_plan": "0123456789ab"},
    "docker.reboot": {"swarm_force": "reboot"},
}
STACKS = {"shop": {"contents": "services: {web: {image: 'a:1'}}"}}


def pillar(more, **swarm):
    return {"swarm": {**PILLAR["swarm"], "stacks": STACKS, **swarm}, **more}


def needs(data, name):
    return step(data, name).get("needs", [])


# --- what is refused before any job is sent -------------------------------------------------------


@pytest.mark.parametrize("sls", ALL)
def test_without_managers_in_pillar(tmp_path, sls):
    data = render(tmp_path, {"swarm": {}, **ALL[sls]}, sls=sls)
    assert "swarm:managers names no manager" in refusal(data, sls.replace(".", "-"))


REFUSED = [
    ("docker.remove", {}, "which hosts? Name them"),
    ("docker.remove", {"swarm_hosts": MANAGERS}, "no manager would stay"),
    ("docker.replace", {}, "which host by which?"),
    ("docker.replace", {"swarm_replace": {"manager1": "worker1"}}, "still names manager1"),
    ("docker.replace", {"swarm_replace": {"worker1": "new1"}}, "swarm:workers names: new1"),
    ("docker.rotate", {}, "which secrets?"),
    (
        "docker.rotate",
        {"swarm_rotate": ["tokens"], "swarm_rotate_key": 1},
        "pillar swarm_rotate: each entry must be ca, worker, manager or unlock_key, not 'tokens'",
    ),
    ("docker.rotate", {"swarm_rotate": "worker"}, "for which key?"),
    (
        "docker.rotate",
        {"swarm_rotate": "unlock_key", "swarm_rotate_key": 1},
        "where is the unlock key to be kept?",
    ),
    (
        "docker.rotate",
        {
            "swarm_rotate": "unlock_key",
            "swarm_rotate_key": 1,
            "swarm_unlock_key": {"show": True},
        },
        "unknown key 'show' under swarm_unlock_key (valid: key_file, key_sdb)",
    ),
    ("docker.teardown", {}, "which cluster? Confirm its end"),
    ("docker.teardown", {"swarm_teardown": True}, "pillar swarm_teardown must be a cluster id"),
    ("docker.recover", {}, "which manager goes on?"),
    (
        "docker.recover",
        {"swarm_recover": ["manager1", "manager2"]},
        "pillar swarm_recover must be a minion id, not a list",
    ),
    (
        "docker.recover",
        {"swarm_recover": "worker1"},
        "worker1 is not one of the managers that may go on: name one of manager1, manager2, manager3",
    ),
]


@pytest.mark.parametrize("sls, given, text", REFUSED)
def test_what_the_caller_has_to_say(tmp_path, sls, given, text):
    data = render(tmp_path, pillar(given), sls=sls)
    assert text in refusal(data, sls.replace(".", "-"))


def swarm_with(**swarm):
    return {"swarm": {**PILLAR["swarm"], **swarm}}


LIST = "must be a list of minion ids"
ENTRY = "each entry must be a minion id, not"
SLIPS = [
    ("docker.bootstrap", {"swarm": "manager1"}, "pillar swarm must be a dictionary"),
    ("docker.bootstrap", {"swarm": None}, "swarm:managers names no manager"),
    ("docker.bootstrap", swarm_with(managers="manager1"), f"pillar swarm:managers {LIST}"),
    ("docker.bootstrap", swarm_with(managers=[["manager1"]]), f"pillar swarm:managers: {ENTRY}"),
    ("docker.bootstrap", swarm_with(workers="worker*"), f"pillar swarm:workers {LIST}"),
    ("docker.bootstrap", swarm_with(workers=[{"worker1": None}]), f"pillar swarm:workers: {ENTRY}"),
    ("docker.bootstrap", swarm_with(init_without=True), f"pillar swarm:init_without {LIST}"),
    ("docker.remove", pillar({"swarm_hosts": {"worker1": 1}}), f"pillar swarm_hosts {LIST}"),
    ("docker.remove", pillar({"swarm_hosts": [""]}), f"pillar swarm_hosts: {ENTRY}"),
    ("docker.remove", pillar({"swarm_hosts": 5}), f"pillar swarm_hosts {LIST}"),
    ("docker.replace", pillar({"swarm_replace": ["a", "b"]}), "swarm_replace must be a dictionary"),
    (
        "docker.replace",
        pillar({"swarm_replace": {"worker1": ["a"]}}),
        "pillar swarm_replace:worker1 must be a minion id, not a list",
    ),
    ("docker.rotate", pillar({"swarm_rotate": True}), "pillar swarm_rotate must be a list of ca,"),
    (
        "docker.rotate",
        pillar(
            {"swarm_rotate": "unlock_key", "swarm_rotate_key": 1, "swarm_unlock_key": ["key_file"]}
        ),
        "pillar swarm_unlock_key must be a dictionary (key_file, key_sdb), not a list",
    ),
]


@pytest.mark.parametrize("sls, given, text", SLIPS)
def test_pillar_of_another_form_is_one_line(tmp_path, sls, given, text):
    assert text in refusal(render(tmp_path, given, sls=sls), sls.replace(".", "-"))


# --- steps ----------------------------------------------------------------------------------------


def test_remove(tmp_path):
    given = {"swarm_hosts": ["worker2", "manager3", "gone"]}
    data = render(tmp_path, pillar(given), sls="docker.remove")
    names = [f"docker-remove-{step}" for step in ("ready", "release", "leave", "delete")]
    # Between the facts and the first change, and what fails there stops nothing.
    images = step(data, "docker-remove-images")
    assert steps(data) == [names[0], images["name"], *names[1:]]
    assert images["leaving"] == given["swarm_hosts"] and images["seconds"] == 600
    assert images["hosts"] == ["manager1", "manager2"] and images["needs"] == [names[0]]
    reached = ["manager3", "worker2"]
    targets = [sorted(step(data, name)["hosts"]) for name in names]
    assert targets == [
        ["manager1", "manager2", *reached],
        ["manager1", "manager2"],
        reached,
        ["manager1", "manager2"],
    ]
    # A host that is dead does not answer, and what a living one did is seen on the manager.
    assert [sorted(step(data, name).get("may_fail", [])) for name in names] == [
        reached,
        [],
        reached,
        [],
    ]
    for name in names:
        assert known(data, name)["leaving"] == given["swarm_hosts"]
    assert [needs(data, name) for name in names] == [[], [names[0]], [names[1]], [names[1]]]


def test_remove_takes_no_patterns(tmp_path):
    data = render(tmp_path, pillar({"swarm_hosts": ["worker*"]}), sls="docker.remove")
    assert "docker-remove-leave" not in steps(data), "no host is asked to leave"


def test_the_hosts_that_leave_join_nothing(tmp_path):
    """The run knows no host that pillar does not name, and only bootstrap seals tokens."""
    keys = {**KEYS, "stranger": "key"}
    data = render(tmp_path, pillar({"swarm_hosts": ["stranger"]}), keys, sls="docker.remove")
    assert step(data, "docker-remove-leave")["hosts"] == ["stranger"]
    for name in ("docker-remove-ready", "docker-remove-release", "docker-remove-leave"):
        run = known(data, name)
        assert "stranger" not in [*run.get("managers", []), *run.get("workers", [])]
        assert "keys" not in run


def test_replace_joins_before_it_removes(tmp_path):
    given = pillar({"swarm_replace": {"worker1": "worker2"}}, prune=3)
    data = render(tmp_path, given, sls="docker.replace")
    assert step(data, "docker-workers-join")["hosts"] == ["worker2"], "the old one is left out"
    assert step(data, "docker-remove-leave")["hosts"] == ["worker1"]
    checked = ["docker-replace-ready", "docker-replace-checked"]
    assert steps(data)[:2] == checked
    bootstrap = steps(data)[2:6]
    assert needs(data, "docker-remove-ready") == bootstrap
    assert all("docker-replace-checked" in needs(data, name) for name in bootstrap)
    assert step(data, checked[0])["hosts"] == [*MANAGERS, "worker2"]
    assert known(data, checked[1])["replaced"] == given["swarm_replace"]
    for name in ("docker-managers-cluster", "docker-remove-release"):
        run = known(data, name)
        assert run["replaced"] == given["swarm_replace"], "no new swarm, and who comes"
    assert known(data, "docker-converged")["prune"] == 0


def test_replace_of_a_host_that_came_back_empty_is_a_bootstrap(tmp_path):
    given = pillar({"swarm_replace": {"worker1": "worker1"}})
    data = render(tmp_path, given, sls="docker.replace")
    assert step(data, "docker-workers-join")["hosts"] == ["worker1", "worker2"]
    assert not [name for name in steps(data) if name.startswith("docker-remove")]


def test_replace_of_a_manager(tmp_path):
    given = pillar({"swarm_replace": {"manager3": "manager4"}})
    given["swarm"]["managers"] = ["manager1", "manager2", "manager4"]
    keys = {**KEYS, "manager4": "key"}
    data = render(tmp_path, given, keys, sls="docker.replace")
    assert step(data, "docker-managers-cluster")["hosts"] == ["manager1", "manager2", "manager4"]
    assert step(data, "docker-remove-leave")["hosts"] == ["manager3"]


def test_teardown(tmp_path):
    given = pillar({"swarm_teardown": "cluster1"}, init_without=["manager3"])
    data = render(tmp_path, given, sls="docker.teardown")
    names = [f"docker-teardown-{step}" for step in ("ready", "release", "leave", "end", "left")]
    assert steps(data) == names
    living = ["manager1", "manager2"]
    workers = ["worker1", "worker2"]
    assert [step(data, name)["hosts"] for name in names[:4]] == [
        living + workers,
        living,
        living + workers,
        living,
    ]
    run = known(data, names[0])
    assert run["ends"] == "cluster1"
    assert sorted(run["leaving"]) == HOSTS, "a dead manager's record counts, too"
    assert [needs(data, name) for name in names[1:4]] == [[one] for one in names[:3]]
    assert step(data, "docker-teardown-left")["function"] == "swarm.leftovers"


def test_recover(tmp_path):
    given = pillar({"swarm_recover": "manager2", "swarm_confirm": "node1"})
    data = render(tmp_path, given, sls="docker.recover")
    run = known(data, "docker-recover-cluster")
    assert (run["host"], run["confirm"]) == ("manager2", "node1")
    assert step(data, "docker-recover-cluster")["hosts"] == MANAGERS
    for first in ("docker-managers-ready", "docker-managers-cluster"):
        assert "docker-recover-cluster" in needs(data, first)


def test_recover_in_test_mode_predicts_no_bootstrap(tmp_path):
    """What it would find there rests on what was not done."""
    data = render(tmp_path, pillar({"swarm_recover": "manager2"}), test=True, sls="docker.recover")
    assert steps(data) == ["docker-recover-ready", "docker-recover-cluster"]


def test_rotate(tmp_path):
    place = {"key_file": "/root/key"}
    given = {"swarm_rotate": ["unlock_key", "ca"], "swarm_rotate_key": "k"}
    given["swarm_unlock_key"] = place
    data = render(tmp_path, pillar(given), sls="docker.rotate")
    found = step(data, "docker-rotate")
    assert found["hosts"] == ["manager1"]
    run = found["run"]
    assert (run["rotate"], run["key"], run["place"]) == (["unlock_key", "ca"], "k", place)


STATES = {
    "docker.manager.replace": ({"replaced": {"worker1": "worker2"}}, {"docker-swarm-replaceable"}),
    "docker.manager.release": ({"leaving": ["worker2"]}, {"docker-swarm-demoted"}),
    "docker.leave": ({"leaving": ["worker2"], "ends": "c1"}, {"docker-swarm-left"}),
    "docker.manager.delete": ({"leaving": ["worker2"]}, {"docker-swarm-records-absent"}),
    "docker.manager.dissolve": ({"leaving": [], "ends": "c1"}, {"docker-swarm-last-left"}),
    "docker.manager.recover": ({"host": "manager1", "confirm": ""}, {"docker-swarm-recovered"}),
    "docker.manager.rotate": (
        {"rotate": ["worker", "ca", "unlock_key"], "key": "k", "place": {"key_file": "/k"}},
        {"docker-swarm-worker-token", "docker-swarm-ca", "docker-swarm-unlock-key"},
    ),
}


@pytest.mark.parametrize("sls", STATES)
def test_the_states_of_a_step(tmp_path, sls):
    run, expected = STATES[sls]
    opts = rendered.minion_opts(tmp_path)
    chunks = rendered.low(opts, {"swarm": PILLAR["swarm"], "swarm_run": run}, sls)
    assert {chunk["__id__"] for chunk in chunks if chunk["state"] == "swarm"} == expected


def test_prune_is_off_unless_pillar_says_so(tmp_path):
    opts = rendered.minion_opts(tmp_path)
    for prune, there in ((0, False), (2, True)):
        run = {"swarm": PILLAR["swarm"], "swarm_run": {"prune": prune}}
        ids = [chunk["__id__"] for chunk in rendered.low(opts, run, "docker.verify")]
        assert ("docker-swarm-unmanaged-absent" in ids) == there
    for given, expected in (({}, 0), ({"prune": 2}, 2)):
        data = render(tmp_path, pillar({}, **given))
        assert known(data, "docker-converged")["prune"] == expected


# --- two at a time --------------------------------------------------------------------------------


def job(jid, *arguments, fun="runner.state.orchestrate"):
    return {"jid": jid, "fun": fun, "fun_args": list(arguments), "pid": 1}


def beside(others, mine=5.0, **noted):
    """What the master's modules say while other runners run; ``noted``: when each noted itself."""
    times = {"own": mine, **noted}

    def lstat(path):
        found = times.get(path.rpartition("/")[2])
        return {} if found is None else {"st_mtime": found}

    notes = [".", "..", "own", *(other["jid"] for other in others)]
    return {
        "saltutil.running": lambda: others,
        "file.directory_exists": lambda path: True,
        "file.readdir": lambda path: notes,
        "file.lstat": lstat,
    }


@pytest.mark.parametrize("sls", ALL)
def test_while_another_one_runs(tmp_path, sls):
    instead = beside([job("j1", "docker.remove", {"pillar": {}})], j1=4.0)
    data = render(tmp_path, pillar(ALL[sls]), sls=sls, instead=instead)
    text = refusal(data, sls.replace(".", "-"))
    assert text == (
        "docker.remove is running on this master (job j1): wait until it has ended, then run again"
    )


RUNNING = [
    (job("j1", "docker.bootstrap"), 4.0, True),
    (job("j1", {"mods": "docker.bootstrap"}), 4.0, True),
    (job("j1", "other,docker.teardown", fun="runner.state.orch"), 4.0, True),
    (job("j1", fun="runner.swarm.plan"), 4.0, True),
    # It noted itself after us, so it sees us, and ends.
    (job("j1", "docker.bootstrap"), 6.0, False),
    # It has ended between the two looks.
    (job("j1", "docker.bootstrap"), None, False),
    (job("j1", "shop.deploy"), 4.0, False),
    (job("j1", "docker.bootstrap", fun="runner.jobs.list_jobs"), 4.0, False),
    (job("j1", fun="runner.state.event"), 4.0, False),
]


@pytest.mark.parametrize("other, noted, refused", RUNNING)
def test_of_two_the_later_one_ends(tmp_path, other, noted, refused):
    data = render(tmp_path, instead=beside([other], j1=noted))
    assert bool(arguments(data)["refusal"]) == refused


def processes(*commands):
    """What a master says that notes no run: its processes, started one after the other; ours is 103."""
    table = {101 + number: command for number, command in enumerate(commands)}

    def pgrep(pattern, user, full, pattern_is_regex):
        assert (user, full, pattern_is_regex) == ("root", True, True)
        return [pid for pid in table if re.search(pattern, table[pid])]

    def proc_info(pid, attrs):
        if table[pid] == ENDED:
            raise CommandExecutionError(f"process no longer exists (pid={pid})")
        found = {"ppid": 102, "create_time": float(pid), "username": "root"}
        return {**found, "cmdline": table[pid].split(" ")}

    def readlink(path):
        spaces = {f"/proc/{pid}/ns/pid": "container" in table[pid] for pid in table}
        return {"/proc/self": "103", "/proc/self/ns/pid": False, **spaces}[path]

    def tried(module, **arguments):
        with contextlib.suppress(CommandExecutionError):
            return known[module](**arguments)

    known = {
        "saltutil.running": lambda: [],
        "file.directory_exists": lambda path: False,
        "file.readlink": readlink,
        "ps.pgrep": pgrep,
        "ps.proc_info": proc_info,
        "test.try": tried,
    }
    return known


PYTHON = "/opt/saltstack/salt/bin/python3.10 /usr/bin/salt-run"
OURS = f"{PYTHON} state.orchestrate docker.bootstrap"
ENDED = f"{OURS} ended"
STARTED = [
    ((OURS, "sh", OURS), "docker.bootstrap is running on this master (process 101)"),
    ((f"{PYTHON} -l info state.orch docker.remove pillar={{}}", "sh", OURS), "docker.remove"),
    ((f"{PYTHON} swarm.plan", "sh", OURS), "swarm.plan is running"),
    # Started after us, our parent, another master's, a wrapper, something else.
    (("sh", "sh", OURS, OURS), ""),
    (("sh", OURS, OURS), ""),
    # It has ended between the two looks.
    ((ENDED, "sh", OURS), ""),
    ((f"{OURS} pillar={{container}}", "sh", OURS), ""),
    ((f"sudo {OURS}", "sh", OURS), ""),
    ((f"{PYTHON} state.event tagmatch=docker.bootstrap", "sh", OURS), ""),
    ((f"{PYTHON} state.orchestrate shop.deploy", "sh", OURS), ""),
]


@pytest.mark.parametrize("commands, refused", STARTED)
def test_on_a_master_that_notes_no_run_the_processes_tell(tmp_path, commands, refused):
    data = render(tmp_path, instead=processes(*commands))
    assert bool(arguments(data)["refusal"]) == bool(refused)
    assert not refused or refusal(data, "docker-bootstrap").startswith(refused)
