"""Opening accounts and giving them keys: what sign-up, the bots and the command line share.

Promise: it goes through the log like everything else. Nothing is written before the name and every
amount have been looked at; a name that exists is refused by the engine, so two who want it at the
same time don't both get it.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from typing import NamedTuple

from nacl.bindings import crypto_core_ed25519_is_valid_point

from truebook import commands
from truebook.directory import Directory
from truebook.messages import SET_ACCOUNT, Permission
from truebook.people.errors import Unacceptable
from truebook.people.exchange import Exchange, carry_out
from truebook.units import AmountError, parse

NAME_BYTES_MAX = SET_ACCOUNT["name"].itemsize
OWNERS_PERMISSIONS = Permission.READ | Permission.TRADE | Permission.WITHDRAW
"""What whoever owns an account may do with it."""

_CHOSEN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,23}")


class Amount(NamedTuple):
    """So many atoms of an asset."""

    asset: int
    atoms: int


def check_name(name: str) -> None:
    """Raise Unacceptable for what can't be the name of an account."""
    if not 1 <= len(name.encode(errors="replace")) <= NAME_BYTES_MAX or "\0" in name:
        raise Unacceptable("name", f"must take 1 … {NAME_BYTES_MAX} bytes, and {name!r} doesn't")


def check_chosen_name(name: str) -> None:
    """Raise Unacceptable for a name that people can't choose themselves: no two look alike."""
    if not _CHOSEN_NAME.fullmatch(name):
        reason = "must have 3 to 24 of a–z, 0–9, ., _ and -, and begin with one of a–z, 0–9"
        raise Unacceptable("name", reason)


def amounts_of(credits: Iterable[str], directory: Directory, field: str) -> list[Amount]:
    """What each `ASSET=AMOUNT` means; zeros are left out. Raises Unacceptable."""
    amounts = []
    for text in credits:
        symbol, _, amount = text.partition("=")
        asset = directory.asset_by_symbol.get(symbol)
        if asset is None:
            known = ", ".join(sorted(directory.asset_by_symbol))
            raise Unacceptable(
                f"{field} {text}", f"there is no asset {symbol!r}; there are {known}"
            )
        try:
            atoms = parse(amount, asset.atoms)
        except AmountError as error:
            raise Unacceptable(f"{field} {text}", f"the amount {error}") from None
        if atoms:
            amounts.append(Amount(asset.number, atoms))
    return amounts


async def open_account(exchange: Exchange, name: str, open_orders_max: int) -> int:
    """Open an account without any key; its number. Raises Refused (NAME_TAKEN)."""
    opening = commands.set_account(name=name, open_orders_max=open_orders_max)
    replies = await carry_out(
        exchange, [opening], lambda directory: name in directory.account_by_name
    )
    return int(replies[0]["account"])


async def equip(
    exchange: Exchange, account: int, public_key: bytes, amounts: Iterable[Amount]
) -> None:
    """Give an account an API key with all permissions of a trader, and money, in one entry.
    Raises Refused."""
    setting = commands.set_key(
        account=account, public_key=public_key, permissions=OWNERS_PERMISSIONS
    )
    await carry_out(
        exchange,
        [setting, *credit_commands(account, amounts)],
        lambda directory: public_key in directory.keys,
    )


def credit_commands(account: int, amounts: Iterable[Amount]) -> list[bytes]:
    """A DEPOSIT of each amount."""
    return [
        commands.deposit(account=account, asset=amount.asset, amount=amount.atoms)
        for amount in amounts
    ]


def public_key_of(text: str, field: str = "publicKey") -> bytes:
    """The bytes of an Ed25519 public key in base64. Raises Unacceptable.

    A point of small order is none: signatures of everything could be made for it.
    """
    try:
        public_key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Unacceptable(field, "must be base64") from None
    if len(public_key) != 32 or not crypto_core_ed25519_is_valid_point(public_key):
        raise Unacceptable(field, "must be the 32 bytes of an Ed25519 public key")
    return public_key


def key_text(public_key: bytes) -> str:
    """A public key, or a seed, as clients write it."""
    return base64.b64encode(public_key).decode()
