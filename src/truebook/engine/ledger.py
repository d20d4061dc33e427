"""Balances, holds and fees: who has what, to the atom.

Promise: value is only moved, never made: what a fill takes from one side the other side and the
venue receive; deposits and withdrawals are the only doors. No multiplication here can leave int64:
`value` and `base` of an order are bounded when it is admitted (docs/rules.md, NOTIONAL_TOO_LARGE).
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import inlined
from truebook.engine.emit import emit_balance
from truebook.engine.hashing import touch_balance
from truebook.engine.layout import ACCOUNT_BITS
from truebook.engine.state import (
    State,
    balance_at,
    market_at,
)
from truebook.limits import BASIS_POINTS
from truebook.messages import VENUE_ACCOUNT


@inlined
def balance_slot(account: Any, asset: Any) -> Any:
    """Where a balance stands. Assets come in groups of four, so that an account's balances of the
    first four assets are one line, and a group costs memory only for the accounts that use it."""
    group = np.int64(asset) >> 2
    return (group << (ACCOUNT_BITS + 2)) | (np.int64(account) << 2) | (np.int64(asset) & 3)


@inlined
def available(s: State, account: Any, asset: Any) -> Any:
    """What the account may spend of the asset, atoms."""
    return balance_at(s, balance_slot(account, asset)).available


@inlined
def credit(s: State, slot: Any, amount: Any) -> None:
    """Add to what is available; a negative amount takes from it."""
    touch_balance(s, slot)
    balance = balance_at(s, slot)
    balance.available = balance.available + amount


@inlined
def unlock(s: State, slot: Any, amount: Any, back: Any) -> None:
    """Take `amount` out of what is locked, and give `back` of it to what is available."""
    touch_balance(s, slot)
    balance = balance_at(s, slot)
    balance.locked = balance.locked - amount
    balance.available = balance.available + back


@inlined
def held_asset(s: State, book: Any) -> Any:
    """What orders of this side hold: bids the quote asset, asks the base asset."""
    market = market_at(s, book >> 1)
    return market.base if book & 1 else market.quote


@inlined
def hold_of(s: State, book: Any, price: Any, lots: Any) -> Any:
    """What a resting order holds, atoms."""
    market = market_at(s, book >> 1)
    return lots * market.lot_atoms if book & 1 else price * lots * market.unit


@inlined
def take_hold(s: State, account: Any, book: Any, price: Any, lots: Any) -> None:
    """Lock what the order needs while it rests."""
    slot = balance_slot(account, held_asset(s, book))
    amount = hold_of(s, book, price, lots)
    unlock(s, slot, -amount, -amount)


@inlined
def release_hold(s: State, account: Any, book: Any, price: Any, lots: Any) -> None:
    """Give back what those lots held."""
    slot = balance_slot(account, held_asset(s, book))
    amount = hold_of(s, book, price, lots)
    unlock(s, slot, amount, amount)


@inlined
def fee_of(amount: Any, rate_bp: Any) -> Any:
    """The fee on an amount, rounded up in favour of the venue; negative: a rebate."""
    rest = amount % BASIS_POINTS * rate_bp
    return amount // BASIS_POINTS * rate_bp + (rest + BASIS_POINTS - 1) // BASIS_POINTS


@inlined
def charge(s: State, asset: Any, amount: Any, rate_bp: Any) -> Any:
    """Move the fee on `amount` to the venue; what it was. A rebate is bounded by what it has."""
    slot = balance_slot(VENUE_ACCOUNT, asset)
    fee = fee_of(amount, rate_bp)
    if fee < 0:
        fee = max(fee, -balance_at(s, slot).available)
    credit(s, slot, fee)
    return fee


@inlined
def emit_pair(s: State, account: Any, market: Any) -> None:
    """BALANCE of the market's base and quote asset."""
    record = market_at(s, market)
    emit_balance(s, account, record.base, balance_slot(account, record.base))
    emit_balance(s, account, record.quote, balance_slot(account, record.quote))


@inlined
def emit_held(s: State, account: Any, book: Any) -> None:
    """BALANCE of the asset that orders of this side hold."""
    asset = held_asset(s, book)
    emit_balance(s, account, asset, balance_slot(account, asset))
