"""Many rows in one statement.

Promise: a statement is one round trip, however many rows it has. New rows come by COPY. Changes of
rows come as arrays, one for each column, that the server joins as a table: they need no staging
table, which would be emptied and written again for each batch.
"""

from collections.abc import Collection, Sequence
from typing import Any

from truebook.postgres.connecting import Raw


def copy(raw: Raw, table: str, rows: Collection[Sequence[Any]]) -> None:
    """Add rows to a table."""
    if not rows:
        return
    with raw.cursor().copy(f"COPY {table} FROM STDIN".encode()) as target:
        for row in rows:
            target.write_row(row)


def run(raw: Raw, statement: str, columns: str, rows: Collection[Sequence[int | None]]) -> int:
    """Run a statement in which `{rows}` is a table `new` with these columns of integers; how many
    rows it found."""
    if not rows:
        return 0
    names = columns.split(", ")
    arrays = ", ".join("%s::int8[]" for _ in names)
    sql = statement.format(rows=f"unnest({arrays}) AS new({columns})")
    values = [_array(values) for values in zip(*rows, strict=True)]
    assert len(values) == len(names)
    return raw.execute(sql.encode(), values).rowcount


def _array(values: Sequence[int | None]) -> str:
    """An array as PostgreSQL reads it: four times faster than a list through the driver."""
    return "{" + ",".join(["NULL" if v is None else str(v) for v in values]) + "}"
