"""PLACE with what is seldom asked for: slippage or a deadline; and any in an entry that is late.

Promise: the checks are those of every order, in the same order; nothing here is on the way of one
that asks for none of this.
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import called
from truebook.engine.orderchecks import (
    MALFORMED,
    OK,
    form_valid,
    is_late,
    place_code,
    reject_place,
    time_flags_of,
)
from truebook.engine.state import State, command_at, taker_of
from truebook.engine.taking import best_opposite, load_taker, take
from truebook.messages import OrderType

_LIMIT = int(OrderType.LIMIT)


@called
def place_unusual(s: State, i: Any) -> None:
    """Carry out the PLACE in record `i`, whatever it asks for, up to matching (PHASE_MATCH)."""
    c = command_at(s, i)
    code = np.int64(place_code(s, i) if form_valid(s, i) else MALFORMED)
    if code != OK:
        reject_place(s, i, code)
        return
    load_taker(
        s,
        c.order_id,
        c.account,
        c.market,
        c.price if c.order_type == _LIMIT else np.int64(0),
        c.quantity,
        c.client_id,
        time_flags_of(s, i),
        c.side,
        c.order_type,
        c.time_in_force,
        c.self_trade,
    )
    taker_of(s).tolerance = c.price
    taker_of(s).is_tightened = 0
    take(s, best_opposite(s), is_late(s, c.deadline_ms), False)
