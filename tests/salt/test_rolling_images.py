# SPDX-License-Identifier: Apache-2.0
"""The images of tasks that will move are there before docker.upgrade or docker.reboot empties a host."""

import pytest
from salt.exceptions import SaltInvocationError
from test_rolling import Fleet, roll

__all__ = ["roll"]


@pytest.fixture
def formed(make_fleet):
    return make_fleet(managers=1, workers=1).form()


WEB = {"images": ["web:1@sha256:1"], "nodes": ["id-worker1", "id-worker2"]}
DB = {"images": ["db:1", "api:1"], "nodes": ["id-worker2"]}
CHANGES = {"swarm.evict", "swarm_upgrade.install", "swarm_upgrade.reboot", "swarm_canary.check"}


@pytest.mark.parametrize("what", ["upgrade", "reboot"])
def test_each_host_pulls_what_it_needs_before_the_first_is_emptied(roll, what):
    fleet = Fleet()
    fleet.reboots = {"worker1"}
    fleet.images = [WEB, DB]
    ret = roll(fleet, confirm=False, what=what)
    assert ret["result"] is True, ret["comment"]
    asked = [(host, *given[0:1]) for host, one, given in fleet.asked if "prefetch.pull" in one]
    assert asked == [("worker1", WEB["images"]), ("worker2", [*WEB["images"], *DB["images"]])]
    names = [one for _, one, _ in fleet.calls]
    first = min(names.index(one) for one in CHANGES if one in names)
    assert len(names) - 1 - names[::-1].index("swarm_prefetch.pull") < first
    (nodes,) = [given[0] for _, one, given in fleet.asked if one == "swarm_prefetch.wanted"]
    assert len(nodes) == (5 if what == "upgrade" else 1)


def test_an_image_that_cannot_be_pulled_stops_the_run_and_nothing_is_changed(roll):
    fleet = Fleet()
    fleet.images = [WEB]
    fleet.unpulled = {"web:1@sha256:1": "image web:1@sha256:1 could not be pulled: no route"}
    ret = roll(fleet, confirm=False)
    assert ret["result"] is False and ret["changes"] == {}
    line = "worker1: image web:1@sha256:1 could not be pulled: no route; nothing was changed"
    assert f'{line} ("swarm_ignore": ["images"] goes on without it)' in ret["comment"].splitlines()
    assert not CHANGES & {one for _, one, _ in fleet.calls} and fleet.lock == ""
    ret = roll(fleet, confirm=False, ignore=["images"])
    assert ret["result"] is True
    assert "warning: worker2: image web:1@sha256:1 could not be pulled" in ret["comment"]


def test_an_image_of_a_registry_without_credentials_in_pillar_is_a_warning(roll):
    fleet = Fleet()
    fleet.images, fleet.private = [WEB], {"web:1@sha256:1"}
    fleet.unpulled = {
        "web:1@sha256:1": "the registry r refuses it: credentials are missing or wrong"
    }
    ret = roll(fleet, confirm=False)
    assert ret["result"] is True, ret["comment"]
    line = (
        "warning: worker1: the registry r refuses it: credentials are missing or wrong: see pillar"
    )
    assert f"{line} swarm:registries" in ret["comment"].splitlines()


def test_a_host_that_does_not_answer_stops_it(roll):
    fleet = Fleet()
    fleet.images, fleet.silent = [WEB], {("worker2", "swarm_prefetch.pull")}
    ret = roll(fleet, confirm=False)
    assert "worker2: its minion did not answer" in ret["comment"] and ret["result"] is False
    assert not CHANGES & {one for _, one, _ in fleet.calls}
    fleet = Fleet()
    fleet.fail["manager2", "swarm_prefetch.wanted"] = "no leader"
    assert "manager2: no leader" in roll(fleet, confirm=False)["comment"]
    assert not CHANGES & {one for _, one, _ in fleet.calls}


def test_nodes_that_are_not_in_pillar_are_said(roll):
    fleet = Fleet()
    fleet.images = [{"images": ["web:1"], "nodes": ["id-worker1", "another"]}]
    ret = roll(fleet, confirm=False)
    assert ret["result"] is True
    assert "warning: 1 node that is not in pillar pulls the images" in ret["comment"]


def test_nothing_is_pulled_in_test_mode_nor_without_work(roll):
    fleet = Fleet()
    fleet.images = [WEB]
    roll(fleet, test=True)
    roll(fleet, confirm=False, what="reboot")
    assert not {"swarm_prefetch.pull", "swarm_prefetch.wanted"} & {one for _, one, _ in fleet.calls}


def test_what_a_host_does(formed):
    salt = formed["worker1"].job().salt
    asked = []

    def do(core, image, registry_auth=None, timeout=None):
        asked.append((image, registry_auth, timeout <= 60))
        if image == "gone:1":
            raise core.HTTPError("image gone:1 could not be pulled: no route")
        if image == "r.example:5000/mine:1":
            raise core.HTTPError("the registry refuses it: credentials are missing or wrong")
        return {"image": image, "pulled": image == "new:1"}

    formed["worker1"].machine.do_image_pull = do
    images = ["new:1", "there:1", "gone:1", "r.example:5000/mine:1"]
    assert salt["swarm_prefetch.pull"](images, seconds=60) == {
        "pulled": ["new:1"],
        "failed": {"gone:1": "image gone:1 could not be pulled: no route"},
        "private": {
            "r.example:5000/mine:1": "the registry refuses it: credentials are missing or wrong"
        },
    }
    assert asked == [(image, None, True) for image in images]
    for wrong in (None, "web:1", [1]):
        with pytest.raises(SaltInvocationError, match="images must be a list of names"):
            salt["swarm_prefetch.pull"](wrong)
    with pytest.raises(SaltInvocationError, match="'ask' must be a callable"):
        salt["swarm_prefetch.run"]({})


def test_what_a_manager_says(formed):
    formed["manager1"].machine.do_evict_images = lambda core, nodes: [{"images": nodes}]
    salt = formed["manager1"].job().salt
    assert salt["swarm_prefetch.wanted"](["x"]) == [{"images": ["x"]}]
