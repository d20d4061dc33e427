"""OrderExecutePayload (contract A5) → a PLACE record.

Promise: a payload becomes an order only if every field that the exchange acts on can be meant in
exactly one way; otherwise the error names the field and the reason. Fields for other kinds of
accounts (lending, borrowing, positions, brokers) and unknown ones are ignored; fields that would
change what the order does, but aren't built yet, are refused.

`kind` is the word of the notes that the exchange was asked for: "ioc" fills whole or not at all
(elsewhere FOK), "post_only" never takes. Together with timeInForce or postOnly it is an error.
"""

from collections.abc import Mapping
from typing import TypeVar

from truebook import commands
from truebook.api.errors import ApiError, invalid, not_implemented, rejected
from truebook.directory import Directory, Market
from truebook.limits import AMOUNT_MAX, PRICE_TICKS_MAX
from truebook.messages import OrderType, RejectCode, SelfTrade, Side, TimeInForce
from truebook.units import AmountError, Fault, Grid, parse

CLIENT_ID_MAX = (1 << 32) - 1
ORDER_ID_MAX = (1 << 63) - 1

SIDES = {"Bid": Side.BID, "Ask": Side.ASK}
ORDER_TYPES = {"Limit": OrderType.LIMIT, "Market": OrderType.MARKET}
TIMES_IN_FORCE = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}
SELF_TRADES = {
    "RejectTaker": SelfTrade.REJECT_TAKER,
    "RejectMaker": SelfTrade.REJECT_MAKER,
    "RejectBoth": SelfTrade.REJECT_BOTH,
    "Allow": SelfTrade.ALLOW,
}
KINDS = {"ioc": (TimeInForce.FOK, False), "post_only": (TimeInForce.GTC, True)}

NOT_IMPLEMENTED = (
    "triggerPrice",
    "triggerQuantity",
    "triggerBy",
    "stopLossTriggerPrice",
    "stopLossLimitPrice",
    "stopLossTriggerBy",
    "takeProfitTriggerPrice",
    "takeProfitLimitPrice",
    "takeProfitTriggerBy",
    "slippageTolerance",
    "slippageToleranceType",
)

Fields = Mapping[str, object]
T = TypeVar("T")


def place_record(fields: Fields, directory: Directory, account: int, order_id: int) -> bytes:
    """The PLACE record of a payload. Raises ApiError."""
    for field in NOT_IMPLEMENTED:
        if fields.get(field) is not None:
            raise not_implemented(field)
    market = market_of(fields, directory)
    side = choice_of(fields, "side", SIDES)
    order_type = choice_of(fields, "orderType", ORDER_TYPES)
    time_in_force, post_only = _execution(fields)
    if order_type is OrderType.LIMIT:
        price, quantity = _limit_amounts(fields, market)
    else:
        price = 0
        order_type, quantity = _market_amount(fields, market)
        if post_only:
            raise invalid("postOnly", "a market order always takes")
    return commands.place(
        account=account,
        market=market.number,
        order_id=order_id,
        side=side,
        order_type=order_type,
        price=price,
        quantity=quantity,
        time_in_force=time_in_force,
        self_trade=choice_of(fields, "selfTradePrevention", SELF_TRADES, SelfTrade.REJECT_TAKER),
        post_only=post_only,
        client_id=client_id_of(fields),
    )


def market_of(fields: Fields, directory: Directory) -> Market:
    """The market that `symbol` names. Raises ApiError."""
    symbol = _text(fields, "symbol")
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
    text = _text(fields, field)
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
    text = _text(fields, field)
    if text is None:
        return None
    try:
        return parse(text, grid, count_max)
    except AmountError as error:
        if error.fault is Fault.TOO_MANY_DECIMALS:
            message = f"{field[0].upper()}{field[1:]} decimal too long"
            raise ApiError(400, "INVALID_CLIENT_REQUEST", message, field=field) from None
        raise invalid(field, error.fault.value) from None


def _limit_amounts(fields: Fields, market: Market) -> tuple[int, int]:
    """Ticks and lots of a limit order."""
    if fields.get("quoteQuantity") is not None:
        raise invalid("quoteQuantity", "a limit order has none")
    price = amount_of(fields, "price", market.tick, PRICE_TICKS_MAX)
    if price is None:
        raise invalid("price", "a limit order must have one")
    if price == 0:
        raise rejected(RejectCode.PRICE_TOO_LOW)
    quantity = amount_of(fields, "quantity", market.step, AMOUNT_MAX)
    if quantity is None:
        raise invalid("quantity", "a limit order must have one")
    if quantity == 0:
        raise rejected(RejectCode.QUANTITY_TOO_SMALL)
    return price, quantity


def _market_amount(fields: Fields, market: Market) -> tuple[OrderType, int]:
    """How a market order is counted, and its lots or quote atoms."""
    if fields.get("price") is not None:
        raise invalid("price", "a market order has none")
    quantity = amount_of(fields, "quantity", market.step, AMOUNT_MAX)
    quote = amount_of(fields, "quoteQuantity", market.quote.atoms, AMOUNT_MAX)
    if quantity is not None and quote is not None:
        raise invalid("quoteQuantity", "only one of quantity and quoteQuantity can be given")
    if quantity is None and quote is None:
        raise invalid("quantity", "a market order must have one, or a quoteQuantity")
    if not quantity and not quote:
        field = "quantity" if quote is None else "quoteQuantity"
        message = "Quantity is below the minimum allowed value"
        raise ApiError(400, "INVALID_QUANTITY", message, field=field)
    if quote is not None:
        return OrderType.MARKET_BY_QUOTE, quote
    return OrderType.MARKET, quantity or 0


def _execution(fields: Fields) -> tuple[TimeInForce, bool]:
    """Time in force and post-only, from either vocabulary."""
    if fields.get("kind") is not None:
        for field in ("timeInForce", "postOnly"):
            if fields.get(field) is not None:
                raise invalid("kind", f"can't be combined with {field}")
        return choice_of(fields, "kind", KINDS)
    post_only = fields.get("postOnly")
    if post_only is not None and not isinstance(post_only, bool):
        raise invalid("postOnly", "must be true or false")
    time_in_force = choice_of(fields, "timeInForce", TIMES_IN_FORCE, TimeInForce.GTC)
    if post_only and time_in_force is not TimeInForce.GTC:
        raise invalid("postOnly", "an order that may not take can only be GTC")
    return time_in_force, bool(post_only)


def whole_number_of(fields: Fields, field: str, number_max: int) -> int | None:
    """An optional whole number, 0 … `number_max`. Raises ApiError."""
    text = _text(fields, field)
    if text is None:
        return None
    try:
        return parse(text, Grid(1, 0), number_max)
    except AmountError:
        raise invalid(field, f"must be a whole number, 0 … {number_max}") from None


def _text(fields: Fields, field: str) -> str | None:
    value = fields.get(field)
    if value is None or isinstance(value, str):
        return value
    raise invalid(field, "must be a text or a number")
