"""What an engine answers about its state without changing it (engine/interface.py)."""

from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from truebook.engine.interface import Balance, OpenOrder, PendingWithdrawal, RunningTimer
from truebook.engine.naive import settingevents
from truebook.engine.naive.book import Order, OrderBookSide
from truebook.engine.naive.state import State
from truebook.engine.naive.statehash import state_hash
from truebook.engine.naive.timeflags import time_flags
from truebook.engine.naive.timers import in_order


class Answers:
    """The questions of the interface, answered from a State."""

    def __init__(self, state: State) -> None:
        self.state = state

    def state_hash(self) -> bytes:
        """Sixteen bytes over the whole logical state."""
        return state_hash(self.state)

    def time_ms(self) -> int:
        """The engine's time: the largest stamp seen."""
        return self.state.time_ms

    def counts(self) -> dict[str, int]:
        """How many of everything there are."""
        state = self.state
        return {
            "assets": len(state.assets),
            "markets": len(state.markets),
            "accounts": len(state.accounts),
            "keys": len(state.keys),
            "orders": len(state.orders),
            "triggers": len(state.pending),
            "withdrawals": len(state.withdrawals),
        }

    def balance(self, account: int, asset: int) -> Balance:
        """The balance; zeros for an account that never held the asset."""
        funds = self.state.ledger.balances.get((account, asset))
        return Balance(0, 0) if funds is None else Balance(funds.available, funds.locked)

    def depth(self, market: int, limit: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Bids and asks, best first: prices in ticks, quantities in lots."""
        book = self.state.markets[market].book
        return levels(book.bids, limit), levels(book.asks, limit)

    def order(self, order_id: int) -> OpenOrder | None:
        """The resting or pending order of that id."""
        order = self.state.orders.get(order_id) or self.state.pending.get(order_id)
        return None if order is None else open_order(order)

    def order_by_client_id(self, account: int, client_id: int) -> OpenOrder | None:
        """The resting or pending order of the account that carries the client id."""
        order = self.state.client_ids.get((account, client_id))
        return None if order is None else open_order(order)

    def open_orders(self, account: int, market: int | None = None) -> list[OpenOrder]:
        """The account's resting and pending orders, oldest placement first."""
        orders = self.state.accounts[account].orders.values()
        return [open_order(order) for order in orders if market in (None, order.market)]

    def account_sequence(self, account: int) -> int:
        """How many private events the account has had."""
        accounts = self.state.accounts
        return accounts[account].sequence if 0 <= account < len(accounts) else 0

    def pending_withdrawals(self, account: int | None = None) -> list[PendingWithdrawal]:
        """What was requested and not settled, of one account or all, by id."""
        found = sorted(self.state.withdrawals.values(), key=attrgetter("id"))
        return [
            PendingWithdrawal(w.id, w.account, w.asset, w.amount)
            for w in found
            if account in (None, w.account)
        ]

    def timers(self) -> list[RunningTimer]:
        """The timers that are on, in the order in which they run out."""
        return [RunningTimer(*timer) for timer in in_order(self.state)]

    def next_timer_ms(self) -> int:
        """When the next timer runs out; 0: none is on."""
        return min(self.state.timers.values(), default=0)

    def rules_version(self) -> int:
        """Which version of the rules it follows."""
        return self.state.version

    def asset_settings(self) -> bytes:
        """One ASSET_SET event for each asset."""
        return b"".join(settingevents.asset_set(asset, 0) for asset in self.state.assets)

    def market_settings(self) -> bytes:
        """One MARKET_SET event for each market."""
        return b"".join(settingevents.market_set(market, 0) for market in self.state.markets)

    def tier_settings(self) -> bytes:
        """One TIER_SET event for each tier."""
        tiers = enumerate(self.state.tiers)
        return b"".join(settingevents.tier_set(index, tier, 0) for index, tier in tiers)

    def account_settings(self, first: int = 0, count: int = 1000) -> bytes:
        """ACCOUNT_SET events of accounts `first` and following."""
        accounts = self.state.accounts[first : first + count]
        return b"".join(settingevents.account_set(account, 0) for account in accounts)

    def key_settings(self, first: int = 0, count: int = 1000) -> bytes:
        """KEY_SET events in the order in which the keys were first set."""
        keys = list(self.state.keys.values())[first : first + count]
        return b"".join(settingevents.key_set(key, 0) for key in keys)

    def attester_settings(self) -> bytes:
        """ATTESTER_SET events by slot, of those ever set."""
        attesters = sorted(self.state.attesters.items())
        return b"".join(settingevents.attester_set(attester, 0) for _, attester in attesters)

    def market_figures(self, market: int) -> tuple[int, int, int]:
        """(market sequence, last trade id, last price in ticks)."""
        figures = self.state.markets[market]
        return figures.sequence, figures.last_trade_id, figures.book.last_trade_price


def levels(side: OrderBookSide, limit: int) -> NDArray[np.int64]:
    """Add up each price level of a side, best first; `limit` 0 means all."""
    prices = side.price_levels[:limit] if limit else side.price_levels
    rows = [(p, sum(order.remaining_qty for order in side.level_map[p])) for p in prices]
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def open_order(order: Order) -> OpenOrder:
    """Return a resting or pending order as the interface shows it."""
    return OpenOrder(
        order_id=order.id,
        account=order.user_id,
        market=order.market,
        client_id=order.client_id,
        price=order.price,
        quantity=order.original_qty,
        remaining=order.remaining_qty,
        executed_quote=order.executed_quote,
        priority=order.priority,
        time_flags=time_flags(order),
        trigger_price=order.trigger_price,
    )
