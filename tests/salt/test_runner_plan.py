# SPDX-License-Identifier: Apache-2.0
"""``salt-run swarm.plan``: what an orchestration's test mode says, host by host."""

import re

import pytest
import rendered
from runners import call, printed, ran, state, step
from test_module_schema import SCHEMA


def planned(runner, answer, *args, **kwargs):
    asked = []

    def orchestrate(mods, **given):
        asked.append((mods, given))
        return answer

    # The orchestration asks the hosts; a plan that asked them again would cost more than the run.
    def ask(*_):
        raise AssertionError("another job")

    instead = {"state.orchestrate": orchestrate, "swarm_master.ask": ask}
    loader = runner(__salt__=instead)
    return call(loader, "plan", *args, **kwargs), asked


PREDICTED = ran(
    step(
        "release",
        manager1={
            "a": state(True, "fine"),
            "b": state(
                None,
                "would be drained",
                {"worker2 (n2)": {"availability": {"old": "active", "new": "drain"}}},
            ),
        },
        worker2=False,
    ),
    step("delete", manager1={"c": state(None, "would go", {"n2": {"old": "worker2", "new": ""}})}),
    result=None,
)
REASONS = {"manager1": ["the cluster has no leader"], "worker3": ["its minion did not answer"]}
REFUSED = ran(
    step("release", manager1={"a": state(False, "the cluster has no leader")}, worker3=False),
    result=False,
    refused=REASONS,
    notes=["an even number of managers"],
)


def test_drift_is_listed_after_the_changes(runner):
    """The hosts have said it in the steps: nobody is asked again."""
    line = "docker-ce is 5:26.1.0, pillar says 5:28.5.2 (not changed: this host is a member of a swarm)"
    drift = {"manager1": [line], "worker1": [line]}
    told = [f"manager1: {line}", f"worker1: {line}"]
    changed = state(None, "would be made", {"swarm": {"old": "", "new": "manager"}})
    answer = ran(step("cluster", manager1={"a": changed}), result=None, drift=drift)
    found, _ = planned(runner, answer)
    assert found["lines"] == ["manager1: swarm: gone -> manager", *told]
    assert found["possible"] and found["drift"] == drift and found["retcode"] == 0
    found, _ = planned(runner, ran(drift=drift))
    assert found["lines"] == ["docker.bootstrap would change nothing", *told]
    refused = ran(result=False, refused=REASONS, drift=drift)
    found, _ = planned(runner, refused, data=True)
    assert found["drift"] == {}


def test_for_people(runner, capsys):
    found, asked = planned(runner, PREDICTED, "remove", swarm_hosts=["worker2"], __pub_jid=1)
    assert found["lines"] == [
        "manager1: worker2 (n2): availability active -> drain",
        "manager1: n2: worker2 -> gone",
    ]
    assert (found["retcode"], found["outputter"]) == (0, "swarm_report")
    assert asked == [("docker.remove", {"test": True, "pillar": {"swarm_hosts": ["worker2"]}})]
    out, err = capsys.readouterr()
    assert out == "", "stdout is for the result"
    assert err == "docker.remove in test mode: each step asks its hosts\n"


def test_as_data(runner):
    found, _ = planned(runner, PREDICTED, "remove", data=True)
    assert found["possible"] is True and found["refused"] == {}
    assert [(one["step"], one["comment"]) for one in found["hosts"]["manager1"]] == [
        ("release", "would be drained"),
        ("delete", "would go"),
    ]
    assert "lines" not in found and "outputter" not in found


def test_a_refusal(runner):
    found, asked = planned(runner, REFUSED)
    assert (found["possible"], found["retcode"]) == (False, 1)
    assert found["refused"] == REASONS and found["hosts"] == {}
    assert found["lines"] == [
        "docker.bootstrap would stop:",
        "an even number of managers",
        "manager1: the cluster has no leader",
        "worker3: its minion did not answer",
    ]
    assert asked[0][0] == "docker.bootstrap"


def test_a_refusal_without_reasons_says_its_comment(runner):
    found, _ = planned(runner, ran(result=False, comment="the state is not there"))
    assert found["lines"] == ["docker.bootstrap would stop:", "bootstrap: the state is not there"]


def test_notes_come_before_what_would_change(runner):
    found, _ = planned(runner, ran(notes=["an even number of managers"]))
    assert found["lines"] == ["an even number of managers", "docker.bootstrap would change nothing"]


def test_nothing_to_do(runner):
    found, _ = planned(runner, ran())
    assert (found["lines"], found["retcode"]) == (["docker.bootstrap would change nothing"], 0)


def test_an_sls_that_does_not_render(runner):
    answer = {"data": {"master_master": ["Rendering SLS failed"]}}
    found, _ = planned(runner, answer)
    assert (found["lines"][-1], found["retcode"]) == ("bootstrap: Rendering SLS failed", 1)


@pytest.mark.parametrize(
    "args, kwargs, text",
    [
        (["update"], {}, "unknown orchestration 'update' (valid: bootstrap, remove,"),
        ([["remove"]], {}, "unknown orchestration ['remove'] (valid: bootstrap"),
        (["remove"], {"hosts": "x"}, "docker.remove does not take hosts (valid: swarm_hosts)"),
        (
            [],
            {"swarm_hosts": "x"},
            "docker.bootstrap does not take swarm_hosts (valid: swarm_ignore)",
        ),
        (["remove"], {"swarm": {"managers": ["x"]}}, "docker.remove does not take swarm (valid:"),
        (["remove"], {"pillar": "x"}, "pillar must be a dictionary, not 'x'"),
        (["remove"], {"pillar": {1: "x"}}, "docker.remove does not take 1 (valid: swarm_hosts)"),
        (["remove", True, "base", "x"], {}, "too many positional arguments (arguments: "),
    ],
)
def test_a_wrong_argument_of_a_plan(runner, args, kwargs, text):
    """It is one line, and no orchestration runs."""
    found, asked = planned(runner, PREDICTED, *args, **kwargs)
    (problem,) = found["problems"]
    assert problem.startswith(text) and "\n" not in problem
    assert (found["retcode"], asked) == (2, [])


GIVEN = [
    ("bootstrap", {}),
    ("docker.remove", {"swarm_hosts": ["worker2"]}),
    ("replace", {"swarm_replace": {"worker2": "worker9"}}),
    (
        "rotate",
        {"swarm_rotate": ["ca"], "swarm_rotate_key": "1", "swarm_unlock_key": {"file": "/x"}},
    ),
    ("teardown", {"swarm_teardown": "c1"}),
    ("recover", {"swarm_recover": "manager2", "swarm_confirm": "n2"}),
]


@pytest.mark.parametrize("name, pillar", GIVEN)
def test_what_each_orchestration_takes_is_passed_on(runner, name, pillar):
    for given in (pillar, {"pillar": pillar}):
        found, asked = planned(runner, PREDICTED, name, saltenv="prod", **given)
        name = name.removeprefix("docker.")
        assert asked == [(f"docker.{name}", {"test": True, "saltenv": "prod", "pillar": pillar})], (
            found
        )


def test_an_orchestration_takes_what_its_sls_reads(runner):
    """The runner's table and the files agree."""
    table = runner()["swarm.plan"].func.__globals__["ORCHESTRATIONS"]
    assert {f"docker.{name}": keys for name, keys in table.items()} == SCHEMA.TAKES
    folder = rendered.STATES / "docker"
    own = {"swarm_run", "swarm_facts", "swarm_leading"}
    for name, known in table.items():
        read = set(re.findall(r"\bswarm_[a-z_]+\b", (folder / f"{name}.sls").read_text()))
        assert read - own <= set(known), name
    files = [*folder.glob("*.*"), rendered.STATES / "_modules/swarm_schema.py"]
    anywhere = " ".join(path.read_text() for path in files).replace('"', "'")
    for known in table.values():
        assert all(f"pillar.get('{key}')" in anywhere for key in known), known


def test_a_plan_is_printed_as_its_lines(runner, tmp_path):
    found, _ = planned(runner, REFUSED)
    assert printed(tmp_path, found) == "\n".join(found["lines"])
