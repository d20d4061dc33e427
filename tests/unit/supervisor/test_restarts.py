"""When a process that died is started again."""

from truebook.clock import ManualClock
from truebook.supervisor.restarts import Restarts


def die(restarts, clock, start_s=0.0, serve_s=None):
    """Live once: start for a while, serve for a while (None: never), die."""
    restarts.started()
    clock.advance(start_s)
    if serve_s is not None:
        restarts.serving()
        clock.advance(serve_s)
    return restarts.died()


def test_three_quick_deaths_are_free_and_then_the_wait_doubles_up_to_five_seconds():
    clock = ManualClock()
    restarts = Restarts(clock)
    waits = [die(restarts, clock, serve_s=1) for _ in range(12)]
    assert waits == [0.1, 0.1, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5, 5]
    assert restarts.count == 12


def test_a_life_of_some_seconds_makes_quick_deaths_forgotten():
    clock = ManualClock()
    restarts = Restarts(clock)
    for _ in range(6):
        die(restarts, clock, serve_s=1)
    assert die(restarts, clock, serve_s=6) == 0.1
    assert [die(restarts, clock, serve_s=1) for _ in range(4)] == [0.1, 0.1, 0.1, 0.2]


def test_a_death_in_the_middle_of_a_long_start_is_not_quick():
    clock = ManualClock()
    restarts = Restarts(clock)
    assert {die(restarts, clock, start_s=20) for _ in range(10)} == {0.1}


def test_a_process_that_dies_soon_after_a_long_start_dies_quickly():
    clock = ManualClock()
    restarts = Restarts(clock)
    waits = [die(restarts, clock, start_s=20, serve_s=0.5) for _ in range(5)]
    assert waits == [0.1, 0.1, 0.1, 0.2, 0.4]


def test_a_process_that_can_not_start_at_all_is_tried_ever_less_often():
    clock = ManualClock()
    restarts = Restarts(clock)
    assert [die(restarts, clock, start_s=0.3) for _ in range(5)] == [0.1, 0.1, 0.1, 0.2, 0.4]


def test_thousands_of_deaths_do_no_harm():
    restarts = Restarts(ManualClock())
    assert {restarts.died() for _ in range(5000)} >= {0.1, 5.0}
