"""What every bus promises, whatever it is made of."""

import asyncio
import time

import pytest

from truebook.commandlog.chain import START
from truebook.commandlog.interface import (
    GENESIS,
    NOTES_NUMBER,
    NOTES_OWNER,
    Claimed,
    EventEntry,
    NotesTaken,
    Position,
    StreamLost,
    Tail,
)


def entry(n, previous=None):
    before = previous or (Position(1000, n - 1) if n > 1 else GENESIS)
    return EventEntry(
        Position(1000, n), before, b"events %d" % n, b"replies %d" % n, bytes([n]) * 32
    )


def tail(n):
    return Tail(entry(n).position, entry(n).event_hash) if n else Tail(GENESIS, START)


async def until(condition):
    for _ in range(5000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("waited in vain")


def filled(buses, count):
    publisher = buses.publisher()
    assert publisher.append(tail(0), [entry(n) for n in range(1, count + 1)], []) is None
    return publisher


def test_an_empty_stream_ends_at_genesis(buses):
    publisher = buses.publisher()
    assert publisher.tail() == Tail(GENESIS, START)
    publisher.close()


def test_the_stream_grows_only_from_its_end(buses):
    publisher = filled(buses, 2)
    assert publisher.append(tail(1), [entry(2), entry(3)], []) == tail(2)
    assert publisher.append(tail(3), [entry(4)], []) == tail(2)
    assert publisher.append(tail(0), [entry(1)], []) == tail(2)
    assert publisher.append(tail(2), [entry(3)], []) is None
    assert publisher.tail() == tail(3)
    publisher.close()


def test_an_engine_with_another_history_cannot_add_to_the_stream(buses):
    publisher = filled(buses, 2)
    forked = Tail(entry(2).position, b"\xff" * 32)
    assert publisher.append(forked, [entry(3)], []) == tail(2)
    publisher.close()


def test_a_claimed_stream_is_added_to_only_by_who_knows_the_token(buses):
    publisher, other = filled(buses, 2), buses.publisher()
    life = other.life()
    assert other.claim(tail(1), 3, life) == tail(2), (
        "whoever thinks it ends elsewhere claims nothing"
    )
    assert publisher.append(tail(2), [entry(3)], []) is None
    assert other.claim(tail(3), 3, life) is None
    with pytest.raises(Claimed) as claimed:
        publisher.append(tail(3), [entry(4)], [], 2)
    assert claimed.value.token == 3
    assert publisher.tail() == tail(3)
    assert other.claim(tail(3), 1, life) is None
    assert publisher.append(tail(3), [entry(4)], [], 3) is None
    publisher.close()
    other.close()


def test_nobody_claims_the_stream_of_another_life_of_the_bus(buses):
    publisher = filled(buses, 2)
    life = publisher.life()
    with pytest.raises(StreamLost):
        publisher.claim(tail(2), 3, f"not {life}")
    assert publisher.append(tail(2), [entry(3)], []) is None
    publisher.close()


def test_an_empty_stream_notes_once_where_the_log_ended(buses):
    publisher = buses.publisher()
    life = publisher.life()
    assert publisher.life() == life
    assert publisher.begin("another life", Position(7, 0), 1) is None
    assert publisher.begin(life, Position(7, 0), 1) == (Position(7, 0), 1)
    assert publisher.begin(life, Position(9, 0), 0) == (Position(7, 0), 1)
    assert publisher.append(tail(0), [entry(1)], [], 1) is None
    assert publisher.begin(life, Position(11, 0), 2) == (Position(7, 0), 2)
    publisher.close()


def test_nobody_begins_the_stream_of_another_life_of_the_bus(buses):
    publisher = buses.publisher()
    life = publisher.life()
    with pytest.raises(StreamLost):
        publisher.append(tail(0), [entry(1)], [], 0, f"not {life}")
    assert publisher.tail() == tail(0)
    assert publisher.append(tail(0), [entry(1)], [], 0, life) is None
    assert publisher.append(tail(0), [entry(1)], [], 0, f"not {life}") == tail(1)
    assert publisher.append(tail(1), [entry(2)], [], 0, f"not {life}") is None
    publisher.close()


def test_a_refused_append_sends_nothing(buses):
    async def listen():
        bus, heard = buses.bus(), []
        await bus.subscribe("gateway:7", heard.append)
        publisher = buses.publisher()
        publisher.append(tail(1), [entry(2)], [("gateway:7", b"wrong")])
        publisher.append(tail(0), [entry(1)], [("gateway:7", b"a"), ("gateway:7", b"b")])
        publisher.publish("gateway:7", b"c")
        await until(lambda: len(heard) >= 3)
        publisher.close()
        await bus.close()
        return heard

    assert asyncio.run(listen()) == [b"a", b"b", b"c"]


def test_event_entries_are_found_by_position_and_in_both_directions(buses):
    filled(buses, 5).close()

    async def ask():
        bus = buses.bus()
        assert await bus.event_tail() == Position(1000, 5)
        assert await bus.event_entry(Position(1000, 3)) == entry(3)
        assert await bus.event_entry(Position(1000, 9)) is None
        assert await bus.event_entries_before(Position(1000, 4), 2) == [entry(3), entry(2)]
        assert await bus.event_entries_before(Position(1000, 1), 2) == []
        assert await bus.event_entries_after(GENESIS, 2, 0) == [entry(1), entry(2)]
        assert await bus.event_entries_after(Position(1000, 3), 9, 0) == [entry(4), entry(5)]
        assert await bus.event_entries_after(Position(1000, 5), 9, 20) == []
        await bus.close()

    asyncio.run(ask())


def test_waiting_for_events_ends_when_they_come(buses):
    async def ask():
        bus, publisher = buses.bus(), filled(buses, 1)
        waiting = asyncio.create_task(bus.event_entries_after(Position(1000, 1), 5, 5000))
        await asyncio.sleep(0.05)
        assert await bus.event_tail() == Position(1000, 1)
        publisher.append(tail(1), [entry(2)], [])
        assert await waiting == [entry(2)]
        publisher.close()
        await bus.close()

    asyncio.run(ask())


def test_messages_reach_every_subscription_of_their_channel_in_order(buses):
    async def talk():
        bus, other, mine, theirs = buses.bus(), buses.bus(), [], []
        await bus.subscribe("a", mine.append)
        await other.subscribe("a", theirs.append)
        await other.subscribe("b", theirs.append)
        for n in range(50):
            assert await bus.publish("a", b"%d" % n) == 2
        assert await bus.publish("nobody", b"") == 0
        await until(lambda: len(mine) == len(theirs) == 50)
        await other.unsubscribe("a")
        assert await bus.publish("a", b"x") == 1
        await bus.close()
        await other.close()
        return mine, theirs

    mine, theirs = asyncio.run(talk())
    assert mine[:50] == theirs == [b"%d" % n for n in range(50)]


def test_a_receiver_that_fails_keeps_its_subscription_and_disturbs_nobody(buses):
    async def talk():
        bus, heard, well = buses.bus(), [], []

        def fail(message):
            heard.append(message)
            raise RuntimeError("a client has gone")

        await bus.subscribe("a", fail)
        await bus.subscribe("b", well.append)
        for _ in range(3):
            await bus.publish("a", b"x")
            await bus.publish("b", b"y")
        await until(lambda: len(heard) == len(well) == 3)
        await bus.close()

    asyncio.run(talk())


def test_a_blocking_process_hears_its_channel(buses):
    ear = buses.subscription("queries")
    assert ear.receive() == []

    async def talk():
        bus = buses.bus()
        for n in range(5):
            await bus.publish("queries", b"%d" % n)
        await bus.close()

    asyncio.run(talk())
    heard, end = [], time.monotonic() + 5
    while len(heard) < 5 and time.monotonic() < end:
        heard += ear.receive()
    assert heard == [b"%d" % n for n in range(5)]
    assert ear.receive() == []
    ear.close()


def test_many_messages_are_sent_and_notes_are_remembered_in_one_step(buses):
    async def talk():
        bus, heard = buses.bus(), []
        await bus.subscribe("a", lambda message: heard.append(("a", message)))
        await bus.subscribe("b", lambda message: heard.append(("b", message)))
        await bus.publish_all([("a", b"1"), ("b", b"\0\xff"), ("c", b""), ("a", b"3")])
        await bus.publish_noted([("b", b"4")], {"position": "7-1", "0": "12"}, "feed 1", 1)
        await bus.publish_noted([], {"0": "13"}, "feed 1", 2)
        await until(lambda: len(heard) == 4)
        assert (await bus.take_notes("feed 2")).items() >= {"position": "7-1", "0": "13"}.items()
        await bus.close()
        return heard

    expected = [("a", b"1"), ("b", b"\0\xff"), ("a", b"3"), ("b", b"4")]
    assert asyncio.run(talk()) == expected


def test_nothing_is_sent_or_noted_in_the_name_of_who_had_the_notes_before(buses):
    async def talk():
        bus, other, heard = buses.bus(), buses.bus(), []
        await bus.subscribe("a", heard.append)
        await bus.publish_noted([("a", b"1")], {"position": "7-1"}, "feed 1", 1)
        await bus.publish_noted([("a", b"2")], {"position": "8-1"}, "feed 1", 2)
        taken = await other.take_notes("feed 2")
        assert taken == {NOTES_OWNER: "feed 2", NOTES_NUMBER: "0", "position": "8-1"}
        with pytest.raises(NotesTaken):
            await bus.publish_noted([("a", b"late")], {"position": "9-1"}, "feed 1", 3)
        await other.publish_noted([("a", b"3")], {"position": "9-1"}, "feed 2", 1)
        await until(lambda: len(heard) == 3)
        assert (await other.take_notes("feed 3"))["position"] == "9-1"
        await bus.close()
        await other.close()
        return heard

    assert asyncio.run(talk()) == [b"1", b"2", b"3"]


def test_what_is_sent_again_or_comes_late_is_done_once(buses):
    async def talk():
        bus, heard = buses.bus(), []
        await bus.subscribe("a", heard.append)
        for number in (1, 1, 2, 1, 10, 9, 10, 11):
            message, notes = b"%d" % number, {"position": f"{number}-1"}
            await bus.publish_noted([("a", message)], notes, "feed 1", number)
        await until(lambda: len(heard) == 4)
        assert (await bus.take_notes("feed 2"))["position"] == "11-1"
        await bus.close()
        return heard

    assert asyncio.run(talk()) == [b"1", b"2", b"10", b"11"]


def test_it_is_known_which_channels_somebody_listens_to(buses):
    async def talk():
        bus, other = buses.bus(), buses.bus()
        for channel in ("trade.SOL_USDC", "account.orderUpdate.7"):
            await bus.subscribe(channel, lambda _: None)
        await other.subscribe("trade.SOL_USDC", lambda _: None)
        assert sorted(await bus.listened()) == ["account.orderUpdate.7", "trade.SOL_USDC"]
        await bus.unsubscribe("trade.SOL_USDC")
        assert "trade.SOL_USDC" in await bus.listened()
        await other.unsubscribe("trade.SOL_USDC")
        assert await bus.listened() == ["account.orderUpdate.7"]
        await bus.close()
        await other.close()

    asyncio.run(talk())
