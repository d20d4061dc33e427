"""What may be attached to an order: a trigger, a slippage tolerance, a deadline (contract A5).

Promise: an attachment is carried out as it is written or refused with the field's name; none is
ignored. Triggers look at the last price: this venue has no mark price and no index.
"""

from typing import NamedTuple

from truebook.api.errors import ApiError, invalid, not_implemented, rejected
from truebook.api.payload import Fields, amount_of, choice_of, text_of
from truebook.directory import Market
from truebook.limits import (
    AMOUNT_MAX,
    BASIS_POINTS,
    DEADLINE_MS_DEFAULT,
    PRICE_TICKS_MAX,
)
from truebook.messages import RejectCode
from truebook.units import PERCENT_GRID, AmountError, Grid, parse

ATTACHED = (
    "stopLossTriggerPrice",
    "stopLossLimitPrice",
    "stopLossTriggerBy",
    "takeProfitTriggerPrice",
    "takeProfitLimitPrice",
    "takeProfitTriggerBy",
)
TRIGGER_BY = {"LastPrice": True, "MarkPrice": False, "IndexPrice": False}
SLIPPAGES = {"TickSize": (Grid(1, 0), PRICE_TICKS_MAX), "Percent": (PERCENT_GRID, BASIS_POINTS)}


class Trigger(NamedTuple):
    """What an order waits for; exactly one of `lots` and `percent_bp` is given."""

    price: int
    """Ticks."""
    lots: int | None
    percent_bp: int | None


class Slippage(NamedTuple):
    """How far from the best price a market order may go; one is given, or neither."""

    ticks: int | None
    basis_points: int | None


def trigger_of(fields: Fields, market: Market) -> Trigger | None:
    """The trigger of an order, if it has one. Raises ApiError."""
    for field in ATTACHED:
        if fields.get(field) is not None:
            raise not_implemented(field)
    if not choice_of(fields, "triggerBy", TRIGGER_BY, default=True):
        raise invalid("triggerBy", "must be LastPrice: there is no mark price and no index here")
    missing = [name for name in ("triggerPrice", "triggerQuantity") if fields.get(name) is None]
    if len(missing) == 2:
        return None
    if missing:
        message = "Must specify both `triggerPrice` and `triggerQuantity` or neither"
        raise ApiError(400, "INVALID_CLIENT_REQUEST", message, field=missing[0])
    price = amount_of(fields, "triggerPrice", market.tick, PRICE_TICKS_MAX)
    if not price or price < market.price_min:
        raise rejected(RejectCode.PRICE_TOO_LOW, field="triggerPrice")
    if price > market.price_max:
        raise rejected(RejectCode.PRICE_TOO_HIGH, field="triggerPrice")
    if fields.get("quoteQuantity") is not None:
        raise invalid("quoteQuantity", "an order with a trigger has a triggerQuantity")
    lots, percent_bp = _trigger_quantity(fields, market)
    if fields.get("quantity") is not None and not _is_said_twice(fields, market, lots):
        raise invalid("quantity", "must be absent, or the same as triggerQuantity")
    return Trigger(price, lots, percent_bp)


def _trigger_quantity(fields: Fields, market: Market) -> tuple[int | None, int | None]:
    """Lots, or basis points of what will be available."""
    text = text_of(fields, "triggerQuantity") or ""
    if text.endswith("%"):
        try:
            percent_bp = parse(text[:-1], PERCENT_GRID, BASIS_POINTS)
        except AmountError:
            percent_bp = 0
        if not percent_bp:
            raise invalid("triggerQuantity", 'must be above "0%", at most "100%", two decimals')
        return None, percent_bp
    lots = amount_of(fields, "triggerQuantity", market.step, AMOUNT_MAX)
    if not lots or lots < market.quantity_min:
        raise rejected(RejectCode.QUANTITY_TOO_SMALL, field="triggerQuantity")
    if lots > market.quantity_max:
        raise rejected(RejectCode.QUANTITY_TOO_LARGE, field="triggerQuantity")
    return lots, None


def _is_said_twice(fields: Fields, market: Market, lots: int | None) -> bool:
    """Whether `quantity` says what `triggerQuantity` says: some clients can't leave it out."""
    if lots is None:
        return fields.get("quantity") == fields.get("triggerQuantity")
    return amount_of(fields, "quantity", market.step, AMOUNT_MAX) == lots


def slippage_of(fields: Fields) -> Slippage:
    """The slippage tolerance of a market order. Raises ApiError."""
    kind = text_of(fields, "slippageToleranceType")
    if (kind is None) != (fields.get("slippageTolerance") is None):
        field = "slippageTolerance" if kind is not None else "slippageToleranceType"
        raise invalid(field, "slippageTolerance and slippageToleranceType are given together")
    if kind is None:
        return Slippage(None, None)
    grid, count_max = choice_of(fields, "slippageToleranceType", SLIPPAGES)
    tolerance = amount_of(fields, "slippageTolerance", grid, count_max)
    return Slippage(tolerance, None) if kind == "TickSize" else Slippage(None, tolerance)


def refuse_slippage(fields: Fields) -> None:
    """A limit order has none. Raises ApiError."""
    for field in ("slippageTolerance", "slippageToleranceType"):
        if fields.get(field) is not None:
            raise invalid(field, "only a market order has one")


def deadline_ms_of(header: bytes) -> int:
    """How long after it stands in the log an order may still be carried out; 0: as long as the
    exchange grants anyway. Raises ApiError."""
    if not header:
        return 0
    if not header.isdigit() or len(header) > 6 or not 1 <= int(header) <= DEADLINE_MS_DEFAULT:
        raise invalid("X-Deadline", f"must be 1 … {DEADLINE_MS_DEFAULT} milliseconds")
    return int(header)
