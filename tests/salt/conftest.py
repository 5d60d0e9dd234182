# SPDX-License-Identifier: Apache-2.0
"""Fixtures for the tests of the Salt side. No engine is needed."""

import once
import plans
import pytest
import runners
import salt._logging
from fleet import Fleet

# Salt keeps early log records for a handler of its own, and prints them at the end.
salt._logging.shutdown_temp_handler()
once.install()


@pytest.fixture(autouse=True)
def no_installed_extension(monkeypatch):
    """The modules come from the checkout, also where a wheel of the project is installed."""
    monkeypatch.setattr("salt.utils.entrypoints.iter_entry_points", lambda *_, **__: ())


@pytest.fixture
def fleet(tmp_path):
    """Three managers and two workers, bare, with engines that run."""
    return Fleet(tmp_path)


@pytest.fixture
def make_fleet(tmp_path):
    """A maker of one fleet of another size: ``make_fleet(managers=1, workers=0)``."""

    def make(**sizes):
        return Fleet(tmp_path, **sizes)

    return make


@pytest.fixture
def runner(tmp_path):
    """A maker of the runner: ``runner(**instead)`` gives its functions, with other ones it calls."""
    return runners.runner(tmp_path)


@pytest.fixture
def plan(make_fleet):
    """The plan that a host draws from these facts."""
    return plans.plan(make_fleet)
