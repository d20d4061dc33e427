"""SET_ASSET, SET_MARKET, SET_MARKET_STATE: what the exchange trades.

Promise: a market is only taken if price × quantity is a whole number of quote atoms and no order
its filters admit can leave int64. What would change the meaning of numbers already in the books
(decimals, tick, step) never changes.
"""

from typing import Any

import numpy as np

from truebook.engine.answer import answer_done
from truebook.engine.compiled import inlined
from truebook.engine.emit import emit_rejected, head, row
from truebook.engine.hashing import touch_market
from truebook.engine.hashing_settings import put_asset, take_asset
from truebook.engine.ledger import set_sides
from truebook.engine.orderchecks import MALFORMED, OK, UNKNOWN_MARKET
from truebook.engine.reserved import (
    SET_ASSET_MASKS,
    SET_MARKET_MASKS,
    SET_MARKET_STATE_MASKS,
    reserved_is_zero,
)
from truebook.engine.state import (
    State,
    asset_at,
    market_at,
    meta_of,
)
from truebook.limits import (
    AMOUNT_MAX,
    ASSETS_MAX,
    BASIS_POINTS,
    DECIMALS_MAX,
    MARKETS_MAX,
    NOTIONAL_MAX,
    OPEN_ORDERS_PER_MARKET_MAX,
    PRICE_TICKS_MAX,
)
from truebook.messages import CommandKind, EventKind, RejectCode

_SET_ASSET = int(CommandKind.SET_ASSET)
_SET_MARKET = int(CommandKind.SET_MARKET)
_SET_MARKET_STATE = int(CommandKind.SET_MARKET_STATE)
_ASSET_SET = int(EventKind.ASSET_SET)
_MARKET_SET = int(EventKind.MARKET_SET)
INVALID = int(RejectCode.SETTING_INVALID)
SETTINGS_FULL = int(RejectCode.SETTINGS_FULL)
NAME_TAKEN = int(RejectCode.NAME_TAKEN)
_IMMUTABLE = int(RejectCode.SETTING_IMMUTABLE)
_STATES = 5


@inlined
def text_length(words: Any, count: Any) -> Any:
    """Bytes before the first NUL of a text of `count` words; −1: something stands behind it."""
    length = np.int64(-1)
    for k in range(8 * count):
        byte = (np.int64(words[k >> 3]) >> (8 * (k & 7))) & 0xFF
        if byte == 0 and length < 0:
            length = np.int64(k)
        elif byte != 0 and length >= 0:
            return np.int64(-1)
    return np.int64(8 * count) if length < 0 else length


@inlined
def _is_symbol(words: Any) -> Any:
    """Whether the text is one or more of A–Z and 0–9."""
    length = text_length(words, 2)
    for k in range(length):
        byte = (np.int64(words[k >> 3]) >> (8 * (k & 7))) & 0xFF
        if not (48 <= byte <= 57 or 65 <= byte <= 90):
            return False
    return length > 0


@inlined
def _index_code(index: Any, count: Any, most: Any) -> Any:
    if index > count:
        return INVALID
    return SETTINGS_FULL if index == count and count >= most else OK


@inlined
def _asset_code(s: State, i: Any, c: Any) -> Any:
    assets = meta_of(s).assets
    if not reserved_is_zero(s, i, 1, SET_ASSET_MASKS):
        return MALFORMED
    code = _index_code(c.asset, assets, ASSETS_MAX)
    if code != OK:
        return code
    if c.decimals > DECIMALS_MAX or not _is_symbol(c.symbol):
        return INVALID
    if text_length(c.display_name, 3) < 0:
        return INVALID
    if c.asset < assets:
        old = asset_at(s, c.asset)
        same = old.symbol[0] == c.symbol[0] and old.symbol[1] == c.symbol[1]
        return OK if same and old.decimals == c.decimals else _IMMUTABLE
    for k in range(assets):
        if asset_at(s, k).symbol[0] == c.symbol[0] and asset_at(s, k).symbol[1] == c.symbol[1]:
            return NAME_TAKEN
    return OK


@inlined
def set_asset(s: State, i: Any, c: Any) -> None:
    """Carry out the SET_ASSET `c` in record `i`."""
    code = _asset_code(s, i, c)
    if code != OK:
        emit_rejected(s, _SET_ASSET, 0, 0, code, 0)
        return
    index = np.int64(c.asset)
    asset = asset_at(s, index)
    if index == meta_of(s).assets:
        meta_of(s).assets += 1
        asset.decimals = c.decimals
        asset.symbol[0] = c.symbol[0]
        asset.symbol[1] = c.symbol[1]
    else:
        take_asset(s, index)
    for k in range(3):
        asset.display_name[k] = c.display_name[k]
    put_asset(s, index)
    first = head(_ASSET_SET, c.decimals, meta_of(s).command, index)
    row(s, first, np.int64(c.symbol[0]), np.int64(c.symbol[1]), 0)
    name = c.display_name
    row(s, 0, np.int64(name[0]), np.int64(name[1]), np.int64(name[2]))
    answer_done(s, _SET_ASSET, 0, 0, 0)


@inlined
def _scaled(a: Any, b: Any, power: Any) -> Any:
    """a × b × 10^power if that is a whole number from 1 to 2^62, else 0."""
    while power < 0:
        if a & 1 == 0:
            a >>= 1
        elif b & 1 == 0:
            b >>= 1
        else:
            return np.int64(0)
        if a % 5 == 0:
            a //= 5
        elif b % 5 == 0:
            b //= 5
        else:
            return np.int64(0)
        power += 1
    if a > AMOUNT_MAX // b:
        return np.int64(0)
    product = a * b
    while power > 0:
        if product > AMOUNT_MAX // 10:
            return np.int64(0)
        product *= 10
        power -= 1
    return product


@inlined
def lot_atoms_of(s: State, c: Any) -> Any:
    """Base atoms in one lot of such a market; 0: not whole, or too many."""
    power = asset_at(s, c.base).decimals - np.int64(c.step_exponent)
    return _scaled(c.step_mantissa, np.int64(1), power)


@inlined
def unit_of(s: State, c: Any) -> Any:
    """Quote atoms in one tick × one lot of such a market; 0: not whole, or too many."""
    power = asset_at(s, c.quote).decimals - np.int64(c.tick_exponent) - np.int64(c.step_exponent)
    return _scaled(c.tick_mantissa, c.step_mantissa, power)


@inlined
def _market_form_valid(s: State, c: Any) -> Any:
    """State, assets, tick and step."""
    assets = meta_of(s).assets
    if c.state >= _STATES or c.base >= assets or c.quote >= assets or c.base == c.quote:
        return False
    if c.tick_exponent > DECIMALS_MAX or c.step_exponent > DECIMALS_MAX:
        return False
    if c.tick_mantissa < 1 or c.tick_mantissa > AMOUNT_MAX:
        return False
    if c.step_mantissa < 1 or c.step_mantissa > AMOUNT_MAX:
        return False
    return lot_atoms_of(s, c) != 0 and unit_of(s, c) != 0


@inlined
def _market_filters_valid(s: State, c: Any) -> Any:
    """Filters, bands and caps."""
    if c.price_min < 1 or c.price_max < c.price_min or c.price_max > PRICE_TICKS_MAX:
        return False
    if c.quantity_min < 1 or c.quantity_max < c.quantity_min:
        return False
    if c.price_max > NOTIONAL_MAX // unit_of(s, c):
        return False
    if c.quantity_max > AMOUNT_MAX // lot_atoms_of(s, c):
        return False
    if c.price_reference < 0 or c.price_reference > c.price_max:
        return False
    if c.open_orders_max > OPEN_ORDERS_PER_MARKET_MAX:
        return False
    if c.impact_max_bp < BASIS_POINTS or c.impact_min_bp > BASIS_POINTS:
        return False
    return (c.band_max_bp == 0 or c.band_max_bp >= BASIS_POINTS) and (c.band_min_bp <= BASIS_POINTS)


@inlined
def _market_code(s: State, i: Any, c: Any) -> Any:
    markets = meta_of(s).markets
    if not reserved_is_zero(s, i, 2, SET_MARKET_MASKS) or c.continued != 0:
        return MALFORMED
    code = _index_code(c.market, markets, MARKETS_MAX)
    if code != OK:
        return code
    if not _market_form_valid(s, c) or not _market_filters_valid(s, c):
        return INVALID
    if c.market < markets:
        old = market_at(s, c.market)
        same = old.base == c.base and old.quote == c.quote
        same = same and old.tick_mantissa == c.tick_mantissa
        same = same and old.step_mantissa == c.step_mantissa
        same = same and old.tick_exponent == c.tick_exponent
        return OK if same and old.step_exponent == c.step_exponent else _IMMUTABLE
    for k in range(markets):
        if market_at(s, k).base == c.base and market_at(s, k).quote == c.quote:
            return NAME_TAKEN
    return OK


@inlined
def _emit_market(s: State, index: Any) -> None:
    """MARKET_SET with all values."""
    m = market_at(s, index)
    first = head(_MARKET_SET, m.state, meta_of(s).command, index)
    assets = m.base | (m.quote << 16) | (m.tick_exponent << 32) | (m.step_exponent << 40)
    bands = m.open_orders_max | (m.band_max_bp << 32) | (m.band_min_bp << 48)
    impact = m.impact_max_bp | (m.impact_min_bp << 16)
    row(s, first, assets, m.tick_mantissa, m.step_mantissa)
    row(s, 0, m.price_min, m.price_max, m.quantity_min)
    row(s, 0, m.quantity_max, m.price_reference, 0)
    row(s, 0, bands, impact, 0)


@inlined
def set_market(s: State, i: Any, c: Any) -> None:
    """Carry out the SET_MARKET `c` in record `i`."""
    code = _market_code(s, i, c)
    if code != OK:
        emit_rejected(s, _SET_MARKET, 0, 0, code, 0)
        return
    index = np.int64(c.market)
    m = market_at(s, index)
    touch_market(s, index)
    if index == meta_of(s).markets:
        meta_of(s).markets += 1
        m.base = c.base
        m.quote = c.quote
        m.tick_mantissa = c.tick_mantissa
        m.step_mantissa = c.step_mantissa
        m.tick_exponent = c.tick_exponent
        m.step_exponent = c.step_exponent
        m.lot_atoms = lot_atoms_of(s, c)
        m.unit = unit_of(s, c)
        set_sides(s, index)
    m.state = c.state
    m.price_min = c.price_min
    m.price_max = c.price_max
    m.quantity_min = c.quantity_min
    m.quantity_max = c.quantity_max
    m.price_reference = c.price_reference
    m.open_orders_max = c.open_orders_max
    m.band_max_bp = c.band_max_bp
    m.band_min_bp = c.band_min_bp
    m.impact_max_bp = c.impact_max_bp
    m.impact_min_bp = c.impact_min_bp
    _emit_market(s, index)
    answer_done(s, _SET_MARKET, 0, 0, 0)


@inlined
def set_market_state(s: State, i: Any, c: Any) -> None:
    """Carry out the SET_MARKET_STATE `c` in record `i`."""
    code = np.int64(OK)
    if not reserved_is_zero(s, i, 1, SET_MARKET_STATE_MASKS):
        code = np.int64(MALFORMED)
    elif c.market >= meta_of(s).markets:
        code = np.int64(UNKNOWN_MARKET)
    elif c.state >= _STATES:
        code = np.int64(INVALID)
    if code != OK:
        emit_rejected(s, _SET_MARKET_STATE, 0, 0, code, 0)
        return
    index = np.int64(c.market)
    touch_market(s, index)
    market_at(s, index).state = c.state
    _emit_market(s, index)
    answer_done(s, _SET_MARKET_STATE, 0, 0, 0)
