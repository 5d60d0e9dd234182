# SPDX-License-Identifier: Apache-2.0
"""The blocks of README.md and docs/fleet.md, read out of the pages and run as they are."""

import pathlib
import re
import shutil
import subprocess

import pytest
import yaml
from conftest import HOSTS, assert_whole

ROOT = pathlib.Path(__file__).parents[2]
# By their first line, the blocks that no host of this lab can run, and why.
NOT_RUN = {
    "apt-get install -y make python3     # a bare Debian has neither": "it makes the lab itself",
    "firewall-cmd --permanent --add-port=2377/tcp --add-port=7946/tcp --add-port=7946/udp"
    " --add-port=4789/udp": "RedHat family",
    "ufw allow from 10.0.0.0/24 to any port 2377,7946 proto tcp": "no ufw is on the hosts",
    "rsync -a /tmp/swarm-root/ root@master:/srv/salt/": "no ssh; lab sync copies the same files",
    "make wheel": "no package index; test_10_delivery installs the wheel",
    "make fileroot DEST=/srv/salt": "the master has no checkout; its other lines are the first run's",
    "make fileroot-remove DEST=/srv/salt": "the master has no checkout",
}
BUILD = "apt-get install -y make python3"
FIRST_RUN = "salt-key -L                        # every host of pillar must be accepted"
SYNC = "salt '*' saltutil.sync_all"
DAY_TWO = (
    "salt-run swarm.status                        # quorum, leader, differences from pillar,"
    " certificates"
)
RUN = (BUILD, FIRST_RUN, SYNC, DAY_TWO)


def blocks(language):
    """``{first line: block}`` of both pages."""
    text = (ROOT / "README.md").read_text() + (ROOT / "docs/fleet.md").read_text()
    found = re.findall(rf"(?ms)^```{re.escape(language)}\n(.*?)^```$", text)
    return {block.splitlines()[0]: block for block in found}


def on_master(lab, first_line):
    done = lab.shell("master", "set -e\n" + blocks("sh")[first_line], check=False)
    assert done.code == 0, done.out[-3000:] + done.err[-2000:]
    return done.out


def test_each_block_of_commands_is_run_or_says_why_not():
    assert set(blocks("sh")) == {*RUN, *NOT_RUN}


def test_the_file_root_is_built_and_written():
    folder = pathlib.Path("/tmp/swarm-root")
    assert not folder.exists(), f"{folder} is in the way"
    try:
        subprocess.run(["sh", "-ec", blocks("sh")[BUILD]], cwd=ROOT, check=True)
        assert list(folder.glob("_modules/_swarm-*.so")) and (folder / "docker/DIGESTS").exists()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_the_first_run(swarm):
    out = on_master(swarm, FIRST_RUN)
    assert "worker3" in out and "3 of 3 managers joined, 3 of 3 workers joined" in out
    out = on_master(swarm, SYNC)
    assert all(f"{host}:" in out for host in HOSTS)


def test_day_two(swarm):
    on_master(swarm, DAY_TWO)
    assert "worker2" not in swarm.nodes()
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    assert_whole(swarm)


@pytest.mark.parametrize("host", ["master", "worker1"])
def test_the_pillar_of_a_mixed_fleet(swarm, host):
    (block,) = blocks("yaml+jinja").values()
    # salt-call takes no argument of several lines.
    path = "/dev/shm/block.sls"
    swarm.on(host, "sh", "-c", f"cat > {path}", stdin=block)
    try:
        found = swarm.on(host, "salt-call", "--local", "--out=json", "slsutil.renderer", path).json
    finally:
        swarm.on(host, "rm", path)
    repos = found["local"]["repositories"]["repos"]["docker"]
    assert repos["gpgkey"] == "https://download.docker.com/linux/debian/gpg"


def test_the_files_of_the_master():
    """As the examples have them, which the lab serves."""
    files = {
        "# /srv/pillar/top.sls": "pillar_example/top.sls",
        "# /etc/salt/master.d/nodegroups.conf (examples/nodegroups.conf)": "examples/nodegroups.conf",
    }
    found = blocks("yaml")
    for first_line, path in files.items():
        assert yaml.safe_load(found[first_line]) == yaml.safe_load((ROOT / path).read_text())
