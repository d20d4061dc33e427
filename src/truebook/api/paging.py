"""Which part of a long list is asked for, and the headers that say where it lies (contract A6)."""

from truebook.api.errors import invalid
from truebook.api.payload import Fields, choice_of, market_of, whole_number_of
from truebook.directory import Directory
from truebook.history import Page

LIMIT_DEFAULT = 100
LIMIT_MAX = 1000
OFFSET_MAX = (1 << 63) - 1
TIME_MS_MAX = (1 << 63) - 1
ID_MAX = (1 << 63) - 1
DIRECTIONS = {"Asc": True, "Desc": False}
EXPOSED = "X-Page-Count, X-Current-Page, X-Page-Size, X-Total"


def page_of(fields: Fields) -> Page:
    """`limit`, `offset` and `sortDirection`; the newest first by default. Raises ApiError."""
    limit = limit_of(fields)
    offset = whole_number_of(fields, "offset", OFFSET_MAX) or 0
    name = "sort_direction" if "sort_direction" in fields else "sortDirection"
    return Page(limit, offset, choice_of(fields, name, DIRECTIONS, default=False))


def limit_of(fields: Fields) -> int:
    """`limit`, 1 … 1000. Raises ApiError."""
    limit = whole_number_of(fields, "limit", LIMIT_MAX)
    if limit == 0:
        raise invalid("limit", f"must be a whole number, 1 … {LIMIT_MAX}")
    return LIMIT_DEFAULT if limit is None else limit


def market_number_of(fields: Fields, directory: Directory) -> int | None:
    """The market of an optional `symbol`. Raises ApiError."""
    if fields.get("symbol") is None:
        return None
    return market_of(fields, directory).number


def page_headers(page: Page, total: int) -> dict[str, str]:
    """Pages are counted from 0."""
    return {
        "X-Page-Count": str(-(-total // page.limit)),
        "X-Current-Page": str(page.offset // page.limit),
        "X-Page-Size": str(page.limit),
        "X-Total": str(total),
        "Access-Control-Expose-Headers": EXPOSED,
    }
