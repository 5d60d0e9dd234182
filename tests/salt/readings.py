# SPDX-License-Identifier: Apache-2.0
"""What hosts read of themselves for a preflight, as ``swarm_preflight.reading`` returns it."""

import time

WELL = {
    "time": 1000.0,
    "synchronised": True,
    "state": "inactive",
    "serving": "",
    "manager": False,
    "version": "26.1.5+dfsg1",
    "api": "1.45",
    "address": "",
    "addresses": [],
    "unreachable": [],
    "sources": {},
    "cut_off": [],
    "taken": [],
    "firewall": "",
    "port": 4789,
    "routes": [],
    "mtu": 1500,
    "engine_id": "",
    "machine_id": "",
    "orphan": "",
    "live_restore": False,
    "daemon_json": "",
    "lacks": {"lacks": [], "unknown": []},
    "encrypted": [],
    "disk": {"path": "/", "free": 50 * 1024**3, "size": 100 * 1024**3},
    "zone": "",
}


def well(**more):
    """A host outside a swarm that has no fault, now."""
    return {**WELL, "time": time.time(), **more}


def member(host, **more):
    """A member without a fault, that has a machine of its own."""
    return well(state="active", engine_id=f"engine-{host}", machine_id=f"machine-{host}", **more)
