"""The exchange that the model tests trade on: a few assets, markets and accounts, kept tiny.

Everything is scarce on purpose: few price levels, few accounts, little money, low caps. So orders
meet, run out of funds half-way and bump into limits all the time. Market 5 has units so large that
the arithmetic is at its bounds; markets share assets.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truebook import messages as m
from truebook.limits import TIERS_MAX

Records = NDArray[np.uint8]
"""Command records as an (n, 64) matrix."""


@dataclass(frozen=True)
class MarketShape:
    """What of a market never changes, where its orders gather, and how large they usually are."""

    base: int
    quote: int
    tick: tuple[int, int]
    step: tuple[int, int]
    unit: int
    lot_atoms: int
    centre: int = 100
    price_max: int = 130
    lots_max: int = 20


ASSETS = (("USDC", 6), ("SOL", 9), ("BTC", 8), ("ETH", 18), ("GOLD", 0))
USDC, SOL, BTC, ETH, GOLD = range(5)

MARKETS = (
    MarketShape(SOL, USDC, (1, 2), (1, 2), unit=100, lot_atoms=10**7),
    MarketShape(BTC, USDC, (1, 0), (1, 4), unit=100, lot_atoms=10**4),
    MarketShape(ETH, USDC, (1, 2), (1, 4), unit=1, lot_atoms=10**14),
    MarketShape(SOL, BTC, (1, 6), (1, 2), unit=1, lot_atoms=10**7),
    MarketShape(GOLD, USDC, (7, 6), (1, 0), unit=7, lot_atoms=1),
    MarketShape(GOLD, ETH, (1, 2), (1, 0), 10**16, 1, centre=50, price_max=115, lots_max=2),
)

ACCOUNTS = 8
"""Traders, numbered from 1."""

FUNDING = (1_500_000, 15 * 10**8, 10**6, 4 * 10**17, 100)
"""Atoms of each asset that each trader starts with: fifteen orders or so."""

POOR = 6
"""Traders with larger numbers start with a twelfth of that: they run out half-way."""


def one(dtype: np.dtype, **fields: object) -> NDArray[np.void]:
    """Make one record of a command."""
    record = np.zeros(1, dtype)
    record["records"] = dtype.itemsize // m.COMMAND_BYTES
    for name, value in fields.items():
        record[name] = np.frombuffer(value, record.dtype[name]) if _is_text(value) else value
    return record


def _is_text(value: object) -> bool:
    return isinstance(value, bytes)


def padded(text: str, size: int) -> bytes:
    """Return a name as the records hold it."""
    return text.encode().ljust(size, b"\0")


def set_asset(index: int, symbol: str, decimals: int, display: str = "") -> NDArray[np.void]:
    """Make a SET_ASSET."""
    return one(
        m.SET_ASSET,
        kind=m.CommandKind.SET_ASSET,
        asset=index,
        decimals=decimals,
        symbol=padded(symbol, 16),
        display_name=padded(display, 24),
    )


def set_market(index: int, shape: MarketShape, **fields: int) -> NDArray[np.void]:
    """Make a SET_MARKET with generous filters; `fields` changes any of them."""
    usual = {
        "price_min": 1,
        "price_max": shape.price_max,
        "quantity_min": 1,
        "quantity_max": 50,
        "open_orders_max": 20,
        "impact_max_bp": 10_300,
        "impact_min_bp": 9_700,
    }
    return one(
        m.SET_MARKET,
        kind=m.CommandKind.SET_MARKET,
        market=index,
        base=shape.base,
        quote=shape.quote,
        tick_mantissa=shape.tick[0],
        tick_exponent=shape.tick[1],
        step_mantissa=shape.step[0],
        step_exponent=shape.step[1],
        **(usual | fields),
    )


def set_tier(tier: int, maker_bp: int, taker_bp: int) -> NDArray[np.void]:
    """Make a SET_TIER."""
    kind = m.CommandKind.SET_TIER
    return one(m.SET_TIER, kind=kind, tier=tier, maker_bp=maker_bp, taker_bp=taker_bp)


def set_account(name: str, **fields: int) -> NDArray[np.void]:
    """Make a SET_ACCOUNT; a new account unless `account` is given."""
    usual = {"account": m.NEW_ACCOUNT, "open_orders_max": 50}
    kind = m.CommandKind.SET_ACCOUNT
    return one(m.SET_ACCOUNT, kind=kind, name=padded(name, 24), **(usual | fields))


def transfer(kind: m.CommandKind, account: int, asset: int, amount: int) -> NDArray[np.void]:
    """Make a DEPOSIT or WITHDRAW."""
    return one(m.TRANSFER, kind=kind, account=account, asset=asset, amount=amount)


def set_rules(version: int) -> NDArray[np.void]:
    """Make a SET_RULES."""
    return one(m.SET_RULES, kind=m.CommandKind.SET_RULES, version=version)


def trigger(**fields: int) -> NDArray[np.void]:
    """Make a PLACE_TRIGGER."""
    return one(m.PLACE_TRIGGER, kind=m.CommandKind.PLACE_TRIGGER, **fields)


def order(kind: m.CommandKind, **fields: int) -> NDArray[np.void]:
    """Make a PLACE, CANCEL, CANCEL_ALL or AMEND."""
    return one(m.COMMAND, kind=kind, **fields)


def entry(
    sequence: int,
    *commands: NDArray[np.void],
    gateway: int = 1,
    time_ms: int = 0,
    reached_ms: int = 0,
) -> bytes:
    """Make one log entry of these commands."""
    body = b"".join(command.tobytes() for command in commands)
    header = np.zeros(1, m.ENTRY)
    header["kind"], header["version"] = m.CommandKind.ENTRY, m.FORMAT_VERSION
    header["count"] = len(body) // m.COMMAND_BYTES
    header["gateway"], header["sequence"], header["time_ms"] = gateway, sequence, time_ms
    header["reached_ms"] = reached_ms
    return header.tobytes() + body


def rebates(rules: int) -> list[NDArray[np.void]]:
    """Return the commands for five usual tiers, two of them with rebates.

    Under version 1 a rebate is refused as long as any tier's taker pays less, so all 64 get a taker
    rate first; from version 2 on only those that were set count.
    """
    rates = ((8, 10), (-3, 5), (0, 4), (20, 30), (-4, 25))
    commands = [set_tier(tier, 0, 5) for tier in range(TIERS_MAX)] if rules == 1 else []
    return commands + [set_tier(tier, *both) for tier, both in enumerate(rates)]


def founding(accounts: int = ACCOUNTS, rules: int = 1) -> list[NDArray[np.void]]:
    """Return the commands that set this world up, under this version of the rules."""
    commands = [set_rules(rules)] if rules > 1 else []
    commands += [set_asset(i, symbol, decimals) for i, (symbol, decimals) in enumerate(ASSETS)]
    commands += [set_market(i, shape) for i, shape in enumerate(MARKETS)]
    commands += rebates(rules)
    commands += [set_account(f"trader-{i}", tier=i % 5) for i in range(1, accounts + 1)]
    for account in range(1, accounts + 1):
        for asset, usual in enumerate(FUNDING):
            amount = usual // 12 if account > POOR else usual
            commands.append(transfer(m.CommandKind.DEPOSIT, account, asset, amount))
    return commands
