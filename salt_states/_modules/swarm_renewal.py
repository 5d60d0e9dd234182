# SPDX-License-Identifier: Apache-2.0
"""
Renew the lock of a run
=======================

While the state of an orchestration runs on the master, something renews the cluster's lock beside it.

:maturity: new
:depends: nothing beyond Salt

.. versionadded:: 0.1.0
"""

import contextlib
import logging
import threading

from salt.exceptions import SaltInvocationError

__virtualname__ = "swarm_renewal"


def __virtual__():
    return __virtualname__


@contextlib.contextmanager
def _every(seconds, call):
    ended = threading.Event()

    def repeat():
        while not ended.wait(seconds):
            try:
                call()
            except Exception as exc:  # pylint: disable=broad-except
                # The steps of the run go on, and say themselves what is wrong.
                log = logging.getLogger(__name__)
                log.warning("the cluster's lock was not renewed: %s", exc)

    renew = threading.Thread(target=repeat, daemon=True)
    renew.start()
    try:
        yield
    finally:
        ended.set()
        renew.join()


def every(seconds=40, call=None):
    """
    Return a context manager that calls something again and again, in a thread, while its block runs.

    seconds
        How long to wait before each call.
    call
        A callable without arguments; what it raises is logged.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_renewal.every 1    # refused: a job has no function to give
    """
    if not callable(call):
        raise SaltInvocationError("'call' must be a callable (internal callers only)")
    return _every(seconds, call)
