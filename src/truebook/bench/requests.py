"""Signed requests, made before they are sent.

Promise: each is what a client of docs/http.md would send. It is dated ahead as far as its window
lets it be, so it can be signed a minute before it is sent.
"""

import base64
from collections.abc import Mapping, Sequence
from struct import Struct
from typing import Protocol

from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from truebook.bench.plan import Request
from truebook.bots.keyfile import KeyFile
from truebook.clock import SYSTEM_CLOCK
from truebook.limits import SIGNATURE_WINDOW_MS_MAX

AHEAD_MS = SIGNATURE_WINDOW_MS_MAX - 10_000
"""The exchange's clock may be behind ours by the rest."""
GOOD_FOR_S = 100.0
"""So long after it was signed a request is still good: its window, twice, less some margin."""

Fields = Mapping[str, str | int]
"""Of one order; a text is sent as JSON text, a number as a number."""

PLACED = b'"status":"New"'
FILLED = b'"status":"Filled"'
CANCELLED = b'"status":"Cancelled"'
ACCEPTED = b'"operation":"Ok"'
LOGGED_ON = b'"authorizedSince":'

_TEXT = 0x81
_MASKED = 0x80
_MEDIUM = Struct("!BBH")
"""The head of a frame of 126 to 65,535 bytes."""


class Maker(Protocol):
    """Makes requests, whatever way they go."""

    def place(self, fields: Fields, needle: bytes = PLACED) -> Request:
        """An order."""

    def batch(self, orders: Sequence[Fields]) -> Request:
        """Several orders at once."""

    def cancel(self, fields: Fields) -> Request:
        """The cancellation of an order."""


class Signer:
    """Makes the HTTP requests of one key."""

    def __init__(self, key: KeyFile) -> None:
        self._api_key = key.api_key
        self._public, self._secret = crypto_sign_seed_keypair(base64.b64decode(key.api_secret)[:32])

    def place(self, fields: Fields, needle: bytes = PLACED) -> Request:
        """POST of an order."""
        body = json_of(fields)
        head = self._head("POST /api/v1/order", body, signed_text("orderExecute", [fields]))
        return Request(head + body, needle)

    def batch(self, orders: Sequence[Fields]) -> Request:
        """POST of several orders at once."""
        body = b"[" + b",".join([json_of(fields) for fields in orders]) + b"]"
        head = self._head("POST /api/v1/orders", body, signed_text("orderExecute", orders))
        return Request(head + body, ACCEPTED, len(orders))

    def cancel(self, fields: Fields) -> Request:
        """DELETE of an order."""
        body = json_of(fields)
        head = self._head("DELETE /api/v1/order", body, signed_text("orderCancel", [fields]))
        return Request(head + body, CANCELLED)

    def sign(self, text: str) -> str:
        """The signature of a text, in base64."""
        signed = crypto_sign(text.encode(), self._secret)
        return base64.b64encode(signed[:64]).decode()

    def _head(self, line: str, body: bytes, text: str) -> bytes:
        timestamp = SYSTEM_CLOCK.now_ms() + AHEAD_MS
        signature = self.sign(f"{text}&timestamp={timestamp}&window={SIGNATURE_WINDOW_MS_MAX}")
        return (
            f"{line} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"X-API-Key: {self._api_key}\r\nX-Signature: {signature}\r\n"
            f"X-Timestamp: {timestamp}\r\nX-Window: {SIGNATURE_WINDOW_MS_MAX}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode()


class Session:
    """Makes the websocket messages of one key (docs/protocol.md), still without their ids; only
    the first is signed."""

    def __init__(self, key: KeyFile) -> None:
        self._api_key = key.api_key
        self._signer = Signer(key)

    def logon(self) -> Request:
        """What opens the session."""
        timestamp = SYSTEM_CLOCK.now_ms() + AHEAD_MS
        text = f"instruction=sessionLogon&timestamp={timestamp}&window={SIGNATURE_WINDOW_MS_MAX}"
        params = (
            f'{{"apiKey":"{self._api_key}","timestamp":{timestamp},'
            f'"window":{SIGNATURE_WINDOW_MS_MAX},"signature":"{self._signer.sign(text)}"}}'
        )
        return _message("session.logon", params.encode(), LOGGED_ON)

    def place(self, fields: Fields, needle: bytes = PLACED) -> Request:
        """`order.place`."""
        return _message("order.place", json_of(fields), needle)

    def batch(self, orders: Sequence[Fields]) -> Request:
        """`orders.place`."""
        params = b",".join([json_of(fields) for fields in orders])
        return _message("orders.place", b'{"orders":[' + params + b"]}", ACCEPTED, len(orders))

    def cancel(self, fields: Fields) -> Request:
        """`order.cancel`."""
        return _message("order.cancel", json_of(fields), CANCELLED)


def _message(method: str, params: bytes, needle: bytes, orders: int = 1) -> Request:
    return Request(b'"method":"%s","params":%s}' % (method.encode(), params), needle, orders)


def framed(requests: Sequence[Request]) -> list[Request]:
    """Messages of one session as frames, each with its number as its id. They are masked with
    zeros, which is a mask: the server takes it off as any other."""
    frames = []
    for number, (message, needle, orders) in enumerate(requests):
        text = b'{"id":%d,%s' % (number, message)
        size = len(text)
        head = (
            bytes((_TEXT, _MASKED | size))
            if size < 126
            else _MEDIUM.pack(_TEXT, _MASKED | 126, size)
        )
        frames.append(Request(head + bytes(4) + text, needle, orders))
    return frames


def signed_text(instruction: str, orders: Sequence[Fields]) -> str:
    """What is signed of orders, but for time and window."""
    parts = []
    for fields in orders:
        parts.append(f"instruction={instruction}")
        parts += [f"{name}={fields[name]}" for name in sorted(fields)]
    return "&".join(parts)


def json_of(fields: Fields) -> bytes:
    """An order as JSON; its texts are plain, so nothing needs to be escaped."""
    members = [
        f'"{name}":{value}' if isinstance(value, int) else f'"{name}":"{value}"'
        for name, value in fields.items()
    ]
    return ("{" + ",".join(members) + "}").encode()
