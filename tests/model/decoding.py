"""Events, replies and commands as named tuples, read by the layouts of messages.py alone."""

from collections import namedtuple
from collections.abc import Iterator
from struct import Struct
from typing import Any, NamedTuple

import numpy as np

from truebook import messages as m

CODES = {"u1": "B", "u2": "H", "u4": "I", "u8": "Q", "i4": "i", "i8": "q"}
Event = Any
"""A named tuple with the fields of the event's dtype."""


class Layout(NamedTuple):
    """How to read one kind of record."""

    name: str
    struct: Struct
    record: Any
    size: int


def layout_of(name: str, dtype: np.dtype) -> Layout:
    """Make the layout of a dtype; reserved and continuation bytes are skipped."""
    text, names = "<", []
    for field in dtype.names or ():
        base, shape = dtype[field].base, dtype[field].shape
        size = dtype[field].itemsize
        if field.startswith(("zero", "continued")) or shape:
            text += f"{size}x" if not shape or field.startswith("zero") else f"{size}s"
            names += [] if field.startswith(("zero", "continued")) else [field]
        else:
            text += f"{size}s" if base.kind == "V" else CODES[base.str[1:]]
            names.append(field)
    return Layout(name, Struct(text), namedtuple(name, names), dtype.itemsize)


EVENTS: dict[int, Layout] = {
    int(kind): layout_of(kind.name, dtype) for kind, dtype in m.EVENT_DTYPES.items()
}
COMMANDS: dict[int, Layout] = {
    int(kind): layout_of(kind.name, dtype) for kind, dtype in m.COMMAND_DTYPES.items()
}
REPLY = layout_of("REPLY", m.REPLY)
ENTRY_KIND = int(m.EventKind.ENTRY)
BALANCE_KIND = int(m.EventKind.BALANCE)


def events_of(rows: bytes) -> Iterator[tuple[int, Event, int]]:
    """Yield (kind, event, offset in bytes) of event rows; a row out of place is an error."""
    at = 0
    while at < len(rows):
        layout = EVENTS.get(rows[at])
        if layout is None:
            raise AssertionError(f"at {at} no event starts: kind {rows[at]}")
        yield rows[at], layout.record._make(layout.struct.unpack_from(rows, at)), at
        at += layout.size


def replies_of(replies: bytes) -> Iterator[Any]:
    """Yield the replies."""
    return map(REPLY.record._make, REPLY.struct.iter_unpack(replies))


def readable(record: Any) -> str:
    """Return a decoded record as text, its kind first, numbers of kinds and codes as words."""
    fields = [f"{name}={_word(name, value)}" for name, value in record._asdict().items()]
    return f"{type(record).__name__} {' '.join(fields)}"


WORDS = {  # an ENTRY event has an EntryStatus instead
    "status": m.OrderStatus,
    "reason": m.CloseReason,
    "command_kind": m.CommandKind,
    "code": m.RejectCode,
}


def _word(name: str, value: object) -> str:
    if isinstance(value, bytes):
        return repr(value.rstrip(b"\0"))
    words = WORDS.get(name)
    known = words is not None and value in words._value2member_map_
    return f"{words(value).name}({value})" if words and known else str(value)


def commands_of(entries: bytes) -> Iterator[tuple[int, str]]:
    """Yield (number in its entry, readable text) of every header and command in an input."""
    at, number = 0, -1
    end = 0
    while at < len(entries):
        if at >= end:
            header = COMMANDS[1].record._make(COMMANDS[1].struct.unpack_from(entries, at))
            end = at + m.COMMAND_BYTES * (1 + header[2])
            yield -1, readable(header)
            at, number = at + m.COMMAND_BYTES, 0
            continue
        layout = COMMANDS.get(entries[at])
        if layout is not None and layout.size <= len(entries) - at:
            fields = layout.struct.unpack_from(entries, at)
            yield number, readable(layout.record._make(fields))
        else:
            yield number, f"noise {entries[at : at + m.COMMAND_BYTES].hex()}"
        is_long = layout is not None and entries[at + 1] == layout.size // m.COMMAND_BYTES
        at += layout.size if layout is not None and is_long else m.COMMAND_BYTES
        number += 1
