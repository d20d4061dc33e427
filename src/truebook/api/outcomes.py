"""What may have become of commands, as HTTP says it.

Promise: 409 and 503 mean certainly not done; 504 means not known, and carries the ids by which it
can be found out later.
"""

import contextlib
from collections.abc import Generator, Sequence

from truebook.api.errors import ApiError, timed_out, unavailable, used_before
from truebook.api.exchange import NotApplied
from truebook.asking import TimedOut
from truebook.commandlog.interface import LogUnavailable, UsedBefore


@contextlib.contextmanager
def told_to_client(
    order_id: int | None = None, order_ids: Sequence[int] = ()
) -> Generator[None, None, None]:
    """Raise ApiError where commands were not carried out, or nobody knows."""
    try:
        yield
    except (UsedBefore, LogUnavailable, TimedOut) as reason:
        raise error_of(reason, order_id, order_ids) from None


def error_of(
    reason: NotApplied, order_id: int | None = None, order_ids: Sequence[int] = ()
) -> ApiError:
    """What a client is told of commands that weren't carried out, or of which nobody knows."""
    if isinstance(reason, UsedBefore):
        return used_before()
    if isinstance(reason, TimedOut):
        return timed_out(order_id, order_ids)
    return unavailable(reason)
