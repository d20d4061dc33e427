"""An account that somebody listens to: its orders, its latest updates, and how following begins.

Promise: no event of the account is lost between the question to the engine, how the account stands,
and its answer: what is folded meanwhile waits, and what the answer has in it already is passed over
by its account sequence.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from truebook.directory import Directory
from truebook.feed.account_orders import AccountOrders, Update
from truebook.feed.events import (
    Accepted,
    Amended,
    Closed,
    Fill,
    TriggerFailed,
    TriggerPlaced,
)
from truebook.queries import OrderRow

RECENT_MAX = 1024
"""Updates of an account that are remembered, for who has just missed some."""
REMEMBERED_MAX = 1 << 18
"""Of all accounts together: about 150 MB. What is older is in the database."""
WAITING_MAX = 1 << 14
"""Events that wait for the engine's answer; beyond, a later answer is needed."""

AccountEvent = Accepted | Fill | Closed | Amended | TriggerPlaced | TriggerFailed


class Memory:
    """How much all followed accounts remember together; beyond it the oldest is forgotten."""

    def __init__(self) -> None:
        self._oldest: deque[deque[Update]] = deque()
        """Where each remembered update is."""

    def remember(self, recent: deque[Update], update: Update) -> None:
        """Add an update to an account's."""
        if len(recent) < RECENT_MAX:
            self._oldest.append(recent)
        recent.append(update)
        if len(self._oldest) > REMEMBERED_MAX:
            oldest = self._oldest.popleft()
            if oldest:
                oldest.popleft()


class FollowedAccount:
    """One account's updates."""

    def __init__(self, account: int, directory: Directory, memory: Memory | None = None) -> None:
        """`memory`: that of the accounts it is followed with; None: it is alone."""
        self.orders = AccountOrders(account, directory)
        self._memory = memory or Memory()
        self.is_loaded = False
        self.listened_s = 0.0
        """When it was last known that somebody listens."""
        self._recent: deque[Update] = deque(maxlen=RECENT_MAX)
        self._waiting: deque[tuple[AccountEvent, int]] = deque(maxlen=WAITING_MAX)
        self._dropped = 0

    @property
    def sequence(self) -> int:
        """Of the last update."""
        return self.orders.sequence

    def fold(self, event: AccountEvent, time_ms: int) -> Iterable[Update]:
        """The updates that an event gives; none as long as nothing is loaded."""
        if not self.is_loaded:
            if len(self._waiting) == WAITING_MAX:
                self._dropped = max(self._dropped, *_sequences(self._waiting[0][0]))
            self._waiting.append((event, time_ms))
            return ()
        updates = tuple(self._updates(event, time_ms))
        for update in updates:
            self._memory.remember(self._recent, update)
        return updates

    def load(self, sequence: int, orders: Iterable[OrderRow]) -> Iterator[Update] | None:
        """Begin with the orders as of an account sequence; the updates since then, or None if the
        answer is too old."""
        if sequence < self._dropped:
            return None
        self.orders.load(sequence, orders)
        self._recent.clear()
        self.is_loaded = True
        waiting, self._waiting = self._waiting, deque(maxlen=WAITING_MAX)
        return (update for waited in waiting for update in self.fold(*waited))

    def forget(self) -> None:
        """It is followed no more."""
        self._recent.clear()

    def lose(self) -> None:
        """Events have been missed: it must be loaded again."""
        self.is_loaded = False
        self._waiting.clear()
        self._dropped = 0

    def since(self, sequence: int) -> list[bytes] | None:
        """The updates after a sequence up to the last; None if they are no longer all here."""
        if sequence >= self.sequence:
            return []
        if not self._recent or self._recent[0].sequence > sequence + 1:
            return None
        return [update.text for update in self._recent if update.sequence > sequence]

    def _updates(self, event: AccountEvent, time_ms: int) -> Iterable[Update]:
        match event:
            case Fill():
                return self.orders.filled(event, time_ms)
            case Accepted():
                return self.orders.accepted(event, time_ms)
            case Closed():
                return self.orders.closed(event, time_ms)
            case Amended():
                return self.orders.amended(event, time_ms)
            case TriggerPlaced():
                return self.orders.trigger_placed(event, time_ms)
            case TriggerFailed():
                return self.orders.trigger_failed(event, time_ms)


def _sequences(event: AccountEvent) -> tuple[int, ...]:
    if isinstance(event, Fill):
        return event.maker_sequence, event.taker_sequence
    return (event.account_sequence,)
