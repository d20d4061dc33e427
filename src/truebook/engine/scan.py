"""Fill or kill: look ahead, whether the taker would be filled whole.

Promise: `scan` goes the way that matching would go, up to the first maker that it would not use up,
and changes nothing. Where the taker can't meet an order of its own account, whole levels are
counted by their totals.
"""

from typing import Any

import numpy as np

from truebook.engine.book import key_of, open_orders_place
from truebook.engine.compiled import inlined
from truebook.engine.ledger import available
from truebook.engine.state import (
    State,
    book_at,
    level_at,
    market_at,
    open_orders_at,
    order_at,
    taker_of,
)
from truebook.messages import OrderType, SelfTrade

SCAN_OK = 0
SCAN_KILL = 1
"""Not enough within the limit, or self-trade prevention would end it."""
SCAN_FUNDS = 2
"""There would be enough, but the account can't pay for it."""

_BY_QUOTE = int(OrderType.MARKET_BY_QUOTE)
_ALLOW = int(SelfTrade.ALLOW)
_REJECT_MAKER = int(SelfTrade.REJECT_MAKER)


@inlined
def _funds_suffice(s: State, lots: Any, value: Any) -> Any:
    taker = taker_of(s)
    market = market_at(s, taker.market)
    if taker.side:
        return lots * market.lot_atoms <= available(s, taker.account, market.base)
    return value <= available(s, taker.account, market.quote)


@inlined
def _walk_levels(s: State) -> Any:
    """What is left of the taker, its lots and their value, if it met no order of its own."""
    taker = taker_of(s)
    market = market_at(s, taker.market)
    book = taker.market * 2 + 1 - taker.side
    by_quote = taker.order_type == _BY_QUOTE
    left, lots_sum, value_sum = taker.remaining, np.int64(0), np.int64(0)
    unit_value = np.int64(0)
    level = np.int64(book_at(s, book).best)
    while left != 0 and level != 0 and level_at(s, level).key <= taker.limit_key:
        unit_value = key_of(book & 1, level_at(s, level).key) * market.unit
        wanted = left // unit_value if by_quote else left
        lots = min(wanted, level_at(s, level).quantity)
        lots_sum += lots
        value_sum += lots * unit_value
        left -= lots * unit_value if by_quote else lots
        if wanted < level_at(s, level).quantity:
            break
        level = np.int64(level_at(s, level).worse)
    return _without_dust(left, unit_value, by_quote), lots_sum, value_sum


@inlined
def _without_dust(left: Any, unit_value: Any, by_quote: Any) -> Any:
    """By quote, what buys no further lot counts as nothing left."""
    if by_quote and unit_value != 0 and left // unit_value == 0:
        return np.int64(0)
    return left


@inlined
def _walk_orders(s: State) -> Any:
    """The same, order by order, where some may be the taker's own."""
    taker = taker_of(s)
    market = market_at(s, taker.market)
    book = taker.market * 2 + 1 - taker.side
    by_quote = taker.order_type == _BY_QUOTE
    left, lots_sum, value_sum = taker.remaining, np.int64(0), np.int64(0)
    last_value = np.int64(0)
    level = np.int64(book_at(s, book).best)
    slot = np.int64(level_at(s, level).head)
    while left != 0 and level != 0 and level_at(s, level).key <= taker.limit_key:
        unit_value = key_of(book & 1, level_at(s, level).key) * market.unit
        if order_at(s, slot).account == taker.account:
            if taker.self_trade != _REJECT_MAKER:
                return left, lots_sum, value_sum
        else:
            wanted = left // unit_value if by_quote else left
            lots = min(wanted, order_at(s, slot).remaining)
            if lots == 0:
                left = np.int64(0) if lots_sum != 0 else left
                break
            lots_sum += lots
            value_sum += lots * unit_value
            left -= lots * unit_value if by_quote else lots
            last_value = unit_value
            if wanted < order_at(s, slot).remaining:
                break
        slot = np.int64(order_at(s, slot).next)
        if slot == 0:
            level = np.int64(level_at(s, level).worse)
            slot = np.int64(level_at(s, level).head)
    return _without_dust(left, last_value, by_quote), lots_sum, value_sum


@inlined
def scan(s: State) -> Any:
    """What would become of the taker, if it must be filled whole (SCAN_…)."""
    taker = taker_of(s)
    own = open_orders_at(s, open_orders_place(taker.market, taker.account)).value != 0
    if own and taker.self_trade != _ALLOW:
        left, lots, value = _walk_orders(s)
    else:
        left, lots, value = _walk_levels(s)
    if left != 0:
        return np.int64(SCAN_KILL)
    return np.int64(SCAN_OK if _funds_suffice(s, lots, value) else SCAN_FUNDS)
