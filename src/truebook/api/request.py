"""What a request carries besides its path: headers, query, body, each bounded.

Promise: nothing is read beyond the limits of limits.py; what can be read in two ways is refused.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from truebook.api.authenticate import Parameters
from truebook.api.errors import ApiError, invalid, invalid_body
from truebook.api.headers import Headers
from truebook.limits import (
    HTTP_BODY_SECONDS_MAX,
    HTTP_DISCARDED_BYTES_MAX,
    HTTP_HEADER_BYTES_MAX,
    QUERY_PARAMETERS_MAX,
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SESSION_IN_SCOPE = "truebook.session"
"""Where the application notes whose session a request comes with."""

REPEATABLE = frozenset({"marketType"})

SWITCHES = frozenset(
    {"autoBorrow", "autoBorrowRepay", "autoLendRedeem", "excludePlatform", "reduceOnly"}
)
"""Parameters that are true or false."""
WORDS = {"True": "true", "False": "false"}
"""Python clients sign the right one and send the left one."""


class Disconnected(Exception):
    """The client went away before its request was whole; nobody waits for an answer."""


async def read_body(receive: Receive, headers: dict[bytes, bytes], bytes_max: int) -> bytes:
    """The whole body. Raises ApiError 413 or 408, or Disconnected."""
    length = headers.get(b"content-length", b"0")
    try:
        async with asyncio.timeout(HTTP_BODY_SECONDS_MAX):
            body = await _read(receive, bytes_max)
    except TimeoutError:
        raise invalid_body("the body did not arrive in time", 408) from None
    if body is None or not length.isdigit() or int(length[:20]) > bytes_max:
        raise invalid_body(f"the body is larger than {bytes_max} bytes", 413)
    return body


async def _read(receive: Receive, bytes_max: int) -> bytes | None:
    """The body; None if it is larger. Then the rest of it is read too, up to a bound, and dropped:
    a client that is still sending would not see the answer before its connection is reset."""
    body = b""
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if size <= bytes_max:
            body += piece
        if not message.get("more_body", False) or size > HTTP_DISCARDED_BYTES_MAX:
            return body if size <= bytes_max else None


def headers_of(scope: Scope) -> Headers:
    """The headers by lower-case name, and who is known to have sent them. Raises ApiError 431."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    if sum([len(name) + len(value) for name, value in headers]) > HTTP_HEADER_BYTES_MAX:
        raise invalid_body(f"the headers are larger than {HTTP_HEADER_BYTES_MAX} bytes", 431)
    client = scope.get("client")
    return Headers(headers, client[0] if client else "", scope.get(SESSION_IN_SCOPE))


def prefers_async(headers: dict[bytes, bytes]) -> bool:
    """Whether the client doesn't want to wait (`Prefer: respond-async`, RFC 7240)."""
    preferences = headers.get(b"prefer", b"").lower().split(b",")
    return any(preference.strip() == b"respond-async" for preference in preferences)


def query_of(scope: Scope) -> Parameters:
    """The query's names and values, as they are signed. Raises ApiError."""
    try:
        query = parse_qsl(
            scope["query_string"].decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=QUERY_PARAMETERS_MAX,
        )
    except ValueError:
        raise ApiError(400, "INVALID_CLIENT_REQUEST", "The query can't be read") from None
    return [(name, WORDS.get(text, text) if name in SWITCHES else text) for name, text in query]


def fields_of(query: Parameters) -> dict[str, object]:
    """The query by name; a name that stands twice is refused."""
    fields: dict[str, object] = dict(query)
    if len(fields) < len(query):
        names = [name for name, _ in query if name not in REPEATABLE]
        for name in names:
            if names.count(name) > 1:
                raise invalid(name[:40], "stands twice")
    return fields
