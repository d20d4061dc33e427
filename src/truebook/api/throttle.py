"""How often somebody may ask: a bucket of tokens for each address, key and account.

Promise: nobody is served more than a second's worth at once and the rate after that, per process;
who asks more is told when to come again (429, `Retry-After`); memory is bounded. Several processes
that share a port are given a share of each rate (`Rates.shared`), so that together they never serve
more than the whole.

A bucket is one number, the time at which it will be full again: what is full needs no bucket. When
there are too many the full ones are dropped, and if that is not enough the oldest: then an attacker
with very many addresses gains some requests, and nobody loses any.
"""

from collections.abc import Hashable
from typing import NamedTuple

from truebook.api.errors import too_many
from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.limits import THROTTLE_BUCKETS_MAX

BURST_S = 1.0
"""So much time's worth may be taken at once."""
_ROUNDING_S = 1e-6
"""Three thirds of a second may add up to more than one: that much more is not more. So as many
tokens can be taken one by one as at once."""


class Rates(NamedTuple):
    """What is allowed in a second; 0: any number."""

    public: float = 0
    """Requests from an address that nobody signed, and again that many with a wrong signature."""
    private: float = 0
    """Requests by a key that place no order."""
    orders: float = 0
    """Orders of an account; a batch counts each of its orders."""

    def shared(self, processes: int) -> "Rates":
        """One process's share."""
        return Rates(*(rate / processes for rate in self))


class Buckets:
    """Buckets of one kind, each of one second's worth."""

    def __init__(self, rate: float, clock: Clock, buckets_max: int = THROTTLE_BUCKETS_MAX) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets_max = buckets_max
        self._full_at: dict[Hashable, float] = {}

    def take(self, owner: Hashable, count: int = 1) -> float:
        """Take tokens: 0 if there were enough, else in how many seconds there will be.

        A full bucket gives more than it has, so that a large batch passes at a small rate; what
        comes after it waits the longer.
        """
        if not self._rate:
            return 0
        now = self._clock.elapsed_s()
        full_at = max(self._full_at.get(owner, now), now)
        after = full_at + count / self._rate
        if full_at > now and after - now > BURST_S + _ROUNDING_S:
            return after - now - BURST_S
        if owner not in self._full_at and len(self._full_at) >= self._buckets_max:
            self._make_room(now)
        self._full_at[owner] = after
        return 0

    def has(self, owner: Hashable, count: int) -> bool:
        """Whether so many tokens could be taken one by one; takes none."""
        if not self._rate:
            return True
        now = self._clock.elapsed_s()
        full_at = max(self._full_at.get(owner, now), now)
        return full_at + count / self._rate - now <= BURST_S + _ROUNDING_S

    def wait_s(self, owner: Hashable) -> float:
        """How long until there is a token; takes none."""
        if not self._rate or owner not in self._full_at:
            return 0
        return max(0.0, self._full_at[owner] + 1 / self._rate - self._clock.elapsed_s() - BURST_S)

    def __len__(self) -> int:
        return len(self._full_at)

    def _make_room(self, now: float) -> None:
        self._full_at = {owner: at for owner, at in self._full_at.items() if at > now}
        # In one go, or an attacker could make every request pay for looking through all of them.
        surplus = len(self._full_at) - self._buckets_max // 2
        for owner in list(self._full_at)[: max(0, surplus)]:
            del self._full_at[owner]


class Throttle:
    """The buckets of one gateway; each method raises ApiError 429."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK, rates: Rates | None = None) -> None:
        rates = rates or Rates()
        self._public = Buckets(rates.public, clock)
        self._failed = Buckets(rates.public, clock)
        self._private = Buckets(rates.private, clock)
        self._orders = Buckets(rates.orders, clock)

    def public(self, address: str) -> None:
        """A request that needs no signature."""
        if wait_s := self._public.take(address):
            raise too_many("requests from this address", wait_s)

    def private(self, public_key: bytes) -> None:
        """A signed request."""
        if wait_s := self._private.take(public_key):
            raise too_many("requests with this key", wait_s)

    def orders(self, account: int, count: int) -> None:
        """A signed request that places orders."""
        if wait_s := self._orders.take(account, count):
            raise too_many("orders of this account", wait_s)

    def trades(self, account: int, orders: int, public_key: bytes, others: int) -> bool:
        """Count so many requests that place an order each, and others with the key, if all of them
        may be served; whether they may."""
        if orders and not self._orders.has(account, orders):
            return False
        if others and not self._private.has(public_key, others):
            return False
        if orders:
            self._orders.take(account, orders)
        if others:
            self._private.take(public_key, others)
        return True

    def signed(self, address: str) -> None:
        """A request that has yet to prove who signed it: refused, before any work is done, while
        too many from there didn't."""
        if wait_s := self._failed.wait_s(address):
            raise too_many("wrong signatures from this address", wait_s)

    def failed(self, address: str) -> None:
        """One that proved nothing."""
        self._failed.take(address)
