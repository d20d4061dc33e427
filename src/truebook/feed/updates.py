"""Private order updates: what `account.orderUpdate` tells of one event (contract A7).

Promise: an update is a function of the event and of the order as it stood then, and of nothing
else, so what is told as it happens and what is told later, to who asks for what was missed, is the
same text. `seq` is the account's sequence: each update has the one after its predecessor's.

Beside the dialect's keys: `seq`. `E` and `T` are the engine's time, in microseconds.

An order that is pending has ordered nothing yet: its `q` and `Q` are "0", and `Y` has what it will
order. With the update that tells how it fired (or didn't) its trigger is told for the last time.
"""

from typing import NamedTuple

import msgspec

from truebook.directory import Asset, Market
from truebook.feed.words import (
    EXPIRY_REASONS,
    SELF_TRADES,
    SIDES,
    STATUSES,
    TIMES_IN_FORCE,
    TRIGGER_BY,
    failure_of,
)
from truebook.messages import (
    ORDER_HAS_CLIENT_ID,
    ORDER_POST_ONLY,
    ORDER_SELF_TRADE_SHIFT,
    ORDER_SIDE_SHIFT,
    ORDER_TIME_IN_FORCE_SHIFT,
    ORDER_TYPE_SHIFT,
    CloseReason,
    OrderStatus,
    OrderType,
)
from truebook.units import Grid, show

ACCEPTED = "orderAccepted"
FILLED = "orderFill"
CANCELLED = "orderCancelled"
EXPIRED = "orderExpired"
MODIFIED = "orderModified"
"""An amendment; and the close of an order by quote that was filled as far as lots go: its last
`orderFill` still said PartiallyFilled."""

PLACED = "triggerPlaced"
FAILED = "triggerFailed"

_PERCENT = Grid(1, 2)

_encode = msgspec.json.Encoder().encode


class TriggerThen(NamedTuple):
    """What a pending order waits for: ticks, and lots, quote atoms or, of what will be available,
    basis points."""

    price: int
    quantity: int
    is_percent: bool


class OrderThen(NamedTuple):
    """An order after an event. Ticks, lots and quote atoms; `quantity` as in messages.ACCEPTED."""

    order_id: int
    client_id: int
    price: int
    quantity: int
    executed: int
    executed_quote: int
    time_flags: int
    trigger: TriggerThen | None = None
    """As long as it is pending, and when it fires."""


class FillThen(NamedTuple):
    """The fill that an `orderFill` is about; `fee` in atoms of its asset."""

    trade_id: int
    price: int
    quantity: int
    fee: int
    fee_asset: Asset
    is_maker: bool


def balance_json(asset: Asset, available: int, locked: int, time_ms: int) -> bytes:
    """What `account.balanceUpdate` tells (an addition to the dialect); amounts in atoms. It has no
    number: each update is the whole balance, and replaces the one before."""
    return _encode(
        {
            "e": "balanceUpdate",
            "E": time_ms * 1000,
            "T": time_ms * 1000,
            "a": asset.symbol,
            "A": show(available, asset.atoms),
            "L": show(locked, asset.atoms),
            "S": "0",
        }
    )


def close_name(reason: CloseReason) -> str:
    """Which kind of update tells that an order was closed."""
    if reason is CloseReason.FILLED:
        return MODIFIED
    return CANCELLED if reason is CloseReason.CANCELLED else EXPIRED


def update_json(
    name: str,
    market: Market,
    order: OrderThen,
    status: OrderStatus,
    *,
    sequence: int,
    time_ms: int,
    reason: CloseReason | None = None,
    failure: int | None = None,
    fill: FillThen | None = None,
) -> bytes:
    """The update as JSON. `failure`: the messages.RejectCode of an order that could not fire."""
    flags = order.time_flags
    kind = OrderType(flags >> ORDER_TYPE_SHIFT & 3)
    executed = show(order.executed, market.step)
    by_quote = kind is OrderType.MARKET_BY_QUOTE
    told: dict[str, str | int | bool | None] = {
        "e": name,
        "E": time_ms * 1000,
        "T": time_ms * 1000,
        "s": market.symbol,
        "i": str(order.order_id),
        "S": SIDES[flags >> ORDER_SIDE_SHIFT & 1],
        "o": "LIMIT" if kind is OrderType.LIMIT else "MARKET",
        "f": TIMES_IN_FORCE[flags >> ORDER_TIME_IN_FORCE_SHIFT & 3],
        "q": executed if by_quote else show(order.quantity, market.step),
        "X": STATUSES[status],
        "z": executed,
        "Z": show(order.executed_quote, market.quote.atoms),
        "V": SELF_TRADES[flags >> ORDER_SELF_TRADE_SHIFT & 3],
        "O": "USER",
        "r": False,
        "t": None,
        "seq": sequence,
    }
    if kind is OrderType.LIMIT:
        told["p"] = show(order.price, market.tick)
        told["Q"] = show(order.price * order.quantity * market.unit, market.quote.atoms)
    elif by_quote:
        told["Q"] = show(order.quantity, market.quote.atoms)
    if flags & ORDER_HAS_CLIENT_ID:
        told["c"] = order.client_id
    if flags & ORDER_POST_ONLY:
        told["y"] = True
    if reason in EXPIRY_REASONS:
        told["R"] = EXPIRY_REASONS[reason]
    if failure is not None:
        told["R"] = failure_of(failure)
    if order.trigger is not None:
        told |= _trigger(order.trigger, market, by_quote)
    if fill is not None:
        told |= _fill(fill, market)
    return _encode(told)


def _trigger(trigger: TriggerThen, market: Market, by_quote: bool) -> dict[str, str]:
    if trigger.is_percent:
        quantity = f"{show(trigger.quantity, _PERCENT)}%"
    else:
        quantity = show(trigger.quantity, market.quote.atoms if by_quote else market.step)
    return {"P": show(trigger.price, market.tick), "B": TRIGGER_BY, "Y": quantity}


def _fill(fill: FillThen, market: Market) -> dict[str, str | int | bool]:
    return {
        "t": fill.trade_id,
        "l": show(fill.quantity, market.step),
        "L": show(fill.price, market.tick),
        "m": fill.is_maker,
        "n": show(fill.fee, fill.fee_asset.atoms),
        "N": fill.fee_asset.symbol,
    }
