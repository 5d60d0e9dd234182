# SPDX-License-Identifier: Apache-2.0
"""From bare hosts to a swarm: predicted, made, again, and a host more."""

import json
import os

import saltside
from conftest import HOSTS, MANAGERS, assert_whole

# docker.io of the lab's repository under a higher version, in a repository on the host itself.
NEWER_ENGINE = """
mkdir -p /srv/newer && cd /srv/newer
apt-get -q update && apt-get -q download docker.io
dpkg-deb --raw-extract docker.io_*.deb open && rm docker.io_*.deb
sed -i 's/^Version: .*/Version: 99.0/' open/DEBIAN/control
dpkg-deb -Znone --build open docker.io.deb && rm -r open
{ dpkg-deb --field docker.io.deb
  echo Filename: ./docker.io.deb
  echo Size: $(stat -c %s docker.io.deb)
  echo SHA256: $(sha256sum docker.io.deb | cut -d ' ' -f 1); } >Packages
echo 'deb [trusted=yes] file:/srv/newer ./' >/etc/apt/sources.list.d/newer.list
apt-get -q update
"""
OURS = "/etc/apt/sources.list.d/docker.list"


def roles(changes):
    return {host: c["swarm"]["new"] for (host, _), c in changes.items() if "swarm" in c}


def test_bare_hosts_have_no_engine(lab):
    assert lab.on("worker1", "which", "dockerd", check=False).code == 1


def configure_by_hand(lab, host, broken=False):
    """
    The repository of pillar as an administrator has it, with a key of his own; broken by another
    line for it with another key, as earlier versions of docker.engine wrote it.
    """
    named = saltside.pillar(os.environ.get("LAB_SUITE", "trixie"), MANAGERS)
    repo = named["repositories"]["repos"]["docker"]
    source = f"{repo['baseurl']} {repo['dist']} {repo['comps']}"
    keys = ["/usr/share/keyrings/lab.asc"] + ["/etc/apt/keyrings/docker.asc"] * broken
    files = ["/etc/apt/sources.list.d/docker-ce.list", OURS]
    for key, path in zip(keys, files, strict=False):
        lab.one(host, "cp.get_url", repo["gpgkey"], key)
        lab.on(host, "tee", path, stdin=f"deb [signed-by={key}] {source}\n")


def repositories(run):
    """What the run changes, or would change, of package repositories."""
    return {
        (host, function): changes
        for (host, function, _), changes in run.changes().items()
        if function == "swarm_engine.repository"
    }


def test_mode_predicts_and_then_bootstrap_makes_exactly_that(lab):
    lab.pillar(workers=["worker1", "worker2"])
    configure_by_hand(lab, "worker1")
    configure_by_hand(lab, "worker2", broken=True)
    conflict = lab.on("worker2", "apt-get", "update", check=False)
    assert conflict.code and "Conflicting values set for option Signed-By" in conflict.err
    predicted = lab.bootstrap("test=True")
    assert predicted.code == 0, predicted.why()
    assert lab.on("worker1", "which", "dockerd", check=False).code == 1
    made = lab.bootstrap()
    assert made.code == 0, made.why()
    assert made.swarm_changes() == predicted.swarm_changes()
    expected = dict.fromkeys(MANAGERS, "manager") | {"worker1": "worker", "worker2": "worker"}
    assert roles(made.swarm_changes()) == expected
    assert repositories(made) == repositories(predicted)
    assert {host for host, _ in repositories(made)} == {*MANAGERS, "worker2"}
    assert_whole(lab, workers=["worker1", "worker2"])


def test_apt_reads_its_sources_afterwards(lab):
    for host in ("manager1", "worker1", "worker2"):
        lab.on(host, "apt-get", "update")
        assert (lab.on(host, "ls", OURS, check=False).code == 0) == (host == "manager1")


def test_again_changes_nothing(lab):
    nodes, cluster = lab.nodes(), lab.cluster()
    again = lab.bootstrap()
    assert again.code == 0, again.why()
    assert again.changes() == {}
    assert all(step["result"] is True for step in again.steps.values())
    assert {n["id"] for n in lab.nodes().values()} == {n["id"] for n in nodes.values()}
    assert lab.cluster() == cluster


def test_a_worker_more_touches_nothing_else(lab):
    before = lab.nodes()
    lab.pillar()
    predicted = lab.bootstrap("test=True")
    assert set(before) == set(lab.nodes())
    made = lab.bootstrap()
    assert made.code == 0, made.why()
    assert roles(made.swarm_changes()) == {"worker3": "worker"}
    assert made.swarm_changes() == predicted.swarm_changes()
    assert {host for host, _, _ in made.changes()} == {"worker3"}
    after = assert_whole(lab)
    assert {name: after[name]["id"] for name in before} == {n: before[n]["id"] for n in before}


def test_finished_swarm_predicts_nothing(lab):
    predicted = lab.bootstrap("test=True")
    assert predicted.code == 0, predicted.why()
    assert predicted.changes() == {}


def test_highstate_keeps_a_member_as_it_is(lab):
    for host in ("manager1", "worker1"):
        states = lab.one(host, "state.apply")
        assert all(s["result"] is True and not s["changes"] for s in states.values()), states


def engine_starts(lab):
    """When the engine of each host was last started."""
    show = ("systemctl", "show", "-P", "ActiveEnterTimestampMonotonic", "docker")
    return {host: lab.on(host, *show).out for host in HOSTS}


def test_another_version_in_pillar_is_drift_and_restarts_nothing(lab):
    lab.shell("manager2", "set -e\n" + NEWER_ENGINE)
    assert "99.0" in lab.on("manager2", "apt-get", "-s", "install", "docker.io").out
    started = engine_starts(lab)
    version = lab.one("manager2", "pkg.version", "docker.io")
    named = {"repositories": {"pkgs": {"docker-engine": {"version": "99.0"}}}}
    lab.on("master", "sh", "-c", "cat >/srv/local.yaml", stdin=json.dumps(named))
    line = (
        f"docker.io is {version}, pillar says 99.0 (not changed: this host is a member of a swarm)"
    )
    lab.on("master", "salt-run", "saltutil.sync_runners")
    plan = lab.on("master", "salt-run", "swarm.plan").out
    assert "docker.bootstrap would change nothing" in plan
    assert [host for host in HOSTS if f"{host}: {line}" in plan] == HOSTS
    run = lab.bootstrap()
    assert run.code == 0, run.why()
    assert run.changes() == {}
    facts = lab.one("manager1", "swarm_facts.read", HOSTS)
    assert {host: facts[host]["drift"] for host in HOSTS} == dict.fromkeys(HOSTS, [line])
    verified = lab.one("manager1", "state.apply", "docker.verify").values()
    assert any(state["comment"].endswith(f"{', '.join(MANAGERS)}: {line}") for state in verified)
    status = lab.on("master", "salt-run", "swarm.status", check=False).out
    assert [host for host in HOSTS if f"{host}: {line}" in status] == HOSTS
    assert engine_starts(lab) == started
    assert lab.one("manager2", "pkg.version", "docker.io") == version
    lab.on("manager2", "rm", "-r", "/srv/newer", "/etc/apt/sources.list.d/newer.list")
    lab.pillar()


def test_node_ls_prints_the_table_of_docker_node_ls(lab):
    out = lab.on("master", "salt", "manager1", "swarm.node_ls").out.splitlines()
    assert out[0] == "manager1:"
    heads = ["ID", "HOSTNAME", "STATUS", "AVAILABILITY", "MANAGER STATUS", "ENGINE VERSION"]
    places = [out[1].index(head) for head in heads]
    assert places == sorted(places)
    assert len(out) == 8
    mine = [line for line in out if " * " in line]
    assert len(mine) == 1 and " manager1 " in mine[0]
    assert sum("Leader" in line for line in out) == 1
    assert sum("Reachable" in line for line in out) == 2
