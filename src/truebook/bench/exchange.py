"""A whole exchange for a benchmark: `truebook up` on a temporary folder, without bots.

Promise: it is what anybody starts, but for the limits on how often one may ask, which are off, and
on how many orders an account may have, which are as wide as can be. It ends with the context, and
leaves nothing behind.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from truebook import config as configuration
from truebook.bench.processes import cpu_ns_by_role
from truebook.clock import SYSTEM_CLOCK
from truebook.config import Config
from truebook.datafolder import DataFolder, State
from truebook.genesis import DEFAULT_VENUE
from truebook.limits import OPEN_ORDERS_PER_MARKET_MAX
from truebook.supervisor.status import read_status

START_S_MAX = 900.0
"""The kernel may have to be compiled."""
STOP_S_MAX = 60.0
SETTLED_S_MAX = 300.0
"""For feed and store to have caught up with what was filled in."""
POLL_S = 0.1


class BenchError(Exception):
    """The benchmark can't go on."""


class StartedExchange:
    """An exchange that runs."""

    def __init__(self, folder: DataFolder, config: Config) -> None:
        self.folder = folder
        self.config = config
        state = folder.read_state()
        if state is None:
            raise BenchError(f"nothing runs on {folder.path}")
        self._state = state

    @property
    def api(self) -> tuple[str, int]:
        """Host and port of the HTTP interface."""
        return _place_of(self._state.url)

    @property
    def ws(self) -> tuple[str, int]:
        """Host and port of the websocket server."""
        return _place_of(self._state.ws_url)

    def state(self) -> State:
        """Its processes, now."""
        return self.folder.read_state() or self._state

    def cpu_ns(self) -> dict[str, int]:
        """What its processes have taken so far, by role."""
        return cpu_ns_by_role(self.state().processes)

    async def settled(self) -> dict[str, Any]:
        """Wait until all have caught up with the log; what the engine tells of itself."""
        ends_s = SYSTEM_CLOCK.elapsed_s() + SETTLED_S_MAX
        while SYSTEM_CLOCK.elapsed_s() < ends_s:
            status = await read_status(self.config, self.state())
            at = [engine.position for engine in status.engines]
            at += [role.position for role in status.roles if role.role in ("feed", "store")]
            if len(at) >= 3 and all(position == status.log_position for position in at):
                return status.engines[0].details
            await asyncio.sleep(POLL_S)
        raise BenchError("feed and store haven't caught up")


@contextlib.asynccontextmanager
async def started(
    sections: Mapping[str, Mapping[str, Any]] | None = None,
) -> AsyncGenerator[StartedExchange]:
    """An exchange of its own; `sections` is what of its configuration is to be different."""
    with tempfile.TemporaryDirectory(prefix="truebook-bench-", ignore_cleanup_errors=True) as name:
        path = Path(name)
        file = path / "bench.json"
        config = _config(path / "data", sections or {})
        configuration.write(config, file)
        with _up(file, path / "up.log"):
            folder = DataFolder(path / "data")
            running = configuration.load(folder.config, environment={})
            yield StartedExchange(folder, running)


def _config(data: Path, sections: Mapping[str, Mapping[str, Any]]) -> Config:
    markets = tuple(
        msgspec.structs.replace(market, open_orders_max=OPEN_ORDERS_PER_MARKET_MAX)
        for market in DEFAULT_VENUE.markets
    )
    venue = msgspec.structs.replace(DEFAULT_VENUE, markets=markets)
    values: dict[str, Any] = {
        "data": str(data),
        "api": {"port": 0},
        "ws": {"port": 0, "connections_per_address": 10_000},
        "bots": {"enabled": False},
        "accounts": {"open_orders_max": 0xFFFF_FFFF},
        "limits": dict.fromkeys(
            ("public_per_s", "private_per_s", "orders_per_s", "connections"), 0
        ),
        "venue": msgspec.to_builtins(venue),
    }
    for section, keys in sections.items():
        values[section] = {**values.get(section, {}), **keys}
    return msgspec.convert(values, Config)


@contextlib.contextmanager
def _up(file: Path, log: Path) -> Iterator[None]:
    """`truebook up` with a configuration file, from `ready` on."""
    command = [sys.executable, "-m", "truebook", "up", "--config", str(file)]
    environment = configuration.environment_without(os.environ)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    watching = _watch(process.pid)
    try:
        ends_s = SYSTEM_CLOCK.elapsed_s() + START_S_MAX
        while not (told := log.read_text(errors="replace")).count("\nready "):
            if process.poll() is not None or SYSTEM_CLOCK.elapsed_s() > ends_s:
                raise BenchError(f"the exchange doesn't start:\n{told}")
            time.sleep(POLL_S)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        watching.kill()
        watching.communicate()


def _watch(pid: int) -> subprocess.Popen[bytes]:
    """End a process when we end, however that is: the pipe's other end is ours alone."""
    return subprocess.Popen(
        ["/bin/sh", "-c", 'read -r _; kill -TERM "$0"', str(pid)],
        stdin=subprocess.PIPE,
        process_group=0,
    )


def _place_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80
