"""What a gateway knows of the venue's settings: assets, markets, tiers, accounts and keys.

Promise: a directory is a fold of settings events, and nothing else changes it; it never goes back
to an older position. Whoever keeps one up to date first subscribes to SETTINGS_CHANNEL (each
message to `follow`), then calls `expect`, asks for all settings and gives the answer to `load`.
What arrives in between is folded again on top, so nothing can fall between question and answer.
"""

import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from truebook.commandlog.interface import GENESIS, Position
from truebook.messages import (
    EVENT_DTYPES,
    EVENT_ROW,
    EVENT_ROW_BYTES,
    AccountFlag,
    EventKind,
    MarketState,
    Permission,
)
from truebook.units import Grid

_POSITION = struct.Struct("<QQ")
_PUBLIC_KEY = struct.Struct("<4Q")


class Asset(NamedTuple):
    """An asset; `atoms` is the grid of its amounts."""

    number: int
    symbol: str
    display_name: str
    decimals: int
    atoms: Grid


class Market(NamedTuple):
    """A market. Prices in ticks, quantities in lots, multipliers in basis points."""

    number: int
    symbol: str
    base: Asset
    quote: Asset
    tick: Grid
    step: Grid
    state: MarketState
    price_min: int
    price_max: int
    quantity_min: int
    quantity_max: int
    price_reference: int
    open_orders_max: int
    band_max_bp: int
    band_min_bp: int
    impact_max_bp: int
    impact_min_bp: int

    @property
    def lot_atoms(self) -> int:
        """Base atoms in one lot."""
        atoms: int = self.step.mantissa * 10**self.base.decimals // 10**self.step.exponent
        return atoms

    @property
    def unit(self) -> int:
        """Quote atoms in one tick × one lot."""
        scale = 10 ** (self.tick.exponent + self.step.exponent)
        atoms: int = self.tick.mantissa * self.step.mantissa * 10**self.quote.decimals // scale
        return atoms


class Tier(NamedTuple):
    """Fees in basis points; negative is a rebate."""

    maker_bp: int
    taker_bp: int


class Account(NamedTuple):
    """An account's settings."""

    number: int
    name: str
    tier: int
    open_orders_max: int
    flags: AccountFlag


class Key(NamedTuple):
    """Whose an API key is and what it may do; `expires_ms` 0 is never."""

    account: int
    permissions: Permission
    expires_ms: int


class Directory:
    """The settings at `position`; look-ups are by what requests name."""

    def __init__(self) -> None:
        self.position = GENESIS
        self.assets: dict[int, Asset] = {}
        self.markets: dict[int, Market] = {}
        self.market_by_symbol: dict[str, Market] = {}
        self.asset_by_symbol: dict[str, Asset] = {}
        self.tiers: dict[int, Tier] = {}
        self.accounts: dict[int, Account] = {}
        self.keys: dict[bytes, Key] = {}
        self._attesters: dict[int, tuple[bytes, str]] = {}
        self.account_by_name: dict[str, Account] = {}
        self._keys_of: dict[int, list[bytes]] = {}
        self._arrived: list[bytes] | None = None

    @property
    def attesters(self) -> dict[bytes, str]:
        """The names of the engines whose attestations are trusted, by their public keys."""
        return dict(self._attesters.values())

    def keys_of(self, account: int) -> dict[bytes, Key]:
        """The keys that an account has or had, the oldest first."""
        return {public_key: self.keys[public_key] for public_key in self._keys_of.get(account, ())}

    def expect(self) -> None:
        """All settings are being asked for: remember what arrives until `load`."""
        if self._arrived is None:
            self._arrived = []

    def load(self, position: Position, rows: bytes) -> None:
        """Fold all settings as of `position`, then again what arrived since `expect`."""
        self._fold(rows)
        self.position = position
        arrived, self._arrived = self._arrived or [], None
        for message in arrived:
            self.follow(message)

    def follow(self, message: bytes) -> None:
        """Fold a message of SETTINGS_CHANNEL, unless its position is known already."""
        if self._arrived is not None:
            self._arrived.append(message)
            if self.position == GENESIS:
                return  # what it refers to may not be known yet
        position = Position(*_POSITION.unpack_from(message))
        if position > self.position:
            self._fold(message[_POSITION.size :])
            self.position = position

    def _fold(self, rows: bytes) -> None:
        events = np.frombuffer(rows, EVENT_ROW)
        starts = np.flatnonzero(events["kind"])
        kinds = events["kind"][starts]
        for kind, fold in (
            (EventKind.ASSET_SET, self._fold_asset),
            (EventKind.MARKET_SET, self._fold_market),
            (EventKind.TIER_SET, self._fold_tier),
            (EventKind.ACCOUNT_SET, self._fold_account),
            (EventKind.KEY_SET, self._fold_key),
            (EventKind.ATTESTER_SET, self._fold_attester),
        ):
            for values in _records(events, starts[kinds == kind], EVENT_DTYPES[kind]):
                fold(values)

    def _fold_asset(self, values: dict[str, Any]) -> None:
        symbol, decimals = _text(values["symbol"]), values["decimals"]
        name = _text(values["display_name"])
        asset = Asset(values["asset"], symbol, name, decimals, Grid(1, decimals))
        self.assets[asset.number] = asset
        self.asset_by_symbol[symbol] = asset

    def _fold_market(self, values: dict[str, Any]) -> None:
        base, quote = self.assets[values["base"]], self.assets[values["quote"]]
        market = Market(
            number=values["market"],
            symbol=f"{base.symbol}_{quote.symbol}",
            base=base,
            quote=quote,
            tick=Grid(values["tick_mantissa"], values["tick_exponent"]),
            step=Grid(values["step_mantissa"], values["step_exponent"]),
            state=MarketState(values["state"]),
            **{field: values[field] for field in Market._fields[7:]},
        )
        self.markets[market.number] = market
        self.market_by_symbol[market.symbol] = market

    def _fold_tier(self, values: dict[str, Any]) -> None:
        self.tiers[values["tier"]] = Tier(values["maker_bp"], values["taker_bp"])

    def _fold_account(self, values: dict[str, Any]) -> None:
        account = Account(
            values["account"],
            _text(values["name"]),
            values["tier"],
            values["open_orders_max"],
            AccountFlag(values["flags"]),
        )
        known = self.accounts.get(account.number)
        if known is not None and known.name != account.name:
            self.account_by_name.pop(known.name, None)
        self.accounts[account.number] = self.account_by_name[account.name] = account

    def _fold_key(self, values: dict[str, Any]) -> None:
        public_key = _PUBLIC_KEY.pack(values["public_key_0"], *values["public_key_1"])
        if public_key not in self.keys:
            self._keys_of.setdefault(values["account"], []).append(public_key)
        self.keys[public_key] = Key(
            values["account"], Permission(values["permissions"]), values["expires_ms"]
        )

    def _fold_attester(self, values: dict[str, Any]) -> None:
        self._attesters.pop(values["slot"], None)
        if values["trusted"]:
            key = _PUBLIC_KEY.pack(*values["public_key_0"], values["public_key_3"])
            self._attesters[values["slot"]] = key, _text(values["name"])


def _records(
    rows: NDArray[np.void], starts: NDArray[np.intp], layout: np.dtype[np.void]
) -> Iterable[dict[str, Any]]:
    """The events that start there, as Python values by field name."""
    span = np.arange(layout.itemsize // EVENT_ROW_BYTES)
    records = rows[starts[:, None] + span].view(layout)[:, 0]
    names = layout.names or ()
    return (dict(zip(names, record, strict=True)) for record in records.tolist())


def _text(padded: bytes) -> str:
    return padded.rstrip(b"\0").decode(errors="replace")
