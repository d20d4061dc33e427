"""When time must pass for a timer to run out."""

from truebook.feed.timers import Timers


def loaded(next_ms=0):
    timers = Timers()
    assert timers.must_ask
    timers.load(next_ms)
    return timers


def test_a_timer_is_over_at_its_time_until_it_has_run_out():
    timers = loaded()
    timers.set(1, 0, 500)
    assert [timers.is_over(now_ms) for now_ms in (499, 500, 501)] == [False, True, True]
    timers.set(1, 0, 0)
    assert not timers.is_over(501)


def test_a_timer_that_is_set_anew_counts_from_then():
    timers = loaded()
    for expires_ms in (500, 900, 700):
        timers.set(1, 0, expires_ms)
    assert not timers.is_over(699)
    assert timers.is_over(700)


def test_the_two_timers_of_an_account_and_those_of_others_are_apart():
    timers = loaded()
    timers.set(1, 0, 500)
    timers.set(1, 1, 600)
    timers.set(2, 0, 700)
    timers.set(1, 0, 0)
    assert not timers.is_over(599)
    assert timers.is_over(600)
    timers.set(1, 1, 0)
    assert not timers.is_over(699)


def test_timers_from_before_the_start_are_asked_for_one_after_the_other():
    timers = loaded(500)
    assert not timers.is_over(499)
    assert not timers.must_ask
    assert timers.is_over(500)
    assert timers.must_ask
    timers.load(800)
    assert not timers.is_over(799)
    timers.load(0)
    assert not timers.is_over(10**15)
    timers.lose()
    assert timers.must_ask


def test_timers_that_are_set_again_and_again_take_no_more_room():
    timers = loaded()
    for expires_ms in range(10_000, 20_000):
        timers.set(expires_ms % 3, 0, expires_ms)
    assert len(timers._heap) < 200
    assert not timers.is_over(19_996)
    assert timers.is_over(19_997)
