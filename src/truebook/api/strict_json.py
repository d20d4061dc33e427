"""Bodies as strict JSON (truebook/strict_json.py); what isn't, is answered with an error."""

from truebook.api.errors import invalid_body
from truebook.limits import JSON_BRACKETS_MAX
from truebook.strict_json import NotStrict
from truebook.strict_json import NumberText as NumberText
from truebook.strict_json import decode as strictly


def decode(body: bytes) -> object:
    """The JSON value of a body. Raises ApiError."""
    try:
        return strictly(body, brackets_max=JSON_BRACKETS_MAX)
    except NotStrict as error:
        raise invalid_body(str(error)) from None


def decode_object(body: bytes) -> dict[str, object]:
    """The JSON object of a body. Raises ApiError."""
    return object_of(decode(body))


def object_of(value: object) -> dict[str, object]:
    """The value, which must be an object. Raises ApiError."""
    if not isinstance(value, dict):
        raise invalid_body("an object is expected")
    return value
