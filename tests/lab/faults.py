"""Faults of hosts, beside a run of docker.bootstrap, and what must hold after them."""

import concurrent.futures
import contextlib

from conftest import assert_whole, until_idle

STOP = "systemctl stop docker.socket docker"
START = "systemctl start docker"


@contextlib.contextmanager
def beside_bootstrap(lab, *args):
    """Run docker.bootstrap beside the block, which gets a list that holds the `Run` afterwards."""
    ended = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(lab.bootstrap, *args)
        yield ended
        ended.append(running.result())


def assert_told(ended, host):
    """The run took it, or failed and names the host."""
    (run,) = ended
    assert run.code == 0 or host in run.comments(), run.why()


def converge(lab, manager="manager1"):
    """Run again: the whole swarm is there. Once more: nothing is left to do."""
    until_idle(lab)
    run = lab.bootstrap()
    assert run.code == 0, run.why()
    assert_whole(lab, manager)


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
        mount -t tmpfs -o size=64m tmpfs /run/full
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
