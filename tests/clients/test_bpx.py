"""Unmodified bpx-py, synchronous and asynchronous, with only its base URLs changed."""

import asyncio
import inspect
import time
from typing import Any

import bpx.account
import bpx.async_.account
import bpx.async_.public
import bpx.public
import pytest
from bpx.base.base_account import BaseAccount
from bpx.base.base_public import BasePublic
from venue.installed import wait_until

SOL = "SOL_USDC"
ADDRESS = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"
HISTORIES = (
    "get_borrow_history",
    "get_interest_history",
    "get_funding_payments",
    "get_profit_and_loss_history",
    "get_settlements_history",
)


class Called:
    """A client of either kind, called without waiting being seen."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            answer = getattr(self.client, name)(*arguments, **named)
            if not inspect.isawaitable(answer):
                return answer

            async def awaited() -> Any:
                return await answer

            return asyncio.run(awaited())

        return call


@pytest.fixture(params=["sync", "async"])
def kind(request, venue, monkeypatch):
    monkeypatch.setattr(BaseAccount, "BPX_API_URL", f"{venue.url}/")
    monkeypatch.setattr(BasePublic, "BASE_URL", f"{venue.url}/")
    return request.param


@pytest.fixture
def public(kind):
    return Called((bpx.public if kind == "sync" else bpx.async_.public).Public())


@pytest.fixture
def connect(kind, account):
    def connected(**credit):
        credentials = account(**credit)
        maker = (bpx.account if kind == "sync" else bpx.async_.account).Account
        return Called(maker(credentials.api_key, credentials.api_secret))

    return connected


@pytest.fixture
def trader(connect):
    trader = connect(USDC="100000", SOL="1000")
    yield trader
    trader.cancel_all_orders(SOL)


def limit(side, price, quantity="1", **more):
    named = {"symbol": SOL, "side": side, "order_type": "Limit"}
    return named | {"price": price, "quantity": quantity} | more


def test_public_calls(public, trader):
    assert {"SOL", "USDC"} <= {asset["symbol"] for asset in public.get_assets()}
    assert SOL in [market["symbol"] for market in public.get_markets()]
    assert public.get_status() == {"status": "Ok", "message": None}
    assert public.get_ping() == "pong"
    assert abs(int(public.get_time()) - time.time() * 1000) < 60_000
    trader.execute_order(**limit("Bid", "90.5"))
    assert ["90.5", "1"] in public.get_depth(SOL)["bids"]
    assert public.get_collateral() == public.get_borrow_lend_markets() == []
    assert public.get_open_interest(SOL) == []
    assert public.get_borrow_lend_market_history("1d") == []
    assert public.get_funding_interval_rates(SOL) == []


def test_trades_tickers_and_candles(public, connect):
    seller, buyer = connect(SOL="10"), connect(USDC="1000")
    seller.execute_order(**limit("Ask", "100"))
    assert buyer.execute_order(**limit("Bid", "100"))["status"] == "Filled"
    newest = public.get_recent_trades(SOL, limit=1)[0]
    assert (newest["price"], newest["quantity"]) == ("100", "1")
    assert public.get_history_trades(SOL, limit=1, offset=0) == [newest]
    assert public.get_ticker(SOL)["lastPrice"] == "100"
    assert SOL in [ticker["symbol"] for ticker in public.get_tickers()]
    assert public.get_klines(SOL, "1m", int(time.time()) - 600)[-1]["close"] == "100"


def test_orders(trader):
    placed = trader.execute_order(**limit("Bid", "90.25", "1.5", client_id=42, post_only=True))
    assert (placed["status"], placed["clientId"], placed["postOnly"]) == ("New", 42, True)
    found = trader.get_open_order(SOL, order_id=placed["id"])
    assert found == placed == trader.get_open_order(SOL, client_id=42)
    assert trader.get_open_orders(symbol=SOL, market_type="SPOT") == [placed]
    assert trader.cancel_order(SOL, client_id=42)["status"] == "Cancelled"
    assert trader.get_open_order(SOL, order_id=placed["id"])["code"] == "RESOURCE_NOT_FOUND"
    for price in ("80", "81"):
        trader.execute_order(**limit("Bid", price, time_in_force="GTC"))
    assert len(trader.cancel_all_orders(SOL)) == 2
    history = trader.get_order_history(symbol=SOL, limit=100, offset=0)
    assert [order["status"] for order in history] == ["Cancelled"] * 3
    assert trader.get_order_history(order_id=placed["id"])[0]["clientId"] == 42


def test_orders_with_triggers(trader):
    stop = limit("Ask", "60", trigger_price="70", trigger_quantity="1")
    waits = trader.execute_order(**stop)
    assert (waits["status"], waits["triggerPrice"]) == ("TriggerPending", "70")
    market = {"symbol": SOL, "side": "Ask", "order_type": "Market", "quantity": "2"}
    waits = trader.execute_order(**market, trigger_price="70", trigger_quantity="2")
    assert waits["status"] == "TriggerPending"
    refused = trader.execute_order(**limit("Ask", "60", trigger_price="70"))
    assert "Must specify both" in refused["message"]
    assert len(trader.cancel_all_orders(SOL)) == 2


def test_a_market_order_and_its_fills(connect):
    maker, taker = connect(SOL="10"), connect(USDC="1000")
    maker.execute_order(**limit("Ask", "100", "2"))
    market = {"symbol": SOL, "side": "Bid", "order_type": "Market"}
    bought = taker.execute_order(**market, quantity="1")
    assert (bought["status"], bought["executedQuoteQuantity"]) == ("Filled", "100")
    bought = taker.execute_order(**market, quote_quantity="100")
    assert (bought["status"], bought["executedQuantity"]) == ("Filled", "1")
    fills = taker.get_fill_history(symbol=SOL, fill_type="User", market_type="SPOT")
    assert [(fill["price"], fill["quantity"], fill["isMaker"]) for fill in fills] == [
        ("100", "1", False)
    ] * 2
    assert taker.get_balances()["SOL"]["available"] == "1.998"


def test_the_account(trader):
    account = trader.get_account()
    assert (account["spotMakerFee"], account["spotTakerFee"]) == ("8", "10")
    assert trader.update_account(auto_lend=True, leverage_limit="1") == ""
    assert trader.get_account() == account
    assert trader.get_max_order_quantity(SOL, "Bid", "100")["maxOrderQuantity"] == "1000"
    assert trader.get_max_order_quantity(SOL, "Ask")["maxOrderQuantity"] == "1000"
    assert trader.get_max_withdrawal_quantity("SOL")["maxWithdrawalQuantity"] == "1000"
    assert trader.get_max_borrow_quantity("SOL")["maxBorrowQuantity"] == "0"


def test_deposits_and_withdrawals(connect):
    owner = connect(USDC="1000")
    # Another process credited it, which this gateway may learn of a moment later.
    wait_until(lambda: owner.get_deposits(limit=10, offset=0), 30, "the deposit is told")
    assert [one["quantity"] for one in owner.get_deposits(limit=10, offset=0)] == ["1000"]
    assert owner.get_deposit_address("Solana")["address"]
    wanted = owner.withdrawal(
        address=ADDRESS, blockchain="Solana", quantity="10", symbol="USDC", client_id=7
    )
    assert (wanted["status"], wanted["clientId"]) == ("pending", "7")
    (found,) = owner.get_withdrawals(limit=10, offset=0, from_=1)
    assert (found["id"], found["toAddress"]) == (wanted["id"], ADDRESS)
    assert owner.get_balances()["USDC"] == {"available": "990", "locked": "10", "staked": "0"}


def test_what_only_other_venues_have(trader):
    assert trader.get_open_positions() == []
    assert trader.get_borrow_lend_positions() == []
    for name in HISTORIES:
        assert getattr(trader, name)() == []
    assert trader.get_collateral()["code"] == "RESOURCE_NOT_FOUND"
    assert trader.execute_borrow_lend("1", "Borrow", "USDC")["code"] == "NOT_IMPLEMENTED"
    assert trader.submit_quote("1", "1", "2")["code"] == "NOT_IMPLEMENTED"
