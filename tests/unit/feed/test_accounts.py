"""Accounts are given up only when nobody listens, however many look at once."""

import asyncio
from types import SimpleNamespace

import pytest

from truebook.directory import Account, Directory
from truebook.feed.accounts import UNHEARD_S, Accounts
from truebook.feed.fold import Fold
from truebook.messages import AccountFlag
from truebook.queries import Answer

ACCOUNT = 7


class Now:
    """A clock that is set."""

    seconds = 0.0

    def elapsed_s(self):
        return self.seconds


class Engine:
    """Answers at once: no orders."""

    def saw(self, position):
        """Nothing is ever newer."""

    async def ask(self, kind, account):
        return Answer(0, "0-0", sequence=3)


class Desk:
    """`Accounts` with one account that was followed, and that nobody has listened to for long."""

    def __init__(self):
        directory = Directory()
        directory.accounts[ACCOUNT] = Account(ACCOUNT, "ann", 0, 0, AccountFlag(0))
        self.fold = Fold(directory)
        self.lock = asyncio.Lock()
        publisher = SimpleNamespace(
            fold=self.fold, lock=self.lock, extra=[], after_pass=lambda call: None
        )
        self.clock = Now()
        self.accounts = Accounts(publisher, Engine(), self.clock)

    async def forgotten(self):
        await self.accounts.follow(ACCOUNT)
        self.clock.seconds += UNHEARD_S + 1

    async def while_a_pass_is_made(self, *calls):
        """Begin calls while the lock is held; all of them to their end."""
        async with self.lock:
            tasks = [asyncio.create_task(call) for call in calls]
            await asyncio.sleep(0.01)
        return await asyncio.gather(*tasks)


@pytest.fixture
def at_desk():
    def run(test):
        async def running():
            desk = Desk()
            await desk.forgotten()
            await test(desk)

        asyncio.run(running())

    return run


def test_an_account_without_listeners_is_given_up_once_however_many_look(at_desk):
    async def test(desk):
        await desk.while_a_pass_is_made(desk.accounts.listened(()), desk.accounts.listened(()))
        assert desk.fold.accounts == {}

    at_desk(test)


def test_who_comes_while_an_account_is_being_given_up_is_told_everything(at_desk):
    async def test(desk):
        look = desk.accounts.listened(())
        _, followed = await desk.while_a_pass_is_made(look, desk.accounts.follow(ACCOUNT))
        assert desk.fold.accounts == {ACCOUNT: followed}

    at_desk(test)
