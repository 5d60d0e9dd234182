# SPDX-License-Identifier: Apache-2.0
"""The extension inside a process: the GIL, signals, threads, forks, interpreters, memory."""

import contextlib
import ctypes
import functools
import gc
import json
import os
import re
import signal
import subprocess
import sys
import threading
import weakref
from multiprocessing import get_context

import pytest
from conftest import DROPIN, ROOT, VERSION, load_extension
from fake_engine import MULTIPLEXED, TOKEN, FakeEngine, event, frame

LOAD = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests/python")!r})
from conftest import load_extension
swarm = load_extension()
import signal
# A shell's background jobs ignore it, and their children with them.
signal.signal(signal.SIGINT, signal.default_int_handler)
"""


class Caller(threading.Thread):
    """A thread that makes one call and keeps what came of it."""

    def __init__(self, function):
        super().__init__(daemon=True)
        self.function, self.result, self.error = function, None, None
        self.start()

    def run(self):
        """Make the call."""
        try:
            self.result = self.function()
        except Exception as error:
            self.error = error


def held_info(engine):
    """Make the engine answer /info only when released."""

    def info(request):
        engine.arrived.set()
        engine.released.wait()
        return engine.act(request)

    engine.answers["GET", "/info"] = info


def test_other_threads_run_during_a_wait(swarm, engine, client):
    """The engine itself is such a thread; here one more decides when the call ends."""
    held_info(engine)
    steps = []

    def other():
        engine.arrived.wait()
        steps.append("ran while the call waited")
        engine.released.set()

    thread = threading.Thread(target=other)
    thread.start()
    assert client.local()["state"] == "inactive"
    thread.join()
    assert steps == ["ran while the call waited"]


def test_one_client_in_two_threads_is_refused(swarm, engine, client):
    held_info(engine)
    caller = Caller(client.local)
    assert engine.arrived.wait(30)
    for use in (client.local, client.close, lambda: client.call("ping"), lambda: client.__init__()):
        with pytest.raises(swarm.InvalidArgument, match="busy"):
            use()
    engine.released.set()
    caller.join(30)
    assert caller.error is None and caller.result["state"] == "inactive"
    assert client.local()["state"] == "inactive"


def test_clients_in_many_threads(swarm, engine):
    def work():
        own = swarm.Client(engine.url, timeout=30)
        return [own.local()["name"] for _ in range(20)]

    callers = [Caller(work) for _ in range(8)]
    for caller in callers:
        caller.join(60)
    assert [caller.result for caller in callers] == [["host1"] * 20] * 8


def test_closed_client(swarm, client):
    client.local()
    client.close()
    client.close()
    for use in (client.local, client.api_version, lambda: client.url, lambda: client.call("ping")):
        with pytest.raises(swarm.InvalidArgument, match="closed"):
            use()
    with pytest.raises(swarm.InvalidArgument, match="closed"):
        swarm.Client.__new__(swarm.Client).local()


def test_init_again_opens_another_engine(swarm, engine, client):
    client.__init__("unix:///no/such.sock")
    with pytest.raises(swarm.ConnectError):
        client.local()
    with pytest.raises(swarm.InvalidArgument):
        client.__init__("ftp://x")
    assert client.url == "unix:///no/such.sock"


WAITS = {
    "a request": "client.local()",
    "a pause between requests": "client.leave(force=True)",
}


@pytest.mark.parametrize("wait", WAITS)
def test_ctrl_c_ends_a_wait(engine, wait):
    """Without the signal check the call would go on for 600 s and communicate() give up."""
    if wait == "a request":
        engine.answers["GET", "/info"] = engine.hold
    else:
        engine.enter(manager=True)
        engine.answers["POST", "/swarm/leave"] = lambda request: (engine.arrived.set(), (200, b""))[
            1
        ]
    code = (
        LOAD
        + f"""
client = swarm.Client({engine.url!r}, timeout=600)
try:
    {WAITS[wait].replace("()", "(timeout=600)").replace("True)", "True, timeout=600)")}
except KeyboardInterrupt as error:
    assert error.__context__ is None
    print("interrupted")
"""
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert engine.arrived.wait(60)
        child.send_signal(signal.SIGINT)
        assert child.communicate(timeout=60)[0] == "interrupted\n"
        assert child.returncode == 0
    finally:
        child.kill()
        child.wait()


class Enough(Exception):
    """Raised by a signal handler that ran often enough."""


@pytest.fixture
def each_millisecond():
    """``each_millisecond(is_inside)``: raises Enough at the third signal that is handled inside."""
    before = signal.getsignal(signal.SIGALRM)

    def start(is_inside):
        handled = []

        def handle(number, frame):
            if is_inside(frame):
                handled.append(number)
            if len(handled) == 3:
                signal.setitimer(signal.ITIMER_REAL, 0)
                raise Enough

        signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)

    yield start
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_signals_while_a_long_answer_becomes_objects(engine, client, each_millisecond):
    """Python itself looks for them before and after json's C code, so at most twice."""
    engine.enter(manager=True)
    one = {"ID": "s1", "Spec": {"Labels": {"a": "b"}}, "Padding": "x" * 100}
    engine.answers["GET", "/services"] = (200, [one] * 50_000)
    each_millisecond(lambda frame: frame.f_code.co_name == "raw_decode")
    with pytest.raises(Enough):
        client.call("service_list")


def test_signals_while_rows_become_dicts(engine, client, each_millisecond):
    """The garbage collector is off meanwhile, and only then."""
    engine.enter(manager=True)
    one = {"ID": "t1", "Status": {"State": "running"}, "Labels": {"a": "b"}, "Padding": "x" * 400}
    engine.answers["GET", "/tasks"] = (200, [one] * 50_000)
    each_millisecond(lambda frame: not gc.isenabled())
    with pytest.raises(Enough):
        client.task_list()
    assert gc.isenabled()


def test_ctrl_c_ends_a_probe():
    """An address of which no answer comes: a full backlog drops the connection request."""
    code = (
        LOAD
        + """
import os, signal, socket, threading
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
address = listener.getsockname()
full = []
for _ in range(4):
    other = socket.socket()
    other.setblocking(False)
    other.connect_ex(address)
    full.append(other)
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    swarm.probe("127.0.0.1:%d" % address[1], timeout=600)
except KeyboardInterrupt:
    print("interrupted")
"""
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, timeout=60
    )
    assert done.stdout == "interrupted\n"


def in_one_process(code):
    """What it prints; a process of its own has a peak of memory and a clock of its own."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD + code], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b",".join([b"{}"] * 5_000_000) + b"]",
        b"[" + b",".join([b'{"ID":"n1","Description":"sixteen letters."}'] * 350_000) + b"]",
    ],
    ids=["empty objects", "texts"],
)
def test_memory_is_bounded_during_a_parse(engine, body):
    """Of an answer that takes seventy times its bytes as a tree, and of one that takes six times."""
    engine.answers["GET", "/nodes"] = (200, body)
    code = f"""
import resource
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
client = swarm.Client({engine.url!r}, timeout=600, max_body=2**24)
client.local()
before = peak()
try:
    client.call("node_list")
except swarm.TooLarge:
    print((peak() - before) / 2**24)
"""
    assert float(in_one_process(code)) < 4.5


def test_signal_handlers_run_during_a_wait(swarm, engine, client):
    """The engine answers only when the handler ran."""
    held_info(engine)
    old = signal.signal(signal.SIGUSR1, lambda *args: engine.released.set())
    try:
        Caller(lambda: engine.arrived.wait(30) and os.kill(os.getpid(), signal.SIGUSR1))
        assert client.local()["state"] == "inactive"
    finally:
        signal.signal(signal.SIGUSR1, old)


def test_what_a_signal_handler_raises_comes_out(swarm, engine, client):
    held_info(engine)
    old = signal.signal(signal.SIGUSR1, lambda *args: client.close())
    try:
        Caller(lambda: engine.arrived.wait(30) and os.kill(os.getpid(), signal.SIGUSR1))
        with pytest.raises(swarm.InvalidArgument, match="busy"):
            client.local()
    finally:
        signal.signal(signal.SIGUSR1, old)
    engine.released.set()
    engine.answers.clear()
    assert client.local()["state"] == "inactive"


def in_child(function):
    """Return whether a function is true in a forked process."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if function() else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_fork(swarm, engine, client):
    """Child and parent go on with the same object, each on a connection of its own."""
    client.local()
    assert in_child(
        lambda: (
            [client.local()["name"] for _ in range(3)] == ["host1"] * 3 and client.close() is None
        )
    )
    client.local()
    connections = [r.connection for r in engine.requests if r.path == "/info"]
    assert connections == [1, 2, 2, 2, 1]


def test_fork_with_a_stream_open(swarm, manager, engine):
    """Events go on in both, in the child after a gap; a log belongs to the process that opened it."""

    def more(piece):
        yield piece
        engine.released.wait()

    def use_log():
        with pytest.raises(swarm.InvalidArgument):
            next(log)
        return list(log) == []

    engine.answers["GET", "/events"] = lambda _: (200, more(event("update", "n1")))
    engine.answers["GET", "/services/s1/logs"] = lambda _: (200, more(frame(1, b"a")), MULTIPLEXED)
    events, log = manager.events(), manager.logs("service", "web")
    assert next(events) is None and next(log) == ("stdout", b"a")
    assert in_child(lambda: [next(events), next(events)["Action"]] == [None, "update"])
    assert in_child(use_log)
    assert next(events)["Action"] == "update"
    engine.released.set()
    assert list(log) == []
    events.close()


def test_import_twice(swarm):
    other = load_extension()
    assert (
        other is not swarm and other.Error is not swarm.Error and other.Client is not swarm.Client
    )
    with pytest.raises(other.ConnectError):
        other.Client("unix:///no/such.sock").local()
    with pytest.raises(swarm.ConnectError):
        swarm.Client("unix:///no/such.sock").local()


def test_sub_interpreter():
    """Works in one that shares the GIL; two at once do not share a class."""
    try:
        import _xxsubinterpreters as interpreters

        new = interpreters.create(isolated=False)
    except ImportError:
        import _interpreters as interpreters

        new = interpreters.create("legacy")
    reader, writer = os.pipe()
    code = f"""
import importlib.util, os
from importlib.machinery import ExtensionFileLoader
loader = ExtensionFileLoader("_swarm", {str(DROPIN)!r})
spec = importlib.util.spec_from_file_location("_swarm", {str(DROPIN)!r}, loader=loader)
swarm = importlib.util.module_from_spec(spec)
loader.exec_module(swarm)
try:
    swarm.Client("unix:///no/such.sock").local()
except swarm.ConnectError as error:
    os.write({writer}, error.code.encode())
"""
    interpreters.run_string(new, code)
    interpreters.destroy(new)
    assert os.read(reader, 100) == b"SWARM_E_CONNECT"
    os.close(reader)
    os.close(writer)


def test_import_is_refused_with_another_library(tmp_path):
    """The extension of one version, linked with a library of another, says so."""
    flags = subprocess.check_output(
        ["pkg-config", "--cflags", "--libs", "libcurl", "jansson"], text=True
    ).split()
    include = subprocess.check_output(
        ["/usr/bin/python3", "-c", "import sysconfig; print(sysconfig.get_path('include'))"],
        text=True,
    ).strip()
    common = [
        "gcc",
        "-O0",
        "-w",
        "-std=gnu11",
        "-fPIC",
        "-fvisibility=hidden",
        f"-I{ROOT}/libswarm",
        f"-I{ROOT}/libswarm/include",
    ]
    library = [str(ROOT / name) for name in (ROOT / "libswarm/sources.txt").read_text().split()]
    front = [str(path) for path in sorted((ROOT / "pymodule").glob("*.c"))]
    objects = []
    for sources, version in ((library, VERSION), (front, "9.9.9")):
        folder = tmp_path / version
        folder.mkdir()
        command = [
            *common,
            f'-DSWARM_VERSION="{version}"',
            "-DPy_LIMITED_API=0x030A0000",
            f"-I{include}",
        ]
        subprocess.run([*command, "-c", *sources], cwd=folder, check=True, timeout=300)
        objects += map(str, folder.glob("*.o"))
    module = tmp_path / "_swarm.abi3.so"
    subprocess.run(["gcc", "-shared", "-o", str(module), *objects, *flags], check=True, timeout=300)
    with pytest.raises(ImportError, match=f"9.9.9.*libswarm {VERSION}"):
        load_extension(module)


def test_a_client_in_a_circle_is_collected(swarm):
    class Own(swarm.Client):
        """A subclass, so that it has a dict."""

    client = Own("unix:///no/such.sock")
    client.me = client
    gone = weakref.ref(client)
    del client
    gc.collect()
    assert gone() is None


def test_a_module_is_collected():
    module = load_extension()
    module.client = module.Client()
    gone = weakref.ref(module)
    del module
    gc.collect()
    assert gone() is None


class Mallinfo2(ctypes.Structure):
    """struct mallinfo2 of glibc."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in [
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        ]
    ]


def used():
    """Return (bytes malloc has given out, blocks Python has given out)."""
    gc.collect()
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = Mallinfo2
    info = mallinfo2()
    return info.uordblks + info.hblkhd, sys.getallocatedblocks()


def bad(function, *args, **kwargs):
    """Make a call that must fail."""
    try:
        function(*args, **kwargs)
    except Exception:
        return
    raise AssertionError("it did not fail")


def join_and_leave(swarm, client, engine):
    client.join([engine.manager_addr], TOKEN, advertise_addr="127.0.0.1")
    client.leave(force=True)


def init_and_leave(swarm, client, engine):
    client.init(default_addr_pool=["10.9.0.0/16"], subnet_size=24, spec={"Labels": {"a": "b"}})
    client.leave()


def follow(swarm, client, engine):
    if client.local()["state"] == "inactive":
        client.init()
    events = client.events(filters={"type": "node"}, others=[client], timeout=30)
    assert [next(events) for _ in range(3)][0] is None and events.client is client
    events.close()


def with_progress(swarm, client, engine):
    client.progress = lambda what, done, total, text: [].pop()
    bad(client.leave, force=True, timeout=0.1)
    client.progress = None


def any_end(function, *args):
    """Make a call whose return or error is of no interest, as both must leave nothing behind."""
    with contextlib.suppress(Exception):
        function(*args)


STACK = {
    "name": "shop",
    "services": {},
    "networks": {},
    "secrets": {"shop_key": {"Name": "shop_key"}},
    "configs": {},
    "external": {},
    "sources": {},
    "depends_on": {},
}

LOOPS = {
    "Client": lambda s, c, e: s.Client(e.url, api_version="1.41", timeout=3, max_body=1000).close(),
    "url": lambda s, c, e: c.url,
    "api_version": lambda s, c, e: c.api_version(),
    "call": lambda s, c, e: c.call("node_list", query={"filters": {"role": ["manager"]}}),
    "local": lambda s, c, e: c.local(timeout=30),
    "init": init_and_leave,
    "join": join_and_leave,
    "leave": lambda s, c, e: bad(c.leave, force=True),
    "tokens": lambda s, c, e: c.tokens(),
    "cluster_update": lambda s, c, e: c.cluster_update(
        {"Labels": {"a": "b"}}, rotate_worker_token=True
    ),
    "node_list": lambda s, c, e: c.node_list(),
    "node_inspect": lambda s, c, e: c.node_inspect("n1"),
    "node_update": lambda s, c, e: c.node_update("n1", {"Labels": {"a": "b"}}),
    "node_drain": lambda s, c, e: c.node_drain("n1"),
    "node_remove": lambda s, c, e: bad(c.node_remove, "nobody", force=True),
    "unlock": lambda s, c, e: bad(c.unlock, "SWMKEY-1-" + "k" * 43),
    "unlock_key": lambda s, c, e: c.unlock_key(),
    "node_promote": lambda s, c, e: bad(c.node_promote, "nobody"),
    "node_demote": lambda s, c, e: bad(c.node_demote, "n1"),
    "node_prune": lambda s, c, e: c.node_prune(),
    "quorum": lambda s, c, e: bad(c.quorum, ["n1"]),
    "evict_plan": lambda s, c, e: c.evict_plan("n1", force=True),
    "evict_plans": lambda s, c, e: c.evict_plans(["n1"], force=True),
    "evict_images": lambda s, c, e: c.evict_images(["n1"]),
    "evict": lambda s, c, e: any_end(functools.partial(c.evict, "n1", timeout=0.1)),
    "evict_undo": lambda s, c, e: any_end(c.evict_undo, "n1"),
    "rebalance_plan": lambda s, c, e: any_end(c.rebalance_plan, ["web"]),
    "rebalance": lambda s, c, e: any_end(functools.partial(c.rebalance, timeout=0.1)),
    "quorum that holds": lambda s, c, e: c.quorum(),
    "leave_cleanly": lambda s, c, e: bad(c.leave_cleanly, c),
    "ca_rotate": lambda s, c, e: c.ca_rotate(),
    "node_list with filters": lambda s, c, e: c.node_list(
        filters={"role": ["manager"], "id": "n1"}
    ),
    "object_list": lambda s, c, e: c.object_list("task", filters={"node": "n1"}),
    "object_inspect": lambda s, c, e: c.object_inspect("service", "web"),
    "object_create": lambda s, c, e: c.object_create("secret", {"Name": "x", "Data": "eA=="}),
    "object_remove": lambda s, c, e: bad(c.object_remove, "secret", "x"),
    "service_list": lambda s, c, e: c.service_list(filters={"name": "web"}),
    "task_list": lambda s, c, e: c.task_list(filters={"node": "n1"}),
    "events": follow,
    "logs": lambda s, c, e: list(c.logs("service", "web")),
    "progress": with_progress,
    "bad filters": lambda s, c, e: bad(c.node_list, filters={"role": ["manager", 1]}),
    "bad context": lambda s, c, e: bad(s.Client, context="no/such"),
    "object_update": lambda s, c, e: c.object_update("service", "web", {"Labels": {"a": "2"}}),
    "service_apply": lambda s, c, e: c.service_apply("web", {"hostname": "h"}),
    "service_apply that is wrong": lambda s, c, e: bad(c.service_apply, "web", {"hostnam": "h"}),
    "service_diff": lambda s, c, e: c.service_diff("web", {"hostname": "h"}),
    "service_settle": lambda s, c, e: any_end(c.service_settle, "web"),
    "network_apply": lambda s, c, e: bad(c.network_apply, "net", {"attachabel": 1}),
    "network_remove": lambda s, c, e: c.network_remove("net"),
    "network_usage": lambda s, c, e: c.network_usage(),
    "registry_login": lambda s, c, e: c.registry_login("r", {"identitytoken": "x"}, "1"),
    "image_resolve": lambda s, c, e: bad(c.image_resolve, "nginx:1"),
    "image_pull": lambda s, c, e: bad(c.image_pull, "nginx:1"),
    "secret_put": lambda s, c, e: bad(c.secret_put, "db", b""),
    "secret_put of another": lambda s, c, e: any_end(c.secret_put, "db", b"content"),
    "config_put": lambda s, c, e: any_end(c.config_put, "site", b"content"),
    "versioned_remove": lambda s, c, e: any_end(c.versioned_remove, "secret", "db"),
    "versioned_users": lambda s, c, e: any_end(c.versioned_users, "config", "site"),
    "health": lambda s, c, e: c.health(
        ignore=["nodes-ready:w1"], baseline=[{"name": "leader", "on": "", "ok": False}], margin=0
    ),
    "health of an unknown check": lambda s, c, e: bad(c.health, checks=["leader", "x"]),
    "health_wait": lambda s, c, e: c.health_wait(
        checks=["engine"], ignore=["engine"], stable=0.001
    ),
    "what_if": lambda s, c, e: c.what_if(["n1"], drain=True),
    "what_if of nobody": lambda s, c, e: bad(c.what_if, ["nobody", "zone=a"]),
    "lock_take": lambda s, c, e: c.lock_take("r1", "docker.rotate", "salt1", ttl=60, wait=0),
    "lock_take of another": lambda s, c, e: bad(c.lock_take, "r 2", "docker.rotate", "salt1"),
    "lock_renew": lambda s, c, e: any_end(c.lock_renew, "r1"),
    "lock_release": lambda s, c, e: any_end(c.lock_release, "r1"),
    "lock_get": lambda s, c, e: c.lock_get(),
    "health_checks": lambda s, c, e: s.health_checks(),
    "stack_plan": lambda s, c, e: any_end(c.stack_plan, STACK),
    "stack_plan that is wrong": lambda s, c, e: bad(c.stack_plan, STACK, contents={"key": "text"}),
    "stack_apply": lambda s, c, e: bad(c.stack_apply, {"name": "shop"}, contents={"key": b"one"}),
    "stack_rollback": lambda s, c, e: any_end(c.stack_rollback, "shop"),
    "stack_remove": lambda s, c, e: any_end(c.stack_remove, "gone"),
    "stack_list": lambda s, c, e: any_end(c.stack_list),
    "stack_status": lambda s, c, e: any_end(c.stack_status, "shop"),
    "stack_history": lambda s, c, e: any_end(c.stack_history, "shop"),
    "compose_check": lambda s, c, e: s.compose_check([{"services": {"a": {"imag": "a:1"}}}], "s"),
    "compose_convert": lambda s, c, e: s.compose_convert(
        [{"services": {"a": {"image": "a:1"}}}], "s"
    ),
    "spec_check": lambda s, c, e: s.spec_check({"image": "a", "tty": 5}),
    "spec_merge": lambda s, c, e: s.spec_merge(None, {"image": "a", "ports": ["80:80"]}, ids={}),
    "spec_words": lambda s, c, e: s.spec_words({"Labels": {"a": "b"}}),
    "service_scale": lambda s, c, e: c.service_scale("web", 3),
    "service_remove": lambda s, c, e: any_end(c.service_remove, "web"),
    "service_rollback": lambda s, c, e: c.service_rollback("web"),
    "service_wait": lambda s, c, e: c.service_wait("web"),
    "task_why": lambda s, c, e: c.task_why("web"),
    "bad kind": lambda s, c, e: bad(c.object_update, "stack", "web", {"a": 1}),
    "bad patch": lambda s, c, e: bad(c.object_update, "secret", "x", {"Data": "eA=="}),
    "close": lambda s, c, e: s.Client(e.url).close(),
    "redact": lambda s, c, e: s.redact(TOKEN),
    "token_parse": lambda s, c, e: s.token_parse(TOKEN),
    "probe": lambda s, c, e: s.probe(e.manager_addr),
    "import": lambda s, c, e: load_extension(),
    "Error": lambda s, c, e: bad(s.Client("unix:///no/such.sock").local),
    "BadAnswer": lambda s, c, e: bad(s.Client(e.url).call, "no_such"),
    "bad body": lambda s, c, e: bad(c.call, "swarm_join", body={"JoinToken": "\ud800", "a": [1]}),
    "bad query": lambda s, c, e: bad(c.call, "node_list", query={"filters": {}, "b": 1.5}),
    "bad list": lambda s, c, e: bad(c.join, ["a", "b\0"], TOKEN),
    "bad pool": lambda s, c, e: bad(c.init, default_addr_pool=["a"], spec={"a": 2**70}),
    "bad text": lambda s, c, e: bad(c.node_inspect, "\ud800"),
}


def test_every_function_has_a_leak_test(swarm):
    stub = (ROOT / "pymodule/_swarm.pyi").read_text()
    names = set(re.findall(r"^ *def (\w+)", stub, re.M))
    names = {name for name in names if not name.startswith("__")} - {"client"}  # Events.client
    assert names <= set(LOOPS) and "Client" in LOOPS


@pytest.mark.parametrize("name", LOOPS)
def test_no_leak(swarm, socket_path, name):
    """A loop takes no memory. The engine is in another process, so all that is counted is ours.

    Caches and free lists grow now and then; a leak grows in each window.
    """
    engine = FakeEngine(socket_path)
    process = get_context("fork").Process(target=engine.serve, daemon=True)
    process.start()
    rounds, growth = 100, []
    try:
        client = swarm.Client(engine.url, timeout=30)
        for _ in range(8):
            before = used()
            for _ in range(rounds):
                LOOPS[name](swarm, client, engine)
            growth.append(tuple(now - then for now, then in zip(used(), before, strict=False)))
            if growth[-1] < (rounds * 8, 0) and growth[-1][1] < rounds // 2:
                return
    finally:
        process.terminate()
        process.join()
        engine.close_files()
    pytest.fail(f"(bytes of malloc, blocks of Python) in each {rounds} rounds: {growth}")


def test_import_opens_nothing():
    """No socket, no thread, no library beside libc; json comes with the first import."""
    code = (
        LOAD
        + """
import json, os, threading
print(json.dumps([threading.active_count(), [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
    if os.path.exists(f"/proc/self/fd/{fd}")]]))
"""
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, timeout=60, check=True
    )
    threads, files = json.loads(done.stdout)
    assert threads == 1 and not [name for name in files if name.startswith("socket:")]
