"""What an engine says of the state it has reached, signed: so that engines can be compared.

Promise: nobody but the holder of an engine's key makes an attestation in its name, and none can be
taken for anything else that the key ever signs. Two right engines attest the same at a position,
byte for byte but for key and signature.

Where engines attest follows from the log alone, so that their attestations meet: at every
`EVERY_ENTRIES`th entry since genesis, and at the first entry of each `EVERY_MS` of log time.

A **fault** is an attestation too: the engine found that something other than its commands has
changed its memory (engine/scrubbing), names the place, and says nothing more.
"""

from struct import Struct
from typing import NamedTuple, Protocol

import msgspec
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey

from truebook.commandlog.interface import Position
from truebook.faults import Fault

EVERY_ENTRIES = 256
EVERY_MS = 100
"""Divides a second, and is well below what a person notices."""

_DOMAIN = b"truebook attests"
_VOTES = b"truebook a vote:"
_BODY = Struct("<16s32s2QQq32s32s16s")
_VOTE = Struct("<16s32s2Q32s")
_SIGNATURE_BYTES = 64


class Attested(NamedTuple):
    """Where an engine is, and all that it knows there."""

    position: Position
    entries: int
    """Since genesis, this one included."""
    time_ms: int
    """The engine's."""
    chain: bytes
    event_hash: bytes
    state_hash: bytes


class Attestation(NamedTuple):
    """What one engine attests."""

    key: bytes
    """Its public key."""
    of: Attested
    fault: Fault | None = None


class NotAnAttestation(ValueError):
    """Bytes that nobody signed as an attestation."""


_encode_fault = msgspec.msgpack.Encoder().encode
_decode_fault = msgspec.msgpack.Decoder(Fault).decode


def sign(key: SigningKey, of: Attested, fault: Fault | None = None) -> bytes:
    """The attestation as it is published."""
    position, *numbers, chain, event_hash, state_hash = of
    body = _BODY.pack(
        _DOMAIN, bytes(key.verify_key), *position, *numbers, chain, event_hash, state_hash
    )
    return bytes(key.sign(body + (b"" if fault is None else _encode_fault(fault))))


def read(message: bytes) -> Attestation:
    """The attestation in these bytes, its signature checked; whether its key is trusted is another
    question. Raises NotAnAttestation."""
    if len(message) < _SIGNATURE_BYTES + _BODY.size:
        raise NotAnAttestation("too short for an attestation")
    domain, key, high, low, entries, time_ms, *hashes = _BODY.unpack_from(message, _SIGNATURE_BYTES)
    try:
        body = crypto_sign_open(message, key)
        fault = _decode_fault(body[_BODY.size :]) if len(body) > _BODY.size else None
    except (BadSignatureError, msgspec.MsgspecError, ValueError) as error:
        raise NotAnAttestation(f"not an attestation: {error}") from None
    if domain != _DOMAIN:
        raise NotAnAttestation("signed, but no attestation")
    return Attestation(key, Attested(Position(high, low), entries, time_ms, *hashes), fault)


def sign_vote(key: SigningKey, position: Position, event_hash: bytes) -> bytes:
    """Only how the events go up to a position: what a quorum is about (publication.py)."""
    return bytes(key.sign(_VOTE.pack(_VOTES, bytes(key.verify_key), *position, event_hash)))


def read_vote(message: bytes) -> tuple[bytes, Position, bytes]:
    """Key, position and event hash of a vote. Raises NotAnAttestation."""
    if len(message) != _SIGNATURE_BYTES + _VOTE.size:
        raise NotAnAttestation("a vote has another length")
    domain, key, high, low, event_hash = _VOTE.unpack_from(message, _SIGNATURE_BYTES)
    try:
        crypto_sign_open(message, key)
    except BadSignatureError as error:
        raise NotAnAttestation(f"not a vote: {error}") from None
    if domain != _VOTES:
        raise NotAnAttestation("signed, but no vote")
    return key, Position(high, low), event_hash


class AttestationStream(Protocol):
    """What all engines attest, on the bus: bounded, and as fleeting as all there. Every method may
    raise BusUnavailable; the next call connects again."""

    def add(self, message: bytes) -> None:
        """Publish one."""

    def after(self, place: str, count: int) -> list[tuple[str, bytes]]:
        """Up to `count` behind a place, `0-0` for the oldest that is kept, with their places."""

    def newest(self, count: int) -> list[bytes]:
        """Up to `count` of the latest, the latest first."""

    def close(self) -> None:
        """Give the connection back."""


def is_due(entries: int, time_ms: int, before_ms: int) -> bool:
    """Whether an engine attests after its `entries`th entry, which moved its time so."""
    return entries % EVERY_ENTRIES == 0 or time_ms // EVERY_MS != before_ms // EVERY_MS
