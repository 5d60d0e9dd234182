# SPDX-License-Identifier: Apache-2.0
"""
A newer engine for a lab: the set of Debian's next suite, downloaded once from the machine's own mirror
(64 MB) and served by the master. Only what asks for it by ``LAB_NEXT`` gets it.
"""

import os
import pathlib
import subprocess
import tempfile

from image import mirror

PACKAGES = ["docker.io", "docker-cli", "containerd", "runc", "tini-static"]
SUITE = os.environ.get("LAB_NEXT", "sid")
PORT = 8001
SERVE = (
    f"systemctl is-active -q next || systemd-run --unit=next --collect /opt/salt/bin/python3"
    f" -m http.server {PORT} --directory /srv/next"
)


def download(cache, suite, packages, name):
    """Packages of a suite in a folder of this name with their index; what is there already stays."""
    folder = pathlib.Path(cache) / "debs" / f"{suite}-{name}"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        archive, keyring = mirror()
        with tempfile.TemporaryDirectory() as work:
            work = pathlib.Path(work)
            (work / "lists/partial").mkdir(parents=True)
            (work / "sources").write_text(f"deb [signed-by={keyring}] {archive} {suite} main\n")
            apt = ["apt-get", "-q", "-o", f"Dir::State::Lists={work}/lists"]
            apt += ["-o", f"Dir::Etc::SourceList={work}/sources", "-o", f"Dir::Cache={work}"]
            apt += ["-o", "Dir::Etc::SourceParts=/dev/null", "-o", "APT::Sandbox::User=root"]
            subprocess.run([*apt, "update"], check=True)
            subprocess.run([*apt, "download", *packages], check=True, cwd=folder)
        (folder / "done").touch()
    index = ["apt-ftparchive", "packages", "."]
    text = subprocess.run(index, check=True, cwd=folder, capture_output=True).stdout
    (folder / "Packages").write_bytes(text)
    return folder


def cache():
    """The folder of the lab for what it downloads."""
    return pathlib.Path(os.environ.get("LAB_DIR", "/var/lib/libswarm-lab")) / "cache"


def offer(lab, hosts):
    """Serve it on the master, and let the hosts' apt know it."""
    folder = download(cache(), SUITE, PACKAGES, "next")
    packed = subprocess.run(["tar", "-C", folder, "-c", "."], check=True, capture_output=True)
    unpack = [*lab.command, "exec", "master", "sh", "-c", "mkdir -p /srv/next; tar -C /srv/next -x"]
    subprocess.run(unpack, input=packed.stdout, check=True)
    lab.shell("master", SERVE)
    for host in hosts:
        line = f"deb [trusted=yes] http://10.213.0.2:{PORT} ./\n"
        lab.on(host, "tee", "/etc/apt/sources.list.d/next.list", stdin=line)
