"""Amounts: exact, or refused with the reason."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truebook.limits import AMOUNT_MAX
from truebook.units import AmountError, Fault, Grid, parse, parse_grid, show

CENT = Grid(1, 2)

grids = st.builds(
    Grid, st.integers(1, 10**6).filter(lambda mantissa: mantissa % 10), st.integers(0, 18)
)
counts = st.integers(0, AMOUNT_MAX)


@given(counts, grids)
def test_what_is_shown_is_read_back(count, grid):
    assert parse(show(count, grid), grid) == count


@given(counts, grids)
def test_what_is_shown_is_the_exact_value_and_has_no_idle_zeros(count, grid):
    text = show(count, grid)
    assert Decimal(text) == Decimal(count) * Decimal(grid.mantissa).scaleb(-grid.exponent)
    assert "." not in text or text[-1] not in "0."
    assert text == "0" or not text.startswith("0") or text.startswith("0.")


@given(st.text(max_size=30), grids)
def test_any_text_gives_a_count_or_an_amount_error(text, grid):
    try:
        count = parse(text, grid)
    except AmountError:
        return
    assert Decimal(text) == Decimal(count) * Decimal(grid.mantissa).scaleb(-grid.exponent)


@given(st.decimals(0, 10**20, allow_nan=False, places=4), grids)
def test_any_decimal_is_exact_or_refused(value, grid):
    steps = value.scaleb(grid.exponent) / grid.mantissa
    if steps == int(steps) and steps <= AMOUNT_MAX:
        assert parse(f"{value:f}", grid) == steps
    else:
        with pytest.raises(AmountError):
            parse(f"{value:f}", grid)


@given(st.integers(-AMOUNT_MAX, AMOUNT_MAX), st.integers(0, 18))
def test_negative_amounts_are_shown_too(atoms, decimals):
    assert Decimal(show(atoms, Grid(1, decimals))) == Decimal(atoms).scaleb(-decimals)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("0.01", 1),
        ("1.5", 150),
        ("1.50", 150),
        ("1.500000000000000000", 150),
        ("46116860184273879.04", AMOUNT_MAX),
    ],
)
def test_plain_decimals_are_read(text, count):
    assert parse(text, CENT) == count


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", Fault.NOT_A_NUMBER),
        ("1.", Fault.NOT_A_NUMBER),
        (".5", Fault.NOT_A_NUMBER),
        ("007", Fault.NOT_A_NUMBER),
        ("00.5", Fault.NOT_A_NUMBER),
        ("+1", Fault.NOT_A_NUMBER),
        ("1e5", Fault.NOT_A_NUMBER),
        ("1_0", Fault.NOT_A_NUMBER),
        (" 1", Fault.NOT_A_NUMBER),
        ("1\n", Fault.NOT_A_NUMBER),
        ("1,5", Fault.NOT_A_NUMBER),
        ("0x10", Fault.NOT_A_NUMBER),
        ("NaN", Fault.NOT_A_NUMBER),
        ("Infinity", Fault.NOT_A_NUMBER),
        ("１", Fault.NOT_A_NUMBER),
        ("٣", Fault.NOT_A_NUMBER),
        ("1" * 65, Fault.NOT_A_NUMBER),
        ("-1", Fault.NEGATIVE),
        ("-0", Fault.NEGATIVE),
        ("0.001", Fault.TOO_MANY_DECIMALS),
        ("0.0000000000000000000", Fault.TOO_MANY_DECIMALS),
        ("46116860184273879.05", Fault.TOO_LARGE),
        (str(10**30), Fault.TOO_LARGE),
    ],
)
def test_anything_else_is_refused_with_the_reason(text, fault):
    with pytest.raises(AmountError) as caught:
        parse(text, CENT)
    assert caught.value.fault is fault


def test_only_multiples_of_the_step_are_read():
    assert parse("1.25", Grid(5, 2)) == 25
    with pytest.raises(AmountError) as caught:
        parse("1.26", Grid(5, 2))
    assert caught.value.fault is Fault.NOT_A_MULTIPLE
    assert parse("120", Grid(10, 0)) == 12


def test_a_step_is_kept_in_lowest_terms():
    assert parse_grid("0.05") == parse_grid("0.050") == Grid(5, 2)
    assert parse_grid("10") == Grid(10, 0)
    assert parse_grid("0.000000000000000001") == Grid(1, 18)
    for text in ("0", "0.00", "-1", "x", str(AMOUNT_MAX + 1)):
        with pytest.raises(AmountError):
            parse_grid(text)
