# SPDX-License-Identifier: Apache-2.0
"""
How the extension comes to a minion, changes there under running jobs, and goes again. It builds a
second version, which is long: `make check-all` names this file.
"""

import concurrent.futures
import pathlib
import re
import shutil
import subprocess

import pytest
from conftest import HOSTS, assert_whole, until, until_answers

ROOT = pathlib.Path(__file__).parents[2]
VERSION = (ROOT / "VERSION").read_text().strip()
NEXT = "99.0.0"
EXTMODS = "/var/cache/salt/minion/extmods"
# Where nothing listens.
SILENT = "10.213.0.2:9"


def deliver(lab, checkout=ROOT):
    """The file root of a checkout to the master, and from there to each minion."""
    lab("sync", str(checkout))
    # All minions reload what they have just synced, all at once.
    lab.salt(",".join(HOSTS), "saltutil.sync_all")


def versions(lab):
    found = lab.salt(",".join(HOSTS), "swarm.version")
    return {(one["module"], one["core"]) for one in found.values()}


@pytest.fixture(scope="module")
def next_version(tmp_path_factory):
    """A checkout of another version, with its core built."""
    copy = tmp_path_factory.mktemp("next") / "libswarm"
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    for name in filter(None, names):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
    shutil.copytree(ROOT / "build/static", copy / "build/static")
    (copy / "VERSION").write_text(NEXT + "\n")
    module = copy / "salt_states/_modules/swarm_core.py"
    module.write_text(module.read_text().replace(f'"{VERSION}"', f'"{NEXT}"'))
    subprocess.run([copy / "pymodule/build-dropin"], check=True, capture_output=True)
    return copy


def test_module_before_the_engine(swarm):
    """Functions say in one line that docker is not there; later they work, with no restart."""
    swarm("wipe", "worker3")
    until_answers(swarm, "worker3")
    swarm.one("worker3", "saltutil.sync_all")
    assert swarm.one("worker3", "swarm.version")["core"] == VERSION
    assert "/var/run/docker.sock" in swarm.error("worker3", "swarm.info")
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    assert swarm.one("worker3", "swarm.info")["state"] == "active"
    assert_whole(swarm)


@pytest.fixture
def refuse(swarm):
    """Connections to SILENT wait for an answer; the function that the test gets lets them end."""
    rule = "INPUT -p tcp --dport 9 -j DROP"

    def end():
        swarm.on("master", *f"iptables -D {rule}".split(), check=False)

    swarm.on("master", *f"iptables -I {rule}".split())
    yield end
    end()


SLOW = f"""
slow:
  module.run:
    - swarm_core.reachable:
      - addresses: {SILENT}
      - timeout: 250
facts:
  swarm.published: []
"""


def test_upgrade_while_a_job_runs(swarm, refuse, next_version):
    """The job ends well with what it has loaded; the next one uses the new code. And back again."""
    deliver(swarm)
    swarm.on("master", "sh", "-c", "cat > /srv/salt/slow.sls", stdin=SLOW)
    old = swarm.one("worker1", "swarm.version")["path"]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        job = pool.submit(swarm.one, "worker1", "state.apply", "slow")
        until(lambda: mapped(swarm, "worker1", "state.apply", old), "the job with its core")
        deliver(swarm, next_version)
        assert mapped(swarm, "worker1", "state.apply", old), "the job ended before the upgrade came"
        refuse()
        states = job.result()
    assert {state["result"] for state in states.values()} == {True}, states
    assert versions(swarm) == {(NEXT, NEXT)}
    assert swarm.on("worker1", "ls", old, check=False).code != 0
    run = swarm.bootstrap()
    assert run.code == 0 and run.changes() == {}, run.why()
    deliver(swarm)
    assert versions(swarm) == {(VERSION, VERSION)}
    run = swarm.bootstrap()
    assert run.code == 0 and run.changes() == {}, run.why()


def mapped(lab, host, function, path):
    """Whether a running job of the function has the file mapped, deleted since or not."""
    jobs = lab.one(host, "saltutil.is_running", function)
    maps = [f"/proc/{job['pid']}/maps" for job in jobs]
    return bool(jobs) and path in lab.on(host, "cat", *maps, check=False).out


def test_bootstrap_brings_another_version_and_takes_it_back(swarm, next_version):
    """docker.extension alone, without a sync by hand."""
    for checkout, version in [(next_version, NEXT), (ROOT, VERSION)]:
        swarm("sync", str(checkout))
        run = swarm.bootstrap()
        assert run.code == 0, run.why()
        assert {function for _, function, _ in run.changes()} == {"module.run"}
        assert versions(swarm) == {(version, version)}
        assert swarm.bootstrap().changes() == {}


def test_uninstalled(swarm):
    """The file root taken back, a sync, and no trace; then delivered again."""
    fileroot = "/srv/salt/.fileroot.py"
    script = (ROOT / "pymodule/fileroot.py").read_text()
    swarm.on("master", "sh", "-c", f"cat > {fileroot}", stdin=script)
    swarm.on("master", "/opt/salt/bin/python", fileroot, "remove", "/srv/salt")
    try:
        swarm.salt(",".join(HOSTS), "saltutil.sync_all")
        swarm.salt(",".join(HOSTS), "saltutil.refresh_modules")
        assert swarm.shell("worker1", f"find {EXTMODS} -name '*swarm*.so'").out == ""
        error = swarm.error("worker1", "swarm_facts.run")
        assert "is not available" in error
    finally:
        deliver(swarm)
    assert versions(swarm) == {(VERSION, VERSION)}
    assert_whole(swarm)


@pytest.fixture
def other_machine(swarm):
    """worker3's minion on a machine for which there is no core."""
    drop_in = "/etc/systemd/system/salt-minion.service.d"
    restart = "systemctl daemon-reload; systemctl restart salt-minion"
    swarm.shell(
        "worker3",
        f"mkdir {drop_in}; printf '[Service]\\nPersonality=x86\\n' >{drop_in}/machine.conf;"
        f" : >/var/log/salt/minion; {restart}",
    )
    until_answers(swarm, "worker3")
    yield "worker3"
    swarm.shell("worker3", f"rm -r {drop_in}; {restart}")
    until_answers(swarm, "worker3")


def test_minion_of_another_machine(swarm, other_machine):
    """It goes on as before, in silence; who calls a function gets the reason, and nobody else."""
    assert swarm.one(other_machine, "grains.get", "cpuarch") == "i686"
    states = swarm.one(other_machine, "state.apply", "docker.engine")
    assert all(state["result"] for state in states.values())
    assert "swarm" in swarm.one(other_machine, "sys.list_modules")
    log = swarm.on(other_machine, "cat", "/var/log/salt/minion").out
    loud = [line for line in log.splitlines() if re.search(r"\[(ERROR|WARNING|CRITICAL) ", line)]
    assert not [line for line in loud if "swarm" in line]
    error = swarm.error(other_machine, "swarm.info")
    assert f"_swarm-{VERSION}-i686.abi3.so" in error
    run = swarm.bootstrap()
    assert run.code == 1
    assert "2 of 3 workers joined; worker3: " in run.comments()
