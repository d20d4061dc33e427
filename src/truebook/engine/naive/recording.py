"""NOTE and RECOVERY: what stands in the log and changes nothing."""

from truebook.engine.naive import records
from truebook.engine.naive.checks import NONE
from truebook.engine.naive.journal import Journal
from truebook.engine.naive.state import State
from truebook.messages import NOTE_PARTS_MAX, EventKind, RejectCode


def note(_: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a NOTE: its bytes become an event; or return why not."""
    _, _, part, parts, covers, zero_1, text = records.NOTE.unpack(record)
    if any(zero_1) or not part < parts <= NOTE_PARTS_MAX or covers == 0:
        return RejectCode.MALFORMED
    head = (EventKind.NOTED, part, journal.command, parts, covers)
    journal.settings(records.NOTED.pack(*head, text[:24], text[24:48], text[48:]))
    journal.done()
    return NONE


def recovery(_: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a RECOVERY: readers of the log heed it; or return why not."""
    _, _, zero_1, _, _, zero_2 = records.RECOVERY.unpack(record)
    if any(zero_1) or any(zero_2):
        return RejectCode.MALFORMED
    journal.done()
    return NONE
