"""The archive's process: archive what has come a few times a second, and answer how far it is.

Promise: trouble doesn't end it. While the log or the archive can't be reached, or the archive is
damaged, in use or of another log, it says so, in its log and its status, trims nothing, and tries
again from the start: trading goes on meanwhile, in the log server's memory.
"""

import contextlib
import logging
import os
import select
import signal
from collections.abc import Callable

import msgspec

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.archive.archiver import Archiver, Plan
from truebook.commandlog.archive.segment import SegmentDamaged
from truebook.commandlog.archive.store import ArchiveInUse, open_archive
from truebook.commandlog.durability import CHECKED, Durability
from truebook.commandlog.interface import (
    ROLES_CHANNEL,
    BusUnavailable,
    LogHole,
    LogLost,
    LogNotDurable,
    LogTrimmed,
    LogUnavailable,
    Publisher,
    Subscription,
    Trimmer,
)
from truebook.commandlog.valkey_publisher import ValkeyPublisher, ValkeySubscription
from truebook.commandlog.valkey_reader import ValkeyLogReader
from truebook.commandlog.valkey_trimmer import ValkeyTrimmer
from truebook.queries import Answer, decode_query, encode_answer

_logger = logging.getLogger(__name__)
LOOK_S = 0.25
"""How often it looks what has come: often enough, and seldom enough to take it in batches."""
AGAIN_S = 5.0
"""How soon it tries again after trouble."""
_UNCONNECTED_S = 0.1
_TROUBLE = (
    *(LogUnavailable, LogTrimmed, LogHole, LogLost),
    *(SegmentDamaged, ArchiveInUse, OSError),
)


class Archiving:
    """The loop around an archiver, which `make` gives anew after each trouble."""

    def __init__(
        self,
        make: Callable[[], Archiver],
        trimmer: Trimmer,
        questions: Subscription,
        publisher: Publisher,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.trouble = ""
        """Why nothing is archived at the moment; empty: it is."""
        self._make = make
        self._trimmer = trimmer
        self._questions = questions
        self._publisher = publisher
        self._clock = clock
        self._archiver: Archiver | None = None
        self._again_s = 0.0
        self._is_stopping = False
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)

    def run(self, serving: Callable[[], None]) -> None:
        """Work until `stop`. `serving` is called at once: nobody has to wait for an archive."""
        serving()
        while not self._is_stopping:
            is_busy = self.step()
            self._answer_questions()
            if not is_busy:
                self._wait()

    def stop(self) -> None:
        """Make `run` return soon; may be called by a signal's handler."""
        self._is_stopping = True
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"x")

    def step(self) -> bool:
        """Archive a batch; whether there is more at once."""
        if self._clock.elapsed_s() < self._again_s:
            return False
        try:
            if self._archiver is None:
                self._archiver = self._make()
                self._archiver.open()
            is_busy = self._archiver.step()
        except LogNotDurable:
            raise
        except _TROUBLE as error:
            self._give_up(error)
            return False
        if self.trouble:
            _logger.warning("archiving goes on behind %s", self._archiver.end.position)
            self.trouble = ""
        return is_busy

    def status(self) -> dict[str, str | int | float | bool]:
        """How far the archive is, and what the log server holds. `position` is up to where the log
        was read, `archived` what stands in segments."""
        found: dict[str, str | int | float | bool] = {"role": "archive", "trouble": self.trouble}
        if self._archiver is not None:
            end = self._archiver.end
            found |= {
                "position": str(self._archiver.position),
                "archived": str(end.position),
                "segments": end.number,
                "entries": end.entries,
                "chain": end.chain.hex(),
                "trimmed": str(self._archiver.trimmed),
                "heldBy": self._archiver.holder,
            }
        with contextlib.suppress(LogUnavailable):
            found["logBytes"] = self._trimmer.memory_bytes()
            for reader in self._trimmer.readers():
                found[f"reader {reader.name}"] = str(reader.position)
        return found

    def close(self) -> None:
        """Give everything back."""
        if self._archiver is not None:
            self._archiver.close()
        for held in (self._trimmer, self._questions, self._publisher):
            held.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _give_up(self, error: Exception) -> None:
        """Begin afresh in a while: what was under way is made anew from the log."""
        trouble = str(error)
        if trouble != self.trouble:
            _logger.error("nothing is archived: %s", trouble)
        self.trouble = trouble
        self._again_s = self._clock.elapsed_s() + AGAIN_S
        if self._archiver is not None:
            self._archiver.close()
            self._archiver = None

    def _answer_questions(self) -> None:
        for message in self._questions.receive():
            try:
                query = decode_query(message)
            except (ValueError, msgspec.MsgspecError) as error:
                _logger.warning("what came as a question is none: %s", error)
                continue
            status = self.status()
            answer = Answer(query.id, str(status.get("position", "0-0")), status=status)
            try:
                self._publisher.publish(query.channel, encode_answer(answer))
            except BusUnavailable as error:
                _logger.warning("an answer can't be sent: %s", error)

    def _wait(self) -> None:
        ears = [self._wake_read]
        seconds = _UNCONNECTED_S
        if self._questions.fileno() >= 0:
            ears.append(self._questions.fileno())
            seconds = LOOK_S
        select.select(ears, [], [], seconds)


def run_archiving(
    plan: Plan,
    *,
    log_url: str,
    bus_url: str,
    archive_url: str,
    durability: Durability = CHECKED,
    serving: Callable[[], None] = lambda: None,
) -> None:
    """Be the archive's process, until SIGTERM or SIGINT. Raises LogNotDurable."""

    def make() -> Archiver:
        log = ValkeyLogReader(log_url, durability=durability)
        return Archiver(open_archive(archive_url), log, ValkeyTrimmer(log_url), plan)

    archiving = Archiving(
        make,
        ValkeyTrimmer(log_url),
        ValkeySubscription(bus_url, ROLES_CHANNEL),
        ValkeyPublisher(bus_url),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: archiving.stop())
    try:
        archiving.run(serving)
    finally:
        archiving.close()
