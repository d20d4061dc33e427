"""A numbered channel: its messages in order, whatever the bus loses or repeats.

Promise: `deliver` is called with every number after the first known one, once, in order; or `fail`
is called once, when what is missing can't be had. Why it works: a number that isn't the next one
shows a gap, and so does a message without JSON, and after the bus was away there may be one that
nothing shows yet. In each case what was missed is asked for, and whatever comes meanwhile waits.
"""

import asyncio
from collections.abc import Callable

from truebook.limits import WS_BACKLOG_S_MAX, WS_HELD_BYTES_MAX
from truebook.ws.interface import Backlog, Missed, Unavailable, read_numbered
from truebook.ws.tasks import Tasks

_ASK_AGAIN_S = 0.1


async def missed_after(backlog: Backlog, channel: str, after: int | None, at_least: int) -> Missed:
    """What was missed, up to `at_least` or later, or a first part of it, with nothing left out.
    Raises Unavailable."""
    reason = "no answer in time"
    try:
        async with asyncio.timeout(WS_BACKLOG_S_MAX):
            while True:
                try:
                    missed = await backlog.updates(channel, after)
                    count = 0 if after is None else missed.number - after
                    is_enough = missed.number >= at_least or not missed.is_all
                    if is_enough and len(missed.messages) == count:
                        return missed
                    reason = f"known up to {missed.number}, {len(missed.messages)} of {count}"
                except Unavailable as error:
                    reason = str(error)
                await asyncio.sleep(_ASK_AGAIN_S)
    except TimeoutError:
        raise Unavailable(f"{channel} after {after}: {reason}") from None


class Numbering:
    """Puts the messages of one channel in order."""

    def __init__(
        self,
        channel: str,
        backlog: Backlog,
        deliver: Callable[[int, bytes], None],
        fail: Callable[[str], None],
        tasks: Tasks,
    ) -> None:
        self.number: int | None = None
        """Of the last message delivered; None until it is known where the channel is."""
        self.known = asyncio.Event()
        """Set while `number` is known."""
        self._channel = channel
        self._backlog = backlog
        self._deliver = deliver
        self._fail = fail
        self._tasks = tasks
        self._held: list[tuple[int, bytes]] = []
        self._held_bytes = 0
        self._asking: asyncio.Task[None] | None = None
        self._ask_again = False

    def receive(self, message: bytes) -> None:
        """Take a message of the bus."""
        number, text = read_numbered(message)
        if self._asking is not None or not self._is_next(number, text):
            self._hold(number, text)
            if self._asking is None:
                self.check()

    def begin(self) -> None:
        """Find out where the channel is, unless that is known or under way."""
        if self.number is None and self._asking is None:
            self.check()

    def check(self) -> None:
        """Something may have been missed, or nothing is known yet: ask."""
        self._ask_again = True
        if self._asking is None:
            self._asking = self._tasks.start(self._ask())

    def reset(self) -> None:
        """The channel isn't heard any more; `check` begins anew."""
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None
        self.number = None
        self.known.clear()
        self._held.clear()
        self._held_bytes = 0

    def _is_next(self, number: int, text: bytes) -> bool:
        """Deliver the message if it is the next one; False if something before it is missing."""
        if self.number is None:
            return False
        if number <= self.number:
            return True
        if number > self.number + 1 or not text:
            return False
        self.number = number
        self._deliver(number, text)
        return True

    def _hold(self, number: int, text: bytes) -> None:
        self._held.append((number, text))
        self._held_bytes += len(text)
        if self._held_bytes > WS_HELD_BYTES_MAX:
            self._end(f"{self._channel}: too much came before what was missed")

    async def _ask(self) -> None:
        try:
            while self._ask_again:
                self._ask_again = False
                at_least = max([number for number, _ in self._held], default=self.number or 0)
                missed = await missed_after(self._backlog, self._channel, self.number, at_least)
                self._catch_up(missed)
                self._ask_again = self._ask_again or not missed.is_all
            self._asking = None
        except Unavailable as error:
            self._asking = None
            self._end(str(error))

    def _catch_up(self, missed: Missed) -> None:
        if self.number is None:
            self.number = missed.number
            self.known.set()
        else:
            for text in missed.messages:
                self.number += 1
                self._deliver(self.number, text)
        held, self._held = self._held, []
        self._held_bytes = 0
        for number, text in held:
            if not self._is_next(number, text):
                self._hold(number, text)
                self._ask_again = True

    def _end(self, reason: str) -> None:
        self.reset()
        self._fail(reason)
