# SPDX-License-Identifier: Apache-2.0
"""The iterators that Client.events() and Client.logs() give, and the progress of waits."""

import gc
import queue
import subprocess
import sys
import threading
import weakref

import pytest
from fake_engine import MULTIPLEXED, RAW, event, frame
from test_process import LOAD


class Feed:
    """An answer of the engine that goes on as long as the test wants it to."""

    def __init__(self, content_type=None):
        self.kind = [content_type] if content_type else []
        self.pieces = queue.Queue()
        self.requests = []

    def __call__(self, request):
        """The answer, as for ``FakeEngine.answers``."""
        self.requests.append(request)
        return (200, iter(self.pieces.get, None), *self.kind)

    def send(self, *pieces):
        """Send pieces; None ends the answer."""
        for piece in pieces:
            self.pieces.put(piece)


@pytest.fixture
def feed(engine):
    """The events of a manager."""
    feed = Feed()
    engine.enter(manager=True)
    engine.answers["GET", "/events"] = feed
    yield feed
    feed.send(None, None)


def test_events(swarm, client, feed):
    events = client.events(filters={"type": ["node"], "event": "update"})
    assert (
        feed.requests[0].query["filters"]
        == '{"scope":["swarm"],"type":["node"],"event":["update"]}'
    )
    assert iter(events) is events and events.client is client
    assert next(events) is None
    feed.send(event("update", "n1"), event("remove", "n2"))
    assert next(events) == {"Type": "node", "Action": "update", "Actor": {"ID": "n1"}}
    # The client is free in between.
    assert client.local()["state"] == "active"
    assert next(events)["Action"] == "remove"
    events.close()
    events.close()
    assert list(events) == [] and events.client is None


def test_a_gap_is_reported(client, feed):
    events = client.events()
    feed.send(event("update", "n1"), None, event("update", "n2"))
    seen = [next(events) for _ in range(4)]
    assert [item and item["Actor"]["ID"] for item in seen] == [None, "n1", None, "n2"]
    events.close()


def test_another_manager_takes_over(swarm, engine, other_engine, client, feed):
    other_feed = Feed()
    other_engine.enter(manager=True)
    other_engine.answers["GET", "/events"] = other_feed
    other = swarm.Client(other_engine.url, timeout=30)
    events = client.events(others=[other])
    assert next(events) is None and events.client is client
    engine.enter(manager=False)
    feed.send(None)
    assert next(events) is None and events.client is other
    other_feed.send(event("update", "n3"))
    assert next(events)["Actor"]["ID"] == "n3"
    other_feed.send(None)
    # Whichever of them is closed: it is at its end.
    client.close()
    assert list(events) == []
    assert other.local()["state"] == "active"


def test_an_empty_stream_is_not_at_its_end(swarm, client, feed):
    events = client.events(timeout=0.2)
    assert next(events) is None
    for _ in range(2):
        with pytest.raises(swarm.Timeout):
            next(events)
    feed.send(event("update", "n1"))
    assert next(events)["Actor"]["ID"] == "n1"
    events.close()


def test_events_that_cannot_be(swarm, engine, client, feed):
    with pytest.raises(swarm.InvalidArgument, match="unknown event filter 'colour'"):
        client.events(filters={"colour": "red"})
    for wrong in (client, "x", [None], [client, 1]):
        with pytest.raises(TypeError, match="others must be a list of Clients"):
            client.events(others=wrong)
    with pytest.raises(TypeError):
        swarm.Events()
    closed = swarm.Client(engine.url)
    closed.close()
    with pytest.raises(swarm.InvalidArgument, match="closed"):
        client.events(others=[closed])
    engine.enter(manager=False)
    with pytest.raises(swarm.NotManager):
        client.events()
    # Nothing of it is left behind.
    assert client.local()["state"] == "active"


def test_a_closed_client_ends_what_it_gave(swarm, engine, client, feed):
    events, log = client.events(), client.logs("service", "web")
    client.close()
    assert list(events) == [] and list(log) == []
    client.__init__(engine.url)
    events = client.events()
    client.__init__(engine.url)
    assert list(events) == []


def test_one_thread_at_a_time(swarm, client, feed):
    events = client.events()
    assert next(events) is None
    got = []
    thread = threading.Thread(target=lambda: got.append(next(events)))
    thread.start()
    while True:
        try:
            client.progress = None
        except swarm.InvalidArgument:
            break
    for use in (lambda: next(events), events.close, client.close, client.local):
        with pytest.raises(swarm.InvalidArgument, match="busy|another thread"):
            use()
    feed.send(event("update", "n1"))
    thread.join()
    assert got[0]["Actor"]["ID"] == "n1"
    events.close()


WAITS = {
    "events": "client.events()",
    "logs": "client.logs('service', 'web', query={'follow': True})",
}


@pytest.mark.parametrize("wait", WAITS)
def test_ctrl_c_ends_a_wait(engine, feed, wait):
    """Then events go on with a gap, and a log is at its end. The signal comes while next() waits."""
    log = engine.answers["GET", "/services/s1/logs"] = Feed(MULTIPLEXED)
    log.send(frame(1, b"x"))
    code = (
        LOAD
        + f"""
import os, threading
client = swarm.Client({engine.url!r})
items = {WAITS[wait]}
print(next(items))

def interrupt():
    while True:
        try:
            client.progress = None
        except swarm.InvalidArgument:  # next() waits
            os.kill(os.getpid(), signal.SIGINT)
            return

threading.Thread(target=interrupt).start()
try:
    next(items)
except KeyboardInterrupt:
    print("interrupted")
print(next(items, "the end"))
"""
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, timeout=60
    )
    log.send(None)
    assert done.returncode == 0
    assert (
        done.stdout.splitlines()
        == {
            "events": ["None", "interrupted", "None"],
            "logs": ["('stdout', b'x')", "interrupted", "the end"],
        }[wait]
    )


def test_logs(swarm, engine, client):
    log = client.logs("service", "web", query={"tail": 10, "timestamps": True})
    assert engine.requests[-1].query == {
        "tail": "10",
        "timestamps": "true",
        "stdout": "true",
        "stderr": "true",
    }
    assert list(log) == [("stdout", b"out\n"), ("stderr", b"err\n")]
    assert list(log) == []
    engine.answers["GET", "/tasks/t1"] = (404, {"message": "task t1 not found"})
    with pytest.raises(swarm.NotFound):
        client.logs("task", "t1")
    with pytest.raises(swarm.InvalidArgument):
        client.logs("secret", "x")
    with pytest.raises(swarm.InvalidArgument, match="takes no parameter 'colour'"):
        client.logs("service", "web", query={"colour": "red"})


def test_a_log_of_a_terminal(engine, client):
    engine.answers["GET", "/services/s1/logs"] = lambda _: (200, iter([b"\xffab", b"cd"]), RAW)
    pieces = list(client.logs("service", "web"))
    assert {source for source, _ in pieces} == {""}
    assert b"".join(data for _, data in pieces) == b"\xffabcd"


def test_a_log_that_goes_wrong(swarm, engine, client):
    pieces = [frame(1, b"x"), frame(3, b"error grabbing logs")]
    engine.answers["GET", "/services/s1/logs"] = lambda _: (200, iter(pieces), MULTIPLEXED)
    log = client.logs("service", "web")
    assert next(log) == ("stdout", b"x")
    with pytest.raises(swarm.HTTPError, match="error grabbing logs"):
        next(log)
    assert list(log) == []


def test_a_slow_log(swarm, engine, client):
    feed = engine.answers["GET", "/services/s1/logs"] = Feed(MULTIPLEXED)
    log = client.logs("service", "web", timeout=0.2)
    with pytest.raises(swarm.Timeout):
        next(log)
    feed.send(frame(2, b"x"))
    assert next(log) == ("stderr", b"x")
    feed.send(None)
    assert list(log) == []


def test_a_circle_is_collected(swarm, engine, feed):
    class Own(swarm.Client):
        """A subclass, so that it has a dict."""

    client = Own(engine.url)
    client.events_of_mine = client.events()
    client.progress = lambda *args: client  # noqa: F821  the circle is the point
    gone = weakref.ref(client)
    del client
    gc.collect()
    assert gone() is None


def test_progress(swarm, engine, client):
    told = []
    client.progress = lambda *args: told.append(args)
    client.init()
    assert told and {args[0] for args in told} == {"init"}
    assert all(isinstance(done, int) and isinstance(text, str) for _, done, _, text in told)
    del told[:]
    client.progress = None
    assert client.progress is None
    client.leave(force=True)
    assert told == []


def test_what_progress_raises_ends_the_wait(swarm, engine, client):
    engine.enter(manager=True)
    engine.answers["POST", "/swarm/leave"] = (200, b"")

    def stop(what, done, total, text):
        raise LookupError(what)

    client.progress = stop
    with pytest.raises(LookupError, match="^leave$"):
        client.leave(force=True, timeout=600)
    client.progress = lambda *args: client.local()
    with pytest.raises(swarm.InvalidArgument, match="busy"):
        client.leave(force=True, timeout=600)
    client.progress = lambda *args: setattr(client, "progress", None)
    with pytest.raises(swarm.InvalidArgument, match="busy"):
        client.leave(force=True, timeout=600)
    for wrong in (1, "x"):
        with pytest.raises(TypeError, match="progress must be a callable or None"):
            client.progress = wrong
    with pytest.raises(TypeError):
        del client.progress


def test_progress_outlives_a_new_engine(swarm, engine, client):
    told = []
    client.progress = lambda *args: told.append(args)
    client.__init__(engine.url)
    client.init()
    assert told
    client.close()
    client.progress = None
