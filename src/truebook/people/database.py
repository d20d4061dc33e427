"""What is kept about people outside the log: the narrow interface to it.

Promise: nothing in here authorises anything. A salt only says how a password is turned into a key
whose public half stands in the log; a session only counts with that key's signature; an address
list only takes away. Whoever edits any of it can keep people out and shorten waits, nothing more.

Each method is one transaction. They block; `AsyncDatabase` runs them in a thread of its own, one
after the other.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol, TypeVar

from truebook.limits import (
    PASSWORD_MEMORY_KIB_MAX,
    PASSWORD_MEMORY_KIB_MIN,
    PASSWORD_OPERATIONS_MAX,
)

T = TypeVar("T")

SALT_BYTES = 16


class Salt(NamedTuple):
    """How a password of an account becomes a key (argon2id)."""

    salt: bytes
    operations: int
    memory_kib: int


class SessionRow(NamedTuple):
    """A session: what is signed, by whom is said inside, and notes for its owner's eyes."""

    token_hash: bytes
    account: int
    statement: bytes
    signature: bytes
    created_ms: int
    expires_ms: int
    address: str
    agent: str


class KeyRow(NamedTuple):
    """Notes on an API key: its owner's name for it, and from where it may be used."""

    public_key: bytes
    label: str
    addresses: str
    """Networks in CIDR form, separated by blanks; empty: from everywhere."""
    created_ms: int


class Charge(NamedTuple):
    """An attempt to be counted: how many are free, and the longest wait after that."""

    subject: str
    free: int
    wait_s_max: int


class Versions(NamedTuple):
    """Grow when sessions were changed or ended, when anything about keys was changed."""

    sessions: int
    keys: int


def is_salt(row: tuple[object, ...]) -> bool:
    """Whether a row, which somebody may have edited, can be worked with."""
    salt, operations, memory_kib = row
    return (
        isinstance(salt, bytes)
        and len(salt) == SALT_BYTES
        and isinstance(operations, int)
        and 1 <= operations <= PASSWORD_OPERATIONS_MAX
        and isinstance(memory_kib, int)
        and PASSWORD_MEMORY_KIB_MIN <= memory_kib <= PASSWORD_MEMORY_KIB_MAX
    )


class PeopleDatabase(Protocol):
    """Salts, sessions, notes on keys, attempts. One that is on a server raises PeopleUnavailable
    while that is away; then nothing was changed, or (of the last statement) it isn't known."""

    def salts(self, account: int) -> list[Salt]:
        """The newest first; more than one only while a password is being changed."""

    def add_salt(self, account: int, salt: Salt, now_ms: int) -> None:
        """Keep a further salt."""

    def drop_salt(self, account: int, salt: bytes) -> None:
        """Forget this salt."""

    def keep_salt(self, account: int, salt: bytes) -> None:
        """Forget the account's other salts."""

    def add_session(self, row: SessionRow, count_max: int) -> None:
        """Keep a session; beyond `count_max` of its account the oldest end."""

    def session(self, token_hash: bytes) -> SessionRow | None:
        """The session with this token."""

    def sessions(self, account: int) -> list[SessionRow]:
        """The sessions of an account, the newest first."""

    def end_session(self, token_hash: bytes) -> None:
        """End one; harmless if there is none."""

    def end_sessions(self, account: int) -> None:
        """End all of an account."""

    def set_key(self, row: KeyRow) -> None:
        """Keep notes on a key, new or changed."""

    def keys(self, public_keys: list[bytes]) -> list[KeyRow]:
        """The notes on these keys, as far as there are any."""

    def restricted_keys(self) -> list[KeyRow]:
        """Every key that has an address list."""

    def charge(self, charges: list[Charge], now_ms: int) -> int:
        """Count an attempt against each subject; 0 if it may be made, else nothing is counted and
        the milliseconds to wait are returned."""

    def refund(self, subjects: list[str]) -> None:
        """Take one counted attempt of each back."""

    def clear(self, subject: str) -> None:
        """Forget the attempts of a subject."""

    def versions(self) -> Versions:
        """What has grown since?"""

    def remove_expired(self, now_ms: int) -> None:
        """Remove what doesn't count any more."""

    def close(self) -> None:
        """Give the files back."""


class AsyncDatabase:
    """A database in a thread of its own, opened when it is first used."""

    def __init__(self, open_database: Callable[[], PeopleDatabase]) -> None:
        self._open = open_database
        self._database: PeopleDatabase | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="people")

    async def run(self, transaction: Callable[[PeopleDatabase], T]) -> T:
        """What the transaction returns, or raises."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._run, transaction)

    async def close(self) -> None:
        """Finish what was begun, and close."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _run(self, transaction: Callable[[PeopleDatabase], T]) -> T:
        if self._database is None:
            self._database = self._open()
        return transaction(self._database)

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
