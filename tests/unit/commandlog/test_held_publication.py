"""What an engine keeps until it may publish it is told once, by whomever."""

import pytest

from truebook.clock import ManualClock
from truebook.commandlog.interface import GENESIS, EventEntry, Position, StreamForeign
from truebook.commandlog.memory import MemoryBusServer, MemoryPublisher
from truebook.commandlog.publication import LOOK_S, Publication
from truebook.commandlog.replies import Made
from truebook.messages import EVENT_ROW_BYTES

POSITIONS = [Position(1_000, number) for number in range(1, 4)]


class Silent:
    """A quorum in which nobody else votes."""

    def made(self, position, event_hash):
        pass

    def agreed(self, waiting):
        return 0

    def published(self, end):
        pass


def made(text):
    # The first byte of a row is its kind: a zero is none that anybody looks into.
    events = (b"\0" + text).ljust(EVENT_ROW_BYTES, b"\0")
    return Made(gateway=1, sequence=1, status=0, events=events, replies=b"")


@pytest.fixture
def bus():
    return MemoryBusServer()


@pytest.fixture
def clock():
    return ManualClock(1_000_000)


def publication(bus, clock, quorum=None):
    found = Publication(MemoryPublisher(bus), clock, quorum)
    found.open(lambda: GENESIS)
    return found


def add(publication, *texts):
    for position, text in zip(POSITIONS, texts, strict=True):
        publication.add(position, made(text))


def test_what_others_have_published_waits_for_no_votes_any_more(bus, clock):
    held, other = publication(bus, clock, Silent()), publication(bus, clock)
    add(held, b"a", b"b", b"c")
    held.publish()
    assert held.waiting == 3
    add(other, b"a", b"b", b"c")
    other.publish()
    clock.advance(2 * LOOK_S)
    held.publish()
    assert held.waiting == 0
    assert [entry.position for entry in bus.entries] == POSITIONS


def test_what_others_have_published_otherwise_is_foreign(bus, clock):
    held, other = publication(bus, clock, Silent()), publication(bus, clock)
    add(held, b"a", b"b", b"c")
    add(other, b"a", b"b", b"other")
    other.publish()
    clock.advance(2 * LOOK_S)
    with pytest.raises(StreamForeign):
        held.publish()


def test_a_start_that_is_tried_twice_tells_a_snapshots_last_entry_once(bus, clock):
    events, replies = made(b"a").events, made(b"a").replies
    last = EventEntry(POSITIONS[0], GENESIS, events, replies, event_hash=bytes(32))
    begun = Publication(MemoryPublisher(bus), clock)
    begun.begin(last)
    for _ in range(2):
        begun.open(lambda: POSITIONS[-1])
    begun.publish()
    assert bus.entries == [last]
