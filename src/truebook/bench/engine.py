"""`truebook bench engine`: commands through the durable log, the engine, and all who follow it.

Promise: a whole exchange, whose log is written to directly: entries of 256 commands, orders that
come to rest and their cancellations, each on disk before it is acknowledged. Sixteen gateways write
them, each over a connection of its own with one entry under way, as a gateway does. (Sixteen under
way on one connection take the log's server twice as long.)

* **burst**: until the engine has published the last one.
* **sustained**: until feed and database have it, too.
"""

import asyncio
import statistics
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from truebook.bench.exchange import BenchError, StartedExchange, started
from truebook.bench.processes import difference
from truebook.bench.telling import print_figures, run_and_tell
from truebook.bench.trading import EDGE, MIDDLE, Trader, equipped
from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.entries import pack_entry
from truebook.commandlog.interface import Position
from truebook.commandlog.resp import pack
from truebook.commandlog.valkey_bus import ValkeyBus
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.commandlog.valkey_trimmer import stream_key
from truebook.limits import ORDER_COUNTER_BITS
from truebook.messages import COMMAND, CommandKind, Side
from truebook.progress import Progress

ENTRY_COMMANDS = 256
GATEWAYS = 16
_TRADERS = 32
_LEVELS = 1_000
_ANSWER_S = 30.0
_PUBLISHED_S_MAX = 120.0
_POLL_S = 0.005
"""A look takes some of the processors that are measured."""


class Options(NamedTuple):
    """What to measure."""

    commands: int = 400_000
    rounds: int = 3


class Bench:
    """Runs bursts on one exchange."""

    def __init__(self, exchange: StartedExchange, commands: int, traders: Sequence[Trader]) -> None:
        self._exchange = exchange
        self._commands = commands
        self._accounts = [trader.account for trader in traders]

    async def run(self) -> dict[str, Any]:
        """One burst: rates in commands a second, and what each role takes of a processor."""
        config, exchange = self._exchange.config, self._exchange
        log, bus = ValkeyLog(config.log.url, durability=UNCHECKED), ValkeyBus(config.bus.url)
        try:
            gateways = [await log.lease_gateway() for _ in range(GATEWAYS)]
            entries = _entries(gateways, self._accounts, self._commands)
            await exchange.settled()
            before, began_s = exchange.cpu_ns(), SYSTEM_CLOCK.elapsed_s()
            last = await asyncio.to_thread(_append, config.log.url, entries)
            appended_s = SYSTEM_CLOCK.elapsed_s() - began_s
            await _published(bus, last)
            burst_s = SYSTEM_CLOCK.elapsed_s() - began_s
            await exchange.settled()
            sustained_s = SYSTEM_CLOCK.elapsed_s() - began_s
        finally:
            await log.close()
            await bus.close()
        taken = difference(before, exchange.cpu_ns())
        return {
            "appended": self._commands / appended_s,
            "burst": self._commands / burst_s,
            "sustained": self._commands / sustained_s,
            "cpuUs": {role: ns / 1000 / self._commands for role, ns in taken.items()},
        }


async def _published(bus: ValkeyBus, last: Position) -> None:
    ends_s = SYSTEM_CLOCK.elapsed_s() + _PUBLISHED_S_MAX
    while await bus.event_tail() < last:
        if SYSTEM_CLOCK.elapsed_s() > ends_s:
            raise BenchError("the engine hasn't published all of it")
        await asyncio.sleep(_POLL_S)


def _append(url: str, entries: Sequence[bytes]) -> Position:
    """Write entries to the log, those of the gateways in turn; the position of the last."""
    connections = [BlockingConnection(parse(url)) for _ in entries[:GATEWAYS]]
    for connection in connections:
        connection.open()
    for number, data in enumerate(entries):
        connection = connections[number % GATEWAYS]
        if number >= GATEWAYS:
            connection.receive(_ANSWER_S)
        connection.send(data, _ANSWER_S)
    last = max(Position.parse(connection.receive(_ANSWER_S)) for connection in connections)
    for connection in connections:
        connection.close()
    return last


def _entries(gateways: Sequence[int], accounts: Sequence[int], commands: int) -> list[bytes]:
    """XADD of each entry, as it goes over the wire."""
    rng = np.random.default_rng(gateways[0])
    half = ENTRY_COMMANDS // 2
    entries = []
    for number in range(commands // ENTRY_COMMANDS):
        gateway, sequence = gateways[number % GATEWAYS], number // GATEWAYS + 1
        first = (gateway << ORDER_COUNTER_BITS) + sequence * half
        places = np.zeros(half, COMMAND)
        places["kind"], places["records"] = CommandKind.PLACE, 1
        places["side"] = rng.integers(0, 2, half)
        places["account"] = rng.choice(np.asarray(accounts), half)
        away = rng.integers(EDGE + 1, _LEVELS, half)
        places["price"] = np.where(places["side"] == Side.ASK, MIDDLE + away, MIDDLE - away)
        places["quantity"] = rng.integers(1, 100, half)
        places["order_id"] = first + np.arange(half)
        cancels = np.zeros(half, COMMAND)
        cancels["kind"], cancels["records"] = CommandKind.CANCEL, 1
        for name in ("account", "market", "order_id"):
            cancels[name] = places[name]
        data = pack_entry(gateway, sequence, places.tobytes() + cancels.tobytes())
        entries.append(pack("XADD", stream_key(0), "*", "d", data))
    return entries


def summary(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The medians of some runs, under the names of the JSON output."""

    def median(name: str) -> int:
        return int(statistics.median([run[name] for run in runs]))

    bursts = [run["burst"] for run in runs]
    return {
        "commandsPerEntry": ENTRY_COMMANDS,
        "entriesUnderWay": GATEWAYS,
        "appendedPerS": median("appended"),
        "burstPerS": median("burst"),
        "sustainedPerS": median("sustained"),
        "spread": round((max(bursts) - min(bursts)) / statistics.median(bursts), 3),
        "cpuUsPerCommand": {
            role: round(statistics.median([run["cpuUs"].get(role, 0.0) for run in runs]), 2)
            for role in runs[0]["cpuUs"]
        },
    }


async def measure(options: Options, progress: Progress) -> dict[str, Any]:
    """Run everything."""
    progress.show("starting an exchange")
    async with started() as exchange:
        bench = Bench(exchange, options.commands, await equipped(exchange.config, _TRADERS, 0))
        runs = []
        for number in range(1, options.rounds + 1):
            progress.show(f"round {number}: {options.commands:,} commands")
            runs.append(await bench.run())
        progress.show("stopping")
    return {"commands": options.commands, **summary(runs)}


def run(options: Options, as_json: bool) -> None:
    """`truebook bench engine`."""
    run_and_tell(partial(measure, options), as_json, print_figures)
