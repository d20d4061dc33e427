"""What engines attest, for whoever wants to hold a state against it.

Promise: only keys that the log trusts count, and only signed words: whoever edits a file or the
bus can take attestations away, and not make one.
"""

from collections.abc import Iterable, Mapping
from time import sleep

from truebook.clock import Clock
from truebook.commandlog.attestations import Attestation, AttestationStream, NotAnAttestation, read
from truebook.commandlog.interface import GENESIS, LogReader, Position
from truebook.limits import READ_ENTRIES_MAX
from truebook.verify.attesters import Attesters
from truebook.verify.engines import Engines

PATIENCE_S = 3.0
POLL_S = 0.05


def trusted_in(log: LogReader) -> dict[bytes, str]:
    """The names of the engines whose keys a log trusts where it ends, by their keys."""
    attesters = Attesters()
    position, end = GENESIS, log.last_position()
    while position < end and (entries := log.read(position, READ_ENTRIES_MAX, 0)):
        for entry in entries:
            attesters.follow(entry)
        position = entries[-1].position
    return attesters.trusted


def attested_now(
    attestations: AttestationStream, engines: Engines, trusted: Mapping[bytes, str], clock: Clock
) -> dict[bytes, Attestation]:
    """The newest attestation of each trusted engine, asked for now."""
    place = "0-0"
    while earlier := attestations.after(place, READ_ENTRIES_MAX):
        place = earlier[-1][0]
    engines.tell("attest")
    found: dict[bytes, Attestation] = {}
    deadline = clock.elapsed_s() + PATIENCE_S
    while len(found) < len(trusted) and clock.elapsed_s() < deadline:
        heard = attestations.after(place, READ_ENTRIES_MAX)
        place = heard[-1][0] if heard else place
        for attestation in trusted_of((message for _, message in heard), trusted):
            found[attestation.key] = attestation
        sleep(POLL_S)
    return found


def trusted_of(messages: Iterable[bytes], trusted: Mapping[bytes, str]) -> list[Attestation]:
    """Those of the messages that are attestations under a trusted key."""
    found = []
    for message in messages:
        try:
            attestation = read(message)
        except NotAnAttestation:
            continue
        if attestation.key in trusted:
            found.append(attestation)
    return found


def first_at(
    attestations: Iterable[Attestation], after: Position, until: Position
) -> Attestation | None:
    """The first of them from a position to another, of an engine that knows of no fault in itself;
    None: nothing is attested there."""
    there = (a for a in attestations if a.fault is None and after <= a.of.position <= until)
    return min(there, key=lambda attestation: attestation.of.position, default=None)
