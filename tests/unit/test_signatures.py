"""Both libraries that may verify requests judge alike, and take no more than RFC 8032 says."""

import random

import pytest
from nacl.bindings import crypto_scalarmult_ed25519_base_noclamp
from nacl.signing import SigningKey

from truebook import signatures
from truebook.signatures import NOT_TAKEN, is_signed, verify_by_libsodium

try:
    from ed25519_zebra import ed_verify as verify_by_zebra
except ImportError:
    verify_by_zebra = None

GROUP_ORDER = (1 << 252) + 27742317777372353535851937790883648493
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9"
        "b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f1"
        "1d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984d"
        "c6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.fixture(params=["libsodium", "zebra"], autouse=True)
def verify(request, monkeypatch):
    one = verify_by_libsodium if request.param == "libsodium" else verify_by_zebra
    if one is None:
        pytest.skip("there is no wheel of it here")
    monkeypatch.setattr(signatures, "_verify", one)


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize(("public_key", "message", "signature"), RFC_8032)
def test_the_vectors_of_the_standard_are_signed(public_key, message, signature):
    given = [bytes.fromhex(text) for text in (signature, message, public_key)]
    assert is_signed(*given)


def test_no_bit_of_signature_message_or_key_can_be_changed():
    public_key, message, signature = (bytes.fromhex(text) for text in RFC_8032[2])
    for bit in range(512):
        assert not is_signed(flipped(signature, bit), message, public_key)
    for bit in range(16):
        assert not is_signed(signature, flipped(message, bit), public_key)
    for bit in range(256):
        assert not is_signed(signature, message, flipped(public_key, bit))


def test_the_same_signature_with_a_larger_scalar_is_none():
    rng = random.Random(8032)
    for _ in range(20):
        key, message = SigningKey(rng.randbytes(32)), rng.randbytes(40)
        signature = key.sign(message).signature
        scalar = int.from_bytes(signature[32:], "little") + GROUP_ORDER
        assert is_signed(signature, message, bytes(key.verify_key))
        larger = signature[:32] + scalar.to_bytes(32, "little")
        assert not is_signed(larger, message, bytes(key.verify_key))


def test_nothing_is_signed_with_a_point_of_small_order_or_an_encoding_that_isnt_the_shortest():
    scalar = (7).to_bytes(32, "little")
    signature = crypto_scalarmult_ed25519_base_noclamp(scalar) + scalar
    for point in NOT_TAKEN:
        for number in range(16):
            message = b"%d" % number
            assert not is_signed(signature, message, point)
            assert not is_signed(point + bytes(32), message, point)


def test_a_first_half_of_small_order_is_taken_by_neither():
    """The owner could make such a signature: its scalar tells the secret."""
    key = SigningKey(bytes(range(32)))
    for point in NOT_TAKEN:
        assert not is_signed(point + bytes(32), b"", bytes(key.verify_key))


def test_points_that_arent_taken_are_those_of_small_order_and_what_has_a_shorter_encoding():
    assert len(NOT_TAKEN) == 2 * (5 + 19)
