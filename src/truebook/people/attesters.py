"""Whose attestations of the state count: engines' public keys, set by commands in the log.

Promise: a key that was retired is never made trusted again by what happens by itself, only by
somebody who asks for just that; and a new key takes the place of an old one in a single entry of
the log, so that there is no position at which an engine has none, or two.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from truebook import commands
from truebook.limits import ATTESTERS_MAX
from truebook.messages import ATTESTER_SET, EVENT_ROW, EventKind, attester_key, note_parts
from truebook.people.admin import Why, note_text
from truebook.people.errors import Missing, Unacceptable
from truebook.people.exchange import Exchange, carry_out


class Attester(NamedTuple):
    """One engine's key."""

    slot: int
    name: str
    key: bytes
    """The public one, 32 bytes."""
    trusted: bool


class KnownAttesters:
    """What the settings of an engine say."""

    def __init__(self, settings: bytes) -> None:
        """`settings`: event rows, as the answer to the query of that name has them."""
        rows = np.frombuffer(settings, EVENT_ROW)
        starts = np.flatnonzero(rows["kind"] == EventKind.ATTESTER_SET)
        count = ATTESTER_SET.itemsize // EVENT_ROW.itemsize
        chosen = np.ascontiguousarray(rows[starts[:, None] + np.arange(count)])
        self.attesters = [
            Attester(
                int(row["slot"]),
                row["name"].tobytes().rstrip(b"\0").decode("ascii", errors="replace"),
                attester_key(row),
                bool(row["trusted"]),
            )
            for row in chosen.view(ATTESTER_SET).reshape(-1)
        ]

    @property
    def keys(self) -> set[bytes]:
        """All that were ever set and not replaced, trusted or not."""
        return {attester.key for attester in self.attesters}

    def free_slot(self) -> int:
        """The first slot that was never set, else the first whose key isn't trusted. Raises
        Unacceptable."""
        used = {attester.slot for attester in self.attesters}
        retired = {attester.slot for attester in self.attesters if not attester.trusted}
        for slots in (set(range(ATTESTERS_MAX)) - used, retired):
            if slots:
                return min(slots)
        raise Unacceptable("name", f"{ATTESTERS_MAX} keys are trusted: retire one first")

    def trusted_as(self, name: str) -> list[Attester]:
        """The trusted keys of the engine of that name, or the one that is the key itself, in hex.
        Raises Missing."""
        found = [a for a in self.attesters if a.trusted and name in (a.name, a.key.hex())]
        if not found:
            raise Missing(f"no trusted key belongs to {name!r}")
        return found


async def trust(exchange: Exchange, known: KnownAttesters, name: str, key: bytes, why: Why) -> None:
    """Trust a key, under the name of an engine. Raises Unacceptable, Refused."""
    if any(attester.trusted and attester.key == key for attester in known.attesters):
        raise Unacceptable("key", "is trusted already")
    await _set(exchange, [_added(known, name, key)], why)


async def retire(exchange: Exchange, known: KnownAttesters, name: str, why: Why) -> list[Attester]:
    """Trust the keys of a name, or one key, no more; which they were. Raises Missing, Refused."""
    old = known.trusted_as(name)
    await _set(exchange, [_retired(attester) for attester in old], why)
    return old


async def replace(
    exchange: Exchange, known: KnownAttesters, name: str, key: bytes, why: Why
) -> None:
    """Trust another key in the place of an engine's keys. Raises Missing, Unacceptable, Refused."""
    old = known.trusted_as(name)
    if key in known.keys:
        raise Unacceptable("key", "was set before")
    changes = [*map(_retired, old), _added(known, old[0].name, key)]
    await _set(exchange, changes, why)


def _added(known: KnownAttesters, name: str, key: bytes) -> bytes:
    try:
        return commands.set_attester(
            slot=known.free_slot(), public_key=key, name=name, trusted=True
        )
    except (OverflowError, ValueError) as error:
        raise Unacceptable("name", str(error)) from None


def _retired(attester: Attester) -> bytes:
    slot, name, key, _ = attester
    return commands.set_attester(slot=slot, public_key=key, name=name, trusted=False)


async def _set(exchange: Exchange, changes: Sequence[bytes], why: Why) -> None:
    notes = note_parts(note_text(why), len(changes))
    await carry_out(exchange, [*notes, *changes], notes=len(notes), once=why.once)
