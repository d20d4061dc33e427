"""Nodes that keep deadlines, on a log and a bus in memory."""

from truebook.commandlog.interface import QUERIES_CHANNEL
from truebook.commandlog.memory import MemoryLogReader, MemoryPublisher, MemorySubscription
from truebook.commandlog.memory_recoveries import MemoryRecoveryBook
from truebook.commandlog.progress import Progress
from truebook.commandlog.reached_log import ReachedLog
from truebook.commandlog.recovering import Recovering
from truebook.engine.naive.engine import NaiveEngine
from truebook.node import Node


def reached(server, reader=None):
    """A reader of the log that says when each entry was reached."""
    return ReachedLog(reader or MemoryLogReader(server), MemoryRecoveryBook(server))


def keen_node(name, log, bus, folder, clock, engine=None):
    """An engine's loop as it runs in earnest, but in memory."""
    reader, publisher = reached(log), MemoryPublisher(bus)
    return Node(
        name,
        engine or NaiveEngine(),
        reader,
        publisher,
        MemorySubscription(bus, QUERIES_CHANNEL),
        Progress(folder / name, "1"),
        clock,
        Recovering(reader, publisher, clock),
    )
