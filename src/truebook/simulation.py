"""An exchange in memory, for research: commands in and events out as NumPy arrays.

Promise: what happens here is what happens on a running exchange, bit by bit: it is the same engine
with the same rules (docs/rules.md), fed from arrays instead of a log. Nothing is kept on disk.

    venue = Simulation()
    usd, sol = venue.add_asset("USD", 6), venue.add_asset("SOL", 9)
    market = venue.add_market(base=sol, quote=usd, tick=Grid(1, 2), step=Grid(1, 2))
    ann = venue.add_account("ann", {usd: 1_000_000_000})
    outcome = venue.apply(limit_orders(ann, market, Side.BID, prices, quantities, order_ids))
    fills = outcome.of(EventKind.FILL)

Prices are in ticks, quantities in lots, balances in atoms, all whole numbers. Bad input raises
nothing: as on the exchange it gives a REJECTED event. Settings that are refused raise ValueError.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truebook import commands
from truebook.engine.fast import FastEngine
from truebook.engine.interface import Engine
from truebook.limits import ENTRY_RECORDS_MAX, OPEN_ORDERS_PER_MARKET_MAX
from truebook.messages import (
    COMMAND,
    COMMAND_BYTES,
    ENTRY,
    EVENT_DTYPES,
    EVENT_ROW,
    EVENT_ROW_BYTES,
    FORMAT_VERSION,
    REPLY,
    RULES_VERSION_MAX,
    CommandKind,
    EventKind,
    OrderType,
    SelfTrade,
    TimeInForce,
)
from truebook.units import Grid

_GATEWAY = 1


class Outcome(NamedTuple):
    """What became of a batch."""

    rows: NDArray[Any]
    """Event rows in order (messages.EVENT_ROW); an event is one to four rows."""
    replies: NDArray[Any]
    """One for each command (messages.REPLY); more for CANCEL_ALL."""

    def of(self, kind: EventKind) -> NDArray[Any]:
        """All events of that kind, in order, with their fields (messages.EVENT_DTYPES)."""
        layout = EVENT_DTYPES[kind]
        starts = np.flatnonzero(self.rows["kind"] == kind)
        count = layout.itemsize // EVENT_ROW_BYTES
        chosen = self.rows[starts[:, None] + np.arange(count)]
        return np.ascontiguousarray(chosen).view(layout).reshape(-1)


def limit_orders(
    account: ArrayLike,
    market: ArrayLike,
    side: ArrayLike,
    price: ArrayLike,
    quantity: ArrayLike,
    order_id: ArrayLike,
    time_in_force: ArrayLike = TimeInForce.GTC,
    self_trade: ArrayLike = SelfTrade.REJECT_TAKER,
) -> NDArray[Any]:
    """PLACE commands of limit orders; each argument is a number or an array, one for each order.

    Order ids are 1 or more and not used before; best counted up.
    """
    fields = np.broadcast_arrays(account, market, side, price, quantity, order_id)
    made = np.zeros(fields[0].shape, COMMAND)
    made["kind"], made["records"] = CommandKind.PLACE, 1
    names = ("account", "market", "side", "price", "quantity", "order_id")
    for name, values in zip(names, fields, strict=True):
        made[name] = values
    made["order_type"] = OrderType.LIMIT
    made["time_in_force"] = time_in_force
    made["self_trade"] = self_trade
    return made


def cancels(account: ArrayLike, market: ArrayLike, order_id: ArrayLike) -> NDArray[Any]:
    """CANCEL commands, by order id."""
    accounts, markets, order_ids = np.broadcast_arrays(account, market, order_id)
    made = np.zeros(accounts.shape, COMMAND)
    made["kind"], made["records"] = CommandKind.CANCEL, 1
    made["account"], made["market"], made["order_id"] = accounts, markets, order_ids
    return made


class Simulation:
    """An exchange in memory, under the newest version of the rules."""

    def __init__(self, engine: Engine | None = None) -> None:
        """`engine`: a new one that keeps engine/interface.py; the fast one if none is given."""
        self.engine: Engine = engine or FastEngine()
        self._sequence = 0
        self._time_ms = 0
        self._set(commands.set_rules(RULES_VERSION_MAX))

    def apply(self, batch: NDArray[Any], time_ms: int | None = None) -> Outcome:
        """Carry out an array of commands (messages.COMMAND), in order, at that time.

        Time never goes back; without one it stands still.
        """
        self._time_ms = max(self._time_ms, time_ms or 0)
        raw = np.ascontiguousarray(batch).reshape(-1).view(np.uint8)
        step = ENTRY_RECORDS_MAX * COMMAND_BYTES
        parts = [self._entry(raw[at : at + step]) for at in range(0, len(raw), step)]
        applied = self.engine.apply(np.concatenate(parts or [raw]))
        return Outcome(
            np.frombuffer(applied.events, EVENT_ROW), np.frombuffer(applied.replies, REPLY)
        )

    def _entry(self, records: NDArray[np.uint8]) -> NDArray[np.uint8]:
        self._sequence += 1
        header = np.zeros(1, ENTRY)
        header["kind"], header["version"] = CommandKind.ENTRY, FORMAT_VERSION
        header["count"], header["gateway"] = len(records) // COMMAND_BYTES, _GATEWAY
        header["sequence"], header["time_ms"] = self._sequence, self._time_ms
        return np.concatenate([header.view(np.uint8), records])

    def _set(self, record: bytes) -> Outcome:
        outcome = self.apply(np.frombuffer(record, np.uint8))
        refused = outcome.of(EventKind.REJECTED)
        if len(refused):
            raise ValueError(f"the engine refused it: reject code {int(refused['code'][0])}")
        return outcome

    def add_asset(self, symbol: str, decimals: int) -> int:
        """A new asset; its index."""
        index = self.engine.counts()["assets"]
        self._set(
            commands.set_asset(asset=index, symbol=symbol, decimals=decimals, display_name=symbol)
        )
        return index

    def add_market(
        self,
        *,
        base: int,
        quote: int,
        tick: Grid,
        step: Grid,
        price_max: int = 1 << 30,
        quantity_max: int = 1 << 30,
        open_orders_max: int = OPEN_ORDERS_PER_MARKET_MAX,
    ) -> int:
        """A new market without price bands; its index."""
        index = self.engine.counts()["markets"]
        self._set(
            commands.set_market(
                market=index,
                base=base,
                quote=quote,
                tick=tick,
                step=step,
                price_min=1,
                price_max=price_max,
                quantity_min=1,
                quantity_max=quantity_max,
                price_reference=0,
                open_orders_max=open_orders_max,
                band_min_bp=0,
                band_max_bp=0,
                impact_min_bp=9_700,
                impact_max_bp=10_300,
            )
        )
        return index

    def set_fees(self, maker_bp: int, taker_bp: int, tier: int = 0) -> None:
        """The fees of a tier, in basis points of what a side receives."""
        self._set(commands.set_tier(tier=tier, maker_bp=maker_bp, taker_bp=taker_bp))

    def add_account(
        self, name: str, atoms: Mapping[int, int] | None = None, open_orders_max: int = 1 << 31
    ) -> int:
        """A new account with these atoms of each asset; its number."""
        self._set(commands.set_account(name=name, open_orders_max=open_orders_max))
        account = self.engine.counts()["accounts"] - 1
        for asset, amount in (atoms or {}).items():
            self._set(commands.deposit(account=account, asset=asset, amount=amount))
        return account

    def depth(self, market: int, limit: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Bids and asks, best first: (n, 2) arrays of price and quantity. 0: all levels."""
        return self.engine.depth(market, limit)

    def balances(self, asset: int) -> NDArray[np.int64]:
        """What every account has of the asset: an (accounts, 2) array, available and locked.

        Account 0 is the venue, which earns the fees.
        """
        accounts = self.engine.counts()["accounts"]
        return np.array([self.engine.balance(number, asset) for number in range(accounts)])
