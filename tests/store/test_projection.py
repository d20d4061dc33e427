"""The database is the fold of the event stream, however the stream comes."""

import random

import pytest
from store.database import compare, dump, state_hash, store
from store.naive import NaiveTables
from store.stream import campaign

from truebook.store.fold import fold
from truebook.store.sqlite.writer import SqliteWriter

SEEDS = (1, 2, 3)


def naive_of(entries):
    naive = NaiveTables()
    for entry in entries:
        naive.read(entry.events)
    return naive


@pytest.mark.parametrize("seed", SEEDS)
def test_the_database_equals_the_fold_of_the_event_stream(tmp_path, seed):
    entries, engine = campaign(seed, 6000)
    path = tmp_path / "database.sqlite"
    store(path, entries, batch=40)
    compare(path, naive_of(entries))
    assert state_hash(path) == engine.state_hash()


@pytest.mark.parametrize("seed", SEEDS)
def test_batches_of_any_size_make_the_same_database(tmp_path, seed):
    entries, _ = campaign(seed, 6000)
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
