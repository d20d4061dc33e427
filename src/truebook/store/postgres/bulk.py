"""Many rows in one statement.

Promise: a statement is one round trip, however many rows it has. New rows come by COPY. Changes of
rows come as arrays, one for each column, that the server joins as a table: they need no staging
table, which would be emptied and written again for each batch.

What is sent is made first, by whoever has the time: a **step** is what is left to do with it.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format

from truebook.postgres.connecting import Raw
from truebook.store.columns import Columns
from truebook.store.postgres.binary import array, copied

Step = Callable[[Raw], int]
"""Runs one statement on a connection; how many rows it found or added."""


class Array:
    """The bytes of a BIGINT[]."""

    def __init__(self, data: bytes) -> None:
        self.data = data


class _ArrayDumper(Dumper):
    format = Format.BINARY
    oid = 1016

    def dump(self, obj: Array) -> bytes:
        return obj.data


psycopg.adapters.register_dumper(Array, _ArrayDumper)


def copy(raw: Raw, table: str, rows: Collection[Sequence[Any]]) -> int:
    """Add rows of any types to a table; how many."""
    if rows:
        with raw.cursor().copy(f"COPY {table} FROM STDIN".encode()) as target:
            for row in rows:
                target.write_row(row)
    return len(rows)


def adding(
    table: str, columns: str, rows: Columns, texts: NDArray[np.bytes_] | None = None
) -> Step:
    """Add rows to a table. `columns`: their names, "name:4" where one is an INTEGER; `texts`: one
    more column, which is the last one named."""
    if not rows.shape[1]:
        return _nothing
    names, _, sizes = zip(*(name.partition(":") for name in columns.split(", ")), strict=True)
    data = copied(rows, [int(size or 8) for size in sizes[: len(rows)]], texts)
    statement = f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)".encode()

    def step(raw: Raw) -> int:
        with raw.cursor() as cursor:
            with cursor.copy(statement) as target:
                target.write(data)
            return cursor.rowcount

    return step


def changing(statement: str, columns: str, rows: Columns) -> Step:
    """Run a statement in which `{rows}` is a table `new` with these columns of integers."""
    if not rows.shape[1]:
        return _nothing
    arrays = ", ".join(["%b::int8[]"] * len(rows))
    sql = statement.format(rows=f"unnest({arrays}) AS new({columns})").encode()
    assert columns.count(",") + 1 == len(rows)
    values = [Array(array(column)) for column in rows]
    return lambda raw: raw.execute(sql, values).rowcount


def _nothing(raw: Raw) -> int:
    return 0
