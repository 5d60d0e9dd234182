# SPDX-License-Identifier: Apache-2.0
"""The mine entry of a host: one connection for all that a state asks, closed at its end."""

import pytest
import rendered
from salt.exceptions import CommandExecutionError


@pytest.fixture
def fleet(make_fleet):
    return make_fleet(managers=2, workers=1).form()


def test_a_call_by_hand_closes_its_connection(fleet):
    salt = fleet["worker1"].job().salt
    salt["swarm_mine.write"]({"id": "worker1"})
    assert salt["swarm_mine.read"](["worker1", "worker9"]) == {"worker1": {"id": "worker1"}}
    assert [connection.open for connection in fleet.connections] == [False, False]


def test_what_is_held_serves_all_requests_until_its_release(fleet):
    salt = fleet["worker1"].job().salt
    salt["swarm_mine.hold"]()
    assert fleet.connections == []
    salt["swarm_mine.write"]({})
    salt["swarm_mine.read"](["worker1"])
    assert [connection.open for connection in fleet.connections] == [True]
    salt["swarm_mine.release"]()
    salt["swarm_mine.release"]()
    assert [connection.open for connection in fleet.connections] == [False]
    salt["swarm_mine.read"](["worker1"])
    assert len(fleet.connections) == 2


@pytest.mark.parametrize("refused", [False, True])
def test_a_state_opens_one_connection_and_closes_it(fleet, refused):
    run = fleet.new_run()
    fleet.refuse_writes = refused
    ret = fleet["manager1"].job(run=run).state("published")
    assert ret["result"] is not refused
    assert [connection.open for connection in fleet.connections] == [False]


def test_a_bootstrap_that_has_nothing_to_do_opens_few_connections(fleet):
    assert fleet.bootstrap()["ok"]
    fleet.connections.clear()
    assert fleet.bootstrap()["ok"]
    # By state: published on each manager, initialized and joined on each manager, sealed on the
    # one that leads, joined on the worker, verified; and the one that this test's fleet asks.
    assert len(fleet.connections) == 2 + 4 + 1 + 1 + 1 + 1


def test_a_master_that_does_not_answer_is_one_line(fleet):
    fleet.refuse_writes = True
    with pytest.raises(CommandExecutionError) as raised:
        fleet["worker1"].job().salt["swarm_mine.write"]({})
    assert str(raised.value) == "the master does not answer about the mine: Message timed out"


def test_a_masterless_minion_has_the_mine_of_its_own(tmp_path):
    import salt.loader

    opts = rendered.minion_opts(tmp_path, "alone", file_client="local", cachedir=str(tmp_path))
    salt_ = salt.loader.minion_mods(opts)
    salt_["swarm_mine.write"]({"id": "alone"})
    assert salt_["swarm_mine.read"](["alone"]) == {"alone": {"id": "alone"}}
