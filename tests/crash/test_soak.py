"""Half an hour at half of what this machine can take: nothing grows, and nothing is missing.

Two traders send batches that trade with each other, first as fast as they are answered, then at
half of that. Meanwhile the memory of every process is read each second: the log server's stays
below its bound, because the archive takes over what is trimmed, and nobody else's grows.
TRUEBOOK_SOAK_S shortens it for a look.
"""

import asyncio
import itertools
import os
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest
from venue.credentials import Credentials, body_of, signed_headers
from venue.installed import UNLIMITED, Installed, installed, wait_until

from truebook.commandlog.valkey_trimmer import ValkeyTrimmer

SOAK_S = float(os.environ.get("TRUEBOOK_SOAK_S", "1800"))
PEAK_S = 20.0
SETTLED_SHARE = 0.5
"""Of the time, after which no process may grow any more: caches and pools are full by then."""
LOG_BYTES_MAX = 64 << 20
"""Of the log server: little enough to be reached early."""
OVERSHOOT = 1.25
"""What is trimmed is trimmed by whole segments, some seconds after it could be."""
BOUNDED = ("log", "bus")
"""Servers that fill up to a bound of their own: so many bytes of log, so many event entries."""
BUS_BYTES_MAX = 2 << 30
GROWTH_BYTES_MAX = 16 << 20
"""Between the settled time and the end; a leak of 100 bytes an order would be many times that."""
CAUGHT_UP_S_MAX = 300.0
BATCH = 50
SIDES = ("Bid", "Ask")
CREDIT = {"USDC": "1000000000", "SOL": "10000000"}
MARKET = "SOL_USDC"
PRICE = "100.00"

_client_ids = itertools.count(1)


class Load:
    """Traders in a thread of their own, at a rate that can be changed."""

    def __init__(self, url: str) -> None:
        self.orders = 0
        """Answered with success, a batch as its orders."""
        self.refused = 0
        """Batches that were."""
        self.pause_s = 0.0
        """Of a trader, after each batch."""
        self._url = f"{url}/api/v1/orders"

    async def trade(self, account: Credentials, first: int, stop: asyncio.Event) -> None:
        """Batches on one side and then on the other, until told to stop."""
        async with aiohttp.ClientSession() as session:
            for turn in itertools.count(first):
                if stop.is_set():
                    return
                orders = [self._order(SIDES[turn % 2]) for _ in range(BATCH)]
                headers = signed_headers(account, "orderExecute", *orders)
                headers["Content-Type"] = "application/json"
                body = body_of(orders)
                async with session.post(self._url, data=body, headers=headers) as response:
                    await response.read()
                    if response.status == 200:
                        self.orders += BATCH
                    else:
                        self.refused += 1
                await asyncio.sleep(self.pause_s)

    def _order(self, side: str) -> dict[str, Any]:
        return {
            "symbol": MARKET,
            "side": side,
            "orderType": "Limit",
            "price": PRICE,
            "quantity": "0.01",
            "clientId": next(_client_ids),
            "selfTradePrevention": "RejectMaker",
        }


@contextmanager
def loading(url: str, accounts: list[Credentials]) -> Iterator[Load]:
    """Send for as long as the context lasts."""
    load, loop, stop = Load(url), asyncio.new_event_loop(), asyncio.Event()

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            for number, account in enumerate(accounts):
                group.create_task(load.trade(account, number % 2, stop))

    failed = list[BaseException]()

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(run())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, name="load")
    thread.start()
    try:
        yield load
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
    if failed:
        raise failed[0]


def resident_bytes(pid: int) -> int:
    """What a process holds in memory."""
    with open(f"/proc/{pid}/statm") as words:
        return int(words.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Memory:
    """What the processes of an exchange hold, second by second."""

    def __init__(self, exchange: Installed) -> None:
        self._pids = {p["role"]: p["pid"] for p in exchange.processes()}
        self._log = ValkeyTrimmer(exchange.state()["logUrl"])
        self.resident: dict[str, list[int]] = {role: [] for role in self._pids}
        self.log_bytes: list[int] = []
        """What the log server says of itself."""

    def read(self) -> None:
        """Once more."""
        for role, pid in self._pids.items():
            self.resident[role].append(resident_bytes(pid))
        self.log_bytes.append(self._log.memory_bytes())

    def grown(self, role: str) -> float:
        """By how much a process has grown since it settled: between the first tenth of that time
        and the last, each in the median."""
        settled = self.resident[role][int(len(self.resident[role]) * SETTLED_SHARE) :]
        tenth = max(1, len(settled) // 10)
        return statistics.median(settled[-tenth:]) - statistics.median(settled[:tenth])

    def close(self) -> None:
        """Give the connection back."""
        self._log.close()


def soak(memory: Memory, load: Load) -> None:
    """Half of what can be taken, and what everybody holds meanwhile."""
    before, began_s = load.orders, time.monotonic()
    time.sleep(PEAK_S)
    taken_s = time.monotonic() - began_s
    peak_per_s = (load.orders - before) / taken_s
    # Two traders, each with one batch under way: as long again as an answer takes.
    load.pause_s = 2 * BATCH / peak_per_s if peak_per_s else 1.0
    print(f"peak {peak_per_s:.0f} orders/s", flush=True)
    began_s, before, told_s = time.monotonic(), load.orders, 0.0
    while (passed_s := time.monotonic() - began_s) < SOAK_S:
        memory.read()
        if passed_s - told_s >= 60:
            told_s = passed_s
            tell(memory, (load.orders - before) / passed_s)
        time.sleep(1.0)
    tell(memory, (load.orders - before) / (time.monotonic() - began_s))


def tell(memory: Memory, per_s: float) -> None:
    held = ", ".join(f"{role} {sizes[-1] >> 20}" for role, sizes in memory.resident.items())
    print(
        f"{len(memory.log_bytes)} s at {per_s:.0f} orders/s: log {memory.log_bytes[-1] >> 20} MiB"
        f" by its own account (at most {max(memory.log_bytes) >> 20}); resident MiB: {held}",
        flush=True,
    )


@pytest.mark.night
@pytest.mark.timeout(2 * 3600)
def test_half_an_hour_at_half_of_the_peak_fills_nothing_and_loses_nothing(tmp_path):
    bound = {"TRUEBOOK_ARCHIVE_LOG_BYTES_MAX": str(LOG_BYTES_MAX)}
    with installed(tmp_path / "data", "--no-bots", environment=UNLIMITED | bound) as exchange:
        accounts = [exchange.open_account(f"trader-{n}", CREDIT) for n in range(2)]
        started = exchange.processes()
        memory = Memory(exchange)
        try:
            with loading(exchange.url, accounts) as load:
                soak(memory, load)
            print(f"{load.orders} orders, {load.refused} batches refused", flush=True)
            is_healthy = lambda: exchange.run("status", "--json")["healthy"]  # noqa: E731
            wait_until(is_healthy, CAUGHT_UP_S_MAX, "everybody has caught up")
            verified = exchange.try_run("log", "verify")
            print(verified.stdout, verified.stderr)
            assert verified.returncode == 0
            assert exchange.processes() == started, "something was started again"
        finally:
            memory.close()
        assert max(memory.log_bytes) <= LOG_BYTES_MAX * OVERSHOOT
        assert max(memory.resident["bus"]) <= BUS_BYTES_MAX
        grown = {role: memory.grown(role) for role in memory.resident if role not in BOUNDED}
        print({role: f"{size / 2**20:+.1f} MiB" for role, size in grown.items()})
        assert {role: size for role, size in grown.items() if size > GROWTH_BYTES_MAX} == {}
        for road in ("snapshot", "database"):
            replayed = exchange.run("replay", "--from", road, "--json")
            assert replayed["attested"], road
