"""A log in memory, and a folder for its archive."""

import pytest
from venue.archived import Archived

from truebook.clock import ManualClock
from truebook.commandlog.archive.store import FolderArchive
from truebook.commandlog.memory import MemoryLogServer


@pytest.fixture
def archived(tmp_path):
    clock = ManualClock(now_ms=1_700_000_000_000)
    return Archived(MemoryLogServer(clock), clock, FolderArchive(tmp_path / "archive"))
