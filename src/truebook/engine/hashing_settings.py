"""The state hash of settings: changed seldom, so taken out and put in at once."""

from typing import Any

import numpy as np

from truebook.engine.compiled import inlined, unsigned
from truebook.engine.fingerprint import Tag
from truebook.engine.hashing import HIGH_KEYS, LOW_KEYS, finalize, lane, long_lane, put
from truebook.engine.state import (
    State,
    asset_at,
    attester_at,
    key_at,
    meta_of,
    tier_at,
)

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_ASSET = int(Tag.ASSET)
_TIER = int(Tag.TIER)
_KEY = int(Tag.KEY)
_RULES = int(Tag.RULES)
_ATTESTER = int(Tag.ATTESTER)


@inlined
def _asset_lane(s: State, index: Any, keys: Any) -> Any:
    a = asset_at(s, index)
    first = lane(keys, _ASSET, index, a.decimals, a.symbol[0])
    name = a.display_name
    return finalize(long_lane(keys, first, a.symbol[1], name[0], name[1], name[2], 0))


@inlined
def put_asset(s: State, index: Any) -> None:
    """The asset has its new values."""
    put(s, _asset_lane(s, index, LOW_KEYS), _asset_lane(s, index, HIGH_KEYS))


@inlined
def take_asset(s: State, index: Any) -> None:
    """The asset is about to change."""
    put(s, _ZERO - _asset_lane(s, index, LOW_KEYS), _ZERO - _asset_lane(s, index, HIGH_KEYS))


@inlined
def _tier_lane(s: State, index: Any, keys: Any) -> Any:
    tier = tier_at(s, index)
    if meta_of(s).rules == 1:
        counts = tier.maker_bp != 0 or tier.taker_bp != 0
    else:
        counts = (meta_of(s).tiers_set >> unsigned(index)) & _ONE != _ZERO
    if not counts:
        return _ZERO
    return finalize(lane(keys, _TIER, index, tier.maker_bp, tier.taker_bp))


@inlined
def put_tier(s: State, index: Any) -> None:
    """The tier has its new values."""
    put(s, _tier_lane(s, index, LOW_KEYS), _tier_lane(s, index, HIGH_KEYS))


@inlined
def take_tier(s: State, index: Any) -> None:
    """The tier is about to change."""
    put(s, _ZERO - _tier_lane(s, index, LOW_KEYS), _ZERO - _tier_lane(s, index, HIGH_KEYS))


@inlined
def _key_lane(s: State, slot: Any, keys: Any) -> Any:
    key = key_at(s, slot)
    words = key.public_key
    first = lane(keys, _KEY, words[0], words[1], words[2])
    owner = key.account | (key.permissions << 32)
    return finalize(long_lane(keys, first, words[3], owner, key.expires_ms, 0, 0))


@inlined
def put_key(s: State, slot: Any) -> None:
    """The key has its new values."""
    put(s, _key_lane(s, slot, LOW_KEYS), _key_lane(s, slot, HIGH_KEYS))


@inlined
def take_key(s: State, slot: Any) -> None:
    """The key is about to change."""
    put(s, _ZERO - _key_lane(s, slot, LOW_KEYS), _ZERO - _key_lane(s, slot, HIGH_KEYS))


@inlined
def _rules_lane(s: State, keys: Any) -> Any:
    version = meta_of(s).rules
    return finalize(lane(keys, _RULES, version, 0, 0)) if version != 1 else _ZERO


@inlined
def put_rules(s: State) -> None:
    """Another version of the rules is followed."""
    put(s, _rules_lane(s, LOW_KEYS), _rules_lane(s, HIGH_KEYS))


@inlined
def take_rules(s: State) -> None:
    """The version of the rules is about to change."""
    put(s, _ZERO - _rules_lane(s, LOW_KEYS), _ZERO - _rules_lane(s, HIGH_KEYS))


@inlined
def _attester_lane(s: State, slot: Any, keys: Any) -> Any:
    a = attester_at(s, slot)
    if a.name[0] == _ZERO:
        return _ZERO
    words = a.public_key
    first = lane(keys, _ATTESTER, np.int64(slot) | (a.trusted << 32), words[0], words[1])
    return finalize(long_lane(keys, first, words[2], words[3], a.name[0], a.name[1], 0))


@inlined
def put_attester(s: State, slot: Any) -> None:
    """The attester has its new values."""
    put(s, _attester_lane(s, slot, LOW_KEYS), _attester_lane(s, slot, HIGH_KEYS))


@inlined
def take_attester(s: State, slot: Any) -> None:
    """The attester is about to change."""
    low, high = _attester_lane(s, slot, LOW_KEYS), _attester_lane(s, slot, HIGH_KEYS)
    put(s, _ZERO - low, _ZERO - high)
