"""`truebook bench orders`: what an order takes from socket to socket, and of the processors.

Promise: everything is the real thing and runs on this machine: the whole exchange with its durable
log, signatures checked, and a load generator of its own process, compiled, whose requests were
signed before. An answer that isn't the expected one is counted as failed, never as an order. With
`--url` the exchange is one that runs already, wherever (elsewhere.py).

Exchanges with different numbers of orders at rest run side by side and take turns, the others idle
meanwhile; every figure is the median of the rounds, `spread` how far the rounds are apart.
"""

import asyncio
import contextlib
import statistics
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from truebook.bench import driving
from truebook.bench.driving import Driven
from truebook.bench.elsewhere import ExchangeElsewhere
from truebook.bench.exchange import BenchError, StartedExchange, started
from truebook.bench.mixes import BATCH_ORDERS, Desk, Mix
from truebook.bench.plan import Lane, write_plan
from truebook.bench.telling import run_and_tell
from truebook.bench.trading import Trader, cancel_all, equipped
from truebook.progress import Progress

TRADERS = 64
ROUNDS = 3
_RATES_AT_FIRST = {1: 3_000.0, 16: 14_000.0}
_RATE_AT_FIRST = 18_000.0
"""Requests a second that are made where nothing was measured yet: more than are used."""
_MARGIN = 1.3
_MORE_BY_WEBSOCKET = 4
_BATCHES_OF_A_REQUEST = 5
"""A batch takes at least as long as so many single orders."""


class Options(NamedTuple):
    """What to measure."""

    connections: Sequence[int] = (1, 16, 64)
    resting: Sequence[int] = (0,)
    mixes: Sequence[Mix] = ("place", "cross", "cancel", "batch", "mixed")
    seconds: float = 2.0
    rounds: int = ROUNDS
    rate: float = 0.0
    """Requests a second over all connections, due at their time; 0: each when the last is done."""
    apis: int = 1
    engines: int = 1
    quorum: int = 1
    """So many engines must agree before anything is answered."""
    depth: int = 0
    """Over websockets, so many requests under way on each connection; 0: over HTTP."""
    elsewhere: ExchangeElsewhere | None = None
    """An exchange that runs already, instead of one of our own."""


class Case(NamedTuple):
    """One line of the results."""

    mix: Mix
    connections: int
    resting: int


class Book:
    """An exchange with some orders at rest, and who trades there."""

    def __init__(
        self,
        exchange: Driven,
        resting: int,
        traders: Sequence[Trader],
        clear: Callable[[], Awaitable[None]],
        *,
        is_websocket: bool,
    ) -> None:
        self.exchange = exchange
        self.resting = resting
        self.clear = clear
        """Takes back all that the traders have at rest."""
        self.desk = Desk(traders, is_websocket=is_websocket)


async def _filled(exchange: StartedExchange, resting: int, *, is_websocket: bool) -> Book:
    """Open accounts and fill the book."""
    traders = await equipped(exchange.config, TRADERS, resting)
    details = await exchange.settled()
    if details["orders"] < resting:
        raise BenchError(f"{details['orders']} orders rest, not {resting}")
    accounts = [trader.account for trader in traders]
    clear = partial(cancel_all, exchange.config, accounts)
    return Book(exchange, resting, traders, clear, is_websocket=is_websocket)


class Bench:
    """Runs cases on books and keeps what came of them."""

    def __init__(self, options: Options, folder: Path, progress: Progress) -> None:
        self._options = options
        self._plan = folder / "plan"
        self._progress = progress
        self._rates: dict[tuple[Mix, int], float] = {}
        self.runs: dict[Case, list[dict[str, Any]]] = {}

    async def round(self, books: Sequence[Book], number: int) -> None:
        """Run every case once."""
        options = self._options
        for connections in options.connections:
            for mix in options.mixes:
                for book in books:
                    case = Case(mix, connections, book.resting)
                    step = f"round {number}: {mix}, {connections} connections"
                    self._progress.show(f"{step}, {book.resting:,} at rest")
                    self.runs.setdefault(case, []).append(await self._run(book, case))

    async def _run(self, book: Book, case: Case) -> dict[str, Any]:
        lanes = await self.lanes(book, case)
        told = await self.drive(book, lanes, case)
        await book.clear()
        await book.exchange.settled()
        return told

    async def lanes(self, book: Book, case: Case) -> list[Lane]:
        """The requests of a case; what is to be cancelled is placed before."""
        desk, connections = book.desk, case.connections
        each = self._requests_each(case)
        match case.mix:
            case "cross":
                return desk.crossing(connections, each)
            case "batch":
                return desk.batching(connections, each)
            case "mixed":
                return desk.mixing(connections, each)
        lanes, placed = desk.placing(connections, each)
        if case.mix == "place":
            return lanes
        told = await self.drive(book, lanes, case._replace(mix="place"))
        done: list[int] = told["doneByConnection"]
        some = [orders[:count] for orders, count in zip(placed, done, strict=True)]
        await book.exchange.settled()
        return desk.cancelling(some)

    def _requests_each(self, case: Case) -> int:
        options = self._options
        rate = options.rate or self._rates.get((case.mix, case.connections), 0.0)
        if not rate:
            rate = _RATES_AT_FIRST.get(case.connections, _RATE_AT_FIRST)
            rate *= _MORE_BY_WEBSOCKET if options.depth else 1
            rate /= _BATCHES_OF_A_REQUEST if case.mix == "batch" else 1
        return max(2, round(rate * options.seconds * _MARGIN / case.connections))

    async def drive(self, book: Book, lanes: Sequence[Lane], case: Case) -> dict[str, Any]:
        """Let the generator work off the requests."""
        lanes, is_websocket = book.desk.opened(lanes), book.desk.is_websocket
        await asyncio.to_thread(write_plan, self._plan, lanes, is_websocket=is_websocket)
        host, port = book.exchange.api
        options = self._options
        words = (self._plan, host, port, options.seconds, max(1, options.depth), options.rate)
        told = await driving.drive(book.exchange, "orders", *words)
        if told["failed"] > told["requests"]:
            raise BenchError(f"most requests failed: {told['firstFailure']}")
        orders = max(1, told["ordersDone"])
        told["cpuUsPerOrder"] = {role: ns / 1000 / orders for role, ns in told["cpuNs"].items()}
        self._rates[case.mix, case.connections] = told["requestsPerS"]
        return told


def summary(case: Case, runs: Sequence[dict[str, Any]], depth: int = 0) -> dict[str, Any]:
    """One case's figures: medians over its runs, under the names of the JSON output."""
    rates = [run["ordersPerS"] for run in runs]
    rate = statistics.median(rates)
    roles = runs[0]["cpuUsPerOrder"]
    cpu = {role: _median(runs, "cpuUsPerOrder", role, digits=2) for role in roles}
    failures = [run["firstFailure"] for run in runs if run["firstFailure"]]
    return {
        "mix": case.mix,
        "connections": case.connections,
        "depth": depth,
        "resting": case.resting,
        "ordersPerRequest": BATCH_ORDERS if case.mix == "batch" else 1,
        "ordersPerS": round(rate),
        "spread": round((max(rates) - min(rates)) / rate, 3) if rate else 0.0,
        "latencyUs": {name: _median(runs, "latencyUs", name) for name in runs[0]["latencyUs"]},
        "cpuUsPerOrder": cpu,
        "cpuUsPerOrderInAll": round(sum(cpu.values()), 2),
        "failed": sum(run["failed"] for run in runs),
        "unanswered": sum(run["unanswered"] for run in runs),
        "overdue": sum(run["overdue"] for run in runs),
        "firstFailure": failures[0] if failures else "",
    }


def _median(runs: Sequence[dict[str, Any]], *names: str, digits: int = 1) -> float:
    values = []
    for run in runs:
        found: Any = run
        for name in names:
            found = found[name]
        values.append(found)
    return float(round(statistics.median(values), digits))


async def measure(options: Options, progress: Progress) -> list[dict[str, Any]]:
    """Run everything; one dictionary a case."""
    with tempfile.TemporaryDirectory(prefix="truebook-bench-") as folder:
        bench = Bench(options, Path(folder), progress)
        async with contextlib.AsyncExitStack() as stack:
            is_websocket = options.depth > 0
            books = []
            if (there := options.elsewhere) is not None:
                traders = await there.traders()
                book = Book(there, 0, traders, there.cancel_all, is_websocket=is_websocket)
                books.append(book)
            for resting in options.resting if there is None else ():
                progress.show(f"starting an exchange, {resting:,} orders at rest")
                exchange = await stack.enter_async_context(started(_sections(options)))
                books.append(await _filled(exchange, resting, is_websocket=is_websocket))
            for number in range(1, options.rounds + 1):
                await bench.round(books, number)
            progress.show("stopping")
    progress.end()
    return [summary(case, runs, options.depth) for case, runs in bench.runs.items()]


def _sections(options: Options) -> dict[str, dict[str, int]]:
    return {
        "api": {"port": 0, "processes": options.apis},
        "engine": {"processes": options.engines, "quorum": options.quorum},
    }


def run(options: Options, as_json: bool) -> None:
    """`truebook bench orders`."""
    from truebook.bench.tables import print_orders

    run_and_tell(partial(measure, options), as_json, print_orders)
