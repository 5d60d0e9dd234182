# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: ages
=======================

How long ago a time of the engine was, as docker's own lists show it. The function is pure: it asks no
engine.

:maturity: new

.. versionadded:: 0.1.0
"""

import datetime

__virtualname__ = "swarm_age"

# How docker's own lists show an age: the first line whose limit (seconds) is not reached.
AGES = (
    (120, 1, "second"),
    (2 * 3600, 60, "minute"),
    (2 * 86400, 3600, "hour"),
    (14 * 86400, 86400, "day"),
    (60 * 86400, 7 * 86400, "week"),
    (float("inf"), 30 * 86400, "month"),
)


def __virtual__():
    return __virtualname__


def ago(since=None, now=None):
    """
    Return how long ago a time of the engine was, such as ``5 minutes ago``; empty if it is not known.

    since
        The time, such as ``2026-11-29T12:00:00.123456789Z``.
    now
        For internal callers: one moment for all rows of a list.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_age.ago 2026-11-29T12:00:00Z
    """
    try:
        # The engine gives nanoseconds, which no format of Python has.
        then = datetime.datetime.strptime((since or "")[:19], "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return ""
    now = now or datetime.datetime.now(datetime.timezone.utc)
    seconds = max(0, (now - then.replace(tzinfo=datetime.timezone.utc)).total_seconds())
    size, unit = next((size, unit) for limit, size, unit in AGES if seconds < limit)
    count = int(seconds // size)
    return f"{count} {unit}{'' if count == 1 else 's'} ago"
