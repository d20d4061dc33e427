"""A password is a key: argon2id makes of it the seed of an Ed25519 key pair.

The public half is registered in the log like any other key of the account. To log in means to
derive the key again and find it there: so it is the log that says whether a password is right, and
nothing that a database holds can make a wrong one right. What one needs to guess at leisure is the
salt and the public key; then each guess costs what a login costs.

**Password keys are told from API keys by their expiry**, which lies in the last decades of the year
9999's milliseconds: such a key opens sessions and signs nothing else. The exact expiry counts the
times that all sessions were ended (`ended_once_more`): a session names the expiry of its key.
"""

import asyncio
import contextlib
import os
import secrets
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from nacl.bindings import (
    crypto_pwhash_alg,
    crypto_pwhash_ALG_ARGON2ID13,
)
from nacl.signing import SigningKey

from truebook.directory import Directory, Key
from truebook.limits import (
    LOGINS_WAITING_MAX,
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
)
from truebook.people.database import SALT_BYTES, Salt
from truebook.people.errors import TryLater, Unacceptable

SEED_BYTES = 32

PASSWORD_KEY_EXPIRES_MS = 253_402_300_799_000
"""The end of the year 9999: the expiry of a new password key."""
_GENERATIONS_MAX = 1 << 32

_NICENESS = 5
"""Not the lowest: a thread that holds the interpreter must not wait long for a processor."""


def is_password_key(key: Key) -> bool:
    """Whether it is made of a password, and not a key for signing requests."""
    return PASSWORD_KEY_EXPIRES_MS - _GENERATIONS_MAX < key.expires_ms <= PASSWORD_KEY_EXPIRES_MS


def is_api_key_expiry(expires_ms: int) -> bool:
    """Whether an API key may expire then; 0 is never."""
    return 0 <= expires_ms <= PASSWORD_KEY_EXPIRES_MS - _GENERATIONS_MAX


def ended_once_more(key: Key) -> int:
    """The expiry with which a password key is registered again to end its sessions."""
    return key.expires_ms - 1


def password_keys(directory: Directory, account: int) -> dict[bytes, Key]:
    """The password keys of an account that count; there is at most one unless one was forced."""
    return {
        public_key: key
        for public_key, key in directory.keys_of(account).items()
        if key.permissions and is_password_key(key)
    }


def check_password(name: str, password: str, field: str = "password") -> None:
    """Raise Unacceptable unless it can serve as a new password."""
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        least, most = PASSWORD_CHARACTERS_MIN, PASSWORD_CHARACTERS_MAX
        raise Unacceptable(field, f"must have {least} to {most} characters")
    if password.casefold() == name.casefold() or len(set(password)) < 3:
        raise Unacceptable(field, "is too easy to guess")


def derive(password: str, salt: Salt) -> SigningKey:
    """The key that a password is. Takes as long as the salt's cost says."""
    seed = crypto_pwhash_alg(
        SEED_BYTES,
        unicodedata.normalize("NFKC", password).encode(errors="surrogatepass"),
        salt.salt,
        salt.operations,
        salt.memory_kib * 1024,
        crypto_pwhash_ALG_ARGON2ID13,
    )
    return SigningKey(seed)


class Deriver:
    """Derives keys in one thread of low priority, so that logins never hold up orders."""

    def __init__(self, operations: int, memory_kib: int) -> None:
        self._operations = operations
        self._memory_kib = memory_kib
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passwords", initializer=_give_way)

    def new_salt(self) -> Salt:
        """A salt at the present cost."""
        return Salt(secrets.token_bytes(SALT_BYTES), self._operations, self._memory_kib)

    async def derive(self, password: str, salt: Salt) -> SigningKey:
        """The key that a password is. Raises TryLater if too many wait already."""
        if self._waiting >= LOGINS_WAITING_MAX:
            raise TryLater(1)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, derive, password, salt)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()


def _give_way() -> None:
    """Lower this thread's priority, where threads have one of their own."""
    if hasattr(os, "setpriority") and os.path.exists("/proc/self/task"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
