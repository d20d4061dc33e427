"""The feed over its own restarts, and over the loss of what is on the bus."""

import asyncio
import json

import pytest
from venue.feeds import FeedVenue, chained, numbers, read, run, touched
from venue.inmemory import until

from truebook.commandlog.interface import NotesTaken, Position
from truebook.commandlog.memory import MemoryBus, MemoryLog
from truebook.feed.channels import read_numbered
from truebook.feed.feed import Feed, running
from truebook.feed.publisher import POSITION, RESUME
from truebook.feed.ticking import Ticker
from truebook.messages import Side


@pytest.fixture
def venue(tmp_path):
    return FeedVenue(tmp_path)


def test_a_restarted_feed_goes_on_where_the_last_one_ended(venue):
    depth, trades = venue.listen("depth.SOL_USDC"), venue.listen("trade.SOL_USDC")
    mine = venue.listen("account.orderUpdate.1")

    async def play():
        async with venue.feed():
            await venue.ask("updates", 1)
            await venue.trade(10_000, 100)
            await until(lambda: numbers(mine)[-1:] == [2])
        before = len(mine)
        await venue.place(1, Side.BID, 9_000, 100)
        await venue.trade(10_100, 100)
        async with venue.feed():
            await venue.ask("updates", 1)
            await venue.trade(10_200, 100)
            await until(lambda: numbers(mine)[-1] == 7)
            assert [trade["t"] for trade in read(trades)] == [1, 2, 3]
            assert chained(read(depth))
            assert touched(depth) == {"90", "100", "101", "102"}
            # What was missed meanwhile is announced by its number alone, then all goes on.
            assert numbers(mine[before:]) == [5, 6, 7]
            assert [bool(read_numbered(m)[1]) for m in mine[before:]] == [False, True, True]

    run(venue, play)


def test_a_feed_whose_place_in_the_stream_is_gone_loads_everything_anew(venue):
    depth = venue.listen("depth.SOL_USDC")
    mine = venue.listen("account.orderUpdate.1")

    async def play():
        async with venue.feed():
            await venue.place(1, Side.BID, 9_000, 100)
            await until(lambda: mine and depth)
        for price in range(9_001, 9_011):
            await venue.place(1, Side.BID, price, 100)
        venue.bus.entries[:-2] = []
        depth.clear()
        mine.clear()
        async with venue.feed():
            book = json.loads((await venue.ask("depth", market=0)).body)
            assert len(book["bids"]) == 11
            await venue.place(1, Side.BID, 9_100, 100)
            await until(lambda: mine and numbers(mine)[-1] == 12)
            assert numbers(mine) == [11, 12]
            # The chain has a hole, which a client heals by asking for the depth again.
            assert read(depth)[-1]["U"] == int(book["lastUpdateId"]) + 1

    run(venue, play)


def test_a_restarted_feed_goes_on_where_only_what_a_slower_stream_lacks_is_gone(venue):
    """As after a bus that was lost: its next stream begins with the last entry before."""
    depth, slow = venue.listen("depth.SOL_USDC"), venue.listen("depth.1000ms.SOL_USDC")
    notes = venue.bus.notes

    async def play():
        async with venue.feed():
            await venue.place(1, Side.BID, 9_000, 100)
            await until(lambda: depth and slow)
            early = dict(notes)
            await venue.place(1, Side.BID, 9_001, 100)
            await until(lambda: "90.01" in touched(depth))
        # Killed before the slow stream told the second order, of which the next one knows nothing.
        told = int(notes["0"])
        notes.update({RESUME: early[POSITION], "0.1000ms": early["0"]})
        await venue.place(1, Side.BID, 9_002, 100)
        entries = venue.bus.entries
        entries[:] = [e for e in entries if e.position > Position.parse(notes[POSITION])]
        slow.clear()
        async with venue.feed():
            await venue.place(1, Side.BID, 9_003, 100)
            await until(lambda: "90.03" in touched(depth) and slow)
            assert chained(read(depth))
            assert read(slow)[0]["U"] == told + 1

    run(venue, play)


def test_the_feed_gets_through_the_loss_of_everything_on_the_bus(venue):
    depth, trades = venue.listen("depth.SOL_USDC"), venue.listen("trade.SOL_USDC")

    async def play():
        async with venue.feed():
            await venue.trade(10_000, 100)
            await until(lambda: trades)
            venue.stop_engine()
            venue.bus.is_up = False
            venue.bus.entries.clear()
            venue.bus.notes.clear()
            await asyncio.sleep(0.2)
            venue.bus.is_up = True
            # The next engine fills the stream again, from the first entry.
            venue.start_engine()
            await venue.trade(10_100, 100)
            await until(lambda: len(trades) >= 2)
            assert [trade["t"] for trade in read(trades)] == [1, 2]
            assert chained(read(depth))
            await until(lambda: "0" in venue.bus.notes)

    run(venue, play)


def test_a_feed_that_starts_while_the_stream_is_made_again_tells_nothing_old(venue, monkeypatch):
    trades, depth = venue.listen("trade.SOL_USDC"), venue.listen("depth.SOL_USDC")

    async def no_tail_yet(bus):
        return Position(0, 0)

    def is_all_told():
        # Both orders were accepted, and one has filled the other.
        return trades and depth and read(depth)[-1]["u"] == 3

    # A tick between the two feeds would be told by neither.
    monkeypatch.setattr(Ticker, "tick", lambda *_: None)

    async def play():
        async with venue.feed():
            await venue.trade(10_000, 100)
            await until(is_all_told)
        # With the bus the notes are lost, and the stream begins anew from the first entry.
        venue.bus.notes.clear()
        monkeypatch.setattr(MemoryBus, "event_tail", no_tail_yet)
        async with venue.feed():
            await venue.trade(10_100, 100)
            await until(lambda: len(trades) >= 2)
        assert [trade["t"] for trade in read(trades)] == [1, 2]
        assert chained(read(depth))

    run(venue, play)


def test_after_a_loss_of_the_bus_what_tells_only_changes_is_told_again(venue):
    names = ("bookTicker.SOL_USDC", "ticker.SOL_USDC", "kline.1d.SOL_USDC")
    heard = [venue.listen(name) for name in names]

    async def play():
        bus = MemoryBus(venue.bus)
        feed = await Feed.start(bus, MemoryLog(venue.log), "answers:its own")
        async with running(feed):
            await venue.trade(10_000, 100)
            await venue.place(1, Side.ASK, 10_100, 500)
            await until(lambda: all(heard))
            await until(lambda: read(heard[0])[-1]["A"] == "5")
            last = [read(messages)[-1] for messages in heard]
            for messages in heard:
                messages.clear()
            bus.reconnected()
            await until(lambda: all(heard))
            for before, messages in zip(last, heard, strict=True):
                volatile = dict.fromkeys(("E", "T", "u") if before["e"] == "bookTicker" else ("E",))
                assert read(messages)[-1] | volatile == before | volatile
        await bus.close()

    run(venue, play)


def test_a_feed_ends_when_another_has_begun_and_tells_nothing_more(venue):
    heard = venue.listen("trade.SOL_USDC")

    async def play():
        async with venue.feed() as first:
            await venue.trade(10_000, 100)
            await until(lambda: heard)
            async with venue.feed() as second:
                await venue.trade(10_000, 100)
                with pytest.raises(NotesTaken):
                    await first
                await until(lambda: len(heard) == 2)
                assert [update["t"] for update in read(heard)] == [1, 2]
                assert not second.done()

    run(venue, play)
