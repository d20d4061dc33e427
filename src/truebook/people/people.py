"""Signing up, logging in and out, changing a password.

Promise: whoever logs in has shown a password whose key the log gives to the account of that name.
Unknown names, accounts without a password and wrong passwords take the same time and get the same
answer. A password is changed in an order that leaves either the old or the new one working,
wherever it is cut off.
"""

from collections.abc import Callable
from typing import NamedTuple

from nacl.signing import SigningKey

from truebook import commands
from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.interface import LogUnavailable
from truebook.config import Config, ConfigError, faucet_text
from truebook.directory import Directory, Key
from truebook.limits import KEYS_OF_AN_ACCOUNT_MAX
from truebook.messages import Permission, RejectCode
from truebook.people.accounts import (
    OWNERS_PERMISSIONS,
    Amount,
    amounts_of,
    check_chosen_name,
    credit_commands,
    open_account,
)
from truebook.people.backoff import address_charge, name_charge, sign_up_charge
from truebook.people.database import Charge, PeopleDatabase, Salt
from truebook.people.doorkeeper import Doorkeeper
from truebook.people.errors import Forbidden, TryLater, Unacceptable, WrongPassword
from truebook.people.exchange import Exchange, Refused, carry_out
from truebook.people.keys import ApiKeys
from truebook.people.passwords import (
    PASSWORD_KEY_EXPIRES_MS,
    Deriver,
    check_password,
    ended_once_more,
    is_password_key,
    password_keys,
)
from truebook.people.sessions import new_token
from truebook.people.statements import Session, hash_of, signed

AGENT_CHARACTERS_MAX = 120


class Visitor(NamedTuple):
    """From where somebody logs in; for the back-off, and for the list of their sessions."""

    address: str
    agent: str = ""


class LoggedIn(NamedTuple):
    """A new session; the token is for its owner alone."""

    token: str
    session: Session


class People:
    """Everything about people that one process does; made by `People.start`."""

    def __init__(self, exchange: Exchange, config: Config, doorkeeper: Doorkeeper) -> None:
        self._exchange = exchange
        self._config = config
        self._database = doorkeeper.database
        self._clock = doorkeeper.clock
        self._deriver = Deriver(config.passwords.operations, config.passwords.memory_kib)
        self._nobodys_salt = self._deriver.new_salt()
        self.doorkeeper = doorkeeper
        self.sessions = doorkeeper.sessions
        self.keys = ApiKeys(exchange, self._database, self._clock, doorkeeper.look_again)

    @classmethod
    async def start(
        cls,
        exchange: Exchange,
        config: Config,
        open_database: Callable[[], PeopleDatabase],
        clock: Clock = SYSTEM_CLOCK,
    ) -> "People":
        """With a doorkeeper of their own. Raises ConfigError."""
        try:
            faucet_of(config, exchange.directory)
        except Unacceptable as error:
            raise ConfigError(f"accounts.{error}") from None
        keeper = await Doorkeeper.start(exchange.directory, config.sessions, open_database, clock)
        return cls(exchange, config, keeper)

    async def close(self) -> None:
        """Give everything back."""
        await self.doorkeeper.close()
        self._deriver.close()

    # signing up, logging in

    async def sign_up(self, name: str, password: str, visitor: Visitor) -> LoggedIn:
        """Open an account with a password, and log in. Raises Refused, PeopleError."""
        accounts = self._config.accounts
        if not accounts.sign_up:
            raise Forbidden("Accounts are opened by the operator here")
        check_chosen_name(name)
        check_password(name, password)
        directory = self._exchange.directory
        if name in directory.account_by_name:
            raise Refused(RejectCode.NAME_TAKEN, 0)
        amounts = faucet_of(self._config, directory)
        await self._charge(sign_up_charge(visitor.address, accounts.sign_ups_an_hour))
        salt = self._deriver.new_salt()
        key = await self._deriver.derive(password, salt)
        account = await open_account(self._exchange, name, accounts.open_orders_max)
        await self._add_salt(account, salt)
        await self._register(account, key, OWNERS_PERMISSIONS, credit_commands(account, amounts))
        return await self._open_session(key, visitor)

    async def log_in(self, name: str, password: str, visitor: Visitor) -> LoggedIn:
        """Open a session. Raises WrongPassword, TryLater."""
        key = await self._key_of(name, password, visitor)
        return await self._open_session(key, visitor)

    async def log_out(self, session: Session) -> None:
        """End this session."""
        await self.sessions.end(session)

    async def end_all(self, session: Session) -> None:
        """End every session of the account, this one too, by the log: the password's key is
        registered anew, so that no row can bring one of them back."""
        key = self._exchange.directory.keys[session.public_key]
        expires_ms = ended_once_more(key)
        setting = commands.set_key(
            account=session.account,
            public_key=session.public_key,
            permissions=key.permissions,
            expires_ms=expires_ms,
        )
        await carry_out(
            self._exchange,
            [setting],
            lambda known: known.keys[session.public_key].expires_ms <= expires_ms,
        )
        await self._forget_sessions(session.account)

    # passwords

    async def change_password(
        self, session: Session, password: str, new: str, visitor: Visitor
    ) -> LoggedIn:
        """Change the password: ends all sessions and opens a new one. Raises as `log_in`."""
        name = self._exchange.directory.accounts[session.account].name
        check_password(name, new, "newPassword")
        old = await self._key_of(name, password, visitor)
        permissions = self._exchange.directory.keys[bytes(old.verify_key)].permissions
        key = await self._replace_password(session.account, new, permissions)
        return await self._open_session(key, visitor)

    async def set_password(self, account: int, password: str, *, admin: bool | None) -> None:
        """Give an account a password whoever its owner is: for who runs the exchange.

        `admin` None: as before.
        """
        check_password(self._exchange.directory.accounts[account].name, password)
        permissions = OWNERS_PERMISSIONS
        for key in password_keys(self._exchange.directory, account).values():
            permissions |= key.permissions & (Permission.ADMIN if admin is None else 0)
        if admin:
            permissions |= Permission.ADMIN
        await self._replace_password(account, password, permissions)

    async def _replace_password(
        self, account: int, password: str, permissions: Permission
    ) -> SigningKey:
        """Both salts are there while the log takes the new key for the old ones, in one entry."""
        directory = self._exchange.directory
        if len(directory.keys_of(account)) >= KEYS_OF_AN_ACCOUNT_MAX:
            raise Unacceptable("newPassword", "the account has had as many keys as it may")
        salt = self._deriver.new_salt()
        key = await self._deriver.derive(password, salt)
        await self._add_salt(account, salt)
        revoking = [
            commands.set_key(
                account=account, public_key=old, permissions=0, expires_ms=known.expires_ms
            )
            for old, known in password_keys(directory, account).items()
        ]
        try:
            await self._register(account, key, permissions, revoking)
        except (LogUnavailable, Refused):
            # It is certain that the log didn't take the key: its salt would only push out others.
            await self._database.run(lambda database: database.drop_salt(account, salt.salt))
            raise
        await self._database.run(lambda database: database.keep_salt(account, salt.salt))
        await self._forget_sessions(account)
        return key

    async def _register(
        self, account: int, key: SigningKey, permissions: Permission, also: list[bytes]
    ) -> None:
        """Register a password's key, and carry out what belongs to it in the same entry."""
        public_key = bytes(key.verify_key)
        setting = commands.set_key(
            account=account,
            public_key=public_key,
            permissions=permissions,
            expires_ms=PASSWORD_KEY_EXPIRES_MS,
        )
        await carry_out(self._exchange, [setting, *also], lambda known: public_key in known.keys)

    async def _key_of(self, name: str, password: str, visitor: Visitor) -> SigningKey:
        """The key that name and password are. Raises WrongPassword, TryLater."""
        by_name, by_address = name_charge(name), address_charge(visitor.address)
        await self._charge(by_name, by_address)
        directory = self._exchange.directory
        account = directory.account_by_name.get(name)
        number = -1 if account is None else account.number
        salts = await self._database.run(lambda database: database.salts(number))
        for salt in salts or [self._nobodys_salt]:
            try:
                key = await self._deriver.derive(password, salt)
            except TryLater:
                await self._refund(by_name.subject, by_address.subject)
                raise
            known = directory.keys.get(bytes(key.verify_key))
            if known is not None and _is_right(known, number):
                await self._database.run(lambda database: database.clear(by_name.subject))
                await self._refund(by_address.subject)
                return key
        raise WrongPassword("Wrong name or password")

    async def _charge(self, *charges: Charge) -> None:
        now_ms = self._clock.now_ms()
        wait = await self._database.run(lambda database: database.charge(list(charges), now_ms))
        if wait:
            raise TryLater(-(-wait // 1000))

    async def _refund(self, *subjects: str) -> None:
        await self._database.run(lambda database: database.refund(list(subjects)))

    # what they have in common

    async def _open_session(self, key: SigningKey, visitor: Visitor) -> LoggedIn:
        token = new_token()
        public_key = bytes(key.verify_key)
        known = self._exchange.directory.keys[public_key]
        now_ms = self._clock.now_ms()
        session = Session(
            known.account,
            known.permissions,
            now_ms,
            now_ms + self._config.sessions.hours * 3_600_000,
            known.expires_ms,
            public_key,
            hash_of(token),
        )
        agent = visitor.agent[:AGENT_CHARACTERS_MAX]
        await self.sessions.add(signed(session, key, visitor.address, agent))
        return LoggedIn(token, session)

    async def _add_salt(self, account: int, salt: Salt) -> None:
        now_ms = self._clock.now_ms()
        await self._database.run(lambda database: database.add_salt(account, salt, now_ms))

    async def _forget_sessions(self, account: int) -> None:
        await self._database.run(lambda database: database.end_sessions(account))
        self.sessions.forget()


def faucet_of(config: Config, directory: Directory) -> list[Amount]:
    """What whoever signs up is given. Raises Unacceptable."""
    credits = [text.strip() for text in faucet_text(config).split(",") if text.strip()]
    if not config.accounts.faucet:  # a folder may hold another venue than the configuration has now
        known = directory.asset_by_symbol
        credits = [text for text in credits if text.partition("=")[0] in known]
    return amounts_of(credits, directory, "faucet")


def _is_right(key: Key, account: int) -> bool:
    return bool(key.account == account and key.permissions and is_password_key(key))
