"""What the fields of a plain order or cancellation mean: its command record.

Promise: a record is what api/order_payload.py makes of the same fields, or there is none: then
something is unusual or wrong. Amounts are exact: a text is taken only if it is a whole number of
steps and all its digits fit a word.
"""

from typing import Any

from truebook.limits import AMOUNT_MAX, DECIMALS_MAX, PRICE_TICKS_MAX
from truebook.messages import (
    COMMAND,
    CommandKind,
    OrderType,
    PlaceFlag,
    SelfTrade,
    Side,
    TargetBy,
    TimeInForce,
)
from truebook.plain.compiling import inlined, record_at
from truebook.plain.layout import (
    FIELD_NUMBERS,
    MARKET,
    MARKETS_MAX,
    SPAN,
    SYMBOL_WORDS,
    WORD,
    word,
)
from truebook.plain.scanning import FALSE, NUMBER, TEXT, TRUE, byte_at, is_digit, word_at

_DIGITS_MAX = 18
"""So many digits fit a word, whatever they are."""
_CLIENT_ID_MAX = (1 << 32) - 1
_ORDER_ID_MAX = (1 << 63) - 1
_ZERO, _POINT = ord("0"), ord(".")

_SPAN_BYTES, _MARKET_BYTES = SPAN.itemsize, MARKET.itemsize
assert MARKET.fields is not None
_SYMBOL_AT: int = MARKET.fields["symbol"][1]
_CLIENT_ID = FIELD_NUMBERS["clientId"] * _SPAN_BYTES
_ORDER_ID = FIELD_NUMBERS["orderId"] * _SPAN_BYTES
_ORDER_TYPE = FIELD_NUMBERS["orderType"] * _SPAN_BYTES
_POST_ONLY = FIELD_NUMBERS["postOnly"] * _SPAN_BYTES
_PRICE = FIELD_NUMBERS["price"] * _SPAN_BYTES
_QUANTITY = FIELD_NUMBERS["quantity"] * _SPAN_BYTES
_SELF_TRADE = FIELD_NUMBERS["selfTradePrevention"] * _SPAN_BYTES
_SIDE = FIELD_NUMBERS["side"] * _SPAN_BYTES
_SYMBOL = FIELD_NUMBERS["symbol"] * _SPAN_BYTES
_TIME_IN_FORCE = FIELD_NUMBERS["timeInForce"] * _SPAN_BYTES

_W_LIMIT, _W_BID, _W_ASK = word(b"Limit"), word(b"Bid"), word(b"Ask")
_W_GTC, _W_IOC, _W_FOK = word(b"GTC"), word(b"IOC"), word(b"FOK")
_W_ALLOW, _W_REJECT_T, _W_REJECT_M, _W_REJECT_B = map(
    word, (b"Allow", b"RejectTa", b"RejectMa", b"RejectBo")
)
_W_KER, _W_TH = word(b"ker"), word(b"th")

_PLACE, _CANCEL, _LIMIT = int(CommandKind.PLACE), int(CommandKind.CANCEL), int(OrderType.LIMIT)
_BID, _ASK = int(Side.BID), int(Side.ASK)
_GTC, _IOC, _FOK = int(TimeInForce.GTC), int(TimeInForce.IOC), int(TimeInForce.FOK)
_REJECT_TAKER, _REJECT_MAKER = int(SelfTrade.REJECT_TAKER), int(SelfTrade.REJECT_MAKER)
_REJECT_BOTH, _ALLOW = int(SelfTrade.REJECT_BOTH), int(SelfTrade.ALLOW)
_FLAG_POST_ONLY, _FLAG_CLIENT_ID = int(PlaceFlag.POST_ONLY), int(PlaceFlag.HAS_CLIENT_ID)
_BY_ORDER_ID, _BY_CLIENT_ID = int(TargetBy.ORDER_ID), int(TargetBy.CLIENT_ID)
_COMMAND_WORDS = COMMAND.itemsize // 8


@inlined
def whole_number(place: Any, number_max: Any) -> Any:
    """The number that a value is; -1: none that is plain."""
    span = record_at(place, SPAN)
    if span.kind != TEXT and span.kind != NUMBER:
        return -1
    if not 1 <= span.size <= _DIGITS_MAX + 1:
        return -1
    if span.size > 1 and byte_at(span.start) == _ZERO:
        return -1
    number = 0
    for at in range(span.start, span.start + span.size):
        byte = byte_at(at)
        if not is_digit(byte):
            return -1
        digit = byte - _ZERO
        if number > (number_max - digit) // 10:
            return -1
        number = 10 * number + digit
    return number


@inlined
def count_of(place: Any, mantissa: Any, exponent: Any, count_max: Any) -> Any:
    """The count of steps, more than 0, that an amount is; -1: none that is plain."""
    span = record_at(place, SPAN)
    if span.kind != TEXT and span.kind != NUMBER:
        return -1
    at, end = span.start, span.start + span.size
    whole, value = 0, 0
    while at < end and is_digit(byte_at(at)):
        value = 10 * value + (byte_at(at) - _ZERO)
        at, whole = at + 1, whole + 1
        if whole + exponent > _DIGITS_MAX:
            return -1
    if whole == 0 or (whole > 1 and byte_at(span.start) == _ZERO):
        return -1
    decimals = 0
    if at < end:
        at += 1
        if byte_at(at - 1) != _POINT or not 1 <= end - at <= DECIMALS_MAX:
            return -1
        while end > at and byte_at(end - 1) == _ZERO:
            end -= 1
        decimals = end - at
        if decimals > exponent:
            return -1
        while at < end:
            if not is_digit(byte_at(at)):
                return -1
            value = 10 * value + (byte_at(at) - _ZERO)
            at += 1
    for _ in range(exponent - decimals):
        value *= 10
    count = value // mantissa
    if count * mantissa != value or not 1 <= count <= count_max:
        return -1
    return count


@inlined
def market_of(markets: Any, place: Any) -> Any:
    """The number of the market that a symbol names; -1: there is none that is plain."""
    span = record_at(place, SPAN)
    size = span.size
    if span.kind != TEXT or not 1 <= size <= 8 * SYMBOL_WORDS:
        return -1
    first = word_at(span.start, size)
    for number in range(MARKETS_MAX):
        market = markets + number * _MARKET_BYTES
        if record_at(market, MARKET).size != size:
            continue
        symbol = market + _SYMBOL_AT
        if record_at(symbol, WORD).value != first:
            continue
        at = 8
        while at < size and record_at(symbol + at, WORD).value == word_at(
            span.start + at, size - at
        ):
            at += 8
        if at >= size:
            return number
    return -1


@inlined
def text_word(place: Any) -> Any:
    """A text of three to eight characters as a word; 0 for every other value."""
    span = record_at(place, SPAN)
    if span.kind == TEXT and 3 <= span.size <= 8:
        return word_at(span.start, span.size)
    return 0


@inlined
def self_trade_of(place: Any) -> Any:
    """The self trade prevention that is asked for; -1: none that is plain."""
    span = record_at(place, SPAN)
    if span.kind == 0:
        return _REJECT_TAKER
    if span.kind != TEXT:
        return -1
    if text_word(place) == _W_ALLOW:
        return _ALLOW
    if not 10 <= span.size <= 11:
        return -1
    first, second = word_at(span.start, 8), word_at(span.start + 8, span.size - 8)
    if first == _W_REJECT_T and second == _W_KER:
        return _REJECT_TAKER
    if first == _W_REJECT_M and second == _W_KER:
        return _REJECT_MAKER
    return _REJECT_BOTH if first == _W_REJECT_B and second == _W_TH else -1


@inlined
def time_in_force_of(place: Any) -> Any:
    """How long it shall stand; -1: not plain."""
    if record_at(place, SPAN).kind == 0:
        return _GTC
    asked = text_word(place)
    if asked == _W_GTC:
        return _GTC
    if asked == _W_IOC:
        return _IOC
    return _FOK if asked == _W_FOK else -1


@inlined
def side_of(place: Any) -> Any:
    """Bid or ask; -1: neither."""
    asked = text_word(place)
    if asked == _W_BID:
        return _BID
    return _ASK if asked == _W_ASK else -1


@inlined
def flags_of(spans: Any, client_id: Any) -> Any:
    """The flags of an order; -1: not plain."""
    flags = 0 if client_id < 0 else _FLAG_CLIENT_ID
    kind = record_at(spans + _POST_ONLY, SPAN).kind
    if kind == TRUE:
        return flags | _FLAG_POST_ONLY
    return flags if kind == 0 or kind == FALSE else -1


@inlined
def clear(at: Any) -> Any:
    """Make a record of nothing but zeros."""
    for index in range(_COMMAND_WORDS):
        record_at(at + 8 * index, WORD).value = 0


@inlined
def write_place(markets: Any, spans: Any, at: Any) -> Any:
    """Write PLACE for what was read, but for account and order id; whether it is plain."""
    number = market_of(markets, spans + _SYMBOL)
    if number < 0 or record_at(spans + _ORDER_ID, SPAN).kind:
        return False
    market = record_at(markets + number * _MARKET_BYTES, MARKET)
    price = count_of(spans + _PRICE, market.tick_mantissa, market.tick_exponent, PRICE_TICKS_MAX)
    lots = count_of(spans + _QUANTITY, market.step_mantissa, market.step_exponent, AMOUNT_MAX)
    client_id = -1
    if record_at(spans + _CLIENT_ID, SPAN).kind:
        client_id = whole_number(spans + _CLIENT_ID, _CLIENT_ID_MAX)
        if client_id < 0:
            return False
    side, flags = side_of(spans + _SIDE), flags_of(spans, client_id)
    times, prevention = time_in_force_of(spans + _TIME_IN_FORCE), self_trade_of(spans + _SELF_TRADE)
    if price < 0 or lots < 0 or side < 0 or flags < 0 or times < 0 or prevention < 0:
        return False
    if flags & _FLAG_POST_ONLY and times != _GTC:
        return False
    if text_word(spans + _ORDER_TYPE) != _W_LIMIT:
        return False
    clear(at)
    command = record_at(at, COMMAND)
    command.kind, command.records = _PLACE, 1
    command.side, command.order_type = side, _LIMIT
    command.time_in_force, command.self_trade, command.flags = times, prevention, flags
    command.market, command.price, command.quantity = number, price, lots
    command.client_id = max(client_id, 0)
    return True


@inlined
def write_cancel(markets: Any, spans: Any, at: Any) -> Any:
    """Write CANCEL for what was read, but for the account; whether it is plain."""
    for field in (_ORDER_TYPE, _POST_ONLY, _PRICE, _QUANTITY, _SELF_TRADE, _SIDE, _TIME_IN_FORCE):
        if record_at(spans + field, SPAN).kind:
            return False
    number = market_of(markets, spans + _SYMBOL)
    is_by_order = record_at(spans + _ORDER_ID, SPAN).kind != 0
    if number < 0 or is_by_order == (record_at(spans + _CLIENT_ID, SPAN).kind != 0):
        return False
    target = 0
    if is_by_order:
        target = whole_number(spans + _ORDER_ID, _ORDER_ID_MAX)
    else:
        target = whole_number(spans + _CLIENT_ID, _CLIENT_ID_MAX)
    if target < 0:
        return False
    clear(at)
    command = record_at(at, COMMAND)
    command.kind, command.records, command.market = _CANCEL, 1, number
    if is_by_order:
        command.by, command.order_id = _BY_ORDER_ID, target
    else:
        command.by, command.client_id = _BY_CLIENT_ID, target
    return True
