"""An application around another one, which answers some requests wrongly.

`script` says how the next requests are spoilt, one after the other; after that, each is spoilt by
chance with the probability `share`. How: "503", "429", "504 done" (carried out, and answered as if
that weren't known), "cut off" (carried out, and the answer breaks off), "hang" (none in time), and
"" for not at all.
"""

import asyncio
import json
import random
from typing import Any

WAYS = ("503", "429", "504 done", "cut off", "hang")
HANG_S = 0.5


class Spoiler:
    """An ASGI application."""

    def __init__(self, application: Any, share: float = 0.0) -> None:
        self.application = application
        self.share = share
        self.script: list[str] = []
        self.spoilt = 0
        self._random = random.Random(1)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        how = self.script.pop(0) if self.script else self._chance()
        if not how:
            await self.application(scope, receive, send)
            return
        self.spoilt += 1
        if how in ("504 done", "cut off"):
            await self.application(scope, receive, _discard)
        if how == "hang":
            await asyncio.sleep(HANG_S)
        if how == "cut off":
            await _cut_off(send)
        else:
            await _refuse(send, 504 if how == "hang" else int(how[:3]))

    def _chance(self) -> str:
        return self._random.choice(WAYS) if self._random.random() < self.share else ""


async def _discard(message: Any) -> None:
    pass


async def _refuse(send: Any, status: int) -> None:
    headers = [(b"content-type", b"application/json"), (b"retry-after", b"0")]
    body = json.dumps({"code": "SPOILT", "message": "on purpose"}).encode()
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _cut_off(send: Any) -> None:
    """The beginning of an answer, then the end of the connection."""
    headers = [(b"content-length", b"100"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
    raise ConnectionAbortedError("on purpose")
