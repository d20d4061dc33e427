"""What clients and gateway say to each other on an order entry session (docs/protocol.md).

    → {"id": 7, "method": "order.place", "params": {"symbol": "SOL_USDC", …}}
    ← {"id": 7, "status": 200, "result": {"orderType": "Limit", …}}
    ← {"id": 8, "status": 400, "error": {"code": "INVALID_PRICE", "message": "…", "field": "price"}}

Promise: whatever is sent is either a request as above or answered with an error that says why; the
status and the error are those that the same request has by HTTP.
"""

import json
import re
from typing import NamedTuple

from truebook.api.errors import ApiError, invalid, invalid_body
from truebook.api.response import encode
from truebook.api.strict_json import NumberText, decode
from truebook.ws.frames import text_frame

NO_ID = b"null"
_ID_LENGTH_MAX = 64
_WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)


class Request(NamedTuple):
    """A request that can be meant."""

    id: bytes
    """JSON, as the client wrote it; NO_ID if there was none."""
    method: str
    params: dict[str, object]


class InvalidRequest(Exception):
    """A message that is no request; `id` is what its answer carries."""

    def __init__(self, error: ApiError, request_id: bytes = NO_ID) -> None:
        super().__init__(error.message)
        self.error = error
        self.id = request_id


def read_request(text: bytes) -> Request:
    """The request that a message is. Raises InvalidRequest."""
    try:
        fields = decode(text)
        if not isinstance(fields, dict):
            raise invalid_body("an object is expected")
        request_id = _id_of(fields.get("id"))
    except ApiError as error:
        raise InvalidRequest(error) from None
    method, params = fields.get("method"), fields.get("params")
    if not isinstance(method, str) or isinstance(method, NumberText):
        raise InvalidRequest(invalid("method", "must be a text"), request_id)
    if params is None:
        params = {}
    if not isinstance(params, dict):
        raise InvalidRequest(invalid("params", "must be an object"), request_id)
    return Request(request_id, method, params)


def result_frame(request_id: bytes, result: bytes) -> bytes:
    """The answer to a request that was carried out; `result` is JSON."""
    return text_frame(b'{"id":%b,"status":200,"result":%b}' % (request_id, result))


def error_frame(request_id: bytes, error: ApiError) -> bytes:
    """The answer to one that was not, or of which nobody knows."""
    body: dict[str, object] = dict(error.body())
    if error.retry_after_s is not None:
        body["retryAfter"] = error.retry_after_s
    told = (request_id, error.status, encode(body))
    return text_frame(b'{"id":%b,"status":%d,"error":%b}' % told)


def _id_of(value: object) -> bytes:
    """JSON of the id. Raises ApiError."""
    if value is None:
        return NO_ID
    if isinstance(value, NumberText):
        if _WHOLE_NUMBER.fullmatch(value):
            return value.encode()
    elif isinstance(value, str) and len(value) <= _ID_LENGTH_MAX:
        return json.dumps(value).encode()
    reason = f"must be a whole number, or a text of at most {_ID_LENGTH_MAX} characters"
    raise invalid("id", reason)
