"""The sessions of one gateway: found by their token, remembered, forgotten when they end.

Promise: a session is taken from memory only until anything about sessions changes in the database,
which is looked at four times a second; what the log says (revoked keys, changed passwords) counts
from the moment this gateway has heard of it.
"""

import secrets
from collections import OrderedDict

from truebook.clock import Clock
from truebook.directory import Directory
from truebook.limits import SESSIONS_CACHED_MAX, SESSIONS_OF_AN_ACCOUNT_MAX
from truebook.people.database import AsyncDatabase, SessionRow
from truebook.people.statements import Session, hash_of, permissions_now, verified

TOKEN_BYTES = 32
_TOKEN_CHARACTERS = len(secrets.token_urlsafe(TOKEN_BYTES))


class Sessions:
    """Tokens to sessions."""

    def __init__(self, database: AsyncDatabase, directory: Directory, clock: Clock) -> None:
        self._database = database
        self._directory = directory
        self._clock = clock
        self._known: OrderedDict[bytes, Session] = OrderedDict()
        self.changes = 0
        """How often something has ended; whoever holds a session looks again when this changes."""

    async def find(self, token: str) -> Session | None:
        """The session of a token; None if there is none, or it has ended."""
        if len(token) != _TOKEN_CHARACTERS or not token.isascii():
            return None
        token_hash = hash_of(token)
        session = self._known.get(token_hash) or await self._read(token_hash)
        if session is None or not self.is_open(session):
            return None
        return session

    def is_open(self, session: Session) -> bool:
        """Whether the log still lets it do anything."""
        return bool(permissions_now(session, self._directory, self._clock.now_ms()))

    async def _read(self, token_hash: bytes) -> Session | None:
        changes = self.changes
        row = await self._database.run(lambda database: database.session(token_hash))
        session = None if row is None else verified(row, token_hash)
        if session is not None and changes == self.changes:
            self._known[token_hash] = session
            if len(self._known) > SESSIONS_CACHED_MAX:
                self._known.popitem(last=False)
        return session

    async def add(self, row: SessionRow) -> None:
        """Keep a session that was just signed."""
        await self._database.run(
            lambda database: database.add_session(row, SESSIONS_OF_AN_ACCOUNT_MAX)
        )

    async def of(self, account: int) -> list[tuple[Session, SessionRow]]:
        """The open sessions of an account, the newest first."""
        rows = await self._database.run(lambda database: database.sessions(account))
        pairs = [(verified(row, row.token_hash), row) for row in rows]
        return [
            (session, row)
            for session, row in pairs
            if session is not None and session.account == account and self.is_open(session)
        ]

    async def end(self, session: Session) -> None:
        """End a session."""
        await self._database.run(lambda database: database.end_session(session.token_hash))
        self.forget()

    def forget(self) -> None:
        """Something has ended: look at the database again."""
        self.changes += 1
        self._known.clear()


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(TOKEN_BYTES)
