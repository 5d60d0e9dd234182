# SPDX-License-Identifier: Apache-2.0
"""Three times round each manager comes back empty; `make check` has two of them do so once."""

import pytest
from conftest import MANAGERS
from test_02_replaced import made_anew


@pytest.mark.parametrize("turn", range(3))
@pytest.mark.parametrize("manager", MANAGERS)
def test_three_times_round(swarm, turn, manager):
    made_anew(swarm, manager, wiped=turn == 1)
