"""The database is the fold of the event stream, however the stream comes."""

import random

import pytest
from store.database import compare, dump, state_hash, store
from store.naive import NaiveTables
from store.stream import campaign, trading

from truebook.store.fold import fold
from truebook.store.sqlite.writer import SqliteWriter

STREAMS = [(campaign, 1, 6000), (campaign, 2, 6000), (trading, 3, 1500), (trading, 4, 1500)]
of_streams = pytest.mark.parametrize(("make", "seed", "size"), STREAMS)


def naive_of(entries):
    naive = NaiveTables()
    for entry in entries:
        naive.read(entry.events)
    return naive


@of_streams
def test_the_database_equals_the_fold_of_the_event_stream(tmp_path, make, seed, size):
    entries, engine = make(seed, size)
    path = tmp_path / "database.sqlite"
    store(path, entries, batch=40)
    compare(path, naive_of(entries))
    assert state_hash(path) == engine.state_hash()


@of_streams
def test_batches_of_any_size_make_the_same_database(tmp_path, make, seed, size):
    entries, _ = make(seed, size)
    store(tmp_path / "one", entries, batch=len(entries))
    whole = dump(tmp_path / "one")
    rng = random.Random(seed)
    writer = SqliteWriter(tmp_path / "many")
    known, directory = writer.open()
    first = 0
    while first < len(entries):
        size = rng.choice((1, 1, 2, 7, 40, 200))
        rows = fold(entries[first : first + size], known, directory)
        writer.write(rows)
        known, first = rows.tail, first + size
    writer.close()
    assert dump(tmp_path / "many") == whole
