"""A log in memory as those read it who apply its entries."""

from truebook.commandlog.interface import LogReader
from truebook.commandlog.memory import MemoryLogReader, MemoryLogServer
from truebook.commandlog.memory_recoveries import MemoryRecoveryBook
from truebook.commandlog.reached_log import ReachedLog


def reached(server: MemoryLogServer, reader: LogReader | None = None) -> ReachedLog:
    """Its entries, read with this reader if one is given, and when they were reached."""
    return ReachedLog(reader or MemoryLogReader(server), MemoryRecoveryBook(server))
