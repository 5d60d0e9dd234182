# SPDX-License-Identifier: Apache-2.0
"""
A stack from its first deployment to its removal: by docker.deploy, by three managers in a highstate at once,
beside the docker command, with an update that fails, drift, and objects of others.
"""

import json

import pytest
from conftest import MANAGERS, WORKERS, until
from test_12_services import of_the_leader
from test_14_networks import apply
from test_99_no_secret_seen import find

# Where the content comes from; a search for it does not look there.
KEY = "/dev/shm/planted-stack"
PLANTED = "planted-5d1c-stack"
FOLDER = "/srv/salt/shop"
RUN = ["/bin/busybox", "sh", "-c", "trap exit TERM; sleep 100000 & wait"]
DEPLOY = {
    "endpoint_mode": "dnsrr",
    "update_config": {"monitor": "1s", "failure_action": "rollback", "parallelism": 2},
}


def service(replicas=1, command=RUN, **more):
    deploy = {**DEPLOY, "replicas": replicas}
    return {
        "image": "lab:1",
        "command": command,
        "stop_grace_period": "0s",
        "deploy": deploy,
        **more,
    }


def shop(**services):
    """The stack's file; another service replaces the one of its name, None removes it."""
    made = {
        "web": service(2, configs=["page"], secrets=["key"]),
        "db": service(),
        **services,
    }
    return {
        "services": {name: one for name, one in made.items() if one},
        "configs": {"page": {"file": "./page.txt"}},
        "secrets": {"key": {"file": "./key.txt"}},
    }


def write(lab, name, content):
    text = content if isinstance(content, str) else json.dumps(content)
    lab.on("master", "sh", "-c", f"mkdir -p {FOLDER}; cat > {FOLDER}/{name}", stdin=text)


@pytest.fixture(scope="module")
def stacks(swarm):
    """The swarm, with an image on its workers, the files of a stack, and the stack in pillar."""
    swarm.give_image(*WORKERS)
    swarm.on("master", "salt-run", "saltutil.sync_runners")
    for manager in MANAGERS:
        swarm.on(manager, "sh", "-c", f"umask 077; cat > {KEY}", stdin=PLANTED)
    write(swarm, "compose.yml", shop())
    write(swarm, "page.txt", "first")
    given = {"source": ["salt://shop/compose.yml"], "files": {"./key.txt": KEY}}
    swarm.pillar(stacks={"shop": {**given, "resolve_image": "never", "timeout": 60}})
    yield swarm
    swarm.shell("manager1", "docker stack rm shop; docker stack rm beside", check=False)
    swarm.on("manager1", "docker", "service", "rm", "stray", check=False)
    swarm.on("master", "rm", "-rf", FOLDER)
    for manager in MANAGERS:
        swarm.on(manager, "rm", "-f", KEY)
    swarm.pillar()


def highstate(lab, *arguments):
    """The return of the leader, of all managers that apply the stack of pillar at once."""
    return of_the_leader(apply(lab, {"shop": {"swarm.stack": list(arguments)}}), "shop")


def tasks(lab, stack):
    """Ids of the tasks that shall run."""
    query = ["docker", "stack", "ps", "-q", "--no-trunc", "-f", "desired-state=running", stack]
    return sorted(lab.on("manager1", *query).out.split())


def in_a_task(lab, path):
    """What a task of web has in a file."""
    for worker in WORKERS:
        script = (
            f'docker exec "$(docker ps -q -f name=shop_web. | head -1)" /bin/busybox cat {path}'
        )
        done = lab.shell(worker, script, check=False)
        if done.code == 0:
            return done.out
    return None


def test_deployed_as_test_mode_says_and_then_left_alone(stacks):
    expected = stacks.orchestrate("docker.deploy", "test=True")
    assert expected.code == 0, expected.why()
    assert stacks.on("manager1", "docker", "stack", "ls", "--format", "{{.Name}}").out == ""
    run = stacks.orchestrate("docker.deploy")
    assert run.code == 0, run.why()
    assert run.swarm_changes() == expected.swarm_changes() != {}
    ((_, changes),) = run.swarm_changes().items()
    assert [name.split("-")[0] for name in changes] == [
        "network shop_default",
        "secret shop_key",
        "config shop_page",
        "service shop_db",
        "service shop_web",
    ]
    assert (
        in_a_task(stacks, "/run/secrets/key") == PLANTED and in_a_task(stacks, "/page") == "first"
    )
    before = tasks(stacks, "shop")
    again = stacks.orchestrate("docker.deploy")
    assert (again.code, again.swarm_changes(), tasks(stacks, "shop")) == (0, {}, before)
    (row,) = stacks.on("manager1", "docker", "stack", "ls").out.splitlines()[1:]
    assert row.split()[:2] == ["shop", "2"]


def test_a_changed_config_rolls_in_the_same_run_by_one_of_three(stacks):
    write(stacks, "page.txt", "second")
    expected = highstate_in_test_mode(stacks)
    ret = highstate(stacks)
    assert ret["result"] is True and ret["changes"] == expected
    assert set(ret["changes"]) == {"config shop_page", "service shop_web"}
    assert in_a_task(stacks, "/page") == "second"
    assert highstate(stacks)["changes"] == {}


def test_three_that_all_act_come_to_one_stack(stacks):
    write(stacks, "page.txt", "third")
    rets = apply(stacks, {"shop": {"swarm.stack": [{"runs_on": "any"}]}})
    assert {ret["shop"]["result"] for ret in rets.values()} == {True}, rets
    assert in_a_task(stacks, "/page") == "third"
    assert highstate(stacks)["changes"] == {}


def highstate_in_test_mode(lab):
    leader = next(name for name, node in lab.nodes().items() if node["leader"])
    (ret,) = lab.salt(leader, "state.single", "swarm.stack", "name=shop", "test=True")[
        leader
    ].values()
    assert ret["result"] is None, ret
    return ret["changes"]


def test_a_service_that_fails_takes_the_stack_back_once(stacks):
    before = tasks(stacks, "shop")
    bad = shop(
        web=None, new=service(command=["/bin/busybox", "false"]), db=service(labels={"a": "b"})
    )
    write(stacks, "compose.yml", bad)
    ret = highstate(stacks, {"timeout": 12})
    assert (ret["result"], ret["changes"]) == (False, {}), ret
    assert "service shop_new failed, so the stack went back to what it was" in ret["comment"]
    assert "exit (1)" in ret["comment"]
    names = stacks.on(
        "manager1", "docker", "stack", "services", "--format", "{{.Name}}", "shop"
    ).out
    assert sorted(names.split()) == ["shop_db", "shop_web"]
    write(stacks, "compose.yml", shop())
    # A version of the config that no kept revision names may go now.
    assert not any(name.startswith("service") for name in highstate(stacks)["changes"])
    assert len(set(tasks(stacks, "shop")) & set(before)) >= 2, "web was not touched"


def test_a_spec_that_swarm_rolled_back_is_not_sent_again(stacks):
    write(stacks, "compose.yml", shop(db=service(command=["/bin/busybox", "false"])))
    first = highstate(stacks)
    assert (first["result"], first["changes"]) == (False, {}), first
    version = stacks.on("manager1", "docker", "service", "inspect", "shop_db").json[0]["Version"]
    for _ in range(2):
        again = highstate(stacks)
        assert again["result"] is False and "service shop_db is not sent" in again["comment"]
    after = stacks.on("manager1", "docker", "service", "inspect", "shop_db").json[0]["Version"]
    assert after == version, "nothing was sent"
    write(stacks, "compose.yml", shop())
    assert highstate(stacks)["result"] is True


def test_drift_is_reported_or_corrected(stacks):
    write(stacks, "compose.yml", shop(db=service(hostname="db")))
    assert set(highstate(stacks)["changes"]) == {"service shop_db"}
    stacks.on("manager1", "docker", "service", "scale", "-d", "shop_db=2")
    ret = highstate(stacks, {"correct": False})
    assert (ret["result"], ret["changes"]) == (True, {})
    assert "service shop_db was changed by hand" in ret["comment"]
    ret = highstate(stacks)
    assert ret["result"] is True and set(ret["changes"]) == {"service shop_db"}


def test_only_what_a_revision_declared_is_pruned(stacks):
    label = "com.docker.stack.namespace=shop"
    create = ["docker", "service", "create", "-d", "-q", "--name", "stray", "--label", label]
    create += ["--endpoint-mode", "dnsrr", "--no-resolve-image", "lab:1", *RUN]
    stacks.on("manager1", *create)
    write(stacks, "compose.yml", shop(db=None))
    ret = highstate(stacks)
    assert ret["result"] is True and ret["changes"] == {"service shop_db": "removed"}
    assert any("service stray has the label of this stack" in line for line in ret["warnings"])
    names = stacks.on("manager1", "docker", "service", "ls", "--format", "{{.Name}}").out.split()
    assert {"stray", "shop_web"} <= set(names) and "shop_db" not in names
    stacks.on("manager1", "docker", "service", "rm", "stray")


def test_history_and_back(stacks):
    done = stacks.on("master", "salt-run", "swarm.stack_history", "shop", "--out=json")
    (rows,) = [ret for ret in done.json.values() if isinstance(ret, list)]
    assert len(rows) >= 3 and rows[0]["SERVICES"] == 1 and rows[1]["SERVICES"] == 2
    found = stacks.one("manager1", "swarm.stack_rollback", "shop", f"to={rows[1]['REVISION']}")
    assert found["changes"] == {"service shop_db": "created"}
    text = stacks.error("manager1", "swarm.stack_rollback", "shop", "to=99")
    assert "99" in text


def test_the_docker_command_and_we_restart_nothing_of_each_other(stacks):
    services = {
        "a": service(configs=["page"], secrets=["key"]),
        "b": service(environment={"A": "1"}),
    }
    made = {
        kind: {name: {"file": f"./{name}"}}
        for kind, name in (("configs", "page"), ("secrets", "key"))
    }
    file = json.dumps({"version": "3.8", "services": services, **made})
    cli = "cd /dev/shm; echo x > page; cp planted-stack key; docker stack deploy -c - --resolve-image never beside"
    stacks.on("manager1", "sh", "-c", cli, stdin=file)
    until(lambda: len(running(stacks, "beside")) == 2, "both services of the docker command run")
    before = running(stacks, "beside")
    places = json.dumps({"./page": "/dev/shm/page", "./key": "/dev/shm/key"})
    given = [
        f"contents={json.dumps(file)}",
        f"files={places}",
        "resolve_image=never",
        "hash_names=False",
    ]
    found = stacks.one("manager1", "swarm.stack_deploy", "beside", *given)
    assert set(found["changes"].values()) == {"adopted"}, found
    assert len(found["changes"]) == 5
    assert stacks.one("manager1", "swarm.stack_deploy", "beside", *given)["changes"] == {}
    stacks.on("manager1", "sh", "-c", cli, stdin=file)
    # The docker command sets labels of secrets as a whole; ours is put back, which restarts nothing.
    found = stacks.one("manager1", "swarm.stack_deploy", "beside", *given)
    assert found["changes"] == {"secret beside_key": "updated"}
    assert stacks.one("manager1", "swarm.stack_deploy", "beside", *given)["changes"] == {}
    assert running(stacks, "beside") == before
    stacks.on("manager1", "rm", "/dev/shm/page", "/dev/shm/key")


def running(lab, stack):
    rows = lab.one("manager1", "swarm.stack_ps", stack, "all=False")["rows"]
    return sorted(row["ID"] for row in rows if row["CURRENT STATE"].startswith("Running"))


def test_removed_with_its_networks(stacks):
    ret = of_the_leader(apply(stacks, {"shop": {"swarm.stack_absent": []}}), "shop")
    assert ret["result"] is True and ret["changes"]["network shop_default"] == "removed"
    assert stacks.one("manager1", "swarm.stack_rm", "beside")["networks"] == ["beside_default"]
    left = (
        "docker stack ls; docker network ls; docker config ls; docker secret ls; docker service ls"
    )
    out = stacks.shell("manager1", left).out
    assert "shop" not in out and "beside" not in out
    ret = of_the_leader(apply(stacks, {"shop": {"swarm.stack_absent": []}}), "shop")
    assert (ret["result"], ret["changes"]) == (True, {})


@pytest.mark.parametrize("host", ["master", *MANAGERS])
def test_the_secret_is_nowhere(stacks, host):
    assert find(stacks, host, [PLANTED]) == []
