# SPDX-License-Identifier: Apache-2.0
"""The execution functions on services, on hosts in memory."""

import pytest
import rendered
import salt.loader
from salt.exceptions import CommandExecutionError, SaltInvocationError


@pytest.fixture
def formed(fleet):
    fleet.form()
    call(fleet, "swarm.service_create", "nginx:1", "web", environment={"A": "1"})
    return fleet


def call(fleet, function, *args, minion="manager1", **kwargs):
    return fleet[minion].job().salt[function](*args, **kwargs)


def spec(fleet, name="web"):
    return fleet["manager1"].machine.cluster.services[name]["Spec"]


def written(fleet):
    return fleet["manager1"].machine.written


def test_created_with_the_old_arguments_and_with_those_of_compose(formed):
    container = spec(formed)["TaskTemplate"]["ContainerSpec"]
    assert container["Image"] == "nginx:1" and container["Env"] == ["A=1"]
    with pytest.raises(CommandExecutionError, match="service web exists"):
        call(formed, "swarm.service_create", "nginx:1", "web", environment={"A": "1"})
    with pytest.raises(SaltInvocationError, match="did you mean environment"):
        call(formed, "swarm.service_create", "nginx:1", "new", enviroment={"A": "1"})


def row(name, id, mode, **fields):
    """Return a row as the extension gives it."""
    modes = ("replicated", "global", "replicated_job", "global_job")
    counts = ("running_tasks", "desired_tasks", "completed_tasks", "total_completions")
    return {
        **{one: one == mode for one in modes},
        **dict.fromkeys((*counts, "max_replicas"), 0),
        **{"id": id, "name": name, "image": "", "ports": []},
        **fields,
    }


LISTED = [
    row("agent", "s3", "global"),
    row("job", "s1", "replicated_job", desired_tasks=1, completed_tasks=3, total_completions=5),
    row(
        "web",
        "s2",
        "replicated",
        running_tasks=2,
        desired_tasks=3,
        max_replicas=1,
        image="nginx:1@sha256:00",
        ports=[
            {"target": 80, "published": 8080, "protocol": "", "mode": ""},
            {"target": 81, "published": 81, "protocol": "udp", "mode": "host"},
            {"target": 53, "published": 53, "protocol": "udp", "mode": "ingress"},
        ],
    ),
]


def test_ls_in_the_columns_of_docker(formed, tmp_path):
    machine = formed["manager1"].machine
    asked = []

    def service_list(core, filters=None):
        asked.append(filters)
        return LISTED

    machine.do_service_list = service_list
    rows = call(formed, "swarm.service_ls")
    assert asked == [None]
    assert [list(row.values())[1:] for row in rows] == [
        ["agent", "global", "0/0", "", ""],
        ["job", "replicated job", "0/1 (3/5 completed)", "", ""],
        ["web", "replicated", "2/3 (max 1 per node)", "nginx:1", "*:8080->80/tcp, *:53->53/udp"],
    ]
    assert [row["NAME"] for row in call(formed, "swarm.service_ls", name=["web", "s1"])] == [
        "job",
        "web",
    ]
    call(formed, "swarm.service_ls", mode="global", label="a=b")
    assert asked[-1] == {"mode": "global", "label": "a=b"}
    output = salt.loader.outputters(rendered.minion_opts(tmp_path))["swarm_table"]
    lines = output({"manager1": rows}).split("\n")
    assert lines[1].split() == ["ID", "NAME", "MODE", "REPLICAS", "IMAGE", "PORTS"]
    assert output({"manager1": {"a": 1}}) == "manager1:\n    a: 1"


def test_update_changes_what_is_given(formed):
    predicted = call(formed, "swarm.service_update", "web", test=True, environment={"B": "2"})
    assert written(formed) == ["web"]
    done = call(formed, "swarm.service_update", "web", environment={"B": "2"})
    assert done["changes"] == predicted["changes"]
    assert spec(formed)["TaskTemplate"]["ContainerSpec"]["Env"] == ["A=1", "B=2"]
    again = call(formed, "swarm.service_update", "web", environment={"B": "2"})
    assert again["action"] == "none" and written(formed) == ["web"] * 2
    with pytest.raises(CommandExecutionError, match="there is no service wbe"):
        call(formed, "swarm.service_update", "wbe", tty=True)
    with pytest.raises(SaltInvocationError, match="tty: must be true or false"):
        call(formed, "swarm.service_update", "web", tty="x")


def test_scale(formed):
    assert call(formed, "swarm.service_scale", web=3) == {"web": {"old": 1, "new": 3}}
    call(formed, "swarm.service_scale", web=3)
    assert written(formed) == ["web"] * 2, "no write where nothing differs"
    with pytest.raises(CommandExecutionError, match="there is no service nope"):
        call(formed, "swarm.service_scale", web=5, nope=1)
    assert spec(formed)["Mode"]["Replicated"]["Replicas"] == 3, (
        "nothing changes before all is right"
    )
    with pytest.raises(SaltInvocationError, match="web must have a number of tasks from 0, not -1"):
        call(formed, "swarm.service_scale", web=-1)
    with pytest.raises(SaltInvocationError, match="such as web=3"):
        call(formed, "swarm.service_scale")
    with pytest.raises(SaltInvocationError, match="such as web=3, not web 3"):
        call(formed, "swarm.service_scale", "web", 3)


def test_a_slip_in_test_changes_nothing(formed):
    """What is not True would otherwise be a real run."""
    before = written(formed)
    for test in ("treu", 1, "True"):
        for function, given in (
            ("swarm.service_update", {"image": "nginx:9"}),
            ("swarm.stack_deploy", {"contents": "services: {a: {image: b}}"}),
            ("swarm.stack_rollback", {}),
            ("swarm.stack_rm", {}),
        ):
            with pytest.raises(SaltInvocationError, match="test must be True or False, not "):
                call(formed, function, "web", test=test, **given)
    with pytest.raises(SaltInvocationError, match="plan must be True or False, not 'treu'"):
        call(formed, "swarm.evict", "worker1", plan="treu")
    assert written(formed) == before


def test_a_word_that_goes_below_deploy(formed):
    for word in ("replicas", "endpoint_mode"):
        with pytest.raises(
            SaltInvocationError, match=f"^{word}: no such key: it goes below deploy$"
        ):
            call(formed, "swarm.service_update", "web", **{word: 2})


def test_a_number_is_no_image(formed):
    with pytest.raises(SaltInvocationError, match="^image: must be a string, not 5: quote it"):
        call(formed, "swarm.service_update", "web", image=5)


def test_rollback_and_removal(formed):
    call(formed, "swarm.service_update", "web", tty=True)
    assert call(formed, "swarm.service_rollback", "web").startswith("1 of 1 tasks")
    assert "TTY" not in spec(formed)["TaskTemplate"]["ContainerSpec"]
    assert call(formed, "swarm.service_rm", "web") is True
    assert call(formed, "swarm.service_rm", "web") is False, "absent is not an error"


def test_force_update(formed):
    call(formed, "swarm.service_force_update", "web", "monday")
    (given,) = [g for n, g in formed["manager1"].machine.calls if g.get("force_update")]
    assert given["force_update"] == "monday"


def test_inspect_with_the_keys_of_compose(formed):
    assert call(formed, "swarm.service_inspect", "web")["Spec"]["Name"] == "web"
    words = call(formed, "swarm.service_inspect", "web", words=True)
    assert words["image"] == "nginx:1" and words["environment"] == ["A=***"]


def detail(task, text):
    ids = f"com.docker.swarm.node.id=n1,com.docker.swarm.service.id=s1,com.docker.swarm.task.id={task}"
    return ("stdout", f"{ids} {text}\n".encode())


def test_logs_name_the_task_of_each_line(formed):
    machine = formed["manager1"].machine
    task = {"ID": "t1", "Slot": 1, "NodeID": machine.node_id, "CreatedAt": ""}
    service = machine.cluster.services["web"]
    task["ServiceID"] = service["ID"]
    lists = {"service_list": [service], "task_list": [task]}
    machine.do_call = lambda core, op, id=None, **_: lists[op]
    machine.log = [detail("t1", "one"), detail("gone", "two"), ("stdout", b"plain\n")]
    assert call(formed, "swarm.service_logs", "web", tail=5, since="10m").split("\n") == [
        "web.1@manager1 | one",
        "web.gone | two",
        "web | plain",
    ]
    (given,) = [g for n, g in machine.calls if n == "logs"]
    assert given["query"]["tail"] == "5" and given["query"]["since"].isdigit()


def test_a_log_is_cut_to_the_newest(formed):
    machine = formed["manager1"].machine
    machine.do_call = lambda core, op, **_: (
        [machine.cluster.services["web"]] if op == "service_list" else []
    )
    machine.log = [("stdout", b"x" * 1000 + b"\n")] * 1500 + [("stdout", b"last\n")]
    lines = call(formed, "swarm.service_logs", "web", tail="all").split("\n")
    assert lines[0] == "(cut: only the newest 1048576 bytes are shown)"
    assert lines[-1] == "web | last" and len("\n".join(lines[1:])) <= 1024 * 1024


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"tail": -1}, "tail must be"),
        ({"tail": True}, "tail must be"),
        ({"since": "x"}, "since must"),
    ],
)
def test_wrong_arguments_of_logs(formed, given, text):
    with pytest.raises(SaltInvocationError, match=text):
        call(formed, "swarm.service_logs", "web", **given)


@pytest.mark.parametrize("name", [None, True, "", ["web"]])
def test_an_invalid_name(formed, name):
    with pytest.raises(SaltInvocationError, match="name must be a service's id or exact name"):
        call(formed, "swarm.service_inspect", name)
