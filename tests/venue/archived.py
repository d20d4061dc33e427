"""A log in memory, an archive in a folder, and an archiver between them."""

from dataclasses import dataclass

from truebook import commands
from truebook.clock import ManualClock
from truebook.commandlog.address import parse
from truebook.commandlog.archive.archiver import Archiver, Plan
from truebook.commandlog.archive.reading import ArchiveReader
from truebook.commandlog.archive.store import FolderArchive
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.chain import START, extend
from truebook.commandlog.entries import pack_entry
from truebook.commandlog.interface import Position
from truebook.commandlog.memory import MemoryLogReader, MemoryLogServer, MemoryTrimmer
from truebook.commandlog.valkey_trimmer import stream_key
from truebook.commandlog.whole_log import WholeLog
from truebook.genesis import DEFAULT_VENUE, commands_of

SMALL = Plan(log_bytes_max=16_384, segment_bytes=2048, segment_s=60, vanished_s=600)


@dataclass
class Archived:
    """All sides of one log and its archive."""

    server: MemoryLogServer
    clock: ManualClock
    store: FolderArchive
    sequence: int = 0

    def __post_init__(self):
        self.all = []

    def append(self, *records):
        """Append an entry for each."""
        for record in records:
            self.sequence += 1
            self.server.append(pack_entry(1, self.sequence, record))
            self.all.append(self.server.entries[-1])

    def append_accounts(self, count):
        """Append as many entries, a millisecond apart, behind the venue's if the log is new."""
        if not self.sequence:
            self.append(b"".join(commands_of(DEFAULT_VENUE)))
        for _ in range(count):
            self.clock.advance(0.001)
            self.append(commands.set_account(name=f"account {self.sequence}"))

    def archiver(self, plan=SMALL, store=None):
        reader = MemoryLogReader(self.server)
        trimmer = MemoryTrimmer(self.server)
        return Archiver(store or self.store, reader, trimmer, plan, self.clock)

    def archive(self, plan=SMALL):
        """Archive all there is, except what makes no segment yet."""
        archiver = self.archiver(plan)
        archiver.open()
        drain(archiver)
        archiver.close()
        return archiver

    def whole(self, name=""):
        return WholeLog(MemoryLogReader(self.server, name), ArchiveReader(self.store))

    @property
    def chain(self):
        chain = START
        for entry in self.all:
            chain = extend(chain, entry.position, entry.data)
        return chain


def fill_stream(url, shard, entries):
    """Append entries to a server's log in one go: with one fsync."""
    connection = BlockingConnection(parse(url))
    connection.open()
    added = [("XADD", stream_key(shard), "*", "d", entry) for entry in entries]
    replies = connection.request_all(added, 10)
    connection.close()
    return [Position.parse(reply) for reply in replies]


def drain(archiver):
    """Step until nothing changes any more."""
    while True:
        before = archiver.end, archiver.trimmed
        if not archiver.step() and before == (archiver.end, archiver.trimmed):
            return
