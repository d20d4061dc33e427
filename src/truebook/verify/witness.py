"""The witness: compares what engines attest, and where they differ finds out from the log who is
wrong, since when, and in what.

Promise: two trusted engines that attest different things at one position are both compared with the
log itself (truth.py): not a vote decides. The verdict names the engine, the interval (the last
position at which it was right, the first at which it was not) and every record that differs, with
both values. An engine that has found a fault in itself is judged in the same way.

What follows from a verdict: if the engine publishes, the venue is halted (halts.py), and stays so
until `truebook resume`. If it stands by, it is told to begin again from the log, and trading goes
on. docs/witness.md tells what to do.
"""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeGuard

from msgspec import Struct, structs

from truebook.clock import Clock
from truebook.commandlog.attestations import Attestation, Attested, NotAnAttestation, read
from truebook.commandlog.halts import DISTRUSTED_MAX, Distrusted, Halt, HaltBook
from truebook.commandlog.interface import GENESIS, BusUnavailable, Position
from truebook.faults import Fault
from truebook.verify.attesters import Attesters
from truebook.verify.differences import differences, told
from truebook.verify.engines import Engines
from truebook.verify.truth import NoSuchPosition, Truth

_logger = logging.getLogger(__name__)
DATABASE = "database"
"""Stands for an engine in a verdict about rows of the database."""
FILES = "files"
"""The same for snapshots and segments of the archive."""
KEPT_MAX = 4096
"""Positions at which something was attested that nobody else has attested yet."""


class Verdict(Struct, rename="camel", frozen=True):
    """Who was found wrong, and how."""

    engine: str
    agreed: str
    """The last position at which it is known to have been right."""
    first: str
    """The first at which it was not."""
    what: str
    published: bool
    """Whether it was the engine that publishes: then the venue is halted."""
    at_ms: int

    def __str__(self) -> str:
        if self.engine == FILES:
            return f"a file is wrong: {self.what}"
        if self.engine == DATABASE:
            return f"the database is wrong between {self.agreed} and {self.first}: {self.what}"
        outcome = "the venue is halted" if self.published else "it begins again from the log"
        since = f"right at {self.agreed}, not at {self.first}"
        if self.agreed == self.first:
            since = f"all that it told up to {self.first} is right, its memory there isn't"
        return f"{self.engine} is wrong: {since}: {self.what} ({outcome})"


def announce(verdict: Verdict) -> None:
    """The line of the witness's log that a verdict makes: whoever collects logs finds its fields
    there."""
    _logger.critical(
        "verdict engine=%s agreed=%s first=%s published=%s atMs=%d: %s",
        *(verdict.engine, verdict.agreed, verdict.first, verdict.published, verdict.at_ms),
        verdict,
    )


class Witness:
    """One log's and bus's. Its methods may raise what reading the log raises, BusUnavailable and
    LogUnavailable; what was under way is then done again."""

    def __init__(
        self,
        truth: Truth,
        engines: Engines,
        book: HaltBook,
        clock: Clock,
        agreed: Attested | None = None,
        condemned: Mapping[bytes, Position] = MappingProxyType({}),
    ) -> None:
        self.agreed = agreed
        """The last attestation that at least two engines, or one and the log, agree on."""
        self.verdicts: list[Verdict] = []
        self.condemned = dict(condemned)
        """Engines that were told to begin again, by key, and the last position they were wrong
        at."""
        self.refused = 0
        """Attestations that nobody has signed who was trusted there."""
        self.attesters = Attesters()
        """Whom the log trusts: to be kept up to date by the caller."""
        self._truth = truth
        self._engines = engines
        self._book = book
        self._clock = clock
        self._attested: dict[Position, dict[bytes, Attested]] = {}
        self._right: dict[bytes, Attested] = {}
        """Of each engine the newest attestation that is known to be right."""
        if agreed is not None:
            truth.agree(agreed)

    def hear(self, message: bytes) -> None:
        """Take an attestation."""
        try:
            attestation = read(message)
        except NotAnAttestation as error:
            self.refused += 1
            _logger.warning("on the attestations' stream: %s", error)
            return
        name = self.attesters.name_at(attestation.key, attestation.of.position)
        if name is None:
            self.refused += 1
            return
        if attestation.fault is not None:
            self._judge_fault(name, attestation, attestation.fault)
        elif attestation.of.position > self.condemned.get(attestation.key, GENESIS):
            self._compare(attestation)

    def check_alone(self) -> None:
        """Compare the newest attestation that nobody else has made with the log itself."""
        if self._attested:
            position = max(self._attested)
            self._settle(position, self._attested[position])

    def newest(self) -> dict[str, Attested]:
        """The newest attestation of each engine that is waiting to be compared."""
        found: dict[str, Attested] = {}
        for position in sorted(self._attested):
            for key, of in self._attested[position].items():
                found[self.attesters.name_of(key)] = of
        return found

    # judging

    def _compare(self, attestation: Attestation) -> None:
        """See whether others attest the same at that position."""
        position = attestation.of.position
        here = self._attested.setdefault(position, {})
        here[attestation.key] = attestation.of
        while len(self._attested) > KEPT_MAX:
            del self._attested[min(self._attested)]
        if len(here) < 2:
            return
        if len(set(here.values())) == 1:
            self._agree(attestation.of, here)
        else:
            self._settle(position, here)

    def _agree(self, of: Attested, here: dict[bytes, Attested]) -> None:
        for key in here:
            if here[key] == of and (key not in self._right or self._right[key] < of):
                self._right[key] = of
        if self.agreed is None or of.position >= self.agreed.position:
            self.agreed = of
            self._truth.agree(of)
        # Older ones stay for a while: an engine that lags may still come to differ there.
        trusted = len(self.attesters.trusted)
        for position in [p for p in self._attested if p < of.position]:
            if len(self._attested[position]) >= trusted or len(self._attested) > 64:
                del self._attested[position]

    def _settle(self, position: Position, here: dict[bytes, Attested]) -> None:
        """The log decides what is right there: who isn't?"""
        right = self._truth.at(position)
        if any(of != right for of in here.values()):
            self._truth.look_again()
            right = self._truth.at(position)
        wrong = [key for key, of in here.items() if of != right]
        if self._truth.is_late(position):
            # They have said it before that was a fact; what they say behind it counts.
            for key in wrong:
                del here[key]
            wrong = []
        if len(wrong) < len(here):
            self._agree(right, here)
        for key in wrong:
            self._convict(key, here[key], right)

    def _convict(self, key: bytes, of: Attested, right: Attested) -> None:
        """An engine attests what isn't so."""
        name = self.attesters.name_of(key)
        agreed, first = self._interval(key, of.position)
        kinds = [kind for kind in ("chain", "event_hash", "state_hash") if _differ(kind, of, right)]
        if "chain" in kinds:
            what = (
                "it has read another log than stands there now: its chain is"
                f" {of.chain.hex()}, not {right.chain.hex()}; `truebook log verify` tells which"
                " entry was changed, if the log was"
            )
        else:
            what = f"its {' and '.join(_WORDS[kind] for kind in kinds)}"
        self._pass_verdict(key, name, agreed, first, what)

    def _interval(self, key: bytes, wrong_at: Position) -> tuple[Attested | None, Position]:
        """The last position known where it was right, the first known where it wasn't."""
        attested = {
            position: here[key]
            for position, here in self._attested.items()
            if key in here and position <= wrong_at and not self._truth.is_late(position)
        }
        rights = self._truth.at_all(attested)
        first = min((p for p in attested if attested[p] != rights[p]), default=wrong_at)
        known = [rights[p] for p in attested if p < first]
        known += [of for of in (self._right.get(key), self.agreed) if self._is_known(of, first)]
        return max(known, default=None), first

    def _is_known(self, of: Attested | None, before: Position) -> TypeGuard[Attested]:
        return of is not None and of.position < before and not self._truth.is_late(of.position)

    def _judge_fault(self, name: str, attestation: Attestation, fault: Fault) -> None:
        """An engine has found something in its own memory."""
        of = attestation.of
        if of.position <= self.condemned.get(attestation.key, Position(-1, 0)):
            return
        right = self._truth.at(of.position)
        events = right.event_hash == of.event_hash
        agreed = right if events else self._interval(attestation.key, of.position)[0]
        what = str(fault)
        if not events:
            what += "; its events are wrong, too"
        self._pass_verdict(attestation.key, name, agreed, of.position, what)

    def _pass_verdict(
        self, key: bytes, name: str, agreed: Attested | None, first: Position, what: str
    ) -> None:
        statuses = self._engines.status(len(self.attesters.trusted))
        status = statuses.get(name, {})
        standing = self._book.read()
        publishes = bool(status.get("active")) or (
            standing.halt is not None and standing.halt.engine == name
        )
        if publishes:
            self._halt(name, agreed, first, what)
        stands_at, found = self._named(name)
        what = f"{what}; {found}" if found else what
        self._distrust(agreed, max(first, stands_at))
        if publishes:
            self._halt(name, agreed, first, what)
        else:
            self._engines.tell("restart", name)
        agreed_at = "no known position" if agreed is None else str(agreed.position)
        verdict = Verdict(name, agreed_at, str(first), what, publishes, self._clock.now_ms())
        announce(verdict)
        self.verdicts.append(verdict)
        # What it has attested up to now is dealt with; what it attests anew is looked at again.
        positions = [p for p, here in self._attested.items() if here.pop(key, None)]
        self.condemned[key] = max([first, stands_at, *positions])

    def _halt(self, name: str, agreed: Attested | None, first: Position, what: str) -> None:
        position, event_hash = ("", "")
        if agreed is not None:
            position, event_hash = str(agreed.position), agreed.event_hash.hex()
        halt = Halt(name, position, event_hash, str(first), what, self._clock.now_ms())
        self._book.write(structs.replace(self._book.read(), halt=halt))
        self._engines.tell("verdict")

    def _distrust(self, agreed: Attested | None, until: Position) -> None:
        """No engine starts from a snapshot that was taken meanwhile."""
        after = GENESIS if agreed is None else agreed.position
        standing = self._book.read()
        listed = [*standing.distrusted, Distrusted(str(after), str(until))][-DISTRUSTED_MAX:]
        self._book.write(structs.replace(standing, distrusted=listed))

    def _named(self, name: str) -> tuple[Position, str]:
        """Where the engine stands, and which of its records aren't what the log says."""
        try:
            answered = self._engines.records(name)
        except BusUnavailable:
            answered = None
        if answered is None:
            return GENESIS, "it doesn't tell its records"
        position, found = answered
        try:
            self._truth.at(position)
        except NoSuchPosition as error:
            return position, f"it stands at {position}: {error}"
        return position, told(differences(found, self._truth.engine.export()))


_WORDS = {"event_hash": "events are others", "state_hash": "state is another"}


def _differ(kind: str, one: Attested, other: Attested) -> bool:
    return bool(getattr(one, kind) != getattr(other, kind))
