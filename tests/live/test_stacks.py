# SPDX-License-Identifier: Apache-2.0
"""
Stacks against real engines, and against docker's own command: made, changed, failed, adopted, gone back to
and removed, by one manager, by three at a time, and by one that loses its engine in the middle.
"""

import copy
import json
import threading

import pytest
from conftest import MANAGERS, SLEEP, until

SECRET = b"topsecret of the stack"
# Longest that a rollout of a few tasks may take.
TIMEOUT = 90


def service(**more):
    """A service that runs at once and stops at once. Without IPVS in the kernel it has no virtual IP."""
    deploy = {
        "endpoint_mode": "dnsrr",
        "update_config": {"monitor": "1s"},
        **more.pop("deploy", {}),
    }
    return {
        "image": "live:1",
        "entrypoint": ["/bin/busybox", "sh", "-c", more.pop("script", SLEEP)],
        "stop_grace_period": "1ms",
        "deploy": deploy,
        **more,
    }


@pytest.fixture
def make(swarm, client):
    """A maker of what compose documents declare; the stacks are removed after the test."""
    made = set()

    def convert(name, document):
        made.add(name)
        return swarm.compose_convert([document], name, content=lambda file: SECRET)["stack"]

    yield convert
    for name in made:
        client.stack_remove(name)


def apply(client, stack, **more):
    """Apply a stack, with the content of its secrets."""
    contents = {name: SECRET for name in stack["secrets"]}
    return client.stack_apply(
        stack, contents=contents, resolve_image="never", timeout=TIMEOUT, **more
    )


def tasks(machine, name):
    """The ids of a stack's tasks, old ones too, as docker's command shows them."""
    return sorted(machine.run(f"docker stack ps -q --no-trunc {name}").stdout.split())


def specs(client, name):
    """The specs of a stack's services by their names."""
    found = client.object_list("service", filters={"label": f"com.docker.stack.namespace={name}"})
    return {one["Spec"]["Name"]: one["Spec"] for one in found}


def deploy(machine, name, document):
    """Deploy a document by docker's own command."""
    text = json.dumps({"version": "3.9", **document})
    machine.run(
        f"cat >/root/stack.yml; docker stack deploy --resolve-image never -c /root/stack.yml {name}",
        text,
    )


TWO = {"services": {"web": service(networks=["front"]), "db": service()}, "networks": {"front": {}}}


def test_a_stack_and_nothing_the_second_time(machines, client, make):
    document = copy.deepcopy(TWO)
    document["services"]["web"] |= {"secrets": ["key"], "configs": ["page"], "depends_on": ["db"]}
    document |= {"secrets": {"key": {"file": "key"}}, "configs": {"page": {"content": "one"}}}
    stack = make("shop", document)
    planned = client.stack_plan(stack, contents={"shop_key": SECRET}, resolve_image="never")
    assert client.stack_list() == []
    done = apply(client, stack)
    assert done == planned and done["failed"] is None and done["revision"] == 1
    before = {one["ID"]: one["Version"] for one in client.object_list("service")}
    again = apply(client, stack)
    assert again["changes"] == {} and again["unchanged"]["services"] == 2
    assert before == {one["ID"]: one["Version"] for one in client.object_list("service")}
    assert [one["name"] for one in client.stack_list()] == ["shop"]
    # Docker's own command sees it as its own.
    machine = machines["manager1"]
    assert machine.run("docker stack ls --format '{{.Name}} {{.Services}}'").stdout == "shop 2\n"
    listed = machine.run("docker stack services shop --format '{{.Name}} {{.Replicas}}'").stdout
    assert sorted(listed.split("\n")) == ["", "shop_db 1/1", "shop_web 1/1"]
    status = client.stack_status("shop")
    assert (status["sync"], status["health"]) == ("synced", "healthy")
    # A config whose content changes rolls in the same run; nothing else does.
    document["configs"]["page"]["content"] = "two"
    old = tasks(machine, "shop")
    done = apply(client, make("shop", document))
    assert set(done["changes"]) == {"configs", "services"}
    assert list(done["changes"]["services"]) == ["shop_web"]
    assert len(set(tasks(machine, "shop")) - set(old)) == 1
    machine.run("docker stack rm shop")
    left = until(lambda: not client.object_list("config"), 30, "configs of the stack stay")
    assert left and client.stack_history("shop") == []


@pytest.mark.parametrize("first", ["docker", "ours"])
def test_neither_tool_restarts_what_the_other_made(machines, client, make, first):
    machine, stack = machines["manager1"], make("both", TWO)
    if first == "docker":
        deploy(machine, "both", TWO)
        until(lambda: len(tasks(machine, "both")) == 2, 30, "two tasks")
    else:
        apply(client, stack)
    old = tasks(machine, "both")
    done = apply(client, stack)
    services = done["changes"].get("services", {})
    assert {one["action"] for one in services.values()} <= {"adopt"}
    deploy(machine, "both", TWO)
    assert apply(client, stack)["changes"] == {}
    assert tasks(machine, "both") == old


@pytest.mark.parametrize("action", ["rollback", "pause"])
def test_a_failed_service_takes_the_stack_back(client, make, action):
    document = copy.deepcopy(TWO)
    apply(client, make("bad", document))
    before = specs(client, "bad")
    document["services"]["web"]["environment"] = {"COLOR": "blue"}
    # Behind web, so that web has changed when it fails.
    document["services"]["db"] = service(
        script="exit 3",
        depends_on=["web"],
        deploy={"update_config": {"failure_action": action, "monitor": "3s"}},
    )
    done = apply(client, make("bad", document))
    assert done["failed"]["service"] == "bad_db" and done["failed"]["rolled_back"]
    assert "non-zero exit (3)" in done["failed"]["reason"]
    assert specs(client, "bad") == before
    # Not sent again, while the rest of the file is.
    done = apply(client, make("bad", document))
    assert [one["service"] for one in done["held"]] == ["bad_db"]
    assert list(done["changes"]["services"]) == ["bad_web"]
    versions = {one["ID"]: one["Version"] for one in client.object_list("service")}
    for _ in range(3):
        done = apply(client, make("bad", document))
        assert done["held"] and done["changes"] == {}
    assert versions == {one["ID"]: one["Version"] for one in client.object_list("service")}
    # The next file is another try.
    document["services"]["db"] = service()
    done = apply(client, make("bad", document))
    assert done["held"] == [] and done["failed"] is None
    assert client.stack_status("bad")["sync"] == "synced"


def test_back_to_a_revision(client, make, swarm):
    document = copy.deepcopy(TWO)
    document["services"]["web"]["configs"] = ["page"]
    made = {}
    for page in ["one", "two", "three"]:
        document["configs"] = {"page": {"content": page}}
        number = apply(client, make("hist", document))["revision"]
        made[number] = specs(client, "hist")
    assert list(made) == [1, 2, 3]
    done = client.stack_rollback("hist", to=1, timeout=TIMEOUT)
    assert done["revision"] == 4 and specs(client, "hist") == made[1]
    assert client.stack_status("hist")["sync"] == "synced"
    # One that lost its config, whose name is in no spec any more.
    reference = made[2]["hist_web"]["TaskTemplate"]["ContainerSpec"]["Configs"][0]
    client.object_remove("config", reference["ConfigID"])
    with pytest.raises(swarm.Conflict, match=reference["ConfigName"]):
        client.stack_rollback("hist", to=2)
    rows = {row["revision"]: row for row in client.stack_history("hist")}
    assert rows[2]["missing"] == [f"config {reference['ConfigName']}"] and not rows[1]["missing"]
    with pytest.raises(swarm.NotFound, match=r"choose one of 4 \(ok\)"):
        client.stack_rollback("hist", to=9)


def test_what_others_made_stays(client, make):
    document = copy.deepcopy(TWO)
    apply(client, make("own", document))
    label = {"com.docker.stack.namespace": "own"}
    client.object_create("config", {"Name": "own_hand", "Labels": label, "Data": "eA=="})
    del document["services"]["web"], document["networks"]
    done = apply(client, make("own", document))
    assert done["changes"]["services"] == {
        "own_web": {"action": "remove", "changes": {}, "restarts": False}
    }
    assert list(done["changes"]["networks"]) == ["own_front"]
    assert done["unmanaged"] == {"configs": ["own_hand"]}

    def names():
        return {one["Name"] for one in client.object_list("network")}

    # A host shows it as long as a container that ended is not yet removed.
    until(lambda: "own_front" not in names(), 30, "the network is removed")
    assert "own_default" in names()
    assert client.object_inspect("config", "own_hand")


def test_drift_is_seen_and_corrected(client, make):
    stack = make("drift", TWO)
    apply(client, stack)
    client.object_update(
        "service", "drift_web", {"TaskTemplate": {"ContainerSpec": {"Hostname": "h"}}}
    )
    status = client.stack_status("drift")
    rows = {row["service"]: row for row in status["services"]}
    assert rows["drift_web"]["sync"] == "drifted" and rows["drift_db"]["sync"] == "synced"
    assert rows["drift_web"]["changes"] == {"hostname": {"old": "h", "new": None}}
    done = apply(client, stack)
    assert list(done["changes"]["services"]) == ["drift_web"] and done["revision"] == 1
    assert client.stack_status("drift")["sync"] == "synced"


def test_a_job_that_others_depend_on_ends_first(client, make):
    job = service(script="sleep 2", deploy={"mode": "replicated-job"})
    del job["deploy"]["update_config"], job["deploy"]["endpoint_mode"]
    web = service(depends_on={"job": {"condition": "service_completed_successfully"}})
    stack = make("order", {"services": {"job": job, "web": web}})
    assert apply(client, stack)["failed"] is None
    of_job = client.object_list("task", filters={"service": "order_job"})[0]
    made = client.object_inspect("service", "order_web")["CreatedAt"]
    assert of_job["Status"]["State"] == "complete" and of_job["Status"]["Timestamp"] < made
    # A job does not run again for an unchanged file.
    assert apply(client, stack)["changes"] == {}
    assert len(client.object_list("task", filters={"service": "order_job"})) == 1


def test_a_network_that_differs_is_replaced_on_request(client, make, swarm):
    document = copy.deepcopy(TWO)
    apply(client, make("net", document))
    document["networks"]["front"]["attachable"] = True
    stack = make("net", document)
    with pytest.raises(swarm.Conflict, match="attachable is false, not true"):
        apply(client, stack)
    done = apply(client, stack, replace=True)
    assert done["changes"]["networks"]["net_front"]["action"] == "replace"
    assert client.object_inspect("network", "net_front")["Attachable"] is True
    assert client.stack_status("net")["sync"] == "synced"
    assert apply(client, stack)["changes"] == {}


def test_three_managers_at_once(machines, client, make):
    document = copy.deepcopy(TWO)
    document["services"]["web"]["configs"] = ["page"]
    document["configs"] = {"page": {"content": "one"}}
    stack = make("three", document)
    done, clients = [], [machines[name].client() for name in MANAGERS]

    def run(one):
        done.append(apply(one, stack))

    for change in ["create", "update"]:
        done.clear()
        threads = [threading.Thread(target=run, args=(one,)) for one in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(done) == 3 and all(one["failed"] is None for one in done)
        assert len(tasks(machines["manager1"], "three")) == (2 if change == "create" else 3)
        assert apply(client, stack)["changes"] == {}
        document["services"]["web"]["environment"] = {"COLOR": "blue"}
        stack = make("three", document)
    assert {row["result"] for row in client.stack_history("three")} == {"ok"}


def test_a_manager_that_loses_its_engine_in_the_middle(swarm, machines, make):
    services = {
        "web": service(networks=["front"]),
        "db": service(depends_on=["web"]),
        "late": service(depends_on=["db"]),
    }
    stack = make("cut", {"services": services, "networks": {"front": {}}})
    machine, errors = machines["manager2"], []

    def run():
        try:
            apply(machine.client(), stack)
        except swarm.Error as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    other = machines["manager3"].client()
    until(lambda: specs(other, "cut"), 30, "the first service")
    # Killed, and not started again by systemd or by a look at its socket.
    machine.run(
        "systemctl mask --runtime docker.service docker.socket; systemctl stop docker.socket"
    )
    machine.run("systemctl kill -s KILL docker.service")
    thread.join()
    assert errors and "cut_late" not in specs(other, "cut")
    assert [row["result"] for row in other.stack_history("cut")] == ["pending"]
    done = apply(other, stack)
    assert done["failed"] is None and done["revision"] == 1
    assert other.stack_status("cut")["sync"] == "synced"
    assert apply(other, stack)["changes"] == {}
    machine.run("systemctl unmask --runtime docker.service docker.socket")
    machine.run("systemctl reset-failed docker; systemctl start docker.socket docker")
    until(machine.answers, 60, "manager2 does not answer")


def test_removal_names_who_is_in_the_way(client, make, swarm):
    apply(client, make("gone", TWO))
    guest = {
        "Name": "guest",
        "TaskTemplate": {
            "ContainerSpec": {"Image": "live:1"},
            "Networks": [{"Target": "gone_front"}],
        },
        "Mode": {"Replicated": {"Replicas": 0}},
        "EndpointSpec": {"Mode": "dnsrr"},
    }
    client.object_create("service", guest)
    with pytest.raises(swarm.Conflict, match="service guest uses network gone_front"):
        client.stack_remove("gone")
    assert len(specs(client, "gone")) == 2
    client.object_remove("service", "guest")
    gone = client.stack_remove("gone", timeout=TIMEOUT)
    assert sorted(gone["removed"]["networks"]) == ["gone_default", "gone_front"]
    assert gone["revisions"] == 1 and client.stack_list() == []
    assert client.stack_remove("gone")["removed"]["services"] == []
