"""What becomes of each log entry: applied, a repeat, behind a gap, malformed. The engine's rule,
without an engine.
"""

from typing import NamedTuple

from truebook.commandlog.entries import gateway_and_sequence, is_whole
from truebook.messages import ENTRY, EntryStatus


class Judged(NamedTuple):
    """An entry's header, and what the engine does with it."""

    status: EntryStatus
    gateway: int
    sequence: int
    expected: int
    """The sequence that its gateway had to come with."""
    is_other: bool
    """It repeats the gateway's last sequence, but with other content."""


assert ENTRY.fields is not None
_OFFSET = ENTRY.fields["checksum"][1]
_CHECKSUM = slice(_OFFSET, _OFFSET + 8)
_MALFORMED = Judged(EntryStatus.MALFORMED, 0, 0, 0, False)


class Sequences:
    """The last sequence of each gateway so far."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[int, bytes]] = {}
        self._is_complete = True

    def forget(self) -> None:
        """Entries couldn't be read: of each gateway, whatever comes next is right."""
        self._last.clear()
        self._is_complete = False

    def copy(self) -> "Sequences":
        """The same, to try something."""
        other = Sequences()
        other._last, other._is_complete = dict(self._last), self._is_complete
        return other

    def judge(self, data: bytes) -> Judged:
        """Take the next entry."""
        if not is_whole(data):
            return _MALFORMED
        gateway, sequence = gateway_and_sequence(data)
        checksum = data[_CHECKSUM]
        last, last_checksum = self._last.get(gateway, (0, b""))
        if not last and not self._is_complete:
            last = sequence - 1
        if sequence <= last:
            is_other = sequence == last and checksum != last_checksum
            return Judged(EntryStatus.REPEATED, gateway, sequence, last + 1, is_other)
        if sequence > last + 1:
            return Judged(EntryStatus.GAP, gateway, sequence, last + 1, False)
        self._last[gateway] = sequence, checksum
        return Judged(EntryStatus.APPLIED, gateway, sequence, sequence, False)
