"""A quorum: nothing leaves an engine before others have made the same events.

Promise: with a quorum of two, an entry's events and replies are published only once another
engine that the log trusts has signed the event hash up to it, or up to a later entry: the hash
covers all events before. An engine that was tampered with can't tell anybody anything then.

Every engine votes after each batch, for its last entry. As long as the log trusts fewer engines
than the quorum asks for, it is not asked for: otherwise the very commands that name the engines
could never be answered.
"""

import logging
from collections.abc import Callable, Sequence

from nacl.signing import SigningKey

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.attestations import NotAnAttestation, read_vote, sign_vote
from truebook.commandlog.interface import (
    GENESIS,
    BusUnavailable,
    Position,
    Publisher,
    Subscription,
)

_logger = logging.getLogger(__name__)
VOTES_CHANNEL = "votes"
AGAIN_S = 0.5
EARLY_MAX = 1 << 12
"""Votes of one engine for entries that this one has not applied yet."""


class Quorum:
    """What one engine knows of the votes of the others."""

    def __init__(
        self,
        size: int,
        key: Callable[[], SigningKey],
        publisher: Publisher,
        votes: Subscription,
        trusted: Callable[[], frozenset[bytes]],
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """`size` counts this engine; `key` gives the one to sign with now, `trusted` those that
        the log trusts."""
        self._size = size
        self._key = key
        self._publisher = publisher
        self._votes = votes
        self._trusted = trusted
        self._clock = clock
        self._last: tuple[Position, bytes] | None = None
        self._voted_s = 0.0
        self._made: dict[Position, bytes] = {}
        """Event hashes of entries that are not agreed on yet."""
        self._early: dict[bytes, dict[Position, bytes]] = {}
        self._confirmed: dict[bytes, Position] = {}

    def made(self, position: Position, event_hash: bytes) -> None:
        """This engine has made the events of an entry that it may have to publish."""
        self._made[position] = event_hash
        for key, votes in self._early.items():
            if position in votes:
                self._judge(key, position, votes.pop(position))

    def vote(self, position: Position, event_hash: bytes) -> None:
        """Tell the others."""
        self._last = position, event_hash
        self._voted_s = self._clock.elapsed_s()
        try:
            self._publisher.publish(VOTES_CHANNEL, sign_vote(self._key(), position, event_hash))
        except BusUnavailable as error:
            _logger.warning("a vote can't be sent: %s", error)

    def repeat(self) -> None:
        """Tell again what was told last, now and then: who has just begun to listen hears it."""
        if self._last is not None and self._clock.elapsed_s() - self._voted_s > AGAIN_S:
            self.vote(*self._last)

    def hear(self) -> None:
        """Take the votes that have come."""
        for message in self._votes.receive():
            try:
                key, position, event_hash = read_vote(message)
            except NotAnAttestation as error:
                _logger.warning("on the votes' channel: %s", error)
                continue
            if key == bytes(self._key().verify_key):
                continue
            if position in self._made:
                self._judge(key, position, event_hash)
            else:
                early = self._early.setdefault(key, {})
                early[position] = event_hash
                if len(early) > EARLY_MAX:
                    del early[min(early)]

    def agreed(self, waiting: Sequence[Position]) -> int:
        """How many of the entries that wait, oldest first, may leave."""
        trusted = self._trusted()
        if len(trusted) < self._size:
            bound = waiting[-1] if waiting else GENESIS
        else:
            others = sorted(
                (at for key, at in self._confirmed.items() if key in trusted), reverse=True
            )
            enough = len(others) >= self._size - 1
            bound = others[self._size - 2] if enough else GENESIS
        return sum(position <= bound for position in waiting)

    def published(self, end: Position) -> None:
        """What is up to there needs no votes any more."""
        for position in [position for position in self._made if position <= end]:
            del self._made[position]

    def fileno(self) -> int:
        """What to `select` on to be woken by votes."""
        return self._votes.fileno()

    def close(self) -> None:
        """Give the ear back."""
        self._votes.close()

    def _judge(self, key: bytes, position: Position, event_hash: bytes) -> None:
        if self._made[position] == event_hash:
            self._confirmed[key] = max(position, self._confirmed.get(key, GENESIS))
        elif key in self._trusted():
            _logger.critical(
                "up to %s an engine with the key %s has made other events", position, key.hex()
            )
