# SPDX-License-Identifier: Apache-2.0
"""The task that tries a node: what is made, in which order, and that nothing of it stays."""

import importlib.util

import pytest
import rendered
from salt.exceptions import CommandExecutionError, SaltInvocationError

NETWORK = "saltext-swarm-canary"
GOOD = {"outcome": "converged", "exit_code": 0, "text": "", "nodes": []}
BAD = {"outcome": "failed", "exit_code": 1, "text": "non-zero exit (1)", "nodes": []}


class Manager:
    """Services and networks by name, with what was done in ``done``."""

    def __init__(self):
        self.done, self.services, self.networks, self.ends = [], {}, [], {}
        self.killed = ""

    def core(self, method, *args, **more):
        self.done.append((method, args[0]))
        if method == self.killed:
            raise KeyboardInterrupt
        if method == "network_apply":
            assert args[1] == {"labels": {"saltext.swarm.canary": "yes"}}
            self.networks = [args[0]]
        elif method == "network_remove":
            assert not self.services, "it is in use"
            self.networks.remove(args[0])
        elif method == "object_remove":
            del self.services[args[1]]
        elif method == "service_settle":
            return {**GOOD, **self.ends.get(args[0], {})}
        return None

    def call(self, operation, query):
        assert query == {"filters": {"label": ["saltext.swarm.canary"]}}
        if operation == "network_list":
            return [{"Name": name} for name in self.networks]
        return [{"ID": name, "Spec": {"Name": name}} for name in self.services]

    def apply(self, name, words):
        assert words["deploy"]["labels"] == {"saltext.swarm.canary": "yes"}
        self.done.append(("apply", name))
        self.services[name] = words


@pytest.fixture
def made():
    """``(module, manager)``."""
    path = rendered.STATES / "_modules/swarm_canary.py"
    spec = importlib.util.spec_from_file_location("swarm_canary_under_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    manager = Manager()
    module.__salt__ = {
        "swarm_core.core": manager.core,
        "swarm_core.call": manager.call,
        "swarm_words.apply": manager.apply,
    }
    return module, manager


def test_the_nodes_take_tasks_last(made):
    module, manager = made
    words = {}
    before = manager.apply
    module.__salt__["swarm_words.apply"] = lambda name, one: (
        words.update({name: one}), before(name, one)
    )  # fmt: skip
    assert module.check(["n1", "n2"], "busybox", peer="n3") == {"n1": "", "n2": ""}
    assert [method for method, _ in manager.done] == [
        "network_apply", "apply", "service_settle", "apply", "apply", "node_update", "node_update",
        "service_settle", "service_settle", "object_remove", "object_remove", "object_remove",
    ]  # fmt: skip
    deploy = {name: one["deploy"] for name, one in words.items()}
    assert deploy[f"{NETWORK}-peer"]["placement"] == {"constraints": ["node.id==n3"]}
    assert deploy[f"{NETWORK}-n1"]["mode"] == "replicated-job"
    assert words[f"{NETWORK}-n1"]["environment"]["PEER"] == f"{NETWORK}-peer"
    assert manager.services == {} and manager.networks == [NETWORK]
    assert module.clear() == [NETWORK] and manager.networks == []
    assert module.clear() == []


def test_a_task_that_does_not_reach_the_other_one(made):
    module, manager = made
    manager.ends[f"{NETWORK}-n1"] = BAD
    assert module.check(["n1"], "busybox", peer="n3") == {
        "n1": "no connection (open UDP 4789, TCP and UDP 7946): non-zero exit (1)"
    }
    assert module.check(["n1"], "busybox", command="try", peer="n3") == {"n1": "non-zero exit (1)"}
    assert module.check(["n1"], "busybox") == {"n1": "non-zero exit (1)"}
    assert manager.services == {}


def test_the_other_one_does_not_run(made):
    module, manager = made
    manager.ends[f"{NETWORK}-peer"] = {**BAD, "text": "No such image: busybox"}
    with pytest.raises(CommandExecutionError, match="the other task does not run: No such image"):
        module.check(["n1"], "busybox", peer="n3")
    assert manager.services == {} and ("node_update", "n1") not in manager.done


@pytest.mark.parametrize("method", ["network_apply", "service_settle", "node_update"])
def test_what_a_killed_one_has_left_is_removed_by_the_next(made, method):
    module, manager = made
    remove = module._remove
    module._remove = lambda: None
    manager.killed = method
    with pytest.raises(KeyboardInterrupt):
        module.check(["n1"], "busybox", peer="n3")
    module._remove, manager.killed = remove, ""
    left = [*manager.services, *manager.networks]
    assert module.clear() == left
    assert manager.services == {} and manager.networks == []


@pytest.mark.parametrize("arguments", [{}, {"nodes": []}, {"nodes": "n1", "image": "a"}])
def test_wrong_arguments(made, arguments):
    with pytest.raises(SaltInvocationError, match="give nodes, a list of full ids"):
        made[0].check(**arguments)
    assert made[1].done == []
