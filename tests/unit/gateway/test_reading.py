"""What can be read without trading: the venue, one's own account, and the stubs."""

import pytest
from venue.asgi import INSTRUCTIONS
from venue.credentials import signed_headers

from truebook import commands
from truebook.api.stubs import HISTORIES, PRIVATE, PUBLIC
from truebook.asking import TimedOut
from truebook.messages import MarketState

BID = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}

MARKET_KEYS = {
    "symbol",
    "baseSymbol",
    "quoteSymbol",
    "marketType",
    "filters",
    "imfFunction",
    "mmfFunction",
    "fundingInterval",
    "fundingRateUpperBound",
    "fundingRateLowerBound",
    "openInterestLimit",
    "orderBookState",
    "createdAt",
    "visible",
    "positionLimitWeight",
}


def test_ping_and_time_are_plain_text(public):
    ping, time = public.call("GET", "/api/v1/ping"), public.call("GET", "/api/v1/time")
    assert ping.body == b"pong"
    assert len(time.body) == 13
    assert time.body.isdigit()
    for answer in (ping, time):
        assert answer.headers["content-type"].startswith("text/plain")


def test_a_market_has_the_contracts_shape(public):
    (sol, *_) = public.call("GET", "/api/v1/markets").json
    assert sol.keys() == MARKET_KEYS
    assert (sol["marketType"], sol["orderBookState"], sol["visible"]) == ("SPOT", "Open", True)
    price, quantity = sol["filters"]["price"], sol["filters"]["quantity"]
    assert (price["tickSize"], price["minPrice"]) == ("0.01", "0.01")
    assert (price["maxMultiplier"], price["minMultiplier"]) == ("1.25", "0.75")
    assert (price["maxImpactMultiplier"], price["minImpactMultiplier"]) == ("1.03", "0.97")
    assert (quantity["stepSize"], quantity["minQuantity"]) == ("0.01", "0.01")
    assert public.call("GET", "/api/v1/market", {"symbol": "SOL_USDC"}).json == sol


def test_markets_are_filtered_by_type(public):
    def of_type(query):
        return public.raw("GET", "/api/v1/markets", query=query)

    assert len(of_type("marketType=SPOT&marketType=PERP").json) == 3
    assert of_type("marketType=PERP").json == []
    assert of_type("marketType=X").status == 400


def test_the_state_of_a_market_follows_the_log(exchange, public):
    for state, word in zip(
        MarketState, ["Open", "CancelOnly", "PostOnly", "LimitOnly", "Closed"], strict=True
    ):
        exchange.apply(commands.set_market_state(market=0, state=state))
        market = public.call("GET", "/api/v1/market", {"symbol": "SOL_USDC"}).json
        assert market["orderBookState"] == word


def test_an_unknown_market_is_no_market(public):
    for query in ({"symbol": "X_Y"}, {}):
        assert public.call("GET", "/api/v1/market", query).json["field"] == "symbol"
    twice = public.raw("GET", "/api/v1/market", query="symbol=SOL_USDC&symbol=BTC_USDC")
    assert (twice.status, twice.json["field"]) == (400, "symbol")


def test_assets_have_the_contracts_shape(public):
    assets = {asset["symbol"]: asset for asset in public.call("GET", "/api/v1/assets").json}
    assert list(assets) == ["USDC", "SOL", "BTC", "ETH"]
    assert assets["SOL"]["displayName"] == "Solana"
    assert assets["SOL"]["tokens"][0]["nativeDecimals"] == 9


def test_status_tells_whether_orders_are_accepted(exchange, public):
    assert public.call("GET", "/api/v1/status").json == {"status": "Ok", "message": None}


def test_status_is_maintenance_while_no_engine_answers(exchange, public):
    exchange.failure = TimedOut("")
    assert public.call("GET", "/api/v1/status").json["status"] == "Maintenance"


def test_capital_is_every_balance_that_is_not_zero(alice):
    alice.call("POST", "/api/v1/order", BID)
    assert alice.call("GET", "/api/v1/capital").json == {
        "USDC": {"available": "99910", "locked": "90", "staked": "0"},
        "SOL": {"available": "1000", "locked": "0", "staked": "0"},
    }


def test_an_account_tells_its_fees_in_basis_points(exchange, alice):
    alice.call("POST", "/api/v1/order", BID)
    account = alice.call("GET", "/api/v1/account").json
    assert (account["spotMakerFee"], account["spotTakerFee"]) == ("8", "10")
    assert account["limitOrders"] == 1
    exchange.apply(commands.set_tier(tier=2, maker_bp=1, taker_bp=5))
    number = alice.credentials.account
    exchange.apply(commands.set_account(name="alice", account=number, tier=2))
    assert alice.call("GET", "/api/v1/account").json["spotMakerFee"] == "1"


def test_limits_follow_the_available_balance(alice):
    path = "/api/v1/account/limits/order"
    bid = alice.call("GET", path, {"symbol": "SOL_USDC", "side": "Bid", "price": "300"})
    assert bid.json["maxOrderQuantity"] == "333.33"
    ask = alice.call("GET", path, {"symbol": "SOL_USDC", "side": "Ask"})
    assert ask.json["maxOrderQuantity"] == "1000"
    missing = alice.call("GET", path, {"symbol": "SOL_USDC", "side": "Bid"})
    assert (missing.status, missing.json["field"]) == (400, "price")
    withdrawal = alice.call("GET", "/api/v1/account/limits/withdrawal", {"symbol": "USDC"})
    assert withdrawal.json == {"maxWithdrawalQuantity": "100000", "symbol": "USDC"}
    unknown = alice.call("GET", "/api/v1/account/limits/withdrawal", {"symbol": "DOGE"})
    assert (unknown.status, unknown.json["code"]) == (400, "INVALID_ASSET")


@pytest.mark.parametrize("path", PUBLIC)
def test_public_stubs_are_empty(public, path):
    answer = public.call("GET", path)
    assert (answer.status, answer.json) == (200, [])


@pytest.mark.parametrize("path", PRIVATE | HISTORIES)
def test_private_stubs_are_empty_for_who_signs(public, alice, path):
    headers = signed_headers(
        alice.credentials, (PRIVATE | HISTORIES)[path], {"limit": 5}, window=60_000
    )
    answer = alice.raw("GET", path, query="limit=5", headers=headers)
    assert (answer.status, answer.json) == (200, [])
    assert ("x-total" in answer.headers) == (path in HISTORIES)
    assert public.raw("GET", path).status == 401


def test_account_settings_of_other_venues_are_taken_note_of(alice):
    body = {"autoLend": True, "leverageLimit": "1"}
    headers = signed_headers(alice.credentials, "accountUpdate", body)
    text = b'{"autoLend":true,"leverageLimit":"1"}'
    answer = alice.raw("PATCH", "/api/v1/account", body=text, headers=headers)
    assert (answer.status, answer.body) == (200, b"")


def test_a_deposit_address_names_the_account(alice):
    path = "/wapi/v1/capital/deposit/address"
    answer = alice.call("GET", path, {"blockchain": "Solana"})
    assert answer.json == {"address": f"truebook-account-{alice.credentials.account}"}
    assert alice.call("GET", path).json["field"] == "blockchain"


@pytest.mark.parametrize(("method", "path"), INSTRUCTIONS)
def test_nothing_private_is_answered_without_a_signature(public, method, path):
    value = [{"symbol": "SOL_USDC"}] if INSTRUCTIONS[method, path] == "orderExecute" else {}
    if path.endswith("/order") and value:
        value = value[0]
    assert public.call(method, path, value).status == 401
