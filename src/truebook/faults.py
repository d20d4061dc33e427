"""What an engine finds in its own memory that its commands didn't make."""

import msgspec


class Fault(msgspec.Struct, array_like=True, frozen=True):
    """One place, in words, and both values."""

    place: str
    """What it is: "balance of account 7 in asset 1"."""
    found: str
    """What stands there."""
    expected: str
    """What should, as far as the engine itself can tell."""
    table: str = ""
    """The table of the canonical state that it is a row of; empty: of none."""
    key: tuple[int, ...] = ()
    """What names the row there (verify/differences.py)."""

    def __str__(self) -> str:
        return f"{self.place}: {self.found}, not {self.expected}"
