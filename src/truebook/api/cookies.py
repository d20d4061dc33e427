"""The session cookie.

Promise: scripts can't read it (HttpOnly), other sites can't make a browser send it
(SameSite=Strict), and behind TLS it is sent over nothing else; the `__Host-` prefix then also keeps
other hosts of the same domain from planting one. A request with two of them has none.
"""

from collections.abc import Iterable

COOKIE_BYTES_MAX = 4096


class SessionCookie:
    """How the session's token travels; `secure` behind TLS."""

    def __init__(self, *, secure: bool) -> None:
        self._name = "__Host-truebook" if secure else "truebook"
        self._attributes = "; Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if secure else "")

    def token(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """The token that a request came with."""
        cookies = b"; ".join([value for name, value in headers if name == b"cookie"])
        if not cookies or len(cookies) > COOKIE_BYTES_MAX:
            return None
        wanted = self._name.encode()
        found = [
            value
            for name, _, value in (part.strip().partition(b"=") for part in cookies.split(b";"))
            if name == wanted
        ]
        return found[0].decode("latin-1") if len(found) == 1 else None

    def given(self, token: str, seconds: int) -> str:
        """The header that gives the browser a token."""
        return f"{self._name}={token}{self._attributes}; Max-Age={seconds}"

    def taken(self) -> str:
        """The header that takes it away."""
        return self.given("", 0)
