"""What a gateway counts of its requests, and how long it lets one take before it says so."""

import re
from collections import Counter

from truebook.figures import Latency

SLOW_S = 1.0
"""What takes longer than this is told in the log: a client may well have given up by then."""
CLIENT_GONE = 499
"""Counted for a client that went away before it was answered, as others do."""
REQUEST_ID = b"x-request-id"
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestFigures:
    """Of one application."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        """Answers by their status."""
        self.codes: Counter[str] = Counter()
        """Refusals and failures by the code that the client was told."""
        self.orders = Latency()
        """From the head of an order to the end of its answer."""
        self.others = Latency()


def asked_id(headers: list[tuple[bytes, bytes]]) -> str:
    """The request id that the client, or a proxy before us, gives; empty: none that is one."""
    for name, value in headers:
        if name == REQUEST_ID:
            return value.decode() if _WELL_FORMED.fullmatch(value) else ""
    return ""
