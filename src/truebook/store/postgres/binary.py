"""Rows in PostgreSQL's binary forms, made by columns.

Promise: the server reads the same values, and NULL where there is `NONE`. A field is its length in
four bytes and then its bytes, most significant first; NULL has the length −1 and no bytes. So rows
with NULL in the same columns, and texts of one length, are an array of equal records.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from truebook.store.columns import NONE, Column, Columns

_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"
_INT8 = 20
"""The server's number of the type BIGINT."""


def copied(
    columns: Columns, sizes: Sequence[int], texts: NDArray[np.bytes_] | None = None
) -> bytes:
    """Rows for COPY … (FORMAT BINARY). `sizes`: the bytes of each column's type; `texts`: one more
    column, behind the others. Raises OverflowError over a number that its column can't hold."""
    kinds = _kinds(columns, texts)
    found = np.unique(kinds)
    if len(found) == 1:
        return _COPY_HEAD + _records(columns, sizes, texts).tobytes() + _COPY_END
    rows = np.empty(columns.shape[1], object)
    for kind in found:
        of = np.flatnonzero(kinds == kind)
        records = _records(columns[:, of], sizes, None if texts is None else texts[of])
        rows[of] = records.view(f"V{records.itemsize}").astype(object)
    return b"".join([_COPY_HEAD, *map(bytes, rows), _COPY_END])


def array(column: Column) -> bytes:
    """A column as BIGINT[]."""
    is_none = column == NONE
    words = np.empty((len(column), 3), ">i4")
    words[:, 0], words[:, 1], words[:, 2] = 8, column >> 32, column.astype(np.int32)
    head = np.array([1, is_none.any(), _INT8, len(column), 1], ">i4")
    if not is_none.any():
        return head.tobytes() + words.tobytes()
    words[is_none, 0] = -1
    is_kept = np.ones(words.shape, bool)
    is_kept[is_none, 1:] = False
    return head.tobytes() + words[is_kept].tobytes()


def _kinds(columns: Columns, texts: NDArray[np.bytes_] | None) -> NDArray[np.int64]:
    """Of each row a number that is the same for rows whose records have the same layout."""
    kinds = np.zeros(columns.shape[1], np.int64)
    for number, column in enumerate(columns):
        is_none = column == NONE
        if is_none.any():
            kinds |= is_none.astype(np.int64) << number
    return kinds if texts is None else kinds | np.char.str_len(texts) << len(columns)


def _records(
    columns: Columns, sizes: Sequence[int], texts: NDArray[np.bytes_] | None
) -> NDArray[np.void]:
    """Records of rows that have the same layout."""
    fields = [("", ">i2")]
    for column, size in zip(columns, sizes, strict=True):
        fields += [("", ">i4")] if column[0] == NONE else [("", ">i4"), ("", f">i{size}")]
    if texts is not None:
        fields += [("", ">i4"), ("", f"S{len(texts[0])}")]
    records = np.empty(columns.shape[1], fields)
    names = iter(records.dtype.names or ())
    records[next(names)] = len(columns) + (texts is not None)
    for column, size in zip(columns, sizes, strict=True):
        is_none = column[0] == NONE
        records[next(names)] = -1 if is_none else size
        if not is_none:
            field = next(names)
            records[field] = column
            if size < 8 and (records[field] != column).any():
                raise OverflowError(f"a number of more than {size} bytes")
    if texts is not None:
        records[next(names)] = len(texts[0])
        records[next(names)] = texts
    return records
