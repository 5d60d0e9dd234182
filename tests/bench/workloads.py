#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Twenty services and a stack of twenty that are as declared already, by the extension and by others: how long each
takes, and what it asks of the engine and writes to it.

Usage: workloads.py [--rounds N]      (after `lab up` with an engine; `make bench-workloads` does both)

The engine is that of manager1 of a lab, and all requests pass a small proxy that counts them. docker's command runs
in the host, once per service as people type it, and ours in this process, with a client for each run. Ansible's module
is measured if ansible-playbook and community.docker are there (`pip install ansible docker`). All ways take
turns in each round; a number is a median. No task runs: it is about what is sent.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import pathlib
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lab"))

from hosts import Host
from steps import Lab

VERSION = (ROOT / "VERSION").read_text(encoding="ascii").strip()
DROPIN = ROOT / f"build/dropin/_swarm-{VERSION}-{platform.machine()}.abi3.so"
LAB_DIR = os.environ.get("LAB_DIR", "/var/lib/libswarm-lab")
COUNTED = "/run/counted.sock"
REQUEST = re.compile(rb"(GET|HEAD|POST|PUT|DELETE) /\S* HTTP/1\.1\r\n")
NAMES = [f"bench{number}" for number in range(20)]
SECONDS = 60


class Proxy:
    """Passes what goes to an engine's socket, and counts its requests and those that may write."""

    def __init__(self, path, engine):
        self.path, self.engine, self.requests = path, engine, []
        pathlib.Path(path).unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(self.engine)
            for ends in ((client, engine, self.requests), (engine, client, [])):
                threading.Thread(target=self.copy, args=ends, daemon=True).start()

    @staticmethod
    def copy(source, target, seen):
        """Until one end is closed. A request may come in two pieces."""
        rest = b""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                rest += data
                end = 0
                for found in REQUEST.finditer(rest):
                    seen.append(found[1])
                    end = found.end()
                rest = rest[max(end, len(rest) - 512) :]
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def taken(self):
        """Requests and writes since the last call."""
        seen, self.requests[:] = list(self.requests), []
        return len(seen), sum(method not in (b"GET", b"HEAD") for method in seen)


class Bench:
    """The engine, and the ways to tell it what it has already."""

    def __init__(self, folder):
        spec = importlib.util.spec_from_file_location("_swarm", DROPIN)
        self.swarm = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.swarm)
        self.folder = pathlib.Path(folder)
        self.host = Host(Lab(LAB_DIR), "manager1")
        root = f"/proc/{self.host.leader()}/root"
        self.socket = root + COUNTED
        self.proxy = Proxy(self.socket, f"{root}/run/docker.sock")
        deadline = time.monotonic() + SECONDS
        while not self.answers():
            if time.monotonic() > deadline:
                sys.exit("the engine does not answer")
            time.sleep(0.1)
        client = self.client()
        if client.local()["state"] == "inactive":
            client.init()
        self.compose = self.stack_file()
        self.run("echo page > /root/page.txt")
        self.run(f"cat > /root/bench.yml <<'END'\n{json.dumps(self.compose)}\nEND")

    def client(self):
        return self.swarm.Client(f"unix://{self.socket}", timeout=SECONDS)

    def answers(self):
        with contextlib.suppress(self.swarm.Error):
            return self.client().call("ping")

    def run(self, script):
        """Run a script on the host, whose docker commands pass the proxy."""
        script = f"export DOCKER_HOST=unix://{COUNTED}; {script}"
        command = self.host.inside(["sh", "-ec", script])
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{script[:200]}: {done.stderr}")

    # --- services

    @staticmethod
    def words():
        return {
            "image": "bench:1",
            "environment": {"MODE": "prod", "LOG": "info"},
            "labels": {"team": "a"},
            "deploy": {"replicas": 0, "endpoint_mode": "dnsrr"},
        }

    def services_by_us(self):
        client = self.client()
        for name in NAMES:
            client.service_apply(name, self.words(), resolve_image="never")

    def services_by_docker(self):
        update = "docker service update -d -q --no-resolve-image --image bench:1 --replicas 0"
        update += " --env-add MODE=prod --env-add LOG=info --container-label-add team=a"
        self.run(f"for name in {' '.join(NAMES)}; do {update} $name; done >/dev/null")

    def ansible(self):
        """The way by Ansible; None where it is not installed."""
        program = shutil.which("ansible-playbook")
        if not program:
            return None
        service = {
            "name": "{{ item }}",
            "docker_host": f"unix://{self.socket}",
            "image": "bench:1",
            "resolve_image": False,
            "env": {"MODE": "prod", "LOG": "info"},
            "container_labels": {"team": "a"},
            "replicas": 0,
            "endpoint_mode": "dnsrr",
        }
        task = {"community.docker.docker_swarm_service": service, "loop": NAMES}
        play = [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]
        path = self.folder / "play.yml"
        path.write_text(json.dumps(play), encoding="utf-8")
        python = pathlib.Path(program).with_name("python3")
        command = [
            program,
            "-i",
            "localhost,",
            "-c",
            "local",
            "-e",
            f"ansible_python_interpreter={python}",
        ]

        def run():
            done = subprocess.run([*command, path], capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(done.stdout + done.stderr)

        return run

    # --- a stack

    @staticmethod
    def stack_file():
        one = {
            "image": "bench:1",
            "environment": {"MODE": "prod", "LOG": "info"},
            "configs": ["page"],
            "networks": ["front"],
            "deploy": {"replicas": 0, "endpoint_mode": "dnsrr"},
        }
        return {
            "version": "3.9",
            "services": dict.fromkeys(NAMES, one),
            "networks": {"front": {}},
            "configs": {"page": {"file": "./page.txt"}},
        }

    def stack(self):
        return self.swarm.compose_convert(
            [self.compose], "bench", base_dir="/root", content=lambda file: b"page\n"
        )["stack"]

    def stack_by_us(self, method="stack_apply"):
        getattr(self.client(), method)(self.stack(), resolve_image="never", hash_names=False)

    def stack_by_docker(self):
        self.run("docker stack deploy --resolve-image never -c /root/bench.yml bench >/dev/null")

    # --- all of them

    def measure(self, what, rounds, ways):
        """Print a table: the first way is the one that the others are held against."""
        found = {name: [] for name in ways}
        for number in range(rounds + 1):
            for name, way in ways.items():
                self.proxy.taken()
                start = time.perf_counter()
                way()
                if number:  # the first one is to warm up
                    found[name].append((time.perf_counter() - start, *self.proxy.taken()))
        print(f"\n{what}")
        first = statistics.median(row[0] for row in found[next(iter(found))])
        for name, rows in found.items():
            wall, requests, writes = (
                statistics.median(column) for column in zip(*rows, strict=True)
            )
            print(
                f"  {name:32} {wall * 1e3:8,.0f} ms {wall / first:8.1f} x"
                f"  {requests:4.0f} requests {writes:4.0f} writes",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="swarm-bench-") as folder:
        bench = Bench(folder)
        bench.services_by_us()
        ways = {
            "service_apply()": bench.services_by_us,
            "docker service update": bench.services_by_docker,
        }
        if ansible := bench.ansible():
            ways["Ansible's docker_swarm_service"] = ansible
        bench.measure("20 services as declared", options.rounds, ways)
        for name in NAMES:
            bench.client().service_remove(name)
        bench.stack_by_docker()
        bench.stack_by_us()
        ways = {
            "compose_convert(), stack_apply()": bench.stack_by_us,
            "compose_convert(), stack_plan()": lambda: bench.stack_by_us("stack_plan"),
            "docker stack deploy": bench.stack_by_docker,
        }
        bench.measure("a stack of 20 services as declared", options.rounds, ways)
        bench.client().stack_remove("bench")


if __name__ == "__main__":
    main()
