# SPDX-License-Identifier: Apache-2.0
"""``swarm.*`` called by hand: returns, sources of a token, errors, and core Salt's old names."""

import hashlib

import fake_core
import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError

TOKEN = "SWMTKN-1-" + "a" * 50 + "-" + "b" * 25


@pytest.fixture
def formed(make_fleet):
    """A swarm of one manager and one worker; worker2 outside."""
    fleet = make_fleet(managers=1, workers=1).form()
    fleet.add("worker2")
    return fleet


def salt_of(fleet, name, **kwargs):
    return fleet[name].job(**kwargs).salt


def fails(function, *args, error=CommandExecutionError, **kwargs):
    """The text of the error, which is one line without a token."""
    with pytest.raises(error) as raised:
        function(*args, **kwargs)
    text = str(raised.value)
    assert text and "\n" not in text and "SWMTKN" not in text
    return text


def test_info_of_each_kind_of_host(formed):
    info = salt_of(formed, "manager1")["swarm.info"]()
    assert (info["state"], info["role"]) == ("active", "manager")
    assert set(info) == {
        "state",
        "role",
        "node_id",
        "node_addr",
        "name",
        "error",
        "cluster_id",
        "engine_version",
        "managers",
        "warnings",
    }
    assert salt_of(formed, "worker1")["swarm.info"]()["role"] == "worker"
    info = salt_of(formed, "worker2")["swarm.info"]()
    assert (info["state"], info["role"], info["node_id"]) == ("inactive", "", "")


def test_init_returns_ids_alone(make_fleet):
    fleet = make_fleet(managers=1, workers=0)
    made = salt_of(fleet, "manager1")["swarm.init"](advertise_addr="eth0", availability="drain")
    machine = fleet["manager1"].machine
    assert made == {"node_id": machine.node_id, "cluster_id": machine.cluster.id}


def test_leave_returns_true_and_force_is_handed_on(formed):
    assert salt_of(formed, "worker1")["swarm.leave"]() is True
    assert "use force" in fails(salt_of(formed, "manager1")["swarm.leave"])
    assert salt_of(formed, "manager1")["swarm.leave"](force=True) is True


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({}, SaltInvocationError, "give exactly one of token_file, token_pillar"),
        ({"token": "x", "token_file": "/x"}, SaltInvocationError, "give exactly one of"),
        (
            {"token_file": "/nonexistent"},
            CommandExecutionError,
            "cannot read the token file /nonexistent: No such file or directory",
        ),
        ({"token_pillar": TOKEN}, CommandExecutionError, "token_pillar: pillar has no such key"),
        ({"token_file": TOKEN}, SaltInvocationError, "token_file must begin with /"),
        ({"token_sdb": TOKEN}, SaltInvocationError, "token_sdb must begin with sdb://"),
        ({"token": "x", "role": "boss"}, SaltInvocationError, "role must be worker or manager"),
        ({"token": TOKEN}, CommandExecutionError, "the swarm does not know the join token"),
    ],
)
def test_wrong_token_sources_are_one_line(formed, given, error, words):
    text = fails(salt_of(formed, "worker2")["swarm.join"], "10.0.0.1", error=error, **given)
    assert words in text and TOKEN not in text
    assert formed["worker2"].machine.state == "inactive"


def test_token_from_a_file(formed, tmp_path):
    path = tmp_path / "token"
    path.write_text(formed["manager1"].machine.cluster.tokens["worker"] + "\n")
    joined = salt_of(formed, "worker2")["swarm.join"](["10.0.0.1"], token_file=str(path))
    assert joined == {"node_id": formed["worker2"].machine.node_id, "role": "worker"}


def test_a_managers_token_for_a_worker_is_an_error_that_says_so(formed, tmp_path):
    path = tmp_path / "token"
    path.write_text(formed["manager1"].machine.cluster.tokens["manager"])
    text = fails(salt_of(formed, "worker2")["swarm.join"], "10.0.0.1", token_file=str(path))
    assert "the join token is a manager's" in text
    assert formed["worker2"].machine.node_id in text


@pytest.mark.parametrize(("role", "other"), [("worker", "manager"), ("manager", "worker")])
def test_a_token_of_the_other_role_is_refused_before_the_join(formed, tmp_path, role, other):
    formed["manager1"].job().salt["swarm_facts.publish"]()
    path = tmp_path / "token"
    path.write_text(formed["manager1"].machine.cluster.tokens[other])
    functions = salt_of(formed, "worker2")
    text = fails(functions["swarm.join"], "10.0.0.1", token_file=str(path), role=role)
    assert text == (
        f"the join token is the {other} token of the swarm of manager1, and this host is to become a"
        f" {role}: give the {role} token, or role={other}"
    )
    assert "join" not in dict(formed["worker2"].machine.calls), "nothing was sent"
    path.write_text(formed["manager1"].machine.cluster.tokens[role])
    assert functions["swarm.join"]("10.0.0.1", token_file=str(path), role=role)["role"] == role


def test_token_from_pillar(formed):
    token = formed["manager1"].machine.cluster.tokens["worker"]
    functions = salt_of(formed, "worker2", pillar={"secrets": {"swarm": token}})
    assert functions["swarm.join"]("10.0.0.1", token_pillar="secrets:swarm")["role"] == "worker"


def test_token_from_sdb(formed):
    token = formed["manager1"].machine.cluster.tokens["worker"]
    job = formed["worker2"].job()
    job.replace("sdb.get", lambda uri: token if uri == "sdb://vault/swarm" else uri)
    assert "sdb has nothing at sdb://vault/other" in fails(
        job.salt["swarm.join"], "10.0.0.1", token_sdb="sdb://vault/other"
    )
    joined = job.salt["swarm.join"]("10.0.0.1", token_sdb="sdb://vault/swarm")
    assert joined["role"] == "worker"


def test_join_token_shows_it_on_request_alone(formed):
    cluster = formed["manager1"].machine.cluster
    function = salt_of(formed, "manager1")["swarm.join_token"]
    ret = {"role": "worker", "cluster_id": cluster.id, "digest": cluster.digest}
    ret["fingerprints"] = {
        role: hashlib.sha256(token.encode()).hexdigest() for role, token in cluster.tokens.items()
    }
    assert function("worker") == ret
    assert function("worker", show="yes") == ret, "only True shows a secret"
    assert function("manager", show=True)["token"] == cluster.tokens["manager"]
    assert "role must be" in fails(function, "boss", error=SaltInvocationError)


def test_managers_function_on_a_worker_names_the_managers(formed):
    for name in ("node_ls", "nodes", "node_inspect"):
        text = fails(salt_of(formed, "worker1")[f"swarm.{name}"])
        assert text == "this host is a worker; ask one of the managers: 10.0.0.1:2377"


def test_managers_function_outside_a_swarm_says_so(formed):
    assert fails(salt_of(formed, "worker2")["swarm.node_ls"]) == "this host is not in a swarm"


def test_engine_that_does_not_answer_is_an_error_and_no_empty_answer(formed):
    formed["worker1"].machine.docker = "stopped"
    for name in ("info", "leave", "node_ls"):
        text = fails(salt_of(formed, "worker1")[f"swarm.{name}"])
        assert text.startswith("docker does not answer")


def test_wrong_type_is_one_redacted_line_and_no_docstring(formed):
    job = formed["worker2"].job()

    def refuse(core, **_):
        raise TypeError(f"remote_addrs must be a list of str, not {TOKEN}")

    formed["worker2"].machine.do_join = refuse
    text = fails(job.salt["swarm.join"], "10.0.0.1", token=TOKEN, error=SaltInvocationError)
    assert text == "remote_addrs must be a list of str, not <redacted>"


def test_client_is_closed_also_after_an_error(formed, monkeypatch):
    closed = []
    monkeypatch.setattr(fake_core.Client, "close", lambda self: closed.append(self))
    salt_of(formed, "manager1")["swarm.info"]()
    fails(salt_of(formed, "worker1")["swarm.node_ls"])
    assert len(closed) == 2


def test_reachable_returns_who_listens(formed):
    function = salt_of(formed, "worker2")["swarm_core.reachable"]
    assert function(["10.0.0.1", "10.0.0.2:2377", "10.0.0.1:80"]) == ["10.0.0.1"]
    assert function("10.0.0.1:2377") == ["10.0.0.1:2377"]
    assert function([]) == []
    formed.network.silent.add("10.0.0.9:2377")
    assert function(["10.0.0.9:2377", "10.0.0.1:2377"]) == ["10.0.0.1:2377"]


def test_node_ls_has_dockers_columns_sorted_naturally(make_fleet):
    fleet = make_fleet(managers=2, workers=11).form()
    fleet["worker10"].machine.docker = "stopped"
    rows = salt_of(fleet, "manager1")["swarm.node_ls"]()
    names = ["manager1", "manager2", *(f"worker{number}" for number in range(1, 12))]
    assert [row["HOSTNAME"] for row in rows] == names
    assert rows[0] == {
        "ID": fleet["manager1"].machine.node_id,
        "HOSTNAME": "manager1",
        "STATUS": "Ready",
        "AVAILABILITY": "Drain",
        "MANAGER STATUS": "Leader",
        "ENGINE VERSION": "26.1.5",
        "SELF": True,
    }
    assert rows[1]["MANAGER STATUS"] == "Reachable" and rows[1]["SELF"] is False
    assert rows[2]["MANAGER STATUS"] == ""
    assert rows[11]["STATUS"] == "Down"
    one = salt_of(fleet, "manager1")["swarm.node_ls"](server="worker1")
    assert [row["HOSTNAME"] for row in one] == ["worker1"], "exactly this name, no prefix"


def test_node_update_returns_the_fields_that_differ(formed):
    function = salt_of(formed, "manager1")["swarm.node_update"]
    ret = function("worker1", availability="pause")
    assert ret == {
        "id": formed["worker1"].machine.node_id,
        "old": {"Availability": "active"},
        "new": {"Availability": "pause"},
    }
    assert function("worker1", availability="pause")["new"] == {}


def test_node_update_sends_only_what_is_given(formed):
    salt_of(formed, "manager1")["swarm.node_update"]("worker1", labels={"disk": "ssd", "rack": 7})
    name, given = formed["manager1"].machine.calls[-1]
    assert name == "node_update"
    assert given["patch"] == {"Labels": {"disk": "ssd", "rack": "7"}}
    salt_of(formed, "manager1")["swarm.node_update"]("worker1", labels={"disk": None})
    assert formed["manager1"].machine.calls[-1][1]["patch"] == {"Labels": {"disk": None}}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "nothing to change: give availability"),
        ({"labels": "a"}, "labels must be a dictionary of names and values"),
    ],
)
def test_node_update_with_wrong_input(formed, given, words):
    function = salt_of(formed, "manager1")["swarm.node_update"]
    assert words in fails(function, "worker1", error=SaltInvocationError, **given)


def test_drain_and_removal_of_unknown_nodes_are_one_line(formed):
    assert fails(salt_of(formed, "manager1")["swarm.drain"], "worker9") == "no node worker9"
    assert fails(salt_of(formed, "manager1")["swarm.node_rm"], "worker9") == "no node worker9"


def test_drain_returns_what_it_changed(formed):
    ret = salt_of(formed, "manager1")["swarm.drain"]("worker1")
    assert ret["new"] == {"Availability": "drain"}
    assert salt_of(formed, "manager1")["swarm.drain"]("worker1")["new"] == {}


def test_node_rm_hands_on_force_and_demote(formed):
    function = salt_of(formed, "manager1")["swarm.node_rm"]
    assert "is not down" in fails(function, "worker1")
    assert function("worker1", force=True) is True
    given = {"node": "worker1", "force": True, "demote": False, "timeout": None}
    assert formed["manager1"].machine.calls[-1] == ("node_remove", given)


def test_node_rm_of_a_manager_requires_demote(make_fleet):
    fleet = make_fleet(managers=3, workers=0).form()
    fleet["manager3"].machine.wipe()
    function = salt_of(fleet, "manager1")["swarm.node_rm"]
    assert "is a manager" in fails(function, "manager3", force=True)
    assert function("manager3", force=True, demote=True) is True


# --- the old names --------------------------------------------------------------------------------


def test_swarm_tokens_hides_them_unless_asked(formed):
    cluster = formed["manager1"].machine.cluster
    function = salt_of(formed, "manager1")["swarm.swarm_tokens"]
    assert function() == {"Cluster": cluster.id, "Digest": cluster.digest}
    assert function(show=True) == {
        "Worker": cluster.tokens["worker"],
        "Manager": cluster.tokens["manager"],
    }


@pytest.mark.parametrize("name", ["init", "swarm_init"])
def test_a_new_cluster_is_not_forced_where_a_leader_is_seen(formed, name):
    job = formed["manager1"].job()
    job.replace("swarm_state_dir.key_locked", lambda: False)
    text = fails(job.salt[f"swarm.{name}"], force_new_cluster=True)
    assert "has a leader" in text
    job.salt[f"swarm.{name}"](force_new_cluster=True, force_despite_leader=True)
    asked = [given for call, given in formed["manager1"].machine.calls if call == "init"]
    assert [given["force_despite_leader"] for given in asked] == [False, True]


@pytest.mark.parametrize("name", ["init", "swarm_init"])
def test_a_new_cluster_is_not_forced_with_autolock(formed, name):
    job = formed["manager1"].job()
    job.replace("swarm_state_dir.key_locked", lambda: True)
    text = fails(job.salt[f"swarm.{name}"], force_new_cluster=True, force_despite_leader=True)
    assert text.startswith("autolock is on") and "swarm.unlock key_file=" in text
    assert "init" not in [call for call, _ in formed["manager1"].machine.calls]


def test_swarm_init_returns_no_token(make_fleet):
    fleet = make_fleet(managers=1, workers=0)
    ret = salt_of(fleet, "manager1")["swarm.swarm_init"]("eth0", "0.0.0.0", False)
    assert ret == {
        "Comment": "Docker swarm has been initialized on manager1",
        "NodeID": fleet["manager1"].machine.node_id,
    }
    given = dict(fleet["manager1"].machine.calls)["init"]
    assert (given["advertise_addr"], given["listen_addr"]) == ("eth0", "0.0.0.0")


def test_joinswarm_and_leave_swarm(formed):
    token = formed["manager1"].machine.cluster.tokens["worker"]
    functions = salt_of(formed, "worker2")
    ret = functions["swarm.joinswarm"](remote_addr="10.0.0.1", listen_addr="0.0.0.0", token=token)
    assert ret == {"Comment": "worker2 has joined the swarm", "Manager_Addr": "10.0.0.1"}
    assert dict(formed["worker2"].machine.calls)["join"]["listen_addr"] == "0.0.0.0"
    assert functions["swarm.leave_swarm"]() == {"Comment": "worker2 has left the swarm"}
    assert formed["worker2"].machine.state == "inactive"


def called(fleet, op):
    return [given for name, given in fleet["manager1"].machine.calls if given.get("op") == op]


def test_service_create_sends_what_the_old_one_lost_or_swapped(formed):
    ret = salt_of(formed, "manager1")["swarm.service_create"](
        image="httpd",
        name="web",
        command="httpd -D 'a b'",
        hostname="front",
        replicas="6",
        target_port=80,
        published_port=8080,
    )
    assert called(formed, "service_create")[0]["body"] == {
        "Name": "web",
        "TaskTemplate": {
            "ContainerSpec": {
                "Image": "httpd",
                "Args": ["httpd", "-D", "a b"],
                "Hostname": "front",
            }
        },
        "Mode": {"Replicated": {"Replicas": 6}},
        "EndpointSpec": {"Ports": [{"TargetPort": 80, "PublishedPort": 8080}]},
    }
    assert (ret["ID"], ret["Name"], ret["Minion"]) == ("service1", "web", "manager1")


def test_service_create_without_ports_and_with_wrong_ones(formed):
    function = salt_of(formed, "manager1")["swarm.service_create"]
    function("httpd", "web")
    assert "EndpointSpec" not in called(formed, "service_create")[0]["body"]
    for wrong, words in (
        ({"published_port": 80}, "published_port requires target_port"),
        ({"replicas": "many"}, "replicas must be a number, not 'many'"),
        ({"target_port": "http"}, "target_port must be a number, not 'http'"),
        ({"command": "httpd 'open"}, "cannot split the command: No closing quotation"),
    ):
        text = fails(function, "httpd", "web", error=SaltInvocationError, **wrong)
        assert words in text


SERVICE = {
    "ID": "s1",
    "CreatedAt": "c",
    "UpdatedAt": "u",
    "Version": {"Index": 7},
    "Spec": {
        "Name": "web",
        "Mode": {"Replicated": {"Replicas": 2}},
        "TaskTemplate": {"ContainerSpec": {"Image": "httpd"}},
    },
    "Endpoint": {
        "Spec": {"Mode": "vip"},
        "Ports": [
            {"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080, "PublishMode": "ingress"}
        ],
        "VirtualIPs": [{"NetworkID": "n"}],
    },
}


def test_swarm_service_info_in_the_old_keys(formed):
    formed["manager1"].machine.service = SERVICE
    info = salt_of(formed, "manager1")["swarm.swarm_service_info"]("web")
    assert called(formed, "service_inspect")[0]["id"] == "web"
    assert info["Service Name"] == "web" and info["Replicas"] == 2 and info["Version"] == 7
    assert (info["Published Port"], info["Target Port"]) == (8080, 80)
    assert info["Docker Image"] == "httpd" and info["Network Mode"] == "vip"


def test_swarm_service_info_of_a_global_service_without_ports(formed):
    spec = {**SERVICE["Spec"], "Mode": {"Global": {}}}
    formed["manager1"].machine.service = {**SERVICE, "Spec": spec, "Endpoint": {}}
    info = salt_of(formed, "manager1")["swarm.swarm_service_info"]("web")
    assert info["Replicas"] is None and info["Ports"] == [] and info["Published Port"] is None


def test_remove_service(formed):
    ret = salt_of(formed, "manager1")["swarm.remove_service"]("web")
    assert called(formed, "service_delete")[0]["id"] == "web"
    assert ret == {"Service Deleted": "web", "Minion ID": "manager1"}


def test_remove_node_takes_a_real_boolean(formed):
    node_id = formed["worker1"].machine.node_id
    function = salt_of(formed, "manager1")["swarm.remove_node"]
    assert "is not down" in fails(function, node_id, force=False)
    assert function(node_id, force=True) is True
    assert node_id not in formed["manager1"].machine.cluster.nodes


def test_update_node_keeps_what_is_not_given(formed):
    node = formed["manager1"].machine.cluster.nodes[formed["worker1"].machine.node_id]
    node["labels"] = {"disk": "ssd"}
    function = salt_of(formed, "manager1")["swarm.update_node"]
    ret = function(availability="drain", node_name="worker1", version=1)
    assert ret == {"Node Information": {"Availability": "drain"}}
    assert node["labels"] == {"disk": "ssd"} and node["availability"] == "drain"
