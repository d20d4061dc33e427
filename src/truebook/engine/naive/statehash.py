"""The state hash from scratch: every record of the state, listed and added up.

Promise: it looks at the state alone and remembers nothing from one call to the next but the hashes
of records it has seen (a record's hash depends on its words only). engine/fingerprint.py says what
a record's words are.
"""

from collections.abc import Iterator
from functools import lru_cache

from truebook.engine.fingerprint import Tag, record_hash, to_bytes
from truebook.engine.naive.state import State
from truebook.engine.naive.timeflags import time_flags

Words = tuple[int, ...]

hash_of = lru_cache(maxsize=1 << 16)(record_hash)


def state_hash(state: State) -> bytes:
    """Return the sixteen bytes that engines in the same state share."""
    low = high = 0
    for words in state_records(state):
        record_low, record_high = hash_of(*words)
        low += record_low
        high += record_high
    return to_bytes(low, high)


def state_records(state: State) -> Iterator[Words]:
    """Yield every record that the hash covers, its tag first."""
    yield Tag.CLOCK, state.time_ms
    if state.version != 1:
        yield Tag.RULES, state.version
    for gateway, sequence in state.gateways.items():
        yield Tag.GATEWAY, gateway, sequence
    yield from _venue_records(state)
    yield from _account_records(state)
    yield from _fund_records(state)
    for order in state.orders.values():
        yield (
            *(Tag.ORDER, order.id, order.user_id | order.market << 32, order.price),
            *(order.original_qty, order.remaining_qty, order.executed_quote),
            *(order.priority, time_flags(order)),
        )
    for order in state.pending.values():
        yield (
            *(Tag.TRIGGER, order.id, order.user_id | order.market << 32, order.price),
            *(order.original_qty, order.trigger_price, order.priority, time_flags(order)),
        )
    for (account, client_id), order in state.client_ids.items():
        yield Tag.CLIENT, account, client_id, order.id


def _venue_records(state: State) -> Iterator[Words]:
    for asset in state.assets:
        names = (*words_of(asset.symbol), *words_of(asset.display_name))
        yield Tag.ASSET, asset.index, asset.decimals, *names
    for market in state.markets:
        s = market.settings
        yield (
            *(Tag.MARKET, market.index, s.base | s.quote << 16 | s.state << 32),
            *(s.tick_mantissa, s.step_mantissa, s.tick_exponent | s.step_exponent << 8),
            *(s.price_min, s.price_max, s.quantity_min, s.quantity_max),
            *(s.price_reference, s.open_orders_max),
            s.band_max_bp | s.band_min_bp << 16 | s.impact_max_bp << 32 | s.impact_min_bp << 48,
            *(market.book.last_trade_price, market.sequence, market.last_trade_id),
        )
    for index, tier in enumerate(state.tiers):
        if tier.is_set if state.version >= 2 else tier.maker_bp or tier.taker_bp:
            yield Tag.TIER, index, tier.maker_bp, tier.taker_bp
    for attester in state.attesters.values():
        terms = attester.slot | attester.trusted << 32
        yield Tag.ATTESTER, terms, *words_of(attester.public_key), *words_of(attester.name)


def _account_records(state: State) -> Iterator[Words]:
    for account in state.accounts:
        terms = account.tier | account.flags << 8 | account.open_orders_max << 32
        yield Tag.ACCOUNT, account.number, terms, account.sequence, *words_of(account.name)
    for key in state.keys.values():
        may = key.account | key.permissions << 32
        yield Tag.KEY, *words_of(key.public_key), may, key.expires_ms
    for (number, timer), expires_ms in state.timers.items():
        yield Tag.TIMER, number | timer << 32, expires_ms


def _fund_records(state: State) -> Iterator[Words]:
    for (number, asset_index), funds in state.ledger.balances.items():
        if funds.available or funds.locked:
            place = number | asset_index << 32
            yield Tag.BALANCE, place, funds.available, funds.locked
    for withdrawal in state.withdrawals.values():
        place = withdrawal.account | withdrawal.asset << 32
        yield Tag.WITHDRAWAL, withdrawal.id, place, withdrawal.amount
    for reference in state.references:
        yield Tag.REFERENCE, *reference


def words_of(text: bytes) -> Words:
    """Return a byte string as little-endian 64-bit words."""
    return tuple(int.from_bytes(text[i : i + 8], "little") for i in range(0, len(text), 8))
