"""Keys and signatures that must open nothing, and orders that are somebody else's."""

import base64
import json

import pytest
from nacl.bindings import crypto_scalarmult_ed25519_base_noclamp
from nacl.signing import SigningKey
from venue.credentials import Credentials, body_of, query_of, signed_headers

from truebook import commands
from truebook.api import authenticate
from truebook.directory import Key
from truebook.messages import Permission
from truebook.signatures import is_signed

ORDER = "/api/v1/order"
BID = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    # The same again in encodings that are not the shortest.
    "0100000000000000000000000000000000000000000000000000000000000080",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]
GROUP_ORDER = (1 << 252) + 27742317777372353535851937790883648493


@pytest.fixture(scope="module")
def reader(target):
    return target.exchange.open_account("reader", {"USDC": "1000"}, Permission.READ)


@pytest.fixture(scope="module")
def blind(target):
    return target.exchange.open_account("blind", {"USDC": "1000"}, Permission.TRADE)


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_a_public_key_of_small_order_is_refused_where_keys_are_registered(point):
    with pytest.raises(ValueError, match="Ed25519"):
        commands.set_key(account=1, public_key=bytes.fromhex(point), permissions=1)


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_a_public_key_of_small_order_verifies_nothing_even_if_it_were_registered(target, point):
    """For such a key R = s·B, s fits one message in eight, or all of them."""
    public_key = bytes.fromhex(point)
    keys = target.exchange.directory.keys
    keys[public_key] = Key(target.trader.account, Permission.READ | Permission.TRADE, 0)
    scalar = (7).to_bytes(32, "little")
    signature = crypto_scalarmult_ed25519_base_noclamp(scalar) + scalar
    try:
        for price in range(80, 100):
            order = BID | {"price": str(price)}
            headers = signed_headers(target.trader, "orderExecute", order) | {
                "X-API-Key": base64.b64encode(public_key).decode(),
                "X-Signature": base64.b64encode(signature).decode(),
            }
            answer = target.request("POST", ORDER, body_of(order), headers)
            assert (answer.status, answer.code) == (401, "INVALID_SIGNATURE")
    finally:
        del keys[public_key]


def test_a_signature_cant_be_turned_into_another_one(target):
    """Or the same order could be sent twice under two signatures."""
    headers = signed_headers(target.trader, "orderExecute", BID)
    signature = base64.b64decode(headers["X-Signature"])
    scalar = int.from_bytes(signature[32:], "little") + GROUP_ORDER
    forged = signature[:32] + scalar.to_bytes(32, "little")
    headers["X-Signature"] = base64.b64encode(forged).decode()
    answer = target.request("POST", ORDER, body_of(BID), headers)
    assert (answer.status, answer.code) == (401, "INVALID_SIGNATURE")


@pytest.mark.parametrize("byte", [0, 31, 32, 63])
def test_one_byte_changed_is_another_signature(target, byte):
    headers = signed_headers(target.trader, "orderExecute", BID)
    signature = bytearray(base64.b64decode(headers["X-Signature"]))
    signature[byte] ^= 1
    headers["X-Signature"] = base64.b64encode(signature).decode()
    answer = target.request("POST", ORDER, body_of(BID), headers)
    assert (answer.status, answer.code) == (401, "INVALID_SIGNATURE")


def test_an_unknown_key_costs_the_same_work_as_a_known_one(target, monkeypatch):
    """So the time of the answer doesn't tell which keys exist."""
    verified = []

    def counted(signature, message, public_key):
        verified.append(public_key)
        return is_signed(signature, message, public_key)

    monkeypatch.setattr(authenticate, "is_signed", counted)
    work = {}
    for who in (target.trader, Credentials(1, bytes(SigningKey.generate()))):
        for is_right in (True, False):
            verified.clear()
            instruction = "orderExecute" if is_right else "orderCancel"
            headers = signed_headers(who, instruction, {"symbol": "NO_SUCH"})
            answer = target.request("POST", ORDER, body_of({"symbol": "NO_SUCH"}), headers)
            work[who is target.trader, is_right] = (answer.status, len(verified))
    assert work[False, True] == (401, work[True, True][1])
    assert work[False, False] == (401, work[True, False][1])


@pytest.mark.parametrize(
    ("method", "path", "instruction", "body"),
    [
        ("POST", ORDER, "orderExecute", body_of(BID)),
        ("POST", "/api/v1/orders", "orderExecute", body_of([BID])),
        ("DELETE", ORDER, "orderCancel", body_of({"symbol": "SOL_USDC", "orderId": "1"})),
        ("DELETE", "/api/v1/orders", "orderCancelAll", body_of({"symbol": "SOL_USDC"})),
    ],
)
def test_a_key_that_may_only_read_changes_nothing(target, reader, method, path, instruction, body):
    answer = target.signed(method, path, instruction, body, reader)
    assert (answer.status, answer.code) == (403, "FORBIDDEN")


def test_a_key_that_may_only_trade_reads_nothing(target, blind):
    answer = target.request("GET", "/api/v1/capital", headers=signed_headers(blind, "balanceQuery"))
    assert (answer.status, answer.code) == (403, "FORBIDDEN")


def test_somebody_elses_order_is_as_unknown_as_one_that_isnt_there(changeable):
    other = changeable.exchange.open_account("other", {"USDC": "1000"})
    placed = changeable.signed("POST", ORDER, "orderExecute", body_of(BID))
    resting = int(json.loads(placed.body)["id"])
    for order_id in (resting, resting + 1):
        fields = {"symbol": "SOL_USDC", "orderId": str(order_id)}
        cancelled = changeable.signed("DELETE", ORDER, "orderCancel", body_of(fields), other)
        headers = signed_headers(other, "orderQuery", fields)
        found = changeable.request("GET", f"{ORDER}?{query_of(fields)}", headers=headers)
        assert (cancelled.status, cancelled.code) == (404, "RESOURCE_NOT_FOUND")
        assert (found.status, found.code) == (404, "RESOURCE_NOT_FOUND")
    assert changeable.exchange.engine.order(resting) is not None
