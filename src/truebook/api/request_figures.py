"""What a gateway counts of its requests, and how long it lets one take before it says so."""

import logging
import re
from collections import Counter

import structlog

from truebook.figures import Latency

log = structlog.get_logger()

SLOW_S = 1.0
"""What takes longer than this is told in the log: a client may well have given up by then."""
CLIENT_GONE = 499
"""Counted for a client that went away before it was answered, as others do."""
REQUEST_ID = b"x-request-id"
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{1,64}")

Line = tuple[str, str]
"""Method and path."""


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
        self._tells_all = logging.getLogger().isEnabledFor(logging.DEBUG)

    def answered(
        self, of: Line, request_id: str, status: int, seconds: float, *, is_order: bool
    ) -> None:
        """A request took so long; `status` 0: it has no answer. A slow one is told of."""
        (self.orders if is_order else self.others).add(seconds)
        self.statuses[status or CLIENT_GONE] += 1
        if seconds > SLOW_S or self._tells_all:
            tell = log.warning if seconds > SLOW_S else log.debug
            where = {"request": request_id, "method": of[0], "path": of[1]}
            tell("request", **where, status=status, ms=round(seconds * 1000, 3))


def asked_id(value: bytes) -> str:
    """The request id that the client, or a proxy before us, gives by its header; empty: none that
    is one."""
    return value.decode() if _WELL_FORMED.fullmatch(value) else ""
