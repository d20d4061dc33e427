"""Clients that append orders to a log, one after the other, and what they were told."""

import numpy as np

from truebook.commandlog.gateway import Gateway
from truebook.commandlog.interface import GENESIS, LogEntry, LogUnavailable, Position
from truebook.commandlog.valkey_reader import ValkeyLogReader
from truebook.messages import COMMAND, CommandKind


def order(number: int) -> bytes:
    record = np.zeros(1, COMMAND)
    record["kind"], record["records"], record["order_id"] = CommandKind.PLACE, 1, number
    return record.tobytes()


class Diary:
    """What gateways were told."""

    def __init__(self) -> None:
        self.acknowledged: dict[int, Position] = {}
        self.refused: set[int] = set()
        self.is_over = False

    async def trade(self, gateway: Gateway) -> None:
        """One client: the next order when the last is answered, until it is over."""
        while not self.is_over:
            number = gateway.next_order_id()
            try:
                self.acknowledged[number] = (await gateway.submit(order(number), 1)).position
            except LogUnavailable:
                self.refused.add(number)


def all_entries(url: str) -> list[LogEntry]:
    """All that a log server has."""
    reader = ValkeyLogReader(url)
    entries: list[LogEntry] = []
    try:
        after = GENESIS
        while batch := reader.read(after, 1000, 0):
            entries += batch
            after = batch[-1].position
    finally:
        reader.close()
    return entries
