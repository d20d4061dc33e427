"""An order as its command asks for it, before it has met its market."""

from truebook.engine.naive.book import Order
from truebook.engine.naive.orderchecks import (
    HAS_CLIENT_ID,
    POST_ONLY,
    SLIPPAGE_BASIS_POINTS,
    SLIPPAGE_TICKS,
)
from truebook.engine.naive.records import OrderCommand
from truebook.engine.naive.state import State
from truebook.messages import ORDER_SLIPPAGE_BASIS_POINTS, ORDER_SLIPPAGE_TICKS


def new_order(state: State, command: OrderCommand) -> Order:
    """Make the order of a PLACE or PLACE_TRIGGER; `price` is the command's."""
    slippage = ORDER_SLIPPAGE_TICKS if command.flags & SLIPPAGE_TICKS else 0
    if command.flags & SLIPPAGE_BASIS_POINTS:
        slippage = ORDER_SLIPPAGE_BASIS_POINTS
    return Order(
        id=command.order_id,
        user_id=command.account,
        market=command.market,
        side=command.side,
        type=command.order_type,
        time_in_force=command.time_in_force,
        self_trade=command.self_trade,
        price=command.price,
        original_qty=command.quantity,
        remaining_qty=command.quantity,
        client_id=command.client_id,
        has_client_id=bool(command.flags & HAS_CLIENT_ID),
        post_only=bool(command.flags & POST_ONLY),
        ts=state.time_ms,
        more_flags=slippage,
    )
