"""SET_ATTESTER: whose attestations of the state are trusted.

Promise: the engine knows attesters only to carry them in the log and in the state hash: the witness
checks signatures.
"""

from typing import Any

import numpy as np

from truebook.engine.answer import answer_done
from truebook.engine.compiled import inlined
from truebook.engine.emit import emit_rejected, head, row
from truebook.engine.hashing_settings import put_attester, take_attester
from truebook.engine.orderchecks import MALFORMED, OK
from truebook.engine.reserved import SET_ATTESTER_MASKS, reserved_is_zero
from truebook.engine.settings import INVALID, text_length
from truebook.engine.state import State, attester_at, meta_of
from truebook.limits import ATTESTERS_MAX
from truebook.messages import CommandKind, EventKind

_SET_ATTESTER = int(CommandKind.SET_ATTESTER)
_ATTESTER_SET = int(EventKind.ATTESTER_SET)


@inlined
def _code(s: State, i: Any, c: Any) -> Any:
    if not reserved_is_zero(s, i, 1, SET_ATTESTER_MASKS):
        return MALFORMED
    if c.slot >= ATTESTERS_MAX or c.trusted > 1 or text_length(c.name, 2) < 1:
        return INVALID
    key = c.public_key
    return INVALID if c.trusted and key[0] | key[1] | key[2] | key[3] == 0 else OK


@inlined
def set_attester(s: State, i: Any, c: Any) -> None:
    """Carry out the SET_ATTESTER `c` in record `i`."""
    code = _code(s, i, c)
    if code != OK:
        emit_rejected(s, _SET_ATTESTER, 0, 0, code, 0)
        return
    slot = np.int64(c.slot)
    attester = attester_at(s, slot)
    take_attester(s, slot)
    for k in range(4):
        attester.public_key[k] = c.public_key[k]
    for k in range(2):
        attester.name[k] = c.name[k]
    attester.trusted = c.trusted
    put_attester(s, slot)
    key, name = c.public_key, c.name
    first = head(_ATTESTER_SET, c.trusted, meta_of(s).command, slot)
    row(s, first, np.int64(key[0]), np.int64(key[1]), np.int64(key[2]))
    row(s, 0, np.int64(key[3]), np.int64(name[0]), np.int64(name[1]))
    answer_done(s, _SET_ATTESTER, 0, 0, 0)
