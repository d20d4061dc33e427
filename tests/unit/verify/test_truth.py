"""What the log says is made from it alone; a snapshot only shortens the way if it leads there."""

import logging

import pytest
from venue.reached import reached
from venue.snapshotted import Exchange, work

from truebook.commandlog.memory import MemoryLogReader
from truebook.engine.naive.engine import NaiveEngine
from truebook.snapshots.file import pack
from truebook.snapshots.folder import kept_by_all
from truebook.snapshots.restoring import read
from truebook.verify.truth import NoSuchPosition, Truth


class Counted(NaiveEngine):
    """Says how many entries were applied, by all engines together."""

    applied = 0

    def apply(self, records):
        Counted.applied += 1
        return super().apply(records)


@pytest.fixture
def traded(tmp_path):
    """Forty orders, and snapshots at the 10th and the 30th, which are the entries 11 and 31."""
    exchange = Exchange(tmp_path)
    node = exchange.node()
    exchange.found()
    for number in range(2, 41):
        exchange.trade(number)
        work(node)
        if number in (10, 30):
            exchange.snapshot(node)
    Counted.applied = 0
    yield exchange
    node.close()


class OneByOne(MemoryLogReader):
    """Gives one entry at a time, so that applications count entries."""

    def read(self, after, count, wait_ms):
        return super().read(after, 1, wait_ms)


def truth_of(exchange, **options):
    return Truth(reached(exchange.log, OneByOne(exchange.log)), Counted, **options)


def agreed_at(exchange, number):
    found = truth_of(exchange).at(exchange.log.entries[number].position)
    Counted.applied = 0
    return found


def test_what_engines_agree_on_makes_a_snapshot_before_it_the_beginning(traded):
    entries = traded.log.entries
    agreed, right = agreed_at(traded, 35), agreed_at(traded, 40)
    truth = truth_of(traded, snapshots=lambda: kept_by_all(traded.root))
    truth.agree(agreed)
    assert truth.at(entries[40].position) == right
    assert Counted.applied == 40 - 31


def test_without_an_agreement_before_the_position_it_is_genesis(traded):
    entries = traded.log.entries
    agreed, right = agreed_at(traded, 35), agreed_at(traded, 34)
    truth = truth_of(traded, snapshots=lambda: kept_by_all(traded.root))
    truth.agree(agreed)
    assert truth.at(entries[34].position) == right
    assert Counted.applied == 35


def test_a_snapshot_that_leads_elsewhere_is_named_and_an_earlier_one_is_begun_with(traded, caplog):
    entries = traded.log.entries
    agreed, right = agreed_at(traded, 35), agreed_at(traded, 40)
    latest = kept_by_all(traded.root)[0]
    snapshot = read(latest)
    balances = snapshot.tables.balances.copy()
    balances["available"][0] += 1
    snapshot = snapshot._replace(tables=snapshot.tables._replace(balances=balances))
    engine = NaiveEngine()
    engine.load(snapshot.tables)
    head = snapshot.head._replace(state_hash=engine.state_hash())
    latest.path.write_bytes(b"".join(bytes(piece) for piece in pack(snapshot._replace(head=head))))
    truth = truth_of(traded, snapshots=lambda: kept_by_all(traded.root))
    truth.agree(agreed)
    with caplog.at_level(logging.ERROR):
        assert truth.at(entries[40].position) == right
    assert f"snapshot {latest.path}: leads to something else" in caplog.text
    assert Counted.applied == (35 - 31) + (40 - 11)


def test_a_position_that_is_none_is_told(traded):
    truth = truth_of(traded)
    last = traded.log.entries[-1].position
    with pytest.raises(NoSuchPosition):
        truth.at(last._replace(low=last.low + 1))
