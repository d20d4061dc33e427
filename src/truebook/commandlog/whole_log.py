"""The whole log since genesis: what its server still has, and for what it has trimmed the archive.

Promise: entries come in order, each once, none left out, whether they come from the archive or from
the server, and however often the trimming overtakes a slow reader. Why: the server is left for the
archive only when it says LogTrimmed, the archive gives entries only behind one that it holds, and
before reading goes on at the server, that entry must be there too: the trimming always leaves it.
Where they don't meet there is a hole, and LogHole says between which positions.
"""

from truebook.commandlog.archive.reading import ArchiveReader
from truebook.commandlog.archive.store import open_archive
from truebook.commandlog.chain_at import chain_at
from truebook.commandlog.durability import CHECKED, Durability
from truebook.commandlog.interface import (
    LogEntry,
    LogHole,
    LogLost,
    LogTrimmed,
    Position,
    StreamReader,
)
from truebook.commandlog.reached_log import ReachedLog
from truebook.commandlog.valkey_reader import ValkeyLogReader
from truebook.commandlog.valkey_recoveries import ValkeyRecoveryBook


class WholeLog:
    """interface.LogReader of archive and server together. Besides what that says, reading raises
    LogHole, SegmentDamaged, and OSError where the archive can't be read."""

    def __init__(self, stream: StreamReader, archive: ArchiveReader) -> None:
        self._stream = stream
        self._archive = archive
        self._is_archived = False
        """Whether the archive is being read."""
        self._is_checked = False
        """Whether the server is known to have what comes next."""

    def read(self, after: Position, count: int, block_ms: int) -> list[LogEntry]:
        """Up to `count` entries behind `after`; waits up to `block_ms` for the first."""
        while True:
            if self._is_archived and (entries := self._archive.read(after, count)):
                return entries
            try:
                if not self._is_checked:
                    self._stream.check_holds(after)
                    self._is_archived, self._is_checked = False, True
                return self._stream.read(after, count, block_ms)
            except LogTrimmed as error:
                self._turn_back(after, error)

    def follow(self, after: Position, count: int) -> list[LogEntry]:
        """The entries behind `after`, up to `count`, that have come by now."""
        while True:
            if self._is_archived and (entries := self._archive.read(after, count)):
                return entries
            if not self._is_checked:
                # A closed one makes sure of its place when it connects, which it does by itself.
                self._stream.close()
                self._is_archived, self._is_checked = False, True
            try:
                return self._stream.follow(after, count)
            except LogTrimmed as error:
                self._turn_back(after, error)

    def fileno(self) -> int:
        """The server connection's; nothing to wait for while the archive is read."""
        return -1 if self._is_archived else self._stream.fileno()

    def last_position(self) -> Position:
        """The position of the newest entry. Raises LogLost where the archive knows a later one."""
        # In this order: who stands still between the two finds an archive that has gone on.
        self._archive.refresh()
        last = self._stream.last_position()
        if self._archive.end > last:
            raise LogLost(
                f"the log server's last entry is {last}, but the archive goes to"
                f" {self._archive.end}: the server has lost entries, or is another log's"
            )
        return last

    def chain_at(self, position: Position) -> bytes | None:
        """The chain up to and with the entry at a position; None: there is no such entry."""
        self._archive.refresh()
        return chain_at(self, position, self._archive.known_chain(position))

    def hold(self, position: Position | None) -> None:
        """What is behind that position is to stay on the log server (StreamReader.hold)."""
        self._stream.hold(position)

    def close(self) -> None:
        """Give the connection back."""
        self._stream.close()

    def _turn_back(self, after: Position, trimmed: LogTrimmed) -> None:
        """Go on in the archive, which must have what was trimmed."""
        self._is_archived, self._is_checked = True, False
        self._archive.refresh()
        if self._archive.end <= after:
            raise LogHole(
                f"entries are missing behind {after}: {trimmed}, and the archive ends at"
                f" {self._archive.end}; is archive.url the right one?"
            )


def open_whole_log(
    log_url: str, archive_url: str, *, durability: Durability = CHECKED, name: str = ""
) -> ReachedLog:
    """The log at a server and its archive, each entry with the time at which it was reached.
    `name`: as what it is registered while it follows."""
    stream = ValkeyLogReader(log_url, durability=durability, name=name)
    whole = WholeLog(stream, ArchiveReader(open_archive(archive_url)))
    return ReachedLog(whole, ValkeyRecoveryBook(log_url))
