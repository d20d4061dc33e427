"""Requests that a page of another site made the browser send, cookie included."""

import pytest
from venue.browser import Town
from venue.credentials import signed_headers

ORDERS = {"symbol": "SOL_USDC"}
FOREIGN = [
    {"Origin": "http://evil.test"},
    {"Origin": "null"},
    {"Origin": "http://exchange.test.evil.test"},
    {"Origin": "http://exchange.test:81"},
    {"Origin": ""},
    {"Origin": None, "Sec-Fetch-Site": "cross-site"},
    {"Origin": None, "Sec-Fetch-Site": "same-site"},
]


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    town = Town(tmp_path_factory.mktemp("town"), sessions={"origins": "https://app.test"})
    yield town
    town.close()


@pytest.fixture(scope="module")
def alice(town):
    return town.signed_up("alice")


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_script_of_another_origin_is_refused(alice, headers):
    for method, path in (
        ("DELETE", "/api/v1/orders"),
        ("POST", "/api/v1/keys"),
        ("POST", "/api/v1/auth/logout"),
        ("POST", "/api/v1/auth/login"),
        ("POST", "/api/v1/admin/credit"),
        ("PATCH", "/api/v1/account"),
    ):
        answer = alice.send(method, path, ORDERS, headers)
        assert (answer.status, answer.json["code"]) == (403, "FORBIDDEN"), (method, path)
    assert alice.call("GET", "/api/v1/auth/session").status == 200


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_not_even_reading_is_allowed_to_it(alice, headers):
    assert alice.send("GET", "/api/v1/capital", {}, headers).status == 403


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", None],
)
def test_a_form_is_refused_even_without_a_word_of_where_it_comes_from(alice, kind):
    headers = {"Content-Type": kind, "Origin": None}
    answer = alice.send("DELETE", "/api/v1/orders", ORDERS, headers)
    assert (answer.status, answer.json["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": None},
        {"Origin": "https://app.test"},
        {"Content-Type": None, "X-Truebook-Request": "1"},
        {"Content-Type": "application/json; charset=utf-8"},
    ],
    ids=str,
)
def test_our_own_pages_may(alice, headers):
    assert alice.send("DELETE", "/api/v1/orders", ORDERS, headers).status == 200


def test_signed_requests_are_not_asked_where_they_come_from(town, alice):
    key = alice.make_key("read", "trade")
    headers = signed_headers(key, "orderCancelAll", ORDERS, timestamp=town.clock.now_ms())
    foreign = {"Origin": "http://evil.test", "Content-Type": "text/plain", "Cookie": None}
    assert alice.send("DELETE", "/api/v1/orders", ORDERS, {**headers, **foreign}).status == 200


def test_no_other_origin_is_ever_told_that_it_may(alice):
    headers = {
        "Origin": "http://evil.test",
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = alice.send("OPTIONS", "/api/v1/orders", None, headers)
    assert [name for name in answer.headers if name.startswith("access-control")] == []
