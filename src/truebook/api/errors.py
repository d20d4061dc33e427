"""What goes wrong, as clients know it: HTTP status, code, message, field (contract A3).

Promise: every failure reaches the client as JSON `{"code", "message"}`, with `field` where one
field is to blame and `id` (of a batch `ids`) where an order is concerned; every RejectCode of the
engine stands in the one table below. Messages that clients match on are kept to the letter.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from truebook.commandlog.interface import LogUnavailable
from truebook.messages import RejectCode

RETRY_AFTER_S = 1
"""When to try again what the exchange didn't accept: it looks four times a second whether it can
again (api/pressure.py)."""


class NotAccepting(LogUnavailable):
    """Nothing is appended at the moment, for a reason that clients are told."""


class ApiError(Exception):
    """A request that is answered with an error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str | None = None,
        order_id: int | None = None,
        order_ids: Sequence[int] = (),
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.order_id = order_id
        self.order_ids = order_ids
        self.retry_after_s = retry_after_s

    def body(self) -> dict[str, str | list[str]]:
        """The error as JSON says it."""
        body: dict[str, str | list[str]] = {"code": self.code, "message": self.message}
        if self.field is not None:
            body["field"] = self.field
        if self.order_id is not None:
            body["id"] = str(self.order_id)
        if self.order_ids:
            body["ids"] = [str(order_id) for order_id in self.order_ids]
        return body


class Rejection(NamedTuple):
    """How a RejectCode is told to a client."""

    status: int
    code: str
    message: str
    field: str | None = None


REJECTIONS = {
    RejectCode.MALFORMED: Rejection(
        400, "INVALID_CLIENT_REQUEST", "The command contradicts itself"
    ),
    RejectCode.UNKNOWN_ACCOUNT: Rejection(401, "UNAUTHORIZED", "Unknown account"),
    RejectCode.ACCOUNT_BLOCKED: Rejection(403, "ACCOUNT_DEACTIVATED", "Account is deactivated"),
    RejectCode.UNKNOWN_MARKET: Rejection(400, "INVALID_MARKET", "Invalid market", "symbol"),
    RejectCode.MARKET_PAUSED: Rejection(503, "TRADING_PAUSED", "Trading is paused", "symbol"),
    RejectCode.MARKET_LIMIT_ONLY: Rejection(
        400, "INVALID_ORDER", "The market accepts limit orders only", "orderType"
    ),
    RejectCode.PRICE_TOO_LOW: Rejection(
        400, "INVALID_PRICE", "Price is below the minimum allowed value", "price"
    ),
    RejectCode.PRICE_TOO_HIGH: Rejection(
        400, "INVALID_PRICE", "Price is above the maximum allowed value", "price"
    ),
    RejectCode.PRICE_OUT_OF_BAND: Rejection(
        400, "INVALID_PRICE", "Price is too far from the last active price", "price"
    ),
    RejectCode.QUANTITY_TOO_SMALL: Rejection(
        400, "INVALID_QUANTITY", "Quantity is below the minimum allowed value", "quantity"
    ),
    RejectCode.QUANTITY_TOO_LARGE: Rejection(
        400, "INVALID_QUANTITY", "Quantity is above the maximum allowed value", "quantity"
    ),
    RejectCode.NOTIONAL_TOO_LARGE: Rejection(
        400, "INVALID_QUANTITY", "Price × quantity is above the maximum allowed value", "quantity"
    ),
    RejectCode.UNKNOWN_ORDER: Rejection(404, "RESOURCE_NOT_FOUND", "Not Found"),
    RejectCode.DUPLICATE_ORDER_ID: Rejection(
        500, "SERVER_ERROR", "The order's id was given twice; nothing was done"
    ),
    RejectCode.DUPLICATE_CLIENT_ID: Rejection(
        400, "INVALID_ORDER", "A live order has this clientId; its id is given", "clientId"
    ),
    RejectCode.POST_ONLY_WOULD_TAKE: Rejection(
        400, "INVALID_ORDER", "Order would immediately match and take"
    ),
    RejectCode.ORDER_LIMIT_MARKET: Rejection(
        400, "ORDER_LIMIT", "Too many open orders in this market"
    ),
    RejectCode.ORDER_LIMIT_ACCOUNT: Rejection(
        400, "ORDER_LIMIT", "Too many open orders of this account"
    ),
    RejectCode.ENGINE_FULL: Rejection(
        503, "MAINTENANCE", "The exchange holds as many open orders as it can"
    ),
    RejectCode.DEADLINE_PASSED: Rejection(
        503, "MAINTENANCE", "The order was reached after its deadline; nothing was done"
    ),
    RejectCode.INSUFFICIENT_FUNDS: Rejection(400, "INSUFFICIENT_FUNDS", "Insufficient funds"),
    RejectCode.SUPPLY_TOO_LARGE: Rejection(
        400, "INVALID_QUANTITY", "The asset's supply would be too large", "quantity"
    ),
    RejectCode.DUPLICATE_REFERENCE: Rejection(
        409, "PRECONDITION_FAILED", "A deposit with this reference was counted", "reference"
    ),
    RejectCode.DUPLICATE_WITHDRAWAL: Rejection(
        500, "SERVER_ERROR", "The withdrawal's id was given twice; nothing was done"
    ),
    RejectCode.UNKNOWN_WITHDRAWAL: Rejection(404, "RESOURCE_NOT_FOUND", "Not Found"),
    RejectCode.WITHDRAWAL_LIMIT: Rejection(
        503, "MAINTENANCE", "The exchange has as many unsettled withdrawals as it can keep"
    ),
    RejectCode.UNKNOWN_ASSET: Rejection(400, "INVALID_ASSET", "Invalid asset", "symbol"),
    RejectCode.SETTING_INVALID: Rejection(400, "INVALID_CLIENT_REQUEST", "Invalid setting"),
    RejectCode.SETTING_IMMUTABLE: Rejection(
        400, "PRECONDITION_FAILED", "The setting can't be changed any more"
    ),
    RejectCode.NAME_TAKEN: Rejection(409, "PRECONDITION_FAILED", "The name is taken"),
    RejectCode.KEY_TAKEN: Rejection(
        409, "PRECONDITION_FAILED", "The key belongs to another account"
    ),
    RejectCode.SETTINGS_FULL: Rejection(400, "PRECONDITION_FAILED", "No room for more of these"),
}


def rejected(code: int, order_id: int | None = None, field: str | None = None) -> ApiError:
    """What a client is told of a command that the engine rejected, or would reject; `field` is to
    blame, if it is another than usual."""
    status, name, message, usual = REJECTIONS[RejectCode(code)]
    return ApiError(status, name, message, field=field or usual, order_id=order_id)


def invalid(field: str, reason: str) -> ApiError:
    """A field that can't be meant; the message names it and says why."""
    return ApiError(400, "INVALID_CLIENT_REQUEST", f"{field}: {reason}", field=field)


def invalid_body(reason: str, status: int = 400) -> ApiError:
    """A body that is not what the operation takes."""
    return ApiError(status, "INVALID_CLIENT_REQUEST", f"parse request payload error: {reason}")


def not_found() -> ApiError:
    """What isn't there, or isn't the caller's: both look the same."""
    return rejected(RejectCode.UNKNOWN_ORDER)


def timed_out(order_id: int | None = None, order_ids: Sequence[int] = ()) -> ApiError:
    """Unknown whether it was done; the history of the order, or of a batch's, tells later."""
    message = "No answer in time: the outcome is unknown"
    return ApiError(504, "TIMEOUT", message, order_id=order_id, order_ids=order_ids)


def unavailable(reason: LogUnavailable) -> ApiError:
    """The log takes no commands: certainly not done."""
    message = "The exchange accepts no commands at the moment"
    if isinstance(reason, NotAccepting):
        message = f"{message}: {reason}"
    return ApiError(503, "MAINTENANCE", message, retry_after_s=RETRY_AFTER_S)


def used_before() -> ApiError:
    """The same signature has changed something, or is so late that nobody knows any more."""
    message = "The signature was used before, or its window is over; nothing was done"
    return ApiError(409, "PRECONDITION_FAILED", message)


def too_many(what: str, seconds: float) -> ApiError:
    """Somebody asks too often; in `seconds` they may ask again."""
    message = f"Too many {what}"
    return ApiError(429, "TOO_MANY_REQUESTS", message, retry_after_s=max(1, math.ceil(seconds)))


def not_implemented(field: str) -> ApiError:
    """A field that asks for what the exchange doesn't offer yet."""
    message = f"{field}: not implemented"
    return ApiError(400, "NOT_IMPLEMENTED", message, field=field)
