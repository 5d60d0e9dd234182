# SPDX-License-Identifier: Apache-2.0
"""The schema of pillar: each slip and its exact line, and what random pillars give."""

import importlib.util
import re
import string

import pytest
import rendered
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from salt.exceptions import SaltInvocationError

FILE = rendered.STATES / "_modules/swarm_schema.py"
MANAGERS = ["manager1", "manager2", "manager3"]
HOSTS = [*MANAGERS, "worker1", "worker2"]


def load():
    spec = importlib.util.spec_from_file_location("swarm_schema", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.__pillar__, module.__context__ = {}, {}
    return module


SCHEMA = load()


def pillar(more="", top=""):
    """A right pillar with these lines of YAML under ``swarm``, and these at the top."""
    lines = "".join(f"  {line}\n" for line in more.splitlines())
    text = (
        f"swarm:\n  managers: [manager1, manager2, manager3]\n  workers: ['worker*']\n{lines}{top}"
    )
    return yaml.safe_load(text)


def check(given):
    found = SCHEMA.check(given, HOSTS)
    malformed = found.pop("malformed")
    assert malformed == bool(SCHEMA.check(given)["refusals"]), "hosts alone are known by their keys"
    return found


UNITS = "a duration such as 90d or 1h30m (units d, h, m, s, ms, us, ns)"
HOST = "an address or interface, with :port or without"
NETWORK = "a network such as 10.20.0.0/16"
KEY = "no accepted key on this master for"
SALT_KEY = "accept it (salt-key -a), or correct pillar swarm:managers and swarm:workers"
SLIPS = [
    # What to write instead.
    (
        "workers: worker1, worker*",
        "pillar swarm:workers must be a list of minion ids or patterns, not 'worker1, worker*':"
        " write [worker1, 'worker*']",
    ),
    (
        "drain: {deadline: 10m}",
        "pillar swarm:drain:deadline must be a number of seconds above 0, not '10m': write 600",
    ),
    (
        "upgrade: {canary: busybox}",
        "pillar swarm:upgrade:canary must be a dictionary (image, command), not 'busybox'",
    ),
    (
        "upgrade: {canary: {command: nc}}",
        "pillar swarm:upgrade:canary:image is required: an image with sh and nc, such as busybox",
    ),
    (
        "reboot: {canary: {image: busybox, command: 5}}",
        "pillar swarm:reboot:canary:command must be a list of strings, not 5",
    ),
    (
        "drain: {deadline: 1ms}",
        "pillar swarm:drain:deadline must be a number of seconds above 0, not '1ms'",
    ),
    (
        "drain: {graceful: 'false'}",
        "pillar swarm:drain:graceful must be True or False, not 'false': remove the quotes",
    ),
    (
        "nodes: {worker1: {labels: {'': a}}}",
        "pillar swarm:nodes:worker1:labels: label name '' must not be empty",
    ),
    (
        "stacks: {shop: {timeout: 5}}",
        "pillar swarm:stacks:shop has no compose file: give source, contents or compose",
    ),
    # Times: YAML has hours and minutes as a number, unless they begin with 0.
    (
        "window: {from: 12:00, to: '15:00'}",
        "pillar swarm:window:from must be a time such as '02:00', not 720: quote it in YAML, '12:00'",
    ),
    (
        "window: {from: '2:00', to: '05:00'}",
        "pillar swarm:window:from must be a time such as '02:00', not '2:00': write '02:00'",
    ),
    (
        "window: {from: '02:00', to: '24:00'}",
        "pillar swarm:window:to must be a time such as '02:00', not '24:00'",
    ),
    (
        "window: {to: '05:00', tz: Europe/Rome}",
        "pillar swarm:window:from is missing: write a time such as '02:00'",
    ),
    (
        "window: {days: sat, from: '02:00', to: '05:00'}",
        "pillar swarm:window:days must be a list of days such as sat, not 'sat': write [sat]",
    ),
    (
        "window: {days: [Sat], from: '02:00', to: '05:00'}",
        "pillar swarm:window:days: each entry must be mon, tue, wed, thu, fri, sat or sun, not 'Sat'"
        " (did you mean 'sat'?)",
    ),
    (
        "window: {from: '02:00', to: '05:00', tz: +01:00}",
        "pillar swarm:window:tz must be a time zone such as Europe/Rome, not '+01:00'",
    ),
    (
        "window: {from: '23:55', to: '00:05'}",
        "pillar swarm:window is 600 s long, and swarm:drain:deadline is 600 s: no host would ever begin;"
        " make the window longer",
    ),
    (
        "blockers: db",
        "pillar swarm:blockers must be a list of names of services, not 'db': write [db]",
    ),
    (
        "reboot: {when: never}",
        "pillar swarm:reboot:when must be always, required or an absolute path, not 'never'",
    ),
    (
        "upgrade: {snapshot: [a]}",
        "pillar swarm:upgrade:snapshot must be the name of an SLS, not a list",
    ),
    # Keys.
    ("manger: [x]", "unknown key 'manger' under swarm (did you mean 'managers'?)"),
    (
        "advertise_addr: eth0",
        "unknown key 'advertise_addr' under swarm (did you mean 'advertise'?)",
    ),
    ("True: 1", "unknown key True under swarm (did you mean 'prune'?)"),
    ("tls: {cacert: /x}", "unknown key 'cacert' under swarm:tls (did you mean 'cert'?)"),
    ("tls: {zzz: 1}", "unknown key 'zzz' under swarm:tls (valid: ca, cert, key, verify)"),
    (
        "cluster: {node_cert_expire: 90d}",
        "unknown key 'node_cert_expire' under swarm:cluster (did you mean 'node_cert_expiry'?)",
    ),
    (
        "cluster: {external_cas: [{uri: x}]}",
        "unknown key 'uri' under swarm:cluster:external_cas: each entry (did you mean 'url'?)",
    ),
    (
        "nodes: {worker1: {label: {a: b}}}",
        "unknown key 'label' under swarm:nodes:worker1 (did you mean 'labels'?)",
    ),
    # Lists of hosts.
    (
        "managers: manager1",
        "pillar swarm:managers must be a list of minion ids, not 'manager1': write [manager1]",
    ),
    ("workers: 5", "pillar swarm:workers must be a list of minion ids or patterns, not 5"),
    (
        "workers: [1]",
        "pillar swarm:workers: each entry must be a minion id, not 1: quote it in YAML",
    ),
    (
        "workers: [yes]",
        "pillar swarm:workers: each entry must be a minion id, not True: quote it in YAML",
    ),
    (
        "managers: [manager1, manager1, manager2]",
        "pillar swarm:managers names 'manager1' twice: remove one",
    ),
    (
        "managers: ['manager*']",
        "pillar swarm:managers must be exact minion ids, not the pattern 'manager*'",
    ),
    (
        "workers: [manager3]",
        "manager3 is in both pillar swarm:managers and swarm:workers: remove it from one",
    ),
    (
        "managers: [manager1, manager2, maneger3]",
        f"{KEY} maneger3 (did you mean 'manager3'?): {SALT_KEY}",
    ),
    ("workers: [worker1, worker9]", f"{KEY} worker9 (did you mean 'worker2'?): {SALT_KEY}"),
    ("init_without: True", "pillar swarm:init_without must be a list of minion ids, not True"),
    # Nodes.
    (
        "nodes: [worker1]",
        "pillar swarm:nodes must be a dictionary (minion id or pattern to settings of its node), not a list",
    ),
    (
        "nodes: {wroker1: {availability: drain}}",
        "pillar swarm:nodes 'wroker1' matches no host (did you mean 'worker1'?): correct or remove it",
    ),
    (
        "nodes: {'db*': {availability: drain}}",
        "pillar swarm:nodes 'db*' matches no host: correct or remove it",
    ),
    (
        "nodes: {worker1: drain}",
        "pillar swarm:nodes:worker1 must be a dictionary (labels, availability), not 'drain'",
    ),
    (
        "nodes: {worker1: {labels: [a=b, c=d]}}",
        "pillar swarm:nodes:worker1:labels must be a dictionary of names and values, not a list: write {a: b, c: d}",
    ),
    (
        "nodes: {worker1: {labels: {a=b: }}}",
        "pillar swarm:nodes:worker1:labels: label name 'a=b' must not have '=': write a: b",
    ),
    (
        "stacks: {web: compose.yml}",
        "pillar swarm:stacks:web must be a dictionary, not 'compose.yml'",
    ),
    (
        "nodes: {worker1: {availability: activ}}",
        "pillar swarm:nodes:worker1:availability must be active, pause or drain, not 'activ' (did you mean 'active'?)",
    ),
    (
        "nodes: {worker1: {availability: on}}",
        "pillar swarm:nodes:worker1:availability must be active, pause or drain, not True: quote it in YAML",
    ),
    (
        "nodes: {worker1: {labels: {ssd: yes}}}",
        "pillar swarm:nodes:worker1:labels: label 'ssd' must be a string or integer, not True: quote it in YAML",
    ),
    (
        "nodes: {worker1: {labels: {release: 1.10}}}",
        "pillar swarm:nodes:worker1:labels: label 'release' must be a string or integer, not 1.1: quote it in YAML",
    ),
    (
        "nodes: {worker1: {labels: {since: 2026-11-29}}}",
        "pillar swarm:nodes:worker1:labels: label 'since' must be a string or integer, not 2026-11-29: quote it in YAML",
    ),
    (
        "nodes: {worker1: {labels: {no: a}}}",
        "pillar swarm:nodes:worker1:labels: label name False must be a string: quote it in YAML",
    ),
    (
        "nodes: {worker1: {labels: [ssd]}}",
        "pillar swarm:nodes:worker1:labels must be a dictionary of names and values, not a list",
    ),
    (
        "nodes: {worker1: {labels: {saltext.swarm.x: a}}}",
        "pillar swarm:nodes:worker1:labels: label 'saltext.swarm.x' is reserved: names with saltext.swarm."
        " belong to the states",
    ),
    # Addresses and ports.
    ("advertise: 1:30", f"pillar swarm:advertise must be {HOST}, not 90: quote it in YAML"),
    ("advertise: 10.0.0.300", f"pillar swarm:advertise must be {HOST}, not '10.0.0.300'"),
    ("advertise: 10.0.0.1/24", f"pillar swarm:advertise must be {HOST}, not '10.0.0.1/24'"),
    ("advertise: 0.0.0.0", f"pillar swarm:advertise must be {HOST}, not '0.0.0.0'"),
    ("advertise: eth0:99999", f"pillar swarm:advertise must be {HOST}, not 'eth0:99999'"),
    (
        "data_path: eth1:4789",
        "pillar swarm:data_path must be an address or interface without port, not 'eth1:4789'",
    ),
    (
        "data_path_port: 80",
        "pillar swarm:data_path_port must be an integer from 1024 to 49151, not 80",
    ),
    (
        "data_path_port: '4789'",
        "pillar swarm:data_path_port must be an integer from 1024 to 49151, not '4789': remove the quotes",
    ),
    (
        "address_pool: 10.20.0.0/16",
        "pillar swarm:address_pool must be a list of networks such as 10.20.0.0/16, not '10.20.0.0/16': write [10.20.0.0/16]",
    ),
    (
        "address_pool: [10.20.0.1/16]",
        "pillar swarm:address_pool: each entry must be a network, not an address in it: write 10.20.0.0/16 for '10.20.0.1/16'",
    ),
    (
        "address_pool: [10.20.0.0]",
        f"pillar swarm:address_pool: each entry must be {NETWORK}, not '10.20.0.0'",
    ),
    (
        "address_pool: [10.20.0.0/16, 10.20.4.0/24]",
        "pillar swarm:address_pool: 10.20.0.0/16 and 10.20.4.0/24 overlap: remove one",
    ),
    (
        "address_pool: [10.20.0.0/26]",
        "pillar swarm:subnet_size must be at least 26, the mask of 10.20.0.0/26, not 24",
    ),
    ("subnet_size: 30", "pillar swarm:subnet_size must be an integer from 1 to 29, not 30"),
    # Settings of the cluster.
    (
        "cluster: {node_cert_expiry: 59m}",
        "pillar swarm:cluster:node_cert_expiry must be at least 1h, not '59m'",
    ),
    (
        "cluster: {node_cert_expiry: 90}",
        f"pillar swarm:cluster:node_cert_expiry must be {UNITS}, not 90: add a unit",
    ),
    (
        "cluster: {node_cert_expiry: 1:30}",
        f"pillar swarm:cluster:node_cert_expiry must be {UNITS}, not 90: add a unit",
    ),
    (
        "cluster: {node_cert_expiry: 90 days}",
        f"pillar swarm:cluster:node_cert_expiry must be {UNITS}, not '90 days'",
    ),
    (
        "cluster: {node_cert_expiry: 999999d}",
        "pillar swarm:cluster:node_cert_expiry must be at most 106751d, not '999999d'",
    ),
    (
        "cluster: {heartbeat_period: 0s}",
        "pillar swarm:cluster:heartbeat_period must be at least 1s, not '0s'",
    ),
    (
        "cluster: {snapshot_interval: 0}",
        "pillar swarm:cluster:snapshot_interval must be an integer of at least 1, not 0",
    ),
    (
        "cluster: {heartbeat_tick: 3, election_tick: 3}",
        "pillar swarm:cluster:election_tick must be more than heartbeat_tick, 3, not 3",
    ),
    (
        "cluster: {labels_exact: True}",
        "pillar swarm:cluster:labels_exact requires labels; with {} all of them are removed",
    ),
    (
        "cluster: {labels_exact: 1, labels: {}}",
        "pillar swarm:cluster:labels_exact must be True or False, not 1",
    ),
    ("cluster: 90d", "pillar swarm:cluster must be a dictionary, not '90d'"),
    # How the engine is reached.
    (
        "api_version: 1.41",
        "pillar swarm:api_version must be a string such as '1.41', not 1.41: quote it in YAML",
    ),
    (
        "url: localhost:2375",
        "pillar swarm:url must be an address such as unix:///var/run/docker.sock or tcp://host:2376, not 'localhost:2375'",
    ),
    (
        "timeout: 30s",
        "pillar swarm:timeout must be a number of seconds above 0, not '30s': write 30",
    ),
    ("tls: {ca: ca.pem}", "pillar swarm:tls:ca must be an absolute path, not 'ca.pem'"),
    ("tls: {verify: 'no'}", "pillar swarm:tls:verify must be True or False, not 'no'"),
    (
        "prune: '2'",
        "pillar swarm:prune must be an integer of at least 0, not '2': remove the quotes",
    ),
    ("prune: -1", "pillar swarm:prune must be an integer of at least 0, not -1"),
    ("init: 'yes'", "pillar swarm:init must be True, False or beside, not 'yes'"),
]


@pytest.mark.parametrize("text, line", SLIPS)
def test_a_slip_under_swarm_is_exactly_this_line(text, line):
    assert check(pillar(text))["refusals"] == [line]


def test_all_slips_come_at_once():
    given = pillar("manger: [x]\nprune: '2'\ncluster: {node_cert_expiry: 59m}", "swarm_hosts: 5")
    assert len(check(given)["refusals"]) == 4


RIGHT = [
    "advertise: eth0",
    "advertise: 10.0.0.1:2377",
    "advertise: '[fd00::1]:2377'",
    "advertise: fd00::1",
    "listen: 0.0.0.0:2377",
    "address_pool: [10.20.0.0/16, 10.30.0.0/16]\nsubnet_size: 24",
    "cluster: {node_cert_expiry: 1h, heartbeat_period: 1s, labels: {}, labels_exact: True}",
    "cluster: {labels: {rack: 17, gone: null}}",
    "nodes: {'*': {labels: {a: b}}, worker2: {availability: pause, labels: null}}",
    "workers: ['*']\ninit: beside",
    "workers:\nprune: 0\ninit: False\ntimeout: 0.5\napi_version: '1.41'",
    "url: tcp://10.0.0.1:2376\ntls: {ca: /a, verify: false}",
]


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_right_gives_no_line(text):
    assert check(pillar(text)) == {"refusals": [], "warnings": []}


def test_keys_of_others_are_left_alone():
    top = "swarm_keys: {unlock: x}\nrepositories: {repos: {docker-ce: {a: 1}}, pkgs: {vim: {a: 1}}}\nelse: 1"
    assert check(pillar(top=top)) == {"refusals": [], "warnings": []}


WARNINGS = [
    (
        "managers: [manager1, manager2]",
        "pillar swarm:managers names 2 managers: an even number survives no more failures than 1 would;"
        " use an odd number",
    ),
    ("workers: ['wrk*']", "pillar swarm:workers 'wrk*' matches no minion with an accepted key"),
    (
        "init_without: [manager4]",
        "pillar swarm:init_without names manager4, which is not in swarm:managers (did you mean 'manager3'?)",
    ),
]


@pytest.mark.parametrize("text, line", WARNINGS)
def test_a_warning_is_not_a_refusal(text, line):
    assert check(pillar(text)) == {"refusals": [], "warnings": [line]}


def test_hosts_that_leave_need_neither_key_nor_settings_that_match():
    given = pillar("workers: [worker1, gone]\nnodes: {gone: {availability: drain}}")
    assert len(check(given)["refusals"]) == 2
    assert SCHEMA.check(given, HOSTS, ["gone"])["refusals"] == []


def test_without_the_keys_no_host_is_missed():
    given = pillar("workers: [worker9]\nnodes: {'db*': {availability: drain}}")
    assert SCHEMA.check(given) == {"refusals": [], "warnings": [], "malformed": False}


# --- random pillars -------------------------------------------------------------------------------

SECRET = "SWMTKN-1-" + "a" * 50 + "-" + "b" * 25
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.text(max_size=20),
    st.sampled_from(
        ["worker1", "*", "[", "10.0.0.0/8", "::/0", "1h", "0s", "active", "a:b:c", SECRET]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.one_of(SCALARS.filter(lambda key: key == key), st.text()), below, max_size=3
        )
    ),
    max_leaves=8,
)


def of(keys):
    """Dictionaries with keys of the schema, and values that fit rarely."""
    fields = {name: VALUES for name in keys}
    for name, key in keys.items():
        if key.kind.keys and key.kind.words == "dictionary":
            fields[name] = VALUES | of(key.kind.keys)
    return st.fixed_dictionaries({}, optional=fields)


NODES = st.dictionaries(SCALARS, VALUES | of(SCHEMA.NODE), max_size=3)
SWARMS = of({name: key for name, key in SCHEMA.SWARM.items() if name != "nodes"})
PILLARS = st.fixed_dictionaries(
    {},
    optional={
        "swarm": VALUES | st.tuples(SWARMS, NODES).map(lambda both: {**both[0], "nodes": both[1]}),
        "repositories": VALUES
        | st.fixed_dictionaries(
            {
                "repos": VALUES | st.fixed_dictionaries({"docker": VALUES | of(SCHEMA.REPOSITORY)}),
                "pkgs": VALUES
                | st.fixed_dictionaries({"docker-engine": VALUES | of(SCHEMA.PACKAGE)}),
            }
        ),
        **{name: VALUES for name in SCHEMA.ASKED},
    },
)


def found_by(wheel):
    """What ``run`` finds with this key store."""
    module = load()
    module.__salt__ = {"saltutil.wheel": wheel}
    module.__opts__ = {"id": "master_master"}
    return module


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(given=PILLARS)
def test_a_random_pillar_gives_lines_and_no_traceback(given):
    def wheel(function, asked):
        assert function == "key.print" and all(isinstance(one, str) for one in asked)
        return {"return": {"minions": dict.fromkeys(HOSTS, "key")}}

    module = found_by(wheel)
    module.given = given
    found = module.run()
    lines = found["refusals"] + found["warnings"]
    for line in lines:
        assert line.isprintable() or not line.strip(string.printable), line
        assert "\n" not in line and "SWMTKN" not in line
    assert not set(found["managers"]) & set(found["workers"])
    try:
        module.__pillar__ = given
        module.refuse()
    except SaltInvocationError as exc:
        assert "\n" not in str(exc)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(given=st.dictionaries(st.sampled_from(sorted(SCHEMA.ARGUMENTS)), VALUES))
def test_random_arguments_give_one_line_and_no_traceback(given):
    try:
        SCHEMA.require(**given)
    except SaltInvocationError as exc:
        assert "\n" not in str(exc) and "SWMTKN" not in str(exc)


# --- what else comes from the schema ----------------------------------------------------------------


def test_the_pillar_example_has_every_key():
    text = (rendered.PILLAR / "docker.sls").read_text(encoding="utf-8")
    for key in [
        *SCHEMA.SWARM,
        *SCHEMA.CLUSTER,
        *SCHEMA.NODE,
        *SCHEMA.TLS,
        *SCHEMA.REPOSITORY,
        *SCHEMA.PACKAGE,
    ]:
        assert re.search(rf"^ *(# *)?{key}:", text, re.M) or re.search(rf"[{{ ,]{key}:", text), key
    for key in SCHEMA.ASKED:
        assert key in text, key


def test_the_pillar_example_is_right_also_with_its_comments_as_keys():
    text = (rendered.PILLAR / "docker.sls").read_text(encoding="utf-8")
    keys = "|".join(
        [*SCHEMA.SWARM, *SCHEMA.CLUSTER, *SCHEMA.NODE, *SCHEMA.TLS, "worker1", r"'worker\*'"]
    )
    lines = [re.sub(rf"^( *)# ( *({keys}):( |$).*)$", r"\1\2", line) for line in text.splitlines()]
    given = yaml.safe_load("\n".join(lines))
    assert set(given["swarm"]) == set(SCHEMA.SWARM)
    assert SCHEMA.check(given)["refusals"] == []


def test_the_states_take_the_settings_of_the_schema():
    cluster = (rendered.STATES / "_states/swarm_cluster.py").read_text(encoding="utf-8")
    (arguments,) = re.findall(r"^def cluster\(\n(.*?)^\):", cluster, re.M | re.S)
    names = set(re.findall(r"^    (\w+)=", arguments, re.M))
    fixed = {"default_addr_pool", "subnet_size", "data_path_port", "timeout"}
    assert names - fixed == set(SCHEMA.CLUSTER)
