"""The fold: event entries in, messages out; everything the feed knows, and no I/O.

Promise: folding is a function of the entries, of what was loaded, and of the times given. Every
event of every market and of each account that is followed passes through here once, in order.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

from truebook.commandlog.interface import GENESIS, EventEntry, Position
from truebook.commandlog.replies import pack_position, settings_events
from truebook.directory import Directory
from truebook.feed.account_orders import Update
from truebook.feed.channels import (
    DEPTH_PERIODS_MS,
    balances_channel,
    numbered,
    updates_channel,
)
from truebook.feed.depth import Depth
from truebook.feed.events import (
    Accepted,
    Amended,
    Balance,
    Closed,
    Entry,
    Event,
    Fill,
    Readers,
    Rejected,
    Rested,
    Ticked,
    TimerSet,
    Transferred,
    TriggerFailed,
    TriggerPlaced,
    WithdrawalSet,
    read_events,
    read_events_at,
    readers_without,
)
from truebook.feed.followed import AccountEvent, FollowedAccount
from truebook.feed.interest import NO_INTEREST, Interest
from truebook.feed.market_stream import MarketStream, Message
from truebook.feed.plain import IN_BOOK, PlainDepth
from truebook.feed.timers import Timers
from truebook.feed.updates import balance_json
from truebook.messages import ACCEPTED_RESTS, AMENDED_KEPT, EVENT_ROW_BYTES
from truebook.messages.event_columns import EventColumns
from truebook.messages.plain_orders import PlainOrders

_READERS_AND_BALANCES = readers_without(Rejected, Transferred, WithdrawalSet)
_READERS = readers_without(Balance, Rejected, Transferred, WithdrawalSet)
MESSAGES_MAX = 4096
"""A pass ends once it has more messages than that: the bus takes them in one step."""
EVENT_BYTES_MAX = 64 * 1024
"""And once it has folded more than that: some hundred commands, 2 ms of work. A pass may run with
little of a processor (idle.py)."""
CLOCK_BEHIND_MS = 2000
"""An interval is over by the clock, should the engine's time stand still, this long after its end:
what was traded in it has arrived by then."""


TOGETHER_BYTES_MIN = 16 * 1024
"""Entries with more events than that are folded together: below, by columns costs more."""
TOGETHER_BYTES_MAX = 256 * 1024
"""And a pass of such ends there: most of its orders are plain, as a rule."""


class Made(NamedTuple):
    """What a pass made."""

    messages: list[Message]
    folded: int
    """Entries."""
    told: dict[str, int]
    """For each chain of depth updates that has gone on, by `chain_name`: up to which number."""


class Fold:
    """Markets and followed accounts at a position."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.position = GENESIS
        self.time_ms = 0
        """The engine's."""
        self.markets: dict[int, MarketStream] = {}
        self.accounts: dict[int, FollowedAccount] = {}
        self.timers = Timers()
        self.interest: Interest = NO_INTEREST
        self.has_history = False
        """Whether candles will be loaded: until they are, half of one would be told as a whole."""
        self._messages: list[Message] = []
        self._told: dict[str, int] = {}
        self._period_positions = dict.fromkeys((name for name in DEPTH_PERIODS_MS if name), GENESIS)
        self._told_position = GENESIS
        self._is_told = False
        self._active: MarketStream | None = None
        self._now_us = 0
        self._handlers: dict[type[Event], Callable[[Any], None]] = {
            Entry: self._entry,
            Accepted: self._accepted,
            Fill: self._fill,
            Rested: self._rested,
            Closed: self._closed,
            Amended: self._amended,
            Ticked: self._ticked,
            TriggerPlaced: self._triggered,
            TriggerFailed: self._triggered,
            TimerSet: self._timed,
            Balance: self._balance,
        }

    def begin(self, position: Position, told: Position) -> None:
        """Stand at a position. Events up to `told` have been told before: what they changed is
        learnt from them, no more."""
        self.position, self._told_position = position, max(position, told)
        self._period_positions = dict.fromkeys(self._period_positions, position)

    @property
    def told_position(self) -> Position:
        """Up to where everything has been told, but for the periods of depth."""
        return max(self.position, self._told_position)

    @property
    def resume_position(self) -> Position:
        """From where on a restarted feed has to read: where the oldest chain of updates ends."""
        return min(self._period_positions.values())

    def chains(self) -> dict[str, int]:
        """Every chain of depth updates, by `chain_name`: where it ends."""
        return {
            chain_name(number, period): told
            for number, stream in self.markets.items()
            if stream.depth.loaded >= 0
            for period, told in stream.depth.told.items()
        }

    def market(self, number: int) -> MarketStream:
        """A market's stream; one that is new has no levels yet."""
        stream = self.markets.get(number)
        if stream is None:
            stream = self.markets[number] = MarketStream(self.directory.markets[number])
        return stream

    def step(
        self, entries: Sequence[EventEntry], now_ms: int, periods: Collection[str], is_second: bool
    ) -> Made:
        """One pass: fold entries, as many as make a bounded number of messages, then tell what
        changed. `periods`: depth streams whose time has come; `is_second`: so has that of candles
        and tickers."""
        messages: list[Message] = []
        self._messages = messages
        self._now_us = now_ms * 1000
        folded = self._fold_many(entries)
        told = self._tell(periods)
        if is_second:
            self._tell_figures(self.time_s(now_ms))
        return Made(messages, folded, told)

    def time_s(self, now_ms: int) -> int:
        """The time by which intervals are over."""
        return max(self.time_ms, now_ms - CLOCK_BEHIND_MS) // 1000

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to tell until an event comes."""
        interest = self.interest
        if interest.klines or interest.tickers or interest.accounts:
            return False
        return all(stream.depth.is_told for stream in self.markets.values())

    @property
    def is_behind(self) -> bool:
        """Whether the events between some market's last update and its levels aren't all folded."""
        return any(stream.depth.is_behind for stream in self.markets.values())

    def give_up_resuming(self) -> None:
        """Let updates of markets that are behind begin anew."""
        for stream in self.markets.values():
            if stream.depth.is_behind:
                stream.depth.lose()

    def listen(self, interest: Interest, anew: bool) -> None:
        """Who listens to what from now on. What only tells of changes is told once as it is to who
        has begun; `anew`: to everybody, since messages may have been lost."""
        known = NO_INTEREST if anew else self.interest
        self.interest = interest
        for stream in self.markets.values():
            symbol = stream.market.symbol
            if symbol in interest.tops - known.tops:
                stream.tell_top_again()
            if symbol in interest.tickers - known.tickers:
                stream.tell_ticker_again()
            if symbol in interest.klines and (anew or symbol not in known.klines):
                stream.tell_klines_again()

    def lose(self, missed: Position) -> None:
        """Events up to that position have been missed: everything must be loaded again, but for
        the levels of a restarted feed that has folded none yet and had told those events before.
        They have all that in them; which updates can go on is seen from the numbers."""
        is_told = self.position < missed <= self._told_position
        for stream in self.markets.values():
            if stream.depth.folded or not is_told:
                stream.depth.lose()
            stream.candles.lose()
        for account in self.accounts.values():
            account.lose()
        self.timers.lose()

    def updates(self, account: int, updates: Iterable[Update]) -> list[Message]:
        """An account's updates as messages."""
        channel = updates_channel(account)
        return [(channel, numbered(update.sequence, update.text)) for update in updates]

    def number(self, account: int) -> Message:
        """An account's number alone: who has missed something learns it."""
        return updates_channel(account), numbered(self.accounts[account].sequence)

    def _tell(self, periods: Collection[str]) -> dict[str, int]:
        now: dict[str, int] = {}
        for number, stream in self.markets.items():
            self._messages += stream.changes(self.time_ms or self._now_us // 1000, self._now_us)
            for period in periods:
                self._messages += stream.period(period, self._now_us)
            if stream.depth.loaded >= 0:
                now[chain_name(number)] = stream.depth.sequence
                if periods:
                    told = stream.depth.told
                    now |= {chain_name(number, period): told[period] for period in periods}
        if all(stream.depth.can_tell for stream in self.markets.values()):
            self._period_positions |= dict.fromkeys(periods, self.position)
        changed = dict(now.items() - self._told.items())
        self._told |= changed
        return changed

    def _tell_figures(self, time_s: int) -> None:
        for stream in self.markets.values():
            if self.has_history and not stream.candles.is_loaded:
                continue
            symbol = stream.market.symbol
            intervals = self.interest.klines.get(symbol, ())
            self._messages += stream.klines(intervals, time_s, self._now_us)
            if symbol in self.interest.tickers:
                self._messages += stream.ticker(time_s, self._now_us)

    def _fold_many(self, entries: Sequence[EventEntry]) -> int:
        """Fold as many as make a pass; how many those were."""
        count = _together(entries)
        if count and self._fold_together(entries[:count]):
            return count
        folded = event_bytes = 0
        for entry in entries:
            self._fold(entry)
            folded += 1
            event_bytes += len(entry.events)
            if len(self._messages) > MESSAGES_MAX or event_bytes > EVENT_BYTES_MAX:
                break
        return folded

    def _fold_together(self, entries: Sequence[EventEntry]) -> bool:
        """Fold entries, their plain orders by columns; False: these can't be, nothing was done."""
        is_told = entries[-1].position <= self._told_position
        if not is_told and entries[0].position <= self._told_position:
            return False
        events = b"".join([entry.events for entry in entries])
        if settings_events(events):
            return False
        columns = EventColumns(events)
        plain = PlainOrders(columns, self.accounts)
        depth = PlainDepth(columns, plain)
        if not all(self.market(number).depth.is_followed for number in depth.markets):
            return False
        self._is_told = is_told
        depth.begin(self._depth_of)
        readers, handlers = self._readers(), self._handlers
        starts = columns.chosen(readers, without=plain.all())
        for event in read_events_at(events, (starts * EVENT_ROW_BYTES).tolist(), readers):
            handlers[type(event)](event)
        depth.end(self._depth_of)
        self.position = entries[-1].position
        return True

    def _depth_of(self, market: int) -> Depth:
        return self.market(market).depth

    def _readers(self) -> Readers:
        return _READERS_AND_BALANCES if self.interest.balances else _READERS

    def _fold(self, entry: EventEntry) -> None:
        settings = settings_events(entry.events)
        if settings:
            self.directory.follow(pack_position(entry.position) + settings)
            for number in self.directory.markets:
                self.market(number)
        self._is_told = entry.position <= self._told_position
        handlers = self._handlers
        for event in read_events(entry.events, self._readers()):
            handlers[type(event)](event)
        self.position = entry.position

    # events

    def _entry(self, event: Entry) -> None:
        self.time_ms = event.time_ms

    def _accepted(self, event: Accepted) -> None:
        self._active = stream = self.market(event.market)
        depth = stream.depth
        depth.number(event.market_sequence)
        rests = event.flags & ACCEPTED_RESTS != 0
        depth.accepted(event.side, event.order_id, event.price, event.quantity, rests)
        if event.account in self.accounts:
            self._tell_account(event.account, event)

    def _fill(self, event: Fill) -> None:
        stream = self.market(event.market)
        stream.depth.number(event.market_sequence)
        stream.depth.filled(
            1 - event.side, event.price, event.quantity, event.maker_order_id, event.maker_remaining
        )
        message = stream.trade(event, self.time_ms, self._now_us)
        if not self._is_told:
            self._messages.append(message)
        if event.maker_account in self.accounts:
            self._tell_account(event.maker_account, event)
        if event.taker_account in self.accounts and event.taker_account != event.maker_account:
            self._tell_account(event.taker_account, event)

    def _rested(self, event: Rested) -> None:
        # It follows the ACCEPTED or AMENDED of the same command, which names the market.
        stream = self._active
        assert stream is not None
        stream.depth.number(event.market_sequence)
        stream.depth.rested(event.order_id, event.remaining)

    def _closed(self, event: Closed) -> None:
        depth = self.market(event.market).depth
        depth.number(event.market_sequence)
        if event.rested == IN_BOOK:
            depth.closed(event.side, event.order_id, event.price, event.remaining)
        if event.account in self.accounts:
            self._tell_account(event.account, event)

    def _amended(self, event: Amended) -> None:
        self._active = stream = self.market(event.market)
        stream.depth.number(event.market_sequence)
        stream.depth.amended(
            event.side, event.order_id, event.price, event.remaining, event.mode == AMENDED_KEPT
        )
        if event.account in self.accounts:
            self._tell_account(event.account, event)

    def _ticked(self, event: Ticked) -> None:
        self.market(event.market).depth.number(event.market_sequence)

    def _triggered(self, event: TriggerPlaced | TriggerFailed) -> None:
        # Outside the book: the market counts it, and its levels stay.
        self.market(event.market).depth.number(event.market_sequence)
        if event.account in self.accounts:
            self._tell_account(event.account, event)

    def _timed(self, event: TimerSet) -> None:
        self.timers.set(event.account, event.timer, event.expires_ms)

    def _balance(self, event: Balance) -> None:
        if event.account in self.interest.balances and not self._is_told:
            asset = self.directory.assets[event.asset]
            text = balance_json(asset, event.available, event.locked, self.time_ms)
            self._messages.append((balances_channel(event.account), text))

    def _tell_account(self, account: int, event: AccountEvent) -> None:
        updates = self.accounts[account].fold(event, self.time_ms)
        self._messages += self.updates(account, updates)


def chain_name(market: int, period: str = "") -> str:
    """The name of the note that tells where a chain of depth updates ends."""
    return f"{market}.{period}" if period else str(market)


def _together(entries: Sequence[EventEntry]) -> int:
    """How many entries are to be folded together; 0: they are so few that it doesn't pay."""
    event_bytes = 0
    for count, entry in enumerate(entries, 1):
        event_bytes += len(entry.events)
        if event_bytes > TOGETHER_BYTES_MAX:
            return count
    return len(entries) if event_bytes > TOGETHER_BYTES_MIN else 0
