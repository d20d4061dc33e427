"""Builders of command records: what an order or a setting looks like in the log.

Promise: each function returns the records of exactly one command, laid out as messages.py says,
with every reserved byte zero. Nothing is checked here that the engine checks; a number that its
field can't hold raises struct.error or OverflowError, a key that is none ValueError.
"""

import struct
from typing import Any

import numpy as np
from nacl.bindings import crypto_core_ed25519_is_valid_point

from truebook.messages import (
    CANCEL_AFTER,
    COMMAND_BYTES,
    NEW_ACCOUNT,
    NO_MARKET,
    RECOVERY,
    REQUEST_WITHDRAWAL,
    SET_ACCOUNT,
    SET_ASSET,
    SET_ATTESTER,
    SET_KEY,
    SET_MARKET,
    SET_MARKET_STATE,
    SET_RULES,
    SET_TIER,
    SETTLE_WITHDRAWAL,
    TICK,
    TRANSFER,
    CancelFlag,
    CommandKind,
    MarketState,
    OrderType,
    PlaceFlag,
    SelfTrade,
    Side,
    TargetBy,
    TimeInForce,
    Timer,
    TriggerFlag,
    WithdrawalState,
)
from truebook.units import Grid

_ORDER = struct.Struct("<8BIHHqqqIII12x")
"""The layout of messages.COMMAND; struct packs it twenty times faster than a NumPy record."""

_TRIGGER = struct.Struct("<xB6xq48x")
"""The second record of messages.PLACE_TRIGGER."""

# Members of a flag's class cost more to join than all else of an order.
_PLACE = int(CommandKind.PLACE)
_POST_ONLY = int(PlaceFlag.POST_ONLY)
_HAS_CLIENT_ID = int(PlaceFlag.HAS_CLIENT_ID)
_SLIPPAGE_TICKS = int(PlaceFlag.SLIPPAGE_TICKS)
_SLIPPAGE_BASIS_POINTS = int(PlaceFlag.SLIPPAGE_BASIS_POINTS)

ALL_ORDERS = CancelFlag(0)


def place(
    *,
    account: int,
    market: int,
    order_id: int,
    side: Side,
    order_type: OrderType,
    quantity: int,
    price: int = 0,
    time_in_force: TimeInForce = TimeInForce.GTC,
    self_trade: SelfTrade = SelfTrade.REJECT_TAKER,
    post_only: bool = False,
    client_id: int | None = None,
    slippage_ticks: int | None = None,
    slippage_bp: int | None = None,
    deadline_ms: int = 0,
) -> bytes:
    """PLACE. `price` in ticks, `quantity` in lots or, by quote, in quote atoms.

    A market order has no price, but may have a slippage, in ticks or in basis points.
    """
    flags = _POST_ONLY if post_only else 0
    if client_id is not None:
        flags |= _HAS_CLIENT_ID
    if slippage_ticks is not None:
        flags, price = flags | _SLIPPAGE_TICKS, slippage_ticks
    if slippage_bp is not None:
        flags, price = flags | _SLIPPAGE_BASIS_POINTS, slippage_bp
    kinds = (_PLACE, 1, side, order_type, time_in_force, self_trade, flags, 0)
    numbers = (order_id, price, quantity, client_id or 0, 0, deadline_ms)
    return _ORDER.pack(*kinds, account, market, 0, *numbers)


def place_trigger(*, trigger_price: int, percent_bp: int | None = None, **order: Any) -> bytes:
    """PLACE_TRIGGER, two records: `order` as of `place`, placed when the last price gets there.

    With `percent_bp`, and without `quantity`, it is for that many basis points of what the account
    has available by then.
    """
    if percent_bp is not None:
        order["quantity"] = percent_bp
    placed = place(**order)
    flags = TriggerFlag(0) if percent_bp is None else TriggerFlag.PERCENT
    return bytes((CommandKind.PLACE_TRIGGER, 2)) + placed[2:] + _TRIGGER.pack(flags, trigger_price)


def cancel(
    *, account: int, market: int = NO_MARKET, order_id: int = 0, client_id: int | None = None
) -> bytes:
    """CANCEL of the order with that id or, if given, the account's with that client id."""
    by = TargetBy.ORDER_ID if client_id is None else TargetBy.CLIENT_ID
    kinds = (CommandKind.CANCEL, 1, 0, 0, 0, 0, 0, by)
    return _ORDER.pack(*kinds, account, market, 0, order_id, 0, 0, client_id or 0, 0, 0)


def cancel_all(*, account: int, market: int = NO_MARKET, flags: CancelFlag = ALL_ORDERS) -> bytes:
    """CANCEL_ALL of the account's orders in one market, or in all; `flags` say which of them."""
    kinds = (CommandKind.CANCEL_ALL, 1, 0, 0, 0, 0, flags, 0)
    return _ORDER.pack(*kinds, account, market, 0, 0, 0, 0, 0, 0, 0)


def cancel_after(*, account: int, timeout_ms: int, timer: Timer = Timer.DEAD_MAN) -> bytes:
    """CANCEL_AFTER: all orders are cancelled that long after the entry's time; 0: not any more."""
    return _record(
        CANCEL_AFTER, CommandKind.CANCEL_AFTER, account=account, timer=timer, timeout_ms=timeout_ms
    )


def amend(
    *,
    account: int,
    price: int,
    quantity: int,
    market: int = NO_MARKET,
    order_id: int = 0,
    client_id: int | None = None,
    deadline_ms: int = 0,
) -> bytes:
    """AMEND to a new price in ticks and a new whole quantity in lots."""
    by = TargetBy.ORDER_ID if client_id is None else TargetBy.CLIENT_ID
    kinds = (CommandKind.AMEND, 1, 0, 0, 0, 0, 0, by)
    numbers = (order_id, price, quantity, client_id or 0, 0, deadline_ms)
    return _ORDER.pack(*kinds, account, market, 0, *numbers)


def deposit(*, account: int, asset: int, amount: int, reference: bytes = b"") -> bytes:
    """DEPOSIT of `amount` atoms; one with a `reference` of 16 bytes counts once."""
    words = struct.unpack("<2Q", reference) if reference else (0, 0)
    terms = {"account": account, "asset": asset, "amount": amount, "reference": words}
    return _record(TRANSFER, CommandKind.DEPOSIT, **terms)


def request_withdrawal(*, account: int, asset: int, amount: int, withdrawal_id: int) -> bytes:
    """REQUEST_WITHDRAWAL: locks `amount` atoms until it is settled."""
    return _record(
        REQUEST_WITHDRAWAL,
        CommandKind.REQUEST_WITHDRAWAL,
        account=account,
        asset=asset,
        amount=amount,
        withdrawal_id=withdrawal_id,
    )


def settle_withdrawal(*, withdrawal_id: int, state: WithdrawalState) -> bytes:
    """SETTLE_WITHDRAWAL: CONFIRMED, it leaves the exchange; REFUSED, it is available again."""
    return _record(
        SETTLE_WITHDRAWAL,
        CommandKind.SETTLE_WITHDRAWAL,
        withdrawal_id=withdrawal_id,
        state=state,
    )


def withdraw(*, account: int, asset: int, amount: int) -> bytes:
    """WITHDRAW of `amount` atoms."""
    return _record(TRANSFER, CommandKind.WITHDRAW, account=account, asset=asset, amount=amount)


def tick(*markets: int) -> bytes:
    """TICK that names up to TICK_MARKETS_MAX markets."""
    padded = (*markets, *([0] * (TICK["markets"].shape[0] - len(markets))))
    return _record(TICK, CommandKind.TICK, count=len(markets), markets=padded)


def recovery(*, after: tuple[int, int]) -> bytes:
    """RECOVERY: entries behind that log position (high and low word) were reached only now."""
    high, low = after
    return _record(RECOVERY, CommandKind.RECOVERY, after_high=high, after_low=low)


def set_asset(*, asset: int, symbol: str, decimals: int, display_name: str) -> bytes:
    """SET_ASSET: `asset` is its index; one atom is 10 ** -decimals."""
    return _record(
        SET_ASSET,
        CommandKind.SET_ASSET,
        asset=asset,
        decimals=decimals,
        symbol=_name(symbol, 16),
        display_name=_name(display_name, 24),
    )


def set_market(
    *,
    market: int,
    base: int,
    quote: int,
    tick: Grid,
    step: Grid,
    price_min: int,
    price_max: int,
    quantity_min: int,
    quantity_max: int,
    price_reference: int,
    open_orders_max: int,
    band_min_bp: int,
    band_max_bp: int,
    impact_min_bp: int,
    impact_max_bp: int,
    state: MarketState = MarketState.OPEN,
) -> bytes:
    """SET_MARKET, two records. Prices in ticks, quantities in lots, multipliers in basis points."""
    return _record(
        SET_MARKET,
        CommandKind.SET_MARKET,
        market=market,
        base=base,
        quote=quote,
        tick_mantissa=tick.mantissa,
        tick_exponent=tick.exponent,
        step_mantissa=step.mantissa,
        step_exponent=step.exponent,
        price_min=price_min,
        price_max=price_max,
        quantity_min=quantity_min,
        quantity_max=quantity_max,
        price_reference=price_reference,
        open_orders_max=open_orders_max,
        band_min_bp=band_min_bp,
        band_max_bp=band_max_bp,
        impact_min_bp=impact_min_bp,
        impact_max_bp=impact_max_bp,
        state=state,
    )


def set_market_state(*, market: int, state: MarketState) -> bytes:
    """SET_MARKET_STATE: halts, restricts or reopens a market."""
    return _record(SET_MARKET_STATE, CommandKind.SET_MARKET_STATE, market=market, state=state)


def set_tier(*, tier: int, maker_bp: int, taker_bp: int) -> bytes:
    """SET_TIER: fees in basis points; negative is a rebate."""
    return _record(SET_TIER, CommandKind.SET_TIER, tier=tier, maker_bp=maker_bp, taker_bp=taker_bp)


def set_account(
    *,
    name: str,
    account: int = NEW_ACCOUNT,
    tier: int = 0,
    open_orders_max: int = 5_000,
    flags: int = 0,
) -> bytes:
    """SET_ACCOUNT: opens an account (the reply carries its number) or changes one."""
    return _record(
        SET_ACCOUNT,
        CommandKind.SET_ACCOUNT,
        account=account,
        tier=tier,
        open_orders_max=open_orders_max,
        flags=flags,
        name=_name(name, 24),
    )


def set_key(*, account: int, public_key: bytes, permissions: int, expires_ms: int = 0) -> bytes:
    """SET_KEY: the 32 bytes of an Ed25519 public key, and what it may do; 0 revokes it.

    ValueError for what is no such key: another encoding of one, or a point of small order, to which
    anybody can make signatures.
    """
    if permissions and not crypto_core_ed25519_is_valid_point(public_key):
        raise ValueError("not an Ed25519 public key")
    return _record(
        SET_KEY,
        CommandKind.SET_KEY,
        account=account,
        permissions=permissions,
        expires_ms=expires_ms,
        public_key=struct.unpack("<4Q", public_key),
    )


def set_rules(version: int) -> bytes:
    """SET_RULES: from here on the engine follows that version of docs/rules.md."""
    return _record(SET_RULES, CommandKind.SET_RULES, version=version)


def set_attester(*, slot: int, public_key: bytes, name: str, trusted: bool) -> bytes:
    """SET_ATTESTER: whether attestations under the 32 bytes of that Ed25519 key count."""
    return _record(
        SET_ATTESTER,
        CommandKind.SET_ATTESTER,
        slot=slot,
        public_key=struct.unpack("<4Q", public_key),
        name=_name(name, 16),
        trusted=trusted,
    )


def _record(layout: np.dtype[np.void], kind: CommandKind, **fields: object) -> bytes:
    record = np.zeros(1, layout)
    record["kind"] = kind
    record["records"] = layout.itemsize // COMMAND_BYTES
    for field, value in fields.items():
        record[field] = value
    return record.tobytes()


def _name(text: str, size: int) -> np.void:
    data = text.encode()
    if len(data) > size:
        raise OverflowError(f"{text!r} takes more than {size} bytes")
    return np.void(data.ljust(size, b"\0"))
