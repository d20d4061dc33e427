"""OrderExecutePayload (contract A5) → a PLACE or PLACE_TRIGGER command.

Promise: a payload becomes an order only if every field that the exchange acts on can be meant in
exactly one way; otherwise the error names the field and the reason. Fields for other kinds of
accounts (lending, borrowing, positions, brokers) and unknown ones are ignored; fields that would
change what the order does, but aren't built yet, are refused.

`kind` is the word of the notes that the exchange was asked for: "ioc" fills whole or not at all
(elsewhere FOK), "post_only" never takes. Together with timeInForce or postOnly it is an error.

Most orders are plain: a limit order with nothing attached. What their words mean is looked up in a
table that is made of the same rules; whatever isn't found there, or isn't right, takes the long
way, which alone says what is wrong. (tests compare the two)
"""

import re
from functools import lru_cache
from itertools import product
from typing import Any

from truebook import commands
from truebook.api.conditions import Trigger, refuse_slippage, slippage_of, trigger_of
from truebook.api.errors import ApiError, invalid, rejected
from truebook.api.payload import (
    CLIENT_ID_MAX,
    Fields,
    amount_of,
    choice_of,
    client_id_of,
    market_of,
)
from truebook.directory import Directory, Market
from truebook.limits import AMOUNT_MAX, PRICE_TICKS_MAX
from truebook.messages import OrderType, RejectCode, SelfTrade, Side, TimeInForce
from truebook.units import AmountError, parse

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


def place_command(
    fields: Fields, directory: Directory, account: int, order_id: int, deadline_ms: int = 0
) -> bytes:
    """The records of a payload's command. Raises ApiError."""
    if fields.keys() <= _PLAIN_FIELDS:
        command = _plain_command(fields, directory, account, order_id, deadline_ms)
        if command is not None:
            return command
    return any_command(fields, directory, account, order_id, deadline_ms)


def any_command(
    fields: Fields, directory: Directory, account: int, order_id: int, deadline_ms: int
) -> bytes:
    """The same, the long way. Raises ApiError."""
    market = market_of(fields, directory)
    trigger = trigger_of(fields, market)
    side = choice_of(fields, "side", SIDES)
    order_type = choice_of(fields, "orderType", ORDER_TYPES)
    time_in_force, post_only = _execution(fields)
    slippage_ticks = slippage_bp = None
    if order_type is OrderType.LIMIT:
        refuse_slippage(fields)
        price, quantity = _limit_amounts(fields, market, trigger)
    else:
        price = 0
        slippage_ticks, slippage_bp = slippage_of(fields)
        order_type, quantity = _market_amount(fields, market, trigger)
        if post_only:
            raise invalid("postOnly", "a market order always takes")
    terms: dict[str, Any] = {
        "account": account,
        "market": market.number,
        "order_id": order_id,
        "side": side,
        "order_type": order_type,
        "price": price,
        "quantity": quantity,
        "time_in_force": time_in_force,
        "self_trade": choice_of(fields, "selfTradePrevention", SELF_TRADES, SelfTrade.REJECT_TAKER),
        "post_only": post_only,
        "client_id": client_id_of(fields),
        "slippage_ticks": slippage_ticks,
        "slippage_bp": slippage_bp,
        "deadline_ms": deadline_ms,
    }
    if trigger is None:
        return commands.place(**terms)
    return commands.place_trigger(
        trigger_price=trigger.price, percent_bp=trigger.percent_bp, **terms
    )


def amend_command(
    fields: Fields,
    directory: Directory,
    account: int,
    target: tuple[int | None, int | None],
    deadline_ms: int,
) -> bytes:
    """AMEND of the order that `target` names by id or client id. Raises ApiError."""
    market = market_of(fields, directory)
    price, quantity = _limit_amounts(fields, market, None)
    order_id, client_id = target
    return commands.amend(
        account=account,
        market=market.number,
        order_id=order_id or 0,
        client_id=client_id,
        price=price,
        quantity=quantity,
        deadline_ms=deadline_ms,
    )


def _limit_amounts(fields: Fields, market: Market, trigger: Trigger | None) -> tuple[int, int]:
    """Ticks and lots of a limit order; the lots of a percentage are known when it fires."""
    if fields.get("quoteQuantity") is not None:
        raise invalid("quoteQuantity", "a limit order has none")
    price = amount_of(fields, "price", market.tick, PRICE_TICKS_MAX)
    if price is None:
        raise invalid("price", "a limit order must have one")
    if price == 0:
        raise rejected(RejectCode.PRICE_TOO_LOW)
    if trigger is not None:
        return price, trigger.lots or 0
    quantity = amount_of(fields, "quantity", market.step, AMOUNT_MAX)
    if quantity is None:
        raise invalid("quantity", "a limit order must have one")
    if quantity == 0:
        raise rejected(RejectCode.QUANTITY_TOO_SMALL)
    return price, quantity


def _market_amount(
    fields: Fields, market: Market, trigger: Trigger | None
) -> tuple[OrderType, int]:
    """How a market order is counted, and its lots or quote atoms."""
    if fields.get("price") is not None:
        raise invalid("price", "a market order has none")
    if trigger is not None:
        return OrderType.MARKET, trigger.lots or 0
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


_WORDS = ("side", "orderType", "timeInForce", "postOnly", "selfTradePrevention", "kind")
_CLIENT_ID = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)
_PLAIN_FIELDS = frozenset({*_WORDS, "symbol", "price", "quantity", "clientId"})


def _plain_terms() -> dict[tuple[object, ...], tuple[Side, TimeInForce, SelfTrade, bool]]:
    """What the words of a plain limit order mean, for all words that can be meant."""
    terms: dict[tuple[object, ...], tuple[Side, TimeInForce, SelfTrade, bool]] = {}
    for times, post_only, kind in product(
        (None, *TIMES_IN_FORCE), (None, False, True), (None, *KINDS)
    ):
        try:
            meant = _execution({"timeInForce": times, "postOnly": post_only, "kind": kind})
        except ApiError:
            continue
        for side, self_trade in product(SIDES, (None, *SELF_TRADES)):
            prevention = SELF_TRADES.get(self_trade or "", SelfTrade.REJECT_TAKER)
            words = (side, "Limit", times, post_only, self_trade, kind)
            terms[words] = (SIDES[side], meant[0], prevention, meant[1])
    return terms


_PLAIN_TERMS = _plain_terms()

_parsed = lru_cache(maxsize=1 << 14)(parse)
"""The same few thousand prices and quantities come again and again."""


def _plain_command(
    fields: Fields, directory: Directory, account: int, order_id: int, deadline_ms: int
) -> bytes | None:
    """The command of a plain limit order; None if it isn't one, or something is wrong with it."""
    get = fields.get
    price, quantity, client_id = get("price"), get("quantity"), get("clientId")
    if not isinstance(price, str) or not isinstance(quantity, str):
        return None
    client_number = None
    if client_id is not None:
        if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id):
            return None
        client_number = int(client_id)
        if client_number > CLIENT_ID_MAX:
            return None
    try:
        market = directory.market_by_symbol[get("symbol")]  # type: ignore[index]
        side, time_in_force, self_trade, post_only = _PLAIN_TERMS[tuple(map(get, _WORDS))]
        ticks = _parsed(price, market.tick, PRICE_TICKS_MAX)
        lots = _parsed(quantity, market.step, AMOUNT_MAX)
    except (KeyError, TypeError, AmountError):
        return None
    if not ticks or not lots:
        return None
    return commands.place(
        account=account,
        market=market.number,
        order_id=order_id,
        side=side,
        order_type=OrderType.LIMIT,
        price=ticks,
        quantity=lots,
        time_in_force=time_in_force,
        self_trade=self_trade,
        post_only=post_only,
        client_id=client_number,
        deadline_ms=deadline_ms,
    )
