"""An engine's own key: made once, kept where only its owner reads it.

Promise: whoever asks again is given the same key; a file that others may read, or that is no key,
is refused rather than used. A key is replaced in two steps: it lies beside the old one until the
log trusts it, so that whoever is killed in between has lost nothing.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from nacl.signing import SigningKey

from truebook.clock import SYSTEM_CLOCK, Clock

_logger = logging.getLogger(__name__)
_BYTES = 32
LOOK_S = 1.0
"""How often an engine that nobody trusts looks whether it has a new key."""


class KeyFileWrong(Exception):
    """The file can't be used; says why."""


def attestation_key(folder: Path, name: str) -> SigningKey:
    """The key of the engine of that name, made if there is none. Raises KeyFileWrong."""
    path = folder / f"{name}.key"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            raise KeyFileWrong(f"{path}: others may read it; chmod 600")
        seed = path.read_bytes()
    except OSError as error:
        raise KeyFileWrong(f"{path}: {error.strerror}") from None
    if len(seed) != _BYTES:
        raise KeyFileWrong(f"{path}: not a key; move it away to have a new one")
    return SigningKey(seed)


class NewKey:
    """A key that shall take the place of an engine's present one."""

    def __init__(self, folder: Path, name: str) -> None:
        """The one that was begun with before, if somebody was interrupted. Raises KeyFileWrong."""
        self._path = folder / f"{name}.key"
        self._next = folder / f"{name}-next.key"
        self.public = bytes(attestation_key(folder, f"{name}-next").verify_key)

    def put_in_place(self) -> None:
        """From now on it is the engine's. Raises KeyFileWrong."""
        try:
            self._next.replace(self._path)
        except OSError as error:
            raise KeyFileWrong(f"{self._path}: {error.strerror}") from None


class OwnKey:
    """The key that a running engine signs with: another as soon as the log trusts that instead."""

    def __init__(
        self,
        load: Callable[[], SigningKey],
        trusted: Callable[[], frozenset[bytes]],
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """`load` reads the file, and may raise KeyFileWrong; `trusted`: the keys that the log
        trusts, as far as the engine has read it."""
        self._load = load
        self._trusted = trusted
        self._clock = clock
        self._key = load()
        self._looked_s = clock.elapsed_s()

    def __call__(self) -> SigningKey:
        """The key to sign with now."""
        trusted, now = self._trusted(), self._clock.elapsed_s()
        if bytes(self._key.verify_key) in trusted or now < self._looked_s + LOOK_S:
            return self._key
        self._looked_s = now
        try:
            key = self._load()
        except KeyFileWrong as error:
            _logger.error("no other key can be had: %s", error)
            return self._key
        if bytes(key.verify_key) in trusted:
            _logger.warning(
                "signing with another key: %s, not %s",
                *(bytes(each.verify_key).hex() for each in (key, self._key)),
            )
            self._key = key
        return self._key


def _make(path: Path) -> None:
    """Write a new key; where somebody else is quicker, theirs counts."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(bytes(SigningKey.generate()))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(new, path)
    except FileExistsError:
        pass
    finally:
        new.unlink()
