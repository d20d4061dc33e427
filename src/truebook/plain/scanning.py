"""The strict reading of plain JSON objects: no escapes, nothing but ASCII, nothing nested.

Promise: what is found is what strict_json.py finds in the same text, or -1: "not plain". Nothing
behind `end` is taken for part of the text; what is looked at behind it is in the same memory
(layout.SLACK_BYTES). Every function takes addresses, and gives the one where it stopped.

Why that is strict: each key is one of a few known ones, once. A text has printable ASCII and
neither quotation mark nor backslash in it, so that it is what it says. A number is any run of
digits and points here; whoever needs one looks at it more closely (meaning.py), and all do.
"""

from typing import Any

from truebook.plain.compiling import inlined, record_at
from truebook.plain.layout import BYTE, FIELD_NUMBERS, SPAN, WORD, word

TEXT, NUMBER, TRUE, FALSE = 1, 2, 3, 4
"""Kinds of values."""

_SPAN_BYTES = SPAN.itemsize
_FIELDS = len(FIELD_NUMBERS)
_CLIENT_ID = FIELD_NUMBERS["clientId"]
_ORDER_ID = FIELD_NUMBERS["orderId"]
_ORDER_TYPE = FIELD_NUMBERS["orderType"]
_POST_ONLY = FIELD_NUMBERS["postOnly"]
_PRICE = FIELD_NUMBERS["price"]
_QUANTITY = FIELD_NUMBERS["quantity"]
_SELF_TRADE = FIELD_NUMBERS["selfTradePrevention"]
_SIDE = FIELD_NUMBERS["side"]
_SYMBOL = FIELD_NUMBERS["symbol"]
_TIME_IN_FORCE = FIELD_NUMBERS["timeInForce"]

_W_SIDE, _W_PRICE, _W_SYMBOL = word(b"side"), word(b"price"), word(b"symbol")
_W_ORDER_ID, _W_CLIENT_ID = word(b"orderId"), word(b"clientId")
_W_POST_ONLY, _W_QUANTITY = word(b"postOnly"), word(b"quantity")
_W_ORDER_TYPE = word(b"orderTyp"), word(b"e")
_W_TIME_IN_FORCE = word(b"timeInFo"), word(b"rce")
_W_SELF_TRADE = word(b"selfTrad"), word(b"ePrevent"), word(b"ion")
_W_TRUE, _W_FALSE = word(b"true"), word(b"false")

_QUOTE, _BACKSLASH, _POINT, _COMMA, _COLON, _CLOSE = map(ord, '"\\.,:}')
_BLANK, _TAB, _LINE, _RETURN = map(ord, " \t\n\r")
_ZERO, _NINE, _T, _F, _TILDE = map(ord, "09tf~")


@inlined
def byte_at(at: Any) -> Any:
    """The byte at an address."""
    return record_at(at, BYTE).value


@inlined
def peek(at: Any, end: Any) -> Any:
    """The byte at an address of a text; 0, which no plain text has, where it has ended."""
    if at < end:
        return byte_at(at)
    return 0


@inlined
def word_at(at: Any, size: Any) -> Any:
    """The bytes at an address as a word: the first eight, or as many as there are."""
    value = record_at(at, WORD).value
    if size < 8:
        value &= (1 << (8 * size)) - 1
    return value


@inlined
def past_blanks(at: Any, end: Any) -> Any:
    """Where something else stands."""
    while at < end:
        byte = byte_at(at)
        if byte != _BLANK and byte != _TAB and byte != _LINE and byte != _RETURN:
            break
        at += 1
    return at


@inlined
def text_end(at: Any, end: Any) -> Any:
    """Where the quotation mark stands that ends a plain text; -1: there is none."""
    while at < end:
        byte = byte_at(at)
        if byte == _QUOTE:
            return at
        if byte < _BLANK or byte > _TILDE or byte == _BACKSLASH:
            return -1
        at += 1
    return -1


@inlined
def is_digit(byte: Any) -> Any:
    """Whether it is an ASCII digit."""
    return _ZERO <= byte <= _NINE


@inlined
def read_value(at: Any, end: Any, place: Any) -> Any:
    """Note a value at `place`; where it ends, or -1."""
    span = record_at(place, SPAN)
    byte = peek(at, end)
    start, stop, behind, kind = at, at, at, TEXT
    if byte == _QUOTE:
        start = at + 1
        stop = text_end(start, end)
        if stop < 0:
            return -1
        behind = stop + 1
    elif is_digit(byte):
        kind = NUMBER
        while is_digit(byte) or byte == _POINT:
            stop += 1
            byte = peek(stop, end)
        behind = stop
    elif byte == _T and end - at > 4 and word_at(at, 4) == _W_TRUE:
        kind, stop, behind = TRUE, at + 4, at + 4
    elif byte == _F and end - at > 5 and word_at(at, 5) == _W_FALSE:
        kind, stop, behind = FALSE, at + 5, at + 5
    else:
        return -1
    span.start, span.size, span.kind = start, stop - start, kind
    return behind


@inlined
def key_end(at: Any, end: Any) -> Any:
    """Where the quotation mark stands that ends a key; -1: there is no key."""
    if peek(at, end) != _QUOTE:
        return -1
    return text_end(at + 1, end)


@inlined
def past_colon(at: Any, end: Any) -> Any:
    """Where the value of a key begins that ended here; -1: there is none."""
    at = past_blanks(at, end)
    if peek(at, end) != _COLON:
        return -1
    return past_blanks(at + 1, end)


@inlined
def past_comma(at: Any, end: Any) -> Any:
    """Where the next key begins; the place of the bracket that ends the object, negated; 0: neither
    is there."""
    at = past_blanks(at, end)
    byte = peek(at, end)
    if byte == _COMMA:
        return past_blanks(at + 1, end)
    return -at if byte == _CLOSE else 0


@inlined
def field_of(at: Any, size: Any) -> Any:
    """The number of the field that a key names; -1: it is none of them."""
    first = word_at(at, size)
    if size == 8:
        if first == _W_CLIENT_ID:
            return _CLIENT_ID
        if first == _W_QUANTITY:
            return _QUANTITY
        if first == _W_POST_ONLY:
            return _POST_ONLY
    elif size == 6 and first == _W_SYMBOL:
        return _SYMBOL
    elif size == 4 and first == _W_SIDE:
        return _SIDE
    elif size == 5 and first == _W_PRICE:
        return _PRICE
    elif size == 7 and first == _W_ORDER_ID:
        return _ORDER_ID
    elif size > 8:
        return _long_field_of(at, size, first)
    return -1


@inlined
def _long_field_of(at: Any, size: Any, first: Any) -> Any:
    second = word_at(at + 8, size - 8)
    if size == 9 and first == _W_ORDER_TYPE[0] and second == _W_ORDER_TYPE[1]:
        return _ORDER_TYPE
    if size == 11 and first == _W_TIME_IN_FORCE[0] and second == _W_TIME_IN_FORCE[1]:
        return _TIME_IN_FORCE
    if size != 19 or first != _W_SELF_TRADE[0] or second != _W_SELF_TRADE[1]:
        return -1
    return _SELF_TRADE if word_at(at + 16, 3) == _W_SELF_TRADE[2] else -1


@inlined
def read_object(at: Any, end: Any, spans: Any) -> Any:
    """Note the values of an object, whose bracket is at `at`, at `spans`; where it ends, or -1."""
    for number in range(_FIELDS):
        record_at(spans + number * _SPAN_BYTES, SPAN).kind = 0
    at = past_blanks(at + 1, end)
    while True:
        stop = key_end(at, end)
        if stop < 0:
            return -1
        field = field_of(at + 1, stop - at - 1)
        if field < 0 or record_at(spans + field * _SPAN_BYTES, SPAN).kind:
            return -1
        at = past_colon(stop + 1, end)
        if at < 0:
            return -1
        at = read_value(at, end, spans + field * _SPAN_BYTES)
        if at < 0:
            return -1
        at = past_comma(at, end)
        if at == 0:
            return -1
        if at < 0:
            return 1 - at
