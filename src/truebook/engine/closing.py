"""A resting order leaves before it is filled: cancelled by its owner, or by self-trade prevention.

Promise: what it held is free again, and the events say so.
"""

from typing import Any

import numpy as np

from truebook.engine.answer import answer_resting
from truebook.engine.book import forget_order, key_of, leave_account, leave_level
from truebook.engine.compiled import inlined
from truebook.engine.emit import emit_closed
from truebook.engine.hashing import touch_order
from truebook.engine.ledger import release_hold
from truebook.engine.state import State, level_at, order_at
from truebook.messages import CloseReason, OrderStatus

_CANCELLED = int(CloseReason.CANCELLED)
_STATUS_CANCELLED = int(OrderStatus.CANCELLED)


@inlined
def close_resting(s: State, slot: Any, reason: Any) -> None:
    """Take the order in `slot` out of its book: CLOSED."""
    order = order_at(s, slot)
    level = level_at(s, order.level)
    book = np.int64(level.book)
    price = key_of(book & 1, level.key)
    account = np.int64(order.account)
    remaining, order_id = order.remaining, order.order_id
    touch_order(s, slot)
    leave_level(s, slot)
    leave_account(s, slot, account)
    forget_order(s, slot, book >> 1)
    release_hold(s, account, book, price, remaining)
    emit_closed(s, reason, account, order_id, remaining, price, book, 1)


@inlined
def cancel_resting(s: State, kind: Any, slot: Any) -> None:
    """Cancel the order in `slot`, and reply with it to a command of that kind."""
    answer_resting(s, kind, _STATUS_CANCELLED, _CANCELLED, slot)
    close_resting(s, slot, _CANCELLED)
