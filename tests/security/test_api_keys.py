"""API keys: who may make them, what they may do, from where, and until when."""

import base64

import pytest
from nacl.signing import SigningKey
from venue.browser import PASSWORD, Town
from venue.credentials import Credentials, signed_headers

from truebook.limits import API_KEYS_OF_AN_ACCOUNT_MAX
from truebook.messages import Permission
from truebook.people.passwords import PASSWORD_KEY_EXPIRES_MS, derive

KEYS = "/api/v1/keys"
CAPITAL = ("GET", "/api/v1/capital", "balanceQuery")
CANCEL = ("DELETE", "/api/v1/orders", "orderCancelAll")


@pytest.fixture
def town(tmp_path):
    town = Town(tmp_path)
    yield town
    town.close()


@pytest.fixture
def alice(town):
    return town.signed_up("alice")


def test_a_key_does_only_what_it_may(alice):
    reader, trader = alice.make_key("read"), alice.make_key("trade")
    assert alice.signed(reader, *CAPITAL).status == 200
    answer = alice.signed(reader, *CANCEL, symbol="SOL_USDC")
    assert (answer.status, answer.json["code"]) == (403, "FORBIDDEN")
    assert alice.signed(trader, *CANCEL, symbol="SOL_USDC").status == 200
    assert alice.signed(trader, *CAPITAL).status == 403


def test_a_key_works_only_from_the_addresses_on_its_list(town, alice):
    key = alice.make_key("read", addresses=["192.0.2.1", "2001:db8::/32"])
    assert alice.signed(key, *CAPITAL).status == 200
    for address, status in (
        ("2001:db8::7", 200),
        ("::ffff:192.0.2.1", 200),
        ("192.0.2.2", 403),
        ("", 403),
        ("not an address", 403),
    ):
        assert town.browser(address=address).signed(key, *CAPITAL).status == status
    forged = {"X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1"}
    elsewhere = town.browser(address="203.0.113.1")
    headers = signed_headers(key, "balanceQuery", {}, timestamp=town.clock.now_ms())
    assert elsewhere.send("GET", "/api/v1/capital", {}, {**headers, **forged}).status == 403


def test_a_changed_list_counts_on_every_gateway(town, alice):
    other = town.gateway()
    key = alice.make_key("read")
    remote = town.browser(other)
    assert remote.signed(key, *CAPITAL).status == 200
    changed = alice.call("PATCH", KEYS, apiKey=key.api_key, addresses=["10.0.0.0/8"], label="x")
    assert changed.status == 200
    town.poll()
    assert remote.signed(key, *CAPITAL).status == 403
    assert alice.signed(key, *CAPITAL).status == 403


def test_a_revoked_and_an_expired_key_prove_nobody(town, alice):
    key = alice.make_key("read")
    late = alice.make_key("read", expiresAt=town.clock.now_ms() + 60_000)
    assert alice.signed(key, *CAPITAL).status == 200
    assert alice.signed(late, *CAPITAL).status == 200
    assert alice.call("DELETE", KEYS, apiKey=key.api_key).status == 200
    town.clock.advance(60)
    for gone in (key, late):
        answer = alice.signed(gone, *CAPITAL)
        assert (answer.status, answer.json["code"]) == (401, "UNAUTHORIZED")


def test_a_revoked_key_can_not_be_registered_again(town, alice):
    key = alice.make_key("read")
    alice.call("DELETE", KEYS, apiKey=key.api_key)
    for somebody in (alice, town.signed_up("mallory")):
        answer = somebody.call("POST", KEYS, permissions=["read"], publicKey=key.api_key)
        assert answer.status == 400


def test_nobody_gives_a_key_more_than_they_have(town, alice):
    for names in (["admin"], ["read", "admin"]):
        answer = alice.call("POST", KEYS, permissions=names)
        assert (answer.status, answer.json["code"]) == (403, "FORBIDDEN")
    root = town.administrator()
    key = root.make_key("admin")
    listed = root.signed(key, "GET", "/api/v1/admin/accounts", "adminAccountQueryAll")
    assert listed.status == 200


@pytest.mark.parametrize("permissions", [("read", "trade", "withdraw"), ("admin",)])
def test_a_stolen_key_can_not_make_itself_a_successor(town, permissions):
    root = town.administrator()
    key = root.make_key(*permissions)
    own = base64.b64encode(bytes(SigningKey.generate().verify_key)).decode()
    for method, fields in (
        ("POST", {"permissions": "read", "publicKey": own}),
        ("PATCH", {"apiKey": key.api_key, "label": "mine"}),
        ("DELETE", {"apiKey": key.api_key}),
    ):
        answer = root.signed(key, method, KEYS, "keyAdd", **fields)
        assert answer.status == 401, method


def test_keys_of_others_can_be_neither_revoked_nor_changed_nor_seen(town, alice):
    mallory = town.signed_up("mallory")
    key = alice.make_key("read", label="my bot")
    assert mallory.call("DELETE", KEYS, apiKey=key.api_key).status == 404
    assert mallory.call("PATCH", KEYS, apiKey=key.api_key, addresses=[]).status == 404
    assert mallory.call("GET", KEYS).json == []
    assert [one["label"] for one in alice.call("GET", KEYS).json] == ["my bot"]


def test_a_key_of_another_account_can_not_be_registered(town, alice):
    key = alice.make_key("read")
    answer = town.signed_up("mallory").call(
        "POST", KEYS, permissions=["read"], publicKey=key.api_key
    )
    assert answer.status == 400


def test_a_public_key_of_small_order_is_none(alice):
    """Signatures of anything could be made for it."""
    small = [
        bytes(32),
        bytes([1]) + bytes(31),
        bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    ]
    for public_key in small:
        text = base64.b64encode(public_key).decode()
        answer = alice.call("POST", KEYS, permissions=["read"], publicKey=text)
        assert answer.status == 400


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("permissions", []),
        ("permissions", ["root"]),
        ("permissions", "read"),
        ("permissions", [7]),
        ("permissions", None),
        ("publicKey", "x"),
        ("publicKey", "AAAA"),
        ("publicKey", 7),
        ("label", "x" * 41),
        ("label", 7),
        ("addresses", ["x"]),
        ("addresses", ["10.0.0.1/8"]),
        ("addresses", ["10.0.0.1"] * 21),
        ("addresses", "10.0.0.1"),
        ("expiresAt", -1),
        ("expiresAt", 1),
        ("expiresAt", 1.5),
        ("expiresAt", True),
        ("expiresAt", PASSWORD_KEY_EXPIRES_MS),
        ("expiresAt", 1 << 63),
        ("expiresAt", "１２"),
    ],
)
def test_what_can_not_be_meant_makes_no_key(town, alice, field, value):
    before = town.exchange.engine.state_hash()
    fields = {"permissions": ["read"], field: value}
    answer = alice.call("POST", KEYS, **fields)
    assert (answer.status, answer.json["code"]) == (400, "INVALID_CLIENT_REQUEST")
    assert town.exchange.engine.state_hash() == before


def test_the_keys_of_an_account_are_bounded(town, alice, monkeypatch):
    """Each takes a slot of the engine for good."""
    monkeypatch.setattr("truebook.people.keys.API_KEYS_OF_AN_ACCOUNT_MAX", 3)
    assert API_KEYS_OF_AN_ACCOUNT_MAX > 3
    for _ in range(3):
        alice.call("DELETE", KEYS, apiKey=alice.make_key("read").api_key)
    assert alice.call("POST", KEYS, permissions=["read"]).status == 400
    changed = alice.call(
        "POST", "/api/v1/auth/password", password=PASSWORD, newPassword="a new one, longer"
    )
    assert changed.status == 200


def test_the_key_of_a_password_signs_no_requests(town, alice):
    """Else guesses could be made that no back-off counts."""
    account = town.exchange.directory.account_by_name["alice"].number
    salt = town.run(town.people._database.run(lambda database: database.salts(account)))[0]
    key = Credentials(account, bytes(derive(PASSWORD, salt)))
    assert alice.signed(key, *CAPITAL).status == 401
    assert alice.signed(key, *CANCEL, symbol="SOL_USDC").status == 401
    assert alice.call("DELETE", KEYS, apiKey=key.api_key).status == 404


def test_only_a_permission_in_the_log_makes_an_administrator(town, alice):
    assert town.exchange.directory.keys
    for key in town.exchange.directory.keys.values():
        assert Permission.ADMIN not in key.permissions
    fields = {"name": "alice", "symbol": "USDC", "quantity": "1", "reason": "greed"}
    before = town.exchange.engine.state_hash()
    for method, path, sent in (
        ("POST", "credit", fields),
        ("POST", "debit", fields),
        ("POST", "assets", {"symbol": "X", "decimals": 2, "reason": "x"}),
        ("POST", "markets", {"symbol": "SOL_BTC", "tick": "1", "step": "1", "reason": "x"}),
        ("POST", "markets/state", {"symbol": "SOL_USDC", "state": "Closed", "reason": "x"}),
        ("POST", "tiers", {"tier": 0, "makerFee": 0, "takerFee": 0, "reason": "x"}),
        ("GET", "accounts", {}),
        ("PATCH", "accounts", {"name": "alice", "tier": 1, "reason": "x"}),
    ):
        answer = alice.call(method, f"/api/v1/admin/{path}", **sent)
        assert (answer.status, answer.json["code"]) == (403, "FORBIDDEN"), path
        nobody = town.browser().call(method, f"/api/v1/admin/{path}", **sent)
        assert (nobody.status, nobody.json["code"]) == (401, "UNAUTHORIZED"), path
    assert town.exchange.engine.state_hash() == before
