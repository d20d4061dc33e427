"""Signed requests, made before they are sent.

Promise: each is what a client of docs/http.md would send. It is dated ahead as far as its window
lets it be, so it can be signed a minute before it is sent.
"""

import base64
from collections.abc import Mapping, Sequence

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


class Signer:
    """Makes the requests of one key."""

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
