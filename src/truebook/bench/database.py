"""`truebook bench database`: what the store costs, and how fast it is asked.

Promise: it is the real writer and the real history. Three figures:

* **following**: the events of an engine on which random orders trade, folded and written;
* **trades**: nothing but trades, a hundred thousand in each second, with fills and candles;
* **candles**: those of a market's month with as many trades, asked for as a chart asks.

Processor time is told beside the clock's, of this process and (of a PostgreSQL server on the same
machine) of the server's for this connection: on a machine that others use only that means anything.
"""

import asyncio
import contextlib
import gc
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from truebook.bench.postgres_server import missing, private_cluster
from truebook.bench.telling import print_figures, tell
from truebook.bench.venue import ACCOUNTS, settings_of
from truebook.commandlog.chain import START, extend
from truebook.commandlog.entries import for_engine, pack_entry
from truebook.commandlog.interface import GENESIS, EventEntry, LogEntry, Position, Tail
from truebook.config import UserError
from truebook.engine.fast import FastEngine
from truebook.history import KeptInterval
from truebook.limits import ENTRY_RECORDS_MAX
from truebook.messages import COMMAND, CommandKind
from truebook.postgres.urls import is_postgres
from truebook.store.ahead import Ahead
from truebook.store.candles import candle_rows
from truebook.store.fills import Fills, Markets, write_fills
from truebook.store.fold import fold
from truebook.store.interface import Writer
from truebook.store.projection import LARGE_STEP_BYTES, READ_ENTRIES, end_of_step
from truebook.store.reading import history_of
from truebook.store.rows import Rows
from truebook.store.sqlite.place import url_of
from truebook.store.writing import writer_of

Told = dict[str, Any]
MARKETS = 3
MONTH_S = 30 * 86_400
BEGIN_S = 1_795_046_400
"""When the month begins: a midnight in UTC."""
MONTHS_MARKET = 1
TRADES_PER_MS = 100
BATCH_TRADES = 20_000
ORDERS_IN_ENTRY = 64
"""16,384 commands in a batch of a store that catches up."""
REAL_TIME_PER_S = 10_000
"""Commands a second that `catchUp` is a multiple of: an exchange that is busy."""
OPTIONS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
TIMES = 15


class Times(NamedTuple):
    """Seconds by the clock, and of processors: ours, the server's."""

    wall_s: float
    own_s: float
    server_s: float

    def since(self, before: "Times") -> "Times":
        """What has passed."""
        return Times(*(now - then for now, then in zip(self, before, strict=True)))


def run(url: str | None, commands: int, trades: int, as_json: bool) -> None:
    """`truebook bench database`. Raises UserError."""
    with _database(url) as found:
        told = measure(found, commands, trades)
    tell(told, as_json, print_figures)


def measure(url: str, commands: int, trades: int) -> Told:
    """Measure on an empty database."""
    writer = writer_of(url)
    gc.freeze()
    gc.disable()
    try:
        if writer.open().tail.position != GENESIS:
            raise UserError("bench: the database isn't empty")
        told: Told = {"database": "postgresql" if is_postgres(url) else "sqlite"}
        told |= _follow(writer, _stream(commands), commands)
        told |= _trade(writer, trades)
        _fill_month(writer, trades)
        return told | _ask(url)
    finally:
        gc.enable()
        writer.close()


@contextlib.contextmanager
def _database(url: str | None) -> Iterator[str]:
    """The database that is meant: a private server's, where none is named."""
    if url == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield url_of(Path(folder) / "database.sqlite")
    elif url is not None:
        yield url
    elif reason := missing():
        raise UserError(f"bench: {reason}, or name a database with --url")
    else:
        with private_cluster(OPTIONS) as cluster:
            yield cluster.create()


def _times(writer: Writer) -> Times:
    raw = getattr(writer, "_raw", None)
    server_s = 0.0 if raw is None else _processor_s(raw.info.backend_pid)
    return Times(time.perf_counter(), time.process_time(), server_s)


def _processor_s(pid: int) -> float:
    """Of a process on this machine; 0 where it is on another one."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _stream(commands: int) -> Iterator[EventEntry]:
    """The events of random orders around one price, of which half trade at once."""
    engine, tail = FastEngine(), Tail(GENESIS, START)
    records = settings_of(MARKETS)
    step = ENTRY_RECORDS_MAX
    parts = [records[at : at + step].tobytes() for at in range(0, len(records), step)]
    rng = np.random.default_rng(1)
    sequence = 0

    def applied(part: bytes) -> EventEntry:
        nonlocal tail, sequence
        sequence += 1
        position = Position(BEGIN_S * 1000 + sequence * 5, 0)
        data = pack_entry(1, sequence, part)
        events = bytes(engine.apply(for_engine(LogEntry(position, position.high, data))).events)
        entry = EventEntry(
            position, tail.position, events, b"", extend(tail.event_hash, position, events)
        )
        tail = Tail(position, entry.event_hash)
        return entry

    for part in parts:
        yield applied(part)
    for first in range(0, commands, ORDERS_IN_ENTRY):
        yield applied(_orders(rng, first))


def _orders(rng: np.random.Generator, first_id: int) -> bytes:
    orders = np.zeros(ORDERS_IN_ENTRY, COMMAND)
    orders["kind"], orders["records"] = CommandKind.PLACE, 1
    orders["side"] = rng.integers(0, 2, ORDERS_IN_ENTRY)
    orders["market"] = rng.integers(0, MARKETS, ORDERS_IN_ENTRY)
    orders["account"] = rng.integers(1, ACCOUNTS + 1, ORDERS_IN_ENTRY)
    orders["price"] = 10_000 + rng.integers(-20, 21, ORDERS_IN_ENTRY)
    orders["quantity"] = rng.integers(1, 100, ORDERS_IN_ENTRY)
    orders["order_id"] = first_id + 1 + np.arange(ORDERS_IN_ENTRY)
    return orders.tobytes()


def _steps(entries: list[EventEntry]) -> Iterator[list[EventEntry]]:
    """What a store reads at once, and what it does of that at once."""
    for first in range(0, len(entries), READ_ENTRIES):
        read, begin = entries[first : first + READ_ENTRIES], 0
        while begin < len(read):
            end = end_of_step(read, begin, LARGE_STEP_BYTES)
            yield read[begin:end]
            begin = end


def _follow(writer: Writer, stream: Iterator[EventEntry], commands: int) -> Told:
    """Fold and write a stream, as a store does that catches up: one while the other."""
    writer.close()
    known, directory = writer.open()
    entries = list(stream)
    ahead = Ahead(writer)
    fold_s, trades = 0.0, 0
    begun = _times(writer)
    for step in _steps(entries):
        own_s = time.thread_time()
        rows = fold(step, known, directory)
        fold_s += time.thread_time() - own_s
        ahead.begin(rows)
        known, trades = rows.tail, trades + rows.trades.shape[1]
    ahead.settle()
    spent = _times(writer).since(begun)
    ahead.close()
    return {
        "commands": commands,
        "tradesOfThem": trades,
        "foldCpuUsPerCommand": _us(fold_s, commands),
        "writeCpuUsPerCommand": _us(spent.own_s - fold_s, commands),
        "serverCpuUsPerCommand": _us(spent.server_s, commands),
        "commandsPerSecond": round(commands / spent.wall_s),
        "catchUp": round(commands / spent.wall_s / REAL_TIME_PER_S, 1),
        "catchUpOf": REAL_TIME_PER_S,
    }


def _trade(writer: Writer, trades: int) -> Told:
    """Trades of one market, with their fills and candles."""
    writer.close()
    tail = writer.open().tail
    begun = _times(writer)
    making_s = making_own_s = 0.0
    for first in range(0, trades, BATCH_TRADES):
        began_s, own_s = time.perf_counter(), time.process_time()
        rows = _traded(tail, first, min(BATCH_TRADES, trades - first))
        making_s += time.perf_counter() - began_s
        making_own_s += time.process_time() - own_s
        writer.write(rows)
        tail = rows.tail
    spent = _times(writer).since(begun)
    return {
        "trades": trades,
        "rows": 3 * trades,
        "tradesPerSecond": round(trades / (spent.wall_s - making_s)),
        "writeCpuUsPerTrade": _us(spent.own_s - making_own_s, trades),
        "serverCpuUsPerTrade": _us(spent.server_s, trades),
    }


def _after(before: Tail) -> Rows:
    """Rows that follow a position."""
    return Rows(before.position, Tail(Position(before.position.high + 1, 0), before.event_hash))


def _traded(before: Tail, first: int, count: int) -> Rows:
    """Some trades, numbered behind all that the stream may have made."""
    rows, rng = _after(before), np.random.default_rng(first)
    price, quantity = 10_000 + rng.integers(-50, 51, count), rng.integers(1, 100, count)
    numbers = np.arange(first, first + count)
    trade, sequence = (1 << 40) + numbers, (1 << 41) + 2 * numbers
    fee, zero = np.ones(count, np.int64), np.zeros(count, np.int64)
    fills = Fills(
        *(numbers, numbers & 1, zero, trade, price, quantity),
        *(trade, 1 + numbers % ACCOUNTS, sequence, fee, zero),
        *(trade + 1, 1 + (numbers + 1) % ACCOUNTS, sequence + 1, fee),
        *(price * quantity, trade, BEGIN_S * 1000 + numbers // TRADES_PER_MS),
    )
    grids = Markets({})
    grids.bases, grids.quotes = np.zeros((2, 1), np.int64)
    write_fills(fills, grids, rows)
    rows.symbols = {0: "A0_USD"}
    rows.time_ms = int(fills.time_ms[-1])
    return rows


def _fill_month(writer: Writer, trades: int) -> None:
    """The candles of a month with that many trades, in a market of their own."""
    writer.close()
    tail = writer.open().tail
    rng = np.random.default_rng(2)
    step_ms = MONTH_S * 1000 / trades
    for first in range(0, trades, 10 * BATCH_TRADES):
        count = min(10 * BATCH_TRADES, trades - first)
        times_ms = BEGIN_S * 1000 + (np.arange(first, first + count) * step_ms).astype(np.int64)
        markets, ones = np.full(count, MONTHS_MARKET), np.ones(count, np.int64)
        rows = _after(tail)
        prices = 10_000 + rng.integers(-50, 51, count)
        rows.candles.extend(candle_rows(markets, times_ms, prices, ones))
        writer.write(rows)
        tail = rows.tail


def _ask(url: str) -> Told:
    """Ask for the candles of the month: all that are kept, of seconds what one answer may hold."""
    spans: dict[KeptInterval, int] = {"1s": 1000, "1m": MONTH_S, "1h": MONTH_S, "1d": MONTH_S}
    told: Told = {}
    with asyncio.Runner() as runner:
        history = history_of(url)
        try:
            for interval, span_s in spans.items():
                taken, count = [], 0
                for _ in range(TIMES):
                    began_s = time.perf_counter()
                    found = runner.run(
                        history.candles(
                            MONTHS_MARKET, interval, BEGIN_S + MONTH_S - span_s, BEGIN_S + MONTH_S
                        )
                    )
                    taken.append(time.perf_counter() - began_s)
                    count = len(found)
                median_ms = sorted(taken)[TIMES // 2] * 1000
                told[f"candles{interval}Ms"] = round(median_ms, 1)
                told[f"candles{interval}Count"] = count
        finally:
            history.close()
    return told


def _us(seconds: float, count: int) -> float:
    return round(seconds / count * 1e6, 2)
