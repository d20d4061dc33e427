"""Looking ahead: memory that the next commands will need is brought near while others are at work.

Promise: nothing changes here, and nothing depends on it; what is guessed wrongly costs time only.

Why: far from the best prices, an order, its level and its neighbours are met for the first time in
a long while, and each costs a wait for memory, one after another, since one leads to the next. A
batch tells what will be needed. So each command is looked at three times before it is carried out,
each time one step deeper: what stands in the command leads to map, account and balances; the map
leads to the order; the order to its level and its neighbours. By then the step before has arrived.
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import inlined, prefetch
from truebook.engine.layout import ACCOUNT_BITS
from truebook.engine.ledger import balance_slot
from truebook.engine.maps import IDS, guess_slot, place_of_order
from truebook.engine.state import (
    State,
    command_at,
    fetch_account,
    fetch_balance,
    fetch_level,
    fetch_link,
    fetch_open_orders,
    fetch_order,
    link_at,
    market_at,
    meta_of,
    order_at,
)
from truebook.messages import CommandKind

_PLACE = int(CommandKind.PLACE)
_CANCEL = int(CommandKind.CANCEL)

FAR = 24
MIDDLE = 16
NEAR = 8
"""How many commands ahead of its own turn a command is looked at."""


@inlined
def _look_far(s: State, i: Any) -> None:
    """What the command itself names."""
    c = command_at(s, i)
    fetch_account(s, c.account)
    if c.market < meta_of(s).markets:
        market = market_at(s, c.market)
        fetch_balance(s, balance_slot(c.account, market.base))
        fetch_balance(s, balance_slot(c.account, market.quote))
        fetch_open_orders(s, (np.int64(c.market) << ACCOUNT_BITS) | np.int64(c.account))
    if c.kind != _PLACE:
        prefetch(s + IDS + place_of_order(s, c.order_id) * 8)


@inlined
def _look_middle(s: State, i: Any) -> None:
    """The order that it names."""
    c = command_at(s, i)
    if c.kind == _CANCEL:
        slot = guess_slot(s, c.order_id)
        fetch_order(s, slot)
        fetch_link(s, slot)


@inlined
def _look_near(s: State, i: Any) -> None:
    """What stands around the order, or where a new one would go."""
    c = command_at(s, i)
    if c.kind == _CANCEL:
        slot = guess_slot(s, c.order_id)
        order = order_at(s, slot)
        fetch_level(s, order.level)
        fetch_order(s, order.next)
        fetch_order(s, order.prev)
        fetch_link(s, link_at(s, slot).next)
        fetch_link(s, link_at(s, slot).prev)


@inlined
def look_ahead(s: State, i: Any) -> None:
    """Before the command in record `i`: look at later ones of its entry."""
    last = meta_of(s).entry_end - 1
    if i + FAR <= last:
        _look_far(s, i + FAR)
        _look_middle(s, i + MIDDLE)
        _look_near(s, i + NEAR)
