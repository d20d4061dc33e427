"""Plain numbers that a process keeps of its work, cheap enough for its fastest loop.

Promise: keeping one costs an addition, or for a time one clock reading and one addition to a list;
nothing is locked, allocated, formatted or sent. Whoever wants to know reads them from another
thread, now and then (telemetry/): each number is whole, and a moment old.

Times are sorted into buckets, four to each doubling, from 1 µs to 16 s: so a quantile that is read
off them is at most 25 % too high, and keeping a million times takes 750 bytes.
"""

from collections.abc import Mapping, Sequence

SUB_BUCKETS = 4
"""Of each doubling."""
DOUBLINGS = 24
"""2^24 µs are 16.8 s: longer ones stand in the last bucket."""
BUCKETS = SUB_BUCKETS * (DOUBLINGS - 1)
LONGEST_US = (1 << DOUBLINGS) - 1


def _bucket_of(us: int) -> int:
    """The bucket of a time in microseconds."""
    if us < SUB_BUCKETS:
        return max(us, 0)
    bits = us.bit_length()
    return min(SUB_BUCKETS * (bits - 2) + (us >> (bits - 3) & 3), BUCKETS - 1)


_FIRST_US = 1 << 12
_FIRST = bytes(map(_bucket_of, range(_FIRST_US)))
"""Those of nearly all times: looking one up is a step instead of six."""


class Latency:
    """How long something took, each time."""

    __slots__ = ("counts", "longest_s", "sum_s")

    def __init__(self) -> None:
        self.counts = [0] * BUCKETS
        """How many there were in each bucket."""
        self.sum_s = 0.0
        self.longest_s = 0.0

    def add(self, seconds: float, times: int = 1) -> None:
        """It took so long, so many times."""
        us = int(seconds * 1e6)
        self.counts[_FIRST[us] if 0 <= us < _FIRST_US else _bucket_of(us)] += times
        self.sum_s += seconds * times
        if seconds > self.longest_s:
            self.longest_s = seconds


def bucket_end_us(index: int) -> int:
    """The time, in microseconds, that all times in a bucket are below."""
    if index < SUB_BUCKETS:
        return index + 1
    doubling, sub = divmod(index, SUB_BUCKETS)
    return (SUB_BUCKETS + sub + 1) << (doubling - 1)


def quantile_s(counts: Mapping[int, int], share: float) -> float:
    """A time in seconds that at least this share of times is below; 0 if there are none."""
    wanted = share * sum(counts.values())
    seen = 0
    for index in sorted(counts):
        seen += counts[index]
        if seen and seen >= wanted:
            return bucket_end_us(index) / 1e6
    return 0.0


def filled(counts: Sequence[int]) -> dict[int, int]:
    """The buckets that have something in them."""
    return {index: count for index, count in enumerate(counts) if count}
