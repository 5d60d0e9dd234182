# SPDX-License-Identifier: Apache-2.0
"""The states ``swarm.stack`` and ``swarm.stack_absent``, on hosts in memory, with the real conversion."""

import pytest
import yaml
from fleet import check_contract

SECRET = "planted-9f2c-secret"
FILE = """
services:
  web:
    image: web:${TAG:-1}
    environment: {MODE: planted-mode}
    secrets: [key]
    configs: [page]
  db: {image: "db:1"}
secrets: {key: {file: ./key.txt}}
configs: {page: {file: ./page.txt}}
"""


@pytest.fixture
def formed(fleet):
    """A swarm whose managers have a file root with a stack in it."""
    root = fleet.root / "srv"
    root.mkdir()
    (root / "compose.yml").write_text(FILE)
    (root / "key.txt").write_text(SECRET)
    (root / "page.txt").write_text("planted-page")
    fleet.files = root
    return fleet.form()


def stack(
    fleet, minion="manager1", test=False, function="stack", name="shop", pillar=None, **given
):
    if function == "stack" and not {"source", "contents", "compose"} & set(given):
        given["source"] = str(fleet.files / "compose.yml")
    ret = (
        fleet[minion].job(test=test, pillar=pillar).states[f"swarm.{function}"](name=name, **given)
    )
    check_contract(ret, test)
    return ret


def cluster(fleet):
    return fleet["manager1"].machine.cluster


def written(fleet):
    return fleet["manager1"].machine.written


def planned(fleet, **given):
    """Test mode, the real run with the same changes, and a run without any."""
    before = list(written(fleet))
    expected = stack(fleet, test=True, **given)
    assert expected["result"] is None and written(fleet) == before
    real = stack(fleet, **given)
    assert (real["result"], real["changes"]) == (True, expected["changes"])
    again = stack(fleet, **given)
    assert (again["result"], again["changes"]) == (True, {})
    assert again["comment"] == "stack shop is as declared"
    return real


def test_deployed_as_predicted_and_then_left_alone(formed):
    ret = planned(formed)
    assert ret["changes"] == {
        "network shop_default": "created",
        "secret shop_key": {
            "name": {"old": None, "new": ret["changes"]["secret shop_key"]["name"]["new"]}
        },
        "config shop_page": {
            "name": {"old": None, "new": ret["changes"]["config shop_page"]["name"]["new"]}
        },
        "service shop_db": "created",
        "service shop_web": "created",
    }
    assert ret["comment"] == "stack shop: created 1 network, 1 secret, 1 config, 2 services"
    assert written(formed) == ["shop"], "one apply for three runs"


def test_what_the_core_gets(formed):
    stack(formed, keep=2, timeout=30, retry_rolled_back=True, prune=False)
    name, given = [call for call in formed["manager1"].machine.calls if call[0] == "stack_apply"][
        -1
    ]
    assert given["contents"] == {"shop_key": SECRET.encode()}
    assert (given["keep"], given["timeout"], given["retry"], given["prune"]) == (2, 30, True, False)
    assert given["source"] == str(formed.files / "compose.yml") and given["who"] == "manager1"
    assert "history" not in given and given["hash_key"] is None


def test_variables_and_a_changed_content_are_changes(formed):
    stack(formed)
    ret = planned(formed, env={"TAG": "2"})
    assert ret["changes"] == {
        "service shop_web": {"image": {"old": "web:1", "new": "web:2"}, "tasks": "restart"}
    }
    assert ret["comment"] == "stack shop: updated 1 service"
    (formed.files / "key.txt").write_text("another")
    ret = planned(formed, env={"TAG": "2"})
    assert list(ret["changes"]) == ["secret shop_key"]


def test_no_secret_is_in_a_return(formed):
    rets = [stack(formed, test=True), stack(formed), stack(formed, env={"TAG": "2"})]
    bad = stack(formed, contents=f"services: {{web: {{imag: {SECRET}}}}}")
    rets.append(bad)
    assert "services.web.imag" in bad["comment"]
    for ret in rets:
        assert SECRET not in str(ret) and "planted-mode" not in str(ret["changes"])


def test_data_and_files_by_place(formed):
    compose = yaml.safe_load(FILE)
    given = {
        "compose": compose,
        "files": {"./key.txt": {"pillar": "k"}, "page.txt": "/etc/hostname"},
    }
    ret = stack(formed, pillar={"k": "x"}, **given)
    assert ret["result"] is True and len(ret["changes"]) == 5
    ret = stack(formed, compose=compose)
    assert ret["result"] is False and "no source is there that it is beside" in ret["comment"]


def test_a_mistake_has_file_line_and_key_and_all_are_in_one_line(formed):
    (formed.files / "compose.yml").write_text("services:\n  web:\n    imag: a\n    ports: [x]\n")
    ret = stack(formed)
    path = formed.files / "compose.yml"
    assert (ret["result"], ret["changes"]) == (False, {})
    assert f"{path}:3: services.web.imag: " in ret["comment"]
    assert f"{path}:4: services.web.ports[0]: " in ret["comment"]
    assert written(formed) == []


@pytest.mark.parametrize(
    "given, text",
    [
        ({"source": 5}, "source must be a list of salt:// URLs and absolute paths, not 5"),
        ({"source": ["compose.yml"]}, "must be a salt:// URL or an absolute path"),
        ({"env": ["A=1"]}, "env must be a dictionary of variables, not list"),
        ({"env": {"A": True}}, "env:A must be a string or integer: quote it in YAML"),
        ({"env": {"A B": "1"}}, "env: 'A B' is not the name of a variable"),
        (
            {"files": {"./a": "b"}},
            "must be a salt:// URL, an absolute path, an sdb:// URL or {pillar: key}",
        ),
        ({"compose": "x"}, "compose must be a mapping with services"),
        ({"base_dir": "data"}, "base_dir must be an absolute path"),
        ({"prune": "no"}, "prune must be True or False"),
        ({"sources": "/a"}, "unknown argument 'sources'"),
        ({"history": 0}, "history must be an integer from 1 to 100"),
        ({"runs_on": "all"}, "runs_on must be leader or any"),
        ({"name": 5}, "the name of the stack must be a string: quote it in YAML"),
        ({"pillar_env": {"A": 5}}, "pillar_env:A must be a pillar key"),
    ],
)
def test_wrong_arguments(formed, given, text):
    ret = stack(formed, **{"source": "/compose.yml", **given})
    assert ret["result"] is False and text in ret["comment"]
    assert written(formed) == []


def checked(fleet, stacks, minion="manager1", **given):
    pillar = {"swarm": {"stacks": stacks}}
    return stack(
        fleet, minion, function="stacks_checked", name="x", pillar=pillar, stacks=[*stacks], **given
    )


def test_all_stacks_are_checked_before_the_first_one_is_changed(formed):
    good, bad = formed.files / "compose.yml", formed.files / "bad.yml"
    bad.write_text("services: {web: {imag: a}}\n")
    stacks = {name: {"source": str(good)} for name in ("shop", "log")}
    ret = checked(formed, stacks)
    assert (ret["result"], ret["comment"]) == (True, "the files of shop, log can be read")
    stacks["log"] = {"source": str(bad)}
    stacks["db"] = {"source": str(formed.files / "none.yml")}
    stacks["key"] = {"source": str(good), "files": {"./key.txt": "/none/key.txt"}}
    ret = checked(formed, stacks)
    assert (ret["result"], ret["changes"]) == (False, {})
    for text in (f"stack log: {bad}:1: services.web.imag: ", "stack db: ", "stack key: "):
        assert text in ret["comment"], ret
    assert "stack shop" not in ret["comment"] and SECRET not in ret["comment"]
    assert ret["comment"].endswith("; no stack was changed")
    assert written(formed) == []
    assert checked(formed, stacks, "manager2")["comment"] == "left to manager1"
    assert checked(formed, stacks, "manager2", runs_on="any")["result"] is False


def test_only_the_leader_acts(formed):
    rets = {minion: stack(formed, minion) for minion in ("manager3", "manager2", "manager1")}
    assert [bool(ret["changes"]) for ret in rets.values()] == [False, False, True]
    assert rets["manager2"]["comment"] == "left to manager1"
    assert stack(formed, "manager2", runs_on="any", env={"TAG": "2"})["changes"]
    ret = stack(formed, "worker1")
    assert ret["result"] is False and "ask one of the managers" in ret["comment"]


def test_a_service_that_fails_takes_the_stack_back(formed):
    stack(formed)
    cluster(formed).failing["shop_web"] = "web.1 (failed): exit 3"
    ret = stack(formed, env={"TAG": "2"})
    assert (ret["result"], ret["changes"]) == (False, {})
    assert ret["comment"] == (
        "stack shop: service shop_web failed, so the stack went back to what it was: "
        "web.1 (failed): exit 3 (not changed: service shop_web)"
    )
    ret = stack(formed, env={"TAG": "3"}, rollback=False)
    assert ret["result"] is False and ret["changes"]
    assert ret["comment"] == "stack shop: service shop_web failed: web.1 (failed): exit 3"


def test_a_stack_that_cannot_go_back_says_so(formed):
    stack(formed)
    cluster(formed).failing["shop_web"], cluster(formed).stuck = "exit 3", True
    ret = stack(formed, env={"TAG": "2"})
    assert ret["result"] is False and set(ret["changes"]) == {"service shop_web"}
    assert ret["comment"] == (
        "stack shop: service shop_web failed, and not all of the stack could go back"
        " (see the warnings): exit 3"
    )
    assert ret["warnings"] == ["going back failed: shop_web: stuck"]


def test_what_was_rolled_back_is_not_sent_again(formed):
    stack(formed)
    cluster(formed).held["shop_web"] = "swarm rolled this spec back: exit 3"
    for test in (True, False):
        ret = stack(formed, env={"TAG": "2"}, test=test)
        assert (ret["result"], ret["changes"]) == (False, {})
        assert ret["comment"] == (
            "stack shop: service shop_web is not sent: swarm rolled this spec back: exit 3; "
            "change it, or give retry_rolled_back: True"
        )
    assert written(formed) == ["shop"]
    assert stack(formed, env={"TAG": "2"}, retry_rolled_back=True)["changes"]


def test_the_other_services_of_a_stack_are_still_sent(formed):
    stack(formed)
    cluster(formed).held["shop_web"] = "why"
    over = "services: {web: {image: 'web:2'}, db: {image: 'db:2'}}"
    given = {"source": str(formed.files / "compose.yml"), "contents": over}
    expected = stack(formed, test=True, **given)
    ret = stack(formed, **given)
    assert ret["result"] is False and set(ret["changes"]) == {"service shop_db"}
    assert ret["changes"] == expected["changes"]


def drifted(fleet):
    spec = cluster(fleet).stacks["shop"]["objects"]["services"]["shop_web"]
    spec = {
        "TaskTemplate": {"ContainerSpec": {**spec["TaskTemplate"]["ContainerSpec"], "Image": "x:1"}}
    }
    revision = cluster(fleet).stacks["shop"]
    revision["objects"] = {
        **revision["objects"],
        "services": {**revision["objects"]["services"], "shop_web": spec},
    }


def test_drift_is_corrected_or_only_reported(formed):
    stack(formed)
    drifted(formed)
    for test in (True, False):
        ret = stack(formed, correct=False, test=test)
        text = "service shop_web was changed by hand: image is 'x:1', declared is 'web:1'"
        assert (ret["result"], ret["changes"]) == (True, {})
        assert ret["comment"] == f"stack shop is left as somebody changed it: {text}"
        assert ret["warnings"] == [text]
    assert written(formed) == ["shop"]
    assert set(stack(formed, correct=False, env={"TAG": "2"})["changes"]) == {"service shop_web"}
    drifted(formed)
    assert set(planned(formed, env={"TAG": "2"})["changes"]) == {"service shop_web"}


def test_a_second_run_fails_where_tasks_do_not_run(formed):
    stack(formed)
    cluster(formed).unhealthy["shop_db"] = "db.1 (failed): exit 1"
    ret = stack(formed)
    assert (ret["result"], ret["changes"]) == (False, {})
    assert ret["comment"] == (
        "stack shop is as declared, but service shop_db is degraded, 0 of 1 tasks run: "
        "db.1 (failed): exit 1"
    )
    assert stack(formed, wait=False)["result"] is True


def test_absent(formed):
    stack(formed)
    expected = stack(formed, function="stack_absent", test=True)
    ret = stack(formed, function="stack_absent")
    assert (expected["result"], ret["result"]) == (None, True)
    assert ret["changes"] == expected["changes"]
    assert ret["changes"]["network shop_default"] == "removed"
    assert ret["changes"]["revisions"] == "1 removed"
    again = stack(formed, function="stack_absent")
    assert (again["result"], again["changes"]) == (True, {})
    assert again["comment"] == "there is no stack shop"
    assert stack(formed, "manager2", function="stack_absent")["comment"] == "left to manager1"
    assert "unknown argument 'wait'" in stack(formed, function="stack_absent", wait=1)["comment"]


def test_a_comment_names_the_stack_once(formed, monkeypatch):
    """Some errors of the core name it, others do not."""
    text = "stack shop cannot be removed, because others need parts of it: network shop_default"

    def refuse(_, core, name, **__):
        raise core.Conflict(text)

    stack(formed)
    monkeypatch.setattr(type(formed["manager1"].machine), "do_stack_remove", refuse)
    assert stack(formed, function="stack_absent")["comment"] == text
    text = "stack shop_old needs network shop_default"
    assert stack(formed, function="stack_absent")["comment"] == f"stack shop: {text}"
