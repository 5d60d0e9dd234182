# SPDX-License-Identifier: Apache-2.0
"""When docker.upgrade and docker.reboot may begin with a host: the window, blockers, the snapshot before."""

import datetime
import zoneinfo

import pytest
import rendered
import salt.loader
from test_rolling import MANAGERS, NEW, Fleet, hash_of, roll

__all__ = ["roll"]
SATURDAY = {"days": ["sat"], "from": "02:00", "to": "05:00", "tz": "Europe/Rome"}
FIVE = datetime.datetime(2026, 12, 5, 5, tzinfo=zoneinfo.ZoneInfo("Europe/Rome")).timestamp()


@pytest.fixture
def window(tmp_path):
    """``window(settings, time in its zone, margin)``, as swarm_roll has it."""
    function = salt.loader.minion_mods(rendered.minion_opts(tmp_path))["swarm_roll.window"]

    def ask(settings, text, margin=600):
        zone = zoneinfo.ZoneInfo(settings["tz"])
        now = datetime.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()
        return function(settings, now, margin)

    return ask


@pytest.mark.parametrize(
    ("more", "time", "opens"),
    [
        ({}, "2026-12-05T02:00", None),
        ({}, "2026-12-05T04:49:59", None),
        ({}, "2026-12-05T04:50", "sat 2026-12-12 02:00 Europe/Rome"),
        ({}, "2026-12-05T01:59:59", "sat 2026-12-05 02:00 Europe/Rome"),
        ({}, "2026-12-04T03:00", "sat 2026-12-05 02:00 Europe/Rome"),
        ({"days": ["sat", "sun"]}, "2026-12-05T06:00", "sun 2026-12-06 02:00 Europe/Rome"),
        ({"days": None}, "2026-12-04T03:00", None),
        ({"days": None}, "2026-12-04T05:00", "sat 2026-12-05 02:00 Europe/Rome"),
        # Over midnight it belongs to the day on which it opens.
        ({"from": "22:00"}, "2026-12-06T04:00", None),
        ({"from": "22:00"}, "2026-12-05T04:00", "sat 2026-12-05 22:00 Europe/Rome"),
        ({"from": "22:00"}, "2026-12-06T04:55", "sat 2026-12-12 22:00 Europe/Rome"),
        ({"from": "00:00", "to": "00:00"}, "2026-12-05T23:00", None),
        ({"from": "00:00", "to": "00:00"}, "2026-12-06T00:00", "sat 2026-12-12 00:00 Europe/Rome"),
        # The night of 28 March has no hour from 2 to 3: the window of 3 hours has 2.
        ({"days": ["sun"]}, "2027-03-28T03:10", None),
        ({"days": ["sun"]}, "2027-03-28T04:51", "sun 2027-04-04 02:00 Europe/Rome"),
        ({"tz": "America/Los_Angeles"}, "2026-12-05T03:00", None),
    ],
)
def test_open_or_when_next(window, more, time, opens):
    found = window({**SATURDAY, **more}, time)
    assert found == {"open": opens is None, "opens": opens or "", "fault": ""}


@pytest.mark.parametrize("zone", ["Europe/Rom", "Europe", "Mars/Base", "x"])
def test_a_zone_that_the_master_does_not_know(roll, zone):
    ret = roll(Fleet(), confirm=False, window={**SATURDAY, "tz": zone})
    assert ret["result"] is False
    assert (
        f"this master knows no time zone {zone}: correct pillar swarm:window:tz" in ret["comment"]
    )


class Clock:
    """The time of the master; a host takes ``minutes``."""

    def __init__(self, monkeypatch, fleet, begin, minutes):
        self.now = begin
        monkeypatch.setattr("time.time", lambda: self.now)
        before = fleet.do_swarm_evict

        def evict(host, node, **arguments):
            self.now += minutes * 60
            return before(host, node, **arguments)

        fleet.do_swarm_evict = evict


def test_it_ends_at_the_edge_and_goes_on_in_the_next_window(roll, monkeypatch):
    workers = [f"worker{number}" for number in range(1, 7)]
    fleet = Fleet(MANAGERS, workers)
    clock = Clock(monkeypatch, fleet, FIVE - 3 * 3600, minutes=43)
    plan = hash_of(roll(fleet, window=SATURDAY))
    ret = roll(fleet, plan=plan, window=SATURDAY)
    assert ret["result"] is True
    assert ret["comment"] == (
        "4 of 9 done, window closed at 05:00; it opens sat 2026-12-12 02:00 Europe/Rome:"
        " run docker.upgrade again then"
    )
    assert set(ret["changes"]) == {*MANAGERS, "worker1"} == set(ret["steps"][0]["hosts"])
    assert fleet.lock == "" and fleet.node["worker2"]["availability"] == "active"
    ret = roll(fleet, plan=plan, window=SATURDAY)
    assert (ret["result"], ret["changes"], ret["steps"]) == (True, {}, [])
    assert ret["comment"].startswith("0 of 5 done, the window is closed; it opens sat 2026-12-12")
    clock.now += 7 * 24 * 3600 - 4 * 43 * 60
    ret = roll(fleet, plan=plan, window=SATURDAY)
    assert ret["result"] is True and "4 of 5 done, window closed at 05:00" in ret["comment"]
    clock.now += 7 * 24 * 3600 - 4 * 43 * 60
    ret = roll(fleet, plan=plan, window=SATURDAY)
    assert ret["comment"] == "1 of 9 hosts was upgraded", ret["comment"]
    assert set(fleet.engine.values()) == {"28.5.2"}


def test_outside_of_it_nothing_is_downloaded_and_what_was_begun_is_finished(roll, monkeypatch):
    fleet = Fleet()
    monkeypatch.setattr("time.time", lambda: FIVE)
    node = fleet.node["worker1"]
    node.update(availability="drain", labels={"saltext.swarm.was": "active"})
    fleet.engine["worker1"], fleet.installed["worker1"] = "28.5.2", NEW
    ret = roll(fleet, confirm=False, window=SATURDAY, snapshot="site.backup")
    assert ret["result"] is True and ret["comment"].startswith("1 of 5 done, the window is closed")
    assert node["availability"] == "active" and set(ret["changes"]) == {"worker1"}
    assert not {"swarm_upgrade.prefetch", "state.sls"} & {one for _, one, _ in fleet.calls}
    assert fleet.order("swarm_upgrade.install") == []


def test_a_plan_says_when_it_can_go(roll, monkeypatch):
    monkeypatch.setattr("time.time", lambda: FIVE)
    ret = roll(Fleet(), test=True, window=SATURDAY)
    assert (
        ret["result"] is None
        and "the window opens sat 2026-12-12 02:00 Europe/Rome" in ret["notes"]
    )


def test_the_window_can_be_ignored(roll, monkeypatch):
    monkeypatch.setattr("time.time", lambda: FIVE)
    fleet = Fleet()
    ret = roll(fleet, confirm=False, window=SATURDAY, ignore=["window"])
    assert ret["comment"] == "5 of 5 hosts were upgraded"
    assert set(fleet.engine.values()) == {"28.5.2"}


def unsettled(fleet, name, after=0):
    """Its update is under way from the `after`-th look at updates on."""
    looks = []

    def health(host, checks=None, **_):
        looks.extend(checks or ())
        row = {"name": "updates-settled", "ok": False, "on": name, "level": "error"}
        row["text"] = f"{name}: its update is under way"
        return [row] if len(looks) > after and checks else []

    fleet.do_swarm_health = health


def test_a_blocker_that_is_updated(roll):
    fleet = Fleet()
    unsettled(fleet, "db", after=2)
    ret = roll(fleet, confirm=False, blockers=["db"])
    assert ret["result"] is True and ret["comment"] == (
        "1 of 5 done, pillar swarm:blockers: db: its update is under way: run docker.upgrade again then"
    )
    assert fleet.order("swarm_upgrade.install") == ["manager2"]
    fleet = Fleet()
    unsettled(fleet, "web")
    ret = roll(fleet, confirm=False, blockers=["db"])
    assert ret["comment"] == "5 of 5 hosts were upgraded", "another service"


def test_a_blocker_that_is_not_a_service_is_noted(roll):
    ret = roll(Fleet(), test=True, blockers=["bd", "db"])
    assert "pillar swarm:blockers names bd, which is not a service" in ret["notes"]
    assert ret["result"] is None and not any("names db" in note for note in ret["notes"])


def test_faults_from_before_the_run_are_its_baseline(roll):
    """The return code of health is 1 then, for people; the run compares rows."""
    fleet = Fleet()
    rows = [{"name": "nodes-ready", "ok": False, "level": "error", "on": "worker9", "text": "down"}]
    before, baselines = fleet.cmd, []

    def cmd(hosts, function, arg=(), kwarg=None, **more):
        if function != "swarm.health":
            return before(hosts, function, arg=arg, kwarg=kwarg, **more)
        baselines.append((kwarg or {}).get("baseline"))
        return {hosts[0]: {"ret": rows, "retcode": int("baseline" not in kwarg)}}

    fleet.cmd = cmd
    ret = roll(fleet, confirm=False)
    assert ret["result"] is True, ret["comment"]
    assert baselines == [None] + [rows] * 5


def snapshots(fleet, result=True):
    state = {"result": result, "comment": "no space left on /var/backups", "changes": {}}

    def sls(host, name, saltenv, test):
        assert (name, saltenv, test) == ("site.backup", "base", False)
        return {"cmd_|-x_|-x_|-run": state}

    fleet.do_state_sls = sls


def test_a_snapshot_comes_before_the_first_host(roll):
    fleet = Fleet()
    snapshots(fleet)
    assert roll(fleet, confirm=False, snapshot="site.backup")["result"] is True
    made = [(host, function) for host, function, _ in fleet.calls]
    assert [host for host, function in made if function == "state.sls"] == ["manager2"]
    assert made.index(("manager2", "state.sls")) < made.index(("manager3", "swarm.evict"))
    fleet = Fleet()
    snapshots(fleet)
    assert roll(fleet, test=True, snapshot="site.backup")["result"] is None
    assert "state.sls" not in {one for _, one, _ in fleet.calls}


def test_a_snapshot_that_fails_stops_it(roll):
    fleet = Fleet()
    snapshots(fleet, result=False)
    before = fleet.cmd

    def cmd(hosts, function, *args, **kwargs):
        answers = before(hosts, function, *args, **kwargs)
        if function == "state.sls":
            answers["manager2"]["retcode"] = 2
        return answers

    fleet.cmd = cmd
    ret = roll(fleet, confirm=False, snapshot="site.backup")
    assert ret["result"] is False and fleet.lock == ""
    assert ret["comment"] == (
        "manager2: snapshot site.backup: no space left on /var/backups; no host was changed"
    )
    assert "swarm.evict" not in {one for _, one, _ in fleet.calls}
