"""Requests that a browser was made to send by somebody else's page.

Promise: a request that comes with a cookie, or is about to get one, is refused if its browser says
that another origin sent it; one that changes something must besides be of a kind that a page of
another origin can't send without asking first (JSON, or a header of our own), and asking is never
answered with yes. That the cookie is SameSite=Strict is a third line, not the first.
"""

from collections.abc import Mapping

from truebook.api.errors import ApiError

OWN_HEADER = b"x-truebook-request"
"""With any value, for requests without a JSON body."""

_SITES_OF_OURS = (None, b"same-origin", b"none")


class Origins:
    """Which pages may use sessions: those of the host that was asked, and those named."""

    def __init__(self, named: str, *, secure: bool, page_port: int | None = None) -> None:
        """`page_port`: the host's pages come from there too, as those that use its streams do."""
        self._named = frozenset(filter(None, (one.strip() for one in named.split(","))))
        self._page_port = page_port
        self._schemes = ("https",) if secure else ("http", "https")

    def check(self, headers: Mapping[bytes, bytes], *, changes: bool) -> None:
        """Raise ApiError 403 for what another site's page may have sent."""
        origin = headers.get(b"origin")
        if origin is None:
            is_ours = headers.get(b"sec-fetch-site") in _SITES_OF_OURS
        else:
            is_ours = self._is_ours(origin, headers.get(b"host", b""))
        if not is_ours:
            raise ApiError(403, "FORBIDDEN", "Requests of other sites' pages are refused")
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if changes and kind != b"application/json" and OWN_HEADER not in headers:
            raise ApiError(
                403, "FORBIDDEN", "With a session, send JSON or the header X-Truebook-Request"
            )

    def _is_ours(self, origin: bytes, host: bytes) -> bool:
        text, asked = origin.decode("latin-1").lower(), host.decode("latin-1").lower()
        hosts = [asked]
        if self._page_port is not None:
            hosts.append(f"{_without_port(asked)}:{self._page_port}")
        own = [f"{scheme}://{one}" for scheme in self._schemes for one in hosts]
        return text in own or text in self._named


def _without_port(host: str) -> str:
    """The name in a Host header, or the address, with the brackets of an IPv6 one."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() and not host.endswith("]") else host
