"""One process under supervision, tried with small programs of a few lines."""

import asyncio
import contextlib
import os
import signal
import sys
import time

import pytest

from truebook.clock import SYSTEM_CLOCK
from truebook.datafolder import is_running
from truebook.lifeline import SERVING
from truebook.supervisor import children
from truebook.supervisor.childlog import ChildLog
from truebook.supervisor.children import Child
from truebook.supervisor.processes import NotStarted, RoleProcess

SERVE = """
import time
from truebook.lifeline import Lifeline
lifeline = Lifeline.from_environment()
lifeline.say("getting up")
lifeline.serving()
print("at work", flush=True)
time.sleep(60)
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVE
CRASH = "print('the reason', flush=True); raise SystemExit(3)"


def python(code):
    return (sys.executable, "-c", code)


@contextlib.asynccontextmanager
async def child_of(folder, arguments, **kind):
    told = []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    log = ChildLog(folder / "role-1.log")

    def start():
        return RoleProcess.start(arguments, (), environment, log)

    child = Child("role", "role-1", start, SYSTEM_CLOCK, told.append, **kind)
    child.start()
    try:
        yield child, told
    finally:
        await child.stop(patience_s=2)
        log.close()


async def until(condition, limit_s=10):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_a_child_says_when_it_serves_and_its_output_is_kept(tmp_path):
    async def scenario():
        async with child_of(tmp_path, python(SERVE)) as (child, _):
            await child.serving()
            assert child.phase == "serving"
            await until(lambda: (tmp_path / "role-1.log").read_text() == "at work\n")

    asyncio.run(scenario())


def test_a_killed_child_is_started_again_and_the_signal_is_told(tmp_path):
    async def scenario():
        async with child_of(tmp_path, python(SERVE)) as (child, told):
            await child.serving()
            first = child.pid
            os.kill(first, signal.SIGKILL)
            await until(lambda: child.pid not in (0, first))
            await child.serving()
            assert child.restarts == 1
            assert told == ["role-1 was killed by SIGKILL (9)\nrole-1 is started again in 0.1 s"]

    asyncio.run(scenario())


def test_a_child_that_can_not_start_is_given_up_with_its_last_words(tmp_path):
    async def scenario():
        async with child_of(tmp_path, python(CRASH)) as (child, told):
            with pytest.raises(NotStarted, match=r"ended with status 3\n    the reason"):
                await child.serving()
            assert told[0].splitlines() == [
                "role-1 ended with status 3",
                "    the reason",
                "role-1 is started again in 0.1 s",
            ]

    asyncio.run(scenario())


def test_a_program_that_does_not_exist_is_given_up_at_once(tmp_path):
    async def scenario():
        async with child_of(tmp_path, ("/nowhere/truebook",)) as (child, _):
            with pytest.raises(NotStarted, match="No such file"):
                await child.serving()

    asyncio.run(scenario())


def test_stop_leaves_nothing_even_of_a_child_that_ignores_it(tmp_path):
    async def scenario():
        async with child_of(tmp_path, python(DEAF)) as (child, told):
            await child.serving()
            pid = child.pid
            await child.stop(patience_s=0.2)
            assert not is_running(pid)
            assert told == ["role-1 doesn't end within 0.2 s: killed"]

    asyncio.run(scenario())


class Undying:
    """A process that nothing ends. No signal reaches anybody: no process has that number."""

    pid = 1 << 30

    async def listen(self, hear):
        hear(SERVING)
        await asyncio.Event().wait()

    async def wait(self):
        await asyncio.Event().wait()

    def last_words(self):
        return ()


def test_a_child_that_even_killing_does_not_end_is_told_and_left(monkeypatch):
    monkeypatch.setattr(children, "KILLED_S_MAX", 0.05)
    told = []

    async def undying():
        return Undying()

    async def scenario():
        child = Child("role", "role-1", undying, SYSTEM_CLOCK, told.append)
        child.start()
        await child.serving()
        await child.stop(patience_s=0.05)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(scenario())
    left = f"role-1 (process {Undying.pid}) was killed and doesn't end: left as it is"
    assert told == ["role-1 doesn't end within 0.05 s: killed", left]


def test_a_child_that_is_to_end_is_let_hurry_before_each_signal(tmp_path, monkeypatch):
    hurried = []
    monkeypatch.setattr(children, "hurry", lambda pid: hurried.append((pid, is_running(pid))))

    async def scenario():
        async with child_of(tmp_path, python(DEAF)) as (child, _):
            await child.serving()
            pid = child.pid
            await child.stop(patience_s=0.2)
            assert hurried == [(pid, True)] * 2

    asyncio.run(scenario())


def test_a_child_is_stopped_while_it_waits_to_be_started_again(tmp_path):
    async def scenario():
        async with child_of(tmp_path, python(CRASH)) as (child, _):
            await until(lambda: child.restarts >= 4)
            started = time.monotonic()
            await child.stop(patience_s=2)
            assert time.monotonic() - started < 0.2

    asyncio.run(scenario())


SUPERVISOR = """
import asyncio, os, sys
from pathlib import Path
from truebook.supervisor.childlog import ChildLog
from truebook.supervisor.children import Child
from truebook.clock import SYSTEM_CLOCK
from truebook.supervisor.processes import RoleProcess

async def main():
    arguments, log = (sys.executable, "-c", sys.argv[2]), ChildLog(Path(sys.argv[1]) / "log")
    start = lambda: RoleProcess.start(arguments, (), os.environ, log)
    child = Child("role", "role", start, SYSTEM_CLOCK, print)
    child.start()
    await child.serving()
    print(child.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_child_ends_when_its_supervisor_is_killed(tmp_path):
    async def scenario():
        supervisor = await asyncio.create_subprocess_exec(
            *python(SUPERVISOR),
            str(tmp_path),
            SERVE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=asyncio.subprocess.PIPE,
        )
        line = await asyncio.wait_for(supervisor.stdout.readline(), 20)
        pid = int(line)
        assert is_running(pid)
        supervisor.kill()
        await supervisor.wait()
        await until(lambda: not is_running(pid), limit_s=2)

    asyncio.run(scenario())


def test_a_log_file_is_bounded_and_the_last_lines_are_at_hand(tmp_path):
    path = tmp_path / "role.log"
    log = ChildLog(path, bytes_max=1000)
    for number in range(500):
        log.write(f"line {number}\n".encode())
    log.close()
    assert path.stat().st_size <= 1000
    assert (tmp_path / "role.log.1").stat().st_size <= 1000
    assert path.read_text().endswith("line 499\n")
    assert log.tail[-1] == "line 499"
    assert len(log.tail) == 15


def test_a_child_that_is_not_vital_is_tried_again_for_ever(tmp_path):
    flag = tmp_path / "may-serve"
    program = f"import os\nif not os.path.exists({str(flag)!r}):\n    raise SystemExit(3)\n{SERVE}"

    async def scenario():
        async with child_of(tmp_path, python(program), is_vital=False) as (child, told):
            await until(lambda: child.is_hopeless)
            assert len(told) >= 6
            flag.touch()
            await child.serving()
            assert not child.is_hopeless

    asyncio.run(scenario())
