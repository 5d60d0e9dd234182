# SPDX-License-Identifier: Apache-2.0
"""Each exception: raised by the engine's or the caller's fault that it is."""

import errno
import os
import re

import pytest
from conftest import ROOT
from fake_engine import MANAGER_TOKEN, TOKEN, node

ROWS = re.findall(
    r'^E\((\w+),\s*(-\d+),\s*"(\w+)",\s*"([^"]+)"\)',
    (ROOT / "libswarm/include/swarm/errors.def").read_text(),
    re.M,
)


def says(status, message):
    """An answer of the engine."""
    return status, {"message": message}


def refuse_connection(engine, client):
    os.unlink(engine.url.removeprefix("unix://"))
    client.local()


def break_connection(engine, client):
    engine.answers["GET", "/info"] = None
    client.local()


def time_out(engine, client):
    engine.answers["GET", "/info"] = engine.hold
    client.local(timeout=0.2)


def answer_garbage(engine, client):
    engine.answers["GET", "/info"] = (200, b"{]")
    client.call("info")


def answer_500(engine, client):
    engine.answers["GET", "/info"] = says(500, "something odd")
    client.local()


def conflict(engine, client):
    engine.answers["POST", "/services/create"] = says(409, "name conflicts")
    client.call("service_create", body={"Name": "a", "TaskTemplate": {}, "Mode": {}})


def unavailable(engine, client):
    engine.answers["GET", "/nodes"] = says(503, "try later")
    client.node_list()


def too_new(engine, client):
    old = type(client)(engine.url, api_version="1.24")
    old.call("service_inspect", "s", query={"insertDefaults": True})


def out_of_sequence(engine, client):
    text = "rpc error: code = Unknown desc = update out of sequence"
    engine.answers["POST", "/nodes/n1/update"] = says(500, text)
    client.node_update("n1", {"Labels": {"a": "b"}}, timeout=0.5)


def no_leader(engine, client):
    engine.answers["GET", "/nodes"] = says(
        500, "rpc error: code = Unknown desc = The swarm does not have a leader."
    )
    client.node_list()


def not_manager(engine, client):
    engine.answers["GET", "/nodes"] = says(
        503, "This node is not a swarm manager. Worker nodes can't be used."
    )
    client.node_list()


def not_member(engine, client):
    client.leave()


def already_member(engine, client):
    engine.enter(manager=True)
    client.init()


def locked(engine, client):
    engine.swarm = {**engine.swarm, "LocalNodeState": "locked"}
    client.init()


def token_of_another_swarm(engine, client):
    client.join([engine.manager_addr], TOKEN, digest="2" * 50)


def lose_quorum(engine, client):
    engine.enter(manager=True)
    engine.nodes.append(node("n2", "host2", "manager", Reachability="unreachable"))
    engine.nodes.append(node("n3", "host3", "manager", Reachability="unreachable"))
    client.node_update("n1", {"Role": "worker"})


def two_of_a_name(engine, client):
    engine.nodes.append(node("n2", "host1"))
    engine.answers["GET", "/nodes/host1"] = says(400, "node host1 is ambiguous (2 matches found)")
    client.node_inspect("host1")


def join_that_hangs(engine, client):
    engine.answers["POST", "/swarm/join"] = says(503, "Timeout was reached before node joined.")

    def info(request):
        if any(r.path == "/swarm/join" for r in engine.requests):
            engine.swarm = {**engine.swarm, "LocalNodeState": "pending"}
        return engine.act(request)

    engine.answers["GET", "/info"] = info
    client.join([engine.manager_addr], TOKEN, timeout=0.5)


def join_that_fails_late(engine, client):
    def join(request):
        engine.swarm = {**engine.swarm, "LocalNodeState": "error", "Error": "it broke"}
        return 200, b""

    engine.answers["POST", "/swarm/join"] = join
    client.join([engine.manager_addr], TOKEN)


def unlock_with_another_key(engine, client):
    engine.swarm = {**engine.swarm, "LocalNodeState": "locked"}
    engine.answers["POST", "/swarm/unlock"] = says(
        401, "swarm could not be unlocked: invalid key provided"
    )
    client.unlock("SWMKEY-1-" + "k" * 43)


SCENARIOS = {
    "InvalidArgument": (lambda engine, client: client.call("no_such"), 0),
    "ConnectError": (refuse_connection, 0),
    "TransportError": (break_connection, 0),
    "Timeout": (time_out, 0),
    "BadAnswer": (answer_garbage, 0),
    "HTTPError": (answer_500, 500),
    "NotFound": (lambda engine, client: client.node_inspect("nobody"), 404),
    "Conflict": (conflict, 409),
    "Unavailable": (unavailable, 503),
    "VersionError": (too_new, 0),
    "OutOfSequence": (out_of_sequence, 500),
    "NoLeader": (no_leader, 500),
    "NotManager": (not_manager, 503),
    "NotMember": (not_member, 0),
    "AlreadyMember": (already_member, 0),
    "Locked": (locked, 0),
    "BadToken": (token_of_another_swarm, 0),
    "QuorumError": (lose_quorum, 0),
    "Ambiguous": (two_of_a_name, None),
    "StillPending": (join_that_hangs, None),
    "StateError": (join_that_fails_late, 0),
    "BadKey": (unlock_with_another_key, 401),
}
# TooLarge and PermissionDenied have tests of their own below. Canceled cannot reach a caller: only
# a signal handler that raised cancels, and what it raised comes out.
ELSEWHERE = {"MemoryError", "TooLarge", "PermissionDenied", "Canceled"}


def test_the_table_is_complete():
    assert len(ROWS) == 26
    assert set(SCENARIOS) | ELSEWHERE == {exception for _, _, exception, _ in ROWS}


@pytest.mark.parametrize(
    "code,exception,meaning", [(c, e, m) for c, _, e, m in ROWS if e != "MemoryError"]
)
def test_classes_come_from_the_table(swarm, code, exception, meaning):
    cls = getattr(swarm, exception)
    assert cls.__bases__ == (swarm.Error,) and cls.__doc__ == meaning
    assert swarm.Error.__bases__ == (Exception,)
    assert (cls("made by hand").code, cls("x").status, cls("x").errno) == ("", 0, 0)


@pytest.mark.parametrize("exception", sorted(SCENARIOS))
def test_exception(swarm, engine, client, exception):
    scenario, status = SCENARIOS[exception]
    code = {e: f"SWARM_E_{c}" for c, _, e, _ in ROWS}[exception]
    with pytest.raises(swarm.Error) as caught:
        scenario(engine, client)
    error = caught.value
    assert type(error) is getattr(swarm, exception)
    assert error.code == code and isinstance(error.errno, int)
    assert status is None or error.status == status
    assert str(error) and "\n" not in str(error)
    assert TOKEN not in str(error) and MANAGER_TOKEN not in str(error)
    assert error.__cause__ is None and error.__context__ is None


def test_connect_error_has_errno(swarm):
    with pytest.raises(swarm.ConnectError) as caught:
        swarm.Client("unix:///no/such.sock").local()
    assert caught.value.errno == errno.ENOENT and caught.value.status == 0


def test_too_large(swarm, engine):
    engine.answers["GET", "/info"] = (200, b'"' + b"x" * 4000 + b'"')
    with pytest.raises(swarm.TooLarge):
        swarm.Client(engine.url, max_body=1000).call("info")
    assert len(swarm.Client(engine.url, max_body=5000).call("info")) == 4000


def test_permission_denied(swarm, engine):
    """In a child that is nobody: root may open any socket."""
    os.chmod(engine.url.removeprefix("unix://"), 0o600)
    if os.geteuid() != 0:
        os.chmod(engine.url.removeprefix("unix://"), 0)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            swarm.Client(engine.url, timeout=10).local()
        except swarm.PermissionDenied as error:
            status = 0 if error.errno == errno.EACCES else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_engine_texts_are_redacted(swarm, engine, client):
    engine.answers["GET", "/info"] = says(500, f"bad token {TOKEN} given")
    with pytest.raises(swarm.HTTPError) as caught:
        client.local()
    assert "s" * 25 not in str(caught.value) and "bad token" in str(caught.value)


def test_bad_utf8_and_deep_json(swarm, engine, client):
    for body in (b'{"a": "\xff"}', b"[" * 100000, b""):
        engine.answers["GET", "/info"] = (200, body)
        with pytest.raises(swarm.BadAnswer):
            client.call("info")
    engine.answers["GET", "/_ping"] = (200, b"O\xffK")
    assert client.call("ping") == "O\ufffdK"
