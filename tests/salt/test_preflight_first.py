# SPDX-License-Identifier: Apache-2.0
"""The preflight that comes before the first step of an orchestration: whom it asks, what ends the run,
and what the run goes on with."""

import pytest
from test_sls_bootstrap import HOSTS
from test_sls_orchestrations import pillar
from test_state_orchestrated import JOINED, MANAGERS, Master, all_well, state, states

MISSING = "'swarm_preflight.reading' is not available."
FAULTS = {
    "manager1": {"state": "active", "serving": "10.0.0.1:2377", "engine_id": "e1"},
    "worker1": {"cut_off": ["10.0.0.1:2377"], "live_restore": True},
    "worker2": {"engine_id": "e1", "time": 0.0},
}
NAMES = ["port-2377", "engine-id", "live-restore", "clock"]
EVEN = {"managers": ["manager1", "manager2"]}


def faulty(host, **_):
    return {"address": host, **FAULTS.get(host, {})}


@pytest.fixture
def made(tmp_path):
    """``made(reading, **run)``: (the master, its state, whether it failed, what it prints)."""

    def make(reading=None, answer=all_well, **given):
        master = Master(tmp_path, answer, reading)
        return (master, *master.run(**given))

    return make


@pytest.mark.parametrize("test", [True, False])
def test_five_faults_in_one_answer_end_the_run_before_its_first_step(made, test):
    master, done, failed, printed = made(faulty, given=pillar({}, **EVEN), test=test)
    assert failed and done["changes"] == {} and master.asked == [] == master.held
    lines = done["comment"].splitlines()
    assert [line.split(":")[0] for line in lines] == ["warning", *NAMES, "nothing was changed"]
    assert lines[0].startswith("warning: managers-even: 2 managers survive no more failures")
    assert lines[-1].endswith(
        '{"swarm_ignore": ["port-2377", "engine-id", "live-restore", "clock"]}\''
    )
    assert all(line in printed for line in lines)
    assert done["refused"] == {"preflight": lines[1:]}
    assert {row["name"] for row in done["preflight"] if row["ok"] is False} == {
        *NAMES,
        "managers-even",
    }


@pytest.mark.parametrize("name", NAMES)
def test_each_is_ignored_by_its_name(made, name):
    _, done, failed, _ = made(faulty, given=pillar({"swarm_ignore": name}))
    assert failed and f"warning: {name}: " in done["comment"]
    assert name not in done["comment"].splitlines()[-1]


def test_what_is_ignored_is_printed_and_the_run_goes_on(made):
    """By pillar, and by the command line."""
    given = pillar({"swarm_ignore": NAMES[:2]}, preflight={"ignore": NAMES[2:]}, **EVEN)
    _, done, failed, printed = made(faulty, given=given)
    assert not failed
    lines = done["comment"].splitlines()
    assert [line.split(": ")[1] for line in lines[:-1]] == [*NAMES, "managers-even"]
    assert lines[-1] == JOINED and all(line in printed for line in lines)
    assert lines[:-1] == done["notes"][:5]


def test_warnings_of_pillar_are_not_said_twice(made):
    _, done, failed, _ = made(given=pillar({}, **EVEN))
    assert not failed and "even number" not in done["comment"]
    assert done["comment"].startswith("warning: managers-even: 2 managers")


@pytest.mark.parametrize("given", [{"swarm_ignore": "clok"}, {"swarm_ignore": ["clock", "clok"]}])
def test_an_unknown_name_is_refused_before_anybody_is_asked(made, given):
    master, done, failed, _ = made(given=pillar(given))
    assert failed and (master.asked, master.read) == ([], [])
    assert done["comment"] == "swarm_ignore: unknown check clok (did you mean clock?)"


def test_one_job_asks_all_hosts(made):
    master, done, failed, _ = made()
    assert not failed and done["comment"] == JOINED
    ((hosts, given),) = master.read
    assert hosts == HOSTS and len(given.pop("run")) == 16
    assert given == {"fresh": True, "saltenv": "base", "digests": ""}


def test_hosts_without_the_modules_get_them(made):
    got = set()

    def reading(host, **_):
        return MISSING if host not in got and host != "manager1" else {"address": host}

    def answer(host, sls, kwarg):
        if sls == "docker.extension":
            assert kwarg["test"] is False
            got.add(host)
            return states(state("swarm-extension", changes={"swarm": "synced"}))
        return all_well(host, sls, kwarg)

    master, _, failed, _ = made(reading, answer, test=True)
    assert not failed and got == set(HOSTS[1:])
    assert [hosts for hosts, _ in master.read] == [HOSTS, HOSTS[1:]]


def test_a_host_that_cannot_say_is_not_well(made):
    _, done, failed, _ = made(lambda host, **_: MISSING if host == "worker2" else {"address": host})
    assert failed and f"worker2: {MISSING}" in done["comment"]


def test_a_silent_host_is_left_to_its_step(made):
    """A worker that is off keeps nobody out."""

    def reading(host, **_):
        return None if host == "worker2" else {"address": host}

    def answer(host, sls, kwarg):
        return None if host == "worker2" else all_well(host, sls, kwarg)

    master, done, failed, _ = made(reading, answer)
    assert failed and "worker2: its minion did not answer" in done["comment"]
    assert done["comment"].startswith("warning: not checked: worker2 did not answer")
    assert "docker.worker.join" in [what for _, what, _ in master.asked]


def test_hosts_outside_the_swarm_are_told_its_managers(made):
    serving = "10.0.0.1:2377"

    def reading(host, managers=(), **_):
        if host == "manager1":
            return {"state": "active", "serving": serving}
        return {"address": host, "cut_off": [one for one in managers if host == "worker2"]}

    master, done, failed, _ = made(reading)
    assert [hosts for hosts, _ in master.read] == [HOSTS, HOSTS[1:]]
    assert master.read[1][1]["managers"] == [serving]
    assert failed and f"port-2377: worker2: cannot reach {serving}" in done["comment"]


def test_other_orchestrations_ask_nothing(made):
    master, _, failed, _ = made(sls="docker.remove", given=pillar({"swarm_hosts": ["worker2"]}))
    assert not failed and master.read == []
    master, _, _, _ = made(
        sls="docker.replace", given=pillar({"swarm_replace": {"worker1": "worker2"}})
    )
    assert master.read


def jobs(master):
    """Each job of a run, by what it runs."""
    return [*("reading" for _ in master.read), *(what for _, what, _ in master.asked)] + [
        what for _, what, _ in master.held
    ]


def ready(host, **more):
    """What a host says where the engine has nothing to change, and its facts are published."""
    role = "manager" if host in MANAGERS else "worker"
    cluster = "c1" if host in MANAGERS else ""
    found = {"role": role, "node_id": f"n-{host}", "cluster": cluster, "drift": [], **more}
    return {"state": "active", "address": host, "ready": found}


def bare(host, **_):
    return {**ready(host, role="", node_id="", cluster=""), "state": "inactive"}


def settled(host, sls, kwarg):
    """Each step is well, and of docker.verify also the state that proves it."""
    if sls == "docker.verify":
        return states(
            state("docker-swarm-settled"), state("docker-swarm-converged", comment=JOINED)
        )
    return all_well(host, sls, kwarg)


STEPS = ["docker.engine,docker.mine", "docker.manager.cluster", "docker.worker.join"]
BOTH = pytest.mark.parametrize("test", [True, False], ids=["test mode, so plan", "real"])


@BOTH
def test_the_jobs_of_a_run_that_changes_nothing(made, test):
    """One look, and one manager proves that all are in: what the facts have is not asked again."""
    master, done, failed, printed = made(lambda host, **_: ready(host), settled, test=test)
    assert not failed and done["changes"] == {} and JOINED in printed
    assert jobs(master) == ["reading", "docker.verify"]
    ((hosts, _, kwarg),) = master.asked
    assert hosts == ["manager1"] and kwarg["test"] is test
    assert kwarg["pillar"]["swarm_run"]["settles"] is True


@BOTH
@pytest.mark.parametrize("answer", [None, "settled", "another"])
def test_a_manager_that_does_not_prove_it(made, test, answer):
    """All other steps run then, and the last one again: what it said before counts for nothing."""
    asked = []

    def verify(host, sls, kwarg):
        if sls == "docker.verify" and kwarg["pillar"]["swarm_run"].get("settles"):
            asked.append(host)
            if answer is None:
                return None
            failed = state("docker-swarm-settled", False, "not settled: worker1 is not in")
            return states(failed if answer == "settled" else state("x", False, "not settled"))
        return all_well(host, sls, kwarg)

    master, done, failed, printed = made(lambda host, **_: ready(host), verify, test=test)
    assert asked == ["manager1"] and not failed and "not settled" not in printed
    assert done["refused"] == {} and JOINED in done["comment"]
    assert jobs(master) == ["reading", "docker.verify", *STEPS[1:], "docker.verify"]


def test_what_fails_after_the_proof_is_the_end(made):
    def verify(host, sls, kwarg):
        if sls == "docker.verify":
            labels = state("docker-swarm-nodes", False, "no label")
            return states(state("docker-swarm-settled"), labels)
        return all_well(host, sls, kwarg)

    master, done, failed, _ = made(lambda host, **_: ready(host), verify)
    assert failed and done["refused"] == {"manager1": ["no label"]}
    assert jobs(master) == ["reading", "docker.verify", "swarm_hold.release"]


@BOTH
def test_hosts_outside_a_swarm_with_engines(made, test):
    """Their engines are not looked at again, and their facts are published."""
    master, _, failed, _ = made(bare, test=test)
    assert not failed
    assert jobs(master) == ["reading", *STEPS[1:], "docker.verify"]
    assert master.asked[1][2]["exclude"] == [{"sls": "docker.engine"}]
    assert "settles" not in master.asked[2][2]["pillar"]["swarm_run"]


def not_(name, **more):
    """All hosts are ready, except that this one differs."""
    return lambda host, **_: ready(host, **more) if host == name else ready(host)


NOT_READY = {"address": "x", "ready": None}
ODD = [None, "yes", [], {}, {"role": "worker"}]


@pytest.mark.parametrize(
    "reading",
    [
        not_("worker1", role="manager"),
        not_("worker1", role=""),
        not_("worker1", node_id="n-worker2"),
        not_("worker1", node_id=""),
        not_("manager2", role="worker"),
        not_("manager2", cluster="c2"),
        *(lambda host, one=one, **_: {**ready(host), "ready": one} for one in ODD),
        lambda host, **_: None if host == "worker2" else ready(host),
    ],
)
@BOTH
def test_what_is_not_in_place_gets_its_steps(made, test, reading):
    """A host that is silent, too: its own step says so."""
    master, _, _, _ = made(reading, settled, test=test)
    assert [what for what in jobs(master) if what == "docker.verify"] == ["docker.verify"]
    assert [what for what in jobs(master) if what in STEPS[1:]] == STEPS[1:]


def test_a_manager_whose_engine_is_to_change(made):
    """It alone has the first step."""

    def reading(host, **_):
        return {**bare(host), "ready": None} if host == "manager2" else bare(host)

    master, _, failed, _ = made(reading)
    assert not failed
    assert master.asked[0][:2] == (["manager2"], STEPS[0])
    assert jobs(master) == ["reading", *STEPS, "docker.verify"]


def test_a_worker_whose_engine_is_to_change(made):
    def reading(host, **_):
        return {**bare(host), "ready": None} if host == "worker1" else bare(host)

    master, _, failed, _ = made(reading)
    assert not failed and jobs(master) == ["reading", *STEPS[1:], "docker.verify"]
    assert "exclude" not in master.asked[1][2]


def test_the_second_look_does_not_publish_again(made):
    def reading(host, managers=(), run="", **_):
        if host in MANAGERS:
            return {**ready(host), "serving": "10.0.0.1:2377"}
        assert bool(run) != bool(managers)
        found = bare(host)
        if not run:
            del found["ready"]
        return found

    master, _, failed, _ = made(reading)
    assert not failed and len(master.read) == 2
    assert jobs(master) == ["reading"] * 2 + [*STEPS[1:], "docker.verify"]
    assert master.asked[1][2]["exclude"] == [{"sls": "docker.engine"}]


def test_a_refusal_comes_before_the_proof(made):
    def reading(host, **_):
        return {**ready(host), "live_restore": host == "worker1"}

    master, done, failed, _ = made(reading, settled)
    assert failed and master.asked == [] and "live-restore" in done["comment"]


def test_drift_of_hosts_whose_engine_is_not_asked_again(made):
    master, done, failed, _ = made(not_("worker1", drift=["too old"]), settled, test=True)
    assert not failed and done["drift"] == {"worker1": ["too old"]}


@BOTH
def test_the_jobs_where_no_host_says_that_it_is_ready(made, test):
    """As with engines that are not installed yet: one look, and one job a step."""
    master, done, failed, _ = made(test=test)
    assert not failed and done["changes"] == {}
    assert jobs(master) == ["reading", *STEPS, "docker.verify"]


def test_other_orchestrations_do_all_of_their_steps(made):
    given = pillar({"swarm_replace": {"worker1": "worker2"}})
    master, _, _, _ = made(lambda host, **_: ready(host), sls="docker.replace", given=given)
    assert all("run" not in kwarg for _, kwarg in master.read)
    assert [what for what in jobs(master) if what in STEPS] == STEPS


def test_the_jobs_of_bare_hosts_in_test_mode(made):
    """A step that only predicts the extension would run twice; by then the preflight has brought it."""
    got = set()

    def reading(host, **_):
        return {"address": host} if host in got else MISSING

    def answer(host, sls, kwarg):
        if sls == "docker.extension":
            got.add(host)
        return all_well(host, sls, kwarg)

    found = {}
    for test in (True, False):
        got.clear()
        found[test] = jobs(made(reading, answer, test=test)[0])
    assert found[True] == found[False] and len(found[True]) == 7


def test_drift_comes_with_the_steps(made):
    """``salt-run swarm.plan`` shows it, and asks nobody for it."""
    line = "docker-ce is 26.1.0, pillar says 28.5.2 (not changed: this host is a member of a swarm)"

    def answer(host, sls, kwarg):
        found = all_well(host, sls, kwarg)
        if host != "worker1" or sls != "docker.worker.join":
            return found
        tag = "swarm_engine_|-docker-engine_|-docker-engine_|-installed"
        engine = {**next(iter(state("docker-engine").values())), "warnings": [line]}
        return {**found, "ret": {tag: engine, **found["ret"]}}

    _, done, failed, _ = made(answer=answer, test=True)
    assert not failed and done["drift"] == {"worker1": [line]}
