# SPDX-License-Identifier: Apache-2.0
"""What a run of an orchestration does with its minions' answers, and what it prints: Salt's own state
compiler and outputter on the master's side, answers of minions as data."""

import logging
import re

import pytest
import readings
import salt.output
from test_sls_bootstrap import HOSTS, KEYS, PILLAR, master
from test_sls_orchestrations import ALL, pillar

MANAGERS, WORKERS = HOSTS[:3], HOSTS[3:]
JOINED = "3 of 3 managers joined, 2 of 2 workers joined"
# Not made of steps: their state has tests of its own.
ROLLING = ("docker.upgrade", "docker.reboot")
TAGS = {
    "docker-mine": "swarm_|-docker-mine_|-docker-mine_|-published",
    "docker-engine": "pkg_|-docker-engine_|-docker.io_|-installed",
    "swarm-extension": "module_|-swarm-extension_|-swarm-extension_|-run",
}


def state(id_, result=True, comment="fine", changes=None):
    tag = TAGS.get(id_, f"swarm_|-{id_}_|-{id_}_|-x")
    return {tag: {"__id__": id_, "result": result, "comment": comment, "changes": changes or {}}}


def states(*found):
    ret = {}
    for number, one in enumerate(found):
        for tag, values in one.items():
            ret[tag] = {**values, "__run_num__": number, "name": values["__id__"]}
    return {"ret": ret, "out": "highstate", "retcode": 0}


FINE = states(state("docker-engine"), state("docker-mine"))
CONVERGED = states(state("docker-swarm-converged", comment=JOINED), state("docker-swarm-nodes"))
MEMBER = {"swarm": {"old": "inactive", "new": "worker"}}


class Master:
    """Runs orchestrations against minions that answer what a test says.

    answer
        ``answer(host, sls, kwarg)`` returns what the host answers to a step; None if it is silent.
    asked
        ``[(hosts, what, kwarg)]``
    held
        The same of jobs about the cluster's lock.
    reading
        ``reading(host, **kwarg)`` returns what differs from a reading without a fault, a text instead of one,
        or None of a host that is silent.
    read
        ``[(hosts, kwarg)]`` of jobs of a preflight.
    """

    def __init__(self, root, answer, reading=None):
        self.root, self.answer, self.asked = root, answer, []
        self.reading = reading or (lambda host, **_: {"address": host})
        self.held, self.read = [], []

    def said(self, host, kwarg):
        """What a host answers to a preflight: more than what is well, or something else."""
        found = self.reading(host, **kwarg)
        if found is None:
            return {"failed": True}
        return {"ret": readings.well(**found) if isinstance(found, dict) else found}

    def cmd(self, hosts, function, arg, kwarg, tgt_type, expect_minions):
        assert (tgt_type, expect_minions) == ("list", True)
        what = arg[0] if function == "state.sls" else function
        if what.startswith("swarm_hold."):
            self.held.append((hosts, what, arg))
            return {}
        if what == "swarm_preflight.reading":
            self.read.append((hosts, kwarg))
            return {host: self.said(host, kwarg) for host in hosts}
        self.asked.append((hosts, what, kwarg))
        found = {host: self.answer(host, what, kwarg) for host in hosts}
        return {host: one or {"failed": True} for host, one in found.items()}

    def run(self, sls="docker.bootstrap", given=PILLAR, test=False, renew_seconds=600, **options):
        """(the orchestration's own state, exit code, what salt-run prints)"""
        instead = {"saltutil.cmd": self.cmd}
        options = {"state_output_profile": True, "state_verbose": True, **options}
        with master(self.root, given, test=test, instead=instead, **options) as high:
            data = high(sls)
            own = high.state.state.states["swarm.orchestrated"].func.__globals__
            own["RENEW_SECONDS"] = renew_seconds
            ran = high.state.state.call_high(data)
            opts = dict(high.state.opts, color=False)
        printed = salt.output.out_format({"data": {"master_master": ran}}, "highstate", opts)
        first = min(ran.values(), key=lambda one: one["__run_num__"])
        return first, any(one["result"] is False for one in ran.values()), printed


def all_well(host, sls, kwarg):
    if sls == "swarm_leading.standing":
        return {"ret": {"cluster": "c1", "leads": host == "manager1"}, "retcode": 0}
    if sls == "swarm_prefetch.leaving":
        return {"ret": {"jobs": [], "unknown": 0}, "retcode": 0}
    return CONVERGED if sls == "docker.verify" else FINE


@pytest.fixture
def run(tmp_path):
    def run_(answer=all_well, *args, **kwargs):
        made = Master(tmp_path, answer)
        done = made.run(*args, **kwargs)
        return (*done, made.asked)

    return run_


def last_line(printed):
    """The last line before Salt's own summary, without what Salt puts before and after it."""
    said = printed.partition("\n\nSummary for")[0].rstrip().splitlines()
    said = [line for line in said if not re.match(r"\s*(Started|Duration|Changes):", line)]
    return re.sub(r"^\s*(Comment: |Name: )?|( - Function: .*)$", "", said[-1])


OUTPUTS = ["full", "terse", "mixed", "changes", "filter", "terse_id"]


@pytest.mark.parametrize("form", OUTPUTS)
def test_a_clean_run_ends_with_who_joined(run, form):
    done, failed, printed, _ = run(state_output=form)
    assert done["result"] is True and not failed and done["changes"] == {}
    assert printed.count(JOINED) == 1
    assert len(printed.splitlines()) <= 24
    assert form.endswith("_id") or last_line(printed) == JOINED


def test_filter_that_makes_terse(run):
    _, _, printed, _ = run(state_output="filter", state_output_terse="True,None")
    assert printed.count(JOINED) == 1


@pytest.mark.parametrize("form", ["full", "terse", "changes"])
def test_a_run_that_changes_says_what(run, form):
    def answer(host, sls, kwarg):
        if sls == "docker.worker.join":
            return states(
                state("docker-engine", changes={"docker.io": {"old": "", "new": "1"}}),
                state("docker-swarm-join", changes=MEMBER),
            )
        return all_well(host, sls, kwarg)

    done, _, printed, _ = run(answer, state_output=form)
    assert done["changes"] == {"worker1, worker2": "docker-engine, swarm: inactive -> worker"}
    assert JOINED in printed
    assert [one["name"] for one in done["steps"]] == ["docker-workers-join"]
    assert set(done["steps"][0]["hosts"]) == set(WORKERS)


# --- refusals -------------------------------------------------------------------------------------

LEADS = "no report came from manager3: start its minion, or name it in swarm:init_without"
SILENT = (
    "its minion did not answer: bring back the host or its network, or start the minion there (systemctl start"
    " salt-minion), then run again"
)
BUSY = 'The function "state.sls" is running as PID 77 and was started at 2026 with jid 2026'
RENDER = (
    "Rendering SLS 'base:docker.engine' failed: Jinja variable 'dict object' has no attribute 'x'"
)


def failing(step, comment, hosts=MANAGERS, id_="docker-swarm"):
    """A state that fails on some hosts in a step, and what requires it."""

    def answer(host, sls, kwarg):
        if step in sls and host in hosts:
            return states(
                state("docker-engine"),
                state(id_, False, comment),
                state("docker-swarm-join", False, f"One or more requisite failed: {id_}"),
            )
        return all_well(host, sls, kwarg)

    return answer


def saying(step, said, hosts):
    def answer(host, sls, kwarg):
        return said if step in sls and host in hosts else all_well(host, sls, kwarg)

    return answer


def led(host, sls, kwarg):
    """The one that leads refuses, and the others name it."""
    if "cluster" not in sls:
        return all_well(host, sls, kwarg)
    text = "two swarms" if host == "manager1" else "manager1, which leads, says: two swarms"
    return states(state("docker-swarm", False, text))


MISSING = "3 of 3 managers joined, 1 of 2 workers joined; worker2: no route to manager1"
REFUSALS = {
    "pillar": (all_well, {"swarm": {}}, "pillar top file, '*')"),
    "two slips": (
        all_well,
        {"swarm": {**PILLAR["swarm"], "workers": "w", "init_without": "m"}},
        "pillar swarm:init_without must be a list of minion ids, not 'm': write [m]",
    ),
    "key": (
        all_well,
        {"swarm": {"managers": ["new"]}},
        "accept it (salt-key -a), or correct pillar swarm:managers and swarm:workers",
    ),
    "all managers": (failing("cluster", LEADS), PILLAR, LEADS),
    "one leads": (led, PILLAR, "manager1: two swarms"),
    "silent": (
        saying("docker", None, ["manager2"]),
        PILLAR,
        f"manager2: {SILENT}",
    ),
    "all silent": (
        saying("docker", None, MANAGERS),
        PILLAR,
        f"manager1, manager2, manager3: {SILENT}",
    ),
    "busy": (
        saying("cluster", {"ret": [BUSY]}, ["manager2"]),
        PILLAR,
        "manager2: busy, another run is on there (state.sls, PID 77): run again when it has ended",
    ),
    "does not render": (
        saying("cluster", {"ret": [f"{RENDER}\n---\n a line\n<==\n---"]}, MANAGERS),
        PILLAR,
        RENDER,
    ),
    "engine": (
        failing("engine", "E: Unable to locate\npackage docker.io", ["manager3"], "docker-engine"),
        PILLAR,
        "manager3: docker-engine: E: Unable to locate package docker.io",
    ),
    "a worker is missing": (
        failing("verify", MISSING, id_="docker-swarm-converged"),
        PILLAR,
        MISSING,
    ),
}


@pytest.mark.parametrize("form, test", [("full", False), ("full", True), ("terse", False)])
@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_ends_with_its_line_on_one_screen(run, case, test, form):
    answer, given, text = REFUSALS[case]
    done, failed, printed, _ = run(answer, given=given, test=test, state_output=form)
    assert failed and done["result"] is False and done["changes"] == {}
    assert printed.count(text) == 1, printed
    assert last_line(printed).endswith(text)
    assert len(printed.splitlines()) <= 24
    assert "requisite" not in printed and "weren't testing" not in printed and "{" not in printed


def test_a_terminal_shows_a_refusal_once(run, caplog):
    """Salt logs the comment of a state that fails as an error."""
    run(failing("cluster", LEADS))
    said = [record for record in caplog.records if LEADS in record.getMessage()]
    assert [record.levelname for record in said if record.name == "salt.state"] == ["INFO"]
    assert not logging.getLogger("salt.state").filters, "nothing is left in a master that lives on"


def test_both_slips_are_said_at_once(run):
    _, _, printed, asked = run(given=REFUSALS["two slips"][1])
    assert "swarm:workers must be" in printed and "swarm:init_without must be" in printed
    assert asked == []


def test_what_changed_before_a_failure_is_said(run):
    def answer(host, sls, kwarg):
        if "engine" in sls:
            return states(state("docker-engine", changes={"docker.io": {"old": "", "new": "1"}}))
        return failing("cluster", LEADS)(host, sls, kwarg)

    done, _, printed, _ = run(answer)
    assert done["comment"].splitlines() == [
        "changed on manager1, manager2, manager3: docker-engine",
        LEADS,
    ]
    assert last_line(printed) == LEADS and len(printed.splitlines()) <= 24


def test_eighteen_of_twenty(run, tmp_path):
    """The others join, and the step that compares knows why two did not."""
    keys = {**KEYS, **{f"worker{number}": "k" for number in range(1, 21)}}
    text = "3 of 3 managers joined, 18 of 20 workers joined; worker2: busy; worker7: no space"

    def answer(host, sls, kwarg):
        if sls == "docker.worker.join" and host == "worker2":
            return {"ret": [BUSY]}
        if sls == "docker.worker.join" and host == "worker7":
            return states(state("docker-engine", False, "no space left on device"))
        if sls == "docker.worker.join":
            return states(state("docker-swarm-join", changes=MEMBER))
        if sls == "docker.verify":
            failures = kwarg["pillar"]["swarm_run"]["failures"]
            assert failures["worker7"] == "docker-engine: no space left on device"
            assert failures["worker2"].startswith("busy, another run")
            return states(state("docker-swarm-converged", False, text))
        return FINE

    made = Master(tmp_path, answer)
    from test_sls_bootstrap import accepted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("test_sls_bootstrap.accepted", lambda _: accepted(keys))
        done, failed, printed = made.run()
    assert failed and last_line(printed) == text
    assert len(printed.splitlines()) <= 24
    assert set(done["refused"]) == {"worker2", "worker7", "manager1"}


# --- test mode ------------------------------------------------------------------------------------


@pytest.mark.parametrize("test", [False, True])
@pytest.mark.parametrize("sls", [one for one in ALL if one not in ROLLING])
def test_each_step_gets_test_mode_and_environment_explicitly(run, sls, test):
    """Whatever the configuration of a minion says."""
    _, _, _, asked = run(all_well, sls, pillar(ALL[sls]), test)
    assert asked
    for _, what, kwarg in asked:
        assert what in ("swarm.leftovers", "swarm_leading.standing", "swarm_prefetch.leaving") or (
            kwarg["test"],
            kwarg["saltenv"],
        ) == (test, "base")
        assert "pillarenv" not in kwarg


def test_a_minion_that_runs_in_test_mode_all_the_same(run):
    def answer(host, sls, kwarg):
        if "cluster" in sls and host == "manager1":
            return states(state("docker-swarm", None, "would init", MEMBER))
        return all_well(host, sls, kwarg)

    done, failed, printed, _ = run(answer)
    assert failed
    assert last_line(printed).startswith("manager1: it ran in test mode, so nothing was done there")
    assert run(answer, test=True)[1] is False


def test_test_mode_names_who_would_change(run):
    def answer(host, sls, kwarg):
        if sls == "docker.worker.join":
            return states(state("docker-swarm-join", None, "would join", MEMBER))
        return all_well(host, sls, kwarg)

    done, failed, printed, _ = run(answer, test=True)
    assert done["result"] is None and not failed
    assert "test mode, nothing was done: worker1, worker2 would change" in printed
    done, _, printed, _ = run(test=True)
    assert done["result"] is True and "test mode: nothing would change" in printed


def test_only_hosts_without_the_extension_get_it_in_test_mode(run):
    """By the file that delivers it, for real; then the step again, on them alone."""
    got = set()

    def answer(host, sls, kwarg):
        if sls == "docker.extension":
            assert kwarg["test"] is False
            got.add(host)
            return states(state("swarm-extension", changes={"swarm": "synced"}))
        if host == "worker2" and host not in got:
            return states(
                state("swarm-extension", None, "would"), state("docker-swarm-join", False)
            )
        return all_well(host, sls, kwarg)

    done, failed, _, asked = run(answer, test=True)
    assert not failed and got == {"worker2"}
    assert [hosts for hosts, what, _ in asked if what == "docker.extension"] == [["worker2"]]
    assert [hosts for hosts, what, _ in asked if what == "docker.worker.join"] == [
        WORKERS,
        ["worker2"],
    ]
    assert len(run(test=True)[3]) == len(run()[3]) == 4, "what is there costs no job"


# --- the others -----------------------------------------------------------------------------------


def test_nothing_to_recover_ends_there(run):
    text = "nothing to recover: manager2 sees leader manager1"

    def answer(host, sls, kwarg):
        if sls != "docker.manager.recover":
            return all_well(host, sls, kwarg)
        said = text if host == "manager2" else "manager2 is the one that goes on"
        return states(state("docker-swarm-recovered", comment=said))

    given = pillar({"swarm_recover": "manager2"})
    done, failed, printed, asked = run(answer, "docker.recover", given)
    assert not failed and last_line(printed) == text
    assert [what for _, what, _ in asked] == ["docker.mine", "docker.manager.recover"]


def test_teardown_lists_what_is_left(run):
    ended = "the cluster c1 has ended"
    left = {"volumes": ["kept"], "networks": [], "images": 2, "containers": 0}

    def answer(host, sls, kwarg):
        if sls == "swarm.leftovers":
            return {"ret": left if host == "worker1" else {**left, "volumes": [], "images": 0}}
        if sls == "docker.manager.dissolve":
            said = ended if host == "manager2" else "manager2 leads this run"
            return states(state("docker-swarm-last-left", comment=said))
        return all_well(host, sls, kwarg)

    given = pillar({"swarm_teardown": "c1"})
    done, _, printed, _ = run(answer, "docker.teardown", given)
    assert done["comment"].splitlines() == ["left on worker1: volumes kept, 2 images", ended]
    assert last_line(printed) == ended
    assert "swarm.leftovers" not in [
        what for _, what, _ in run(answer, "docker.teardown", given, True)[3]
    ]


def test_a_plan_ends_with_what_the_run_would_come_to(run):
    """Such as the id that confirms a recovery, and what ends with a cluster."""
    said = "manager2 goes on alone; to confirm: swarm_confirm: node2"

    def answer(host, sls, kwarg):
        if sls != "docker.manager.recover":
            return all_well(host, sls, kwarg)
        if host != "manager2":
            return states(
                state("docker-swarm-recovered", comment="manager2 is the one that goes on")
            )
        return states(
            state("docker-swarm-recovered", None, said, {"swarm": {"old": "", "new": "x"}})
        )

    _, failed, printed, _ = run(
        answer, "docker.recover", pillar({"swarm_recover": "manager2"}), True
    )
    assert not failed
    assert f"Comment: test mode, nothing was done: manager2 would change; {said}" in printed


def test_hosts_that_may_fail_do_not_stop_a_removal(run):
    given = pillar({"swarm_hosts": ["worker2"]})
    done, failed, _, asked = run(saying("docker", None, ["worker2"]), "docker.remove", given)
    assert not failed and len(asked) == 5


def test_a_step_whose_need_failed_does_not_run(run):
    _, failed, _, asked = run(failing("cluster", LEADS))
    assert failed and [what for _, what, _ in asked] == [
        "docker.engine,docker.mine",
        "docker.manager.cluster",
    ]
