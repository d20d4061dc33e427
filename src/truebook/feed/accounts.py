"""Whose private updates are told: accounts that somebody listens to, begun and given up.

Promise: from the moment `follow` returns, every later update of the account is published; an
account is given up only after nobody has listened for UNHEARD_S.
"""

import asyncio
import itertools
from collections.abc import Iterable
from functools import partial

from truebook.asking import Asker, TimedOut
from truebook.clock import Clock
from truebook.feed.followed import FollowedAccount, Memory
from truebook.feed.publisher import Publisher
from truebook.following import wait_for

UNHEARD_S = 30.0
"""Longer than a websocket server takes to start again: its readers come back to it."""


class Accounts:
    """The followed accounts of one publisher's fold."""

    def __init__(self, publisher: Publisher, asker: Asker, clock: Clock) -> None:
        self._publisher = publisher
        self._asker = asker
        self._clock = clock
        self._followed: dict[int, FollowedAccount] = {}
        self._memory = Memory()
        self._loading: dict[int, asyncio.Task[None]] = {}
        self._failure: BaseException | None = None
        publisher.after_pass(self._look)

    async def follow(self, account: int) -> FollowedAccount:
        """Follow an account from now on, if that isn't so already."""
        followed = self._begin(account)
        while not followed.is_loaded:
            await asyncio.shield(self._load_soon(account, followed))
        return followed

    async def listened(self, accounts: Iterable[int]) -> None:
        """Who has listeners now: follow them, and give up who has had none for long. Raises
        what a bug in loading raised."""
        if self._failure is not None:
            raise self._failure
        fold = self._publisher.fold
        for account in accounts:
            if account in fold.directory.accounts:
                self._begin(account)
        oldest_s = self._clock.elapsed_s() - UNHEARD_S
        for account in list(self._followed):
            if self._is_unheard(account, oldest_s):
                await self._give_up(account, oldest_s)

    def close(self) -> None:
        """Ask no more."""
        for task in self._loading.values():
            task.cancel()

    def _begin(self, account: int) -> FollowedAccount:
        followed = self._followed.get(account)
        if followed is None:
            directory = self._publisher.fold.directory
            followed = FollowedAccount(account, directory, self._memory)
            self._followed[account] = followed
            self._load_soon(account, followed)
        followed.listened_s = self._clock.elapsed_s()
        return followed

    def _is_unheard(self, account: int, oldest_s: float) -> bool:
        """Whether an account is followed that nobody has listened to since then."""
        followed = self._followed.get(account)
        is_old = followed is not None and followed.listened_s < oldest_s
        return is_old and account not in self._loading

    async def _give_up(self, account: int, oldest_s: float) -> None:
        async with self._publisher.lock:
            # While the lock was waited for somebody may have come, or another call done this.
            if self._is_unheard(account, oldest_s):
                self._publisher.fold.accounts.pop(account, None)
                self._followed.pop(account).forget()

    def _look(self) -> None:
        """After a loss, load again."""
        for account, followed in self._followed.items():
            if not followed.is_loaded:
                self._load_soon(account, followed)

    def _load_soon(self, account: int, followed: FollowedAccount) -> "asyncio.Task[None]":
        task = self._loading.get(account)
        if task is None:
            task = asyncio.create_task(self._load(account, followed))
            self._loading[account] = task
            task.add_done_callback(partial(self._ended, account))
        return task

    def _ended(self, account: int, task: "asyncio.Task[None]") -> None:
        self._loading.pop(account, None)
        if not task.cancelled() and task.exception() is not None:
            self._failure = task.exception()

    async def _load(self, account: int, followed: FollowedAccount) -> None:
        publisher = self._publisher
        for attempt in itertools.count():
            async with publisher.lock:
                # What is folded from now on waits; the answer has what was folded before.
                publisher.fold.accounts[account] = followed
                self._asker.saw(publisher.fold.position)
            try:
                answer = await self._asker.ask("orders", account)
            except TimedOut as error:
                await wait_for("an engine", error, attempt)
                continue
            async with publisher.lock:
                updates = followed.load(answer.sequence, answer.orders)
                if updates is not None:
                    # Its number first: who listened before the feed was started has missed what
                    # came before that.
                    publisher.extra.append(publisher.fold.number(account))
                    publisher.extra += publisher.fold.updates(account, updates)
                    return
