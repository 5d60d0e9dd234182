# SPDX-License-Identifier: Apache-2.0
"""Arguments of another form than documented: one line that says so, and nothing changed."""

import inspect
import re

import pytest
import salt.loader.context
from salt.exceptions import CommandExecutionError, SaltInvocationError

MANY = "9" * 5000
STATES = [
    ("left_for_good", {"hosts": None}, "hosts must be a list of minion ids, not ''"),
    ("left_for_good", {"hosts": True}, "hosts must be a list of minion ids, not True"),
    ("left_for_good", {"hosts": [], "ends": "x"}, "unknown argument 'ends'"),
    ("demoted_for_removal", {"hosts": [""]}, "hosts: each entry must be a minion id"),
    (
        "demoted_for_removal",
        {"hosts": "worker1", "drain": "no", "cluster": 5},
        "hosts must be a list of minion ids, not 'worker1': write [worker1];"
        " drain must be True or False, not 'no'; cluster must be a cluster id, not 5",
    ),
    ("last_left", {"hosts": ["worker1"], "cluster": None}, "cluster must be a cluster id, not ''"),
    (
        "records_absent",
        {"hosts": [7]},
        "hosts: each entry must be a minion id, not 7: quote it in YAML",
    ),
    ("records_absent", {"hosts": ["worker1"], "host": "a"}, "unknown argument 'host'"),
    ("replaceable", {"replaced": {"worker1": 9}}, "replaced:worker1 must be a minion id, not 9"),
    ("replaceable", {"replaced": "worker1"}, "replaced must be a dictionary"),
    ("unmanaged_absent", {"limit": 0}, "limit must be an integer of at least 1, not 0"),
    (
        "unmanaged_absent",
        {"limit": "2"},
        "limit must be an integer of at least 1, not '2': remove the quotes",
    ),
    ("dead_removed", {"hosts": []}, "unknown argument 'hosts' (valid: none)"),
    ("sealed", {"hosts": []}, "unknown argument 'hosts' (valid: none)"),
    ("promoted", {"nodes": []}, "unknown argument 'nodes' (valid: none)"),
    ("converged", {"wait": 5}, "unknown argument 'wait' (valid: none)"),
    ("recovered", {"host": ["manager1"]}, "host must be the minion id of one manager"),
    (
        "recovered",
        {"host": "manager1", "confirm": 5, "listen_addr": 80, "advertise": "eth0"},
        "unknown argument 'advertise' (did you mean 'advertise_addr'?);"
        " confirm must be a node id, not 5: quote it in YAML; listen_addr must be",
    ),
    (
        "unlock_key_rotated",
        {"key": 2026.11, "key_file": "key", "timeout": "5m"},
        "key must be a string or integer, not 2026.11: quote it in YAML;"
        " key_file must be an absolute path (not shown, it may be a secret that was put in its place);"
        " timeout must be a number of seconds above 0",
    ),
    (
        "ca",
        {"cert_file": "root.crt", "key_sdb": "vault/key", "cert": "x"},
        "unknown argument 'cert'",
    ),
    (
        "ca",
        {"cert_file": "root.crt", "key_sdb": "vault/key"},
        "cert_file must be an absolute path (not shown, it may be a secret that was put in its place);"
        " key_sdb must be a URL that begins with sdb:// (not shown",
    ),
    ("unlock_key_rotated", {"key": "a", "key_pillar": "b"}, "unknown argument 'key_pillar'"),
    (
        "joined",
        {"role": "mangler"},
        "role must be worker or manager, not 'mangler' (did you mean 'manager'?)",
    ),
    ("joined", {"role": None}, "role must be worker or manager, not ''"),
    ("joined", {"rol": "manager"}, "unknown argument 'rol' (did you mean 'role'?)"),
    ("joined", {"remote_addrs": [5]}, "remote_addrs: each entry must be an address"),
    ("joined", {"token_file": "token"}, "token_file must be an absolute path (not shown"),
    (
        "joined",
        {"role": "boss", "availability": "off", "advertise_addr": 90},
        "advertise_addr must be an address or interface, with :port or without, not 90: quote it in YAML;"
        " availability must be active, pause or drain, not 'off'",
    ),
    ("initialized", {"data_path_port": 80}, "data_path_port must be an integer from 1024 to 49151"),
    ("initialized", {"default_addr_pool": ["10.0.0.0"]}, "must be a network such as 10.20.0.0/16"),
    ("published", {"hosts": ["a"]}, "unknown argument 'hosts' (valid: none)"),
    ("left", {"force": "yes"}, "force must be True or False, not 'yes'"),
    ("drained", {"node": "a"}, "unknown argument 'node'"),
    ("unlocked", {"key_pilar": "a"}, "unknown argument 'key_pilar' (did you mean 'key_pillar'?)"),
    ("node", {"label": {}}, "unknown argument 'label' (did you mean 'labels'?)"),
    ("node", {"labels_exact": True}, "labels_exact requires labels"),
    ("nodes_by_pillar", {"nodes": []}, "unknown argument 'nodes'"),
    ("settings_by_pillar", {"timeout": "5m"}, "timeout must be a number of seconds above 0"),
    ("cluster", {"node_cert_expiry": "59m"}, "node_cert_expiry must be at least 1h, not '59m'"),
    ("cluster", {"node_cert_expire": "5d"}, "unknown argument 'node_cert_expire' (did you mean"),
    ("cluster", {"labels_exact": True}, "labels_exact requires labels"),
    (
        "ca_rotated",
        {"key": 2026.11},
        "key must be a string or integer, not 2026.11: quote it in YAML",
    ),
    (
        "joined",
        {"role": "manager", "availability": "sleep"},
        "availability must be active, pause or drain",
    ),
    ("initialized", {"availability": "sleep"}, "availability must be active, pause or drain"),
    ("autolocked", {"key_file": 5}, "key_file must be an absolute path, not 5"),
    ("autolocked", {"key_file": "key"}, "key_file must be an absolute path (not shown"),
    ("autolocked", {"key_sdb": ["x"]}, "key_sdb must be a URL that begins with sdb://"),
    (
        "cluster",
        {"labels": {"ssd": True}},
        "label 'ssd' must be a string or integer, not True: quote",
    ),
    ("cluster", {"external_cas": [{1: "x", "y": 2}]}, "unknown key 1 under external_cas"),
    ("cluster", {"snapshot_interval": MANY}, "snapshot_interval must be an integer"),
    ("cluster", {"node_cert_expiry": MANY}, "node_cert_expiry must be a duration"),
    ("tokens_rotated", {"role": "worker", "older_than": MANY}, "older_than must be a duration"),
    ("nodes_absent", {"nodes": [""]}, "nodes: each entry must be a node id or host name"),
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
    assert (ret["result"], ret["comment"]) == (
        False,
        "timeout must be a number of seconds above 0, not '5m': write 300",
    )


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
    ("swarm_seal.seal", {"hosts": ["worker1"]}, "hosts must be a dictionary"),
    (
        "swarm.node_update",
        {"labels": {"ssd": True}},
        "label 'ssd' must be a string or integer, not True: quote it in YAML",
    ),
    (
        "swarm.join",
        {"remote_addrs": "10.0.0.1", "token_file": ["x"]},
        "token_file must be a string",
    ),
    ("swarm.unlock", {"key_pillar": {"a": 1}}, "key_pillar must be a string"),
    ("swarm.quorum", {"leaving": "worker9"}, "no node worker9"),
]


@pytest.mark.parametrize("function, given, text", FUNCTIONS)
def test_function(make_fleet, function, given, text):
    fleet = make_fleet(managers=1, workers=1).form()
    with pytest.raises((CommandExecutionError, SaltInvocationError), match=text):
        fleet["manager1"].job().salt[function](**given)


def test_an_address_that_is_not_text_does_not_listen(fleet):
    assert fleet["manager1"].job().salt["swarm_core.reachable"](5) == []


# --- every function of the execution modules -------------------------------------------------------

ODD = [
    *(None, True, -1, 5, 1.5, "", "x", "9" * 30, "\udc80", b"x"),
    *([], ["x"], [None], [[1]], {}, {"a": 1}, {1: 2}, {"a": None}),
]
# What the files of this project hand to each other, as one of these functions returned it: nobody types
# that, nor what swarm_schema, swarm_settings, swarm_engine and swarm_repository have for other files.
HANDED_ON = {
    "drift",
    "foreign",
    "left_behind",
    "lost",
    "records",
    "twins",
    "why_alone",
    "why_no_init",
}
# They need an answer that the machines in memory do not give.
NO_FAKE = {"swarm.swarm_service_info"}


def functions(job):
    """``{name: parameters}`` of all functions of this project's modules."""
    modules = (
        "swarm",
        "swarm_ca",
        "swarm_core",
        "swarm_drift",
        "swarm_facts",
        "swarm_key",
        "swarm_mine",
    )
    modules += ("swarm_seal", "swarm_state_dir")
    names = [name for name in job.salt if name.partition(".")[0] in modules]
    assert len(names) > 70
    return {
        name: [
            one
            for one in inspect.signature(job.salt[name].func).parameters.values()
            if one.kind is one.POSITIONAL_OR_KEYWORD
        ]
        for name in names
        if name.partition(".")[2] not in HANDED_ON and name not in NO_FAKE
    }


def refusal(job, name, given):
    """What Salt would print for this call: one line, or empty where the call is taken."""
    try:
        with salt.loader.context.loader_context(job.salt):
            job.salt[name](**given)
    except (CommandExecutionError, SaltInvocationError) as exc:
        return str(exc)
    return ""


# Functions whose argument may be a secret as it is, and what the argument is called.
PLAIN = {
    "swarm.join": "token",
    "swarm.unlock": "key",
    "swarm.secret_create": "contents",
    "swarm.call": "body",
}
# The one of core Salt's former module has the names that it had there.
OLD = {"swarm.joinswarm": "token"}
# What is so called and is not a secret: a config's content, a key of facts or pillar.
OPEN = {("swarm.config_create", "contents"), ("swarm.why_no_address", "key")}


def test_a_secret_as_a_plain_argument_has_forms_that_do_not_leak(make_fleet):
    job = make_fleet(managers=1, workers=0).form()["manager1"].job()
    found = {}
    for name in functions(job):
        names = set(inspect.signature(job.salt[name].func).parameters)
        for one in names & {"token", "key", "contents", "body", "password", "secret"}:
            if name.startswith("swarm.") and (name, one) not in OPEN:
                found[name] = one
    assert found == {**PLAIN, **OLD}
    for name, one in PLAIN.items():
        function = job.salt[name].func
        forms = {f"{one}_{form}" for form in ("file", "pillar", "sdb")}
        assert forms <= set(inspect.signature(function).parameters), name
        assert re.search("leak|job cache", function.__doc__), name


def test_odd_arguments_of_each_function_are_one_line(make_fleet):
    """No other exception leaves a function: Salt prints a docstring or a traceback for it."""
    fleet = make_fleet(managers=1, workers=0).form()
    job = fleet["manager1"].job()
    refused = 0
    for name, parameters in functions(job).items():
        needed = {one.name: "x" for one in parameters if one.default is one.empty}
        for one in parameters:
            for odd in ODD:
                given = {**needed, one.name: odd}
                try:
                    line = refusal(job, name, given)
                except AssertionError:
                    continue  # the call was taken, and the machines in memory do not know it
                except Exception as exc:
                    pytest.fail(f"{name}({given}): {exc!r}")
                assert "\n" not in line and "Traceback" not in line, (name, given)
                refused += bool(line)
    assert refused > 500


def test_a_missing_argument_is_reported_in_one_line(make_fleet):
    """Of what operators type. A parameter without a default would be a TypeError, and a docstring."""
    job = make_fleet(managers=1, workers=0).form()["manager1"].job()
    for name, parameters in functions(job).items():
        if name.startswith("swarm."):
            assert not [one.name for one in parameters if one.default is one.empty], name


@pytest.mark.parametrize(
    ("function", "text"),
    [
        ("swarm.promote", "node must be a full id or an exact host name, not None"),
        ("swarm.demote", "node must be a full id or an exact host name, not None"),
        ("swarm.node_rm", "node must be a full id or an exact host name, not None"),
        ("swarm.remove_node", "node must be a full id or an exact host name, not None"),
        ("swarm.why", "ref must be an id or an exact name, not None"),
        ("swarm.rotate_token", "role must be worker or manager, not None"),
        ("swarm.join_token", "role must be worker or manager, not None"),
        ("swarm.join", "give remote_addrs: the address of a manager"),
        ("swarm.joinswarm", "give remote_addrs: the address of a manager"),
        ("swarm_core.reachable", "give addresses: one host"),
        ("swarm.service_create", "image must be a name or an id, not None"),
        ("swarm.swarm_service_info", "service_name must be a name or an id, not None"),
        ("swarm.remove_service", "service must be a name or an id, not None"),
        ("swarm.call", "unknown operation None"),
        ("swarm_seal.seal", "hosts must be a dictionary"),
        ("swarm_schema.nanoseconds", "a duration must be a string such as 90d"),
        ("swarm_settings.label_texts", "labels must be a dictionary"),
        ("swarm_drift.node_diff", "node must be a dictionary with role, availability and labels"),
        ("swarm_facts.demotion_order", "nodes must be a list as swarm.nodes returns it"),
    ],
)
def test_a_call_without_its_argument(make_fleet, function, text):
    fleet = make_fleet(managers=1, workers=0).form()
    assert text in refusal(fleet["manager1"].job(), function, {})
    assert fleet["manager1"].machine.changed_by() == []
