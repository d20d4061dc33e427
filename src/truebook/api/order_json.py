"""Orders as JSON: a REPLY record or a resting OrderRow → LimitOrder or MarketOrder (contract A5).

Promise: every key of the contract is there, in its order, with null for what a spot venue doesn't
have; amounts are the shortest decimal text, times are whole milliseconds.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from truebook.directory import Market
from truebook.feed.words import SELF_TRADES, SIDES, STATUSES, TIMES_IN_FORCE
from truebook.history import PastOrder
from truebook.messages import (
    ORDER_HAS_CLIENT_ID,
    ORDER_POST_ONLY,
    ORDER_SELF_TRADE_SHIFT,
    ORDER_SIDE_SHIFT,
    ORDER_TIME_IN_FORCE_SHIFT,
    ORDER_TIME_SHIFT,
    ORDER_TYPE_SHIFT,
    OrderStatus,
    OrderType,
)
from truebook.queries import OrderRow
from truebook.units import show

JsonOrder = dict[str, str | int | bool | None]


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


def replies_of(records: NDArray[np.void]) -> list[Reply]:
    """The records as tuples of integers; NumPy scalars are slow one by one."""
    return [Reply._make(record) for record in records.tolist()]


def json_of_reply(reply: Reply, market: Market) -> JsonOrder:
    """An order as it stands after a command."""
    return _json(
        market,
        order_id=reply.order_id,
        client_id=reply.client_id,
        price=reply.price,
        quantity=reply.quantity,
        executed=reply.executed,
        executed_quote=reply.executed_quote,
        status=STATUSES[OrderStatus(reply.status)],
        time_flags=reply.time_flags,
    )


def json_of_row(row: OrderRow, market: Market) -> JsonOrder:
    """An order as it rests in the book."""
    executed = row.quantity - row.remaining
    return _json(
        market,
        order_id=row.order_id,
        client_id=row.client_id,
        price=row.price,
        quantity=row.quantity,
        executed=executed,
        executed_quote=row.executed_quote,
        status="PartiallyFilled" if executed else "New",
        time_flags=row.time_flags,
    )


def json_of_past_order(order: PastOrder, market: Market) -> JsonOrder:
    """An order as the database has it; also of a limit order the `quoteQuantity` is there."""
    return {"quoteQuantity": None} | _json(
        market,
        order_id=order.order_id,
        client_id=order.client_id,
        price=order.price,
        quantity=order.quantity,
        executed=order.executed,
        executed_quote=order.executed_quote,
        status=STATUSES[OrderStatus(order.status)],
        time_flags=order.time_flags,
    )


def json_of_rows(rows: Sequence[OrderRow], markets: dict[int, Market]) -> list[JsonOrder]:
    """Resting orders of any markets."""
    return [json_of_row(row, markets[row.market]) for row in rows]


def _json(
    market: Market,
    *,
    order_id: int,
    client_id: int,
    price: int,
    quantity: int,
    executed: int,
    executed_quote: int,
    status: str,
    time_flags: int,
) -> JsonOrder:
    order_type = OrderType(time_flags >> ORDER_TYPE_SHIFT & 3)
    executed_text = show(executed, market.step)
    head: JsonOrder = {
        "orderType": "Limit" if order_type is OrderType.LIMIT else "Market",
        "id": str(order_id),
        "clientId": client_id if time_flags & ORDER_HAS_CLIENT_ID else None,
        "createdAt": time_flags >> ORDER_TIME_SHIFT,
        "executedQuantity": executed_text,
        "executedQuoteQuantity": show(executed_quote, market.quote.atoms),
    }
    if order_type is OrderType.LIMIT:
        head["postOnly"] = bool(time_flags & ORDER_POST_ONLY)
        head["price"] = show(price, market.tick)
        head["quantity"] = show(quantity, market.step)
    elif order_type is OrderType.MARKET:
        head["quantity"] = show(quantity, market.step)
        head["quoteQuantity"] = None
    else:
        head["quantity"] = executed_text
        head["quoteQuantity"] = show(quantity, market.quote.atoms)
    return head | {
        "reduceOnly": None,
        "relatedOrderId": None,
        "selfTradePrevention": SELF_TRADES[time_flags >> ORDER_SELF_TRADE_SHIFT & 3],
        "side": SIDES[time_flags >> ORDER_SIDE_SHIFT & 1],
        "status": status,
        "stopLossLimitPrice": None,
        "stopLossTriggerBy": None,
        "stopLossTriggerPrice": None,
        "strategyId": None,
        "symbol": market.symbol,
        "takeProfitLimitPrice": None,
        "takeProfitTriggerBy": None,
        "takeProfitTriggerPrice": None,
        "timeInForce": TIMES_IN_FORCE[time_flags >> ORDER_TIME_IN_FORCE_SHIFT & 3],
        "triggerBy": None,
        "triggerPrice": None,
        "triggerQuantity": None,
        "triggeredAt": None,
    }
