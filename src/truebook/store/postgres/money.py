"""Writing notes, and the transfers and withdrawals that they explain."""

import psycopg

from truebook.messages import WithdrawalState
from truebook.postgres.connecting import Raw
from truebook.store.postgres.bulk import copy
from truebook.store.rows import Rows, Settled

_REQUEST = b"INSERT INTO withdrawals VALUES (%s, %s, %s, %s, %s, %s, %s, NULL, %s, NULL)"
_SETTLE = b"""
UPDATE withdrawals SET state = %s, settled_at = %s, settled_note = %s WHERE id = %s AND state = 0
"""


def last_of(raw: Raw, table: str, column: str = "id") -> int:
    """The largest number in a table; 0: it has none."""
    row = raw.execute(f"SELECT coalesce(max({column}), 0) FROM {table}".encode()).fetchone()
    return int(row[0]) if row else 0


def write_money(raw: Raw, rows: Rows) -> None:
    """Write them under the next free numbers."""
    if not (rows.notes or rows.transfers or rows.withdrawals):
        return
    first = last_of(raw, "notes") + 1
    # PostgreSQL's texts can't hold a NUL; a note that a gateway wrote may.
    notes = ((time_ms, text.replace("\0", "\ufffd")) for time_ms, text in rows.notes)
    copy(raw, "notes", [(number, *note) for number, note in enumerate(notes, first)])
    copy(raw, "noted", [(note + first, *about) for note, *about in rows.noted])
    if rows.transfers:
        numbered = enumerate(rows.transfers, last_of(raw, "transfers") + 1)
        transfers = [(number, *row, _noted(note, first)) for number, (*row, note) in numbered]
        copy(raw, "transfers", transfers)
    for withdrawal in rows.withdrawals:
        _write_withdrawal(raw, withdrawal, first)


def _noted(note: int | None, first: int) -> int | None:
    return None if note is None else note + first


def _write_withdrawal(raw: Raw, settled: Settled, first: int) -> None:
    note = _noted(settled.note, first)
    if settled.state == WithdrawalState.PENDING:
        number = last_of(raw, "withdrawals", "number") + 1
        raw.execute(_REQUEST, (number, *settled[:6], note))
        return
    values = int(settled.state), settled.time_ms, note, settled.withdrawal_id
    if raw.execute(_SETTLE, values).rowcount != 1:
        raise psycopg.IntegrityError(f"withdrawal {settled.withdrawal_id} was not pending")
