"""An engine's own key: made once, kept where only its owner reads it.

Promise: whoever asks again is given the same key; a file that others may read, or that is no key,
is refused rather than used.
"""

import os
from pathlib import Path

from nacl.signing import SigningKey

_BYTES = 32


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
