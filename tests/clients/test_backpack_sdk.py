"""Unmodified backpack-exchange-sdk: its HTTP clients with a base URL, its websocket client with its
address changed."""

import queue
import time

import pytest
from backpack_exchange_sdk import AuthenticationClient, PublicClient
from backpack_exchange_sdk._base.errors import BackpackAPIError
from backpack_exchange_sdk.websocket import WebSocketClient
from venue.installed import wait_until

SOL = "SOL_USDC"
ADDRESS = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"
LIMIT = {"orderType": "Limit", "side": "Bid", "symbol": SOL}
HISTORIES = (
    "borrow_history",
    "interest_history",
    "borrow_position_history",
    "funding_payments",
    "settlement_history",
    "dust_history",
    "rfq_history",
    "quote_history",
    "rfq_fill_history",
    "quote_fill_history",
    "strategy_history",
    "position_history",
)
NEXT_S_MAX = 20.0


@pytest.fixture
def public(venue):
    client = PublicClient(base_url=f"{venue.url}/")
    yield client
    client.session.close()


@pytest.fixture
def connect(venue, account):
    clients = []

    def connected(**credit):
        credentials = account(**credit)
        key, secret = credentials.api_key, credentials.api_secret
        client = AuthenticationClient(key, secret, base_url=f"{venue.url}/")
        clients.append(client)
        return client

    yield connected
    for client in clients:
        client.cancel_open_orders(SOL)
        client.session.close()


@pytest.fixture
def trader(connect):
    return connect(USDC="100000", SOL="1000")


@pytest.fixture
def traded(connect):
    """One who has just bought a SOL at 100."""
    seller, buyer = connect(SOL="10"), connect(USDC="1000")
    seller.execute_order("Limit", "Ask", SOL, price="100", quantity="1", timeInForce="GTC")
    bought = buyer.execute_order("Market", "Bid", SOL, quantity="1")
    assert bought["status"] == "Filled"
    return buyer


def test_public_calls(public, traded):
    assert {"SOL", "USDC"} <= {asset["symbol"] for asset in public.get_assets()}
    assert SOL in [market["symbol"] for market in public.get_markets()]
    assert public.get_market(SOL)["filters"]["price"]["tickSize"] == "0.01"
    assert public.get_status()["status"] == "Ok"
    assert public.send_ping() == "pong"
    assert abs(int(public.get_system_time()) - time.time() * 1000) < 60_000
    assert public.get_ticker(SOL)["lastPrice"] == "100"
    assert SOL in [ticker["symbol"] for ticker in public.get_tickers()]
    assert public.get_recent_trades(SOL, 1) == public.get_historical_trades(SOL, 1)
    assert public.get_klines(SOL, "1m", int(time.time()) - 600)[-1]["close"] == "100"
    assert public.get_depth(SOL)["lastUpdateId"]
    assert public.get_mark_price(SOL) == public.get_open_interest(SOL) == []
    assert public.get_funding_interval_rates(SOL) == public.get_wallets() == []
    assert public.get_collateral() == public.get_borrow_lend_markets() == []
    assert public.get_borrow_lend_market_history("1d") == []
    assert public.get_prediction_markets() == public.get_prediction_tags() == []


def test_orders(trader):
    placed = trader.execute_order(
        "Limit", "Bid", SOL, price="90.25", quantity="1.5", postOnly=True, clientId=42
    )
    assert (placed["status"], placed["clientId"], placed["postOnly"]) == ("New", 42, True)
    assert trader.get_users_open_orders(SOL, orderId=placed["id"]) == placed
    assert trader.get_open_orders(SOL, "SPOT") == [placed]
    cancelled = trader.cancel_open_order(SOL, clientId=42)
    assert (cancelled["id"], cancelled["status"]) == (placed["id"], "Cancelled")
    with pytest.raises(BackpackAPIError) as caught:
        trader.cancel_open_order(SOL, orderId=placed["id"])
    assert (caught.value.status_code, caught.value.code) == (404, "RESOURCE_NOT_FOUND")
    (past,) = trader.get_order_history(orderId=placed["id"], sortDirection="Asc")
    assert past["status"] == "Cancelled"


def test_a_batch(trader):
    results = trader.execute_batch_orders(
        [
            LIMIT | {"price": "81", "quantity": "1", "postOnly": True},
            LIMIT | {"price": "1", "quantity": "1"},
            LIMIT | {"price": "82", "triggerPrice": "83", "triggerQuantity": "1"},
        ]
    )
    assert [result["operation"] for result in results] == ["Ok", "Err", "Ok"]
    assert results[2]["status"] == "TriggerPending"
    assert len(trader.cancel_open_orders(SOL, "ConditionalOrder")) == 1
    assert len(trader.cancel_open_orders(SOL, "RestingLimitOrder")) == 1


def test_triggers_and_slippage(trader):
    waits = trader.execute_order(
        "Market", "Ask", SOL, triggerPrice="70", triggerQuantity="80%", triggerBy="LastPrice"
    )
    assert (waits["status"], waits["triggerQuantity"]) == ("TriggerPending", "80%")
    with pytest.raises(BackpackAPIError, match="LastPrice"):
        trader.execute_order(
            "Market", "Ask", SOL, triggerPrice="70", triggerQuantity="1", triggerBy="MarkPrice"
        )
    slippage = {"slippageTolerance": "1", "slippageToleranceType": "TickSize"}
    nothing = trader.execute_order("Market", "Ask", SOL, quantity="1", **slippage)
    assert nothing["status"] in ("Expired", "Filled")
    with pytest.raises(BackpackAPIError, match="stopLossTriggerPrice"):
        trader.execute_order(
            "Limit", "Bid", SOL, price="90", quantity="1", stopLossTriggerPrice="80"
        )


def test_fills_and_balances(traded):
    (fill,) = traded.get_fill_history(symbol=SOL, fillType="User")
    assert (fill["price"], fill["quantity"], fill["isMaker"]) == ("100", "1", False)
    assert traded.get_balances()["SOL"]["available"] == "0.999"


def test_the_account(trader):
    before = trader.get_account()
    trader.update_account(autoLend=True, leverageLimit="1")
    assert trader.get_account() == before
    assert trader.get_max_order_quantity(SOL, "Bid", "100")["maxOrderQuantity"] == "1000"
    limit = trader.get_max_order_quantity(SOL, "Ask", reduceOnly=False)
    assert limit["maxOrderQuantity"] == "1000"
    assert trader.get_max_withdrawal_quantity("SOL")["maxWithdrawalQuantity"] == "1000"
    assert trader.get_max_borrow_quantity("SOL")["maxBorrowQuantity"] == "0"


def test_deposits_and_withdrawals(connect):
    owner = connect(USDC="1000")
    # Another process credited it, which this gateway may learn of a moment later.
    wait_until(lambda: owner.get_deposits(excludePlatform=False), 30, "the deposit is told")
    assert [one["quantity"] for one in owner.get_deposits(excludePlatform=False)] == ["1000"]
    assert owner.get_deposit_address("Solana")["address"]
    wanted = owner.request_withdrawal(ADDRESS, "Solana", "10", "USDC", client_id="mine")
    assert (wanted["status"], wanted["clientId"]) == ("pending", "mine")
    assert [one["id"] for one in owner.get_withdrawals()] == [wanted["id"]]


def test_what_only_other_venues_have(trader):
    assert trader.get_borrow_lend_positions() == trader.get_open_positions() == []
    assert trader.get_open_strategies() == []
    for name in HISTORIES:
        assert getattr(trader, f"get_{name}")() == []
    for refused in (
        lambda: trader.execute_borrow_lend("1", "Borrow", "USDC"),
        lambda: trader.convert_dust("SOL"),
        lambda: trader.create_strategy(SOL, "Bid", "Scheduled", quantity="1"),
        lambda: trader.submit_rfq(SOL, "Bid", quantity="1"),
    ):
        with pytest.raises(BackpackAPIError) as caught:
            refused()
        assert caught.value.code == "NOT_IMPLEMENTED"


def test_the_websocket_client(venue, account, connect, monkeypatch):
    # The client writes its address down while it is made, and connects at once.
    monkeypatch.setattr(
        WebSocketClient,
        "base_url",
        property(lambda self: venue.ws_url, lambda self, url: None),
        raising=False,
    )
    credentials = account(SOL="10")
    key, secret = credentials.api_key, credentials.api_secret
    seller = AuthenticationClient(key, secret, base_url=f"{venue.url}/")
    buyer = connect(USDC="1000")
    sockets = WebSocketClient(key, secret)
    trades, updates = queue.Queue(), queue.Queue()
    try:
        sockets.subscribe([f"trade.{SOL}"], trades.put)
        sockets.subscribe([f"account.orderUpdate.{SOL}"], updates.put, is_private=True)
        deadline = time.monotonic() + NEXT_S_MAX
        while trades.empty() or updates.empty():  # a subscription takes effect unannounced
            assert time.monotonic() < deadline
            seller.execute_order("Limit", "Ask", SOL, price="100", quantity="0.1")
            buyer.execute_order("Limit", "Bid", SOL, price="100", quantity="0.1")
        assert trades.get()["s"] == SOL
        assert updates.get()["e"] in ("orderAccepted", "orderFill")
        sockets.unsubscribe([f"trade.{SOL}"])
    finally:
        sockets.ws.on_close = None
        sockets.close()
        seller.cancel_open_orders(SOL)
        seller.session.close()
