"""Settings events as rows: assets, markets, tiers, accounts, keys, attesters: their last values."""

from collections.abc import Callable, Iterator
from struct import Struct
from typing import Any

import numpy as np

from truebook.commandlog.interface import GENESIS
from truebook.commandlog.replies import settings_events
from truebook.directory import Directory
from truebook.messages import EVENT_DTYPES, MARKET_BANDS, MARKET_FIELDS, EventKind
from truebook.store.rows import Rows, Switch

_PUBLIC_KEY = Struct("<4Q")
_AMOUNTS = [name for name, _ in MARKET_FIELDS[2:] + MARKET_BANDS]


def fold_settings(events: bytes, directory: Directory, rows: Rows) -> None:
    """Take the settings events of an entry into the directory and into the rows."""
    settings = settings_events(events)
    if not settings:
        return
    directory.load(GENESIS, settings)
    for kind, values in _records(settings):
        fold = _FOLDS.get(kind)
        if fold is not None:
            fold(directory, rows, values)


def _records(rows: bytes) -> Iterator[tuple[EventKind, dict[str, Any]]]:
    at = 0
    while at < len(rows):
        kind = EventKind(rows[at])
        layout = EVENT_DTYPES[kind]
        record = np.frombuffer(rows, layout, 1, at)[0].tolist()
        yield kind, dict(zip(layout.names or (), record, strict=True))
        at += layout.itemsize


def _asset(directory: Directory, rows: Rows, values: dict[str, Any]) -> None:
    asset = directory.assets[values["asset"]]
    name = values["display_name"].rstrip(b"\0")
    rows.assets[asset.number] = (asset.number, asset.symbol, name, asset.decimals)


def _market(directory: Directory, rows: Rows, values: dict[str, Any]) -> None:
    market = directory.markets[values["market"]]
    rows.markets[market.number] = (
        *(market.number, market.symbol, values["state"], market.base.number, market.quote.number),
        *(*market.tick, *market.step),
        *(values[name] for name in _AMOUNTS),
        *(market.unit, market.lot_atoms),
    )


def _tier(directory: Directory, rows: Rows, values: dict[str, Any]) -> None:
    tier = values["tier"]
    rows.tiers[tier] = (tier, values["maker_bp"], values["taker_bp"])


def _account(directory: Directory, rows: Rows, values: dict[str, Any]) -> None:
    rows.accounts[values["account"]] = (
        values["account"],
        values["name"].rstrip(b"\0"),
        values["tier"],
        values["open_orders_max"],
        values["flags"],
    )


def _key(directory: Directory, rows: Rows, values: dict[str, Any]) -> None:
    public_key = _PUBLIC_KEY.pack(values["public_key_0"], *values["public_key_1"])
    terms = values["account"], values["permissions"], values["expires_ms"]
    rows.keys[public_key] = (public_key, *terms)


def _attester(directory: Directory, rows: Rows, values: dict[str, Any]) -> None:
    public_key = _PUBLIC_KEY.pack(*values["public_key_0"], values["public_key_3"])
    name = values["name"].rstrip(b"\0")
    rows.attesters[values["slot"]] = (values["slot"], public_key, name, values["trusted"])


def _rules(directory: Directory, rows: Rows, values: dict[str, Any]) -> None:
    version = values["version"]
    if version > 1 and rows.switch is None:
        # What was set before counts as set or not by what it was; what is set from here on counts.
        rows.switch = Switch(version, list(rows.tiers.values()), list(rows.accounts.values()))
        rows.tiers.clear()
    elif rows.switch is not None:
        rows.switch.version = version


_FOLDS: dict[EventKind, Callable[[Directory, Rows, dict[str, Any]], None]] = {
    EventKind.ASSET_SET: _asset,
    EventKind.MARKET_SET: _market,
    EventKind.TIER_SET: _tier,
    EventKind.ACCOUNT_SET: _account,
    EventKind.KEY_SET: _key,
    EventKind.ATTESTER_SET: _attester,
    EventKind.RULES_SET: _rules,
}
"""A deposit's reference belongs to its transfer (fold.py)."""
