"""TICK and the SET_… commands about the venue: assets, markets, tiers, rules, attesters.

Promise: every value that gets in keeps arithmetic inside int64 (marketvalues.py). Accounts and keys
are in accounts.py.
"""

from truebook.engine.naive import records, settingevents
from truebook.engine.naive.book import OrderBook
from truebook.engine.naive.checks import NONE
from truebook.engine.naive.journal import Journal
from truebook.engine.naive.marketvalues import decode_market, lot_atoms_of, unit_of, values_fault
from truebook.engine.naive.settings import Asset, Attester, Market, MarketSettings, Tier
from truebook.engine.naive.state import State
from truebook.limits import (
    ASSETS_MAX,
    ATTESTERS_MAX,
    BASIS_POINTS,
    DECIMALS_MAX,
    MARKETS_MAX,
    TIERS_MAX,
)
from truebook.messages import RULES_VERSION_MAX, TICK_MARKETS_MAX, MarketState, RejectCode

SYMBOL_CHARACTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def tick(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a TICK, or return why not."""
    _, _, count, zero_1, *markets, zero_2 = records.TICK.unpack(record)
    if count > TICK_MARKETS_MAX or any(zero_1) or any(zero_2) or any(markets[count:]):
        return RejectCode.MALFORMED
    if any(index >= len(state.markets) for index in markets[:count]):
        return RejectCode.UNKNOWN_MARKET
    for index in markets[:count]:
        journal.ticked(state.markets[index])
    journal.done()
    return NONE


def set_asset(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a SET_ASSET, or return why not."""
    fields = records.SET_ASSET.unpack(record)
    _, _, decimals, zero_1, index, zero_2, symbol, display_name, zero_3 = fields
    if any(zero_1) or any(zero_2) or any(zero_3):
        return RejectCode.MALFORMED
    fault = index_fault(index, len(state.assets), ASSETS_MAX)
    if fault:
        return fault
    if decimals > DECIMALS_MAX or not is_symbol(symbol) or not is_padded(display_name):
        return RejectCode.SETTING_INVALID
    asset = Asset(index, decimals, symbol, display_name)
    if index == len(state.assets):
        if any(other.symbol == symbol for other in state.assets):
            return RejectCode.NAME_TAKEN
        state.assets.append(asset)
    else:
        existing = state.assets[index]
        if (existing.symbol, existing.decimals) != (symbol, decimals):
            return RejectCode.SETTING_IMMUTABLE
        state.assets[index] = asset
    journal.settings(settingevents.asset_set(asset, journal.command))
    journal.done()
    return NONE


def set_market(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a SET_MARKET (two records), or return why not."""
    index, settings, reserved = decode_market(record)
    if any(reserved):
        return RejectCode.MALFORMED
    fault = index_fault(index, len(state.markets), MARKETS_MAX)
    fault = fault or values_fault(settings, state.assets)
    if fault:
        return fault
    if index == len(state.markets):
        pair = (settings.base, settings.quote)
        if any((m.settings.base, m.settings.quote) == pair for m in state.markets):
            return RejectCode.NAME_TAKEN
        state.markets.append(new_market(state, index, settings))
    else:
        market = state.markets[index]
        if settings.identity() != market.settings.identity():
            return RejectCode.SETTING_IMMUTABLE
        market.settings = settings
    journal.settings(settingevents.market_set(state.markets[index], journal.command))
    journal.done()
    return NONE


def new_market(state: State, index: int, settings: MarketSettings) -> Market:
    """Make a market of checked settings, with an empty book."""
    base, quote = state.assets[settings.base], state.assets[settings.quote]
    unit, lot_atoms = unit_of(settings, quote), lot_atoms_of(settings, base)
    if unit is None or lot_atoms is None:
        raise AssertionError("a market whose amounts are not whole passed the check")
    symbol = "_".join(asset.symbol.rstrip(b"\0").decode() for asset in (base, quote))
    return Market(index, settings, OrderBook(symbol), unit, lot_atoms)


def set_market_state(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a SET_MARKET_STATE, or return why not."""
    _, _, new, zero_1, index, zero_2 = records.SET_MARKET_STATE.unpack(record)
    if any(zero_1) or any(zero_2):
        return RejectCode.MALFORMED
    if index >= len(state.markets):
        return RejectCode.UNKNOWN_MARKET
    if new > MarketState.CLOSED:
        return RejectCode.SETTING_INVALID
    market = state.markets[index]
    market.settings.state = new
    journal.settings(settingevents.market_set(market, journal.command))
    journal.done()
    return NONE


def set_tier(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a SET_TIER, or return why not."""
    _, _, index, zero_1, maker_bp, taker_bp, zero_2 = records.SET_TIER.unpack(record)
    if any(zero_1) or any(zero_2):
        return RejectCode.MALFORMED
    if index >= TIERS_MAX or max(abs(maker_bp), abs(taker_bp)) > BASIS_POINTS:
        return RejectCode.SETTING_INVALID
    tier = Tier(maker_bp, taker_bp, is_set=state.version >= 2)
    afterwards = [*state.tiers[:index], tier, *state.tiers[index + 1 :]]
    counting = [t for t in afterwards if t.is_set or state.version == 1]
    if min(t.maker_bp for t in counting) + min(t.taker_bp for t in counting) < 0:
        return RejectCode.SETTING_INVALID
    state.tiers = afterwards
    journal.settings(settingevents.tier_set(index, tier, journal.command))
    journal.done()
    return NONE


def set_rules(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a SET_RULES, or return why not."""
    _, _, zero_1, version, zero_2 = records.SET_RULES.unpack(record)
    if any(zero_1) or any(zero_2):
        return RejectCode.MALFORMED
    if not state.version <= version <= RULES_VERSION_MAX:
        return RejectCode.SETTING_INVALID
    if state.version < version:
        used = {account.tier for account in state.accounts}
        for index, tier in enumerate(state.tiers):
            tier.is_set = bool(index in used or index == 0 or tier.maker_bp or tier.taker_bp)
    state.version = version
    journal.settings(settingevents.rules_set(version, journal.command))
    journal.done()
    return NONE


def set_attester(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a SET_ATTESTER, or return why not."""
    fields = records.SET_ATTESTER.unpack(record)
    _, _, trusted, zero_1, slot, zero_2, public_key, name = fields
    if any(zero_1) or any(zero_2):
        return RejectCode.MALFORMED
    is_possible = slot < ATTESTERS_MAX and trusted <= 1 and (not trusted or any(public_key))
    if not is_possible or name[0] == 0 or not is_padded(name):
        return RejectCode.SETTING_INVALID
    attester = state.attesters[slot] = Attester(slot, trusted, public_key, name)
    journal.settings(settingevents.attester_set(attester, journal.command))
    journal.done()
    return NONE


def index_fault(index: int, existing: int, limit: int) -> RejectCode:
    """Refuse an index beyond the next free one, or one more than there is room for."""
    if index > existing:
        return RejectCode.SETTING_INVALID
    if index == existing == limit:
        return RejectCode.SETTINGS_FULL
    return NONE


def is_padded(text: bytes) -> bool:
    """Tell whether nothing but NULs follows the first NUL."""
    return b"\0" not in text.rstrip(b"\0")


def is_symbol(text: bytes) -> bool:
    """Tell whether this is an asset's symbol: A–Z and 0–9, at least one, then NULs."""
    return set(text.rstrip(b"\0")) <= SYMBOL_CHARACTERS and text[0] != 0
