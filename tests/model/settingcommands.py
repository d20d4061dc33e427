"""Settings drawn in bulk: mostly sound, so that markets trade on changing terms."""

from collections.abc import Callable

import numpy as np
from model.world import ACCOUNTS, ASSETS, MARKETS, padded
from numpy.typing import NDArray

from truebook import messages as m
from truebook.messages import CommandKind

Fields = NDArray[np.void]
Generator = np.random.Generator

STATES = (0.8, 0.04, 0.07, 0.04, 0.05)
"""How often each market state is drawn."""
WITH_A_MISTAKE = (0.9, 0.1)


def texts(values: list[bytes]) -> NDArray[np.void]:
    """Return byte strings of one length as an array to draw from."""
    return np.frombuffer(b"".join(values), f"V{len(values[0])}")


SYMBOLS = texts([padded(symbol, 16) for symbol, _ in ASSETS] + [b"A\0B" + bytes(13), bytes(16)])
ODD_SYMBOLS = texts([padded(s, 16) for s in ("SOL", "usdc", "X Y", "ABCDEFGHIJKLMNOP", "")])
DECIMALS = np.array([decimals for _, decimals in ASSETS] + [3])
DISPLAY_NAMES = texts([padded(s, 24) for s in ("", "Dollar", "Größe", "x" * 24)] + [b"\0x" * 12])
NAMES = texts(
    [padded(f"trader-{i}", 24) for i in range(ACCOUNTS + 1)]
    + [padded("venue", 24), bytes(24), b"a\0b" + bytes(21), padded("newcomer", 24)]
)


def ticks(rng: Generator, size: int) -> Fields:
    """Draw TICKs that name up to three markets."""
    fields = np.zeros(size, m.TICK)
    count = fields["count"] = rng.integers(0, 4, size)
    named = rng.integers(0, len(MARKETS), (size, 3))
    fields["markets"][:, :3] = np.where(np.arange(3) < count[:, None], named, 0)
    unknown = rng.random(size) < 0.05
    fields["markets"][:, 0] = np.where(unknown & (count > 0), 999, fields["markets"][:, 0])
    return fields


def assets(rng: Generator, size: int) -> Fields:
    """Draw SET_ASSETs: renamings, and attempts to change or add what can't be."""
    fields = np.zeros(size, m.SET_ASSET)
    index = fields["asset"] = rng.integers(0, len(ASSETS) + 1, size)
    odd = rng.random(size) < 0.3
    fields["symbol"] = np.where(odd, rng.choice(ODD_SYMBOLS, size), SYMBOLS[index])
    fields["decimals"] = DECIMALS[index] + rng.choice((0, 1, 30), size, p=(0.8, 0.1, 0.1))
    fields["display_name"] = rng.choice(DISPLAY_NAMES, size)
    return fields


def markets(rng: Generator, size: int) -> Fields:
    """Draw SET_MARKETs: filters, bands, caps and states that come and go."""
    fields = np.zeros(size, m.SET_MARKET)
    index = rng.integers(0, len(MARKETS), size)
    fields["market"] = np.where(rng.random(size) < 0.04, index + rng.integers(1, 9, size), index)
    fields["state"] = rng.choice(5, size, p=STATES)
    for name, values in SHAPES.items():
        fields[name] = values[index]
    for name, options in CHOICES.items():
        fields[name] = rng.choice(options, size)
    fields["price_max"] = PRICE_MAX[index] - rng.choice((0, 15, 40), size, p=(0.85, 0.1, 0.05))
    mistaken = rng.random(size) < 0.15
    for name in MISTAKES:
        here = mistaken & (rng.random(size) < 1 / len(MISTAKES))
        fields[name] = np.where(here, rng.choice(MISTAKES[name], size), fields[name])
    return fields


SHAPES = {
    "base": np.array([shape.base for shape in MARKETS]),
    "quote": np.array([shape.quote for shape in MARKETS]),
    "tick_mantissa": np.array([shape.tick[0] for shape in MARKETS]),
    "tick_exponent": np.array([shape.tick[1] for shape in MARKETS]),
    "step_mantissa": np.array([shape.step[0] for shape in MARKETS]),
    "step_exponent": np.array([shape.step[1] for shape in MARKETS]),
}
PRICE_MAX = np.array([shape.price_max for shape in MARKETS])
CHOICES = {
    "price_min": (*(1,) * 9, 47, 47, 98),
    "quantity_min": (1, 1, 1, 1, 3),
    "quantity_max": (50, 50, 50, 15, 10**6),
    "price_reference": (0, 50, 100),
    "open_orders_max": (20, 20, 20, 8, 3, 500),
    "band_max_bp": (0, 0, 0, 0, 10_500, 65_535),
    "band_min_bp": (0, 0, 0, 0, 0, 9_500),
    "impact_max_bp": (10_000, 10_300, 10_100, 65_535),
    "impact_min_bp": (10_000, 9_700, 9_900, 0),
}
MISTAKES = {
    "state": (5, 255),
    "base": (0, 1, 2, 9),
    "quote": (0, 1, 2, 9),
    "tick_mantissa": (0, -1, 2, (1 << 62) + 1, 1 << 62),
    "tick_exponent": (3, 18, 19),
    "step_mantissa": (0, -5, 3, 1 << 62),
    "step_exponent": (0, 18, 19),
    "price_min": (0, -1, 1 << 46),
    "price_max": (0, 1 << 45, 1 << 46, (1 << 46) + 1, (1 << 63) - 1),
    "quantity_min": (0, -1, 1 << 62),
    "quantity_max": (0, 1 << 62, (1 << 63) - 1),
    "price_reference": (-1, 200, (1 << 63) - 1),
    "open_orders_max": (65_535, 65_536, (1 << 32) - 1),
    "band_max_bp": (1, 9_999, 10_000),
    "band_min_bp": (10_000, 10_001),
    "impact_max_bp": (0, 9_999),
    "impact_min_bp": (10_001, 65_535),
}


def market_states(rng: Generator, size: int) -> Fields:
    """Draw SET_MARKET_STATEs, most of which open the market."""
    fields = np.zeros(size, m.SET_MARKET_STATE)
    fields["market"] = rng.integers(0, len(MARKETS), size)
    fields["state"] = rng.choice(5, size, p=STATES)
    fields["state"] = np.where(rng.random(size) < 0.02, 5, fields["state"])
    fields["market"] = np.where(rng.random(size) < 0.03, 4000, fields["market"])
    return fields


def tiers(rng: Generator, size: int) -> Fields:
    """Draw SET_TIERs: usual rates, rebates, and now and then everything."""
    fields = np.zeros(size, m.SET_TIER)
    fields["tier"] = rng.choice((0, 1, 2, 3, 4, 64), size, p=(0.2, 0.2, 0.2, 0.18, 0.2, 0.02))
    fields["maker_bp"] = rng.integers(-6, 25, size)
    fields["taker_bp"] = rng.integers(3, 40, size)
    large = rng.random(size) < 0.1
    rates = (10_000, 9_999, 3_333, -10_000, 10_001, -(1 << 31))
    fields["maker_bp"] = np.where(large, rng.choice(rates, size), fields["maker_bp"])
    large = rng.random(size) < 0.1
    fields["taker_bp"] = np.where(large, rng.choice(rates, size), fields["taker_bp"])
    return fields


def accounts(rng: Generator, size: int) -> Fields:
    """Draw SET_ACCOUNTs: new terms for traders, a rare newcomer, names that are taken or wrong."""
    fields = np.zeros(size, m.SET_ACCOUNT)
    number = fields["account"] = rng.integers(1, ACCOUNTS + 1, size)
    fields["flags"] = rng.choice((0, 1, 2), size, p=(0.95, 0.03, 0.02))
    fields["tier"] = rng.choice((0, 1, 2, 3, 4, 64), size, p=(0.2, 0.2, 0.2, 0.18, 0.2, 0.02))
    fields["open_orders_max"] = rng.choice((80, 50, 50, 50, 6), size)
    strange = rng.random(size) < 0.1
    fields["name"] = np.where(strange, rng.choice(NAMES, size), NAMES[number])
    others = (m.NEW_ACCOUNT, m.VENUE_ACCOUNT, ACCOUNTS + 1, 1 << 22, m.NEW_ACCOUNT - 1)
    elsewhere = rng.random(size) < 0.03
    fields["account"] = np.where(elsewhere, rng.choice(others, size), fields["account"])
    return fields


def keys(rng: Generator, size: int) -> Fields:
    """Draw SET_KEYs of a few keys, each of which belongs to one account unless by mistake."""
    fields = np.zeros(size, m.SET_KEY)
    number = rng.integers(0, 14, size)
    fields["public_key"][:, 0] = number
    fields["public_key"][:, 3] = np.where(number == 0, 0, number << 50)
    fields["account"] = np.where(rng.random(size) < 0.15, rng.integers(0, 60, size), number % 8)
    fields["permissions"] = rng.choice((0, 1, 3, 7, 15, 16), size)
    fields["expires_ms"] = rng.choice((0, 1, 1 << 60, -1), size, p=(0.5, 0.2, 0.2, 0.1))
    return fields


SETTING_MAKERS: dict[int, Callable[[Generator, int], Fields]] = {
    CommandKind.TICK: ticks,
    CommandKind.SET_ASSET: assets,
    CommandKind.SET_MARKET: markets,
    CommandKind.SET_MARKET_STATE: market_states,
    CommandKind.SET_TIER: tiers,
    CommandKind.SET_ACCOUNT: accounts,
    CommandKind.SET_KEY: keys,
}
