"""Where every failure becomes an answer, whichever way the request came.

Promise: whatever was raised, the client is told an ApiError; what it is told of a bug says nothing
of it. What is logged names the request id and what was asked for, never headers, bodies or keys.
"""

import structlog
from starlette.exceptions import HTTPException

from truebook.api.errors import RETRY_AFTER_S, ApiError, unavailable, used_before
from truebook.api.people_errors import told
from truebook.api.throttle import Throttle
from truebook.asking import TimedOut
from truebook.commandlog.interface import LogUnavailable, UsedBefore
from truebook.history import HistoryUnavailable
from truebook.people.errors import PeopleError
from truebook.people.exchange import Refused

log = structlog.get_logger()


class Failures:
    """Of one gateway."""

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle

    def told(self, failure: Exception, address: str, **where: str) -> ApiError:
        """What a client at that address is told; noted, if it is ours, with `where` it was."""
        error = error_of(failure)
        if error.status == 401:
            self._throttle.failed(address)
        if error.status == 500:
            log.error("request failed by a bug", **where, exc_info=failure)
        elif error.status > 500:
            log.warning("request not carried out", **where, code=error.code)
        return error


def error_of(failure: Exception) -> ApiError:
    """What a client is told of a failure."""
    if isinstance(failure, ApiError):
        return failure
    if isinstance(failure, TimedOut):
        return ApiError(504, "TIMEOUT", "The engine did not answer in time")
    if isinstance(failure, HistoryUnavailable):
        message = f"History is not available: {failure}"
        return ApiError(503, "MAINTENANCE", message, retry_after_s=RETRY_AFTER_S)
    if isinstance(failure, LogUnavailable):
        return unavailable(failure)
    if isinstance(failure, UsedBefore):
        return used_before()
    if isinstance(failure, PeopleError | Refused):
        return told(failure)
    if isinstance(failure, HTTPException):
        return ApiError(failure.status_code, "RESOURCE_NOT_FOUND", failure.detail)
    return ApiError(500, "SERVER_ERROR", "The request failed by a fault of the exchange")
