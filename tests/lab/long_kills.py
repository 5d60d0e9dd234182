# SPDX-License-Identifier: Apache-2.0
"""
Rolling runs that are killed at every step, one after the other: the run itself, the minion that a step is asked
of, the engine of the host under work, the engine of the leader. The same command again finishes it: no spec stays
changed, no node drained without a reason, no task of another node restarts. The same for a node that is emptied
by hand. And what others do meanwhile: another master at the same second, and people.
`make check-lab-long` names this file.
"""

import contextlib
import itertools
import json
import subprocess
import threading
import time

import pytest
import upgrading
from conftest import LAB, MANAGERS, engine_says, until, until_answers, without_salts_own
from faults import at_once

HOSTS = ("worker1", "worker2")
# The manager that is asked: no run works on it.
ASKED = "manager3"
REBOOT = ["salt-run", "state.orchestrate", "docker.reboot", "--out=json"]
SCRIPT = (LAB.parent / "steps_of_a_run.py").read_text()
MARKS = ("saltext.swarm.was", "saltext.swarm.reason", "saltext.swarm.moved", "saltext.swarm.since")
# What a run may say to the same command again, before the killed one's last job has ended.
BUSY = ("busy, another run is on here", "did not answer", "docker is ", "docker does not answer")


# --- the swarm before and after -------------------------------------------------------------------


@pytest.fixture(scope="module")
def services(swarm):
    """A service that moves without a gap, and a global one, whose tasks stay on the hosts beside."""
    lab = swarm
    upgrading.give_web(lab, *HOSTS)
    common = "--detach --no-resolve-image --endpoint-mode dnsrr --mode global --name glob"
    run = f"lab:1 /bin/busybox sh -c '{upgrading.SERVE}'"
    lab.shell("manager1", f"docker service create {common} {run}")
    until(lambda: len(tasks(lab)) == 4 + len(HOSTS), "all tasks run")
    lab.pillar(reboot={"confirm": False})
    yield lab
    lab.shell("manager1", "docker service rm web glob", check=False)
    lab.pillar()


def tasks(lab, asked=ASKED):
    """``{task id: node id}`` of the tasks that run and are to run."""
    return {
        one["ID"]: one.get("NodeID")
        for one in lab.one(asked, "swarm.call", "task_list")
        if one["DesiredState"] == one["Status"]["State"] == "running"
    }


def runs(lab, asked):
    """The nodes of the tasks of web; none while not all of them run, or an update goes on."""
    web = lab.one(asked, "swarm.call", "service_inspect", "id=web")
    found = [
        one["NodeID"]
        for one in lab.one(asked, "swarm.call", "task_list")
        if one["ServiceID"] == web["ID"]
        and one["DesiredState"] == one["Status"]["State"] == "running"
    ]
    settled = web.get("UpdateStatus", {}).get("State") != "updating"
    return found if settled and len(found) == 4 else []


def spread(lab, asked):
    """Web has tasks on both hosts: some that are moved, and some that must not restart."""

    def are_spread():
        if len({*runs(lab, asked)}) == len(HOSTS):
            return True
        # Once more without a change: the spec to roll back to is the same again.
        update = "docker service update --quiet"
        lab.shell(asked, f"{update} --force web && {update} web")
        return False

    until(are_spread, "tasks of web on both hosts")


def fates(lab, asked, ids):
    """What became of tasks, a line each."""
    lines = []
    for one in lab.one(asked, "swarm.call", "task_list"):
        status = one["Status"]
        said = [status["State"], status.get("Message"), status.get("Err"), status["Timestamp"]]
        lost = " LOST" if one["ID"] in ids else ""
        lines.append(
            f"{one['ServiceID'][:5]} {one.get('Slot')} {one['ID']} on {one.get('NodeID')} of"
            f" {one['CreatedAt']}: {one['DesiredState']} {said}{lost}"
        )
    return "\n".join(sorted(lines))


def specs(lab, asked=ASKED):
    """The services as the engine has them, without what each update changes; and as before the last one."""
    found = {}
    for name in ("web", "glob"):
        service = lab.one(asked, "swarm.call", "service_inspect", f"id={name}")
        assert service.get("PreviousSpec", service["Spec"]) == service["Spec"], name
        found[name] = json.dumps(service["Spec"])
    return found


class Before:
    """What must be the same after a run on these hosts that was killed, and run again. asked: a manager."""

    def __init__(self, lab, *hosts, asked=ASKED):
        self.lab, self.hosts, self.asked = lab, hosts, asked
        self.specs, self.nodes, self.tasks = specs(lab, asked), lab.nodes(asked), tasks(lab, asked)

    def assert_again(self, engines=()):
        """engines: of hosts whose own tasks restarted with them."""
        lab = self.lab
        until(self.settled, "all nodes and tasks are there")
        nodes = lab.nodes(self.asked)
        for name, node in nodes.items():
            before = self.nodes[name]
            assert node["availability"] == before["availability"], (name, node)
            assert node["role"] == before["role"], (name, node)
            assert not set(MARKS) & set(node["labels"]), (name, node)
        assert specs(lab, self.asked) == self.specs
        self.assert_kept(*engines)
        assert lab.one(self.asked, "swarm.lock_show") == {}

    def assert_kept(self, *engines):
        """No task of another node restarted."""
        own = [self.nodes[name]["id"] for name in (*self.hosts, *engines)]
        kept = {id_ for id_, node in self.tasks.items() if node not in own}
        lost = kept - set(tasks(self.lab, self.asked))
        assert not lost, fates(self.lab, self.asked, lost)

    def are_ready(self):
        try:
            nodes = self.lab.nodes(self.asked).values()
        except AssertionError:
            return False  # no leader yet
        ready = all(node["state"] == "ready" for node in nodes)
        reached = all(node["reachability"] == "reachable" for node in nodes if node["member"])
        return ready and reached

    def settled(self):
        return self.are_ready() and len(tasks(self.lab, self.asked)) >= len(self.tasks)

    def assert_said(self):
        """Right after a kill: no node is out of use without a reason."""
        for name, node in self.lab.nodes(self.asked).items():
            out = node["availability"] != self.nodes[name]["availability"]
            assert not out or node["labels"].get("saltext.swarm.reason"), (name, node)


# --- a run and its steps --------------------------------------------------------------------------


@contextlib.contextmanager
def power(lab, *hosts):
    """A reboot within a host of the lab ends it: somebody turns it on again."""
    ended = threading.Event()

    def watch():
        while not ended.wait(0.5):
            for host in hosts:
                if lab.on(host, "true", check=False).code:
                    lab("start", host, check=False)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()


def run_with_steps(lab, command, kill_at=0, at=(), act=None, since=""):
    """
    Run a command, killed as its step `kill_at` begins, or with `act(step)` beside it as each of its steps `at`
    begins: numbers, or functions, each of which counts once. The steps count from the first one of the function
    `since`.
    Returns its steps, its exit code (negative: it was killed) and its output.
    """
    args = [LAB, "exec", "master", "/opt/salt/bin/python3", "-c", SCRIPT]
    args.append(json.dumps([kill_at, since, command]))
    steps, left = [], set(at)
    with subprocess.Popen(
        args, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as run:
        for line in run.stdout:
            said = json.loads(line)
            if isinstance(said, dict):
                assert "Traceback" not in without_salts_own(said["out"]), said["out"]
                return steps, said["code"], said["out"]
            steps.append(said)
            met = left & {len(steps), said[0]}
            left -= met
            if met:
                act(said)
    raise AssertionError(f"no end of the run, only steps {steps}")


def again(lab, command=REBOOT, seconds=300):
    """The same command again: while something of the killed one still runs, one line says so."""
    end = time.monotonic() + seconds
    while True:
        _, code, out = run_with_steps(lab, command)
        if code == 0:
            return out
        assert any(text in out for text in BUSY), out[-3000:]
        assert time.monotonic() < end, out[-3000:]


def needs_reboot(lab, host):
    lab.on(host, "touch", "/run/reboot-required")


# --- the run is killed ----------------------------------------------------------------------------


def test_the_run_is_killed_at_each_step(services):
    lab, host = services, "worker1"
    number, code = 0, -9
    while code < 0:
        number += 1
        before = Before(lab, host)
        needs_reboot(lab, host)
        with power(lab, host):
            steps, code, out = run_with_steps(lab, REBOOT, kill_at=number)
            assert code in (-9, 0), out[-3000:]
            touched = any(step[0] == "swarm.evict" for step in steps)
            if code < 0 and touched:
                upgrading.until_free(lab, [one for one in (*MANAGERS, *HOSTS) if one != host])
                before.assert_said()
                again(lab)
        # What was killed before its first change of a host is run again as the next number.
        if code == 0 or touched:
            before.assert_again()
    assert len(steps) > 15, steps


# --- a minion is killed ---------------------------------------------------------------------------


def kill_minion(lab, host):
    lab.on(host, "systemctl", "kill", "-s", "KILL", "salt-minion", check=False)
    lab.on(host, "systemctl", "restart", "salt-minion", check=False)


def test_the_minion_of_each_step_is_killed(services):
    lab = services
    number, fits = 0, True
    while fits:
        number += 1
        host = HOSTS[number % 2]
        before = Before(lab, host)
        needs_reboot(lab, host)
        killed = []

        def act(step, killed=killed):
            killed.append(step)
            kill_minion(lab, step[2][0])

        with power(lab, host):
            steps, code, out = run_with_steps(
                lab, REBOOT, at=[number], act=act, since="swarm.evict"
            )
            fits = bool(killed)
            for name in (*MANAGERS, *HOSTS):
                until_answers(lab, name)
            if code:
                before.assert_said()
                again(lab)
        before.assert_again()
    assert number > 5, steps


# --- an engine is killed --------------------------------------------------------------------------

# Two steps of one run whose number differs by this meet a kill each: the engine is back by then.
APART = 6


def killing(unit):
    """A line that kills a unit. systemd starts an engine again, also after several kills."""
    line = f"systemctl kill -s KILL {unit}; sleep 0.2; systemctl reset-failed {unit}"
    return line if unit == "docker" else f"{line}; systemctl restart {unit}"


def kill_engine(lab, host):
    """A host that is off has none."""
    lab.shell(host, killing("docker"), check=False)


def at_each_step(lab, choose, kill):
    """
    Reboot a host with a kill as a step of it begins, again and again, until each of the steps has met one: by
    their numbers since the host is emptied, more than one in a run. The same command again finishes each run.

    choose
        Returns the host of the next run, and the manager that is asked of what became of it.
    kill
        Called with the host.
    """
    met, number = set(), 1
    while True:
        host, asked = choose()
        spread(lab, asked)
        before = Before(lab, host, asked=asked)
        needs_reboot(lab, host)
        at = [one for one in range(number, number + 10 * APART, APART) if one not in met]
        killed = []

        def act(step, host=host, killed=killed):
            killed.append(step)
            kill(host)

        with power(lab, host):
            steps, code, out = run_with_steps(lab, REBOOT, at=at, act=act, since="swarm.evict")
            met |= {*at[: len(killed)]}
            until(before.are_ready, "all nodes are there")
            if code:
                before.assert_said()
                again(lab)
        before.assert_again()
        if not killed and code == 0:
            return met
        number = min({*range(1, len(met) + 2)} - met)


def test_the_engine_of_the_host_is_killed_at_each_step(services):
    lab = services
    turn = itertools.cycle(HOSTS)
    met = at_each_step(lab, lambda: (next(turn), ASKED), lambda host: kill_engine(lab, host))
    assert len(met) > 6, met


# --- the leader -----------------------------------------------------------------------------------


def leader(lab):
    """The manager that leads, by whoever can say; None if nobody can."""
    for name in MANAGERS:
        said = engine_says(lab, name, "node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}")
        for line in (said or "").splitlines():
            if line.endswith(" Leader"):
                return line.split()[0]
    return None


def leader_and_another(lab):
    """The leader and the last of the other managers: the run asks the first of them."""
    led = until(lambda: leader(lab), "a leader")
    return led, [name for name in MANAGERS if name != led][-1]


def test_the_run_on_the_leader_is_killed_at_each_step(services):
    lab = services
    number, code = 0, -9
    while code < 0:
        number += 1
        host, asked = leader_and_another(lab)
        before = Before(lab, host, asked=asked)
        needs_reboot(lab, host)
        with power(lab, host):
            given = {"kill_at": number, "since": "swarm.evict"}
            steps, code, out = run_with_steps(lab, REBOOT, **given)
            assert code in (-9, 0), out[-3000:]
            if code < 0:
                upgrading.until_free(lab, [one for one in (*MANAGERS, *HOSTS) if one != host])
                before.assert_said()
                again(lab)
        before.assert_again()
    assert len(steps) > 10, steps


def test_the_engine_that_leads_is_killed_at_each_step(services):
    """The one that leads at that step: from the demotion on it is not the host under work."""
    lab = services

    def kill(_):
        led = leader(lab)
        if led:
            kill_engine(lab, led)

    met = at_each_step(lab, lambda: leader_and_another(lab), kill)
    assert len(met) > 10, met


# --- a node that is emptied by hand ---------------------------------------------------------------


class Changes:
    """
    What a manager's engine tells of the changes of nodes and services, counted: at one of them `act()` is called.
    """

    def __init__(self, lab, manager, number, act):
        self.lab, self.manager, self.number, self.act = lab, manager, number, act
        self.seen = []

    def __enter__(self):
        events = "docker events --filter type=node --filter type=service --format '{{json .}}'"
        run = ["systemd-run", "--unit=changes", "--collect", "--quiet", "--pipe", "sh", "-c"]
        self.process = subprocess.Popen(
            [LAB, "exec", self.manager, *run, f"echo; exec {events}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.process.stdout.readline()
        time.sleep(0.5)
        self.reading = threading.Thread(target=self.read)
        self.reading.start()
        return self

    def read(self):
        for line in self.process.stdout:
            self.seen.append(line)
            if len(self.seen) == self.number:
                self.act()

    def __exit__(self, *_):
        self.lab.on(self.manager, "systemctl", "stop", "changes", check=False)
        self.process.wait()
        self.reading.join()

    @property
    def met(self):
        return len(self.seen) >= self.number


@contextlib.contextmanager
def armed(host, unit):
    """A function that kills a unit of a host at once: what kills it waits there."""
    with subprocess.Popen(
        [LAB, "exec", host, "sh", "-c", f"read go || exit; {killing(unit)}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield lambda: print("go", file=process.stdin, flush=True)


def killed_in(lab, number, before, acting, function, victim, unit):
    """Call a function with a kill at a change that it makes. Return whether it made so many."""
    host = before.hosts[0]
    with armed(victim, unit) as act, Changes(lab, before.asked, number, act) as changes:
        first = lab.salt(acting, function, host, check=False, seconds=10).get(acting)
        met = changes.met
    assert "Traceback" not in str(first), first
    for name in {acting, victim}:
        until_answers(lab, name)
    upgrading.until_free(lab, [acting])
    until(before.are_ready, "all nodes are there")
    before.assert_said()
    until(lambda: runs(lab, before.asked), "web runs, and has no update that goes on")
    return met


class Places:
    """Who is who in one eviction: the host, the leader, the manager that carries it out, one that is asked."""

    def __init__(self, lab, number):
        self.host = HOSTS[number % 2]
        self.led = until(lambda: leader(lab), "a leader")
        self.acting, self.asked = (name for name in MANAGERS if name != self.led)
        spread(lab, self.asked)
        self.before = Before(lab, self.host, asked=self.asked)


@pytest.mark.parametrize("who", ["minion", "leader", "engine"])
def test_an_eviction_is_killed_at_each_change(services, who):
    lab = services
    number, left = 0, ["swarm.evict", "swarm.evict_undo"]
    while left:
        number += 1
        at = Places(lab, number)
        victim = {"minion": at.acting, "leader": at.led, "engine": at.host}[who]
        unit = "salt-minion" if who == "minion" else "docker"
        for function in ("swarm.evict", "swarm.evict_undo"):
            given = (at.before, at.acting, function, victim, unit)
            if function in left and not killed_in(lab, number, *given):
                left.remove(function)
            lab.one(at.acting, function, at.host)
            if function == "swarm.evict":
                node = lab.nodes(at.asked)[at.host]
                assert node["availability"] == "drain", node
                assert node["labels"]["saltext.swarm.reason"], node
                assert specs(lab, at.asked) == at.before.specs
                at.before.assert_kept()
        at.before.assert_again()
    assert number > 5


def test_an_eviction_that_was_killed_is_undone(services):
    lab = services
    number, met = 0, True
    while met:
        number += 1
        at = Places(lab, number)
        given = (at.before, at.acting, "swarm.evict", at.acting, "salt-minion")
        met = killed_in(lab, number, *given)
        lab.one(at.acting, "swarm.evict_undo", at.host)
        at.before.assert_again()
    assert number > 5


# --- others at work -------------------------------------------------------------------------------


SECOND = """
set -e
rm -rf /etc/salt2 /var/cache/salt/second; mkdir -p /var/cache/salt/second/proc
cp -a /etc/salt /etc/salt2; cp -a /var/cache/salt/master/.*_key /var/cache/salt/second/
printf 'id: second\\ncachedir: /var/cache/salt/second\\n' >/etc/salt2/master.d/zz_second.conf
"""


def test_two_masters_at_the_same_second(services):
    """A master of another id, with a cache of its own, does not see the run of the first: the lock is between."""
    lab = services
    before = Before(lab, *HOSTS)
    lab.shell("master", SECOND)
    for host in HOSTS:
        needs_reboot(lab, host)
    boots = [boot(lab, host) for host in HOSTS]
    second = [REBOOT[0], "-c", "/etc/salt2", *REBOOT[1:]]
    with power(lab, *HOSTS), at_once(lab.on, "master", *second, check=False) as other:
        first = lab.on("master", *REBOOT, check=False)
    other = other.ended()
    assert sorted(run.code for run in (first, other)) == [0, 1], first.out + other.out
    won, lost = sorted((first, other), key=lambda run: run.code)
    assert "2 of 5 hosts were rebooted" in won.out
    holder = "second" if won is other else "master"
    said = [line for line in lost.out.splitlines() if " holds the cluster since " in line]
    assert said and f"by {holder}" in said[0] and "docker.reboot" in said[0], lost.out
    assert not set(boots) & {boot(lab, host) for host in HOSTS}
    before.assert_again(engines=HOSTS)
    lab.shell("master", "rm -rf /etc/salt2 /var/cache/salt/second")


def boot(lab, host):
    return lab.on(host, "cat", "/proc/sys/kernel/random/boot_id").out.strip()


def by_hand(lab, hosts, function, command):
    """A run beside which somebody types a command on a manager as the first step of this function begins."""
    done = []

    def act(step):
        done.append(lab.shell(ASKED, command))

    for host in hosts:
        needs_reboot(lab, host)
    with power(lab, *hosts):
        steps, code, out = run_with_steps(lab, REBOOT, at=[function], act=act)
        assert done, (steps, out[-3000:])
        if code:
            # Its fifth task did not run yet when the others were to move.
            assert "web: only 4 of its 5 tasks run; everything was put back" in out, out[-3000:]
            again(lab)


def test_a_service_that_is_scaled_meanwhile(services):
    lab = services
    before = Before(lab, "worker1")
    by_hand(lab, ["worker1"], "swarm.evict", "docker service scale --detach web=5")
    scaled = before.specs["web"].replace('"Replicas": 4', '"Replicas": 5')
    assert json.dumps(lab.one(ASKED, "swarm.call", "service_inspect", "id=web")["Spec"]) == scaled
    until(lambda: len(tasks(lab)) == len(before.tasks) + 1, "five tasks of web")
    lab.shell(ASKED, "docker service scale web=4; docker service update --detach web")


def test_a_node_that_is_drained_meanwhile(services):
    lab = services
    drain = "docker node update --availability drain worker2"
    by_hand(lab, ["worker1"], "swarm_upgrade.reboot", drain)
    nodes = lab.nodes(ASKED)
    assert [nodes[name]["availability"] for name in HOSTS] == ["active", "drain"]
    assert not set(MARKS) & {*nodes["worker1"]["labels"], *nodes["worker2"]["labels"]}
    lab.shell(ASKED, "docker node update --availability active worker2")
    until(lambda: len(tasks(lab)) == 4 + len(HOSTS), "all tasks run")


def test_a_worker_that_is_promoted_meanwhile(services):
    """It is rebooted as the manager that it is then."""
    lab = services
    before = [boot(lab, host) for host in HOSTS]
    by_hand(lab, HOSTS, "swarm.evict", "docker node promote worker2")
    nodes = lab.nodes(ASKED)
    assert nodes["worker2"]["role"] == "manager" and nodes["worker2"]["availability"] == "active"
    assert not set(before) & {boot(lab, host) for host in HOSTS}
    lab.shell(ASKED, "docker node demote worker2")
