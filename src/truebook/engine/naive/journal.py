"""What the engine says: events and replies, in the order in which things happen.

Promise: bytes exactly as messages.py lays them out. Each method writes what is true now, so callers
change the state first. Sequences are drawn here, where the event that carries them is written.
"""

from truebook.engine.naive import records
from truebook.engine.naive.book import Order
from truebook.engine.naive.records import Subject
from truebook.engine.naive.settings import Market
from truebook.engine.naive.state import State, Withdrawal
from truebook.engine.naive.timeflags import time_flags
from truebook.messages import (
    AMENDED_KEPT,
    AMENDED_REENTERS,
    CloseReason,
    EventKind,
    OrderStatus,
    RejectCode,
)

ACCEPTED, RESTED, CLOSED = int(EventKind.ACCEPTED), int(EventKind.RESTED), int(EventKind.CLOSED)
FILL, AMENDED, BALANCE = int(EventKind.FILL), int(EventKind.AMENDED), int(EventKind.BALANCE)


WAS_TAKING, WAS_RESTING, WAS_PENDING = 0, 1, 2
"""Where an order was that is closed (CLOSED.rested)."""


class Journal:
    """The events and replies of one call of `apply`."""

    __slots__ = ("command", "events", "is_silent", "kind", "lateness_ms", "replies", "state")

    def __init__(self, state: State) -> None:
        self.state = state
        self.events: list[bytes] = []
        self.replies: list[bytes] = []
        self.command = 0
        """The index of the current command in its entry."""
        self.kind = 0
        """Its CommandKind, or what stood there."""
        self.lateness_ms = 0
        """How long after its time the present entry was reached."""
        self.is_silent = False
        """No replies: what happens now nobody asked for."""

    # --- orders -------------------------------------------------------------------------------

    def accepted(self, order: Order, flags: int) -> None:
        """ACCEPTED: the order passed all checks; its priority, should it rest by this event."""
        sequence = self.state.markets[order.market].next_sequence()
        order.priority = sequence
        self.events.append(
            records.TWO_ROWS.pack(
                *(ACCEPTED, order.side, self.command, order.user_id, order.id),
                *(order.price, order.original_qty, 0, flags, order.market, order.client_id),
                *(sequence, self._private(order), time_flags(order)),
            )
        )

    def rested(self, order: Order) -> None:
        """RESTED: what is left of the order stands in the book from now on."""
        order.priority = self.state.markets[order.market].next_sequence()
        self.events.append(
            records.ONE_ROW.pack(
                *(RESTED, order.side, self.command, order.user_id),
                *(order.id, order.remaining_qty, order.priority),
            )
        )

    def closed(self, order: Order, reason: CloseReason, rested: int) -> None:
        """CLOSED: the order is gone before it was filled; `rested` says where it was."""
        sequence = self.state.markets[order.market].next_sequence()
        self.events.append(
            records.TWO_ROWS.pack(
                *(CLOSED, reason, self.command, order.user_id, order.id),
                *(order.remaining_qty, order.price, 0, order.side, order.market, rested),
                *(sequence, self._private(order), 0),
            )
        )

    def amended(self, order: Order, reenters: bool) -> None:
        """AMENDED: the order has its new price and quantity."""
        sequence = self.state.markets[order.market].next_sequence()
        mode = AMENDED_REENTERS if reenters else AMENDED_KEPT
        self.events.append(
            records.TWO_ROWS.pack(
                *(AMENDED, mode, self.command, order.user_id, order.id),
                *(order.price, order.original_qty, 0, order.side, order.market, 0),
                *(sequence, self._private(order), order.remaining_qty),
            )
        )

    def fill(
        self, maker: Order, taker: Order, price: int, lots: int, fees: tuple[int, int]
    ) -> None:
        """FILL: a trade at `price`; `fees` are the maker's and the taker's, in atoms."""
        market = self.state.markets[maker.market]
        maker_sequence, taker_sequence = self._private(maker), self._private(taker)
        self.events.append(
            records.FILL.pack(
                *(FILL, taker.side, self.command, maker.user_id, maker.id, price, lots),
                *(0, 0, maker.market, taker.user_id, taker.id, market.last_trade_id),
                *(market.next_sequence(), 0, *fees, maker.remaining_qty),
                *(0, maker_sequence, taker_sequence, 0),
            )
        )

    # --- orders that wait ---------------------------------------------------------------------

    def trigger_placed(self, order: Order) -> None:
        """TRIGGER_PLACED: the order waits; its priority among those with the same trigger price."""
        order.priority = self.state.markets[order.market].next_sequence()
        self.events.append(
            records.TRIGGER_PLACED.pack(
                *(EventKind.TRIGGER_PLACED, order.side, self.command, order.user_id, order.id),
                *(order.price, order.original_qty, 0, 0, order.market, order.client_id),
                *(order.priority, self._private(order), time_flags(order)),
                *(0, order.trigger_price, 0, 0),
            )
        )

    def trigger_failed(self, order: Order, code: RejectCode) -> None:
        """TRIGGER_FAILED: the order fired, could not be placed, and is gone."""
        sequence = self.state.markets[order.market].next_sequence()
        self.events.append(
            records.TWO_ROWS.pack(
                *(EventKind.TRIGGER_FAILED, order.side, self.command, order.user_id, order.id),
                *(code, 0, 0, 0, order.market, 0, sequence, self._private(order), 0),
            )
        )

    def timer_set(self, account: int, timer: int, expires_ms: int) -> None:
        """TIMER_SET: from now on it runs out then; 0: it is off."""
        self._one_row(EventKind.TIMER_SET, timer, account, expires_ms)

    # --- funds --------------------------------------------------------------------------------

    def balances(self) -> None:
        """BALANCE of every balance that the entry's commands moved."""
        ledger = self.state.ledger
        for account, asset in ledger.moved:
            funds = ledger.balances.get((account, asset))
            available, locked = (0, 0) if funds is None else (funds.available, funds.locked)
            self.events.append(
                records.BALANCE.pack(BALANCE, 0, asset, account, available, locked, 0)
            )
        ledger.moved.clear()

    def transferred(self, account: int, atoms: int, asset: int) -> None:
        """TRANSFERRED: a deposit or withdrawal."""
        self._one_row(EventKind.TRANSFERRED, self.kind, account, atoms, asset)

    def reference_set(self, account: int, reference: tuple[int, int]) -> None:
        """REFERENCE_SET: no other deposit may have it any more."""
        words = (account, *reference, 0)
        self.events.append(
            records.REFERENCE_SET.pack(EventKind.REFERENCE_SET, 0, self.command, *words)
        )

    def withdrawal_set(self, withdrawal: Withdrawal, state: int) -> None:
        """WITHDRAWAL_SET and its reply: a withdrawal was requested, confirmed or refused."""
        w = withdrawal
        self._one_row(EventKind.WITHDRAWAL_SET, state, w.account, w.id, w.amount, w.asset)
        self._reply(OrderStatus.DONE, 0, 0, w.id, w.account, quantity=w.amount)

    # --- everything else ----------------------------------------------------------------------

    def ticked(self, market: Market) -> None:
        """TICKED: an empty, numbered update of a market."""
        self._one_row(EventKind.TICKED, 0, market.index, market.next_sequence())

    def settings(self, event: bytes) -> None:
        """Write an event that settingevents.py or recording.py made."""
        self.events.append(event)

    def rejected(self, subject: Subject, code: RejectCode, other_id: int) -> None:
        """REJECTED and its reply: the command changed nothing."""
        account, order_id = subject
        self.events.append(
            records.REJECTED.pack(
                EventKind.REJECTED, self.kind, self.command, account, order_id, code, other_id
            )
        )
        self._reply(OrderStatus.REJECTED, code, 0, order_id, account, quantity=other_id)

    def done(self, account: int = 0, market: int = 0, count: int = 0) -> None:
        """Reply that a command that is not about one order was carried out."""
        self._reply(OrderStatus.DONE, 0, market, 0, account, quantity=count)

    def answer(self, order: Order, status: OrderStatus, code: int) -> None:
        """Reply with an order as it stands after the command."""
        if self.is_silent:
            return
        executed_quote = order.trigger_price if order.is_pending else order.executed_quote
        self.replies.append(
            records.REPLY.pack(
                *(self.kind, status, code, self.command, order.market, order.id, order.user_id),
                *(order.client_id, order.price, order.original_qty),
                *(order.executed_qty, executed_quote, time_flags(order)),
            )
        )

    def _private(self, order: Order) -> int:
        return self.state.accounts[order.user_id].next_sequence()

    def _one_row(
        self, kind: int, detail: int, subject: int, a: int, b: int = 0, c: int = 0
    ) -> None:
        self.events.append(records.ONE_ROW.pack(kind, detail, self.command, subject, a, b, c))

    def _reply(
        self, status: int, code: int, market: int, order_id: int, account: int, quantity: int
    ) -> None:
        words = (self.kind, status, code, self.command, market, order_id, account)
        self.replies.append(records.REPLY.pack(*words, 0, 0, quantity, 0, 0, 0))
