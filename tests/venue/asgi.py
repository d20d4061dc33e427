"""Requests to an application without a socket: what a server would hand it, byte for byte."""

import asyncio
import json
from typing import Any, NamedTuple

from venue.credentials import Credentials, body_of, query_of, signed_headers

from truebook.api.app import Application
from truebook.api.openapi.document import OPERATIONS

INSTRUCTIONS = {
    (operation.method, operation.path): operation.instruction
    for operation in OPERATIONS
    if operation.instruction and operation.area != "Keys"
}
"""What is signed; keys are there only where people are."""


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Calls an application; signs if it has credentials."""

    def __init__(self, application: Application, credentials: Credentials | None = None) -> None:
        self.application = application
        self.credentials = credentials

    def call(self, method: str, path: str, value: Any = None, **headers: str) -> Answer:
        """A signed (or public) request with a value as its query or body."""
        return asyncio.run(self.sent(method, path, value, **headers))

    async def sent(self, method: str, path: str, value: Any = None, **headers: str) -> Answer:
        """The same, beside others."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        if self.credentials is not None:
            objects = value if isinstance(value, list) else [value or {}]
            instruction = INSTRUCTIONS[method, path]
            named = signed_headers(self.credentials, instruction, *objects) | named
        if method == "GET":
            return await self._request(method, path, query_of(value or {}), b"", named)
        return await self._request(method, path, "", body_of(value), named)

    def raw(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: bytes | list[bytes] = b"",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """A request as it stands."""
        return asyncio.run(self._request(method, path, query, body, headers or {}))

    async def _request(
        self,
        method: str,
        path: str,
        query: str,
        body: bytes | list[bytes],
        headers: dict[str, str],
    ) -> Answer:
        pieces = body if isinstance(body, list) else [body]
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "scheme": "http",
            "server": ("127.0.0.1", 80),
            "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
        }
        return await self._exchange(scope, pieces)

    async def _exchange(self, scope: dict[str, Any], pieces: list[bytes]) -> Answer:
        messages = [
            {"type": "http.request", "body": piece, "more_body": index + 1 < len(pieces)}
            for index, piece in enumerate(pieces)
        ]
        sent: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.application(scope, receive, send)
        start, *rest = sent
        headers = {name.decode(): text.decode() for name, text in start["headers"]}
        return Answer(start["status"], headers, b"".join(part["body"] for part in rest))
