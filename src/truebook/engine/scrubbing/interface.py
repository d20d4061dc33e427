"""What a scrubber is.

Promise: a scrubber looks at every record in turn, a few at a time, and never at all of them in one
go. Whatever it names is wrong for sure: a right engine has nothing to fear from it.
"""

from collections.abc import Iterable
from typing import Protocol

from truebook.faults import Fault

SLOTS_OF_A_COMMAND = 32
"""How many slots of pools a command is worth: a round over a venue of 1,000 accounts, with 32,768
slots in use, ends within 1,024 commands, and over a larger one in proportion."""
IDLE_COMMANDS = 256
"""What an idle engine looks at in one go is worth so many commands: less than half a millisecond,
which an order that comes just then has to wait."""


class Scrubber(Protocol):
    """One engine's."""

    def applied(self, events: bytes, gateways: Iterable[tuple[int, int]]) -> None:
        """The engine has applied a batch: its events, and the gateways' last sequences in it."""

    def scrub(self, commands: int) -> Fault | None:
        """Look at the next few records, as many as `commands` commands are worth (0: the engine is
        idle); the first that is wrong."""


class NoScrubber:
    """Of an engine that keeps nothing to compare with."""

    def applied(self, events: bytes, gateways: Iterable[tuple[int, int]]) -> None:
        """Nothing to note."""

    def scrub(self, commands: int) -> Fault | None:
        """Nothing is looked at."""
        return None
