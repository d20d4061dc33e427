"""What a reader is sent who keeps up, who is slow, and who has stopped."""

import asyncio

import pytest
from rooms.application import added
from rooms.client import until

from truebook.limits import WS_OUTBOX_BYTES_MAX, WS_TRANSPORT_BYTES_MAX
from truebook.ws.interface import Channel
from truebook.ws.outbox import Outbox
from truebook.ws.streams import Stream


class Transport:
    """Holds what is written; pauses the outbox when it is full, as a socket would."""

    def __init__(self):
        self.written = []
        self.room = 1 << 40
        self.given_up = []
        self.outbox = Outbox(self, self.given_up.append)

    def write(self, data):
        self.written.append(data)
        self.room -= len(data)
        if self.room <= 0:
            self.outbox.pause()

    def read(self, room=1 << 40):
        self.room = room
        self.written.clear()
        self.outbox.resume()


@pytest.fixture
def transport():
    async def make():
        return Transport()

    with asyncio.Runner() as runner:
        made = runner.run(make())
        made.run = runner.run
        yield made


TALK = Stream("talk", Channel("talk"))
NEWS = Stream("news", Channel("news", merge=lambda older, newer: newer))
SUM = Stream("sum", Channel("sum", merge=added))


def send(transport, stream, *messages):
    async def sending():
        frames = b"".join(map(stream.frame, messages))
        transport.outbox.send(stream, messages, frames)

    transport.run(sending())


def stop(transport):
    async def stopping():
        transport.outbox.pause()

    transport.run(stopping())


def test_who_keeps_up_is_sent_a_batch_in_one_write(transport):
    send(transport, TALK, b"1", b"2")
    assert transport.written == [TALK.frame(b"1") + TALK.frame(b"2")]


def test_what_waits_is_joined_where_it_can_be_and_kept_where_it_cannot(transport):
    stop(transport)
    for number in (b"1", b"2", b"3"):
        for stream in (TALK, NEWS, SUM):
            send(transport, stream, number)
    assert transport.written == []
    transport.read()
    assert b"".join(transport.written) == b"".join(
        [
            TALK.frame(b"1"),
            NEWS.frame(b"3"),
            SUM.frame(b"6"),
            TALK.frame(b"2"),
            TALK.frame(b"3"),
        ]
    )
    assert transport.outbox.bytes == 0


def test_what_cannot_be_joined_stays_apart_and_the_last_is_joined_further(transport):
    stream = Stream("s", Channel("s", merge=lambda a, b: None if b == b"2" else a + b))
    stop(transport)
    for message in (b"1", b"2", b"3"):
        send(transport, stream, message)
    transport.read()
    assert b"".join(transport.written) == stream.frame(b"1") + stream.frame(b"23")


def test_readers_that_are_behind_in_the_same_way_share_the_joining():
    joinings = []
    stream = Stream("s", Channel("s", merge=lambda a, b: joinings.append((a, b)) or a + b))

    async def run():
        transports = [Transport() for _ in range(5)]
        for message in (b"1", b"2", b"3"):
            for transport in transports:
                transport.outbox.pause()
                transport.outbox.send(stream, [message], stream.frame(message))
            stream.forget()
        for transport in transports:
            transport.outbox.close()

    asyncio.run(run())
    assert joinings == [(b"1", b"2"), (b"12", b"3")]


def union(older, newer):
    """Two sets of words as one, as the levels of a book are joined."""
    return b" ".join(sorted({*older.split(), *newer.split()}))


def test_joining_much_for_a_slow_reader_takes_little_work(transport):
    work = []

    def merge(older, newer):
        work.append(len(older) + len(newer))
        return union(older, newer)

    stream = Stream("s", Channel("s", merge=merge))
    messages = [b"%04d" % (number * 7919 % 4000) for number in range(4000)]
    stop(transport)
    for message in messages:
        send(transport, stream, message)
        stream.forget()
    assert transport.outbox.bytes < 3 * 5 * 4000
    transport.read()
    assert transport.written == [stream.frame(b" ".join(sorted(messages)))]
    # Joined one by one they would have taken 2,000 times their length.
    assert sum(work) < 40 * sum(map(len, messages))


def test_what_is_joined_only_in_the_end_says_the_same(transport):
    stream = Stream("s", Channel("s", merge=lambda a, b: None if b"|" in b else a + b))
    messages = [b"x" * (1 + number * 37 % 50) for number in range(200)]
    messages[50] = messages[120] = b"|"
    stop(transport)
    for message in messages:
        send(transport, stream, message)
    transport.read()
    parts = [b"".join(messages[a:b]) for a, b in ((0, 50), (50, 120), (120, 200))]
    assert b"".join(transport.written) == b"".join(map(stream.frame, parts))


def test_room_for_some_takes_some_and_the_rest_waits_on(transport):
    stop(transport)
    messages = [b"%d" % number * 1000 for number in range(10, 90)]
    for message in messages:
        send(transport, TALK, message)

    async def read():
        transport.read(room=WS_TRANSPORT_BYTES_MAX)

    transport.run(read())
    first = b"".join(transport.written)
    assert WS_TRANSPORT_BYTES_MAX <= len(first) < WS_TRANSPORT_BYTES_MAX + 3000
    assert transport.outbox.is_congested
    transport.run(read())
    transport.run(read())
    rest = b"".join(transport.written)
    assert not transport.outbox.is_congested
    assert (first + rest).startswith(TALK.frame(messages[0]))
    assert rest.endswith(TALK.frame(messages[-1]))


def test_who_leaves_too_much_waiting_is_given_up_once_and_remembered_no_more(transport):
    stop(transport)
    for _ in range(WS_OUTBOX_BYTES_MAX // 10_000 + 10):
        send(transport, TALK, b"x" * 10_000)
    assert len(transport.given_up) == 1
    assert transport.outbox.bytes == 0
    transport.read()
    assert transport.written == []


def test_joined_messages_never_fill_the_outbox(transport):
    stop(transport)
    for _ in range(500):
        send(transport, NEWS, b"x" * 10_000)
    assert transport.given_up == []
    assert transport.outbox.bytes < 11_000


def test_a_reader_that_takes_nothing_for_some_seconds_is_given_up(transport, monkeypatch):
    monkeypatch.setattr("truebook.ws.outbox.WS_STUCK_S_MAX", 0.01)

    async def run():
        transport.outbox.pause()
        await until(lambda: transport.given_up)

    transport.run(run())
    assert transport.given_up == ["nothing was read for 0.01 s"]


def test_a_reader_that_comes_back_in_time_is_not_given_up(transport, monkeypatch):
    monkeypatch.setattr("truebook.ws.outbox.WS_STUCK_S_MAX", 0.02)

    async def run():
        transport.outbox.pause()
        transport.outbox.resume()
        await asyncio.sleep(0.05)

    transport.run(run())
    assert transport.given_up == []


def test_of_the_pongs_that_wait_only_the_last_is_sent(transport):
    stop(transport)
    for text in (b"1", b"2", b"3"):
        transport.outbox.pong(text)
    transport.read()
    assert transport.written == [b"3"]
