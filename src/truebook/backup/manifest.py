"""What a backup has: every file with its length and hash, and where the log ends in it.

    backup.json          the manifest: the BLAKE3 of its second line, then that line, JSON
    archive/             all segments, and what wasn't archived yet as further ones: the whole log
    snapshots/ENGINE/    the state of engines, to start from
    database.sqlite      what people query, where it is SQLite; it can be made again from the log
    people.sqlite        salts of passwords, labels and address lists of keys: secret
    keys/  bots/         the keys of engines and demo accounts: secret
    witness/             what engines agreed on, and verdicts

Promise: no byte of a backup can change, and no file can be missing, without `check` naming it. Why:
the manifest has the BLAKE3 of every file, and of itself. That nobody made the backup up is another
matter: keep the chain elsewhere (docs/log.md), and compare it.
"""

import os
from pathlib import Path

import msgspec
from blake3 import blake3
from msgspec import Struct

from truebook.config import UserError

FILE_NAME = "backup.json"
FORMAT = 1
ARCHIVE, SNAPSHOTS, KEYS, BOTS, WITNESS = "archive", "snapshots", "keys", "bots", "witness"
_AT_ONCE = 1 << 20


class BackupDamaged(UserError):
    """A backup isn't what was written."""


class BackedUp(Struct, rename="camel"):
    """One file of it."""

    path: str
    """Inside the backup, with `/`."""
    bytes: int
    blake3: str


class Manifest(Struct, rename="camel"):
    """The whole."""

    format: int
    version: str
    """Of Truebook."""
    made_ms: int
    position: str
    """Of the last entry in it; everything acknowledged before the backup began is up to there."""
    entries: int
    chain: str
    """Of the log up to that position (commandlog/chain.py), in hexadecimal."""
    gateways: int
    """The highest gateway number that was ever given."""
    recoveries: list[tuple[str, str]]
    """What was reached late: after, at (commandlog/recoveries.py)."""
    standing: str
    """Halts and epochs, as the log server has them; empty: none."""
    database: str
    """What kind of database the exchange has: sqlite or postgresql."""
    files: list[BackedUp]


def hash_of(path: Path) -> tuple[int, str]:
    """Length and BLAKE3 of a file. Raises OSError."""
    found, size = blake3(), 0
    with path.open("rb") as file:
        while piece := file.read(_AT_ONCE):
            found.update(piece)
            size += len(piece)
    return size, found.hexdigest()


def files_in(folder: Path) -> list[BackedUp]:
    """Every file of a backup but the manifest."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        BackedUp(path.relative_to(folder).as_posix(), *hash_of(path))
        for path in paths
        if path.name != FILE_NAME
    ]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it, and have all of the backup on disk: without it a folder is no backup."""
    text = msgspec.json.encode(manifest)
    path = folder / FILE_NAME
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(blake3(text).hexdigest().encode() + b"\n" + text + b"\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    sync_folder(folder)


def read_manifest(folder: Path) -> Manifest:
    """What a backup says of itself. Raises BackupDamaged."""
    path = folder / FILE_NAME
    try:
        written, text, end = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        raise BackupDamaged(f"{folder} is no backup: it has no {FILE_NAME}") from None
    except OSError as error:
        raise BackupDamaged(f"{path} can't be read: {error.strerror}") from None
    except ValueError:
        raise BackupDamaged(f"{path} was changed") from None
    if end or written != blake3(text).hexdigest().encode():
        raise BackupDamaged(f"{path} was changed")
    form = msgspec.json.decode(text)["format"]
    if form != FORMAT:
        raise BackupDamaged(f"{path} has format {form}: of a later version of Truebook")
    return msgspec.json.decode(text, type=Manifest)


def check(folder: Path) -> Manifest:
    """Make sure that a backup is whole. Raises BackupDamaged naming every file that isn't."""
    manifest = read_manifest(folder)
    wrong = [what for file in manifest.files if (what := _wrong_with(folder, file))]
    if wrong:
        raise BackupDamaged("\n".join(wrong))
    return manifest


def _wrong_with(folder: Path, file: BackedUp) -> str:
    path = folder / file.path
    try:
        size, found = hash_of(path)
    except FileNotFoundError:
        return f"{path} is missing"
    except OSError as error:
        return f"{path} can't be read: {error.strerror}"
    if size != file.bytes:
        return f"{path} has {size} bytes, not {file.bytes}"
    return "" if found == file.blake3 else f"{path} was changed"


def copy(source: Path, target: Path) -> None:
    """Copy a file to a new one, for its owner alone, and onto the disk. Raises OSError."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as read, open(descriptor, "wb") as written:
        while piece := read.read(_AT_ONCE):
            written.write(piece)
        written.flush()
        os.fsync(written.fileno())


def sync_folder(folder: Path) -> None:
    """Have a folder's names on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
