"""Making an installation of a backup.

Promise: an installation comes into being whole and checked, or not at all; nothing that is there is
overwritten. Why: everything is put together in a folder beside the wanted one, which gets its name
by one rename, after every file's hash and the log's chain from its first entry to its last have
been found right, and the state was computed anew. A snapshot that claims another is left out. With
a log server of its own (`log.url`) its part is written last.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from truebook.backup.manifest import ARCHIVE, BackupDamaged, Manifest, check, copy
from truebook.backup.server_side import GATEWAYS_SKIPPED, Beside, ServerSide
from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.archive.segment import End, SegmentDamaged, read_segment
from truebook.commandlog.archive.store import FolderArchive
from truebook.commandlog.chain import extend
from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.interface import LogEntry, Position
from truebook.commandlog.server import start_log_server
from truebook.commandlog.whole_log import open_whole_log
from truebook.config import Config, UserError
from truebook.engine.interface import Engine
from truebook.installation import folder_of
from truebook.snapshots.folder import kept_by_all
from truebook.snapshots.restoring import read_head_of
from truebook.verify.replay import replay


class Restored(NamedTuple):
    """What came of a restore."""

    manifest: Manifest
    state_hash: str
    """Of the last entry's state, computed anew from the log; empty: it wasn't."""
    first_gateway: int
    """The number that the next gateway is given."""


def restore(
    config: Config,
    source: Path,
    make_engine: Callable[[], Engine] | None,
    tell: Callable[[str], None],
) -> Restored:
    """Make an installation of a backup, in a data folder that is empty or isn't there. Without
    `make_engine` no state is computed anew. Raises UserError."""
    target = folder_of(config).path
    _check_free(target)
    tell("checking the files")
    manifest = check(source)
    tell("checking the log")
    last = _check_log(source / ARCHIVE, manifest)
    beside = Beside(manifest.gateways, manifest.recoveries, manifest.standing)
    with _folder_beside(target) as folder:
        tell("copying")
        for file in manifest.files:
            copy(source / file.path, folder / file.path)
        archive = _archive_of(config, folder)
        if config.log.url:
            with _server_side(config.log.url) as server:
                server.check_empty()
        with _private_log(folder) as url:
            with _server_side(url) as server:
                server.write(last, beside)
            state_hash = ""
            if make_engine is not None:
                tell("computing the state anew")
                state_hash = _check_states(folder, url, archive, make_engine, tell)
        if config.log.url:
            shutil.rmtree(folder / "log")
            with _server_side(config.log.url) as server:
                server.write(last, beside)
        folder.rename(target)
    return Restored(manifest, state_hash, manifest.gateways + GATEWAYS_SKIPPED + 1)


def _check_free(target: Path) -> None:
    try:
        is_used = target.exists() and (not target.is_dir() or any(target.iterdir()))
    except OSError as error:
        raise UserError(f"can't look into {target}: {error.strerror}") from None
    if is_used:
        raise UserError(f"{target} isn't empty: a backup is restored into a new data folder only")


@contextmanager
def _folder_beside(target: Path) -> Iterator[Path]:
    """A new folder that is to become `target`; gone if it doesn't."""
    folder = target.with_name(f"{target.name}.restoring-{os.getpid()}")
    try:
        folder.mkdir(mode=0o700, parents=True)
        yield folder
    except OSError as error:
        raise UserError(f"can't restore into {target}: {error}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _archive_of(config: Config, folder: Path) -> Path:
    """Where the archive belongs: in the folder, or where the configuration says, and there it is
    put now."""
    inside = folder / ARCHIVE
    if not config.archive.url:
        return inside
    path = Path(unquote(urlsplit(config.archive.url).path))
    if FolderArchive(path).names():
        raise UserError(f"archive.url: there is an archive in {path} already")
    for name in FolderArchive(inside).names():
        copy(inside / name, path / name)
    shutil.rmtree(inside)
    return path


def _check_log(archive: Path, manifest: Manifest) -> LogEntry:
    """Every entry of a backup's log; the last one. Raises BackupDamaged."""
    store, end, last = FolderArchive(archive), End(), None
    try:
        for name in store.names():
            head, entries = read_segment(name, store.read(name))
            if head.before != end:
                raise BackupDamaged(f"{archive / name} doesn't follow on the segment before")
            chain = end.chain
            for entry in entries:
                chain = extend(chain, entry.position, entry.data)
            if chain != head.after.chain:
                raise BackupDamaged(f"{archive / name} has another chain than it says")
            end, last = head.after, entries[-1]
    except SegmentDamaged as error:
        raise BackupDamaged(str(error)) from None
    is_whole = (str(end.position), end.chain.hex()) == (manifest.position, manifest.chain)
    if last is None or not is_whole:
        raise BackupDamaged(f"the log in {archive} ends at {end.position}, not {manifest.position}")
    return last


@contextmanager
def _private_log(folder: Path) -> Iterator[str]:
    """A log server on the new folder, for as long as it is put together and looked at."""
    server = start_log_server(folder)
    try:
        server.wait_ready()
        yield server.url
    finally:
        server.stop()


@contextmanager
def _server_side(url: str) -> Iterator[ServerSide]:
    server = ServerSide(url)
    try:
        yield server
    finally:
        server.close()


def _check_states(
    folder: Path,
    log_url: str,
    archive: Path,
    make_engine: Callable[[], Engine],
    tell: Callable[[str], None],
) -> str:
    """Compute the state anew from the first entry on, and compare it with every snapshot on the
    way; the state hash at the end. A snapshot that claims another state is left out, and named."""
    log = open_whole_log(log_url, archive.absolute().as_uri(), durability=UNCHECKED)
    try:
        engine, after = make_engine(), Position(0, 0)
        for kept in sorted(kept_by_all(folder / "snapshots")):
            replayed = replay(log, engine, SYSTEM_CLOCK, kept.position, after=after)
            after = replayed.position
            if read_head_of(kept).state_hash != replayed.state_hash:
                tell(f"{kept.path.name} isn't what the log makes: it is left out")
                kept.path.unlink()
        return replay(log, engine, SYSTEM_CLOCK, after=after).state_hash.hex()
    finally:
        log.close()
