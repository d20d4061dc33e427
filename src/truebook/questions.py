"""Where an engine is asked: questions are heard, held until it is far enough, and answered.

Promise: a question is answered at or after the position it names, and not before a quorum, where
one is asked for, knows what would be told. One that can't be answered within QUERY_HELD_MS_MAX is
dropped: who asked has given up. An engine that isn't what its log says tells nothing of the venue.
An **order** (to attest, to look whether the venue is halted, to begin again) is obeyed at once.
"""

import logging
from typing import Protocol

import msgspec

from truebook.clock import Clock
from truebook.commandlog.interface import (
    BusUnavailable,
    LogUnavailable,
    Position,
    Publisher,
    Subscription,
)
from truebook.engine.answering import answer
from truebook.engine.interface import Engine
from truebook.limits import QUERIES_HELD_MAX, QUERY_HELD_MS_MAX
from truebook.queries import ORDERS, Answer, Query, decode_query, encode_answer
from truebook.snapshots.keeping import Keeper
from truebook.vigil import Vigil

_logger = logging.getLogger(__name__)
_OF_ITSELF = frozenset({"probe", "records", "snapshot", "status"})
"""Questions about an engine rather than about the venue: whoever asks wants to know how it is."""


class AtWork(Protocol):
    """The engine that is asked, in the middle of its loop."""

    name: str
    engine: Engine
    position: Position
    halted: Position | None
    vigil: Vigil | None
    keeper: Keeper | None

    @property
    def stands_still(self) -> bool:
        """Whether something is so wrong that nothing may be applied or published."""

    @property
    def is_agreed(self) -> bool:
        """Whether a quorum, where one is asked for, knows all that this engine could tell."""

    @property
    def is_published(self) -> bool:
        """Whether all that this engine could tell is in the event stream."""

    def status(self) -> dict[str, str | int | float | bool]:
        """Where the engine stands."""

    def attest(self) -> None:
        """Say, signed, where the engine stands."""

    def stop(self) -> None:
        """End after the batch at hand; the process begins again from the log."""


class QuestionDesk:
    """One engine's."""

    def __init__(
        self, node: AtWork, questions: Subscription, publisher: Publisher, clock: Clock
    ) -> None:
        self._node = node
        self._questions = questions
        self._publisher = publisher
        self._clock = clock
        self._held: list[tuple[float, Position, Query]] = []

    def fileno(self) -> int:
        """Becomes readable when there is something to hear; below 0: not connected."""
        return self._questions.fileno()

    def close(self) -> None:
        """Hear nothing more."""
        self._questions.close()

    def hear(self) -> bool:
        """Take what was asked, and obey orders; whether there was anything."""
        messages = self._questions.receive()
        for message in messages:
            try:
                query = decode_query(message)
                after = Position.parse(query.after)
            except (ValueError, msgspec.MsgspecError) as error:
                _logger.warning("what came as a question is none: %s", error)
                continue
            if query.kind in ORDERS:
                self._obey(query)
            elif len(self._held) < QUERIES_HELD_MAX:
                self._held.append((self._clock.elapsed_s(), after, query))
        return bool(messages)

    def answer(self) -> None:
        """Answer what can be answered by now."""
        if not self._held:
            return
        node = self._node
        held, self._held = self._held, []
        oldest = self._clock.elapsed_s() - QUERY_HELD_MS_MAX / 1000
        for asked_at, after, query in held:
            is_there = after <= node.position and node.is_agreed
            # What isn't published may yet turn out to have been reached too late.
            is_there = is_there and (query.kind in _OF_ITSELF or node.is_published)
            if is_there or node.halted is not None or node.stands_still:
                self._answer(query, after)
            elif asked_at > oldest:
                self._held.append((asked_at, after, query))

    def tell(self, query: Query, found: Answer) -> None:
        """Send an answer; one that can't be sent is lost: who asks will ask again."""
        node = self._node
        if node.halted is not None:
            found.halted = found.halted or f"the entry at {node.halted} can't be passed"
        try:
            self._publisher.publish(query.channel, encode_answer(found))
        except BusUnavailable as error:
            _logger.warning("an answer can't be sent: %s", error)

    def _obey(self, query: Query) -> None:
        node = self._node
        if query.kind == "resume" or (query.kind == "restart" and query.name == node.name):
            _logger.warning("told to begin again from the log (%s)", query.kind)
            node.stop()
        elif node.vigil is not None and query.kind == "attest":
            node.attest()
        elif node.vigil is not None and query.kind == "verdict":
            try:
                node.vigil.look()
            except LogUnavailable as error:
                _logger.warning("can't find out whether the venue is halted: %s", error)

    def _answer(self, query: Query, after: Position) -> None:
        node = self._node
        found: Answer | None = Answer(query.id, str(node.position))
        if query.kind == "snapshot":
            self._snapshot_asked(query)
            return
        if node.vigil is not None and query.kind in ("probe", "records", "status"):
            found = self._of_itself(query, node.vigil)
        elif node.vigil is not None and node.vigil.is_mistrusted:
            found = None  # what it knows of the venue isn't worth telling
        elif query.kind == "status" or after > node.position:
            found = Answer(query.id, str(node.position), status=node.status())
        elif query.kind != "probe":
            found = answer(node.engine, query, str(node.position))
        if found is not None:
            self.tell(query, found)

    def _of_itself(self, query: Query, vigil: Vigil) -> Answer | None:
        """The answer about the engine, not about the venue."""
        node = self._node
        found = Answer(query.id, str(node.position), halted=vigil.reason)
        if query.kind == "status":
            found.status = node.status()
        if query.kind == "records":
            if query.name != node.name:
                return None
            at, found.records, found.parts = vigil.records(node.position, query.limit)
            found.position = str(at)
        return None if query.kind == "probe" and vigil.is_silent else found

    def _snapshot_asked(self, query: Query) -> None:
        node = self._node
        if node.keeper is not None:
            node.keeper.ask(query)
        else:
            told = {"engine": node.name, "trouble": "it keeps no snapshots"}
            self.tell(query, Answer(query.id, str(node.position), status={**told}))
