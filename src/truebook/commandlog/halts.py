"""That the venue is halted, and why: the one thing beside the log that has to survive.

Promise: what the witness has halted stays halted, whatever is killed or restarted, until an
operator says `truebook resume`; and a resumption says from where on what was told before is void.
It stands on the log server, under its fsync: whoever can write there can halt the venue, and could
as well append to the log.

A **halt** names the engine whose events can't be trusted any more and the last position where all
agreed, with the event hash there. A **resumption** opens a new *epoch*: the event stream ends at
the agreed position again, and goes on from there with what the log says.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.interface import LogUnavailable, Position
from truebook.commandlog.resp import ConnectionLost, Refused, key

REPLY_S_MAX = 5.0
DISTRUSTED_MAX = 64
"""Snapshots that are older than so many verdicts were replaced long ago."""


class Halt(msgspec.Struct, frozen=True, rename="camel"):
    """Why nothing may be published."""

    engine: str
    """Whose state or events are wrong."""
    agreed: str
    """The last position at which it was right."""
    event_hash: str
    """Of all events up to there, in hex."""
    first: str
    """The first position at which it was not."""
    what: str
    """What differs, with both values."""
    at_ms: int = 0


class Epoch(msgspec.Struct, frozen=True, rename="camel"):
    """A resumption: the `number`th; 0 is the time before the first one."""

    number: int
    agreed: str
    """What was told after this position in an earlier epoch is void."""
    event_hash: str
    what: str = ""
    """What the halt was about."""

    @property
    def position(self) -> Position:
        """`agreed`, as a position."""
        return Position.parse(self.agreed)


def voided_by(position: Position, epochs: Sequence[Epoch]) -> Epoch | None:
    """The latest epoch that began before a position: what stands there may have been made before
    it, and is void then. None: nothing up to there was ever void."""
    return next((epoch for epoch in reversed(epochs) if epoch.position < position), None)


class Distrusted(msgspec.Struct, frozen=True, rename="camel"):
    """An engine was wrong behind `after`, and was found out at `until`: a snapshot that was taken
    in between may hold what was wrong."""

    after: str
    until: str

    def covers(self, position: Position) -> bool:
        """Whether a snapshot of that position isn't to be used."""
        return Position.parse(self.after) < position <= Position.parse(self.until)


class Standing(msgspec.Struct, frozen=True, rename="camel"):
    """How things stand."""

    halt: Halt | None = None
    epochs: list[Epoch] = []
    distrusted: list[Distrusted] = []
    """The newest DISTRUSTED_MAX of them."""


class HaltBook(Protocol):
    """Where that is written down. Every method may raise LogUnavailable."""

    def read(self) -> Standing:
        """How things stand."""

    def write(self, standing: Standing) -> None:
        """Replace it; when this returns it is on disk."""

    def close(self) -> None:
        """Give the connection back."""


class ValkeyHaltBook:
    """On the log server; connects when first used, and again after a loss."""

    def __init__(self, url: str, *, shard: int = 0) -> None:
        self._connection = BlockingConnection(parse(url))
        self._key = key(shard, "standing")

    def read(self) -> Standing:
        """How things stand."""
        text = self._request("GET", self._key)
        return Standing() if text is None else msgspec.json.decode(text, type=Standing)

    def write(self, standing: Standing) -> None:
        """Replace it."""
        self._request("SET", self._key, msgspec.json.encode(standing))

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _request(self, *command: str | bytes | int) -> bytes | None:
        try:
            if not self._connection.is_open:
                self._connection.open()
            reply: bytes | None = self._connection.request(*command, seconds=REPLY_S_MAX)
        except (ConnectionLost, Refused) as error:
            self._connection.close()
            raise LogUnavailable(str(error)) from None
        return reply


class MemoryHaltBook:
    """In memory, for tests."""

    def __init__(self) -> None:
        self.standing = Standing()

    def read(self) -> Standing:
        """How things stand."""
        return self.standing

    def write(self, standing: Standing) -> None:
        """Replace it."""
        self.standing = standing

    def close(self) -> None:
        """Nothing to give back."""
