"""PLACE: the way of a usual order through the checks of docs/rules.md, into book or matching.

Promise: an order that fails a check changes nothing. Every product is bounded before it is formed.

What is asked for seldom (slippage, deadlines) goes another way (unusual.py) through the same
checks; one test of reserved fields tells the two apart.
"""

from typing import Any

import numpy as np

from truebook.engine.book import key_of
from truebook.engine.compiled import inlined, rarely
from truebook.engine.ledger import held_slot, hold_of
from truebook.engine.orderchecks import (
    MALFORMED,
    OK,
    caps_code,
    is_unusual,
    may_rest,
    order_code,
    reject_place,
    time_flags_of,
    values_valid,
)
from truebook.engine.state import State, ahead_of, balance_at, book_at, command_at
from truebook.engine.taking import answer_rested, load_taker, rest_at_once, take
from truebook.engine.unusual import place_unusual
from truebook.messages import ACCEPTED_RESTS, OrderType, RejectCode

_LIMIT = int(OrderType.LIMIT)
_NO_FUNDS = int(RejectCode.INSUFFICIENT_FUNDS)


@inlined
def _rest(s: State, i: Any, book: Any) -> None:
    """A limit order that doesn't cross and is good till cancelled: steps 7 and 9, then it rests."""
    c = command_at(s, i)
    account, client_id, price = np.int64(c.account), np.int64(c.client_id), c.price
    order_id, quantity = c.order_id, c.quantity
    code = caps_code(s, account, book >> 1)
    amount = hold_of(s, book, price, quantity)
    if code == OK and amount > balance_at(s, held_slot(s, book, account)).available:
        code = _NO_FUNDS
    if rarely(code != OK):
        reject_place(s, i, code)
        return
    time_flags = time_flags_of(s, i)
    guess = np.int64(ahead_of(s, i).level)
    rest_at_once(
        s,
        ACCEPTED_RESTS,
        book,
        account,
        order_id,
        price,
        quantity,
        client_id,
        time_flags,
        guess,
    )
    answer_rested(s, book >> 1, order_id, account, client_id, price, quantity, time_flags)


@inlined
def _take(s: State, i: Any, best: Any) -> None:
    """An order that crosses, or that can't rest: step 7, then it meets the other side."""
    c = command_at(s, i)
    code = OK
    if may_rest(s, i):
        code = caps_code(s, np.int64(c.account), np.int64(c.market))
    if rarely(code != OK):
        reject_place(s, i, code)
        return
    load_taker(
        s,
        c.order_id,
        c.account,
        c.market,
        c.price,
        c.quantity,
        c.client_id,
        time_flags_of(s, i),
        c.side,
        c.order_type,
        c.time_in_force,
        c.self_trade,
    )
    take(s, best, False, True)


@inlined
def place(s: State, i: Any) -> None:
    """Carry out the PLACE in record `i`, up to matching (PHASE_MATCH)."""
    c = command_at(s, i)
    if rarely(is_unusual(s, i)):
        place_unusual(s, i)
        return
    if rarely(not values_valid(s, i) or (c.order_type != _LIMIT and c.price != 0)):
        reject_place(s, i, MALFORMED)
        return
    code = order_code(s, i)
    if rarely(code != OK):
        reject_place(s, i, code)
        return
    side = np.int64(c.side)
    book = np.int64(c.market) * 2 + side
    beside = book_at(s, book ^ 1).best_key > key_of(1 - side, c.price)
    if beside & may_rest(s, i):
        _rest(s, i, book)
    else:
        _take(s, i, np.int64(book_at(s, book ^ 1).best))
