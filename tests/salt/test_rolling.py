# SPDX-License-Identifier: Apache-2.0
"""docker.upgrade and docker.reboot on the master: the plan, the order, and where it stops."""

import json
import logging
import re

import pytest
import readings
import rendered
import salt.loader

CANARY = {"image": "busybox"}
OLD, NEW = "26.1.5+dfsg1-9", "28.5.2+dfsg4-5"
MANAGERS, WORKERS = ["manager1", "manager2", "manager3"], ["worker1", "worker2"]


class Fleet:
    """Hosts that answer saltutil.cmd. ``calls`` are (host, function, first argument)."""

    def __init__(self, managers=MANAGERS, workers=WORKERS):
        self.managers, self.workers = list(managers), list(workers)
        self.calls, self.fail, self.residents = [], {}, {}
        self.asked = []
        self.target, self.autolock, self.unlock, self.reboots = NEW, False, False, set()
        self.canary, self.tried, self.left = {}, [], []
        self.readings, self.blocked, self.sockets = {}, {}, []
        self.images, self.unpulled, self.private = [], {}, set()
        self.networks, self.lock, self.silent, self.locked = [], "", set(), set()
        self.services, self.when_locked = {"web", "db"}, lambda: None
        self.installed = dict.fromkeys([*managers, *workers], OLD)
        self.engine = dict.fromkeys([*managers, *workers], "26.1.5")
        self.boots = dict.fromkeys([*managers, *workers], 1)
        self.node = {
            host: {
                "id": f"id-{host}",
                "hostname": host,
                "role": "manager" if host in managers else "worker",
                "leader": host == managers[0],
                "availability": "drain" if host in managers else "active",
                "state": "ready",
                "reachability": "reachable" if host in managers else "",
                "labels": {},
            }
            for host in [*managers, *workers]
        }

    def cmd(self, hosts, function, arg=(), kwarg=None, **_):
        answers = {}
        for host in hosts:
            self.calls.append((host, function, arg[0] if arg else None))
            self.asked.append((host, function, list(arg)))
            why = self.fail.get((host, function))
            if host in self.silent or (host, function) in self.silent:
                # As Salt has it.
                answers[host] = {"failed": True}
                continue
            if why:
                answers[host] = {"ret": f"ERROR: {why}", "retcode": 1}
            else:
                name = "do_" + function.replace(".", "_")
                answers[host] = {"ret": getattr(self, name)(host, *arg, **(kwarg or {}))}
        return answers

    def by_id(self, id_):
        return next(one for one in self.node.values() if one["id"] == id_)

    def do_swarm_upgrade_look(self, host, **_):
        return {
            "reading": self.readings.get(host) or readings.member(host),
            "blocked": self.blocked.get(host, ""),
            "node_id": f"id-{host}",
            "role": self.node[host]["role"],
            "cluster": "c1",
            "state": "locked" if host in self.locked else "active",
            "engine": self.engine[host],
            "package": "docker.io",
            "installed": self.installed[host],
            "target": self.target,
            "wanted": "28*",
            "unlock": self.unlock,
            "boot": f"{self.boots[host]:08}-{host}",
            "machine": host,
            "reboot": "/run/reboot-required is there" if host in self.reboots else "",
        }

    def do_saltutil_refresh_pillar(self, host, wait):
        return wait

    def do_swarm_nodes(self, host):
        return [
            {**one, "labels": {**one["labels"]}, "engine_version": f"{self.engine[name]}+x"}
            for name, one in self.node.items()
        ]

    def do_swarm_upgrade_proof(self, host, nodes, allow=None, blockers=None):
        plans = {}
        for node in nodes:
            stays = [row for row in self.residents.get(node, []) if row not in (allow or ())]
            refusal = f"{self.by_id(node)['hostname']} is not drained: db: it keeps its data; allow them by name, or use force"
            plans[node] = {"refusal": refusal if stays else "", "stays": stays, "tasks": "-"}
        return {
            "autolock": self.autolock,
            "encrypted": self.networks,
            "sockets": self.sockets,
            "unknown": [name for name in blockers or () if name not in self.services],
            "plans": plans,
        }

    def do_swarm_checks_table(self, host):
        return [{"name": "nodes-ready"}, {"name": "versions"}]

    def do_swarm_core_core(self, host, method, *args, **_):
        if method == "lock_take":
            self.when_locked()
            assert self.lock in ("", args[0])
            self.lock = args[0]
        elif method == "lock_get":
            return {"run": self.lock} if self.lock else None
        elif method == "lock_release" and self.lock == args[0]:
            self.lock = ""
        elif method == "node_update":
            labels = self.by_id(args[0])["labels"]
            for name, value in args[1]["Labels"].items():
                labels.pop(name, None) if value is None else labels.update({name: value})
        return True

    def do_swarm_hold_renew(self, host, run):
        return self.lock == run

    def do_swarm_hold_nodes(self, host, run):
        assert self.lock == run
        return self.do_swarm_nodes(host)

    def do_swarm_health(self, host, **_):
        return []

    def do_swarm_quorum(self, host, leaving):
        return {}

    def do_swarm_evict(self, host, node, **_):
        found = self.by_id(node)
        if found["availability"] == "active":
            found["labels"]["saltext.swarm.was"] = "active"
        found["availability"] = "drain"

    def do_swarm_evict_undo(self, host, node):
        found = self.by_id(node)
        found["availability"] = found["labels"].pop("saltext.swarm.was", found["availability"])

    def do_swarm_demote(self, host, node):
        assert host != self.by_id(node)["hostname"]
        found = self.by_id(node)
        found.update(role="worker", leader=False, reachability="")
        left = [one for one in self.node.values() if one["role"] == "manager"]
        left[0]["leader"] = True

    def do_swarm_promote(self, host, node):
        self.by_id(node).update(role="manager", reachability="reachable")

    def do_swarm_upgrade_certificate_role(self, host):
        return self.node[host]["role"]

    def do_swarm_upgrade_prefetch(self, host, target):
        return True

    def do_swarm_prefetch_wanted(self, host, nodes):
        assert set(nodes) <= {one["id"] for one in self.node.values()}
        return self.images

    def do_swarm_prefetch_pull(self, host, images, seconds):
        assert seconds == 600
        failed = {name: why for name, why in self.unpulled.items() if name in images}
        private = {name: failed.pop(name) for name in self.private & set(failed)}
        return {"pulled": images, "failed": failed, "private": private}

    def do_swarm_upgrade_install(self, host, target):
        assert not self.node[host]["leader"] or len(self.managers) < 3, "a leader was restarted"
        assert self.node[host]["availability"] == "drain"
        self.installed[host], self.engine[host] = target, target.partition("+")[0]
        return {}

    def do_swarm_upgrade_reboot(self, host):
        assert self.node[host]["availability"] == "drain"
        self.boots[host] += 1
        self.reboots.discard(host)
        if self.autolock and self.node[host]["role"] == "manager":
            self.locked.add(host)
        return ""

    def do_swarm_upgrade_unlock(self, host):
        assert self.unlock
        self.locked.remove(host)
        return True

    def do_swarm_canary_check(self, host, nodes, image, command=None, peer=None):
        assert image == "busybox" and peer not in nodes
        assert peer is None or self.by_id(peer)["availability"] == "active"
        self.left = ["saltext-swarm-canary"]
        for node in nodes:
            self.by_id(node)["availability"] = "active"
        self.tried.append(([self.by_id(node)["hostname"] for node in nodes], peer))
        return {node: self.canary.get(self.by_id(node)["hostname"], "") for node in nodes}

    def do_swarm_canary_clear(self, host):
        self.left = []
        return self.left

    def order(self, function):
        return [host for host, one, _ in self.calls if one == function]


@pytest.fixture
def roll(tmp_path, monkeypatch):
    """``roll(fleet, test=False, **arguments)``: the state as the master runs it."""

    def run(fleet, test=False, renew_seconds=600, **arguments):
        opts = rendered.minion_opts(tmp_path, "master_master")
        opts["test"] = test
        functions = salt.loader.minion_mods(opts)
        states = salt.loader.states(opts, functions, {}, None)
        globals_ = states["swarm.rolled"].func.__globals__
        monkeypatch.setattr(globals_["time"], "sleep", lambda _: None)
        globals_["RENEW_SECONDS"] = renew_seconds
        functions["saltutil.cmd"] = fleet.cmd
        functions["file.read"] = lambda _path: "the master's own\n"
        given = {"managers": fleet.managers, "workers": fleet.workers, **arguments}
        ret = states["swarm.rolled"]("docker-upgrade", **given)
        if ret["result"] is False:
            # As Salt does.
            logging.getLogger("salt.state").error(ret["comment"])
        return ret

    return run


def hash_of(ret):
    return re.search(r'swarm_plan": "([0-9a-f]{12})', ret["comment"])[1]


def test_without_the_hash_of_the_plan_nothing_is_done(roll):
    fleet = Fleet()
    ret = roll(fleet)
    assert ret["result"] is False and ret["changes"] == {}
    lines = ret["comment"].splitlines()[1:]
    assert lines[0].split() == ["HOST", "ROLE", "ENGINE", "TARGET", "HOW", "TASKS"]
    assert [line.split()[0] for line in lines[1:-1]] == [
        "manager2", "manager3", "manager1", "worker1", "worker2",
    ]  # fmt: skip
    assert "manager, leader" in lines[3]
    assert lines[-1].endswith(f'docker.upgrade pillar=\'{{"swarm_plan": "{hash_of(ret)}"}}\'')
    other = roll(fleet, plan="0" * 12)
    assert "pillar swarm_plan is 000000000000, but the plan is another one now" in other["comment"]
    assert not {"swarm.evict", "swarm_upgrade.install"} & {one for _, one, _ in fleet.calls}


def test_a_terminal_shows_a_refusal_once(roll, caplog):
    comment = roll(Fleet(), ignore=["clok"])["comment"]
    said = [record for record in caplog.records if record.getMessage() == comment]
    assert [record.levelname for record in said] == ["INFO"]
    assert not logging.getLogger("salt.state").filters, "nothing is left in a master that lives on"


def test_managers_first_the_leader_last_and_handed_over(roll):
    fleet = Fleet()
    expected = roll(fleet, test=True)
    assert expected["result"] is None and len(expected["changes"]) == 5
    assert expected["notes"][-1] == expected["comment"]
    ret = roll(fleet, plan=hash_of(expected))
    assert ret["result"] is True, ret["comment"]
    assert ret["changes"] == expected["changes"]
    assert fleet.order("swarm_upgrade.install") == [
        "manager2", "manager3", "manager1", "worker1", "worker2",
    ]  # fmt: skip
    demoted = [node for _, one, node in fleet.calls if one == "swarm.demote"]
    assert demoted == ["id-manager1"] and fleet.node["manager1"]["role"] == "manager"
    assert {one["availability"] for one in fleet.node.values()} == {"drain", "active"}
    assert fleet.lock == ""
    again = roll(fleet)
    assert (again["result"], again["changes"]) == (True, {})
    assert again["comment"] == "5 hosts: nothing to do"


def test_the_first_failure_ends_it_and_the_same_plan_goes_on(roll):
    fleet = Fleet()
    plan = hash_of(roll(fleet))
    fleet.fail["worker1", "swarm_upgrade.install"] = "docker 28.5.2 did not come up in 120 s"
    ret = roll(fleet, plan=plan)
    assert ret["result"] is False
    assert "worker1 stays drained: docker 28.5.2 did not come up in 120 s" in ret["comment"]
    assert "done before: manager2, manager3, manager1" in ret["comment"]
    assert fleet.node["worker1"]["availability"] == "drain" and fleet.lock == ""
    assert "worker2" not in fleet.order("swarm_upgrade.install")
    fleet.fail.clear()
    ret = roll(fleet, plan=plan)
    assert ret["result"] is True, ret["comment"]
    assert fleet.node["worker1"]["availability"] == "active"
    assert fleet.order("swarm_upgrade.install").count("manager1") == 1


def test_what_a_run_has_left_empty_is_given_back_before_others_must_fit(roll):
    fleet = Fleet()
    plan = hash_of(roll(fleet))
    fleet.fail["worker2", "swarm_upgrade.install"] = "docker 28.5.2 did not come up in 120 s"
    roll(fleet, plan=plan)
    fleet.fail.clear()
    # By somebody else's hand the other one is older again, and has nowhere to move its tasks to.
    fleet.engine["worker1"], fleet.installed["worker1"] = "26.1.5", OLD
    fleet.residents = {"id-worker1": ["web"]}
    again = roll(fleet, plan=plan)
    assert again["result"] is True, again["comment"]
    assert fleet.order("swarm_upgrade.install")[-2:] == ["worker2", "worker1"]


def test_killed_between_any_two_calls_it_goes_on(roll):
    """Whatever the last call was that was made: the same plan ends the same."""
    last, killed = 0, True
    while killed:
        last, killed = last + 1, False
        fleet = Fleet()
        plan = hash_of(roll(fleet, canary=CANARY))
        before, calls = fleet.cmd, []

        def cmd(hosts, function, *args, before=before, calls=calls, last=last, **kwargs):
            calls.append(function)
            if len(calls) > last:
                raise KeyboardInterrupt
            return before(hosts, function, *args, **kwargs)

        fleet.cmd = cmd
        try:
            roll(fleet, plan=plan, canary=CANARY)
        except KeyboardInterrupt:
            killed = True
        fleet.cmd = before
        ret = roll(fleet, plan=plan, canary=CANARY)
        assert ret["result"] is True, (last, ret["comment"])
        assert {one["role"] for name, one in fleet.node.items() if name in MANAGERS} == {"manager"}
        assert set(fleet.engine.values()) == {"28.5.2"}, last
        assert {fleet.node[name]["availability"] for name in WORKERS} == {"active"}
        assert fleet.lock == "" and fleet.left == []
        assert all(set(one["labels"]) <= {"saltext.swarm.plan"} for one in fleet.node.values())
    assert last > 40


@pytest.mark.parametrize(
    ("change", "arguments", "text"),
    [
        ({"target": ""}, {}, "manager1: no source has docker.io 28*: correct pillar repositories"),
        ({"target": "20.10.24-1"}, {}, "20.10.24 is older than 26.1.5, which runs"),
        ({"autolock": True}, {}, "manager1: autolock is on: say in pillar swarm:unlock"),
        (
            {"target": "29.1.0-1", "networks": ["sec"]},
            {},
            "networks sec are encrypted, and do not work between docker 28 and 29",
        ),
        (
            {"residents": {"id-worker1": ["db"]}},
            {},
            'worker1 is not drained: db: it keeps its data; "swarm_stop": ["db"] lets their tasks be stopped',
        ),
    ],
)
def test_faults_are_said_before_anything(roll, change, arguments, text):
    fleet = Fleet()
    vars(fleet).update(change)
    for test in (True, False):
        ret = roll(fleet, test=test, confirm=False, **arguments)
        assert ret["result"] is False and text in ret["comment"], ret["comment"]
        assert ret["refused"]
    assert not {"swarm.evict", "swarm_upgrade.prefetch"} & {one for _, one, _ in fleet.calls}


@pytest.mark.parametrize(
    ("change", "arguments"),
    [
        ({"target": "20.10.24-1"}, {"force": ["downgrade"]}),
        ({"autolock": True, "unlock": True}, {}),
        (
            {"target": "29.1.0-1", "networks": ["sec"]},
            {"ignore": ["encrypted-mix"]},
        ),
        (
            {"residents": {"id-worker1": ["db"]}},
            {"stop": ["db"]},
        ),
    ],
)
def test_faults_that_are_accepted(roll, change, arguments):
    fleet = Fleet()
    vars(fleet).update(change)
    ret = roll(fleet, test=True, **arguments)
    assert ret["result"] is None, ret["comment"]


def test_a_single_manager_only_where_that_is_accepted(roll):
    fleet = Fleet(["manager1"], ["worker1"])
    assert "1 manager: while one is worked on" in roll(fleet, confirm=False)["comment"]
    ret = roll(fleet, confirm=False, ignore=["quorum-margin"])
    assert ret["result"] is True, ret["comment"]
    assert set(fleet.engine.values()) == {"28.5.2"}


def test_the_command_of_a_plan_has_what_was_given_beside_it(roll):
    """With other options it is another plan, which the run would refuse."""
    asked = {"swarm_ignore": "quorum-margin", "swarm_stop": ["db"]}
    comment = roll(Fleet(), ignore=["quorum-margin"], stop=["db"], asked=asked)["comment"]
    given = json.loads(re.search(r"docker\.upgrade pillar='(.*)'$", comment)[1])
    assert re.fullmatch("[0-9a-f]{12}", given.pop("swarm_plan")) and given == asked


@pytest.mark.parametrize(
    ("host", "function"),
    [
        ("manager1", "swarm.evict"),
        ("worker1", "swarm_upgrade.install"),
        ("manager1", "swarm.evict_undo"),
        ("manager1", "swarm.quorum"),
        ("manager1", "swarm.health"),
    ],
)
def test_no_answer_in_the_midst_ends_it(roll, host, function):
    """A host whose minion did not say that it is empty is not worked on."""
    fleet = Fleet(["manager1"], ["worker1"])
    fleet.silent.add((host, function))
    ret = roll(fleet, confirm=False, ignore=["quorum-margin"])
    assert ret["result"] is False and "did not answer" in ret["comment"], ret["comment"]
    if function == "swarm.evict":
        assert fleet.order("swarm_upgrade.install") == []


@pytest.mark.parametrize("answer", [{}, [], {"node_id": "id-worker2"}, "active"])
def test_an_answer_of_another_version_of_the_modules(roll, answer):
    fleet = Fleet()
    look = fleet.do_swarm_upgrade_look
    fleet.do_swarm_upgrade_look = lambda host, **how: (
        answer if host == "worker2" else look(host, **how)
    )
    ret = roll(fleet, confirm=False)
    assert ret["result"] is False
    assert "worker2: its modules are of another version: salt 'worker2'" in ret["comment"]


def test_batches_have_no_two_hosts_of_one_zone(roll):
    workers = [f"worker{n}" for n in range(1, 8)]
    fleet = Fleet(MANAGERS, workers)
    for number, host in enumerate(workers):
        fleet.node[host]["labels"]["zone"] = "ab"[number % 2]
    batches = []
    before = fleet.cmd

    def cmd(hosts, function, *args, **kwargs):
        if function == "swarm_upgrade.install":
            batches.append(list(hosts))
        return before(hosts, function, *args, **kwargs)

    fleet.cmd = cmd
    assert roll(fleet, confirm=False, batch="50%")["result"] is True
    of_workers = [one for one in batches if one[0] in workers]
    assert of_workers[0] == ["worker1"], "the first is alone"
    assert sorted(sum(of_workers, [])) == workers
    for batch in of_workers:
        zones = [fleet.node[host]["labels"]["zone"] for host in batch]
        assert len(set(zones)) == len(zones) and len(batch) <= 3


def test_reboots_only_where_it_is_needed(roll):
    fleet = Fleet()
    assert roll(fleet, what="reboot")["comment"] == "5 hosts: nothing to do"
    fleet.reboots.update(["worker2", "manager1"])
    expected = roll(fleet, what="reboot", test=True)
    assert set(expected["changes"]) == {"worker2", "manager1"}
    ret = roll(fleet, what="reboot", plan=hash_of(expected))
    assert ret["result"] is True, ret["comment"]
    assert [host for host, number in fleet.boots.items() if number == 2] == ["manager1", "worker2"]
    assert "manager1" in [
        node.removeprefix("id-") for _, one, node in fleet.calls if one == "swarm.demote"
    ]
    assert roll(fleet, what="reboot")["comment"] == "5 hosts: nothing to do"


def test_a_manager_that_locked_itself_is_unlocked(roll):
    fleet = Fleet()
    fleet.autolock, fleet.unlock = True, True
    ret = roll(fleet, what="reboot", force=["reboot"], confirm=False)
    assert ret["result"] is True, ret["comment"]
    assert fleet.order("swarm_upgrade.unlock") == ["manager2", "manager3"], "a worker has no key"
    assert not fleet.locked


def test_reboots_all_by_force_once_for_a_plan(roll):
    fleet = Fleet()
    plan = hash_of(roll(fleet, what="reboot", force=["reboot"]))
    assert roll(fleet, what="reboot", force=["reboot"], plan=plan)["result"] is True
    assert set(fleet.boots.values()) == {2}
    ret = roll(fleet, what="reboot", force=["reboot"], plan=plan)
    assert ret["result"] is False and set(fleet.boots.values()) == {2}
    assert "the plan is another one now" in ret["comment"], "the next round is a plan of its own"
    again = hash_of(ret)
    assert roll(fleet, what="reboot", force=["reboot"], plan=again)["result"] is True
    assert set(fleet.boots.values()) == {3}


@pytest.mark.parametrize("arguments", [{"force": ["reboot"]}, {"when": "always"}])
def test_a_killed_reboot_of_all_goes_on_with_the_rest(roll, arguments):
    """Killed before any call: no host is rebooted twice, none is left out, the plan stays the same."""
    last, killed = 0, True
    while killed:
        last, killed = last + 1, False
        fleet = Fleet()
        plan = hash_of(roll(fleet, what="reboot", **arguments))
        before, calls = fleet.cmd, []

        def cmd(hosts, function, *args, before=before, calls=calls, last=last, **kwargs):
            calls.append(function)
            if len(calls) > last:
                raise KeyboardInterrupt
            return before(hosts, function, *args, **kwargs)

        fleet.cmd = cmd
        try:
            roll(fleet, what="reboot", plan=plan, **arguments)
        except KeyboardInterrupt:
            killed = True
        fleet.cmd = before
        # After the last host is done, the next plan is that of the next round.
        rest = {host for host, number in fleet.boots.items() if number == 1}
        if rest:
            ret = roll(fleet, what="reboot", plan=plan, **arguments)
            assert ret["result"] is True, (last, ret["comment"])
        assert set(fleet.boots.values()) == {2}, last
    assert last > 40


def test_a_host_that_needs_another_reboot_later_gets_it(roll):
    fleet = Fleet()
    for number in (2, 3):
        fleet.reboots.add("worker1")
        plan = hash_of(roll(fleet, what="reboot"))
        assert roll(fleet, what="reboot", plan=plan)["result"] is True
        assert fleet.boots["worker1"] == number


def test_hosts_of_a_batch_are_rebooted_side_by_side(roll):
    fleet = Fleet(MANAGERS, ["worker1", "worker2", "worker3"])
    fleet.reboots.update(fleet.workers)
    at_once = []
    before = fleet.cmd

    def cmd(hosts, function, *args, **kwargs):
        if function == "swarm_upgrade.reboot":
            at_once.append(list(hosts))
        return before(hosts, function, *args, **kwargs)

    fleet.cmd = cmd
    assert roll(fleet, what="reboot", confirm=False, batch=2)["result"] is True
    assert at_once == [["worker1"], ["worker2", "worker3"]]


def test_a_host_that_does_not_come_back(roll):
    fleet = Fleet()
    fleet.reboots.add("worker1")
    fleet.do_swarm_upgrade_reboot = lambda host: ""
    ret = roll(fleet, what="reboot", confirm=False, timeout=0.01)
    assert ret["result"] is False
    assert "worker1 stays drained: it did not come back in 0.01 s" in ret["comment"]


def test_the_swarm_is_not_as_well_as_before(roll):
    fleet = Fleet()
    looks = []

    def health(host, **arguments):
        looks.append(arguments)
        return []

    fleet.do_swarm_health = health
    roll(fleet, confirm=False)
    assert looks[0].get("baseline") is None and len(looks) == 6
    assert all(look["baseline"] == [] for look in looks[1:])
    fleet = Fleet()
    before = fleet.cmd

    def cmd(hosts, function, arg=(), kwarg=None, **more):
        if function == "swarm.health" and "baseline" in (kwarg or {}):
            return {hosts[0]: {"ret": "ERROR: nodes-ready: worker9 is down", "retcode": 1}}
        return before(hosts, function, arg=arg, kwarg=kwarg, **more)

    fleet.cmd = cmd
    ret = roll(fleet, confirm=False)
    assert "the swarm has new faults: nodes-ready: worker9 is down" in ret["comment"]
    assert fleet.order("swarm_upgrade.install") == ["manager2"]
