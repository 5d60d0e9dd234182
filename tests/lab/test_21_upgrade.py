# SPDX-License-Identifier: Apache-2.0
"""
The engines of a small swarm, upgraded from Debian's own to the next while a service runs. It is the last
but the search for secrets: other tests need hosts of one engine.
"""

import os

import next_engine
import pytest
import upgrading
from conftest import LAB, all_leave

HOSTS = ["manager1", "worker1", "worker2"]
# An engine of the next suite does not fit Debian 12, whose libraries are too old for it.
pytestmark = pytest.mark.skipif(
    os.environ.get("LAB_SUITE", "trixie") != "trixie", reason="no newer engine fits this suite"
)


@pytest.fixture(scope="module")
def few(lab):
    """One manager and two workers, whatever the lab has, with the service web; the newer engine is offered."""
    all_leave(lab)
    lab.pillar(managers=HOSTS[:1], workers=HOSTS[1:])
    run = lab.bootstrap()
    assert run.code == 0, run.why()
    assert set(lab.nodes()) == set(HOSTS)
    lab.note_secrets()
    upgrading.give_web(lab, "worker1", "worker2")
    lab.command = [str(LAB)]
    next_engine.offer(lab, HOSTS)
    yield lab
    lab.shell("manager1", "docker service rm web", check=False)


def test_one_upgrade(few):
    lab = few
    before, spec = upgrading.versions(lab), upgrading.stored(lab)["Spec"]
    assert len(set(before.values())) == 1
    run = lab.orchestrate("docker.upgrade")
    assert run.code != 0 and '"quorum-margin"' in run.comments(), run.out
    run = lab.orchestrate("docker.upgrade", **upgrading.ALONE)
    plan = upgrading.plan_of(run)
    assert run.code != 0 and plan, run.out
    assert upgrading.versions(lab) == before
    upgrading.begin_probes(lab, "manager1")
    run = lab.orchestrate("docker.upgrade", **upgrading.ALONE, swarm_plan=plan)
    wrote = upgrading.end_probes(lab, "manager1")
    assert run.code == 0, run.out[-3000:]
    assert wrote["manager1"].count("good") > 20
    after = upgrading.versions(lab)
    assert set(after) == set(HOSTS) and len(set(after.values())) == 1 and after != before
    nodes = lab.nodes()
    assert {node["state"] for node in nodes.values()} == {"ready"}
    assert {nodes[name]["availability"] for name in HOSTS[1:]} == {"active"}
    upgrading.assert_spec(lab, spec)
    run = lab.orchestrate("docker.upgrade", **upgrading.ALONE)
    assert run.code == 0 and "nothing to do" in run.out, run.out
