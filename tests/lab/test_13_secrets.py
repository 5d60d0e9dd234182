# SPDX-License-Identifier: Apache-2.0
"""
A secret under services that run, on three managers at once: one change, both services moved, and its content
found nowhere that Salt or a process list shows.
"""

import concurrent.futures
import contextlib

import pytest
from conftest import HOSTS, MANAGERS, until

# Where test_99_no_secret_seen.py does not look: this is where the content comes from.
FILE = "/dev/shm/planted"
FIRST, SECOND = "planted-3b8e-first", "planted-3b8e-second"
SERVICE = (
    "docker service create -d --name {0} --secret source={1},target=db --endpoint-mode dnsrr"
    " --constraint node.hostname==worker1 --update-monitor 1s --stop-grace-period 1s --no-resolve-image"
    " lab:1 /bin/busybox sleep 100000"
)
SERVICES = ("api", "web")


def planted(lab, text):
    for manager in MANAGERS:
        lab.on(manager, "sh", "-c", f"cat > {FILE}", stdin=text)


def everywhere(lab, function, *args):
    """What a state of the secret returns on each of the managers, which run it at the same moment."""
    args = [f"swarm.{function}", "name=db", *args]
    answers = lab.salt(",".join(MANAGERS), "state.single", *args, check=False, seconds=120)
    return {name: next(iter(states.values())) for name, states in answers.items()}


def one_changes(lab, function, *args):
    """Of all of them one; returns its changes."""
    states = everywhere(lab, function, *args)
    assert all(state["result"] is True for state in states.values()), states
    (leader,) = [name for name, node in lab.nodes().items() if node["leader"]]
    for name, state in states.items():
        assert (state["comment"] == f"left to {leader}") == (name != leader), states
    return states[leader]["changes"]


def content(lab, service):
    """What a task of the service has in its secret."""
    run = f'docker exec "$(docker ps -q -f name={service}.1)" /bin/busybox cat /run/secrets/db'
    return lab.shell("worker1", run, check=False).out


@contextlib.contextmanager
def sampled(lab, host):
    """The arguments of all processes of a host, again and again; yields a function that gives them."""
    command = "while :; do ps axww -o args; sleep 0.05; done > /dev/shm/processes"
    lab.on(host, "systemd-run", "-q", "--unit=processes", "--collect", "sh", "-c", command)
    try:
        yield lambda: lab.on(host, "cat", "/dev/shm/processes").out
    finally:
        lab.on(host, "systemctl", "stop", "processes", check=False)
        lab.on(host, "rm", "-f", "/dev/shm/processes")


@pytest.fixture(scope="module")
def services(swarm):
    """Two services with the first version, which the managers made together."""
    swarm.give_image("worker1")
    planted(swarm, FIRST)
    made = one_changes(swarm, "secret", f"contents_file={FILE}")
    for name in SERVICES:
        swarm.shell("manager1", SERVICE.format(name, made["current"]["new"]))
    for name in SERVICES:
        until(lambda name=name: content(swarm, name) == FIRST, f"{name} with the first content")
    yield made["current"]["new"]
    swarm.on("manager1", "docker", "service", "rm", *SERVICES, check=False)
    swarm.one("manager1", "swarm.secret_rm", "db")
    for manager in MANAGERS:
        swarm.on(manager, "rm", "-f", FILE)


def test_again_nothing(swarm, services):
    before = swarm.on("manager1", "docker", "secret", "inspect", services).out
    assert one_changes(swarm, "secret", f"contents_file={FILE}") == {}
    assert swarm.on("manager1", "docker", "secret", "inspect", services).out == before


def test_rotated_by_one_of_three(swarm, services):
    planted(swarm, SECOND)
    plan = everywhere(swarm, "secret", f"contents_file={FILE}", "test=True")
    expected = next(state["changes"] for state in plan.values() if state["result"] is None)
    with contextlib.ExitStack() as stack:
        seen = [stack.enter_context(sampled(swarm, manager)) for manager in MANAGERS]
        changes = one_changes(swarm, "secret", f"contents_file={FILE}")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            processes = list(pool.map(lambda one: one(), seen))
    assert changes == expected and sorted(changes["services"]) == list(SERVICES)
    for name in SERVICES:
        assert content(swarm, name) == SECOND
    assert all("salt-minion" in text and "planted-3b8e" not in text for text in processes)
    users = swarm.one("manager1", "swarm.secret_users", "db")
    assert {(row["SERVICE"], row["SPEC"]) for row in users} == {
        (name, spec) for name in SERVICES for spec in ("current", "previous")
    }
    assert len(swarm.one("manager2", "swarm.secret_ls", "db")) == 2


def test_each_of_three_may_act(swarm, services):
    planted(swarm, FIRST)
    states = everywhere(swarm, "secret", f"contents_file={FILE}", "runs_on=any")
    assert all(state["result"] is True for state in states.values()), states
    for name in SERVICES:
        assert content(swarm, name) == FIRST
        tasks = swarm.on("manager1", "docker", "service", "ps", "-q", name).out.split()
        assert len(tasks) == 3, "one restart for each content"


def test_refused_while_in_use(swarm, services):
    states = everywhere(swarm, "secret_absent")
    (refused,) = [state for state in states.values() if state["result"] is False]
    assert refused["comment"].endswith("take it out of these services first: api, web")
    assert len(swarm.one("manager1", "swarm.secret_ls", "db")) == 2


@pytest.mark.parametrize("host", ["master", *HOSTS])
def test_content_is_nowhere(swarm, services, host):
    script = (
        "grep -rlaF planted-3b8e /var/cache/salt /var/log /run /tmp /var/tmp /srv /etc/salt /root"
        " --exclude-dir=docker --exclude-dir=containerd; journalctl -o cat --no-pager |"
        " grep -aF planted-3b8e"
    )
    assert swarm.shell(host, script, check=False).out == ""


def test_events_have_no_secret(swarm, services):
    events = swarm.on("master", "cat", "/var/tmp/events").out
    assert "swarm.secret" in events and "planted-3b8e" not in events
