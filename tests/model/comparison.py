"""Two engines side by side on the same log: events, replies and state, to the last bit.

Promise: the first difference stops the run, and the message says what to run again and shows the
first event that differs, field by field, with the command it belongs to.
"""

from dataclasses import dataclass, field
from itertools import zip_longest

from model.decoding import BALANCE_KIND, commands_of, events_of, readable, replies_of
from model.fold import Fold
from model.invariants import check_engine

from truebook.engine.interface import Applied, Engine


class Difference(AssertionError):
    """Two engines disagree."""


@dataclass
class SideBySide:
    """A reference, a candidate, and the fold of what they say."""

    reference: Engine
    candidate: Engine
    fold: Fold = field(default_factory=Fold)

    def apply(self, entries: bytes) -> Applied:
        """Give both the same input; compare what they say, and fold it."""
        expected = self.reference.apply(entries)
        actual = self.candidate.apply(entries)
        if expected != actual:
            raise Difference(difference(entries, expected, actual))
        self.fold.read(*expected)
        return expected

    def compare_funds_and_depth(self) -> None:
        """Compare the candidate's every balance and price level with the fold of the events."""
        funds, balance = self.fold.funds, self.candidate.balance
        for account in self.fold.settings.accounts:
            for asset in self.fold.settings.assets:
                key = account, asset
                if balance(*key) != (funds.available[key], funds.locked[key]):
                    raise Difference(f"(account, asset) {key}: {balance(*key)}")
        for index, market in self.fold.settings.markets.items():
            for side, levels in enumerate(self.candidate.depth(index)):
                if list(map(tuple, levels.tolist())) != market.book.depth(side):
                    raise Difference(f"depth of market {index}: {levels.tolist()}")

    def compare_everything(self) -> None:
        """Compare both with the fold in all that can be asked, and their state hashes."""
        check_engine(self.fold, self.candidate)
        self.compare_hashes()

    def compare_hashes(self) -> None:
        """Compare the state hashes; if they differ, find out what is different."""
        ours, theirs = (engine.state_hash() for engine in self._engines())
        if ours != theirs:
            check_engine(self.fold, self.reference)
            check_engine(self.fold, self.candidate)
            raise Difference(f"equal in all answers, but the hash: {ours.hex()}, {theirs.hex()}")

    def _engines(self) -> tuple[Engine, Engine]:
        return self.reference, self.candidate


def difference(entries: bytes, expected: Applied, actual: Applied) -> str:
    """Describe the first difference between two outputs for the same input."""
    if expected.events != actual.events:
        return event_difference(entries, expected.events, actual.events)
    pairs = zip_longest(replies_of(expected.replies), replies_of(actual.replies))
    for number, (ours, theirs) in enumerate(pairs):
        if ours != theirs:
            told = [readable(reply) if reply else "nothing" for reply in (ours, theirs)]
            return f"reply {number}\n  expected {told[0]}\n  actual   {told[1]}"
    return "replies differ in reserved bytes"


def event_difference(entries: bytes, expected: bytes, actual: bytes) -> str:
    """Describe the first event that differs, and its command."""
    entry = command = -1
    lines = ["the events differ in reserved bytes"]
    for ours, theirs in zip_longest(_readable_events(expected), _readable_events(actual)):
        one = ours or theirs
        assert one is not None
        entry, command = one[:2]
        if ours is None or theirs is None or ours[2:] != theirs[2:]:
            texts = [told[3] if told else "nothing more" for told in (ours, theirs)]
            lines = [f"  expected {texts[0]}", f"  actual   {texts[1]}"]
            break
    return "\n".join([f"entry {entry}, {command_text(entries, entry, command)}", *lines])


def _readable_events(rows: bytes) -> list[tuple[int, int, bytes, str]]:
    """Return (entry, command, bytes, text) of each event; what can't be decoded ends the list."""
    told: list[tuple[int, int, bytes, str]] = []
    entry = -1
    try:
        for kind, event, at in events_of(rows):
            entry += kind == 1
            command = -1 if kind in (1, BALANCE_KIND) else event.command
            told.append((entry, command, rows[at : at + 32], readable(event)))
    except AssertionError as fault:
        told.append((entry, -1, b"", f"no event: {fault}"))
    return told


def command_text(entries: bytes, entry: int, command: int) -> str:
    """Return a command of an input as text."""
    at = -1
    for number, text in commands_of(entries):
        at += number == -1
        if at == entry and number == command:
            return f"command {command}: {text}"
    return f"command {command}"
