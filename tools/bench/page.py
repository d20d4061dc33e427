"""What the trading page takes of whoever looks at it, in headless chromium.

    python tools/bench/page.py [--seconds 30] [--minutes 10] [--rate 1000] [--json]

An exchange of its own, without bots; one account changes the book of the market shown `--rate`
times a second, around its best prices, where the page draws. Chromium has a window of 1440 × 900
and no graphics card, so drawing costs the processor: on a desktop it costs less.

Told are: how much is fetched, compressed, and how long it takes from cold until the book stands
there; frames a second and what chromium takes of one core meanwhile; the page's memory after
garbage collection, in the beginning and after `--minutes`.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import shutil
import statistics
import sys
from collections.abc import AsyncIterator
from typing import Any

from playwright.async_api import Browser, CDPSession, Page, async_playwright

from truebook import commands
from truebook.api.exchange import Exchange
from truebook.bench.exchange import StartedExchange, started
from truebook.bench.trading import EDGE, MIDDLE, SYMBOL, equipped
from truebook.clock import SYSTEM_CLOCK
from truebook.messages import OrderType, Side
from truebook.supervisor.visiting import visit

LEVELS = 25
"""On each side; the page shows fewer."""
TOGETHER = 20
"""Changes in one entry of the log."""
COLD_LOADS = 5
SETTLE_MS = 3_000
MIB = 1 << 20
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
SEEN = """
new MutationObserver((_, observer) => {
  if (!document.querySelector('[data-testid=book][data-whole="true"] .row.ask')) return;
  observer.disconnect();
  const told = () => { document.documentElement.dataset.seen = performance.now(); };
  requestAnimationFrame(() => requestAnimationFrame(told));
}).observe(document, {childList: true, subtree: true});
"""
COUNT_FRAMES = """(seconds) => new Promise((resolve) => {
  const first = performance.now(), gaps = [];
  let last = first;
  const update = () => Number(document.querySelector('[data-testid=book]').dataset.update);
  const before = update();
  requestAnimationFrame(function count(now) {
    gaps.push(now - last);
    last = now;
    if (now - first < 1000 * seconds) requestAnimationFrame(count);
    else resolve({framesPerS: gaps.length / (now - first) * 1000, longestFrameMs: Math.max(...gaps),
                  updatesPerS: (update() - before) / (now - first) * 1000});
  });
})"""


class Changes:
    """Changes the sizes of orders at rest in the market, so many a second; `count` of them were
    carried out."""

    def __init__(self, gateway: Exchange, account: int, rate: int) -> None:
        self._gateway = gateway
        self._account = account
        self._rate = rate
        self._market = gateway.directory.market_by_symbol[SYMBOL].number
        self._orders: list[tuple[int, int]] = []
        self.count = 0

    async def begin(self) -> None:
        """Place the orders."""
        placed = []
        for level in range(1, LEVELS + 1):
            for side, sign in ((Side.BID, -1), (Side.ASK, 1)):
                order_id, price = self._gateway.next_order_id(), MIDDLE + sign * (EDGE + level)
                self._orders.append((order_id, price))
                placed.append(
                    commands.place(
                        account=self._account,
                        market=self._market,
                        order_id=order_id,
                        side=side,
                        order_type=OrderType.LIMIT,
                        quantity=1_000,
                        price=price,
                    )
                )
        await self._gateway.send_and_await(b"".join(placed), len(placed), None)

    async def go_on(self) -> None:
        """Change them, until cancelled."""
        began_s = SYSTEM_CLOCK.elapsed_s()
        orders, sizes = itertools.cycle(self._orders), itertools.cycle(range(100, 9_000, 137))
        while True:
            amends = [
                commands.amend(
                    account=self._account,
                    market=self._market,
                    order_id=order_id,
                    price=price,
                    quantity=next(sizes),
                )
                for order_id, price in itertools.islice(orders, TOGETHER)
            ]
            await self._gateway.send_and_await(b"".join(amends), len(amends), None)
            self.count += len(amends)
            due_s = began_s + self.count / self._rate
            await asyncio.sleep(max(0.0, due_s - SYSTEM_CLOCK.elapsed_s()))


@contextlib.asynccontextmanager
async def placed(exchange: StartedExchange, rate: int) -> AsyncIterator[Changes]:
    """Orders at rest in the market; what changes them is a gateway as long as the context lasts."""
    trader, *_ = await equipped(exchange.config, 1, 0)
    async with visit(exchange.config) as gateway:
        changes = Changes(gateway, trader.account, rate)
        await changes.begin()
        yield changes


async def from_cold(browser: Browser, url: str) -> dict[str, Any]:
    """What is fetched and when something is seen, by a browser that was never there."""
    seen, painted, fetched = [], [], {}
    for _ in range(COLD_LOADS):
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        page = await context.new_page()
        await page.add_init_script(SEEN)
        await page.goto(url)
        told = page.locator("html[data-seen]")
        await told.wait_for()
        seen.append(float(await told.get_attribute("data-seen") or "nan"))
        painted.append(
            await page.evaluate(
                "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            )
        )
        fetched = await page.evaluate(
            """Object.fromEntries(performance.getEntriesByType('resource')
              .filter((one) => /[.](js|css)$/.test(one.name))
              .map((one) => [one.name.split('/').pop(), one.encodedBodySize]))"""
        )
        await context.close()
    scripts = sum(size for name, size in fetched.items() if name.endswith(".js"))
    return {
        "scriptBytes": scripts,
        "styleBytes": sum(fetched.values()) - scripts,
        "firstPaintMs": round(statistics.median(painted)),
        "bookSeenMs": round(statistics.median(seen)),
    }


async def cpu_s(session: CDPSession) -> dict[str, float]:
    """Processor time of chromium's processes, by kind."""
    found = await session.send("SystemInfo.getProcessInfo")
    taken: dict[str, float] = {}
    for process in found["processInfo"]:
        kind = process["type"]
        taken[kind] = taken.get(kind, 0.0) + process["cpuTime"]
    return taken


async def heap_mib(page: Page) -> float:
    """What the page's objects take, after garbage collection."""
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.enable")
    await session.send("HeapProfiler.collectGarbage")
    used = (await session.send("Runtime.getHeapUsage"))["usedSize"]
    await session.detach()
    return round(used / MIB, 1)


async def while_it_streams(
    browser: Browser, url: str, changes: Changes, options: argparse.Namespace
) -> dict[str, Any]:
    """Frames, processor and memory while the book changes."""
    page = await browser.new_page(viewport={"width": 1440, "height": 900})
    await page.goto(f"{url}/trade/{SYMBOL}")
    await page.locator('[data-testid=book][data-whole="true"] .row.bid').first.wait_for()
    task = asyncio.create_task(changes.go_on())
    try:
        await page.wait_for_timeout(SETTLE_MS)
        first_mib = await heap_mib(page)
        found = await looked_at(browser, page, changes, options.seconds)
        await page.wait_for_timeout(60_000 * options.minutes)
        memory = {"heapMib": first_mib, "heapMibAfter": await heap_mib(page)}
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return found | memory | {"minutes": options.minutes}


async def looked_at(
    browser: Browser, page: Page, changes: Changes, seconds: float
) -> dict[str, Any]:
    """What is drawn in so many seconds, and what that takes."""
    session = await browser.new_browser_cdp_session()
    before, count, began_s = await cpu_s(session), changes.count, SYSTEM_CLOCK.elapsed_s()
    frames = await page.evaluate(COUNT_FRAMES, seconds)
    after, elapsed_s = await cpu_s(session), SYSTEM_CLOCK.elapsed_s() - began_s
    taken = {kind: after[kind] - before.get(kind, 0.0) for kind in sorted(after)}
    return {
        "changesPerS": round((changes.count - count) / elapsed_s),
        **{name: round(value, 1) for name, value in frames.items()},
        "corePercent": {kind: round(100 * cpu / elapsed_s, 1) for kind, cpu in taken.items()},
        "corePercentInAll": round(100 * sum(taken.values()) / elapsed_s, 1),
        "cpuMsPerFrame": round(1000 * sum(taken.values()) / (elapsed_s * frames["framesPerS"]), 2),
    }


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All of it."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("there is no chromium: apt install chromium")
    async with (
        started() as exchange,
        placed(exchange, options.rate) as changes,
        async_playwright() as playwright,
    ):
        host, port = exchange.api
        url = f"http://{host}:{port}"
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(OPTIONS))
        cold = await from_cold(browser, url)
        return cold | await while_it_streams(browser, url, changes, options)


def rows(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The same for people."""
    kinds = ", ".join(f"{kind} {share} %" for kind, share in found["corePercent"].items() if share)
    return [
        ("scripts, compressed", f"{found['scriptBytes'] / 1000:.0f} kB"),
        ("from cold: first paint", f"{found['firstPaintMs']} ms"),
        ("from cold: the book stands there", f"{found['bookSeenMs']} ms"),
        ("book changes a second", f"{found['changesPerS']:,}"),
        ("frames a second", f"{found['framesPerS']}, the longest {found['longestFrameMs']} ms"),
        ("of one core", f"{found['corePercentInAll']} % ({kinds})"),
        ("a frame takes of all processes", f"{found['cpuMsPerFrame']} ms"),
        (
            f"memory, and after {found['minutes']:g} minutes",
            f"{found['heapMib']} MiB, {found['heapMibAfter']} MiB",
        ),
    ]


def main() -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description="What the trading page takes.")
    parser.add_argument("--seconds", type=float, default=30.0, help="of counting frames")
    parser.add_argument(
        "--minutes", type=float, default=10.0, help="until memory is looked at again"
    )
    parser.add_argument("--rate", type=int, default=1_000, help="changes of the book a second")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = asyncio.run(measure(options))
    if options.json:
        print(json.dumps(found))
        return 0
    for name, value in rows(found):
        print(f"{name:36} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
