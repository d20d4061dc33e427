"""What traders asked for and what they were told: the side of the story that must come true.

A request ends in exactly one of these ways:

    DONE        a result: what it says is on disk and applied
    REFUSED     a 4xx: the engine or the gateway refused it
    UNKNOWN     TIMEOUT with the order's id: done or not, never twice
    UNWRITTEN   a 503: certainly not done
    LOST        the connection broke before an answer: done or not, never twice
"""

import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Ending(Enum):
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNWRITTEN = "unwritten"
    LOST = "lost"


@dataclass
class Page:
    """One request and its answer."""

    account: int
    what: str
    """`place` or `cancel`."""
    client_id: int
    """Of the order that is placed."""
    order_id: int
    """Of the order that is cancelled; of the placed one once it is known, else 0."""
    ending: Ending
    answer: dict[str, Any]
    asked_s: float
    ended_s: float


@dataclass
class Diary:
    """All pages, of all traders."""

    pages: list[Page] = field(default_factory=list)

    def done(self, what: str) -> list[Page]:
        """The requests of a kind that had a result."""
        return [p for p in self.pages if p.what == what and p.ending is Ending.DONE]

    def count(self, ending: Ending) -> int:
        """How many requests ended so."""
        return sum(page.ending is ending for page in self.pages)

    def acknowledged(self) -> int:
        """How many requests have had a result so far."""
        return self.count(Ending.DONE)

    def summary(self) -> str:
        """The number of each ending, and the longest wait."""
        counts = ", ".join(f"{self.count(ending)} {ending.value}" for ending in Ending)
        longest = max((page.ended_s - page.asked_s for page in self.pages), default=0.0)
        return f"{len(self.pages)} requests: {counts}; the longest took {longest:.1f} s"


def now_s() -> float:
    """The time that pages are dated with, the same for who kills."""
    return time.monotonic()
