# SPDX-License-Identifier: Apache-2.0
"""What the hosts take from this machine's kernel: processes, mounts, network namespaces, control
groups, limits. Knows nothing of hosts."""

import contextlib
import json
import os
import pathlib
import subprocess
import time
import uuid

from steps import LabError, output

INOTIFY = pathlib.Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_BEFORE = pathlib.Path("/run/libswarm-lab.inotify")
UNIFIED = pathlib.Path("/sys/fs/cgroup/cgroup.controllers")


class Process:
    """A process by its id and start time, so that a reused id is not taken for it."""

    def __init__(self, stat):
        self.pid, self.started, _ = self.parse(stat)

    @staticmethod
    def parse(stat):
        """Id, start time and state from a line of /proc/PID/stat."""
        head, _, rest = stat.rpartition(")")
        fields = rest.split()
        return int(head.split()[0]), int(fields[19]), fields[0]

    def alive(self):
        try:
            _, started, state = self.parse(pathlib.Path(f"/proc/{self.pid}/stat").read_text())
        except OSError:
            return False
        return started == self.started and state not in "ZX"

    def children(self):
        try:
            return pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        except OSError:
            return []

    def kill(self, number):
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, seconds):
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, os.WNOHANG)
            time.sleep(0.05)
        return True


def mounted(path):
    with open("/proc/self/mountinfo") as mounts:
        return any(line.split()[4] == str(path) for line in mounts)


def unmount(path):
    while mounted(path):
        if subprocess.run(["umount", path], capture_output=True, check=False).returncode:
            output(["umount", "--lazy", path])


def unmount_below(folder):
    with open("/proc/self/mountinfo") as mounts:
        points = [line.split()[4] for line in mounts]
    for point in reversed(points):
        if point.startswith(f"{folder}/"):
            unmount(point)


def namespace(path):
    """A network namespace that a file holds."""
    if mounted(path):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    output(["unshare", f"--net={path}", "true"])


def drop_namespace(path):
    unmount(path)
    path.unlink(missing_ok=True)


def ip(path, *lines):
    """Run lines of `ip` in a namespace."""
    done = subprocess.run(
        ["nsenter", f"--net={path}", "ip", "-batch", "-"],
        input="\n".join(lines) + "\n",
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise LabError(f"ip {'; '.join(lines)}: {done.stderr.strip()}")


def own_cgroup(path, record):
    """The prefix of a command that gives it control groups of its own: hosts that share one would
    have one systemd meddle with the units of another. `record` says later which to remove."""
    if pathlib.Path("/run/systemd/system").exists():
        unit = f"--unit=libswarm-lab-{uuid.uuid4().hex[:8]}"
        return ["systemd-run", "--quiet", "--scope", "--collect", unit, "-p", "Delegate=yes", "--"]
    folders = [group / path for group in current_cgroups()]
    for folder in folders:
        for part in [folder.parent, folder]:
            part.mkdir(exist_ok=True)
            for name in ["cpuset.mems", "cpuset.cpus"]:
                if (part / name).exists():
                    (part / name).write_text((part.parent / name).read_text())
    record.write_text(json.dumps([str(folder) for folder in folders]))
    enter = 'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs"; shift; done; shift; exec "$@"'
    return ["sh", "-ec", enter, "sh", *map(str, folders), "--"]


def current_cgroups():
    """The folder of this process's own group, in each hierarchy."""
    points = {}
    with open("/proc/self/mountinfo") as mounts:
        for line in mounts:
            left, _, right = line.partition(" - ")
            kind, _, options = right.split()[:3]
            if kind == "cgroup2":
                points[""] = left.split()[4]
            elif kind == "cgroup":
                points.update(dict.fromkeys(options.split(","), left.split()[4]))
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if point := points.get(names.split(",")[0]):
            yield pathlib.Path(point + path)


def drop_cgroups(record):
    """Remove the groups, and the one around them when it is the last."""
    if not record.exists():
        return
    for folder in map(pathlib.Path, json.loads(record.read_text())):
        below = sorted(folder.rglob("*/"), key=lambda path: -len(path.parts))
        for path in [*below, folder, folder.parent]:
            with contextlib.suppress(OSError):
                path.rmdir()
    record.unlink()


def raise_inotify():
    """Each systemd takes about six inotify instances of the user's limit."""
    now, wanted = int(INOTIFY.read_text()), 4096
    if now < wanted:
        INOTIFY_BEFORE.write_text(f"{now}\n")
        INOTIFY.write_text(f"{wanted}\n")


def restore_inotify():
    """The last lab puts the limit back: without it no host of another one boots."""
    if INOTIFY_BEFORE.exists() and not runs("systemd-nspawn"):
        INOTIFY.write_text(INOTIFY_BEFORE.read_text())
        INOTIFY_BEFORE.unlink()


def runs(name):
    """Whether a process of this name is left."""
    for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if comm.read_text().strip() == name:
                return True
    return False
