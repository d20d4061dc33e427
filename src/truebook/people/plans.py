"""What an asset or a market shall be, as somebody describes it."""

from typing import TypeVar

import msgspec

from truebook.directory import Market
from truebook.genesis import AssetPlan, MarketPlan
from truebook.people.errors import Unacceptable
from truebook.units import BASIS_POINT_GRID, show

_Plan = TypeVar("_Plan", AssetPlan, MarketPlan)
_FOR_GOOD = ("symbol", "tick", "step")


def asset_plan(fields: dict[str, object]) -> AssetPlan:
    """An asset as somebody describes it. Raises Unacceptable."""
    return _plan(fields, AssetPlan)


def market_plan(fields: dict[str, object]) -> MarketPlan:
    """A market as somebody describes it. Raises Unacceptable."""
    return _plan(fields, MarketPlan)


def changed_plan(market: Market, changes: dict[str, object]) -> MarketPlan:
    """A market as it is, with what shall change; symbol, tick and step never do. Raises
    Unacceptable."""
    for name in _FOR_GOOD:
        if name in changes:
            raise Unacceptable(name, "never changes")
    if not changes:
        raise Unacceptable("market", "nothing is to be changed")
    bounds = {
        "reference": show(market.price_reference, market.tick),
        "price_min": show(market.price_min, market.tick),
        "price_max": show(market.price_max, market.tick),
        "quantity_min": show(market.quantity_min, market.step),
        "quantity_max": show(market.quantity_max, market.step),
        "band_min": show(market.band_min_bp, BASIS_POINT_GRID),
        "band_max": show(market.band_max_bp, BASIS_POINT_GRID),
        "impact_min": show(market.impact_min_bp, BASIS_POINT_GRID),
        "impact_max": show(market.impact_max_bp, BASIS_POINT_GRID),
    }
    grids = {"tick": show(1, market.tick), "step": show(1, market.step)}
    now = {"symbol": market.symbol, "open_orders_max": market.open_orders_max, **grids, **bounds}
    return market_plan({**now, **changes})


def _plan(fields: dict[str, object], kind: type[_Plan]) -> _Plan:
    try:
        return msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Unacceptable(kind.__name__.removesuffix("Plan").lower(), str(error)) from None
