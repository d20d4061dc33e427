"""Settings as events: how ASSET_SET … ATTESTER_SET say what is set now."""

from truebook.engine.naive import records
from truebook.engine.naive.settings import Account, Asset, Attester, Key, Market, Tier
from truebook.messages import EventKind


def asset_set(asset: Asset, command: int) -> bytes:
    """Return the ASSET_SET event of an asset."""
    return records.ASSET_SET.pack(
        *(EventKind.ASSET_SET, asset.decimals, command, asset.index, asset.symbol, 0),
        *(0, asset.display_name),
    )


def market_set(market: Market, command: int) -> bytes:
    """Return the MARKET_SET event of a market."""
    s = market.settings
    return records.MARKET_SET.pack(
        *(EventKind.MARKET_SET, s.state, command, market.index, s.base, s.quote),
        *(s.tick_exponent, s.step_exponent, s.tick_mantissa, s.step_mantissa),
        *(0, s.price_min, s.price_max, s.quantity_min),
        *(0, s.quantity_max, s.price_reference, 0),
        *(0, s.open_orders_max, s.band_max_bp, s.band_min_bp, s.impact_max_bp, s.impact_min_bp),
        0,
    )


def tier_set(index: int, tier: Tier, command: int) -> bytes:
    """Return the TIER_SET event of a fee tier."""
    words = (tier.maker_bp, tier.taker_bp, 0)
    return records.ONE_ROW.pack(EventKind.TIER_SET, 0, command, index, *words)


def account_set(account: Account, command: int) -> bytes:
    """Return the ACCOUNT_SET event of an account."""
    return records.ACCOUNT_SET.pack(
        *(EventKind.ACCOUNT_SET, account.flags, command, account.number),
        *(account.tier, account.open_orders_max, 0, 0, 0, account.name),
    )


def key_set(key: Key, command: int) -> bytes:
    """Return the KEY_SET event of a key."""
    return records.KEY_SET.pack(
        *(EventKind.KEY_SET, key.permissions, command, key.account, key.expires_ms, 0),
        *(key.public_key[:8], 0, key.public_key[8:]),
    )


def rules_set(version: int, command: int) -> bytes:
    """Return the RULES_SET event of a version."""
    return records.ONE_ROW.pack(EventKind.RULES_SET, 0, command, 0, version, 0, 0)


def attester_set(attester: Attester, command: int) -> bytes:
    """Return the ATTESTER_SET event of an attester."""
    key = attester.public_key
    return records.ATTESTER_SET.pack(
        *(EventKind.ATTESTER_SET, attester.trusted, command, attester.slot),
        *(key[:24], key[24:], attester.name),
    )
