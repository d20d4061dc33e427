"""Everything that the witness watches, checked once, now.

Promise: every trusted engine is asked to attest where it stands, and what it attests is compared
with the log itself; a difference is told with every record that differs. Nothing is changed:
nobody is halted or restarted by a check.
"""

from collections.abc import Callable
from time import sleep

from msgspec import Struct

from truebook.clock import Clock
from truebook.commandlog.attestations import Attestation, AttestationStream, NotAnAttestation, read
from truebook.commandlog.halts import HaltBook
from truebook.commandlog.interface import GENESIS, LogReader, Position
from truebook.limits import READ_ENTRIES_MAX
from truebook.verify.attesters import Attesters
from truebook.verify.differences import differences, told
from truebook.verify.engines import Engines
from truebook.verify.truth import NoSuchPosition, Truth

PATIENCE_S = 3.0
POLL_S = 0.05


class Found(Struct, rename="camel"):
    """Something that is wrong."""

    who: str
    position: str
    what: str

    def __str__(self) -> str:
        return f"{self.who} at {self.position}: {self.what}"


class Parts:
    """What a check needs; the caller closes it."""

    def __init__(
        self,
        log: LogReader,
        truth: Truth,
        engines: Engines,
        attestations: AttestationStream,
        book: HaltBook,
        clock: Clock,
    ) -> None:
        self.log = log
        self.truth = truth
        self.engines = engines
        self.attestations = attestations
        self.book = book
        self.clock = clock


def check_engines(parts: Parts, show: Callable[[str], None]) -> tuple[list[str], list[Found]]:
    """The names of the engines that are trusted, and what is wrong with them."""
    show("reading whom the log trusts")
    trusted = _trusted(parts.log)
    found: list[Found] = []
    halt = parts.book.read().halt
    if halt is not None:
        found.append(Found(halt.engine, halt.first, f"the venue is halted: {halt.what}"))
    show("asking the engines")
    newest = _attested(parts, trusted)
    show("comparing with the log")
    for key, name in sorted(trusted.items(), key=lambda pair: pair[1]):
        if key not in newest:
            found.append(Found(name, "?", "attests nothing"))
        elif what := _wrong(parts, name, newest[key]):
            found.append(Found(name, str(newest[key].of.position), what))
    return sorted(trusted.values()), found


def _trusted(log: LogReader) -> dict[bytes, str]:
    attesters = Attesters()
    position, end = GENESIS, log.last_position()
    while position < end and (entries := log.read(position, READ_ENTRIES_MAX, 0)):
        for entry in entries:
            attesters.follow(entry)
        position = entries[-1].position
    return attesters.trusted


def _attested(parts: Parts, trusted: dict[bytes, str]) -> dict[bytes, Attestation]:
    """The newest attestation of each, asked for now."""
    place = "0-0"
    while earlier := parts.attestations.after(place, READ_ENTRIES_MAX):
        place = earlier[-1][0]
    parts.engines.tell("attest")
    found: dict[bytes, Attestation] = {}
    deadline = parts.clock.elapsed_s() + PATIENCE_S
    while len(found) < len(trusted) and parts.clock.elapsed_s() < deadline:
        heard = parts.attestations.after(place, READ_ENTRIES_MAX)
        place = heard[-1][0] if heard else place
        for _, message in heard:
            try:
                attestation = read(message)
            except NotAnAttestation:
                continue
            if attestation.key in trusted:
                found[attestation.key] = attestation
        sleep(POLL_S)
    return found


def _wrong(parts: Parts, name: str, attestation: Attestation) -> str:
    """What is wrong with what an engine attests; empty: nothing."""
    of = attestation.of
    try:
        right = parts.truth.at(of.position)
    except NoSuchPosition as error:
        return str(error)
    words = [] if attestation.fault is None else [str(attestation.fault)]
    if of.chain != right.chain:
        words.append(f"it has read another log: chain {of.chain.hex()}, not {right.chain.hex()}")
    if of.event_hash != right.event_hash:
        words.append("it has made other events")
    if of.state_hash != right.state_hash:
        words.append(f"its state is another: {_records(parts, name)}")
    return "; ".join(words)


def _records(parts: Parts, name: str) -> str:
    answered = parts.engines.records(name)
    if answered is None:
        return "it doesn't tell its records"
    position, tables = answered
    try:
        parts.truth.at(Position(*position))
    except NoSuchPosition as error:
        return str(error)
    return told(differences(tables, parts.truth.engine.export()))
