"""What may have become of commands, as HTTP says it.

Promise: 409 and 503 mean certainly not done; 504 means not known, and carries the ids by which it
can be found out later.
"""

import contextlib
from collections.abc import Generator, Sequence

from truebook.api.errors import timed_out, unavailable, used_before
from truebook.asking import TimedOut
from truebook.commandlog.interface import LogUnavailable, UsedBefore


@contextlib.contextmanager
def told_to_client(
    order_id: int | None = None, order_ids: Sequence[int] = ()
) -> Generator[None, None, None]:
    """Raise ApiError where commands were not carried out, or nobody knows."""
    try:
        yield
    except UsedBefore:
        raise used_before() from None
    except LogUnavailable as reason:
        raise unavailable(reason) from None
    except TimedOut:
        raise timed_out(order_id, order_ids) from None
