"""The naive engine's state as tables, and made from them (engine/canonical/tables.py)."""

from operator import itemgetter
from typing import Any

from truebook.engine.canonical.tables import (
    ACCOUNT,
    ASSET,
    KEY,
    MARKET,
    ORDER,
    TRIGGER,
    Tables,
    make,
)
from truebook.engine.naive.book import Order
from truebook.engine.naive.configuring import new_market
from truebook.engine.naive.ledger import Funds
from truebook.engine.naive.settings import (
    Account,
    Asset,
    Attester,
    Key,
    Market,
    MarketSettings,
    Tier,
)
from truebook.engine.naive.state import State, Withdrawal
from truebook.engine.naive.timeflags import time_flags
from truebook.messages import (
    ORDER_HAS_CLIENT_ID,
    ORDER_PERCENT,
    ORDER_POST_ONLY,
    ORDER_RISES,
    ORDER_SELF_TRADE_SHIFT,
    ORDER_SIDE_SHIFT,
    ORDER_SLIPPAGE_BASIS_POINTS,
    ORDER_SLIPPAGE_TICKS,
    ORDER_TIME_IN_FORCE_SHIFT,
    ORDER_TIME_SHIFT,
    ORDER_TRIGGER,
    ORDER_TYPE_SHIFT,
)

Row = dict[str, Any]
SETTINGS = MarketSettings.__slots__
MORE_FLAGS = (
    ORDER_SLIPPAGE_TICKS | ORDER_SLIPPAGE_BASIS_POINTS | ORDER_TRIGGER | ORDER_RISES | ORDER_PERCENT
)


def tables_of(state: State) -> Tables:
    """Return the tables of a state."""
    balances = sorted(state.ledger.balances.items())
    timers = sorted(state.timers.items())
    withdrawals = [state.withdrawals[number] for number in sorted(state.withdrawals)]
    attesters = [state.attesters[slot] for slot in sorted(state.attesters)]
    return make(
        clock=[(state.time_ms, state.version)],
        gateways=sorted(state.gateways.items()),
        assets=[_row(ASSET, _fields(asset, asset=asset.index)) for asset in state.assets],
        markets=[_row(MARKET, _market_fields(market)) for market in state.markets],
        tiers=[
            (index, tier.maker_bp, tier.taker_bp)
            for index, tier in enumerate(state.tiers)
            if (tier.is_set if state.version >= 2 else tier.maker_bp or tier.taker_bp)
        ],
        accounts=[_row(ACCOUNT, _fields(a, account=a.number)) for a in state.accounts],
        keys=[_row(KEY, _fields(key, number=n)) for n, key in enumerate(state.keys.values())],
        balances=[
            (*place, funds.available, funds.locked)
            for place, funds in balances
            if funds.available or funds.locked
        ],
        orders=_order_rows(state, ORDER, is_pending=False),
        triggers=_order_rows(state, TRIGGER, is_pending=True),
        timers=[(*place, expires_ms) for place, expires_ms in timers],
        withdrawals=[(w.id, w.account, w.asset, w.amount) for w in withdrawals],
        references=list(state.references),
        attesters=[(a.slot, a.trusted, a.public_key, a.name) for a in attesters],
    )


def state_from(tables: Tables) -> State:
    """Make a state from checked tables."""
    state = State()
    state.time_ms, state.version = tables.clock.tolist()[0]
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
        state.tiers[index] = Tier(maker_bp, taker_bp, is_set=state.version >= 2)
    for slot, trusted, public_key, name in tables.attesters.tolist():
        state.attesters[slot] = Attester(slot, trusted, public_key, name.ljust(16, b"\0"))
    _load_members(state, tables)
    _load_funds(state, tables)
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
    for account, timer, expires_ms in tables.timers.tolist():
        state.timers[account, timer] = expires_ms


def _load_funds(state: State, tables: Tables) -> None:
    for account, asset, available, locked in tables.balances.tolist():
        state.ledger.balances[account, asset] = Funds(available, locked)
        supply = state.ledger.supply.get(asset, 0)
        state.ledger.supply[asset] = supply + available + locked
    for row in tables.withdrawals.tolist():
        state.withdrawals[row[0]] = Withdrawal(*row)
    state.references = set(tables.references.tolist())


def _load_orders(state: State, tables: Tables) -> None:
    resting = [_order(row) for row in _rows(tables.orders)]
    pending = [_order(row) for row in _rows(tables.triggers)]
    for order in resting:
        state.markets[order.market].book.side(order.side).add(order)
        state.orders[order.id] = order
    state.pending = {order.id: order for order in pending}
    placed = [*tables.orders["placed"].tolist(), *tables.triggers["placed"].tolist()]
    for _, order in sorted(zip(placed, resting + pending, strict=True), key=itemgetter(0)):
        state.accounts[order.user_id].add(order)
        if order.has_client_id:
            state.client_ids[order.user_id, order.client_id] = order


def _fields(thing: Any, **more: Any) -> Row:
    """Return the fields of one of the state's records by name, and some more."""
    return {name: getattr(thing, name) for name in thing.__slots__} | more


def _order_rows(state: State, dtype: Any, is_pending: bool) -> list[tuple[Any, ...]]:
    return [
        _row(dtype, _order_fields(order, placed))
        for account in state.accounts
        for placed, order in enumerate(account.orders.values())
        if order.is_pending == is_pending
    ]


def _market_fields(market: Market) -> Row:
    return _fields(
        market.settings,
        market=market.index,
        sequence=market.sequence,
        trade_id=market.last_trade_id,
        last_price=market.book.last_trade_price,
    )


def _order_fields(order: Order, placed: int) -> Row:
    return _fields(
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
    remaining = row["remaining"] if "remaining" in row else row["quantity"]
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
        remaining_qty=remaining,
        client_id=row["client_id"],
        has_client_id=bool(flags & ORDER_HAS_CLIENT_ID),
        post_only=bool(flags & ORDER_POST_ONLY),
        ts=flags >> ORDER_TIME_SHIFT,
        executed_qty=row["quantity"] - remaining,
        executed_quote=row.get("executed_quote", 0),
        priority=row["priority"],
        more_flags=flags & MORE_FLAGS,
        trigger_price=row.get("trigger_price", 0),
    )


def _row(dtype: Any, fields: Row) -> tuple[Any, ...]:
    return tuple(fields[name] for name in dtype.names)


def _rows(table: Any) -> list[Row]:
    return [dict(zip(table.dtype.names, row, strict=True)) for row in table.tolist()]
