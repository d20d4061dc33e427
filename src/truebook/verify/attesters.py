"""Who is trusted to attest: what SET_ATTESTER commands in the log say, without an engine.

Promise: as the engine's rules have it (docs/rules.md), entry after entry, at the cost of a look at
the kinds of its records. Only what is in the log can make a key trusted.
"""

import numpy as np

from truebook.commandlog.interface import LogEntry
from truebook.limits import ATTESTERS_MAX
from truebook.messages import COMMAND_BYTES, SET_ATTESTER, CommandKind, EntryStatus
from truebook.verify.sequences import Sequences

_KIND = int(CommandKind.SET_ATTESTER)


class Attesters:
    """Those of one log, as far as it was followed."""

    def __init__(self) -> None:
        self._by_slot: dict[int, tuple[bytes, str, bool]] = {}
        self._sequences = Sequences()

    @property
    def trusted(self) -> dict[bytes, str]:
        """The names of engines by their public keys."""
        return {key: name for key, name, is_trusted in self._by_slot.values() if is_trusted}

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
