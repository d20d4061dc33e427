"""The headers of a request, and what is known of who sent them besides."""

from collections.abc import Iterable

from truebook.people.statements import Session


class Headers(dict[bytes, bytes]):
    """Headers by lower-case name; `address` and `session` can't be set by any header."""

    __slots__ = ("address", "session")

    def __init__(
        self,
        headers: Iterable[tuple[bytes, bytes]] = (),
        address: str = "",
        session: Session | None = None,
    ) -> None:
        super().__init__(headers)
        self.address = address
        """Of the client, as the server sees it; empty: not known."""
        self.session = session
        """The session that its cookie opened, if it came with one and without a signature."""
