"""`truebook account create`: an account, a key to it, and something to trade with.

Promise: it goes through the log like everything else, as a gateway of its own. Nothing is written
before the name and every amount have been looked at; a name that exists is refused by the engine,
so two who want it at the same time don't both get it. The secret is printed once and kept nowhere.
"""

import asyncio
import base64
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from nacl.signing import SigningKey
from numpy.typing import NDArray

from truebook import commands
from truebook.api.connect import connected
from truebook.api.exchange import Exchange
from truebook.cli.loglines import log_lines
from truebook.config import Config, UserError
from truebook.directory import Directory
from truebook.messages import SET_ACCOUNT, OrderStatus, Permission, RejectCode
from truebook.units import AmountError, parse

CONNECT_S_MAX = 15.0
"""How long the log and an engine may take to answer: an engine that was just killed needs some."""
NAME_BYTES_MAX = SET_ACCOUNT["name"].itemsize
PERMISSIONS = Permission.READ | Permission.TRADE | Permission.WITHDRAW


class NoAnswer(Exception):
    """The exchange is there, and nobody answers."""


class Created(NamedTuple):
    """A new account and how to trade on it."""

    account: int
    key: str
    """Base64 of the Ed25519 public key."""
    secret: str
    """Base64 of its 32-byte seed."""


async def create_account(config: Config, name: str, credits: Sequence[str]) -> Created:
    """Open an account named `name` and credit it, as in ["USDC=100000"]. Raises UserError."""
    if not 1 <= len(name.encode()) <= NAME_BYTES_MAX or "\0" in name:
        raise UserError(f"NAME: it must take 1 … {NAME_BYTES_MAX} bytes, and {name!r} doesn't")
    log_lines(sys.stderr)
    try:
        async with asyncio.timeout(CONNECT_S_MAX) as patience:
            connection = connected(
                config.log.url,
                config.bus.url,
                allow_not_durable=config.log.allow_not_durable,
            )
            async with connection as exchange:
                patience.reschedule(None)
                amounts = _amounts(credits, exchange.directory)
                return await _create(exchange, config, name, amounts)
    except TimeoutError:
        raise NoAnswer(f"no engine answers within {CONNECT_S_MAX:g} s") from None


def _amounts(credits: Iterable[str], directory: Directory) -> list[tuple[int, int]]:
    """The asset's number and the atoms of each `ASSET=AMOUNT`."""
    amounts = []
    for text in credits:
        symbol, _, amount = text.partition("=")
        asset = directory.asset_by_symbol.get(symbol)
        if asset is None:
            known = ", ".join(sorted(directory.asset_by_symbol))
            raise UserError(f"--credit {text}: there is no asset {symbol!r}; there are {known}")
        try:
            atoms = parse(amount, asset.atoms)
        except AmountError as error:
            raise UserError(f"--credit {text}: the amount {error}") from None
        if atoms:
            amounts.append((asset.number, atoms))
    return amounts


async def _create(
    exchange: Exchange, config: Config, name: str, amounts: list[tuple[int, int]]
) -> Created:
    opening = commands.set_account(name=name, open_orders_max=config.accounts.open_orders_max)
    replies = (await exchange.send_and_await(opening, 1, None)).replies
    _check(replies, [f"account {name!r}"])
    account = int(replies[0]["account"])
    signing = SigningKey.generate()
    public_key = bytes(signing.verify_key)
    records = [
        commands.set_key(account=account, public_key=public_key, permissions=PERMISSIONS),
        *(commands.deposit(account=account, asset=asset, amount=atoms) for asset, atoms in amounts),
    ]
    replies = (await exchange.send_and_await(b"".join(records), len(records), None)).replies
    _check(replies, ["the key", *["--credit"] * len(amounts)])
    encoded = (base64.b64encode(data).decode() for data in (public_key, bytes(signing)))
    return Created(account, *encoded)


def _check(replies: NDArray[np.void], subjects: list[str]) -> None:
    """Raise UserError for the first command that the engine rejected."""
    for reply, subject in zip(replies, subjects, strict=True):
        if reply["status"] == OrderStatus.REJECTED:
            code = RejectCode(int(reply["code"]))
            if code == RejectCode.NAME_TAKEN:
                raise UserError(f"{subject} exists already")
            raise UserError(f"{subject}: the engine rejects it: {code.name}")
