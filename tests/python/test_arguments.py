# SPDX-License-Identifier: Apache-2.0
"""Wrong arguments: TypeError for the type, InvalidArgument for the value, and nothing sent."""

import datetime
import math

import pytest
from fake_engine import TOKEN
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TIMED = {
    "call": lambda c, t: c.call("ping", timeout=t),
    "local": lambda c, t: c.local(timeout=t),
    "init": lambda c, t: c.init(timeout=t),
    "join": lambda c, t: c.join(["a"], TOKEN, timeout=t),
    "pending": lambda c, t: c.join(["a"], TOKEN, pending_timeout=t),
    "leave": lambda c, t: c.leave(timeout=t),
    "tokens": lambda c, t: c.tokens(timeout=t),
    "cluster_update": lambda c, t: c.cluster_update(timeout=t),
    "node_list": lambda c, t: c.node_list(timeout=t),
    "node_inspect": lambda c, t: c.node_inspect("n", timeout=t),
    "node_update": lambda c, t: c.node_update("n", {}, timeout=t),
    "node_drain": lambda c, t: c.node_drain("n", timeout=t),
    "evict_plan": lambda c, t: c.evict_plan("n", timeout=t),
    "evict_plans": lambda c, t: c.evict_plans(["n"], timeout=t),
    "evict_images": lambda c, t: c.evict_images(["n"], timeout=t),
    "image_pull": lambda c, t: c.image_pull("a", timeout=t),
    "evict": lambda c, t: c.evict("n", timeout=t),
    "evict_undo": lambda c, t: c.evict_undo("n", timeout=t),
    "node_remove": lambda c, t: c.node_remove("n", timeout=t),
    "Client": lambda c, t: type(c)(timeout=t),
}
BAD_TIMEOUTS = [0, -1, -0.5, math.nan, math.inf, -math.inf, 1e300, 10**400, 1_000_001, -(10**400)]


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize("timeout", BAD_TIMEOUTS, ids=lambda t: str(t)[:12])
def test_timeout_value(swarm, engine, client, name, timeout):
    with pytest.raises(swarm.InvalidArgument, match="timeout must be over 0"):
        TIMED[name](client, timeout)
    assert engine.requests == []


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize("timeout", ["3", True, [], 1j, b"1"], ids=repr)
def test_timeout_type(swarm, engine, client, name, timeout):
    with pytest.raises(TypeError, match="timeout must be a number of seconds"):
        TIMED[name](client, timeout)
    assert engine.requests == []


def test_timeouts_that_fit(swarm, engine, client):
    for timeout in (1_000_000, 999_999.9, 30, None):
        assert client.call("ping", timeout=timeout) == "OK"
    # Under a millisecond is one, not 0, which would be the default of a minute.
    engine.answers["GET", "/info"] = engine.hold
    with pytest.raises(swarm.Timeout):
        client.local(timeout=1e-9)


TEXTS = {
    "Client": lambda c, x: type(c)(x),
    "api_version": lambda c, x: type(c)(api_version=x),
    "op": lambda c, x: c.call(x),
    "id": lambda c, x: c.call("node_inspect", x),
    "query": lambda c, x: c.call("node_list", query={"filters": x}),
    "listen_addr": lambda c, x: c.init(listen_addr=x),
    "availability": lambda c, x: c.init(availability=x),
    "pool": lambda c, x: c.init(default_addr_pool=[x]),
    "remote": lambda c, x: c.join([x], TOKEN),
    "token": lambda c, x: c.join(["a"], x),
    "digest": lambda c, x: c.join(["a"], TOKEN, digest=x),
    "inspect": lambda c, x: c.node_inspect(x),
    "update": lambda c, x: c.node_update(x, {}),
    "drain": lambda c, x: c.node_drain(x),
    "evict": lambda c, x: c.evict(x),
    "evict reason": lambda c, x: c.evict("n", reason=x),
    "evict allow": lambda c, x: c.evict_plan("n", allow=[x]),
    "evict_plans": lambda c, x: c.evict_plans([x]),
    "evict_images": lambda c, x: c.evict_images([x]),
    "image_pull": lambda c, x: c.image_pull(x),
    "remove": lambda c, x: c.node_remove(x),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"], ids=["nul", "surrogate"])
def test_text_value(swarm, engine, client, name, text):
    with pytest.raises(swarm.InvalidArgument, match="NUL|surrogate") as caught:
        TEXTS[name](client, text)
    # The exception of the codec would carry the whole text, maybe a token.
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert engine.requests == []


@pytest.mark.parametrize("name", sorted(set(TEXTS) - {"query"}))
@pytest.mark.parametrize("text", [b"a", 3, 1.5, object()], ids=lambda t: type(t).__name__)
def test_text_type(engine, client, name, text):
    with pytest.raises(TypeError, match="must be a str, not"):
        TEXTS[name](client, text)
    assert engine.requests == []


def test_functions_of_the_module(swarm):
    for function in (swarm.redact, swarm.token_parse, swarm.probe):
        with pytest.raises(TypeError):
            function(None)
        with pytest.raises(TypeError):
            function()
        for text in ("\0", "\ud800"):
            with pytest.raises(swarm.InvalidArgument):
                function(text)
    with pytest.raises(swarm.InvalidArgument):
        swarm.probe("127.0.0.1:1", timeout=math.nan)
    with pytest.raises(swarm.InvalidArgument):
        swarm.probe("127.0.0.1:99999")


FLAGS = {
    "force": lambda c, x: c.leave(force=x),
    "autolock": lambda c, x: c.init(autolock=x),
    "force_new_cluster": lambda c, x: c.init(force_new_cluster=x),
    "force_despite_leader": lambda c, x: c.init(force_despite_leader=x),
    "manager": lambda c, x: c.join(["a"], TOKEN, manager=x),
    "worker": lambda c, x: c.join(["a"], TOKEN, worker=x),
    "replace_pending": lambda c, x: c.join(["a"], TOKEN, replace_pending=x),
    "rotate_worker_token": lambda c, x: c.cluster_update(rotate_worker_token=x),
    "rotate_manager_token": lambda c, x: c.cluster_update(rotate_manager_token=x),
    "rotate_unlock_key": lambda c, x: c.cluster_update(rotate_unlock_key=x),
    "remove force": lambda c, x: c.node_remove("n", force=x),
    "demote": lambda c, x: c.node_remove("n", demote=x),
}


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("flag", ["False", 1, 0, ""], ids=repr)
def test_flags_are_booleans(engine, client, name, flag):
    with pytest.raises(TypeError, match="must be True or False, not"):
        FLAGS[name](client, flag)
    assert engine.requests == []


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**64, 2**200])
def test_number_value(swarm, engine, client, number):
    for name in ("data_path_port", "subnet_size"):
        with pytest.raises(swarm.InvalidArgument, match=f"{name} must be between"):
            client.init(**{name: number})
    if number < 1 or number > 2**63:
        with pytest.raises(swarm.InvalidArgument, match="max_body"):
            swarm.Client(max_body=number)
    assert engine.requests == []


def test_number_type(swarm, client):
    for wrong in (True, "7", 7.0):
        with pytest.raises(TypeError, match="subnet_size must be an int, not"):
            client.init(subnet_size=wrong)
        with pytest.raises(TypeError, match="max_body must be an int, not"):
            swarm.Client(max_body=wrong)


def test_lists(swarm, engine, client):
    for wrong in ("10.0.0.1", {"a": 1}, iter(["a"]), 3):
        with pytest.raises(TypeError, match="must be a list of str, not"):
            client.join(wrong, TOKEN)
        with pytest.raises(TypeError, match="must be a list of str, not"):
            client.init(default_addr_pool=wrong)
    with pytest.raises(TypeError, match="must be a str, not"):
        client.join(["a", 1], TOKEN)
    for wrong in ([], None, ["a"] * 1025):
        with pytest.raises(swarm.InvalidArgument):
            client.join(wrong, TOKEN)
    assert engine.requests == []


def circle():
    """A dict inside itself."""
    body = {}
    body["a"] = body
    return body


def deep():
    """More lists in lists than any parser takes."""
    tree = []
    for _ in range(100000):
        tree = [tree]
    return tree


BODIES = {
    "NaN": {"a": math.nan},
    "infinity": {"a": math.inf},
    "circle": circle(),
    "2\\^63": {"a": 2**63},
    "NUL": {"a": "\0"},
    "NUL character": {"\0": 1},
    "surrogate": {"a": "\ud800"},
    "levels": {"a": deep()},
}


@pytest.mark.parametrize("match", BODIES)
def test_body_value(swarm, engine, client, match):
    secret = {"JoinToken": TOKEN, **BODIES[match]}
    uses = (
        lambda: client.call("swarm_join", body=secret),
        lambda: client.init(spec=secret),
        lambda: client.cluster_update(secret),
        lambda: client.node_update("n", secret),
    )
    for use in uses:
        with pytest.raises(swarm.InvalidArgument, match=match) as caught:
            use()
        assert TOKEN not in str(caught.value) and caught.value.__context__ is None
    assert engine.requests == []


def test_body_type(engine, client):
    for wrong in ([], "{}", 3, b"{}"):
        with pytest.raises(TypeError, match="must be a dict, not"):
            client.call("swarm_init", body=wrong)
        with pytest.raises(TypeError, match="must be a dict, not"):
            client.node_update("n", wrong)
    with pytest.raises(TypeError, match="patch must be a dict, not None"):
        client.node_update("n", None)
    with pytest.raises(TypeError):
        client.call("swarm_init", body={"a": object()})
    assert engine.requests == []


def test_query(swarm, engine, client):
    for wrong in ([], "a=b", 3):
        with pytest.raises(TypeError, match="query must be a dict, not"):
            client.call("node_list", query=wrong)
    for wrong in (None, 1.5, b"a", ()):
        with pytest.raises(
            TypeError, match="a query parameter must be a str, int, bool, dict or list"
        ):
            client.call("node_list", query={"filters": wrong})
    with pytest.raises(TypeError, match="name must be a str"):
        client.call("node_list", query={1: "a"})
    with pytest.raises(swarm.InvalidArgument, match="over 64"):
        client.call("node_list", query={str(n): "" for n in range(65)})
    with pytest.raises(swarm.InvalidArgument):
        client.call("node_list", query={"no_such": "a"})
    assert engine.requests == []


def test_missing_and_unknown_arguments(client):
    for use in (
        client.call,
        client.join,
        client.node_inspect,
        client.node_update,
        client.node_remove,
    ):
        with pytest.raises(TypeError):
            use()
    for use in (client.local, client.init, client.leave, client.tokens, client.node_list):
        with pytest.raises(TypeError):
            use(1)
        with pytest.raises(TypeError):
            use(no_such=1)
    with pytest.raises(TypeError):
        client.api_version(1)
    with pytest.raises(AttributeError):
        client.url = "x"


def test_operation_names(swarm, client):
    for name in ("", "no_such", "PING", "x" * 5000, "two\nlines", "\x1b[31m"):
        with pytest.raises(swarm.InvalidArgument) as caught:
            client.call(name)
        assert str(caught.value) == "unknown operation: see _swarm.OPS"


def test_kind_names(swarm, client):
    for name in ("", "node", "Service", "two\nlines", "\x1b[31m"):
        with pytest.raises(swarm.InvalidArgument) as caught:
            client.object_list(name)
        assert str(caught.value) == "kind is service, task, secret, config or network"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
quick = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@quick
@given(a=anything, b=anything, c=anything)
def test_any_argument_gives_a_clean_error(swarm, a, b, c):
    """No crash, no other exception; no engine is there, so nothing can succeed but the empty."""
    client = swarm.Client("unix:///no/such.sock")
    uses = (
        lambda: client.call(a, b, query=c),
        lambda: client.call("swarm_init", body=a, timeout=b),
        lambda: client.init(listen_addr=a, default_addr_pool=b, spec=c),
        lambda: client.init(data_path_port=a, autolock=b, timeout=c),
        lambda: client.join(a, b, digest=c),
        lambda: client.cluster_update(a, rotate_worker_token=b, timeout=c),
        lambda: client.node_update(a, b, timeout=c),
        lambda: client.node_remove(a, force=b, demote=c),
        lambda: swarm.Client(a, api_version=b, timeout=c).local(),
        lambda: swarm.token_parse(a),
    )
    for use in uses:
        with pytest.raises((swarm.Error, TypeError)):
            use()


@quick
@given(before=st.text(), after=st.text())
def test_redact_never_shows_a_token(swarm, before, after):
    try:
        text = swarm.redact(before + TOKEN + after)
    except swarm.InvalidArgument:
        assert "\0" in before + after
        return
    assert "s" * 25 not in text


# What YAML makes of null:, 5:, yes:, 1.5: and 2026-11-29: in a mapping.
KEYS = {
    "null": (None, "the key None is not a string"),
    "number": (5, "the key 5 is not a string"),
    "yes": (True, "the key True is not a string"),
    "real": (1.5, "the key 1.5 is not a string"),
    "date": (datetime.date(2026, 11, 29), "the key of type date is not a string"),
    "bytes": (b"secret", "the key of type bytes is not a string"),
    "large": (10**5000, "is not a string"),
}
DICTS = {
    "call": lambda c, d: c.call(
        "service_create", body={"Name": "x", "TaskTemplate": {"Labels": d}, "Mode": {}}
    ),
    "auth": lambda c, d: c.call("distribution_inspect", "x", registry_auth=d),
    "query": lambda c, d: c.call("node_list", query={"filters": {"label": [d]}}),
    "parameter": lambda c, d: c.call("node_list", query=d),
    "filters": lambda c, d: c.node_list(filters=d),
    "init": lambda c, d: c.init(spec={"Labels": d}),
    "cluster": lambda c, d: c.cluster_update({"Labels": d}),
    "node": lambda c, d: c.node_update("n1", {"Labels": d}),
    "create": lambda c, d: c.object_create("config", {"Name": "x", "Labels": d}),
    "update": lambda c, d: c.object_update(
        "service", "x", {"TaskTemplate": {"Networks": [{}, {"Aliases": d}]}}
    ),
    "tuple": lambda c, d: c.object_create("config", {"Name": "x", "Labels": ({}, d)}),
}


@pytest.mark.parametrize("name", DICTS)
@pytest.mark.parametrize("key", KEYS)
def test_keys_are_strings(engine, client, name, key):
    value, words = KEYS[key]
    with pytest.raises(TypeError) as caught:
        DICTS[name](client, {"good": "x", value: "x"})
    text = str(caught.value)
    assert words in text and "put it in quotes in YAML" in text
    assert "\n" not in text and "secret" not in text and len(text) < 300
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert engine.requests == []


def test_a_key_is_named_with_its_place(client):
    with pytest.raises(
        TypeError, match=r"^patch\.TaskTemplate\.Networks\[1\]\.Aliases: the key 5 is"
    ):
        client.object_update(
            "service", "x", {"TaskTemplate": {"Networks": [{}, {"Aliases": {5: ""}}]}}
        )
    with pytest.raises(TypeError, match=r"^body\.a b\.\?: the key 5 is|^\?: the key 5 is"):
        client.call("service_create", body={"a\nb": {"\ud800": {5: ""}}})


def test_a_dict_in_itself(swarm, engine, client):
    circle = {"Name": "x"}
    circle["Labels"] = [circle]
    with pytest.raises(swarm.InvalidArgument, match="a circle or too many levels"):
        client.object_create("config", circle)
    assert engine.requests == []
