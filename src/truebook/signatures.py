"""Whether a request is signed: the one place where Ed25519 signatures of requests are verified.

Promise: True only for what the owner of the key's secret has signed, byte for byte. Nobody else can
make of a signature another one for the same message: then it would have two marks, and could be
used twice (commandlog/once.py). Why, whichever library verifies:

* The scalar is below the order of the group, or it is refused. The other half of a signature is
  hashed with the message, so whoever changes it needs a new scalar, and for that the secret.
* `NOT_TAKEN` is refused as a key and as the first half of a signature: the points of small order,
  for which anybody can make signatures, and every encoding that has a shorter one. Where keys are
  registered (commands.set_key), those of mixed order are refused too.

ed25519-zebra takes two thirds of libsodium's time, and half of what an order costs a gateway is its
signature; but there isn't a wheel of it for every system. It follows ZIP 215: it multiplies by the
cofactor, so that the owner of a secret, and nobody else, can make signatures that it takes and
libsodium doesn't. For a request that is nobody's harm. Evidence is another thing: what different
machines must judge alike (attestations, proofs, statements) goes by libsodium alone.
"""

from collections.abc import Callable

from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

Verify = Callable[[bytes, bytes, bytes], bool]
"""Takes signature, message and public key, in this order."""

_PRIME = (1 << 255) - 19
_SIGN = 1 << 255
"""The bit of an encoded point that tells which of two it is."""
_OF_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = (0, 1, _PRIME - 1, _OF_ORDER_8, _PRIME - _OF_ORDER_8)

NOT_TAKEN = frozenset(
    (number | sign).to_bytes(32, "little")
    for number in (*_SMALL_ORDER, *range(_PRIME, _SIGN))
    for sign in (0, _SIGN)
)
"""Encodings of points that no signature is taken with."""


def verify_by_libsodium(signature: bytes, message: bytes, public_key: bytes) -> bool:
    """Whether it is one; `signature` has 64 bytes and `public_key` 32."""
    try:
        crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        return False
    return True


def _fastest() -> Verify:
    try:
        from ed25519_zebra import ed_verify
    except ImportError:
        return verify_by_libsodium
    verify: Verify = ed_verify
    return verify


_verify = _fastest()


def is_signed(signature: bytes, message: bytes, public_key: bytes) -> bool:
    """Whether the key's owner has signed the message; of 64 bytes and 32."""
    if public_key in NOT_TAKEN or signature[:32] in NOT_TAKEN:
        return False
    return _verify(signature, message, public_key)
