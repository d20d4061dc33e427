"""API keys: made, listed, revoked. What a key may do stands in the log, its label and its address
list in the database.

Promise: nobody gives a key more than they have, and only an administrator makes an administrator's.
A key's secret is shown once, to whoever had it made, and kept nowhere. A key belongs to its account
for good: a revoked one can't be given to another.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

from nacl.signing import SigningKey

from truebook import commands
from truebook.clock import Clock
from truebook.directory import Key
from truebook.limits import (
    API_KEYS_OF_AN_ACCOUNT_MAX,
    KEY_LABEL_CHARACTERS_MAX,
    KEYS_OF_AN_ACCOUNT_MAX,
)
from truebook.messages import Permission
from truebook.people.accounts import public_key_of
from truebook.people.addresses import address_list
from truebook.people.database import AsyncDatabase, KeyRow
from truebook.people.errors import Forbidden, Missing, Unacceptable
from truebook.people.exchange import Exchange, carry_out
from truebook.people.passwords import is_api_key_expiry, is_password_key

PERMISSIONS = {permission.name.lower(): permission for permission in Permission if permission.name}


class KeyPlan(NamedTuple):
    """A key to be registered."""

    permissions: Permission
    label: str = ""
    addresses: tuple[str, ...] = ()
    expires_ms: int = 0
    public_key: str = ""
    """Base64 of a key that its owner made; empty: one is made."""


class ListedKey(NamedTuple):
    """An API key as it is listed."""

    public_key: bytes
    key: Key
    label: str
    addresses: tuple[str, ...]
    created_ms: int
    """0: not known; it was made outside of this installation's database."""


class NewKey(NamedTuple):
    """A key that was registered."""

    public_key: bytes
    secret: bytes | None
    """The seed, if the key was made here."""


def permissions_of(names: Iterable[str]) -> Permission:
    """The permissions of these names. Raises Unacceptable."""
    permissions = Permission(0)
    for name in names:
        if name not in PERMISSIONS:
            raise Unacceptable("permissions", f"must be of {', '.join(PERMISSIONS)}")
        permissions |= PERMISSIONS[name]
    if not permissions:
        raise Unacceptable("permissions", "a key needs at least one")
    return permissions


def names_of(permissions: Permission) -> list[str]:
    """The names of permissions, in their order."""
    return [name for name, permission in PERMISSIONS.items() if permission in permissions]


class ApiKeys:
    """The API keys of accounts."""

    def __init__(
        self,
        exchange: Exchange,
        database: AsyncDatabase,
        clock: Clock,
        look_again: Callable[[], Awaitable[None]],
    ) -> None:
        """`look_again` makes this process heed what was changed in the database."""
        self._exchange = exchange
        self._database = database
        self._clock = clock
        self._look_again = look_again

    async def of(self, account: int) -> list[ListedKey]:
        """The keys that were not revoked, the oldest first; expired ones included."""
        found = {
            public_key: key
            for public_key, key in self._exchange.directory.keys_of(account).items()
            if key.permissions and not is_password_key(key)
        }
        rows = await self._database.run(lambda database: database.keys(list(found)))
        noted = {row.public_key: row for row in rows}
        listed = []
        for public_key, key in found.items():
            row = noted.get(public_key, KeyRow(public_key, "", "", 0))
            addresses = tuple(str(row.addresses).split())
            listed.append(ListedKey(public_key, key, row.label, addresses, row.created_ms))
        return listed

    async def add(self, account: int, plan: KeyPlan, giver: Permission) -> NewKey:
        """Register a key, with at most the permissions of its giver."""
        now_ms = self._clock.now_ms()
        if plan.permissions & ~giver:
            raise Forbidden("A key can't be given more than its giver may do")
        if len(plan.label) > KEY_LABEL_CHARACTERS_MAX:
            raise Unacceptable("label", f"must have at most {KEY_LABEL_CHARACTERS_MAX} characters")
        if not is_api_key_expiry(plan.expires_ms) or 0 < plan.expires_ms <= now_ms:
            raise Unacceptable("expiresAt", "must be in the future, or absent")
        self._check_room(account)
        secret = None
        if plan.public_key:
            public_key = public_key_of(plan.public_key)
        else:
            made = SigningKey.generate()
            public_key, secret = bytes(made.verify_key), bytes(made)
        directory = self._exchange.directory
        if public_key in directory.keys:
            # Once revoked a key stays revoked, and one that is alive is changed by revoking it.
            raise Unacceptable("publicKey", "has been registered before")
        row = KeyRow(public_key, plan.label, address_list(plan.addresses), now_ms)
        # First the list: at no moment does the key work from elsewhere on this gateway; on others
        # it may for a moment, before anybody but its owner has heard of it.
        await self.note(row)
        setting = commands.set_key(
            account=account,
            public_key=public_key,
            permissions=plan.permissions,
            expires_ms=plan.expires_ms,
        )
        await carry_out(self._exchange, [setting], lambda known: public_key in known.keys)
        return NewKey(public_key, secret)

    async def note(self, row: KeyRow) -> None:
        """Keep label and addresses of a key."""
        await self._database.run(lambda database: database.set_key(row))
        await self._look_again()

    async def change(
        self, account: int, public_key: bytes, label: str | None, addresses: list[str] | None
    ) -> None:
        """Change what is noted on a key; None leaves it. Raises Missing."""
        for listed in await self.of(account):
            if listed.public_key == public_key:
                new_label = listed.label if label is None else label
                networks = listed.addresses if addresses is None else addresses
                if len(new_label) > KEY_LABEL_CHARACTERS_MAX:
                    most = KEY_LABEL_CHARACTERS_MAX
                    raise Unacceptable("label", f"must have at most {most} characters")
                await self.note(
                    KeyRow(public_key, new_label, address_list(networks), listed.created_ms)
                )
                return
        raise Missing

    async def revoke(self, account: int, public_key: bytes) -> None:
        """End a key of the account for good. Raises Missing."""
        key = self._exchange.directory.keys.get(public_key)
        if key is None or key.account != account or not key.permissions or is_password_key(key):
            raise Missing
        await carry_out(
            self._exchange,
            [commands.set_key(account=account, public_key=public_key, permissions=0)],
            lambda known: not known.keys[public_key].permissions,
        )

    def _check_room(self, account: int) -> None:
        keys = self._exchange.directory.keys_of(account).values()
        if len([key for key in keys if not is_password_key(key)]) >= API_KEYS_OF_AN_ACCOUNT_MAX:
            raise Unacceptable("publicKey", "the account has had as many keys as it may")
        if len(keys) >= KEYS_OF_AN_ACCOUNT_MAX:
            raise Unacceptable("publicKey", "the account has had as many keys as it may")
