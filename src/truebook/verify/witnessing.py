"""The witness's process: hear what engines attest, and answer how things stand.

Promise: trouble doesn't end it. While log or bus can't be reached it says so, in its log and its
status, and goes on from where it was when they are back.
"""

import contextlib
import logging
import os
import select
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.archive.segment import SegmentDamaged
from truebook.commandlog.archive.store import open_archive
from truebook.commandlog.attestations import AttestationStream
from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.halts import HaltBook, ValkeyHaltBook
from truebook.commandlog.interface import (
    GENESIS,
    ROLES_CHANNEL,
    BusUnavailable,
    LogHole,
    LogLost,
    LogReader,
    LogTrimmed,
    LogUnavailable,
    Overtaken,
    Publisher,
    RecoveriesWrong,
    Subscription,
)
from truebook.commandlog.valkey_attestations import ValkeyAttestations
from truebook.commandlog.valkey_publisher import ValkeyPublisher, ValkeySubscription
from truebook.commandlog.whole_log import open_whole_log
from truebook.engine.interface import Engine
from truebook.limits import READ_ENTRIES_MAX
from truebook.queries import Answer, decode_query, encode_answer
from truebook.snapshots.folder import Kept
from truebook.verify.engines import Engines, answers_channel
from truebook.verify.file_watch import FileWatch
from truebook.verify.row_tables import Database
from truebook.verify.row_watch import RowWatch
from truebook.verify.state_watch import StateWatch
from truebook.verify.truth import NoSuchPosition, Truth
from truebook.verify.witness import DATABASE, FILES, Verdict, Witness, announce
from truebook.verify.witness_folder import Remembered, WitnessFolder

_logger = logging.getLogger(__name__)
LOOK_S = 0.1
AT_ONCE = 256
ALONE_S = 5.0
"""For so long an attestation waits for another engine's; then the log is asked."""
REPEAT_S = 1.0
"""How often a halted venue is told so: whoever missed it hears it again."""
_TROUBLE = (
    *(LogUnavailable, LogTrimmed, LogHole, LogLost, BusUnavailable),
    *(Overtaken, RecoveriesWrong, SegmentDamaged, NoSuchPosition, OSError),
)


class Witnessing:
    """The loop around a witness."""

    def __init__(
        self,
        witness: Witness,
        log: LogReader,
        attestations: AttestationStream,
        book: HaltBook,
        engines: Engines,
        folder: WitnessFolder,
        clock: Clock = SYSTEM_CLOCK,
        rows: RowWatch | None = None,
        files: FileWatch | None = None,
        state: StateWatch | None = None,
    ) -> None:
        self.trouble = ""
        """Why nothing is compared at the moment; empty: it is."""
        self._witness = witness
        self._log = log
        self._attestations = attestations
        self._book = book
        self._engines = engines
        self._folder = folder
        self._clock = clock
        self._rows = rows
        self._files = files
        self._state = state
        self._followed = GENESIS
        self._remembered = folder.load()
        self._passed = len(witness.verdicts)
        self.verdicts = len(folder.verdicts())
        """Ever given in this folder."""
        self._agreed_s = clock.elapsed_s()
        self._told_s = 0.0

    def step(self) -> bool:
        """One round; whether there is more to do at once."""
        try:
            is_busy = self._follow_log() or self._hear()
            self._keep()
            if not is_busy:
                self._check_alone()
                self._repeat()
                self._watch_files()
                self._watch_state()
                is_busy = self._watch_rows()
        except _TROUBLE as error:
            if str(error) != self.trouble:
                _logger.error("nothing is compared: %s", error)
            self.trouble = str(error)
            return False
        self.trouble = ""
        return is_busy

    @property
    def agreed_age_s(self) -> float:
        """How long ago engines, or an engine and the log, were last found to agree."""
        return self._clock.elapsed_s() - self._agreed_s

    @property
    def witness(self) -> Witness:
        """Who compares."""
        return self._witness

    def status(self) -> dict[str, str | int | float | bool]:
        """What is agreed on, and every verdict of this life."""
        witness = self._witness
        found: dict[str, str | int | float | bool] = {"role": "witness", "trouble": self.trouble}
        found["trusted"] = ", ".join(sorted(witness.attesters.trusted.values()))
        found["refused"] = witness.refused
        verdicts = self._folder.verdicts()
        found["verdicts"] = len(verdicts)
        if verdicts:
            last = verdicts[-1]
            found |= {
                "lastVerdict": str(last),
                "verdictEngine": last.engine,
                "verdictAgreed": last.agreed,
                "verdictFirst": last.first,
                "verdictWhat": last.what,
                "verdictAtMs": last.at_ms,
            }
        if witness.agreed is not None:
            found["position"] = str(witness.agreed.position)
            found["stateHash"] = witness.agreed.state_hash.hex()
        if self._rows is not None and self._rows.found:
            found["trouble"] = str(self._rows.found[-1])
        return found

    def close(self) -> None:
        """Give everything back."""
        for held in (self._log, self._attestations, self._book, self._engines, self._rows):
            if held is not None:
                held.close()

    def _watch_files(self) -> None:
        """Look at the next snapshot or segment."""
        damaged = None if self._files is None else self._files.step()
        if damaged is not None:
            self._pass_verdict(FILES, "", str(damaged.position), damaged.what)

    def _watch_state(self) -> None:
        """Compare the state that the database's rows make."""
        wrong = None if self._state is None else self._state.step()
        if wrong is not None:
            self._pass_verdict(DATABASE, wrong.after, wrong.until, wrong.what)

    def _watch_rows(self) -> bool:
        """Compare some of the database with the log."""
        if self._rows is None:
            return False
        known = len(self._rows.found)
        is_busy = self._rows.step()
        for wrong in self._rows.found[known:]:
            self._pass_verdict(DATABASE, wrong.after, wrong.until, wrong.what)
        return is_busy

    def _pass_verdict(self, who: str, agreed: str, first: str, what: str) -> None:
        """On what isn't an engine."""
        verdict = Verdict(who, agreed, first, what, False, self._clock.now_ms())
        announce(verdict)
        self._folder.add(verdict)
        self.verdicts += 1

    def _follow_log(self) -> bool:
        """Learn who is trusted."""
        entries = self._log.follow(self._followed, READ_ENTRIES_MAX)
        for entry in entries:
            self._witness.attesters.follow(entry)
            self._followed = entry.position
        return bool(entries)

    def _hear(self) -> bool:
        heard = self._attestations.after(self._remembered.place, AT_ONCE)
        for place, message in heard:
            self._witness.hear(message)
            self._remembered.place = place
        return len(heard) == AT_ONCE

    def _keep(self) -> None:
        """Remember what has come of it."""
        witness = self._witness
        for verdict in witness.verdicts[self._passed :]:
            self._folder.add(verdict)
            self._passed += 1
            self.verdicts += 1
        known = self._remembered
        found = Remembered.of(known.place, witness.agreed, witness.condemned)
        if found.position != known.position:
            self._agreed_s = self._clock.elapsed_s()
        if found != self._remembered:
            self._remembered = found
            self._folder.save(found)

    def _check_alone(self) -> None:
        """Where nobody else attests, the log is the other one."""
        if self._clock.elapsed_s() - self._agreed_s > ALONE_S:
            self._agreed_s = self._clock.elapsed_s()
            self._witness.check_alone()
            self._keep()

    def _repeat(self) -> None:
        now = self._clock.elapsed_s()
        if now - self._told_s > REPEAT_S:
            self._told_s = now
            if self._book.read().halt is not None:
                self._engines.tell("verdict")


class WitnessProcess:
    """Witnessing, with questions about its status in between."""

    def __init__(
        self, witnessing: Witnessing, questions: Subscription, publisher: Publisher
    ) -> None:
        self._witnessing = witnessing
        self._questions = questions
        self._publisher = publisher
        self._is_stopping = False
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)

    def run(self, serving: Callable[[], None], beat: Callable[[], None]) -> None:
        """Work until `stop`; `beat` is called in every round."""
        serving()
        while not self._is_stopping:
            beat()
            is_busy = self._witnessing.step()
            self._answer_questions()
            if not is_busy:
                select.select([self._wake_read], [], [], LOOK_S)

    def stop(self) -> None:
        """Make `run` return soon; may be called by a signal's handler."""
        self._is_stopping = True
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"x")

    def close(self) -> None:
        """Give everything back."""
        for held in (self._witnessing, self._questions, self._publisher):
            held.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _answer_questions(self) -> None:
        for message in self._questions.receive():
            try:
                query = decode_query(message)
            except (ValueError, msgspec.MsgspecError) as error:
                _logger.warning("what came as a question is none: %s", error)
                continue
            status = self._witnessing.status()
            answer = Answer(query.id, str(status.get("position", GENESIS)), status=status)
            try:
                self._publisher.publish(query.channel, encode_answer(answer))
            except BusUnavailable as error:
                _logger.warning("an answer can't be sent: %s", error)


def open_witnessing(
    *,
    log_url: str,
    bus_url: str,
    archive_url: str,
    folder: Path,
    make_engine: Callable[[], Engine],
    database: Database | None = None,
    snapshots: Callable[[], Sequence[Kept]] = lambda: (),
) -> Witnessing:
    """A witness of a log and a bus, which remembers in `folder`. ValueError: it is damaged."""
    channel = answers_channel()
    answers = ValkeySubscription(bus_url, channel)
    engines = Engines(ValkeyPublisher(bus_url), answers, channel)
    book = ValkeyHaltBook(log_url)
    kept = WitnessFolder(folder)

    def make_truth() -> Truth:
        log = open_whole_log(log_url, archive_url, durability=UNCHECKED)
        return Truth(log, make_engine, snapshots)

    rows = None if database is None else RowWatch(make_truth, database, folder, SYSTEM_CLOCK)
    truth = make_truth()
    state = None if database is None else StateWatch(truth, database.state, SYSTEM_CLOCK)
    known = kept.load()
    witness = Witness(truth, engines, book, SYSTEM_CLOCK, known.agreed, known.dealt_with)
    files = FileWatch(snapshots, open_archive(archive_url), SYSTEM_CLOCK)
    log = open_whole_log(log_url, archive_url, durability=UNCHECKED)
    attestations = ValkeyAttestations(bus_url)
    return Witnessing(
        witness, log, attestations, book, engines, kept, SYSTEM_CLOCK, rows, files, state
    )


def run_witnessing(
    witnessing: Witnessing,
    bus_url: str,
    serving: Callable[[], None] = lambda: None,
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Be the witness's process, until SIGTERM or SIGINT."""
    questions = ValkeySubscription(bus_url, ROLES_CHANNEL)
    process = WitnessProcess(witnessing, questions, ValkeyPublisher(bus_url))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: process.stop())
    try:
        process.run(serving, beat)
    finally:
        process.close()
