"""What something other than a command has changed in the engine's memory is found, and named."""

import numpy as np
import pytest

from truebook import commands
from truebook.engine.fast import FastEngine
from truebook.engine.scrubbing.fast import FastScrubber
from truebook.engine.scrubbing.interface import SLOTS_OF_A_COMMAND
from truebook.messages import NEW_ACCOUNT, Permission, Side
from truebook.simulation import Simulation, cancels, limit_orders
from truebook.units import Grid

ACCOUNTS = 1_000
KEY = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


class Venue(Simulation):
    """A thousand accounts, some hundred resting orders, and the scrubber of the engine."""

    def __init__(self):
        super().__init__(FastEngine())
        usd, sol = self.add_asset("USD", 6), self.add_asset("SOL", 6)
        self.add_market(base=sol, quote=usd, tick=Grid(1, 2), step=Grid(1, 2))
        for number in range(1, ACCOUNTS):
            self.add_account(f"member {number}", {usd: 1 << 50, sol: 1 << 50})
        self.apply(commands.set_tier(tier=3, maker_bp=1, taker_bp=2))
        self.apply(commands.set_key(account=1, public_key=KEY, permissions=Permission.READ))
        numbers = np.arange(1, 301)
        self.apply(limit_orders(1 + numbers % 7, 0, Side.BID, numbers, 1 + numbers % 40, numbers))
        self.apply(limit_orders(1 + numbers % 5, 0, Side.ASK, 1_000 + numbers, 5, 1_000 + numbers))
        self.engine.state_hash()
        self.scrubber = FastScrubber(self.engine)

    def pool(self, name):
        return self.engine._pool(name)

    def slot_of(self, order_id):
        return int(np.flatnonzero(self.pool("orders")["order_id"][:2_000] == order_id)[0])

    def scrub(self, commands_done):
        """As after so many commands, eight at a time."""
        for _ in range(commands_done // 8):
            if fault := self.scrubber.scrub(8):
                return fault
        return None


@pytest.fixture(scope="module")
def venue():
    return Venue()


def edits(venue):
    order, balance = venue.slot_of(17), (7 << 2) | 1
    level = int(venue.pool("orders")[order]["level"])
    return {
        "available": ("balances", balance, "available", "balance of account 7 in asset 1"),
        "locked": ("balances", balance, "locked", "balance of account 7 in asset 1"),
        "remaining": ("orders", order, "remaining", "order 17 of account 4"),
        "priority": ("orders", order, "priority", "order 17 of account 4"),
        "next": ("orders", order, "next", "order 17 of account 4"),
        "client": ("links", order, "next", "order 17 of account 4"),
        "level": ("levels", level, "quantity", "quantity of level 17 of bids in market 0"),
        "count": ("levels", level, "count", "number of orders in level 17 of bids in market 0"),
        "worse": ("levels", level, "worse", "level 17 of bids in market 0"),
        "list": ("accounts", 4, "orders", "number of orders of account 4"),
        "sequence": ("accounts", 4, "sequence", "account 4"),
        "tier": ("tiers", 3, "maker_bp", "tier 3"),
        "key": ("keys", 0, "permissions", "key 0"),
        "supply": ("assets", 1, "supply", "supply of asset 1"),
        "market": ("markets", 0, "last_price", "market 0"),
        "unit": ("markets", 0, "unit", "unit and lot of market 0"),
        "gateway": ("gateways", 1, "sequence", "sequence of gateway 1"),
    }


NAMES = (
    *("available", "locked", "remaining", "priority", "next", "client", "level", "count", "worse"),
    *("list", "sequence", "tier", "key", "supply", "market", "unit", "gateway"),
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bit", [0, 5])
def test_an_edit_is_named_within_1024_commands_at_1000_accounts(venue, name, bit):
    pool, slot, field, place = edits(venue)[name]
    records = venue.pool(pool)
    before = records[slot][field]
    records[slot][field] = before ^ (1 << bit)
    try:
        fault = venue.scrub(1024)
    finally:
        records[slot][field] = before
    assert fault is not None
    if name == "client":  # a broken list may be met from its owner first
        assert "account 4" in fault.place
    elif name not in ("next", "worse"):  # who stands beside it may be met first
        assert fault.place == place
    assert str(fault)
    assert venue.scrub(2048) is None


def test_a_setting_is_named_with_both_values(venue):
    venue.pool("tiers")[3]["maker_bp"] = -5
    try:
        assert str(venue.scrub(1024)) == "tier 3: maker_bp -5, not maker_bp 1"
    finally:
        venue.pool("tiers")[3]["maker_bp"] = 1


def test_a_level_is_named_with_both_values(venue):
    level = int(venue.pool("orders")[venue.slot_of(17)]["level"])
    venue.pool("levels")[level]["quantity"] += 100
    try:
        fault = venue.scrub(1024)
    finally:
        venue.pool("levels")[level]["quantity"] -= 100
    assert (fault.found, fault.expected) == ("118", "18")


def test_trading_and_settings_raise_no_alarm():
    venue = Venue()
    random = np.random.default_rng(3)
    for first in range(10_000, 60_000, 1_000):
        numbers = np.arange(first, first + 1_000)
        sides = random.integers(0, 2, 1_000)
        accounts = random.integers(1, 200, 1_000)
        prices = random.integers(480, 520, 1_000)
        placed = limit_orders(accounts, 0, sides, prices, random.integers(1, 9, 1_000), numbers)
        applied = venue.apply(np.concatenate([placed, cancels(accounts[::3], 0, numbers[::3])]))
        venue.scrubber.applied(applied.rows.tobytes(), [])
        settings = commands.set_tier(tier=4, maker_bp=first % 7, taker_bp=9)
        settings += commands.set_account(account=NEW_ACCOUNT, name=f"late {first}")
        settings += commands.set_key(
            account=1, public_key=KEY, permissions=Permission(1 + first // 1000 % 2)
        )
        applied = venue.apply(settings)
        sequence = int(venue.pool("gateways")[1]["sequence"])
        venue.scrubber.applied(applied.rows.tobytes(), [(1, sequence)])
        if first % 3_000:
            venue.engine.state_hash()
        assert venue.scrub(1_333) is None
    assert venue.scrubber.rounds > 20
    assert SLOTS_OF_A_COMMAND == 32
