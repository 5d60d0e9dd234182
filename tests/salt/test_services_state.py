# SPDX-License-Identifier: Apache-2.0
"""The states ``swarm.service`` and ``swarm.service_absent``, on hosts in memory."""

import datetime
import re

import pytest
import rendered
import salt.utils.yaml
import salt.utils.yamlloader
import yaml
from fleet import predicted, state

WEB = {"image": "nginx:1.27", "environment": {"MODE": "production"}, "deploy": {"replicas": 2}}


def named(fleet, name, function="service", minion="manager1", test=False, **arguments):
    job = fleet[minion].job(test=test)
    return job.states[f"swarm.{function}"](name=name, **arguments)


@pytest.fixture
def formed(fleet):
    return fleet.form()


def stored(fleet, name="service"):
    return fleet["manager1"].machine.cluster.services[name]


def test_created_as_predicted_and_then_left_alone(formed):
    ret = predicted(formed, "manager1", "service", **WEB)
    assert ret["changes"]["image"] == {"old": None, "new": "nginx:1.27"}
    assert ret["comment"] == "service service was created, 1 of 1 tasks are running"
    assert formed["manager1"].machine.written == ["service"]


def test_what_the_run_makes_first_is_there_for_test_mode(formed, monkeypatch):
    """A service in the SLS of its network and secret: the real run makes these before it."""

    def running(changes, result=None):
        return {
            "swarm_|-a_|-net_|-network": {"name": "net", "result": result, "changes": changes},
            "swarm_|-b_|-key_|-secret": {
                "name": "key",
                "result": None,
                "changes": {"current": {"old": None, "new": "key-1"}},
            },
            "file_|-c_|-net_|-managed": {"name": "other", "result": None, "changes": {}},
        }

    def run(before, test=True, **words):
        job = formed["manager1"].job(test=test)
        function = job.states["swarm.service"]
        monkeypatch.setitem(function.__globals__, "__running__", before)
        return function(name="web", image="nginx:1", **words)

    new = {"network": {"old": None, "new": "net"}}
    words = {"networks": {"net": {"aliases": ["a"]}}, "secrets": [{"source": "key"}]}
    ret = run(running(new), **words)
    assert ret["result"] is None and ret["comment"] == (
        "service web would be created, once this run has made what it names: networks.net,"
        " secrets.key"
    )
    assert ret["changes"]["networks.net"] == {"old": None, "new": {"aliases": ["a"]}}
    assert ret["changes"]["secrets.key"] == {"old": None, "new": {"source": "key"}}
    # A network that is only changed, one that could not be made, and the real run.
    for before, test in (
        (running({"attachable": {"old": True, "new": False}}), True),
        (running(new, result=False), True),
        (running(new), False),
    ):
        ret = run(before, test=test, networks=["net"])
        assert "once this run" not in ret["comment"], ret


def test_one_key_changes_and_the_others_stay(formed):
    state(formed, "manager1", "service", **WEB, healthcheck={"test": "true"})
    ret = predicted(formed, "manager1", "service", environment={"MODE": None, "NEW": "1"})
    assert set(ret["changes"]) == {"environment.MODE", "environment.NEW"}
    spec = stored(formed)["Spec"]["TaskTemplate"]["ContainerSpec"]
    assert spec["Env"] == ["NEW=1"] and spec["Image"] == "nginx:1.27" and spec["Healthcheck"]


def test_values_of_variables_are_not_in_the_changes(formed):
    ret = state(formed, "manager1", "service", **WEB)
    assert "production" not in str(ret)
    assert "production" in str(named(formed, "b", show_env=True, **WEB))


def test_a_job_that_watches_needs_no_second_update(formed):
    """No POST where nothing differs: PreviousSpec stays what one can roll back to."""
    state(formed, "manager1", "service", **WEB)
    state(formed, "manager1", "service", image="nginx:1.28")
    before = stored(formed)["PreviousSpec"]
    state(formed, "manager1", "service", image="nginx:1.28")
    assert stored(formed)["PreviousSpec"] is before and stored(formed)["Version"] == 2


def test_only_the_leader_acts(formed):
    rets = {n: state(formed, n, "service", **WEB) for n in ("manager3", "manager2", "manager1")}
    assert [bool(ret["changes"]) for ret in rets.values()] == [False, False, True]
    assert rets["manager2"] == {
        "name": "service",
        "result": True,
        "changes": {},
        "comment": "left to manager1",
    }
    assert state(formed, "manager2", "service", runs_on="any", image="b:1")["changes"]


def test_a_worker_names_the_managers(formed):
    ret = state(formed, "worker1", "service", **WEB)
    assert ret["result"] is False and "ask one of the managers" in ret["comment"]


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        ("timeout", "service service was created, but 0 of 1 tasks run; host1: no zone"),
        ("paused", "service service was created, but 0 of 1 tasks run; host1: no zone"),
        ("failed", "service service was created, but 0 of 1 tasks run; host1: no zone"),
    ],
)
def test_what_does_not_settle_fails_with_its_reasons(formed, outcome, text):
    found = {"outcome": outcome, "text": "0 of 1 tasks run", "nodes": ["host1: no zone"]}
    formed["manager1"].machine.cluster.outcomes["service"] = found
    ret = state(formed, "manager1", "service", **WEB)
    assert (ret["result"], ret["comment"]) == (False, text)
    assert ret["changes"]
    again = state(formed, "manager1", "service", **WEB)
    assert again["result"] is False and not again["changes"], "not True at the second run"
    assert state(formed, "manager1", "service", wait=False, **WEB)["result"] is True


def test_a_rollout_that_swarm_rolls_back_is_not_a_change(formed):
    state(formed, "manager1", "service", **WEB)
    cluster = formed["manager1"].machine.cluster
    cluster.outcomes["service"] = {"outcome": "rolled_back", "text": "swarm rolled it back: exit 3"}
    ret = state(formed, "manager1", "service", image="nginx:2")
    assert (ret["result"], ret["changes"]) == (False, {})
    assert ret["comment"] == "service service: swarm rolled it back: exit 3 (not changed: image)"


def test_what_swarm_rolled_back_is_not_sent_again(formed):
    state(formed, "manager1", "service", **WEB)
    formed["manager1"].machine.cluster.rolled_back["service"] = "web.1 (failed): exit 3"
    for test in (False, True):
        ret = state(formed, "manager1", "service", test=test, image="nginx:2")
        assert (ret["result"], ret["changes"]) == (False, {})
        assert (
            "web.1 (failed): exit 3. Change it, or give retry_rolled_back: True" in ret["comment"]
        )
    assert formed["manager1"].machine.written == ["service"]
    ret = state(formed, "manager1", "service", retry_rolled_back=True, image="nginx:2")
    assert ret["changes"]


def test_a_label_is_not_waited_for_as_a_rollout(formed):
    machine = formed["manager1"].machine
    state(formed, "manager1", "service", **WEB)
    state(formed, "manager1", "service", deploy={"labels": {"a": "b"}})
    state(formed, "manager1", "service", deploy={"replicas": 3})
    state(formed, "manager1", "service", deploy={"replicas": 3})
    waits = [given["unchanged"] for name, given in machine.calls if name == "service_settle"]
    assert waits == [False, True, False, True]


def test_credentials_are_looked_up_by_the_module_for_them(formed):
    job = formed["manager1"].job()
    asked = []

    def auth(image, source, into):
        asked.append((image, source))
        return into({"username": "me"})

    job.replace("swarm_registry.auth", auth)
    ret = job.states["swarm.service"](name="web", registry_auth={"pillar": "reg"}, **WEB)
    assert ret["result"] is True and asked == [("nginx:1.27", {"pillar": "reg"})]
    (given,) = [g for n, g in formed["manager1"].machine.calls if n == "service_apply"]
    assert given["registry_auth"] == {"username": "me"}


@pytest.mark.parametrize("written", ["0400", "'0400'", "400", "0o400", "'400'"])
def test_a_mode_means_its_octal_digits(formed, written):
    """As in Salt's file states, whose loader reads 0400 as 400."""
    text = f"{{image: 'a:1', volumes: [{{type: tmpfs, target: /t, tmpfs: {{mode: {written}}}}}]}}"
    given = salt.utils.yaml.load(text, Loader=salt.utils.yamlloader.SaltYamlSafeLoader)
    ret = state(formed, "manager1", "service", **given)
    assert ret["result"] is True, ret
    (mount,) = stored(formed)["Spec"]["TaskTemplate"]["ContainerSpec"]["Mounts"]
    assert mount["TmpfsOptions"]["Mode"] == 0o400


SLIPS = [
    (
        {"volumes": [{"type": "tmpfs", "target": "/t", "tmpfs": {"mode": 0o400}}]},
        [
            'volumes[0].tmpfs.mode: 256 is what YAML makes of 0400: write "0400" or "0256", in'
            " quotes"
        ],
    ),
    (
        {"enviroment": {}, "tty": 5, "strict": "yes"},
        [
            "strict must be True or False, not 'yes'",
            "enviroment: no such key, did you mean environment?",
            "tty: must be true or false",
        ],
    ),
    (
        {"environment": {"DATE": datetime.date(2024, 1, 2), "ON": True, True: "x"}},
        [
            "environment.DATE: 2024-01-02 is a date to YAML: put it in quotes",
            "environment.ON: ",
            "key True in environment is not a string: put it in quotes",
        ],
    ),
    ({"image": 1.1}, ["image: "]),
    ({"ports": ["1000000:53"]}, ["ports[0]: "]),
    ({"ports": [300053]}, ["ports[0]: "]),
    ({"deploy": {"mode": "replicated-job", "update_config": {"delay": "1s"}}}, ["update_config"]),
    ({"stop_grace_period": 30}, ["stop_grace_period: "]),
    ({"force_update": 5}, ["force_update must be a string: quote it in YAML, not 5"]),
    ({"runs_on": "all"}, ["runs_on must be leader or any, not 'all'"]),
    ({"timeout": 0}, ["timeout must be a number of seconds above 0, not 0"]),
    ({"spec_patch": []}, ["spec_patch must be a mapping, not a list"]),
    ({"retry_rolled_back": 1}, ["retry_rolled_back must be True or False, not 1"]),
    ({"registry_auth": "pillar", "tty": 5}, ["registry_auth must be a dictionary", "tty: "]),
    (
        {"environment": {"A": "x\0y", "B\0": "z"}, "labels": {"a": 1.5}},
        [
            "environment.A: holds a NUL character",
            "key 'B\\x00' in environment holds a NUL character",
            "labels.a: ",
        ],
    ),
    ({"image": "Nginx"}, ["image: 'Nginx' is not an image name"]),
]


@pytest.mark.parametrize(("given", "lines"), SLIPS, ids=lambda one: str(one)[:40])
def test_slips_come_all_at_once_before_anything_changes(formed, given, lines):
    for test in (True, False):
        ret = state(formed, "manager1", "service", test=test, **{"image": "a:1", **given})
        assert ret["result"] is False and not ret["changes"]
        assert ret["comment"].startswith("service service: ")
        for line in lines:
            assert line in ret["comment"], ret["comment"]
    assert not formed["manager1"].machine.written


def test_a_name_that_no_service_can_have(formed):
    for test in (True, False):
        ret = named(formed, "a/b", image="a:1", tty="x", test=test)
        assert ret["result"] is False and "tty: must be" in ret["comment"]
        assert "name: must be 1 to 63 letters, digits, '-' and '_'" in ret["comment"]


def test_arguments_that_salt_adds_are_ignored(formed):
    ret = state(formed, "manager1", "service", no_log=True, require=[], retry={}, **WEB)
    assert ret["result"] is True


# --- absent ---------------------------------------------------------------------------------------


def test_absent(formed):
    named(formed, "service_absent", **WEB)
    ret = predicted(formed, "manager1", "service_absent")
    assert ret["changes"] == {"service": {"old": "service_absent", "new": None}}
    assert not formed["manager1"].machine.cluster.services
    assert state(formed, "manager1", "service_absent", foo=1)["comment"] == (
        "service service_absent: unknown argument foo"
    )


def test_absent_leaves_a_stacks_service_alone(formed):
    named(formed, "service_absent", image="a:1")
    spec = stored(formed, "service_absent")["Spec"]
    spec["Labels"] = {"com.docker.stack.namespace": "shop"}
    ret = state(formed, "manager1", "service_absent")
    assert ret["result"] is False and "it belongs to stack shop: give stack: shop" in ret["comment"]
    assert state(formed, "manager1", "service_absent", stack="shop")["changes"]


def test_absent_is_left_to_the_leader(formed):
    named(formed, "service_absent", image="a:1")
    assert state(formed, "manager2", "service_absent")["comment"] == "left to manager1"
    assert formed["manager1"].machine.cluster.services


# --- the guide ------------------------------------------------------------------------------------

GUIDE = (rendered.PROJECT / "docs/services.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("block", re.findall(r"(?ms)^```yaml\n(.*?)^```", GUIDE))
def test_the_examples_of_the_guide_are_taken(formed, block):
    """In their order: what changes a service finds it there."""
    job = formed["manager1"].job()
    job.states["swarm.service"](name="web", image="nginx:1")
    for name, declared in yaml.safe_load(block).items():
        ((function, arguments),) = declared.items()
        given = {key: value for one in arguments for key, value in one.items()}
        ret = job.states[function](name=name, **given)
        assert ret["result"] is True, ret


def test_absent_waits_in_the_core(formed):
    for name, wait in (("a", True), ("b", False)):
        named(formed, name, image="a:1")
        named(formed, name, "service_absent", wait=wait)
    calls = [name for name, _ in formed["manager1"].machine.calls]
    assert calls.count("service_remove") == calls.count("object_remove") == 1
    named(formed, "web", image="a:1", wait=False)
    formed["manager1"].machine.cluster.outcomes["web"] = {}
    ret = named(formed, "web", "service_absent")
    assert ret["result"] is False and "2 of its tasks have not ended" in ret["comment"]
    assert ret["changes"] == {"service": {"old": "web", "new": None}}


def test_a_comment_names_the_service_once(formed, monkeypatch):
    """Some errors of the core name it, others do not."""
    text = "service service belongs to stack shop: change it there, or give stack: shop"

    def refuse(_, core, name, *__, **___):
        raise core.Conflict(text)

    monkeypatch.setattr(type(formed["manager1"].machine), "do_service_apply", refuse)
    assert state(formed, "manager1", "service", **WEB)["comment"] == text
    text = "services of others use port 80"
    assert state(formed, "manager1", "service", **WEB)["comment"] == f"service service: {text}"
