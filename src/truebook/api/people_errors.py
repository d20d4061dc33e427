"""What of people's errors a client is told, in the dialect's codes."""

from truebook.api.errors import RETRY_AFTER_S, ApiError, invalid, not_found, rejected
from truebook.people.errors import (
    Forbidden,
    Missing,
    PeopleError,
    PeopleUnavailable,
    TryLater,
    Unacceptable,
    WrongPassword,
)
from truebook.people.exchange import Refused


def told(error: PeopleError | Refused) -> ApiError:
    """The answer to a request that failed for this reason."""
    if isinstance(error, Refused):
        return rejected(error.code)
    if isinstance(error, Unacceptable):
        return invalid(error.field, error.reason)
    if isinstance(error, WrongPassword):
        return ApiError(401, "UNAUTHORIZED", str(error))
    if isinstance(error, Forbidden):
        return ApiError(403, "FORBIDDEN", str(error))
    if isinstance(error, TryLater):
        return ApiError(429, "TOO_MANY_REQUESTS", str(error), retry_after_s=error.seconds)
    if isinstance(error, PeopleUnavailable):
        return ApiError(503, "MAINTENANCE", str(error), retry_after_s=RETRY_AFTER_S)
    if isinstance(error, Missing):
        return not_found()
    raise error
