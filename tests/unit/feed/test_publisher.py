"""Passes: what is published is published once, whatever happens to the bus on the way."""

import asyncio

import pytest

from truebook.clock import ManualClock
from truebook.commandlog.chain import START
from truebook.commandlog.interface import GENESIS, BusUnavailable, EventEntry, Position
from truebook.commandlog.memory import MemoryBus, MemoryBusServer
from truebook.directory import Directory
from truebook.feed import publisher as module
from truebook.feed.fold import Made
from truebook.feed.interest import NO_INTEREST
from truebook.feed.publisher import ENTRIES_MAX, POSITION, Publisher
from truebook.idle import IdleWork


class CountingFold:
    """Tells for each entry its number, and is told of losses."""

    def __init__(self, most=ENTRIES_MAX):
        self.position = GENESIS
        self.markets = {}
        self.interest = NO_INTEREST
        self.directory = Directory()
        self.is_quiet = True
        self.is_behind = False
        self.losses = 0
        self._most = most

    def step(self, entries, now_ms, periods, is_second):
        taken = entries[: self._most]
        for entry in taken:
            self.position = entry.position
        return Made([("numbers", b"%d" % e.position.low) for e in taken], len(taken), {})

    @property
    def told_position(self):
        return self.position

    @property
    def resume_position(self):
        return self.position

    def chains(self):
        return {}

    def lose(self, missed):
        assert missed > self.position
        self.losses += 1


class BreakingBus(MemoryBus):
    """Fails as a lost connection does: before the step is done, or after; or it is done later."""

    def __init__(self, server):
        super().__init__(server)
        self.failures = []
        self.late = []

    async def publish_noted(self, *what):
        how = self.failures.pop(0) if self.failures else ""
        if how == "before":
            raise BusUnavailable("lost before it was sent")
        if how == "late":
            self.late.append(what)
            raise BusUnavailable("lost while it was on its way")
        await super().publish_noted(*what)
        while self.late:
            await super().publish_noted(*self.late.pop())
        if how == "after":
            raise BusUnavailable("lost before it was answered")


def entries(first, last):
    return [
        EventEntry(Position(1, n), Position(1, n - 1) if n > 1 else GENESIS, b"", b"", START)
        for n in range(first, last + 1)
    ]


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(module, "RETRY_S", 0.001)
    return MemoryBusServer()


def play(server, script, fold=None):
    heard = []
    server.receivers["numbers"] = [lambda message: heard.append(int(message))]
    fold = fold or CountingFold()

    async def whole():
        bus, clock = BreakingBus(server), ManualClock()
        work = IdleWork(clock)
        try:
            await script(bus, Publisher(bus, fold, work, clock))
        finally:
            work.close()
            await bus.close()

    asyncio.run(whole())
    return heard, fold


def test_everything_is_published_once_and_in_order_with_a_note_of_how_far(server):
    server.entries += entries(1, 3 * ENTRIES_MAX)

    async def script(bus, publisher):
        is_more = [await publisher.make_pass() for _ in range(4)]
        assert is_more == [True, True, True, False]
        assert publisher.position == Position(1, 3 * ENTRIES_MAX)
        assert Position.parse(server.notes[POSITION]) == publisher.position

    heard, _ = play(server, script)
    assert heard == list(range(1, 3 * ENTRIES_MAX + 1))


@pytest.mark.parametrize(
    "failures",
    [["before"], ["after"], ["before", "after"], ["before"] * 3, ["late"], ["late", "late"]],
)
def test_a_pass_that_broke_off_is_sent_again_only_if_it_was_not_done(server, failures):
    server.entries += entries(1, 5)

    async def script(bus, publisher):
        bus.failures += failures
        await publisher.make_pass()
        server.entries += entries(6, 7)
        await publisher.make_pass()

    heard, _ = play(server, script)
    assert heard == list(range(1, 8))


def test_what_a_bounded_pass_left_over_comes_in_the_next(server):
    server.entries += entries(1, 5)

    async def script(bus, publisher):
        assert [await publisher.make_pass() for _ in range(3)] == [True, True, False]
        assert publisher.position == Position(1, 5)

    heard, fold = play(server, script, CountingFold(most=2))
    assert heard == [1, 2, 3, 4, 5]
    assert fold.losses == 0


def test_missing_entries_are_noticed(server):
    server.entries += entries(1, 3)

    async def script(bus, publisher):
        await publisher.make_pass()
        server.entries[:] = entries(7, 9)
        await publisher.make_pass()

    heard, fold = play(server, script)
    assert heard == [1, 2, 3, 7, 8, 9]
    assert fold.losses == 1


def test_a_pass_that_tells_nothing_leaves_no_note(server):
    async def script(bus, publisher):
        await publisher.make_pass()
        assert server.notes == {}

    heard, _ = play(server, script)
    assert heard == []


def test_nothing_is_sent_before_a_restarted_feed_has_caught_up(server):
    fold = CountingFold(most=2)
    fold.is_behind = True
    server.entries += entries(1, 5)

    async def script(bus, publisher):
        await publisher.make_pass()
        await publisher.make_pass()
        assert publisher.is_holding
        assert publisher.position == GENESIS
        assert server.notes == {}
        fold.is_behind = False
        await publisher.make_pass()
        assert publisher.position == Position(1, 5)

    heard, _ = play(server, script, fold)
    assert heard == [1, 2, 3, 4, 5]


def test_what_others_want_to_send_goes_before_what_is_folded(server):
    server.entries += entries(1, 1)

    async def script(bus, publisher):
        publisher.extra.append(("numbers", b"99"))
        await publisher.make_pass()

    heard, _ = play(server, script)
    assert heard == [99, 1]


def test_after_a_loss_what_is_told_waits_for_the_listeners(server):
    server.entries += entries(1, 2)

    async def script(bus, publisher):
        publisher.listened = frozenset({"numbers", "others"})
        bus.failures = ["before"]
        making = asyncio.create_task(publisher.make_pass())
        await asyncio.sleep(0.005)
        assert not making.done()
        server.receivers["others"] = [lambda message: None]
        await making
        assert publisher.position == Position(1, 2)

    heard, _ = play(server, script)
    assert heard == [1, 2]


def test_listeners_who_do_not_come_back_are_not_waited_for_for_ever(server, monkeypatch):
    monkeypatch.setattr(module, "LISTENERS_ATTEMPTS", 2)
    server.entries += entries(1, 3)

    async def script(bus, publisher):
        publisher.listened = frozenset({"numbers", "others"})
        bus.failures = ["before"]
        await publisher.make_pass()
        assert publisher.position == Position(1, 3)

    heard, _ = play(server, script)
    assert heard == [1, 2, 3]
