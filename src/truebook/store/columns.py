"""Rows of a table as columns of integers.

Promise: a table of rows is one array, so what is done to all of them is one call of NumPy; nothing
is lost on the way to what a database takes, `NONE` becoming its NULL.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64]
Columns = NDArray[np.int64]
"""Of shape (columns, rows)."""

NONE = -(1 << 63)
"""Stands for NULL: no number that an engine tells is as small."""


def none(width: int) -> Columns:
    """No rows of a table with so many columns."""
    return np.zeros((width, 0), np.int64)


def columns_of(rows: Iterable[Sequence[int | None]], width: int) -> Columns:
    """Rows of so many numbers each. Raises OverflowError over one that has more than 64 bits."""
    values = [[NONE if value is None else value for value in row] for row in rows]
    return np.array(values, np.int64).reshape(-1, width).T


def joined(columns: Columns, rows: Sequence[Sequence[int | None]]) -> Columns:
    """Some rows, and more of them."""
    return np.hstack([columns, columns_of(rows, len(columns))]) if rows else columns


def stacked(rows: int, *columns: Column | int) -> Columns:
    """So many rows that have these columns; a number: the same in each row."""
    table = np.empty((len(columns), rows), np.int64)
    for number, column in enumerate(columns):
        table[number] = column
    return table


def rows_of(columns: Columns) -> Iterator[tuple[int | None, ...]]:
    """The rows, as drivers take them."""
    return zip(*values_of(columns), strict=True)


def values_of(columns: Columns) -> list[list[int | None]]:
    """The values of each column."""
    values: list[list[int | None]] = columns.tolist()
    is_none = columns == NONE
    for number in np.flatnonzero(is_none.any(axis=1)).tolist():
        values[number] = [None if value == NONE else value for value in values[number]]
    return values


def sums(values: Column, firsts: NDArray[np.intp]) -> NDArray[Any]:
    """The sum of each group of values, which begin there and follow each other; exact: where 64
    bits might not be enough, of Python's integers."""
    if float(np.abs(values.astype(np.float64)).sum()) >= 1 << 62:
        values = values.astype(object)
    return np.add.reduceat(values, firsts) if len(firsts) else values[:0]
