# SPDX-License-Identifier: Apache-2.0
"""What every part of the lab uses: steps that show progress, logged commands, the lock."""

import contextlib
import fcntl
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time


class LabError(Exception):
    """What went wrong and what to do about it, in one line; `log` tells more."""

    def __init__(self, text, log=None):
        super().__init__(text)
        self.log = log

    def __str__(self):
        text = super().__str__()
        return f"{text}\n  whole log: {self.log}" if self.log else text


class Lab:
    """Where the lab keeps its things. See the head of `lab` for the layout."""

    def __init__(self, folder):
        self.dir = pathlib.Path(folder).resolve()
        if not re.fullmatch(r"[\w./-]+", str(self.dir)):
            raise LabError(f"LAB_DIR={self.dir}: letters, digits, `.`, `_`, `-` only, please")
        self.cache = self.dir / "cache"
        self.run = self.dir / "run"
        self.hosts = self.run / "hosts"
        self.log = self.dir / "log"


class Steps:
    """One line per step: when it began, what it is, how long it took."""

    def __init__(self):
        self.start = time.monotonic()

    def elapsed(self):
        return time.monotonic() - self.start

    @contextlib.contextmanager
    def step(self, text):
        began = self.elapsed()
        print(f"[{began:6.1f} s] {text} ... ", end="", flush=True)
        try:
            yield
        except BaseException as error:
            print("FAILED" if isinstance(error, Exception) else "interrupted", flush=True)
            raise
        print(f"{self.elapsed() - began:.1f} s", flush=True)


def tail(path, lines=15):
    try:
        text = path.read_text(errors="replace").splitlines()
    except OSError:
        return "(no log)"
    return "\n".join("    | " + line[:200] for line in text[-lines:])


def run_logged(command, log, *, hint="", **options):
    """Run a command with its output in a log; a failure shows the log's end."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as out:
        out.write(f"+ {shlex.join(map(str, command))}\n".encode())
        out.flush()
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False, **options
        )
    if done.returncode:
        raise LabError(f"the step above failed{': ' + hint if hint else ''}", log)


def output(command, **options):
    """The output of a short command that has to succeed."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise LabError(f"{shlex.join(map(str, command))}: {said or f'exit {done.returncode}'}")
    return done.stdout


def remove(path):
    """Delete a file or folder of the lab, never through a mount."""
    output(["rm", "-rf", "--one-file-system", path])


def contained(command):
    """The command in mount and process namespaces of its own, so that whatever it mounts
    or leaves running is gone when it ends, or when this process is killed."""
    return [
        "setpriv",
        "--pdeathsig",
        "KILL",
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        *command,
    ]


@contextlib.contextmanager
def locked(lab):
    """One command at a time changes the lab; a second one says whom it waits for."""
    path = lab.dir / "lock"
    while True:
        lab.dir.mkdir(parents=True, exist_ok=True)
        with open(path, "a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                print(f"waiting for another command: {lock.read().strip()}", flush=True)
                fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists() or not os.path.samestat(os.fstat(lock.fileno()), path.stat()):
                continue  # `down --purge` has removed the file meanwhile
            lock.truncate(0)
            lock.write(f"{shlex.join(['lab', *sys.argv[1:]])} (pid {os.getpid()})")
            lock.flush()
            yield
            lock.truncate(0)
            return
