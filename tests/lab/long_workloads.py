# SPDX-License-Identifier: Apache-2.0
"""
Hosts that break in the middle of a service's update, of a secret's rotation, of a stack's deployment and of the
replacement of its network; a registry that is gone; and a spec that fails, deployed again and again. Run again,
each converges: no task was restarted twice, nothing that is used was pruned, and the run after that changes
nothing. One worker is enough (`LAB_WORKERS=1`). `make check-lab-long` names this file.
"""

import collections
import contextlib
import itertools
import json

import pytest
from conftest import HOSTS, MANAGERS, WORKERS, engine_says, restore, until, until_idle
from faults import assert_told, at_once, beside, cut_power, kill_engine, kill_minion, stop_engine
from test_12_services import of_the_leader
from test_13_secrets import FILE, SERVICE, content, planted
from test_14_networks import FORWARD, REGISTRY, apply, high

FAULTS = [kill_engine, stop_engine, cut_power, kill_minion]
RUN = ["/bin/busybox", "sh", "-c", "trap exit TERM; sleep 100000 & wait"]
SLOTS = 3
# How long Salt waits until it asks whether a minion is still at its job: one that was killed is not.
LOST_SECONDS = 15
# How long a state waits for tasks, so that one that waits in vain ends before its caller gives up.
WAIT_SECONDS = 90
# Another content, variable or image for each test.
NUMBERS = itertools.count(1)
FOLDER = "/srv/salt/long"
SERVED = """
version: 0.1
storage: {filesystem: {rootdirectory: /opt/registry/long}}
http: {addr: ":5000"}
"""


@pytest.fixture(scope="module")
def workers(swarm):
    """The swarm, with an image on its workers; services go afterwards."""
    swarm.give_image(*WORKERS)
    swarm.on("master", "salt-run", "saltutil.sync_runners")
    yield swarm
    swarm.shell("manager1", "docker service rm $(docker service ls -q)", check=False)


def tasks(lab, service):
    """``{id: slot}`` of a service's tasks, old ones too."""
    query = ["docker", "service", "ps", "--no-trunc", "--format", "{{.ID}} {{.Name}}", service]
    rows = [line.split() for line in lab.on("manager1", *query).out.splitlines()]
    return {row[0]: row[-1] for row in rows}


def stored(lab, service):
    return lab.on("manager1", "docker", "service", "inspect", service).json[0]


def assert_restarted_once(lab, before):
    """Of ``{service: its tasks before}``: a new task in each slot, and one alone."""
    for service, old in before.items():
        made = collections.Counter(
            slot for task, slot in tasks(lab, service).items() if task not in old
        )
        assert made == dict.fromkeys(old.values(), 1), service


def assert_used_are_there(lab, *services):
    """All secrets and configs that a spec names, also one that a rollback would go back to."""
    listed = "docker secret ls --format '{{.Name}}'; docker config ls --format '{{.Name}}'"
    there = set(lab.shell("manager1", listed).out.split())
    for service in services:
        found = stored(lab, service)
        for spec in (found["Spec"], found.get("PreviousSpec") or found["Spec"]):
            container = spec["TaskTemplate"]["ContainerSpec"]
            used = {one["SecretName"] for one in container.get("Secrets") or []}
            used |= {one["ConfigName"] for one in container.get("Configs") or []}
            assert used and used <= there, service


def whole(lab, manager):
    """Whether one manager leads, and reaches all nodes."""
    rows = engine_says(lab, manager, "node", "ls", "--format", "{{.Status}} {{.ManagerStatus}}")
    rows = sorted((rows or "").split("\n"))
    managers = ["Ready Leader"] + ["Ready Reachable"] * (len(MANAGERS) - 1)
    return [row.strip() for row in rows] == ["Ready"] * len(WORKERS) + managers


@contextlib.contextmanager
def broken(lab):
    """
    Break the leader at the end of the block, which gets its name and that of another manager, and runs
    something beside. When that has ended the leader comes back.
    """
    leader = next(name for name, node in lab.nodes().items() if node["leader"])
    yield leader, next(name for name in MANAGERS if name != leader)
    restore(lab, leader)
    until(lambda: all(whole(lab, name) for name in MANAGERS), "all managers see all nodes")
    until_idle(lab)


def lose(lab, states, fault, moment, what):
    """Apply states on all managers, and break the one that acts at a moment that another one sees."""
    with broken(lab) as (leader, witness):
        call = (",".join(MANAGERS), "state.high", high(states))
        with at_once(lab.salt, *call, check=False, seconds=LOST_SECONDS) as run:
            run.until(lambda: moment(witness), what)
            fault(lab, leader)
        assert "Traceback" not in str(run.ended())


# --- a service's update ---------------------------------------------------------------------------


def declared(*more, image="lab:1", **words):
    """A service whose tasks are replaced one after the other, as SLS data has it."""
    update = {"parallelism": 1, "delay": "1s", "monitor": "1s", "failure_action": "rollback"}
    deploy = {"replicas": SLOTS, "endpoint_mode": "dnsrr", "update_config": update}
    own = {"image": image, "command": RUN, "stop_grace_period": "0s", "deploy": deploy}
    own.update(timeout=WAIT_SECONDS, **words)
    return {"rolled": {"swarm.service": [*({key: value} for key, value in own.items()), *more]}}


def good(lab, states):
    """Changes of states that succeed on all managers; of the one that acted."""
    ret = of_the_leader(apply(lab, states), next(iter(states)))
    assert ret["result"] is True, ret
    return ret["changes"]


@pytest.mark.parametrize("fault", FAULTS)
def test_update(workers, fault):
    """The tasks are replaced by the swarm, whichever manager leads; the next run only waits for them."""
    good(workers, declared(resolve_image="never"))
    before = {"rolled": tasks(workers, "rolled")}
    number = str(next(NUMBERS))
    states = declared(resolve_image="never", environment={"NUMBER": number})

    def half_way(witness):
        asked = ("service", "inspect", "-f", "{{.UpdateStatus.State}}", "rolled")
        return engine_says(workers, witness, *asked) == "updating"

    lose(workers, states, fault, half_way, "the tasks are being replaced")
    good(workers, states)
    found = stored(workers, "rolled")
    assert found["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"] == [f"NUMBER={number}"]
    assert found["UpdateStatus"]["State"] == "completed"
    assert_restarted_once(workers, before)
    assert good(workers, states) == {}
    assert stored(workers, "rolled")["Version"] == found["Version"]


# --- a registry that is gone ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def registry(workers):
    """A registry on the master, with two images that no host has; each host reaches it."""
    unpack = (
        "mkdir -p /opt/registry; cd /opt/registry; dpkg -x /srv/repo/pool/docker-registry_*.deb ."
    )
    workers.shell("master", unpack)
    workers.on("master", "sh", "-c", "cat > /opt/registry/long.yml", stdin=SERVED)
    serve(workers)
    for host in HOSTS:
        workers.shell(host, FORWARD)
    push = f"""
    set -e
    box=$(docker create lab:1 /bin/busybox)
    for number in 1 2; do
        image={REGISTRY}/long:$number
        docker export $box | docker import --change "LABEL number=$number" - $image
        for try in $(seq 100); do ! docker push -q $image || break; done
        docker rmi $image
    done
    docker rm $box
    """
    workers.shell("worker1", push)
    yield workers
    for host in ["master", *HOSTS]:
        workers.shell(host, "systemctl stop lab-registry", check=False)


def serve(lab):
    """Until its unit is stopped."""
    run = "/opt/registry/usr/bin/docker-registry serve /opt/registry/long.yml"
    lab.shell("master", f"systemd-run --unit=lab-registry --collect {run}")


@contextlib.contextmanager
def gone(lab, *hosts):
    """The registry itself is stopped, on master, or other hosts do not reach it."""
    for host in hosts:
        lab.on(host, "systemctl", "stop", "lab-registry")
    try:
        yield
    finally:
        for host in hosts:
            serve(lab) if host == "master" else lab.shell(host, FORWARD)


def pinned(lab, number):
    """Make the service from one of the images; returns its tasks, and the image with its digest."""
    lab.on("manager1", "docker", "service", "rm", "rolled", check=False)
    for worker in WORKERS:
        script = (
            f'i=$(docker images -q {REGISTRY}/long); test -z "$i" || {{ docker rmi -f $i; false; }}'
        )
        until(
            lambda worker=worker, script=script: not lab.shell(worker, script, check=False).code,
            f"{worker} without the images",
        )
    good(lab, numbered(number))
    image = image_of(lab)
    assert image.startswith(f"{REGISTRY}/long:{number}@sha256:")
    return tasks(lab, "rolled"), image


def numbered(number, *more):
    return declared(*more, image=f"{REGISTRY}/long:{number}")


def test_update_while_the_registry_is_gone(registry):
    """It is refused before a task is touched; what is there already stays as it is."""
    before, image = pinned(registry, 1)
    with gone(registry, "master"):
        ret = of_the_leader(apply(registry, numbered(2)), "rolled")
        assert (ret["result"], ret["changes"]) == (False, {})
        assert "long:2 could not be looked up" in ret["comment"] and "\n" not in ret["comment"]
        assert good(registry, numbered(1)) == {}
        assert (tasks(registry, "rolled"), image_of(registry)) == (before, image)
    assert good(registry, numbered(2))["image"]["old"] == image
    assert_restarted_once(registry, {"rolled": before})
    assert good(registry, numbered(2)) == {}


def test_registry_is_gone_once_the_image_was_looked_up(registry):
    """One task is tried, and the swarm goes back, for which nobody asks the registry. The others never stop."""
    before, image = pinned(registry, 1)
    with gone(registry, *WORKERS):
        ret = of_the_leader(apply(registry, numbered(2)), "rolled")
        assert (ret["result"], ret["changes"]) == (False, {}), ret
        assert "No such image" in ret["comment"] and "rolled the update back" in ret["comment"]
        assert image_of(registry) == image
        tried = {slot for task, slot in tasks(registry, "rolled").items() if task not in before}
        assert len(tried) == 1
        assert good(registry, numbered(1)) == {}
    ret = of_the_leader(apply(registry, numbered(2)), "rolled")
    assert ret["result"] is False and "it is not sent again" in ret["comment"]
    changes = good(registry, numbered(2, {"retry_rolled_back": True}))
    assert changes["image"]["old"] == image and "/long:2@sha256:" in changes["image"]["new"]
    assert good(registry, numbered(2)) == {}


def image_of(lab):
    return stored(lab, "rolled")["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"]


# --- a secret's rotation --------------------------------------------------------------------------


USERS = ("api", "web")
SECRET = {"db": {"swarm.secret": [{"contents_file": FILE}]}}


@pytest.fixture
def users(workers):
    """Two services with the newest version of a secret, which the managers made together."""
    planted(workers, "first")
    good(workers, SECRET)
    there = workers.one("manager1", "swarm.secret_ls", "db")
    for name in USERS:
        if engine_says(workers, "manager1", "service", "inspect", name) is None:
            workers.shell("manager1", SERVICE.format(name, there[-1]["NAME"]))
    for name in USERS:
        until(lambda name=name: content(workers, name) == "first", f"{name} with the content")
    yield workers
    workers.on("manager1", "docker", "service", "rm", *USERS, check=False)
    workers.one("manager1", "swarm.secret_rm", "db")
    for manager in MANAGERS:
        workers.on(manager, "rm", "-f", FILE)


def named(lab, witness, service):
    """The name of the secret that the spec has."""
    path = "{{(index .Spec.TaskTemplate.ContainerSpec.Secrets 0).SecretName}}"
    return engine_says(lab, witness, "service", "inspect", "-f", path, service)


@pytest.mark.parametrize("fault", FAULTS)
def test_rotation(users, fault):
    """As soon as the first of two services is at its new secret."""
    before = {name: tasks(users, name) for name in USERS}
    old = named(users, "manager1", USERS[0])
    new = f"content {next(NUMBERS)}"
    planted(users, new)

    def half_way(witness):
        return named(users, witness, USERS[0]) not in (old, None)

    lose(users, SECRET, fault, half_way, "one service has the new secret")
    # It is on no disk.
    planted(users, new)
    good(users, SECRET)
    assert_restarted_once(users, before)
    assert_used_are_there(users, *USERS)
    assert len({named(users, "manager1", name) for name in USERS}) == 1
    for name in USERS:
        until(lambda name=name: content(users, name) == new, f"{name} with the new content")
    assert good(users, SECRET) == {}


# --- a stack's deployment -------------------------------------------------------------------------

PARTS = ("long_a", "long_b", "long_c")


def write(lab, name, text):
    lab.on("master", "sh", "-c", f"mkdir -p {FOLDER}; cat > {FOLDER}/{name}", stdin=text)


def compose(command=RUN):
    """Three services with one config, each of which waits for the one before; the command is that of the last."""
    update = {"monitor": "1s", "failure_action": "rollback"}
    one = {
        "image": "lab:1",
        "command": RUN,
        "configs": ["page"],
        "stop_grace_period": "0s",
        "deploy": {"endpoint_mode": "dnsrr", "update_config": update},
    }
    last = {**one, "depends_on": ["b"], "command": command}
    if command != RUN:
        # Or the managers may start it once more before they go back.
        last["deploy"] = {**one["deploy"], "restart_policy": {"condition": "none"}}
    services = {"a": one, "b": {**one, "depends_on": ["a"]}, "c": last}
    return json.dumps({"services": services, "configs": {"page": {"file": "./page.txt"}}})


@pytest.fixture
def stack(workers):
    """The stack, in pillar and deployed."""
    write(workers, "compose.yml", compose())
    write(workers, "page.txt", "first")
    given = {
        "source": ["salt://long/compose.yml"],
        "resolve_image": "never",
        "timeout": WAIT_SECONDS,
    }
    workers.pillar(stacks={"long": given})
    deployed(workers)
    yield workers
    workers.one("manager1", "swarm.stack_rm", "long")
    workers.on("master", "rm", "-rf", FOLDER)
    workers.pillar()


def deployed(lab):
    """Changes of a deployment that succeeds."""
    run = lab.orchestrate("docker.deploy")
    assert run.code == 0, run.why()
    return run.swarm_changes()


def config_of(lab, witness, service):
    path = "{{(index .Spec.TaskTemplate.ContainerSpec.Configs 0).ConfigName}}"
    return engine_says(lab, witness, "service", "inspect", "-f", path, service)


@pytest.mark.parametrize("fault", FAULTS)
def test_deployment(stack, fault):
    """As soon as the first of three services has the new config."""
    before = {name: tasks(stack, name) for name in PARTS}
    old = config_of(stack, "manager1", PARTS[0])
    write(stack, "page.txt", f"page {next(NUMBERS)}")
    with broken(stack) as (leader, witness), beside(stack, "docker.deploy") as run:
        run.until(
            lambda: config_of(stack, witness, PARTS[0]) not in (old, None),
            "one service has the new config",
        )
        fault(stack, leader)
    assert_told(run, leader)
    deployed(stack)
    assert_restarted_once(stack, before)
    assert_used_are_there(stack, *PARTS)
    assert len({config_of(stack, "manager1", name) for name in PARTS} - {old}) == 1
    assert deployed(stack) == {}
    history = stack.one("manager1", "swarm.stack_history", "long")
    assert history[0]["RESULT"] == "ok"


# --- a network that a stack makes again -----------------------------------------------------------


# So many services without tasks that taking them off takes longer than a look at them.
USERS = [f"user{number:03}" for number in range(200)]


def with_network(attachable):
    """Services on a network, which cannot be changed in place."""
    one = {
        "image": "lab:1",
        "command": RUN,
        "networks": {"back": {"aliases": ["there"]}},
        "deploy": {"endpoint_mode": "dnsrr", "replicas": 0},
    }
    back = {"attachable": attachable}
    return json.dumps({"services": dict.fromkeys(USERS, one), "networks": {"back": back}})


@pytest.fixture
def netted(workers):
    write(workers, "compose.yml", with_network(False))
    given = {"source": ["salt://long/compose.yml"], "resolve_image": "never", "replace": True}
    workers.pillar(stacks={"long": {**given, "timeout": WAIT_SECONDS}})
    deployed(workers)
    yield workers
    workers.one("manager1", "swarm.stack_rm", "long")
    workers.on("master", "rm", "-rf", FOLDER)
    workers.pillar()


def network(lab):
    return lab.on("manager1", "docker", "network", "inspect", "long_back").json[0]


def specs(lab):
    """``{name: spec}`` of the services."""
    names = [f"long_{name}" for name in USERS]
    found = lab.on("manager1", "docker", "service", "inspect", *names).json
    return {one["Spec"]["Name"]: one["Spec"] for one in found}


def without_target(found):
    """A copy of specs without the network's id, and without how often their tasks were forced."""
    found = json.loads(json.dumps(found))
    for spec in found.values():
        spec["TaskTemplate"].pop("ForceUpdate", None)
        for attachment in spec["TaskTemplate"]["Networks"]:
            attachment.pop("Target")
    return found


@pytest.mark.parametrize("fault", FAULTS)
def test_a_network_is_made_again(netted, fault):
    """As soon as a service is off it: the next run puts each service on the new one, as it was on the old."""
    before, old = specs(netted), network(netted)
    write(netted, "compose.yml", with_network(not old["Attachable"]))

    def is_off(witness):
        some = [f"long_{name}" for name in USERS[::9]]
        labels = ("service", "inspect", "-f", "{{json .Spec.Labels}}", *some)
        return "libswarm.detached." in (engine_says(netted, witness, *labels) or "")

    with broken(netted) as (leader, witness), beside(netted, "docker.deploy") as run:
        run.until(lambda: is_off(witness), "a service is off the network")
        fault(netted, leader)
    assert_told(run, leader)
    deployed(netted)
    new = network(netted)
    assert (new["Attachable"], new["Id"] != old["Id"]) == (not old["Attachable"], True)
    after = specs(netted)
    for name, spec in after.items():
        (attachment,) = spec["TaskTemplate"]["Networks"]
        assert attachment["Target"] in (new["Id"], "long_back"), name
    assert without_target(after) == without_target(before)
    assert deployed(netted) == {}


# --- a spec that fails ----------------------------------------------------------------------------


def test_a_spec_that_fails_is_sent_once(stack):
    """One rollout and one rollback; then run after run says the same line, and no task is made."""
    write(stack, "compose.yml", compose(["/bin/busybox", "false"]))
    before = tasks(stack, PARTS[2])
    states = {"long": {"swarm.stack": []}}
    first = of_the_leader(apply(stack, states), "long")
    assert (first["result"], first["changes"]) == (False, {}), first
    after, version = tasks(stack, PARTS[2]), stored(stack, PARTS[2])["Version"]
    made = collections.Counter(slot for task, slot in after.items() if task not in before)
    assert made == {f"{PARTS[2]}.1": 2}
    rets = [of_the_leader(apply(stack, states), "long") for _ in range(10)]
    assert {(ret["result"], str(ret["changes"])) for ret in rets} == {(False, "{}")}
    (line,) = {ret["comment"] for ret in rets}
    assert f"service {PARTS[2]} is not sent" in line and "\n" not in line
    assert (tasks(stack, PARTS[2]), stored(stack, PARTS[2])["Version"]) == (after, version)
    write(stack, "compose.yml", compose())
    assert deployed(stack) == {}
