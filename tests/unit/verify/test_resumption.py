"""A resumption begins where the published events are last those that the log makes."""

import pytest
from venue.reached import reached
from venue.snapshotted import Exchange, work

from truebook.commandlog.chain import START
from truebook.commandlog.interface import GENESIS, Tail
from truebook.engine.naive.engine import NaiveEngine
from truebook.verify.resumption import true_tail
from truebook.verify.truth import Truth


class Stream:
    """Some entries of a stream."""

    def __init__(self, entries):
        self._entries = entries

    def tail(self):
        last = self._entries[-1] if self._entries else None
        return Tail(GENESIS, START) if last is None else Tail(last.position, last.event_hash)

    def entries(self, first, count):
        return [entry for entry in self._entries if entry.position >= first][:count]


@pytest.fixture
def traded(tmp_path):
    """Ten entries: the truth, and what was published of them."""
    exchange = Exchange(tmp_path)
    node = exchange.node()
    exchange.found()
    for number in range(2, 9):
        exchange.trade(number)
    work(node)
    node.close()
    return Truth(reached(exchange.log), NaiveEngine), exchange.bus.entries


@pytest.mark.parametrize("agreed", [None, 2, 5])
def test_it_ends_before_the_first_entry_that_is_wrong(traded, agreed):
    truth, entries = traded
    wrong = [entry._replace(event_hash=bytes(32)) for entry in entries[6:]]
    first = GENESIS if agreed is None else entries[agreed].position
    tail = true_tail(truth, Stream(entries[:6] + wrong), first)
    assert tail == Tail(entries[5].position, entries[5].event_hash)


def test_what_was_attested_and_never_published_makes_no_hole(traded):
    truth, entries = traded
    tail = true_tail(truth, Stream(entries[:4]), entries[6].position)
    assert tail == Tail(entries[3].position, entries[3].event_hash)


def test_an_empty_stream_stays_empty(traded):
    truth, entries = traded
    assert true_tail(truth, Stream([]), entries[6].position) == Tail(GENESIS, START)
