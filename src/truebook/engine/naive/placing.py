"""PLACE: the checks, in their order, then what becomes of the order.

Promise: every check is made before anything changes; after ACCEPTED nothing can be refused, only
closed. The numbers are those of docs/rules.md, PLACE.
"""

from truebook.engine.naive.book import Order
from truebook.engine.naive.checks import (
    NONE,
    amount_fault,
    limit_quantity_fault,
    lots_fault,
    notional_fault,
    price_fault,
    trader_fault,
)
from truebook.engine.naive.fok import Scan, scan
from truebook.engine.naive.journal import Journal
from truebook.engine.naive.matching import BY_QUOTE, match, rests_if_unfilled, wanted_lots, within
from truebook.engine.naive.outcome import answer_order, conclude
from truebook.engine.naive.records import OrderCommand, order_command
from truebook.engine.naive.settings import Market
from truebook.engine.naive.state import State
from truebook.limits import BASIS_POINTS, ORDERS_MAX
from truebook.messages import (
    ACCEPTED_RESTS,
    CloseReason,
    MarketState,
    OrderType,
    PlaceFlag,
    RejectCode,
    SelfTrade,
    Side,
    TimeInForce,
)

POST_ONLY, HAS_CLIENT_ID = int(PlaceFlag.POST_ONLY), int(PlaceFlag.HAS_CLIENT_ID)
NOTHING_RESERVED = (0, 0, 0, bytes(16))
LIMIT, MARKET, GTC, FOK = OrderType.LIMIT, OrderType.MARKET, TimeInForce.GTC, TimeInForce.FOK


def place(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a PLACE, or return why not."""
    command = order_command(record)
    fault = form_fault(command) or trader_fault(state, command.account)
    fault = fault or market_fault(state, command)
    if fault:
        return fault
    market = state.markets[command.market]
    fault = number_fault(market, command) or identity_fault(state, command)
    fault = fault or cap_fault(state, market, command)
    if fault:
        return fault
    order = new_order(state, market, command)
    best = market.book.opposite(order.side).best_price()
    crosses = within(order, best)
    fault = crossing_fault(market, order, best if crosses else None)
    fault = fault or funds_fault(state, market, order, best if crosses else None)
    if fault:
        return fault
    is_scanned = crosses and order.time_in_force == FOK and not post_only_mode(market)
    scanned = scan(state, market, order) if is_scanned else Scan.FILLS
    if scanned is Scan.UNFUNDED:
        return RejectCode.INSUFFICIENT_FUNDS
    carry_out(state, journal, market, order, crosses, scanned)
    return NONE


def carry_out(
    state: State, journal: Journal, market: Market, order: Order, crosses: bool, scanned: Scan
) -> None:
    """Accept the order; then it rests, or is closed at once, or is matched."""
    if not crosses and rests_if_unfilled(order):
        journal.accepted(order, ACCEPTED_RESTS)
        state.rest(order)
        answer_order(journal, order, None)
        return
    journal.accepted(order, 0)
    reason = immediate_close(market, order, crosses, scanned)
    if reason is not None:
        journal.closed(order, reason, rested=False)
        answer_order(journal, order, reason)
        return
    matched = match(state, journal, market, order)
    conclude(state, journal, market, order, matched)


def immediate_close(
    market: Market, order: Order, crosses: bool, scanned: Scan
) -> CloseReason | None:
    """Say why an order that doesn't rest is closed without matching; None: it is matched."""
    if crosses and post_only_mode(market):
        return CloseReason.POST_ONLY_MODE
    if crosses and scanned is Scan.FILLS:
        return None
    if order.time_in_force == FOK:
        return CloseReason.FILL_OR_KILL
    if order.type == LIMIT:
        return CloseReason.IMMEDIATE_OR_CANCEL
    return CloseReason.INSUFFICIENT_LIQUIDITY


def post_only_mode(market: Market) -> bool:
    """Tell whether the market lets nobody take."""
    return market.settings.state == MarketState.POST_ONLY


# --- the checks, in their order ---------------------------------------------------------------


def form_fault(command: OrderCommand) -> RejectCode:
    """1. MALFORMED: values that mean nothing."""
    reserved = (command.by, command.zero_1, command.zero_2, command.zero_3)
    post_only = command.flags & POST_ONLY
    if (
        reserved != NOTHING_RESERVED
        or command.side > Side.ASK
        or command.order_type > BY_QUOTE
        or command.time_in_force > FOK
        or command.self_trade > SelfTrade.ALLOW
        or command.flags & ~(POST_ONLY | HAS_CLIENT_ID)
        or command.order_id < 1
        or (command.client_id and not command.flags & HAS_CLIENT_ID)
        or (post_only and (command.order_type != LIMIT or command.time_in_force != GTC))
        or (command.order_type != LIMIT and command.price != 0)
    ):
        return RejectCode.MALFORMED
    return NONE


def market_fault(state: State, command: OrderCommand) -> RejectCode:
    """3. The market exists and takes orders of this type."""
    if command.market >= len(state.markets):
        return RejectCode.UNKNOWN_MARKET
    mode = state.markets[command.market].settings.state
    if mode in (MarketState.CANCEL_ONLY, MarketState.CLOSED):
        return RejectCode.MARKET_PAUSED
    if mode == MarketState.LIMIT_ONLY and command.order_type != LIMIT:
        return RejectCode.MARKET_LIMIT_ONLY
    return NONE


def number_fault(market: Market, command: OrderCommand) -> RejectCode:
    """4 and 5. Price and quantity are inside the market's filters."""
    price, quantity = command.price, command.quantity
    if command.order_type == LIMIT:
        return price_fault(market, price) or limit_quantity_fault(market, price, quantity)
    if command.order_type == MARKET:
        return lots_fault(market, quantity)
    return amount_fault(quantity)


def identity_fault(state: State, command: OrderCommand) -> RejectCode:
    """6. No resting order has its id, none of the account its client id."""
    if command.order_id in state.orders:
        return RejectCode.DUPLICATE_ORDER_ID
    has_client_id = command.flags & HAS_CLIENT_ID
    if has_client_id and (command.account, command.client_id) in state.client_ids:
        return RejectCode.DUPLICATE_CLIENT_ID
    return NONE


def cap_fault(state: State, market: Market, command: OrderCommand) -> RejectCode:
    """7. There is room for one more order that may rest."""
    if command.order_type != LIMIT or command.time_in_force != GTC:
        return NONE
    account = state.accounts[command.account]
    if account.orders_in.get(market.index, 0) >= market.settings.open_orders_max:
        return RejectCode.ORDER_LIMIT_MARKET
    if len(account.orders) >= account.open_orders_max:
        return RejectCode.ORDER_LIMIT_ACCOUNT
    if len(state.orders) >= ORDERS_MAX - 1:
        return RejectCode.ENGINE_FULL
    return NONE


def new_order(state: State, market: Market, command: OrderCommand) -> Order:
    """Make the order, with the price that bounds it: its limit or the protective price."""
    is_limit = command.order_type == LIMIT
    return Order(
        id=command.order_id,
        user_id=command.account,
        market=market.index,
        side=command.side,
        type=command.order_type,
        time_in_force=command.time_in_force,
        self_trade=command.self_trade,
        price=command.price if is_limit else protective_price(market, command.side),
        original_qty=command.quantity,
        remaining_qty=command.quantity,
        client_id=command.client_id,
        has_client_id=bool(command.flags & HAS_CLIENT_ID),
        post_only=bool(command.flags & POST_ONLY),
        ts=state.time_ms,
    )


def protective_price(market: Market, side: int) -> int:
    """8. Return the worst price at which a market order trades; 0 if nobody offers anything."""
    best = market.book.opposite(side).best_price()
    if best is None:
        return 0
    settings = market.settings
    if side == Side.BID:
        bound = best * settings.impact_max_bp // BASIS_POINTS
        return min(max(bound, best), settings.price_max)
    bound = -(-best * settings.impact_min_bp // BASIS_POINTS)
    return max(min(bound, best), settings.price_min)


def crossing_fault(market: Market, order: Order, best: int | None) -> RejectCode:
    """8. What is refused because the order would trade; `best` is None if it wouldn't."""
    if best is None:
        return NONE
    if order.type == MARKET:
        return notional_fault(market, max(best, order.price), order.original_qty)
    return RejectCode.POST_ONLY_WOULD_TAKE if order.post_only else NONE


def funds_fault(state: State, market: Market, order: Order, best: int | None) -> RejectCode:
    """9 and 10. The account can pay, and an amount buys at least one lot."""
    available = state.ledger.available(order.user_id, market.held_asset(order.side))
    if available < funds_needed(market, order, best):
        return RejectCode.INSUFFICIENT_FUNDS
    if best is not None and wanted_lots(market, order, best) == 0:
        return RejectCode.QUANTITY_TOO_SMALL
    return NONE


def funds_needed(market: Market, order: Order, best: int | None) -> int:
    """9. Return the atoms that must be available; `best` is None if the order doesn't cross."""
    if order.type == BY_QUOTE:
        return order.original_qty if order.side == Side.BID else market.lot_atoms
    if order.side == Side.ASK:
        return order.original_qty * market.lot_atoms
    if rests_if_unfilled(order):
        return market.value(order.price, order.original_qty)
    return 0 if best is None else market.value(best, order.original_qty)
