"""Opening an account: its number, a key to it, and something to trade with.

Promise: it goes through the log like everything else, as a gateway of its own. Nothing is written
before the name and every amount have been looked at; a name that exists is refused by the engine,
so two who want it at the same time don't both get it. Key and money are one submission, so one log
entry: an account that has a key has been given its money as well.
"""

from collections.abc import Sequence
from typing import NamedTuple

from nacl.signing import SigningKey

from truebook.api.exchange import Exchange
from truebook.config import Config, UserError
from truebook.messages import RejectCode
from truebook.people import accounts
from truebook.people.accounts import Amount, key_text
from truebook.people.errors import Unacceptable
from truebook.people.exchange import Refused
from truebook.supervisor.visiting import visit


class Created(NamedTuple):
    """A new account and how to trade on it."""

    account: int
    key: str
    """Base64 of the Ed25519 public key."""
    secret: str
    """Base64 of its 32-byte seed."""


async def create_account(config: Config, name: str, credits: Sequence[str]) -> Created:
    """Open an account named `name` and credit it, as in ["USDC=100000"]. Raises UserError.

    The secret is returned and kept nowhere.
    """
    try:
        accounts.check_name(name)
        async with visit(config) as exchange:
            amounts = accounts.amounts_of(credits, exchange.directory, "--credit")
            account = await open_account(exchange, name, config.accounts.open_orders_max)
            signing = SigningKey.generate()
            public_key = bytes(signing.verify_key)
            await equip(exchange, account, public_key, amounts)
    except Unacceptable as error:
        raise UserError(str(error)) from None
    return Created(account, key_text(public_key), key_text(bytes(signing)))


async def open_account(exchange: Exchange, name: str, open_orders_max: int) -> int:
    """Open an account without key and money; its number. Raises UserError."""
    try:
        return await accounts.open_account(exchange, name, open_orders_max)
    except Refused as refused:
        if refused.code == RejectCode.NAME_TAKEN:
            raise UserError(f"account {name!r} exists already") from None
        raise UserError(f"account {name!r}: the engine rejects it: {refused}") from None


async def equip(
    exchange: Exchange, account: int, public_key: bytes, amounts: Sequence[Amount]
) -> None:
    """Give an account a key with all permissions of a trader, and money. Raises UserError."""
    try:
        await accounts.equip(exchange, account, public_key, amounts)
    except Refused as refused:
        subject = "--credit" if refused.command else "the key"
        raise UserError(f"{subject}: the engine rejects it: {refused}") from None
