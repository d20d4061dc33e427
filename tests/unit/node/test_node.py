"""The engine's loop: every entry once, every reply to its sender, no answer too old."""

import asyncio
import threading

import numpy as np
import pytest

from truebook import commands
from truebook.api.send_and_await import CommandClient
from truebook.asking import Asker, Halted
from truebook.clock import ManualClock
from truebook.commandlog.chain import START, extend
from truebook.commandlog.entries import pack_entry
from truebook.commandlog.interface import (
    GENESIS,
    QUERIES_CHANNEL,
    SETTINGS_CHANNEL,
    BusUnavailable,
    StreamForeign,
    StreamLost,
    answer_channel,
    reply_channel,
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
from truebook.commandlog.progress import STOPS_MAX, Progress
from truebook.commandlog.publication import CHECK_S, LOOK_S, TAKE_OVER_S
from truebook.commandlog.replies import entry_replies, read_reply_message
from truebook.engine.naive.engine import NaiveEngine
from truebook.genesis import DEFAULT_VENUE, commands_of
from truebook.messages import ENTRY_EVENT, EntryStatus, EventKind, OrderType, Side
from truebook.node import Node
from truebook.queries import Query, decode_answer, encode_query


def account(name):
    return commands.set_account(name=name)


class Exchange:
    """A log and a bus in memory, on a clock of their own, and engines on them."""

    def __init__(self, folder):
        self.clock = ManualClock(1_000_000)
        self.log = MemoryLogServer(self.clock)
        self.bus = MemoryBusServer()
        self.folder = folder
        self.nodes = []

    def node(self, name="engine-0", engine=None, build="1"):
        node = Node(
            name,
            engine or NaiveEngine(),
            MemoryLogReader(self.log),
            MemoryPublisher(self.bus),
            MemorySubscription(self.bus, QUERIES_CHANNEL),
            Progress(self.folder / name, build),
            self.clock,
        )
        self.nodes.append(node)
        return node

    def write(self, *names, gateway=1, sequence=None):
        """One entry that opens accounts."""
        sequence = sequence or 1 + sum(1 for e in self.log.entries if e.data[4] == gateway)
        records = b"".join(account(name) for name in names)
        return self.log.append(pack_entry(gateway, sequence, records))

    def events(self):
        return [(e.position, e.previous, e.events, e.event_hash) for e in self.bus.entries]

    def hear(self, channel):
        heard = []
        self.bus.receivers.setdefault(channel, []).append(heard.append)
        return heard

    def ask(self, node, query):
        heard = self.hear(query.channel)
        self.bus.publish(QUERIES_CHANNEL, encode_query(query))
        work(node)
        return [decode_answer(message) for message in heard]


@pytest.fixture
def exchange(tmp_path):
    exchange = Exchange(tmp_path)
    yield exchange
    for node in exchange.nodes:
        node.close()


def work(*nodes):
    """Let nodes work until none has anything to do."""
    for node in nodes:
        assert node._is_started or node.start()
    is_busy = True
    while is_busy:
        is_busy = False
        for node in nodes:
            is_busy |= node.step()
    for node in nodes:
        node.step()


def ends(node):
    return node.position, node.chain, node.status()["eventHash"], node.engine.state_hash()


def test_each_entry_gives_one_event_entry_linked_to_the_one_before(exchange):
    positions = [exchange.write("a", "b"), exchange.write("c"), exchange.write("d", gateway=2)]
    node = exchange.node()
    work(node)
    assert node.is_caught_up
    assert [e.position for e in exchange.bus.entries] == positions
    assert [e.previous for e in exchange.bus.entries] == [GENESIS, *positions[:2]]
    event_hash, chain = START, START
    for entry, log_entry in zip(exchange.bus.entries, exchange.log.entries, strict=True):
        event_hash = extend(event_hash, entry.position, entry.events)
        chain = extend(chain, log_entry.position, log_entry.data)
        assert entry.event_hash == event_hash
        assert np.frombuffer(entry.events, ENTRY_EVENT, 1)["kind"] == EventKind.ENTRY
    assert node.chain == chain
    assert node.status()["eventHash"] == event_hash.hex()


def test_each_gateway_gets_one_message_a_batch_with_its_replies_only(exchange):
    one, two = exchange.hear(reply_channel(1)), exchange.hear(reply_channel(2))
    first = exchange.write("a", "b", gateway=1)
    second = exchange.write("c", gateway=2)
    third = exchange.write("d", gateway=1)
    work(exchange.node())
    assert (len(one), len(two)) == (1, 1)
    mine = list(read_reply_message(one[0]))
    assert [(e.position, e.sequence) for e in mine] == [(first, 1), (third, 2)]
    assert [e.replies["account"].tolist() for e in mine] == [[1, 2], [4]]
    theirs = list(read_reply_message(two[0]))
    assert [(e.position, e.replies["account"].tolist()) for e in theirs] == [(second, [3])]


def test_settings_go_to_their_channel_with_the_position_of_the_batch(exchange):
    heard = exchange.hear(SETTINGS_CHANNEL)
    exchange.write("a")
    last = exchange.write("b")
    node = exchange.node()
    work(node)
    assert len(heard) == 1
    assert heard[0][:16] == last.high.to_bytes(8, "little") + last.low.to_bytes(8, "little")
    assert heard[0][16:] == node.engine.account_settings(1, 2)


def test_a_repeated_entry_is_answered_as_repeated_and_changes_nothing(exchange):
    heard = exchange.hear(reply_channel(1))
    exchange.write("a")
    node = exchange.node()
    work(node)
    before = node.engine.counts()
    exchange.write("a", sequence=1)
    exchange.write("z", sequence=7)
    exchange.log.append(b"rubbish")
    work(node)
    assert node.engine.counts() == before
    statuses = [e.status for m in heard for e in read_reply_message(m)]
    assert statuses == [EntryStatus.APPLIED, EntryStatus.REPEATED, EntryStatus.GAP]
    last = exchange.bus.entries[-1]
    assert entry_replies(last.position, last.events, last.replies).status == EntryStatus.MALFORMED


def test_a_restarted_engine_publishes_nothing_twice_and_carries_on(exchange):
    for name in "abc":
        exchange.write(name)
    first = exchange.node()
    work(first)
    exchange.write("d")
    second = exchange.node("engine-1")
    heard = exchange.hear(reply_channel(1))
    work(second)
    assert len(exchange.bus.entries) == 4
    assert [e.sequence for m in heard for e in read_reply_message(m)] == [4]
    work(first)
    assert ends(first) == ends(second)


def test_an_empty_bus_is_filled_again_from_the_log(exchange):
    for name in "abc":
        exchange.write(name)
    work(exchange.node())
    before = exchange.events()
    exchange.bus.entries.clear()
    work(exchange.node("engine-1"))
    assert exchange.events() == before


def test_losing_the_stream_ends_the_engine_loudly_even_if_nothing_happens(exchange):
    exchange.write("a")
    node = exchange.node()
    work(node)
    exchange.bus.entries.clear()
    exchange.clock.advance(CHECK_S)
    with pytest.raises(StreamLost, match="as it did"):
        work(node)


def test_losing_the_stream_ends_the_engine_at_the_next_entry(exchange):
    exchange.write("a")
    node = exchange.node()
    work(node)
    exchange.bus.entries.clear()
    exchange.write("b")
    with pytest.raises(StreamLost):
        work(node)


def test_a_stream_of_another_log_is_refused(exchange):
    exchange.write("a")
    work(exchange.node())
    exchange.log.entries.clear()
    with pytest.raises(StreamForeign, match="another log"):
        exchange.node("engine-1").start()


def test_an_engine_that_made_other_events_is_stopped_not_published(exchange):
    exchange.write("a")
    work(exchange.node())
    tampered = NaiveEngine()
    tampered.apply(pack_entry(9, 1, account("intruder")))
    exchange.write("b")
    with pytest.raises(StreamForeign, match="event hash"):
        work(exchange.node("engine-1", tampered))
    assert len(exchange.bus.entries) == 1


def test_a_second_engine_stands_by_and_does_no_harm(exchange):
    first, second = exchange.node(), exchange.node("engine-1")
    for number in range(20):
        exchange.write(f"n{number}")
        work(first, second) if number % 2 else work(second, first)
        exchange.clock.advance(0.05)
    assert [e.position for e in exchange.bus.entries] == [e.position for e in exchange.log.entries]
    exchange.clock.advance(LOOK_S)
    work(first, second)
    assert ends(first) == ends(second)
    assert first.status()["unpublished"] == second.status()["unpublished"] == 0
    assert [n.status()["active"] for n in (first, second)].count(True) == 1


def test_an_engine_may_start_while_another_one_publishes(exchange, monkeypatch):
    first, second = exchange.node(), exchange.node("engine-1")
    exchange.write("a")
    work(first)
    tail = second._publisher.tail

    def tail_a_moment_later():
        exchange.write("b")
        work(first)
        monkeypatch.setattr(second._publisher, "tail", tail)
        return tail()

    monkeypatch.setattr(second._publisher, "tail", tail_a_moment_later)
    assert second.start()
    work(second)
    assert second.engine.state_hash() == first.engine.state_hash()


def test_a_standby_carries_on_within_half_a_second_if_nobody_publishes(exchange):
    first, second = exchange.node(), exchange.node("engine-1")
    exchange.write("a")
    work(first)
    exchange.write("b")
    work(first)
    work(second)
    exchange.write("c")
    work(first)
    work(second)
    assert second.status()["unpublished"] == 0
    exchange.write("d")
    first._reader._server = MemoryLogServer(exchange.clock)
    second._publication.is_active = False
    heard = exchange.hear(reply_channel(1))
    work(second)
    assert len(exchange.bus.entries) == 3
    exchange.clock.advance(TAKE_OVER_S)
    work(second)
    assert [e.position for e in exchange.bus.entries] == [e.position for e in exchange.log.entries]
    assert [e.sequence for m in heard for e in read_reply_message(m)] == [4]
    assert second.status()["active"]


def test_a_bus_that_was_away_gets_everything_once_when_it_is_back(exchange):
    node = exchange.node()
    exchange.write("a")
    work(node)
    exchange.bus.is_up = False
    exchange.write("b")
    work(node)
    exchange.write("c")
    work(node)
    assert len(exchange.bus.entries) == 1
    assert node.position == exchange.log.entries[1].position, "it doesn't run ahead of the bus"
    exchange.bus.is_up = True
    work(node)
    assert len(exchange.bus.entries) == 3
    assert node.status()["active"]


def test_a_publication_whose_outcome_was_lost_is_not_made_twice(exchange):
    node = exchange.node()
    work(node)
    append, lost = node._publisher.append, []

    def lose_acknowledgment(*arguments):
        append(*arguments)
        if not lost:
            lost.append(True)
            raise BusUnavailable("on demand")

    node._publisher.append = lose_acknowledgment
    node._publication._publisher = node._publisher
    exchange.write("a")
    work(node)
    node._publisher.append = append
    work(node)
    exchange.write("b")
    work(node)
    assert len(exchange.bus.entries) == 2
    assert node.status()["active"]


class Poisoned(NaiveEngine):
    """Dies at a word."""

    def apply(self, records):
        if b"poison" in bytes(records):
            raise RuntimeError("poisoned")
        return super().apply(records)


def test_a_poison_entry_halts_the_engine_in_front_of_it_and_it_still_answers(exchange):
    for name in ("a", "b", "poison", "c"):
        exchange.write(name)
    for _ in range(1 + STOPS_MAX):
        with pytest.raises(RuntimeError, match="poisoned"):
            work(exchange.node(engine=Poisoned()))
    node = exchange.node(engine=Poisoned())
    work(node)
    poison = exchange.log.entries[2].position
    assert node.halted == poison
    assert node.is_caught_up
    assert node.position == exchange.log.entries[1].position
    assert len(exchange.bus.entries) == 2
    exchange.write("d")
    work(node)
    assert len(exchange.bus.entries) == 2
    status = exchange.ask(node, Query(1, "me", str(GENESIS), "status"))[0]
    assert status.status["halted"] == str(poison)
    late = exchange.ask(node, Query(2, "you", str(exchange.log.entries[-1].position), "account"))
    assert late[0].position == str(node.position)
    assert late[0].status["halted"] == str(poison)
    work(exchange.node(engine=NaiveEngine(), build="2"))
    assert len(exchange.bus.entries) == 5


def test_a_question_ahead_of_the_engine_waits_for_it(exchange):
    node = exchange.node()
    work(node)
    ahead = exchange.write("a")
    exchange.log.is_up = False
    heard = exchange.hear("me")
    query = Query(1, "me", str(ahead), "account", account=1)
    exchange.bus.publish(QUERIES_CHANNEL, encode_query(query))
    work(node)
    assert heard == []
    exchange.log.is_up = True
    work(node)
    assert decode_answer(heard[0]).position == str(ahead)
    assert decode_answer(heard[0]).settings == node.engine.account_settings(1, 1)


def test_nothing_is_told_of_the_venue_that_is_not_published(exchange):
    node = exchange.node()
    exchange.write("a")
    work(node)
    node._publication.is_active = False
    exchange.write("b")
    heard = exchange.hear("me")
    for number, kind in enumerate(("account", "status")):
        exchange.bus.publish(
            QUERIES_CHANNEL, encode_query(Query(number, "me", "0-0", kind, account=1))
        )
    work(node)
    assert [decode_answer(told).id for told in heard] == [1], "it tells how it is itself"
    exchange.clock.advance(TAKE_OVER_S)
    work(node)
    assert [decode_answer(told).id for told in heard] == [1, 0]


def test_a_book_and_an_accounts_number_are_told_as_of_one_position(exchange):
    node = exchange.node()
    exchange.log.append(pack_entry(1, 1, b"".join(commands_of(DEFAULT_VENUE))))
    exchange.log.append(
        pack_entry(
            1,
            2,
            account("a")
            + commands.deposit(account=1, asset=0, amount=10**12)
            + b"".join(bid(order_id, price) for order_id, price in ((1, 9_000), (2, 9_100))),
        )
    )
    work(node)
    end = str(exchange.log.entries[-1].position)
    (book,) = exchange.ask(node, Query(1, "me", end, "book", market=0))
    assert np.frombuffer(book.bids, "<i8").reshape(-1, 2).tolist() == [[9_100, 5], [9_000, 5]]
    assert (book.asks, book.figures, book.position) == (b"", (2, 0, 0), end)
    (orders,) = exchange.ask(node, Query(2, "you", end, "orders", account=1))
    assert (orders.sequence, [row.order_id for row in orders.orders]) == (2, [1, 2])
    (nobody,) = exchange.ask(node, Query(3, "them", end, "book", market=77))
    assert (nobody.bids, nobody.figures) == (b"", (0, 0, 0))


def bid(order_id, price):
    return commands.place(
        account=1,
        market=0,
        order_id=order_id,
        side=Side.BID,
        order_type=OrderType.LIMIT,
        price=price,
        quantity=5,
    )


@pytest.mark.parametrize(
    "message",
    [b"", b"\xff" * 50, b"\x90", encode_query(Query(1, "me", "not a position", "status"))],
)
def test_rubbish_on_the_queries_channel_is_ignored(exchange, message):
    node = exchange.node()
    exchange.bus.receivers[QUERIES_CHANNEL][0](message)
    assert len(exchange.ask(node, Query(1, "me", str(GENESIS), "status"))) == 1


def test_a_node_runs_in_a_thread_and_stops_when_told(exchange):
    node = exchange.node()
    node._desk._clock = node._publication._clock = ManualClock()
    exchange.write("a")
    caught_up = threading.Event()
    thread = threading.Thread(target=node.run, args=(caught_up.set,))
    thread.start()
    assert caught_up.wait(5)
    node.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_a_gateway_sends_awaits_and_asks(exchange):
    node = exchange.node()

    async def trade():
        bus = MemoryBus(exchange.bus)
        client = await CommandClient.start(MemoryLog(exchange.log), bus)
        questions = await Asker.start(bus, answer_channel(client.gateway.number), client.gateway)
        outcomes = await asyncio.gather(
            *(client.send_and_await(account(f"n{n}"), 1) for n in range(50))
        )
        answer = await questions.ask("account", 50)
        statuses = await questions.ask_all(wait_ms=50)
        node.halted = client.gateway.last_position
        client.gateway.saw(client.gateway.last_position._replace(low=9))
        with pytest.raises(Halted):
            await questions.ask("account", 50)
        await client.close()
        await bus.close()
        return outcomes, answer, statuses

    def scenario():
        try:
            return asyncio.run(trade())
        finally:
            node.stop()

    found = []
    thread = threading.Thread(target=lambda: found.append(scenario()))
    thread.start()
    node.run(lambda: None)
    thread.join()
    outcomes, answer, statuses = found[0]
    assert [o.replies["account"].tolist() for o in outcomes] == [[n] for n in range(1, 51)]
    assert answer.settings == node.engine.account_settings(50, 1)
    assert [s.status["engine"] for s in statuses] == ["engine-0"]
    assert len(exchange.bus.entries) == len(exchange.log.entries) < 50
