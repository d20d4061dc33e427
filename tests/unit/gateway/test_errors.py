"""Every failure has its words."""

import pytest

from truebook.api.errors import REJECTIONS, rejected
from truebook.messages import RejectCode

CODES = """
ACCOUNT_DEACTIVATED ACCOUNT_LIQUIDATING BORROW_LIMIT BORROW_REQUIRES_LEND_REDEEM FORBIDDEN
INSUFFICIENT_FUNDS INSUFFICIENT_MARGIN INSUFFICIENT_SUPPLY INVALID_ASSET INVALID_CLIENT_REQUEST
INVALID_MARKET INVALID_ORDER INVALID_PRICE INVALID_POSITION_ID INVALID_QUANTITY INVALID_RANGE
INVALID_SIGNATURE INVALID_SOURCE INVALID_SYMBOL INVALID_TWO_FACTOR_CODE LEND_LIMIT
LEND_REQUIRES_BORROW_REPAY MAINTENANCE MAX_LEVERAGE_REACHED NOT_IMPLEMENTED ORDER_LIMIT
POSITION_LIMIT PRECONDITION_FAILED RESOURCE_NOT_FOUND SERVER_ERROR TIMEOUT TOO_EARLY
TOO_MANY_REQUESTS TRADING_PAUSED UNAUTHORIZED
"""
"""The enumeration of the contract, complete."""


@pytest.mark.parametrize("code", [code for code in RejectCode if code is not RejectCode.NONE])
def test_every_reject_code_of_the_engine_is_told_in_the_contracts_words(code):
    error = rejected(code)
    assert error.code in CODES.split()
    assert 400 <= error.status < 600
    assert error.message
    assert error.body()["code"] == error.code


def test_no_other_code_stands_in_the_table():
    assert REJECTIONS.keys() == set(RejectCode) - {RejectCode.NONE}


@pytest.mark.parametrize(
    ("code", "status", "name", "message"),
    [
        (RejectCode.POST_ONLY_WOULD_TAKE, 400, "INVALID_ORDER", "immediately match and take"),
        (RejectCode.UNKNOWN_ORDER, 404, "RESOURCE_NOT_FOUND", "Not Found"),
        (RejectCode.INSUFFICIENT_FUNDS, 400, "INSUFFICIENT_FUNDS", "Insufficient funds"),
        (RejectCode.PRICE_OUT_OF_BAND, 400, "INVALID_PRICE", "too far from the last active price"),
        (RejectCode.QUANTITY_TOO_SMALL, 400, "INVALID_QUANTITY", "is below the minimum allowed"),
        (RejectCode.ORDER_LIMIT_MARKET, 400, "ORDER_LIMIT", ""),
        (RejectCode.MARKET_PAUSED, 503, "TRADING_PAUSED", ""),
        (RejectCode.ACCOUNT_BLOCKED, 403, "ACCOUNT_DEACTIVATED", ""),
        (RejectCode.UNKNOWN_MARKET, 400, "INVALID_MARKET", ""),
    ],
)
def test_what_clients_match_on_is_kept_to_the_letter(code, status, name, message):
    error = rejected(code)
    assert (error.status, error.code) == (status, name)
    assert message in error.message


def test_a_duplicate_client_id_answers_with_the_live_orders_id():
    assert rejected(RejectCode.DUPLICATE_CLIENT_ID, 77).body()["id"] == "77"
