"""The store's seams: a database whose writer may be killed inside a batch, and what it missed."""

from truebook.commandlog.archive.reading import ArchiveReader
from truebook.commandlog.archive.store import FolderArchive
from truebook.commandlog.interface import LogHole, LogLost, LogTrimmed, LogUnavailable, Overtaken
from truebook.commandlog.memory import MemoryLogReader
from truebook.commandlog.memory_recoveries import MemoryRecoveryBook
from truebook.commandlog.reached_log import ReachedLog
from truebook.commandlog.whole_log import WholeLog
from truebook.store.remaking import RemakeFailed
from truebook.store.sqlite.writer import SqliteWriter
from truebook.verify.remake import remade


class KillableWriter(SqliteWriter):
    """A SqliteWriter whose process passes named points."""

    def __init__(self, process, path):
        super().__init__(path)
        self._process = process

    def write(self, rows):
        self._process.pass_point("store: before writing")
        connection = self._connection
        if connection is not None:
            self._connection = _PassingConnection(connection, self._process)
        try:
            super().write(rows)
        finally:
            if self._connection is not None:
                self._connection = connection
        self._process.pass_point("store: after writing")


class _PassingConnection:
    def __init__(self, connection, process):
        self._connection = connection
        self._process = process

    def executemany(self, statement, rows):
        found = self._connection.executemany(statement, rows)
        if "balances" in statement:
            self._process.pass_point("store: in a batch")
        return found

    def __getattr__(self, name):
        return getattr(self._connection, name)


class Remaking:
    """store.projection.Remake: the events made again in this process, by an engine of its own."""

    def __init__(self, world):
        self._world = world

    async def entries(self, after, to):
        server = self._world.log
        archive = ArchiveReader(FolderArchive(self._world.archive))
        log = ReachedLog(WholeLog(MemoryLogReader(server), archive), MemoryRecoveryBook(server))
        try:
            entries = list(remade(log, self._world.plan.make_engine(), after, to))
        except (LogUnavailable, LogTrimmed, LogHole, LogLost, Overtaken) as error:
            raise RemakeFailed(str(error)) from None
        if entries:
            yield entries
