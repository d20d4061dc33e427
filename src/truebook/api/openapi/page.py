"""The description to look at: `/docs`, and the document that it shows, `/openapi.json`.

Promise: the page loads nothing from elsewhere, and its policy lets it load nothing from elsewhere;
whatever the document says is shown as text.
"""

from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from truebook.api.openapi.operation import DOCUMENT, HTML, SCRIPT, STYLE, Access, Operation

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
FILES = {
    "/docs": ("index.html", HTML),
    "/docs/page.js": ("page.js", SCRIPT),
    "/docs/page.css": ("page.css", STYLE),
}
_FOLDER = Path(__file__).parent / "files"


class Description:
    """The endpoints; `document` is the description as JSON."""

    def __init__(self, document: bytes) -> None:
        self._document = document

    def routes(self) -> list[Route]:
        """Each endpoint at its path."""
        return [
            Route("/openapi.json", self.document, methods=["GET"]),
            *(Route(path, self.file, methods=["GET"]) for path in FILES),
        ]

    async def document(self, request: Request) -> Response:
        """What this interface does, as an OpenAPI 3.1 document."""
        return Response(self._document, media_type=DOCUMENT, headers=HEADERS)

    async def file(self, request: Request) -> Response:
        """The page that shows the document, and what it is made of."""
        name, media_type = FILES[request.url.path]
        return Response(_file(name), media_type=media_type, headers=HEADERS)


@cache
def _file(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


OPERATIONS = (
    Operation("GET", "/openapi.json", Description.document, Access.PUBLIC, {200: DOCUMENT}),
    *(
        Operation("GET", path, Description.file, Access.PUBLIC, {200: media_type})
        for path, (_, media_type) in FILES.items()
    ),
)
