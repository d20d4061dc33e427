"""The short way of an order request, and the long one: the same answers."""

import json
import re
import socket
from urllib.parse import urlsplit

import pytest
import structlog
from venue.credentials import body_of, signed_headers
from venue.local import LocalExchange
from venue.server import serving

from truebook.api.direct import Answering
from truebook.api.serve import Door
from truebook.api.throttle import Rates
from truebook.asking import TimedOut
from truebook.commandlog.interface import LogUnavailable

ORDER, ORDERS = "/api/v1/order", "/api/v1/orders"
BID = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}
MARKET = {"symbol": "SOL_USDC"}
CALLS = [
    ("POST", ORDER, "orderExecute", BID),
    ("POST", ORDER, "orderExecute", BID | {"price": "90.001"}),
    ("POST", ORDER, "orderExecute", BID | {"quantity": "99999"}),
    ("POST", ORDER, "orderCancel", BID),
    ("POST", ORDERS, "orderExecute", [BID, BID | {"price": "x"}]),
    ("POST", ORDERS, "orderExecute", [BID | {"price": "x"}]),
    ("PATCH", ORDER, "orderModify", MARKET | {"orderId": "1", "price": "90", "quantity": "1"}),
    ("DELETE", ORDER, "orderCancel", MARKET | {"clientId": 9}),
    ("DELETE", ORDERS, "orderCancelAll", MARKET | {"orderType": "ConditionalOrder"}),
]


@pytest.fixture(scope="module")
def exchange():
    return LocalExchange()


@pytest.fixture(scope="module")
def url(exchange):
    with serving(exchange) as url:
        yield url


@pytest.fixture(scope="module")
def trader(exchange):
    return exchange.open_account("trader", {"USDC": "1000000", "SOL": "1000"})


@pytest.fixture
def short_ways(monkeypatch):
    """How many requests took the short way."""
    taken = []
    carry_out = Answering.carry_out

    def counted(answering, headers, body):
        taken.append(body)
        carry_out(answering, headers, body)

    monkeypatch.setattr(Answering, "carry_out", counted)
    return taken


def request_of(trader, method, path, instruction, value, **headers):
    objects = value if isinstance(value, list) else [value]
    named = {"Host": "x", **signed_headers(trader, instruction, *objects), **headers}
    body = body_of(value)
    lines = "".join(f"{name}: {text}\r\n" for name, text in named.items())
    head = f"{method} {path} HTTP/1.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode()
    return head, body


def exchanged(url, *pieces, answers=1):
    """Send pieces one by one; so many answers, each as status, headers and body."""
    heard = []
    with socket.create_connection(urlsplit(url).netloc.split(":"), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        for number, piece in enumerate(pieces):
            if number:
                # An answered ping on another connection: the server has read what came before.
                exchanged(url, b"GET /api/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.sendall(piece)
        for _ in range(answers):
            status = int(stream.readline().split()[1])
            headers = {}
            while line := stream.readline().strip():
                name, _, text = line.decode().partition(": ")
                headers[name.lower()] = text
            heard.append((status, headers, stream.read(int(headers["content-length"]))))
    return heard if answers > 1 else heard[0]


def without_numbers(answer):
    status, headers, body = answer
    body = re.sub(rb'"(id|createdAt)":"?[0-9]+"?', rb"", body)
    left_out = {"date", "x-request-id", "content-length"}
    return status, {n: t for n, t in headers.items() if n not in left_out}, body


@pytest.mark.parametrize(("method", "path", "instruction", "value"), CALLS)
def test_both_ways_give_the_same_answer(url, trader, short_ways, method, path, instruction, value):
    call = (trader, method, path, instruction, value)
    head, body = request_of(*call)
    short = exchanged(url, head + body)
    assert len(short_ways) == 1
    long = exchanged(url, *request_of(*call))
    assert len(short_ways) == 1
    assert without_numbers(short) == without_numbers(long)
    assert short[1].keys() == long[1].keys()


def test_what_is_unusual_goes_the_long_way(url, trader, short_ways):
    for headers in ({"Prefer": "respond-async"}, {"Expect": "other"}):
        head, body = request_of(trader, *CALLS[0], **headers)
        assert exchanged(url, head + body)[0] in (200, 202)
    head, body = request_of(trader, *CALLS[0])
    assert exchanged(url, head.replace(b"X-API-Key", b"X-No-Key") + body)[0] == 401
    assert exchanged(url, head.replace(ORDER.encode(), b"/api/v1/%6frder") + body)[0] == 200
    assert short_ways == []


def test_requests_sent_together_are_answered_in_order(url, trader, short_ways):
    requests = [request_of(trader, *CALLS[0][:3], BID | {"clientId": n}) for n in range(5)]
    answers = exchanged(url, b"".join(h + b for h, b in requests), answers=5)
    assert [json.loads(body)["clientId"] for _, _, body in answers] == list(range(5))
    assert len(short_ways) >= 1


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (TimedOut("no answer"), 504, "TIMEOUT"),
        (LogUnavailable("away"), 503, "MAINTENANCE"),
    ],
)
def test_failures_are_told(exchange, url, trader, failure, status, code):
    exchange.failure = failure
    try:
        answers = [
            exchanged(url, b"".join(request_of(trader, *CALLS[0]))),
            exchanged(url, *request_of(trader, *CALLS[0])),
        ]
    finally:
        exchange.failure = None
    for told, headers, body in answers:
        assert (told, json.loads(body)["code"]) == (status, code)
        assert ("retry-after" in headers) == (status == 503)
        assert ("id" in json.loads(body)) == (status == 504)


def test_a_bug_is_answered_and_the_next_request_too(exchange, url, trader, monkeypatch):
    def broken(submission):
        raise ZeroDivisionError("a secret detail")

    head, body = request_of(trader, *CALLS[0])
    with monkeypatch.context() as patch, structlog.testing.capture_logs() as logs:
        patch.setattr(exchange, "send", broken)
        status, headers, told = exchanged(url, head + body)
    assert (status, json.loads(told)["code"]) == (500, "SERVER_ERROR")
    assert b"secret" not in told
    assert [line["request"] for line in logs] == [headers["x-request-id"]]
    assert exchanged(url, head + body)[0] == 200


def test_requests_are_counted_whichever_way_they_came(short_ways):
    exchange, applications = LocalExchange(), []
    trader = exchange.open_account("trader", {"USDC": "1000"})
    with serving(exchange, around=lambda made: applications.append(made) or made) as url:
        figures = applications[0].figures
        for call in CALLS[:2]:
            for number in (1, 2):
                head, body = request_of(trader, *call)
                exchanged(url, *((head + body,) if number == 1 else (head, body)))
    assert len(short_ways) == 2
    pings = sum(figures.others.counts)
    assert figures.statuses == {200: 2 + pings, 400: 2}
    assert figures.codes == {"INVALID_CLIENT_REQUEST": 2}
    assert sum(figures.orders.counts) == 4


def test_a_request_keeps_the_name_that_its_sender_gave_it(url, trader):
    head, body = request_of(trader, *CALLS[0], **{"X-Request-Id": "mine-7"})
    assert exchanged(url, head + body)[1]["x-request-id"] == "mine-7"
    assert exchanged(url, head, body)[1]["x-request-id"] == "mine-7"
    head, body = request_of(trader, *CALLS[0], **{"X-Request-Id": "not a name"})
    assert exchanged(url, head + body)[1]["x-request-id"] != "not a name"


def test_a_named_proxy_says_for_whom_it_asks():
    exchange = LocalExchange()
    trader = exchange.open_account("trader", {"USDC": "1000"})
    with serving(exchange, Door(Rates(public=1), trusted_proxies="127.0.0.1")) as url:
        head, body = request_of(trader, *CALLS[0], **{"X-Forwarded-For": "203.0.113.5"})
        wrong = head.replace(b"X-Signature: ", b"X-Signature: x")
        assert [exchanged(url, wrong + body)[0] for _ in range(3)] == [401, 429, 429]
        head, body = request_of(trader, *CALLS[0], **{"X-Forwarded-For": "203.0.113.6"})
        assert exchanged(url, head + body)[0] == 200
