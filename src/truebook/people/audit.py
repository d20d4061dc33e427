"""Who had what changed, and why: read from the log itself.

Promise: what is told is what stands in the log, in its order. Nothing here knows whether the engine
carried a command out; a rejected one stands there too.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from truebook.commandlog.entries import is_whole
from truebook.commandlog.interface import LogEntry, Position
from truebook.messages import (
    COMMAND_BYTES,
    COMMAND_DTYPES,
    NOTE_KIND,
    CommandKind,
    read_note,
)

_PLUMBING = ("kind", "records", "continued")


class Noted(NamedTuple):
    """A note and the commands that it explains."""

    position: Position
    time_ms: int
    who: str
    why: str
    commands: list[dict[str, Any]]
    """Each with its kind and the fields of its record, as they stand there."""


def noted(entries: Iterable[LogEntry]) -> Iterator[Noted]:
    """Every note of these entries."""
    for entry in entries:
        if is_whole(entry.data):
            yield from _noted_in(entry)


def _noted_in(entry: LogEntry) -> Iterator[Noted]:
    records = entry.data[COMMAND_BYTES:]
    offset = 0
    while offset < len(records):
        note = read_note(records, offset) if records[offset] == NOTE_KIND else None
        if note is None:
            offset += COMMAND_BYTES
            continue
        text, parts, covers = note
        offset += parts * COMMAND_BYTES
        commands = []
        for _ in range(covers):
            if offset >= len(records):
                break
            commands.append(_described(records, offset))
            offset += COMMAND_BYTES * max(1, records[offset + 1])
        who, _, why = text.partition("\n")
        yield Noted(entry.position, entry.time_ms, who, why, commands)


def _described(records: bytes, offset: int) -> dict[str, Any]:
    kind = records[offset]
    layout = COMMAND_DTYPES.get(kind)  # type: ignore[call-overload]
    if layout is None or offset + layout.itemsize > len(records):
        return {"kind": kind}
    record = np.frombuffer(records, layout, 1, offset)[0]
    fields = {
        name: _shown(record[name])
        for name in layout.names
        if not name.startswith("zero_") and name not in _PLUMBING
        if name != "reference" or record[name].any()
    }
    return {"kind": CommandKind(kind).name, **fields}


def _shown(value: Any) -> Any:
    if isinstance(value, np.void):
        return value.tobytes().rstrip(b"\0").decode(errors="replace")
    if isinstance(value, np.ndarray):
        return value.tobytes().hex()
    return value.item()
