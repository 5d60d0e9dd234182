"""The hosts: their disks, network, processes. Knows nothing about Salt or engines, except which
sockets tell that Salt is there."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import time
import uuid

from steps import LabError, output, remove

NETWORK = "10.213.0"
PUBLISH_PORT, RETURN_PORT = 4505, 4506
INOTIFY = pathlib.Path("/proc/sys/fs/inotify/max_user_instances")
CGROUPS = pathlib.Path("/sys/fs/cgroup")


def address(name):
    """The fixed address of a host: the same after a wipe, whatever else there is."""
    if name == "master":
        return f"{NETWORK}.2"
    kind, number = name.rstrip("0123456789"), int(name.lstrip("abcdefghijklmnopqrstuvwxyz"))
    return f"{NETWORK}.{ {'manager': 10, 'worker': 100}[kind] + number }"


class Process:
    """A process by its id and start time, so that an id used anew is not taken for it."""

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
    wanted = str(path).replace(" ", "\\040")
    with open("/proc/self/mountinfo") as mounts:
        return any(line.split()[4] == wanted for line in mounts)


def unmount(path):
    while mounted(path):
        if subprocess.run(["umount", path], capture_output=True, check=False).returncode:
            output(["umount", "--lazy", path])


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


class Host:
    def __init__(self, lab, name):
        self.lab, self.name, self.address = lab, name, address(name)
        self.dir = lab.hosts / name
        self.root = self.dir / "root"
        self.net = lab.run / "net" / name
        self.bridge = lab.run / "net" / "bridge"
        self.console = self.dir / "console.log"
        self.record = self.dir / "process"
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
        output(
            [
                "mount",
                "-t",
                "overlay",
                "overlay",
                "-o",
                f"lowerdir={lower},upperdir={upper},workdir={work}",
                self.root,
            ]
        )

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
            "systemd-nspawn",
            "--quiet",
            "--register=no",
            "--keep-unit",
            "--boot",
            f"--directory={self.root}",
            f"--machine={self.name}",
            f"--network-namespace-path={self.net}",
            "--capability=all",
            "--system-call-filter=@known",
            "--resolv-conf=off",
            "--timezone=off",
            "--link-journal=no",
            f"--bind={self.dir}/docker:/var/lib/docker",
            f"--bind={self.dir}/containerd:/var/lib/containerd",
            *binds,
        ]
        if not (CGROUPS / "cgroup.controllers").exists():
            nspawn.append("SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1")
        # The process itself writes down who it is, so that no moment leaves it unknown.
        record = ["sh", "-ec", 'cat /proc/$$/stat >"$0"; exec "$@"', self.record]
        with open(self.console, "ab") as console:
            subprocess.Popen(
                [*record, *own_cgroup(self), *nspawn],
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
        return LabError(f"{self.name} is gone; `lab wipe {self.name}` makes it anew", self.console)

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
        drop_cgroups(self)

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
            "nsenter",
            "-t",
            str(leader),
            "-m",
            "-u",
            "-i",
            "-n",
            "-p",
            "-C",
            "--",
            "/usr/bin/env",
            "-i",
            "--chdir=/root",
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


def own_cgroup(host):
    """The prefix that puts a host into control groups of its own: hosts that share one would have
    one systemd meddle with the units of another."""
    if pathlib.Path("/run/systemd/system").exists():
        unit = f"libswarm-lab-{uuid.uuid4().hex[:8]}-{host.name}"
        return [
            "systemd-run",
            "--quiet",
            "--scope",
            "--collect",
            f"--unit={unit}",
            "--property=Delegate=yes",
            "--",
        ]
    folders = cgroups(host)
    for folder in folders:
        for part in [folder.parent, folder]:
            part.mkdir(exist_ok=True)
            for name in ["cpuset.mems", "cpuset.cpus"]:
                if (part / name).exists():
                    (part / name).write_text((part.parent / name).read_text())
    (host.dir / "cgroups.json").write_text(json.dumps([str(folder) for folder in folders]))
    enter = 'while [ $1 != -- ]; do echo $$ >$1/cgroup.procs; shift; done; shift; exec "$@"'
    return ["sh", "-ec", enter, "sh", *map(str, folders), "--"]


def cgroups(host):
    """A folder for the host below this process's own group, in each hierarchy."""
    points = {}
    with open("/proc/self/mountinfo") as mounts:
        for line in mounts:
            left, _, right = line.partition(" - ")
            kind, _, options = right.split()[:3]
            if kind == "cgroup2":
                points[""] = left.split()[4]
            elif kind == "cgroup":
                for option in options.split(","):
                    points[option] = left.split()[4]
    folders = []
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        point = points.get(names.split(",")[0])
        if point:
            lab = str(host.lab.dir).strip("/").replace("/", "-")
            folders.append(pathlib.Path(point + path) / lab / host.name)
    return folders


def drop_cgroups(host):
    try:
        folders = json.loads((host.dir / "cgroups.json").read_text())
    except (OSError, ValueError):
        return
    for folder in map(pathlib.Path, folders):
        below = sorted(folder.rglob("*/"), key=lambda path: -len(path.parts))
        for path in [*below, folder, folder.parent]:
            with contextlib.suppress(OSError):
                path.rmdir()


def each(action, hosts):
    """Do something to several hosts side by side; the first failure is raised, after all ended."""
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(concurrent.futures.ThreadPoolExecutor(max_workers=8))
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
                f"`lab exec {left[0].name} journalctl -e`, or make it anew with `lab wipe`"
            )
        time.sleep(0.1)


def raise_inotify(lab):
    """Each systemd takes about six inotify instances of the user's limit."""
    kept, wanted = lab.run / "inotify", 4096
    now = int(INOTIFY.read_text())
    if now < wanted:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(f"{now}\n")
        INOTIFY.write_text(f"{wanted}\n")


def restore_inotify(lab):
    kept = lab.run / "inotify"
    if kept.exists():
        INOTIFY.write_text(kept.read_text())
        kept.unlink()


def tidy(lab, names):
    """What hosts leave behind outside their folders, once none of them runs."""
    with open("/proc/self/mountinfo") as mounts:
        points = [line.split()[4] for line in mounts]
    for point in reversed(points):
        if point.startswith(f"{lab.run}/"):
            unmount(pathlib.Path(point))
    for name in names:
        with contextlib.suppress(OSError):
            pathlib.Path(f"/run/systemd/nspawn/propagate/{name}").rmdir()
