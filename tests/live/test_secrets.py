# SPDX-License-Identifier: Apache-2.0
"""
Secrets and configs by their logical name against real engines: what services get, byte by byte, who is
moved and when, what is removed, and what becomes of a run that is cut off in the middle. The states are
the real ones, loaded by Salt's own loader, on the first manager.
"""

import signal
import subprocess
import sys
import textwrap

import pytest
from conftest import DROPIN, until

IMAGE = "live:1"
SLEEP = "exec /bin/busybox sleep 1000"
KEY = b"a key of the tests"
# So that a failed update is seen as one soon, and the tasks of the tests stay on the first manager.
DEPLOY = {
    "endpoint_mode": "dnsrr",
    "placement": {"constraints": ["node.hostname==manager1"]},
    "restart_policy": {"condition": "none"},
    "update_config": {"monitor": "1s", "failure_action": "pause"},
    "rollback_config": {"monitor": "1s"},
}


@pytest.fixture
def apply(client):
    """A function that makes a service in compose's words; it and all that is versioned go afterwards."""
    made = []

    def make(name, script=SLEEP, **words):
        deploy = {**DEPLOY, **words.pop("deploy", {})}
        deploy = {key: value for key, value in deploy.items() if value is not None}
        service = {
            "image": IMAGE,
            "entrypoint": ["/bin/busybox", "sh", "-c", script],
            "stop_grace_period": "1s",
            "deploy": deploy,
            **words,
        }
        done = client.service_apply(name, service, resolve_image="never")
        made.append(name)
        return done

    yield make
    for name in set(made):
        client.object_remove("service", name)
    for kind in ("secret", "config"):
        for one in client.object_list(kind):
            client.object_remove(kind, one["ID"])


def put(client, content, name="db", kind="secret", **options):
    method = client.secret_put if kind == "secret" else client.config_put
    return method(name, content, **{"hash_key": KEY, "timeout": 60, **options})


def names(client, kind="secret"):
    return {one["Spec"]["Name"] for one in client.object_list(kind)}


def running(client, service):
    """The tasks of a service that run."""
    return [t for t in client.task_list(filters={"service": service}) if t["state"] == "running"]


def inside(machines, client, service, command):
    """Run a command in the container of the only task of a service."""
    (task,) = running(client, service)
    return (
        machines["manager1"]
        .run(f"docker exec {task['container_id']} /bin/busybox {command}")
        .stdout
    )


def content(machines, client, service, path="/run/secrets/db"):
    """The bytes of a file there."""
    return bytes.fromhex(inside(machines, client, service, f"xxd -p -c 1 {path}").replace("\n", ""))


def has(machines, client, service, wanted):
    """Is this the content, in a container that runs?"""
    try:
        return content(machines, client, service) == wanted
    except (subprocess.CalledProcessError, ValueError):
        return False


# --- 52 to 57: made, moved, kept, removed -----------------------------------------------------------


def test_made_once(client, apply):
    assert put(client, b"one")["action"] == "create"
    (before,) = client.object_list("secret")
    again = put(client, b"one")
    assert (again["action"], again["changes"], again["failed"]) == ("none", {}, None)
    assert client.object_list("secret") == [before]


def test_two_services_are_moved_and_can_go_back(machines, client, apply):
    first = put(client, b"one")
    for name in ("web", "api"):
        apply(name, secrets=[{"source": "db", "uid": "7", "gid": "8", "mode": "0400"}])
        client.service_wait(name)
        assert content(machines, client, name) == b"one"
    planned = put(client, b"two", keep=0, dry_run=True)
    second = put(client, b"two", keep=0)
    assert second["changes"] == planned["changes"]
    assert list(second["changes"]["services"]) == ["api", "web"]
    assert second["failed"] is None
    for name in ("web", "api"):
        assert content(machines, client, name) == b"two"
        assert inside(machines, client, name, "stat -c '%u %g %a' /run/secrets/db") == "7 8 400\n"
    # The specs before still name it.
    assert names(client) == {first["name"], second["name"]}
    assert put(client, b"two", keep=0)["action"] == "none"
    client.service_rollback("web")
    client.service_wait("web")
    assert content(machines, client, "web") == b"one"
    # What is declared wins, and nothing else is moved.
    assert list(put(client, b"two", keep=0)["changes"]["services"]) == ["web"]
    assert content(machines, client, "web") == b"two"


def test_foreign_ones_stay(client, apply):
    client.object_create("secret", {"Name": "db-variant", "Data": "eA=="})
    for text in (b"one", b"two", b"three"):
        put(client, text, keep=0)
    assert len(names(client)) == 2 and "db-variant" in names(client)
    removed = client.versioned_remove("secret", "db")["removed"]
    assert len(removed) == 1 and names(client) == {"db-variant"}


def test_keep_is_exact(client, apply):
    made = [put(client, b"%d" % number, keep=2)["name"] for number in range(6)]
    assert names(client) == set(made[-3:])
    assert names(client) == {made[-1], *made[-3:-1]}
    # A version that is used does not make a run fail, and goes once nobody uses it.
    apply("web", secrets=[made[-3]])
    put(client, b"7", keep=0, wait=False)
    assert made[-3] in names(client)


def test_back_to_an_older_content(machines, client, apply):
    first = put(client, b"one")
    apply("web", secrets=["db"])
    put(client, b"two")
    back = put(client, b"one")
    assert (back["action"], back["name"]) == ("return", first["name"])
    assert content(machines, client, "web") == b"one"
    # A service that is declared now gets the same.
    assert apply("web", secrets=["db"])["action"] == "none"
    assert put(client, b"one")["action"] == "none"


def test_labels_in_place_restart_nothing(client, apply):
    put(client, b"one", labels={"team": "a"})
    apply("web", secrets=["db"])
    client.service_wait("web")
    before = running(client, "web")
    client.object_update("secret", client.object_list("secret")[0]["ID"], {"Labels": {"hand": "x"}})
    done = put(client, b"one", labels={"team": "b"})
    assert done["changes"] == {"labels": {"team": {"old": "a", "new": "b"}}}
    assert [task["id"] for task in running(client, "web")] == [task["id"] for task in before]
    rotated = put(client, b"two", labels={"team": "b"})
    labels = client.object_inspect("secret", rotated["id"])["Spec"]["Labels"]
    assert (labels["hand"], labels["team"]) == ("x", "b")


# --- 58, 59, 61: bytes ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [b"x", b"line\n", b"\n\n", b"\x00\xff\x00\r\n", bytes(range(256))])
def test_bytes_are_exact(machines, client, apply, text):
    put(client, text)
    put(client, text, kind="config", name="conf")
    apply("web", secrets=["db"], configs=["conf"])
    client.service_wait("web")
    assert content(machines, client, "web") == text
    assert content(machines, client, "web", "/conf") == text


def test_limits(swarm, client, apply):
    assert put(client, b"x" * 511_999)["action"] == "create"
    with pytest.raises(swarm.InvalidArgument, match="1 to 511999 bytes, not 512000"):
        put(client, b"x" * 512_000)
    with pytest.raises(swarm.InvalidArgument, match="not 0"):
        put(client, b"")
    with pytest.raises(swarm.InvalidArgument, match="1 to 1023999 bytes, not 1024000"):
        put(client, b"x" * 1_024_000, kind="config")


def test_a_template_is_filled_in(machines, client, apply):
    put(client, b"on {{ .Service.Name }}", kind="config", template_driver="golang")
    apply("web", configs=["db"])
    client.service_wait("web")
    assert content(machines, client, "web", "/db") == b"on web"
    plain = put(client, b"on {{ .Service.Name }}", kind="config")
    assert list(plain["changes"]["services"]) == ["web"]
    assert content(machines, client, "web", "/db") == b"on {{ .Service.Name }}"


# --- 62: by hand before -----------------------------------------------------------------------------


def test_one_made_by_hand_is_adopted(machines, client, apply):
    machines["manager1"].run("docker secret create --label hand=made db -", "one")
    apply("web", secrets=["db"])
    client.service_wait("web")
    before = running(client, "web")
    assert put(client, b"one", adopt=True)["action"] == "adopt"
    assert put(client, b"one", adopt=True)["action"] == "none"
    assert running(client, "web")[0]["id"] == before[0]["id"]
    changed = put(client, b"two", adopt=True)
    assert changed["changes"]["services"]["web"]["old"] == "db"
    assert content(machines, client, "web") == b"two"
    labels = client.object_inspect("secret", changed["id"])["Spec"]["Labels"]
    assert labels["hand"] == "made"


def test_a_config_is_adopted_by_its_content(client, apply):
    client.object_create("config", {"Name": "db", "Data": "b25l"})
    assert put(client, b"one", kind="config")["action"] == "adopt"
    client.object_create("config", {"Name": "other", "Data": "b25l"})
    beside = put(client, b"two", kind="config", name="other")
    assert beside["action"] == "create" and "not managed" in beside["warnings"][0]
    assert "other" in names(client, "config")


def test_a_fixed_name(swarm, client, apply):
    put(client, b"one", fixed_name=True)
    assert put(client, b"two", fixed_name=True)["action"] == "replace"
    assert names(client) == {"db"}
    apply("web", secrets=["db"])
    with pytest.raises(swarm.Conflict, match="cannot change while services name it: web"):
        put(client, b"three", fixed_name=True)
    assert put(client, b"two", fixed_name=True, labels={"a": "b"})["action"] == "update"
    with pytest.raises(swarm.Conflict, match="in use.*: web"):
        client.versioned_remove("secret", "db")
    # Versions from now on: the service is moved.
    assert list(put(client, b"three")["changes"]["services"]) == ["web"]


# --- what goes wrong --------------------------------------------------------------------------------

PICKY = "/bin/busybox grep -q bad /run/secrets/db && exit 1; " + SLEEP


def test_the_first_that_fails_goes_back(machines, client, apply):
    put(client, b"good")
    for name, script in (("a", SLEEP), ("b", PICKY), ("c", SLEEP)):
        apply(name, script, secrets=["db"])
        client.service_wait(name)
    failed = put(client, b"bad", timeout=30)
    assert failed["failed"]["service"] == "b" and failed["failed"]["rolled_back"]
    assert set(failed["changes"]["services"]) == {"a", "b"}
    for name, text in (("a", b"bad"), ("b", b"good"), ("c", b"good")):
        assert content(machines, client, name) == text
    tasks = len(client.task_list(filters={"service": "b"}))
    again = put(client, b"bad", timeout=30)
    assert "went back from this version before" in again["failed"]["reason"]
    assert len(client.task_list(filters={"service": "b"})) == tasks
    better = put(client, b"better")
    assert better["failed"] is None
    for name in "abc":
        assert content(machines, client, name) == b"better"


def test_a_job_is_not_run_again(client, apply):
    put(client, b"one")
    job = {"mode": "replicated-job", "endpoint_mode": None}
    apply(
        "job",
        "exit 0",
        secrets=["db"],
        deploy={**job, "update_config": None, "rollback_config": None},
    )
    client.service_wait("job")
    changed = put(client, b"two", keep=0)
    assert "would run it again" in changed["warnings"][0]
    assert len(client.task_list(filters={"service": "job"})) == 1
    assert len(names(client)) == 2


def put_elsewhere(client, text):
    """Another process that does the same, to be ended in the middle."""
    script = f"""
        import importlib.util
        spec = importlib.util.spec_from_file_location("_swarm", {str(DROPIN)!r})
        swarm = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(swarm)
        swarm.Client({client.url!r}).secret_put("db", {text!r}, hash_key={KEY!r})
    """
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)])


@pytest.mark.parametrize("how", ["process", "engine"])
def test_cut_off_in_the_middle(machines, client, apply, how):
    first = put(client, b"one")
    for name in "abc":
        apply(name, secrets=["db"])
        client.service_wait(name)
    process = put_elsewhere(client, b"two")
    until(lambda: len(names(client)) == 2, 60, "the new version is not there")
    if how == "process":
        process.send_signal(signal.SIGKILL)
    else:
        machines["manager1"].run(
            "systemctl kill -s KILL docker; systemctl start docker", check=False
        )
        until(machines["manager1"].answers, 60, "the engine does not answer")
    process.wait(120)
    assert first["name"] in names(client), "removed although services name it"
    failures = ["it does not converge"]

    def converges():
        failures.append(put(client, b"two")["failed"])
        return failures[-1] is None

    until(converges, 120, failures)
    assert put(client, b"two")["action"] == "none"
    for name in "abc":
        until(lambda name=name: running(client, name), 60, f"{name} does not run")
        # After the engine was killed, a task is "running" for a while whose container is gone.
        until(lambda name=name: has(machines, client, name, b"two"), 60, f"{name} has another one")
        moved = [t for t in client.task_list(filters={"service": name})]
        if how == "process":
            assert len(moved) == 2, "a task was restarted twice"


def test_users(client, apply):
    first = put(client, b"one")
    apply("web", secrets=["db"])
    second = put(client, b"two")
    found = {
        (one["service"], one["name"], one["spec"]) for one in client.versioned_users("secret", "db")
    }
    assert found == {("web", second["name"], "current"), ("web", first["name"], "previous")}


# --- the states -------------------------------------------------------------------------------------


@pytest.fixture
def state(job):
    """A function that runs a state of the checkout on the first manager."""

    def run(function, test=False, pillar=None, **arguments):
        # A test before this one may have made another manager lead.
        arguments["runs_on"] = "any"
        return job(test=test, **(pillar or {})).state(function, **arguments)

    return run


def test_the_states(machines, client, apply, state, tmp_path):
    planted = "planted-7f3a9c-value"
    pillar = {"db": {"password": planted + "\n"}, "swarm": {"hash_key": "k"}}
    wanted = {"name": "db", "contents_pillar": "db:password", "pillar": pillar}
    expected = state("secret", test=True, **wanted)
    assert expected["result"] is None and not client.object_list("secret")
    real = state("secret", **wanted)
    assert real["result"] is True and real["changes"] == expected["changes"], real
    for test in (True, False):
        again = state("secret", test=test, **wanted)
        assert (again["result"], again["changes"]) == (True, {}), again
    apply("web", secrets=["db"])
    client.service_wait("web")
    assert content(machines, client, "web").decode() == planted + "\n"
    file = tmp_path / "content"
    file.write_bytes(b"\x00new")
    wanted = {"name": "db", "contents_file": str(file), "pillar": pillar}
    expected, real = state("secret", test=True, **wanted), state("secret", **wanted)
    assert expected["changes"] == real["changes"] and "web" in real["changes"]["services"], real
    assert content(machines, client, "web") == b"\x00new"
    refused = state("secret_absent", name="db")
    assert refused["result"] is False and "in use" in refused["comment"]
    assert planted not in str([real, expected, again, refused])
    config = {"name": "motd", "contents": "hello\n"}
    assert state("config", **config)["result"] is True
    assert state("config_absent", test=True, name="motd")["result"] is None
    (removed,) = state("config_absent", name="motd")["changes"]["removed"]
    assert removed.startswith("motd-")
    assert state("config_absent", name="motd")["changes"] == {}
