"""One order entry session: who it is, what it asks for, and that it may.

Promise: nothing is done for anybody who has not logged on with a key that may trade, from an
address that the key may be used from, and not a moment after that has changed: it is looked at
again whenever something comes. A logon counts once. What is asked for is counted like the same
request by HTTP; a session has a bounded number of commands under way, and one that doesn't read
what it is told is closed. Each request is answered once.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple, Protocol

from picows import WSCloseCode

from truebook import commands
from truebook.api.authenticate import Authority, Caller, Permit
from truebook.api.cancel_on_disconnect import CancelOnDisconnect, ConnectionPresence
from truebook.api.entry.desk import Desk
from truebook.api.entry.requests import (
    InvalidRequest,
    Request,
    error_frame,
    read_request,
    result_frame,
)
from truebook.api.errors import ApiError, NotAccepting, invalid, too_many, unavailable
from truebook.api.exchange import Exchange
from truebook.api.failures import Failures
from truebook.api.outcomes import told_to_client
from truebook.api.payload import text_of, whole_number_of
from truebook.api.response import encode
from truebook.api.throttle import Throttle
from truebook.api.trading import Trading, Work, batch_of
from truebook.clock import Clock
from truebook.limits import DEADLINE_MS_DEFAULT, ENTRY_COMMANDS_PENDING_MAX
from truebook.messages import Permission
from truebook.plain.layout import PLACES
from truebook.ws.connected import Connected
from truebook.ws.interface import Unavailable

INSTRUCTION = "sessionLogon"
_SIGNATURE_LENGTH_MAX = 128


class Services(NamedTuple):
    """What all sessions of a process share."""

    exchange: Exchange
    trading: Trading
    desk: Desk
    authority: Authority
    throttle: Throttle
    failures: Failures
    attendance: CancelOnDisconnect
    clock: Clock


class Keeper(Protocol):
    """Who keeps the sessions."""

    def joined(self, session: "EntrySession") -> None:
        """The session is open."""

    def left(self, session: "EntrySession") -> None:
        """The session has ended."""


class _User(NamedTuple):
    """Who has logged on."""

    caller: Caller
    api_key: str
    since_ms: int
    presence: ConnectionPresence | None
    """With it, the orders live as long as the session."""


Make = Callable[[Trading, dict[str, object], int, int], Work]


def _batch(trading: Trading, params: dict[str, object], account: int, deadline_ms: int) -> Work:
    try:
        orders = batch_of(params.get("orders"))
    except ApiError as error:
        raise invalid("orders", error.message) from None
    return trading.place_batch(orders, account, deadline_ms)


_TRADING: dict[str, Make] = {
    "order.place": Trading.place,
    "order.amend": Trading.amend,
    "order.cancel": Trading.cancel,
    "order.cancelAll": Trading.cancel_all,
    "orders.place": _batch,
}
_PLACING = frozenset({"order.place", "orders.place"})


class EntrySession(Connected):
    """One client."""

    def __init__(self, keeper: Keeper, services: Services, address: str) -> None:
        super().__init__(address)
        self._keeper = keeper
        self._services = services
        self._user: _User | None = None
        self._permit: Permit | None = None
        """What was found when the user was looked at last."""
        self._is_current = False
        """Whether it was looked at, since something came, that the user may still trade."""
        self._logging_on: asyncio.Task[None] | None = None
        self._pending = 0
        """Commands under way."""
        self._answers: list[bytes] = []
        self._is_leaving = False
        self._others = {
            "ping": self._ping,
            "session.logon": self._logon,
            "session.logout": self._logout,
            "session.status": self._status,
        }

    # desk.Asker

    def answer(self, frame: bytes, commands: int = 0) -> None:
        """The answer to a request that had so many commands under way."""
        self._pending -= commands
        self._answers.append(frame)

    def flush(self) -> None:
        """Send all that was answered, at once."""
        if self._answers:
            frames = b"".join(self._answers)
            self._answers.clear()
            self._answer(frames)
        if self._is_leaving:
            self.leave()

    # whoever keeps it

    def leave(self) -> None:
        """Take no more requests, and close the session once all are answered."""
        self._is_leaving = True
        if not self._pending and self._logging_on is None:
            self.end(WSCloseCode.GOING_AWAY, "the server is restarted")

    # Connected

    def joined(self) -> None:
        """The client is connected."""
        self._keeper.joined(self)

    def said(self, text: bytes) -> None:
        """A whole message; it has its turn at the desk."""
        self._services.desk.hear(self, text)

    # desk.Client

    def begin(self) -> None:
        """What came is about to be carried out."""
        self._is_current = False

    def trades(self, kinds: bytes) -> int | None:
        """The account that plain orders and cancellations are for, which are then counted as under
        way; None: something is in the way of some of them."""
        user, count = self._user, len(kinds)
        if user is None or self._is_leaving or self._pending + count > ENTRY_COMMANDS_PENDING_MAX:
            return None
        if not self._is_current and not self._is_permitted(user):
            return None
        self._is_current = True
        account, public_key, *_ = user.caller
        placed = kinds.count(PLACES)
        if not self._services.throttle.trades(account, placed, public_key, count - placed):
            return None
        self._pending += count
        return account

    def _is_permitted(self, user: _User) -> bool:
        """Whether the user may trade; looked at again only where something has changed."""
        authority = self._services.authority
        if self._permit is None or not authority.holds(self._permit):
            self._permit = authority.permit(user.caller, self.address, Permission.TRADE)
        return self._permit is not None

    def broke(self) -> None:
        """A message met a bug: what waits behind it at the desk isn't done any more."""
        self._is_leaving = True
        self.end(WSCloseCode.INTERNAL_ERROR, "internal error")

    def carry_out(self, text: bytes) -> None:
        """A message, whatever it is: a request, or an error."""
        try:
            request = read_request(text)
        except InvalidRequest as wrong:
            self._refuse(wrong.id, self._counted(wrong.error))
            return
        try:
            if self._is_leaving:
                raise unavailable(NotAccepting("the server is restarted"))
            make = _TRADING.get(request.method)
            if make is not None:
                self._trade(make, request)
            else:
                self._do(request)
        except Exception as failure:
            self._refuse(request.id, failure)

    def reason_to_leave(self) -> str:
        """That the key may not trade any more."""
        if self._user is None or self._may_trade(self._user):
            return ""
        return "the key may not trade any more"

    def forgotten(self) -> None:
        """Nothing more is heard: take the orders back, if they live as long as the session."""
        self._end_presence(was_asked=False)
        if self._logging_on is not None:
            self._logging_on.cancel()

    def left(self) -> None:
        """The connection is gone."""
        self._keeper.left(self)

    # requests

    def _trade(self, make: Make, request: Request) -> None:
        user, params = self._trader(), request.params
        services = self._services
        if self._pending >= ENTRY_COMMANDS_PENDING_MAX:
            raise too_many("commands under way in this session", 0)
        if request.method in _PLACING:
            orders = params.get("orders") if request.method == "orders.place" else None
            count = len(orders) if isinstance(orders, list) else 1
            services.throttle.orders(user.caller.account, count)
        else:
            services.throttle.private(user.caller.public_key)
        deadline_ms = 0
        if "deadline" in params:
            deadline_ms = _deadline_ms(params)
            del params["deadline"]
        work = make(services.trading, params, user.caller.account, deadline_ms)
        if not work.commands:
            self.answer(result_frame(request.id, work.result((), services.trading.markets)))
            return
        self._pending += work.commands
        services.desk.ask(self, request.id, work)

    def _trader(self) -> _User:
        """Who has logged on and may trade. Raises ApiError."""
        user = self._user
        if user is None:
            raise self._counted(ApiError(401, "UNAUTHORIZED", "Log on first (session.logon)"))
        if not self._is_current:
            if not self._may_trade(user):
                self._end_presence(was_asked=False)
                self._user = None
                raise ApiError(401, "UNAUTHORIZED", "The key may not trade any more")
            self._is_current = True
        return user

    def _may_trade(self, user: _User) -> bool:
        return self._services.authority.may_still(user.caller, self.address, Permission.TRADE)

    def _do(self, request: Request) -> None:
        """What isn't trading. Raises ApiError."""
        method = self._others.get(request.method)
        if method is None:
            methods = ", ".join([*_TRADING, *self._others])
            raise self._counted(invalid("method", f"must be one of {methods}"))
        if request.method != "session.logon":
            self._count()
        method(request)

    def _ping(self, request: Request) -> None:
        self.answer(result_frame(request.id, b"{}"))

    def _status(self, request: Request) -> None:
        self.answer(result_frame(request.id, self._told()))

    def _logout(self, request: Request) -> None:
        self._end_presence(was_asked=True)
        self._user = None
        self.answer(result_frame(request.id, self._told()))

    def _logon(self, request: Request) -> None:
        """Check who it is; then the log has to take the signature, which it does once."""
        if self._user is not None or self._logging_on is not None:
            raise invalid("method", "the session is logged on, or about to be: log out first")
        services, params = self._services, request.params
        services.throttle.signed(self.address)
        signature = [_text(params, name) for name in ("apiKey", "signature", "timestamp", "window")]
        is_bound = params.get("cancelOnDisconnect")
        if is_bound is not None and not isinstance(is_bound, bool):
            raise invalid("cancelOnDisconnect", "must be true or false")
        signed = [] if is_bound is None else [("cancelOnDisconnect", str(is_bound).lower())]
        caller = services.authority.logged_on(signature, INSTRUCTION, signed, self.address)
        presence = services.attendance.presence(caller.account) if is_bound else None
        user = _User(caller, signature[0], services.clock.now_ms(), presence)
        self._logging_on = asyncio.create_task(self._enter(request.id, user))

    async def _enter(self, request_id: bytes, user: _User) -> None:
        try:
            with told_to_client():
                # A tick of no market changes nothing; it carries the mark into the log.
                once = user.caller.once
                await self._services.exchange.send_and_await(commands.tick(), 1, once)
            if user.presence is not None:
                try:
                    await user.presence.began()
                except Unavailable as error:
                    raise ApiError(503, "MAINTENANCE", error.told, retry_after_s=1) from None
            self._user, self._permit = user, None
            self.answer(result_frame(request_id, self._told()))
        except asyncio.CancelledError:
            if user.presence is not None:
                user.presence.ended(was_asked=False)
            raise
        except Exception as failure:
            self._refuse(request_id, failure)
        finally:
            self._logging_on = None
        self.flush()

    def _told(self) -> bytes:
        """The state of the session."""
        user = self._user
        return encode(
            {
                "apiKey": None if user is None else user.api_key,
                "authorizedSince": None if user is None else user.since_ms,
                "cancelOnDisconnect": user is not None and user.presence is not None,
                "serverTime": self._services.clock.now_ms(),
            }
        )

    # refusals

    def _refuse(self, request_id: bytes, failure: Exception) -> None:
        error = self._services.failures.told(failure, self.address, path="order entry")
        self.answer(error_frame(request_id, error))

    def _count(self) -> None:
        """Count what is no trading: by key, or of somebody unknown by address. Raises ApiError."""
        throttle = self._services.throttle
        if self._user is not None:
            throttle.private(self._user.caller.public_key)
        else:
            throttle.public(self.address)

    def _counted(self, error: ApiError) -> ApiError:
        """The error, or that there were too many of them."""
        try:
            self._count()
        except ApiError as too_often:
            return too_often
        return error

    def _end_presence(self, *, was_asked: bool) -> None:
        user = self._user
        if user is not None and user.presence is not None:
            self._user = user._replace(presence=None)
            user.presence.ended(was_asked=was_asked)


def _text(params: dict[str, object], name: str) -> str:
    """One of a signature's parts; a default if it may be missing. Raises ApiError."""
    value = text_of(params, name)
    if value is None:
        value = "5000" if name == "window" else ""
    if len(value) > _SIGNATURE_LENGTH_MAX:
        raise invalid(name, f"has more than {_SIGNATURE_LENGTH_MAX} characters")
    return value


def _deadline_ms(params: dict[str, object]) -> int:
    """As the header X-Deadline. Raises ApiError."""
    if params.get("deadline") is None:
        return 0
    deadline_ms = whole_number_of(params, "deadline", DEADLINE_MS_DEFAULT)
    if not deadline_ms:
        raise invalid("deadline", f"must be a whole number, 1 … {DEADLINE_MS_DEFAULT}")
    return deadline_ms
