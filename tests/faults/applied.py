"""What an engine would take from a log: each gateway's entries once, in the order of sequences."""

from collections.abc import Iterable

import numpy as np

from truebook.commandlog.entries import gateway_and_sequence, is_whole
from truebook.commandlog.interface import LogEntry
from truebook.messages import COMMAND


def applied_orders(entries: Iterable[LogEntry]) -> dict[int, list[int]]:
    """The order ids that would be applied, gateway by gateway; AssertionError for a gap."""
    last: dict[int, int] = {}
    orders: dict[int, list[int]] = {}
    for entry in entries:
        assert is_whole(entry.data)
        gateway, sequence = gateway_and_sequence(entry.data)
        assert sequence <= last.get(gateway, 0) + 1, "a gap: the engine would reject the entry"
        if sequence == last.get(gateway, 0) + 1:
            last[gateway] = sequence
            found = np.frombuffer(entry.data, COMMAND)[1:]["order_id"].tolist()
            orders.setdefault(gateway, []).extend(found)
    return orders
