"""The database is the fold of the event stream, however the stream comes."""

import random

import pytest
from store.database import compare, dump, state_hash, store
from store.naive import NaiveTables
from store.stream import campaign, trading

from truebook.store.fold import fold
from truebook.store.writing import writer_of

STREAMS = [(campaign, 1, 6000), (campaign, 2, 6000), (trading, 3, 1500), (trading, 4, 1500)]
of_streams = pytest.mark.parametrize(("make", "seed", "size"), STREAMS)


def naive_of(entries):
    naive = NaiveTables()
    for entry in entries:
        naive.read(entry.events)
    return naive


@of_streams
def test_the_database_equals_the_fold_of_the_event_stream(database, make, seed, size):
    entries, engine = make(seed, size)
    store(database, entries, batch=40)
    compare(database, naive_of(entries))
    assert state_hash(database) == engine.state_hash()


@of_streams
def test_batches_of_any_size_make_the_same_database(databases, make, seed, size):
    entries, _ = make(seed, size)
    one, many = databases(), databases()
    store(one, entries, batch=len(entries))
    whole = dump(one)
    rng = random.Random(seed)
    writer = writer_of(many)
    known, directory = writer.open()
    first = 0
    while first < len(entries):
        size = rng.choice((1, 1, 2, 7, 40, 200))
        rows = fold(entries[first : first + size], known, directory)
        writer.write(rows)
        known, first = rows.tail, first + size
    writer.close()
    assert dump(many) == whole
