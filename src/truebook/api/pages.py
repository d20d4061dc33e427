"""The trading page: files of the built page, and what it must know to begin.

Promise: nothing is read from disk while requests are served, so no path can lead out of the folder;
a page may load scripts, styles and data from this exchange and from nowhere else. Without a built
page `/` says how to get it, and everything else works.

Files under /assets have a hash in their name and never change: browsers keep them for good. The
page itself is asked for anew each time, by its tag.
"""

import hashlib
import mimetypes
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from truebook.api.response import JsonResponse

PAGES = ("/", "/keys", "/proof", "/operator", "/trade/{symbol}")
"""Paths that the page itself shows; they all begin with the same file."""

ABSENT = """The trading page isn't built. With npm installed `make up` builds it, or `make web`.
The HTTP interface is under /api/v1, the websocket interface at its own port.
"""

_HOST = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")
_COMPRESSED = ("text/", "application/javascript", "image/svg")
_GZIP = 16 + zlib.MAX_WBITS


class _File(NamedTuple):
    body: bytes
    zipped: bytes | None
    media_type: str
    tag: str


class Streams(NamedTuple):
    """Where the page finds the streams."""

    url: str | None
    """As people reach it, where the configuration says so."""
    port: int
    """Else: on the host that the page came from."""


class Pages:
    """The page's endpoints; `folder` holds the built page, if there is one."""

    def __init__(self, folder: Path, streams: Callable[[], Streams], faucet: str) -> None:
        self._files = {
            "/" + path.relative_to(folder).as_posix(): _read(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        self._streams = streams
        parts = [part.partition("=") for part in faucet.split(",") if part.strip()]
        self._faucet = {asset.strip(): amount.strip() for asset, _, amount in parts}

    def routes(self) -> list[Route]:
        """Each endpoint at its path."""
        return [
            *(Route(path, self.page, methods=["GET"]) for path in PAGES),
            Route("/assets/{name}", self.asset, methods=["GET"]),
            Route("/web/settings.json", self.settings, methods=["GET"]),
        ]

    async def page(self, request: Request) -> Response:
        """The page, whatever it is to show."""
        found = self._files.get("/index.html")
        if found is None:
            return PlainTextResponse(ABSENT)
        headers = {
            "Cache-Control": "no-cache",
            "Content-Security-Policy": self._policy(request),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }
        return _answer(request, found, headers)

    async def asset(self, request: Request) -> Response:
        """A script, a style, an image."""
        found = self._files.get(request.url.path)
        if found is None:
            return PlainTextResponse("Not Found", 404)
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
        }
        return _answer(request, found, headers)

    async def settings(self, _: Request) -> Response:
        """Where the streams are, and what whoever signs up is given."""
        streams = self._streams()
        return JsonResponse(
            {"wsUrl": streams.url, "wsPort": streams.port, "faucet": self._faucet},
            headers={"Cache-Control": "no-store"},
        )

    def _policy(self, request: Request) -> str:
        streams = self._streams()
        name = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
        own = f"ws://{name}:{streams.port} wss://{name}:{streams.port}"
        connect = streams.url or (own if _HOST.fullmatch(name) else "")
        return (
            f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
            f" connect-src 'self' {connect}; base-uri 'none'; form-action 'self';"
            f" frame-ancestors 'none'"
        )


def _read(path: Path) -> _File:
    body = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if media_type == "text/javascript":
        media_type = "application/javascript"
    zipped = None
    if media_type.startswith(_COMPRESSED):
        packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
        zipped = packer.compress(body) + packer.flush()
    return _File(body, zipped, media_type, f'"{hashlib.sha256(body).hexdigest()[:20]}"')


def _answer(request: Request, found: _File, headers: dict[str, str]) -> Response:
    headers = {**headers, "ETag": found.tag, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == found.tag:
        return Response(status_code=304, headers=headers)
    is_zipped = found.zipped is not None and "gzip" in request.headers.get("accept-encoding", "")
    if is_zipped:
        headers["Content-Encoding"] = "gzip"
    body = found.zipped if is_zipped else found.body
    return Response(body, headers=headers, media_type=found.media_type)
