"""The scrubber of the fast engine: one round after another, through everything that it keeps.

Promise: what interface.py says. A round takes as many slots as are in use, and the orders of every
account and of every level once more, for what they lock and add up to; each command is worth
SLOTS_OF_A_COMMAND of them. Over a small venue a round is worth ROUND_SLOTS_MIN all the same, unless
the engine is idle: its dozens of steps would take a busy engine more than it was looked at for.
What is looked at in one go has ORDERS_AT_ONCE_MAX orders, or is one
account or level.

A level, or an account, with more orders than ORDERS_AT_ONCE_MAX is looked at while the engine is
idle only; so is a supply that more accounts add up to.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from truebook.engine.fast import FastEngine
from truebook.engine.folding import ACCOUNTS, BALANCES, MARKETS, ORDERS, scrub
from truebook.engine.layout import ACCOUNT_BITS
from truebook.engine.scrubbing import naming, structure
from truebook.engine.scrubbing.interface import IDLE_COMMANDS, SLOTS_OF_A_COMMAND
from truebook.engine.scrubbing.shadows import Shadows
from truebook.faults import Fault
from truebook.limits import ASSETS_MAX

SLICE = 1024
"""Slots in one call of the kernel's; a batch that is worth fewer leaves it to a later one."""
ORDERS_AT_ONCE_MAX = 1 << 14
"""Half a millisecond."""
BALANCES_AT_ONCE_MAX = 1 << 18
_AT_ONCE_MIN = 512
ROUND_SLOTS_MIN = 1024 * SLOTS_OF_A_COMMAND
"""A round begins at most once in 1,024 commands, and ends within as many where there are no more
slots."""
_GROUP = 4
_ANY_NUMBER = 1 << 31

Found = Fault | None


class FastScrubber:
    """Of one fast engine, which is right at the moment."""

    def __init__(self, engine: FastEngine) -> None:
        self.rounds = 0
        """How many are done."""
        self._state, self._pool = engine.raw_state()
        self._shadows = Shadows(self._pool)
        self._steps = self._walk()
        self._worth = 0
        self._of_round = 0
        """Slots looked at in this round."""
        self._is_idle = False
        self._sums = np.zeros(SLICE * ASSETS_MAX, np.int64)
        self._told = np.zeros(2, np.int64)

    def applied(self, events: bytes, gateways: Iterable[tuple[int, int]]) -> None:
        """The engine has applied a batch."""
        self._shadows.applied(events, gateways)

    def scrub(self, commands: int) -> Found:
        """Look at the next slots."""
        self._is_idle = not commands
        left = max(self._worth, 0) if self._is_idle else self._worth
        self._worth = left + (commands or IDLE_COMMANDS) * SLOTS_OF_A_COMMAND
        while self._worth >= _AT_ONCE_MIN:
            slots, fault = next(self._steps)
            self._worth -= slots
            self._of_round += slots
            if fault is not None:
                return self._cause() or fault
        return None

    def _cause(self) -> Found:
        """Something is wrong. Where it is a sum, one of what it is over may be: now there is time
        to look at all of them."""
        meta = self._pool("meta")[0]
        slots = int(meta["accounts"]) * _GROUP
        places = [(ORDERS, "orders", 0, int(meta["orders_top"]) + 1)]
        places += [
            (BALANCES, "balances", group << (ACCOUNT_BITS + 2), slots)
            for group in range((int(meta["assets"]) + _GROUP - 1) // _GROUP)
        ]
        found = (self._kept(*place) for place in places)
        return next((fault for fault in found if fault is not None), None)

    def _walk(self) -> Iterator[tuple[int, Found]]:
        """Round after round: how many slots a step was worth, and what it found."""
        meta = self._pool("meta")[0]
        while True:
            yield from self._settings()
            yield from self._few(
                "accounts", "orders", self._accounts, lambda: int(meta["accounts"])
            )
            for group in range((int(meta["assets"]) + _GROUP - 1) // _GROUP):
                yield from self._group(group)
            for asset in range(int(meta["assets"])):
                yield self._supply(asset)
            yield from self._slices(self._orders, lambda: int(meta["orders_top"]) + 1)
            yield from self._few(
                "levels", "count", self._levels, lambda: int(meta["levels_top"]) + 1
            )
            self.rounds += 1
            if not self._is_idle:
                yield max(ROUND_SLOTS_MIN - self._of_round, 0), None
            self._of_round = 0

    def _slices(
        self, check: Callable[[int], tuple[int, Found]], end: Callable[[], int]
    ) -> Iterator[tuple[int, Found]]:
        first = 0
        while first < end():
            yield check(first)
            first += SLICE

    def _few(
        self,
        name: str,
        orders_of: str,
        check: Callable[[int, int], tuple[int, Found]],
        end: Callable[[], int],
    ) -> Iterator[tuple[int, Found]]:
        """So many at once that they have not too many orders, as that field of theirs says."""
        first = 0
        while (left := end() - first) > 0:
            orders = self._pool(name)[orders_of][first : first + min(left, SLICE)].cumsum()
            count = max(1, int(np.searchsorted(orders, ORDERS_AT_ONCE_MAX, "right")))
            slots, fault = check(first, count)
            # One that says it has more is passed over, but for idle moments, when all are counted.
            orders_max = int(orders[count - 1]) if self._is_idle else ORDERS_AT_ONCE_MAX
            yield slots + min(int(orders[count - 1]), orders_max), fault
            first += count

    def _settings(self) -> Iterator[tuple[int, Found]]:
        for name in ("tiers", "assets", "keys", "attesters"):
            first = 0
            while first == 0 or first < self._shadows.count(name):
                yield SLICE, self._shadows.check(name, first, SLICE)
                first += SLICE
        yield SLICE, self._shadows.check_gateways()
        yield SLICE, self._kept(MARKETS, "markets", 0, int(self._pool("meta")[0]["markets"]))
        yield SLICE, self._grids()

    def _kept(self, number: int, name: str, first: int, count: int) -> Found:
        slot = int(scrub(self._state, number, first, count))
        return None if slot < 0 else naming.changed(self._pool, name, slot)

    def _grids(self) -> Found:
        """What a market's settings are worth: derived, and so in no hash."""
        meta = self._pool("meta")[0]
        for number, market in enumerate(self._pool("markets")[: int(meta["markets"])]):
            base, quote = (self._pool("assets")[int(market[side])] for side in ("base", "quote"))
            tick, step = int(market["tick_exponent"]), int(market["step_exponent"])
            mantissas = int(market["tick_mantissa"]) * int(market["step_mantissa"])
            unit = mantissas * 10 ** int(quote["decimals"]) // 10 ** (tick + step)
            lot = int(market["step_mantissa"]) * 10 ** int(base["decimals"]) // 10**step
            found = int(market["unit"]), int(market["lot_atoms"])
            if found != (unit, lot):
                return Fault(f"unit and lot of market {number}", str(found), str((unit, lot)))
        return None

    def _accounts(self, first: int, count: int) -> tuple[int, Found]:
        slots = 2 * count
        if fault := self._kept(ACCOUNTS, "accounts", first, count):
            return slots, fault
        orders_max = _ANY_NUMBER if self._is_idle else ORDERS_AT_ONCE_MAX
        found = int(
            structure.check_accounts(
                self._state, first, count, orders_max, int(self._sums.ctypes.data)
            )
        )
        if found < 0:
            return slots, None
        account, assets = found >> 4, int(self._pool("meta")[0]["assets"])
        held = self._sums[(account - first) * assets :][:assets].tolist()
        return slots, naming.wrong_account(self._pool, account, found & 15, held)

    def _group(self, group: int) -> Iterator[tuple[int, Found]]:
        """The balances of four assets."""
        start = group << (ACCOUNT_BITS + 2)
        slots = int(self._pool("meta")[0]["accounts"]) * _GROUP
        for first in range(0, slots, SLICE):
            count = min(SLICE, slots - first)
            yield SLICE, self._kept(BALANCES, "balances", start + first, count)

    def _supply(self, asset: int) -> tuple[int, Found]:
        """Whether what all accounts have is what came in and didn't leave."""
        accounts = int(self._pool("meta")[0]["accounts"])
        if accounts > BALANCES_AT_ONCE_MAX and not self._is_idle:
            return 1, None
        start = (asset // _GROUP) << (ACCOUNT_BITS + 2)
        records = self._pool("balances")[
            start + asset % _GROUP : start + accounts * _GROUP : _GROUP
        ]
        total = int(records["available"].sum()) + int(records["locked"].sum())
        supply = int(self._pool("assets")[asset]["supply"])
        if total == supply:
            return accounts, None
        place = f"supply of asset {asset}"
        return accounts, Fault(place, str(supply), f"{total}, which all accounts have")

    def _orders(self, first: int) -> tuple[int, Found]:
        count = min(SLICE, int(self._pool("meta")[0]["orders_top"]) + 1 - first)
        if fault := self._kept(ORDERS, "orders", first, count):
            return 2 * SLICE, fault
        found = int(structure.check_orders(self._state, first, count))
        if found < 0:
            return 2 * SLICE, None
        return SLICE, naming.misplaced_order(self._pool, found >> 4, found & 15)

    def _levels(self, first: int, count: int) -> tuple[int, Found]:
        orders_max = _ANY_NUMBER if self._is_idle else ORDERS_AT_ONCE_MAX
        found = int(
            structure.check_levels(
                self._state, first, count, orders_max, int(self._told.ctypes.data)
            )
        )
        if found < 0:
            return count, None
        quantity, orders = self._told.tolist()
        return count, naming.wrong_level(self._pool, found >> 4, found & 15, quantity, orders)
