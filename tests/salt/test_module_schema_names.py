# SPDX-License-Identifier: Apache-2.0
"""The schema of pillar: names in the wrong form, keys beside ``swarm``, and what to write instead."""

import pytest
from test_module_schema import SCHEMA, check, pillar

SLIPS = [
    (
        "managers: {manager1: 10.0.0.1, manager2: 10.0.0.2, manager3: 10.0.0.3}",
        "pillar swarm:managers must be a list of minion ids, not a dictionary: write [manager1, manager2, manager3]",
    ),
    (
        "managers: [manager1 manager2 manager3]",
        "'manager1 manager2 manager3' in pillar swarm:managers or swarm:workers is one name: write [manager1, manager2, manager3]",
    ),
    (
        "workers: ['worker1,worker2']",
        "'worker1,worker2' in pillar swarm:managers or swarm:workers is one name: write [worker1, worker2]",
    ),
    (
        "managers: ['G@role:manager']",
        "pillar swarm:managers must be exact minion ids, not the target 'G@role:manager'",
    ),
    (
        "workers: ['N@workers']",
        "pillar swarm:workers must be minion ids or globs, not the target 'N@workers'",
    ),
    (
        "workers: ['!worker1']",
        "pillar swarm:workers must be minion ids or globs, not the target '!worker1'",
    ),
]


@pytest.mark.parametrize("text, line", SLIPS)
def test_the_one_line_says_what_to_write(text, line):
    assert check(pillar(text))["refusals"] == [line]


def test_a_name_in_a_list_of_names_is_checked_at_once():
    lines = check(pillar("window: {from: '02:00', to: '05:00', days: saturday}"))["refusals"]
    assert lines == [
        "pillar swarm:window:days must be a list of days such as sat, not 'saturday'",
        "pillar swarm:window:days: each entry must be mon, tue, wed, thu, fri, sat or sun, not 'saturday'",
    ]


@pytest.mark.parametrize("name", ["Swarm", "swam", "swarms"])
def test_a_misspelt_pillar_is_not_one_that_is_not_assigned(name):
    line = f"unknown key '{name}' in pillar (did you mean 'swarm'?)"
    assert SCHEMA._nobody({name: {"managers": ["manager1"]}}, "master") == line
    assert "assign the swarm pillar" in SCHEMA._nobody({"swap": 1, "docker": {}}, "master")


TOP = [
    # What the orchestrations take.
    ("swarm_host: [worker1]", "unknown key 'swarm_host' in pillar (did you mean 'swarm_hosts'?)"),
    ("swarm_hosts: 5", "pillar swarm_hosts must be a list of minion ids, not 5"),
    (
        "swarm_replace: [a, b]",
        "pillar swarm_replace must be a dictionary (old host to new host), not a list",
    ),
    (
        "swarm_replace: {a: 5}",
        "pillar swarm_replace:a must be a minion id, not 5: quote it in YAML",
    ),
    ("swarm_replace: {a: , b: c}", "pillar swarm_replace:a names no new host"),
    (
        "swarm_replace: {'worker*': worker9}",
        "pillar swarm_replace must be exact minion ids or node ids, not 'worker*': name each host",
    ),
    (
        "swarm_hosts: 'worker?'",
        "pillar swarm_hosts must be exact minion ids or node ids, not 'worker?': name each host",
    ),
    (
        "swarm_hosts: [worker1, G@role:old]",
        "pillar swarm_hosts must be exact minion ids or node ids, not 'G@role:old': name each host",
    ),
    ("swarm_recover: [manager1]", "pillar swarm_recover must be a minion id, not a list"),
    ("swarm_confirm: 5", "pillar swarm_confirm must be a node id, not 5: quote it in YAML"),
    (
        "swarm_teardown: True",
        "pillar swarm_teardown must be a cluster id, not True: quote it in YAML",
    ),
    (
        "swarm_rotate: [workr]",
        "pillar swarm_rotate: each entry must be ca, worker, manager or unlock_key, not 'workr' (did you mean 'worker'?)",
    ),
    (
        "swarm_rotate_key: 2026.10",
        "pillar swarm_rotate_key must be a string or integer, not 2026.1: quote it in YAML",
    ),
    (
        "swarm_unlock_key: {key_file: key}",
        "pillar swarm_unlock_key:key_file must be an absolute path"
        " (not shown, it may be a secret that was put in its place)",
    ),
    (
        "swarm_unlock_key: {key_file: SWMKEY-1-abcdefghijklmnop}",
        "pillar swarm_unlock_key:key_file must be an absolute path"
        " (not shown, it may be a secret that was put in its place)",
    ),
    (
        "swarm_unlock_key: {key_file: /a, key_sdb: 'sdb://a/b'}",
        'pillar swarm_unlock_key must be {"key_file": "/path"} or {"key_sdb": "sdb://profile/key"}',
    ),
    # The repository and the package.
    ("repositories: docker", "pillar repositories must be a dictionary, not 'docker'"),
    (
        "repositories: {repos: [docker]}",
        "pillar repositories:repos must be a dictionary, not a list",
    ),
    (
        "repositories: {repos: {docker: {baseurl: 'https://a'}}}",
        "pillar repositories:repos:docker:gpgkey is missing",
    ),
    (
        "repositories: {pkgs: {docker-engine: {verson: '1'}}}",
        "unknown key 'verson' under repositories:pkgs:docker-engine (did you mean 'version'?)",
    ),
    ("repositories: {repo: {}}", "unknown key 'repo' under repositories (did you mean 'repos'?)"),
    (
        "repositories: {pkgs: {docker_engine: {version: '1'}}}",
        "unknown key 'docker_engine' under repositories:pkgs (did you mean 'docker-engine'?)",
    ),
    (
        "repositories: {pkgs: {docker-engine: {version: 26.1}}}",
        "pillar repositories:pkgs:docker-engine:version must be a string, not 26.1: quote it in YAML",
    ),
]


@pytest.mark.parametrize("text, line", TOP)
def test_a_slip_beside_swarm_is_exactly_this_line(text, line):
    assert check(pillar(top=text))["refusals"] == [line]
