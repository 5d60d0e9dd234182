# SPDX-License-Identifier: Apache-2.0
"""
Hosts without a minion: salt-ssh, from the engine to a member, and what it cannot do there. It
installs an ssh server on two hosts, which is long: `make check-lab-long` names this file.
"""

import json

import pytest
from conftest import assert_whole, engine_says, until

MANAGER, BARE = "manager1", "worker3"
ADDRESSES = {MANAGER: "10.213.0.11", BARE: "10.213.0.103"}
KEY = "/etc/salt/pki/master/ssh/salt-ssh.rsa"
# By the lab's repository alone; what a host knows of others stays as it is.
INSTALL = """
    . /etc/os-release
    echo "deb [trusted=yes] http://10.213.0.2:8000 $VERSION_CODENAME main" >/root/lab.list
    apt="apt-get -q -y -o Dir::Etc::SourceList=/root/lab.list -o Dir::Etc::SourceParts=/dev/null"
    $apt -o APT::Get::List-Cleanup=0 update
    DEBIAN_FRONTEND=noninteractive $apt install"""
JOINED = {"swarm": {"old": "inactive", "new": "worker"}}


class Ssh:
    """salt-ssh on the master of the lab."""

    def __init__(self, lab):
        self.lab = lab

    def __call__(self, host, *args):
        """The return of one function on one host."""
        command = ("salt-ssh", "--ignore-host-keys", "--out=json", host, *args)
        done = self.lab.on("master", *command, check=False)
        assert "Traceback" not in done.out + done.err, done.out + done.err
        return done.json[host]

    def error(self, host, *args):
        """The one line that a function ends with."""
        (line,) = self(host, *args)["stderr"].splitlines()
        return line

    def sls(self, host, sls, *args):
        """What the states of an SLS return."""
        return list(self(host, "state.apply", sls, *args).values())

    def state(self, host, function, *args, **arguments):
        """What one state returns, by an SLS: state.single of Salt 3006 knows only Salt's own."""
        given = [{name: value} for name, value in arguments.items()]
        sls = json.dumps({"one": {f"swarm.{function}": given}})
        self.lab.on("master", "sh", "-c", "cat >/srv/salt/one.sls", stdin=sls)
        (ret,) = self.sls(host, "one", *args)
        return ret


@pytest.fixture(scope="module")
def ssh(swarm):
    """The manager, and a host that is bare and has no minion, let salt-ssh in."""
    old = swarm.nodes()[BARE]["id"]
    swarm("wipe", BARE)
    swarm.one(MANAGER, "swarm.node_rm", old, "force=True")
    swarm.on(BARE, "systemctl", "disable", "--now", "salt-minion")
    swarm.shell("master", f"{INSTALL} openssh-client; mkdir -p $(dirname {KEY})")
    swarm.on("master", "ssh-keygen", "-q", "-N", "", "-f", KEY)
    public = swarm.on("master", "cat", f"{KEY}.pub").out
    roster = {}
    for host, address in ADDRESSES.items():
        swarm.shell(host, f"{INSTALL} openssh-server")
        let_in = "umask 077; mkdir -p ~root/.ssh; cat >~root/.ssh/authorized_keys"
        swarm.on(host, "sh", "-c", let_in, stdin=public)
        profiles = {"secrets": {"driver": "yaml", "files": ["/root/sdb.yaml"]}}
        roster[host] = {"host": address, "user": "root", "minion_opts": profiles}
    swarm.on("master", "sh", "-c", "cat >/etc/salt/roster", stdin=json.dumps(roster))
    yield Ssh(swarm)
    swarm.shell("master", f"rm /etc/salt/roster {KEY}*")
    swarm.shell(MANAGER, "systemctl disable --now ssh; rm -r ~root/.ssh /var/tmp/.root_*_salt")
    swarm("sync")
    swarm("wipe", BARE)
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    assert_whole(swarm)


@pytest.fixture(scope="module")
def engine(ssh):
    """The bare host has its engine, by the file that a bootstrap takes for it."""
    assert "no engine listens at /var/run/docker.sock" in ssh.error(BARE, "swarm.info")
    assert {state["result"] for state in ssh.sls(BARE, "docker.engine")} == {True}
    assert {state["result"] for state in ssh.sls(BARE, "docker.engine")} == {True}
    return ssh


@pytest.fixture
def outside(swarm, engine):
    """The host, in no swarm before and after the test, and a token that no test knows yet."""
    swarm.one(MANAGER, "swarm.rotate_token", "worker")
    yield engine
    node = engine(BARE, "swarm.info")["node_id"]
    assert engine.state(BARE, "left")["result"] is True
    until(lambda: swarm.one(MANAGER, "swarm.node_inspect", node)["Status"]["State"] == "down", node)
    swarm.one(MANAGER, "swarm.node_rm", node)
    # What the test kept on disk is void.
    swarm.one(MANAGER, "swarm.rotate_token", "worker")


def token(swarm):
    return swarm.on(MANAGER, "docker", "swarm", "join-token", "-q", "worker").out.strip()


def left_behind(swarm, secret):
    """Files on the host that hold the secret."""
    places = ("/var/tmp", "/var/log", "/var/cache", "/tmp", "/root", "/run")
    return swarm.on(BARE, "grep", "-rlaFs", secret, *places, check=False).out


def test_joined_with_a_token_in_a_file(swarm, outside):
    swarm.note_secrets()
    secret = token(swarm)
    swarm.on(BARE, "sh", "-c", "umask 077; cat >/root/token", stdin=secret)
    given = {"remote_addrs": [ADDRESSES[MANAGER]], "token_file": "/root/token"}
    predicted = outside.state(BARE, "joined", "test=True", **given)
    assert (predicted["result"], predicted["changes"]) == (None, JOINED)
    assert outside(BARE, "swarm.info")["state"] == "inactive"
    ret = outside.state(BARE, "joined", **given)
    assert (ret["result"], ret["changes"]) == (True, JOINED)
    assert left_behind(swarm, secret) == "/root/token\n"
    swarm.on(BARE, "rm", "/root/token")
    assert engine_says(swarm, BARE, "info", "-f", "{{.Swarm.LocalNodeState}}") == "active"
    # A member reads no token.
    assert outside.state(BARE, "joined", **given)["changes"] == {}
    rows = outside(MANAGER, "swarm.node_ls")
    assert rows == swarm.one(MANAGER, "swarm.node_ls")
    assert [row["STATUS"] for row in rows if row["HOSTNAME"] == BARE] == ["Ready"]
    error = outside.error(BARE, "swarm.node_ls")
    assert "this host is a worker; ask one of the managers: 10.213.0.11:2377" in error


@pytest.mark.parametrize("source", ["token_pillar", "token_sdb"])
def test_joined_with_a_token_from_elsewhere(swarm, outside, source):
    """Pillar goes along with states; --wipe removes what salt-ssh leaves on the host."""
    secret = token(swarm)
    kept = {"secrets": {"token": secret}}
    pillar = kept if source == "token_pillar" else {}
    swarm.on("master", "sh", "-c", "cat >/srv/local.yaml", stdin=json.dumps(pillar))
    swarm.on(BARE, "sh", "-c", "umask 077; cat >/root/sdb.yaml", stdin=json.dumps(kept))
    place = {"token_pillar": "secrets:token", "token_sdb": "sdb://secrets/secrets:token"}[source]
    given = {"remote_addrs": [ADDRESSES[MANAGER]], source: place}
    predicted = outside.state(BARE, "joined", "test=True", **given)
    assert (predicted["result"], predicted["changes"]) == (None, JOINED)
    ret = outside.state(BARE, "joined", "--wipe", **given)
    assert (ret["result"], ret["changes"]) == (True, JOINED)
    swarm.pillar()
    swarm.on(BARE, "rm", "/root/sdb.yaml")
    assert left_behind(swarm, secret) == ""
    assert swarm.shell(BARE, "ls -d /var/tmp/.root_*_salt", check=False).out == ""


def test_functions_have_no_pillar(engine):
    error = engine.error(BARE, "swarm.join", "10.213.0.11", "token_pillar=swarm:advertise")
    assert "token_pillar: pillar has no such key" in error


def test_states_of_a_manager(swarm, engine):
    given = {"name": "worker1", "labels": {"by": "ssh"}}
    predicted = engine.state(MANAGER, "node", "test=True", **given)["changes"]
    assert engine.state(MANAGER, "node", **given)["changes"] == predicted != {}
    assert engine.state(MANAGER, "node", **given)["changes"] == {}
    swarm.one(MANAGER, "swarm.node_update", "worker1", "labels={by: null}")


def test_what_draws_on_other_hosts_says_so(swarm, engine):
    for host, state in [(MANAGER, "sealed"), (MANAGER, "converged"), (BARE, "initialized")]:
        ret = engine.state(host, state)
        assert (ret["result"], ret["changes"]) == (False, {})
        assert ret["comment"].startswith("without a master (--local, salt-ssh) nothing is known of")
    # Nothing is asked of the host for docker.extension, which has no state here.
    *_, join = engine.sls(BARE, "docker.worker.join")
    assert join["comment"] == (
        "without a master (--local, salt-ssh) nothing is known of the managers: give remote_addrs,"
        " and one of token_file, token_pillar, token_sdb"
    )
    (facts,) = engine.sls(MANAGER, "docker.mine")
    assert facts["comment"] == "kept here alone, without a master: active manager"
