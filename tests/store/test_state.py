"""The state can be read out of the database: an engine made of it has the same future."""

import pytest
from store.database import opened, store
from store.stream import campaign, trading

from truebook.config import ConfigError
from truebook.engine.canonical.tables import digest
from truebook.engine.naive.engine import NaiveEngine
from truebook.store.interface import StateUnreadable
from truebook.store.reading import state_of
from truebook.store.sqlite.place import url_of

STREAMS = [(campaign, 5, 3000), (campaign, 6, 3000), (trading, 7, 700), (trading, 8, 700)]


@pytest.mark.parametrize(("make", "seed", "size"), STREAMS)
def test_the_canonical_state_comes_out_of_the_database_byte_for_byte(database, make, seed, size):
    entries, engine = make(seed, size)
    store(database, entries)
    found = state_of(database)
    assert found.position == entries[-1].position
    for name, ours, theirs in zip(found.tables._fields, found.tables, engine.export(), strict=True):
        assert ours.tolist() == theirs.tolist(), name
    assert digest(found.tables) == digest(engine.export())
    loaded = NaiveEngine()
    loaded.load(found.tables)
    assert loaded.state_hash() == engine.state_hash()


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE balances SET available = available + 1 WHERE available > 0",
        "UPDATE orders SET remaining_qty = remaining_qty + 1 WHERE priority IS NOT NULL",
        "UPDATE orders SET placed_sequence = -placed_sequence WHERE priority IS NOT NULL",
        "UPDATE accounts SET tier = 2 WHERE user_id = 1",
        "DELETE FROM keys WHERE number = (SELECT max(number) FROM keys)",
    ],
)
def test_an_edited_row_changes_the_state_that_is_read(database, edit):
    entries, engine = campaign(5, 3000)
    store(database, entries)
    with opened(database) as connection:
        assert connection.execute(edit).rowcount
        connection.commit()
    assert digest(state_of(database).tables) != digest(engine.export())


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ("UPDATE orders SET client_id = -1 WHERE priority IS NOT NULL", "can't be read"),
        ("UPDATE progress SET position = 'x'", "not a log position"),
        ("DELETE FROM progress", "the database is empty"),
        ("INSERT INTO schema_version VALUES (99)", "has version 99"),
        ("DROP TABLE keys", "no such table|does not exist"),
        ("ALTER TABLE keys RENAME COLUMN permissions TO other", "no such column|does not exist"),
    ],
)
def test_what_is_no_state_is_said(database, edit, told):
    entries, _ = campaign(5, 3000)
    store(database, entries)
    with opened(database) as connection:
        connection.execute(edit)
        connection.commit()
    with pytest.raises(StateUnreadable, match=told):
        state_of(database)


def test_a_missing_or_damaged_database_is_said(tmp_path):
    with pytest.raises(StateUnreadable, match="there is no database"):
        state_of(url_of(tmp_path / "none"))
    (tmp_path / "none").write_bytes(b"x" * 5000)
    with pytest.raises(StateUnreadable, match="can't be read"):
        state_of(url_of(tmp_path / "none"))
    with pytest.raises(ConfigError):
        state_of("mysql://x")
