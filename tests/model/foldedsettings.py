"""Settings and sequences as they follow from events.

The last event of each setting is kept as bytes: what an engine says when asked for its settings
must be those very bytes, with the command's number 0.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from model.foldedbook import FoldedBook

from truebook import messages as m
from truebook.limits import TIERS_MAX
from truebook.messages import EventKind

KEPT_BY = {
    EventKind.ASSET_SET: "asset",
    EventKind.MARKET_SET: "market",
    EventKind.TIER_SET: "tier",
    EventKind.ACCOUNT_SET: "account",
    EventKind.ATTESTER_SET: "slot",
}
NO_SETTING = EventKind.REFERENCE_SET
"""Above the settings by its number; it is kept with the funds."""


@dataclass
class FoldedMarket:
    """A market's numbers and book."""

    settings: Any
    unit: int
    lot_atoms: int
    book: FoldedBook = field(default_factory=FoldedBook)
    sequence: int = 0
    last_trade_id: int = 0
    last_price: int = 0

    def held_asset(self, side: int) -> int:
        """Return what an order of this side gives."""
        base, quote = self.settings.base, self.settings.quote
        return int(base if side == m.Side.ASK else quote)

    def expect(self, sequence: int) -> None:
        """The market's next event has the next number."""
        self.sequence += 1
        assert sequence == self.sequence, f"I11: market sequence {sequence}, not {self.sequence}"


class FoldedSettings:
    """All settings, as events set them."""

    def __init__(self) -> None:
        self.said: dict[int, dict[Any, bytes]] = {kind: {} for kind in m.EVENT_DTYPES if kind >= 16}
        for tier in range(TIERS_MAX):
            self._first(EventKind.TIER_SET, m.TIER_SET, tier, tier=tier)
        venue = np.frombuffer(b"venue".ljust(24, b"\0"), "V24")
        self._first(EventKind.ACCOUNT_SET, m.ACCOUNT_SET, m.VENUE_ACCOUNT, name=venue)
        self.assets: dict[int, Any] = {}
        self.markets: dict[int, FoldedMarket] = {}
        self.tiers: dict[int, tuple[int, int]] = dict.fromkeys(range(TIERS_MAX), (0, 0))
        self.accounts: dict[int, int] = {m.VENUE_ACCOUNT: 0}
        """The tier of each."""
        self.sequences: dict[int, int] = {m.VENUE_ACCOUNT: 0}
        self.rules = 1
        """The version followed."""

    def _first(self, kind: EventKind, dtype: np.dtype, index: int, **fields: Any) -> None:
        event = np.zeros(1, dtype)
        event["kind"] = kind
        for name, value in fields.items():
            event[name] = value
        self.said[kind][index] = event.tobytes()

    def note(self, kind: int, event: Any, row: bytes) -> None:
        """Take a setting's new values."""
        if kind == NO_SETTING:
            return
        if kind == EventKind.RULES_SET:
            assert self.rules <= event.version <= m.RULES_VERSION_MAX, "the rules went back"
            self.rules, index = event.version, 0
        elif kind == EventKind.KEY_SET:
            index = event.public_key_0, event.public_key_1
        else:
            index = getattr(event, KEPT_BY[EventKind(kind)])
        self.said[kind][index] = row[:2] + b"\0\0" + row[4:]
        if kind == EventKind.ASSET_SET:
            self.assets[event.asset] = event
        elif kind == EventKind.MARKET_SET:
            self._market(event)
        elif kind == EventKind.TIER_SET:
            self.tiers[event.tier] = event.maker_bp, event.taker_bp
        elif kind == EventKind.ACCOUNT_SET:
            self.accounts[event.account] = event.tier
            self.sequences.setdefault(event.account, 0)

    def _market(self, event: Any) -> None:
        if event.market in self.markets:
            self.markets[event.market].settings = event
            return
        tick = Fraction(event.tick_mantissa, 10**event.tick_exponent)
        step = Fraction(event.step_mantissa, 10**event.step_exponent)
        unit = tick * step * 10 ** self.assets[event.quote].decimals
        lot_atoms = step * 10 ** self.assets[event.base].decimals
        assert unit.denominator == lot_atoms.denominator == 1, "amounts that are not whole"
        self.markets[event.market] = FoldedMarket(event, int(unit), int(lot_atoms))

    def rates(self, account: int) -> tuple[int, int]:
        """Return maker and taker rate of an account, in basis points."""
        return self.tiers[self.accounts[account]]

    def expect(self, account: int, sequence: int) -> None:
        """The account's next private event has the next number."""
        self.sequences[account] += 1
        assert sequence == self.sequences[account], f"I11: account {account}, sequence {sequence}"

    def bytes_of(self, kind: EventKind) -> bytes:
        """Return the last events of one kind, in the order that an engine answers in."""
        said = self.said[kind]
        indexes = said if kind == EventKind.KEY_SET else sorted(said)
        return b"".join(said[index] for index in indexes)
