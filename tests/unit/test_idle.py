"""Steps make way for others, and are raised when their work falls behind."""

import asyncio
import os
import sys
import threading

import pytest

from truebook.clock import ManualClock
from truebook.idle import RAISED_S, IdleWork
from truebook.limits import LAG_MS_MAX

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has SCHED_IDLE")


def where():
    return threading.get_ident()


def run(*lags_ms, step=where, clock=None):
    async def steps():
        work = IdleWork(clock or ManualClock())
        try:
            return [await work.run(step, lag_ms) for lag_ms in lags_ms]
        finally:
            work.close()

    return asyncio.run(steps())


@linux
def test_a_step_runs_under_idle_scheduling_and_its_caller_does_not():
    assert run(0, step=lambda: os.sched_getscheduler(0)) == [os.SCHED_IDLE]
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@linux
def test_work_that_is_behind_runs_at_normal_priority_and_makes_way_again_later():
    clock = ManualClock()

    async def steps():
        work = IdleWork(clock)
        idle = await work.run(where, LAG_MS_MAX)
        raised = await work.run(where, LAG_MS_MAX + 1)
        still_raised = await work.run(where)
        clock.advance(RAISED_S)
        idle_again = await work.run(where)
        work.close()
        return idle, raised, still_raised, idle_again

    idle, raised, still_raised, idle_again = asyncio.run(steps())
    assert raised == still_raised == where()
    assert idle == idle_again != where()


def test_a_failure_of_a_step_is_its_callers():
    def fail():
        raise ValueError("a bug")

    for lag_ms in (0, LAG_MS_MAX + 1):
        with pytest.raises(ValueError, match="a bug"):
            run(lag_ms, step=fail)
