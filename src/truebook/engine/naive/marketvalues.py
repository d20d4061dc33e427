"""Which values a market may have.

Promise: whatever passes keeps every price × quantity that the engine computes inside int64, and
every amount of both assets whole.
"""

from collections.abc import Sequence

from truebook.engine.naive import records
from truebook.engine.naive.checks import NONE
from truebook.engine.naive.settings import Asset, MarketSettings, scaled
from truebook.limits import (
    AMOUNT_MAX,
    BASIS_POINTS,
    DECIMALS_MAX,
    NOTIONAL_MAX,
    OPEN_ORDERS_PER_MARKET_MAX,
    PRICE_TICKS_MAX,
)
from truebook.messages import MarketState, RejectCode


def decode_market(record: bytes) -> tuple[int, MarketSettings, bytes]:
    """Return the index, the settings and all reserved bytes of a SET_MARKET."""
    fields = records.SET_MARKET.unpack(record)
    _, _, state, tick_exponent, step_exponent, zero_1, index, base, quote, zero_2 = fields[:10]
    *filters, zero_3, reference, cap, band_max, band_min, impact_max, impact_min, zero_4 = fields[
        10:
    ]
    tick_mantissa, step_mantissa, price_min, price_max, quantity_min, quantity_max = filters
    settings = MarketSettings(
        state=state,
        base=base,
        quote=quote,
        tick_exponent=tick_exponent,
        step_exponent=step_exponent,
        tick_mantissa=tick_mantissa,
        step_mantissa=step_mantissa,
        price_min=price_min,
        price_max=price_max,
        quantity_min=quantity_min,
        quantity_max=quantity_max,
        price_reference=reference,
        open_orders_max=cap,
        band_max_bp=band_max,
        band_min_bp=band_min,
        impact_max_bp=impact_max,
        impact_min_bp=impact_min,
    )
    return index, settings, zero_1 + zero_2.to_bytes(2, "little") + zero_3 + zero_4


def lot_atoms_of(settings: MarketSettings, base: Asset) -> int | None:
    """Return the base atoms in a lot; None unless whole."""
    return scaled([settings.step_mantissa], base.decimals - settings.step_exponent)


def unit_of(settings: MarketSettings, quote: Asset) -> int | None:
    """Return the quote atoms in one tick × one lot; None unless whole."""
    mantissas = [settings.tick_mantissa, settings.step_mantissa]
    return scaled(mantissas, quote.decimals - settings.tick_exponent - settings.step_exponent)


def values_fault(settings: MarketSettings, assets: Sequence[Asset]) -> RejectCode:
    """SETTING_INVALID unless every value is allowed, alone and together."""
    if is_sound(settings, assets) and amounts_fit(settings, assets) and bands_fit(settings):
        return NONE
    return RejectCode.SETTING_INVALID


def is_sound(settings: MarketSettings, assets: Sequence[Asset]) -> bool:
    """Tell whether state, assets, tick and step are possible."""
    return (
        settings.state <= MarketState.CLOSED
        and max(settings.base, settings.quote) < len(assets)
        and settings.base != settings.quote
        and 1 <= settings.tick_mantissa <= AMOUNT_MAX
        and 1 <= settings.step_mantissa <= AMOUNT_MAX
        and max(settings.tick_exponent, settings.step_exponent) <= DECIMALS_MAX
    )


def amounts_fit(settings: MarketSettings, assets: Sequence[Asset]) -> bool:
    """Tell whether amounts are whole and the largest order of the filters can be computed."""
    lot_atoms = lot_atoms_of(settings, assets[settings.base])
    unit = unit_of(settings, assets[settings.quote])
    if lot_atoms is None or unit is None or lot_atoms > AMOUNT_MAX or unit > AMOUNT_MAX:
        return False
    return (
        1 <= settings.price_min <= settings.price_max <= PRICE_TICKS_MAX
        and 1 <= settings.quantity_min <= settings.quantity_max
        and settings.price_max * unit <= NOTIONAL_MAX
        and settings.quantity_max * lot_atoms <= AMOUNT_MAX
    )


def bands_fit(settings: MarketSettings) -> bool:
    """Tell whether reference, cap, bands and impact bounds are possible."""
    return (
        0 <= settings.price_reference <= settings.price_max
        and settings.open_orders_max <= OPEN_ORDERS_PER_MARKET_MAX
        and settings.impact_min_bp <= BASIS_POINTS <= settings.impact_max_bp
        and (settings.band_max_bp == 0 or settings.band_max_bp >= BASIS_POINTS)
        and settings.band_min_bp <= BASIS_POINTS
    )
