"""Every operation of the description, asked the ways that bring about each of its answers."""

import asyncio
import base64
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from nacl.signing import SigningKey
from venue.asgi import Answer
from venue.browser import ORIGIN, PASSWORD, Browser, Town
from venue.credentials import Credentials, query_of, signed_headers
from venue.proved import prove

from truebook.api import request
from truebook.api.app import Application
from truebook.api.errors import ApiError
from truebook.api.openapi.operation import SIGNED, Access, Operation
from truebook.api.strict_json import decode
from truebook.api.throttle import Rates
from truebook.asking import TimedOut
from truebook.commandlog.interface import LogUnavailable, UsedBefore
from truebook.messages import Permission
from truebook.store.sqlite.history import SqliteHistory

ALL = Permission.READ | Permission.TRADE | Permission.WITHDRAW | Permission.ADMIN
SOL = {"symbol": "SOL_USDC"}
LIMIT = SOL | {"side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}
NOBODY = base64.b64encode(bytes(SigningKey(bytes(32)).verify_key)).decode()


class Described:
    """An exchange where each operation finds what it needs; `provoke` gets a certain answer."""

    def __init__(self, folder: Path) -> None:
        sections = {"accounts": {"sign_ups_an_hour": 10_000}}
        self.town = Town(folder, **sections)
        money = {"USDC": "1000000", "SOL": "1000000"}
        self.owner = self.town.exchange.open_account("owner", money, ALL)
        self.reader = self.town.exchange.open_account("reader", {}, Permission.READ)
        self.trader = self.town.exchange.open_account("trader", {}, Permission.TRADE)
        self.person = self.town.signed_up("person")
        self.key = self.person.make_key("read")
        self._trade()
        prove(self.town.exchange, folder)
        self._numbers = iter(range(1, 1 << 30))
        people = self.town.people
        parts = {"clock": self.town.clock, "people": people, "proofs": folder / "proofs"}
        self._exact = self.town.application
        self._strict = Application(
            self.town.exchange, self.town._history, rates=Rates(0.001, 0.001, 0.001), **parts
        )
        self._nowhere = SqliteHistory(folder / "absent.sqlite")
        self._forgetful = Application(self.town.exchange, self._nowhere, **parts)

    def close(self) -> None:
        self._nowhere.close()
        self.town.close()

    def _trade(self) -> None:
        for side in ("Ask", "Bid"):
            body = LIMIT | {"side": side, "price": "100", "selfTradePrevention": "Allow"}
            assert self._ask(("POST", "/api/v1/order", "orderExecute"), body).status == 200

    def _ask(self, call: tuple[str, str, str], fields: dict[str, Any]) -> Answer:
        method, path, instruction = call
        browser = Browser(self.town, self.town.application)
        headers = self._signed(self.owner, instruction, fields)
        return browser.send(method, path, fields, headers)

    def _signed(self, who: Credentials, instruction: str, *objects: Any) -> dict[str, str]:
        self.town.clock.advance(0.001)
        now_ms = self.town.clock.now_ms()
        return signed_headers(who, instruction, *objects, timestamp=now_ms)

    # what is sent

    def example(self, operation: Operation) -> Any:
        """The example, with what must be another each time or be there already."""
        number = next(self._numbers)
        example = operation.example
        changed: dict[str, Any] = {
            "get_order": {"clientId": str(number)},
            "delete_order": {"clientId": number},
            "patch_order": {"clientId": number},
            "post_order": {"clientId": number},
            "post_auth_signup": {"name": f"new{number}", "password": PASSWORD},
            "post_auth_login": {"name": "person", "password": PASSWORD},
            "post_auth_password": {"password": PASSWORD, "newPassword": PASSWORD},
            "delete_auth_sessions": {"all": False, "id": ""},
            "post_admin_assets": {"symbol": f"A{number}"},
            "post_admin_markets": {"symbol": "SOL_BTC" if number % 2 else "ETH_BTC"},
            "patch_admin_accounts": {"accountId": self.reader.account},
        }
        if operation.name in ("get_order", "patch_order", "delete_order"):
            call = ("POST", "/api/v1/order", "orderExecute")
            assert self._ask(call, LIMIT | {"clientId": number}).status == 200
        if operation.name == "post_orders":
            return [order | {"clientId": next(self._numbers)} for order in example]
        if operation.name == "delete_auth_sessions":
            other = self.town.browser().log_in("person")
            assert other.status == 200, other
            sessions = self.person.call("GET", "/api/v1/auth/sessions").json
            others = [session["id"] for session in sessions if not session["current"]]
            return {"id": others[-1]}
        if operation.name == "patch_keys":
            return {"apiKey": self.key.api_key, "label": f"label {number}"}
        if operation.name == "delete_keys":
            return {"apiKey": self.person.make_key("read").api_key}
        if operation.name == "post_admin_markets":
            return self._new_market(number, example)
        if operation.name == "post_admin_withdrawals":
            return example | {"withdrawalId": self._new_withdrawal()}
        return (example | changed.get(operation.name, {})) if example is not None else None

    def _new_market(self, number: int, example: dict[str, Any]) -> dict[str, Any]:
        asset = {"symbol": f"B{number}", "decimals": 4, "reason": "for a market"}
        added = self._ask(("POST", "/api/v1/admin/assets", "adminAssetAdd"), asset)
        assert added.status == 200, added
        return example | {"symbol": f"B{number}_USDC", "tick": "0.01", "step": "0.01"}

    def _new_withdrawal(self) -> int:
        wanted = {"address": "somewhere", "blockchain": "Solana", "symbol": "USDC", "quantity": "1"}
        asked = self._ask(("POST", "/wapi/v1/capital/withdrawals", "withdraw"), wanted)
        assert asked.status == 200, asked
        number: int = asked.json["id"]
        return number

    # who asks, and how

    def send(
        self,
        operation: Operation,
        value: Any,
        *,
        application: Application | None = None,
        who: Credentials | None = None,
        headers: dict[str, Any] | None = None,
        raw: bytes | None = None,
        query: str | None = None,
        stalls: bool = False,
    ) -> Answer:
        """The operation, asked properly but for what is given."""
        named = {"Host": ORIGIN.removeprefix("http://"), "Content-Type": "application/json"}
        if operation.access in SIGNED:
            objects = value if isinstance(value, list) else [value or {}]
            named |= self._signed(who or self.owner, operation.instruction, *objects)
        elif operation.access is not Access.PUBLIC:
            named |= {"Origin": ORIGIN}
            if operation.access is Access.PERSON:
                named |= {"Cookie": self.person.cookie or ""}
        named |= headers or {}
        body = b""
        if operation.method == "GET":
            query = query_of(value or {}) if query is None else query
        elif raw is not None:
            body = raw
        elif value is not None:
            body = json.dumps(value).encode()
        kept = {name: text for name, text in named.items() if text is not None}
        asked = _Asked(operation, query or "", body, kept, stalls)
        answer: Answer = self.town.run(asked.of(application or self.town.application))
        if operation.access is Access.PERSON and "set-cookie" in answer.headers:
            self.person.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def sign_and_send(self, operation: Operation, query: str, body: bytes) -> Answer:
        """A query or a body as it stands, signed over whatever of it can be signed."""
        try:
            value = decode(body) if body else dict(parse_qsl(query, keep_blank_values=True))
            objects = value if isinstance(value, list) else [value]
            signed = [
                {name: part for name, part in item.items() if isinstance(part, str | bool)}
                for item in objects
            ]
        except (ApiError, AttributeError):
            signed = [{}]
        headers = self._signed(self.owner, operation.instruction, *signed or [{}])
        if operation.access not in SIGNED:
            headers = {}
        return self.send(operation, None, raw=body, query=query, headers=headers)

    def provoke(self, operation: Operation, status: int) -> Answer:
        """An answer with this status, if the operation can give it."""
        return getattr(self, f"_{'succeed' if status < 300 else 'fail'}_{status}")(operation)

    def _succeed_200(self, operation: Operation) -> Answer:
        return self.send(operation, self.example(operation))

    def _succeed_202(self, operation: Operation) -> Answer:
        headers = {"Prefer": "respond-async"}
        return self.send(operation, self.example(operation), headers=headers)

    def _succeed_204(self, operation: Operation) -> Answer:
        return self.send(operation, {"symbol": "BTC_USDC"})

    def _fail_400(self, operation: Operation) -> Answer:
        if operation.method == "GET" and operation.access not in SIGNED:
            return self.send(operation, None, query="symbol=%FF")
        if operation.access in SIGNED:
            return self.send(operation, self.example(operation), headers={"X-Timestamp": "1"})
        return self.send(operation, None, raw=b"{")

    def _fail_401(self, operation: Operation) -> Answer:
        if operation.name == "post_auth_login":
            return self.send(operation, {"name": "nobody", "password": PASSWORD})
        left_out = {"X-Signature": None, "Cookie": None}
        return self.send(operation, self.example(operation), headers=left_out)

    def _fail_403(self, operation: Operation) -> Answer:
        if operation.access not in SIGNED:
            foreign = {"Origin": "http://elsewhere.test"}
            return self.send(operation, self.example(operation), headers=foreign)
        who = self.trader if operation.access is Access.READ else self.reader
        return self.send(operation, self.example(operation), who=who)

    def _fail_404(self, operation: Operation) -> Answer:
        absent: dict[str, Any] = {
            "get_order": SOL | {"orderId": "1"},
            "delete_order": SOL | {"orderId": "1"},
            "patch_order": SOL | {"orderId": "1", "price": "90", "quantity": "1"},
            "delete_auth_sessions": {"id": "none"},
            "patch_keys": {"apiKey": NOBODY, "label": ""},
            "delete_keys": {"apiKey": NOBODY},
            "post_admin_withdrawals": (operation.example or {}) | {"withdrawalId": 1},
            "get_proof": {"position": "5-0"},
            "get_proof_root": {"position": "5-0"},
        }
        value = absent.get(operation.name)
        if value is None and "admin" in operation.name:
            value = self.example(operation) | {"accountId": 999_999}
        return self.send(operation, value)

    def _fail_408(self, operation: Operation) -> Answer:
        usual, request.HTTP_BODY_SECONDS_MAX = request.HTTP_BODY_SECONDS_MAX, 0.001
        try:
            return self.send(operation, self.example(operation), stalls=True)
        finally:
            request.HTTP_BODY_SECONDS_MAX = usual

    def _fail_409(self, operation: Operation) -> Answer:
        if operation.name == "post_auth_signup":
            return self.send(operation, {"name": "person", "password": PASSWORD})
        if operation.name in ("post_admin_assets", "post_admin_markets"):
            return self._failing(operation, UsedBefore())  # the second one finds its name taken
        value = self.example(operation)
        objects = value if isinstance(value, list) else [value]
        headers = self._signed(self.owner, operation.instruction, *objects)
        self.send(operation, value, headers=headers)
        return self.send(operation, value, headers=headers)

    def _fail_413(self, operation: Operation) -> Answer:
        return self.send(operation, self.example(operation), raw=b" " * 70_000)

    def _fail_429(self, operation: Operation) -> Answer:
        # A changed password is another key, and a wrong one changes nothing.
        wrong = {"password": "a wrong guess", "newPassword": PASSWORD}
        for _ in range(2):
            value = wrong if operation.name == "post_auth_password" else self.example(operation)
            answer = self.send(operation, value, application=self._strict)
        return answer

    def _fail_431(self, operation: Operation) -> Answer:
        return self.send(operation, self.example(operation), headers={"X-Large": "x" * 9_000})

    def _fail_503(self, operation: Operation) -> Answer:
        if operation.method == "GET":
            return self.send(operation, self.example(operation), application=self._forgetful)
        return self._failing(operation, LogUnavailable("away"))

    def _fail_504(self, operation: Operation) -> Answer:
        return self._failing(operation, TimedOut("no answer"))

    def _failing(self, operation: Operation, failure: Exception) -> Answer:
        # To end one session is the database's; to end them all is the log's.
        ends_all = operation.name == "delete_auth_sessions"
        value = {"all": True} if ends_all else self.example(operation)
        self.town.exchange.failure = failure
        try:
            return self.send(operation, value)
        finally:
            self.town.exchange.failure = None


class _Asked:
    """A request as a server hands it to the application."""

    def __init__(
        self,
        operation: Operation,
        query: str,
        body: bytes,
        headers: dict[str, str],
        stalls: bool,
    ) -> None:
        self._scope = {
            "type": "http",
            "method": operation.method,
            "path": operation.path,
            "raw_path": operation.path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "scheme": "http",
            "server": ("127.0.0.1", 80),
            "client": (f"192.0.2.{os.getpid() % 200 + 1}", 50_000),
            "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
        }
        self._messages = [{"type": "http.request", "body": body, "more_body": stalls}]

    async def of(self, application: Application) -> Answer:
        """What the application answers."""
        sent: list[Any] = []

        async def receive() -> Any:
            if not self._messages:
                await asyncio.Event().wait()
            return self._messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        await application(self._scope, receive, send)
        start, *rest = sent
        headers = {name.decode(): text.decode() for name, text in start["headers"]}
        return Answer(start["status"], headers, b"".join(part["body"] for part in rest))
