"""What came in and went out, read from a database: deposits and withdrawals with their notes."""

from collections.abc import Sequence
from typing import Any

from truebook.history import Page, PastDeposit, PastWithdrawal
from truebook.store.sql.connection import Connection

_NOTE = "coalesce((SELECT text FROM notes WHERE id = {column}), '')"
_DEPOSITS = f"""
SELECT id, user_id, asset, amount, created_at, {_NOTE.format(column="note")}
FROM transfers WHERE amount > 0
"""
_WITHDRAWALS = f"""
SELECT id, user_id, asset, amount, state, created_at, settled_at,
  {_NOTE.format(column="note")} AS text, {_NOTE.format(column="settled_note")}
FROM withdrawals WHERE number > 0
"""

Conditions = Sequence[tuple[str, int | str | None]]
"""Each with the value it is about; None: it doesn't count."""


def read_deposits(
    connection: Connection, conditions: Conditions, page: Page
) -> tuple[list[PastDeposit], int]:
    """A page of deposits, and how many there are in all."""
    rows, total = _read(connection, _DEPOSITS, "id", conditions, page)
    return [PastDeposit._make(row) for row in rows], total


def read_withdrawals(
    connection: Connection, conditions: Conditions, page: Page
) -> tuple[list[PastWithdrawal], int]:
    """A page of withdrawals, and how many there are in all."""
    rows, total = _read(connection, _WITHDRAWALS, "number", conditions, page)
    return [PastWithdrawal._make(row) for row in rows], total


def about(
    account: int, from_ms: int | None, to_ms: int | None, *more: tuple[str, int | str | None]
) -> Conditions:
    """An account's, within a time."""
    times = ("created_at >= ?", from_ms), ("created_at <= ?", to_ms)
    return [("user_id = ?", account), *times, *more]


def _read(
    connection: Connection, query: str, key: str, conditions: Conditions, page: Page
) -> tuple[list[Any], int]:
    given = [(text, value) for text, value in conditions if value is not None]
    where = "".join(f" AND {text}" for text, _ in given)
    values = [value for _, value in given]
    direction = "ASC" if page.oldest_first else "DESC"
    rows = connection.execute(
        f"{query}{where} ORDER BY {key} {direction} LIMIT ? OFFSET ?",
        (*values, page.limit, page.offset),
    ).fetchall()
    counted = f"SELECT count(*) FROM ({query}{where}) AS found"
    return rows, connection.execute(counted, values).fetchone()[0]
