# SPDX-License-Identifier: Apache-2.0
"""The cluster's lock through the extension: of any number of takers one wins."""

import json
import threading

import pytest

LABEL = "saltext.swarm.lock"


@pytest.fixture
def manager(engine):
    """An engine that writes the cluster only with the version that it has, as a real one."""
    engine.enter(manager=True)
    lock = threading.Lock()

    def update(request):
        with lock:
            if int(request.query["version"]) != engine.cluster["Version"]["Index"]:
                text = "rpc error: code = Unknown desc = update out of sequence"
                return 500, {"message": text}
            version = {"Index": engine.cluster["Version"]["Index"] + 1}
            engine.cluster = {**engine.cluster, "Spec": request.body, "Version": version}
            return 200, b""

    engine.answers["POST", "/swarm/update"] = update
    return engine


def label(engine):
    return (engine.cluster["Spec"].get("Labels") or {}).get(LABEL)


def writes(engine):
    return sum(request.method == "POST" for request in engine.requests)


def test_a_lock_from_its_taking_to_its_end(swarm, manager, client):
    assert client.lock_get() is None
    taken = client.lock_take("r1", "docker.rotate", "salt1", ttl=60)
    assert {**taken, "since": "", "text": ""} == {
        "run": "r1",
        "what": "docker.rotate",
        "holder": "salt1",
        "since": "",
        "ttl": 60,
        "count": 0,
        "text": "",
    }
    assert label(manager) == f"r1 docker.rotate salt1 {taken['since']} 60 0"
    assert client.lock_get() == taken
    assert client.lock_renew("r1")["count"] == 1
    assert client.lock_take("r1", "docker.rotate", "salt1")["count"] == 2
    with pytest.raises(swarm.Conflict, match="docker.rotate .run r1, by salt1. holds the cluster"):
        client.lock_take("r2", "docker.deploy", "salt2", wait=0)
    with pytest.raises(swarm.Conflict, match="run r2 has lost the cluster's lock"):
        client.lock_renew("r2")
    with pytest.raises(swarm.Conflict, match="run r1"):
        client.lock_release("r2")
    assert client.lock_release("r1") is True
    before = writes(manager)
    assert client.lock_release("r1") is False
    assert (label(manager), writes(manager)) == (None, before)
    assert manager.cluster["Spec"]["Raft"] == {"Kept": 1}, "what others have set stays"


def test_one_of_twenty_takers_wins(swarm, manager):
    start, won, lost = threading.Barrier(20), [], []

    def take(number):
        client = swarm.Client(manager.url)
        start.wait()
        try:
            won.append(client.lock_take(f"r{number}", "docker.rotate", "salt", wait=0)["run"])
        except swarm.Conflict as exc:
            lost.append(str(exc))
        client.close()

    threads = [threading.Thread(target=take, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1 and len(lost) == 19
    assert label(manager).split()[0] == won[0]
    assert all(f"(run {won[0]}, by salt)" in text for text in lost)


@pytest.mark.parametrize(
    "args, kwargs, error, text",
    [
        (("r 1", "a", "b"), {}, "InvalidArgument", "run must be one word"),
        (("r1", "", "b"), {}, "InvalidArgument", "what must be one word"),
        (("r1", "a", "b\n"), {}, "InvalidArgument", "holder must be one word"),
        (("r1", "a", "b"), {"ttl": 0}, "InvalidArgument", "ttl must be between 1 and 86400"),
        (("r1", "a", "b"), {"wait": -1}, "InvalidArgument", "wait must be between"),
    ],
)
def test_a_wrong_argument(swarm, manager, client, args, kwargs, error, text):
    with pytest.raises(getattr(swarm, error), match=text):
        client.lock_take(*args, **kwargs)
    assert not json.dumps([request.body for request in manager.requests]).count(LABEL)
