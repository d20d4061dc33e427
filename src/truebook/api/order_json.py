"""Orders as JSON: a REPLY record, an open OrderRow or a past order → LimitOrder or MarketOrder
(contract A5).

Promise: every key of the contract is there, in its order, with null for what a spot venue doesn't
have; amounts are the shortest decimal text, times are whole milliseconds.

An order that waits for its trigger has its quantity in `triggerQuantity`; when it has fired, in
`quantity`, as every other order.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from struct import Struct
from typing import Literal, NamedTuple

from truebook.api.shapes import order as shapes
from truebook.api.shapes.order import (
    Executed,
    Expiry,
    Head,
    LimitOrder,
    LimitTerms,
    MarketOrder,
    MarketTerms,
    PastLimitOrder,
    PastMarketOrder,
    Tail,
)
from truebook.directory import Market
from truebook.feed.words import (
    EXPIRY_REASONS,
    SELF_TRADES,
    SIDES,
    STATUSES,
    TIMES_IN_FORCE,
    TRIGGER_BY,
    failure_of,
)
from truebook.history import PastOrder, PastTrigger
from truebook.messages import (
    ORDER_HAS_CLIENT_ID,
    ORDER_PERCENT,
    ORDER_POST_ONLY,
    ORDER_SELF_TRADE_SHIFT,
    ORDER_SIDE_SHIFT,
    ORDER_SLIPPAGE_BASIS_POINTS,
    ORDER_SLIPPAGE_TICKS,
    ORDER_TIME_IN_FORCE_SHIFT,
    ORDER_TIME_SHIFT,
    ORDER_TRIGGER,
    ORDER_TYPE_SHIFT,
    REPLY,
    CloseReason,
    OrderStatus,
    OrderType,
)
from truebook.queries import OrderRow
from truebook.units import PERCENT_GRID, show


class Reply(NamedTuple):
    """messages.REPLY, field by field, as Python integers."""

    kind: int
    status: int
    code: int
    command: int
    market: int
    order_id: int
    account: int
    client_id: int
    price: int
    quantity: int
    executed: int
    executed_quote: int
    time_flags: int


class Told(NamedTuple):
    """An order as it shall be told. Prices in ticks, quantities in lots (by quote in quote atoms,
    of a percentage in basis points), `executed_quote` in quote atoms."""

    order_id: int
    client_id: int
    price: int
    quantity: int
    executed: int
    executed_quote: int
    status: OrderStatus
    time_flags: int
    trigger: PastTrigger | None = None

    @property
    def has_not_fired(self) -> bool:
        """Whether it waits for its trigger, or did so until it ended."""
        return self.trigger is not None and self.trigger.fired_ms is None


_REPLY = Struct("<BBHHHqIIqqqqq")
assert _REPLY.size == REPLY.itemsize


def replies_of(packed: bytes) -> list[Reply]:
    """The records as tuples of integers; NumPy scalars are slow one by one."""
    return list(map(Reply._make, _REPLY.iter_unpack(packed)))


def json_of_reply(reply: Reply, market: Market) -> shapes.Order:
    """An order as it stands after a command."""
    # Of an order that waits for its trigger, or did until now, the trigger price stands where
    # others have the amount that they executed; it is never 0.
    trigger = None
    executed_quote = reply.executed_quote
    if reply.time_flags & ORDER_TRIGGER and not reply.executed and executed_quote:
        trigger = _waiting(executed_quote, reply.quantity, reply.time_flags)
        executed_quote = 0
    told = Told(
        reply.order_id,
        reply.client_id,
        reply.price,
        reply.quantity,
        reply.executed,
        executed_quote,
        OrderStatus(reply.status),
        reply.time_flags,
        trigger,
    )
    return _json(told, market)


def json_of_row(row: OrderRow, market: Market) -> shapes.Order:
    """An open order: it rests in the book, or waits for its trigger."""
    executed = row.quantity - row.remaining
    status = OrderStatus.PARTIALLY_FILLED if executed else OrderStatus.NEW
    trigger = None
    if row.trigger_price:
        status = OrderStatus.TRIGGER_PENDING
        trigger = _waiting(row.trigger_price, row.quantity, row.time_flags)
    told = Told(
        row.order_id,
        row.client_id,
        row.price,
        row.quantity,
        executed,
        row.executed_quote,
        status,
        row.time_flags,
        trigger,
    )
    return _json(told, market)


def _waiting(price: int, quantity: int, time_flags: int) -> PastTrigger:
    return PastTrigger(price, quantity, bool(time_flags & ORDER_PERCENT), None, None)


def json_of_rows(rows: Sequence[OrderRow], markets: dict[int, Market]) -> list[shapes.Order]:
    """Open orders of any markets."""
    return [json_of_row(row, markets[row.market]) for row in rows]


def json_of_past_order(order: PastOrder, market: Market) -> shapes.PastOrder:
    """An order as the database has it; also of a limit order the `quoteQuantity` is there."""
    told = Told(
        order.order_id,
        order.client_id,
        order.price,
        order.quantity,
        order.executed,
        order.executed_quote,
        OrderStatus(order.status),
        order.time_flags,
        order.trigger,
    )
    created_at = iso(order.time_flags >> ORDER_TIME_SHIFT)
    expiry: Expiry = {
        "expiryReason": _reason_of(order),
        "systemOrderType": None,
        "slippageTolerance": _slippage_of(order),
        "slippageToleranceType": _slippage_type_of(order),
    }
    if _type_of(told.time_flags) is OrderType.LIMIT:
        limit: PastLimitOrder = {
            "quoteQuantity": None,
            **_head(told),
            "createdAt": created_at,
            **_executed(told, market),
            **_limit_terms(told, market),
            **_tail(told, market),
            **expiry,
        }
        return limit
    past: PastMarketOrder = {
        **_head(told),
        "createdAt": created_at,
        **_executed(told, market),
        **_market_terms(told, market),
        **_tail(told, market),
        **expiry,
    }
    return past


def iso(time_ms: int) -> str:
    """A time as history tells it: UTC, without saying so."""
    seconds, milliseconds = divmod(time_ms, 1000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}"


def _json(told: Told, market: Market) -> shapes.Order:
    created_ms = told.time_flags >> ORDER_TIME_SHIFT
    if _type_of(told.time_flags) is OrderType.LIMIT:
        limit: LimitOrder = {
            **_head(told),
            "createdAt": created_ms,
            **_executed(told, market),
            **_limit_terms(told, market),
            **_tail(told, market),
        }
        return limit
    order: MarketOrder = {
        **_head(told),
        "createdAt": created_ms,
        **_executed(told, market),
        **_market_terms(told, market),
        **_tail(told, market),
    }
    return order


def _type_of(time_flags: int) -> OrderType:
    return OrderType(time_flags >> ORDER_TYPE_SHIFT & 3)


def _head(told: Told) -> Head:
    flags = told.time_flags
    return {
        "orderType": "Limit" if _type_of(flags) is OrderType.LIMIT else "Market",
        "id": str(told.order_id),
        "clientId": told.client_id if flags & ORDER_HAS_CLIENT_ID else None,
    }


def _executed(told: Told, market: Market) -> Executed:
    return {
        "executedQuantity": show(told.executed, market.step),
        "executedQuoteQuantity": show(told.executed_quote, market.quote.atoms),
    }


def _limit_terms(told: Told, market: Market) -> LimitTerms:
    return {
        "postOnly": bool(told.time_flags & ORDER_POST_ONLY),
        "price": show(told.price, market.tick),
        "quantity": None if told.has_not_fired else show(told.quantity, market.step),
    }


def _market_terms(told: Told, market: Market) -> MarketTerms:
    if _type_of(told.time_flags) is OrderType.MARKET_BY_QUOTE:
        executed = None if told.has_not_fired else show(told.executed, market.step)
        return {"quantity": executed, "quoteQuantity": show(told.quantity, market.quote.atoms)}
    quantity = None if told.has_not_fired else show(told.quantity, market.step)
    return {"quantity": quantity, "quoteQuantity": None}


def _tail(told: Told, market: Market) -> Tail:
    flags, trigger = told.time_flags, told.trigger
    return {
        "reduceOnly": None,
        "relatedOrderId": None,
        "selfTradePrevention": SELF_TRADES[flags >> ORDER_SELF_TRADE_SHIFT & 3],
        "side": SIDES[flags >> ORDER_SIDE_SHIFT & 1],
        "status": STATUSES[told.status],
        "stopLossLimitPrice": None,
        "stopLossTriggerBy": None,
        "stopLossTriggerPrice": None,
        "strategyId": None,
        "symbol": market.symbol,
        "takeProfitLimitPrice": None,
        "takeProfitTriggerBy": None,
        "takeProfitTriggerPrice": None,
        "timeInForce": TIMES_IN_FORCE[flags >> ORDER_TIME_IN_FORCE_SHIFT & 3],
        "triggerBy": None if trigger is None else TRIGGER_BY,
        "triggerPrice": None if trigger is None else show(trigger.price, market.tick),
        "triggerQuantity": None if trigger is None else _trigger_quantity(trigger, flags, market),
        "triggeredAt": None if trigger is None else trigger.fired_ms,
    }


def _trigger_quantity(trigger: PastTrigger, flags: int, market: Market) -> str | None:
    """What shall be placed: a part in per cent, or a quantity; by quote there is none."""
    if trigger.is_percent:
        return f"{show(trigger.quantity, PERCENT_GRID)}%"
    if _type_of(flags) is OrderType.MARKET_BY_QUOTE:
        return None
    return show(trigger.quantity, market.step)


def _reason_of(order: PastOrder) -> str | None:
    if order.trigger is not None and order.trigger.failed is not None:
        return failure_of(order.trigger.failed)
    return None if order.reason is None else EXPIRY_REASONS.get(CloseReason(order.reason))


def _slippage_of(order: PastOrder) -> str | None:
    if order.slippage is None:
        return None
    in_ticks = order.time_flags & ORDER_SLIPPAGE_TICKS
    return str(order.slippage) if in_ticks else show(order.slippage, PERCENT_GRID)


def _slippage_type_of(order: PastOrder) -> Literal["TickSize", "Percent"] | None:
    if order.time_flags & ORDER_SLIPPAGE_TICKS:
        return "TickSize"
    return "Percent" if order.time_flags & ORDER_SLIPPAGE_BASIS_POINTS else None
