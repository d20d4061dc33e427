"""Who is trusted to attest: what SET_ATTESTER commands in the log say, without an engine.

Promise: as the engine's rules have it (docs/rules.md), entry after entry, at the cost of a look at
the kinds of its records. Only what is in the log can make a key trusted, and from where to where it
was is a part of the log as well: what was signed for a position counts if the key was trusted
there, whatever has become of it since.
"""

from typing import NamedTuple

import numpy as np

from truebook.commandlog.interface import LogEntry, Position
from truebook.limits import ATTESTERS_MAX
from truebook.messages import COMMAND_BYTES, SET_ATTESTER, CommandKind, EntryStatus
from truebook.verify.sequences import Sequences

_KIND = int(CommandKind.SET_ATTESTER)


class _Term(NamedTuple):
    """For so long a key was trusted."""

    name: str
    begun: Position
    """It counts from here …"""
    ended: Position | None = None
    """… to before this; None: to the present end."""


class Attesters:
    """Those of one log, as far as it was followed."""

    def __init__(self) -> None:
        self._by_slot: dict[int, tuple[bytes, str, bool]] = {}
        self._terms: dict[bytes, list[_Term]] = {}
        self._sequences = Sequences()

    @property
    def trusted(self) -> dict[bytes, str]:
        """The names of engines by their public keys."""
        return {key: name for key, name, is_trusted in self._by_slot.values() if is_trusted}

    def name_at(self, key: bytes, position: Position) -> str | None:
        """Whose key it was at a position; None: it was nobody's that is trusted."""
        for term in reversed(self._terms.get(key, ())):
            if term.begun <= position and (term.ended is None or position < term.ended):
                return term.name
        return None

    def name_of(self, key: bytes) -> str:
        """Whose key it is, or was last; in hex where it never was anybody's."""
        terms = self._terms.get(key)
        return terms[-1].name if terms else key.hex()

    def follow(self, entry: LogEntry) -> None:
        """The next entry of the log."""
        status = self._sequences.judge(entry.data).status
        if status != EntryStatus.APPLIED or _KIND not in entry.data[COMMAND_BYTES::COMMAND_BYTES]:
            return
        records = np.frombuffer(entry.data, SET_ATTESTER)[1:]
        for record in records[records["kind"] == _KIND]:
            name = record["name"].tobytes()
            is_right = record["records"] == 1 and not any(record["zero_1"])
            is_right &= not any(record["zero_2"]) and record["slot"] < ATTESTERS_MAX
            is_right &= record["trusted"] <= 1 and bool(name.rstrip(b"\0"))
            if is_right and b"\0" not in name.rstrip(b"\0"):
                key = record["public_key"].tobytes()
                text = name.rstrip(b"\0").decode("ascii", errors="replace")
                self._by_slot[int(record["slot"])] = key, text, bool(record["trusted"])
                self._keep_terms(entry.position)

    def _keep_terms(self, position: Position) -> None:
        trusted = self.trusted
        for key, terms in self._terms.items():
            if terms[-1].ended is None and trusted.get(key) != terms[-1].name:
                terms[-1] = terms[-1]._replace(ended=position)
        for key, name in trusted.items():
            terms = self._terms.setdefault(key, [])
            if not terms or terms[-1].ended is not None:
                terms.append(_Term(name, position))
