"""The rows of plain orders, by columns (messages/plain_orders.py).

Promise: these are the rows that the fold would make of them one event after the other (fold.py);
what is given here is passed over there. A thousand of them cost some calls of NumPy instead of
three functions each.
"""

from collections.abc import Mapping
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from truebook.messages import EVENT_DTYPES, EventKind
from truebook.messages.event_columns import EventColumns, Starts
from truebook.messages.plain_orders import PlainOrders
from truebook.store.rows import Rows

_ZERO, _NONE = repeat(0), repeat(None)
_BEGIN, _END = EVENT_DTYPES[EventKind.ACCEPTED].fields, EVENT_DTYPES[EventKind.CLOSED].fields
assert _BEGIN is not None
assert _END is not None
assert all(
    _BEGIN[name] == _END[name]
    for name in ("account", "market", "market_sequence", "account_sequence")
)


class _Columns:
    """Fields of the events that start somewhere, as lists."""

    def __init__(self, events: EventColumns, kind: EventKind, starts: Starts) -> None:
        self._seen: NDArray[np.void] = events.seen_as(kind)
        self._starts = starts

    def __getitem__(self, name: str) -> list[int]:
        found: list[int] = self._seen[name][self._starts].tolist()
        return found


def write_plain(
    events: EventColumns, plain: PlainOrders, symbols: Mapping[int, str], rows: Rows
) -> None:
    """Add their rows. `symbols`: the name of each market. To be called once the other events are
    in: sequences grow, so the larger one is the later one."""
    _write_resting(events, plain, symbols, rows)
    _write_passing(events, plain, symbols, rows)
    end = _Columns(events, EventKind.CLOSED, plain.gone)
    closed = end["account_sequence"], events.times_ms(plain.gone).tolist()
    rows.closes += zip(end["remaining"], *closed, end["reason"], end["order_id"], strict=True)
    _write_sequences(events, plain, rows)


def _write_resting(
    events: EventColumns, plain: PlainOrders, symbols: Mapping[int, str], rows: Rows
) -> None:
    order = _Columns(events, EventKind.ACCEPTED, plain.resting)
    markets, quantities = order["market"], order["quantity"]
    at, sequences = order["market_sequence"], order["account_sequence"]
    rows.orders += zip(
        *(order["order_id"], order["account"], sequences, markets, map(symbols.get, markets)),
        *(order["client_id"], order["price"], quantities, quantities, _ZERO, _ZERO),
        *(at, sequences, _NONE, _NONE, _NONE, at, order["time_flags"]),
        strict=False,
    )


def _write_passing(
    events: EventColumns, plain: PlainOrders, symbols: Mapping[int, str], rows: Rows
) -> None:
    order = _Columns(events, EventKind.ACCEPTED, plain.began)
    end = _Columns(events, EventKind.CLOSED, plain.ended)
    markets, sequences = order["market"], order["account_sequence"]
    closed, closed_ms = end["account_sequence"], events.times_ms(plain.ended).tolist()
    rows.orders += zip(
        *(order["order_id"], order["account"], sequences, markets, map(symbols.get, markets)),
        *(order["client_id"], order["price"], order["quantity"], end["remaining"]),
        *(_ZERO, _ZERO, _NONE, sequences, closed, closed_ms, end["reason"]),
        *(order["market_sequence"], order["time_flags"]),
        strict=False,
    )


def _write_sequences(events: EventColumns, plain: PlainOrders, rows: Rows) -> None:
    """How far the last event of each order has brought its market and its account; both kinds of
    events have these fields in the same places."""
    last = _Columns(events, EventKind.ACCEPTED, plain.ends())
    for known, keys, sequences in (
        (rows.market_sequences, last["market"], last["market_sequence"]),
        (rows.account_sequences, last["account"], last["account_sequence"]),
    ):
        for key, sequence in dict(zip(keys, sequences, strict=True)).items():
            known[key] = max(known.get(key, 0), sequence)
