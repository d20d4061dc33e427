"""Every call ends with an answer, or says truly that it was not done, or that nobody knows."""

import asyncio

import numpy as np
import pytest
from faults.faulty_log import Fault, FaultyLog

from truebook import asking, commands
from truebook.api.exchange import AnsweredSubmission
from truebook.api.send_and_await import CommandClient
from truebook.asking import Asker, TimedOut
from truebook.commandlog.chain import START
from truebook.commandlog.entries import for_engine
from truebook.commandlog.gateway import Gateway
from truebook.commandlog.interface import (
    GENESIS,
    QUERIES_CHANNEL,
    EventEntry,
    LogUnavailable,
    Position,
    answer_channel,
    reply_channel,
)
from truebook.commandlog.memory import MemoryBus, MemoryBusServer, MemoryLog, MemoryLogServer
from truebook.commandlog.replies import reply_message, split
from truebook.engine.naive.engine import NaiveEngine
from truebook.queries import Answer, decode_query, encode_answer


class Venue:
    """A log and a bus in memory, and an engine that is run by hand."""

    def __init__(self):
        self.log = MemoryLogServer()
        self.bus = MemoryBusServer()
        self.engine = NaiveEngine()
        self.done = 0
        self.sends = True

    def work(self):
        """Apply what is new in the log; into the stream, and to the gateways if `sends`."""
        for entry in self.log.entries[self.done :]:
            applied = self.engine.apply(for_engine(entry))
            [made] = split(applied.events, applied.replies, 1)
            previous = self.bus.tail().position
            event = EventEntry(entry.position, previous, made.events, made.replies, START)
            self.bus.entries.append(event)
            self.done += 1
            if self.sends:
                message = reply_message([(entry.position, made)])
                self.bus.publish(reply_channel(made.gateway), message)

    async def keep_working(self):
        while True:
            self.work()
            await asyncio.sleep(0)


def account(name):
    return commands.set_account(name=name)


def run(venue, scenario, faults=(), is_working=True):
    """Run a scenario with a client, its bus and, if wanted, an engine at work."""
    waiting = list(faults)

    async def with_client():
        bus = MemoryBus(venue.bus)
        log = FaultyLog(venue.log, lambda: waiting.pop(0) if waiting else Fault.NONE)
        client = await CommandClient.start(log, bus)
        working = asyncio.create_task(venue.keep_working()) if is_working else None
        try:
            return await asyncio.wait_for(scenario(client, bus), 20)
        finally:
            if working:
                working.cancel()
            await client.close()
            await bus.close()
            assert client._in_flight == {}

    return asyncio.run(with_client())


def opened(venue):
    return venue.engine.counts()["accounts"] - 1


@pytest.fixture
def venue():
    return Venue()


def test_the_outcome_is_the_replies_to_ones_own_commands(venue):
    async def scenario(client, bus):
        texts = [account(f"{n}a") + account(f"{n}b") for n in range(20)]
        return await asyncio.gather(*(client.send_and_await(text, 2) for text in texts))

    outcomes = run(venue, scenario)
    assert [o.replies["account"].tolist() for o in outcomes] == [
        [n, n + 1] for n in range(1, 41, 2)
    ]
    assert {o.position for o in outcomes} <= {e.position for e in venue.log.entries}


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.DUPLICATED])
def test_a_broken_append_still_gives_the_outcome_once(venue, fault):
    async def scenario(client, bus):
        return await client.send_and_await(account("a"), 1)

    outcome = run(venue, scenario, [fault])
    assert outcome.replies["account"].tolist() == [1]
    assert opened(venue) == 1


def test_a_lost_message_is_made_good_from_the_event_stream(venue):
    venue.sends = False

    async def scenario(client, bus):
        return await client.send_and_await(account("a"), 1, timeout_ms=30)

    assert run(venue, scenario).replies["account"].tolist() == [1]


@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.DUPLICATED])
def test_a_repeated_entry_is_answered_by_its_original_in_the_stream(venue, fault):
    venue.sends = False

    async def scenario(client, bus):
        outcome = await client.send_and_await(account("a"), 1, timeout_ms=100)
        assert outcome.position == venue.log.entries[0].position
        return outcome

    assert run(venue, scenario, [fault]).replies["account"].tolist() == [1]
    assert opened(venue) == 1


def test_after_a_reconnect_the_stream_is_asked_at_once(venue):
    venue.sends = False

    async def scenario(client, bus):
        sending = asyncio.create_task(client.send_and_await(account("a"), 1, timeout_ms=15_000))
        await bus.event_entries_after(GENESIS, 1, 5000)
        bus.reconnected()
        return await sending

    assert run(venue, scenario).replies["account"].tolist() == [1]


def test_without_an_engine_the_time_limit_says_unknown_with_the_position(venue):
    async def scenario(client, bus):
        with pytest.raises(TimedOut) as raised:
            await client.send_and_await(account("a"), 1, timeout_ms=20)
        return raised.value.position

    assert run(venue, scenario, is_working=False) == venue.log.entries[0].position


def test_an_unknown_append_that_never_ends_says_unknown_without_a_position(venue):
    async def scenario(client, bus):
        with pytest.raises(TimedOut) as raised:
            await client.send_and_await(account("a"), 1, timeout_ms=20)
        return raised.value.position

    assert run(venue, scenario, [Fault.LOST_BEFORE] * 3, is_working=False) is None


def test_what_never_had_its_turn_was_certainly_not_done(venue):
    async def scenario(client, bus):
        first = asyncio.create_task(client.send_and_await(account("a"), 1, timeout_ms=10))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(LogUnavailable):
            await client.send_and_await(account("b"), 1, timeout_ms=10)
        with pytest.raises(TimedOut):
            await first
        await client.send_and_await(account("c"), 1)

    run(venue, scenario, [Fault.LOST_BEFORE] * 2)
    assert opened(venue) == 1


def test_a_refused_append_was_certainly_not_done(venue):
    async def scenario(client, bus):
        with pytest.raises(LogUnavailable):
            await client.send_and_await(account("a"), 1)
        return await client.send_and_await(account("b"), 1)

    assert run(venue, scenario, [Fault.REFUSED]).replies["account"].tolist() == [1]


def test_a_gapped_gateway_says_not_done_and_goes_on_under_another_number(venue):
    async def scenario(client, bus):
        client.gateway._sequence = 5
        with pytest.raises(LogUnavailable, match="GAP"):
            await client.send_and_await(account("a"), 1)
        outcome = await client.send_and_await(account("b"), 1)
        assert client.gateway.number == 2
        return outcome

    assert run(venue, scenario).replies["account"].tolist() == [1]


def test_a_caller_that_goes_away_neither_stops_the_others_nor_the_command(venue):
    async def scenario(client, bus):
        calls = [asyncio.create_task(client.send_and_await(account(f"n{n}"), 1)) for n in range(4)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        calls[1].cancel()
        return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = run(venue, scenario, [Fault.SLOW])
    assert isinstance(outcomes[1], asyncio.CancelledError)
    assert [o.replies["account"][0] for o in outcomes if not isinstance(o, BaseException)] == [
        1,
        3,
        4,
    ]


def test_rubbish_on_the_reply_channel_does_not_end_the_subscription(venue):
    async def scenario(client, bus):
        for message in (b"x", bytes(64), np.full(64, 255, np.uint8).tobytes()):
            venue.bus.publish(reply_channel(client.gateway.number), message)
        return await client.send_and_await(account("a"), 1)

    assert run(venue, scenario).replies["account"].tolist() == [1]


def test_a_command_count_that_is_wrong_is_the_callers_mistake(venue):
    async def scenario(client, bus):
        with pytest.raises(ValueError, match="commands"):
            await client.send_and_await(account("a"), 2)

    run(venue, scenario)


class Told(AnsweredSubmission):
    """Keeps what it is told."""

    def __init__(self, records, commands=1):
        super().__init__(records, commands)
        self.told = []
        self.first_told = asyncio.Event()

    def applied(self, outcome):
        self.told.append(outcome)
        self.first_told.set()

    def refused(self, reason):
        self.told.append(reason)
        self.first_told.set()


async def sent(client, *texts):
    """Send submissions and wait until all are told; what they were told, each once."""
    submissions = [Told(text, len(text) // 64) for text in texts]
    for submission in submissions:
        client.send(submission)
    for submission in submissions:
        await submission.first_told.wait()
    return [what for submission in submissions for what in submission.told]


@pytest.mark.parametrize("fault", [Fault.NONE, Fault.LOST_AFTER, Fault.DUPLICATED])
def test_what_is_sent_is_told_its_own_replies_once(venue, fault):
    async def scenario(client, bus):
        outcomes = await sent(client, account("a"), account("b") + account("c"), account("d"))
        assert not client._sent
        return outcomes

    outcomes = run(venue, scenario, [fault])
    assert [outcome.replies["account"].tolist() for outcome in outcomes] == [[1], [2, 3], [4]]


def test_what_is_sent_and_lost_is_told_from_the_stream_or_as_unknown(venue, monkeypatch):
    monkeypatch.setattr("truebook.api.send_and_await.REPLY_TIMEOUT_MS", 20)
    venue.sends = False
    outcomes = run(venue, lambda client, bus: sent(client, account("a"), account("b")))
    assert [outcome.replies["account"].tolist() for outcome in outcomes] == [[1], [2]]
    other = Venue()
    told = run(other, lambda client, bus: sent(client, account("a")), is_working=False)
    assert isinstance(told[0], TimedOut)
    assert told[0].position == other.log.entries[0].position


def test_what_is_sent_and_refused_was_certainly_not_done(venue, monkeypatch):
    monkeypatch.setattr("truebook.api.send_and_await.REPLY_TIMEOUT_MS", 20)

    async def scenario(client, bus):
        return await sent(client, account("a"), account("b"))

    told = run(venue, scenario, [Fault.REFUSED])
    assert [type(one) for one in told] == [LogUnavailable, LogUnavailable]
    late = run(Venue(), scenario, [Fault.LOST_BEFORE] * 9, is_working=False)
    assert {type(one) for one in late} <= {TimedOut, LogUnavailable}


def test_who_fails_over_an_answer_disturbs_nobody(venue):
    class Broken(AnsweredSubmission):
        def applied(self, outcome):
            raise ZeroDivisionError

    async def scenario(client, bus):
        client.send(Broken(account("a"), 1))
        return await sent(client, account("b"))

    assert run(venue, scenario)[0].replies["account"].tolist() == [2]


def asked(answer, count=1, **options):
    """Ask with an engine that answers the `count`-th question; the answer, or what was raised."""
    server, log = MemoryBusServer(), MemoryLogServer()

    async def scenario():
        bus = MemoryBus(server)
        gateway = await Gateway.start(MemoryLog(log))
        gateway.saw(Position(5, 0))
        client = await Asker.start(bus, answer_channel(gateway.number), gateway)
        heard = []

        def hear(message):
            heard.append(decode_query(message))
            if len(heard) == count:
                query = heard[-1]
                server.publish(query.channel, b"rubbish")
                server.publish(query.channel, encode_answer(answer(query)))

        server.receivers[QUERIES_CHANNEL] = [hear]
        try:
            found = await client.ask("balances", 7, **options)
            assert client._waiting == {}
            return found, heard, gateway.last_position
        finally:
            await gateway.close()

    return asyncio.run(scenario())


def test_a_question_names_what_the_gateway_has_seen_and_remembers_the_answers_position():
    answer = lambda q: Answer(q.id, "9-1", balances=[(0, 1, 2)])  # noqa: E731
    found, heard, seen = asked(answer)
    assert (heard[0].after, heard[0].kind, heard[0].account) == ("5-0", "balances", 7)
    assert found.balances == [(0, 1, 2)]
    assert seen == Position(9, 1)


def test_a_question_is_asked_again_until_an_engine_is_there(monkeypatch):
    monkeypatch.setattr(asking, "ASK_AGAIN_S", 0.01)
    found, heard, _ = asked(lambda q: Answer(q.id, "9-1"), count=3)
    assert len({query.id for query in heard}) == 1
    assert found.position == "9-1"


def test_a_question_nobody_answers_times_out():
    with pytest.raises(TimedOut, match="20 ms"):
        asked(lambda q: Answer(q.id, "9-1"), count=99, timeout_ms=20)


def test_an_answer_older_than_what_was_seen_is_no_answer():
    with pytest.raises(TimedOut, match="halted"):
        asked(lambda q: Answer(q.id, str(GENESIS), status={"halted": "3-0"}))
