"""Looking through an engine's memory for what its commands didn't make.

Promise: a scrubber looks at every record in turn, a few at a time, and never at all of them in one
go. Whatever it names is wrong for sure: a right engine has nothing to fear from it.
"""

from typing import Protocol

from truebook.commandlog.attestations import Fault


class Scrubber(Protocol):
    """One engine's."""

    def scrub(self, commands: int) -> Fault | None:
        """Look at the next few records, as many as `commands` commands are worth; what is wrong."""


class NoScrubber:
    """Of an engine that keeps nothing to compare with."""

    def scrub(self, commands: int) -> Fault | None:
        """Nothing is looked at."""
        return None
