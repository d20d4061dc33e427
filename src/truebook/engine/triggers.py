"""PLACE_TRIGGER: an order that will be placed when the last price reaches its trigger price.

Promise: what is refused changes nothing. Prices and quantity are looked at now, what the account
can pay and what the book holds when the order fires (firing.py).
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import inlined
from truebook.engine.emit import emit_trigger_placed
from truebook.engine.orderchecks import (
    MALFORMED,
    OK,
    amount_code,
    bounds_code,
    caps_code,
    form_valid,
    identity_code,
    is_late,
    last_price_of,
    reject_place,
    standing_code,
    time_flags_of,
)
from truebook.engine.pending import answer_pending, wait
from truebook.engine.reserved import PLACE_TRIGGER_MASKS, reserved_is_zero
from truebook.engine.state import State
from truebook.limits import BASIS_POINTS
from truebook.messages import (
    ORDER_PERCENT,
    ORDER_RISES,
    ORDER_TRIGGER,
    CommandKind,
    OrderStatus,
    OrderType,
    RejectCode,
    TriggerFlag,
)

_PLACE_TRIGGER = int(CommandKind.PLACE_TRIGGER)
_LIMIT = int(OrderType.LIMIT)
_BY_QUOTE = int(OrderType.MARKET_BY_QUOTE)
_PERCENT = int(TriggerFlag.PERCENT)
_PENDING = int(OrderStatus.TRIGGER_PENDING)
_DEADLINE_PASSED = int(RejectCode.DEADLINE_PASSED)


@inlined
def _form_valid(s: State, i: Any, c: Any) -> Any:
    """Whether both records mean something."""
    if not form_valid(s, i) or not reserved_is_zero(s, i, 2, PLACE_TRIGGER_MASKS):
        return False
    if c.continued != 0 or c.trigger_flags > _PERCENT:
        return False
    if c.trigger_flags & _PERCENT:
        return c.order_type != _BY_QUOTE and 1 <= c.quantity <= BASIS_POINTS
    return True


@inlined
def _numbers_code(s: State, number: Any, c: Any) -> Any:
    """Steps 4 and 5: the trigger price, a limit, and the quantity unless it is found later."""
    code = bounds_code(s, number, c.trigger_price)
    if code == OK and c.order_type == _LIMIT:
        code = bounds_code(s, number, c.price)
    if code == OK and c.trigger_flags & _PERCENT == 0:
        code = amount_code(s, number, c.order_type, c.price, c.quantity)
    return code


@inlined
def _code(s: State, i: Any, c: Any) -> Any:
    if not _form_valid(s, i, c):
        return np.int64(MALFORMED)
    account, number = np.int64(c.account), np.int64(c.market)
    code = np.int64(standing_code(s, account, number, c.order_type))
    if code == OK:
        code = np.int64(_numbers_code(s, number, c))
    if code == OK:
        code = np.int64(identity_code(s, i))
    if code == OK:
        code = np.int64(caps_code(s, account, number))
    if code == OK and is_late(s, c.deadline_ms):
        code = np.int64(_DEADLINE_PASSED)
    return code


@inlined
def _flags_of(s: State, i: Any, c: Any) -> Any:
    """Time and flags of an order that begins to wait, in which direction too."""
    last = last_price_of(s, np.int64(c.market))
    rises = c.trigger_price > last
    if last == 0 or c.trigger_price == last:
        rises = c.side == 0
    flags = time_flags_of(s, i) | ORDER_TRIGGER
    if rises:
        flags |= ORDER_RISES
    if c.trigger_flags & _PERCENT:
        flags |= ORDER_PERCENT
    return flags


@inlined
def place_trigger(s: State, i: Any, c: Any) -> None:
    """Carry out the PLACE_TRIGGER `c` in record `i`."""
    code = _code(s, i, c)
    if code != OK:
        reject_place(s, i, code)
        return
    number, account = np.int64(c.market), np.int64(c.account)
    order_id, price, quantity = c.order_id, c.price, c.quantity
    client_id, trigger_price = np.int64(c.client_id), c.trigger_price
    flags = _flags_of(s, i, c)
    book = number * 2 + np.int64(c.side)
    priority = emit_trigger_placed(
        s, book, account, order_id, price, quantity, client_id, flags, trigger_price
    )
    slot = wait(
        s,
        number,
        account,
        order_id,
        price,
        quantity,
        client_id,
        flags,
        trigger_price,
        priority,
    )
    answer_pending(s, _PLACE_TRIGGER, _PENDING, 0, slot)
