"""A numbered channel comes in order and whole, whatever the bus does to it."""

import asyncio
import random

import pytest
from rooms.application import Rooms, numbered
from rooms.client import until

from truebook.ws import numbering as module
from truebook.ws.interface import Missed, Unavailable
from truebook.ws.numbering import Numbering, missed_after
from truebook.ws.tasks import Tasks

CHANNEL = "count.a"


class Ear:
    """A numbering, what it delivered, and whether it failed."""

    def __init__(self, rooms):
        self.delivered = []
        self.failed = []
        self.tasks = Tasks()
        deliver = lambda number, text: self.delivered.append((number, text))  # noqa: E731
        self.numbering = Numbering(CHANNEL, rooms, deliver, self.failed.append, self.tasks)

    async def known(self):
        self.numbering.check()
        await self.numbering.known.wait()
        await asyncio.sleep(0)


def with_ear(test):
    async def run():
        rooms = Rooms()
        ear = Ear(rooms)
        await test(rooms, ear)
        ear.numbering.reset()
        await ear.tasks.close()

    asyncio.run(run())


async def settled(ear, count):
    await until(lambda: len(ear.delivered) >= count)


def say(rooms, *texts):
    return [rooms.say(CHANNEL, text) for text in texts]


def test_what_was_said_before_is_not_delivered_and_what_comes_is():
    async def test(rooms, ear):
        say(rooms, b"1", b"2")
        await ear.known()
        for message in say(rooms, b"3", b"4"):
            ear.numbering.receive(message)
        assert ear.delivered == [(3, b"3"), (4, b"4")]

    with_ear(test)


def test_a_repeated_message_is_delivered_once():
    async def test(rooms, ear):
        await ear.known()
        first, second = say(rooms, b"1", b"2")
        for message in (first, first, second, first, second):
            ear.numbering.receive(message)
        assert ear.delivered == [(1, b"1"), (2, b"2")]

    with_ear(test)


def test_a_gap_is_filled_before_anything_after_it_is_delivered():
    async def test(rooms, ear):
        await ear.known()
        first, _, third, fourth = say(rooms, b"1", b"2", b"3", b"4")
        ear.numbering.receive(first)
        ear.numbering.receive(third)
        assert ear.delivered == [(1, b"1")]
        ear.numbering.receive(fourth)
        await settled(ear, 4)
        assert ear.delivered == [(1, b"1"), (2, b"2"), (3, b"3"), (4, b"4")]

    with_ear(test)


def test_a_message_without_text_shows_what_was_missed():
    async def test(rooms, ear):
        await ear.known()
        say(rooms, b"1")
        ear.numbering.receive(numbered(1))
        await settled(ear, 1)
        ear.numbering.receive(numbered(1))
        assert ear.delivered == [(1, b"1")]

    with_ear(test)


def test_after_the_bus_was_away_what_was_missed_is_fetched_without_being_shown():
    async def test(rooms, ear):
        await ear.known()
        say(rooms, b"1", b"2")
        ear.numbering.check()
        await settled(ear, 2)

    with_ear(test)


def test_a_loss_while_one_already_asks_is_not_overlooked():
    async def test(rooms, ear):
        await ear.known()
        say(rooms, b"1")
        late = asyncio.Event()
        answer = rooms.updates

        async def answer_late(channel, after):
            known = await answer(channel, after)
            await late.wait()
            return known

        rooms.updates = answer_late
        ear.numbering.check()
        await asyncio.sleep(0.01)
        say(rooms, b"2")
        ear.numbering.check()
        late.set()
        await settled(ear, 2)

    with_ear(test)


def test_a_backlog_that_is_behind_is_asked_again():
    async def test(rooms, ear):
        await ear.known()
        _, second = say(rooms, b"1", b"2")
        behind = rooms.remembered[CHANNEL].pop()
        ear.numbering.receive(second)
        await asyncio.sleep(0.01)
        rooms.remembered[CHANNEL].append(behind)
        await settled(ear, 2)
        assert ear.failed == []

    with_ear(test)


def test_what_cannot_be_had_is_told_once(monkeypatch):
    monkeypatch.setattr(module, "WS_BACKLOG_S_MAX", 0.05)

    async def test(rooms, ear):
        await ear.known()
        _, second, third = say(rooms, b"1", b"2", b"3")
        rooms.is_available = False
        ear.numbering.receive(second)
        ear.numbering.receive(third)
        await until(lambda: ear.failed)
        assert len(ear.failed) == 1
        assert ear.delivered == []

    with_ear(test)


def test_more_than_can_be_held_is_told(monkeypatch):
    monkeypatch.setattr(module, "WS_HELD_BYTES_MAX", 100)

    async def test(rooms, ear):
        await ear.known()
        rooms.is_available = False
        for message in say(rooms, *[b"x" * 30] * 6)[1:]:
            ear.numbering.receive(message)
        assert len(ear.failed) == 1

    with_ear(test)


@pytest.mark.parametrize("seed", range(20))
def test_any_loss_repeat_and_disorder_comes_out_whole(seed):
    chance = random.Random(seed)

    async def test(rooms, ear):
        await ear.known()
        for number in range(1, 201):
            (message,) = say(rooms, b"%d" % number)
            for _ in range(chance.choice([0, 1, 1, 1, 2])):
                ear.numbering.receive(message)
            if chance.random() < 0.1:
                ear.numbering.receive(numbered(chance.randint(1, number)))
            if chance.random() < 0.1:
                await asyncio.sleep(0)
        ear.numbering.receive(numbered(200))
        await settled(ear, 200)
        assert ear.delivered == [(number, b"%d" % number) for number in range(1, 201)]

    with_ear(test)


def test_an_answer_that_leaves_something_out_is_no_answer(monkeypatch):
    monkeypatch.setattr(module, "WS_BACKLOG_S_MAX", 0.05)

    class Forgetful:
        async def updates(self, channel, after):
            return Missed(5, [b"5"])

    with pytest.raises(Unavailable, match="known up to 5, 1 of 3"):
        asyncio.run(missed_after(Forgetful(), CHANNEL, 2, 5))
