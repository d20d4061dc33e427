"""Children that are forked, tried in a small supervisor with a nursery of its own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from truebook.datafolder import is_running
from truebook.engine.compiled import is_cached
from truebook.plain import compiling

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="there are nurseries on Linux only"
)

HEAD = """
import asyncio, json, os, signal, sys, time
from pathlib import Path
from truebook.lifeline import Lifeline
from truebook.supervisor.childlog import ChildLog
from truebook.supervisor.nursery import Nursery
from truebook.supervisor.processes import RoleProcess

def child(arguments):
    lifeline = Lifeline.from_environment()
    what = arguments[0]
    if what == "describe":
        print(json.dumps({
            "variable": os.environ.get("OF_THE_CHILD"),
            "of_the_nursery": os.environ.get("OF_THE_NURSERY"),
            "session": os.getsid(0) == os.getpid(),
            "interrupt": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
            "input": os.read(0, 1).decode(),
            "handed": os.read(int(arguments[1]), 100).decode(),
            "open": sorted(int(name) for name in os.listdir("/proc/self/fd")),
            "title": Path("/proc/self/cmdline").read_text().split("\\0")[0],
        }))
    elif what == "exit":
        raise SystemExit(int(arguments[1]))
    else:
        lifeline.serving()
        time.sleep(60)

async def start(*words, descriptors=(), environment=None):
    log = ChildLog(Path(sys.argv[1]))
    program = (sys.executable, "-c", "print('started from nothing')")
    return await RoleProcess.start(program, words, environment or {}, log, descriptors, nursery)

os.environ["OF_THE_NURSERY"] = "1"
nursery = Nursery.plant(lambda: None, child)
"""


def program(body):
    return [sys.executable, "-c", HEAD + textwrap.dedent(body)]


def run(tmp_path, body):
    """Run a small supervisor to its end; what it printed, and what its children did."""
    log = tmp_path / "log"
    log.touch()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [*program(body), str(log)], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split(), log.read_text()


def test_a_fork_is_what_a_new_process_would_be(tmp_path):
    _, log = run(
        tmp_path,
        """
        async def main():
            read, write = os.pipe()
            os.write(write, b"from the supervisor")
            process = await start(
                "describe", str(read), descriptors=(read,), environment={"OF_THE_CHILD": "yes"}
            )
            assert await process.wait() == 0
            nursery.close()
        asyncio.run(main())
        """,
    )
    told = json.loads(log)
    handed = [number for number in told.pop("open") if number > 2]
    # The lifeline, what was handed down, and the folder that was being listed.
    assert len(handed) == 3
    assert told == {
        "variable": "yes",
        "of_the_nursery": None,
        "session": True,
        "interrupt": True,
        "input": "",
        "handed": "from the supervisor",
        "title": told["title"],
    }
    assert told["title"] in [f"truebook describe {number}" for number in handed]


def test_the_supervisor_learns_how_each_child_ended(tmp_path):
    printed, _ = run(
        tmp_path,
        """
        async def main():
            print(await (await start("exit", "3")).wait())
            process = await start("serve")
            served = asyncio.get_running_loop().create_future()
            listening = asyncio.create_task(process.listen(served.set_result))
            print(await served)
            os.kill(process.pid, signal.SIGKILL)
            print(await process.wait())
            listening.cancel()
            nursery.close()
        asyncio.run(main())
        """,
    )
    assert printed == ["3", "serving", "-9"]


def test_without_its_nursery_a_child_ends_and_the_next_is_started_from_nothing(tmp_path):
    printed, log = run(
        tmp_path,
        """
        async def main():
            process = await start("serve")
            served = asyncio.get_running_loop().create_future()
            listening = asyncio.create_task(process.listen(served.set_result))
            await served
            os.kill(nursery._pid, signal.SIGKILL)
            print(await process.wait())
            print(await (await start("exit", "3")).wait())
            listening.cancel()
            nursery.close()
            print(process.pid)
        asyncio.run(main())
        """,
    )
    assert printed[:2] == ["-9", "0"]
    assert "started from nothing" in log
    until_ended(int(printed[2]))


def test_nursery_and_children_end_with_a_supervisor_that_is_killed(tmp_path):
    body = """
        async def main():
            process = await start("serve")
            served = asyncio.get_running_loop().create_future()
            listening = asyncio.create_task(process.listen(served.set_result))
            await served
            print(process.pid, nursery._pid, flush=True)
            await asyncio.sleep(60)
        asyncio.run(main())
        """

    async def scenario():
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        supervisor = await asyncio.create_subprocess_exec(
            *program(body), str(tmp_path / "log"), env=environment, stdout=asyncio.subprocess.PIPE
        )
        line = await asyncio.wait_for(supervisor.stdout.readline(), 30)
        supervisor.send_signal(signal.SIGKILL)
        await supervisor.wait()
        for pid in line.split():
            until_ended(int(pid))

    asyncio.run(scenario())


@pytest.mark.parametrize("load", ["preload", "preload_engine"])
def test_what_is_preloaded_starts_nothing_and_most_do_without_the_compiler(load):
    code = f"""
import os
os.environ["OPENBLAS_NUM_THREADS"] = "1"
before = len(os.listdir("/proc/self/fd"))
from truebook.cli.preloading import {load}
{load}()
import sys
print(len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd")) - before)
names = ("truebook.engine.fast", "truebook.plain.codec", "numba")
print(*[name in sys.modules for name in names])
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    runs_compiled_code = load == "preload_engine"
    # What isn't compiled yet is left to the first engine, and to the first gateway.
    cached = [is_cached(), compiling.is_cached(), True]
    loaded = [runs_compiled_code and each for each in cached]
    assert done.stdout.split() == ["1", "0", *map(str, loaded)]


def test_two_nurseries_end_each_by_itself(tmp_path):
    """Neither holds the other's end of a connection; and engines have their own."""
    printed, _ = run(
        tmp_path,
        """
        from truebook.supervisor.nursery import Nurseries

        async def main():
            nurseries = Nurseries(nursery, Nursery.plant(lambda: None, child, beside=nursery))
            print([nurseries.index(nurseries.of(role)) for role in ("feed", "engine")])
            nurseries.roles.close()
            print("closed")
            nurseries.engines.close()
        asyncio.run(main())
        """,
    )
    assert printed == ["[0,", "1]", "closed"]


def until_ended(pid):
    deadline = time.monotonic() + 10
    while is_running(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)
