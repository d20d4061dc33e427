"""Log entries of mixed commands, made in bulk from a seed: sense, nonsense and outright garbage.

Promise: the same seed gives the same bytes. The generator knows nothing of the engine: it aims at
orders that it placed shortly before, at prices where others are, and leaves it to chance whether
they still rest. Damage of every kind is mixed in (damage.py), and entries that are repeated, skip a
number, or have an impossible header (entries.py).
"""

from collections.abc import Callable, Iterator
from itertools import count

import numpy as np
from model.damage import LONG, damage
from model.entries import Entries
from model.settingcommands import SETTING_MAKERS
from model.waitingcommands import (
    RECORDING_MAKERS,
    add_slippage_and_deadlines,
    deadlines,
    requests,
    settlements,
    triggers,
)
from model.world import ACCOUNTS, FUNDING, MARKETS, POOR, Records, entry, founding
from numpy.typing import NDArray

from truebook import messages as m
from truebook.messages import CommandKind, PlaceFlag

Fields = NDArray[np.void]
Maker = Callable[[np.random.Generator, int], NDArray[np.void]]

CHUNK = 4096
LATE = 0.04
PAST = 256
"""How many earlier placements a cancel or an amendment may aim at."""

WEIGHTS = {
    CommandKind.PLACE: 680,
    CommandKind.CANCEL: 100,
    CommandKind.CANCEL_ALL: 2,
    CommandKind.AMEND: 100,
    CommandKind.DEPOSIT: 60,
    CommandKind.WITHDRAW: 40,
    CommandKind.TICK: 12,
    CommandKind.SET_ASSET: 3,
    CommandKind.SET_MARKET: 8,
    CommandKind.SET_MARKET_STATE: 12,
    CommandKind.SET_TIER: 6,
    CommandKind.SET_ACCOUNT: 12,
    CommandKind.SET_KEY: 7,
}
"""Under version 1 of the rules."""

WEIGHTS_2 = WEIGHTS | {
    CommandKind.CANCEL_ALL: 3,
    CommandKind.PLACE_TRIGGER: 110,
    CommandKind.CANCEL_AFTER: 8,
    CommandKind.REQUEST_WITHDRAWAL: 14,
    CommandKind.SETTLE_WITHDRAWAL: 14,
    CommandKind.RECOVERY: 2,
    CommandKind.SET_RULES: 1,
    CommandKind.SET_ATTESTER: 3,
    CommandKind.NOTE: 4,
}

CENTRE = np.array([shape.centre for shape in MARKETS])
UNIT = np.array([shape.unit for shape in MARKETS])
LOTS_MAX = np.array([shape.lots_max for shape in MARKETS])


class Commands:
    """An endless stream of log entries: of version 1 of the rules, of version 2 from the start, or
    (`switches`) of version 2 from somewhere within."""

    def __init__(self, seed: int, rules: int = 1, switches: bool = False) -> None:
        self.rng = np.random.default_rng(seed)
        self.rules = rules
        self.is_new = rules > 1 or switches
        weights = WEIGHTS_2 if self.is_new else WEIGHTS
        self.kinds = np.array(list(weights), np.uint8)
        self.chances = np.array(list(weights.values())) / sum(weights.values())
        self.entries = Entries(self.rng, LATE if self.is_new else 0.0)
        self.order_ids = 1
        self.withdrawal_ids = 1
        self.past = np.zeros(PAST, m.COMMAND)

    def inputs(self, commands: int, commands_per_entry: int) -> Iterator[bytes]:
        """Yield inputs for `apply`: first the founding, then `commands` commands or a few more.

        With `commands_per_entry` 1 an input is one entry of one command, else it is one to three
        entries of up to that many.
        """
        yield entry(1, *founding(rules=self.rules), gateway=0, time_ms=1)
        made = 0
        while made < commands:
            size = min(CHUNK, commands - made)
            made += size
            yield from self.entries.wrap(*self.chunk(size), commands_per_entry)

    def chunk(self, size: int) -> tuple[Records, NDArray[np.int64]]:
        """Make `size` commands: their records, and at which record each starts."""
        kinds = self.rng.choice(self.kinds, size, p=self.chances)
        lengths = np.where(np.isin(kinds, LONG), 2, 1)
        starts = np.cumsum(lengths) - lengths
        records = np.zeros((int(lengths.sum()), m.COMMAND_BYTES), np.uint8)
        for kind, fields in self._fields(kinds):
            rows = starts[kinds == kind]
            flat = fields.view(np.uint8).reshape(len(rows), fields.itemsize)
            for part in range(flat.shape[1] // m.COMMAND_BYTES):
                records[rows + part] = flat[:, part * 64 : part * 64 + 64]
        damage(self.rng, records, starts)
        return records, starts

    def _fields(self, kinds: NDArray[np.uint8]) -> Iterator[tuple[int, Fields]]:
        # Pending orders are aimed at like resting ones; both are placed alike.
        is_trigger = kinds[np.isin(kinds, PLACING)] == CommandKind.PLACE_TRIGGER
        is_place = np.isin(kinds, PLACING)
        places = self._places(int(is_place.sum()))
        if self.is_new:
            add_slippage_and_deadlines(self.rng, places)
        yield CommandKind.PLACE, places[~is_trigger]
        if self.is_new:
            yield CommandKind.PLACE_TRIGGER, triggers(self.rng, places[is_trigger])
            yield from self._withdrawals(kinds)
        may_rest = (places["order_type"] == 0) & (places["time_in_force"] == 0)
        may_rest |= (self.rng.random(len(places)) < 0.05) | is_trigger
        known = np.concatenate([self.past, places[may_rest]])
        self.past = known[-PAST:]
        is_place[is_place] = may_rest
        placed_before = PAST + np.cumsum(is_place)
        for kind in (CommandKind.CANCEL, CommandKind.CANCEL_ALL, CommandKind.AMEND):
            newest = placed_before[kinds == kind] - 1
            back = np.minimum(self.rng.geometric(1 / 50, len(newest)) - 1, PAST - 1)
            yield kind, self._aimed(kind, known[newest - back])
        for kind, make in (MAKERS_2 if self.is_new else MAKERS).items():
            fields = make(self.rng, int((kinds == kind).sum()))
            fields["kind"] = kind
            fields["records"] = fields.itemsize // m.COMMAND_BYTES
            yield kind, fields

    def _places(self, size: int) -> Fields:
        rng = self.rng
        fields = np.zeros(size, m.COMMAND)
        fields["kind"], fields["records"] = CommandKind.PLACE, 1
        market = fields["market"] = rng.choice(len(MARKETS), size, p=(0.3, 0.2, 0.1, 0.1, 0.2, 0.1))
        side = fields["side"] = rng.integers(0, 2, size)
        order_type = fields["order_type"] = rng.choice(3, size, p=(0.7, 0.15, 0.15))
        fields["time_in_force"] = rng.choice(3, size, p=(0.6, 0.2, 0.2))
        fields["self_trade"] = rng.integers(0, 4, size)
        fields["account"] = rng.integers(1, ACCOUNTS + 1, size)
        fields["order_id"] = self.order_ids + np.arange(size)
        self.order_ids += size
        price = prices(rng, market, side)
        lots = 1 + rng.integers(0, LOTS_MAX[market]) * rng.integers(1, 4, size) // 3
        amounts = np.minimum(lots, 4) * price * UNIT[market] + rng.integers(0, 700, size)
        is_limit = order_type == m.OrderType.LIMIT
        fields["price"] = np.where(is_limit, price, 0)
        by_quote = order_type == m.OrderType.MARKET_BY_QUOTE
        fields["quantity"] = np.where(by_quote, amounts, lots)
        rests = is_limit & (fields["time_in_force"] == m.TimeInForce.GTC)
        fields["flags"] = np.where(rests & (rng.random(size) < 0.12), PlaceFlag.POST_ONLY, 0)
        named = rng.random(size) < 0.3
        fields["flags"] += np.where(named, PlaceFlag.HAS_CLIENT_ID, 0).astype(np.uint8)
        fields["client_id"] = np.where(
            named, rng.integers(0, 12, size) * rng.integers(1, 20, size), 0
        )
        again = rng.random(size) < 0.01
        fields["order_id"] -= np.where(again, rng.integers(0, 40, size), 0)
        return fields

    def _aimed(self, kind: int, targets: Fields) -> Fields:
        """Make commands against orders that were placed before."""
        rng, size = self.rng, len(targets)
        fields = np.zeros(size, m.COMMAND)
        fields["kind"], fields["records"] = kind, 1
        somebody = rng.integers(0, ACCOUNTS + 2, size)
        fields["account"] = np.where(rng.random(size) < 0.03, somebody, targets["account"])
        named = rng.random(size)
        fields["market"] = np.where(named < 0.5, m.NO_MARKET, targets["market"])
        fields["market"] = np.where(named > 0.98, (targets["market"] + 1) % 8, fields["market"])
        if self.is_new and kind != CommandKind.AMEND:
            fields["deadline_ms"] = rng.random(size) < 0.01
        if kind == CommandKind.CANCEL_ALL:
            fields["flags"] = rng.integers(0, 5, size) if self.is_new else 0
            return fields
        has_client_id = (targets["flags"] & PlaceFlag.HAS_CLIENT_ID) != 0
        fields["by"] = has_client_id & (rng.random(size) < 0.7)
        fields["order_id"] = np.where(fields["by"], 0, targets["order_id"])
        fields["client_id"] = np.where(fields["by"], targets["client_id"], 0)
        if kind == CommandKind.AMEND:
            new_price = prices(
                rng, np.minimum(targets["market"], len(MARKETS) - 1), targets["side"]
            )
            fields["price"] = np.where(rng.random(size) < 0.5, targets["price"], new_price)
            change = rng.integers(-6, 5, size)
            fields["quantity"] = np.maximum(targets["quantity"] + change, 1)
            if self.is_new:
                fields["deadline_ms"] = deadlines(rng, size)
        return fields

    def _withdrawals(self, kinds: NDArray[np.uint8]) -> Iterator[tuple[int, Fields]]:
        """Draw requests, and settlements of what was requested lately."""
        for kind, make in (
            (CommandKind.REQUEST_WITHDRAWAL, requests),
            (CommandKind.SETTLE_WITHDRAWAL, settlements),
        ):
            made = kinds == kind
            before = np.cumsum(kinds == CommandKind.REQUEST_WITHDRAWAL)[made]
            yield kind, make(self.rng, self.withdrawal_ids + before)
        self.withdrawal_ids += int((kinds == CommandKind.REQUEST_WITHDRAWAL).sum())


def prices(
    rng: np.random.Generator, market: NDArray[np.int64], side: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Draw limit prices: bids a little below the centre, asks a little above, so that some meet."""
    spread = rng.integers(-4, 5, len(market)) + np.where(side == 0, -3, 3)
    return CENTRE[market] + spread


def deposits(rng: np.random.Generator, size: int) -> Fields:
    """Draw DEPOSITs of an order's worth or two; next to nothing for the venue."""
    fields = transfers(rng, size, parts=10)
    account = fields["account"]
    fields["amount"] //= np.where(account > POOR, 12, 1)
    few = rng.integers(1, 50, size)
    fields["amount"] = np.where(account == m.VENUE_ACCOUNT, few, fields["amount"] + 1)
    return fields


def deposits_with_references(rng: np.random.Generator, size: int) -> Fields:
    """Draw DEPOSITs some of which name what they are outside; some of those come twice."""
    fields = deposits(rng, size)
    named = rng.random(size) < 0.3
    fields["reference"][:, 1] = np.where(named, rng.integers(0, 1 << 12, size), 0)
    return fields


def withdrawals(rng: np.random.Generator, size: int) -> Fields:
    """Draw WITHDRAWs, often more than there is; the venue's in all sizes, so that it is poor."""
    fields = transfers(rng, size, parts=6)
    venue = (fields["account"] == m.VENUE_ACCOUNT) | (rng.random(size) < 0.2)
    fields["account"] = np.where(venue, m.VENUE_ACCOUNT, fields["account"])
    shift = rng.integers(0, 40, size)
    fields["amount"] = np.maximum(np.where(venue, fields["amount"] >> shift, fields["amount"]), 1)
    return fields


def transfers(rng: np.random.Generator, size: int, parts: int) -> Fields:
    """Draw transfers around a `parts`-th of what traders started with."""
    fields = np.zeros(size, m.TRANSFER)
    fields["account"] = rng.integers(0, ACCOUNTS + 1, size)
    asset = rng.integers(0, len(FUNDING), size)
    most = np.array(FUNDING)[asset] // parts
    fields["asset"] = asset + np.where(rng.random(size) < 0.005, 100, 0)
    fields["amount"] = np.maximum(most - rng.integers(0, most + 1) // rng.integers(1, 9, size), 1)
    return fields


MAKERS: dict[int, Maker] = {
    CommandKind.DEPOSIT: deposits,
    CommandKind.WITHDRAW: withdrawals,
    **SETTING_MAKERS,
}


MAKERS_2: dict[int, Maker] = {
    **MAKERS,
    CommandKind.DEPOSIT: deposits_with_references,
    **RECORDING_MAKERS,
}
PLACING = (CommandKind.PLACE, CommandKind.PLACE_TRIGGER)


def seeds(first: int) -> Iterator[int]:
    """Yield seeds from `first` on."""
    return count(first)
