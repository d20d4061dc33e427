"""Ticks: one command for each group of markets, never two on their way, and no log needed."""

import asyncio

import numpy as np

from truebook.commandlog.memory import MemoryLog, MemoryLogServer
from truebook.feed.ticking import Ticker
from truebook.messages import COMMAND_BYTES, TICK, TICK_MARKETS_MAX


def ticked(server):
    """The markets that each entry names."""
    found = []
    for entry in server.entries:
        commands = np.frombuffer(entry.data[COMMAND_BYTES:], TICK)
        found.append([m for c in commands for m in c["markets"][: c["count"]].tolist()])
    return found


def play(server, script):
    async def whole():
        ticker = Ticker(MemoryLog(server))
        starting = asyncio.create_task(ticker.start())
        await script(ticker, starting)
        await starting
        await ticker.close()

    asyncio.run(whole())
    return ticked(server)


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_tick_names_all_markets_however_many():
    markets = list(range(TICK_MARKETS_MAX + 5))

    async def script(ticker, starting):
        await starting
        ticker.tick(reversed(markets))
        await settle()

    assert play(MemoryLogServer(), script) == [markets]


def test_without_listeners_nothing_is_written():
    async def script(ticker, starting):
        await starting
        ticker.tick([])
        await settle()

    assert play(MemoryLogServer(), script) == []


def test_a_timer_that_is_over_makes_time_pass_without_any_market():
    async def script(ticker, starting):
        await starting
        ticker.tick([], is_due=True)
        await settle()

    assert play(MemoryLogServer(), script) == [[]]


def test_a_tick_waits_until_the_last_one_is_written():
    async def script(ticker, starting):
        await starting
        ticker.tick([1])
        ticker.tick([2])
        await settle()
        ticker.tick([3])
        await settle()

    assert play(MemoryLogServer(), script) == [[1], [3]]


def test_a_log_that_is_away_costs_ticks_and_nothing_else(monkeypatch):
    monkeypatch.setattr("truebook.feed.ticking.RETRY_S", 0.001)
    server = MemoryLogServer()
    server.is_up = False

    async def script(ticker, starting):
        await settle()
        ticker.tick([1])
        server.is_up = True
        await starting
        server.is_up = False
        ticker.tick([2])
        await asyncio.sleep(0.05)
        server.is_up = True
        await asyncio.sleep(0.05)
        ticker.tick([3])
        await settle()

    assert play(server, script) == [[3]]
