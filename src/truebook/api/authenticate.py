"""Who asks: Ed25519 signatures over what was asked (contract A2), or the session of a cookie.

Promise: an `Authority` names a caller only if a registered, unexpired key with the permission
signed exactly this operation with exactly these parameters, within its window of our clock. The
operation's *instruction* is part of what is signed, so a signature serves one operation only.

What is signed is rebuilt from the parsed parameters: sorted by name, `name=value` joined by `&`.
Some clients sign the values as they are, others percent-encode them; both are tried. Values as they
are can be ambiguous: {"a": "1&b=2"} reads like {"a": "1", "b": "2"}. So parameters that contain the
joining characters are taken only percent-encoded, and one string always means one request.

What a signature changes it changes once: a `Caller` has a mark that goes with its commands into the
log, which takes each mark once (commandlog/once.py). Nobody can turn a signature into another, or
make one for a key whose secret isn't theirs (signatures.py).
A request without a signature may come with a session (people/statements.py), which was signed when
its owner logged in; then the browser must not say that another site's page sent it.
"""

import binascii
import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple, cast
from urllib.parse import quote

from truebook.api.errors import ApiError, invalid
from truebook.api.headers import Headers
from truebook.api.same_origin import Origins
from truebook.api.throttle import Throttle
from truebook.clock import Clock
from truebook.commandlog.interface import Once, Position
from truebook.config import SessionsSection
from truebook.directory import Directory, Key
from truebook.limits import SIGNATURE_WINDOW_MS_DEFAULT, SIGNATURE_WINDOW_MS_MAX
from truebook.messages import Permission
from truebook.people.doorkeeper import Doorkeeper
from truebook.people.passwords import is_password_key
from truebook.people.statements import Session, permissions_now
from truebook.signatures import is_signed
from truebook.strict_json import NumberText

Parameters = Sequence[tuple[str, str]]
"""Names and values of one signed object, as text."""


class SignedText(NamedTuple):
    """What is signed of some objects, but for its end, where it can be read in one way only and is
    the same percent-encoded."""

    text: bytes
    objects: int


_TEXTS = frozenset({str, NumberText})
"""What nearly all fields are."""
_NAME = itemgetter(0)
_HEADERS = (b"x-api-key", b"x-signature", b"x-timestamp", b"x-window")
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_MARK_BYTES = 16


class Caller(NamedTuple):
    """Who is asking."""

    account: int
    public_key: bytes
    """The API key, or of a session the password's key."""
    signature: bytes
    """Empty for a session: its requests carry none."""
    until_ms: int = 0
    """When the signature's window ends."""
    session: Session | None = None

    @property
    def once(self) -> Once | None:
        """The mark of what this signature changes; a session's requests have none."""
        if self.session is not None:
            return None
        digest = hashlib.blake2b(self.public_key + self.signature, digest_size=_MARK_BYTES)
        return Once(digest.digest(), self.until_ms)


class Permit(NamedTuple):
    """That a key may do something from somewhere, as long as nothing changes of what follows."""

    position: Position
    """Of the settings, in the directory."""
    address_lists: int
    """How often they were loaded."""
    until_ms: int
    """When the key expires; 0: never."""


def parameters_of(fields: Mapping[str, object]) -> list[tuple[str, str]]:
    """What of a JSON object is signed: its fields as text. Raises ApiError for nested values."""
    if _TEXTS.issuperset(map(type, fields.values())):
        return cast(list[tuple[str, str]], list(fields.items()))
    return [
        (name, value if isinstance(value, str) else _signed_text(name, value))
        for name, value in fields.items()
        if value is not None
    ]


def _signed_text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    raise invalid(name[:40], "must be a text, a number, true, false or null")


class Authority:
    """Tells who signed a request, by the keys of a directory and the gateway's own clock, and
    refuses who asks too often."""

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        throttle: Throttle | None = None,
        doorkeeper: Doorkeeper | None = None,
        page_port: int | None = None,
    ) -> None:
        """`doorkeeper` None: there are no sessions, and no key has an address list. `page_port`: of
        this host, where our pages come from if not from here."""
        self._directory = directory
        self._clock = clock
        self._throttle = throttle or Throttle(clock)
        self._address_lists = None if doorkeeper is None else doorkeeper.address_lists
        sessions = SessionsSection() if doorkeeper is None else doorkeeper.section
        self.origins = Origins(sessions.origins, secure=sessions.secure, page_port=page_port)

    def reader(
        self, headers: Mapping[bytes, bytes], instruction: str, parameters: Parameters
    ) -> Caller:
        """Who asks for something of their own account. Raises ApiError."""
        caller = self._caller(headers, instruction, [parameters], Permission.READ, changes=False)
        self._throttle.private(caller.public_key)
        return caller

    def subscriber(
        self, signature: Sequence[str], address: str, permission: Permission = Permission.READ
    ) -> Caller:
        """Who signed a subscription: key, signature, timestamp and window, as the headers of a
        request would hold them. Raises ApiError, which names them like the headers."""
        headers = _as_headers(signature, address)
        caller = self._caller(headers, "subscribe", [()], permission, changes=False)
        self._throttle.private(caller.public_key)
        return caller

    def logged_on(
        self, signature: Sequence[str], instruction: str, parameters: Parameters, address: str
    ) -> Caller:
        """Who signed that they want to trade without signing more; the signature as above. Raises
        ApiError. The caller's mark has to go to the log, so that it counts once."""
        headers = _as_headers(signature, address)
        caller = self._caller(headers, instruction, [parameters], Permission.TRADE, changes=True)
        self._throttle.private(caller.public_key)
        return caller

    def visitor(self, session: Session, permission: Permission) -> Caller:
        """Who has a session, for something that it needs this permission for. Raises ApiError."""
        check_permission(self.permissions_of(session), permission)
        self._throttle.private(session.public_key)
        return Caller(session.account, session.public_key, b"", session=session)

    def may_still(self, caller: Caller, address: str, permission: Permission) -> bool:
        """Whether somebody who could from there still can: the key may be revoked or have expired,
        or be kept to other addresses now; the session may have ended."""
        if caller.session is not None:
            return permission in self.permissions_of(caller.session)
        key = self._key(caller.public_key)
        return (
            key is not None
            and key.account == caller.account
            and permission in key.permissions
            and self._is_from_its_address(caller.public_key, address)
        )

    def permit(self, caller: Caller, address: str, permission: Permission) -> Permit | None:
        """The same of who signed, and how long it holds without looking again; None: they can't,
        or it has to be looked at each time."""
        if caller.session is not None or not self.may_still(caller, address, permission):
            return None
        expires_ms = self._directory.keys[caller.public_key].expires_ms
        loads = 0 if self._address_lists is None else self._address_lists.loads
        return Permit(self._directory.position, loads, expires_ms)

    def holds(self, permit: Permit) -> bool:
        """Whether a permit needn't be looked at again."""
        position, loads, until_ms = permit
        if position is not self._directory.position:
            return False
        if self._address_lists is not None and loads != self._address_lists.loads:
            return False
        return not until_ms or self._clock.now_ms() < until_ms

    def trader(
        self,
        headers: Mapping[bytes, bytes],
        instruction: str,
        objects: Sequence[Parameters] | SignedText,
    ) -> Caller:
        """Who wants something changed. Raises ApiError.

        Every change passes here exactly once, and takes the caller's mark with it to the log.
        """
        caller = self._caller(headers, instruction, objects, Permission.TRADE, changes=True)
        if instruction == "orderExecute":
            count = objects.objects if isinstance(objects, SignedText) else len(objects)
            self._throttle.orders(caller.account, count)
        else:
            self._throttle.private(caller.public_key)
        return caller

    def withdrawer(
        self, headers: Mapping[bytes, bytes], instruction: str, parameters: Parameters
    ) -> Caller:
        """Who wants something of theirs to leave the exchange. Raises ApiError."""
        caller = self._caller(headers, instruction, [parameters], Permission.WITHDRAW, changes=True)
        self._throttle.private(caller.public_key)
        return caller

    def administrator(
        self,
        headers: Mapping[bytes, bytes],
        instruction: str,
        parameters: Parameters,
        *,
        changes: bool,
    ) -> Caller:
        """Who wants to see or change what only administrators may. Raises ApiError."""
        caller = self._caller(headers, instruction, [parameters], Permission.ADMIN, changes=changes)
        self._throttle.private(caller.public_key)
        return caller

    def session(self, headers: Mapping[bytes, bytes], *, changes: bool) -> Session:
        """The session of somebody who does what takes a person. Raises ApiError."""
        session = self._open_session(headers, changes=changes)
        self._throttle.private(session.public_key)
        return session

    def _open_session(self, headers: Mapping[bytes, bytes], *, changes: bool) -> Session:
        session = _session_of(headers)
        if session is None or not self.permissions_of(session):
            raise ApiError(401, "UNAUTHORIZED", "Nobody is logged in")
        self.origins.check(headers, changes=changes)
        return session

    def permissions_of(self, session: Session) -> Permission:
        """What a session may do now."""
        return permissions_now(session, self._directory, self._clock.now_ms())

    def _caller(
        self,
        headers: Mapping[bytes, bytes],
        instruction: str,
        objects: Sequence[Parameters] | SignedText,
        permission: Permission,
        *,
        changes: bool,
    ) -> Caller:
        """401 for what proves nobody, 400 outside the window, 403 without permission."""
        if _session_of(headers) is not None:
            session = self._open_session(headers, changes=changes)
            check_permission(self.permissions_of(session), permission)
            return Caller(session.account, session.public_key, b"", session=session)
        public_key = _decoded_key(headers.get(b"x-api-key", b""), _KEY_BYTES)
        if public_key is None:
            raise ApiError(401, "UNAUTHORIZED", "X-API-Key is missing or not a key")
        signature = _decoded(headers.get(b"x-signature", b""), _SIGNATURE_BYTES)
        if signature is None:
            raise ApiError(401, "INVALID_SIGNATURE", "X-Signature is missing or not a signature")
        timestamp, window = _timestamp_and_window(headers)
        now = self._clock.now_ms()
        if abs(now - int(timestamp)) > int(window):
            raise ApiError(400, "INVALID_CLIENT_REQUEST", "Request has expired (X-Timestamp)")
        key = self._key(public_key)
        # An unknown key's signature is looked at too, so that time doesn't tell which keys exist.
        signed = _is_signed(public_key, signature, instruction, objects, timestamp, window)
        if key is None:
            raise ApiError(401, "UNAUTHORIZED", "Unknown API key")
        if not signed:
            raise ApiError(401, "INVALID_SIGNATURE", "Invalid signature")
        self._check_address(public_key, headers)
        check_permission(key.permissions, permission)
        return Caller(key.account, public_key, signature, int(timestamp) + int(window))

    def _key(self, public_key: bytes) -> Key | None:
        """A key that is neither unknown nor revoked nor expired, and not a password's: that one
        only opens sessions."""
        key = self._directory.keys.get(public_key)
        if key is None or not key.permissions or 0 < key.expires_ms <= self._clock.now_ms():
            return None
        return None if is_password_key(key) else key

    def _check_address(self, public_key: bytes, headers: Mapping[bytes, bytes]) -> None:
        address = headers.address if isinstance(headers, Headers) else ""
        if not self._is_from_its_address(public_key, address):
            raise ApiError(403, "FORBIDDEN", "The key may not be used from this address")

    def _is_from_its_address(self, public_key: bytes, address: str) -> bool:
        return self._address_lists is None or self._address_lists.allow(public_key, address)


def _as_headers(signature: Sequence[str], address: str) -> Headers:
    values = [part.encode() for part in signature]
    return Headers(zip(_HEADERS, values, strict=True), address)


def _session_of(headers: Mapping[bytes, bytes]) -> Session | None:
    if isinstance(headers, Headers) and b"x-api-key" not in headers:
        return headers.session
    return None


def check_permission(permissions: Permission, permission: Permission) -> None:
    """Raise ApiError 403 unless it is among them."""
    if permission not in permissions:
        raise ApiError(403, "FORBIDDEN", f"The permission is missing: {permission.name}")


def _timestamp_and_window(headers: Mapping[bytes, bytes]) -> tuple[str, str]:
    timestamp = headers.get(b"x-timestamp", b"")
    window = headers.get(b"x-window", b"%d" % SIGNATURE_WINDOW_MS_DEFAULT)
    if not timestamp.isdigit() or len(timestamp) > 15:
        raise invalid("X-Timestamp", "Invalid timestamp: must be milliseconds since 1970")
    if not window.isdigit() or len(window) > 15 or int(window) > SIGNATURE_WINDOW_MS_MAX:
        reason = f"must be milliseconds, at most {SIGNATURE_WINDOW_MS_MAX}"
        raise invalid("X-Window", reason)
    return timestamp.decode(), window.decode()


def _is_signed(
    public_key: bytes,
    signature: bytes,
    instruction: str,
    objects: Sequence[Parameters] | SignedText,
    timestamp: str,
    window: str,
) -> bool:
    end = f"timestamp={timestamp}&window={window}"
    if isinstance(objects, SignedText):
        return is_signed(signature, objects.text + end.encode(), public_key)
    raw = base_string(instruction, objects, end, encoded=False)
    unambiguous = _is_unambiguous(raw, objects)
    if unambiguous and _verifies(public_key, signature, raw):
        return True
    encoded = base_string(instruction, objects, end, encoded=True)
    return not (unambiguous and raw == encoded) and _verifies(public_key, signature, encoded)


def base_string(instruction: str, objects: Sequence[Parameters], end: str, *, encoded: bool) -> str:
    """The text that a client signs."""
    parts: list[str] = []
    for parameters in objects:
        parts.append(f"instruction={instruction}")
        in_order = sorted(parameters, key=_NAME)
        if encoded:
            in_order = [(quote(name, safe=""), quote(value, safe="")) for name, value in in_order]
        parts += [f"{name}={value}" for name, value in in_order]
    parts.append(end)
    return "&".join(parts)


def _is_unambiguous(raw: str, objects: Sequence[Parameters]) -> bool:
    """Whether no other parameters have the same raw text."""
    parts = 2 + sum([1 + len(parameters) for parameters in objects])
    if raw.count("=") == parts == raw.count("&") + 1:
        return True  # no name and no value contains either
    return not any(
        "&" in value or "&" in name or "=" in name
        for parameters in objects
        for name, value in parameters
    )


def _verifies(public_key: bytes, signature: bytes, text: str) -> bool:
    try:
        return is_signed(signature, text.encode(), public_key)
    except UnicodeError:
        return False


def _decoded(header: bytes, size: int) -> bytes | None:
    """The bytes of a base64 header; None unless there are exactly `size`."""
    try:
        data = binascii.a2b_base64(header, strict_mode=True)
    except binascii.Error:
        return None
    return data if len(data) == size else None


_decoded_key = lru_cache(maxsize=1 << 12)(_decoded)
"""The same keys come again and again."""
