"""A client of order entry by websocket, for tests: one socket, answers by id."""

import base64
import json
import socket
import struct
import time
from typing import Any
from urllib.parse import urlsplit

from nacl.signing import SigningKey
from rooms.client import frame
from venue.credentials import Credentials

UPGRADE = (
    b"GET /api/v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
)


def logon_params(
    credentials: Credentials,
    *,
    instruction: str = "sessionLogon",
    timestamp: int | None = None,
    window: int = 5000,
    **fields: Any,
) -> dict[str, Any]:
    """What proves who logs on; no two are the same."""
    timestamp = timestamp or _next_timestamp()
    named = "".join(f"&{name}={json.dumps(fields[name])}" for name in sorted(fields))
    text = f"instruction={instruction}{named}&timestamp={timestamp}&window={window}"
    signature = SigningKey(credentials.seed).sign(text.encode()).signature
    return {
        "apiKey": credentials.api_key,
        "signature": base64.b64encode(signature).decode(),
        "timestamp": timestamp,
        "window": window,
        **fields,
    }


_last = 0


def _next_timestamp() -> int:
    global _last
    _last = max(_last + 1, time.time_ns() // 1_000_000)
    return _last


class Closed(Exception):
    """The server ended the session; with its close code, None if it said nothing."""


class EntryClient:
    """One session."""

    def __init__(self, url: str, *, headers: bytes = b"", behind: bytes = b"") -> None:
        address = urlsplit(url)
        self.socket = socket.create_connection((address.hostname, address.port), timeout=20)
        self.socket.sendall(UPGRADE + headers + b"\r\n" + behind)
        self._received = b""
        while b"\r\n\r\n" not in self._received:
            self._read()
        self.head, _, self._received = self._received.partition(b"\r\n\r\n")
        self._ids = 0

    def __enter__(self) -> "EntryClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *messages: Any) -> None:
        """Send messages, all at once; bytes go as they are."""
        texts = [m if isinstance(m, bytes) else json.dumps(m).encode() for m in messages]
        self.socket.sendall(b"".join(map(frame, texts)))

    def hear(self) -> Any:
        """The next message. Raises Closed."""
        while True:
            if (message := self._next()) is not None:
                opcode, payload = message
                if opcode == 8:
                    raise Closed(struct.unpack("!H", payload[:2])[0] if payload else None)
                if opcode == 1:
                    return json.loads(payload)
            else:
                self._read()

    def ask(self, method: str, params: Any = None, **named: Any) -> Any:
        """Ask for something and wait for the answer."""
        self._ids += 1
        self.send({"id": self._ids, "method": method, "params": params or named})
        answer = self.hear()
        assert answer.pop("id") == self._ids
        return answer

    def log_on(self, credentials: Credentials, **fields: Any) -> "EntryClient":
        """Log on, which must succeed."""
        answer = self.ask("session.logon", logon_params(credentials, **fields))
        assert answer["status"] == 200, answer
        return self

    def until_closed(self) -> int | None:
        """Read to the end; the close code."""
        try:
            while True:
                self.hear()
        except Closed as closed:
            code: int | None = closed.args[0]
            return code
        except ConnectionError:
            return None

    def _read(self) -> None:
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise Closed(None)
        self._received += piece

    def _next(self) -> tuple[int, bytes] | None:
        data = self._received
        if len(data) < 2:
            return None
        size, at = data[1], 2
        if size == 126:
            size, at = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, at = int.from_bytes(data[2:10], "big"), 10
        if len(data) < at + size:
            return None
        self._received = data[at + size :]
        return data[0] & 15, data[at : at + size]
