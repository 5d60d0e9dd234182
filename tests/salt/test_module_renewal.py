# SPDX-License-Identifier: Apache-2.0
"""What calls a function again and again beside a run."""

import importlib.util
import logging
import threading

import pytest
import rendered
from salt.exceptions import SaltInvocationError

FILE = rendered.STATES / "_modules/swarm_renewal.py"


@pytest.fixture
def module():
    spec = importlib.util.spec_from_file_location("renewal_under_test", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_calls_while_the_block_runs_and_not_after_it(module):
    calls, third = [], threading.Event()

    def call():
        calls.append(threading.current_thread())
        if len(calls) == 3:
            third.set()

    with module.every(0.01, call):
        assert third.wait(60)
    assert not calls[0].is_alive()


def test_it_goes_on_after_an_error_and_logs_it(module, caplog):
    calls, second = [], threading.Event()

    def call():
        calls.append(1)
        if len(calls) == 2:
            second.set()
        raise ValueError("no answer")

    with caplog.at_level(logging.WARNING), module.every(0.01, call):
        assert second.wait(60)
    assert "the cluster's lock was not renewed: no answer" in caplog.text


def test_a_job_has_no_function_to_give(module):
    for call in ({}, {"call": "test.ping"}):
        with pytest.raises(SaltInvocationError, match="'call' must be a callable"):
            module.every(1, **call)
