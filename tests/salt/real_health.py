# SPDX-License-Identifier: Apache-2.0
"""The built core's own judgement of a machine in memory, over a socket that answers as its engine would."""

import http.server
import json
import socketserver
import tempfile
import threading
from pathlib import Path

import fake_core


def _node(row):
    found = {
        "ID": row["id"],
        "Spec": {"Role": row["role"], "Availability": row["availability"], "Labels": row["labels"]},
        "Status": {"State": row["state"], "Message": row["message"]},
        "Description": {
            "Hostname": row["hostname"],
            "Engine": {"EngineVersion": row["engine_version"]},
        },
    }
    if row["member"]:
        found["ManagerStatus"] = {
            "Leader": row["leader"],
            "Reachability": row["reachability"],
            "Addr": row["manager_addr"],
        }
    return found


def _answer(machine, path):
    """Return (status, what the machine's engine says)."""
    if path == "/_ping":
        return 200, "OK"
    if path == "/info":
        swarm = {
            "LocalNodeState": machine.state,
            "Error": machine.error,
            "NodeID": machine.node_id,
            "ControlAvailable": machine.state == "active" and machine.manager,
        }
        return 200, {"Name": machine.name, "ServerVersion": "26.1.5", "Swarm": swarm}
    if not machine.leads_or_follows():
        return 503, {"message": "This node is not a swarm manager."}
    if not machine.cluster.leader():
        return 500, {
            "message": "rpc error: code = Unknown desc = The swarm does not have a leader."
        }
    if path == "/nodes":
        return 200, [_node(row) for row in machine.cluster.rows()]
    if path == "/swarm":
        return 200, machine.cluster.inspect()
    if path in ("/services", "/tasks"):
        return 200, machine.cluster.listed.get(path.strip("/"), [])
    return 404, {"message": "page not found"}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """Answer one request; the version in the path is dropped."""
        path = "/" + self.path.partition("?")[0].split("/", 2)[-1]
        path = path if self.path.startswith("/v1") else self.path
        status, body = _answer(self.server.machine, path)
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Api-Version", "1.45")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_HEAD = do_GET

    def log_message(self, *args):
        """Say nothing."""


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def get_request(self):
        """Return a connection with an address that the handler can name."""
        return super().get_request()[0], ("engine", 0)


def ask(machine, core, function, *args, **options):
    """Call a method of the built core's Client on the machine's engine; errors are those of ``core``."""
    real = fake_core.real()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "docker.sock"
        server = None
        if machine.docker == "running":
            server = _Server(str(path), _Handler)
            server.machine = machine
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        client = real.Client(f"unix://{path}", api_version="1.45")
        try:
            return getattr(client, function)(*args, **options)
        except real.Error as exc:
            raise getattr(core, type(exc).__name__)(str(exc)) from None
        finally:
            client.close()
            if server:
                server.shutdown()
                server.server_close()


class Checks:
    """The methods of a machine's core on health and on the cluster's lock."""

    # --- the cluster's lock: the core's own rules are tested with it

    def do_lock_get(self, core, **_):
        label = self._managed(core, "lock_get").spec["Labels"].get("saltext.swarm.lock")
        if not label:
            return None
        names = ("run", "what", "holder", "since", "ttl", "count")
        lock = dict(zip(names, label.split(), strict=True))
        text = f"{lock['what']} (run {lock['run']}, by {lock['holder']}) holds the cluster"
        return {**lock, "ttl": int(lock["ttl"]), "count": int(lock["count"]), "text": text}

    def do_lock_take(self, core, run, what, holder, **_):
        held = self.do_lock_get(core)
        if held and held["run"] != run:
            raise core.Conflict(f"{held['text']}: wait until it is done")
        self.cluster.locks.append((run, what, holder))
        count = held["count"] + 1 if held else 0
        self.cluster.spec["Labels"]["saltext.swarm.lock"] = f"{run} {what} {holder} now 120 {count}"
        return self.do_lock_get(core)

    def do_lock_renew(self, core, run, **_):
        held = self.do_lock_get(core)
        if not held or held["run"] != run:
            raise core.Conflict(f"run {run} has lost the cluster's lock")
        return self.do_lock_take(core, run, held["what"], held["holder"])

    def do_lock_release(self, core, run, **_):
        held = self.do_lock_get(core)
        if held and held["run"] != run:
            raise core.Conflict(held["text"])
        self.cluster.spec["Labels"].pop("saltext.swarm.lock", None)
        return held is not None

    # --- health, judged by the built core

    def do_health(self, core, **options):
        return ask(self, core, "health", **options)

    def do_what_if(self, core, **options):
        return ask(self, core, "what_if", **options)

    def do_health_wait(self, core, timeout=None, stable=None, **options):
        """Time does not pass here, so what is not well now is not well at the end."""
        rows = self.do_health(core, **options)
        wrong = [row["text"] for row in rows if row["ok"] is not True and row["level"] == "error"]
        if wrong:
            raise core.Timeout(f"after {timeout} s the swarm is not healthy: {'; '.join(wrong)}")
        return rows
