"""The second seed's rule: the first listener of a channel subscribes, the last unsubscribes."""

import asyncio
import random

import pytest
from rooms.application import Rooms
from rooms.client import until

from truebook.ws.subscriptions import SubscriptionManager
from truebook.ws.tasks import Tasks


class Listener:
    """Remembers what it was sent."""

    def __init__(self):
        self.heard = []
        self.ended = []

    def send(self, stream, messages, frames):
        assert frames == b"".join(map(stream.frame, messages))
        self.heard.extend((stream.name, message) for message in messages)

    async def until_empty(self):
        await asyncio.sleep(0)

    def end(self, code, reason):
        self.ended.append(code)


class Hall:
    """A manager on a bus that another client of it can look at."""

    def __init__(self, new_bus):
        self.rooms = Rooms()
        self.bus = new_bus()
        self.other = new_bus()
        self.tasks = Tasks()
        self.manager = SubscriptionManager(self.bus, self.rooms, self.tasks)

    def subscribe(self, listener, name, after=None):
        (channel,) = self.rooms.channels_of([name], None)
        return self.manager.subscribe(listener, name, channel, after)

    async def heard_by(self, channel):
        """How many subscriptions the bus has."""
        return await self.other.publish(channel, b"0")

    async def settled(self, channel, count):
        async with asyncio.timeout(10):
            while await self.heard_by(channel) != count:  # noqa: ASYNC110, on the server
                await asyncio.sleep(0.002)


@pytest.fixture
def in_hall(new_bus):
    def run(test):
        async def running():
            hall = Hall(new_bus)
            try:
                await test(hall)
            finally:
                await hall.tasks.close()
                await hall.bus.close()
                await hall.other.close()

        asyncio.run(running())

    return run


def test_the_first_listener_subscribes_and_the_last_unsubscribes(in_hall):
    async def test(hall):
        ann, bob = Listener(), Listener()
        assert await hall.heard_by("talk.a") == 0
        first = hall.subscribe(ann, "talk.a")
        await hall.manager.complete(first)
        assert await hall.heard_by("talk.a") == 1
        second = hall.subscribe(bob, "talk.a")
        await hall.manager.complete(second)
        assert await hall.heard_by("talk.a") == 1
        hall.manager.unsubscribe(first)
        await asyncio.sleep(0.02)
        assert await hall.heard_by("talk.a") == 1
        hall.manager.unsubscribe(second)
        await hall.settled("talk.a", 0)
        await until(lambda: hall.manager.channels == [])

    in_hall(test)


def test_who_comes_while_the_last_one_leaves_hears_everything_from_then_on(in_hall):
    async def test(hall):
        for round_number in range(20):
            ann, bob = Listener(), Listener()
            first = hall.subscribe(ann, "talk.a")
            if round_number % 2:
                await hall.manager.complete(first)
            hall.manager.unsubscribe(first)
            for _ in range(round_number // 2):
                await asyncio.sleep(0)
            second = hall.subscribe(bob, "talk.a")
            await hall.manager.complete(second)
            await hall.other.publish("talk.a", b"7")
            await until(lambda bob=bob: bob.heard == [("talk.a", b"7")])
            assert ann.heard == []
            hall.manager.unsubscribe(second)
        await hall.settled("talk.a", 0)

    in_hall(test)


@pytest.mark.parametrize("seed", range(5))
def test_any_coming_and_going_ends_with_the_bus_as_the_listeners_are(in_hall, seed):
    chance = random.Random(seed)

    async def test(hall):
        listeners = [Listener() for _ in range(4)]
        held = {}
        for _ in range(200):
            who = chance.choice([(x, r) for x in listeners for r in ("talk.a", "talk.b")])
            if who in held:
                hall.manager.unsubscribe(held.pop(who))
            else:
                held[who] = hall.subscribe(*who)
            for _ in range(chance.choice([0, 0, 1, 3])):
                await asyncio.sleep(0)
        for room in ("talk.a", "talk.b"):
            await hall.settled(room, int(any(name == room for _, name in held)))
        for subscription in held.values():
            hall.manager.unsubscribe(subscription)
        for room in ("talk.a", "talk.b"):
            await hall.settled(room, 0)

    in_hall(test)


def test_every_listener_is_sent_every_message_under_the_name_it_used(in_hall):
    async def test(hall):
        listeners = [Listener() for _ in range(3)]
        for listener in listeners:
            await hall.manager.complete(hall.subscribe(listener, "talk.a"))
        for number in range(50):
            await hall.other.publish("talk.a", b"%d" % number)
        for listener in listeners:
            await until(lambda listener=listener: len(listener.heard) == 50)
            assert listener.heard == [("talk.a", b"%d" % number) for number in range(50)]

    in_hall(test)


def test_what_was_missed_comes_first_and_once(in_hall):
    async def test(hall):
        for number in range(1, 6):
            hall.rooms.say("count.a", b"%d" % number)
        ann, bob, cat = Listener(), Listener(), Listener()
        one = hall.subscribe(ann, "count.a", 2)
        two = hall.subscribe(bob, "count.a")
        three = hall.subscribe(cat, "even.a", 0)
        for subscription in (one, two, three):
            await hall.manager.complete(subscription)
        for number in range(6, 9):
            await hall.other.publish("count.a", hall.rooms.say("count.a", b"%d" % number))
        await until(lambda: len(ann.heard) == 6 and len(bob.heard) == 3 and len(cat.heard) == 4)
        assert [text for _, text in ann.heard] == [b"3", b"4", b"5", b"6", b"7", b"8"]
        assert [text for _, text in bob.heard] == [b"6", b"7", b"8"]
        assert cat.heard == [("even.a", text) for text in (b"2", b"4", b"6", b"8")]

    in_hall(test)


def test_messages_that_come_while_one_catches_up_are_neither_lost_nor_repeated(in_hall):
    async def test(hall):
        for number in range(1, 101):
            hall.rooms.say("count.a", b"%d" % number)
        listeners = [Listener() for _ in range(10)]
        stop = asyncio.Event()

        async def talk():
            number = 100
            while not stop.is_set():
                number += 1
                await hall.other.publish("count.a", hall.rooms.say("count.a", b"%d" % number))
                await asyncio.sleep(0)

        talking = asyncio.create_task(talk())
        for after, listener in enumerate(listeners):
            await hall.manager.complete(hall.subscribe(listener, "count.a", after * 10))
            await asyncio.sleep(0.005)
        stop.set()
        await talking
        last = hall.rooms.remembered["count.a"][-1]
        for after, listener in enumerate(listeners):
            await until(lambda one=listener: one.heard and one.heard[-1][1] == last)
            numbers = [int(text) for _, text in listener.heard]
            assert numbers == list(range(after * 10 + 1, int(last) + 1))

    in_hall(test)


def test_updates_that_cannot_be_had_close_their_listeners_and_nobody_elses(in_hall, monkeypatch):
    monkeypatch.setattr("truebook.ws.numbering.WS_BACKLOG_S_MAX", 0.05)

    async def test(hall):
        ann, bob = Listener(), Listener()
        await hall.manager.complete(hall.subscribe(ann, "count.a"))
        await hall.manager.complete(hall.subscribe(bob, "talk.a"))
        hall.rooms.is_available = False
        hall.rooms.say("count.a", b"1")
        await hall.other.publish("count.a", hall.rooms.say("count.a", b"2"))
        await until(lambda: ann.ended == [1013])
        assert ann.heard == bob.ended == []

    in_hall(test)


def test_who_comes_after_a_failure_is_served_again(in_hall, monkeypatch):
    monkeypatch.setattr("truebook.ws.numbering.WS_BACKLOG_S_MAX", 0.05)

    async def test(hall):
        ann, bob = Listener(), Listener()
        hall.rooms.is_available = False
        first = hall.subscribe(ann, "count.a")
        await until(lambda: ann.ended == [1013])
        hall.rooms.is_available = True
        await hall.manager.complete(hall.subscribe(bob, "count.a"))
        hall.manager.unsubscribe(first)
        await hall.other.publish("count.a", hall.rooms.say("count.a", b"1"))
        await until(lambda: bob.heard == [("count.a", b"1")])

    in_hall(test)


def test_a_silent_stream_asks_nothing_of_the_bus(in_hall):
    async def test(hall):
        subscription = hall.subscribe(Listener(), "silent.a")
        await hall.manager.complete(subscription)
        assert hall.manager.channels == []
        hall.manager.unsubscribe(subscription)

    in_hall(test)


def test_what_was_said_while_the_bus_was_away_is_fetched(in_hall):
    async def test(hall):
        ann = Listener()
        await hall.manager.complete(hall.subscribe(ann, "count.a"))
        hall.rooms.say("count.a", b"1")
        if hasattr(hall.bus, "reconnected"):
            hall.bus.reconnected()
        else:
            hall.bus._subscribed.abort("cut by the test")
        await until(lambda: ann.heard == [("count.a", b"1")])

    in_hall(test)


@pytest.mark.parametrize("name", ["talk.a", "count.a"])
def test_nobody_waits_for_ever_for_what_is_no_longer_wanted(in_hall, name):
    async def test(hall):
        hall.rooms.is_available = False
        for pauses in range(12):
            subscription = hall.subscribe(Listener(), name, 0)
            waiting = asyncio.create_task(hall.manager.complete(subscription))
            for _ in range(pauses):
                await asyncio.sleep(0)
            hall.manager.unsubscribe(subscription)
            async with asyncio.timeout(4):
                await waiting

    in_hall(test)


def test_who_begins_to_listen_is_announced_before_being_answered(in_hall):
    async def test(hall):
        ann = Listener()
        hall.rooms.is_available = False
        subscription = hall.subscribe(ann, "called.a")
        completing = asyncio.create_task(hall.manager.complete(subscription))
        await until(lambda: hall.rooms.asked == [("called.a", None)])
        assert await hall.heard_by("called.a") == 1
        assert not completing.done()
        hall.rooms.is_available = True
        await completing
        await hall.other.publish("called.a", b"7")
        await until(lambda: ("called.a", b"7") in ann.heard)

    in_hall(test)


def test_more_than_is_told_at_once_comes_part_by_part(in_hall):
    async def test(hall):
        ann, bob = Listener(), Listener()
        await hall.manager.complete(hall.subscribe(bob, "count.a"))
        said = [hall.rooms.say("count.a", b"%d" % number) for number in range(1, 36)]
        # Bob learns of the last one alone; what was before it takes several answers.
        await hall.other.publish("count.a", said[-1])
        await hall.manager.complete(hall.subscribe(ann, "count.a", after=4))
        expected = [("count.a", b"%d" % number) for number in range(1, 36)]
        await until(lambda: bob.heard == expected)
        assert ann.heard == expected[4:]
        assert not ann.ended
        await hall.other.publish("count.a", hall.rooms.say("count.a", b"36"))
        await until(lambda: ann.heard[-1] == bob.heard[-1] == ("count.a", b"36"))

    in_hall(test)


def test_a_backlog_ends_with_its_subscription(in_hall):
    async def test(hall):
        for _ in range(1000):
            hall.rooms.say("count.a", b"x" * 1000)
        ann = Listener()
        subscription = hall.subscribe(ann, "count.a", 0)
        completing = asyncio.create_task(hall.manager.complete(subscription))
        await until(lambda: ann.heard)
        hall.manager.unsubscribe(subscription)
        heard = len(ann.heard)
        await completing
        assert len(ann.heard) == heard < 1000

    in_hall(test)
