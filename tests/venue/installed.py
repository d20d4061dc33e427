"""A whole `truebook up` for tests: started, looked at, its processes killed one by one.

Only processes that it started are ever ended, by their numbers.
"""

import asyncio
import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from venue.credentials import Credentials

from truebook.cli.app import app, exit_status
from truebook.commandlog.whole_log import WholeLog, open_whole_log
from truebook.config import Config
from truebook.installation import attached, running
from truebook.supervisor.accounts import create_account

READY_S_MAX = 240.0
"""The first start on a machine compiles the engine."""
ANSWER_S_MAX = 30.0
UNLIMITED = {
    f"TRUEBOOK_LIMITS_{name}": "0"
    for name in ("PUBLIC_PER_S", "PRIVATE_PER_S", "ORDERS_PER_S", "CONNECTIONS")
} | {"TRUEBOOK_PROOF_SECONDS": "0"}
"""Tests ask as often as they can, and make a proof of liabilities where they want one."""
SOURCES = Path(__file__).resolve().parents[2] / "src"


class Installed:
    """One data folder and the `truebook up` on it."""

    def __init__(
        self, data: Path, *options: str, environment: Mapping[str, str] = UNLIMITED
    ) -> None:
        self.data = data
        self.options = options
        self.environment = environment
        self.url = ""
        self.ws_url = ""
        self.output: list[str] = []
        self._ready = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def pid(self) -> int:
        """The supervisor's."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Begin `truebook up`."""
        self._ready.clear()
        self._process = subprocess.Popen(
            [*_truebook("up", self.data), "--port", "0", "--ws-port", "0", *self.options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment() | self.environment,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,))
        self._reader.start()

    def wait_ready(self) -> None:
        """Wait for the line that tells the address."""
        assert self._ready.wait(READY_S_MAX), self.said()
        assert self.url, self.said()

    def interrupt(self, number: int = signal.SIGINT) -> int:
        """Ask the supervisor to stop; its exit status."""
        return self._end(number)

    def kill(self) -> None:
        """Kill the supervisor alone, if it still runs."""
        self._end(signal.SIGKILL)

    def said(self) -> str:
        """All that it printed."""
        return "".join(self.output)

    def processes(self) -> list[dict[str, Any]]:
        """What `truebook ps` lists: role, pid and start of each child."""
        state = running(Config(data=str(self.data)))
        found = [process for process in state.processes if process.pid] if state else []
        return [{"role": one.role, "pid": one.pid, "started": one.started} for one in found]

    def state(self) -> dict[str, Any]:
        """The state file, which also tells who serves."""
        found: dict[str, Any] = json.loads((self.data / "run" / "state.json").read_text())
        return found

    def run(self, *arguments: str) -> Any:
        """What a command with --json prints; it must succeed.

        It runs in this process, since most take less time than a process of their own would; in
        another thread, since the caller may have an event loop. How the tests log stays as it is.
        """
        words = [*arguments, "--data", str(self.data)]
        command = partial(app, words, result_action="return_value", exit_on_error=False)
        said, complained = io.StringIO(), io.StringIO()
        with (
            patch("structlog.configure"),
            patch("logging.basicConfig"),
            ThreadPoolExecutor(1) as thread,
            redirect_stdout(said),
            redirect_stderr(complained),
        ):
            status = thread.submit(exit_status, command).result()
        assert status == 0, complained.getvalue()
        return json.loads(said.getvalue())

    def try_run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """A command on this data folder, as a process, to its end; it may read what is `typed`."""
        command = _truebook(arguments[0], self.data, *arguments[1:])
        return subprocess.run(
            command, env=_environment(), input=typed, capture_output=True, text=True
        )

    def open_log(self) -> WholeLog:
        """All of the log, wherever it stands; close it."""
        return open_whole_log(self.state()["logUrl"], (self.data / "archive").as_uri())

    def open_account(self, name: str, credit: dict[str, str]) -> Credentials:
        """A new account, as `truebook account create` makes it, without a process for each."""
        credits = ["=".join(item) for item in credit.items()]
        config = attached(Config(data=str(self.data)))
        # The caller may have an event loop of its own.
        with ThreadPoolExecutor(1) as thread:
            made = thread.submit(asyncio.run, create_account(config, name, credits)).result()
        return Credentials(made.account, base64.b64decode(made.secret))

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self.output.append(line)
                if found := re.search(r"^ready (http://\S+) (ws://\S+)$", line):
                    self.url, self.ws_url = found[1], found[2]
                    self._ready.set()
        self._ready.set()

    def _end(self, number: int) -> int:
        assert self._process is not None
        assert self._reader is not None
        if self._process.poll() is None:
            self._process.send_signal(number)
        status = self._process.wait(ANSWER_S_MAX)
        self._reader.join(ANSWER_S_MAX)
        self.url = self.ws_url = ""
        return status


@contextmanager
def installed(
    data: Path, *options: str, environment: Mapping[str, str] = UNLIMITED
) -> Iterator[Installed]:
    """`truebook up` on a folder, ready, and gone in the end."""
    exchange = Installed(data, *options, environment=environment)
    exchange.start()
    try:
        exchange.wait_ready()
        yield exchange
    finally:
        exchange.interrupt(signal.SIGTERM)


def wait_until(condition: Callable[[], bool], limit_s: float, what: str) -> None:
    """Wait for a condition; fail after the limit."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit_s:g} s: {what}"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process runs: one that has ended and waits to be noticed doesn't."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return True
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _truebook(command: str, data: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "truebook", command, *arguments, "--data", str(data)]


def _environment() -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TRUEBOOK_")}
    cache = {name: os.environ[name] for name in ("TRUEBOOK_CACHE",) if name in os.environ}
    return {**kept, **cache, "PYTHONPATH": str(SOURCES)}
