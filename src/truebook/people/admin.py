"""What administrators do: credits and debits, market states, new assets and markets, fee tiers, the
rules, an account's tier, caps and block. Endpoints and command line share it.

Promise: each is a command in the log, and directly before it in the same entry stands a note of who
did it and why. Nothing is written before everything was looked at that can be looked at here; what
the engine then rejects is raised as Refused and has changed nothing.

An account's settings are set all at once: two administrators who change the same account in the
same millisecond may undo one another's change. Both stand in the log.
"""

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from truebook import commands
from truebook.commandlog.interface import Once
from truebook.directory import Account, Asset, Directory, Market
from truebook.genesis import AssetPlan, MarketPlan, VenueError, market_command
from truebook.limits import (
    ASSETS_MAX,
    MARKETS_MAX,
    REASON_CHARACTERS_MAX,
    REFERENCE_CHARACTERS_MAX,
    TIERS_MAX,
)
from truebook.messages import (
    NOTE_BYTES_MAX,
    RULES_VERSION_MAX,
    SET_MARKET,
    AccountFlag,
    MarketState,
    WithdrawalState,
    note_parts,
)
from truebook.messages.commands import MARKET_BANDS, MARKET_FIELDS
from truebook.people.errors import Missing, Unacceptable
from truebook.people.exchange import Exchange, carry_out
from truebook.people.plans import changed_plan
from truebook.units import AmountError, parse

STATES = {
    "Open": MarketState.OPEN,
    "CancelOnly": MarketState.CANCEL_ONLY,
    "PostOnly": MarketState.POST_ONLY,
    "LimitOnly": MarketState.LIMIT_ONLY,
    "Closed": MarketState.CLOSED,
}

_WHO_CHARACTERS_MAX = 120
_REFERENCE_BYTES = 16
_MARKET_SETTINGS = [
    "state",
    *(name for name, _ in MARKET_FIELDS if not name.endswith("_mantissa")),
    *(name for name, _ in MARKET_BANDS),
]


class Why(NamedTuple):
    """Who does something, and the reason that they give."""

    who: str
    reason: str
    once: Once | None = None
    """The mark of the signature that asks for it."""
    about: str = ""
    """What else the note shall say."""


class AccountChange(NamedTuple):
    """What of an account's settings is to change; None stays."""

    tier: int | None = None
    open_orders_max: int | None = None
    blocked: bool | None = None


class Admin:
    """The things that only administrators may do; whoever calls this has looked who asks."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @property
    def _directory(self) -> Directory:
        return self._exchange.directory

    async def credit(
        self, account: int, symbol: str, quantity: str, why: Why, reference: str = ""
    ) -> None:
        """Let value enter the exchange, for an account. A `reference` to what it is outside, as the
        number of a transfer, counts once: the second time it is Refused (DUPLICATE_REFERENCE)."""
        asset, atoms = self._amount(symbol, quantity)
        digest = b""
        if reference:
            why = why._replace(about=f" [reference {_checked(reference)}]")
            digest = hashlib.blake2b(reference.encode(), digest_size=_REFERENCE_BYTES).digest()
        deposit = commands.deposit(
            account=account, asset=asset.number, amount=atoms, reference=digest
        )
        await self._carry_out(why, deposit)

    async def debit(self, account: int, symbol: str, quantity: str, why: Why) -> None:
        """Let value leave the exchange, from what an account has available."""
        asset, atoms = self._amount(symbol, quantity)
        withdrawal = commands.withdraw(account=account, asset=asset.number, amount=atoms)
        await self._carry_out(why, withdrawal)

    async def settle_withdrawal(
        self, withdrawal_id: int, state: WithdrawalState, why: Why
    ) -> tuple[int, int]:
        """Let what was locked leave the exchange, or be available again: the account, and how many
        atoms. Refused (UNKNOWN_WITHDRAWAL) if none with this number waits."""
        command = commands.settle_withdrawal(withdrawal_id=withdrawal_id, state=state)
        (reply,) = await self._carry_out(why, command)
        return int(reply["account"]), int(reply["quantity"])

    async def set_market(self, symbol: str, changes: dict[str, object], why: Why) -> Market:
        """Change a market's filters, bands, and cap on open orders; its state stays."""
        market = self._market(symbol)
        await self._set_market(market.number, changed_plan(market, changes), market.state, why)
        return self._directory.markets[market.number]

    async def set_market_state(self, symbol: str, state: str, why: Why) -> Market:
        """Halt, restrict or reopen a market."""
        market = self._market(symbol)
        if state not in STATES:
            raise Unacceptable("state", f"must be one of {', '.join(STATES)}")
        number, wanted = market.number, STATES[state]
        command = commands.set_market_state(market=number, state=wanted)
        await self._carry_out(why, command, lambda known: known.markets[number].state == wanted)
        return self._directory.markets[number]

    async def add_asset(self, plan: AssetPlan, why: Why) -> Asset:
        """Add an asset."""
        directory = self._directory
        if plan.symbol in directory.asset_by_symbol:
            raise Unacceptable("symbol", f"there is an asset {plan.symbol!r} already")
        number = len(directory.assets)
        if number >= ASSETS_MAX:
            raise Unacceptable("symbol", "there are as many assets as there may be")
        try:
            command = commands.set_asset(
                asset=number,
                symbol=plan.symbol,
                decimals=plan.decimals,
                display_name=plan.display_name or plan.symbol,
            )
        except OverflowError as error:
            raise Unacceptable("symbol", str(error)) from None
        await self._carry_out(why, command, lambda known: number in known.assets)
        return directory.assets[number]

    async def add_market(self, plan: MarketPlan, state: str, why: Why) -> Market:
        """Add a market between two assets, in a state of one's choice."""
        directory = self._directory
        if plan.symbol in directory.market_by_symbol:
            raise Unacceptable("symbol", f"there is a market {plan.symbol!r} already")
        if state not in STATES:
            raise Unacceptable("state", f"must be one of {', '.join(STATES)}")
        number = len(directory.markets)
        if number >= MARKETS_MAX:
            raise Unacceptable("symbol", "there are as many markets as there may be")
        await self._set_market(number, plan, STATES[state], why)
        return directory.markets[number]

    async def set_tier(self, tier: int, maker_bp: int, taker_bp: int, why: Why) -> None:
        """Set the fees of a tier, in basis points."""
        if not 0 <= tier < TIERS_MAX:
            raise Unacceptable("tier", f"must be 0 … {TIERS_MAX - 1}")
        command = commands.set_tier(tier=tier, maker_bp=maker_bp, taker_bp=taker_bp)
        await self._carry_out(
            why, command, lambda known: known.tiers.get(tier) == (maker_bp, taker_bp)
        )

    async def set_rules(self, version: int, why: Why) -> None:
        """Have the engines follow a later version of the rules from here on, for good. Whoever asks
        has made sure that all of them know it: one that doesn't would refuse what others do."""
        if not 1 <= version <= RULES_VERSION_MAX:
            raise Unacceptable("version", f"must be 1 … {RULES_VERSION_MAX}")
        await self._carry_out(why, commands.set_rules(version))

    async def set_account(self, number: int, change: AccountChange, why: Why) -> Account:
        """Change an account's fee tier, its cap on open orders, and whether it is blocked."""
        account = self.account(number)
        if change.tier is not None:
            if not 0 <= change.tier < TIERS_MAX:
                raise Unacceptable("tier", f"must be 0 … {TIERS_MAX - 1}")
            if change.tier and change.tier not in self._directory.tiers:
                raise Unacceptable("tier", f"tier {change.tier} has no fees yet: set them first")
            account = account._replace(tier=change.tier)
        if change.open_orders_max is not None:
            if not 0 <= change.open_orders_max <= 0xFFFF_FFFF:
                raise Unacceptable("openOrdersMax", "must be 0 … 4294967295")
            account = account._replace(open_orders_max=change.open_orders_max)
        if change.blocked is not None:
            rest = account.flags & ~AccountFlag.BLOCKED
            account = account._replace(flags=rest | (AccountFlag.BLOCKED * change.blocked))
        command = commands.set_account(
            name=account.name,
            account=number,
            tier=account.tier,
            open_orders_max=account.open_orders_max,
            flags=account.flags,
        )
        await self._carry_out(why, command, lambda known: known.accounts[number] == account)
        return account

    def account(self, number: int) -> Account:
        """The account with this number. Raises Missing."""
        account = self._directory.accounts.get(number)
        if account is None:
            raise Missing(f"there is no account {number}")
        return account

    def account_named(self, name: str) -> Account:
        """The account of this name, or with this number. Raises Missing."""
        account = self._directory.account_by_name.get(name)
        if account is None and name.isascii() and name.isdigit():
            account = self._directory.accounts.get(int(name[:12]))
        if account is None:
            raise Missing(f"there is no account {name!r}")
        return account

    async def _set_market(
        self, number: int, plan: MarketPlan, state: MarketState, why: Why
    ) -> None:
        base, quote = (self._plan_of(symbol) for symbol in plan.symbol.partition("_")[::2])
        try:
            command = market_command(number, plan, base, quote, state)
        except (VenueError, OverflowError) as error:
            raise Unacceptable("market", str(error)) from None
        wanted = np.frombuffer(command, SET_MARKET)[0]

        def is_shown(known: Directory) -> bool:
            market = known.markets.get(number)
            return market is not None and all(
                getattr(market, name) == wanted[name] for name in _MARKET_SETTINGS
            )

        await self._carry_out(why, command, is_shown)

    def _market(self, symbol: str) -> Market:
        market = self._directory.market_by_symbol.get(symbol)
        if market is None:
            raise Unacceptable("symbol", f"there is no market {symbol!r}")
        return market

    def _amount(self, symbol: str, quantity: str) -> tuple[Asset, int]:
        asset = self._directory.asset_by_symbol.get(symbol)
        if asset is None:
            raise Unacceptable("symbol", f"there is no asset {symbol!r}")
        try:
            atoms = parse(quantity, asset.atoms)
        except AmountError as error:
            raise Unacceptable("quantity", str(error)) from None
        if not atoms:
            raise Unacceptable("quantity", "must be above 0")
        return asset, atoms

    def _plan_of(self, symbol: str) -> tuple[int, AssetPlan]:
        asset = self._directory.asset_by_symbol.get(symbol)
        if asset is None:
            raise Unacceptable("symbol", "must join two assets of the venue by _")
        return asset.number, AssetPlan(asset.symbol, asset.decimals, asset.display_name)

    async def _carry_out(
        self,
        why: Why,
        command: bytes,
        shown: Callable[[Directory], bool] | None = None,
    ) -> list[Any]:
        notes = note_parts(note_text(why), 1)
        return await carry_out(
            self._exchange, [*notes, command], shown, notes=len(notes), once=why.once
        )


def _checked(reference: str) -> str:
    """A reference that can be told again. Raises Unacceptable."""
    if len(reference) > REFERENCE_CHARACTERS_MAX or not (
        reference.isascii() and reference.isprintable()
    ):
        reason = f"must have at most {REFERENCE_CHARACTERS_MAX} printable ASCII characters"
        raise Unacceptable("reference", reason)
    return reference


def note_text(why: Why) -> str:
    """Who, and on the second line why. Raises Unacceptable."""
    reason = " ".join(why.reason.split())
    if not 1 <= len(reason) <= REASON_CHARACTERS_MAX or "\0" in reason:
        raise Unacceptable("reason", f"must have 1 to {REASON_CHARACTERS_MAX} characters")
    text = f"{why.who[:_WHO_CHARACTERS_MAX]}\n{reason}{why.about}"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise Unacceptable("reason", "is not valid Unicode") from None
    if size > NOTE_BYTES_MAX:
        raise Unacceptable("reason", f"may take {NOTE_BYTES_MAX} bytes with who gives it")
    return text
