"""The price that the market maker quotes around: a seeded walk, or prices from a file.

Promise: either is a function of its seed or file and of the time that has passed, in whole ticks;
the same again gives the same prices. A walk never leaves the 8 % around its anchor, so the price
bands of an exchange (25 % by default) never stop it, wherever in that range it begins.
"""

import bisect
import csv
import itertools
import math
import random
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Protocol

from truebook.config import UserError

BILLION = 1_000_000_000
REACH = 80_000_000
"""How far a walk may be from its anchor, in billionths."""
RETURN_STEPS = 20_000
"""A walk left to itself loses two thirds of its distance in so many steps."""
STEPS_AT_ONCE_MAX = 100_000
"""After a machine has slept, the steps in between are not all made up for."""


class Reference(Protocol):
    """A price over time."""

    def price(self, elapsed_s: float) -> int:
        """In ticks, so many seconds after the beginning; asked in the order of time."""


class Walk:
    """A random walk that is drawn back to where it belongs.

    Each step moves the price by a random amount of `volatility_bp` on average (root mean square),
    less a little of the distance from the anchor.
    """

    def __init__(
        self, seed: str, anchor: int, start: int, volatility_bp: float, step_s: float
    ) -> None:
        self._random = random.Random(seed)
        self._anchor = anchor
        self._offset = _bounded((start - anchor) * BILLION // anchor)
        # An even spread over ±a has a root mean square of a / √3.
        self._step_max = round(volatility_bp * 100_000 * 1.732)
        self._step_s = step_s
        self._steps = 0

    def price(self, elapsed_s: float) -> int:
        """The price after so many seconds."""
        steps = int(elapsed_s / self._step_s)
        for _ in range(min(steps - self._steps, STEPS_AT_ONCE_MAX)):
            # Toward zero from both sides: rounding down would pull the walk below its anchor.
            back = int(self._offset / RETURN_STEPS)
            move = self._random.randint(-self._step_max, self._step_max)
            self._offset = _bounded(self._offset + move - back)
        self._steps = max(steps, self._steps)
        return max(1, self._anchor * (BILLION + self._offset) // BILLION)


class Recorded:
    """Prices from a file, over and over."""

    def __init__(self, times_s: list[float], prices: list[int]) -> None:
        assert len(times_s) == len(prices) > 0
        self._times_s = [time_s - times_s[0] for time_s in times_s]
        self._prices = prices
        last = self._times_s[-1]
        # The last price lasts as long as one does on average.
        self._length_s = last + (last / (len(prices) - 1) if len(prices) > 1 else 1.0)

    def price(self, elapsed_s: float) -> int:
        """The price that stood in the file at that time."""
        place = bisect.bisect_right(self._times_s, elapsed_s % self._length_s)
        return self._prices[place - 1]


def read_prices(path: Path, tick: Decimal, step_s: float) -> Recorded:
    """Read `time,price` (seconds) or one price a line, each of which lasts `step_s`.

    A first line of words is skipped. Raises UserError.
    """
    try:
        with path.open(newline="") as file:
            times_s, prices = _rows(path, csv.reader(file), tick, step_s)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"bots.prices: can't read {path}: {error}") from None
    if not prices:
        raise UserError(f"bots.prices: {path} has no prices")
    if any(later <= earlier for earlier, later in itertools.pairwise(times_s)):
        raise UserError(f"bots.prices: {path}: times must grow from line to line")
    return Recorded(times_s, prices)


def _rows(
    path: Path, rows: Iterable[list[str]], tick: Decimal, step_s: float
) -> tuple[list[float], list[int]]:
    times_s: list[float] = []
    prices: list[int] = []
    for number, row in enumerate(rows, 1):
        if not row:
            continue
        try:
            time_s = float(row[0]) if len(row) > 1 else len(prices) * step_s
            price = int(Decimal(row[-1].strip()) / tick)
            if not math.isfinite(time_s):
                raise ValueError(row[0])
        except (ValueError, OverflowError, InvalidOperation):
            if number == 1:
                continue
            raise UserError(f"bots.prices: {path}, line {number}: not a price") from None
        if price < 1:
            raise UserError(f"bots.prices: {path}, line {number}: the price is below one tick")
        times_s.append(time_s)
        prices.append(price)
    return times_s, prices


def toward(price: int, wanted: int, reach_bp: int = 100) -> int:
    """The price, moved to the wanted one by at most `reach_bp`, and by one tick at least.

    An exchange refuses prices that are too far from the last trade; whoever approaches a distant
    price step by step takes the last trade along.
    """
    reach = max(1, price * reach_bp // 10_000)
    return max(price - reach, min(price + reach, wanted))


def _bounded(offset: int) -> int:
    return max(-REACH, min(REACH, offset))
