"""Rows of the tables that only grow, to compare them with what the log says: what is asked."""

from collections.abc import Iterable, Iterator
from typing import Any

NUMBERS_MAX = 10_000
"""Asked for at once: nothing takes long, and nothing is large."""

Row = tuple[Any, ...]

ROWS = {
    "trades": """
SELECT market, id, buy_order_id, sell_order_id, price, qty, taker_side, created_at
FROM trades WHERE market = ? AND id BETWEEN ? AND ? ORDER BY id
""",
    "fills": """
SELECT user_id, account_sequence, order_id, market, side, is_maker,
  price, qty, fee, fee_asset, trade_id, created_at
FROM fills WHERE user_id = ? AND account_sequence BETWEEN ? AND ? ORDER BY account_sequence
""",
}
"""By table: of an owner, from one number to another, by number."""


def pieces(spans: Iterable[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """The same owners and numbers, NUMBERS_MAX at a time."""
    for owner, first, last in spans:
        for begin in range(first, last + 1, NUMBERS_MAX):
            yield owner, begin, min(begin + NUMBERS_MAX - 1, last)
