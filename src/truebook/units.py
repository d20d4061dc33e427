"""Amounts: decimal text ⇄ whole counts of a grid (ticks, lots, atoms).

Promise: a text that `parse` accepts denotes exactly the count that it returns, the count lies in
0 … `count_max`, and `show` gives the shortest text that `parse` reads back as the same count. No
float and no rounding is involved anywhere.

What counts as a number is one pattern: ASCII digits without a leading zero, then optionally a point
and more digits. So NaN, Infinity, 1e5, 1_0, full-width or Arabic digits, blanks, signs, "007",
"1." and ".5" are all refused; trailing zeros ("1.50") are fine, up to 18 decimals in all.
"""

import re
from enum import Enum
from typing import NamedTuple

from truebook.limits import AMOUNT_MAX, DECIMALS_MAX

TEXT_CHARACTERS_MAX = 64
"""No amount that fits the arithmetic needs more than 38; more isn't worth looking at."""

_NUMBER = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?")
_NEGATIVE = re.compile(r"-[0-9]+(?:\.[0-9]+)?")


class Fault(Enum):
    """Why a text is not an amount; the value completes the sentence that a field's name begins."""

    NOT_A_NUMBER = "must be a plain decimal number such as 12.5"
    NEGATIVE = "must not be negative"
    TOO_MANY_DECIMALS = "decimal too long"
    NOT_A_MULTIPLE = "must be a multiple of the step"
    TOO_LARGE = "is above the maximum allowed value"


class AmountError(ValueError):
    """A text that is not an amount of its grid; `fault` tells why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class Grid(NamedTuple):
    """The amounts that can be told apart: whole multiples of mantissa / 10 ** exponent.

    A tick of 0.05 is Grid(5, 2); the atoms of an asset with six decimals are Grid(1, 6).
    """

    mantissa: int
    exponent: int


BASIS_POINT_GRID = Grid(1, 4)
"""Multipliers: 12,500 basis points are 1.25."""
PERCENT_GRID = Grid(1, 2)
"""Parts in per cent: 8,000 basis points are 80."""


def parse(text: str, grid: Grid, count_max: int = AMOUNT_MAX) -> int:
    """The count of grid steps that a decimal text denotes. Raises AmountError."""
    match = _NUMBER.fullmatch(text) if len(text) <= TEXT_CHARACTERS_MAX else None
    if match is None:
        negative = len(text) <= TEXT_CHARACTERS_MAX and _NEGATIVE.fullmatch(text)
        raise AmountError(Fault.NEGATIVE if negative else Fault.NOT_A_NUMBER)
    whole, decimals = match.groups("")
    if len(decimals) > DECIMALS_MAX:
        raise AmountError(Fault.TOO_MANY_DECIMALS)
    decimals = decimals.rstrip("0")
    if len(decimals) > grid.exponent:
        raise AmountError(Fault.TOO_MANY_DECIMALS)
    count, rest = divmod(int(whole + decimals.ljust(grid.exponent, "0")), grid.mantissa)
    if rest:
        raise AmountError(Fault.NOT_A_MULTIPLE)
    if count > count_max:
        raise AmountError(Fault.TOO_LARGE)
    return count


def show(count: int, grid: Grid) -> str:
    """The shortest decimal text of a count of grid steps, negative ones included."""
    value = count * grid.mantissa
    if grid.exponent == 0:
        return str(value)
    digits = str(abs(value)).rjust(grid.exponent + 1, "0")
    decimals = digits[-grid.exponent :].rstrip("0")
    text = digits[: -grid.exponent]
    if decimals:
        text = f"{text}.{decimals}"
    return f"-{text}" if value < 0 else text


def parse_grid(text: str) -> Grid:
    """The grid whose step is a decimal text, in lowest terms: "0.05" is Grid(5, 2).

    Raises AmountError; zero is no step.
    """
    atoms = parse(text, Grid(1, DECIMALS_MAX), AMOUNT_MAX * 10**DECIMALS_MAX)
    if atoms == 0:
        raise AmountError(Fault.NOT_A_NUMBER)
    exponent = DECIMALS_MAX
    while exponent and atoms % 10 == 0:
        atoms //= 10
        exponent -= 1
    if atoms > AMOUNT_MAX:
        raise AmountError(Fault.TOO_LARGE)
    return Grid(atoms, exponent)
