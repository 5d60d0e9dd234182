# SPDX-License-Identifier: Apache-2.0
"""
docs/stacks-git.md as it is, with shorter intervals: a repository on the master by Salt's gitfs, its reactor
and its schedule. A commit becomes a plan in the event bus, also outside of the window; in the window it is
deployed, and what somebody changed by hand is corrected, or reported. One manager and one worker are enough.
`make check-lab-long` names this file.
"""

import base64
import json
import os
import pathlib
import re

import next_engine
import pytest
import yaml
from conftest import HOSTS, WORKERS, until, until_answers, until_idle
from test_17_stacks import service

PAGE = pathlib.Path(__file__).parents[2] / "docs/stacks-git.md"
BLOCKS = re.findall(r"(?ms)^```yaml(?:\+jinja)?\n(.*?)^```$", PAGE.read_text(encoding="utf-8"))
REPOSITORY = "/srv/stacks-git"
CONFIGURATION = "/etc/salt/master.d/stacks.conf"
EVENTS = "/var/tmp/git-events"
UPDATED = "salt/fileserver/gitfs/update"
# How often the master looks for commits, and how often the schedule would deploy, in place of a minute and
# of half an hour.
LOOK_SECONDS, RUN_SECONDS = 5, 15
WHOLE_DAY = {"start": "00:00", "end": "23:59:59"}
SUITE = os.environ.get("LAB_SUITE", "trixie")


def block(word):
    """The one block of the page that has this word."""
    (found,) = [one for one in BLOCKS if word in one]
    return found


def put(lab, path, text):
    lab.on("master", "sh", "-c", f'mkdir -p "$(dirname {path})"; cat > {path}', stdin=text)


def commit(lab, **files):
    """Commit files of the folder shop; `_` in a name is a dot."""
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content, indent=1)
        put(lab, f"{REPOSITORY}/shop/{name.replace('_', '.')}", text)
    who = "-c user.name=lab -c user.email=lab@example.com"
    script = f"cd {REPOSITORY}; git add -A; git {who} commit -qm change; git rev-parse HEAD"
    return lab.shell("master", script).out.strip()


def events(lab, word, after=0):
    """Data of the events with this word in tag or data, of those after so many."""
    lines = lab.on("master", "cat", EVENTS).out.splitlines()[after:]
    found = []
    for line in lines:
        tag, _, data = line.partition("\t")
        if word in line and data.endswith("}"):
            found.append(json.loads(data))
    return found


def count(lab):
    return len(lab.on("master", "cat", EVENTS).out.splitlines())


def plan(lab, after, what):
    """The result of a plan that the reactor ran, once this is in it. One beside a deployment is refused."""

    def seen():
        found = [
            one["return"] for one in events(lab, '"runner.swarm.plan"', after) if "return" in one
        ]
        return next((one for one in found if what in str(one)), None)

    return until(seen, f"a plan with {what}")


def changes(run):
    """What a run of docker.deploy changed; one that changed nothing has no steps."""
    found = {}
    for step in run["steps"]:
        for host in step["hosts"].values():
            for state in host.values():
                found.update(state["changes"])
    return found


def scheduled(lab, after, seen=lambda run: True):
    """A run of the schedule, the first one for which this holds."""

    def found():
        for event in events(lab, "__schedule_return", after):
            for states in event["return"]["data"].values():
                for run in states.values():
                    if seen(run):
                        return run
        return None

    return until(found, "a run of the schedule")


def restart(lab, **window):
    """The master with the page's configuration: this repository, shorter intervals, and a window."""
    given = yaml.safe_load(block("gitfs_remotes"))
    ((_, settings),) = given["gitfs_remotes"][0].items()
    given["gitfs_remotes"] = [{f"file://{REPOSITORY}": settings}]
    given["gitfs_update_interval"] = LOOK_SECONDS
    (job,) = given["schedule"].values()
    assert job.pop("minutes") and job["range"]
    job.update(seconds=RUN_SECONDS, range=window)
    put(lab, CONFIGURATION, json.dumps(given))
    restart_master(lab)
    until(lambda: events(lab, UPDATED), "the master looks at the repository")


def restart_master(lab):
    # They listen to the one that is gone.
    lab.clients.clear()
    lab.shell("master", f"systemctl stop git-events; rm -f {EVENTS}; systemctl restart salt-master")
    # It waits until the master listens.
    lab("start", "master")
    record = f"exec salt-run state.event > {EVENTS}"
    lab.on("master", "systemd-run", "-q", "--unit=git-events", "--collect", "sh", "-c", record)
    for minion in HOSTS:
        until_answers(lab, minion)


def shop(**more):
    web = service(1, configs=["page"], **more)
    return {"services": {"web": web}, "configs": {"page": {"file": "./page.txt"}}}


@pytest.fixture(scope="module")
def git(swarm):
    """The swarm, and git on its master."""
    swarm.give_image(*WORKERS)
    folder = next_engine.download(next_engine.cache(), SUITE, ["git"], "git")
    (package,) = folder.glob("git_*.deb")
    # Its libraries are there; others are for transports by network.
    text = base64.b64encode(package.read_bytes()).decode()
    unpack = "base64 -d > /root/git.deb; dpkg -x /root/git.deb /; rm /root/git.deb"
    swarm.on("master", "sh", "-c", unpack, stdin=text)
    swarm.shell("master", f"git init -q -b main {REPOSITORY}")
    commit(swarm, readme="stacks")
    swarm.on("master", "salt-run", "saltutil.sync_runners")
    given = {**yaml.safe_load(block("db_password.txt"))["swarm"]["stacks"]["shop"], "timeout": 60}
    given.update(source=given["source"][:1], resolve_image="never")
    del given["files"]
    swarm.given = given
    put(swarm, "/srv/reactor/plan-stacks.sls", block("plan-stacks:"))
    swarm.pillar(stacks={"shop": given})
    hour = int(swarm.on("master", "date", "+%H").out)
    restart(swarm, start="13:00" if hour < 12 else "01:00", end="14:00" if hour < 12 else "02:00")
    yield swarm
    swarm.on("master", "rm", "-rf", CONFIGURATION, "/srv/reactor", REPOSITORY)
    restart_master(swarm)
    swarm.on("master", "systemctl", "stop", "git-events")
    until_idle(swarm)
    swarm.one("manager1", "swarm.stack_rm", "shop")
    swarm.pillar()


def inspected(lab, path):
    return lab.on("manager1", "docker", "service", "inspect", "-f", path, "shop_web").out.strip()


HOSTNAME = "{{.Spec.TaskTemplate.ContainerSpec.Hostname}}"
REPLICAS = "{{.Spec.Mode.Replicated.Replicas}}"


def test_outside_of_the_window_a_commit_is_planned(git):
    after = count(git)
    commit(git, compose_yml=shop(hostname="one"), page_txt="first")
    found = plan(git, after, "service shop_web")
    assert found["possible"] is True and found["refused"] == {}
    assert any("service shop_web: created" in line for line in found["lines"])
    # As long as the schedule takes for several runs; one at the master's start would be among the events.
    looks = len(events(git, UPDATED))
    until(lambda: len(events(git, UPDATED)) > looks + 3 * RUN_SECONDS // LOOK_SECONDS, "more looks")
    assert events(git, "__schedule_return") == []
    assert git.on("manager1", "docker", "stack", "ls", "-q", check=False).out.strip() in ("", "0")
    assert len(events(git, '"runner.swarm.plan"', after)) == 2, "one plan, its begin and its end"


def test_a_mistake_is_in_the_event_with_its_line(git):
    after = count(git)
    commit(git, compose_yml=shop(hostname="one", prots=["80"]))
    found = plan(git, after, "prots")
    assert found["possible"] is False
    line = "salt://stacks/shop/compose.yml:"
    assert any(line in one and "did you mean ports?" in one for one in found["refused"]["manager1"])


def test_in_the_window_it_is_deployed(git):
    commit(git, compose_yml=shop(hostname="one"))
    restart(git, **WHOLE_DAY)
    run = scheduled(git, 0, changes)
    assert run["result"] is True and "service shop_web" in changes(run), run
    assert inspected(git, HOSTNAME) == "one"
    version = inspected(git, "{{.Version.Index}}")
    run = scheduled(git, count(git))
    assert (run["result"], changes(run)) == (True, {}), run
    assert inspected(git, "{{.Version.Index}}") == version


def test_a_commit_in_the_window(git):
    after = count(git)
    commit(git, compose_yml=shop(hostname="two"), page_txt="second")
    run = scheduled(git, after, changes)
    assert run["result"] is True
    assert set(changes(run)) == {"config shop_page", "service shop_web"}
    assert inspected(git, HOSTNAME) == "two"


def test_drift_is_reported_or_corrected(git):
    git.pillar(stacks={"shop": {**git.given, "correct": False}})
    # A run that has begun has the former pillar.
    scheduled(git, count(git))
    git.on("manager1", "docker", "service", "scale", "-d", "shop_web=2")
    run = scheduled(git, count(git), lambda run: "by hand" in run["comment"])
    assert (run["result"], changes(run)) == (True, {}), run
    assert "service shop_web was changed by hand" in run["comment"]
    assert inspected(git, REPLICAS) == "2"
    after = count(git)
    git.pillar(stacks={"shop": {**git.given, "correct": True}})
    run = scheduled(git, after, changes)
    assert run["result"] is True and set(changes(run)) == {"service shop_web"}
    assert inspected(git, REPLICAS) == "1"
    run = scheduled(git, count(git))
    assert (run["result"], changes(run)) == (True, {}), run
