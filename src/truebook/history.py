"""What is asked of the database: one small interface, whatever stands behind it.

Promise: everything here is a function of the event stream up to `position`; nothing here decides
anything. Prices are ticks, quantities lots, amounts atoms; times are milliseconds since 1970 where
the name says so, and seconds for candles. Reading never waits for a writer.

`after` is the log position that the asker has seen: the answer waits a moment (READ_WAIT_MS_MAX)
until the database has come to it, and is given as things stand then.
"""

from typing import Literal, NamedTuple, Protocol

from truebook.commandlog.interface import Position
from truebook.limits import LAG_MS_MAX

READ_WAIT_MS_MAX = 2 * LAG_MS_MAX
"""A store that others have left no processor is raised after the half of it, and has the other half
to catch up."""

KeptInterval = Literal["1s", "1m", "1h", "1d"]
"""The candles that are kept as they come; all other intervals are made from these."""


class Candle(NamedTuple):
    """What was traded in an interval; candles exist only for intervals with a trade."""

    start_s: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    """Lots."""
    turnover: int
    """Ticks × lots: times the market's unit it is the volume in quote atoms."""
    trades: int


class Trade(NamedTuple):
    """A trade as everybody may see it."""

    trade_id: int
    price: int
    quantity: int
    quote_quantity: int
    time_ms: int
    buy_order_id: int
    sell_order_id: int
    taker_side: int


class PastTrigger(NamedTuple):
    """What an order waited for, as it was placed."""

    price: int
    """Ticks: its trigger price."""
    quantity: int
    """Lots, quote atoms, or (`is_percent`) basis points of what is available when it fires."""
    is_percent: bool
    fired_ms: int | None
    """When the trigger price was reached; None: it never was, or not yet."""
    failed: int | None
    """messages.RejectCode of one that fired and could not be placed."""


class PastOrder(NamedTuple):
    """An order and what became of it. Of one that never fired `price` and `quantity` are as it was
    placed with its trigger."""

    order_id: int
    account: int
    market: int
    client_id: int
    price: int
    quantity: int
    remaining: int
    executed: int
    executed_quote: int
    status: int
    """messages.OrderStatus; TRIGGER_PENDING and TRIGGER_FAILED too."""
    reason: int | None
    """messages.CloseReason of an order that was closed before it was filled."""
    time_flags: int
    """As in messages.ACCEPTED; of one that never fired as in messages.TRIGGER_PLACED."""
    trigger: PastTrigger | None = None
    slippage: int | None = None
    """What a market order allowed, in ticks or basis points (`time_flags` say which). It is known
    of orders with a trigger; of others only the price that it led to is."""


class PastFill(NamedTuple):
    """One side of a trade."""

    account: int
    account_sequence: int
    order_id: int
    client_id: int | None
    market: int
    side: int
    price: int
    quantity: int
    quote_quantity: int
    fee: int
    fee_asset: int
    is_maker: bool
    trade_id: int
    time_ms: int


class PastDeposit(NamedTuple):
    """Value that came in."""

    deposit_id: int
    """1, 2, 3 … over all transfers of the venue."""
    account: int
    asset: int
    amount: int
    time_ms: int
    note: str
    """The text of the note that explains the command, as its gateway wrote it; empty: none."""


class PastWithdrawal(NamedTuple):
    """A withdrawal that was requested, and what became of it."""

    withdrawal_id: int
    account: int
    asset: int
    amount: int
    state: int
    """messages.WithdrawalState."""
    requested_ms: int
    settled_ms: int | None
    note: str
    """The text of the request's note; empty: none."""
    settled_note: str
    """Who settled it and why; empty: nobody yet, or it isn't known."""


class Page(NamedTuple):
    """Which rows of many."""

    limit: int
    offset: int = 0
    oldest_first: bool = False


class History(Protocol):
    """The database, for readers. Raises HistoryUnavailable where there is none that answers."""

    async def position(self) -> Position:
        """The log position up to which everything is in it."""

    async def orders(
        self,
        account: int,
        page: Page,
        *,
        order_id: int | None = None,
        market: int | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        after: Position,
    ) -> tuple[list[PastOrder], int]:
        """An account's orders of all times by placement, and how many there are in all pages.
        `from_ms` and `to_ms`, both included, are about when they were placed."""

    async def fills(
        self,
        account: int,
        page: Page,
        *,
        order_id: int | None = None,
        market: int | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        after: Position,
    ) -> tuple[list[PastFill], int]:
        """An account's fills by time, and how many there are in all pages."""

    async def deposits(
        self,
        account: int,
        page: Page,
        *,
        from_ms: int | None = None,
        to_ms: int | None = None,
        after: Position,
    ) -> tuple[list[PastDeposit], int]:
        """An account's deposits by time, and how many there are in all pages."""

    async def withdrawals(
        self,
        account: int,
        page: Page,
        *,
        withdrawal_id: int | None = None,
        client_id: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        after: Position,
    ) -> tuple[list[PastWithdrawal], int]:
        """An account's withdrawals by request, and how many there are in all pages. `client_id`:
        those whose note is a JSON object with this text or number as `clientId`."""

    async def withdrawals_pending(
        self, page: Page, *, after: Position
    ) -> tuple[list[PastWithdrawal], int]:
        """Withdrawals of all accounts that nobody has settled, by request, and how many."""

    async def trades(self, market: int, page: Page, *, after: Position) -> list[Trade]:
        """Trades of a market by their ids."""

    async def candles(
        self, market: int, interval: KeptInterval, from_s: int, to_s: int, every_s: int = 0
    ) -> list[Candle]:
        """Kept candles with from_s ≤ start_s < to_s, oldest first. Where `every_s` is longer than
        they are, those of each so many seconds, counted from `from_s`, are merged into one."""

    async def last_candle(
        self, market: int, interval: KeptInterval, before_s: int
    ) -> Candle | None:
        """The newest kept candle with start_s < before_s: its close opens empty intervals."""

    async def first_candle(self, market: int, interval: KeptInterval) -> Candle | None:
        """The oldest kept candle of a market."""

    async def last_trade_id(self, market: int) -> int:
        """0 where nothing was traded."""

    async def updates(
        self, account: int, after_sequence: int, to_sequence: int, after: Position
    ) -> list[bytes]:
        """The account's order updates with after_sequence < seq ≤ to_sequence, without a gap, each
        the JSON of feed/updates.py. Raises HistoryUnavailable if they are not (yet) all there;
        TooManyUpdates, a kind of it, where less must be asked for."""


class HistoryUnavailable(Exception):
    """The database can't be asked, or hasn't got so far."""


class TooManyUpdates(HistoryUnavailable):
    """More than limits.HISTORY_UPDATES_MAX updates at once: waiting longer would be in vain."""
