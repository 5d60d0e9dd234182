# SPDX-License-Identifier: Apache-2.0
"""After all the others: no join token anywhere that Salt writes, found by its value."""

import pytest
from conftest import HOSTS

PLACES = "/var/cache/salt /var/log /run /tmp /var/tmp /srv /etc/salt /root"


def find(lab, host, secrets):
    """Files under PLACES, and the journal, of a host that hold one of the secrets."""
    patterns = "\n".join(secrets) + "\n"
    script = (
        "cat > /dev/shm/patterns;"
        f" grep -rlaFs -f /dev/shm/patterns {PLACES} --exclude-dir=docker --exclude-dir=containerd;"
        " journalctl -o cat --no-pager | grep -aF -f /dev/shm/patterns;"
        " rm /dev/shm/patterns"
    )
    found = lab.on(host, "sh", "-c", script, check=False, stdin=patterns).out.splitlines()
    return [line for line in found if line]


@pytest.fixture(scope="module")
def secrets(swarm):
    swarm.note_secrets()
    return sorted(swarm.secrets)


def test_the_search_finds_what_is_there(swarm, secrets):
    swarm.on("worker1", "sh", "-c", "cat > /var/tmp/canary", stdin=secrets[0])
    assert find(swarm, "worker1", secrets) == ["/var/tmp/canary"]
    swarm.on("worker1", "rm", "/var/tmp/canary")


@pytest.mark.parametrize("host", ["master", *HOSTS])
def test_no_token_is_left(swarm, secrets, host):
    assert find(swarm, host, secrets) == []


def test_events_were_recorded_and_have_no_secret(swarm, secrets):
    events = swarm.on("master", "cat", "/var/tmp/events").out
    assert "salt/job/" in events and "docker.worker.join" in events
    assert not any(secret in events for secret in secrets)


def test_the_mine_has_only_sealed_tokens(swarm, secrets):
    mine = swarm.one("worker1", "mine.get", "*", "swarm")
    assert any(entry.get("sealed") for entry in mine.values())
    assert "SWMTKN" not in str(mine)
