# SPDX-License-Identifier: Apache-2.0
"""
What the tests of the lab share: commands on its hosts, Salt's answers as data, and the search for
secrets. One lab of three managers and three workers serves all of them, in the files' order.
"""

import contextlib
import json
import os
import pathlib
import re
import select
import subprocess
import time

import pytest

LAB = pathlib.Path(__file__).parent / "lab"
# One of each is enough for some of the long tests by themselves.
MANAGERS = [f"manager{number + 1}" for number in range(int(os.environ.get("LAB_MANAGERS", "3")))]
WORKERS = [f"worker{number + 1}" for number in range(int(os.environ.get("LAB_WORKERS", "3")))]
HOSTS = MANAGERS + WORKERS
# Whether a test failed since the lab was last known to be whole.
BROKEN = pytest.StashKey()
# Longest that one command may take; a hung engine must end a test, not the whole run.
COMMAND_SECONDS = 300
# Longest that a change of the cluster may take to be seen: an election and a new session of each node.
SEEN_SECONDS = 120
# Salt's own 5 s, after which it asks what a minion is at, are short beside six hosts on two cores.
ANSWER_SECONDS = 60


class Result:
    """How a command ended: exit code, output, and output as JSON."""

    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        start = min((self.out.find(c) for c in "[{" if c in self.out), default=0)
        return json.JSONDecoder().raw_decode(self.out[start:])[0]


class Run:
    """One run of an orchestration, as it returned it."""

    def __init__(self, result):
        self.code, self.out = result.code, result.out + result.err
        self.steps = {}
        if '"data"' in result.out:
            for states in result.json["data"].values():
                self.steps = states if isinstance(states, dict) else {}

    def _hosts(self):
        for state in self.steps.values():
            for step in state.get("steps") or []:
                for host, states in step["hosts"].items():
                    # A host may say something else, and a function returns what it likes.
                    states = states if isinstance(states, dict) else {}
                    yield (
                        host,
                        {
                            tag: one
                            for tag, one in states.items()
                            if isinstance(one, dict) and "result" in one
                        },
                    )

    def changes(self):
        """``{(host, state function, id): changes}`` of all states that changed something."""
        return {
            (host, tag.split("_|-")[0] + "." + tag.split("_|-")[3], tag.split("_|-")[1]): s[
                "changes"
            ]
            for host, states in self._hosts()
            for tag, s in states.items()
            if s.get("changes")
        }

    def swarm_changes(self):
        """Only what the swarm states changed, or would change."""
        return {
            (host, function): changes
            for (host, function, _), changes in self.changes().items()
            if function.startswith("swarm.")
        }

    def comments(self):
        """All comments, of the steps and of the states on the hosts, in one text."""
        lines = [str(step.get("comment")) for step in self.steps.values()]
        for _, states in self._hosts():
            lines += [str(s.get("comment")) for s in states.values()]
        return "\n".join(lines)

    def why(self):
        """What to read when a run did not end as it should."""
        return f"{self.failed()}\n{self.comments()[-2000:]}" if self.steps else self.out[-2000:]

    def failed(self):
        """``{host: [comments of its failed states]}``."""
        ret = {}
        for host, states in self._hosts():
            for state in states.values():
                if state["result"] is False:
                    ret.setdefault(host, []).append(state["comment"])
        return ret


def without_salts_own(err):
    """
    Salt 3008.3 leaves clients for the garbage collector, whose destructors log; where that comes in
    the midst of a log line, Python's logging says so at length. No code of ours is in it.
    """

    def blank(block):
        # The collector runs in the midst of any code, also ours: what counts is what the destructor does.
        found = re.search(r"(?ms)^ *File [^\n]* in __del__$.*", block[0])
        ours = found and re.search(r'^ *File "[^"]*swarm', found[0], re.M)
        return "" if found and not ours else block[0]

    return re.sub(r"(?ms)^--- Logging error ---$.*?^Arguments: [^\n]*$", blank, err)


class Client:
    """Calls of minions, one at a time, by a process on the master that stays."""

    def __init__(self):
        script = (LAB.parent / "saltclient.py").read_text()
        self.process = subprocess.Popen(
            [LAB, "exec", "master", "/opt/salt/bin/python3", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, minions, function, arguments, seconds):
        call = {
            "minions": minions,
            "function": function,
            "arguments": arguments,
            "seconds": seconds,
        }
        print(json.dumps(call), file=self.process.stdin, flush=True)
        answered, _, _ = select.select([self.process.stdout], [], [], COMMAND_SECONDS)
        line = self.process.stdout.readline() if answered else ""
        assert line, f"no answer about {function} from the master"
        return json.loads(line)


class Lab:
    """The lab, by its own command.

    secrets
        Join tokens of all clusters that a test found whole.
    clients
        Those that no call is made by at the moment.
    """

    def __init__(self):
        self.secrets = set()
        self.clients = []

    def __call__(self, *args, check=True, stdin=None, seconds=COMMAND_SECONDS):
        done = subprocess.run(
            [str(LAB), *args],
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        assert not check or done.returncode == 0, f"lab {args}: {done.stdout}{done.stderr}"
        return Result(done)

    def on(self, host, *command, check=True, **kwargs):
        return self("exec", host, *command, check=check, **kwargs)

    def shell(self, host, script, check=True):
        return self.on(host, "sh", "-c", script, check=check)

    def give_image(self, *hosts):
        """Give hosts the image lab:1: busybox, with sh and nc. Debian's suites differ in its folder."""
        script = (
            "cd /var/tmp; rm -rf bb; dpkg -x /srv/repo/pool/busybox-static_*.deb bb; mkdir -p bb/im/bin;"
            " cp $(find bb -path '*bin/busybox' -type f) bb/im/bin/; ln -s busybox bb/im/bin/sh; ln -s busybox bb/im/bin/nc; tar -C bb/im -c bin | base64; rm -rf bb"
        )
        image = self.shell("master", script).out
        for host in hosts:
            self.on(host, "sh", "-c", "base64 -d | docker import - lab:1", stdin=image)

    def salt(self, target, function, *args, check=True, seconds=ANSWER_SECONDS):
        """``{minion: return}``, with `check` of all of them, and each ended well."""
        client = self.clients.pop() if self.clients else Client()
        answers = client(target.split(","), function, args, seconds)
        self.clients.append(client)
        codes = {minion: answers.get(minion, [None, None])[1] for minion in target.split(",")}
        assert not check or set(codes.values()) == {0}, f"{function}: {codes}: {answers}"
        return {minion: answer[0] for minion, answer in answers.items()}

    def one(self, minion, function, *args):
        """The return of one minion."""
        return self.salt(minion, function, *args)[minion]

    def error(self, minion, function, *args):
        """The one-line error that a function of one minion ends with."""
        ret = self.salt(minion, function, *args, check=False)[minion]
        assert isinstance(ret, str) and "Traceback" not in ret, ret
        return ret

    def bootstrap(self, *args):
        return self.orchestrate("docker.bootstrap", *args)

    def orchestrate(self, name, *args, **pillar):
        """Run an orchestration; the pillar is what its caller gives it."""
        given = [f"pillar={json.dumps(pillar)}"] if pillar else []
        run = ("salt-run", "state.orchestrate", name, *given, *args, "--out=json")
        result = self.on("master", *run, check=False)
        assert "Traceback" not in result.out + without_salts_own(result.err), (
            result.out + result.err
        )
        return Run(result)

    def pillar(self, **swarm):
        """Set keys of pillar ``swarm`` over the lab's own; no argument takes all of them back."""
        text = json.dumps({"swarm": swarm}) if swarm else "{}"
        self.on("master", "sh", "-c", "cat > /srv/local.yaml", stdin=text + "\n")

    def nodes(self, manager="manager1"):
        """``{host name: node}``; two nodes of one name fail the test."""
        found = self.one(manager, "swarm.nodes")
        names = [node["hostname"] for node in found]
        assert len(set(names)) == len(names), f"two nodes of one name: {found}"
        return {node["hostname"]: node for node in found}

    def cluster(self, manager="manager1"):
        return self.one(manager, "swarm.info")["cluster_id"]

    def note_secrets(self, manager="manager1"):
        for role in ("worker", "manager"):
            token = self.on(manager, "docker", "swarm", "join-token", "-q", role).out.strip()
            self.secrets.add(token)


@pytest.fixture(scope="session")
def lab():
    lab = Lab()
    os.environ.setdefault("LAB_MANAGERS", "3")
    os.environ.setdefault("LAB_WORKERS", "3")
    lab("up", seconds=900)
    lab.on("master", "salt-run", "saltutil.sync_output")
    # For the search at the end: all that passed the master's event bus.
    record = "exec salt-run state.event > /var/tmp/events"
    lab.on("master", "systemctl", "stop", "events", check=False)
    lab.on("master", "systemd-run", "--unit=events", "--collect", "sh", "-c", record)
    return lab


@pytest.fixture(scope="session")
def swarm(lab):
    """The lab with a whole swarm on it."""
    # A test that failed before may have left a run behind, and no test without this one is run at all.
    until_idle(lab)
    run = lab.bootstrap()
    assert run.code == 0, run.why()
    return lab


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.failed:
        item.session.stash[BROKEN] = True
    return report


@pytest.fixture(autouse=True)
def restored(request, lab):
    """Make the lab again after a test that failed in the middle, so that later tests report their own faults."""
    if request.session.stash.get(BROKEN, False):
        request.session.stash[BROKEN] = False
        lab("sync")
        lab.pillar()
        for host in HOSTS:
            restore(lab, host)
        until_idle(lab)
        all_leave(lab)
        lab.bootstrap()


def restore(lab, host):
    """Bring back power, link, engine and minion of a host."""
    lab("link", host, "up", check=False)
    lab.on(host, "systemctl", "unmask", "docker.socket", "docker.service", check=False)
    lab.on(host, "systemctl", "start", "docker", "salt-minion", check=False)
    # Where it runs, this only waits for its minion, which therefore comes first.
    lab("start", host, check=False)
    until_answers(lab, host)


def until(seen, what, seconds=SEEN_SECONDS):
    """Ask again until `seen()` is true; returns what it returned."""
    end = time.monotonic() + seconds
    while True:
        found = seen()
        if found:
            return found
        assert time.monotonic() < end, f"not seen within {seconds} s: {what}"
        time.sleep(0.2)


def until_node(lab, host, manager="manager1", **wanted):
    """Wait until the manager sees the host's node with these values, such as ``state="down"``."""
    until(
        lambda: wanted.items() <= lab.nodes(manager)[host].items(),
        f"{host} with {wanted}, by {manager}",
    )


def assert_whole(lab, manager="manager1", managers=MANAGERS, workers=WORKERS):
    """The managers drained, one of them leading; each worker ready and active; nobody else."""
    lab.note_secrets(manager)
    # After an election a node is unknown, and a manager unreachable, until it has found the new leader.
    with contextlib.suppress(AssertionError):
        until(lambda: not_in_contact(lab, manager) == [], "all nodes in contact")
    nodes = lab.nodes(manager)
    assert not_in_contact(lab, manager) == [], nodes
    assert set(nodes) == set(managers) | set(workers)
    assert {nodes[name]["availability"] for name in managers} == {"drain"}
    assert sum(nodes[name]["leader"] for name in managers) == 1
    assert {nodes[name]["availability"] for name in workers} == {"active"}
    assert not any(nodes[name]["member"] for name in workers)
    return nodes


def not_in_contact(lab, manager):
    """
    Names of the nodes that are not ready, of the members that the others do not reach, and of those
    that two nodes have (docs/engines.md).
    """
    nodes = lab.one(manager, "swarm.nodes")
    names = [node["hostname"] for node in nodes]
    return [
        node["hostname"]
        for node in nodes
        if node["state"] != "ready"
        or (node["member"] and node["reachability"] != "reachable")
        or names.count(node["hostname"]) > 1
    ]


def all_leave(lab):
    """No host is in a swarm afterwards; engines and extension stay."""
    for host in reversed(HOSTS):
        lab.on(host, "timeout", "60", "docker", "swarm", "leave", "--force", check=False)
    free_ports(lab)


def free_ports(lab):
    """An engine that left a swarm keeps its gossip port at times (preflight: ports-free) until it is restarted."""
    for host in HOSTS:
        lab.shell(host, "! ss -Hlntu sport = :7946 | grep -q . || systemctl restart docker")


def engine_says(lab, host, *command):
    """What the host's own docker command prints; None if it fails."""
    done = lab.on(host, "timeout", "20", "docker", *command, check=False)
    return None if done.code else done.out.strip()


def in_swarm(lab, host):
    """Whether the host's own engine says so."""
    return engine_says(lab, host, "info", "-f", "{{.Swarm.LocalNodeState}}") == "active"


def until_in(lab, host):
    """Wait until the host's own engine says that it is in a swarm."""
    until(lambda: in_swarm(lab, host), f"{host} in a swarm")


def until_manages(lab, host):
    """Wait until the host's own engine answers as a manager: others see a promotion before it does."""
    until(lambda: engine_says(lab, host, "node", "ls", "-q") is not None, f"{host} a manager")


def until_idle(lab):
    """Jobs of a run that was cut off still run on the minions; a new one would find them busy."""
    asked = (",".join(HOSTS), "saltutil.is_running", "state.*")

    def running():
        # Of a host that is off a text says so.
        answers = lab.salt(*asked, check=False, seconds=10).values()
        return [jobs for jobs in answers if jobs and isinstance(jobs, list)]

    until(lambda: not running(), "no state running", seconds=240)


def until_answers(lab, minion):
    """Wait until the master reaches the minion."""
    until(
        lambda: lab.salt(minion, "test.ping", check=False, seconds=5).get(minion) is True,
        f"an answer of {minion}'s minion",
    )


@contextlib.contextmanager
def stopped_minions(lab, *minions):
    """These minions are silent in the block, and answer after it."""
    for minion in minions:
        lab.on(minion, "systemctl", "stop", "salt-minion")
    try:
        yield
    finally:
        for minion in minions:
            lab.on(minion, "systemctl", "start", "salt-minion")
        for minion in minions:
            until_answers(lab, minion)
