"""The canonical state as one run of bytes, for the way from one process to another.

Promise: what is read is what was written, or PackedWrongly: a cut or a longer one is refused. (A
snapshot's file is another matter: it carries proof of what it holds.)
"""

from struct import Struct

import numpy as np

from truebook.engine.canonical.tables import DTYPES, Tables

_COUNTS = Struct(f"<{len(DTYPES)}Q")


class PackedWrongly(ValueError):
    """Bytes that are no packed state."""


def pack_tables(tables: Tables) -> bytes:
    """The rows of each table, behind how many there are."""
    counts = _COUNTS.pack(*(len(table) for table in tables))
    return counts + b"".join(table.tobytes() for table in tables)


def unpack_tables(packed: bytes) -> Tables:
    """The tables again. Raises PackedWrongly."""
    if len(packed) < _COUNTS.size:
        raise PackedWrongly("cut")
    counts = _COUNTS.unpack_from(packed)
    sizes = [count * dtype.itemsize for count, dtype in zip(counts, DTYPES.values(), strict=True)]
    if len(packed) != _COUNTS.size + sum(sizes):
        raise PackedWrongly(f"{len(packed)} bytes for tables of {sum(sizes)}")
    tables, at = [], _COUNTS.size
    for dtype, count, size in zip(DTYPES.values(), counts, sizes, strict=True):
        tables.append(np.frombuffer(packed, dtype, count, at))
        at += size
    return Tables(*tables)
