"""The fields of a request, read so that each can be meant in exactly one way.

Promise: what is returned is what the text says, whole; otherwise the error names the field and the
reason. JSON numbers come as the text that they were written as (strict_json.py).
"""

import re
from collections.abc import Mapping
from typing import TypeVar

from truebook.api.errors import ApiError, invalid, rejected
from truebook.directory import Directory, Market
from truebook.messages import RejectCode
from truebook.units import AmountError, Fault, Grid, parse

CLIENT_ID_MAX = (1 << 32) - 1
ORDER_ID_MAX = (1 << 63) - 1

_PLAIN_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
"""As nearly all are written."""

Fields = Mapping[str, object]
T = TypeVar("T")


def market_of(fields: Fields, directory: Directory) -> Market:
    """The market that `symbol` names. Raises ApiError."""
    symbol = text_of(fields, "symbol")
    if symbol is None:
        raise invalid("symbol", "is required")
    market = directory.market_by_symbol.get(symbol)
    if market is None:
        raise rejected(RejectCode.UNKNOWN_MARKET)
    return market


def client_id_of(fields: Fields) -> int | None:
    """The optional clientId, 0 … 2^32 − 1. Raises ApiError."""
    return whole_number_of(fields, "clientId", CLIENT_ID_MAX)


def order_id_of(fields: Fields) -> int | None:
    """The optional orderId, 0 … 2^63 − 1. Raises ApiError."""
    return whole_number_of(fields, "orderId", ORDER_ID_MAX)


def choice_of(fields: Fields, field: str, choices: Mapping[str, T], default: T | None = None) -> T:
    """The choice that a field names, or the default. Raises ApiError."""
    text = text_of(fields, field)
    if text is None:
        if default is None:
            raise invalid(field, "is required")
        return default
    choice = choices.get(text)
    if choice is None:
        raise invalid(field, f"must be one of {', '.join(choices)}")
    return choice


def amount_of(fields: Fields, field: str, grid: Grid, count_max: int) -> int | None:
    """An optional amount, as a count of its grid's steps. Raises ApiError."""
    text = text_of(fields, field)
    if text is None:
        return None
    try:
        return parse(text, grid, count_max)
    except AmountError as error:
        if error.fault is Fault.TOO_MANY_DECIMALS:
            message = f"{field[0].upper()}{field[1:]} decimal too long"
            raise ApiError(400, "INVALID_CLIENT_REQUEST", message, field=field) from None
        raise invalid(field, error.fault.value) from None


def whole_number_of(fields: Fields, field: str, number_max: int) -> int | None:
    """An optional whole number, 0 … `number_max`. Raises ApiError."""
    text = text_of(fields, field)
    if text is None:
        return None
    if _PLAIN_NUMBER.fullmatch(text) and (number := int(text)) <= number_max:
        return number
    try:
        return parse(text, Grid(1, 0), number_max)
    except AmountError:
        raise invalid(field, f"must be a whole number, 0 … {number_max}") from None


def text_of(fields: Fields, field: str) -> str | None:
    """An optional text, or a number as it was written. Raises ApiError."""
    value = fields.get(field)
    if value is None or isinstance(value, str):
        return value
    raise invalid(field, "must be a text or a number")
