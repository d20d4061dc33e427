"""Signatures as clients make them, and everything that is not one."""

import base64
from types import SimpleNamespace

import pytest
from nacl.signing import SigningKey
from venue.credentials import Credentials, body_of, signed_headers
from venue.local import LocalExchange

from truebook import commands
from truebook.api.authenticate import Authority, base_string, parameters_of
from truebook.api.errors import ApiError
from truebook.api.strict_json import decode
from truebook.clock import ManualClock
from truebook.config import SessionsSection
from truebook.messages import Permission
from truebook.people.addresses import AddressLists
from truebook.people.database import KeyRow

NOW = 1_795_000_000_000
ORDER = {"symbol": "SOL_USDC", "side": "Bid", "price": "1.0", "postOnly": False, "clientId": 42}


@pytest.fixture(scope="module")
def exchange():
    return LocalExchange()


@pytest.fixture(scope="module")
def trader(exchange):
    return exchange.open_account("trader", {})


@pytest.fixture
def authority(exchange):
    return Authority(exchange.directory, ManualClock(NOW))


def encoded(headers):
    return {name.lower().encode(): text.encode() for name, text in headers.items()}


def caller_of(authority, headers, *objects, instruction="orderExecute"):
    parsed = [decode(body_of(fields)) for fields in objects or ({},)]
    return authority.trader(encoded(headers), instruction, list(map(parameters_of, parsed)))


def refusal(authority, headers, *objects, instruction="orderExecute"):
    with pytest.raises(ApiError) as caught:
        caller_of(authority, headers, *objects, instruction=instruction)
    return caught.value.status, caught.value.code


def test_the_documented_example_is_what_is_signed():
    parameters = [("symbol", "BTC_USDT"), ("orderId", "28")]
    end = "timestamp=1614550000000&window=5000"
    assert base_string("orderCancel", [parameters], end, encoded=False) == (
        "instruction=orderCancel&orderId=28&symbol=BTC_USDT&timestamp=1614550000000&window=5000"
    )
    assert base_string("balanceQuery", [[]], end, encoded=False) == (
        "instruction=balanceQuery&timestamp=1614550000000&window=5000"
    )
    batch = base_string("orderExecute", [[("b", "1"), ("a", "2")], [("c", "3")]], end, encoded=True)
    assert batch.startswith("instruction=orderExecute&a=2&b=1&instruction=orderExecute&c=3&time")


def test_numbers_and_booleans_are_signed_as_they_were_written(authority, trader):
    headers = signed_headers(trader, "orderExecute", ORDER, timestamp=NOW)
    text = b'{"side":"Bid","symbol":"SOL_USDC","price":1.0,"postOnly":false,"clientId":42,"x":null}'
    parameters = parameters_of(decode(text))
    caller = authority.trader(encoded(headers), "orderExecute", [parameters])
    assert caller.account == trader.account


@pytest.mark.parametrize("value", ["a+b/c:d=", "addr plain", "né", "50%", "x=y"])
@pytest.mark.parametrize("percent_encoded", [True, False])
def test_values_may_be_signed_raw_or_percent_encoded(authority, trader, value, percent_encoded):
    fields = {"address": value, "symbol": "SOL"}
    headers = signed_headers(trader, "withdraw", fields, timestamp=NOW, encoded=percent_encoded)
    caller = caller_of(authority, headers, fields, instruction="withdraw")
    assert caller.account == trader.account


def test_one_signed_text_never_means_two_requests(authority, trader):
    signed = {"brokerId": "1", "postOnly": "true"}
    headers = signed_headers(trader, "orderExecute", signed, timestamp=NOW)
    reshaped = {"brokerId": "1&postOnly=true"}
    assert refusal(authority, headers, reshaped) == (401, "INVALID_SIGNATURE")
    assert refusal(authority, headers, {"brokerId=1&postOnly": "true"})[0] == 401
    headers = signed_headers(trader, "orderExecute", reshaped, timestamp=NOW, encoded=True)
    assert caller_of(authority, headers, reshaped).account == trader.account
    assert refusal(authority, headers, signed) == (401, "INVALID_SIGNATURE")


def test_batches_are_signed_order_by_order(authority, trader):
    batch = ({"symbol": "A", "price": "1"}, {"symbol": "B"})
    headers = signed_headers(trader, "orderExecute", *batch, timestamp=NOW)
    assert caller_of(authority, headers, *batch).account == trader.account
    assert refusal(authority, headers, *reversed(batch))[1] == "INVALID_SIGNATURE"
    assert refusal(authority, headers, batch[0])[1] == "INVALID_SIGNATURE"


def test_without_a_window_five_seconds_are_meant(authority, trader):
    headers = signed_headers(trader, "orderExecute", timestamp=NOW - 5_000, window=None)
    assert caller_of(authority, headers).account == trader.account
    headers = signed_headers(trader, "orderExecute", timestamp=NOW - 5_001, window=None)
    assert refusal(authority, headers) == (400, "INVALID_CLIENT_REQUEST")


@pytest.mark.parametrize("shift", [-60_001, 60_001])
def test_a_stale_request_is_told_so_in_the_words_that_clients_match(authority, trader, shift):
    headers = signed_headers(trader, "orderExecute", timestamp=NOW + shift, window=60_000)
    with pytest.raises(ApiError, match="Request has expired"):
        caller_of(authority, headers)


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("X-Timestamp", ""),
        ("X-Timestamp", "-1"),
        ("X-Timestamp", "1e12"),
        ("X-Timestamp", "1" * 5_000),
        ("X-Window", "60001"),
        ("X-Window", "-5"),
        ("X-Window", "9" * 5_000),
    ],
)
def test_a_senseless_time_is_a_bad_request_that_names_the_header(authority, trader, header, text):
    headers = signed_headers(trader, "orderExecute", timestamp=NOW) | {header: text}
    with pytest.raises(ApiError) as caught:
        caller_of(authority, headers)
    assert (caught.value.status, caught.value.field) == (400, header)


def test_every_changed_byte_spoils_the_signature(authority, trader):
    headers = signed_headers(trader, "orderExecute", ORDER, timestamp=NOW)
    for name in ORDER:
        changed = ORDER | {name: "x"}
        assert refusal(authority, headers, changed) == (401, "INVALID_SIGNATURE")
        without = {other: value for other, value in ORDER.items() if other != name}
        assert refusal(authority, headers, without) == (401, "INVALID_SIGNATURE")
    assert refusal(authority, headers, ORDER | {"more": "1"})[0] == 401
    assert refusal(authority, headers, ORDER, instruction="orderCancel")[0] == 401
    later = headers | {"X-Timestamp": str(NOW + 1)}
    assert refusal(authority, later, ORDER)[0] == 401
    wider = headers | {"X-Window": "5001"}
    assert refusal(authority, wider, ORDER)[0] == 401


@pytest.mark.parametrize("bit", range(0, 512, 37))
def test_a_flipped_bit_of_the_signature_is_noticed(authority, trader, bit):
    headers = signed_headers(trader, "orderExecute", timestamp=NOW)
    signature = bytearray(base64.b64decode(headers["X-Signature"]))
    signature[bit // 8] ^= 1 << bit % 8
    headers["X-Signature"] = base64.b64encode(signature).decode()
    assert refusal(authority, headers) == (401, "INVALID_SIGNATURE")


@pytest.mark.parametrize("text", ["", "x", "AAAA", "!" * 88, base64.b64encode(bytes(63)).decode()])
def test_what_is_no_signature_is_refused(authority, trader, text):
    headers = signed_headers(trader, "orderExecute", timestamp=NOW) | {"X-Signature": text}
    assert refusal(authority, headers) == (401, "INVALID_SIGNATURE")


@pytest.mark.parametrize("text", ["", "x", "AAAA", base64.b64encode(bytes(32)).decode()])
def test_what_is_no_key_is_refused(authority, trader, text):
    headers = signed_headers(trader, "orderExecute", timestamp=NOW) | {"X-API-Key": text}
    assert refusal(authority, headers) == (401, "UNAUTHORIZED")


def test_unknown_expired_and_revoked_keys_prove_nobody(exchange, authority):
    stranger = Credentials(1, bytes(SigningKey.generate()))
    assert refusal(authority, signed_headers(stranger, "orderExecute", timestamp=NOW)) == (
        401,
        "UNAUTHORIZED",
    )
    for name, permissions, expires_ms in (("late", Permission.TRADE, NOW), ("revoked", 0, 0)):
        key = SigningKey.generate()
        account = exchange.open_account(name, {}).account
        exchange.apply(
            commands.set_key(
                account=account,
                public_key=bytes(key.verify_key),
                permissions=permissions,
                expires_ms=expires_ms,
            )
        )
        headers = signed_headers(Credentials(account, bytes(key)), "orderExecute", timestamp=NOW)
        assert refusal(authority, headers) == (401, "UNAUTHORIZED")


def test_a_key_does_only_what_it_may(exchange, authority):
    reader = exchange.open_account("reader", {}, Permission.READ)
    headers = signed_headers(reader, "orderExecute", timestamp=NOW)
    assert refusal(authority, headers) == (403, "FORBIDDEN")
    headers = signed_headers(reader, "balanceQuery", timestamp=NOW)
    assert authority.reader(encoded(headers), "balanceQuery", []).account == reader.account


def test_the_signature_of_an_unknown_key_is_looked_at_too(authority, trader, monkeypatch):
    """Else the time of the answer would tell which keys exist."""
    looked_at = []

    def is_signed(signature, message, public_key):
        looked_at.append(public_key)
        return False

    monkeypatch.setattr("truebook.api.authenticate.is_signed", is_signed)
    for credentials in (trader, Credentials(1, bytes(SigningKey.generate()))):
        refusal(authority, signed_headers(credentials, "x", timestamp=NOW))
    assert len(looked_at) == 2


def permitted(exchange, clock, lists, expires_ms=0):
    """A trader, who asks from 10.0.0.1 and may trade, with the key and the permit."""
    trader = exchange.open_account("permitted", {})
    key = base64.b64decode(trader.api_key)
    exchange.apply(
        commands.set_key(
            account=trader.account,
            public_key=key,
            permissions=Permission.TRADE,
            expires_ms=expires_ms,
        )
    )
    doorkeeper = SimpleNamespace(address_lists=lists, section=SessionsSection())
    authority = Authority(exchange.directory, clock, doorkeeper=doorkeeper)
    caller = caller_of(
        authority, signed_headers(trader, "orderExecute", ORDER, timestamp=NOW), ORDER
    )

    def look():
        return authority.permit(caller, "10.0.0.1", Permission.TRADE)

    return trader, key, authority, look


def test_a_permit_holds_until_the_key_is_revoked():
    exchange = LocalExchange()
    trader, key, authority, look = permitted(exchange, ManualClock(NOW), AddressLists())
    permit = look()
    assert authority.holds(permit)
    exchange.apply(commands.set_key(account=trader.account, public_key=key, permissions=0))
    assert not authority.holds(permit)
    assert look() is None


def test_a_permit_holds_until_the_key_expires():
    clock = ManualClock(NOW)
    _, _, authority, look = permitted(LocalExchange(), clock, AddressLists(), NOW + 1_000)
    permit = look()
    clock.advance(0.999)
    assert authority.holds(permit)
    clock.advance(0.001)
    assert not authority.holds(permit)
    assert look() is None


def test_a_permit_holds_until_address_lists_are_loaded():
    lists = AddressLists()
    _, key, authority, look = permitted(LocalExchange(), ManualClock(NOW), lists)
    permit = look()
    assert authority.holds(permit)
    lists.load([KeyRow(key, "", "10.0.0.1", NOW)])
    assert not authority.holds(permit)
    assert authority.holds(look())
    lists.load([KeyRow(key, "", "10.0.0.2", NOW)])
    assert look() is None
