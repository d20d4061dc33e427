"""`time_flags`: an order's time of placement and how it was placed, in one number."""

from truebook.engine.naive.book import Order
from truebook.messages import (
    ORDER_HAS_CLIENT_ID,
    ORDER_POST_ONLY,
    ORDER_SELF_TRADE_SHIFT,
    ORDER_SIDE_SHIFT,
    ORDER_TIME_IN_FORCE_SHIFT,
    ORDER_TIME_SHIFT,
    ORDER_TYPE_SHIFT,
)


def time_flags(order: Order) -> int:
    """Return time_ms << 16 | order flags."""
    return (
        order.ts << ORDER_TIME_SHIFT
        | order.side << ORDER_SIDE_SHIFT
        | order.time_in_force << ORDER_TIME_IN_FORCE_SHIFT
        | order.self_trade << ORDER_SELF_TRADE_SHIFT
        | order.type << ORDER_TYPE_SHIFT
        | (ORDER_POST_ONLY if order.post_only else 0)
        | (ORDER_HAS_CLIENT_ID if order.has_client_id else 0)
        | order.more_flags
    )
