#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
docker.bootstrap against the same flow with cmd.run and the docker command, and its test mode and
plan against its second run, in one lab and one run.

    LAB_WORKERS=17 tests/bench/bootstrap.py [ROUNDS]

Engines are installed and the extension is delivered before; each round lets all hosts leave, times
the one flow, then a second run of it, its test mode and swarm.plan, lets all leave again, and times
the other. It prints each time, and the ratio of each pair of times within a round, as their median.
The other flow is the recipe of 2016, with the least change that lets it run on Salt today
(tests/bench/peer).
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
LAB = HERE.parent / "lab" / "lab"
MANAGERS = [f"manager{n + 1}" for n in range(int(os.environ.get("LAB_MANAGERS", 3)))]
WORKERS = [f"worker{n + 1}" for n in range(int(os.environ.get("LAB_WORKERS", 3)))]

BOOTSTRAP, SECOND, PEER = "docker.bootstrap", "second run", "peer.bootstrap"
AGAIN = {
    SECOND: ["state.orchestrate", "docker.bootstrap"],
    "test mode": ["state.orchestrate", "docker.bootstrap", "test=True"],
    "swarm.plan": ["swarm.plan"],
}
PAIRS = [
    (BOOTSTRAP, PEER),
    (SECOND, BOOTSTRAP),
    ("test mode", SECOND),
    ("swarm.plan", SECOND),
]


def lab(*args, stdin=None, check=True):
    """What a command of the lab prints; one that fails ends the program."""
    done = subprocess.run([LAB, *args], input=stdin, capture_output=True, text=True, timeout=1800)
    if check and done.returncode:
        sys.exit(f"lab {' '.join(args)}: {done.stdout}{done.stderr}")
    return done.stdout


def prepare():
    lab("up")
    peer = subprocess.run(
        ["tar", "-C", HERE / "peer", "-c", "peer"], capture_output=True, check=True
    )
    subprocess.run(
        [LAB, "exec", "master", "tar", "-C", "/srv/salt", "-x"], input=peer.stdout, check=True
    )
    pillar = {"peer_workers": WORKERS, "mine_functions": mine_functions()}
    lab("exec", "master", "sh", "-c", "cat > /srv/local.yaml", stdin=json.dumps(pillar) + "\n")
    lab("exec", "master", "salt", "*", "saltutil.refresh_pillar", "wait=True")
    lab("exec", "master", "salt-run", "saltutil.sync_runners")
    # Once each, so that neither pays for what the first run after an `up` costs.
    leave()
    orchestrate("docker.bootstrap")
    leave()
    orchestrate("peer.bootstrap")


def mine_functions():
    """In pillar they apply at once; the recipe's minion.d requires a restart of each minion."""
    token = "docker swarm join-token {} -q"
    return {
        "manager_token": [{"mine_function": "cmd.run"}, token.format("manager")],
        "worker_token": [{"mine_function": "cmd.run"}, token.format("worker")],
        "manager_ip": [{"mine_function": "network.ip_addrs"}, {"interface": "eth0"}],
    }


def leave():
    for host in WORKERS + MANAGERS[::-1]:
        lab("exec", host, "timeout", "60", "docker", "swarm", "leave", "--force", check=False)


def timed(*command, check=True):
    """Seconds that a salt-run takes, and what it prints."""
    start = time.monotonic()
    out = lab("exec", "master", "salt-run", *command, check=check)
    return time.monotonic() - start, out


def orchestrate(name):
    seconds, out = timed("state.orchestrate", name, check=False)
    nodes = lab("exec", MANAGERS[0], "docker", "node", "ls", "-q", check=False).split()
    if len(nodes) != len(MANAGERS + WORKERS):
        sys.exit(f"{name} made no whole swarm:\n{out}")
    return seconds


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    prepare()
    times = {name: [] for pair in PAIRS for name in pair}
    for turn in range(rounds):
        leave()
        times[BOOTSTRAP].append(orchestrate("docker.bootstrap"))
        for name, command in AGAIN.items():
            times[name].append(timed(*command)[0])
        leave()
        times[PEER].append(orchestrate("peer.bootstrap"))
        for name, found in times.items():
            print(f"round {turn + 1}: {name} {found[-1]:.1f} s", flush=True)
    lab("exec", "master", "sh", "-c", "echo {} > /srv/local.yaml; rm -r /srv/salt/peer")
    print(f"{len(MANAGERS)} + {len(WORKERS)}, medians")
    for one, other in PAIRS:
        ratio = statistics.median(a / b for a, b in zip(times[one], times[other], strict=True))
        seconds = " / ".join(f"{statistics.median(times[name]):.1f} s" for name in (one, other))
        print(f"{one} / {other}: {seconds} = {ratio:.2f}")


if __name__ == "__main__":
    main()
