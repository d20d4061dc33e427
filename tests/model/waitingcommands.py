"""What version 2 adds, drawn in bulk: triggers, slippage, timers, withdrawals, notes."""

from collections.abc import Callable

import numpy as np
from model.world import ACCOUNTS, FUNDING, MARKETS, padded
from numpy.typing import NDArray

from truebook import messages as m
from truebook.messages import CommandKind, OrderType, PlaceFlag, TriggerFlag

Fields = NDArray[np.void]
Generator = np.random.Generator

CENTRE = np.array([shape.centre for shape in MARKETS])


def add_slippage_and_deadlines(rng: Generator, places: Fields) -> None:
    """Let some market orders allow less slippage, and some orders be worth nothing for long."""
    size = len(places)
    kind = rng.choice((0, 4, 8, 12), size, p=(0.6, 0.19, 0.2, 0.01))
    limit = places["order_type"] == OrderType.LIMIT
    kind = np.where(limit & (rng.random(size) < 0.995), 0, kind)
    places["flags"] += kind.astype(np.uint8)
    ticks = rng.choice((0, 0, 1, 1, 2, 3, 8, 1 << 46), size)
    basis_points = rng.choice((0, 50, 99, 100, 150, 300, 1_000, 10_000), size)
    slippage = np.where(kind == PlaceFlag.SLIPPAGE_TICKS, ticks, basis_points)
    wrong = rng.random(size) < 0.01
    slippage = np.where(wrong, rng.choice((-1, 10_001, (1 << 46) + 1), size), slippage)
    places["price"] = np.where(~limit & (kind != 0), slippage, places["price"])
    places["deadline_ms"] = deadlines(rng, size)


def deadlines(rng: Generator, size: int) -> NDArray[np.int64]:
    """Draw deadlines in milliseconds, around how late entries are."""
    some = rng.integers(1, 60, size)
    return np.where(rng.random(size) < 0.3, some, 0)


def triggers(rng: Generator, places: Fields) -> Fields:
    """Make PLACE_TRIGGERs of orders: with trigger prices near where the market trades."""
    size = len(places)
    fields = np.zeros(size, m.PLACE_TRIGGER)
    for name in m.COMMAND.names or ():
        if not name.startswith("zero"):
            fields[name] = places[name]
    fields["kind"], fields["records"] = CommandKind.PLACE_TRIGGER, 2
    centre = CENTRE[np.minimum(places["market"], len(MARKETS) - 1)]
    fields["trigger_price"] = centre + rng.integers(-5, 6, size)
    far = rng.choice((0, -1, 1 << 46, 1, 129, 131), size)
    fields["trigger_price"] = np.where(rng.random(size) < 0.05, far, fields["trigger_price"])
    percent = rng.random(size) < 0.3
    percent &= (places["order_type"] != OrderType.MARKET_BY_QUOTE) | (rng.random(size) < 0.02)
    fields["trigger_flags"] = np.where(percent, TriggerFlag.PERCENT, 0)
    part = rng.choice((10_000, 10_000, 5_000, 3_333, 100, 1, 10_001), size)
    fields["quantity"] = np.where(percent, part, fields["quantity"])
    damage = rng.random(size)
    fields["trigger_flags"] += np.where(damage < 0.005, 2, 0).astype(np.uint8)
    fields["zero_5"][:, 2] = (damage > 0.005) & (damage < 0.008)
    fields["zero_6"][:, 5] = (damage > 0.008) & (damage < 0.011)
    return fields


def timers(rng: Generator, size: int) -> Fields:
    """Draw CANCEL_AFTERs: most run out within a few dozen entries, unless they are set anew."""
    fields = np.zeros(size, m.CANCEL_AFTER)
    fields["timer"] = rng.choice((0, 1, 2), size, p=(0.5, 0.48, 0.02))
    fields["account"] = rng.integers(1, ACCOUNTS + 1, size)
    fields["timeout_ms"] = rng.choice((0, 1, 5, 20, 60, 60, 200, 86_400_000), size)
    odd = rng.random(size) < 0.05
    wrong = rng.choice((-1, 86_400_001, 1 << 62), size)
    fields["timeout_ms"] = np.where(odd, wrong, fields["timeout_ms"])
    fields["account"] = np.where(rng.random(size) < 0.03, 0, fields["account"])
    return fields


def requests(rng: Generator, newest: NDArray[np.int64]) -> Fields:
    """Draw REQUEST_WITHDRAWALs, numbered as `newest`, now and then as an earlier one."""
    size = len(newest)
    fields = np.zeros(size, m.REQUEST_WITHDRAWAL)
    fields["kind"], fields["records"] = CommandKind.REQUEST_WITHDRAWAL, 1
    fields["account"] = rng.integers(0, ACCOUNTS + 1, size)
    asset = rng.integers(0, len(FUNDING), size)
    fields["asset"] = asset + np.where(rng.random(size) < 0.02, 100, 0)
    most = np.array(FUNDING)[asset] // rng.choice((2, 12, 60, 200, 200), size)
    fields["amount"] = np.maximum(most, 1)
    again = np.where(rng.random(size) < 0.1, rng.integers(0, 4, size), 0)
    fields["withdrawal_id"] = newest - again
    return fields


def settlements(rng: Generator, newest: NDArray[np.int64]) -> Fields:
    """Draw SETTLE_WITHDRAWALs of what was requested lately, or was settled, or never was."""
    size = len(newest)
    fields = np.zeros(size, m.SETTLE_WITHDRAWAL)
    fields["kind"], fields["records"] = CommandKind.SETTLE_WITHDRAWAL, 1
    fields["withdrawal_id"] = newest + 1 - rng.geometric(1 / 8, size)
    fields["state"] = rng.choice((0, 1, 2, 3), size, p=(0.02, 0.48, 0.48, 0.02))
    return fields


def recoveries(rng: Generator, size: int) -> Fields:
    """Draw RECOVERYs, which only readers of the log heed."""
    fields = np.zeros(size, m.RECOVERY)
    fields["after_high"] = rng.integers(0, 1 << 60, size)
    fields["after_low"] = rng.integers(0, 4, size)
    return fields


def rules(rng: Generator, size: int) -> Fields:
    """Draw SET_RULES: the newest version, and what isn't possible."""
    fields = np.zeros(size, m.SET_RULES)
    fields["version"] = rng.choice((2, 2, 1, 0, 3, -1, (1 << 62)), size)
    return fields


ATTESTERS = np.frombuffer(
    b"".join(padded(name, 16) for name in ("engine-1", "engine-2", "", "x" * 16)), "V16"
)


def attesters(rng: Generator, size: int) -> Fields:
    """Draw SET_ATTESTERs of a few engines, and some that can't be."""
    fields = np.zeros(size, m.SET_ATTESTER)
    fields["trusted"] = rng.choice((0, 1, 2), size, p=(0.3, 0.65, 0.05))
    fields["slot"] = rng.choice((0, 1, 5, 63, 64), size)
    fields["public_key"][:, 3] = rng.choice((0, 5, 1 << 63), size)
    fields["name"] = rng.choice(ATTESTERS, size)
    return fields


NOTE = np.dtype(
    [
        *(("kind", "u1"), ("records", "u1"), ("part", "u1"), ("parts", "u1"), ("covers", "u1")),
        *(("zero_1", "u1", (3,)), ("text", "u1", (56,))),
    ]
)


def notes(rng: Generator, size: int) -> Fields:
    """Draw parts of notes, some of which can't be."""
    fields = np.zeros(size, NOTE)
    fields["parts"] = rng.choice((1, 2, 16, 17, 0), size, p=(0.4, 0.3, 0.2, 0.05, 0.05))
    fields["part"] = rng.integers(0, 2, size)
    fields["covers"] = rng.choice((0, 1, 255), size, p=(0.1, 0.5, 0.4))
    fields["text"] = rng.integers(0, 256, (size, 56))
    return fields


RECORDING_MAKERS: dict[int, Callable[[Generator, int], Fields]] = {
    CommandKind.CANCEL_AFTER: timers,
    CommandKind.RECOVERY: recoveries,
    CommandKind.SET_RULES: rules,
    CommandKind.SET_ATTESTER: attesters,
    CommandKind.NOTE: notes,
}
