"""`truebook bench kernel`: what a command costs the engine, on the standard matching workloads.

Promise: the time is thread CPU time of `Engine.apply` over commands that were read and packed
before, in batches of 4,096, everything switched on: balances, holds, fees, events, replies,
filters, self-trade prevention (mode Allow) and the state hash, which is folded after every 256
entries, as a node does when it attests, and once at the end: that is in the time as well. Memory
for as many orders as the file places, and as many prices as it names, is ready before, as that of
the yardstick is (tools/bench/yardstick.cpp): what the system takes for it is told apart. Smaller
batches are timed several at once, since a look at a thread's clock takes longer than a command.
Trades, quantity and trade hash are taken from the events, so that a fast wrong engine shows.

Workload files are written by bench/workload.py; their records stand in bench/records.py.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from truebook.bench.parts import COMMANDS_OF_AN_ENTRY, parts_of
from truebook.bench.profile import Profile, latency_of
from truebook.bench.records import CANCEL, IMMEDIATE, WORKLOAD
from truebook.bench.tape import Tape
from truebook.bench.venue import funded_engine
from truebook.engine.fast import FastEngine
from truebook.engine.interface import Applied
from truebook.limits import PRICE_TICKS_MAX
from truebook.messages import (
    COMMAND,
    ENTRY,
    FORMAT_VERSION,
    CommandKind,
    SelfTrade,
    TimeInForce,
)

BATCH = 4096
ENTRIES_OF_A_FOLD = 256
"""A node attests, and so asks for the state hash, at least that often."""
LATENCY_COMMANDS = 300_000
_GATEWAY = 2
_PRICE_BITS = PRICE_TICKS_MAX.bit_length()


def to_commands(workload: NDArray[Any]) -> NDArray[Any]:
    """The workload's records as PLACE and CANCEL commands; user n trades as account n + 1."""
    commands = np.zeros(len(workload), COMMAND)
    cancels = workload["kind"] == CANCEL
    commands["kind"] = np.where(cancels, CommandKind.CANCEL, CommandKind.PLACE)
    commands["records"] = 1
    commands["side"] = np.where(cancels, 0, workload["side"])
    commands["time_in_force"] = np.where(
        workload["kind"] == IMMEDIATE, TimeInForce.IOC, TimeInForce.GTC
    )
    commands["self_trade"] = np.where(cancels, 0, SelfTrade.ALLOW)
    commands["account"] = workload["user"] + 1
    commands["market"] = workload["symbol"]
    commands["order_id"] = workload["id"]
    commands["price"] = workload["price"]
    commands["quantity"] = workload["quantity"]
    return commands


def to_entries(commands: NDArray[Any], batch: int) -> list[NDArray[np.uint8]]:
    """The commands as log entries of `batch` each, ready for the engine."""
    entries = []
    for sequence, start in enumerate(range(0, len(commands), batch), 1):
        part = commands[start : start + batch]
        header = np.zeros(1, ENTRY)
        header["kind"] = CommandKind.ENTRY
        header["version"] = FORMAT_VERSION
        header["count"] = len(part)
        header["gateway"] = _GATEWAY
        header["sequence"] = sequence
        header["time_ms"] = sequence
        entries.append(np.concatenate([header.view(np.uint8), part.view(np.uint8)]))
    return entries


def prepare(engine: FastEngine, commands: NDArray[Any]) -> int:
    """Have memory ready for all that the commands place; the thread's CPU time that takes, ns."""
    places = commands[commands["kind"] == CommandKind.PLACE]
    prices = np.unique(places["market"].astype(np.int64) << _PRICE_BITS | places["price"])
    begin = time.thread_time_ns()
    engine.prepare(orders=len(places), levels=len(prices))
    return time.thread_time_ns() - begin


def latency(commands: NDArray[Any]) -> dict[str, int]:
    """What single commands take, one entry each, in a book that many commands have made before."""
    some = commands[:LATENCY_COMMANDS]
    engine = funded_engine(markets=int(commands["market"].max()) + 1)
    return latency_of(engine, [entry.tobytes() for entry in to_entries(some, 1)])


def parts(commands: NDArray[Any]) -> dict[str, float]:
    """What one order that rests, one fill, one cancel … takes, in the same book."""
    engine = funded_engine(markets=int(commands["market"].max()) + 1)
    return parts_of(engine, to_entries(commands, COMMANDS_OF_AN_ENTRY))


class Options(NamedTuple):
    """What to measure."""

    batch: int = BATCH
    profile: bool = False
    latency: bool = False


DEFAULT = Options()


def measure(path: Path, options: Options = DEFAULT) -> dict[str, Any]:
    """Run one workload file; the figures under the names of the JSON output."""
    commands = to_commands(np.fromfile(path, WORKLOAD))
    entries = [entry.tobytes() for entry in to_entries(commands, options.batch)]
    together = max(1, min(BATCH // options.batch, ENTRIES_OF_A_FOLD))
    engine: FastEngine = funded_engine(markets=int(commands["market"].max()) + 1)
    preparing_ns = prepare(engine, commands)
    tape = Tape()
    made = Profile(len(commands))
    spent_ns = folding_ns = folds = 0
    done: list[Applied] = []
    for first in range(0, len(entries), together):
        some = entries[first : first + together]
        begin = time.thread_time_ns()
        done = []  # gives back what the last ones have told
        done = [engine.apply(entry) for entry in some]
        taken_ns = time.thread_time_ns() - begin
        spent_ns += taken_ns
        tape.read(b"".join(applied.events for applied in done))
        if options.profile:
            for applied in done:
                made.read(applied, taken_ns // len(done))
        end = first + len(some)
        if end % ENTRIES_OF_A_FOLD == 0 or end == len(entries):
            begin = time.thread_time_ns()
            engine.state_hash()
            folding_ns += time.thread_time_ns() - begin
            folds += 1
    spent_ns += folding_ns
    figures = {
        "workload": path.name.split(".")[0],
        "commands": len(commands),
        "commandsPerEntry": options.batch,
        "nsPerCommand": round(spent_ns / len(commands), 2),
        "foldingNsPerCommand": round(folding_ns / len(commands), 2),
        "folds": folds,
        "preparingNsPerCommand": round(preparing_ns / len(commands), 2),
        **tape.figures(),
    }
    if options.profile:
        figures["profile"] = made.figures()
        figures["fittedNs"] = parts(commands)
    if options.latency:
        figures["latencyNs"] = latency(commands)
    return figures


def run(files: list[Path], as_json: bool, options: Options = DEFAULT) -> int:
    """Measure each file and print a line for it; the exit status."""
    for path in files:
        if not path.is_file():
            print(f"bench kernel: {path}: no such file", file=sys.stderr)
            return 1
        figures = measure(path, options)
        if as_json:
            print(json.dumps(figures), flush=True)
        else:
            print(
                f"{figures['workload']:8} {figures['commands']:>10,} commands "
                f"{figures['nsPerCommand']:>8.1f} ns a command "
                f"{figures['trades']:>9,} trades  hash {figures['tradeHash']}",
                flush=True,
            )
            for name in ("profile", "fittedNs", "latencyNs"):
                for what, figure in figures.get(name, {}).items():
                    print(f"         {what:24} {figure:>12,}", flush=True)
    return 0
