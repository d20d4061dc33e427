"""Checks that several commands share. Each returns the first reason to refuse, or NONE.

Promise: they look and change nothing. Numbers of the rules: docs/rules.md, PLACE 2 to 5.
"""

from truebook.engine.naive.settings import Market
from truebook.engine.naive.state import State
from truebook.limits import AMOUNT_MAX, BASIS_POINTS, NOTIONAL_MAX
from truebook.messages import VENUE_ACCOUNT, AccountFlag, RejectCode

NONE = RejectCode.NONE
BLOCKED = int(AccountFlag.BLOCKED)


def account_fault(state: State, account: int) -> RejectCode:
    """UNKNOWN_ACCOUNT unless the account exists and is not the venue's."""
    if account == VENUE_ACCOUNT or account >= len(state.accounts):
        return RejectCode.UNKNOWN_ACCOUNT
    return NONE


def trader_fault(state: State, account: int) -> RejectCode:
    """Refuse an account that may not place or amend orders."""
    return account_fault(state, account) or blocked_fault(state, account)


def blocked_fault(state: State, account: int) -> RejectCode:
    """ACCOUNT_BLOCKED if the (existing) account is."""
    if state.accounts[account].flags & BLOCKED:
        return RejectCode.ACCOUNT_BLOCKED
    return NONE


def price_fault(market: Market, price: int) -> RejectCode:
    """Refuse a limit price outside the market's filter or band."""
    settings = market.settings
    if price < settings.price_min:
        return RejectCode.PRICE_TOO_LOW
    if price > settings.price_max:
        return RejectCode.PRICE_TOO_HIGH
    reference = market.book.last_trade_price or settings.price_reference
    if reference == 0:
        return NONE
    if settings.band_max_bp and price * BASIS_POINTS > reference * settings.band_max_bp:
        return RejectCode.PRICE_OUT_OF_BAND
    if settings.band_min_bp and price * BASIS_POINTS < reference * settings.band_min_bp:
        return RejectCode.PRICE_OUT_OF_BAND
    return NONE


def lots_fault(market: Market, lots: int) -> RejectCode:
    """Refuse a quantity outside the market's filter."""
    if lots < market.settings.quantity_min:
        return RejectCode.QUANTITY_TOO_SMALL
    if lots > market.settings.quantity_max:
        return RejectCode.QUANTITY_TOO_LARGE
    return NONE


def limit_quantity_fault(market: Market, price: int, lots: int) -> RejectCode:
    """Refuse a limit order's quantity, by itself or times its price."""
    return lots_fault(market, lots) or notional_fault(market, price, lots)


def notional_fault(market: Market, price: int, lots: int) -> RejectCode:
    """NOTIONAL_TOO_LARGE if the quote atoms don't leave room for sums."""
    if market.value(price, lots) > NOTIONAL_MAX:
        return RejectCode.NOTIONAL_TOO_LARGE
    return NONE


def amount_fault(atoms: int) -> RejectCode:
    """Refuse a MARKET_BY_QUOTE amount."""
    if atoms < 1:
        return RejectCode.QUANTITY_TOO_SMALL
    if atoms > AMOUNT_MAX:
        return RejectCode.QUANTITY_TOO_LARGE
    return NONE
