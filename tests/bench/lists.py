#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a large swarm costs: its lists beside docker-py, the plan that empties a node, and a look at its health.

Usage: lists.py [--rounds N] [EXTENSION]

5,000 services with 50,000 tasks are listed; the plans are those of 1,000 nodes with 10,000 tasks. The engine, the
ways to ask and the way of measuring are those of calls.py: prepared bytes from another process, "raw" only reads
them, all ways take turns, and each number is a median. A plan stands beside docker-py reading the same
lists, because it has no plan of its own.
"""

import argparse
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from calls import API, DROPIN, answer, load, node, peak, stay_on

LISTED = (3, 5000, 50000)
PLANNED = (1000, 1000, 10000)
WHEN = "2026-11-23T10:02:19.002834541Z"


def task_spec(number):
    """Return what the tasks of a service have in common, as Engine 26.1 stores it."""
    environment = [f"{key}=value{number % 10}" for key in ("MODE", "REGION", "LOG_LEVEL", "URL")]
    return {
        "ContainerSpec": {
            "Image": f"registry.example/app{number}:1.{number % 30}@sha256:{number:064x}",
            "Args": ["serve", "--port", "8080"],
            "Env": environment,
            "Labels": {"com.docker.stack.namespace": f"stack{number % 100}"},
            "Init": False,
            "StopGracePeriod": 10000000000,
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30000000000, "Retries": 3},
            "DNSConfig": {},
            "Isolation": "default",
        },
        "Resources": {"Limits": {"MemoryBytes": 268435456}, "Reservations": {"NanoCPUs": 1000000}},
        "RestartPolicy": {"Condition": "any", "Delay": 5000000000, "MaxAttempts": 0},
        "Placement": {"Platforms": [{"Architecture": "amd64", "OS": "linux"}]},
        "Networks": [{"Target": "n" * 25, "Aliases": ["app"]}],
        "LogDriver": {"Name": "json-file"},
        "ForceUpdate": 0,
        "Runtime": "container",
    }


def service(number, replicas):
    """Return a service, of about 2,900 bytes with the spec before its last update."""
    update = {
        "Parallelism": 1,
        "FailureAction": "rollback",
        "Monitor": 5000000000,
        "MaxFailureRatio": 0,
    }
    spec = {
        "Name": f"app{number}",
        "Labels": {"com.docker.stack.namespace": f"stack{number % 100}"},
        "TaskTemplate": task_spec(number),
        "Mode": {"Replicated": {"Replicas": replicas}},
        "UpdateConfig": {**update, "Order": "start-first"},
        "RollbackConfig": {**update, "Order": "stop-first"},
        "EndpointSpec": {"Mode": "vip"},
    }
    return {
        "ID": f"s{number:024d}",
        "Version": {"Index": 20000 + number},
        "CreatedAt": WHEN,
        "UpdatedAt": WHEN,
        "Spec": spec,
        "PreviousSpec": spec,
        "Endpoint": {
            "Spec": {"Mode": "vip"},
            "VirtualIPs": [{"NetworkID": "n" * 25, "Addr": "10.0.1.2/24"}],
        },
        "UpdateStatus": {"State": "completed", "StartedAt": WHEN, "Message": "update completed"},
        "ServiceStatus": {"RunningTasks": replicas, "DesiredTasks": replicas, "CompletedTasks": 0},
    }


def task(number, services, nodes):
    """Return a running task, of about 1,700 bytes."""
    of = number % services
    return {
        "ID": f"t{number:024d}",
        "Version": {"Index": 50000 + number},
        "CreatedAt": WHEN,
        "UpdatedAt": WHEN,
        "Labels": {},
        "Spec": task_spec(of),
        "ServiceID": f"s{of:024d}",
        "Slot": number // services + 1,
        "NodeID": f"{number % nodes:025d}",
        "Status": {
            "Timestamp": WHEN,
            "State": "running",
            "Message": "started",
            "ContainerStatus": {"ContainerID": f"{number:064x}", "PID": 1234, "ExitCode": 0},
            "PortStatus": {},
        },
        "DesiredState": "running",
        "NetworksAttachments": [
            {
                "Network": {
                    "ID": "n" * 25,
                    "Version": {"Index": 11},
                    "CreatedAt": WHEN,
                    "UpdatedAt": WHEN,
                    "Spec": {
                        "Name": "backend",
                        "Labels": {},
                        "DriverConfiguration": {"Name": "overlay"},
                    },
                    "DriverState": {"Name": "overlay"},
                    "IPAMOptions": {
                        "Driver": {"Name": "default"},
                        "Configs": [{"Subnet": "10.0.1.0/24"}],
                    },
                },
                "Addresses": ["10.0.1.7/24"],
            }
        ],
    }


def member(number):
    """Return a node of a swarm that is well, its first three the managers."""
    one = node(number)
    if number < 3:
        status = {"Reachability": "reachable", "Addr": f"10.213.0.{number}:2377"}
        one["ManagerStatus"] = {**status, "Leader": True} if number == 0 else status
    return one


def answers(sizes):
    """Return the answers of an engine with so many nodes, services and tasks, by their paths."""
    nodes, services, tasks = sizes
    info = {
        "Name": "host0",
        "ServerVersion": "26.1.5",
        "Swarm": {
            "LocalNodeState": "active",
            "NodeID": f"{0:025d}",
            "ControlAvailable": True,
            "Cluster": {"ID": "c1"},
        },
    }
    bodies = {
        "/version": {"ApiVersion": API},
        "/info": info,
        "/swarm": {
            "ID": "c1",
            "Version": {"Index": 3},
            "Spec": {"Name": "default"},
            "CreatedAt": WHEN,
        },
        "/nodes": [member(number) for number in range(nodes)],
        "/services": [service(number, tasks // services) for number in range(services)],
        "/tasks": [task(number, services, nodes) for number in range(tasks)],
        "/volumes": {"Volumes": [], "Warnings": None},
    }
    bodies[f"/nodes/{nodes - 1:025d}"] = member(nodes - 1)
    return {
        path: answer(json.dumps(body, separators=(",", ":")).encode() + b"\n")
        for path, body in bodies.items()
    }


def serve_connection(connection, prepared):
    """Answer every request of a connection."""
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
        while b"\r\n\r\n" in data:
            head, _, data = data.partition(b"\r\n\r\n")
            path = re.sub(r"^/v1\.\d+", "", head.decode().split()[1].partition("?")[0])
            connection.sendall(prepared.get(path, answer(b"[]\n")))


def start_engine(path, prepared):
    """Start an engine in a process of its own and return its pid."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    pid = os.fork()
    if pid:
        listener.close()
        return pid
    stay_on(0)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve_connection, args=(connection, prepared), daemon=True).start()


class Raw:
    """A kept socket that reads as many bytes as the answers have, and looks at none of them."""

    def __init__(self, path, prepared, paths):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.asked = [
            (f"GET /v{API}{one} HTTP/1.1\r\nHost: localhost\r\n\r\n", len(prepared[one]))
            for one in paths
        ]
        self.buffer = bytearray(256 * 1024)

    def __call__(self):
        for request, left in self.asked:
            self.socket.sendall(request.encode())
            while left:
                left -= self.socket.recv_into(self.buffer)


def docker_py(path):
    """Return a client of docker-py, None if it is not installed."""
    try:
        import docker
    except ImportError:
        return None
    return docker.APIClient(base_url=f"unix://{path}", version=API, timeout=300)


def measure(what, rounds, ways):
    """Print what each way costs, the first of them the raw one."""
    times, processor = {name: [] for name in ways}, {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start, used = time.perf_counter(), time.process_time()
            way()
            processor[name].append(time.process_time() - used)
            times[name].append(time.perf_counter() - start)
    print(f"\n{what}")
    raw = times[next(iter(ways))]
    for name, values in times.items():
        ratios = [value / one for value, one in zip(values, raw, strict=True)]
        print(
            f"  {name:28} {statistics.median(values) * 1e3:10,.0f} ms"
            f"   {statistics.median(ratios):7.2f} x raw"
            f"   (processor {min(processor[name]) * 1e3:,.0f} ms)",
            flush=True,
        )


def listing(path, prepared, rounds, extension):
    """Measure the lists."""
    ours, peer = load(extension).Client(f"unix://{path}", api_version=API), docker_py(path)
    for kind, call in (
        ("services", ours.service_list),
        ("tasks", ours.task_list),
    ):
        one = f"/{kind}"
        ways = {"raw socket": Raw(path, prepared, [one]), "_swarm": call}
        if peer:
            ways["docker-py"] = getattr(peer, kind)
        size = len(prepared[one]) / 1e6
        measure(f"{len(call()):,} {kind}, {size:.1f} MB", rounds, ways)


def planning(path, prepared, rounds, extension):
    """Measure the plans."""
    ours, peer = load(extension).Client(f"unix://{path}", api_version=API), docker_py(path)
    lists = ["/tasks", "/services", "/nodes"]
    target = f"{PLANNED[0] - 1:025d}"
    plan = ours.evict_plan(target)
    every = [f"{number:025d}" for number in range(PLANNED[0])]
    refused = [one["refusal"] for one in ours.evict_plans(every) if one["refusal"]]
    if refused:
        sys.exit(f"a node of this measurement cannot be emptied: {refused[0]}")
    rows = ours.health()
    bad = [row["text"] for row in rows if row["ok"] is False]
    if bad:
        sys.exit(f"the swarm of this measurement is not well: {bad[:3]}")
    ways = {
        "raw socket, the same lists": Raw(path, prepared, lists),
        "evict_plan()": lambda: ours.evict_plan(target),
        "evict_plans() of every node": lambda: ours.evict_plans(every),
        "what_if(each=True)": lambda: ours.what_if(each=True),
        "health()": ours.health,
    }
    if peer:
        ways["docker-py, the lists alone"] = lambda: (peer.tasks(), peer.services(), peer.nodes())
    nodes, _, tasks = PLANNED
    measure(f"plans of {nodes:,} nodes with {tasks:,} tasks ({', '.join(plan)})", rounds, ways)


def child(path, extension, what):
    """Print the peak memory in kB of a process that lists all once: the option --child of this script."""
    if what == "docker-py":
        client = docker_py(path)
        calls = [client.services, client.tasks]
    else:
        client = load(extension).Client(f"unix://{path}", api_version=API)
        calls = [client.service_list, client.task_list]
    kept = [call() for call in calls]
    print(peak(), len(kept))


def print_memory(path, extension):
    """Print the peak memory of fresh processes."""
    print("\nboth lists, peak memory of a process that has them")
    for what in ("_swarm", "docker-py"):
        command = [sys.executable, __file__, "--child", what, "--socket", path, str(extension)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode == 0:
            print(f"  {what:28} {int(done.stdout.split()[0]) / 1024:8.1f} MB")


def main():
    """Run the measurements."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("extension", nargs="?", type=Path, default=DROPIN)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--socket", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.socket, options.extension, options.child)
        return
    if not options.extension.exists():
        sys.exit(f"{options.extension} is missing: run pymodule/build-dropin")
    with tempfile.TemporaryDirectory(prefix="swarm-bench-") as folder:
        for sizes, run in ((PLANNED, planning), (LISTED, listing)):
            path, prepared = f"{folder}/{len(os.listdir(folder))}", answers(sizes)
            pid = start_engine(path, prepared)
            try:
                run(path, prepared, options.rounds, options.extension)
                if run is listing:
                    print_memory(path, options.extension)
            finally:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
