#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a node list costs through the extension, beside a raw socket and docker-py.

Usage: calls.py [--rounds N] [EXTENSION]

EXTENSION is the built drop-in (``pymodule/build-dropin``), as by default. docker-py (``pip install
docker``) is measured if it is there. The engine is a process of its own that gives prepared bytes
over a unix socket, so that what is left is the client. "Raw" is a kept socket of Python that only
reads these bytes. A client per call asks for the version first, as both do if not told one. All
ways take turns in each round; what is printed is the median of the rounds, its ratio to the raw
socket's, and the least processor time, which other work disturbs least. Each end has a processor of
its own where there are two: which of them the system chose would decide more than the client does.
Peak memory and import time are those of fresh processes.
"""

import argparse
import importlib.util
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from importlib.machinery import ExtensionFileLoader
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VERSION = (ROOT / "VERSION").read_text(encoding="ascii").strip()
DROPIN = ROOT / f"build/dropin/_swarm-{VERSION}-{platform.machine()}.abi3.so"
API = "1.45"
REQUEST = f"GET /v{API}/nodes HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
# How many nodes, and how many calls one measurement is made of.
SIZES = {1: 200, 100: 50, 10000: 1}

PLUGINS = [
    *(("Log", name) for name in ("awslogs", "fluentd", "gcplogs", "gelf", "journald", "json-file")),
    *(("Log", name) for name in ("local", "splunk", "syslog")),
    *(("Network", name) for name in ("bridge", "host", "ipvlan", "macvlan", "null", "overlay")),
    ("Volume", "local"),
]


def node(number):
    """Return a node as Engine 26.1 describes it, of about 1,900 bytes."""
    pem = "".join(f"{'MIIBazCCARCgAwIBAgIUav9JqwrPpLCDqw44uHKJD2zJApUwCgYIKoZIzj0EAwIw'}\n" * 10)
    return {
        "ID": f"{number:025d}",
        "Version": {"Index": 1000 + number},
        "CreatedAt": "2026-11-23T10:02:19.002834541Z",
        "UpdatedAt": "2026-11-23T10:02:19.042274243Z",
        "Spec": {
            "Labels": {"rack": f"r{number % 40}"},
            "Role": "manager" if number < 3 else "worker",
            "Availability": "active",
        },
        "Description": {
            "Hostname": f"host{number}",
            "Platform": {"Architecture": "x86_64", "OS": "linux"},
            "Resources": {"NanoCPUs": 2000000000, "MemoryBytes": 25276502016},
            "Engine": {
                "EngineVersion": "26.1.5",
                "Plugins": [{"Type": kind, "Name": name} for kind, name in PLUGINS],
            },
            "TLSInfo": {
                "TrustRoot": f"-----BEGIN CERTIFICATE-----\n{pem}-----END CERTIFICATE-----\n",
                "CertIssuerSubject": "MBMxETAPBgNVBAMTCHN3YXJtLWNh",
                "CertIssuerPublicKey": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmnDNLy9M0KeDahEADtD9/",
            },
        },
        "Status": {"State": "ready", "Addr": f"10.213.{number // 256 % 256}.{number % 256}"},
    }


def answer(body):
    """Return the bytes of an answer, the long ones in one chunk as Go writes them."""
    head = f"HTTP/1.1 200 OK\r\nApi-Version: {API}\r\nContent-Type: application/json\r\n"
    if len(body) < 2048:
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    head += f"Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n"
    return head.encode() + body + b"\r\n0\r\n\r\n"


def node_list(count):
    """Return the answer of an engine with so many nodes."""
    nodes = [node(number) for number in range(count)]
    return answer(json.dumps(nodes, separators=(",", ":")).encode() + b"\n")


# --- the engine ------------------------------------------------------------------------------


def serve_connection(connection, nodes):
    """Answer every request of a connection."""
    version = answer(json.dumps({"ApiVersion": API}).encode())
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
        while b"\r\n\r\n" in data:
            head, _, data = data.partition(b"\r\n\r\n")
            connection.sendall(nodes if b"/nodes " in head.split(b"\r\n")[0] else version)


def serve(path, count):
    """Be an engine with so many nodes, until killed."""
    nodes = node_list(count)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve_connection, args=(connection, nodes), daemon=True).start()


def stay_on(end):
    """Keep this process on one processor: 0, the engine's, or -1, the client's."""
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[end]})


def start_engine(path, count):
    """Start an engine in a process of its own and return its pid."""
    pid = os.fork()
    if pid == 0:
        stay_on(0)
        serve(path, count)
    while not os.path.exists(path):
        time.sleep(0.01)
    return pid


# --- the ways to ask it ----------------------------------------------------------------------


class Raw:
    """A kept socket that reads as many bytes as the answer has, and looks at none of them."""

    def __init__(self, path, size):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.size = size
        self.buffer = bytearray(256 * 1024)

    def __call__(self):
        self.socket.sendall(REQUEST)
        left = self.size
        while left:
            left -= self.socket.recv_into(self.buffer)


def load(extension):
    """Load the extension from a file."""
    loader = ExtensionFileLoader("_swarm", str(extension))
    spec = importlib.util.spec_from_file_location("_swarm", str(extension), loader=loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def ways(path, size, extension):
    """Return the ways by name, each a function of no arguments."""
    swarm = load(extension)
    kept = swarm.Client(f"unix://{path}", api_version=API)
    found = {
        "raw socket": Raw(path, size),
        "_swarm, client kept": kept.node_list,
        "_swarm, client per call": lambda: swarm.Client(f"unix://{path}").node_list(),
    }
    try:
        import docker
    except ImportError:
        return found
    client = docker.APIClient(base_url=f"unix://{path}", version=API)
    found["docker-py, client kept"] = client.nodes

    def client_per_call():
        one = docker.APIClient(base_url=f"unix://{path}")
        one.nodes()
        one.close()

    found["docker-py, client per call"] = client_per_call
    return found


# --- measuring -------------------------------------------------------------------------------


def measure(path, count, rounds, extension):
    """Print what a list of so many nodes costs."""
    found = ways(path, len(node_list(count)), extension)
    times = {name: [] for name in found}
    processor = {name: [] for name in found}
    for number in range(rounds + 1):
        for name, way in found.items():
            start, used = time.perf_counter(), time.process_time()
            for _ in range(SIZES[count]):
                way()
            if number:  # the first one is to warm up
                processor[name].append((time.process_time() - used) / SIZES[count])
                times[name].append((time.perf_counter() - start) / SIZES[count])
    print(f"\n{count} nodes, {len(node_list(count)):,} bytes")
    for name, values in times.items():
        ratios = [value / raw for value, raw in zip(values, times["raw socket"], strict=False)]
        print(
            f"  {name:28} {statistics.median(values) * 1e6:12,.0f} µs"
            f"   {statistics.median(ratios):7.2f} x raw"
            f"   (processor {min(processor[name]) * 1e6:,.1f} µs)"
        )


def peak():
    """Return the peak memory of this process in kB (ru_maxrss would be its parent's, if larger)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def child(path, extension, what):
    """Print what one fresh process needs, in kB or µs: the option --child of this script."""
    start = time.perf_counter()
    if what == "import":
        load(extension)
        print((time.perf_counter() - start) * 1e6)
        return
    if what == "docker-py":
        import docker

        client = docker.APIClient(base_url=f"unix://{path}", version=API)
        ask = client.nodes
    elif what == "_swarm":
        ask = load(extension).Client(f"unix://{path}", api_version=API).node_list
    else:
        return
    before = peak()
    nodes = ask()
    print(peak(), peak() - before, len(nodes))


def fresh(path, extension, what):
    """Run child() in a fresh process and return its numbers."""
    command = [sys.executable, "-I", __file__, "--child", what, "--socket", path, str(extension)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def print_fresh(path, extension):
    """Print peak memory with a list of 10,000 nodes, and import time."""
    print("\n10,000 nodes, peak memory of a process that lists them once")
    for what in ("_swarm", "docker-py"):
        try:
            total, more, _ = fresh(path, extension, what)
        except subprocess.CalledProcessError:
            continue
        print(f"  {what:28} {int(total) / 1024:8.1f} MB, {int(more) / 1024:.1f} of it by the call")
    times = [float(fresh(path, extension, "import")[0]) for _ in range(15)]
    print(f"\nimport of _swarm: {statistics.median(times) / 1000:.2f} ms")


def main():
    """Run the measurements."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("extension", nargs="?", type=Path, default=DROPIN)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--socket", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.socket, options.extension, options.child)
        return
    if not options.extension.exists():
        sys.exit(f"{options.extension} is missing: run pymodule/build-dropin")
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, {platform.machine()}")
    engines = []
    with tempfile.TemporaryDirectory(prefix="swarm-bench-") as folder:
        try:
            for count in SIZES:
                engines.append(start_engine(f"{folder}/{count}", count))
            stay_on(-1)
            for count in SIZES:
                path = f"{folder}/{count}"
                measure(path, count, options.rounds, options.extension)
            print_fresh(path, options.extension)
        finally:
            for pid in engines:
                os.kill(pid, 9)
                os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
