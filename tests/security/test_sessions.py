"""The session cookie: how it travels, and when it stops opening anything."""

import pytest
from venue.browser import PASSWORD, Town
from venue.credentials import signed_headers

ME = "/api/v1/auth/session"
ORDER = {
    "symbol": "SOL_USDC",
    "side": "Bid",
    "orderType": "Limit",
    "price": "90",
    "quantity": "1",
}


@pytest.fixture
def town(tmp_path):
    town = Town(tmp_path, accounts={"faucet": "USDC=1000,SOL=10"})
    yield town
    town.close()


def test_the_cookie_is_http_only_and_same_site_strict_and_never_in_a_body(town):
    alice = town.browser()
    answer = alice.call("POST", "/api/v1/auth/signup", name="alice", password=PASSWORD)
    name, _, token = alice.cookie.partition("=")
    assert name == "truebook"
    assert alice.set_cookie.endswith("; Path=/; HttpOnly; SameSite=Strict; Max-Age=86400")
    assert len(token) == 43
    assert token.encode() not in answer.body


def test_behind_tls_the_cookie_is_sent_over_nothing_else(tmp_path):
    town = Town(tmp_path, sessions={"secure": True})
    alice = town.signed_up("alice", origin="https://exchange.test")
    assert alice.cookie.startswith("__Host-truebook=")
    assert "; HttpOnly; SameSite=Strict; Secure; " in alice.set_cookie
    town.close()


def test_a_login_rotates_the_cookie_and_ends_the_session_before(town):
    alice = town.signed_up("alice")
    before = alice.cookie
    assert alice.log_in("alice").status == 200
    assert alice.cookie != before
    assert alice.call("GET", ME).status == 200
    alice.cookie = before
    assert alice.call("GET", ME).status == 401


def test_a_session_that_an_attacker_planted_is_not_taken_over(town):
    """Session fixation: whatever cookie the browser had, after the login it has another."""
    alice = town.signed_up("alice")
    alice.call("POST", "/api/v1/auth/logout")
    alice.cookie = planted = "truebook=" + "A" * 43
    assert alice.log_in("alice").status == 200
    assert alice.cookie != planted


def test_after_logout_the_cookie_opens_nothing_on_any_gateway(town):
    other = town.gateway()
    alice = town.signed_up("alice")
    elsewhere = town.browser(other)
    elsewhere.cookie = cookie = alice.cookie
    assert elsewhere.call("GET", ME).status == 200
    assert alice.call("POST", "/api/v1/auth/logout").status == 200
    assert alice.cookie is None
    town.poll()
    alice.cookie = cookie
    assert alice.call("GET", ME).status == 401
    assert elsewhere.call("GET", ME).status == 401


def test_a_changed_password_ends_all_sessions_but_the_one_it_was_changed_in(town):
    alice, phone = town.signed_up("alice"), town.browser()
    phone.log_in("alice")
    old = alice.cookie
    changed = alice.call(
        "POST", "/api/v1/auth/password", password=PASSWORD, newPassword="a new one, longer"
    )
    assert changed.status == 200
    assert alice.call("GET", ME).status == 200
    assert phone.call("GET", ME).status == 401
    alice.cookie = old
    assert alice.call("GET", ME).status == 401
    assert phone.log_in("alice").status == 401
    assert phone.log_in("alice", "a new one, longer").status == 200


def test_changing_a_password_takes_the_old_one(town):
    alice = town.signed_up("alice")
    answer = alice.call(
        "POST", "/api/v1/auth/password", password="a wrong guess", newPassword="a new one, longer"
    )
    assert answer.status == 401
    assert town.browser().log_in("alice").status == 200


def test_a_session_ends_by_itself(town):
    alice = town.signed_up("alice")
    town.clock.advance(24 * 3600 - 1)
    assert alice.call("GET", ME).status == 200
    town.clock.advance(1)
    assert alice.call("GET", ME).status == 401


def test_one_session_or_all_can_be_ended_from_another(town):
    alice, phone, stranger = town.signed_up("alice"), town.browser(), town.signed_up("mallory")
    phone.log_in("alice")
    listed = alice.call("GET", "/api/v1/auth/sessions").json
    assert [one["current"] for one in listed] == [False, True]
    assert listed[0]["agent"] == "Browser/1.0"
    target = {"id": listed[0]["id"]}
    assert stranger.call("DELETE", "/api/v1/auth/sessions", **target).status == 404
    assert phone.call("GET", ME).status == 200
    assert alice.call("DELETE", "/api/v1/auth/sessions", **target).status == 200
    assert phone.call("GET", ME).status == 401
    phone.log_in("alice")
    assert alice.call("DELETE", "/api/v1/auth/sessions", all=True).status == 200
    assert phone.call("GET", ME).status == 401
    assert alice.cookie is None
    assert alice.log_in("alice").status == 200


@pytest.mark.parametrize(
    "cookie",
    [
        "truebook=",
        "truebook=" + "A" * 43,
        "truebook=" + "A" * 5_000,
        "truebook=\xff\xfe",
        "truebook",
        ";;;=;",
    ],
)
def test_what_is_no_token_opens_nothing(town, cookie):
    visitor = town.browser()
    visitor.cookie = cookie
    assert visitor.call("GET", ME).status == 401


def test_two_session_cookies_at_once_count_as_none(town):
    """A page of a neighbouring host may have planted the other."""
    alice = town.signed_up("alice")
    alice.cookie = f"{alice.cookie}; {alice.cookie}"
    assert alice.call("GET", ME).status == 401


def test_the_account_of_an_order_is_the_sessions_never_the_bodys(town):
    alice, victim = town.signed_up("alice"), town.signed_up("victim")
    account = victim.call("GET", ME).json["accountId"]
    answer = alice.call(
        "POST", "/api/v1/order", **ORDER, accountId=str(account), userId=str(account)
    )
    assert answer.status == 200
    assert len(alice.call("GET", "/api/v1/orders").json) == 1
    assert victim.call("GET", "/api/v1/orders").json == []


def test_another_accounts_order_is_unknown_to_a_session(town):
    alice, mallory = town.signed_up("alice"), town.signed_up("mallory")
    order_id = alice.call("POST", "/api/v1/order", **ORDER).json["id"]
    target = {"symbol": "SOL_USDC", "orderId": order_id}
    assert mallory.call("GET", "/api/v1/order", **target).status == 404
    assert mallory.call("DELETE", "/api/v1/order", **target).status == 404
    assert alice.call("DELETE", "/api/v1/order", **target).status == 200


def test_a_signed_request_is_its_keys_whatever_cookie_comes_along(town):
    alice, bob = town.signed_up("alice"), town.signed_up("bob")
    key = bob.make_key("read")
    headers = signed_headers(key, "keyQueryAll", {}, timestamp=town.clock.now_ms())
    alices = alice.call("GET", "/api/v1/keys").json
    bobs = bob.call("GET", "/api/v1/keys").json
    assert alices == []
    assert alice.send("GET", "/api/v1/keys", {}, headers).json == bobs
    spoilt = headers | {"X-Signature": "A" * 86 + "=="}
    assert alice.send("GET", "/api/v1/keys", {}, spoilt).status == 401
