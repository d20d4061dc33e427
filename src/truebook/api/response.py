"""Answers: JSON, or text where the contract wants text."""

import msgspec
from starlette.responses import Response

from truebook.api.request import Send

JSON = b"application/json"
TEXT = b"text/plain; charset=utf-8"

encode = msgspec.json.Encoder().encode


async def respond(
    send: Send,
    status: int,
    body: bytes,
    content_type: bytes = JSON,
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    """Send a whole response."""
    start = [
        (b"content-type", content_type),
        (b"content-length", b"%d" % len(body)),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})


async def respond_json(send: Send, status: int, value: object) -> None:
    """Send a value as JSON."""
    await respond(send, status, encode(value))


class JsonResponse(Response):
    """A value as JSON, for Starlette's endpoints."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """The value, encoded."""
        return encode(content)
