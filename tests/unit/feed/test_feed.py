"""The feed on a bus: what it publishes and answers, whatever others do."""

import asyncio
import json

import pytest
from venue.feeds import FeedVenue, chained, numbers, read, run
from venue.inmemory import until

from truebook import commands
from truebook.commandlog.interface import Position
from truebook.feed import publisher
from truebook.feed.channels import read_numbered
from truebook.history import Candle, HistoryUnavailable
from truebook.messages import OrderType, Side
from truebook.units import Grid


@pytest.fixture
def venue(tmp_path):
    return FeedVenue(tmp_path)


def test_a_trade_is_told_to_everybody_and_depth_follows_it(venue):
    heard = {name: venue.listen(f"{name}.SOL_USDC") for name in ("depth", "trade", "bookTicker")}

    async def play():
        async with venue.feed():
            seller = await venue.place(1, Side.ASK, 10_000, 500)
            buyer = await venue.place(2, Side.BID, 10_000, 200)
            await until(lambda: heard["trade"])
            (trade,) = read(heard["trade"])
            assert (trade["a"], trade["b"], trade["m"]) == (str(seller), str(buyer), False)
            assert (trade["p"], trade["q"], trade["t"]) == ("100", "2", 1)
            await until(lambda: read(heard["depth"])[-1]["u"] >= 3)
            last = read(heard["bookTicker"])[-1]
            assert (last["a"], last["A"], last["b"], last["B"]) == ("100", "3", "0", "0")
            updates = read(heard["depth"])
            assert chained(updates)
            assert any(["100", "3"] in update["a"] for update in updates)

    run(venue, play)


def test_a_quiet_market_ticks_only_while_somebody_listens(venue):
    async def play():
        async with venue.feed():
            await asyncio.sleep(0.6)
            quiet = len(venue.log.entries)
            heard = venue.listen("depth.200ms.BTC_USDC")
            await until(lambda: len(heard) >= 3)
            updates = read(heard)
            assert chained(updates)
            assert not any(update["a"] or update["b"] for update in updates)
            assert len(venue.log.entries) > quiet
            venue.silence()
            entries = -1
            while entries != len(venue.log.entries):
                entries = len(venue.log.entries)
                await asyncio.sleep(0.6)

    run(venue, play)


def test_depth_by_request_is_the_last_update(venue):
    heard = venue.listen("depth.SOL_USDC")

    async def play():
        async with venue.feed():
            for price in (9_000, 9_100, 9_050):
                await venue.place(1, Side.BID, price, 100)
            answer = await venue.ask("depth", market=0, limit=2)
            depth = json.loads(answer.body)
            assert depth["bids"] == [["90.5", "1"], ["91", "1"]]
            assert int(depth["lastUpdateId"]) in [update["u"] for update in read(heard)]

    run(venue, play)


def test_tickers_by_request_and_candles_as_they_grow_and_end(venue):
    klines = venue.listen("kline.1s.SOL_USDC")
    ticker = venue.listen("ticker.SOL_USDC")

    async def play():
        async with venue.feed():
            assert json.loads((await venue.ask("tickers")).body) == []
            await asyncio.sleep(0.3)
            await venue.trade(10_000, 300)
            await venue.trade(10_200, 100)
            (found,) = json.loads((await venue.ask("tickers", market=0)).body)
            assert (found["firstPrice"], found["lastPrice"], found["trades"]) == ("100", "102", "2")
            assert json.loads((await venue.ask("tickers", market=1)).body) == []
            await until(lambda: ticker and any(kline["X"] for kline in read(klines)))
            told = read(ticker)[-1]
            assert (told["o"], told["c"], told["v"], told["V"]) == ("100", "102", "4", "402")
            ended = [kline for kline in read(klines) if kline["X"]]
            assert sum(kline["n"] for kline in ended) == 2

    run(venue, play)


def test_private_updates_have_no_gap_from_when_they_are_asked_for(venue):
    mine = venue.listen("account.orderUpdate.1")

    async def play():
        await venue.place(1, Side.ASK, 10_000, 500)
        async with venue.feed():
            answer = await venue.ask("updates", 1)
            assert (answer.sequence, answer.messages) == (1, [])
            await venue.place(2, Side.BID, 10_000, 200)
            await venue.place(1, Side.BID, 1_000_000, 1, market=1)
            await until(lambda: len(mine) >= 3)
            assert numbers(mine) == [1, 2, 3]
            fill = json.loads(read_numbered(mine[1])[1])
            assert (fill["e"], fill["X"], fill["seq"]) == ("orderFill", "PartiallyFilled", 2)
            missed = await venue.ask("updates", 1, sequence=1)
            assert missed.messages == [read_numbered(message)[1] for message in mine[1:3]]
            assert missed.sequence == 3

    run(venue, play)


def test_balances_are_told_once_an_entry_to_who_listens(venue):
    async def play():
        async with venue.feed():
            await venue.place(1, Side.BID, 9_000, 100)
            await venue.ask("listeners", 1)
            mine = venue.listen("account.balanceUpdate.1")
            await venue.ask("listeners", 1)
            first = venue.client.next_order_id()
            orders = [
                commands.place(
                    account=1,
                    market=0,
                    order_id=order_id,
                    side=Side.ASK,
                    order_type=OrderType.LIMIT,
                    price=10_000,
                    quantity=100,
                )
                for order_id in (first, venue.client.next_order_id())
            ]
            await venue.send(b"".join(orders), 2)
            await venue.place(2, Side.BID, 10_000, 50)
            await until(lambda: len(mine) >= 3)
            told = read(mine)
            assert [(b["a"], b["A"], b["L"]) for b in told] == [
                ("SOL", "99998", "2"),
                ("SOL", "99998", "1.5"),
                ("USDC", "99999959.96", "90"),
            ]
            assert all((b["e"], b["S"]) == ("balanceUpdate", "0") for b in told)

    run(venue, play)


def test_a_dead_mans_switch_works_while_nobody_does_anything(venue):
    mine = venue.listen("account.orderUpdate.1")

    async def play():
        await venue.send(commands.set_rules(2))
        async with venue.feed():
            await venue.place(1, Side.BID, 9_000, 100)
            await venue.send(commands.cancel_after(account=1, timeout_ms=20))
            await until(lambda: mine and read_numbered(mine[-1])[0] == 2)
            await venue.place(1, Side.BID, 9_000, 100)
            await venue.send(commands.cancel_after(account=1, timeout_ms=300))
        # The next feed learns from an engine that a timer runs.
        async with venue.feed():
            await until(lambda: read_numbered(mine[-1])[0] == 4)
        cancelled = [json.loads(text) for _, text in map(read_numbered, mine) if text]
        assert [u["seq"] for u in cancelled if u["e"] == "orderCancelled"] == [2, 4]

    run(venue, play)


def test_nothing_private_is_told_that_nobody_listens_to(venue):
    async def play():
        async with venue.feed():
            await venue.trade(10_000, 100)
            await venue.ask("depth", market=0)
            status = await (await venue.asker()).ask_all("roles")
            assert [answer.status["accounts"] for answer in status] == [0]
            assert status[0].status["role"] == "feed"

    run(venue, play)


def test_whoever_asks_waits_for_no_pass_even_if_nobody_listens(venue, monkeypatch):
    monkeypatch.setattr(publisher, "UNHEARD_PASS_S", 3_600.0)

    async def play():
        async with venue.feed():
            for number, price in enumerate((9_000, 9_100, 9_050), 1):
                await venue.place(1, Side.BID, price, 100)
                answer = await venue.ask("depth", market=0, limit=10)
                assert len(json.loads(answer.body)["bids"]) == number

    run(venue, play)


class FakeHistory:
    """A database that knows one old trade, and first nothing at all."""

    def __init__(self):
        self.is_there = False

    async def position(self):
        return Position(0, 0)

    async def last_trade_id(self, market):
        if not self.is_there:
            raise HistoryUnavailable("not yet")
        return 1 if market == 0 else 0

    async def candles(self, market, interval, from_s, to_s):
        return []

    async def last_candle(self, market, interval, before_s):
        return Candle(0, 9_000, 9_000, 9_000, 9_000, 100, 900_000, 1) if market == 0 else None

    async def updates(self, account, after_sequence, to_sequence, after):
        if not self.is_there:
            raise HistoryUnavailable("not yet")
        return [b'{"seq":%d}' % n for n in range(after_sequence + 1, to_sequence + 1)]


class FullHistory(FakeHistory):
    """A database that knows the candle of its old trade."""

    async def candles(self, market, interval, from_s, to_s):
        start_s = (from_s // 60 + 720) * 60
        is_it = (market, interval) == (0, "1m")
        return [Candle(start_s, *[9_000] * 4, 100, 900_000, 1)] if is_it else []


def test_a_restarted_feed_tells_no_half_figures_while_history_is_about_to_come(venue):
    history = FullHistory()

    async def play():
        await venue.trade(9_000, 100)
        async with venue.feed(history):
            asking = asyncio.create_task(venue.ask("tickers"))
            await venue.ask("depth", market=0)
            assert not asking.done()
            history.is_there = True
            (ticker,) = json.loads((await asking).body)
            assert (ticker["lastPrice"], ticker["trades"]) == ("90", "1")

    run(venue, play)


def test_a_history_that_comes_late_heals_what_was_unknown(venue, monkeypatch):
    monkeypatch.setattr("truebook.feed.questions.FIGURES_S_MAX", 0.0)
    history = FakeHistory()

    async def play():
        await venue.trade(9_000, 100)
        async with venue.feed(history):
            # The engine knows the last price; nothing else is known of what was before.
            (ticker,) = json.loads((await venue.ask("tickers")).body)
            assert (ticker["lastPrice"], ticker["trades"]) == ("90", "0")
            asking = asyncio.create_task(venue.ask("updates", 1, sequence=0))
            await asyncio.sleep(0.2)
            assert not asking.done()
            history.is_there = True
            answer = await asking
            assert answer.messages == [b'{"seq":1}', b'{"seq":2}']
            asker = await venue.asker()
            status = (await asker.ask_all("roles"))[0].status
            while status["candlesLoading"]:
                status = (await asker.ask_all("roles"))[0].status

    run(venue, play)


def test_of_a_long_history_the_first_part_is_told(venue, monkeypatch):
    monkeypatch.setattr("truebook.feed.questions.HISTORY_UPDATES_MAX", 3)
    history = FakeHistory()
    history.is_there = True

    async def play():
        for price in range(9_000, 9_005):
            await venue.place(1, Side.BID, price, 100)
        async with venue.feed(history):
            answer = await venue.ask("updates", 1, sequence=1)
            assert (answer.sequence, len(answer.messages)) == (5, 3)
            answer = await venue.ask("updates", 1, sequence=4)
            assert (answer.sequence, answer.messages) == (5, [b'{"seq":5}'])

    run(venue, play)


def test_who_begins_to_listen_is_told_the_best_bid_and_ask_of_a_quiet_market(venue):
    depth = venue.listen("depth.SOL_USDC")

    async def play():
        async with venue.feed():
            await venue.place(1, Side.ASK, 10_000, 500)
            await until(lambda: any(update["a"] for update in read(depth)))
            tops = venue.listen("bookTicker.SOL_USDC")
            await until(lambda: tops)
            assert (read(tops)[0]["a"], read(tops)[0]["A"]) == ("100", "5")

    run(venue, play)


def test_a_market_that_is_opened_later_is_told_too(venue):
    heard = venue.listen("depth.ETH_BTC")

    async def play():
        async with venue.feed():
            await venue.send(new_market())
            await venue.place(1, Side.BID, 100, 100, market=3)
            await until(lambda: heard)
            book = json.loads((await venue.ask("depth", market=3)).body)
            assert len(book["bids"]) == 1

    run(venue, play)


def new_market():
    return commands.set_market(
        market=3,
        base=3,
        quote=2,
        tick=Grid(1, 4),
        step=Grid(1, 2),
        price_min=1,
        price_max=10**6,
        quantity_min=1,
        quantity_max=10**6,
        price_reference=0,
        open_orders_max=500,
        band_min_bp=0,
        band_max_bp=0,
        impact_min_bp=9_700,
        impact_max_bp=10_300,
    )


def test_questions_that_are_none_harm_nobody(venue):
    async def play():
        async with venue.feed():
            for message in (b"", b"\xff" * 9, b"\x90"):
                venue.bus.publish("queries:feed", message)
            assert (await venue.ask("updates", 77)).sequence == 0
            assert json.loads((await venue.ask("depth", market=0)).body)["bids"] == []

    run(venue, play)


def test_a_log_that_is_away_stops_nothing(venue):
    heard = venue.listen("depth.SOL_USDC")

    async def play():
        async with venue.feed():
            await until(lambda: heard)
            venue.log.is_up = False
            await asyncio.sleep(0.6)
            assert json.loads((await venue.ask("depth", market=0)).body)["bids"] == []
            venue.log.is_up = True
            count = len(heard)
            await until(lambda: len(heard) > count)

    run(venue, play)


class BrokenHistory(FakeHistory):
    """A database adapter with a bug."""

    async def updates(self, account, after_sequence, to_sequence, after):
        raise ZeroDivisionError("a bug")


def test_a_bug_ends_the_feed_loudly(venue):
    async def play():
        await venue.place(1, Side.BID, 9_000, 100)
        async with venue.feed(BrokenHistory()) as task:
            asking = asyncio.create_task(venue.ask("updates", 1, sequence=0))
            with pytest.raises(ZeroDivisionError):
                await task
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    run(venue, play)
