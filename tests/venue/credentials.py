"""An account's key, and requests signed with it the ways that clients sign."""

import base64
import json
import time
from typing import NamedTuple
from urllib.parse import quote, urlencode

from nacl.signing import SigningKey

AHEAD_MS = 1_000

_last_timestamp = 0


class Credentials(NamedTuple):
    """Who trades; `seed` is the 32 bytes of an Ed25519 secret."""

    account: int
    seed: bytes

    @property
    def api_key(self) -> str:
        return base64.b64encode(bytes(SigningKey(self.seed).verify_key)).decode()

    @property
    def api_secret(self) -> str:
        return base64.b64encode(self.seed).decode()


def _next_timestamp() -> int:
    """The time, and not the same twice: of two equal orders in one millisecond, which would have
    one signature, the second would be refused. Tests may move the time."""
    global _last_timestamp
    now = time.time_ns() // 1_000_000
    _last_timestamp = _last_timestamp + 1 if 0 <= _last_timestamp - now < AHEAD_MS else now
    return _last_timestamp


def text_of(value: object) -> str:
    """A value as clients sign it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def signed_headers(
    credentials: Credentials,
    instruction: str,
    *objects: dict[str, object],
    timestamp: int | None = None,
    window: int | None = 5000,
    encoded: bool = False,
) -> dict[str, str]:
    """The headers of a signed request; `encoded` signs values percent-encoded, as ccxt does."""
    timestamp = timestamp or _next_timestamp()
    parts = []
    for fields in objects or ({},):
        parts.append(f"instruction={instruction}")
        for name in sorted(fields):
            value = text_of(fields[name])
            parts.append(f"{name}={quote(value, safe='') if encoded else value}")
    text = "&".join([*parts, f"timestamp={timestamp}&window={window or 5000}"])
    signature = SigningKey(credentials.seed).sign(text.encode()).signature
    headers = {
        "X-API-Key": credentials.api_key,
        "X-Signature": base64.b64encode(signature).decode(),
        "X-Timestamp": str(timestamp),
    }
    return headers if window is None else headers | {"X-Window": str(window)}


def body_of(value: object) -> bytes:
    """A JSON body."""
    return json.dumps(value).encode()


def query_of(fields: dict[str, object]) -> str:
    """A query string."""
    return urlencode({name: text_of(value) for name, value in fields.items()})
