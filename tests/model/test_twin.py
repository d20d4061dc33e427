"""The fast engine is the naive twin, to the last bit, whatever comes.

Until there is a fast engine, the twin is compared with itself: that shows that its output depends
on the log alone, and that events, answers and state keep the invariants.
"""

import pytest
from model.campaign import HISTORIES, Job, fresh_seed, jobs, run_all
from model.engines import CANDIDATES, HAS_FAST, TINY_BUFFER_ROWS


def tiny_job(seed, rows, commands):
    """A log in which entries, cascades of triggers and timers are cut by full buffers."""
    history = HISTORIES[0] if seed % 4 else HISTORIES[1]
    return Job(seed, commands, False, f"fast/{rows}", *history)


@pytest.mark.parametrize("name", CANDIDATES)
def test_the_state_agrees_after_each_of_100_thousand_commands(name):
    assert run_all(jobs(range(1, 5), 25_000, True, name)) == 100_000


@pytest.mark.parametrize("name", CANDIDATES)
def test_900_thousand_commands_give_the_same_events_replies_and_states(name):
    assert run_all(jobs(range(101, 119), 50_000, False, name)) == 900_000


@pytest.mark.skipif(not HAS_FAST, reason="the twin has no event buffer")
def test_a_tiny_event_buffer_changes_nothing():
    tiny = [tiny_job(200 + rows, rows, 2_000) for rows in TINY_BUFFER_ROWS]
    assert run_all(tiny) == 2_000 * len(TINY_BUFFER_ROWS)


@pytest.mark.night
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", CANDIDATES)
def test_100_million_commands_agree(name):
    first = fresh_seed()
    every = jobs(range(first, first + 20), 50_000, True, name)
    rest = jobs(range(first + 100, first + 1_090), 100_000, False, name)
    assert run_all([*every, *rest]) == 100_000_000


@pytest.mark.night
@pytest.mark.timeout(0)
@pytest.mark.skipif(not HAS_FAST, reason="the twin has no event buffer")
def test_tiny_event_buffers_change_nothing_in_a_million_commands():
    first = fresh_seed()
    rows = [(first + i, size) for i in range(42) for size in TINY_BUFFER_ROWS]
    tiny = [tiny_job(seed + 100 * size, size, 1_000) for seed, size in rows]
    assert run_all(tiny) >= 1_000_000
