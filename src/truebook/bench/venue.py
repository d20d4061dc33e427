"""The venue that benchmarks run on: 1,000 funded accounts, markets without bands or caps."""

from typing import Any

import numpy as np

from truebook.engine.fast import FastEngine
from truebook.limits import OPEN_ORDERS_PER_MARKET_MAX, PRICE_TICKS_MAX
from truebook.messages import (
    ENTRY,
    EVENT_ROW,
    FORMAT_VERSION,
    NEW_ACCOUNT,
    RULES_VERSION_MAX,
    SET_ACCOUNT,
    SET_ASSET,
    SET_MARKET,
    SET_RULES,
    SET_TIER,
    TRANSFER,
    CommandKind,
    EventKind,
)

ACCOUNTS = 1000
QUOTE_ATOMS = 1 << 51
BASE_ATOMS = 1 << 51
_GATEWAY = 1


def _assets(count: int) -> "np.ndarray[Any, Any]":
    assets = np.zeros(count, SET_ASSET)
    assets["kind"], assets["records"] = CommandKind.SET_ASSET, 1
    assets["asset"] = np.arange(count)
    for index in range(count):
        name = "USD" if index == 0 else f"B{index}"
        assets["symbol"][index] = np.void(name.encode().ljust(16, b"\0"))
        assets["display_name"][index] = np.void(name.encode().ljust(24, b"\0"))
    return assets


def _markets(count: int) -> "np.ndarray[Any, Any]":
    markets = np.zeros(count, SET_MARKET)
    markets["kind"], markets["records"] = CommandKind.SET_MARKET, 2
    markets["market"] = np.arange(count)
    markets["base"] = np.arange(1, count + 1)
    markets["tick_mantissa"] = markets["step_mantissa"] = 1
    markets["price_min"], markets["price_max"] = 1, PRICE_TICKS_MAX
    markets["quantity_min"], markets["quantity_max"] = 1, 1 << 40
    markets["open_orders_max"] = OPEN_ORDERS_PER_MARKET_MAX
    markets["impact_max_bp"], markets["impact_min_bp"] = 10_300, 9_700
    return markets


def _accounts() -> "np.ndarray[Any, Any]":
    accounts = np.zeros(ACCOUNTS, SET_ACCOUNT)
    accounts["kind"], accounts["records"] = CommandKind.SET_ACCOUNT, 1
    accounts["account"] = NEW_ACCOUNT
    accounts["open_orders_max"] = 1 << 31
    for index in range(ACCOUNTS):
        accounts["name"][index] = np.void(f"account {index}".encode().ljust(24, b"\0"))
    return accounts


def _deposits(markets: int) -> "np.ndarray[Any, Any]":
    deposits = np.zeros((ACCOUNTS, markets + 1), TRANSFER)
    deposits["kind"], deposits["records"] = CommandKind.DEPOSIT, 1
    deposits["account"] = np.arange(1, ACCOUNTS + 1)[:, None]
    deposits["asset"] = np.arange(markets + 1)[None, :]
    deposits["amount"] = BASE_ATOMS
    deposits["amount"][:, 0] = QUOTE_ATOMS
    return deposits.ravel()


def settings_of(markets: int) -> "np.ndarray[Any, Any]":
    """The commands that make `markets` markets and accounts 1 … 1,000 that can afford anything, as
    records of 64 bytes."""
    rules = np.zeros(1, SET_RULES)
    rules["kind"], rules["records"] = CommandKind.SET_RULES, 1
    rules["version"] = RULES_VERSION_MAX
    tier = np.zeros(1, SET_TIER)
    tier["kind"], tier["records"] = CommandKind.SET_TIER, 1
    tier["maker_bp"], tier["taker_bp"] = 8, 10
    settings = [rules, _assets(markets + 1), _markets(markets), tier]
    parts = [*settings, _accounts(), _deposits(markets)]
    return np.concatenate([part.view(np.uint8) for part in parts]).reshape(-1, 64)


def funded_engine(markets: int) -> FastEngine:
    """An engine on which they have been carried out."""
    engine, records = FastEngine(), settings_of(markets)
    for sequence, start in enumerate(range(0, len(records), 4096), 1):
        part = records[start : start + 4096]
        header = np.zeros(1, ENTRY)
        header["kind"], header["version"] = CommandKind.ENTRY, FORMAT_VERSION
        header["count"], header["gateway"] = len(part), _GATEWAY
        header["sequence"] = sequence
        events = engine.apply(np.concatenate([header.view(np.uint8), part.ravel()])).events
        if (np.frombuffer(events, EVENT_ROW)["kind"] == EventKind.REJECTED).any():
            raise RuntimeError("bench: the engine refused a setting of the benchmark's venue")
    return engine
