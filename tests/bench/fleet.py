#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
What a fleet costs: hosts made a swarm from bare, once more, a manager moved, five workers removed.

    tests/bench/fleet.py          (3 + 17 hosts; LAB_WORKERS for another number, eight at least)

For each: wall time, jobs that the master published, and processor time of all hosts together,
engines and Salt, by their control groups.
"""

import json
import os
import pathlib
import sys
import time

from bootstrap import lab

LAB_DIR = pathlib.Path(os.environ.get("LAB_DIR", "/var/lib/libswarm-lab"))
WORKERS = int(os.environ.setdefault("LAB_WORKERS", "17"))
EVENTS = "/var/tmp/events"
REMOVED = [f"worker{WORKERS - number}" for number in range(5)]


def jobs():
    """How many jobs the master has published."""
    out = lab("exec", "master", "grep", "-cE", "^salt/job/[0-9]+/new", EVENTS, check=False)
    return int(out or 0)


def processor():
    """Seconds of processor time of all hosts since their boot."""
    used = 0
    for record in (LAB_DIR / "run/hosts").glob("*/cgroups.json"):
        groups = [pathlib.Path(folder) for folder in json.loads(record.read_text())]
        used += sum(int(f.read_text()) for g in groups for f in g.glob("cpuacct.usage"))
    return used / 1e9


def measure(what, nodes, *run):
    """Time an orchestration, after which the swarm has this many nodes."""
    before = time.monotonic(), jobs(), processor()
    lab("exec", "master", "salt-run", "state.orchestrate", *run)
    after = time.monotonic(), jobs(), processor()
    found = len(lab("exec", "manager1", "docker", "node", "ls", "-q").split())
    if found != nodes:
        sys.exit(f"{what}: {found} nodes, not {nodes}")
    wall, published, used = (new - old for new, old in zip(after, before, strict=True))
    print(f"{what}: {wall:.1f} s, {published} jobs, {used:.0f} s of processor", flush=True)


def pillar(swarm):
    lab("exec", "master", "sh", "-c", "cat > /srv/local.yaml", stdin=json.dumps(swarm) + "\n")
    lab("exec", "master", "salt", "*", "saltutil.refresh_pillar", "wait=True")


def main():
    nodes = 3 + WORKERS
    lab("down")
    lab("up")
    record = f"exec salt-run state.event > {EVENTS}"
    lab("exec", "master", "systemd-run", "--unit=events", "--collect", "sh", "-c", record)
    measure("bootstrap of bare hosts", nodes, "docker.bootstrap")
    measure("bootstrap again", nodes, "docker.bootstrap")
    for number in range(nodes, 0, -1):
        host = f"manager{number}" if number <= 3 else f"worker{number - 3}"
        lab("exec", host, "timeout", "60", "docker", "swarm", "leave", "--force")
    measure("bootstrap of hosts with engine and extension", nodes, "docker.bootstrap")
    moved = {"managers": ["manager1", "manager2", "worker1"], "workers": ["worker*", "manager3"]}
    pillar({"swarm": moved})
    measure("worker1 becomes manager, manager3 worker", nodes, "docker.bootstrap")
    named = "pillar=" + json.dumps({"swarm_hosts": REMOVED})
    measure("five workers removed", nodes - 5, "docker.remove", named)
    lab("down")


if __name__ == "__main__":
    main()
