"""Requests that are no HTTP, or HTTP that two readers could read differently."""

import pytest
from venue.credentials import body_of, signed_headers

HOST = b"Host: x\r\n"
BID = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}


def statuses(received):
    return [line.split(b" ", 2)[1] for line in received.split(b"\r\n") if line[:5] == b"HTTP/"]


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 1e3\r\n",
        b"Content-Length: +2\r\n",
        b"Transfer-Encoding: identity, chunked, x\r\n",
        b"X-Bad\x00Name: 1\r\n",
        b"Header-without-colon\r\n",
    ],
)
def test_a_message_of_two_lengths_or_none_is_refused(target, head):
    received = target.raw(b"POST /api/v1/order HTTP/1.1\r\n" + HOST + head + b"\r\n{}")
    assert statuses(received) in ([], [b"400"])


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 1_000,
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\xff\xfe" * 500,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(target, data):
    assert set(statuses(target.raw(data))) <= {b"400", b"404"}


def test_a_chunked_body_counts_against_the_limit(target):
    chunk = b"1000\r\n" + b" " * 0x1000 + b"\r\n"
    head = b"POST /api/v1/order HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    received = target.raw(head + chunk * 8 + b"0\r\n\r\n")
    assert statuses(received)[0] == b"413"
    assert b"connection: close" in received.lower()


def test_large_headers_are_refused(target):
    filler = b"X-Filler: " + b"x" * 9_000 + b"\r\n"
    for path in (b"/api/v1/order", b"/api/v1/capital"):
        received = target.raw(b"GET " + path + b" HTTP/1.1\r\n" + HOST + filler + b"\r\n")
        assert statuses(received) == [b"431"]


def test_a_signature_serves_one_operation_only(target):
    headers = signed_headers(target.trader, "orderCancel", BID)
    answer = target.request("POST", "/api/v1/order", body_of(BID), headers)
    assert (answer.status, answer.code) == (401, "INVALID_SIGNATURE")


def test_half_a_body_is_no_order(target):
    headers = signed_headers(target.trader, "orderExecute", BID)
    lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items()).encode()
    body = body_of(BID)
    head = b"POST /api/v1/order HTTP/1.1\r\n" + HOST + lines
    target.raw(head + b"Content-Length: %d\r\n\r\n" % (len(body) + 1) + body)


def test_an_upgrade_to_websocket_is_not_followed(target):
    upgrade = (
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
    received = target.raw(b"GET / HTTP/1.1\r\n" + HOST + upgrade + b"\r\n")
    assert statuses(received) == [b"404"]
