# SPDX-License-Identifier: Apache-2.0
"""``swarm_leading.left_to``: of several managers, one acts."""

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError


@pytest.fixture
def left_to(fleet):
    fleet.form()
    return lambda name, *args: fleet[name].job().salt["swarm_leading.left_to"](*args)


def test_the_leader_acts_and_the_others_name_it(left_to):
    assert left_to("manager1") is None
    assert left_to("manager2") == left_to("manager3", "leader") == "manager1"


def test_any_manager_acts_where_it_is_asked_to(left_to):
    assert [left_to(f"manager{n}", "any") for n in (1, 2, 3)] == [None] * 3


@pytest.mark.parametrize("runs_on", ["leader", "any"])
def test_a_worker_names_the_managers(left_to, runs_on):
    with pytest.raises(CommandExecutionError, match="ask one of the managers"):
        left_to("worker1", runs_on)


def test_without_a_leader_nobody_acts(fleet, left_to):
    rows = fleet["manager1"].job().salt["swarm.nodes"]()
    for row in rows:
        row["leader"] = False
    fleet["manager2"].machine.do_node_list = lambda core: rows
    with pytest.raises(CommandExecutionError, match="no leader"):
        left_to("manager2")


def test_another_word_is_refused(left_to):
    with pytest.raises(SaltInvocationError, match="runs_on must be leader or any, not True"):
        left_to("manager1", True)


def test_which_manager_leads(fleet, left_to):
    found = {
        name: fleet[name].job().salt["swarm_leading.standing"]()
        for name in ("manager1", "manager2", "manager3")
    }
    assert {name: one["leads"] for name, one in found.items()} == {
        "manager1": True,
        "manager2": False,
        "manager3": False,
    }
    assert {one["cluster"] for one in found.values()} == fleet.clusters()
    with pytest.raises(CommandExecutionError, match="ask one of the managers"):
        fleet["worker1"].job().salt["swarm_leading.standing"]()
