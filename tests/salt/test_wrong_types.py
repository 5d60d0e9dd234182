"""Arguments of another form than documented: one line that says so, and nothing changed."""

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError

MANY = "9" * 5000
STATES = [
    ("departed", {"hosts": None}, "hosts wants a list of minion ids"),
    ("departed", {"hosts": True}, "hosts wants a list of minion ids"),
    ("released", {"hosts": [""]}, "Give a list of minion ids"),
    ("recovered", {"host": ["manager1"]}, "host wants the minion id of one manager"),
    ("joined", {"role": "mangler"}, "the role is worker or manager"),
    ("joined", {"role": None}, "the role is worker or manager"),
    ("joined", {"role": "manager", "availability": "sleep"}, "the availability is active, pause"),
    ("initialized", {"availability": "sleep"}, "the availability is active, pause"),
    ("autolocked", {"key_file": 5}, "key_file wants an absolute path, not 5"),
    ("autolocked", {"key_file": "key"}, "key_file wants an absolute path, not key"),
    ("autolocked", {"key_sdb": ["x"]}, "key_sdb wants a URL that begins with sdb://"),
    ("cluster", {"labels": {"ssd": True}}, "the label ssd is a text or a whole number; put True in"),
    ("cluster", {"external_cas": [{1: "x", "y": 2}]}, "external_cas knows no 1, y"),
    ("cluster", {"snapshot_interval": MANY}, "snapshot_interval wants a number"),
    ("cluster", {"node_cert_expiry": MANY}, "a duration is a text such as 90d"),
    ("tokens_rotated", {"role": "worker", "older_than": MANY}, "a duration is a text such as 90d"),
    ("nodes_absent", {"nodes": [""]}, "nodes wants a list of node ids or host names"),
]


@pytest.mark.parametrize("test", [True, False])
@pytest.mark.parametrize("function, given, text", STATES)
def test_state(make_fleet, function, given, text, test):
    fleet = make_fleet(managers=1, workers=1).form()
    job = fleet["manager1"].job(test=test, run=fleet.new_run())
    ret = job.state(function, **given)
    assert (ret["result"], ret["changes"]) == (False, {}) and text in ret["comment"], ret
    assert fleet["manager1"].machine.changed_by() == []


def test_a_wait_with_a_wrong_time_is_refused_before_the_change(make_fleet):
    fleet = make_fleet(managers=1, workers=1).form()
    cluster = fleet["manager1"].machine.cluster
    labels = {"saltext.swarm.ca.key": "k", "saltext.swarm.ca.from": cluster.digest}
    cluster.spec["Labels"], cluster.rotating = labels, 9
    ret = fleet["manager1"].job().state("ca_rotated", key="k", timeout="5m")
    assert (ret["result"], ret["comment"]) == (False, "timeout wants a number of seconds, not '5m'")


@pytest.mark.parametrize(
    "function, given",
    [
        ("node", {"availability": "pause"}),
        ("ca_rotated", {"key": "new"}),
    ],
)
def test_the_first_call_of_a_state_has_the_time_of_all(make_fleet, function, given):
    """So the core, which knows what a time is, tells of a wrong one while nothing is changed."""
    fleet = make_fleet(managers=1, workers=0).form()
    states = fleet["manager1"].job().states
    assert states[f"swarm.{function}"](name="manager1", timeout=7, **given)["result"] is True
    (first, *_) = [
        given
        for name, given in fleet["manager1"].machine.calls
        if name in fleet["manager1"].machine.changed_by()
    ]
    assert first["timeout"] == 7


FUNCTIONS = [
    ("seal", {"hosts": ["worker1"]}, "hosts wants a dictionary"),
    ("node_update", {"labels": {"ssd": True}}, "put True in quotes"),
    ("join", {"remote_addrs": "10.0.0.1", "token_file": ["x"]}, "token_file wants a text"),
    ("unlock", {"key_pillar": {"a": 1}}, "key_pillar wants a text"),
    ("quorum", {"leaving": "worker9"}, "no node worker9"),
]


@pytest.mark.parametrize("function, given, text", FUNCTIONS)
def test_function(make_fleet, function, given, text):
    fleet = make_fleet(managers=1, workers=1).form()
    with pytest.raises((CommandExecutionError, SaltInvocationError), match=text):
        fleet["manager1"].job().salt[f"swarm.{function}"](**given)


def test_one_address_that_is_no_text_is_one_that_does_not_listen(fleet):
    assert fleet["manager1"].job().salt["swarm.reachable"](5) == []
