"""The database as the witness reads it: what somebody has spoilt there is said, and ends nobody."""

import pytest
from store.database import opened, store
from store.stream import campaign

from truebook.cli.database_rows import database_of
from truebook.config import Config, DatabaseSection
from truebook.verify.row_tables import FILLS, Span


def spoilt(url, *edits):
    """A database in which somebody has done this."""
    entries, _ = campaign(5, 3000)
    store(url, entries)
    with opened(url) as connection:
        for edit in edits:
            connection.execute(edit)
        connection.commit()
    return database_of(Config(database=DatabaseSection(url=url)))


def all_fills(database):
    return list(database.rows(FILLS, [Span(account, 1, 10_000) for account in range(100)]))


def test_fills_can_be_read(database):
    assert sum(map(len, all_fills(spoilt(database)))) > 100


def test_a_position_that_is_none_is_said(database):
    with pytest.raises(OSError, match="can't be read"):
        spoilt(database, "UPDATE progress SET position = 'x'").position()


def test_a_column_that_is_gone_is_said(database):
    edited = spoilt(database, "ALTER TABLE fills RENAME COLUMN fee TO other")
    with pytest.raises(OSError, match="can't be read"):
        all_fills(edited)


@pytest.mark.parametrize("value", ["NULL", "1e30"])
def test_a_value_that_is_no_such_number_is_said(database, value):
    columns = ", ".join(name for name in FILLS.dtype.names if name != "fee")
    edited = spoilt(
        database,
        "ALTER TABLE fills RENAME TO old",
        f"CREATE TABLE fills AS SELECT {columns}, CAST({value} AS numeric) AS fee FROM old",
    )
    with pytest.raises(OSError, match="can't be read"):
        all_fills(edited)
