"""A resting order leaves before it is filled: cancelled by its owner, or by self-trade prevention.

Promise: what it held is free again, and the events say so.
"""

from typing import Any

import numpy as np

from truebook.engine.book import key_of, remove_order
from truebook.engine.compiled import inlined
from truebook.engine.emit import emit_closed
from truebook.engine.ledger import emit_held, release_hold
from truebook.engine.state import State, level_at, order_at


@inlined
def close_resting(s: State, slot: Any, reason: Any) -> None:
    """Take the order in `slot` out of its book: CLOSED, and BALANCE of what it held."""
    order = order_at(s, slot)
    level = level_at(s, order.level)
    book = np.int64(level.book)
    price = key_of(book & 1, level.key)
    account = np.int64(order.account)
    remaining = order.remaining
    order_id = order.order_id
    remove_order(s, slot)
    release_hold(s, account, book, price, remaining)
    emit_closed(s, reason, account, order_id, remaining, price, book, 1)
    emit_held(s, account, book)
