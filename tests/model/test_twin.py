"""The fast engine is the naive twin, to the last bit, whatever comes.

Until there is a fast engine, the twin is compared with itself: that shows that its output depends
on the log alone, and that events, answers and state keep the invariants.
"""

import pytest
from model.campaign import Job, fresh_seed, run_all
from model.engines import CANDIDATES, HAS_FAST, TINY_BUFFER_ROWS


@pytest.mark.parametrize("name", CANDIDATES)
def test_the_state_agrees_after_each_of_100_thousand_commands(name):
    jobs = [Job(seed, 25_000, True, name) for seed in range(1, 5)]
    assert run_all(jobs) == 100_000


@pytest.mark.parametrize("name", CANDIDATES)
def test_900_thousand_commands_give_the_same_events_replies_and_states(name):
    jobs = [Job(seed, 50_000, False, name) for seed in range(101, 119)]
    assert run_all(jobs) == 900_000


@pytest.mark.skipif(not HAS_FAST, reason="the twin has no event buffer")
def test_a_tiny_event_buffer_changes_nothing():
    jobs = [Job(200 + rows, 2_000, False, f"fast/{rows}") for rows in TINY_BUFFER_ROWS]
    assert run_all(jobs) == 2_000 * len(TINY_BUFFER_ROWS)


@pytest.mark.night
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", CANDIDATES)
def test_100_million_commands_agree(name):
    first = fresh_seed()
    every = [Job(first + i, 50_000, True, name) for i in range(20)]
    rest = [Job(first + 100 + i, 100_000, False, name) for i in range(990)]
    assert run_all([*every, *rest]) == 100_000_000


@pytest.mark.night
@pytest.mark.timeout(0)
@pytest.mark.skipif(not HAS_FAST, reason="the twin has no event buffer")
def test_tiny_event_buffers_change_nothing_in_a_million_commands():
    first = fresh_seed()
    rows = [(first + i, size) for i in range(42) for size in TINY_BUFFER_ROWS]
    jobs = [Job(seed + 100 * size, 1_000, False, f"fast/{size}") for seed, size in rows]
    assert run_all(jobs) >= 1_000_000
