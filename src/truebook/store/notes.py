"""Notes among the events of a batch: who had something done and why, and what they cover.

Promise: a note counts as it was written, in one piece: all its parts, one command after the other,
in one entry. It covers the commands directly behind it. Half a note explains nothing and is passed
over; what a gateway writes is never believed to be well formed.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from truebook.commandlog.replies import SETTINGS_FROM
from truebook.messages import EVENT_DTYPES, EVENT_ROW_BYTES, NOTED, EventKind

_SPAN = np.arange(EVENT_DTYPES[EventKind.NOTED].itemsize // EVENT_ROW_BYTES)
_TEXTS = [name for name in NOTED.names or () if name.startswith("text")]


class Note(NamedTuple):
    """A whole note, in the entry of that number in its batch."""

    entry: int
    text: str
    first: int
    """The first command that it covers, and the last one."""
    last: int


class Notes:
    """The notes of one batch."""

    def __init__(self, rows: NDArray[np.void], starts: NDArray[np.intp]) -> None:
        """`rows` are the event rows, `starts` where events start among them."""
        kinds = rows["kind"][starts]
        entries = np.cumsum(kinds == EventKind.ENTRY) - 1
        noted = kinds == EventKind.NOTED
        records = rows[starts[noted][:, None] + _SPAN].view(NOTED)[:, 0]
        self.all = list(_whole(entries[noted].tolist(), records))
        self._of: dict[tuple[int, int], int] = {
            (note.entry, command): number
            for number, note in enumerate(self.all)
            for command in range(note.first, note.last + 1)
        }
        settings = (kinds >= SETTINGS_FROM) & (kinds != EventKind.REFERENCE_SET)
        subjects = rows[starts[settings]][["kind", "account", "command"]].tolist()
        self.settings = [
            (number, kind, subject)
            for entry, (kind, subject, command) in zip(
                entries[settings].tolist(), subjects, strict=True
            )
            if (number := self.of(entry, command)) is not None
        ]
        """Of each setting that a note covers: which note, the kind of event, and its number: the
        asset's, market's, tier's, account's, or attester's."""

    def of(self, entry: int, command: int) -> int | None:
        """Which note covers a command."""
        return self._of.get((entry, command))


def _whole(entries: list[int], records: NDArray[np.void]) -> Iterator[Note]:
    before = (-1, -1, 0, -1)
    text = b""
    for entry, record in zip(entries, records, strict=True):
        part, parts, command = (int(record[name]) for name in ("part", "parts", "command"))
        if part == 0:
            text = b""
        elif before != (entry, command - 1, parts, part - 1):
            before = (-1, -1, 0, -1)
            continue
        text += b"".join(record[name].tobytes() for name in _TEXTS)
        before = entry, command, parts, part
        if part == parts - 1:
            readable = text.rstrip(b"\0").decode(errors="replace")
            yield Note(entry, readable, command + 1, command + int(record["covers"]))
