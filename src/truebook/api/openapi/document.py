"""The OpenAPI 3.1 document: made from the table of operations, and from nothing else.

Promise: what the document says of an operation follows from its entry in the table; two processes
of one release give the same document byte for byte.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from truebook import __version__
from truebook.api.openapi import people, public, trading
from truebook.api.openapi.operation import SIGNED, Access, Operation
from truebook.api.openapi.page import OPERATIONS as OF_PAGE
from truebook.api.openapi.schemas import Schema, components, schema_of
from truebook.api.response import encode
from truebook.api.shapes.account import Error
from truebook.limits import DEADLINE_MS_DEFAULT, SIGNATURE_WINDOW_MS_MAX

OPERATIONS = (
    *public.OPERATIONS,
    *trading.OPERATIONS,
    *people.OPERATIONS,
    *OF_PAGE,
)
"""Everything that the HTTP interface does."""

AREAS = {
    "Markets": "Status, time, assets and markets",
    "MarketData": "Depth and tickers, from the process that numbers the streams",
    "Charts": "Trades and candles, from the database",
    "Orders": "Placing, finding and cancelling orders",
    "Countdowns": "The dead man's switch",
    "Account": "Balances, fees and limits",
    "Capital": "Deposits and withdrawals",
    "Past": "Orders and fills of the past, from the database",
    "Proof": "What the venue owes, proved to everybody (docs/proof.md)",
    "Integrity": "Whether the engines are what the log says",
    "SignIn": "Signing up, logging in, sessions",
    "Keys": "API keys",
    "Administration": "What administrators do; each change has a reason, which stands in the log",
    "Stubs": "What clients ask of every venue and a spot venue has none of",
    "Description": "This description",
}

SUCCESSES = {
    200: "Done: for a change, on disk in the log and applied",
    202: "On disk in the log; what became of it was not waited for",
    204: "There is nothing",
}
FAILURES = {
    400: "A field can't be meant, or the exchange refuses the command; nothing was done",
    401: "Nobody is proved to have asked",
    403: "Whoever asks may not do this, or not from there",
    404: "There is no such thing, or it is somebody else's",
    408: "The body did not arrive in time",
    409: "The signature was used before, or the name or key is taken; nothing was done",
    413: "The body is too large",
    429: "Too often; nothing was done",
    431: "The headers are too large",
    503: "Not available at the moment; nothing was done",
    504: "No answer in time: what became of it is not known",
}
RETRIED = frozenset({429, 503})

KEY: dict[str, list[str]] = {"apiKey": [], "signature": [], "timestamp": []}
SCHEMES = {
    "apiKey": ("header", "X-API-Key", "an Ed25519 public key in base64"),
    "signature": ("header", "X-Signature", "the signature in base64 (docs/http.md)"),
    "timestamp": ("header", "X-Timestamp", "when it was signed, in milliseconds since 1970"),
    "session": ("cookie", "truebook", "whoever is logged in (docs/people.md)"),
}

HEADERS = {
    "X-Request-Id": "names the request, in the exchange's log too",
    "Retry-After": "seconds",
    "X-Page-Count": "how many pages there are",
    "X-Current-Page": "which of them this is, from 0",
    "X-Page-Size": "entries a page",
    "X-Total": "entries in all",
}
PAGE_HEADERS = ("X-Page-Count", "X-Current-Page", "X-Page-Size", "X-Total")

X_WINDOW: Schema = {
    "name": "X-Window",
    "in": "header",
    "description": "for how long the signature counts, in milliseconds",
    "schema": {"type": "integer", "minimum": 0, "maximum": SIGNATURE_WINDOW_MS_MAX},
}
X_DEADLINE: Schema = {
    "name": "X-Deadline",
    "in": "header",
    "description": "milliseconds after which it shall not be carried out any more",
    "schema": {"type": "integer", "minimum": 1, "maximum": DEADLINE_MS_DEFAULT},
}
PREFER: Schema = {
    "name": "Prefer",
    "in": "header",
    "description": "not to wait for what becomes of it: 202",
    "schema": {"enum": ["respond-async"]},
}


def document(operations: Sequence[Operation] = OPERATIONS) -> Schema:
    """The whole description."""
    paths: dict[str, Schema] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Truebook",
            "version": __version__,
            "description": "An exchange whose book can be proved true. It speaks Backpack's"
            " dialect; docs/http.md tells what an answer promises.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": name, "description": AREAS[name]} for name in _areas(operations)],
        "paths": paths,
        "components": {
            "schemas": components([Error, *_types(operations)]),
            "securitySchemes": {
                name: {"type": "apiKey", "in": place, "name": header, "description": text}
                for name, (place, header, text) in SCHEMES.items()
            },
            "responses": {
                str(status): _answer(text, Error, ("Retry-After",) if status in RETRIED else ())
                for status, text in FAILURES.items()
            },
            "headers": {
                name: {"description": text, "schema": {"type": "string"}}
                for name, text in HEADERS.items()
            },
        },
    }


@cache
def encoded() -> bytes:
    """The whole description as JSON."""
    return encode(document())


def _areas(operations: Iterable[Operation]) -> list[str]:
    found = {operation.area for operation in operations}
    return [name for name in AREAS if name in found]


def _types(operations: Iterable[Operation]) -> Iterable[object]:
    for operation in operations:
        yield operation.body
        yield from (kind for kind in operation.answers.values() if not isinstance(kind, str))


def _operation(operation: Operation) -> Schema:
    described: Schema = {
        "operationId": operation.name,
        "tags": [operation.area],
        "summary": operation.says.replace(f" (`{operation.instruction}`)", ""),
        "description": f"For {operation.access.value}.".replace("`", ""),
        "security": _security(operation.access),
        "responses": _responses(operation),
    }
    if operation.instruction:
        described["x-instruction"] = operation.instruction
    if parameters := [*_query(operation), *_headers(operation)]:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {
                    "schema": schema_of(operation.body),
                    "example": operation.example,
                }
            },
        }
    return described


def _security(access: Access) -> list[dict[str, Any]]:
    if access in SIGNED:
        return [KEY, {"session": []}]
    return [{"session": []}] if access is Access.PERSON else []


def _query(operation: Operation) -> list[Schema]:
    if operation.query is None:
        return []
    (described,) = components([operation.query]).values()
    examples = operation.example if isinstance(operation.example, dict) else {}
    return [
        {
            "name": name,
            "in": "query",
            "required": name in described["required"],
            "schema": schema,
        }
        | ({"example": examples[name]} if name in examples else {})
        for name, schema in described["properties"].items()
    ]


def _headers(operation: Operation) -> list[Schema]:
    headers = [X_WINDOW] if operation.access in SIGNED else []
    if operation.has_deadline:
        headers.append(X_DEADLINE)
    if 202 in operation.answers:
        headers.append(PREFER)
    return headers


def _responses(operation: Operation) -> dict[str, Schema]:
    told = {
        str(status): _answer(SUCCESSES[status], kind, PAGE_HEADERS if operation.paged else ())
        for status, kind in operation.answers.items()
    }
    failed = {
        str(status): {"$ref": f"#/components/responses/{status}"}
        for status in sorted(operation.failures)
    }
    return told | failed


def _answer(text: str, kind: object, headers: tuple[str, ...]) -> Schema:
    described: Schema = {
        "description": text,
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *headers)
        },
    }
    if isinstance(kind, str):
        described["content"] = {kind: {}}
    elif kind is not None:
        described["content"] = {"application/json": {"schema": schema_of(kind)}}
    return described
