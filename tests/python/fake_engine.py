# SPDX-License-Identifier: Apache-2.0
"""A Docker engine of a hundred lines on a unix socket: one host that can be in a swarm."""

import contextlib
import json
import re
import socket
import struct
import threading
from collections import namedtuple
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingMixIn, UnixStreamServer
from urllib.parse import parse_qsl, urlsplit

DIGEST = "1" * 50
TOKEN = f"SWMTKN-1-{DIGEST}-{'s' * 25}"
MANAGER_TOKEN = f"SWMTKN-1-{DIGEST}-{'m' * 25}"

MULTIPLEXED = "application/vnd.docker.multiplexed-stream"
RAW = "application/vnd.docker.raw-stream"

Request = namedtuple("Request", "method path query body connection")
INACTIVE = {"LocalNodeState": "inactive", "NodeID": "", "RemoteManagers": None}
NAMES = {"Name": "host1", "ServerVersion": "26.1.5"}


def node(node_id, hostname, role="worker", **manager):
    """Return a node as the engine lists it; ``manager`` is its ManagerStatus."""
    shown = {
        "ID": node_id,
        "Version": {"Index": 7},
        "Spec": {"Role": role, "Availability": "active", "Labels": {"zone": "a"}},
        "Description": {"Hostname": hostname, "Engine": {"EngineVersion": "26.1.5"}},
        "Status": {"State": "ready", "Message": "", "Addr": "10.0.0.1"},
    }
    return {**shown, "ManagerStatus": manager} if manager else shown


def event(action, node_id):
    """Return an event of a node as a line of the stream."""
    return json.dumps({"Type": "node", "Action": action, "Actor": {"ID": node_id}}).encode() + b"\n"


def frame(source, data):
    """Return a frame of a log: 1 is stdout, 2 stderr, 3 the engine's own error."""
    return struct.pack(">BxxxI", source, len(data)) + data


class Handler(BaseHTTPRequestHandler):
    """Hands each request to the engine; the connection stays open."""

    protocol_version = "HTTP/1.1"

    def setup(self):
        """Number the connection."""
        super().setup()
        with self.server.engine.lock:
            self.server.engine.connections += 1
            self.number = self.server.engine.connections

    def answer(self):
        """Answer one request; None closes the connection without an answer."""
        engine = self.server.engine
        url = urlsplit(self.path)
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = re.sub(r"^/v1\.\d+", "", url.path)
        query = dict(parse_qsl(url.query))
        request = Request(self.command, path, query, json.loads(data or "null"), self.number)
        if self.command != "GET" or path.startswith("/distribution/"):
            engine.headers = self.headers
        answer = engine.handle(request)
        if answer is None:
            self.close_connection = True
            return
        status, body, *kind = answer
        self.send_response(status)
        self.send_header("Api-Version", "1.45")
        for content_type in kind:
            self.send_header("Content-Type", content_type)
        if hasattr(body, "__next__"):
            self.stream(body)
            return
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, pieces):
        """Send bytes as they come from an iterator."""
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *args):
        """Say nothing."""


class Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """Ignore a client that goes away in the middle."""


UNLOCK_KEY = "SWMKEY-1-" + "k" * 43


def other(secret):
    """The secret that is in force after a rotation of this one, and the other way round."""
    return secret[:-1] + ("2" if secret[-1] != "2" else "3")


SERVICE = {
    "ID": "s1",
    "Version": {"Index": 5},
    "Spec": {
        "Name": "web",
        "Labels": {"a": "1"},
        "TaskTemplate": {"ContainerSpec": {"Image": "web:1"}},
        "Mode": {"Replicated": {"Replicas": 0}},
        "UpdateConfig": {"Monitor": 1},
    },
}


class FakeEngine:
    """The engine. ``answers[(method, path)]`` overrides: (status, body), None, or a function.

    A body is bytes, what becomes JSON, or an iterator of bytes, which is a stream; behind it there
    may be a Content-Type.
    """

    def __init__(self, path):
        self.url = f"unix://{path}"
        self.lock = threading.Lock()
        self.connections = 0
        self.requests = []
        self.headers = None  # of the last request that may have credentials
        self.answers = {}
        self.service_version = SERVICE["Version"]["Index"]
        self.swarm = dict(INACTIVE)
        self.nodes = [
            node(
                "n1",
                "host1",
                "manager",
                Leader=True,
                Reachability="reachable",
                Addr="10.0.0.1:2377",
            )
        ]
        self.cluster = {
            "ID": "c1",
            "Version": {"Index": 3},
            "Spec": {"Name": "default", "Raft": {"Kept": 1}},
        }
        self.cluster["JoinTokens"] = {"Worker": TOKEN, "Manager": MANAGER_TOKEN}
        self.unlock_key = UNLOCK_KEY
        self.arrived = threading.Event()
        self.released = threading.Event()
        self.server = Server(str(path), Handler)
        self.server.engine = self
        # Somebody listens at a manager's address, as a join wants it.
        self.manager = socket.create_server(("127.0.0.1", 0))
        self.manager_addr = f"127.0.0.1:{self.manager.getsockname()[1]}"

    def serve(self):
        """Answer until the process ends or close() is called."""
        threading.Thread(target=self._accept, daemon=True).start()
        self.server.serve_forever(poll_interval=0.05)

    def _accept(self):
        while True:
            try:
                self.manager.accept()[0].close()
            except OSError:
                return

    def close(self):
        """Stop answering."""
        self.released.set()
        self.server.shutdown()
        self.close_files()

    def close_files(self):
        """Close the sockets, where another process serves."""
        self.server.server_close()
        with contextlib.suppress(OSError):
            # Ends the accept() of the other thread, which a close alone does not.
            self.manager.shutdown(socket.SHUT_RDWR)
        self.manager.close()

    def hold(self, request):
        """An answer for ``answers``: say that the request arrived, and wait to be released."""
        self.arrived.set()
        self.released.wait()
        return None

    def enter(self, manager):
        """Be a node of the swarm from now on."""
        self.swarm = {
            "LocalNodeState": "active",
            "NodeID": "n1",
            "NodeAddr": "10.0.0.1",
            "ControlAvailable": manager,
            "RemoteManagers": [{"NodeID": "n1", "Addr": "10.0.0.1:2377"}],
            "Cluster": {"ID": "c1"} if manager else None,
            "Warnings": ["only one manager"],
        }

    def rotate(self, config):
        """Every node has a certificate of the new root at once."""
        root = {"TrustRoot": config.get("SigningCACert") or f"root {config['ForceRotate']}"}
        self.cluster = {**self.cluster, "TLSInfo": root}
        for one in self.nodes:
            one["Description"] = {**one["Description"], "TLSInfo": root}

    def rotate_secrets(self, query):
        """Tokens and key, back and forth between two of each."""
        tokens = dict(self.cluster["JoinTokens"])
        for role in tokens:
            if f"rotate{role}Token" in query:
                tokens[role] = other(tokens[role])
        self.cluster["JoinTokens"] = tokens
        if "rotateManagerUnlockKey" in query:
            self.unlock_key = other(self.unlock_key)

    def handle(self, request):
        """Return (status, body) for a request, or None."""
        self.requests.append(request)
        del self.requests[:-1000]
        answer = self.answers.get((request.method, request.path), self.act)
        return answer(request) if callable(answer) else answer

    def act(self, request):
        """What an engine does that nobody disturbs."""
        method, path, query, body, _ = request
        found = [
            n
            for n in self.nodes
            if path.split("/")[2:3] in ([n["ID"]], [n["Description"]["Hostname"]])
        ]
        if path == "/_ping":
            return 200, b"OK"
        if path == "/version":
            return 200, {"ApiVersion": "1.45", "Big": 2**64 - 1}
        if path == "/info":
            return 200, {**NAMES, "Swarm": self.swarm}
        if path in ("/swarm/init", "/swarm/join"):
            self.enter(path == "/swarm/init")
            return 200, "n1"
        if path == "/swarm/leave":
            self.swarm = dict(INACTIVE)
            return 200, b""
        if path == "/swarm":
            return 200, self.cluster
        if path == "/swarm/update":
            if body.get("CAConfig") != self.cluster["Spec"].get("CAConfig"):
                self.rotate(body["CAConfig"])
            version = {"Index": self.cluster["Version"]["Index"] + 1}
            self.cluster = {**self.cluster, "Spec": body, "Version": version}
            self.rotate_secrets(query)
            return 200, b""
        if path == "/nodes":
            return 200, self.nodes
        if path in ("/tasks", "/services", "/networks"):
            return 200, []
        if path == "/secrets/create":
            return 201, {"ID": "x1"}
        if path == "/events":
            return 200, iter([event("update", "n1"), event("remove", "n2")])
        if path == "/services/s1/logs":
            return 200, iter([frame(1, b"out\n"), frame(2, b"err\n")]), MULTIPLEXED
        if path == "/swarm/unlockkey":
            return 200, {"UnlockKey": self.unlock_key}
        if path in ("/services/web", "/services/s1"):
            version = {"Index": self.service_version}
            return 200, {**SERVICE, "Version": version, "PreviousSpec": SERVICE["Spec"]}
        if path == "/services/s1/update":
            self.service_version += 1
            return 200, {"Warnings": None}
        if path.startswith("/nodes/") and found:
            if method == "POST":
                found[0]["Spec"] = body
                found[0]["Version"] = {"Index": found[0]["Version"]["Index"] + 1}
            return 200, found[0] if method == "GET" else b""
        return 404, {"message": f"node {path} not found" if "/nodes/" in path else "page not found"}
