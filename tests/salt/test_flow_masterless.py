# SPDX-License-Identifier: Apache-2.0
"""A minion without a master: no key, no facts of others; what works, and the line for what cannot."""

import pytest


@pytest.fixture
def fleet(make_fleet):
    """A swarm of manager1; worker1 outside."""
    fleet = make_fleet(managers=1, workers=0).form()
    fleet.add("worker1")
    return fleet


def alone(minion, **kwargs):
    """A job as ``salt-call --local`` makes it, on a minion that never had a master."""
    (minion.root / "pki/minion.pem").unlink(missing_ok=True)
    # Where Salt keeps the mine of such a minion.
    (minion.root / "cache").mkdir(exist_ok=True)
    plain = minion.opts

    def opts(**more):
        found = plain(**more)
        found["file_client"] = "local"
        return found

    minion.opts = opts
    try:
        return minion.job(**kwargs)
    finally:
        minion.opts = plain


SOURCES = ("token_file", "token_pillar", "token_sdb")


@pytest.mark.parametrize("source", SOURCES)
def test_joined_with_a_token_of_its_own(fleet, tmp_path, source):
    token = fleet["manager1"].machine.cluster.tokens["worker"]
    path = tmp_path / "token"
    path.write_text(token)
    given = dict(zip(SOURCES, (str(path), "secrets:token", "sdb://vault/token"), strict=False))
    arguments = {"remote_addrs": ["10.0.0.1"], source: given[source]}

    def state(**kwargs):
        job = alone(fleet["worker1"], pillar={"secrets": {"token": token}}, **kwargs)
        job.replace("sdb.get", lambda uri: token)
        return job.state("joined", **arguments)

    assert state(test=True)["result"] is None
    assert state()["changes"] == {"swarm": {"old": "inactive", "new": "worker"}}
    assert state()["changes"] == {}
    assert alone(fleet["worker1"]).state("left")["result"] is True


def test_joined_without_one_says_what_is_missing(fleet):
    ret = alone(fleet["worker1"]).state("joined")
    assert ret["result"] is False
    assert ret["comment"] == (
        "without a master (--local, salt-ssh) nothing is known of the managers: give remote_addrs,"
        " and one of token_file, token_pillar, token_sdb"
    )
    assert fleet["worker1"].machine.changed_by() == []


def test_facts_of_a_host_without_a_key(fleet):
    assert "key" not in alone(fleet["worker1"]).salt["swarm_facts.collect"]()


@pytest.mark.parametrize("others", [[], ["manager8", "manager9"]])
def test_a_first_manager_is_made_when_the_operator_confirms(fleet, others):
    fleet.pillar["managers"] = ["worker1", *others]
    fleet["manager1"].machine.wipe()
    assert alone(fleet["worker1"]).state("initialized")["result"] is False
    ret = alone(fleet["worker1"]).state("initialized", init=True)
    assert ret["result"] is True and ret["changes"]
    assert alone(fleet["worker1"]).state("drained")["result"] is True


DRAW_ON_OTHERS = ("dead_removed", "initialized", "promoted", "sealed", "converged")


@pytest.mark.parametrize("state", [*DRAW_ON_OTHERS, "nodes_by_pillar"])
def test_what_draws_on_other_hosts_says_so(make_fleet, state):
    fleet = make_fleet(managers=2, workers=1).form()
    fleet.pillar["nodes"] = {"worker1": {"labels": {"disk": "ssd"}}}
    ret = alone(fleet["manager1"]).state(state)
    assert ret["result"] is False
    assert ret["comment"].startswith(
        "without a master (--local, salt-ssh) nothing is known of other hosts, and this draws on what"
    )
    assert fleet["manager1"].machine.changed_by() == []


def test_a_member_too_says_what_is_missing(fleet):
    cluster = fleet["manager1"].machine.cluster
    cluster.add(fleet["worker1"].machine, "worker", "active")
    ret = alone(fleet["worker1"]).state("joined")
    assert (ret["result"], ret["changes"]) == (False, {})
    assert "on what manager1 would publish" in ret["comment"]


def test_a_swarm_of_one_host_needs_no_master(fleet):
    fleet.pillar["managers"] = ["manager1"]
    ret = alone(fleet["manager1"]).state("published")
    assert ret["comment"] == "kept here alone, without a master: active manager"
    for state in DRAW_ON_OTHERS:
        ret = alone(fleet["manager1"]).state(state)
        assert (ret["result"], ret["changes"]) == (True, {}), ret
