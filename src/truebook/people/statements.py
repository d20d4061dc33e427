"""A session's statement: who may do what until when, signed with the key that the password is.

Promise: `verified` gives a session only for a statement that names this very token and is signed by
the key it names; `permissions_now` gives what it may do by the log as it is now: nothing once that
key was revoked, changed or registered anew. So a row that somebody wrote or edited opens nothing.

A statement can't be taken for a signed request, nor a request for a statement: requests begin with
`instruction=`.
"""

import struct
from hashlib import blake2b
from typing import NamedTuple

from nacl.bindings import crypto_sign_open
from nacl.exceptions import CryptoError
from nacl.signing import SigningKey

from truebook.directory import Directory
from truebook.limits import SESSION_HOURS_MAX
from truebook.messages import Permission
from truebook.people.database import SessionRow
from truebook.people.passwords import is_password_key

_PREFIX = b"truebook session 1\n"
_STATEMENT = struct.Struct(f"<{len(_PREFIX)}sIBqqq32s32s")
_SIGNATURE_BYTES = 64
_SESSION_MS_MAX = SESSION_HOURS_MAX * 3_600_000


class Session(NamedTuple):
    """Somebody who has logged in."""

    account: int
    permissions: Permission
    """At most; the key's present ones bound them."""
    created_ms: int
    expires_ms: int
    key_expires_ms: int
    """The expiry of the password key when the session was opened."""
    public_key: bytes
    """The password key."""
    token_hash: bytes


def hash_of(token: str) -> bytes:
    """What is kept of a token."""
    return blake2b(token.encode(), digest_size=32).digest()


def statement_of(session: Session) -> bytes:
    """What is signed."""
    return _STATEMENT.pack(_PREFIX, *session)


def signed(session: Session, key: SigningKey, address: str, agent: str) -> SessionRow:
    """The session as it is kept."""
    statement = statement_of(session)
    return SessionRow(
        session.token_hash,
        session.account,
        statement,
        key.sign(statement).signature,
        session.created_ms,
        session.expires_ms,
        address,
        agent,
    )


def verified(row: SessionRow, token_hash: bytes) -> Session | None:
    """The session of a row, whoever wrote it; None if it isn't one for this token."""
    statement, signature = _bytes(row.statement), _bytes(row.signature)
    if len(statement) != _STATEMENT.size or len(signature) != _SIGNATURE_BYTES:
        return None
    prefix, account, permissions, created_ms, expires_ms, key_expires_ms, public_key, named_hash = (
        _STATEMENT.unpack(statement)
    )
    if prefix != _PREFIX or named_hash != token_hash:
        return None
    try:
        crypto_sign_open(signature + statement, public_key)
    except CryptoError:
        return None
    session = Session(
        account,
        Permission(permissions),
        created_ms,
        expires_ms,
        key_expires_ms,
        public_key,
        named_hash,
    )
    if not 0 < session.expires_ms - session.created_ms <= _SESSION_MS_MAX:
        return None
    return session


def _bytes(value: object) -> bytes:
    """A column's value; nothing if somebody has put something else there."""
    return value if isinstance(value, bytes) else b""


def permissions_now(session: Session, directory: Directory, now_ms: int) -> Permission:
    """What the session may do; nothing if it has ended by whatever means."""
    key = directory.keys.get(session.public_key)
    if (
        key is None
        or key.account != session.account
        or key.expires_ms != session.key_expires_ms
        or not is_password_key(key)
        or session.expires_ms <= now_ms
    ):
        return Permission(0)
    return session.permissions & key.permissions
