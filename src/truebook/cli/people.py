"""What the commands about people do; through the same code as the endpoints.

Promise: everything that gives or takes a right goes through the log. A password is read without
echo, or from standard input, and never from the arguments, which other users of the machine see.
"""

import asyncio
import contextlib
import getpass
import sys
from collections.abc import AsyncGenerator, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from truebook.api.exchange import Exchange
from truebook.cli.loglines import log_lines
from truebook.cli.reports import print_json
from truebook.clock import SYSTEM_CLOCK
from truebook.config import Config, UserError
from truebook.directory import Account
from truebook.installation import attached
from truebook.messages import AccountFlag, Permission
from truebook.people.accounts import key_text, public_key_of
from truebook.people.admin import Admin
from truebook.people.errors import PeopleError
from truebook.people.exchange import Refused
from truebook.people.keys import KeyPlan, ListedKey, NewKey, names_of, permissions_of
from truebook.people.opening import people_database
from truebook.people.people import People
from truebook.supervisor.visiting import visit

T = TypeVar("T")

DAY_MS = 86_400_000

Wanted = tuple[tuple[str, ...], str, tuple[str, ...], int | None, str]
"""Permissions, label, addresses, days and public key of a key to be added."""


@contextlib.asynccontextmanager
async def people_of(config: Config) -> AsyncGenerator[tuple[Exchange, People]]:
    """The exchange, and its people."""
    async with visit(config) as exchange:
        people = await People.start(exchange, config, people_database(config))
        try:
            yield exchange, people
        finally:
            await people.close()


def carried_out(work: Coroutine[Any, Any, T]) -> T:
    """Do something at the exchange; what it refuses is the user's mistake. Raises UserError."""
    log_lines(sys.stderr)
    try:
        return asyncio.run(work)
    except PeopleError as error:
        raise UserError(str(error)) from None
    except Refused as refused:
        raise UserError(f"the engine rejects it: {refused}") from None


def account_of(exchange: Exchange, name: str) -> Account:
    """The account of this name or number. Raises Missing."""
    return Admin(exchange).account_named(name)


def account_json(account: Account) -> dict[str, Any]:
    """An account as it is printed."""
    return {
        "accountId": account.number,
        "name": account.name,
        "tier": account.tier,
        "openOrdersMax": account.open_orders_max,
        "blocked": AccountFlag.BLOCKED in account.flags,
    }


def print_accounts(config: Config, json: bool) -> None:
    """`truebook account list`."""

    async def read() -> list[Account]:
        async with visit(attached(config)) as exchange:
            return list(exchange.directory.accounts.values())

    accounts = [account_json(account) for account in carried_out(read())]
    if json:
        print_json(accounts)
        return
    for account in accounts:
        blocked = ", blocked" if account["blocked"] else ""
        print(f"{account['accountId']:8} {account['name']:24} tier {account['tier']}{blocked}")


def set_password(config: Config, name: str, admin: bool | None) -> None:
    """`truebook account password`. Raises UserError."""
    config = attached(config)
    password = _asked_for()

    async def change() -> None:
        async with people_of(config) as (exchange, people):
            account = account_of(exchange, name)
            await people.set_password(account.number, password, admin=admin)

    carried_out(change())


def _asked_for() -> str:
    """A new password. Raises UserError."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("New password: ")
    if getpass.getpass("Again: ") != password:
        raise UserError("the two differ")
    return password


def print_added_key(config: Config, name: str, wanted: Wanted, json: bool) -> None:
    """`truebook account key add`. Raises UserError."""
    config = attached(config)
    permissions, label, addresses, days, public_key = wanted
    expires_ms = 0 if days is None else SYSTEM_CLOCK.now_ms() + days * DAY_MS

    async def register() -> NewKey:
        plan = KeyPlan(permissions_of(permissions), label, addresses, expires_ms, public_key)
        async with people_of(config) as (exchange, people):
            account = account_of(exchange, name)
            return await people.keys.add(account.number, plan, ~Permission(0))

    new = carried_out(register())
    found = {"apiKey": key_text(new.public_key)}
    if new.secret is not None:
        found["apiSecret"] = key_text(new.secret)
    if json:
        print_json(found)
        return
    print(f"API key     {found['apiKey']}")
    if new.secret is not None:
        print(f"API secret  {found['apiSecret']}   (kept nowhere else)")


def print_keys(config: Config, name: str, json: bool) -> None:
    """`truebook account key list`. Raises UserError."""
    config = attached(config)

    async def read() -> list[ListedKey]:
        async with people_of(config) as (exchange, people):
            return await people.keys.of(account_of(exchange, name).number)

    for listed in (keys := carried_out(read())):
        if not json:
            print(_line(listed))
    if json:
        print_json(
            [
                {
                    "apiKey": key_text(listed.public_key),
                    "label": listed.label,
                    "permissions": names_of(listed.key.permissions),
                    "addresses": listed.addresses,
                    "createdAt": listed.created_ms or None,
                    "expiresAt": listed.key.expires_ms or None,
                }
                for listed in keys
            ]
        )


def _line(listed: ListedKey) -> str:
    parts = [key_text(listed.public_key), ",".join(names_of(listed.key.permissions))]
    if listed.key.expires_ms:
        expires = datetime.fromtimestamp(listed.key.expires_ms / 1000, UTC)
        parts.append(f"until {expires:%Y-%m-%d %H:%M} UTC")
    if listed.addresses:
        parts.append(f"from {' '.join(listed.addresses)}")
    return "  ".join([*parts, listed.label]).rstrip()


def revoke_key(config: Config, text: str) -> None:
    """`truebook account key revoke`. Raises UserError."""
    config = attached(config)

    async def revoke() -> None:
        public_key = public_key_of(text, "KEY")
        async with people_of(config) as (exchange, people):
            key = exchange.directory.keys.get(public_key)
            await people.keys.revoke(-1 if key is None else key.account, public_key)

    carried_out(revoke())
