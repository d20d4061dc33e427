"""An exchange in one process, for tests of the gateway: no log, no bus, the naive engine itself.

It keeps the promise of api/exchange.py trivially: a submission is one entry, applied at once.
"""

import asyncio
import itertools
import time
from collections.abc import Callable

from nacl.signing import SigningKey
from venue.credentials import Credentials
from venue.local_feed import LocalFeed

from truebook import commands
from truebook.api.exchange import AnsweredSubmission, Outcome
from truebook.asking import TimedOut
from truebook.commandlog.chain import START, extend
from truebook.commandlog.entries import for_engine, pack_entry
from truebook.commandlog.interface import (
    GENESIS,
    EventEntry,
    LogEntry,
    LogUnavailable,
    Once,
    Position,
    UsedBefore,
)
from truebook.commandlog.replies import pack_position, settings_events
from truebook.directory import Directory
from truebook.engine.answering import answer as answered
from truebook.engine.naive.engine import NaiveEngine
from truebook.genesis import DEFAULT_VENUE, Venue, commands_of
from truebook.messages import (
    OrderStatus,
    Permission,
)
from truebook.queries import Answer, OrderRow, Query, QueryKind
from truebook.units import parse

ALL_PERMISSIONS = Permission.READ | Permission.TRADE | Permission.WITHDRAW


class LocalExchange:
    """An Exchange around one naive engine. `failure` makes every submission fail that way."""

    def __init__(self, venue: Venue = DEFAULT_VENUE) -> None:
        self.engine = NaiveEngine()
        self.directory = Directory()
        self.feed = LocalFeed(self.engine, self.directory)
        self.failure: Exception | None = None
        self.submissions = 0
        self._sending: set[asyncio.Task[None]] = set()
        self._order_ids = itertools.count(1 << 43)
        self._sequence = 0
        self.events: list[EventEntry] = []
        """The event stream."""
        self.follow: Callable[[], None] = lambda: None
        """Called when there is more of it."""
        self._used: set[bytes] = set()
        # As a gateway begins: with what an empty engine has already.
        settings = answered(self.engine, Query(0, "", str(GENESIS), "settings"), str(GENESIS))
        self.directory.load(GENESIS, settings.settings)
        self.apply(b"".join(commands_of(venue)))

    def apply(self, records: bytes) -> Outcome:
        """Apply commands as one entry, and follow the settings they change."""
        self._sequence += 1
        position = Position(self._sequence, 0)
        entry = LogEntry(
            position, time.time_ns() // 1_000_000, pack_entry(1, self._sequence, records)
        )
        self.applied = applied = self.engine.apply(for_engine(entry))
        rows = settings_events(applied.events)
        if rows:
            self.directory.follow(pack_position(position) + rows)
        self.feed.follow(position, applied.events)
        self._publish(position, applied.events)
        return Outcome(position, applied.replies)

    def _publish(self, position: Position, events: bytes) -> None:
        before, known = GENESIS, START
        if self.events:
            before, known = self.events[-1].position, self.events[-1].event_hash
        event_hash = extend(known, position, events)
        self.events.append(EventEntry(position, before, events, b"", event_hash))
        self.follow()

    def open_account(
        self,
        name: str,
        credit: dict[str, str],
        permissions: Permission = ALL_PERMISSIONS,
        key: SigningKey | None = None,
    ) -> Credentials:
        """An account with a key and money."""
        reply = self.apply(commands.set_account(name=name)).replies[0]
        assert reply["status"] == OrderStatus.DONE, reply
        account = int(reply["account"])
        key = key or SigningKey.generate()
        settings = commands.set_key(
            account=account, public_key=bytes(key.verify_key), permissions=permissions
        )
        for symbol, quantity in credit.items():
            asset = self.directory.asset_by_symbol[symbol]
            settings += commands.deposit(
                account=account, asset=asset.number, amount=parse(quantity, asset.atoms)
            )
        assert (self.apply(settings).replies["status"] == OrderStatus.DONE).all()
        return Credentials(account, bytes(key))

    # the Exchange of the routes

    @property
    def last_position(self) -> Position:
        return Position(self._sequence, 0)

    async def published(self) -> Position:
        return self.last_position

    def next_order_id(self, count: int = 1) -> int:
        first, *_ = [next(self._order_ids) for _ in range(count)]
        return first

    async def send_and_await(self, records: bytes, commands: int, once: Once | None) -> Outcome:
        self.submissions += 1
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        if once is not None:
            if once.digest in self._used:
                raise UsedBefore
            self._used.add(once.digest)
        return self.apply(records)

    def send(self, submission: AnsweredSubmission) -> None:
        task = asyncio.ensure_future(self._send(submission))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, submission: AnsweredSubmission) -> None:
        """As `send_and_await`, which tests override."""
        terms = (submission.records, submission.commands, submission.once)
        try:
            submission.settle(await self.send_and_await(*terms))
        except (LogUnavailable, UsedBefore, TimedOut) as reason:
            submission.settle(reason)

    async def submit(self, records: bytes, commands: int, once: Once | None) -> Position:
        return (await self.send_and_await(records, commands, once)).position

    async def ask(
        self,
        kind: QueryKind,
        account: int = 0,
        *,
        market: int | None = None,
        order_id: int | None = None,
        client_id: int | None = None,
        limit: int = 0,
        sequence: int | None = None,
    ) -> Answer:
        if isinstance(self.failure, TimedOut | LogUnavailable):
            raise TimedOut("no engine")
        answer = Answer(0, str(Position(self._sequence, 0)))
        if kind == "balances":
            for asset in self.directory.assets:
                balance = self.engine.balance(account, asset)
                if any(balance):
                    answer.balances.append((asset, *balance))
        elif kind == "orders":
            found = self.engine.open_orders(account, market)
            answer.orders.extend(OrderRow(*order) for order in found)
        elif kind == "order":
            if order_id is not None:
                order = self.engine.order(order_id)
            else:
                order = self.engine.order_by_client_id(account, client_id or 0)
            if order is not None:
                answer.orders.append(OrderRow(*order))
        elif kind == "depth":
            answer.body = self.feed.depth(market or 0, limit)
        elif kind == "tickers":
            answer.body = self.feed.tickers(market, limit or 24)
        elif kind == "status":
            answer.status.update(halted=False, position=answer.position)
        elif kind == "withdrawals":
            return answered(self.engine, Query(0, "", "", kind, account), answer.position)
        return answer
