"""The engine's loop: read → apply → publish → remember, and answer questions in between.

Promise: the engine is given every entry of the log once, in order, and nothing else; every entry
gives one event entry on the bus; a question is answered at or after the position it names. There is
no state here that matters: a node that is killed anywhere starts again from the log (replay), and
publishes from where the event stream ends.

Why the loop is a plain one: a batch of entries costs one read, one `apply` and one write, and an
idle node waits in one `select` for log, questions and the signal to stop.

It ends, loudly, where going on would be wrong: the log lost what it acknowledged (LogLost), what
was trimmed isn't in the archive (LogHole, SegmentDamaged), the event stream is gone (StreamLost:
the next start fills it again) or tells another story (StreamForeign), or the engine itself failed.
An entry at which it failed three times halts it instead: it keeps answering, with `halted`, and
applies nothing more.
"""

import contextlib
import logging
import os
import select
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec

import truebook
from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.chain import START, extend
from truebook.commandlog.entries import engine_pieces
from truebook.commandlog.interface import (
    GENESIS,
    QUERIES_CHANNEL,
    BusUnavailable,
    LogEntry,
    LogNotDurable,
    LogReader,
    LogUnavailable,
    Position,
    Publisher,
    Subscription,
)
from truebook.commandlog.progress import Progress
from truebook.commandlog.publication import Publication
from truebook.commandlog.replies import split
from truebook.commandlog.valkey_publisher import ValkeyPublisher, ValkeySubscription
from truebook.commandlog.whole_log import open_whole_log
from truebook.engine.answering import answer
from truebook.engine.interface import Engine
from truebook.limits import QUERIES_HELD_MAX, QUERY_HELD_MS_MAX, READ_ENTRIES_MAX
from truebook.queries import Answer, Query, decode_query, encode_answer

_logger = logging.getLogger(__name__)
_UNCONNECTED_S = 0.01
_START_AGAIN_S = 0.1


class Node:
    """One engine at work on a log and a bus."""

    def __init__(
        self,
        name: str,
        engine: Engine,
        reader: LogReader,
        publisher: Publisher,
        questions: Subscription,
        progress: Progress,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.name = name
        self.engine = engine
        self.position = GENESIS
        self.chain = START
        self.halted: Position | None = None
        """The entry that can't be passed."""
        self._reader = reader
        self._publisher = publisher
        self._publication = Publication(publisher, clock)
        self._questions = questions
        self._progress = progress
        self._clock = clock
        self._caught_up_at = GENESIS
        self._held: list[tuple[float, Position, Query]] = []
        self._is_started = False
        self._is_stopping = False
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)

    def start(self) -> bool:
        """Learn where the log and the event stream end; False: they can't be reached yet."""
        try:
            self._caught_up_at = self._reader.last_position()
            self._publication.open(self._caught_up_at)
        except LogNotDurable:
            raise
        except (LogUnavailable, BusUnavailable) as error:
            _logger.warning("can't start yet: %s", error)
            return False
        self._is_started = True
        return True

    @property
    def is_caught_up(self) -> bool:
        """Whether everything is applied and published that stood in the log at the start."""
        is_applied = self.position >= self._caught_up_at or self.halted is not None
        return self._is_started and is_applied and not self._publication.waiting

    def run(self, caught_up: Callable[[], None]) -> None:
        """Work until `stop`; calls `caught_up` once, when the replay at the start is done."""
        while not self._is_started and not self._is_stopping and not self.start():
            self._wait(_START_AGAIN_S)
        is_told = False
        while not self._is_stopping:
            is_busy = self.step()
            if self.is_caught_up and not is_told:
                is_told = True
                caught_up()
            if not is_busy:
                self._wait(self._publication.seconds_to_wait())

    def stop(self) -> None:
        """Make `run` return after the batch at hand; may be called by a signal's handler."""
        self._is_stopping = True
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"x")

    def close(self) -> None:
        """Give everything back."""
        for held in (self._reader, self._publisher, self._questions, self._progress):
            held.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def step(self) -> bool:
        """One round; whether there was anything to do."""
        is_applied = self._publication.publish() and self._apply_next()
        is_asked = self._hear_questions()
        self._answer_questions()
        return is_applied or is_asked

    # read → apply → publish → remember

    def _apply_next(self) -> bool:
        if self.halted is not None:
            return False
        entries = self._reader.follow(self.position, READ_ENTRIES_MAX)
        was_any = bool(entries)
        while entries and not self._is_stopping:
            count = self._progress.together(entries)
            if not count:
                self._halt(entries[0].position)
                break
            self._apply(entries[:count])
            entries = entries[count:]
            self._publication.publish()
        return was_any

    def _apply(self, entries: list[LogEntry]) -> None:
        first, last = entries[0].position, entries[-1].position
        self._progress.begin(first, last)
        pieces = [piece for entry in entries for piece in engine_pieces(entry)]
        applied = self.engine.apply(b"".join(pieces))
        all_made = split(applied.events, applied.replies, len(entries))
        for entry, made in zip(entries, all_made, strict=True):
            self.chain = extend(self.chain, entry.position, entry.data)
            self._publication.add(entry.position, made)
        self.position = last
        self._progress.done(last)

    def _halt(self, position: Position) -> None:
        self.halted = position
        _logger.critical(
            "engine %s died three times at %s and doesn't try again: a build that can pass it is"
            " needed; until then it answers questions as of %s",
            self.name,
            position,
            self.position,
        )

    # questions

    def _hear_questions(self) -> bool:
        messages = self._questions.receive()
        for message in messages:
            try:
                query = decode_query(message)
                after = Position.parse(query.after)
            except (ValueError, msgspec.MsgspecError) as error:
                _logger.warning("what came as a question is none: %s", error)
                continue
            if len(self._held) < QUERIES_HELD_MAX:
                self._held.append((self._clock.elapsed_s(), after, query))
        return bool(messages)

    def _answer_questions(self) -> None:
        if not self._held:
            return
        held, self._held = self._held, []
        oldest = self._clock.elapsed_s() - QUERY_HELD_MS_MAX / 1000
        for asked_at, after, query in held:
            if after <= self.position or self.halted is not None:
                self._answer(query, after)
            elif asked_at > oldest:
                self._held.append((asked_at, after, query))

    def _answer(self, query: Query, after: Position) -> None:
        if query.kind == "status" or after > self.position:
            found = Answer(query.id, str(self.position), status=self.status())
        else:
            found = answer(self.engine, query, str(self.position))
        try:
            self._publisher.publish(query.channel, encode_answer(found))
        except BusUnavailable as error:
            _logger.warning("an answer can't be sent: %s", error)

    def status(self) -> dict[str, str | int | float | bool]:
        """Where the engine stands; the state hash is computed for this."""
        return {
            "engine": self.name,
            "position": str(self.position),
            "timeMs": self.engine.time_ms(),
            "stateHash": self.engine.state_hash().hex(),
            "chain": self.chain.hex(),
            "eventHash": self._publication.event_hash.hex(),
            "halted": "" if self.halted is None else str(self.halted),
            "active": self._publication.is_active,
            "unpublished": self._publication.waiting,
            "rules": self.engine.rules_version(),
            "nextTimerMs": self.engine.next_timer_ms(),
            **self.engine.counts(),
        }

    def _wait(self, seconds: float) -> None:
        """Wait until there may be something to do."""
        numbers = [self._questions.fileno()]
        if self.halted is None:
            numbers.append(self._reader.fileno())
        if min(numbers) < 0:
            seconds = min(seconds, _UNCONNECTED_S)
        ears = [self._wake_read, *(number for number in numbers if number >= 0)]
        select.select(ears, [], [], seconds)


def run_engine(
    name: str,
    engine: Engine,
    *,
    log_url: str,
    bus_url: str,
    archive_url: str,
    data: Path,
    allow_not_durable: bool = False,
    caught_up: Callable[[], None] = lambda: None,
) -> None:
    """Be the process of one engine, until SIGTERM or SIGINT. `data` must exist and is where this
    engine, by its name, remembers at which entry it was. Raises what the module says."""
    node = Node(
        name,
        engine,
        open_whole_log(
            log_url,
            archive_url,
            allow_not_durable=allow_not_durable,
            name=f"{name}@{socket.gethostname()}:{data}",
        ),
        ValkeyPublisher(bus_url),
        ValkeySubscription(bus_url, QUERIES_CHANNEL),
        Progress(data / f"{name}.progress", truebook.__version__),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: node.stop())
    try:
        node.run(caught_up)
    finally:
        node.close()
