"""The state hash: what it covers and how a record is hashed.

Promise: two engines in the same logical state have the same hash; one changed bit in any record
changes it (but for a chance of 2^-128; against a forger, snapshots carry BLAKE3 as well).

The hash of a state is the sum, modulo 2^64 in each of two lanes, of the hashes of its records. A
sum doesn't depend on order, so it doesn't depend on slots, free lists or table sizes, and a record
is taken out or put in without looking at any other. A record is a tuple of 64-bit words whose first
is its `Tag`; a lane's hash is the sum of word × odd key, put through MurmurHash3's 64-bit finalizer
(public domain). The words of each record:

    CLOCK    time_ms
    GATEWAY  number, sequence                                      once a sequence was applied
    ASSET    index, decimals, symbol (2 words), display name (3)
    MARKET   index, base | quote << 16 | state << 32, tick_mantissa, step_mantissa,
             tick_exponent | step_exponent << 8, price_min, price_max, quantity_min, quantity_max,
             price_reference, open_orders_max, band_max | band_min << 16 | impact_max << 32 |
             impact_min << 48, last_price, market sequence, last trade id
    TIER     index, maker_bp, taker_bp                             unless both are 0
    ACCOUNT  index, tier | flags << 8 | open_orders_max << 32, account sequence, name (3)
    KEY      public key (4), account | permissions << 32, expires_ms
    BALANCE  account | asset << 32, available, locked              unless both are 0
    ORDER    order_id, account | market << 32, price, quantity, remaining, executed_quote,
             priority, time_flags                                  while it rests
    CLIENT   account, client_id, order_id                          while it rests or is pending
    RULES    version                                               unless it is 1
    TRIGGER  order_id, account | market << 32, price, quantity, trigger_price, priority,
             time_flags                                            while it is pending
    TIMER    account | timer << 32, expires_ms                     while it is on
    WITHDRAWAL  withdrawal_id, account | asset << 32, amount       while it is pending
    REFERENCE   digest (2)                                         of every deposit that has one
    ATTESTER    slot | trusted << 32, public key (4), name (2)     once it was set

From version 2 of the rules on a tier stands in the hash once it was set, whatever its rates, and so
does tier 0. Signed numbers enter in two's complement, byte strings as little-endian words.
"""

from enum import IntEnum

WORDS_MAX = 17
_MASK = (1 << 64) - 1


class Tag(IntEnum):
    """The first word of a record: what it is."""

    CLOCK = 1
    GATEWAY = 2
    ASSET = 3
    MARKET = 4
    TIER = 5
    ACCOUNT = 6
    KEY = 7
    BALANCE = 8
    ORDER = 9
    CLIENT = 10
    RULES = 11
    TRIGGER = 12
    TIMER = 13
    WITHDRAWAL = 14
    REFERENCE = 15
    ATTESTER = 16


def _splitmix64(seed: int) -> int:
    """The seed-th number of SplitMix64 (Steele, Lea, Flood 2014) started at zero."""
    z = seed * 0x9E3779B97F4A7C15 & _MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
    return z ^ z >> 31


LANE_KEYS: tuple[tuple[int, ...], tuple[int, ...]] = (
    tuple(_splitmix64(i + 1) | 1 for i in range(WORDS_MAX)),
    tuple(_splitmix64(i + 1 + WORDS_MAX) | 1 for i in range(WORDS_MAX)),
)
"""Odd keys, one for each lane and word."""

FINAL_1 = 0xFF51AFD7ED558CCD
FINAL_2 = 0xC4CEB9FE1A85EC53


def _finalize(x: int) -> int:
    x = (x ^ x >> 33) * FINAL_1 & _MASK
    x = (x ^ x >> 33) * FINAL_2 & _MASK
    return x ^ x >> 33


def record_hash(tag: Tag, *words: int) -> tuple[int, int]:
    """The two lanes' hashes of one record; `words` as listed above."""
    low = high = 0
    for word, key_low, key_high in zip((int(tag), *words), *LANE_KEYS, strict=False):
        low += (word & _MASK) * key_low
        high += (word & _MASK) * key_high
    return _finalize(low & _MASK), _finalize(high & _MASK)


def to_bytes(low: int, high: int) -> bytes:
    """The state hash as it is shown and compared: 16 bytes, the high lane first."""
    return ((high & _MASK) << 64 | (low & _MASK)).to_bytes(16, "big")
