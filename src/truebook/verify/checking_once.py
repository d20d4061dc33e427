"""Everything that the witness watches, checked once, now.

Promise: every trusted engine is asked to attest where it stands, and what it attests is compared
with the log itself; a difference is told with every record that differs. Nothing is changed:
nobody is halted or restarted by a check.
"""

from collections.abc import Callable

from msgspec import Struct

from truebook.clock import Clock
from truebook.commandlog.attestations import Attestation, AttestationStream
from truebook.commandlog.halts import HaltBook
from truebook.commandlog.interface import LogReader, Position
from truebook.verify.attested import attested_now, trusted_in
from truebook.verify.differences import differences, told
from truebook.verify.engines import Engines
from truebook.verify.truth import NoSuchPosition, Truth


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
    trusted = trusted_in(parts.log)
    found: list[Found] = []
    if not trusted:
        what = "nobody is trusted: no engine's key is in the log, so nothing that one says counts"
        found.append(Found("log", str(parts.log.last_position()), what))
    halt = parts.book.read().halt
    if halt is not None:
        found.append(Found(halt.engine, halt.first, f"the venue is halted: {halt.what}"))
    show("asking the engines")
    newest = attested_now(parts.attestations, parts.engines, trusted, parts.clock)
    show("comparing with the log")
    for key, name in sorted(trusted.items(), key=lambda pair: pair[1]):
        if key not in newest:
            found.append(Found(name, "?", "attests nothing"))
        elif what := _wrong(parts, name, newest[key]):
            found.append(Found(name, str(newest[key].of.position), what))
    return sorted(trusted.values()), found


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
