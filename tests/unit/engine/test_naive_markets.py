"""Amounts of a market, protective prices, and the limits that no test has room to reach."""

from itertools import count

import pytest
from model.decoding import replies_of
from model.world import (
    GOLD,
    USDC,
    MarketShape,
    entry,
    one,
    order,
    set_account,
    set_asset,
    set_market,
    set_rules,
    transfer,
)

from truebook import messages as m
from truebook.engine.naive import NaiveEngine, accounts, configuring, entering, funding, orderchecks
from truebook.engine.naive.settings import scaled
from truebook.messages import CommandKind, OrderStatus, RejectCode, Side

SHAPE = MarketShape(GOLD, USDC, (1, 6), (1, 0), unit=1, lot_atoms=1)


@pytest.mark.parametrize(
    ("mantissas", "exponent", "product"),
    [
        ([1], 7, 10**7),
        ([25, 4], -2, 1),  # neither 25 nor 4 can be divided by ten
        ([1 << 62, 5**20], -18, (1 << 62) * 5**20 // 10**18),
        ([10**18, 10**18], -36, 1),
        ([3], -1, None),
        ([25, 2], -2, None),
    ],
)
def test_amounts_are_exact_whatever_lies_between(mantissas, exponent, product):
    assert scaled(mantissas, exponent) == product


class Venue:
    """A twin with one market, GOLD at whole atoms, and a trader with funds."""

    def __init__(self, **settings: int) -> None:
        self.engine = NaiveEngine()
        self.sequence = count(1)
        self.apply(
            set_asset(0, "USDC", 6),
            *(set_asset(i, f"UNUSED{i}", 6) for i in range(1, GOLD)),
            set_asset(GOLD, "GOLD", 0),
            set_market(0, SHAPE, price_max=10**6, **settings),
            set_account("ann"),
            transfer(CommandKind.DEPOSIT, 1, USDC, 10**9),
            transfer(CommandKind.DEPOSIT, 1, GOLD, 10**9),
        )

    def apply(self, *commands):
        replies = self.engine.apply(entry(next(self.sequence), *commands)).replies
        return list(replies_of(replies))

    def rests(self, side: Side, price: int) -> None:
        order_id = 100 + price
        fields = {"side": side, "order_id": order_id, "price": price, "quantity": 1}
        self.apply(order(CommandKind.PLACE, account=1, **fields))


@pytest.mark.parametrize(
    ("side", "best", "settings", "price"),
    [
        (Side.BID, 10_000, {}, 10_300),
        (Side.BID, 99, {}, 101),  # 101.97, rounded towards the best price
        (Side.ASK, 10_000, {}, 9_700),
        (Side.ASK, 99, {}, 97),  # 96.03, rounded towards the best price
        (Side.BID, 99, {"impact_max_bp": 10_000}, 99),
        (Side.BID, 999_999, {}, 10**6),  # price_max
        (Side.ASK, 2, {"price_min": 2}, 2),
        (Side.ASK, 99, {"impact_min_bp": 0}, 1),  # price_min
    ],
)
def test_a_protective_price(side, best, settings, price):
    market = Venue(**settings)
    market.rests(Side(1 - side), best)
    assert entering.protective_price(market.engine.state.markets[0], side) == price


def test_a_price_max_below_the_best_offer_lets_no_market_order_through():
    market = Venue()
    market.rests(Side.ASK, 5_000)
    market.apply(set_market(0, SHAPE, price_max=4_000))
    fields = {"order_type": m.OrderType.MARKET, "order_id": 1, "quantity": 1}
    (reply,) = market.apply(order(CommandKind.PLACE, account=1, **fields))
    assert reply.status == OrderStatus.EXPIRED
    assert reply.code == m.CloseReason.INSUFFICIENT_LIQUIDITY
    assert reply.price == 4_000


def test_the_engine_is_full_at_its_last_order(monkeypatch):
    market = Venue()
    monkeypatch.setattr(orderchecks, "ORDERS_MAX", 3)
    placed = [
        market.apply(order(CommandKind.PLACE, account=1, order_id=i, price=5, quantity=1))[0]
        for i in (1, 2, 3)
    ]
    assert [reply.code for reply in placed] == [0, 0, RejectCode.ENGINE_FULL]


def test_withdrawals_wait_and_references_are_kept_up_to_their_limits(monkeypatch):
    market = Venue()
    monkeypatch.setattr(funding, "WITHDRAWALS_PENDING_MAX", 0)
    monkeypatch.setattr(funding, "REFERENCES_MAX", 0)
    kind = CommandKind.REQUEST_WITHDRAWAL
    request = one(m.REQUEST_WITHDRAWAL, kind=kind, account=1, amount=1 << 62, withdrawal_id=1)
    deposit = transfer(CommandKind.DEPOSIT, 1, 0, 1)
    deposit["reference"] = (0, 1)
    replies = market.apply(set_rules(2), request, deposit)
    limit = RejectCode.WITHDRAWAL_LIMIT
    assert [reply.code for reply in replies] == [0, limit, RejectCode.SETTINGS_FULL]


def test_settings_are_full_at_their_limits(monkeypatch):
    market = Venue()
    monkeypatch.setattr(configuring, "ASSETS_MAX", 5)
    monkeypatch.setattr(configuring, "MARKETS_MAX", 1)
    monkeypatch.setattr(accounts, "ACCOUNTS_MAX", 2)
    monkeypatch.setattr(accounts, "KEYS_MAX", 0)
    replies = market.apply(
        set_asset(5, "TOO MUCH", 99),
        set_market(1, SHAPE, state=99),
        set_account("bob"),
        one(m.SET_KEY, kind=CommandKind.SET_KEY, account=1, public_key=(1, 2, 3, 4)),
    )
    assert [reply.code for reply in replies] == [RejectCode.SETTINGS_FULL] * 4
