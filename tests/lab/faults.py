# SPDX-License-Identifier: Apache-2.0
"""Faults of hosts beside a run of an orchestration, and what must hold after them."""

import concurrent.futures
import contextlib

from conftest import Run, assert_whole, until, until_idle

STOP = "systemctl stop docker.socket docker"
START = "systemctl start docker"


class Beside:
    """A run that goes on beside a block of a test."""

    def __init__(self, running):
        self.running = running

    def until(self, seen, what):
        """Wait for a moment of the run; one that is over before it would show no fault."""
        until(lambda: seen() or self.running.done(), what)
        assert not self.running.done(), f"it ended before this: {what}; {self.why()}"

    def why(self):
        ended = self.ended()
        return ended.why() if isinstance(ended, Run) else ended

    def ended(self):
        """What it came to, once it has ended: the `Run` of an orchestration."""
        return self.running.result()


@contextlib.contextmanager
def at_once(call, *args, **kwargs):
    """Call something beside the block, which gets it; the block's end waits for it."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        yield Beside(pool.submit(call, *args, **kwargs))


def beside(lab, name, *args, **pillar):
    """Run an orchestration beside the block, which gets it; the block's end waits for it."""
    return at_once(lab.orchestrate, name, *args, **pillar)


def assert_told(run, host):
    """The run took it, or failed and names the host."""
    ended = run.ended()
    assert ended.code == 0 or host in ended.comments(), ended.why()


def converge(lab, manager="manager1", **hosts):
    """Run again: the whole swarm is there. Once more: nothing is left to do."""
    until_idle(lab)
    run = lab.bootstrap()
    assert run.code == 0, run.why()
    return assert_whole(lab, manager, **hosts)


# --- the faults, each of one host -----------------------------------------------------------------


def kill_engine(lab, host):
    """systemd starts it again."""
    lab.on(host, "systemctl", "kill", "-s", "KILL", "docker")


def stop_engine(lab, host):
    """As an administrator does: it takes leave of the others first."""
    lab.shell(host, STOP)


def kill_minion(lab, host):
    """With the job that it runs."""
    lab.on(host, "systemctl", "kill", "-s", "KILL", "salt-minion")


def cut_power(lab, host):
    lab("stop", "--now", host)


def pull_cable(lab, host):
    """For half a minute."""
    lab("link", host, "down")
    lab.on("master", "sleep", "30")
    lab("link", host, "up")


@contextlib.contextmanager
def full_disk(lab, host):
    """The engine's folder of the host on a file system that has no room left. What it writes there
    in spite of that is gone afterwards, as after a restore from a backup."""
    lab.shell(
        host,
        f"""
        set -e
        {STOP}
        mkdir -p /run/full
        mount -t tmpfs -o size=$(($(du -sm /var/lib/docker | cut -f1) + 32))m tmpfs /run/full
        cp -a /var/lib/docker/. /run/full
        mount --bind /run/full /var/lib/docker
        {START}
        ! dd if=/dev/zero of=/run/full/filler bs=4k
        """,
    )
    try:
        yield
    finally:
        lab.shell(host, f"set -e; {STOP}; umount /var/lib/docker /run/full; {START}")
