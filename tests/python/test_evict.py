# SPDX-License-Identifier: Apache-2.0
"""Emptying a node, seen from Python: plain data in and out, and the errors."""

import pytest
from fake_engine import SERVICE, node


@pytest.fixture
def worker(engine, manager):
    """A client of a manager that has a worker with one task of web."""
    engine.nodes.append(node("w1", "worker1"))
    engine.answers["GET", "/tasks"] = lambda request: (
        200,
        [
            {
                "ID": "t1",
                "ServiceID": "s1",
                "NodeID": "w1",
                "Slot": 1,
                "DesiredState": "running",
                "Status": {"State": "running"},
            }
        ],
    )
    engine.answers["GET", "/services"] = (200, [SERVICE])
    return manager


def test_plan(worker):
    plan = worker.evict_plan("worker1")
    assert plan["id"] == "w1" and plan["hostname"] == "worker1"
    assert plan["availability"] == "active" and plan["refusal"] == ""
    assert plan["services"] == [
        {
            "id": "s1",
            "service": "web",
            "tasks": 1,
            "way": "move",
            "why": "stop-first: each task is away until its replacement runs",
            "fits": ["host1"],
            "job": False,
        }
    ]


def test_plans_of_several_nodes_are_those_of_each(swarm, engine, worker):
    ids = [one["ID"] for one in engine.nodes]
    before = len(engine.requests)
    plans = worker.evict_plans(ids)
    asked = [one.path for one in engine.requests[before:] if "/tasks" in one.path]
    assert len(asked) == 1, "one look at the swarm"
    alone = [worker.evict_plan(id_) for id_ in ids]
    for plan in [*alone, *plans]:
        for row in plan["services"]:
            row["fits"] = []
    assert plans == alone
    assert [plan["id"] for plan in worker.evict_plans(("w1", "w1"), force=True)] == ["w1", "w1"]
    assert worker.evict_plans([]) == []
    # Lists that nobody else has, freed after the call.
    (plan,) = worker.evict_plans(["w1"], allow=[chr(119) + "eb"])
    assert [row["way"] for row in plan["services"]] == ["move"]
    with pytest.raises(swarm.InvalidArgument, match="allow: there is no service 'db'"):
        worker.evict_plans(["w1"], allow=["db"])
    with pytest.raises(TypeError, match="allow must be a list of str"):
        worker.evict_plans(["w1"], allow="web")
    with pytest.raises(swarm.NotFound, match="no node has the id w9"):
        worker.evict_plans(["w1", "w9"])
    with pytest.raises(TypeError, match="nodes must be a list of str"):
        worker.evict_plans(None)


def test_images_of_other_nodes(swarm, engine, worker):
    (found,) = worker.evict_images(["w1"])
    assert found["images"] and "w1" in found["nodes"] and len(found["nodes"]) > 1
    assert worker.evict_images([]) == []
    with pytest.raises(swarm.NotFound, match="no node has the id w9"):
        worker.evict_images(("w9",))
    with pytest.raises(TypeError, match="nodes must be a list of str"):
        worker.evict_images(None)


def test_an_image_is_pulled_where_it_is_not_there(swarm, engine, client):
    known = []
    engine.answers["GET", "/images/r%3A5000/a%3A1/json"] = lambda request: (
        (200, {"Id": "x"}) if known else (404, {"message": "No such image: r:5000/a:1"})
    )

    def create(request):
        known.append(request)
        return 200, b'{"status": "Pulling"}\n{"status": "Done"}\n'

    engine.answers["POST", "/images/create"] = create
    auth = {"username": "me", "password": "hunter2hunter2"}
    done = client.image_pull("r:5000/a:1", registry_auth=auth)
    assert done == {"image": "r:5000/a:1", "pulled": True}
    assert known[0].query == {"fromImage": "r:5000/a", "tag": "1"}
    assert client.image_pull("r:5000/a:1", timeout=5)["pulled"] is False
    assert len(known) == 1
    known.clear()
    answer = b'{"errorDetail": {"message": "unauthorized: hunter2hunter2"}}\n'
    engine.answers["POST", "/images/create"] = (200, answer)
    with pytest.raises(swarm.HTTPError, match="refuses image r:5000/a:1: credentials") as caught:
        client.image_pull("r:5000/a:1", registry_auth=auth)
    assert caught.value.status == 401


def test_a_plan_that_waits(swarm, engine, worker):
    """An update of web goes on at the first look, and has ended at the next one."""
    answers = [{**SERVICE, "UpdateStatus": {"State": "updating"}}]
    engine.answers["GET", "/services"] = lambda request: (
        200,
        [answers.pop() if answers else SERVICE],
    )
    assert "run it again when that is over" in worker.evict_plan("worker1")["refusal"]
    answers.append({**SERVICE, "UpdateStatus": {"State": "updating"}})
    assert worker.evict_plan("worker1", wait=True)["refusal"] == ""
    with pytest.raises(TypeError, match="wait"):
        worker.evict_plan("worker1", wait="yes")


def test_refused(swarm, engine, worker):
    engine.nodes[0]["Spec"]["Availability"] = "drain"
    with pytest.raises(swarm.Conflict, match="web: its 1 task fits nowhere else"):
        worker.evict("worker1", timeout=5)
    assert [one for one in engine.requests if one.method != "GET"] == []
    assert worker.evict_plan("worker1", allow=["web"])["services"][0]["way"] == "stop"
    assert worker.evict_plan("worker1", force=True)["refusal"] == ""
    with pytest.raises(swarm.InvalidArgument, match="allow: there is no service 'wbe'"):
        worker.evict("worker1", allow=["wbe"], timeout=5)


def test_there_and_back(engine, manager):
    engine.nodes.append(node("w1", "worker1"))
    change = manager.evict("worker1", reason="disk", timeout=30)
    assert (change["old"], change["new"], change["warning"]) == ("active", "drain", "")
    spec = engine.nodes[-1]["Spec"]
    assert spec["Availability"] == "drain" and spec["Labels"]["saltext.swarm.reason"] == "disk"
    back = manager.evict_undo("worker1")
    assert (back["old"], back["new"], back["services"]) == ("drain", "active", [])
    assert engine.nodes[-1]["Spec"]["Labels"] == {"zone": "a"}


def test_a_plan_with_many_tasks(swarm, engine, worker):
    """Their tree would take more memory than the answer's limit allows; what the plan asks of them does not."""
    (one,) = engine.answers["GET", "/tasks"](None)[1]
    image = {"Env": [f"A{number}=1" for number in range(50)], "Args": ["x"] * 50}
    more = {"Spec": {"ContainerSpec": image}, "NetworksAttachments": [{"Addresses": ["x"] * 20}]}
    tasks = [{**one, **more, "ID": f"t{number}", "Slot": number} for number in range(200)]
    engine.answers["GET", "/tasks"] = (200, tasks)
    client = swarm.Client(engine.url, max_body=300000)
    with pytest.raises(swarm.TooLarge):
        client.object_list("task")
    assert client.evict_plan("worker1")["services"][0]["tasks"] == 200


@pytest.mark.parametrize("body", [b"[{]", b"{}", b"[7]", b'[{"ID":"t1"},{"Slot":1}]', b"[{}] x"])
def test_a_plan_of_tasks_that_are_none(swarm, engine, worker, body):
    engine.answers["GET", "/tasks"] = (200, body)
    with pytest.raises(swarm.BadAnswer, match="task"):
        worker.evict_plan("worker1")


def test_a_plan_without_tasks(engine, worker):
    for body in (b"null", b"[]", b" [ ] "):
        engine.answers["GET", "/tasks"] = (200, body)
        assert worker.evict_plan("worker1")["services"] == []
