"""While the exchange can't carry commands out nothing is appended; then it goes on by itself."""

import asyncio
import shutil
from collections import namedtuple

import pytest
from unit.gateway.test_connect import CLOSE, Servers, found, until

from truebook.api import pressure
from truebook.api.connect import ConnectedExchange
from truebook.api.errors import NotAccepting
from truebook.api.pressure import Space
from truebook.commandlog.memory import MemoryBus, MemoryLog
from truebook.messages import MarketState

Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(pressure, "LOOK_S", 0.01)
    monkeypatch.setattr(pressure, "LOOK_AT_REST_S", 0.02)
    monkeypatch.setattr(pressure, "ENGINE_LAG_MS_MAX", 50)


class Scene:
    """A gateway, and an engine that can be held up."""

    def __init__(self, folder):
        self.servers = Servers(folder)
        self.is_held_up = False

    async def keep_working(self):
        assert self.servers.node.start()
        while True:
            if not self.is_held_up:
                self.servers.node.step()
            await asyncio.sleep(0)

    async def refused(self, exchange):
        entries = len(self.servers.log.entries)
        for way in (exchange.send_and_await, exchange.submit):
            with pytest.raises(NotAccepting) as error:
                await way(CLOSE, 1, None)
        assert len(self.servers.log.entries) == entries
        return str(error.value)


@pytest.fixture
def run(tmp_path):
    """Run a scenario with an engine at work."""

    def ran(scenario, **options):
        async def with_engine():
            scene = Scene(tmp_path)
            working = asyncio.create_task(scene.keep_working())
            bus = MemoryBus(scene.servers.bus)
            log = MemoryLog(scene.servers.log)
            exchange = await ConnectedExchange.start(log, bus, **options)
            try:
                await asyncio.wait_for(scenario(scene, exchange), 20)
            finally:
                await exchange.close()
                await bus.close()
                working.cancel()

        asyncio.run(with_engine())

    return ran


def reason(exchange):
    return exchange.pressure.reason


def test_an_engine_that_is_behind_is_given_nothing_more_until_it_has_caught_up(run):
    async def scenario(scene, exchange):
        await found(exchange)
        scene.is_held_up = True
        await exchange.submit(CLOSE, 1, None)
        await until(lambda: reason(exchange))
        assert "behind" in await scene.refused(exchange)
        scene.is_held_up = False
        await until(lambda: not reason(exchange))
        await exchange.send_and_await(CLOSE, 1, None)

    run(scenario)


def test_a_gateway_notices_that_the_engine_is_behind_with_what_others_wrote(run):
    async def scenario(scene, exchange):
        scene.is_held_up = True
        await MemoryLog(scene.servers.log).append(b"anything")
        await until(lambda: reason(exchange))
        await scene.refused(exchange)

    run(scenario)


def test_a_halted_engine_is_told_at_once_and_reads_go_on(run):
    async def scenario(scene, exchange):
        await found(exchange)
        node = scene.servers.node
        node._halt(node.position)
        await MemoryLog(scene.servers.log).append(b"what it can't pass")
        await until(lambda: reason(exchange))
        assert str(node.position) in await scene.refused(exchange)
        exchange.commands.gateway.saw(scene.servers.log.last_position())
        assert (await exchange.ask("balances", 1)).position == str(node.position)
        node.halted = None
        await until(lambda: not reason(exchange))
        await exchange.send_and_await(CLOSE, 1, None)

    run(scenario)


def test_a_gateway_that_starts_while_the_engine_is_halted_serves_reads_and_refuses_orders(run):
    async def scenario(scene, first):
        await found(first)
        scene.servers.node._halt(scene.servers.node.position)
        await MemoryLog(scene.servers.log).append(b"what it can't pass")
        bus = MemoryBus(scene.servers.bus)
        second = await ConnectedExchange.start(MemoryLog(scene.servers.log), bus)
        try:
            assert second.directory.market_by_symbol["SOL_USDC"].state is MarketState.OPEN
            await scene.refused(second)
        finally:
            await second.close()
            await bus.close()

    run(scenario)


def test_before_the_disk_of_the_log_is_full_nothing_more_is_taken(run, tmp_path, monkeypatch):
    free = [300 << 20]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1 << 40, 0, free[0]))

    async def scenario(scene, exchange):
        await found(exchange)
        free[0] = 99 << 20
        await until(lambda: reason(exchange))
        assert "disk" in await scene.refused(exchange)
        await exchange.ask("balances", 1)
        free[0] = 100 << 20
        await until(lambda: not reason(exchange))
        await exchange.send_and_await(CLOSE, 1, None)

    run(scenario, space=Space(tmp_path, 100))


def test_while_the_log_servers_memory_is_full_nothing_is_taken(run, monkeypatch):
    monkeypatch.setattr(pressure, "LOOK_AT_MEMORY_S", 0.01)
    held = [1_001]

    async def memory():
        return held[0]

    async def scenario(scene, exchange):
        await until(lambda: reason(exchange))
        assert "nothing is archived" in await scene.refused(exchange)
        held[0] = 1_000
        await until(lambda: not reason(exchange))
        await found(exchange)

    run(scenario, space=Space(memory=memory, memory_bytes_max=1_000))
