"""The engine's loop: read → apply → publish → remember, and questions in between.

Promise: the engine is given every entry of the log once, in order, and nothing else; every entry
gives one event entry on the bus; a question is answered at or after the position it names. There is
no state here that matters: a node that is killed anywhere starts again from its latest snapshot and
the log behind it, or from the log alone, and publishes from where the event stream ends.

Why the loop is a plain one: a batch of entries costs one read, one `apply` and one write, and an
idle node waits in one `poll` for log, questions and the signal to stop. Whoever waits for a reply
waits for what stands before `publish`; so there stands only what an event depends on, and what else
there is to do for a batch (_remember), or now and then (_look_after), comes behind it.

It ends, loudly, where going on would be wrong: the log lost what it acknowledged (LogLost), what
was trimmed isn't in the archive (LogHole, SegmentDamaged), the event stream is gone (StreamLost:
the next start fills it again) or tells another story (StreamForeign), it came too late for what it
has applied already (Overtaken: the next start knows), or the engine itself failed.
An entry at which it failed three times halts it instead: it keeps answering, with `halted`, and
applies nothing more.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Sequence

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.chain import START, extend
from truebook.commandlog.covering import Cover
from truebook.commandlog.ears import Ears
from truebook.commandlog.entries import engine_pieces
from truebook.commandlog.interface import (
    GENESIS,
    QUERIES_CHANNEL,
    BusUnavailable,
    Claimed,
    LogEntry,
    LogNotDurable,
    LogReader,
    LogUnavailable,
    Position,
    Publisher,
    StreamForeign,
    Subscription,
)
from truebook.commandlog.progress import Progress
from truebook.commandlog.publication import Publication
from truebook.commandlog.quorum import Quorum
from truebook.commandlog.recovering import Recovering
from truebook.commandlog.replies import Made, split
from truebook.commandlog.waiting import Waiting
from truebook.engine.interface import Engine
from truebook.figures import Latency
from truebook.limits import READ_ENTRIES_MAX
from truebook.memoryahead import MemoryAhead
from truebook.messages import COMMAND_BYTES, RULES_VERSION_MAX
from truebook.queries import Answer, Query, QueryKind, encode_query
from truebook.questions import QuestionDesk
from truebook.snapshots.file import Snapshot
from truebook.snapshots.keeping import Keeper
from truebook.snapshots.taking import snapshot_of
from truebook.vigil import IDLE_S, Ends, Vigil

_logger = logging.getLogger(__name__)
_UNCONNECTED_S = 0.01
_START_AGAIN_S = 0.1
_HEAR_S = 0.05
"""How often questions are listened for even if nothing seems to have come: a connection that is
silent must be noticed, and a node that is behind never waits."""
_SETTLE_AGAIN_S = 1.0
"""Between two looks at the recoveries for a snapshot, while the log server is away."""


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
        recovering: Recovering | None = None,
        keeper: Keeper | None = None,
        vigil: Vigil | None = None,
        quorum: Quorum | None = None,
        cover: Cover | None = None,
        memory: MemoryAhead | None = None,
    ) -> None:
        """Without `recovering`, what is reached too late is carried out all the same; without
        `keeper` it begins at genesis and takes no snapshots."""
        self.name = name
        self.engine = engine
        self.position = GENESIS
        self.chain = START
        self.halted: Position | None = None
        """The entry that can't be passed."""
        self.entries = 0
        """Of the log, since genesis."""
        self.keeper = keeper
        self.vigil = vigil
        self.apply_times = Latency()
        """What the engine took for a batch."""
        self.entry_ages = Latency()
        """From the log's time stamp of a batch's first entry until the batch was applied."""
        self.records = 0
        """Command records applied by this process."""
        self.lag_ms = 0.0
        """How old the latest batch was when it was applied; 0 when there was nothing to do."""
        self._clock = clock
        self._reader = reader
        self._publisher = publisher
        self._publication = Publication(publisher, clock, quorum, cover)
        self._desk = QuestionDesk(self, questions, publisher, clock)
        self._progress = progress
        self._recovering = recovering
        self._quorum = quorum
        self._cover = cover
        self._memory = memory
        self._caught_up_at = GENESIS
        self._next: list[LogEntry] = []
        """Read, and not applied yet: what came while the last was."""
        self._is_started = False
        self._waiting = Waiting("log and bus", _logger, clock)
        self._is_stopping = False
        self._next_settling_s = 0.0
        self._next_hearing_s = 0.0
        self._ears = Ears()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)

    def start(self) -> bool:
        """Learn where the log and the event stream end; False: they can't be reached yet."""
        try:
            self._caught_up_at = self._log_end()
            self._begin_at_snapshot()
            self._publication.open(self._reader.last_position)
            if self._recovering is not None:
                self._publication.token = self._recovering.token
                self._publication.life = self._recovering.life
            if self._quorum is not None and self.position > GENESIS:
                # Should nothing come after the snapshot, nobody would vote for what it has.
                self._quorum.vote(self.position, self._publication.event_hash)
            if self.vigil is not None:
                self.vigil.start(self.engine, self._caught_up_at)
        except LogNotDurable:
            raise
        except (LogUnavailable, BusUnavailable) as error:
            self._waiting.failed(error)
            return False
        self._waiting.succeeded()
        if self._caught_up_at == GENESIS:
            _logger.warning("the log is empty: `truebook found` sets up assets, fees and markets")
        self._is_started = True
        return True

    def _log_end(self) -> Position:
        if self._recovering is None:
            return self._reader.last_position()
        return self._recovering.open()

    @property
    def is_caught_up(self) -> bool:
        """Whether everything is applied and published that stood in the log at the start."""
        is_applied = self.position >= self._caught_up_at or self.halted is not None
        return self._is_started and is_applied and not self._publication.waiting

    def _begin_at_snapshot(self) -> None:
        """Start from the latest snapshot that the event stream, unless it is empty, goes beyond."""
        if self.keeper is None or self.position > GENESIS:
            return
        tail = self._publisher.tail().position
        not_after = self._caught_up_at if tail == GENESIS else tail
        restored = self.keeper.restore(not_after, self._reader.chain_at, self._trusted())
        if restored is not None:
            head = restored.snapshot.head
            self.engine = restored.engine
            self.position, self.chain, self.entries = head.position, head.chain, head.entries
            self._publication.begin(restored.snapshot.last)
        self._reader.hold(self.keeper.kept)

    def _trusted(self) -> Callable[[Position], bool]:
        """Which snapshots may be used."""
        return (lambda position: True) if self.vigil is None else self.vigil.trusted()

    def run(self, caught_up: Callable[[], None], beat: Callable[[], None] = lambda: None) -> None:
        """Work until `stop`; calls `caught_up` once, when the replay at the start is done, and
        `beat` in every round."""
        while not self._is_started and not self._is_stopping and not self.start():
            self._wait(_START_AGAIN_S)
        is_told = may_be_asked = False
        while not self._is_stopping:
            beat()
            is_busy = self.step(may_be_asked)
            may_be_asked = False
            if not is_told and self.is_caught_up:
                is_told = True
                caught_up()
            if not is_busy:
                may_be_asked = self._wait(self._seconds_to_wait())

    def _seconds_to_wait(self) -> float:
        seconds = self._publication.seconds_to_wait()
        return seconds if self.vigil is None else min(seconds, IDLE_S)

    @property
    def publication(self) -> Publication:
        """How far its events are out."""
        return self._publication

    def stop(self) -> None:
        """Make `run` return after the batch at hand; may be called by a signal's handler."""
        self._is_stopping = True
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"x")

    def close(self) -> None:
        """Give everything back."""
        for held in (self._reader, self._publisher, self._desk, self._progress):
            held.close()
        if self.keeper is not None:
            self.keeper.close()
        for watching in (self.vigil, self._quorum, self._cover, self._memory):
            if watching is not None:
                watching.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def step(self, may_be_asked: bool = True) -> bool:
        """One round; whether there was anything to do. `may_be_asked`: whether questions may have
        come; otherwise they are listened for now and then only."""
        is_asked = self._hear(may_be_asked)
        if self._quorum is not None:
            self._quorum.hear()
            self._quorum.repeat()
        is_applied = not self.stands_still and self._publish() and self._apply_next()
        if not is_applied:
            self.lag_ms = 0.0
        self._look_after(is_idle=not is_applied)
        return is_asked or (is_applied and self._is_more())

    def _hear(self, may_be_asked: bool) -> bool:
        """Hear questions; whether there was any."""
        now_s = self._clock.elapsed_s()
        if not may_be_asked and now_s < self._next_hearing_s:
            return False
        self._next_hearing_s = now_s + _HEAR_S
        return self._desk.hear()

    def _look_after(self, is_idle: bool) -> None:
        """What is done behind the batches, or where there is none."""
        if self.vigil is not None and self.vigil.watch(is_idle):
            self._found_fault(self.vigil)
        self._desk.answer()
        self._look_after_snapshots()

    @property
    def stands_still(self) -> bool:
        """Whether something is so wrong that nothing may be applied or published."""
        return self.vigil is not None and self.vigil.is_halted

    def _found_fault(self, vigil: Vigil) -> None:
        """This engine isn't what its log says: tell, and if it publishes, nobody goes on."""
        if self._publication.is_active:
            vigil.halt_venue(self.position)
            self._tell_all("verdict")
        self.attest()

    def attest(self) -> None:
        """Say, signed, where the engine stands."""
        if self.vigil is not None and self._is_started:
            self.vigil.attest(self.position, self.entries, self._ends())

    def _tell_all(self, order: QueryKind) -> None:
        """Tell the other engines, rather than have them wait for the witness."""
        try:
            self._publisher.publish(
                QUERIES_CHANNEL, encode_query(Query(0, "", str(GENESIS), order))
            )
        except BusUnavailable as error:
            _logger.warning("the other engines can't be told: %s", error)

    def _ends(self) -> Ends:
        return Ends(self.chain, self._publication.event_hash)

    # read → apply → publish → remember

    def _apply_next(self) -> bool:
        if self.halted is not None:
            return False
        entries = self._next or self._reader.follow(self.position, READ_ENTRIES_MAX)
        self._next = []
        was_any = bool(entries)
        if entries and self._recovering is not None:
            entries = self._in_time(entries, self._recovering)
        while entries and not self._is_stopping:
            count = self._progress.together(entries)
            if not count:
                self._halt(entries[0].position)
                break
            if self.vigil is not None:
                count = self.vigil.together(entries[:count], self.entries)
            self._apply(entries if count == len(entries) else entries[:count])
            entries = entries[count:]
        return was_any

    def _is_more(self) -> bool:
        """Ask the log for what comes next; whether it is there. A node that keeps up then waits at
        once, where another round would find nothing to do."""
        self._next = self._reader.follow(self.position, READ_ENTRIES_MAX)
        return bool(self._next)

    def _in_time(self, entries: list[LogEntry], recovering: Recovering) -> list[LogEntry]:
        """Those that may be applied, told when they were reached; none: to be asked for again."""
        try:
            found = recovering.judged(entries, self.position, self._publication.waiting)
        except (LogUnavailable, BusUnavailable) as error:
            _logger.warning("old entries can't be judged yet: %s", error)
            found = []
        self._publication.token = recovering.token
        if not found:
            self._wait(_UNCONNECTED_S)
        return found

    def _publish(self) -> bool:
        """Publish what is our turn; whether the engine may go on."""
        recovering = self._recovering
        try:
            return self._publication.publish()
        except Claimed as claimed:
            if recovering is None:
                raise
            self._next = []  # read before it was known what was reached late
            self._heed(recovering, claimed.token)
            return False
        except StreamForeign as error:
            self._next = []
            # Others may have published what they reached late, and this engine in time.
            if recovering is not None:
                recovering.look_again(self.position)
            if self.vigil is None:
                raise
            # Somebody is wrong, this engine or who published: the witness finds out who.
            _logger.critical("%s publishes no more: %s", self.name, error)
            self._publication.dispute()
            self.vigil.dispute(str(error))
            return True

    def _heed(self, recovering: Recovering, token: int) -> None:
        try:
            recovering.heed(token, self.position)
        except (LogUnavailable, BusUnavailable) as error:
            _logger.warning("a recovery can't be read yet: %s", error)
        self._publication.token = recovering.token

    def _apply(self, entries: list[LogEntry]) -> None:
        first, last = entries[0].position, entries[-1].position
        self._progress.begin(first, last)
        pieces = [piece for entry in entries for piece in engine_pieces(entry)]
        began_s = self._clock.elapsed_s()
        applied = self.engine.apply(b"".join(pieces))
        took_s = self._clock.elapsed_s() - began_s
        all_made = split(applied.events, applied.replies, len(entries))
        for entry, made in zip(entries, all_made, strict=True):
            self._publication.add(entry.position, made)
        self.position = last
        self._progress.done(last)
        self.lag_ms = max(0, self._clock.now_ms() - first.high)
        if self._cover is not None:
            self._cover.read(entries[-1])
        if self._quorum is not None:
            self._quorum.vote(last, self._publication.event_hash)
        self._publish()
        self._remember(entries, all_made, took_s)

    def _remember(self, entries: list[LogEntry], all_made: Sequence[Made], took_s: float) -> None:
        """What was applied, for everybody who asks later."""
        for entry in entries:
            self.chain = extend(self.chain, entry.position, entry.data)
        self.entries += len(entries)
        records = sum([len(entry.data) for entry in entries]) // COMMAND_BYTES - len(entries)
        self.records += records
        if self._memory is not None:
            self._memory.applied(records)
        self.apply_times.add(took_s)
        self.entry_ages.add(self.lag_ms / 1000)
        if self.keeper is not None:
            self.keeper.applied(records)
        if self.vigil is not None:
            self.vigil.applied(entries, all_made, self.entries, self._ends())

    def _halt(self, position: Position) -> None:
        self.halted = position
        _logger.critical(
            "engine %s died three times at %s and doesn't try again: a build that can pass it is"
            " needed; until then it answers questions as of %s",
            self.name,
            position,
            self.position,
        )

    # snapshots

    def _look_after_snapshots(self) -> None:
        if self.keeper is None or not self.keeper.has_to_do or self._publication.waiting:
            return
        if self.keeper.is_due(self.position) and not self._is_settled():
            return
        before = self.keeper.kept
        for query, told in self.keeper.step(self.position, self._snapshot):
            self._desk.tell(query, Answer(query.id, str(self.position), status=told))
        if self.keeper.kept != before:
            self._reader.hold(self.keeper.kept)

    def _is_settled(self) -> bool:
        """Whether what was applied is what was published. Where others have published beyond it,
        they may have come to it late; that was a fact before. Raises Overtaken."""
        if self._recovering is None or self._publication.is_confirmed:
            return True
        now_s = self._clock.elapsed_s()
        if now_s < self._next_settling_s:
            return False
        self._next_settling_s = now_s + _SETTLE_AGAIN_S
        try:
            self._recovering.look_again(self.position)
        except LogUnavailable as error:
            _logger.warning("no snapshot yet, as recoveries can't be read: %s", error)
            return False
        return True

    def _snapshot(self) -> Snapshot:
        """The state as it is; called in a fork."""
        assert self._publication.last is not None
        assert self._publication.last.position == self.position
        return snapshot_of(self.engine, self._publication.last, self.entries, self.chain)

    # what it tells

    @property
    def is_agreed(self) -> bool:
        """Whether a quorum and replicas, where they are asked for, know all that this engine could
        tell."""
        is_alone = self._quorum is None and self._cover is None
        return is_alone or not self._publication.waiting

    @property
    def is_published(self) -> bool:
        """Whether the stream is known to have all that this engine has made."""
        return not self._publication.waiting

    def status(self) -> dict[str, str | int | float | bool]:
        """Where the engine stands; the state hash is computed for this."""
        return {
            "engine": self.name,
            "position": str(self.position),
            "timeMs": self.engine.time_ms(),
            "stateHash": self.engine.state_hash().hex(),
            "chain": self.chain.hex(),
            "eventHash": self._publication.event_hash.hex(),
            "halted": self.halted_at,
            "reason": "" if self.vigil is None else self.vigil.reason,
            "active": self._publication.is_active,
            "unpublished": self._publication.waiting,
            **({} if self.keeper is None else self.keeper.status()),
            "rules": self.engine.rules_version(),
            "rulesMax": RULES_VERSION_MAX,
            "nextTimerMs": self.engine.next_timer_ms(),
            **self.engine.counts(),
        }

    @property
    def halted_at(self) -> str:
        """The position that it doesn't pass; empty: it isn't halted."""
        if self.halted is not None:
            return str(self.halted)
        return str(self.position) if self.stands_still else ""

    def _wait(self, seconds: float) -> bool:
        """Wait until there may be something to do; whether there may be questions."""
        desk = self._desk.fileno()
        numbers = [self._wake_read, desk]
        if self.halted is None:
            numbers.append(self._reader.fileno())
        if min(numbers) < 0:
            seconds = min(seconds, _UNCONNECTED_S)
        for held in (self.keeper, self._quorum, self._cover):
            if held is not None:
                numbers.append(held.fileno())
        return desk in self._ears.wait(numbers, seconds) or desk < 0
