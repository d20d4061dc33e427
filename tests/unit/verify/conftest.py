"""A log of trades and settings in memory, most of it archived."""

import pytest
from venue.archived import SMALL, Archived

from truebook import commands
from truebook.clock import ManualClock
from truebook.commandlog.archive.store import FolderArchive
from truebook.commandlog.memory import MemoryLogServer
from truebook.messages import OrderType, Side


@pytest.fixture
def archived(tmp_path):
    """130 entries: the venue, ten accounts, 119 deposits and orders; the last isn't archived."""
    clock = ManualClock(now_ms=1_700_000_000_000)
    archived = Archived(MemoryLogServer(clock), clock, FolderArchive(tmp_path / "archive"))
    archived.append_accounts(10)
    for number in range(119):
        if number == 118:
            archived.archive(SMALL._replace(log_bytes_max=8000))
        clock.advance(0.002)
        account = 1 + number % 10
        order = commands.place(
            account=account,
            market=0,
            order_id=(1 << 43) + number,
            side=Side(number % 2),
            order_type=OrderType.LIMIT,
            price=10_000 + number % 7,
            quantity=50,
        )
        money = commands.deposit(account=account, asset=number % 2, amount=10**12)
        archived.append(money + order)
    return archived
