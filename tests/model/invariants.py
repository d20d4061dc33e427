"""An engine compared with the fold of its events (I1, I4, I6, I7), through its interface alone."""

from collections import Counter

from model.fold import Fold

from truebook import messages as m
from truebook.engine.interface import Engine, OpenOrder
from truebook.messages import EventKind


def check_engine(fold: Fold, engine: Engine) -> None:
    """Raise unless all that the engine answers is what its events say."""
    fold.funds.check_conserved()
    check_figures(fold, engine)
    check_depth(fold, engine)
    check_balances(fold, engine)
    check_orders(fold, engine)
    check_waiting(fold, engine)
    check_settings(fold, engine)


def check_figures(fold: Fold, engine: Engine) -> None:
    """Time, counts and each market's numbers."""
    assert engine.time_ms() == fold.time_ms
    assert engine.counts() == {
        "assets": len(fold.settings.assets),
        "markets": len(fold.settings.markets),
        "accounts": len(fold.settings.accounts),
        "keys": len(fold.settings.said[EventKind.KEY_SET]),
        "orders": len(fold.orders),
        "triggers": len(fold.triggers.pending),
        "withdrawals": len(fold.funds.withdrawals),
    }
    assert engine.rules_version() == fold.settings.rules
    for index, market in fold.settings.markets.items():
        figures = market.sequence, market.last_trade_id, market.last_price
        assert engine.market_figures(index) == figures, f"I11: market {index}"
    for account, sequence in fold.settings.sequences.items():
        assert engine.account_sequence(account) == sequence, f"I11: account {account}"


def check_depth(fold: Fold, engine: Engine) -> None:
    """Levels are the sums of their orders, best first (I4), and not crossed (I3)."""
    for index, market in fold.settings.markets.items():
        for side, levels in enumerate(engine.depth(index)):
            expected = market.book.depth(side)
            shown = [(int(price), int(lots)) for price, lots in levels]
            assert shown == expected, f"I4: market {index}, side {side}"
        market.book.check_sums()
        assert not market.book.is_crossed(), f"I3: market {index}"


def check_balances(fold: Fold, engine: Engine) -> None:
    """Balances are those of the events; locked is what resting orders and withdrawals need (I6)."""
    locked: Counter[tuple[int, int]] = Counter()
    for order in fold.orders.values():
        market = fold.settings.markets[order.market]
        is_bid = order.side == m.Side.BID
        each = order.price * market.unit if is_bid else market.lot_atoms
        locked[order.account, market.held_asset(order.side)] += each * order.remaining
    for account, asset, atoms in fold.funds.withdrawals.values():
        locked[account, asset] += atoms
    for account in fold.settings.accounts:
        for asset in fold.settings.assets:
            key = account, asset
            balance = engine.balance(*key)
            assert balance.locked == locked[key], f"I6: (account, asset) {key}"
            assert balance.available == fold.funds.available[key], f"I7: (account, asset) {key}"


def check_orders(fold: Fold, engine: Engine) -> None:
    """Each account's resting and pending orders, field by field, oldest placement first."""
    for account in fold.settings.accounts:
        placed = fold.placed.get(account, {}).values()
        expected = [
            OpenOrder(
                order_id=order.order_id,
                account=account,
                market=order.market,
                client_id=order.client_id,
                price=order.price,
                quantity=order.quantity,
                remaining=order.remaining,
                executed_quote=order.executed_quote,
                priority=order.priority,
                time_flags=order.time_flags,
                trigger_price=order.trigger_price,
            )
            for order in placed
        ]
        assert engine.open_orders(account) == expected, f"I7: orders of account {account}"
    for (account, client_id), order_id in fold.clients.items():
        order = engine.order_by_client_id(account, client_id)
        assert order is not None, f"I7: client id {client_id} of account {account}"
        assert order == engine.order(order_id), f"I7: order {order_id}"


def check_waiting(fold: Fold, engine: Engine) -> None:
    """Withdrawals that are not settled, by id; timers that are on, as they will run out."""
    withdrawals = sorted(fold.funds.withdrawals.items())
    assert engine.pending_withdrawals() == [(number, *what) for number, what in withdrawals]
    for account in fold.settings.accounts:
        own = [(number, *what) for number, what in withdrawals if what[0] == account]
        assert engine.pending_withdrawals(account) == own
    timers = sorted((when, *whose) for whose, when in fold.timers.expires.items())
    assert engine.timers() == timers
    assert engine.next_timer_ms() == (timers[0][0] if timers else 0)


def check_settings(fold: Fold, engine: Engine) -> None:
    """Settings, byte for byte as their last events."""
    said, everybody = fold.settings.bytes_of, 1 << 22
    assert engine.asset_settings() == said(EventKind.ASSET_SET)
    assert engine.market_settings() == said(EventKind.MARKET_SET)
    assert engine.tier_settings() == said(EventKind.TIER_SET)
    assert engine.account_settings(0, everybody) == said(EventKind.ACCOUNT_SET)
    assert engine.key_settings(0, everybody) == said(EventKind.KEY_SET)
    assert engine.attester_settings() == said(EventKind.ATTESTER_SET)
