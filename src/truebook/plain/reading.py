"""Requests to command records: what Python calls.

Promise: of each text it is said whether it is a plain placement or cancellation; if so its command
record is written, but for account and order id, which `stamp` adds once it is known whose it is.
What is signed of such orders is written by the way: their fields are at hand, and in order.
"""

from typing import Any

from truebook.messages import COMMAND, COMMAND_BYTES, CommandKind
from truebook.plain.compiling import direct, entry, inlined, record_at
from truebook.plain.layout import (
    BYTE,
    CANCELS,
    FIELDS,
    NOT_PLAIN,
    OFFSETS,
    PLACES,
    SPAN,
    TEXTS_MAX,
    TICKET_BYTES,
    WORD,
    word,
)
from truebook.plain.meaning import write_cancel, write_place
from truebook.plain.scanning import (
    NUMBER,
    TEXT,
    byte_at,
    is_digit,
    key_end,
    past_blanks,
    past_colon,
    past_comma,
    peek,
    read_object,
    read_value,
    word_at,
)

_META, _SPANS, _MARKETS = OFFSETS["meta"], OFFSETS["spans"], OFFSETS["markets"]
_KINDS, _TICKETS, _RECORDS = OFFSETS["kinds"], OFFSETS["tickets"], OFFSETS["records"]
_INPUT, _SIGNED = OFFSETS["input"], OFFSETS["signed"]
_SPAN_BYTES, _FIELDS = SPAN.itemsize, len(FIELDS)
_ID, _METHOD = _SPANS + _FIELDS * _SPAN_BYTES, _SPANS + (_FIELDS + 1) * _SPAN_BYTES
_PLACE = int(CommandKind.PLACE)

_W_ID, _W_METHOD, _W_PARAMS = word(b"id"), word(b"method"), word(b"params")
_W_ORDER, _W_PLACE, _W_CANCEL = word(b"order.pl"), word(b"ace"), word(b"ncel")
_W_ORDER_CANCEL = word(b"order.ca")
_OPEN, _OPEN_LIST, _CLOSE_LIST, _COMMA, _QUOTE = map(ord, '{[],"')
_ZERO, _AND, _EQUALS = map(ord, "0&=")
_ID_DIGITS_MAX = 18

_INSTRUCTION = word(b"instruct"), word(b"ion=orde")
_EXECUTE, _CANCELLING = word(b"rExecute"), word(b"rCancel")
_EXECUTE_BYTES, _CANCEL_BYTES = len("instruction=orderExecute"), len("instruction=orderCancel")
_NAME_WORDS = tuple(
    tuple(word(name.encode()[at : at + 8].ljust(8, b"\0")) for at in (0, 8, 16)) for name in FIELDS
)
_NAME_SIZES = tuple(len(name) for name in FIELDS)


@inlined
def _method_of(place: Any) -> Any:
    """Which command a method is; NOT_PLAIN: none, or another one."""
    span = record_at(place, SPAN)
    if span.kind != TEXT:
        return NOT_PLAIN
    if span.size != len("order.place") and span.size != len("order.cancel"):
        return NOT_PLAIN
    first, rest = word_at(span.start, 8), word_at(span.start + 8, span.size - 8)
    if first == _W_ORDER and rest == _W_PLACE:
        return PLACES
    return CANCELS if first == _W_ORDER_CANCEL and rest == _W_CANCEL else NOT_PLAIN


@inlined
def _write_ticket(place: Any, at: Any) -> Any:
    """Keep the JSON of a request's id; whether it is plain."""
    span = record_at(place, SPAN)
    start, size = span.start, span.size
    if span.kind == NUMBER:
        if size > _ID_DIGITS_MAX or (size > 1 and byte_at(start) == _ZERO):
            return False
        for digit in range(start, start + size):
            if not is_digit(byte_at(digit)):
                return False
    elif span.kind == TEXT:
        start, size = start - 1, size + 2
    else:
        return False
    if size >= TICKET_BYTES:
        return False
    record_at(at, BYTE).value = size
    for index in range(size):
        record_at(at + 1 + index, BYTE).value = byte_at(start + index)
    return True


@inlined
def _read_request(s: Any, at: Any, end: Any, number: Any) -> Any:
    """What a whole message is: NOT_PLAIN, or PLACES or CANCELS; then its record is written."""
    record_at(s + _ID, SPAN).kind = 0
    record_at(s + _METHOD, SPAN).kind = 0
    has_params = False
    at = past_blanks(at, end)
    if peek(at, end) != _OPEN:
        return NOT_PLAIN
    at = past_blanks(at + 1, end)
    while at > 0:
        stop = key_end(at, end)
        if stop < 0:
            return NOT_PLAIN
        size = stop - at - 1
        key = word_at(at + 1, size)
        at = past_colon(stop + 1, end)
        if at < 0:
            return NOT_PLAIN
        if size == 2 and key == _W_ID and record_at(s + _ID, SPAN).kind == 0:
            at = read_value(at, end, s + _ID)
        elif size == 6 and key == _W_METHOD and record_at(s + _METHOD, SPAN).kind == 0:
            at = read_value(at, end, s + _METHOD)
        elif size == 6 and key == _W_PARAMS and not has_params and peek(at, end) == _OPEN:
            has_params = True
            at = read_object(at, end, s + _SPANS)
        else:
            return NOT_PLAIN
        if at < 0:
            return NOT_PLAIN
        at = past_comma(at, end)
    if at == 0 or past_blanks(1 - at, end) != end or not has_params:
        return NOT_PLAIN
    return _understood(s, number)


@inlined
def _understood(s: Any, number: Any) -> Any:
    """The same of a message whose parts are noted."""
    if not _write_ticket(s + _ID, s + _TICKETS + number * TICKET_BYTES):
        return NOT_PLAIN
    method = _method_of(s + _METHOD)
    record = s + _RECORDS + number * COMMAND_BYTES
    is_plain = False
    if method == PLACES:
        is_plain = write_place(s + _MARKETS, s + _SPANS, record)
    elif method == CANCELS:
        is_plain = write_cancel(s + _MARKETS, s + _SPANS, record)
    return method if is_plain else NOT_PLAIN


@entry("int64(int64, int64)")
def _read_requests(s: Any, size: Any) -> Any:
    """Read messages, each of which ends in a zero byte; how many there are, -1: too many."""
    at, end, count = s + _INPUT, s + _INPUT + size, 0
    while at < end:
        if count == TEXTS_MAX:
            return -1
        stop = at
        while stop < end and byte_at(stop) != 0:
            stop += 1
        record_at(s + _KINDS + count, BYTE).value = _read_request(s, at, stop, count)
        count += 1
        at = stop + 1
    return count


@inlined
def _write_signed(s: Any, out: Any, method: Any) -> Any:
    """Write what is signed of the object that was read; where it ends, or 0: not plain."""
    record_at(out, WORD).value = _INSTRUCTION[0]
    record_at(out + 8, WORD).value = _INSTRUCTION[1]
    if method == PLACES:
        record_at(out + 16, WORD).value = _EXECUTE
        out += _EXECUTE_BYTES
    else:
        record_at(out + 16, WORD).value = _CANCELLING
        out += _CANCEL_BYTES
    for field in range(_FIELDS):
        span = record_at(s + _SPANS + field * _SPAN_BYTES, SPAN)
        if span.kind == 0:
            continue
        record_at(out, BYTE).value = _AND
        out += 1
        for part in range(3):
            record_at(out + 8 * part, WORD).value = _NAME_WORDS[field][part]
        out += _NAME_SIZES[field]
        record_at(out, BYTE).value = _EQUALS
        out += 1
        for at in range(span.start, span.start + span.size):
            record_at(out, BYTE).value = byte_at(at)
            out += 1
    record_at(out, BYTE).value = _AND
    return out + 1


@entry("int64(int64, int64, int64, int64)")
def _read_signed(s: Any, size: Any, method: Any, is_list: Any) -> Any:
    """Read a body: an object, or a list of some; how many, 0: not plain. The size of what is signed
    stands in `meta`."""
    at, end, out, count = s + _INPUT, s + _INPUT + size, s + _SIGNED, 0
    at = past_blanks(at, end)
    if is_list:
        if peek(at, end) != _OPEN_LIST:
            return 0
        at = past_blanks(at + 1, end)
    while True:
        if count == TEXTS_MAX or peek(at, end) != _OPEN:
            return 0
        at = read_object(at, end, s + _SPANS)
        if at < 0:
            return 0
        record = s + _RECORDS + count * COMMAND_BYTES
        is_plain = False
        if method == PLACES:
            is_plain = write_place(s + _MARKETS, s + _SPANS, record)
        else:
            is_plain = write_cancel(s + _MARKETS, s + _SPANS, record)
        if not is_plain:
            return 0
        out = _write_signed(s, out, method)
        record_at(s + _KINDS + count, BYTE).value = method
        count += 1
        at = past_blanks(at, end)
        if not is_list or peek(at, end) != _COMMA:
            break
        at = past_blanks(at + 1, end)
    if is_list:
        if peek(at, end) != _CLOSE_LIST:
            return 0
        at = past_blanks(at + 1, end)
    record_at(s + _META, WORD).value = out - s - _SIGNED
    return count if at == end else 0


@entry("int64(int64, int64, int64, int64, int64)")
def _stamp(s: Any, first: Any, count: Any, account: Any, order_id: Any) -> Any:
    """Make records an account's, and name its new orders from `order_id` on; how many those are."""
    placed = 0
    for number in range(first, first + count):
        command = record_at(s + _RECORDS + number * COMMAND_BYTES, COMMAND)
        command.account = account
        if command.kind == _PLACE:
            command.order_id = order_id + placed
            placed += 1
    return placed


read_requests, read_signed, stamp = map(direct, (_read_requests, _read_signed, _stamp))
