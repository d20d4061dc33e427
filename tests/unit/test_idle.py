"""Steps make way for others, and are raised when their work falls behind."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from truebook.clock import ManualClock
from truebook.idle import RAISED_S_MAX, RAISED_S_MIN, IdleWork, hurry, make_way
from truebook.limits import LAG_MS_MAX

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has SCHED_IDLE")
BEHIND = LAG_MS_MAX + 1


def run(script):
    async def whole():
        clock = ManualClock()
        work = IdleWork(clock)
        try:
            await script(work, clock)
        finally:
            work.close()

    asyncio.run(whole())


async def is_idle(work, lag_ms=0.0):
    """Whether a step runs in a thread of its own, as idle ones do."""
    return await work.run(threading.get_ident, lag_ms) != threading.get_ident()


@linux
def test_a_step_runs_under_idle_scheduling_and_its_caller_does_not():
    async def script(work, clock):
        assert await work.run(lambda: os.sched_getscheduler(0)) == os.SCHED_IDLE
        assert os.sched_getscheduler(0) == os.SCHED_OTHER

    run(script)


@linux
def test_work_that_is_behind_runs_at_normal_priority_and_makes_way_again_later():
    async def script(work, clock):
        assert await is_idle(work, LAG_MS_MAX)
        assert not await is_idle(work, BEHIND)
        assert work.is_raised
        assert not await is_idle(work)
        clock.advance(RAISED_S_MIN)
        assert await is_idle(work)

    run(script)


@linux
def test_a_step_that_was_starved_raises_the_next_ones():
    async def script(work, clock):
        await work.run(lambda: clock.advance(BEHIND / 1000))
        assert not await is_idle(work)

    run(script)


@linux
def test_where_making_way_is_too_much_again_and_again_it_is_tried_ever_more_rarely():
    async def script(work, clock):
        raised_s = []
        for _ in range(9):
            await work.run(lambda: clock.advance(BEHIND / 1000))
            began_s = clock.elapsed_s()
            while work.is_raised:
                clock.advance(0.5)
            raised_s.append(clock.elapsed_s() - began_s)
        expected = [RAISED_S_MIN, 2 * RAISED_S_MIN, 4 * RAISED_S_MIN, *[RAISED_S_MAX] * 2]
        assert [*raised_s[:3], *raised_s[-2:]] == pytest.approx(expected, abs=0.5)
        clock.advance(RAISED_S_MAX + 1)
        await work.run(lambda: None, BEHIND)
        clock.advance(RAISED_S_MIN)
        assert await is_idle(work)

    run(script)


def raised_in_time():
    """A step that lasts until its thread doesn't make way any more: whether that came to be."""
    for _ in range(10_000):
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            return True
        time.sleep(0.001)
    return False


@pytest.fixture
def permitted():
    """Whether a thread may leave SCHED_IDLE is up to the system."""

    def leave():
        make_way()
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))

    with ThreadPoolExecutor(1) as threads:
        try:
            threads.submit(leave).result()
        except PermissionError:
            pytest.skip("no thread may leave SCHED_IDLE: RLIMIT_NICE")


@linux
def test_who_ends_does_not_make_way_any_more(permitted):
    async def script(work, clock):
        await work.run(lambda: None)  # so that the thread is there
        last = asyncio.create_task(work.run(raised_in_time))
        await asyncio.sleep(0)
        await asyncio.to_thread(work.close)
        assert await last

    run(script)


MAKING_WAY = """
import asyncio
import os
from truebook.idle import IdleWork

def tell():
    print(os.sched_getscheduler(0), flush=True)
    input()
    print(os.sched_getscheduler(0))

work = IdleWork()
asyncio.run(work.run(tell))
work.close()
"""


@linux
def test_a_process_that_is_to_end_can_be_told_to_hurry(permitted):
    program = [sys.executable, "-c", MAKING_WAY]
    child = subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with child:
        assert int(child.stdout.readline()) == os.SCHED_IDLE
        hurry(child.pid)
        assert int(child.communicate("\n")[0]) == os.SCHED_OTHER


@linux
def test_a_process_that_has_ended_is_not_told_to_hurry():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    hurry(child.pid)


def test_a_failure_of_a_step_is_its_callers():
    def fail():
        raise ValueError("a bug")

    async def script(work, clock):
        for lag_ms in (0, BEHIND):
            with pytest.raises(ValueError, match="a bug"):
                await work.run(fail, lag_ms)

    run(script)


IN_A_SESSION = """
import asyncio
from pathlib import Path
from truebook.clock import ManualClock
from truebook.idle import RAISED_S_MIN, IdleWork
from truebook.limits import LAG_MS_MAX

def told():
    print(Path("/proc/self/autogroup").read_text().split()[-1], end=" ")

async def main():
    told()
    clock = ManualClock()
    work = IdleWork(clock)
    for lag_ms in (0, LAG_MS_MAX + 1, 0):
        await work.run(told, lag_ms)
    clock.advance(RAISED_S_MIN)
    await work.run(told)
    work.close()
    told()

asyncio.run(main())
"""


@linux
@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="sessions have no shares")
@pytest.mark.parametrize(("is_own", "shares"), [(True, "0 10 0 0 10 0"), (False, "0 0 0 0 0 0")])
def test_a_session_of_its_own_makes_way_as_long_as_its_work_does(is_own, shares):
    program = [sys.executable, "-c", IN_A_SESSION]
    # The shell leads the session that is not the program's own.
    words = program if is_own else ["/bin/sh", "-c", '"$0" "$@"; true', *program]
    ended = subprocess.run(
        words, capture_output=True, text=True, check=True, start_new_session=True
    )
    assert ended.stdout.strip() == shares
