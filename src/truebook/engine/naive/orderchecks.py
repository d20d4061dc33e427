"""The checks of a new order before its market is looked at: docs/rules.md, PLACE 1 to 7.

Promise: they look and change nothing. PLACE and PLACE_TRIGGER share them; an order that waited for
its trigger price passes some of them again when it fires.
"""

from truebook.engine.naive.checks import (
    NONE,
    amount_fault,
    limit_quantity_fault,
    lots_fault,
    price_fault,
)
from truebook.engine.naive.matching import BY_QUOTE
from truebook.engine.naive.records import OrderCommand
from truebook.engine.naive.settings import Market
from truebook.engine.naive.state import State
from truebook.limits import BASIS_POINTS, ORDERS_MAX, PRICE_TICKS_MAX
from truebook.messages import (
    MarketState,
    OrderType,
    PlaceFlag,
    RejectCode,
    SelfTrade,
    Side,
    TimeInForce,
)

POST_ONLY, HAS_CLIENT_ID = int(PlaceFlag.POST_ONLY), int(PlaceFlag.HAS_CLIENT_ID)
SLIPPAGE_TICKS = int(PlaceFlag.SLIPPAGE_TICKS)
SLIPPAGE_BASIS_POINTS = int(PlaceFlag.SLIPPAGE_BASIS_POINTS)
SLIPPAGE = SLIPPAGE_TICKS | SLIPPAGE_BASIS_POINTS
FLAGS = {1: POST_ONLY | HAS_CLIENT_ID, 2: POST_ONLY | HAS_CLIENT_ID | SLIPPAGE}
"""Known bits, by version of the rules."""
NOTHING_RESERVED = (0, 0, 0, bytes(12))
LIMIT, MARKET, GTC, FOK = OrderType.LIMIT, OrderType.MARKET, TimeInForce.GTC, TimeInForce.FOK


def form_fault(version: int, command: OrderCommand) -> RejectCode:
    """1. MALFORMED: values that mean nothing under this version of the rules."""
    reserved = (command.by, command.zero_1, command.zero_2, command.zero_3)
    post_only = command.flags & POST_ONLY
    if (
        reserved != NOTHING_RESERVED
        or command.side > Side.ASK
        or command.order_type > BY_QUOTE
        or command.time_in_force > FOK
        or command.self_trade > SelfTrade.ALLOW
        or command.flags & ~FLAGS[version]
        or (version == 1 and command.deadline_ms)
        or command.order_id < 1
        or (command.client_id and not command.flags & HAS_CLIENT_ID)
        or (post_only and (command.order_type != LIMIT or command.time_in_force != GTC))
        or not price_has_form(command)
    ):
        return RejectCode.MALFORMED
    return NONE


def price_has_form(command: OrderCommand) -> bool:
    """1. Tell whether `price` may mean what type and flags make of it: a limit, or slippage."""
    slippage = command.flags & SLIPPAGE
    if command.order_type == LIMIT:
        return slippage == 0
    most = {0: 0, SLIPPAGE_TICKS: PRICE_TICKS_MAX, SLIPPAGE_BASIS_POINTS: BASIS_POINTS}
    return slippage != SLIPPAGE and 0 <= command.price <= most[slippage]


def market_fault(state: State, market: int, order_type: int) -> RejectCode:
    """3. The market exists and takes orders of this type."""
    if market >= len(state.markets):
        return RejectCode.UNKNOWN_MARKET
    mode = state.markets[market].settings.state
    if mode in (MarketState.CANCEL_ONLY, MarketState.CLOSED):
        return RejectCode.MARKET_PAUSED
    if mode == MarketState.LIMIT_ONLY and order_type != LIMIT:
        return RejectCode.MARKET_LIMIT_ONLY
    return NONE


def number_fault(market: Market, order_type: int, price: int, quantity: int) -> RejectCode:
    """4 and 5. Price and quantity are inside the market's filters and bands."""
    fault = price_fault(market, price) if order_type == LIMIT else NONE
    return fault or quantity_fault(market, order_type, price, quantity)


def quantity_fault(market: Market, order_type: int, price: int, quantity: int) -> RejectCode:
    """5. The quantity is inside the market's filters."""
    if order_type == LIMIT:
        return limit_quantity_fault(market, price, quantity)
    return lots_fault(market, quantity) if order_type == MARKET else amount_fault(quantity)


def identity_fault(state: State, command: OrderCommand) -> RejectCode:
    """6. No resting or pending order has its id, none of the account its client id."""
    if command.order_id in state.orders or command.order_id in state.pending:
        return RejectCode.DUPLICATE_ORDER_ID
    has_client_id = command.flags & HAS_CLIENT_ID
    if has_client_id and (command.account, command.client_id) in state.client_ids:
        return RejectCode.DUPLICATE_CLIENT_ID
    return NONE


def cap_fault(state: State, market: Market, number: int) -> RejectCode:
    """7. There is room for one more order of the account that rests or is pending."""
    account = state.accounts[number]
    if account.orders_in.get(market.index, 0) >= market.settings.open_orders_max:
        return RejectCode.ORDER_LIMIT_MARKET
    if len(account.orders) >= account.open_orders_max:
        return RejectCode.ORDER_LIMIT_ACCOUNT
    if len(state.orders) + len(state.pending) >= ORDERS_MAX - 1:
        return RejectCode.ENGINE_FULL
    return NONE
