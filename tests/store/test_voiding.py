"""What a resumption declares void is put away whole, once, and made anew."""

import pytest
from store.database import store
from venue.snapshotted import Exchange, work

from truebook.commandlog.halts import Epoch
from truebook.commandlog.interface import GENESIS
from truebook.postgres.urls import is_postgres
from truebook.store.interface import StoreUnavailable
from truebook.store.reading import state_of
from truebook.store.sqlite.place import path_of, url_of
from truebook.store.voiding import set_aside


@pytest.fixture(scope="module")
def entries(tmp_path_factory):
    """The events of five orders."""
    exchange = Exchange(tmp_path_factory.mktemp("voided"))
    node = exchange.node()
    exchange.found()
    for number in range(2, 6):
        exchange.trade(number)
    work(node)
    node.close()
    return exchange.bus.entries


@pytest.fixture
def stored(database, entries):
    """The URL of a database that has them."""
    store(database, entries)
    return database


def epoch_from(number, entry):
    return Epoch(number, str(entry.position), entry.event_hash.hex())


def position_kept(url, away):
    """Where a database stands that was put away."""
    if not is_postgres(url):
        assert away == f"{path_of(url)}.voided-1"
        return state_of(url_of(path_of(url).with_name(away.rpartition("/")[2]))).position
    import psycopg

    assert away.startswith("the schema truebook_voided_1 of ")
    with psycopg.connect(url) as raw:
        (text,) = raw.execute("SELECT position FROM truebook_voided_1.progress").fetchone()
    return type(GENESIS).parse(text)


def test_a_database_with_void_rows_is_kept_whole_under_another_name(stored, entries):
    away = set_aside(stored, [epoch_from(1, entries[-3])])
    assert position_kept(stored, away) == entries[-1].position
    store(stored, entries[:-2])
    assert state_of(stored).position == entries[-3].position


def test_it_happens_once_an_epoch(stored, entries):
    epochs = [epoch_from(1, entries[-3])]
    assert set_aside(stored, epochs) is not None
    store(stored, entries)
    assert set_aside(stored, epochs) is None, "another log is for the operator to look at"
    assert state_of(stored).position == entries[-1].position
    epochs.append(epoch_from(2, entries[-2]))
    assert set_aside(stored, epochs) is not None


def test_a_store_that_was_away_while_another_epoch_began_has_void_rows_all_the_same(
    database, entries
):
    store(database, entries[:-1])
    epochs = [epoch_from(1, entries[-3]), epoch_from(2, entries[-1])]
    assert position_kept(database, set_aside(database, epochs)) == entries[-2].position


def test_a_database_that_has_nothing_void_stays(stored, entries):
    assert set_aside(stored, []) is None
    assert set_aside(stored, [epoch_from(1, entries[-1])]) is None
    assert state_of(stored).position == entries[-1].position


def test_a_database_that_is_not_there_has_nothing_void(database):
    assert set_aside(database, [Epoch(1, str(GENESIS), "")]) is None


def test_a_file_that_is_no_database_is_said(tmp_path):
    path = tmp_path / "database"
    path.write_bytes(b"something else")
    with pytest.raises(StoreUnavailable, match="can't be put away"):
        set_aside(url_of(path), [Epoch(1, str(GENESIS), "")])
