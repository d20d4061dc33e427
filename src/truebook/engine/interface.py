"""What an engine is: the one interface that the fast engine and its naive twin both keep.

Promise: state is a function of the records applied, in order. `apply` does no I/O, reads no clock
and draws no random number; two engines that were given the same records hold the same logical
state, gave bit-identical events and replies, and answer `state_hash` alike, whatever is different
inside them. docs/rules.md tells what each command does.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from truebook.engine.canonical.tables import Tables

STATE_HASH_BYTES = 16


class Applied(NamedTuple):
    """What `apply` gives back."""

    events: bytes
    """Event rows (messages.EVENT_ROW), 32 bytes each, one ENTRY event for each entry first."""

    replies: bytes
    """Replies (messages.REPLY), 64 bytes each, in the order of commands, entry after entry."""


class Balance(NamedTuple):
    """Atoms of one asset that one account holds."""

    available: int
    locked: int


class OpenOrder(NamedTuple):
    """One resting or pending order. Prices in ticks, quantities in lots, `executed_quote` in quote
    atoms; of a pending one `price` and `quantity` are as in TRIGGER_PLACED."""

    order_id: int
    account: int
    market: int
    client_id: int
    price: int
    quantity: int
    remaining: int
    executed_quote: int
    priority: int
    time_flags: int
    trigger_price: int = 0
    """Of a pending order, in ticks; 0: it rests. Both are told wherever orders are."""


class PendingWithdrawal(NamedTuple):
    """A withdrawal that was requested and not settled; `amount` in atoms."""

    withdrawal_id: int
    account: int
    asset: int
    amount: int


class RunningTimer(NamedTuple):
    """A timer (messages.Timer) of an account that is on."""

    expires_ms: int
    account: int
    timer: int


class Engine(Protocol):
    """A deterministic exchange core."""

    def apply(self, records: bytes | memoryview | NDArray[np.uint8]) -> Applied:
        """Apply one or more whole log entries, each an ENTRY header and its records.

        `time_ms` of each header is the log server's stamp. Never raises for anything a gateway can
        write: what can't be carried out is REJECTED. Raises only for a bug, and then the engine
        must not be used any more.
        """

    def prepare(self, orders: int = 0, levels: int = 0, client_ids: int = 0) -> None:
        """Have memory ready now for as many resting and pending orders, price levels and orders
        with client ids as there will be at once, rather than page by page when they come. Changes
        nothing but how long `apply` takes."""

    def stay_ahead(self) -> int:
        """The same for what may come next: how many bytes were asked for, 0 once all is there.
        Another thread may call this while `apply` is at work, one at a time."""

    def state_hash(self) -> bytes:
        """Sixteen bytes over the whole logical state (engine/fingerprint.py)."""

    def export(self) -> Tables:
        """The canonical state: all that this engine's future depends on (canonical/tables.py).
        Never in the middle of `apply`; changes nothing."""

    def load(self, tables: Tables) -> None:
        """Be in that state from now on: the same state hash and the same future as the engine that
        it was exported from. For a new engine only.

        Raises canonical.checking.TablesInvalid for tables that no engine can have. After that, or
        if the state hash isn't the one that was expected, the engine must not be used any more.
        """

    def time_ms(self) -> int:
        """The engine's time: the largest stamp seen."""

    def counts(self) -> dict[str, int]:
        """How many assets, markets, accounts, keys, (resting) orders, triggers (pending orders)
        and (pending) withdrawals there are."""

    def balance(self, account: int, asset: int) -> Balance:
        """The balance; zeros for an account that never held the asset."""

    def depth(self, market: int, limit: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Bids and asks, best first, as (n, 2) arrays of price in ticks and quantity in lots.

        `limit` bounds the levels of each side; 0 means all.
        """

    def order(self, order_id: int) -> OpenOrder | None:
        """The resting or pending order of that id."""

    def order_by_client_id(self, account: int, client_id: int) -> OpenOrder | None:
        """The resting or pending order of the account that carries the client id."""

    def open_orders(self, account: int, market: int | None = None) -> list[OpenOrder]:
        """The account's resting and pending orders, oldest placement first."""

    def pending_withdrawals(self, account: int | None = None) -> list[PendingWithdrawal]:
        """What was requested and not settled, of one account or (None) all, by withdrawal id."""

    def timers(self) -> list[RunningTimer]:
        """The timers that are on, in the order in which they run out."""

    def next_timer_ms(self) -> int:
        """When the next timer runs out, in the engine's time; 0: none is on."""

    def rules_version(self) -> int:
        """The version of docs/rules.md that the engine follows now."""

    def account_sequence(self, account: int) -> int:
        """How many private events the account has had; 0 for an unknown account."""

    def asset_settings(self) -> bytes:
        """One ASSET_SET event for each asset, by index: settings in the form of events."""

    def market_settings(self) -> bytes:
        """One MARKET_SET event for each market, by index."""

    def tier_settings(self) -> bytes:
        """One TIER_SET event for each of the TIERS_MAX tiers."""

    def account_settings(self, first: int = 0, count: int = 1000) -> bytes:
        """ACCOUNT_SET events of accounts `first` and following, by index."""

    def key_settings(self, first: int = 0, count: int = 1000) -> bytes:
        """KEY_SET events of keys in the order in which they were first set, revoked ones too."""

    def attester_settings(self) -> bytes:
        """ATTESTER_SET events by slot, of those ever set."""

    def market_figures(self, market: int) -> tuple[int, int, int]:
        """(market sequence, last trade id, last price in ticks; 0 before the first trade)."""
