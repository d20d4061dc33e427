"""Orders that live as long as a connection: cancel-on-disconnect.

Promise: while a connection of an account has asked for it and is open, the account's timer in the
log (CANCEL_AFTER, Timer.CONNECTION) never runs out; when the connection ends, other than by being
asked to stop, the account's orders are cancelled at once, and if this process dies with it, when
the timer runs out. Why: the timer is set before the request is answered, and set again every few
seconds for all accounts in one entry; whatever keeps that from being written lets it run out, which
is the safe side. All of it are commands in the log, so a replay cancels the same orders.

With several connections of one account each of them counts: the first that ends cancels.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Protocol

import structlog

from truebook import commands
from truebook.api.exchange import Outcome
from truebook.asking import TimedOut
from truebook.commandlog.interface import BusUnavailable, LogUnavailable
from truebook.limits import (
    CONNECTION_TIMER_MS,
    CONNECTION_TIMER_REFRESH_S,
    ENTRY_RECORDS_MAX,
)
from truebook.messages import OrderStatus, Timer
from truebook.ws.interface import Unavailable

logger = structlog.get_logger()

_TRIES_S = 1.0
_CLOSING_S_MAX = 2.0
"""For what has ended to be written when the process ends; else the timers do it."""
_TOLD = "orders can't be bound to the connection at the moment"


class Sender(Protocol):
    """A way into the log, as send_and_await.CommandClient is one."""

    async def send_and_await(self, records: bytes, commands: int) -> Outcome:
        """Put commands into the log, in one entry, and wait for their replies."""

    async def close(self) -> None:
        """Write what waits, and end."""


class CancelOnDisconnect:
    """Of one process: streams.Attendance. It becomes a gateway when it is first needed."""

    def __init__(self, connect: Callable[[], Awaitable[Sender]]) -> None:
        """`connect` gives the way into the log; it may raise LogUnavailable, BusUnavailable."""
        self._connect = connect
        self._sender: Sender | None = None
        self._connecting = asyncio.Lock()
        self._present: Counter[int] = Counter()
        """How many connections there are of each account."""
        self._refreshing: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    def presence(self, account: int) -> "ConnectionPresence":
        """Of one subscription."""
        return ConnectionPresence(self, account)

    async def close(self) -> None:
        """Carry out what has ended; then the way into the log is given back."""
        if self._refreshing is not None:
            self._refreshing.cancel()
        if self._ending:
            await asyncio.wait(self._ending, timeout=_CLOSING_S_MAX)
        if self._sender is not None:
            await self._sender.close()

    async def begin(self, account: int) -> None:
        """A connection is there: set the timer. Raises Unavailable."""
        try:
            outcome = await self._send(_timer(account, CONNECTION_TIMER_MS), 1)
        except (LogUnavailable, BusUnavailable, TimedOut) as error:
            raise Unavailable(str(error), _TOLD) from None
        if outcome.replies["status"][0] != OrderStatus.DONE:
            code = int(outcome.replies["code"][0])
            raise Unavailable(f"the engine refused the timer: {code}", _TOLD)
        self._present[account] += 1
        if self._refreshing is None:
            self._refreshing = asyncio.create_task(self._refresh())

    def leave(self, account: int, *, cancels: bool) -> None:
        """A connection that had begun is there no more."""
        self._present[account] -= 1
        is_last = not self._present[account]
        if is_last:
            del self._present[account]
        self._start(self._left(account, cancels=cancels, is_last=is_last))

    def give_up(self, account: int) -> None:
        """A connection ended before it was told that it had begun."""
        if account not in self._present:
            self._start(self._left(account, cancels=False, is_last=True))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _left(self, account: int, *, cancels: bool, is_last: bool) -> None:
        """Cancel its orders, and stop the timer behind its last connection; tried until the timer
        has done it."""
        records = [commands.cancel_all(account=account)] if cancels else []
        if is_last:
            records.append(_timer(account, 0))
        if not records:
            return
        try:
            async with asyncio.timeout(CONNECTION_TIMER_MS / 1000):
                while True:
                    try:
                        await self._send(b"".join(records), len(records))
                        return
                    except (LogUnavailable, BusUnavailable) as error:
                        logger.warning("orders are not cancelled yet", reason=str(error))
                    await asyncio.sleep(_TRIES_S)
        except (TimeoutError, TimedOut):
            logger.warning("orders are left to the timer", account=account)

    async def _refresh(self) -> None:
        """Keep all timers running, as long as there is a connection."""
        while True:
            await asyncio.sleep(CONNECTION_TIMER_REFRESH_S)
            accounts = list(self._present)
            for start in range(0, len(accounts), ENTRY_RECORDS_MAX):
                some = accounts[start : start + ENTRY_RECORDS_MAX]
                records = b"".join([_timer(one, CONNECTION_TIMER_MS) for one in some])
                try:
                    await self._send(records, len(some))
                except (LogUnavailable, BusUnavailable, TimedOut) as error:
                    logger.warning("timers of connections are not set", reason=str(error))

    async def _send(self, records: bytes, count: int) -> Outcome:
        async with self._connecting:
            if self._sender is None:
                self._sender = await self._connect()
        return await self._sender.send_and_await(records, count)


class ConnectionPresence:
    """ws.interface.Presence of one subscription."""

    def __init__(self, attendance: CancelOnDisconnect, account: int) -> None:
        self._attendance = attendance
        self._account = account
        self._has_begun = False
        self._has_ended = False

    async def began(self) -> None:
        """Set the timer before the client is told. Raises Unavailable."""
        await self._attendance.begin(self._account)
        self._has_begun = True
        if self._has_ended:
            self._attendance.leave(self._account, cancels=False)

    def ended(self, *, was_asked: bool) -> None:
        """Cancel, unless it was asked to end."""
        self._has_ended = True
        if self._has_begun:
            self._attendance.leave(self._account, cancels=not was_asked)
        else:
            self._attendance.give_up(self._account)


def _timer(account: int, timeout_ms: int) -> bytes:
    return commands.cancel_after(account=account, timeout_ms=timeout_ms, timer=Timer.CONNECTION)
