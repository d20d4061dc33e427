"""Taking a backup, while the exchange runs or while nothing does.

Promise: it is consistent: one log up to one position, which is at or behind everything that was
acknowledged when the backup began; snapshots, database and witness are of positions up to that one.
Trading isn't held up: files that are never changed are copied, the log is read like a replica does.

Why the order: snapshots, database and witness are copied first, then the end of the log is asked
for, and the log is taken up to there. So none of them can be ahead of it. People's salts come last,
since an account in the log without its salt could never log in again.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import truebook
from truebook.backup.manifest import (
    ARCHIVE,
    BOTS,
    FORMAT,
    KEYS,
    SNAPSHOTS,
    WITNESS,
    Manifest,
    copy,
    files_in,
    sync_folder,
    write_manifest,
)
from truebook.backup.server_side import Beside, ServerSide
from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.archive.segment import End, SegmentWriter, read_segment
from truebook.commandlog.archive.store import ArchiveStore, FolderArchive, open_archive
from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.interface import GENESIS, LogEntry, LogReader, Position
from truebook.commandlog.whole_log import open_whole_log
from truebook.config import Config, UserError
from truebook.installation import archive_url, database_url, folder_of, snapshots_path
from truebook.limits import ARCHIVE_READ_ENTRIES_MAX
from truebook.people.sqlite import FILE_NAME as PEOPLE
from truebook.snapshots.folder import kept_in
from truebook.store.sqlite.place import SCHEME, path_of

DATABASE = "database.sqlite"
SEGMENT_BYTES = 16 << 20
READ_MS = 1000


def take(config: Config, log_url: str, target: Path, tell: Callable[[str], None]) -> Manifest:
    """Back an installation up into an empty folder. Raises UserError, OSError, and what reading
    the log raises."""
    _make_empty(target)
    source = folder_of(config).path
    tell("snapshots")
    for name in _folders_in(snapshots_path(config)):
        _copy_snapshots(snapshots_path(config) / name, target / SNAPSHOTS / name)
    for name in (WITNESS, KEYS, BOTS):
        _copy_files(source / name, target / name)
    tell("the database")
    url = database_url(config)
    if url.startswith(SCHEME):
        _copy_sqlite(path_of(url), target / DATABASE)
    tell("the log")
    end, beside = _copy_log(log_url, archive_url(config), target / ARCHIVE)
    _copy_sqlite(source / PEOPLE, target / PEOPLE)
    tell("checking")
    manifest = Manifest(
        format=FORMAT,
        version=truebook.__version__,
        made_ms=SYSTEM_CLOCK.now_ms(),
        position=str(end.position),
        entries=end.entries,
        chain=end.chain.hex(),
        gateways=beside.gateways,
        recoveries=beside.recoveries,
        standing=beside.standing,
        database=url.partition(":")[0],
        files=files_in(target),
    )
    write_manifest(target, manifest)
    return manifest


def _make_empty(target: Path) -> None:
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise UserError(f"{target} isn't empty: a backup wants a folder of its own")
        target.chmod(0o700)
    except OSError as error:
        raise UserError(f"can't write to {target}: {error.strerror}") from None


def _folders_in(path: Path) -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return sorted(entry.name for entry in path.iterdir() if entry.is_dir())
    return []


def _copy_snapshots(source: Path, target: Path) -> None:
    """Those of one engine; one that the engine removes meanwhile has a later one behind it."""
    for kept in kept_in(source):
        path = target / kept.path.name
        try:
            copy(kept.path, path)
        except FileNotFoundError:
            path.unlink(missing_ok=True)


def _copy_files(source: Path, target: Path) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for path in sorted(source.iterdir()):
            if path.is_file() and not path.name.endswith(".new"):
                copy(path, target / path.name)


def _copy_sqlite(source: Path, target: Path) -> None:
    """As SQLite itself does it: one moment, whoever writes meanwhile."""
    if not source.exists():
        return
    target.touch(mode=0o600)
    with (
        contextlib.closing(sqlite3.connect(source)) as read,
        contextlib.closing(sqlite3.connect(target)) as written,
    ):
        read.backup(written)
        written.execute("PRAGMA journal_mode = DELETE")


def _copy_log(log_url: str, archive: str, target: Path) -> tuple[End, Beside]:
    """The whole log, as segments."""
    log = open_whole_log(log_url, archive, durability=UNCHECKED)
    server = ServerSide(log_url)
    store = FolderArchive(target)
    store.lock()
    try:
        last = log.last_position()
        if last == GENESIS:
            raise UserError("there is nothing in the log yet")
        end = _copy_segments(open_archive(archive), store)
        end = _write_rest(log, store, end, last)
        # Numbers are given before anything is written under them.
        beside = server.read()
        reached = [two for two in beside.recoveries if Position.parse(two[1]) <= end.position]
        return end, beside._replace(recoveries=reached)
    finally:
        store.close()
        (target / "lock").unlink(missing_ok=True)
        sync_folder(target)
        server.close()
        log.close()


def _copy_segments(source: ArchiveStore, target: FolderArchive) -> End:
    """All there are; each is checked on the way. Raises SegmentDamaged."""
    end = End()
    for name in source.names():
        data = source.read(name)
        end = read_segment(name, data)[0].after
        target.write(name, data)
    return end


def _write_rest(log: LogReader, target: FolderArchive, end: End, last: Position) -> End:
    """What isn't archived yet, up to and with `last`, as further segments."""
    writer = SegmentWriter(end)
    for entry in _entries(log, end.position, last):
        writer.add(entry)
        if writer.content_bytes >= SEGMENT_BYTES or entry.position == last:
            name, data, end = writer.finish()
            target.write(name, data)
            writer = SegmentWriter(end)
    return end


def _entries(log: LogReader, after: Position, last: Position) -> Iterator[LogEntry]:
    while after < last:
        for entry in log.read(after, ARCHIVE_READ_ENTRIES_MAX, READ_MS):
            if entry.position > last:
                return
            after = entry.position
            yield entry
