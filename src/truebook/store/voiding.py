"""What a database had of events that were declared void: put away whole, never thrown away.

Promise: after a resumption a database that goes beyond the epoch's beginning gets another name,
once an epoch, and is made anew from the log. The rows that were told before and are void stay as
they were, beside the new ones, under a name that tells the epoch.

Why not a table of it: rows are updated in place, and don't say what they were before. So what they
were at the agreed position can only be made again; and once that is done, it is the old rows that
are to be kept, all of them, since who was told what is a question about them together.
"""

from collections.abc import Sequence

from truebook.commandlog.halts import Epoch
from truebook.postgres.urls import is_postgres
from truebook.store.sqlite import voiding as sqlite
from truebook.store.sqlite.place import path_of


def set_aside(database_url: str, epochs: Sequence[Epoch]) -> str | None:
    """Put a database away that has what was declared void; where it is now. None: it has nothing
    of it, or that was done already: then the log is another one. Raises StoreUnavailable: it can't
    be done, and why."""
    if is_postgres(database_url):
        from truebook.store.postgres.voiding import set_aside as set_schema_aside

        return set_schema_aside(database_url, epochs)
    away = sqlite.set_aside(path_of(database_url), epochs)
    return None if away is None else str(away)
