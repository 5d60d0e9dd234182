# SPDX-License-Identifier: Apache-2.0
"""Preflight: what a host reads of itself, what the readings of all hosts mean, and the state."""

import json
import platform
import socket

import pytest
import readings
import rendered
import runners
from runners import status
from salt.exceptions import SaltInvocationError

FREE = {"path": "/", "free": 3 * 1024**3, "size": 100 * 1024**3}
SMALL = {"path": "/", "free": 1.5 * 1024**3, "size": 10 * 1024**3}
RULES = "swarm_preflight_rules."


@pytest.fixture
def minion(make_fleet):
    return make_fleet(managers=1, workers=1)["manager1"]


def judge(minion, given, **more):
    found = {host: {**readings.WELL, **one} for host, one in given.items()}
    return minion.job().salt[RULES + "judge"](found, **{"swarm": {}, **more})


def lines(minion, *args, **kwargs):
    return minion.job().salt[RULES + "lines"](judge(minion, *args, **kwargs))


def faults(rows):
    return [
        (row["name"], row["on"], row["ok"], row["level"]) for row in rows if row["ok"] is not True
    ]


def lacking(*names):
    return {"lacks": {"lacks": list(names), "unknown": []}}


HOME = {"address": "10.0.0.4", "addresses": ["10.0.0.4", "10.9.0.4"]}
SPEAKS = {**HOME, "sources": {"10.0.0.1:2377": "10.9.0.4"}}
ERRORS = [
    ({"unreachable": ["no other host can reach 127.0.0.1"]}, "address-local", "127.0.0.1"),
    (
        SPEAKS,
        "address-route",
        "would speak to 10.0.0.1:2377 from 10.9.0.4, but advertises 10.0.0.4",
    ),
    ({"taken": ["7946/udp is taken by serf (PID 7)"]}, "ports-free", "by serf (PID 7)"),
    ({"orphan": "holds data of cluster X"}, "orphan-data", "holds data of cluster X"),
    ({"live_restore": True}, "live-restore", "live-restore is on"),
    ({"daemon_json": "/etc/docker/daemon.json is not JSON"}, "daemon-json", "is not JSON"),
    (lacking("vxlan"), "modules", "the kernel has no vxlan"),
    (
        {"routes": ["10.0.5.0/24 eth0"]},
        "pools",
        "10.0.0.0/8 contains the route 10.0.5.0/24 of eth0",
    ),
    ({"disk": {"path": "/", "free": 10, "size": 20}}, "disk", "/ has 0.0 GiB of 0.0 GiB free"),
    ({"disk": FREE}, "disk", "/ has 3.0 GiB of 100.0 GiB free"),
    ({"api": "1.40", "version": "19.3.15"}, "versions", "docker 19.3.15 has API 1.40"),
]
WARNINGS = [
    (lacking("ip_vs"), "virtual-ips", "the kernel has no ip_vs"),
    ({"synchronised": False}, "clock", "the clock is not synchronised"),
    ({"firewall": "ufw"}, "firewall", "ufw is active: tcp 7946, udp 7946 and udp 4789 are needed"),
    ({"firewall": "ufw", "manager": True}, "firewall", "ufw is active: tcp 2377, tcp 7946, udp"),
]


@pytest.mark.parametrize("reading, name, text", ERRORS)
def test_an_error_of_one_host(minion, reading, name, text):
    rows = judge(minion, {"a": {}, "b": reading})
    assert faults(rows) == [(name, "b", False, "error")]
    (row,) = [row for row in rows if row["ok"] is False]
    assert row["text"].startswith("b: ") and text in row["text"]
    assert bool(row["fix"]) == (name not in ("address-local", "orphan-data")), "they say it"
    for ignored in (name, f"{name}:b"):
        assert faults(judge(minion, {"b": reading}, ignore=[ignored]))[0][3] == "warning"
    assert faults(judge(minion, {"b": reading}, ignore=[f"{name}:a"]))[0][3] == "error"
    assert [one["name"] for one in judge(minion, {"b": reading}, checks=[name])] == [name]


@pytest.mark.parametrize("reading, name, text", WARNINGS)
def test_a_warning_of_one_host(minion, reading, name, text):
    """One that is ignored is not told."""
    rows = judge(minion, {"a": {}, "b": reading})
    assert faults(rows) == [(name, "b", False, "warning")]
    assert text in lines(minion, {"b": reading})["warnings"][0]
    assert faults(judge(minion, {"b": reading}, ignore=[name])) == []


@pytest.mark.parametrize(
    "reading",
    [
        {**HOME, "sources": {"10.0.0.1:2377": "10.0.0.4"}},
        # The address is translated on the way, or nothing leads there.
        {**SPEAKS, "address": "192.0.2.1"},
        {**HOME, "sources": {"10.0.0.1:2377": ""}},
        # It does not serve, or nobody knows that it does.
        {"cut_off": ["10.0.0.1:2377"]},
        {"routes": ["10.213.0.0/24 eth0", "192.168.0.0/16 eth1", "10.0.0.0/7 eth2"]},
        lacking("esp4"),
        {"state": "active", "lacks": {"lacks": [], "unknown": ["vxlan"]}},
        {"disk": SMALL},
    ],
)
def test_what_is_no_fault(minion, reading):
    assert faults(judge(minion, {"a": {}, "b": reading})) == []


def test_a_member_that_speaks_from_another_address_is_told(minion):
    rows = judge(minion, {"b": {**SPEAKS, "state": "active"}})
    assert faults(rows) == [("address-route", "b", False, "warning")]


def test_managers_that_run_and_are_not_reached(minion):
    given = {
        "a": {"state": "active", "serving": "10.0.0.1:2377"},
        "b": {"cut_off": ["10.0.0.1:2377", "10.0.0.9:2377"]},
        "c": {"cut_off": ["10.0.0.1:2377"]},
    }
    assert lines(minion, given)["errors"] == [
        "port-2377: b, c: cannot reach 10.0.0.1:2377 (open tcp 2377 between the hosts)"
    ]


def test_modules_for_encrypted_networks_where_there_are_some(minion):
    given = {"a": {"encrypted": ["sec"], "state": "active"}, "b": lacking("esp4", "xfrm_user")}
    text = "the kernel has no esp4, xfrm_user (network sec is encrypted)"
    assert lines(minion, given)["errors"] == [f"modules: b: {text} (install the kernel's modules)"]


def test_what_shows_side_by_side(minion):
    twins = {"engine_id": "e1", "machine_id": "m1", "address": "10.0.0.1"}
    bridge = {"addresses": ["192.168.122.1"]}
    rows = judge(minion, {"a": twins, "b": twins, "c": bridge, "d": bridge})
    assert [row["text"] for row in rows if row["ok"] is False] == [
        "a, b have one address, 10.0.0.1",
        "a, b have one engine id",
        "a, b have one machine id",
    ]


def test_mtu(minion):
    rows = judge(minion, {"a": {"mtu": 9000}, "b": {"mtu": 1400}, "c": {"mtu": 0}})
    assert [(row["text"], row["level"]) for row in rows if row["ok"] is False] == [
        ("the data path's MTU differs: 1400 on b; 9000 on a", "warning"),
        ("b: MTU 1400 of the data path", "warning"),
    ]


def test_pools_of_pillar(minion):
    given = {"a": {"routes": ["172.20.0.0/16 eth0"]}}
    assert faults(judge(minion, given)) == []
    swarm = {"address_pool": ["172.16.0.0/12"], "subnet_size": 20}
    assert faults(judge(minion, given, swarm=swarm)) == [("pools", "a", False, "error")]
    # A swarm that is there has its pools for life.
    assert faults(judge(minion, {**given, "b": {"state": "active"}}, swarm=swarm)) == []


def test_versions(minion):
    given = {
        "a": {"version": "26.1.5", "manager": True},
        "b": {"version": "26.1.4"},
        "c": {"version": "28.5.2+dfsg4"},
    }
    told = lines(minion, given)
    assert told["errors"] == []
    assert "c: a worker with docker 28.5.2+dfsg4, newer than all managers" in told["warnings"][0]
    given["d"] = {"version": "20.10.24"}
    (line,) = lines(minion, given)["errors"]
    assert line.startswith("versions: 3 versions of docker: 20.10 on d; 26.1 on a, b; 28.5 on c (")
    assert lines(minion, given, upgrade={})["errors"] == []


@pytest.mark.parametrize(
    "time, text, level",
    [
        (939.0, "a: 61 s behind the master", "error"),
        (1071.0, "a: 61 s ahead of the master", "error"),
        (990.0, "a: 10 s behind the master", "warning"),
    ],
)
def test_a_clock_that_is_off(minion, time, text, level):
    rows = judge(minion, {"a": {"time": time}}, now={"a": [1000.0, 1010.0]})
    assert [(r["text"], r["level"]) for r in rows if r["ok"] is False] == [(text, level)]
    for good in (996.0, 1005.0, 1014.0):
        assert faults(judge(minion, {"a": {"time": good}}, now={"a": [1000.0, 1010.0]})) == []


def test_managers_of_pillar(minion):
    managers = ["m1", "m2", "m3", "m4"]
    given = {name: {"zone": "b" if name == "m4" else "a"} for name in managers}
    rows = judge(minion, given, swarm={"managers": managers})
    assert faults(rows) == [
        ("managers-even", "", False, "warning"),
        ("zones", "a", False, "warning"),
    ]


def test_an_upgrade(minion):
    given = {"a": {"version": "26.1.5", "disk": SMALL}, "b": {"version": "26.1.5"}}
    upgrade = {
        "targets": {"a": "28.5.2", "b": "29.0.1"},
        "packages": {"a": "docker.io 29.0.1 would remove podman-docker", "b": ""},
        "sockets": ["web (traefik:2.9)"],
    }
    told = lines(minion, given, upgrade=upgrade)
    assert told["errors"] == [
        "disk: a: / has 1.5 GiB of 10.0 GiB free (free some space)",
        "package: a: docker.io 29.0.1 would remove podman-docker (correct the package sources of the"
        " host)",
    ]
    (line,) = told["warnings"]
    assert "web (traefik:2.9) mounts docker's socket" in line
    assert (
        lines(minion, {"b": {}}, upgrade={**upgrade, "targets": {"b": "28.5.2"}})["warnings"] == []
    )
    # Nobody asks for them else.
    assert not {"package", "socket-clients"} & {row["name"] for row in judge(minion, {"a": {}})}


def test_all_faults_by_check_with_five_hosts_at_most(minion):
    given = {f"w{n}": {"live_restore": True, "time": 0.0} for n in range(7)}
    given["w1"]["disk"] = FREE
    now = dict.fromkeys(given, [1000, 1001])
    told = lines(minion, given, now=now, swarm={"managers": ["a", "b"]}, ignore=["disk"])
    assert told["errors"] == [
        "live-restore: w0, w1, w2, w3, w4 and 2 more: live-restore is on, which swarm refuses"
        " (remove live-restore from /etc/docker/daemon.json)",
        "clock: w0, w1, w2, w3, w4 and 2 more: 1000 s behind the master (set the clock (chrony))",
    ]
    assert told["names"] == ["live-restore", "clock"]
    assert [line.split(":")[1] for line in told["warnings"]] == [" disk", " managers-even"]
    given = {f"w{n}": {"orphan": f"data of {n}"} for n in range(7)}
    (line,) = lines(minion, given)["errors"]
    assert line.endswith("w4: data of 4; and 2 more") and "data of 5" not in line
    advice = minion.job().salt[RULES + "advice"](told["names"])
    assert advice.endswith('pillar=\'{"swarm_ignore": ["live-restore", "clock"]}\'')


def test_who_is_silent_is_not_well(minion):
    rows = minion.job().salt[RULES + "judge"]({"a": None, "b": readings.WELL}, swarm={})
    assert {(on, ok) for _, on, ok, _ in faults(rows)} == {("a", None)}
    assert minion.job().salt[RULES + "lines"](rows)["errors"] == [
        "not known: a: it does not answer"
    ]


@pytest.mark.parametrize("what", ["checks", "ignore"])
def test_an_unknown_check(minion, what):
    with pytest.raises(
        SaltInvocationError, match=f"{what}: unknown check clok .did you mean clock"
    ):
        judge(minion, {}, **{what: ["clok"]})
    with pytest.raises(SaltInvocationError, match="unknown check xyz:a .valid: address-local, "):
        judge(minion, {}, **{what: ["clock", "xyz:a"]})


@pytest.mark.parametrize(
    "more, hosts, addresses",
    [
        ({}, [], []),
        # Nobody serves, but one has a choice of addresses.
        ({"a": HOME}, ["a", "b"], ["10.0.0.4:2377"]),
        ({"a": {"state": "active", "serving": "10.0.0.1:2377"}}, ["b"], ["10.0.0.1:2377"]),
    ],
)
def test_who_is_asked_again(minion, more, hosts, addresses):
    given = {host: {**readings.WELL, **more.get(host, {})} for host in ("a", "b")}
    found = minion.job().salt[RULES + "again"](given, ["a"])
    assert (found["hosts"], found["addresses"]) == (hosts, addresses)


def test_the_names_are_those_of_the_schema(minion):
    salt = minion.job().salt
    checks = salt[RULES + "judge"].func.__globals__["CHECKS"]
    assert tuple(checks) == salt["swarm_schema.check"].func.__globals__["CHECKS"]


@pytest.mark.parametrize(
    "ignore, text",
    [
        (["clok"], "swarm:preflight:ignore: each entry must be a check or check:host, not 'clok'"),
        ("clock", "pillar swarm:preflight:ignore must be a list of checks"),
        (["clock", "mtu:worker1"], ""),
    ],
)
def test_pillar(minion, ignore, text):
    found = minion.job().salt["swarm_schema.check"]({"swarm": {"preflight": {"ignore": ignore}}})
    assert text in "".join(found["refusals"]) and bool(text) == bool(found["refusals"])


# --- what a host reads ------------------------------------------------------------------------------


@pytest.fixture
def host(minion, tmp_path):
    """A job whose host has these files, and no port taken."""
    job = minion.job()
    module = job.salt["swarm_preflight.reading"].func.__globals__
    modules = tmp_path / "modules" / platform.release()
    modules.mkdir(parents=True)
    lines = [f"kernel/net/{one.replace('_', '-')}.ko.xz: kernel/x.ko" for one in module["MODULES"]]
    (modules / "modules.dep").write_text("\n".join(lines))
    (tmp_path / "machine-id").write_text("m1\n")
    module.update(
        DAEMON_JSON=str(tmp_path / "daemon.json"),
        MACHINE_ID=str(tmp_path / "machine-id"),
        MODULE_FOLDER=str(tmp_path / "modules"),
        LOADED=str(tmp_path / "loaded"),
        BRIDGE_FILTER=str(tmp_path / "bridge"),
        ROUTES=str(tmp_path / "route"),
        UFW=str(tmp_path / "ufw.conf"),
        FIREWALLD=str(tmp_path / "firewalld"),
        _is_free=lambda port, kind: True,
    )
    job.replace("cmd.has_exec", lambda name: False)
    job.files, job.module = tmp_path, module
    return job


def test_reading(host, minion):
    found = host.salt["swarm_preflight.reading"]()
    assert found["machine_id"] == "m1" and found["taken"] == []
    assert found["lacks"] == {"lacks": [], "unknown": []}
    assert found["addresses"] == [minion.machine.address]
    assert found["address"] == minion.machine.address
    assert set(found) == set(readings.WELL), "what the tests of the rules take for a reading"
    json.dumps(found)
    assert host.salt[RULES + "judge"]({"manager1": found}, swarm={})
    assert minion.machine.changed_by() == []


def test_the_pillar_that_the_master_has_now(host, minion):
    host.replace("pillar.items", lambda **_: {"swarm": {"advertise": "eht0"}})
    assert host.salt["swarm_preflight.reading"]()["unreachable"] == []
    (line,) = host.salt["swarm_preflight.reading"](fresh=True)["unreachable"]
    assert "this host has no interface eht0" in line


@pytest.mark.parametrize(
    "text, restores, wrong",
    [
        ('{"live-restore": true}', True, ""),
        ('{"live-restore": false}', False, ""),
        ("{,}", False, "is not JSON"),
        ("[]", False, "is not a JSON object"),
        ('{"firewall-backend": "nftables"}', False, "firewall-backend nftables"),
    ],
)
def test_daemon_json(host, text, restores, wrong):
    (host.files / "daemon.json").write_text(text)
    found = host.salt["swarm_preflight.reading"]()
    assert found["live_restore"] is restores and wrong in found["daemon_json"]
    assert bool(wrong) == bool(found["daemon_json"])


@pytest.mark.parametrize(
    "code, said, wrong",
    [
        (0, "configuration OK", ""),
        (1, "unknown flag: --validate", ""),
        (1, "the following directives don't match: debugs", "directives don't match: debugs"),
        (1, "", "dockerd refuses it"),
    ],
)
def test_what_the_engine_says_of_it(host, code, said, wrong):
    (host.files / "daemon.json").write_text('{"debugs": true}')
    host.replace("cmd.has_exec", lambda name: name == "dockerd")
    answer = {"retcode": code, "stdout": "", "stderr": said}
    host.replace("cmd.run_all", lambda command, **_: answer)
    assert wrong in host.salt["swarm_preflight.reading"]()["daemon_json"]
    assert bool(wrong) == bool(host.salt["swarm_preflight.reading"]()["daemon_json"])


def test_data_of_a_swarm(host):
    """Of one that the host has just left it is gone in a moment."""
    host.module["LEAVING_SECONDS"] = 0
    said = [{"reason": "holds data"}, {}]
    host.module["time"] = Clock()
    host.replace("swarm_state_dir.orphan_data", lambda: said[0] if len(said) > 1 else {})
    assert host.salt["swarm_preflight.reading"]()["orphan"] == "holds data"
    host.module["LEAVING_SECONDS"] = 5
    host.replace("swarm_state_dir.orphan_data", lambda: said.pop(0) if said else {})
    assert host.salt["swarm_preflight.reading"]()["orphan"] == ""


class Clock:
    """Each look at it takes a second."""

    def __init__(self):
        self.now = 0

    def monotonic(self):
        self.now += 1
        return self.now

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def test_modules(host):
    (host.files / "modules" / platform.release() / "modules.dep").write_text("kernel/overlay.ko:")
    (host.files / "loaded/vxlan").mkdir(parents=True)
    (host.files / "bridge").mkdir()
    lacks = host.salt["swarm_preflight.reading"]()["lacks"]
    assert lacks == {"lacks": ["ip_vs", "esp4", "xfrm_user"], "unknown": []}
    host.module["MODULE_FOLDER"] = "/nowhere"
    found = host.salt["swarm_preflight.reading"]()
    assert found["lacks"]["unknown"] == ["overlay", "ip_vs", "esp4", "xfrm_user"]
    rows = host.salt[RULES + "judge"]({"a": found}, swarm={}, checks=["modules"])
    assert faults(rows) == [("modules", "a", None, "warning")]


def test_a_port_that_is_taken(minion):
    module = minion.job().salt["swarm_preflight.reading"].func.__globals__
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as server:
            server.bind(("0.0.0.0", 0))
            if kind == socket.SOCK_STREAM:
                server.listen()
            name = "tcp" if kind == socket.SOCK_STREAM else "udp"
            port = server.getsockname()[1]
            assert module["_is_free"](port, name) is False
            assert "(PID " in module["_owner"](port, name)
            assert module["_owner"](1, name) == "the kernel"


def test_ports_of_managers_alone(host, minion):
    host.module["_is_free"] = lambda port, kind: False
    host.module["_owner"] = lambda port, kind: "x (PID 7)"
    taken = host.salt["swarm_preflight.reading"]()["taken"]
    assert [one.partition(" ")[0] for one in taken] == [
        "2377/tcp",
        "7946/tcp",
        "7946/udp",
        "4789/udp",
    ]
    minion.fleet.pillar["managers"] = ["another"]
    module = minion.job().salt["swarm_preflight.reading"].func.__globals__
    module.update(_is_free=lambda port, kind: port != 2377, _owner=host.module["_owner"])
    assert module["_taken"]({}, False) == []


def test_a_port_that_docker_kept_after_it_left_a_swarm(host):
    host.module["_is_free"] = lambda port, kind: port != 7946
    host.module["_owner"] = lambda port, kind: "dockerd (PID 843)"
    reading = host.salt["swarm_preflight.reading"]()
    rows = host.salt[RULES + "judge"]({"a": reading}, swarm={}, checks=["ports-free"])
    (line,) = host.salt[RULES + "lines"](rows)["errors"]
    assert "7946/tcp is taken by dockerd (PID 843)" in line
    assert "if it is dockerd itself, which left a swarm: systemctl restart docker" in line


def test_routes(host):
    rows = [
        "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT",
        "eth0 00000000 0100000A 0003 0 0 0 00000000 0 0 0",
        "eth0 0005000A 00000000 0001 0 0 0 00FFFFFF 0 0 0",
        "docker0 000011AC 00000000 0001 0 0 0 0000FFFF 0 0 0",
    ]
    (host.files / "route").write_text("\n".join(rows))
    assert host.salt["swarm_preflight.reading"]()["routes"] == ["10.0.5.0/24 eth0"]


@pytest.mark.parametrize(
    "enabled, runs, found", [("yes", False, "ufw"), ("no", True, "firewalld"), ("no", False, "")]
)
def test_firewalls(host, enabled, runs, found):
    (host.files / "ufw.conf").write_text(f"# x\nENABLED={enabled}\n")
    (host.files / "firewalld").write_text("")
    host.replace("service.status", lambda name: runs and name == "firewalld")
    assert host.salt["swarm_preflight.reading"]()["firewall"] == found


def test_the_mtu_and_the_source_of_this_machine(host):
    assert host.module["_mtu_of"]("lo") > 1500 and host.module["_mtu_of"]("nothing0") == 0
    assert host.module["_source"]("127.0.0.1:2377") == "127.0.0.1"
    assert host.module["_source"]("[::ffff:0:0:0:0]:x") == ""
    assert host.module["_synchronised"]() in (True, False)


def test_managers_that_are_not_reached(host):
    host.replace("swarm_core.reachable", lambda addresses, timeout: ["10.0.0.2:2377"])
    found = host.salt["swarm_preflight.reading"](["10.0.0.1:2377", "10.0.0.2:2377"])
    assert found["cut_off"] == ["10.0.0.1:2377"]
    assert set(found["sources"]) == {"10.0.0.1:2377", "10.0.0.2:2377"}


def test_a_member_asks_the_managers_that_it_knows(fleet):
    formed = runners.formed(fleet)
    found = {name: formed[name].job().salt["swarm_preflight.reading"]() for name in formed.minions}
    serving = {one["serving"] for one in found.values() if one["serving"]}
    assert len(serving) == 3
    assert {host for host, one in found.items() if one["manager"]} == {
        *("manager1", "manager2", "manager3")
    }
    assert set(found["worker1"]["sources"]) == serving


# --- function, state, runner ------------------------------------------------------------------------


def test_the_state(host):
    def instead(managers=None):
        return readings.well(live_restore=True, synchronised=False)

    host.replace("swarm_preflight.reading", instead)
    rows = host.salt["swarm.preflight"]()
    assert ("live-restore", "manager1", False, "error") in faults(rows)
    state = host.states["swarm.preflight"]
    bad = state(name="x")
    assert (bad["result"], bad["changes"]) == (False, {})
    assert bad["comment"] == (
        "live-restore: manager1: live-restore is on, which swarm refuses (remove live-restore from"
        " /etc/docker/daemon.json)"
    )
    good = state(name="x", ignore=["live-restore"])
    assert good["result"] is True
    assert "warning: live-restore: " in good["comment"] and "warning: clock: " in good["comment"]
    assert "unknown check" in state(name="x", ignore=["live"])["comment"]


def test_from_the_master(runner, fleet, monkeypatch):
    formed = runners.formed(fleet)
    found = status(runner, formed, monkeypatch, function="preflight")
    assert {row["name"] for row in found["preflight"]} > {"clock", "engine-id", "zones"}
    assert "Traceback" not in str(found) and found["retcode"] in (0, 1)
    formed.down.add("worker1")
    found = status(runner, formed, monkeypatch, function="preflight", checks=["live-restore"])
    assert found["problems"] == ["not known: worker1: it does not answer"]
    assert found["retcode"] == 1
    found = status(runner, formed, monkeypatch, function="preflight", ignore=["clok"])
    assert "unknown check clok" in found["problems"][0] and found["retcode"] == 2
    formed.down.clear()
    pillar = {"swarm": {**runners.PILLAR["swarm"], "preflight": {"ignore": ["live-restore"]}}}
    given = {"pillar": pillar, "function": "preflight", "checks": ["live-restore"]}
    found = status(runner, formed, monkeypatch, **given)
    assert (found["problems"], found["retcode"]) == ([], 0)


def test_the_page_has_the_table(minion):
    checks = minion.job().salt[RULES + "judge"].func.__globals__["CHECKS"]
    page = (rendered.PROJECT / "docs/preflight.md").read_text()
    rows = [
        f"| `{name}` | {level} | {holds} | {fix} |" for name, (level, holds, fix) in checks.items()
    ]
    assert "\n".join(rows) in page
