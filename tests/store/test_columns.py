"""Columns of integers: exact, whatever their size, and NULL where there is none."""

from types import SimpleNamespace

import numpy as np

from truebook.commandlog.interface import GENESIS
from truebook.limits import AMOUNT_MAX, NOTIONAL_MAX
from truebook.store.candles import SUM_MAX
from truebook.store.columns import columns_of, rows_of, sums
from truebook.store.fills import Fills, Markets, write_fills
from truebook.store.rows import Rows

TRADES = 20


def test_rows_come_back_with_their_nulls_and_extremes():
    rows = [(1, None, (1 << 63) - 1), (None, None, 1 - (1 << 63)), (0, -1, None)]
    assert list(rows_of(columns_of(rows, 3))) == rows
    assert list(rows_of(columns_of([], 3))) == []


def test_sums_are_exact_beyond_64_bits():
    values = [AMOUNT_MAX, -5, AMOUNT_MAX, AMOUNT_MAX - 1, 7, NOTIONAL_MAX]
    firsts = np.array([0, 1, 2, 5])
    expected = [sum(values[0:1]), sum(values[1:2]), sum(values[2:5]), sum(values[5:])]
    assert sums(np.array(values), firsts).tolist() == expected
    assert sums(np.array(values[4:]), np.array([0, 1])).tolist() == values[4:]
    assert sums(np.array([], np.int64), np.array([], np.intp)).tolist() == []


def test_the_largest_trades_of_a_second_make_the_largest_candle():
    number, nothing = np.arange(1, TRADES + 1), np.zeros(TRADES, np.int64)
    columns = dict.fromkeys(Fills._fields, nothing) | {"starts": number, "trade": number}
    fills = Fills(**columns | {"price": nothing + 1, "quantity": nothing + NOTIONAL_MAX})
    asset = SimpleNamespace(number=0)
    markets = Markets({0: SimpleNamespace(unit=1, base=asset, quote=asset)})
    rows = Rows(GENESIS, None)
    write_fills(fills, markets, rows)
    ends = 1, 1, 1, 1, SUM_MAX, SUM_MAX, TRADES
    assert [candle[3:] for candle in rows.candles] == [ends] * 4
