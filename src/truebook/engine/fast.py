"""FastEngine: the compiled kernel behind the interface that every engine keeps.

Promise: the same events, replies and state hash as the naive twin (engine/naive), bit by bit, some
hundred times faster. Nothing here knows the rules; this file carries bytes in and out.
"""

from collections.abc import Callable
from struct import Struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook.engine import settings_events
from truebook.engine.backing import Backing
from truebook.engine.canonical.checking import check_tables
from truebook.engine.canonical.exporting import export
from truebook.engine.canonical.filling import fill
from truebook.engine.canonical.tables import Tables
from truebook.engine.compiled import direct
from truebook.engine.fingerprint import to_bytes
from truebook.engine.folding import fold
from truebook.engine.inplace import BytesInPlace, address_of
from truebook.engine.interface import Applied, Balance, OpenOrder, PendingWithdrawal, RunningTimer
from truebook.engine.layout import (
    ACCOUNT_BITS,
    ADDRESSES_AT,
    EVENT_ROWS,
    LOOK_FROM,
    META,
    REPLIES,
    STATUS_FULL,
)
from truebook.engine.loading import read_placements
from truebook.engine.memory import Memory
from truebook.engine.pools import OFFSETS, ORIGIN
from truebook.engine.reading import (
    OPEN_ORDER,
    count_levels,
    read_depth,
    read_order,
    read_orders,
)
from truebook.engine.running import run, start, state_hash_lane
from truebook.messages import COMMAND_BYTES, EVENT_ROW_BYTES, REPLY_BYTES

EVENT_ROWS_MIN = 8
BUFFERS = ("input", "events", "replies")
_INPUT, _EVENTS, _REPLIES = (ORIGIN + OFFSETS[name] for name in BUFFERS)
"""Where those stand in the engine's memory, whose slices are bytes."""

assert META.fields is not None
_META = META.fields
_TIME = Struct("<q")
_TIME_AT = ORIGIN + OFFSETS["meta"] + _META["time_ms"][1]
"""What is asked after every batch is read without NumPy's detour."""
_SMALL_BATCH = 512
"""For more records than that it pays to read and write where the caller's bytes are."""
_WHERE_TO_READ = {
    count * COMMAND_BYTES: (slice(_INPUT, _INPUT + count * COMMAND_BYTES), count)
    for count in range(_SMALL_BATCH + 1)
}
"""Where so many bytes of input go, and how many records they are."""

_ADDRESSES = Struct("<3q")
_ADDRESSES_AT = ORIGIN + OFFSETS["meta"] + ADDRESSES_AT
"""Where the kernel is told the addresses of input, events and replies."""

_REMEMBERED_MAX = 4096
"""So many results of small batches cover nearly all there are."""


class _WhereWritten(dict[int, tuple[slice, slice]]):
    """Where events and replies stand after the kernel has returned that number. Batches of one
    command have few different results, and looking one up takes a third of working it out."""

    def __missing__(self, result: int) -> tuple[slice, slice]:
        rows, replies = _counts(result)
        written = (
            slice(_EVENTS, _EVENTS + rows * EVENT_ROW_BYTES),
            slice(_REPLIES, _REPLIES + replies * REPLY_BYTES),
        )
        if len(self) < _REMEMBERED_MAX:
            self[result] = written
        return written


_where_written = _WhereWritten()


def _counts(result: int) -> tuple[int, int]:
    """How many event rows and how many replies the kernel says it has written."""
    return result >> 8 & 0xFFFFFFF, result >> 36


_applied = tuple.__new__
"""Half the time of calling `Applied`."""

_run = direct(run)
_VENUE = (int.from_bytes(b"venue\0\0\0", "little"), 0, 0)


def as_bytes(records: bytes | memoryview | NDArray[Any]) -> memoryview:
    """The records as one run of bytes, without a copy."""
    view = records.data if isinstance(records, np.ndarray) else memoryview(records)
    return view.cast("B")


def joined(*parts: Applied) -> Applied:
    """What several calls of the kernel gave, as one."""
    return Applied(b"".join(part.events for part in parts), b"".join(p.replies for p in parts))


class FastEngine:
    """A deterministic exchange core (engine/interface.py)."""

    def __init__(self, event_rows: int = EVENT_ROWS, look_from: int = LOOK_FROM) -> None:
        """`event_rows`: size of the event buffer. Tests make it tiny; results don't change.
        `look_from`: how many orders must rest until it is worth looking ahead. Nor by this."""
        if not EVENT_ROWS_MIN <= event_rows <= EVENT_ROWS:
            raise ValueError(f"event_rows: {event_rows} is not in {EVENT_ROWS_MIN}…{EVENT_ROWS}")
        self._memory = Memory()
        self._state = self._memory.address
        self._event_rows = event_rows
        self._memory_bytes = self._memory.contents
        self._new_events = BytesInPlace(event_rows * EVENT_ROW_BYTES)
        self._new_replies = BytesInPlace(REPLIES * REPLY_BYTES)
        own_input, own_events, own_replies = (self._state + OFFSETS[name] for name in BUFFERS)
        self._own_addresses = own_input, own_events, own_replies
        self._set_addresses(*self._own_addresses)
        start(self._state, event_rows, REPLIES, look_from, *_VENUE)
        self._backing = Backing(self._state, self._memory.pool, self._memory.large_page)

    def prepare(self, orders: int = 0, levels: int = 0, client_ids: int = 0) -> None:
        """See engine/interface.py."""
        self._backing.prepare(orders, levels, client_ids)

    def stay_ahead(self) -> int:
        """See engine/interface.py."""
        return self._backing.stay_ahead()

    def apply(self, records: bytes | memoryview | NDArray[np.uint8]) -> Applied:
        """See engine/interface.py."""
        raw = records if type(records) is bytes else as_bytes(records)
        try:
            place, count = _WHERE_TO_READ[len(raw)]
        except KeyError:
            return self._apply_many(raw)
        # What follows is a batch of one command's way: a microsecond, half of it these lines.
        contents = self._memory_bytes
        contents[place] = raw
        result = _run(self._state, count)
        events, replies = _where_written[result]
        applied = _applied(Applied, (contents[events], contents[replies]))
        if result & STATUS_FULL:
            return joined(applied, self._go_on(count, self._own_addresses[0]))
        return applied

    def _apply_many(self, raw: bytes | memoryview) -> Applied:
        """Read where the caller's bytes are."""
        count, rest = divmod(len(raw), COMMAND_BYTES)
        if rest:
            raise ValueError(f"records: {len(raw)} bytes are no multiple of {COMMAND_BYTES}")
        if type(raw) is bytes:
            return self._go_on(count, address_of(raw))
        return self._go_on(count, np.frombuffer(raw, np.uint8).ctypes.data)

    def _go_on(self, count: int, address: int) -> Applied:
        """Carry out the records at that address; what they write is written in place."""
        parts = []
        is_full = True
        events, replies = self._new_events, self._new_replies
        while is_full:
            self._set_addresses(address, events.begin(), replies.begin())
            result = _run(self._state, count)
            rows, answers = _counts(result)
            told = events.finished(rows * EVENT_ROW_BYTES)
            parts.append(_applied(Applied, (told, replies.finished(answers * REPLY_BYTES))))
            is_full = result & STATUS_FULL != 0
        self._set_addresses(*self._own_addresses)
        return parts[0] if len(parts) == 1 else joined(*parts)

    def _set_addresses(self, records: int, events: int, replies: int) -> None:
        """Where the kernel reads, and where it writes."""
        _ADDRESSES.pack_into(self._memory_bytes, _ADDRESSES_AT, records, events, replies)

    def raw_state(self) -> tuple[int, Callable[[str], NDArray[Any]]]:
        """The address of the state, and what gives a pool by its name: for who looks through it."""
        return self._state, self._memory.pool

    def _pool(self, name: str) -> NDArray[Any]:
        return self._memory.pool(name)

    def _scalar(self, name: str) -> int:
        return int(self._pool("meta")[0][name])

    def state_hash(self) -> bytes:
        """See engine/interface.py."""
        fold(self._state)
        low, high = (int(state_hash_lane(self._state, lane)) for lane in (0, 1))
        return to_bytes(low, high)

    def export(self) -> Tables:
        """See engine/interface.py."""
        placed = np.zeros(self._scalar("orders_top") + 1, np.uint32)
        read_placements(self._state, int(placed.ctypes.data))
        return export(self._pool, placed)

    def load(self, tables: Tables) -> None:
        """See engine/interface.py."""
        check_tables(tables)
        fill(self._state, self._pool, tables)

    def time_ms(self) -> int:
        """See engine/interface.py."""
        time_ms: int = _TIME.unpack_from(self._memory_bytes, _TIME_AT)[0]
        return time_ms

    def counts(self) -> dict[str, int]:
        """See engine/interface.py."""
        names = ("assets", "markets", "accounts", "keys", "orders", "triggers", "withdrawals")
        counts = {name: self._scalar(name) for name in names}
        counts["orders"] -= counts["triggers"]
        return counts

    def pending_withdrawals(self, account: int | None = None) -> list[PendingWithdrawal]:
        """See engine/interface.py."""
        records = self._pool("withdrawals")[1 : self._scalar("withdrawals_top") + 1]
        pending = np.sort(records[records["withdrawal_id"] != 0], order="withdrawal_id")
        found = [PendingWithdrawal(*record) for record in pending.tolist()]
        return [each for each in found if account in (None, each.account)]

    def timers(self) -> list[RunningTimer]:
        """See engine/interface.py."""
        heap = np.sort(self._pool("timers")[: self._scalar("timers")])
        return [RunningTimer(time, number >> 1, number & 1) for time, number in heap.tolist()]

    def next_timer_ms(self) -> int:
        """See engine/interface.py."""
        return self._scalar("next_timer_ms") if self._scalar("timers") else 0

    def rules_version(self) -> int:
        """See engine/interface.py."""
        return self._scalar("rules")

    def balance(self, account: int, asset: int) -> Balance:
        """See engine/interface.py."""
        if not (0 <= account < self._scalar("accounts") and 0 <= asset < self._scalar("assets")):
            return Balance(0, 0)
        slot = (asset >> 2) << (ACCOUNT_BITS + 2) | account << 2 | asset & 3
        record = self._pool("balances")[slot]
        return Balance(int(record["available"]), int(record["locked"]))

    def depth(self, market: int, limit: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """See engine/interface.py."""
        self._check_market(market)
        sides = []
        for book in (market * 2, market * 2 + 1):
            room = limit or int(count_levels(self._state, book))
            out = np.empty((max(room, 1), 2), np.int64)
            sides.append(out[: read_depth(self._state, book, room, int(out.ctypes.data))])
        return sides[0], sides[1]

    def _check_market(self, market: int) -> None:
        if not 0 <= market < self._scalar("markets"):
            raise ValueError(f"market: there is no market {market}")

    def order(self, order_id: int) -> OpenOrder | None:
        """See engine/interface.py."""
        return self._one_order(order_id, 0, 0) if 0 < order_id < 1 << 63 else None

    def order_by_client_id(self, account: int, client_id: int) -> OpenOrder | None:
        """See engine/interface.py."""
        if not 0 <= client_id < 1 << 32:
            return None
        order = self._one_order(0, account, client_id)
        return order

    def _one_order(self, order_id: int, account: int, client_id: int) -> OpenOrder | None:
        out = np.empty(1, OPEN_ORDER)
        address = int(out.ctypes.data)
        found = read_order(self._state, order_id, account, client_id, address)
        return OpenOrder(*out[0].item()) if found else None

    def open_orders(self, account: int, market: int | None = None) -> list[OpenOrder]:
        """See engine/interface.py."""
        if not 0 <= account < self._scalar("accounts"):
            return []
        out = np.empty(int(self._pool("accounts")[account]["orders"]) + 1, OPEN_ORDER)
        count = read_orders(self._state, account, int(out.ctypes.data))
        orders = [OpenOrder(*row) for row in out[:count].tolist()]
        return orders if market is None else [o for o in orders if o.market == market]

    def account_sequence(self, account: int) -> int:
        """See engine/interface.py."""
        known = 0 <= account < self._scalar("accounts")
        return int(self._pool("accounts")[account]["sequence"]) if known else 0

    def asset_settings(self) -> bytes:
        """See engine/interface.py."""
        return settings_events.of_assets(self._pool("assets")[: self._scalar("assets")])

    def market_settings(self) -> bytes:
        """See engine/interface.py."""
        return settings_events.of_markets(self._pool("markets")[: self._scalar("markets")])

    def tier_settings(self) -> bytes:
        """See engine/interface.py."""
        return settings_events.of_tiers(self._pool("tiers"))

    def account_settings(self, first: int = 0, count: int = 1000) -> bytes:
        """See engine/interface.py."""
        end = min(first + count, self._scalar("accounts"))
        return settings_events.of_accounts(self._pool("accounts")[first:end], first)

    def key_settings(self, first: int = 0, count: int = 1000) -> bytes:
        """See engine/interface.py."""
        return settings_events.of_keys(
            self._pool("keys")[first : min(first + count, self._scalar("keys"))]
        )

    def attester_settings(self) -> bytes:
        """See engine/interface.py."""
        return settings_events.of_attesters(self._pool("attesters"))

    def market_figures(self, market: int) -> tuple[int, int, int]:
        """See engine/interface.py."""
        self._check_market(market)
        record = self._pool("markets")[market]
        return int(record["sequence"]), int(record["trade_id"]), int(record["last_price"])
