# SPDX-License-Identifier: Apache-2.0
"""The states and functions of networks, and new credentials for a registry: what is asked of the core."""

import re
from pathlib import Path

import pytest
import yaml
from salt.exceptions import CommandExecutionError, SaltInvocationError

SUBNETS = {"config": [{"subnet": "10.7.0.0/24"}]}
SECRET = "hunter2hunter2"
ROBOT = {"username": "robot", "password": SECRET}


class Networks:
    """The networks of a cluster, as the core would answer for them."""

    def __init__(self, machine):
        self.machine, self.calls = machine, []
        self.answer = {"id": "n1", "action": "none", "changes": {}, "services": []}
        self.failing = {}
        machine.do_network_apply = self.apply
        machine.do_network_remove = self.remove
        machine.do_network_usage = self.usage
        machine.do_registry_login = self.login
        machine.do_service_wait = self.wait
        machine.do_object_list = self.list
        self.there = True
        self.logins = {"services": ["web"], "skipped": ["once"]}

    def apply(self, core, name, network, **options):
        self.machine._managed(core, "network_apply")
        self.calls.append((name, network, options))
        if "refused" in self.failing:
            raise core.Conflict(self.failing["refused"])
        return self.answer

    def remove(self, core, name, dry_run=False, **_):
        self.calls.append((name, dry_run))
        return {"id": "n1", "action": "remove" if self.there else "none"}

    def login(self, core, registry, registry_auth, version, dry_run=False, **_):
        self.calls.append((registry, registry_auth, version, dry_run))
        return self.logins

    def wait(self, core, service, **_):
        if service in self.failing:
            raise core.Timeout(self.failing[service])
        return {"done": 1, "total": 1, "rolled_back": False}

    def usage(self, core, **_):
        numbers = dict.fromkeys(("used", "tasks", "services", "nodes"), 1)
        return [{"id": "n1", "name": "backend", "subnets": ["10.7.0.0/24"], "size": 253, **numbers}]

    def list(self, core, kind, **_):
        local = {"Id": "n2", "Name": "bridge", "Driver": "bridge", "Scope": "local"}
        return [{"Id": "n1", "Name": "backend", "Driver": "overlay", "Scope": "swarm"}, local]

    def written(self):
        return [call for call in self.calls if not call[-1].get("dry_run")]


@pytest.fixture
def formed(fleet):
    return fleet.form()


@pytest.fixture
def networks(formed):
    return Networks(formed["manager1"].machine)


def state(fleet, function, name, test=False, minion="manager1", pillar=None, **arguments):
    job = fleet[minion].job(test=test, pillar=pillar)
    return job.states[f"swarm.{function}"](name=name, **arguments)


def call(fleet, function, *args, **kwargs):
    return fleet["manager1"].job(pillar={"robot": ROBOT}).salt[f"swarm.{function}"](*args, **kwargs)


# --- network ----------------------------------------------------------------------------------------


def test_slips_come_all_at_once_before_anything_is_asked(formed, networks):
    wrong = {"attachble": True, "internal": "maybe", "driver": "bridge", "ipam": {"config": [5]}}
    for minion in ("manager1", "manager2"):
        ret = state(formed, "network", "a/b", minion=minion, wait=2, runs_on="x", **wrong)
        assert ret["result"] is False and ret["comment"].startswith("network a/b: ")
        for line in (
            "wait must be True or False, not 2",
            "runs_on must be leader or any, not 'x'",
            "attachble: no such key, did you mean attachable?",
            "internal: must be true or false",
            "driver: bridge makes a network of this host alone",
            "ipam.config[0]: must be a mapping with a subnet",
            "name: must be 1 to 63 letters",
        ):
            assert line in ret["comment"], ret["comment"]
    assert not networks.calls


def test_a_comment_names_the_network_also_where_its_name_is_a_part_of_the_text(formed, networks):
    networks.failing["refused"] = "the pool is used up"
    assert state(formed, "network", "a")["comment"] == "network a: the pool is used up"
    networks.failing["refused"] = "network a differs"
    assert state(formed, "network", "a")["comment"] == "network a differs"


def test_only_what_is_given_is_asked_for(formed, networks):
    ret = state(formed, "network", "backend", attachable=False, ipam=SUBNETS, labels={"a": None})
    assert (ret["result"], ret["changes"]) == (True, {})
    assert ret["comment"] == "network backend is as declared"
    ((name, words, options),) = networks.calls
    assert (name, words) == (
        "backend",
        {"attachable": False, "ipam": SUBNETS, "labels": {"a": None}},
    )
    assert options == {"replace": False, "dry_run": True, "timeout": None}


@pytest.mark.parametrize("action", ["create", "replace", "restore"])
def test_test_mode_has_the_changes_of_the_run(formed, networks, action):
    change = {"attachable": {"old": False, "new": True}}
    networks.answer = {"id": "", "action": action, "changes": change, "services": ["web"]}
    expected = state(formed, "network", "backend", test=True, attachable=True)
    assert expected["result"] is None and not networks.written()
    real = state(formed, "network", "backend", attachable=True)
    assert (real["result"], real["changes"]) == (True, expected["changes"])
    assert real["changes"]["services put on again"] == ["web"]
    assert ("network" in real["changes"]) == (action == "create")
    assert expected["comment"] != real["comment"]
    assert len(networks.written()) == 1


def test_another_manager_made_it_meanwhile(formed, networks):
    found = [{**networks.answer, "action": "create"}, networks.answer]
    networks.machine.do_network_apply = lambda core, *_, **__: found.pop(0)
    ret = state(formed, "network", "backend")
    assert (ret["result"], ret["changes"]) == (True, {})


def test_services_that_do_not_run_afterwards_are_named(formed, networks):
    networks.answer = {"id": "", "action": "replace", "changes": {}, "services": ["a", "b", "c"]}
    networks.failing = {"a": "0 of 1 tasks are running", "c": "no suitable node"}
    ret = state(formed, "network", "backend", replace=True)
    assert ret["result"] is False and ret["changes"]
    assert "service a was put on again, and does not run: 0 of 1" in ret["comment"]
    assert "service c was" in ret["comment"] and "service b" not in ret["comment"]
    assert state(formed, "network", "backend", replace=True, wait=False)["result"] is True


def test_what_the_core_refuses_is_the_comment(formed, networks):
    networks.failing = {"refused": "network backend differs: attachable is false, not true"}
    for test in (True, False):
        ret = state(formed, "network", "backend", test=test, attachable=True)
        assert (ret["result"], ret["changes"]) == (False, {})
        assert ret["comment"] == networks.failing["refused"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"replace": "yes"}, "replace must be True or False, not 'yes'"),
        ({"wait": 0}, "wait must be True or False, not 0"),
        ({"timeout": "1m"}, "timeout must be a number of seconds"),
        ({"runs_on": "all"}, "runs_on must be leader or any, not 'all'"),
    ],
)
def test_slips_in_arguments(formed, networks, arguments, text):
    ret = state(formed, "network", "backend", **arguments)
    assert ret["result"] is False and text in ret["comment"] and networks.calls == []


def test_an_unknown_argument(formed, networks):
    ret = state(formed, "network", "backend", atachable=True)
    assert ret["result"] is False and "atachable" in ret["comment"] and networks.calls == []


def test_one_manager_acts(formed, networks):
    Networks(formed["manager2"].machine)
    for function in ("network", "network_absent"):
        ret = state(formed, function, "backend", minion="manager2")
        assert (ret["result"], ret["changes"]) == (True, {})
        assert ret["comment"] == "left to manager1"
    assert state(formed, "network", "backend", minion="manager2", runs_on="any")["result"] is True


def test_a_worker_names_the_managers(formed):
    ret = state(formed, "network", "backend", minion="worker1")
    assert ret["result"] is False and "ask one of the managers" in ret["comment"]


# --- absent -----------------------------------------------------------------------------------------


def test_absent(formed, networks):
    expected = state(formed, "network_absent", "backend", test=True)
    assert expected["result"] is None and networks.calls == [("backend", True)]
    real = state(formed, "network_absent", "backend")
    assert (real["result"], real["changes"]) == (True, expected["changes"])
    assert real["changes"] == {"network": {"old": "backend", "new": None}}
    networks.there = False
    for test in (True, False):
        again = state(formed, "network_absent", "backend", test=test)
        assert (again["result"], again["changes"]) == (True, {})


# --- functions --------------------------------------------------------------------------------------


def test_lists(formed, networks):
    rows = call(formed, "network_ls")
    assert [list(row) for row in rows] == [["NETWORK ID", "NAME", "DRIVER", "SCOPE"]] * 2
    assert [row["NAME"] for row in call(formed, "network_ls", scope="swarm")] == ["backend"]
    assert call(formed, "network_ls", "none") == []
    assert [row["NAME"] for row in call(formed, "network_ls", driver="bridge")] == ["bridge"]
    (row,) = call(formed, "network_usage")
    assert (row["NAME"], row["SUBNETS"], row["USED"], row["SIZE"]) == (
        "backend",
        "10.7.0.0/24",
        1,
        253,
    )
    assert call(formed, "network_usage", "other") == []


def test_create_and_remove(formed, networks):
    made = call(formed, "network_create", "backend", attachable=True)
    assert made == {"id": "n1", "action": "none", "changes": {}}
    assert networks.calls[0][:2] == ("backend", {"attachable": True})
    assert call(formed, "network_rm", "backend") is True
    networks.there = False
    assert call(formed, "network_rm", "backend") is False
    for function in ("network_create", "network_rm", "network_inspect"):
        with pytest.raises(SaltInvocationError, match="network must be a full id or an exact name"):
            call(formed, function)


# --- registry_login ---------------------------------------------------------------------------------

LOGIN = {"version": "2", "registry_auth": {"pillar": "robot"}}


def login(fleet, test=False, **arguments):
    given = {**LOGIN, **arguments}
    return state(fleet, "registry_login", "r:5000", test=test, pillar={"robot": ROBOT}, **given)


def test_login(formed, networks):
    expected = login(formed, test=True)
    assert expected["result"] is None and networks.calls[-1][-1] is True
    real = login(formed)
    assert (real["result"], real["changes"]) == (True, expected["changes"])
    assert real["changes"] == {"web": {"new": "2"}}
    assert real["comment"] == "credentials 2 were sent to 1 service; jobs are left alone: once"
    assert networks.calls[-1] == ("r:5000", {**ROBOT, "serveraddress": "r:5000"}, "2", False)
    networks.logins = {"services": [], "skipped": []}
    again = login(formed)
    assert (again["result"], again["changes"]) == (True, {})
    assert SECRET not in str([expected, real, again])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"version": None}, "version is required"),
        ({"version": True}, "version must be a text such as '2026-11', not True"),
        ({"registry_auth": ROBOT}, "registry_auth has credentials in clear"),
        ({"registry_auth": {"pillar": SECRET}}, "registry_auth: pillar has no such key"),
        ({"registry_auth": None}, "no credentials for r:5000: give registry_auth"),
        ({"registry_auth": False}, "no credentials for r:5000: give registry_auth"),
    ],
)
def test_login_that_is_refused(formed, networks, arguments, text):
    ret = login(formed, **arguments)
    assert ret["result"] is False and text in ret["comment"] and networks.calls == []
    assert SECRET not in str(ret)


def test_login_by_hand(formed, networks):
    done = call(formed, "registry_login", "docker.io", 7, {"pillar": "robot"})
    assert done == networks.logins and SECRET not in str(done)
    assert networks.calls[-1][1]["serveraddress"] == "https://index.docker.io/v1/"
    with pytest.raises(CommandExecutionError, match="no credentials for docker.io"):
        call(formed, "registry_login", "docker.io", "7", False)


# --- the page ---------------------------------------------------------------------------------------


def examples():
    """The states of docs/networks.md, as (id, function, arguments)."""
    page = (Path(__file__).parents[2] / "docs/networks.md").read_text(encoding="utf-8")
    for block in re.findall(r"(?ms)^```yaml\n(.*?)^```", page):
        for name, states in yaml.safe_load(block).items():
            for function, arguments in states.items():
                if function.startswith("swarm."):
                    given = {key: value for one in arguments for key, value in one.items()}
                    yield name, function.removeprefix("swarm."), given


@pytest.mark.parametrize(("name", "function", "given"), list(examples()))
def test_examples_of_the_page(formed, networks, name, function, given):
    pillar = {"registry": {"robot": ROBOT}}
    ret = state(formed, function, name, test=True, pillar=pillar, **given)
    assert ret["result"] is not False, ret


def test_the_page_shows_each_state():
    assert {one[1] for one in examples()} == {"network", "network_absent", "registry_login"}
