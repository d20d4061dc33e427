"""Log entries in, events and replies out: the naive engine behind engine/interface.Engine.

Promise: `apply` never raises for anything a gateway can write. It takes entries as they come,
decides what each one is (applied, repeated, a gap, malformed), and hands each command of an applied
entry to its own function, which carries it out or returns the reason why not.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from truebook.engine.canonical.checking import check_tables
from truebook.engine.canonical.tables import Tables
from truebook.engine.interface import Applied
from truebook.engine.naive.accounts import set_account, set_key
from truebook.engine.naive.amending import amend
from truebook.engine.naive.answers import Answers
from truebook.engine.naive.cancelling import cancel, cancel_all
from truebook.engine.naive.configuring import (
    set_asset,
    set_attester,
    set_market,
    set_market_state,
    set_rules,
    set_tier,
    tick,
)
from truebook.engine.naive.funding import deposit, request_withdrawal, settle_withdrawal, withdraw
from truebook.engine.naive.journal import Journal
from truebook.engine.naive.placing import place
from truebook.engine.naive.recording import note, recovery
from truebook.engine.naive.records import HEADER, ONE_ROW, Header, Subject, order_command, subject
from truebook.engine.naive.state import State
from truebook.engine.naive.tables import state_from, tables_of
from truebook.engine.naive.timers import cancel_after, run_out
from truebook.engine.naive.triggers import place_trigger
from truebook.limits import GATEWAYS_MAX
from truebook.messages import (
    COMMAND_BYTES,
    FORMAT_VERSION,
    ORDER_TIME_SHIFT,
    CommandKind,
    EntryStatus,
    EventKind,
    RejectCode,
)

Handler = Callable[[State, Journal, bytes], RejectCode]

TIME_END_MS = 1 << (63 - ORDER_TIME_SHIFT)
"""The first stamp that would not fit beside the order flags."""

HANDLERS: dict[int, Handler] = {
    CommandKind.PLACE: place,
    CommandKind.CANCEL: cancel,
    CommandKind.CANCEL_ALL: cancel_all,
    CommandKind.AMEND: amend,
    CommandKind.DEPOSIT: deposit,
    CommandKind.WITHDRAW: withdraw,
    CommandKind.TICK: tick,
    CommandKind.SET_ASSET: set_asset,
    CommandKind.SET_MARKET: set_market,
    CommandKind.SET_MARKET_STATE: set_market_state,
    CommandKind.SET_TIER: set_tier,
    CommandKind.SET_ACCOUNT: set_account,
    CommandKind.SET_KEY: set_key,
    CommandKind.SET_RULES: set_rules,
}
"""Under version 1 of the rules."""

HANDLERS_2: dict[int, Handler] = {
    **HANDLERS,
    CommandKind.PLACE_TRIGGER: place_trigger,
    CommandKind.CANCEL_AFTER: cancel_after,
    CommandKind.REQUEST_WITHDRAWAL: request_withdrawal,
    CommandKind.SETTLE_WITHDRAWAL: settle_withdrawal,
    CommandKind.RECOVERY: recovery,
    CommandKind.SET_ATTESTER: set_attester,
    CommandKind.NOTE: note,
}
"""From version 2 on."""

OF_TWO_RECORDS = (CommandKind.SET_MARKET, CommandKind.PLACE_TRIGGER)
RECORDS = {kind: 2 if kind in OF_TWO_RECORDS else 1 for kind in HANDLERS_2}
ORDER_IDS_AT: dict[int, int] = {
    CommandKind.PLACE: 16,
    CommandKind.CANCEL: 16,
    CommandKind.CANCEL_ALL: 16,
    CommandKind.AMEND: 16,
    CommandKind.PLACE_TRIGGER: 16,
    CommandKind.REQUEST_WITHDRAWAL: 24,
    CommandKind.SETTLE_WITHDRAWAL: 8,
}
"""Where the id stands that REJECTED repeats, of an order or a withdrawal."""

HAS_ACCOUNT = frozenset(
    (
        CommandKind.PLACE,
        CommandKind.CANCEL,
        CommandKind.CANCEL_ALL,
        CommandKind.AMEND,
        CommandKind.PLACE_TRIGGER,
        CommandKind.CANCEL_AFTER,
        CommandKind.DEPOSIT,
        CommandKind.WITHDRAW,
        CommandKind.REQUEST_WITHDRAWAL,
        CommandKind.SET_ACCOUNT,
        CommandKind.SET_KEY,
    )
)
ACCOUNT_AT = 8
NOBODY = Subject(0, 0)


class NaiveEngine(Answers):
    """The naive twin: plain Python, whole numbers, nothing clever."""

    def __init__(self) -> None:
        super().__init__(State())

    def apply(self, records: bytes | memoryview | NDArray[np.uint8]) -> Applied:
        """Apply one or more whole log entries (engine/interface.py)."""
        data = bytes(records)
        if len(data) % COMMAND_BYTES:
            raise ValueError(f"{len(data)} bytes are no whole records of {COMMAND_BYTES}")
        journal = Journal(self.state)
        at = 0
        while at < len(data):
            header = Header._make(HEADER.unpack_from(data, at))
            start, end = at + COMMAND_BYTES, at + COMMAND_BYTES * (1 + header.record_count)
            at = min(end, len(data))
            if self._open(header, end > len(data), journal) == EntryStatus.APPLIED:
                journal.lateness_ms = header.lateness_ms()
                self._carry_out(data[start:at], journal)
        return Applied(b"".join(journal.events), b"".join(journal.replies))

    def prepare(self, orders: int = 0, levels: int = 0, client_ids: int = 0) -> None:
        """Nothing: it takes memory as Python gives it (engine/interface.py)."""

    def stay_ahead(self) -> int:
        """Nothing, likewise."""
        return 0

    def export(self) -> Tables:
        """The canonical state (engine/interface.py)."""
        return tables_of(self.state)

    def load(self, tables: Tables) -> None:
        """Be in that state from now on (engine/interface.py)."""
        check_tables(tables)
        self.state = state_from(tables)

    def _open(self, header: Header, is_cut: bool, journal: Journal) -> EntryStatus:
        """Move time, decide what becomes of an entry, and say so."""
        if 0 <= header.time_ms < TIME_END_MS:
            self.state.time_ms = max(self.state.time_ms, header.time_ms)
        status = self._status_of(header, is_cut)
        if status == EntryStatus.APPLIED:
            self.state.gateways[header.gateway] = header.sequence
        journal.events.append(
            ONE_ROW.pack(
                *(EventKind.ENTRY, status, header.record_count, header.gateway),
                *(header.sequence, self.state.time_ms, 0),
            )
        )
        return status

    def _status_of(self, header: Header, is_cut: bool) -> EntryStatus:
        if (
            is_cut
            or header.kind != CommandKind.ENTRY
            or header.version != FORMAT_VERSION
            or header.gateway >= GATEWAYS_MAX
            or header.sequence < 1
            or not 0 <= header.time_ms < TIME_END_MS
            or any(header.zero)
        ):
            return EntryStatus.MALFORMED
        last = self.state.gateways.get(header.gateway, 0)
        if header.sequence <= last:
            return EntryStatus.REPEATED
        return EntryStatus.GAP if header.sequence > last + 1 else EntryStatus.APPLIED

    def _carry_out(self, body: bytes, journal: Journal) -> None:
        """Carry out the commands of an applied entry, after the timers that have run out."""
        run_out(self.state, journal)
        at = 0
        journal.command = 0
        while at < len(body):
            size = COMMAND_BYTES * body[at + 1]
            record = body[at : at + size]
            is_sized = RECORDS.get(body[at]) == body[at + 1] and len(record) == size
            if body[at] in self._handlers() and is_sized:
                self._command(record, journal)
                at += size
            else:
                journal.kind = body[at]
                journal.rejected(NOBODY, RejectCode.MALFORMED, 0)
                at += COMMAND_BYTES
            journal.command += 1
        journal.balances()

    def _command(self, record: bytes, journal: Journal) -> None:
        """Carry out one command, or say why not."""
        kind = journal.kind = record[0]
        if kind == CommandKind.SET_MARKET and record[COMMAND_BYTES] != 0:
            code = RejectCode.MALFORMED
        else:
            code = self._handlers()[kind](self.state, journal, record)
        if code:
            account_at = ACCOUNT_AT if kind in HAS_ACCOUNT else None
            about = subject(record, account_at, ORDER_IDS_AT.get(kind))
            other_id = 0
            if code == RejectCode.DUPLICATE_CLIENT_ID:
                client_id = order_command(record).client_id
                other_id = self.state.client_ids[about.account, client_id].id
            journal.rejected(about, code, other_id)

    def _handlers(self) -> dict[int, Handler]:
        """What each kind of command means under the present rules."""
        return HANDLERS if self.state.version == 1 else HANDLERS_2
