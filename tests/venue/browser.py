"""People at a gateway in this process: browsers that keep a cookie, and time that stands still."""

import asyncio
import base64
import contextlib
import json
import time
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey
from venue.asgi import Answer
from venue.credentials import Credentials, signed_headers
from venue.database import history_of
from venue.local import LocalExchange

from truebook.api.app import Application
from truebook.clock import ManualClock
from truebook.config import Config, load
from truebook.people.people import People
from truebook.people.sqlite import FILE_NAME, open_in

ORIGIN = "http://exchange.test"
PASSWORD = "correct horse battery"
CHEAP: dict[str, Any] = {
    "passwords": {"memory_kib": 8, "operations": 1},
    "accounts": {"faucet": "none"},
}
"""A derivation in a tenth of a millisecond."""


class Town:
    """An exchange with people, on a folder; as many gateways as one likes."""

    def __init__(self, folder: Path, **sections: dict[str, Any]) -> None:
        self.folder = folder
        self.exchange = LocalExchange()
        self.clock = ManualClock(time.time_ns() // 1_000_000)
        self.config: Config = load(None, {}, CHEAP | sections)
        self._runner = asyncio.Runner()
        self._open = contextlib.ExitStack()
        self._history = self._open.enter_context(history_of(self.exchange))
        self._people: list[People] = []
        self.application = self.gateway()

    @property
    def file(self) -> Path:
        """The people database."""
        return self.folder / FILE_NAME

    @property
    def people(self) -> People:
        """The first gateway's."""
        return self._people[0]

    def gateway(self) -> Application:
        """A further gateway on the same exchange and database."""
        people = self.run(
            People.start(self.exchange, self.config, open_in(self.folder), self.clock)
        )
        self._people.append(people)
        return Application(
            self.exchange,
            self._history,
            clock=self.clock,
            people=people,
            proofs=self.folder / "proofs",
        )

    def run(self, work: Any) -> Any:
        """Await something."""
        return self._runner.run(work)

    def poll(self) -> None:
        """Let every gateway look at the database, as they do four times a second."""
        for people in self._people:
            self.run(people.doorkeeper.look_again())

    def browser(self, application: Application | None = None, **options: Any) -> "Browser":
        """Somebody new."""
        return Browser(self, application or self.application, **options)

    def signed_up(self, name: str, **options: Any) -> "Browser":
        """Somebody who has an account and is logged in."""
        browser = self.browser(**options)
        answer = browser.call("POST", "/api/v1/auth/signup", name=name, password=PASSWORD)
        assert answer.status == 200, answer
        return browser

    def administrator(self, name: str = "root") -> "Browser":
        """Somebody who may do everything."""
        browser = self.signed_up(name)
        account = self.exchange.directory.account_by_name[name].number
        self.run(self.people.set_password(account, PASSWORD, admin=True))
        assert browser.log_in(name).status == 200
        return browser

    def close(self) -> None:
        for people in self._people:
            self.run(people.close())
        self._runner.close()
        self._open.close()


class Browser:
    """Keeps its cookie and says from which page it comes."""

    def __init__(
        self, town: Town, application: Application, address: str = "192.0.2.1", origin: str = ORIGIN
    ) -> None:
        self.town = town
        self.application = application
        self.address = address
        self.origin = origin
        self.cookie: str | None = None
        self.set_cookie = ""

    def log_in(self, name: str, password: str = PASSWORD) -> Answer:
        """Log in."""
        return self.call("POST", "/api/v1/auth/login", name=name, password=password)

    def call(self, method: str, path: str, **fields: Any) -> Answer:
        """A request as our own page makes it."""
        return self.send(method, path, fields)

    def send(
        self, method: str, path: str, value: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """A request; a header of None is left out."""
        named: dict[str, str | None] = {
            "Host": ORIGIN.removeprefix("http://"),
            "Origin": None if method == "GET" else self.origin,
            "Content-Type": None if method == "GET" else "application/json",
            "Cookie": self.cookie,
            "User-Agent": "Browser/1.0",
            **(headers or {}),
        }
        body, query = b"", ""
        if method == "GET":
            query = "&".join(f"{name}={text}" for name, text in (value or {}).items())
        elif value is not None:
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
        kept = {name: text for name, text in named.items() if text is not None}
        answer = self.town.run(self._exchange(method, path, query, body, kept))
        for name, text in answer.headers.items():
            if name == "set-cookie":
                self.set_cookie = text
                pair, _, attributes = text.partition(";")
                self.cookie = None if "Max-Age=0" in attributes else pair
        return answer

    async def _exchange(
        self, method: str, path: str, query: str, body: bytes, headers: dict[str, str]
    ) -> Answer:
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "scheme": "http",
            "server": ("127.0.0.1", 80),
            "client": (self.address, 50_000),
            "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
        }
        messages = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.application(scope, receive, send)
        start, *rest = sent
        answered = {name.decode(): text.decode() for name, text in start["headers"]}
        return Answer(start["status"], answered, b"".join(part["body"] for part in rest))

    def make_key(self, *permissions: str, **fields: Any) -> Credentials:
        """An API key of who is logged in, made by the exchange."""
        answer = self.call("POST", "/api/v1/keys", permissions=list(permissions), **fields)
        assert answer.status == 200, answer
        seed = base64.b64decode(answer.json["apiSecret"])
        assert (
            base64.b64encode(bytes(SigningKey(seed).verify_key)).decode() == (answer.json["apiKey"])
        )
        return Credentials(0, seed)

    def signed(
        self, key: Credentials, method: str, path: str, instruction: str, **fields: Any
    ) -> Answer:
        """A request signed with an API key, from this browser's address and without its cookie."""
        headers: dict[str, Any] = signed_headers(
            key, instruction, fields, timestamp=self.town.clock.now_ms()
        )
        return self.send(method, path, fields, {**headers, "Cookie": None, "Origin": None})
