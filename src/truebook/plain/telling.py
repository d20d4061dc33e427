"""Replies to the JSON of their orders: what Python calls.

Promise: the text is what api/order_text.py makes of the same reply, byte for byte, or there is
none. Nothing is written behind `told`: each reply has room for whatever it may become.

The long end of an order's text depends on its market, status and flags alone: Python gives each
once (codec.learn), and it is found here by these.
"""

from typing import Any

from truebook.messages import (
    ORDER_HAS_CLIENT_ID,
    ORDER_POST_ONLY,
    ORDER_TIME_SHIFT,
    ORDER_TRIGGER,
    ORDER_TYPE_SHIFT,
    REPLY,
    REPLY_BYTES,
    OrderType,
)
from truebook.plain.compiling import direct, entry, inlined, record_at
from truebook.plain.layout import (
    BYTE,
    END,
    END_SLOTS,
    FRAMED,
    LISTED,
    MARKET,
    MARKETS_MAX,
    OFFSETS,
    TICKET_BYTES,
    WORD,
    word,
)
from truebook.plain.scanning import byte_at

KIND_MASK = 3 << ORDER_TYPE_SHIFT | ORDER_TRIGGER
KIND_PLAIN = OrderType.LIMIT << ORDER_TYPE_SHIFT
FLAGS = (1 << ORDER_TIME_SHIFT) - 1
PROBES_MAX = 16
_STATUS_SHIFT, _MARKET_SHIFT = 16, 24
_SLOT_FACTOR, _SLOT_SHIFT = 0x5851F42D, 19

_MARKETS, _TICKETS, _REPLIES = OFFSETS["markets"], OFFSETS["tickets"], OFFSETS["replies"]
_SLOTS, _ENDS, _TOLD = OFFSETS["slots"], OFFSETS["ends"], OFFSETS["told"]
_STOPS = OFFSETS["stops"]
_MARKET_BYTES, _END_BYTES, _WORD_BYTES = MARKET.itemsize, END.itemsize, WORD.itemsize
_VALUE_MAX = (1 << 63) - 1
_ZERO, _POINT, _QUOTE = map(ord, '0."')
_FRAME, _MEDIUM, _HEAD_BYTES, _MEDIUM_MIN = 0x81, 126, 4, 126


def _words(text: str) -> tuple[int, ...]:
    data = text.encode()
    return tuple(word(data[at : at + 8]) for at in range(0, len(data), 8))


_ID, _RESULT = '{"id":', ',"status":200,"result":'
_OK = '{"operation":"Ok",'
_HEAD, _CLIENT_ID = '"orderType":"Limit","id":"', '","clientId":'
_CREATED, _EXECUTED = ',"createdAt":', ',"executedQuantity":"'
_QUOTE_EXECUTED, _POST_ONLY = '","executedQuoteQuantity":"', '","postOnly":'
_PRICE, _QUANTITY, _NEXT = ',"price":"', '","quantity":"', '",'

_W_ID, _N_ID = _words(_ID), len(_ID)
_W_RESULT, _N_RESULT = _words(_RESULT), len(_RESULT)
_W_OK, _N_OK = _words(_OK), len(_OK)
_W_HEAD, _N_HEAD = _words(_HEAD), len(_HEAD)
_W_CLIENT_ID, _N_CLIENT_ID = _words(_CLIENT_ID), len(_CLIENT_ID)
_W_CREATED, _N_CREATED = _words(_CREATED), len(_CREATED)
_W_EXECUTED, _N_EXECUTED = _words(_EXECUTED), len(_EXECUTED)
_W_QUOTE_EXECUTED, _N_QUOTE_EXECUTED = _words(_QUOTE_EXECUTED), len(_QUOTE_EXECUTED)
_W_POST_ONLY, _N_POST_ONLY = _words(_POST_ONLY), len(_POST_ONLY)
_W_PRICE, _N_PRICE = _words(_PRICE), len(_PRICE)
_W_QUANTITY, _N_QUANTITY = _words(_QUANTITY), len(_QUANTITY)
_W_NEXT, _W_NULL, _W_TRUE, _W_FALSE = map(_words, (_NEXT, "null", "true", "false"))


@inlined
def _put(out: Any, words: Any, size: Any) -> Any:
    """Write a constant text; where it ends. (Up to seven bytes more are written over later.)"""
    for index in range(len(words)):
        record_at(out + 8 * index, WORD).value = words[index]
    return out + size


@inlined
def _copy(out: Any, at: Any, size: Any) -> Any:
    for index in range(0, size, 8):
        record_at(out + index, WORD).value = record_at(at + index, WORD).value
    return out + size


@inlined
def _put_number(out: Any, number: Any) -> Any:
    """Write a number, 0 or more."""
    digits, rest = 1, number // 10
    while rest:
        digits += 1
        rest //= 10
    at = out + digits
    while at > out:
        at -= 1
        rest = number // 10
        record_at(at, BYTE).value = _ZERO + (number - 10 * rest)
        number = rest
    return out + digits


@inlined
def _put_amount(out: Any, value: Any, exponent: Any) -> Any:
    """Write value / 10 ** exponent, as short as it can be."""
    while exponent > 0 and value % 10 == 0:
        value //= 10
        exponent -= 1
    if exponent == 0:
        return _put_number(out, value)
    scale = 1
    for _ in range(exponent):
        scale *= 10
    whole = value // scale
    rest = value - whole * scale
    out = _put_number(out, whole)
    record_at(out, BYTE).value = _POINT
    at = out + exponent
    for _ in range(exponent):
        record_at(at, BYTE).value = _ZERO + rest % 10
        rest //= 10
        at -= 1
    return out + 1 + exponent


def key_of_end(market: Any, status: Any, flags: Any) -> Any:
    """What the end of an order's text is known by."""
    return (market << _MARKET_SHIFT) + (status << _STATUS_SHIFT) + flags


def slot_of(key: Any) -> Any:
    """Where an end is looked for first."""
    return (key * _SLOT_FACTOR >> _SLOT_SHIFT) % END_SLOTS


_key_of_end, _slot_of = inlined(key_of_end), inlined(slot_of)


@inlined
def _end_of(s: Any, key: Any) -> Any:
    """The address of what is known of an end; 0: it isn't."""
    slot = _slot_of(key)
    for probe in range(PROBES_MAX):
        at = s + _SLOTS + (slot + probe) % END_SLOTS * _END_BYTES
        end = record_at(at, END)
        if end.size == 0:
            return 0
        if end.key == key:
            return at
    return 0


@inlined
def _is_plain(reply: Any, market: Any) -> Any:
    """Whether the reply is about a plain limit order whose amounts fit a word."""
    if reply.time_flags & KIND_MASK != KIND_PLAIN or reply.time_flags < 0 or reply.order_id < 0:
        return False
    if market.size == 0 or reply.price < 0 or reply.quantity < 0:
        return False
    if reply.executed < 0 or reply.executed_quote < 0:
        return False
    return (
        reply.price <= _VALUE_MAX // market.tick_mantissa
        and reply.quantity <= _VALUE_MAX // market.step_mantissa
        and reply.executed <= _VALUE_MAX // market.step_mantissa
    )


@inlined
def _tell_order(s: Any, reply: Any, market: Any, out: Any) -> Any:
    """Write an order without its first bracket; where it ends, 0: its end isn't known."""
    flags = reply.time_flags & FLAGS
    found = _end_of(s, _key_of_end(reply.market, reply.status, flags))
    if found == 0:
        return 0
    end = record_at(found, END)
    out = _put_number(_put(out, _W_HEAD, _N_HEAD), reply.order_id)
    out = _put(out, _W_CLIENT_ID, _N_CLIENT_ID)
    if flags & ORDER_HAS_CLIENT_ID:
        out = _put_number(out, reply.client_id)
    else:
        out = _put(out, _W_NULL, 4)
    out = _put(out, _W_CREATED, _N_CREATED)
    out = _put_number(out, reply.time_flags >> ORDER_TIME_SHIFT)
    out = _put(out, _W_EXECUTED, _N_EXECUTED)
    out = _put_amount(out, reply.executed * market.step_mantissa, market.step_exponent)
    out = _put(out, _W_QUOTE_EXECUTED, _N_QUOTE_EXECUTED)
    out = _put_amount(out, reply.executed_quote, market.quote_exponent)
    out = _put(out, _W_POST_ONLY, _N_POST_ONLY)
    if flags & ORDER_POST_ONLY:
        out = _put(out, _W_TRUE, 4)
    else:
        out = _put(out, _W_FALSE, 5)
    out = _put(out, _W_PRICE, _N_PRICE)
    out = _put_amount(out, reply.price * market.tick_mantissa, market.tick_exponent)
    out = _put(out, _W_QUANTITY, _N_QUANTITY)
    out = _put_amount(out, reply.quantity * market.step_mantissa, market.step_exponent)
    return _copy(_put(out, _W_NEXT, 2), s + _ENDS + end.at, end.size)


@inlined
def _tell(s: Any, number: Any, out: Any, how: Any) -> Any:
    """Write one reply; where it ends, 0: it isn't plain."""
    reply = record_at(s + _REPLIES + number * REPLY_BYTES, REPLY)
    if reply.market >= MARKETS_MAX:
        return 0
    market = record_at(s + _MARKETS + reply.market * _MARKET_BYTES, MARKET)
    if not _is_plain(reply, market):
        return 0
    text = out
    if how == FRAMED:
        ticket = s + _TICKETS + number * TICKET_BYTES
        text = _put(out + _HEAD_BYTES, _W_ID, _N_ID)
        text = _copy(text, ticket + 1, byte_at(ticket))
        text = _put(text, _W_RESULT, _N_RESULT)
    if how == LISTED:
        text = _put(text, _W_OK, _N_OK)
    else:
        record_at(text, BYTE).value = ord("{")
        text += 1
    text = _tell_order(s, reply, market, text)
    if how == FRAMED and text != 0:
        record_at(text, BYTE).value = ord("}")
        text += 1
        size = text - out - _HEAD_BYTES
        if size < _MEDIUM_MIN:
            return 0
        record_at(out, BYTE).value, record_at(out + 1, BYTE).value = _FRAME, _MEDIUM
        record_at(out + 2, BYTE).value, record_at(out + 3, BYTE).value = size >> 8, size & 255
    return text


@entry("int64(int64, int64, int64, int64)")
def _tell_all(s: Any, first: Any, count: Any, how: Any) -> Any:
    """Tell replies `first` … `count` - 1, as far as they are plain: the number of the first that
    isn't, or `count`; above 16 bits, how many bytes were written. Where each ends stands in
    `stops`."""
    out = s + _TOLD
    for number in range(first, count):
        if how == LISTED and number > first:
            record_at(out, BYTE).value = ord(",")
            out += 1
        told = _tell(s, number, out, how)
        if told == 0:
            if how == LISTED and number > first:
                out -= 1
            return (out - s - _TOLD) << 16 | number
        out = told
        record_at(s + _STOPS + number * _WORD_BYTES, WORD).value = out - s - _TOLD
    return (out - s - _TOLD) << 16 | count


tell_all = direct(_tell_all)
