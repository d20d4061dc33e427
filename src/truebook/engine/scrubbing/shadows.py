"""Settings as the events told them: what those in the engine's memory must be.

Promise: a setting or a gateway's sequence that changed without an event is found, and named with
both values. Why a copy and no hash: settings are few, and change seldom.

A batch that changes settings says which in its events; those rows alone are copied again.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook.engine.scrubbing.naming import Pool
from truebook.faults import Fault
from truebook.messages import ASSET_SET, ATTESTER_SET, EVENT_ROW, KEY_SET, TIER_SET, EventKind

_NAMED = {
    "tiers": ("tier", ("maker_bp", "taker_bp")),
    "assets": ("asset", ("decimals",)),
    "keys": ("key", ("account", "permissions", "expires_ms")),
    "attesters": ("attester", ("trusted",)),
}
_KINDS = (EventKind.ASSET_SET, EventKind.TIER_SET, EventKind.KEY_SET, EventKind.ATTESTER_SET)
_OTHERS = bytes(sorted(set(range(256)) - set(_KINDS)))


class Shadows:
    """Of one engine; made when the engine is known to be right."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._copies = {name: self._now(name).copy() for name in _NAMED}
        sequences = pool("gateways")["sequence"]
        used = np.flatnonzero(sequences)
        numbers = zip(used.tolist(), sequences[used].tolist(), strict=True)
        self._gateways: dict[int, int] = dict(numbers)

    def applied(self, events: bytes, gateways: Iterable[tuple[int, int]]) -> None:
        """A batch was applied."""
        self._gateways.update(gateways)
        if events[:: EVENT_ROW.itemsize].translate(None, _OTHERS):
            self._follow(events)

    def check(self, name: str, first: int, count: int) -> Fault | None:
        """The first of some settings (`tiers`, `assets`, `keys`) that is wrong."""
        now, copy = self._now(name)[first : first + count], self._copies[name]
        copy = copy[first : first + count]
        if len(now) == len(copy) and now.tobytes() == copy.tobytes():
            return None
        same = now[: len(copy)] == copy[: len(now)]
        index = int(np.argmin(same)) if not same.all() else min(len(now), len(copy))
        return self._named(name, first + index)

    def check_gateways(self) -> Fault | None:
        """The first gateway whose sequence is wrong."""
        sequences = self._pool("gateways")["sequence"]
        for number, sequence in self._gateways.items():
            found = int(sequences[number])
            if found != sequence:
                place = f"sequence of gateway {number}"
                return Fault(place, str(found), str(sequence), "gateways", (number,))
        return None

    def count(self, name: str) -> int:
        """How many of them there are."""
        return len(self._copies[name])

    def _now(self, name: str) -> NDArray[Any]:
        records = self._pool(name)
        count = len(records) if name in ("tiers", "attesters") else int(self._pool("meta")[0][name])
        if name != "assets":
            return records[:count]
        assets = records[:count].copy()
        assets["supply"] = 0  # which is no setting
        return assets

    def _follow(self, events: bytes) -> None:
        """Copy what these events have set."""
        rows = np.frombuffer(events, EVENT_ROW)
        starts = np.flatnonzero(np.isin(rows["kind"], _KINDS))
        for start in starts.tolist():
            kind, at = rows["kind"][start], start * EVENT_ROW.itemsize
            if kind == EventKind.TIER_SET:
                index = int(np.frombuffer(events, TIER_SET, 1, at)[0]["tier"])
                self._copy("tiers", index)
            elif kind == EventKind.ASSET_SET:
                index = int(np.frombuffer(events, ASSET_SET, 1, at)[0]["asset"])
                self._copy("assets", index)
            elif kind == EventKind.ATTESTER_SET:
                self._copy("attesters", int(np.frombuffer(events, ATTESTER_SET, 1, at)[0]["slot"]))
            elif kind == EventKind.KEY_SET:
                row = np.frombuffer(events, KEY_SET, 1, at)[0]
                words = [int(row["public_key_0"]), *row["public_key_1"].tolist()]
                self._copy("keys", self._slot_of(words))

    def _slot_of(self, words: list[int]) -> int:
        keys = self._now("keys")["public_key"]
        last = len(keys) - 1
        if keys[last].tolist() == words:
            return last
        return int(np.flatnonzero((keys == np.array(words, np.uint64)).all(axis=1))[0])

    def _copy(self, name: str, index: int) -> None:
        now = self._now(name)
        copy = self._copies[name]
        if index >= len(copy):
            added = now[len(copy) : index + 1]
            self._copies[name] = np.concatenate([copy, added])
        else:
            copy[index] = now[index]

    def _named(self, name: str, index: int) -> Fault:
        word, fields = _NAMED[name]
        now, copy = self._now(name), self._copies[name]
        if index >= min(len(now), len(copy)):
            return Fault(f"number of {name}", str(len(now)), str(len(copy)))
        shown = [field for field in fields if now[index][field] != copy[index][field]] or fields
        found, expected = (
            ", ".join(f"{field} {int(record[field])}" for field in shown)
            for record in (now[index], copy[index])
        )
        return Fault(f"{word} {index}", found, expected, name, (index,))
