#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
What docker.upgrade adds to the work that an upgrade is: drain, installation, restart.

    tests/bench/rolling.py        (1 + 2 hosts)

The hosts are upgraded by hand, one after the other, by docker's and apt's commands without a look in
between; they get the old engine back, and docker.upgrade does the same. Both download the packages on
all hosts first, which is timed by itself. No service runs: how long its tasks take to move is their own.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import time

os.environ.setdefault("LAB_MANAGERS", "1")
os.environ.setdefault("LAB_WORKERS", "2")
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "lab"))

import next_engine
from bootstrap import LAB, MANAGERS, WORKERS, lab

HOSTS = MANAGERS + WORKERS
NEW = "docker.io docker-cli containerd runc"
OLD = "docker.io=26.1* docker-cli=26.1* containerd=1.7* runc=1.1* tini"
INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --allow-downgrades"
RESTART = (
    "systemctl stop docker.socket docker; systemctl restart containerd;"
    " systemctl start docker.socket docker"
)


class Offering:
    """What next_engine needs of a lab."""

    command = (str(LAB),)

    def on(self, host, *command, stdin=None):
        return lab("exec", host, *command, stdin=stdin)

    def shell(self, host, script):
        return lab("exec", host, "sh", "-c", script)


def on(host, script):
    return lab("exec", host, "sh", "-c", script)


def until(seen, what):
    end = time.monotonic() + 120
    while not seen():
        if time.monotonic() > end:
            sys.exit(f"not seen: {what}")
        time.sleep(0.1)


def versions():
    shown = on("manager1", "docker node ls --format '{{.Status}} {{.EngineVersion}}'")
    return {line.split("+")[0] for line in shown.splitlines()}


def by_hand(host):
    """Seconds of each step on one host."""
    steps, begun = {}, time.monotonic()

    def ended(step):
        steps[step] = time.monotonic() - begun - sum(steps.values())

    availability = on("manager1", f"docker node inspect -f '{{{{.Spec.Availability}}}}' {host}")
    on("manager1", f"docker node update --availability drain {host}")
    left = f"docker node ps -q --filter desired-state=running {host}"
    until(lambda: not on("manager1", left).strip(), f"{host} is empty")
    ended("drain")
    on(host, f"{INSTALL} {NEW}")
    ended("installation")
    on(host, RESTART)
    shown = f"docker node inspect -f '{{{{.Status.State}}}} {{{{.Description.Engine.EngineVersion}}}}' {host}"
    until(
        lambda: re.match(r"ready 2[89]", lab("exec", "manager1", "sh", "-c", shown, check=False)),
        f"{host} is back",
    )
    on("manager1", f"docker node update --availability {availability.strip()} {host}")
    ended("restart")
    return steps


def go_back():
    for host in HOSTS:
        on(host, f"{INSTALL} {OLD}; systemctl reset-failed docker; {RESTART}; apt-get -qq clean")
    until(lambda: versions() == {"Ready 26.1.5"}, "the old engines")


def upgrade(**pillar):
    given = {"swarm_ignore": ["quorum-margin"], **pillar}
    begun = time.monotonic()
    run = subprocess.run(
        [LAB, "exec", "master", "salt-run", "state.orchestrate", "docker.upgrade"]
        + [f"pillar={json.dumps(given)}"],
        capture_output=True,
        text=True,
        timeout=1800,
    )
    return run, time.monotonic() - begun


def main():
    lab("up")
    lab("exec", "master", "salt-run", "state.orchestrate", "docker.bootstrap")
    if versions() != {"Ready 26.1.5"}:
        sys.exit(f"the engines are {versions()}: begin with a new lab (tests/lab/lab down)")
    next_engine.offer(Offering(), HOSTS)
    for host in HOSTS:
        on(host, "apt-get -qq update")
    begun = time.monotonic()
    for host in HOSTS:
        on(host, f"{INSTALL} --download-only {NEW}")
    print(f"download by hand, three times 64 MB: {time.monotonic() - begun:.1f} s")
    hand = {host: by_hand(host) for host in HOSTS}
    for host, steps in hand.items():
        shown = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in steps.items())
        print(f"{host} by hand: {sum(steps.values()):.1f} s ({shown})", flush=True)
    go_back()
    run, seconds = upgrade()
    plan = re.search(r"swarm_plan[\\\": ]+([0-9a-f]{12})", run.stdout)
    if not plan:
        sys.exit(run.stdout + run.stderr)
    print(f"the plan: {seconds:.1f} s", flush=True)
    for host in HOSTS:
        on(host, f"{INSTALL} --download-only {NEW}")
    run, seconds = upgrade(swarm_plan=plan[1])
    if run.returncode or "Ready 26.1.5" in versions():
        sys.exit(run.stdout + run.stderr)
    floor = sum(sum(steps.values()) for steps in hand.values())
    print(f"docker.upgrade: {seconds:.1f} s, {seconds / len(HOSTS):.1f} s a host")
    print(f"by hand: {floor:.1f} s, {floor / len(HOSTS):.1f} s a host")
    print(f"added: {(seconds - floor) / len(HOSTS):.1f} s a host")


if __name__ == "__main__":
    main()
