"""Balances, holds and fees, in numbers computed by hand."""

import pytest

from truebook.engine.naive.ledger import Ledger, LedgerError, fee

USDC = 0


@pytest.mark.parametrize(
    ("atoms", "rate_bp", "charged"),
    [
        (10_000, 10, 10),  # 0.1 % of 10,000
        (10_001, 10, 11),  # 10.001, rounded up
        (9_999, 10, 10),  # 9.999
        (1, 1, 1),  # 0.0001: the smallest fee there is
        (0, 10, 0),
        (12_345, 0, 0),
        (12_345, 10_000, 12_345),  # all of it
        (10_000, -2, -2),  # a rebate
        (14_999, -2, -2),  # −2.9998: a rebate is rounded towards nothing
        (15_000, -2, -3),
        (4_999, -2, 0),  # −0.9998
        (1 << 62, 10_000, 1 << 62),
        ((1 << 62) - 1, 9_999, (1 << 62) - 1 - 461_168_601_842_738),
    ],
)
def test_a_fee_is_rounded_up(atoms, rate_bp, charged):
    assert fee(atoms, rate_bp) == charged == -(-atoms * rate_bp // 10_000)


@pytest.fixture
def ledger():
    made = Ledger()
    made.deposit(1, USDC, 1_000)
    return made


def balance(ledger, account):
    funds = ledger.balances[account, USDC]
    return funds.available, funds.locked


def test_a_hold_moves_funds_and_a_release_moves_them_back(ledger):
    ledger.hold(1, USDC, 400)
    assert balance(ledger, 1) == (600, 400)
    ledger.release(1, USDC, 150)
    assert balance(ledger, 1) == (750, 250)
    ledger.spend_locked(1, USDC, 250)
    ledger.spend_available(1, USDC, 750)
    assert balance(ledger, 1) == (0, 0)


def test_what_is_received_pays_the_fee_to_the_venue(ledger):
    assert ledger.receive(2, USDC, 1_001, 10) == 2
    assert balance(ledger, 2) == (999, 0)
    assert balance(ledger, 0) == (2, 0)


def test_a_rebate_ends_where_the_venues_funds_end(ledger):
    ledger.deposit(0, USDC, 3)
    assert ledger.receive(2, USDC, 10_000, -2) == -2
    assert ledger.receive(2, USDC, 10_000, -2) == -1
    assert ledger.receive(2, USDC, 10_000, -2) == 0
    assert balance(ledger, 2) == (30_003, 0)
    assert balance(ledger, 0) == (0, 0)


@pytest.mark.parametrize("move", ["hold", "release", "spend_available", "spend_locked", "withdraw"])
def test_no_movement_leaves_less_than_nothing(ledger, move):
    with pytest.raises(LedgerError):
        getattr(ledger, move)(1, USDC, 1_001)


def test_a_supply_beyond_two_to_the_62nd_is_a_bug(ledger):
    with pytest.raises(LedgerError):
        ledger.deposit(1, USDC, (1 << 62) - 999)
