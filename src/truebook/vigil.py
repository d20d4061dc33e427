"""What an engine does so that it is found out if it is not what its log says.

Promise: an engine with a vigil attests its state where commandlog/attestations.py says, looks
through its own memory all the time, and neither applies nor publishes anything more once it has
found something there that its commands didn't make, or once somebody has halted the venue.

Where it looks costs nobody anything: after a batch for as many records as the batch's commands are
worth (so a round ends within a number of commands), and a little whenever it is idle.
"""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
from nacl.signing import SigningKey

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.attestations import (
    EVERY_ENTRIES,
    EVERY_MS,
    AttestationStream,
    Attested,
    sign,
)
from truebook.commandlog.halts import Halt, HaltBook
from truebook.commandlog.interface import (
    GENESIS,
    BusUnavailable,
    LogEntry,
    LogUnavailable,
    Position,
)
from truebook.commandlog.replies import Made
from truebook.engine.canonical.packing import pack_tables
from truebook.engine.interface import Engine
from truebook.engine.scrubbing.interface import Scrubber
from truebook.faults import Fault
from truebook.messages import COMMAND_BYTES, EntryStatus

_logger = logging.getLogger(__name__)
UNSENT_MAX = 64
"""Attestations that wait while the bus is away; older ones are then worth nothing."""
_APPLIED = int(EntryStatus.APPLIED)
DISPUTE_S = 5.0
"""How long a witness may take to say who is right, before gateways are told that something is
wrong."""
SUSPECTED_S = 5.0
PART_BYTES = 4 << 20
"""Of the state, in one message of the bus."""
COMMANDS_AT_ONCE_MIN = 16
"""What fewer are worth is looked at with what the next ones are, or in an idle moment."""
COMMANDS_AT_ONCE_MAX = 1024
"""Worth half a millisecond of looking; what a larger batch is worth is looked at after the next."""
COMMANDS_OWED_MAX = 1 << 16
"""For what came at once a round or two are enough: more would only take time from what comes."""
IDLE_S = 0.2
"""How often an idle engine looks through a bit of its memory."""


class Ends(NamedTuple):
    """Running hashes: of the log's entries, and of the events made of them."""

    chain: bytes
    event_hash: bytes


class Vigil:
    """One engine's; the node tells it what it does."""

    def __init__(
        self,
        name: str,
        key: Callable[[], SigningKey],
        stream: AttestationStream,
        book: HaltBook,
        make_scrubber: Callable[[Engine], Scrubber],
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """`key` gives the one to sign with now."""
        self.fault: Fault | None = None
        """What this engine has found in itself: then nothing it says counts any more."""
        self.halt: Halt | None = None
        """Why nothing may be published."""
        self.last_word = b""
        """The newest attestation."""
        self._name = name
        self._key = key
        self._engine: Engine | None = None
        self._stream = stream
        self._book = book
        self._make_scrubber = make_scrubber
        self._scrubber: Scrubber | None = None
        self._clock = clock
        self._time_ms = 0
        self._from = GENESIS
        self._commands = 0
        self._disputed = ""
        self._disputed_s = 0.0
        self._suspected_until_s = 0.0
        self._exported = GENESIS, b""
        self._unsent: list[bytes] = []
        self._next_look = 0.0

    @property
    def _watched(self) -> Engine:
        assert self._engine is not None
        return self._engine

    @property
    def is_silent(self) -> bool:
        """Whether it must not say how the venue is: it has found a fault in itself and stands by,
        or it has disputed what is published for less than DISPUTE_S."""
        if self.halt is not None:
            return False
        disputes = self._clock.elapsed_s() - self._disputed_s < DISPUTE_S
        return self.fault is not None or (bool(self._disputed) and disputes)

    @property
    def is_halted(self) -> bool:
        """Whether the engine must apply and publish nothing."""
        if self.fault is not None or self.halt is not None:
            return True
        until_s = self._suspected_until_s
        return until_s > 0.0 and self._clock.elapsed_s() < until_s

    @property
    def is_mistrusted(self) -> bool:
        """Whether it is this engine that is wrong."""
        return self.fault is not None or (self.halt is not None and self.halt.engine == self._name)

    @property
    def reason(self) -> str:
        """Why it is halted; empty: it isn't."""
        if self.halt is not None:
            return f"{self.halt.engine} is not what its log says: {self.halt.what}"
        return self._disputed if self.fault is None else str(self.fault)

    def dispute(self, what: str) -> None:
        """What is published isn't what this engine has made."""
        self._disputed, self._disputed_s = what, self._clock.elapsed_s()

    def start(self, engine: Engine, log_end: Position) -> None:
        """Behind `log_end` it attests and looks through its memory: what stood in the log before is
        only made again. Raises LogUnavailable."""
        self._engine = engine
        self._time_ms = engine.time_ms()
        self._from = log_end
        if log_end == GENESIS:
            self._scrubber = self._make_scrubber(engine)
        self.look()

    def trusted(self) -> Callable[[Position], bool]:
        """Tells whether a snapshot of a position may be used: whether it is certain that no engine
        was wrong there. Raises LogUnavailable."""
        distrusted = self._book.read().distrusted
        return lambda position: not any(one.covers(position) for one in distrusted)

    def look(self) -> None:
        """Learn whether the venue is halted. Raises LogUnavailable."""
        halt = self._book.read().halt
        if halt is not None and self.halt is None:
            _logger.critical(
                "the venue is halted at %s: %s, first at %s: %s; `truebook resume` goes on",
                *(halt.agreed or "an unknown position", halt.engine, halt.first, halt.what),
            )
        self.halt = halt

    def together(self, entries: Sequence[LogEntry], done: int) -> int:
        """How many of the next entries, behind `done` ones, to apply at once: it must be asked to
        attest after the last of them."""
        time_ms = self._time_ms
        for count, entry in enumerate(entries, 1):
            before, time_ms = time_ms, max(time_ms, entry.time_ms)
            is_first = time_ms // EVERY_MS != before // EVERY_MS
            if entry.position > self._from and (is_first or (done + count) % EVERY_ENTRIES == 0):
                return count
        return len(entries)

    def applied(
        self, entries: Sequence[LogEntry], all_made: Sequence[Made], done: int, ends: Ends
    ) -> None:
        """These were applied, after which there are `done` since genesis: attest if it is due."""
        before = self._time_ms
        self._time_ms = self._watched.time_ms()
        last = entries[-1]
        if self._scrubber is not None:
            gateways = [(m.gateway, m.sequence) for m in all_made if m.status == _APPLIED]
            self._scrubber.applied(b"".join([made.events for made in all_made]), gateways)
            owed = self._commands + sum([len(entry.data) for entry in entries]) // COMMAND_BYTES
            self._commands = min(owed, COMMANDS_OWED_MAX)
        elif last.position >= self._from:
            self._scrubber = self._make_scrubber(self._watched)
        if last.position <= self._from:
            return
        if self._time_ms // EVERY_MS != before // EVERY_MS or done % EVERY_ENTRIES == 0:
            self.attest(last.position, done, ends)

    def attest(self, position: Position, entries: int, ends: Ends) -> None:
        """Say where the engine is."""
        of = Attested(position, entries, self._time_ms, *ends, self._watched.state_hash())
        self._send(sign(self._key(), of, self.fault))

    def watch(self, is_idle: bool) -> bool:
        """Look through as much memory as the commands since the last time are worth, and a bit
        where there were none; True where a fault was found just now."""
        commands = min(self._commands, COMMANDS_AT_ONCE_MAX)
        if commands < COMMANDS_AT_ONCE_MIN:
            now = self._clock.elapsed_s()
            if not is_idle or now < self._next_look:
                return False
            self._next_look = now + IDLE_S
            commands = self._commands = 0  # an idle moment is worth more than these
        self._commands -= commands
        if self._scrubber is None or self.is_halted:
            return False
        self.fault = self._scrubber.scrub(commands)
        if self.fault is not None:
            _logger.critical("%s stops: %s", self._name, self.fault)
        return self.fault is not None

    def halt_venue(self, position: Position) -> None:
        """This engine publishes, and is wrong: nobody may go on from what it has told. Until the
        log server can be reached, only this engine stands still."""
        assert self.fault is not None
        halt = Halt(self._name, "", "", str(position), str(self.fault), self._clock.now_ms())
        try:
            standing = self._book.read()
            self._book.write(msgspec.structs.replace(standing, halt=halt))
        except LogUnavailable as error:
            _logger.critical("that the venue is halted can't be written down: %s", error)
        self.halt = halt

    def records(self, position: Position, part: int) -> tuple[Position, bytes, int]:
        """A part of the whole state, and how many there are: as of when part 0 was asked for.

        Who asks suspects this engine: it stands still for a while, until it is told what to do."""
        self._suspected_until_s = self._clock.elapsed_s() + SUSPECTED_S
        if part == 0:
            self._exported = position, pack_tables(self._watched.export())
        at, packed = self._exported
        parts = -(-len(packed) // PART_BYTES)
        return at, packed[part * PART_BYTES : (part + 1) * PART_BYTES], parts

    def close(self) -> None:
        """Give everything back."""
        self._stream.close()
        self._book.close()

    def _send(self, message: bytes) -> None:
        """Publish it, with what couldn't be before."""
        self.last_word = message
        self._unsent = [*self._unsent, message][-UNSENT_MAX:]
        try:
            while self._unsent:
                self._stream.add(self._unsent[0])
                del self._unsent[0]
        except BusUnavailable as error:
            _logger.warning("an attestation can't be sent: %s", error)
