"""`truebook bench fanout`: how many messages reach how many subscribers, and how late.

Promise: real websockets, real streams of depth and trades, each subscriber's numbers checked for
gaps. Two kinds of cases, and the results say which:

* **bus**: the websocket server alone. The benchmark publishes on the bus what a feed would (the
  feed is stopped meanwhile), as fast as all subscribers take it, or at a rate. `burst` messages go
  out in one write: with 1 every event is written to every subscriber by itself.
* **exchange**: everything. Orders that trade are due at a rate, and what is measured is from the
  engine's time, in milliseconds, to the subscriber.
"""

import asyncio
import contextlib
import os
import signal
import statistics
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from truebook.bench.driving import drive
from truebook.bench.exchange import StartedExchange, started
from truebook.bench.mixes import Desk
from truebook.bench.plan import write_plan
from truebook.bench.telling import run_and_tell
from truebook.bench.trading import SYMBOL, Trader, equipped
from truebook.commandlog.address import parse
from truebook.commandlog.resp import key
from truebook.feed.channels import depth_channel, trade_channel
from truebook.progress import Progress

_NUMBER, _TIME = "S" * 16, "T" * 16
_SUBSCRIPTION = f'{{"method":"SUBSCRIBE","params":["depth.{SYMBOL}","trade.{SYMBOL}"],"id":1}}'
_DEPTH = (
    f'{{"e":"depth","E":{_TIME},"T":{_TIME},"s":"{SYMBOL}","U":{_NUMBER},"u":{_NUMBER},'
    '"a":[["100.06","12.5"]],"b":[["99.94","3.25"]]}'
)
_TRADE = (
    f'{{"e":"trade","E":{_TIME},"T":{_TIME},"s":"{SYMBOL}","p":"100.05","q":"0.42",'
    f'"b":"114575842681290753","a":"114575842681290754","t":{_NUMBER},"m":true}}'
)
_WINDOW = 2
"""Bursts under way: the next is there when one is done, and no more than that."""
_TRADERS = 4


class Case(NamedTuple):
    """One line of the results."""

    over: Literal["bus", "exchange"]
    subscribers: int
    rate: float
    """Events a second; 0: as many as all subscribers take."""
    burst: int = 1


class Options(NamedTuple):
    """What to measure."""

    subscribers: Sequence[int] = (1_000,)
    rates: Sequence[float] = (100.0,)
    burst: int = 32
    """Of the coalesced case."""
    seconds: float = 4.0
    rounds: int = 3

    def cases(self) -> list[Case]:
        """All of them."""
        found = []
        for subscribers in self.subscribers:
            found += [Case("bus", subscribers, 0), Case("bus", subscribers, 0, self.burst)]
            for rate in self.rates:
                found += [Case("bus", subscribers, rate), Case("exchange", subscribers, rate)]
        return found


class Bench:
    """Runs cases on one exchange."""

    def __init__(
        self,
        exchange: StartedExchange,
        options: Options,
        folder: Path,
        traders: Sequence[Trader],
    ) -> None:
        self._exchange = exchange
        self._options = options
        self._folder = folder
        self._desk = Desk(traders)

    async def run(self, case: Case) -> dict[str, Any]:
        """Run one case once."""
        if case.over == "exchange":
            return await self._over_exchange(case)
        with _stopped(self._exchange, "feed"):
            return await self._listen(case, _script())

    async def _listen(
        self, case: Case, script: str, *, began: Callable[[], None] = lambda: None
    ) -> dict[str, Any]:
        path = self._folder / "script"
        path.write_text(script)
        bus = parse(self._exchange.config.bus.url)
        at = (bus.path, 0) if bus.path else (bus.host, bus.port)
        window = (case.rate if case.over == "bus" else 0, _WINDOW, case.burst)
        words = (*self._exchange.ws, *at, path, case.subscribers, self._options.seconds, *window)
        return await drive(self._exchange, "fanout", *words, began=began)

    async def _over_exchange(self, case: Case) -> dict[str, Any]:
        each = round(case.rate * (self._options.seconds + 1) / _TRADERS) + 2
        plan = self._folder / "plan"
        write_plan(plan, self._desk.crossing(_TRADERS, each))
        trading: list[asyncio.Task[Any]] = []

        def trade() -> None:
            words = (plan, *self._exchange.api, self._options.seconds, 1, case.rate)
            trading.append(asyncio.create_task(drive(self._exchange, "orders", *words)))

        told = await self._listen(case, f"{_SUBSCRIPTION}\nT\n", began=trade)
        traded = await trading[0]
        return {**told, "published": traded["ordersDone"]}


def _script() -> str:
    channels = ((depth_channel(SYMBOL), _DEPTH), (trade_channel(SYMBOL), _TRADE))
    lines = [_SUBSCRIPTION, "E"]
    for name, message in channels:
        lines += [key(0, name), message]
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def _stopped(exchange: StartedExchange, role: str) -> Iterator[None]:
    """A process of ours stands still, so that it doesn't publish."""
    pids = [process.pid for process in exchange.state().processes if process.role == role]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def summary(case: Case, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One case's figures: medians over its runs, under the names of the JSON output."""
    rates = [run["deliveriesPerS"] for run in runs]
    rate = statistics.median(rates)
    return {
        "over": case.over,
        "subscribers": case.subscribers,
        "eventsPerS": case.rate,
        "burst": case.burst,
        "deliveriesPerS": round(rate),
        "spread": round((max(rates) - min(rates)) / rate, 3) if rate else 0.0,
        "lagUs": {
            name: statistics.median([run["lagUs"][name] for run in runs])
            for name in runs[0]["lagUs"]
        },
        "lost": sum(run["lost"] for run in runs),
        "missing": sum(run["missing"] for run in runs if case.over == "bus"),
        "wsCpuUsPerDelivery": round(
            statistics.median(
                [run["cpuNs"].get("ws", 0) / 1000 / max(1, run["deliveries"]) for run in runs]
            ),
            3,
        ),
        "readersCpuShare": round(
            statistics.median([run["generatorCpuS"] / run["seconds"] for run in runs]), 2
        ),
    }


async def measure(options: Options, progress: Progress) -> list[dict[str, Any]]:
    """Run everything; one dictionary a case."""
    runs: dict[Case, list[dict[str, Any]]] = {}
    async with _bench(options, progress) as bench:
        for number in range(1, options.rounds + 1):
            for case in options.cases():
                what = f"{case.rate:g} events/s" if case.rate else "as fast as they take it"
                step = f"{case.subscribers:,} subscribers over the {case.over}, {what}"
                progress.show(f"round {number}: {step}, {case.burst} at once")
                runs.setdefault(case, []).append(await bench.run(case))
        progress.show("stopping")
    progress.end()
    return [summary(case, found) for case, found in runs.items()]


@contextlib.asynccontextmanager
async def _bench(options: Options, progress: Progress) -> AsyncGenerator[Bench]:
    progress.show("starting an exchange")
    with tempfile.TemporaryDirectory(prefix="truebook-bench-") as folder:
        async with started() as exchange:
            traders = await equipped(exchange.config, _TRADERS, 0)
            yield Bench(exchange, options, Path(folder), traders)


def run(options: Options, as_json: bool) -> None:
    """`truebook bench fanout`."""
    from truebook.bench.tables import print_fanout

    run_and_tell(partial(measure, options), as_json, print_fanout)
