"""Who comes with a session cookie: found before the endpoint is asked.

Promise: a request that is signed is its key's, whatever cookies it has; the order path of signed
requests waits for nothing here.
"""

from truebook.api.cookies import SessionCookie
from truebook.api.request import SESSION_IN_SCOPE, Scope
from truebook.people.doorkeeper import Doorkeeper


class Visitors:
    """Recognises sessions."""

    def __init__(self, doorkeeper: Doorkeeper) -> None:
        self._sessions = doorkeeper.sessions
        self._cookie = SessionCookie(secure=doorkeeper.section.secure)

    async def recognise(self, scope: Scope) -> None:
        """Note in the scope whose session the request comes with."""
        names = {name for name, _ in scope["headers"]}
        if b"cookie" not in names or b"x-api-key" in names:
            return
        token = self._cookie.token(scope["headers"])
        if token is not None:
            scope[SESSION_IN_SCOPE] = await self._sessions.find(token)
