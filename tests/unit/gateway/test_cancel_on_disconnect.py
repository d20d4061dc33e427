"""Orders live as long as the connection that they are bound to; the log says all of it."""

import asyncio

import pytest
from venue.inmemory import InMemory, until

from truebook import commands
from truebook.api import cancel_on_disconnect
from truebook.api.cancel_on_disconnect import CancelOnDisconnect
from truebook.api.send_and_await import CommandClient
from truebook.commandlog.interface import LogUnavailable
from truebook.commandlog.memory import MemoryBus, MemoryLog
from truebook.engine.naive.engine import NaiveEngine
from truebook.limits import CONNECTION_TIMER_MS
from truebook.messages import Side, Timer
from truebook.verify.replay import replay
from truebook.ws.interface import Unavailable


class Attended(InMemory):
    """An exchange in memory, and the websocket process's part in it."""

    def connect(self):
        self.is_refusing = False
        self.attendance = CancelOnDisconnect(self._sender)

    async def _sender(self):
        if self.is_refusing:
            raise LogUnavailable("switched off by the test")
        return await CommandClient.start(MemoryLog(self.log), MemoryBus(self.bus))

    def timers(self):
        return {timer.account: timer.timer for timer in self.node_engine.timers()}

    def open_orders(self, account=1):
        return len(self.node_engine.open_orders(account))


@pytest.fixture
def attended(tmp_path):
    """Runs a test."""

    def run(test):
        async def running():
            exchange = Attended(tmp_path)
            with exchange._engines:
                exchange.node_engine = exchange._engines.enter_context(exchange.engine())
                exchange.client = await CommandClient.start(
                    MemoryLog(exchange.log), MemoryBus(exchange.bus)
                )
                await exchange.send(commands.set_rules(2))
                await exchange._found()
                exchange.connect()
                try:
                    await test(exchange)
                finally:
                    await exchange.attendance.close()
                    await exchange.client.close()

        asyncio.run(running())

    return run


async def present(exchange, account=1):
    presence = exchange.attendance.presence(account)
    await presence.began()
    return presence


def test_a_connection_that_ends_takes_the_accounts_orders_with_it(attended):
    async def test(exchange):
        presence = await present(exchange)
        assert exchange.timers() == {1: Timer.CONNECTION}
        await exchange.place(1, Side.BID, 9_900, 100)
        await exchange.place(2, Side.BID, 9_900, 100)
        presence.ended(was_asked=False)
        await until(lambda: not exchange.open_orders(1) and not exchange.timers())
        assert exchange.open_orders(2) == 1
        await exchange.attendance.close()
        from venue.lateness import reached

        replayed = replay(reached(exchange.log), NaiveEngine(), exchange.log.clock)
        assert replayed.state_hash == exchange.node_engine.state_hash()

    attended(test)


def test_who_asks_to_end_it_keeps_the_orders(attended):
    async def test(exchange):
        presence = await present(exchange)
        await exchange.place(1, Side.BID, 9_900, 100)
        presence.ended(was_asked=True)
        await until(lambda: not exchange.timers())
        assert exchange.open_orders(1) == 1

    attended(test)


def test_the_first_of_several_connections_that_ends_cancels_and_the_others_go_on(attended):
    async def test(exchange):
        one, other = await present(exchange), await present(exchange)
        await exchange.place(1, Side.BID, 9_900, 100)
        one.ended(was_asked=False)
        await until(lambda: not exchange.open_orders(1))
        assert exchange.timers() == {1: Timer.CONNECTION}
        await exchange.place(1, Side.BID, 9_900, 100)
        other.ended(was_asked=False)
        await until(lambda: not exchange.open_orders(1) and not exchange.timers())

    attended(test)


def test_timers_are_set_anew_while_connections_are_open_and_run_out_without(attended, monkeypatch):
    monkeypatch.setattr(cancel_on_disconnect, "CONNECTION_TIMER_REFRESH_S", 0.01)

    async def test(exchange):
        await present(exchange, 1)
        await present(exchange, 2)
        await exchange.place(1, Side.BID, 9_900, 100)
        first = [timer.expires_ms for timer in exchange.node_engine.timers()]
        await until(lambda: min(t.expires_ms for t in exchange.node_engine.timers()) > max(first))
        exchange.attendance._refreshing.cancel()
        end_ms = max(timer.expires_ms for timer in exchange.node_engine.timers())
        assert end_ms <= exchange.log.clock.now_ms() + CONNECTION_TIMER_MS
        now_ms = exchange.log.clock.now_ms
        exchange.log.clock = type("Later", (), {"now_ms": lambda _: now_ms() + 20_000})()
        await exchange.send(commands.tick())
        assert exchange.open_orders(1) == 0
        assert exchange.timers() == {}

    attended(test)


def test_without_a_log_nothing_begins_and_the_client_is_told(attended):
    async def test(exchange):
        exchange.is_refusing = True
        presence = exchange.attendance.presence(1)
        with pytest.raises(Unavailable) as refused:
            await presence.began()
        assert "can't be bound" in refused.value.told
        presence.ended(was_asked=False)

    attended(test)


def test_an_account_that_the_engine_does_not_know_is_refused(attended):
    async def test(exchange):
        with pytest.raises(Unavailable, match="refused"):
            await present(exchange, 99)

    attended(test)


def test_a_connection_that_ends_before_it_has_begun_cancels_nothing(attended):
    async def test(exchange):
        await exchange.place(1, Side.BID, 9_900, 100)
        presence = exchange.attendance.presence(1)
        beginning = asyncio.create_task(presence.began())
        await asyncio.sleep(0)
        presence.ended(was_asked=False)
        await beginning
        await exchange.attendance.close()
        assert exchange.timers() == {}
        assert exchange.open_orders(1) == 1

    attended(test)
