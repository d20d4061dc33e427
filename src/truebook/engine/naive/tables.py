"""The naive engine's state as tables, and made from them (engine/canonical/tables.py)."""

from typing import Any

from truebook.engine.canonical.tables import ACCOUNT, ASSET, KEY, MARKET, ORDER, Tables, make
from truebook.engine.naive.book import Order
from truebook.engine.naive.configuring import new_market
from truebook.engine.naive.ledger import Funds
from truebook.engine.naive.settings import Account, Asset, Key, Market, MarketSettings, Tier
from truebook.engine.naive.state import State
from truebook.engine.naive.timeflags import time_flags
from truebook.messages import (
    ORDER_HAS_CLIENT_ID,
    ORDER_POST_ONLY,
    ORDER_SELF_TRADE_SHIFT,
    ORDER_SIDE_SHIFT,
    ORDER_TIME_IN_FORCE_SHIFT,
    ORDER_TIME_SHIFT,
    ORDER_TYPE_SHIFT,
)

Row = dict[str, Any]
SETTINGS = MarketSettings.__slots__


def tables_of(state: State) -> Tables:
    """Return the tables of a state."""
    balances = sorted(state.ledger.balances.items())
    return make(
        clock=[(state.time_ms, 1)],
        gateways=sorted(state.gateways.items()),
        assets=[_row(ASSET, vars_of(asset, asset=asset.index)) for asset in state.assets],
        markets=[_row(MARKET, _market_fields(market)) for market in state.markets],
        tiers=[
            (index, tier.maker_bp, tier.taker_bp)
            for index, tier in enumerate(state.tiers)
            if tier.maker_bp or tier.taker_bp
        ],
        accounts=[_row(ACCOUNT, vars_of(a, account=a.number)) for a in state.accounts],
        keys=[_row(KEY, vars_of(key, number=n)) for n, key in enumerate(state.keys.values())],
        balances=[
            (*place, funds.available, funds.locked)
            for place, funds in balances
            if funds.available or funds.locked
        ],
        orders=[
            _row(ORDER, _order_fields(order, placed))
            for account in state.accounts
            for placed, order in enumerate(account.orders.values())
        ],
    )


def state_from(tables: Tables) -> State:
    """Make a state from checked tables."""
    state = State()
    state.time_ms = int(tables.clock["time_ms"][0])
    state.gateways = dict(tables.gateways.tolist())
    state.assets = [
        Asset(index, decimals, symbol.ljust(16, b"\0"), name.ljust(24, b"\0"))
        for index, decimals, symbol, name in tables.assets.tolist()
    ]
    for row in _rows(tables.markets):
        market = new_market(state, row["market"], MarketSettings(**{n: row[n] for n in SETTINGS}))
        market.sequence, market.last_trade_id = row["sequence"], row["trade_id"]
        market.book.last_trade_price = row["last_price"]
        state.markets.append(market)
    for index, maker_bp, taker_bp in tables.tiers.tolist():
        state.tiers[index] = Tier(maker_bp, taker_bp)
    _load_members(state, tables)
    for account, asset, available, locked in tables.balances.tolist():
        state.ledger.balances[account, asset] = Funds(available, locked)
        supply = state.ledger.supply.get(asset, 0)
        state.ledger.supply[asset] = supply + available + locked
    _load_orders(state, tables)
    return state


def _load_members(state: State, tables: Tables) -> None:
    state.accounts = [
        Account(number, tier, flags, cap, name.ljust(24, b"\0"), sequence)
        for number, tier, flags, cap, sequence, name in tables.accounts.tolist()
    ]
    state.names = {account.name: account.number for account in state.accounts}
    for _, public_key, account, permissions, expires_ms in tables.keys.tolist():
        state.keys[public_key] = Key(public_key, account, permissions, expires_ms)


def _load_orders(state: State, tables: Tables) -> None:
    in_books = [_order(row) for row in _rows(tables.orders)]
    for order in in_books:
        state.markets[order.market].book.side(order.side).add(order)
        state.orders[order.id] = order
        if order.has_client_id:
            state.client_ids[order.user_id, order.client_id] = order
    for _, order in sorted(zip(tables.orders["placed"].tolist(), in_books, strict=True), key=first):
        state.accounts[order.user_id].add(order)


def first(pair: tuple[int, Order]) -> int:
    """Return what pairs are sorted by."""
    return pair[0]


def vars_of(thing: Any, **more: Any) -> Row:
    """Return the fields of one of the state's records by name, and some more."""
    return {name: getattr(thing, name) for name in thing.__slots__} | more


def _market_fields(market: Market) -> Row:
    return vars_of(
        market.settings,
        market=market.index,
        sequence=market.sequence,
        trade_id=market.last_trade_id,
        last_price=market.book.last_trade_price,
    )


def _order_fields(order: Order, placed: int) -> Row:
    return vars_of(
        order,
        order_id=order.id,
        account=order.user_id,
        quantity=order.original_qty,
        remaining=order.remaining_qty,
        time_flags=time_flags(order),
        placed=placed,
    )


def _order(row: Row) -> Order:
    flags = row["time_flags"]
    return Order(
        id=row["order_id"],
        user_id=row["account"],
        market=row["market"],
        side=flags >> ORDER_SIDE_SHIFT & 1,
        type=flags >> ORDER_TYPE_SHIFT & 3,
        time_in_force=flags >> ORDER_TIME_IN_FORCE_SHIFT & 3,
        self_trade=flags >> ORDER_SELF_TRADE_SHIFT & 3,
        price=row["price"],
        original_qty=row["quantity"],
        remaining_qty=row["remaining"],
        client_id=row["client_id"],
        has_client_id=bool(flags & ORDER_HAS_CLIENT_ID),
        post_only=bool(flags & ORDER_POST_ONLY),
        ts=flags >> ORDER_TIME_SHIFT,
        executed_qty=row["quantity"] - row["remaining"],
        executed_quote=row["executed_quote"],
        priority=row["priority"],
    )


def _row(dtype: Any, fields: Row) -> tuple[Any, ...]:
    return tuple(fields[name] for name in dtype.names)


def _rows(table: Any) -> list[Row]:
    return [dict(zip(table.dtype.names, row, strict=True)) for row in table.tolist()]
