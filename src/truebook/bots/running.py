"""A bot's life: turn after turn, patient while the exchange doesn't serve, tidy in the end.

Promise: nothing that the exchange answers or fails to answer ends a bot. It says once that it
waits and once that it goes on, and tries ever less often, as often as it is asked to at most. At
SIGTERM or SIGINT it finishes the turn, so that nothing it asked for is done after it has cancelled
its orders, and ends within WITHDRAW_S_MAX and TURN_S_MAX even if nobody answers.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Generator
from typing import Protocol

import structlog

from truebook.bots.client import ExchangeError

log = structlog.get_logger()

WAIT_S_MIN = 0.2
WAIT_S_MAX = 5.0
TURN_S_MAX = 0.7
"""How long a turn may still take after the signal to stop."""
WITHDRAW_S_MAX = 1.0


Ending = tuple[float, ExchangeError | None]
"""Of a turn: the seconds until the next one, or why there was no use in this one."""


class Bot(Protocol):
    """What lives so. Both raise ExchangeError."""

    async def turn(self) -> float:
        """Do what is to be done now; the seconds until the next turn."""

    async def withdraw(self) -> None:
        """Cancel all orders."""


class Turns:
    """How a bot's turns went."""

    def __init__(self) -> None:
        self.done = 0
        self.failed = 0
        """Those in which the exchange didn't serve it."""
        self.reason = ""
        """Why there is no use in turns at the moment; empty: there is."""


async def live(
    bot: Bot, stop: asyncio.Event, serving: Callable[[], None], turns: Turns | None = None
) -> None:
    """Let a bot act until `stop`; `serving` is called after its first turn."""
    turns = turns or Turns()
    failures, is_new = 0, True
    while not stop.is_set():
        turning = asyncio.create_task(_turn(bot))
        await _until(turning, stop)
        if turning.cancelled():
            break
        pause_s, error = turning.result()
        turns.done += 1
        turns.reason = "" if error is None else f"the exchange doesn't serve: {error}"
        if error is not None:
            turns.failed += 1
            failures += 1
            pause_s = wait_after(failures, error)
            if failures == 1:
                log.warning("the exchange doesn't serve: waiting", reason=str(error))
        elif failures:
            failures = 0
            log.info("the exchange serves again: going on")
        if error is None and is_new:
            is_new = False
            serving()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause_s)
    await _withdraw(bot)


def wait_after(failures: int, error: ExchangeError) -> float:
    """How long to wait after so many failures in a row."""
    doubled = WAIT_S_MIN * 2 ** min(failures - 1, 10)
    return float(max(error.wait_s, min(doubled, WAIT_S_MAX)))


async def _turn(bot: Bot) -> Ending:
    try:
        return await bot.turn(), None
    except ExchangeError as error:
        return 0.0, error


async def _until(turning: asyncio.Task[Ending], stop: asyncio.Event) -> None:
    """Wait for a turn; once we are told to stop, for a short while only."""
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({turning, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not turning.done():
        await asyncio.wait({turning}, timeout=TURN_S_MAX)
    if not turning.done():
        turning.cancel()
        await asyncio.wait({turning})


async def _withdraw(bot: Bot) -> None:
    try:
        async with asyncio.timeout(WITHDRAW_S_MAX):
            await bot.withdraw()
    except (ExchangeError, TimeoutError) as error:
        log.warning("orders are left in the book", reason=str(error) or "no answer in time")


@contextlib.contextmanager
def until_signalled() -> Generator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
