# SPDX-License-Identifier: Apache-2.0
"""Preflight: what a host reads of itself, what the readings of all hosts mean, and the state."""

import json
import platform
import socket

import pytest
import rendered
import runners
from runners import status
from salt.exceptions import SaltInvocationError

WELL = {
    "time": 1000.0,
    "state": "inactive",
    "addresses": [],
    "unreachable": [],
    "engine_id": "",
    "machine_id": "",
    "orphan": "",
    "live_restore": False,
    "daemon_json": "",
    "lacks": [],
    "disk": {"path": "/", "free": 50 * 1024**3, "size": 100 * 1024**3},
    "taken": [],
    "cut_off": [],
}
FREE = {"path": "/", "free": 3 * 1024**3, "size": 100 * 1024**3}


@pytest.fixture
def minion(make_fleet):
    return make_fleet(managers=1, workers=1)["manager1"]


def judge(minion, readings, **given):
    found = {host: {**WELL, **one} for host, one in readings.items()}
    return minion.job().salt["swarm_preflight.judge"](found, **{"swarm": {}, **given})


def faults(rows):
    return [
        (row["name"], row["on"], row["ok"], row["level"]) for row in rows if row["ok"] is not True
    ]


CASES = [
    ({"unreachable": ["no other host can reach 127.0.0.1"]}, "address-local", "127.0.0.1"),
    ({"cut_off": ["10.0.0.1:2377"]}, "port-2377", "cannot reach 10.0.0.1:2377"),
    ({"taken": ["7946/udp"]}, "ports-free", "taken: 7946/udp"),
    ({"orphan": "holds data of cluster X"}, "orphan-data", "holds data of cluster X"),
    ({"live_restore": True}, "live-restore", "live-restore is on"),
    ({"daemon_json": "/etc/docker/daemon.json is not JSON"}, "daemon-json", "is not JSON"),
    ({"lacks": ["vxlan"]}, "modules", "the kernel has no vxlan"),
    ({"lacks": ["ip_vs"]}, "virtual-ips", "the kernel has no ip_vs"),
    ({"disk": {"path": "/", "free": 10, "size": 20}}, "disk", "/ has 0.0 GiB of 0.0 GiB free"),
    ({"disk": FREE}, "disk", "/ has 3.0 GiB of 100.0 GiB free"),
]


@pytest.mark.parametrize("reading, name, text", CASES)
def test_a_fault_of_one_host(minion, reading, name, text):
    rows = judge(minion, {"a": {}, "b": reading})
    level = "warning" if name == "virtual-ips" else "error"
    assert faults(rows) == [(name, "b", False, level)]
    (row,) = [row for row in rows if row["ok"] is False]
    assert row["text"].startswith("b: ") and text in row["text"] and row["fix"]
    for ignored in (name, f"{name}:b"):
        assert faults(judge(minion, {"b": reading}, ignore=[ignored]))[0][3] == "warning"
    assert [one["name"] for one in judge(minion, {"b": reading}, checks=[name])] == [name]


def test_what_shows_side_by_side(minion):
    twins = {"engine_id": "e1", "machine_id": "m1", "addresses": ["10.0.0.1"]}
    rows = judge(minion, {"a": twins, "b": twins, "c": {"addresses": ["10.0.0.3"]}})
    assert [row["text"] for row in rows if row["ok"] is False] == [
        "a, b have 10.0.0.1",
        "a, b have one engine id",
        "a, b have one machine id",
    ]


@pytest.mark.parametrize(
    "time, text",
    [(939.0, "a is 61 s behind the master"), (1071.0, "a is 61 s ahead of the master")],
)
def test_a_clock_that_is_off(minion, time, text):
    rows = judge(minion, {"a": {"time": time}}, now={"a": [1000.0, 1010.0]})
    assert [row["text"] for row in rows if row["ok"] is False] == [text]
    for good in (941.0, 1005.0, 1069.0):
        assert faults(judge(minion, {"a": {"time": good}}, now={"a": [1000.0, 1010.0]})) == []


def test_managers_of_pillar(minion):
    managers = ["m1", "m2", "m3", "m4"]
    nodes = {name: {"labels": {"zone": "b" if name == "m4" else "a"}} for name in managers}
    rows = judge(minion, {"a": {}}, swarm={"managers": managers, "nodes": nodes})
    assert faults(rows) == [
        ("managers-even", "", False, "warning"),
        ("zones", "a", False, "warning"),
    ]


def test_five_faults_in_one_answer(minion):
    readings = {
        "a": {"live_restore": True, "engine_id": "e"},
        "b": {"engine_id": "e", "cut_off": ["10.0.0.1:2377"], "time": 0.0},
    }
    rows = judge(minion, readings, now={"b": [1000, 1001]}, swarm={"managers": ["a", "b"]})
    assert {name for name, *_ in faults(rows)} == {
        *("live-restore", "engine-id", "port-2377", "clock", "managers-even")
    }


def test_who_is_silent_is_not_well(minion):
    rows = minion.job().salt["swarm_preflight.judge"]({"a": None, "b": WELL}, swarm={})
    assert {(on, ok) for _, on, ok, _ in faults(rows)} == {("a", None)}


@pytest.mark.parametrize("what", ["checks", "ignore"])
def test_an_unknown_check(minion, what):
    with pytest.raises(
        SaltInvocationError, match=f"{what}: unknown check clok .valid: address-local"
    ):
        judge(minion, {}, **{what: ["clok"]})


# --- what a host reads ------------------------------------------------------------------------------


@pytest.fixture
def host(minion, tmp_path):
    """A job whose host has these files, and no port taken."""
    job = minion.job()
    module = job.salt["swarm_preflight.reading"].func.__globals__
    modules = tmp_path / "modules" / platform.release()
    modules.mkdir(parents=True)
    names = ("overlay", "vxlan", "br_netfilter", "ip_vs")
    lines = [f"kernel/net/{name.replace('_', '-')}.ko.xz: kernel/x.ko" for name in names]
    (modules / "modules.dep").write_text("\n".join(lines))
    (tmp_path / "machine-id").write_text("m1\n")
    module.update(
        DAEMON_JSON=str(tmp_path / "daemon.json"),
        MACHINE_ID=str(tmp_path / "machine-id"),
        MODULE_FOLDER=str(tmp_path / "modules"),
        LOADED=str(tmp_path / "loaded"),
        _is_free=lambda port, kind: True,
    )
    job.files, job.module = tmp_path, module
    return job


def test_reading(host, minion):
    found = host.salt["swarm_preflight.reading"]()
    assert found["machine_id"] == "m1" and found["lacks"] == [] and found["taken"] == []
    assert found["addresses"] == [minion.machine.address]
    json.dumps(found)
    assert host.salt["swarm_preflight.judge"]({"manager1": found}, swarm={})
    assert minion.machine.changed_by() == []


@pytest.mark.parametrize(
    "text, restores, wrong",
    [
        ('{"live-restore": true}', True, ""),
        ('{"live-restore": false}', False, ""),
        ("{,}", False, "is not JSON"),
        ("[]", False, "is not a JSON object"),
    ],
)
def test_daemon_json(host, text, restores, wrong):
    (host.files / "daemon.json").write_text(text)
    found = host.salt["swarm_preflight.reading"]()
    assert found["live_restore"] is restores and wrong in found["daemon_json"]
    assert bool(wrong) == bool(found["daemon_json"])


def test_modules(host):
    (host.files / "modules" / platform.release() / "modules.dep").write_text("kernel/overlay.ko:")
    (host.files / "loaded/vxlan").mkdir(parents=True)
    assert host.salt["swarm_preflight.reading"]()["lacks"] == ["br_netfilter", "ip_vs"]
    host.module["MODULE_FOLDER"] = "/nowhere"
    found = host.salt["swarm_preflight.reading"]()
    assert found["lacks"] is None
    rows = host.salt["swarm_preflight.judge"]({"a": found}, swarm={}, checks=["modules"])
    assert faults(rows) == [("modules", "a", None, "error")]


def test_a_port_that_is_taken(minion):
    module = minion.job().salt["swarm_preflight.reading"].func.__globals__
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert module["_is_free"](server.getsockname()[1], "tcp") is False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("0.0.0.0", 0))
        assert module["_is_free"](server.getsockname()[1], "udp") is False


def test_managers_that_are_not_reached(host):
    host.replace("swarm_core.reachable", lambda addresses, timeout: ["10.0.0.2:2377"])
    found = host.salt["swarm_preflight.reading"](["10.0.0.1:2377", "10.0.0.2:2377"])
    assert found["cut_off"] == ["10.0.0.1:2377"]


# --- function, state, runner ------------------------------------------------------------------------


def test_the_state(host):
    host.replace("swarm_preflight.reading", lambda managers=None: {**WELL, "live_restore": True})
    rows = host.salt["swarm.preflight"]()
    assert faults(rows) == [("live-restore", "manager1", False, "error")]
    state = host.states["swarm.preflight"]
    bad = state(name="x")
    assert (bad["result"], bad["changes"]) == (False, {})
    assert bad["comment"] == "live-restore: manager1: live-restore is on: swarm refuses it"
    assert state(name="x", ignore=["live-restore"])["result"] is True
    assert "unknown check" in state(name="x", ignore=["live"])["comment"]


def test_from_the_master(runner, fleet, monkeypatch):
    formed = runners.formed(fleet)
    found = status(runner, formed, monkeypatch, function="preflight")
    assert {row["name"] for row in found["preflight"]} > {"clock", "engine-id", "zones"}
    assert "Traceback" not in str(found) and found["retcode"] in (0, 1)
    formed.down.add("worker1")
    found = status(runner, formed, monkeypatch, function="preflight", checks=["live-restore"])
    assert found["problems"] == ["worker1: it does not answer"] and found["retcode"] == 1
    found = status(runner, formed, monkeypatch, function="preflight", ignore=["clok"])
    assert "unknown check clok" in found["problems"][0] and found["retcode"] == 2


def test_the_page_has_the_table(minion):
    checks = minion.job().salt["swarm_preflight.judge"].func.__globals__["CHECKS"]
    page = (rendered.PROJECT / "docs/preflight.md").read_text()
    rows = [
        f"| `{name}` | {level} | {holds} | {fix} |" for name, (level, holds, fix) in checks.items()
    ]
    assert "\n".join(rows) in page
