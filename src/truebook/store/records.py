"""The events of a batch as tuples, many at once.

Promise: the events come in their order, each with the fields named here. Balances stand apart: of
each only the last counts. Settings are left out (settings.py).

A batch of the store has thousands of events: reading each kind at once by NumPy costs a third of
reading them one by one (feed/events.py, which is better for few).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from truebook.messages import EventKind
from truebook.messages.event_columns import EventColumns, Fields, Starts
from truebook.store.columns import Columns, stacked
from truebook.store.notes import Notes

FIELDS: dict[EventKind, list[str]] = {
    EventKind.ENTRY: ["status", "gateway", "sequence", "time_ms"],
    EventKind.ACCEPTED: [
        *("account", "order_id", "price", "quantity", "flags", "market", "client_id"),
        *("market_sequence", "account_sequence", "time_flags"),
    ],
    EventKind.FILL: [
        *("maker_order_id", "price", "quantity", "market", "taker_order_id", "maker_remaining"),
        *("maker_sequence", "taker_sequence"),
    ],
    EventKind.RESTED: ["order_id", "market_sequence"],
    EventKind.CLOSED: [
        *("reason", "account", "order_id", "remaining", "market", "market_sequence"),
        "account_sequence",
    ],
    EventKind.AMENDED: [
        *("mode", "account", "order_id", "price", "quantity", "market", "market_sequence"),
        *("account_sequence", "remaining"),
    ],
    EventKind.TICKED: ["market", "market_sequence"],
    EventKind.TRANSFERRED: ["command_kind", "command", "account", "amount", "asset"],
    EventKind.REFERENCE_SET: ["reference"],
    EventKind.TRIGGER_PLACED: [
        *("account", "order_id", "price", "quantity", "market", "client_id", "market_sequence"),
        *("account_sequence", "time_flags", "trigger_price"),
    ],
    EventKind.TRIGGER_FAILED: [
        *("account", "order_id", "code", "market", "market_sequence", "account_sequence"),
    ],
    EventKind.TIMER_SET: ["timer", "account", "expires_ms"],
    EventKind.WITHDRAWAL_SET: ["state", "command", "account", "withdrawal_id", "amount", "asset"],
}


class Records(EventColumns):
    """The events of one batch."""

    def all_of(self, kind: EventKind) -> Fields:
        """The fields of all events of a kind, in their order."""
        return self.at(kind, self.starts(kind))

    def give(
        self,
        takers: Mapping[EventKind, Callable[[tuple[Any, ...]], None]],
        without: Starts,
    ) -> None:
        """Call the taker of its kind with each event's fields, in order, but for some events."""
        nexts: dict[int, tuple[Callable[[tuple[Any, ...]], None], Iterator[tuple[Any, ...]]]] = {}
        starts = self.chosen(FIELDS, without)
        kinds = self.rows["kind"][starts]
        for kind, taker in takers.items():
            if not self.has(kind):
                continue
            found = self.seen_as(kind)[starts[kinds == kind]]
            nexts[int(kind)] = taker, iter(found[FIELDS[kind]].tolist())
        for number in kinds.tolist():
            taker, records = nexts[number]
            taker(next(records))

    def notes(self) -> Notes | None:
        """The notes of the batch; None: there is none, as nearly always."""
        return Notes(self.rows, self.all_starts) if self.has(EventKind.NOTED) else None

    def balances(self) -> Columns:
        """Account, asset, available and locked: the last of each account and asset, by these."""
        told = self.at(EventKind.BALANCE, self.starts(EventKind.BALANCE)[::-1])
        accounts, assets = told["account"], told["asset"]
        last = np.unique(accounts << 16 | assets, return_index=True)[1]
        amounts = told["available"][last], told["locked"][last]
        return stacked(len(last), accounts[last], assets[last], *amounts)
