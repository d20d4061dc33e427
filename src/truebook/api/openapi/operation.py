"""`Operation`: what the HTTP interface does at one method and path, and what it may answer.

Promise: the words come from the endpoint itself (the first paragraph of its docstring), the shapes
from the types that its code is checked against; what may be refused follows from who may ask and
what is sent. So a description is wrong only if the code is (tests/unit/openapi tries every answer).
"""

import inspect
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple


class Access(Enum):
    """Who may ask."""

    PUBLIC = "anybody"
    READ = "a key or session with the permission `read`"
    TRADE = "a key or session with the permission `trade`"
    WITHDRAW = "a key or session with the permission `withdraw`"
    ADMIN = "a key or session with the permission `admin`"
    VISITOR = "anybody, from a page of this exchange"
    PERSON = "whoever is logged in with a password"


SIGNED = frozenset({Access.READ, Access.TRADE, Access.WITHDRAW, Access.ADMIN})
"""A signature or a session's cookie shows who asks; the others take no signature."""

TEXT, HTML = "text/plain", "text/html"
SCRIPT, STYLE = "text/javascript", "text/css"
DOCUMENT = "application/json"
"""Bodies of no particular type."""


class Asks(Enum):
    """What has to be there for an answer; each fails in its own way."""

    LOG = "log"
    """503 where it takes nothing; 504 where what became of it isn't known."""
    ENGINE = "engine"
    """504 (engine or feed)."""
    HISTORY = "history"
    """503."""


class Operation(NamedTuple):
    """One method at one path."""

    method: str
    path: str
    handler: Callable[..., Any]
    """The function of the endpoint, as its class has it."""
    access: Access
    answers: Mapping[int, object]
    """The type of the body by status; None: no body; a text: of that media type."""
    instruction: str = ""
    """What is signed; empty where nothing is."""
    query: object = None
    """A TypedDict, or None."""
    body: object = None
    """The type of the JSON body, or None."""
    example: object = None
    """A body, or query parameters, that the exchange takes."""
    asks: frozenset[Asks] = frozenset()
    refusals: frozenset[int] = frozenset()
    """Statuses of errors besides those that follow from the rest."""
    paged: bool = False
    """Whether headers tell where in a long list the answer lies."""
    has_deadline: bool = False
    """Whether it heeds X-Deadline."""

    @property
    def area(self) -> str:
        """Which part of the interface it belongs to: the name of its class."""
        return self.handler.__qualname__.partition(".")[0]

    @property
    def name(self) -> str:
        """A name that no other operation has."""
        words = f"{self.method}/{self.path}".lower().replace("-", "/").split("/")
        return "_".join(word for word in words if word and word not in ("api", "wapi", "v1"))

    @property
    def says(self) -> str:
        """What it does."""
        return (inspect.getdoc(self.handler) or "").partition("\n\n")[0].replace("\n", " ")

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"

    @property
    def failures(self) -> frozenset[int]:
        """The statuses of all errors that it may answer. What the server refuses before anything
        is asked (docs/http.md: 400, 408, 429, 431) is no operation's."""
        found = {429, *self.refusals}
        if self.access is not Access.PUBLIC:
            found.add(431)
        if self.query is not None or self.access in SIGNED:
            found.add(400)
        if self.changes:
            found |= {400, 408, 413}
        if self.access in SIGNED or self.access is Access.PERSON:
            found |= {401, 403}
        if self.access is Access.VISITOR:
            found.add(403)
        if Asks.LOG in self.asks:
            found |= {503, 504}
            if self.access in SIGNED:
                found.add(409)
        if Asks.ENGINE in self.asks:
            found.add(504)
        if Asks.HISTORY in self.asks:
            found.add(503)
        return frozenset(found)
