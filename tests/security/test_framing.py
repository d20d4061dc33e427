"""Requests that are no HTTP, or HTTP that two readers could read differently."""

import asyncio
import json
import socket
import time

import pytest
from venue.credentials import body_of, signed_headers
from venue.local import LocalExchange
from venue.server import serving

from truebook.api import protocol, request
from truebook.api.serve import Door
from truebook.api.throttle import Rates

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
    assert statuses(received) == [b"400"]
    assert b"connection: close" in received.lower()
    assert json.loads(received.rpartition(b"\r\n")[2])["code"] == "INVALID_CLIENT_REQUEST"


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


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(protocol, "HTTP_HEAD_SECONDS_MAX", 0.3)
    monkeypatch.setattr(request, "HTTP_BODY_SECONDS_MAX", 0.3)


def dripped(target, start, drop):
    """Send a start and then drop after drop until the server has had enough; what it says."""
    with socket.create_connection(target.address, timeout=20) as connection:
        connection.sendall(start)
        connection.settimeout(0.02)
        received = b""
        for _ in range(2_000):
            try:
                if not (piece := connection.recv(65_536)):
                    return received
                received += piece
            except TimeoutError:
                try:
                    connection.sendall(drop)
                except OSError:
                    return received
            except ConnectionResetError:
                return received
    raise AssertionError("it never ended")


def until_closed(connection):
    """All that comes."""
    received = b""
    try:
        while piece := connection.recv(65_536):
            received += piece
    except ConnectionResetError:
        pass
    return received


@pytest.mark.parametrize("start", [b"G", b"GET /api/v1/ping HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_headers_that_arrive_byte_by_byte_are_given_up(target, impatient, start):
    assert statuses(dripped(target, start, b"E")) in ([b"408"], [b"400"])


def test_blank_lines_for_ever_are_given_up(target, impatient):
    assert dripped(target, b"", b"\r\n") == b""


def test_a_connection_on_which_nothing_comes_is_closed(target, impatient):
    with socket.create_connection(target.address, timeout=20) as connection:
        assert connection.recv(1) == b""


def test_a_body_that_arrives_byte_by_byte_is_given_up(target, impatient):
    head = b"POST /api/v1/order HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\n"
    assert statuses(dripped(target, head, b" "))[0] == b"408"


def test_a_body_that_nobody_waits_for_doesnt_hold_the_connection(target, impatient):
    head = b"GET /api/v1/ping HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n"
    assert statuses(dripped(target, head, b" "))[0] == b"200"


@pytest.mark.parametrize("drop", [b"x" * 1_000, b"X-More: x\r\n" * 50])
def test_headers_without_end_are_refused_while_they_arrive(target, drop):
    received = dripped(target, b"GET /api/v1/ping HTTP/1.1\r\n" + HOST + b"X-A: ", drop)
    assert statuses(received) in ([b"431"], [])


def test_a_path_without_end_is_refused(target):
    received = target.raw(b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert statuses(received) == [b"431"]


def test_an_order_is_answered_before_what_follows_it_is_refused(target):
    """Or its sender would take the refusal for the answer to the order."""
    fields = BID | {"price": "90.001"}
    headers = signed_headers(target.trader, "orderExecute", fields)
    lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items()).encode()
    body = body_of(fields)
    order = b"POST /api/v1/order HTTP/1.1\r\n" + HOST + lines
    order += b"Content-Length: %d\r\n\r\n" % len(body) + body
    received = target.raw(order + b"\x00 rubbish\r\n\r\n")
    assert statuses(received) == [b"400"]
    assert json.loads(received.rpartition(b"\r\n")[2])["field"] == "price"


class SlowExchange(LocalExchange):
    """Takes longer than a head may."""

    async def send_and_await(self, records, commands, once):
        await asyncio.sleep(0.6)
        return await super().send_and_await(records, commands, once)


CUT_CHUNK = b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nno number"


@pytest.mark.parametrize(
    "rest", [b"GET /api", b"GET / HTTP/1.1\r\nX-A: " + b"x" * 9_000, b"\x00", CUT_CHUNK]
)
def test_what_follows_an_order_that_takes_its_time_is_never_answered_before_it(impatient, rest):
    exchange = SlowExchange()
    trader = exchange.open_account("trader", {"USDC": "1000"})
    with serving(exchange) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            lines = "".join(
                f"{name}: {text}\r\n"
                for name, text in signed_headers(trader, "orderExecute", BID).items()
            ).encode()
            body = body_of(BID)
            head = b"POST /api/v1/order HTTP/1.1\r\n" + HOST + lines
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            for piece in (rest[:200], rest[200:4_000], rest[4_000:]):
                connection.sendall(piece)
            received = until_closed(connection)
    assert statuses(received)[:1] in ([b"200"], [])


def test_too_many_connections_of_one_address_are_refused_and_room_comes_back():
    with serving(LocalExchange(), Door(connections_max=3)) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        held = [socket.create_connection((host, int(port)), timeout=20) for _ in range(3)]
        for connection in held:
            assert statuses(asked(connection)) == [b"200"]
        with socket.create_connection((host, int(port)), timeout=20) as refused:
            received = refused.recv(65_536)
        assert statuses(received) == [b"429"]
        assert b"retry-after: 1" in received
        held.pop().close()
        for _ in range(500):
            with socket.create_connection((host, int(port)), timeout=20) as another:
                if statuses(asked(another)) == [b"200"]:
                    break
            time.sleep(0.01)
        else:
            raise AssertionError("the place of the closed one stays taken")
        for connection in held:
            connection.close()


def asked(connection):
    """Ping, and what comes of it."""
    try:
        connection.sendall(b"GET /api/v1/ping HTTP/1.1\r\n" + HOST + b"\r\n")
        return connection.recv(65_536)
    except ConnectionError:
        return b""


def test_who_is_not_trusted_cant_say_who_asks():
    spoofed = b"GET /api/v1/ping HTTP/1.1\r\n" + HOST + b"X-Forwarded-For: 9.9.9.%d\r\n\r\n"
    for proxies, expected in (("", {b"200", b"429"}), ("127.0.0.1", {b"200"})):
        door = Door(rates=Rates(public=2), trusted_proxies=proxies)
        with serving(LocalExchange(), door) as url:
            host, _, port = url.removeprefix("http://").partition(":")
            with socket.create_connection((host, int(port)), timeout=20) as connection:
                found = set()
                for number in range(5):
                    connection.sendall(spoofed % number)
                    found |= set(statuses(connection.recv(65_536)))
        assert found == expected, proxies


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
