"""The rows of the orders of a batch, by columns: a thousand of them cost some calls of NumPy.

Promise: of every order whose life in the batch is usual (lives.py) this is the row, or the change
of one, that the fold would make of its events one after the other (fold.py).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from truebook.messages import ACCEPTED_RESTS, ORDER_TYPE_SHIFT, EventKind, OrderType
from truebook.store.columns import NONE, Column, stacked, sums
from truebook.store.lives import ACCEPTED, CLOSED, MAKER, RESTED, TAKER, Lives
from truebook.store.records import Records
from truebook.store.rows import Rows

_BY_QUOTE = int(OrderType.MARKET_BY_QUOTE)


def write_orders(events: Records, lives: Lives, rows: Rows) -> None:
    """Add them, and how far their events have brought markets and accounts. To be called once all
    other events are in: sequences grow, so the larger one is the later one."""
    if len(lives.ids):
        is_new = lives.parts[lives.firsts] == ACCEPTED
        executed = _executed(lives)
        _write_new(events, lives, executed, np.flatnonzero(is_new), rows)
        _write_known(events, lives, executed, np.flatnonzero(~is_new), rows)
    _write_sequences(lives, rows)


class _Executed(NamedTuple):
    """What was executed of each order in this batch."""

    lots: Column
    quote: Column


def _executed(lives: Lives) -> _Executed:
    is_fill = (lives.parts == TAKER) | (lives.parts == MAKER)
    numbers = lives.numbers[is_fill]
    lots, quotes = np.zeros((2, len(is_fill)), np.int64)
    lots[is_fill], quotes[is_fill] = lives.fills.quantity[numbers], lives.fills.quote[numbers]
    return _Executed(sums(lots, lives.firsts), sums(quotes, lives.firsts))


class _Ends(NamedTuple):
    """How some orders stand at the end; what isn't closed has NONE."""

    remaining: Column
    closed: Column
    closed_ms: Column
    reason: Column


def _ends(events: Records, lives: Lives, of: NDArray[np.intp], remaining: Column) -> _Ends:
    """How some orders end. `remaining`: what is left of each, where its last event doesn't say."""
    fills, last = lives.fills, lives.lasts[of]
    parts, numbers = lives.parts[last], lives.numbers[last]
    closed, closed_ms, reason = np.full((3, len(of)), NONE)

    is_made = parts == MAKER
    remaining[is_made] = fills.maker_remaining[numbers[is_made]]
    for part, sequences in ((MAKER, fills.maker_sequence), (TAKER, fills.taker_sequence)):
        is_filled = (parts == part) & (remaining == 0)
        closed[is_filled] = sequences[numbers[is_filled]]
        closed_ms[is_filled] = fills.time_ms[numbers[is_filled]]

    is_closed = parts == CLOSED
    event = events.at(EventKind.CLOSED, lives.closed.starts[numbers[is_closed]])
    remaining[is_closed], closed[is_closed] = event["remaining"], event["account_sequence"]
    closed_ms[is_closed], reason[is_closed] = events.times_ms(event.starts), event["reason"]
    return _Ends(remaining, closed, closed_ms, reason)


def _write_new(
    events: Records, lives: Lives, executed: _Executed, of: NDArray[np.intp], rows: Rows
) -> None:
    """Orders that were accepted in this batch."""
    accepted = lives.numbers[lives.firsts[of]]
    order = events.at(EventKind.ACCEPTED, lives.accepted.starts[accepted])
    quantity, time_flags, at = order["quantity"], order["time_flags"], order["market_sequence"]
    lots, quote = executed.lots[of], executed.quote[of]
    is_by_quote = time_flags >> ORDER_TYPE_SHIFT & 3 == _BY_QUOTE
    ends = _ends(events, lives, of, quantity - np.where(is_by_quote, quote, lots))
    priority = np.where(order["flags"] & ACCEPTED_RESTS, at, NONE)
    rested = np.flatnonzero(lives.parts == RESTED)
    owners = np.searchsorted(lives.firsts[of], rested, "right") - 1
    priority[owners] = lives.rested["market_sequence"][lives.numbers[rested]]
    priority[ends.closed != NONE] = NONE
    sequence = order["account_sequence"]
    rows.orders = stacked(
        len(of),
        *(lives.ids[of], order["account"], sequence, order["market"], order["client_id"]),
        *(order["price"], quantity, ends.remaining, lots, quote, priority, sequence),
        *(ends.closed, ends.closed_ms, ends.reason, at, time_flags),
    )


def _write_known(
    events: Records, lives: Lives, executed: _Executed, of: NDArray[np.intp], rows: Rows
) -> None:
    """What becomes of orders that rested before this batch."""
    lots, ids = executed.lots[of], lives.ids[of]
    ends = _ends(events, lives, of, np.zeros(len(of), np.int64))
    changed = stacked(len(of), ends.remaining, lots, executed.quote[of], *ends[1:], ids)
    is_traded = lots > 0
    rows.executions = changed[:, is_traded]
    rows.closes = changed[:, ~is_traded][[0, 3, 4, 5, 6]]


def _write_sequences(lives: Lives, rows: Rows) -> None:
    fills, accepted, closed = lives.fills, lives.accepted, lives.closed
    markets = accepted["market"]
    rested = np.flatnonzero(lives.parts == RESTED)
    owners = lives.firsts[np.searchsorted(lives.firsts, rested, "right") - 1]
    _bring(
        rows.market_sequences,
        [markets, closed["market"], fills.market, markets[lives.numbers[owners]]],
        [
            *(accepted["market_sequence"], closed["market_sequence"], fills.market_sequence),
            lives.rested["market_sequence"][lives.numbers[rested]],
        ],
    )
    _bring(
        rows.account_sequences,
        [accepted["account"], closed["account"], fills.maker_account, fills.taker_account],
        [
            *(accepted["account_sequence"], closed["account_sequence"]),
            *(fills.maker_sequence, fills.taker_sequence),
        ],
    )


def _bring(known: dict[int, int], keys: list[Column], sequences: list[Column]) -> None:
    """Bring what is known of each key to its largest sequence."""
    all_keys = np.concatenate(keys)
    order = np.argsort(all_keys)
    all_keys = all_keys[order]
    firsts = np.flatnonzero(np.concatenate([[True], all_keys[1:] != all_keys[:-1]])[: len(order)])
    if len(firsts):
        largest = np.maximum.reduceat(np.concatenate(sequences)[order], firsts)
        for key, sequence in zip(all_keys[firsts].tolist(), largest.tolist(), strict=True):
            known[key] = max(known.get(key, 0), sequence)
