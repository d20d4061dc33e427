"""NOTE and RECOVERY: what stands in the log for those who read it, and changes nothing.

Promise: a note's bytes are told as they stand.
"""

from typing import Any

import numpy as np

from truebook.engine.answer import answer_done
from truebook.engine.compiled import inlined
from truebook.engine.emit import emit_rejected, head, row
from truebook.engine.orderchecks import MALFORMED
from truebook.engine.reserved import RECOVERY_MASKS, reserved_is_zero
from truebook.engine.state import State, meta_of, word_at
from truebook.messages import NOTE_PARTS_MAX, CommandKind, EventKind

_NOTE = int(CommandKind.NOTE)
_RECOVERY = int(CommandKind.RECOVERY)
_NOTED = int(EventKind.NOTED)
_RESERVED = -1 << 40
"""Of a note's first word, behind kind, records, part, parts and covers (messages/notes.py)."""


@inlined
def note(s: State, i: Any) -> None:
    """Carry out the NOTE in record `i`."""
    first = word_at(s, i, 0).value
    part, parts, covers = (first >> 16) & 255, (first >> 24) & 255, (first >> 32) & 255
    if first & _RESERVED != 0 or parts > NOTE_PARTS_MAX or part >= parts or covers == 0:
        emit_rejected(s, _NOTE, 0, 0, MALFORMED, 0)
        return
    row(
        s,
        head(_NOTED, part, meta_of(s).command, parts | (covers << 16)),
        word_at(s, i, 1).value,
        word_at(s, i, 2).value,
        word_at(s, i, 3).value,
    )
    row(
        s,
        np.int64(0),
        word_at(s, i, 4).value,
        word_at(s, i, 5).value,
        word_at(s, i, 6).value,
    )
    row(s, np.int64(0), word_at(s, i, 7).value, 0, 0)
    answer_done(s, _NOTE, 0, 0, 0)


@inlined
def recovery(s: State, i: Any) -> None:
    """Carry out the RECOVERY in record `i`."""
    if reserved_is_zero(s, i, 1, RECOVERY_MASKS):
        answer_done(s, _RECOVERY, 0, 0, 0)
    else:
        emit_rejected(s, _RECOVERY, 0, 0, MALFORMED, 0)
