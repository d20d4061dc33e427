"""The exchange behind log and bus: its directory never stays behind, whatever is lost."""

import asyncio
import contextlib

import pytest
from faults.faulty_log import Fault, FaultyLog

from truebook import commands, following
from truebook.api import connect
from truebook.api.connect import ConnectedExchange
from truebook.asking import TimedOut
from truebook.commandlog.interface import (
    QUERIES_CHANNEL,
    SETTINGS_CHANNEL,
    BusUnavailable,
    LogNotDurable,
    LogUnavailable,
    Position,
)
from truebook.commandlog.memory import (
    MemoryBus,
    MemoryBusServer,
    MemoryLog,
    MemoryLogReader,
    MemoryLogServer,
    MemoryPublisher,
    MemorySubscription,
)
from truebook.commandlog.progress import Progress
from truebook.engine.naive.engine import NaiveEngine
from truebook.genesis import DEFAULT_VENUE, commands_of
from truebook.messages import MarketState
from truebook.node import Node


class Servers:
    """A log and a bus in memory, and an engine that can be set to work."""

    def __init__(self, folder):
        self.log = MemoryLogServer()
        self.bus = MemoryBusServer()
        self.node = Node(
            "engine-0",
            NaiveEngine(),
            MemoryLogReader(self.log),
            MemoryPublisher(self.bus),
            MemorySubscription(self.bus, QUERIES_CHANNEL),
            Progress(folder / "engine-0", "1"),
        )

    async def keep_working(self):
        assert self.node.start()
        while True:
            self.node.step()
            await asyncio.sleep(0)

    @contextlib.asynccontextmanager
    async def gateway(self, log=None):
        bus = MemoryBus(self.bus)
        exchange = await ConnectedExchange.start(log or MemoryLog(self.log), bus)
        exchange.bus = bus
        try:
            yield exchange
        finally:
            await exchange.close()
            await bus.close()


@pytest.fixture
def run(tmp_path):
    """Run a scenario with an engine at work."""

    def ran(scenario):
        async def with_engine():
            servers = Servers(tmp_path)
            working = asyncio.create_task(servers.keep_working())
            try:
                await asyncio.wait_for(scenario(servers), 20)
            finally:
                working.cancel()

        asyncio.run(with_engine())

    return ran


async def until(condition):
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came true")


async def found(exchange):
    settings = commands_of(DEFAULT_VENUE)
    await exchange.send_and_await(b"".join(settings), len(settings), None)


def state_of(exchange, symbol="SOL_USDC"):
    return exchange.directory.market_by_symbol[symbol].state


CLOSE = commands.set_market_state(market=0, state=MarketState.CLOSED)


def test_a_gateway_knows_what_stood_in_the_log_when_it_started(run):
    async def scenario(servers):
        async with servers.gateway() as first:
            assert first.directory.markets == {}
            await found(first)
            async with servers.gateway() as second:
                assert list(second.directory.market_by_symbol) == list(
                    first.directory.market_by_symbol
                )
                assert second.next_order_id() != first.next_order_id()

    run(scenario)


def test_what_one_gateway_sets_every_other_one_learns(run):
    async def scenario(servers):
        async with servers.gateway() as first, servers.gateway() as second:
            await found(first)
            await first.send_and_await(CLOSE, 1, None)
            await until(lambda: second.directory.markets)
            await until(lambda: state_of(second) is MarketState.CLOSED)

    run(scenario)


def test_who_asks_another_gateway_is_told_of_no_time_before_what_was_done(run):
    async def scenario(servers):
        async with servers.gateway() as first, servers.gateway() as second:
            await found(first)
            done = await first.send_and_await(CLOSE, 1, None)
            assert second.last_position < done.position
            assert await second.published() == done.position
            answer = await second.ask("balances", 1)
            assert Position.parse(answer.position) >= done.position

    run(scenario)


def test_while_the_bus_is_away_a_gateway_knows_what_it_has_seen(run, monkeypatch):
    async def away(bus):
        raise BusUnavailable("away")

    async def scenario(servers):
        monkeypatch.setattr(MemoryBus, "event_tail", away)
        async with servers.gateway() as exchange:
            await found(exchange)
            assert await exchange.published() == exchange.last_position

    run(scenario)


def test_what_was_missed_is_asked_for_again(run):
    async def scenario(servers):
        async with servers.gateway() as first, servers.gateway() as second:
            await found(first)
            await until(lambda: second.directory.markets)
            await second.bus.unsubscribe(SETTINGS_CHANNEL)
            await first.send_and_await(CLOSE, 1, None)
            await until(lambda: state_of(first) is MarketState.CLOSED)
            assert state_of(second) is MarketState.OPEN
            await second.bus.subscribe(SETTINGS_CHANNEL, second.directory.follow)
            second.bus.reconnected()
            await until(lambda: state_of(second) is MarketState.CLOSED)

    run(scenario)


def test_it_waits_for_log_and_engine(tmp_path, monkeypatch):
    monkeypatch.setattr(following, "RETRY_SECONDS", 0.001)
    refusals = [LogUnavailable("not yet")] * 3

    class LateLog(MemoryLog):
        async def lease_gateway(self):
            if refusals:
                raise refusals.pop()
            return await super().lease_gateway()

    async def scenario():
        servers = Servers(tmp_path)
        bus = MemoryBus(servers.bus)
        starting = asyncio.create_task(ConnectedExchange.start(LateLog(servers.log), bus))
        await until(lambda: not refusals)
        await asyncio.sleep(0.05)
        assert not starting.done()
        working = asyncio.create_task(servers.keep_working())
        exchange = await asyncio.wait_for(starting, 20)
        await found(exchange)
        working.cancel()
        await exchange.close()

    asyncio.run(scenario())


def test_a_log_that_could_lose_entries_is_not_waited_for(tmp_path):
    class CarelessLog(MemoryLog):
        async def lease_gateway(self):
            raise LogNotDurable("appendfsync is everysec")

    async def scenario():
        servers = Servers(tmp_path)
        with pytest.raises(LogNotDurable):
            await ConnectedExchange.start(CarelessLog(servers.log), MemoryBus(servers.bus))

    asyncio.run(scenario())


def test_a_submission_without_an_answer_is_written_or_known_not_to_be(run, monkeypatch):
    monkeypatch.setattr(connect, "REPLY_TIMEOUT_MS", 50)
    faults = []

    async def scenario(servers):
        log = FaultyLog(servers.log, lambda: faults[0] if faults else Fault.NONE)
        async with servers.gateway(log) as exchange:
            await found(exchange)
            position = await exchange.submit(CLOSE, 1, None)
            assert position == servers.log.entries[-1].position
            faults.append(Fault.REFUSED)
            with pytest.raises(LogUnavailable):
                await exchange.submit(CLOSE, 1, None)
            faults[0] = Fault.LOST_BEFORE
            with pytest.raises(TimedOut):
                await exchange.submit(CLOSE, 1, None)
            with pytest.raises(TimedOut):
                await exchange.submit(CLOSE, 1, None)
            faults.clear()
            assert await exchange.submit(CLOSE, 1, None) == servers.log.entries[-1].position
            await until(lambda: state_of(exchange) is MarketState.CLOSED)


def test_what_waited_for_its_turn_too_long_is_known_not_to_be_written(run, monkeypatch):
    monkeypatch.setattr(connect, "REPLY_TIMEOUT_MS", 50)

    class HeldUpLog(MemoryLog):
        async def append(self, data, once=()):
            await asyncio.sleep(0.2)
            return await super().append(data, once)

    async def scenario(servers):
        async with servers.gateway(HeldUpLog(servers.log)) as exchange:
            first = asyncio.create_task(exchange.submit(CLOSE, 1, None))
            await asyncio.sleep(0.02)
            with pytest.raises(LogUnavailable, match="too long"):
                await exchange.submit(CLOSE, 1, None)
            with pytest.raises(TimedOut):
                await first

    run(scenario)

    run(scenario)
