"""Damage to command records: flipped bytes, absurd numbers, wrong lengths, noise."""

import numpy as np
from model.world import Records
from numpy.typing import NDArray

from truebook import messages as m

EXTREMES = np.array(
    [
        *(0, -1, 1, -(1 << 63), (1 << 63) - 1),
        *((1 << 62) - 1, 1 << 62, (1 << 62) + 1, (1 << 60) + 1, 1 << 60, (1 << 53) + 1),
        *(1 << 46, (1 << 46) + 1, (1 << 32) - 1, 1 << 31, 10_000, -10_000),
    ],
    np.int64,
)
NUMBER_OFFSETS = np.array([16, 24, 32])
"""Where the 64-bit numbers of PLACE, CANCEL and AMEND stand; 16 is a transfer's amount."""

TRANSFERS = (
    m.CommandKind.DEPOSIT,
    m.CommandKind.WITHDRAW,
    m.CommandKind.REQUEST_WITHDRAWAL,
    m.CommandKind.CANCEL_AFTER,
)
"""What has one number, and that at 16."""
LONG = (m.CommandKind.SET_MARKET, m.CommandKind.PLACE_TRIGGER)
KINDS = np.array([*m.CommandKind, 0, 1, 99, 255], np.uint8)


def damage(rng: np.random.Generator, records: Records, starts: NDArray[np.int64]) -> None:
    """Damage some of the commands in place; `starts` tells at which record each begins."""
    luck = rng.random(len(starts))
    _flip(rng, records, starts[luck < 0.015])
    _exaggerate(rng, records, starts[(luck >= 0.015) & (luck < 0.03)])
    _make_noise(rng, records, starts[(luck >= 0.03) & (luck < 0.036)])
    wrong_length = starts[(luck >= 0.036) & (luck < 0.04)]
    records[wrong_length, 1] = rng.choice((0, 2, 3, 4, 255), len(wrong_length))
    wrong_kind = starts[(luck >= 0.04) & (luck < 0.043)]
    records[wrong_kind, 0] = rng.choice(KINDS, len(wrong_kind))
    _join(rng, records, starts)


def _flip(rng: np.random.Generator, records: Records, rows: NDArray[np.int64]) -> None:
    """Set one byte of each row to anything."""
    columns = rng.integers(0, m.COMMAND_BYTES, len(rows))
    records[rows, columns] = rng.integers(0, 256, len(rows))


def _exaggerate(rng: np.random.Generator, records: Records, rows: NDArray[np.int64]) -> None:
    """Set one 64-bit number of each row to an extreme value.

    Of deposits only what can't be accepted, so that money stays scarce.
    """
    if len(rows) == 0:
        return
    offset = rng.choice(NUMBER_OFFSETS, len(rows))
    is_transfer = np.isin(records[rows, 0], TRANSFERS)
    offset = np.where(is_transfer, 16, offset)
    value = rng.choice(EXTREMES, len(rows))
    value = np.where(is_transfer, rng.choice(EXTREMES[:8], len(rows)), value)
    columns = offset[:, None] + np.arange(8)
    records[rows[:, None], columns] = value.view(np.uint8).reshape(-1, 8)


def _make_noise(rng: np.random.Generator, records: Records, rows: NDArray[np.int64]) -> None:
    """Replace each row by random bytes, half of them behind a sound kind and length."""
    noise = rng.integers(0, 256, (len(rows), m.COMMAND_BYTES), np.uint8)
    half = len(rows) // 2
    noise[:half, 0] = rng.choice(KINDS, half)
    noise[:half, 1] = 1
    records[rows] = noise


def _join(rng: np.random.Generator, records: Records, starts: NDArray[np.int64]) -> None:
    """Let the second record of some commands of two begin like a command."""
    joined = starts[np.isin(records[starts, 0], LONG) & (rng.random(len(starts)) < 0.05)]
    joined = joined[joined + 1 < len(records)]
    records[joined + 1, 0] = m.CommandKind.PLACE
