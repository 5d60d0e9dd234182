# SPDX-License-Identifier: Apache-2.0
"""The hosts: disk, network, boot and end of each. Knows nothing about Salt or engines, except
which sockets tell that Salt is there."""

import concurrent.futures
import contextlib
import os
import pathlib
import signal
import subprocess
import time
import uuid

from machine import (
    UNIFIED,
    Process,
    drop_cgroups,
    drop_namespace,
    ip,
    mounted,
    namespace,
    own_cgroup,
    unmount,
)
from steps import LabError, output, remove

NETWORK = "10.213.0"
PUBLISH_PORT, RETURN_PORT = 4505, 4506
NSPAWN = """
    systemd-nspawn --quiet --register=no --keep-unit --boot --capability=all
    --system-call-filter=@known --resolv-conf=off --timezone=off --link-journal=no
"""


def address(name):
    """The fixed address of a host: the same after a wipe, whatever else there is."""
    if name == "master":
        return f"{NETWORK}.2"
    kind, number = name.rstrip("0123456789"), int(name.lstrip("abcdefghijklmnopqrstuvwxyz"))
    first = {"manager": 10, "worker": 100}[kind]
    return f"{NETWORK}.{first + number}"


class Host:
    def __init__(self, lab, name):
        self.lab, self.name, self.address = lab, name, address(name)
        self.dir = lab.hosts / name
        self.root = self.dir / "root"
        self.net = lab.run / "net" / name
        self.bridge = lab.run / "net" / "bridge"
        self.console = self.dir / "console.log"
        self.record = self.dir / "process"
        self.groups = self.dir / "cgroups.json"
        self.ready_mark = self.dir / "provisioned"

    # What is there

    def process(self):
        """The host's nspawn process, if it is the one that was started here and still runs."""
        try:
            found = Process(self.record.read_text())
        except (OSError, ValueError, IndexError):
            return None
        return found if found.alive() else None

    def leader(self):
        """Process id of the host's own systemd, or None."""
        process = self.process()
        children = process.children() if process else []
        return int(children[0]) if len(children) == 1 else None

    def provisioned(self):
        return self.ready_mark.exists()

    def sockets(self):
        """(local port, remote port, state) of the host's IPv4 TCP sockets."""
        leader = self.leader()
        try:
            lines = pathlib.Path(f"/proc/{leader}/net/tcp").read_text().splitlines()[1:]
        except OSError:
            return set()
        rows = (line.split() for line in lines)
        return {(int(r[1][-4:], 16), int(r[2][-4:], 16), int(r[3], 16)) for r in rows}

    def salt_ready(self):
        """The master listens; a minion has subscribed to the master."""
        established, listen = 1, 10
        sockets = self.sockets()
        if self.name == "master":
            listening = {local for local, _, state in sockets if state == listen}
            return {PUBLISH_PORT, RETURN_PORT} <= listening
        return any(far == PUBLISH_PORT and state == established for _, far, state in sockets)

    # Disk

    def mount(self, layers):
        """The root of the host: its own upper folder over the image's layers."""
        if mounted(self.root):
            return
        for name in ["upper", "work", "root", "docker", "containerd"]:
            (self.dir / name).mkdir(parents=True, exist_ok=True)
        lower = ":".join(map(str, layers))
        upper, work = self.dir / "upper", self.dir / "work"
        options = f"lowerdir={lower},upperdir={upper},workdir={work}"
        output(["mount", "-t", "overlay", "overlay", "-o", options, self.root])

    def provision(self):
        """Who this host is. The caller adds what Salt needs, then sets the mark."""
        etc = self.root / "etc"
        (etc / "hostname").write_text(self.name + "\n")
        (etc / "machine-id").write_text(uuid.uuid4().hex + "\n")

    def name_others(self, names):
        table = "".join(f"{address(name)} {name}\n" for name in names)
        (self.root / "etc/hosts").write_text(f"127.0.0.1 localhost\n{table}")

    # Network

    def connect(self):
        """eth0 with the host's address, its other end on the bridge."""
        if mounted(self.net):
            return
        namespace(self.bridge)
        if "lab0" not in output(["nsenter", f"--net={self.bridge}", "ip", "-br", "link"]):
            ip(self.bridge, "link add lab0 type bridge", "link set lab0 up", "link set lo up")
        namespace(self.net)
        last = int(self.address.rpartition(".")[2])
        try:
            ip(
                self.bridge,
                f"link add name {self.name} type veth peer name eth0 netns {self.net}",
                f"link set dev {self.name} master lab0",
                f"link set dev {self.name} up",
            )
            ip(
                self.net,
                f"link set eth0 address 02:00:00:d5:00:{last:02x}",
                f"addr add {self.address}/24 dev eth0",
                "link set eth0 up",
                "link set lo up",
            )
        except LabError:
            drop_namespace(self.net)
            raise

    def disconnect(self):
        """Nothing of the host's network stays; its end of the pair takes the bridge's with it."""
        if mounted(self.net):
            subprocess.run(
                ["nsenter", f"--net={self.net}", "ip", "link", "delete", "eth0"],
                capture_output=True,
                check=False,
            )
        drop_namespace(self.net)

    def link(self, state):
        """Pull the host's cable, or put it back."""
        if not mounted(self.net):
            raise LabError(f"{self.name} is not running: `lab start {self.name}` first")
        ip(self.bridge, f"link set dev {self.name} {state}")

    # Processes

    def start(self, binds=()):
        """Boot, without waiting for it. The disk is mounted already."""
        if self.process():
            return
        self.connect()
        nspawn = [
            *NSPAWN.split(),
            f"--directory={self.root}",
            f"--machine={self.name}",
            f"--network-namespace-path={self.net}",
            f"--bind={self.dir}/docker:/var/lib/docker",
            f"--bind={self.dir}/containerd:/var/lib/containerd",
            *binds,
        ]
        if not UNIFIED.exists():
            nspawn.append("SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1")
        group = pathlib.Path(str(self.lab.dir).strip("/").replace("/", "-"), self.name)
        # The process itself writes down who it is, so that no moment leaves it unknown.
        record = ["sh", "-ec", 'cat /proc/$$/stat >"$0"; exec "$@"', self.record]
        with open(self.console, "ab") as console:
            subprocess.Popen(
                [*record, *own_cgroup(group, self.groups), *nspawn],
                env={**os.environ, "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "yes"},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        deadline = time.monotonic() + 10
        while not self.process():
            if time.monotonic() > deadline:
                raise self.died()
            time.sleep(0.02)

    def died(self):
        return LabError(
            f"{self.name} is gone; `lab wipe {self.name}` makes a new one", self.console
        )

    def power_off(self, seconds=90):
        """As the power button does; after the given time, or at once with 0, as a power cut."""
        process, leader = self.process(), self.leader()
        if process:
            if leader and seconds:
                os.kill(leader, signal.SIGRTMIN + 4)
                process.wait(seconds)
            if process.alive() and leader:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(leader, signal.SIGKILL)
                process.wait(10)
            process.kill(signal.SIGKILL)
            if not process.wait(10):
                raise LabError(f"{self.name}: process {process.pid} does not end")
        self.record.unlink(missing_ok=True)
        self.disconnect()
        unmount(self.root)
        drop_cgroups(self.groups)

    def destroy(self):
        self.power_off(0)
        remove(self.dir)

    def inside(self, command):
        """The command line that runs a command in this host."""
        leader = self.leader()
        if leader is None:
            raise LabError(f"{self.name} is not running: `lab start {self.name}` or `lab up`")
        keep = [f"{key}={os.environ[key]}" for key in ["TERM", "COLUMNS"] if key in os.environ]
        return [
            *f"nsenter -t {leader} -m -u -i -n -p -C -r -- env -i --chdir=/root".split(),
            "HOME=/root",
            "LANG=C.UTF-8",
            *keep,
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            *command,
        ]

    def describe(self):
        """Name, address, state of systemd, of Salt's daemon, of the engine if there is one."""
        daemon = "salt-master" if self.name == "master" else "salt-minion"
        script = f"""
            systemctl is-system-running; systemctl is-active {daemon}
            if [ -e /usr/sbin/dockerd ]; then systemctl is-active docker; else echo -; fi
        """
        if not self.process():
            return [self.name, self.address, "stopped", "-", "-"]
        try:
            done = subprocess.run(
                self.inside(["sh", "-c", script]),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=20,
                check=False,
            )
            states = done.stdout.split()
        except (LabError, subprocess.TimeoutExpired):
            states = []
        return [self.name, self.address, *(states if len(states) == 3 else ["?", "?", "?"])]


def each(action, hosts):
    """Do something to several hosts side by side; the first failure is raised, after all ended."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(action, hosts))


def wait_until(ready, hosts, seconds, what):
    """Until `ready(host)` holds for each; a host that died, or time that ran out, is an error."""
    deadline = time.monotonic() + seconds
    left = list(hosts)
    while left:
        for host in left:
            if not host.process():
                raise host.died()
        left = [host for host in left if not ready(host)]
        if left and time.monotonic() > deadline:
            names = " ".join(host.name for host in left)
            raise LabError(
                f"after {seconds} s {what} is missing on {names}; look with `lab status` and "
                f"`lab exec {left[0].name} journalctl -e`, or make a new one with `lab wipe`"
            )
        time.sleep(0.1)
