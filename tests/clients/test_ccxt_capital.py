"""Unmodified ccxt.backpack on deposits, withdrawals, and what a spot venue has none of."""

import pytest
from venue.installed import wait_until
from venue.late import ccxt

ADDRESS = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"


@pytest.fixture
def owner(connect, account):
    return connect(account(USDC="1000", SOL="10"))


def test_deposits(owner):
    # Another process credited it, which this gateway may learn of a moment later.
    wait_until(lambda: owner.fetch_deposits("USDC"), 30, "the deposit is told")
    deposits = owner.fetch_deposits("USDC")
    assert [(one["currency"], one["amount"], one["status"]) for one in deposits] == [
        ("USDC", 1000.0, "ok")
    ]
    assert deposits[0]["timestamp"]
    assert owner.fetch_deposits("USDC", since=deposits[0]["timestamp"] + 1) == []
    address = owner.fetch_deposit_address("USDC", {"network": "SOL"})
    assert address["address"] == deposits[0]["addressTo"]


def test_a_withdrawal_waits_for_its_settlement(owner):
    wanted = owner.withdraw("USDC", 10.5, ADDRESS, {"network": "SOL", "tag": "77"})
    assert (wanted["status"], wanted["amount"], wanted["currency"]) == ("pending", 10.5, "USDC")
    assert (wanted["addressTo"], wanted["network"]) == (ADDRESS, "SOL")
    assert owner.fetch_balance()["USDC"] == {"free": 989.5, "used": 10.5, "total": 1000.0}
    (found,) = owner.fetch_withdrawals("USDC")
    assert (found["id"], found["status"]) == (wanted["id"], "pending")
    assert found["info"]["clientId"] == "77"
    with pytest.raises(ccxt.InsufficientFunds):
        owner.withdraw("USDC", 989.500001, ADDRESS, {"network": "SOL"})


def test_what_only_other_venues_have_is_empty(owner):
    assert owner.fetch_positions() == []
    assert owner.fetch_funding_history() == []
    assert owner.privateGetApiV1BorrowLendPositions() == []
    for name in (
        "BorrowLend",
        "Interest",
        "BorrowLendPositions",
        "Dust",
        "Funding",
        "Rfq",
        "Quote",
        "RfqFill",
        "QuoteFill",
        "Settlement",
        "Strategies",
    ):
        assert getattr(owner, f"privateGetWapiV1History{name}")() == []
    for name in ("Collateral", "BorrowLendMarkets", "Prediction", "PredictionTags", "Wallets"):
        assert getattr(owner, f"publicGetApiV1{name}")() == []
    with pytest.raises(ccxt.OperationFailed, match="NOT_IMPLEMENTED"):
        owner.privatePostApiV1BorrowLend({"quantity": "1", "side": "Borrow", "symbol": "USDC"})


def test_limits_of_the_account(owner):
    named = {"symbol": "SOL_USDC", "side": "Bid", "price": "100"}
    assert owner.privateGetApiV1AccountLimitsOrder(named)["maxOrderQuantity"] == "10"
    limit = owner.privateGetApiV1AccountLimitsWithdrawal({"symbol": "SOL"})
    assert limit == {"maxWithdrawalQuantity": "10", "symbol": "SOL"}
    assert owner.privateGetApiV1AccountLimitsBorrow({"symbol": "SOL"})["maxBorrowQuantity"] == "0"
    before = owner.privateGetApiV1Account()
    assert owner.privatePatchApiV1Account({"autoLend": True}) in ("", None)
    assert owner.privateGetApiV1Account() == before
