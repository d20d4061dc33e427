"""Balances, holds and fees: who has what, to the atom.

Promise: value is only moved, never made: what a fill takes from one side the other side and the
venue receive; deposits and withdrawals are the only doors. No multiplication here can leave int64:
`value` and `base` of an order are bounded when it is admitted (docs/rules.md, NOTIONAL_TOO_LARGE).
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import inlined, rarely, signed, unsigned
from truebook.engine.hashing import touch_balance
from truebook.engine.layout import ACCOUNT_BITS
from truebook.engine.state import (
    State,
    balance_at,
    book_at,
    market_at,
)
from truebook.limits import BASIS_POINTS

_BASIS_POINTS = np.uint64(BASIS_POINTS)
_SMALL = 1 << 48
"""An amount below that may be multiplied by any rate."""

_MOVED = _SMALL * BASIS_POINTS + BASIS_POINTS - 1
"""Added, so that no rebate makes the division a signed one, and that it rounds up."""


@inlined
def balance_slot(account: Any, asset: Any) -> Any:
    """Where a balance stands. Assets come in groups of four, so that an account's balances of the
    first four assets are one line, and a group costs memory only for the accounts that use it."""
    group = np.int64(asset) >> 2
    return (group << (ACCOUNT_BITS + 2)) | (np.int64(account) << 2) | (np.int64(asset) & 3)


@inlined
def base_slot(market: Any, account: Any) -> Any:
    """Where the account's balance of the market's base asset stands."""
    return market.base_slot + (np.int64(account) << 2)


@inlined
def quote_slot(market: Any, account: Any) -> Any:
    """Where the account's balance of the market's quote asset stands."""
    return market.quote_slot + (np.int64(account) << 2)


@inlined
def set_sides(s: State, number: Any) -> None:
    """A new market has its assets, `lot_atoms` and `unit`: what its two sides hold, and where."""
    market = market_at(s, number)
    market.base_slot = balance_slot(0, market.base)
    market.quote_slot = balance_slot(0, market.quote)
    bids, asks = book_at(s, number * 2), book_at(s, number * 2 + 1)
    bids.held_slot, bids.held_of_tick = market.quote_slot, market.unit
    asks.held_slot, asks.held_of_lot = market.base_slot, market.lot_atoms


@inlined
def held_slot(s: State, book: Any, account: Any) -> Any:
    """Where the account's balance stands that orders of this side hold."""
    return book_at(s, book).held_slot + (np.int64(account) << 2)


@inlined
def account_of(slot: Any) -> Any:
    """Whose balance stands in that slot."""
    return (np.int64(slot) >> 2) & ((1 << ACCOUNT_BITS) - 1)


@inlined
def asset_of(slot: Any) -> Any:
    """Of what asset the balance in that slot is."""
    return ((np.int64(slot) >> (ACCOUNT_BITS + 2)) << 2) | (np.int64(slot) & 3)


@inlined
def available(s: State, account: Any, asset: Any) -> Any:
    """What the account may spend of the asset, atoms."""
    return balance_at(s, balance_slot(account, asset)).available


@inlined
def credit(s: State, slot: Any, amount: Any) -> None:
    """Add to what is available; a negative amount takes from it. The balance is touched before."""
    balance = balance_at(s, slot)
    balance.available = balance.available + amount


@inlined
def spend_locked(s: State, slot: Any, amount: Any) -> None:
    """Take what a maker gives. The balance is touched before."""
    balance = balance_at(s, slot)
    balance.locked = balance.locked - amount


@inlined
def release(s: State, slot: Any, amount: Any) -> None:
    """Make available again what was locked; a negative amount locks."""
    touch_balance(s, slot)
    balance = balance_at(s, slot)
    balance.locked = balance.locked - amount
    balance.available = balance.available + amount


@inlined
def held_asset(s: State, book: Any) -> Any:
    """What orders of this side hold: bids the quote asset, asks the base asset."""
    market = market_at(s, book >> 1)
    return market.base if book & 1 else market.quote


@inlined
def hold_of(s: State, book: Any, price: Any, lots: Any) -> Any:
    """What a resting order holds, atoms. (Both sides by one sum: nothing can guess the side.)"""
    here = book_at(s, book)
    return lots * (here.held_of_lot + price * here.held_of_tick)


@inlined
def take_hold(s: State, account: Any, book: Any, price: Any, lots: Any) -> None:
    """Lock what the order needs while it rests."""
    release_hold(s, account, book, price, -lots)


@inlined
def release_hold(s: State, account: Any, book: Any, price: Any, lots: Any) -> None:
    """Give back what those lots held."""
    release(s, held_slot(s, book, account), hold_of(s, book, price, lots))


@inlined
def _fee_of_small(amount: Any, rate_bp: Any) -> Any:
    return signed(unsigned(amount * rate_bp + _MOVED) // _BASIS_POINTS) - _SMALL


@inlined
def fee_of(amount: Any, rate_bp: Any) -> Any:
    """The fee on an amount, rounded up in favour of the venue; negative: a rebate."""
    if rarely(amount >= _SMALL):
        whole = unsigned(amount) // _BASIS_POINTS
        rest = amount - signed(whole * _BASIS_POINTS)
        return signed(whole) * rate_bp + _fee_of_small(rest, rate_bp)
    return _fee_of_small(amount, rate_bp)


@inlined
def charge(s: State, venue_slot: Any, amount: Any, rate_bp: Any) -> Any:
    """Move the fee on `amount` to the venue; what it was. A rebate is bounded by what it has. The
    balance is touched before."""
    balance = balance_at(s, venue_slot)
    have = balance.available
    fee = max(fee_of(amount, rate_bp), -have)
    balance.available = have + fee
    return fee
