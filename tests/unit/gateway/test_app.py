"""Every request gets one answer, whatever goes wrong."""

import asyncio
import json

import pytest
import structlog
from venue.credentials import body_of, signed_headers

from truebook.limits import HTTP_BODY_BYTES_MAX, HTTP_HEADER_BYTES_MAX

ORDER = "/api/v1/order"
BID = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/api/v2/order", 404),
        ("GET", "/api/v1/markets/", 404),
        ("PUT", "/api/v1/order", 404),
        ("POST", "/api/v1/markets", 405),
        ("GET", "/" + "x" * 5_000, 404),
    ],
)
def test_what_is_not_there_is_a_json_error(public, method, path, status):
    answer = public.raw(method, path)
    assert answer.status == status
    assert answer.json["code"] == "RESOURCE_NOT_FOUND"


def test_every_answer_has_its_own_request_id(public):
    answers = [public.raw("GET", path) for path in ("/api/v1/time", "/nowhere", ORDER) * 3]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 9


def test_a_bug_is_answered_and_the_next_request_too(exchange, alice):
    exchange.failure = ZeroDivisionError("a secret detail")
    with structlog.testing.capture_logs() as logs:
        answer = alice.call("POST", ORDER, BID)
    assert (answer.status, answer.json["code"]) == (500, "SERVER_ERROR")
    assert b"secret" not in answer.body
    assert [line["request"] for line in logs] == [answer.headers["x-request-id"]]
    exchange.failure = None
    assert alice.call("POST", ORDER, BID).status == 200


def test_nothing_logged_tells_a_key_a_signature_or_a_body(exchange, alice):
    exchange.failure = ZeroDivisionError()
    headers = signed_headers(alice.credentials, "orderExecute", BID)
    with structlog.testing.capture_logs() as logs:
        alice.raw("POST", ORDER, body=body_of(BID), headers=headers)
    assert logs
    text = str(logs)
    for secret in (*headers.values(), alice.credentials.api_secret, "SOL_USDC"):
        assert secret not in text


def test_a_body_may_come_in_pieces(alice):
    headers = signed_headers(alice.credentials, "orderExecute", BID)
    body = body_of(BID)
    pieces = [body[:5], b"", body[5:20], body[20:]]
    assert alice.raw("POST", ORDER, body=pieces, headers=headers).status == 200


def test_too_large_a_body_is_refused_by_its_announcement_or_on_the_way(public):
    announced = {"Content-Length": str(HTTP_BODY_BYTES_MAX + 1)}
    for answer in (
        public.raw("POST", ORDER, headers=announced),
        public.raw("POST", ORDER, headers={"Content-Length": "9" * 5_000}),
        public.raw("POST", ORDER, body=[b" " * 1_024] * 17),
    ):
        assert answer.status == 413
        assert answer.headers["connection"] == "close"


def test_too_large_headers_are_refused(public):
    answer = public.raw("GET", ORDER, headers={"X-Filler": "x" * HTTP_HEADER_BYTES_MAX})
    assert answer.status == 431


def test_a_body_that_does_not_come_is_not_waited_for(application, monkeypatch):
    monkeypatch.setattr("truebook.api.request.HTTP_BODY_SECONDS_MAX", 0.01)
    sent = []

    async def receive():
        await asyncio.sleep(10)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": ORDER, "headers": [], "query_string": b""}
    asyncio.run(application(scope, receive, send))
    assert sent[0]["status"] == 408


def test_a_client_that_has_gone_gets_no_answer(application):
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": ORDER, "headers": [], "query_string": b""}
    asyncio.run(application(scope, receive, send))
    assert sent == []


@pytest.mark.parametrize("query", ["symbol=%ff", "a=" + "&a=" * 100, "symbol=é"])
def test_a_query_that_cannot_be_read_is_refused(public, query):
    answer = public.raw("GET", "/api/v1/market", query=query)
    assert answer.status == 400


def test_errors_are_json_with_code_and_message(public):
    answer = public.raw("POST", ORDER, body=b"[]")
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body).keys() >= {"code", "message"}
