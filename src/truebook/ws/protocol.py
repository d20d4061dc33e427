"""What clients and server say to each other: JSON in text messages.

    → {"method": "SUBSCRIBE", "params": ["a", "b"], "id": 1}
    ← {"id": 1, "result": null}
    ← {"stream": "a", "data": …}
    ← {"id": null, "error": {"code": 4006, "message": "Invalid stream"}}

`signature` proves who asks, for streams that are not for everybody; `after` is the number of the
last message that the client has of its numbered streams. A request is answered only if it has an
`id`, errors always. Promise: whatever is sent is either a request as above or answered with an
error that names the field; a request that fails changes nothing.
"""

import json
import re
from enum import IntEnum
from typing import Literal, NamedTuple

from truebook.limits import WS_BRACKETS_MAX, WS_STREAM_NAME_LENGTH_MAX, WS_SUBSCRIPTIONS_MAX
from truebook.strict_json import NotStrict, NumberText, decode
from truebook.ws.frames import text_frame
from truebook.ws.interface import Refused

METHODS = ("SUBSCRIBE", "UNSUBSCRIBE")

_SIGNATURE_PARTS = 4
_SIGNATURE_LENGTH_MAX = 128
_ID_LENGTH_MAX = 64
_WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)


class ErrorCode(IntEnum):
    """Why a request failed, or a stream ended."""

    MALFORMED = 4000
    UNKNOWN_METHOD = 4001
    INVALID_FIELD = 4002
    TOO_MANY = 4003
    UNAUTHORIZED = 4004
    INVALID_STREAM = 4006
    NOT_AVAILABLE = 4007


class Request(NamedTuple):
    """A request that can be meant. `id` is JSON as the client wrote it, None if there was none."""

    method: Literal["SUBSCRIBE", "UNSUBSCRIBE"]
    streams: list[str]
    id: str | None
    signature: list[str] | None
    after: int | None


class InvalidRequest(Refused):
    """A message that is no request; `id` is what the answer carries."""

    def __init__(self, code: ErrorCode, message: str, request_id: str | None = None) -> None:
        super().__init__(code, message)
        self.id = request_id


def read_request(text: bytes) -> Request:
    """The request that a message is. Raises InvalidRequest."""
    try:
        fields = decode(text, brackets_max=WS_BRACKETS_MAX)
    except NotStrict as error:
        raise InvalidRequest(ErrorCode.MALFORMED, f"Malformed request: {error}") from None
    if not isinstance(fields, dict):
        reason = "Malformed request: an object is expected"
        raise InvalidRequest(ErrorCode.MALFORMED, reason)
    request_id = _id_of(fields.get("id"))
    try:
        return _request(fields, request_id)
    except Refused as error:
        raise InvalidRequest(ErrorCode(error.code), error.message, request_id) from None


def done_frame(request_id: str) -> bytes:
    """The answer to a request that has been carried out."""
    return text_frame(b'{"id":%b,"result":null}' % request_id.encode())


def error_frame(code: int, message: str, request_id: str | None = None) -> bytes:
    """What a client is told of a request that failed, or of a stream that ended."""
    error = json.dumps({"code": int(code), "message": message}, separators=(",", ":"))
    return text_frame(f'{{"id":{request_id or "null"},"error":{error}}}'.encode())


def _request(fields: dict[str, object], request_id: str | None) -> Request:
    method = fields.get("method")
    if method != "SUBSCRIBE" and method != "UNSUBSCRIBE":
        raise Refused(ErrorCode.UNKNOWN_METHOD, f"method: must be {' or '.join(METHODS)}")
    return Request(
        "SUBSCRIBE" if method == "SUBSCRIBE" else "UNSUBSCRIBE",
        _streams(fields.get("params")),
        request_id,
        _signature(fields.get("signature")),
        _after(fields.get("after")),
    )


def _id_of(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, NumberText) and _WHOLE_NUMBER.fullmatch(value):
        return str(value)
    is_text = isinstance(value, str) and not isinstance(value, NumberText)
    if is_text and len(str(value)) <= _ID_LENGTH_MAX:
        return json.dumps(value)
    reason = f"id: must be a whole number, or a text of at most {_ID_LENGTH_MAX} characters"
    raise InvalidRequest(ErrorCode.INVALID_FIELD, reason)


def _streams(value: object) -> list[str]:
    if not isinstance(value, list) or not value:
        raise Refused(ErrorCode.INVALID_FIELD, "params: must be a list of stream names")
    if len(value) > WS_SUBSCRIPTIONS_MAX:
        raise Refused(ErrorCode.TOO_MANY, f"params: at most {WS_SUBSCRIPTIONS_MAX} streams")
    for name in value:
        if not isinstance(name, str) or isinstance(name, NumberText):
            raise Refused(ErrorCode.INVALID_FIELD, "params: must be a list of stream names")
        if not 0 < len(name) <= WS_STREAM_NAME_LENGTH_MAX:
            raise Refused(ErrorCode.INVALID_STREAM, "Invalid stream")
    return list(dict.fromkeys(value))


def _signature(value: object) -> list[str] | None:
    if value is None:
        return None
    parts = value if isinstance(value, list) else []
    are_texts = all(
        isinstance(part, str)
        and not isinstance(part, NumberText)
        and len(part) <= _SIGNATURE_LENGTH_MAX
        for part in parts
    )
    if len(parts) != _SIGNATURE_PARTS or not are_texts:
        reason = "signature: must be four texts: key, signature, timestamp, window"
        raise Refused(ErrorCode.INVALID_FIELD, reason)
    return parts


def _after(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, NumberText) or not _WHOLE_NUMBER.fullmatch(value) or value[0] == "-":
        raise Refused(ErrorCode.INVALID_FIELD, "after: must be a whole number, 0 or more")
    return int(value)
