"""Event rows as Python values: one named tuple for each kind of event, in their order.

Promise: every event of a batch comes out once, with the fields of its layout (messages/events.py)
by name; reserved and continuation bytes are left out. Settings events are for the directory, which
takes their rows as they are, and are not given here; nor are notes, which are for the database.

Structs beat NumPy here: a batch has few events of each kind, and a NumPy scalar costs more than the
tuple.
"""

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import NamedTuple

import numpy as np

from truebook.messages import EVENT_DTYPES, EventKind


class Entry(NamedTuple):
    """messages.ENTRY_EVENT: opens what one log entry made."""

    status: int
    gateway: int
    sequence: int
    time_ms: int


class Rejected(NamedTuple):
    """messages.REJECTED."""

    command_kind: int
    command: int
    account: int
    order_id: int
    code: int
    other_id: int


class Accepted(NamedTuple):
    """messages.ACCEPTED."""

    side: int
    command: int
    account: int
    order_id: int
    price: int
    quantity: int
    flags: int
    market: int
    client_id: int
    market_sequence: int
    account_sequence: int
    time_flags: int


class Fill(NamedTuple):
    """messages.FILL."""

    side: int
    command: int
    maker_account: int
    maker_order_id: int
    price: int
    quantity: int
    market: int
    taker_account: int
    taker_order_id: int
    trade_id: int
    market_sequence: int
    maker_fee: int
    taker_fee: int
    maker_remaining: int
    maker_sequence: int
    taker_sequence: int


class Rested(NamedTuple):
    """messages.RESTED."""

    side: int
    command: int
    account: int
    order_id: int
    remaining: int
    market_sequence: int


class Closed(NamedTuple):
    """messages.CLOSED."""

    reason: int
    command: int
    account: int
    order_id: int
    remaining: int
    price: int
    side: int
    market: int
    rested: int
    market_sequence: int
    account_sequence: int


class Amended(NamedTuple):
    """messages.AMENDED."""

    mode: int
    command: int
    account: int
    order_id: int
    price: int
    quantity: int
    side: int
    market: int
    market_sequence: int
    account_sequence: int
    remaining: int


class Balance(NamedTuple):
    """messages.BALANCE; which command made it is not said."""

    asset: int
    account: int
    available: int
    locked: int


class Ticked(NamedTuple):
    """messages.TICKED."""

    command: int
    market: int
    market_sequence: int


class Transferred(NamedTuple):
    """messages.TRANSFERRED."""

    command_kind: int
    command: int
    account: int
    amount: int
    asset: int


class TriggerPlaced(NamedTuple):
    """messages.TRIGGER_PLACED."""

    side: int
    command: int
    account: int
    order_id: int
    price: int
    quantity: int
    market: int
    client_id: int
    market_sequence: int
    account_sequence: int
    time_flags: int
    trigger_price: int


class TriggerFailed(NamedTuple):
    """messages.TRIGGER_FAILED."""

    side: int
    command: int
    account: int
    order_id: int
    code: int
    market: int
    market_sequence: int
    account_sequence: int


class TimerSet(NamedTuple):
    """messages.TIMER_SET."""

    timer: int
    command: int
    account: int
    expires_ms: int


class WithdrawalSet(NamedTuple):
    """messages.WITHDRAWAL_SET."""

    state: int
    command: int
    account: int
    withdrawal_id: int
    amount: int
    asset: int


Event = (
    Entry
    | Rejected
    | Accepted
    | Fill
    | Rested
    | Closed
    | Amended
    | Balance
    | Ticked
    | Transferred
    | TriggerPlaced
    | TriggerFailed
    | TimerSet
    | WithdrawalSet
)

_KINDS: dict[EventKind, type[Event]] = {
    EventKind.ENTRY: Entry,
    EventKind.REJECTED: Rejected,
    EventKind.ACCEPTED: Accepted,
    EventKind.FILL: Fill,
    EventKind.RESTED: Rested,
    EventKind.CLOSED: Closed,
    EventKind.AMENDED: Amended,
    EventKind.BALANCE: Balance,
    EventKind.TICKED: Ticked,
    EventKind.TRANSFERRED: Transferred,
    EventKind.TRIGGER_PLACED: TriggerPlaced,
    EventKind.TRIGGER_FAILED: TriggerFailed,
    EventKind.TIMER_SET: TimerSet,
    EventKind.WITHDRAWAL_SET: WithdrawalSet,
}
_CODES = {"u1": "B", "u2": "H", "u4": "I", "u8": "Q", "i8": "q"}


def _struct_of(layout: np.dtype[np.void], fields: tuple[str, ...]) -> Struct:
    """Reads those fields of a layout and skips the rest."""
    text = "<"
    for name in layout.names or ():
        part = layout[name]
        text += _CODES[part.base.str[1:]] if name in fields else f"{part.itemsize}x"
    return Struct(text)


Readers = dict[int, tuple[int, Struct, type[Event]]]

READERS: Readers = {
    int(kind): (EVENT_DTYPES[kind].itemsize, _struct_of(EVENT_DTYPES[kind], event._fields), event)
    for kind, event in _KINDS.items()
}
_SIZES = {int(kind): layout.itemsize for kind, layout in EVENT_DTYPES.items()}


def readers_without(*unwanted: type[Event]) -> Readers:
    """Readers that pass over some kinds of events: what isn't wanted costs next to nothing."""
    return {kind: reader for kind, reader in READERS.items() if reader[2] not in unwanted}


def read_events(rows: bytes, readers: Readers = READERS) -> Iterator[Event]:
    """The events in event rows, settings left out. Raises KeyError where no event begins."""
    at, end = 0, len(rows)
    while at < end:
        kind = rows[at]
        reader = readers.get(kind)
        if reader is None:
            at += _SIZES[kind]
            continue
        size, struct, event = reader
        yield event._make(struct.unpack_from(rows, at))
        at += size


def read_events_at(rows: bytes, offsets: Iterable[int], readers: Readers) -> Iterator[Event]:
    """The events that begin at these bytes, of kinds that have a reader."""
    for at in offsets:
        _, struct, event = readers[rows[at]]
        yield event._make(struct.unpack_from(rows, at))
