"""Settings in the form of events, made from the engine's own records: for gateways that start."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook.messages import (
    ACCOUNT_SET,
    ASSET_SET,
    ATTESTER_SET,
    KEY_SET,
    MARKET_SET,
    TIER_SET,
    EventKind,
)

Records = NDArray[Any]


def _events(kind: EventKind, dtype: "np.dtype[Any]", count: int) -> NDArray[Any]:
    events = np.zeros(count, dtype)
    events["kind"] = kind
    return events


def _copy(events: Records, records: Records, *names: str) -> None:
    for name in names:
        events[name] = records[name]


def of_assets(records: Records) -> bytes:
    """ASSET_SET of each asset, from layout.ASSET records by index."""
    events = _events(EventKind.ASSET_SET, ASSET_SET, len(records))
    events["asset"] = np.arange(len(records))
    _copy(events, records, "decimals")
    words = events.view(np.dtype("<u8")).reshape(len(records), 8)
    words[:, 1:3] = records["symbol"]
    words[:, 5:8] = records["display_name"]
    return events.tobytes()


def of_markets(records: Records) -> bytes:
    """MARKET_SET of each market, from layout.MARKET records by index."""
    events = _events(EventKind.MARKET_SET, MARKET_SET, len(records))
    events["market"] = np.arange(len(records))
    _copy(events, records, "state", "base", "quote", "tick_exponent", "step_exponent")
    _copy(events, records, "tick_mantissa", "step_mantissa", "price_min", "price_max")
    _copy(events, records, "quantity_min", "quantity_max", "price_reference", "open_orders_max")
    _copy(events, records, "band_max_bp", "band_min_bp", "impact_max_bp", "impact_min_bp")
    return events.tobytes()


def of_tiers(records: Records) -> bytes:
    """TIER_SET of each tier, from layout.TIER records by index."""
    events = _events(EventKind.TIER_SET, TIER_SET, len(records))
    events["tier"] = np.arange(len(records))
    _copy(events, records, "maker_bp", "taker_bp")
    return events.tobytes()


def of_accounts(records: Records, first: int) -> bytes:
    """ACCOUNT_SET of each account, from layout.ACCOUNT records by index from `first` on."""
    events = _events(EventKind.ACCOUNT_SET, ACCOUNT_SET, len(records))
    events["account"] = np.arange(first, first + len(records))
    _copy(events, records, "flags", "tier", "open_orders_max")
    events.view(np.dtype("<u8")).reshape(len(records), 8)[:, 5:8] = records["name"]
    return events.tobytes()


def of_keys(records: Records) -> bytes:
    """KEY_SET of each key, from layout.KEY records in the order in which they were first set."""
    events = _events(EventKind.KEY_SET, KEY_SET, len(records))
    _copy(events, records, "permissions", "account", "expires_ms")
    events["public_key_0"] = records["public_key"][:, 0]
    events["public_key_1"] = records["public_key"][:, 1:]
    return events.tobytes()


def of_attesters(records: Records) -> bytes:
    """ATTESTER_SET of each attester that was ever set, from layout.ATTESTER records by slot."""
    slots = np.flatnonzero(records["name"][:, 0])
    found = records[slots]
    events = _events(EventKind.ATTESTER_SET, ATTESTER_SET, len(found))
    events["slot"] = slots
    _copy(events, found, "trusted")
    words = events.view(np.dtype("<u8")).reshape(len(found), 8)
    words[:, 1:4] = found["public_key"][:, :3]
    words[:, 5] = found["public_key"][:, 3]
    words[:, 6:8] = found["name"]
    return events.tobytes()
